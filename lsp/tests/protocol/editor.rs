//! The server, and an editor's side of the conversation.

use std::cell::RefCell;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long anything may take; debug builds on busy machines are slow.
const PATIENCE: Duration = Duration::from_mins(1);

/// See the module.
pub(crate) struct Editor {
    server: Child,
    pub(crate) stdin: Option<ChildStdin>,
    messages: Receiver<Json>,
    next: u64,
    version: i64,
    /// Files that something was said of, as often as it was.
    told: RefCell<Vec<String>>,
    /// What was answered to `initialize`.
    pub(crate) said: Json,
    /// Where the server keeps the standard library.
    pub(crate) cache: tempfile::TempDir,
}

impl Editor {
    /// A server that was told nothing yet.
    pub(crate) fn silent() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_bpls"))
            .env("XDG_CACHE_HOME", cache.path())
            .env("HOME", cache.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = server.stdin.take();
        let mut stdout = BufReader::new(server.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = message(&mut stdout) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        Self {
            server,
            stdin,
            messages,
            next: 1,
            version: 1,
            told: RefCell::default(),
            said: Json::Null,
            cache,
        }
    }

    /// A server that is ready, for an editor that can do nothing in particular.
    pub(crate) fn start() -> Self {
        Self::start_with(&json!({}))
    }

    pub(crate) fn start_with(capabilities: &Json) -> Self {
        let mut editor = Self::silent();
        let said = editor.ask("initialize", &json!({ "capabilities": capabilities }));
        assert_eq!(said["serverInfo"]["name"], "bpls");
        editor.said = said;
        editor.tell("initialized", &json!({}));
        editor
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        // It may have ended already.
        let _ = stdin.write_all(bytes).and_then(|()| stdin.flush());
    }

    pub(crate) fn send(&mut self, message: &str) {
        self.write(format!("Content-Length: {}\r\n\r\n{message}", message.len()).as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: &Json) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.send(&message.to_string());
    }

    /// Asks, and gives the number of the question.
    pub(crate) fn begin(&mut self, method: &str, params: &Json) -> u64 {
        let id = self.next;
        self.next += 1;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&message.to_string());
        id
    }

    pub(crate) fn answer(&self, id: u64) -> Json {
        self.until(|message| message["id"] == id && message.get("method").is_none())
    }

    pub(crate) fn ask(&mut self, method: &str, params: &Json) -> Json {
        let id = self.begin(method, params);
        let mut answer = self.answer(id);
        assert_eq!(answer.get("error"), None, "{method}: {answer}");
        answer["result"].take()
    }

    /// Asks about a place of a file.
    pub(crate) fn ask_at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Json {
        self.ask(
            method,
            &json!({
                "textDocument": { "uri": uri },
                "position": { "line": line, "character": character },
            }),
        )
    }

    pub(crate) fn labels(&mut self, uri: &str, line: u32, character: u32) -> Vec<String> {
        let found = self.ask_at("textDocument/completion", uri, line, character);
        let items = found.as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn until(&self, is_it: impl Fn(&Json) -> bool) -> Json {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let message = self.messages.recv_timeout(left).unwrap();
            if message["method"] == "textDocument/publishDiagnostics" {
                let uri = message["params"]["uri"].as_str().unwrap();
                self.told.borrow_mut().push(uri.to_owned());
            }
            if is_it(&message) {
                return message;
            }
        }
    }

    /// The next diagnostics of a file.
    pub(crate) fn diagnostics(&self, uri: &str) -> Vec<Json> {
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// How often diagnostics of a file came, in what was read so far.
    pub(crate) fn told_of(&self, uri: &str) -> usize {
        self.told.borrow().iter().filter(|told| *told == uri).count()
    }

    /// The diagnostics of a certain version of a file.
    pub(crate) fn diagnostics_of(&self, uri: &str, version: i64) -> Vec<Json> {
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"]["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    pub(crate) fn open(&mut self, path: &Path, text: &str) -> String {
        let uri = format!("file://{}", path.display());
        self.open_as(&uri, text);
        uri
    }

    pub(crate) fn open_as(&mut self, uri: &str, text: &str) {
        let is_template = Path::new(uri).extension().is_some_and(|of| of == "hbs");
        let language = if is_template { "handlebars" } else { "blueprint" };
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Changes a file; gives the version that it has then.
    pub(crate) fn edit(&mut self, uri: &str, changes: &Json) -> i64 {
        self.version += 1;
        let document = json!({ "uri": uri, "version": self.version });
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": document, "contentChanges": changes }),
        );
        self.version
    }

    pub(crate) fn change(&mut self, uri: &str, text: &str) -> i64 {
        self.edit(uri, &json!([{ "text": text }]))
    }

    /// Waits until the server has ended; how, and what it said on stderr.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.server.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut said = String::new();
        self.server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status, said)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The next message; nothing where the stream ends.
fn message(stdout: &mut impl std::io::BufRead) -> Option<Json> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if let Some(number) = line.strip_prefix("Content-Length: ") {
            length = number.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// A folder with an empty `shop.bp`.
pub(crate) fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("shop.bp");
    std::fs::write(&path, "").unwrap();
    (folder, path)
}

/// A change of a part of a text.
pub(crate) fn edit(from: (u32, u32), to: (u32, u32), text: &str) -> Json {
    json!({
        "range": {
            "start": { "line": from.0, "character": from.1 },
            "end": { "line": to.0, "character": to.1 },
        },
        "text": text,
    })
}
