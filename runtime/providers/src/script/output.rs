//! What a script writes: line by line into a bounded file, its result as a whole; nothing of what is
//! hidden in either.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

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
        }))))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, line: &[u8]) {
        let mut inner = self.inner();
        if inner.is_closed {
            return;
        }
        let text = String::from_utf8_lossy(line);
        let mut text = inner.veiled(text.trim_end_matches(['\n', '\r']));
        text.push('\n');
        if inner.written + text.len() <= HEAD {
            inner.written += text.len();
            // A full disk loses output, and not the script.
            let _ = inner.file.write_all(text.as_bytes());
            return;
        }
        // From here on nothing more is written until the end.
        inner.written = HEAD;
        inner.tail.push_back(text);
        if inner.tail.len() > TAIL {
            inner.tail.pop_front();
            inner.left_out += 1;
        }
    }

    /// The last lines, where there were too many; nothing is taken in after that.
    pub(super) fn close(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.is_closed = true;
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

    /// What may be written down of it.
    pub(super) fn told(&self, output: &Output) -> Vec<u8> {
        let whole = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if whole.len() > RESULT {
            return TOO_LARGE.to_vec();
        }
        match output.shown_in(&String::from_utf8_lossy(&whole)) {
            Some(name) => [SHOWS, name.as_bytes()].concat(),
            None => whole,
        }
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
    fn too_much_is_told_by_its_beginning_and_its_end() {
        let lines: Vec<String> = (0..200_000).map(|n| format!("line {n}")).collect();
        let text = written(lines.join("\n").as_bytes(), Vec::new());
        assert!(text.starts_with("line 0\n") && text.ends_with("line 199999\n"));
        assert!(text.contains("lines are left out here"));
        assert!(text.len() < HEAD + 100 * TAIL, "{}", text.len());
    }
}
