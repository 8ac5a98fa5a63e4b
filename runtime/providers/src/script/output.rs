//! What a script writes: line by line into a bounded file, its result as a whole; nothing of what is
//! hidden in either. A result that is secret is sealed, and lines wait until it is known what is secret.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value as Json;

use crate::secrets::seal::seal;

/// How much of the output is stored from its beginning on.
const HEAD: usize = 512 * 1024;
/// How many of the last lines are stored when it is more.
const TAIL: usize = 200;
/// The longest line; a longer one is cut into several.
const LINE: u64 = 16 * 1024;
/// The largest result.
pub(super) const RESULT: usize = 1024 * 1024;

/// What stands in the place of a result that is larger than the bound.
pub(super) const TOO_LARGE: &[u8] = b"\0large";
/// What stands in the place of a result that shows a secret; its name follows.
pub(super) const SHOWS: &[u8] = b"\0shows ";

/// What stands in the place of a result that could not be sealed.
pub(super) const UNSEALED: &[u8] = b"\0unsealed";
/// What stands in the place of what a result shows that is secret.
const RESULT_SHOWN: &str = "‹secret result›";
/// The shortest text of a secret result that is kept from being seen.
const SHORTEST: usize = 4;

/// Where a stream goes.
pub(super) enum Taken {
    Lines(Output),
    Whole(Captured),
}

/// Reads a stream to its end in a thread of its own; says when that came.
pub(super) fn follow(
    stream: impl Read + Send + 'static,
    taken: Taken,
    done: Sender<()>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            // A stream that breaks has ended.
            match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            match &taken {
                Taken::Lines(output) => output.line(&line),
                Taken::Whole(captured) => captured.add(&line),
            }
        }
        // Nobody waits any longer, perhaps.
        let _ = done.send(());
    })
}

/// The file of the output.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Inner>>);

struct Inner {
    file: File,
    hidden: Vec<(String, String)>,
    written: usize,
    /// The last lines, once there are too many.
    tail: VecDeque<String>,
    left_out: usize,
    is_closed: bool,
    /// The lines so far, where they wait for more that is to be hidden.
    held: Option<Vec<Vec<u8>>>,
}

impl Output {
    pub(super) fn create(path: &Path, hidden: Vec<(String, String)>) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Inner {
            file: File::create(path)?,
            hidden,
            written: 0,
            tail: VecDeque::new(),
            left_out: 0,
            is_closed: false,
            held: None,
        }))))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on lines wait, until [`Self::close`].
    pub(super) fn hold(&self) {
        self.inner().held = Some(Vec::new());
    }

    /// These are not to be seen, either.
    pub(super) fn hide(&self, texts: Vec<String>) {
        let texts = texts.into_iter().map(|text| (text, RESULT_SHOWN.to_owned()));
        let mut inner = self.inner();
        inner.hidden.extend(texts);
        // What is a part of another is looked for after it.
        inner.hidden.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }

    fn line(&self, line: &[u8]) {
        let mut inner = self.inner();
        if inner.is_closed {
            return;
        }
        match &mut inner.held {
            Some(held) => {
                let size: usize = held.iter().map(Vec::len).sum();
                if size <= HEAD {
                    held.push(line.to_owned());
                } else {
                    inner.left_out += 1;
                }
            }
            None => inner.line(line),
        }
    }
    /// The last lines, where there were too many; nothing is taken in after that.
    pub(super) fn close(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.is_closed = true;
        for line in inner.held.take().unwrap_or_default() {
            inner.line(&line);
        }
        let tail = std::mem::take(&mut inner.tail);
        if inner.left_out > 0 {
            let left_out = format!("… {} lines are left out here …\n", inner.left_out);
            inner.file.write_all(left_out.as_bytes())?;
        }
        for line in tail {
            inner.file.write_all(line.as_bytes())?;
        }
        inner.file.sync_all()
    }

    /// The name of what is hidden and shows in a text.
    fn shown_in(&self, text: &str) -> Option<String> {
        let inner = self.inner();
        inner.hidden.iter().find(|(hidden, _)| text.contains(hidden)).map(|(_, name)| name.clone())
    }
}

impl Inner {
    fn line(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let mut text = self.veiled(text.trim_end_matches(['\n', '\r']));
        text.push('\n');
        if self.written + text.len() <= HEAD {
            self.written += text.len();
            // A full disk loses output, and not the script.
            let _ = self.file.write_all(text.as_bytes());
            return;
        }
        // From here on nothing more is written until the end.
        self.written = HEAD;
        self.tail.push_back(text);
        if self.tail.len() > TAIL {
            self.tail.pop_front();
            self.left_out += 1;
        }
    }

    fn veiled(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, (hidden, shown)| {
            if text.contains(hidden) { text.replace(hidden, shown) } else { text }
        })
    }
}

/// A stream that is kept as a whole.
#[derive(Clone, Default)]
pub(super) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn add(&self, bytes: &[u8]) {
        let mut whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One byte too many tells that there was more.
        let room = (RESULT + 1).saturating_sub(whole.len()).min(bytes.len());
        whole.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn whole(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All of it, sealed for a recipient.
    pub(super) fn sealed(&self, recipient: &str) -> Vec<u8> {
        let whole = self.whole();
        if whole.len() > RESULT {
            return TOO_LARGE.to_vec();
        }
        seal(&whole, recipient).unwrap_or_else(|_| UNSEALED.to_vec())
    }

    /// The texts in it, as a script may say them elsewhere: of a JSON value each text and number, of what is none
    /// each line.
    pub(super) fn texts(&self) -> Vec<String> {
        let whole = self.whole();
        let mut texts = Vec::new();
        if let Ok(json) = serde_json::from_slice(&whole) {
            texts_in(&json, &mut texts);
        } else {
            let whole = String::from_utf8_lossy(&whole);
            texts.extend(whole.lines().map(|line| line.trim().to_owned()));
        }
        texts.retain(|text| text.len() >= SHORTEST);
        texts
    }

    /// What may be written down of it.
    pub(super) fn told(&self, output: &Output) -> Vec<u8> {
        let whole = self.whole();
        if whole.len() > RESULT {
            return TOO_LARGE.to_vec();
        }
        match output.shown_in(&String::from_utf8_lossy(&whole)) {
            Some(name) => [SHOWS, name.as_bytes()].concat(),
            None => whole,
        }
    }
}

/// Each text of a value, as it is and as JSON has it, with its lines.
fn texts_in(json: &Json, texts: &mut Vec<String>) {
    match json {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => texts.push(number.to_string()),
        Json::String(text) => {
            let quoted = json.to_string();
            texts.push(quoted.trim_matches('"').to_owned());
            texts.extend(text.lines().map(|line| line.trim().to_owned()));
            texts.push(text.clone());
        }
        Json::Array(items) => items.iter().for_each(|item| texts_in(item, texts)),
        Json::Object(entries) => entries.values().for_each(|entry| texts_in(entry, texts)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::mpsc::channel;

    use super::*;

    fn written(input: &[u8], hidden: Vec<(String, String)>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let output = Output::create(&path, hidden).unwrap();
        let (done, _ends) = channel();
        let input = std::io::Cursor::new(input.to_vec());
        follow(input, Taken::Lines(output.clone()), done).join().unwrap();
        output.close().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_is_hidden_is_not_written() {
        let hidden = vec![("hunter2".to_owned(), "‹secret password›".to_owned())];
        assert_eq!(written(b"a hunter2 b\nc", hidden.clone()), "a ‹secret password› b\nc\n");
        let folder = tempfile::tempdir().unwrap();
        let output = Output::create(&folder.path().join("output"), hidden).unwrap();
        let captured = Captured::default();
        captured.add(b"{\"a\": \"hunter2\"}");
        assert!(captured.told(&output).starts_with(SHOWS));
    }

    #[test]
    fn what_a_secret_result_shows_is_hidden_in_what_was_said_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let output = Output::create(&path, Vec::new()).unwrap();
        output.hold();
        output.line(b"made hunter2 for you\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        let captured = Captured::default();
        captured.add(b"{\"token\": \"hunter2\", \"port\": 54321, \"is\": true}");
        output.line(b"at 54321, true");
        output.hide(captured.texts());
        output.close().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "made ‹secret result› for you\nat ‹secret result›, true\n");
        let identity = crate::secrets::seal::new_identity();
        let identity = crate::secrets::seal::Identities::parse(&identity).unwrap();
        let sealed = captured.sealed(&identity.recipient().unwrap());
        assert!(!String::from_utf8_lossy(&sealed).contains("hunter2"));
        assert!(identity.open(&sealed).unwrap().starts_with(b"{\"token\""));
        assert_eq!(captured.sealed("nobody"), UNSEALED);
        let broken = Captured::default();
        broken.add(b"hunter2 is no JSON\n");
        assert_eq!(broken.texts(), ["hunter2 is no JSON"]);
    }

    #[test]
    fn too_much_is_told_by_its_beginning_and_its_end() {
        let lines: Vec<String> = (0..200_000).map(|n| format!("line {n}")).collect();
        let text = written(lines.join("\n").as_bytes(), Vec::new());
        assert!(text.starts_with("line 0\n") && text.ends_with("line 199999\n"));
        assert!(text.contains("lines are left out here"));
        assert!(text.len() < HEAD + 100 * TAIL, "{}", text.len());
    }
}
