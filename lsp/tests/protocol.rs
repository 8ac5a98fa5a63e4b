//! The server as an editor meets it: messages on its stdin and stdout.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value as Json, json};

struct Editor {
    server: Child,
    stdin: ChildStdin,
    messages: Receiver<Json>,
    next: u64,
}

impl Editor {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_bpls"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = server.stdin.take().unwrap();
        let mut stdout = BufReader::new(server.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if stdout.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(number) = line.strip_prefix("Content-Length: ") {
                        length = number.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                stdout.read_exact(&mut body).unwrap();
                let _ = send.send(serde_json::from_slice(&body).unwrap());
            }
        });
        let mut editor = Self { server, stdin, messages, next: 1 };
        let said = editor.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(said["serverInfo"]["name"], "bpls");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &str) {
        write!(self.stdin, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
        self.stdin.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Json) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.send(&message.to_string());
    }

    fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.next;
        self.next += 1;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(&message.to_string());
        self.until(|message| message["id"] == id)["result"].take()
    }

    fn until(&self, is_it: impl Fn(&Json) -> bool) -> Json {
        loop {
            let message = self.messages.recv_timeout(Duration::from_secs(20)).unwrap();
            if is_it(&message) {
                return message;
            }
        }
    }

    /// The next diagnostics of a file.
    fn diagnostics(&self, uri: &str) -> Vec<Json> {
        let message = self.until(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    fn open(&mut self, path: &Path, text: &str) -> String {
        let uri = format!("file://{}", path.display());
        let document = json!({ "uri": uri, "languageId": "blueprint", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        uri
    }

    fn change(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": document, "contentChanges": changes }),
        );
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("shop.bp");
    std::fs::write(&path, "").unwrap();
    (folder, path)
}

const GOOD: &str = "blueprint shop {\n  version = \"1.0.0\"\n}\n\ninput replicas: int = 1\n\noutput o: int = replicas\n";

#[test]
fn mistakes_come_and_go_as_a_person_types() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    // The emoji counts two in the protocol's columns.
    let wrong = GOOD.replace("= replicas", "= length(\"😀\") + replica");
    let uri = editor.open(&path, &wrong);
    let told = editor.diagnostics(&uri);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((&told[0]["code"], &told[0]["severity"]), (&json!("E3001"), &json!(1)));
    let start = json!({ "line": 6, "character": 31 });
    assert_eq!(told[0]["range"]["start"], start, "{:#}", told[0]);
    assert!(told[0]["message"].as_str().unwrap().contains("help: write `replicas`"));
    editor.change(&uri, GOOD);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
}

#[test]
fn a_quick_fix_mends() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let wrong = GOOD.replace("= replicas", "= replica");
    let uri = editor.open(&path, &wrong);
    let told = editor.diagnostics(&uri);
    let params = json!({
        "textDocument": { "uri": uri },
        "range": told[0]["range"],
        "context": { "diagnostics": told },
    });
    let actions = editor.ask("textDocument/codeAction", params);
    let edit = &actions[0]["edit"]["changes"][&uri][0];
    assert_eq!(edit["newText"], "replicas", "{actions:#}");
    assert_eq!(edit["range"], told[0]["range"]);
}

#[test]
fn mistakes_of_a_used_file_are_shown_there() {
    let (folder, path) = file();
    let module = folder.path().canonicalize().unwrap().join("sizes.bp");
    std::fs::write(&module, "const small = 1 +\n").unwrap();
    let mut editor = Editor::start();
    let text = GOOD.replace("input", "use \"./sizes.bp\"\n\ninput");
    let uri = editor.open(&path, &text);
    let theirs = editor.diagnostics(&format!("file://{}", module.display()));
    assert_eq!(theirs.len(), 1, "{theirs:#?}");
    // Mended in the editor, not yet on the disk: both are looked at again.
    let own = editor.open(&module, "const small = 1\n");
    assert_eq!(editor.diagnostics(&own), Vec::<Json>::new());
    let _ = uri;
}

#[test]
fn a_file_is_laid_out() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, &GOOD.replace("  version", "      version"));
    let params = json!({
        "textDocument": { "uri": uri },
        "options": { "tabSize": 2, "insertSpaces": true },
    });
    let edits = editor.ask("textDocument/formatting", params.clone());
    assert_eq!(edits[0]["newText"], GOOD, "{edits:#}");
    editor.change(&uri, "blueprint {");
    assert_eq!(editor.ask("textDocument/formatting", params), Json::Null);
}

#[test]
fn a_message_that_is_none_is_answered() {
    let mut editor = Editor::start();
    editor.send("{ this is no JSON");
    let answer = editor.until(|message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32700, "{answer:#}");
}

#[test]
fn it_says_what_it_is() {
    let run =
        |argument: &str| Command::new(env!("CARGO_BIN_EXE_bpls")).arg(argument).output().unwrap();
    assert!(String::from_utf8(run("--version").stdout).unwrap().starts_with("bpls "));
    assert!(String::from_utf8(run("--help").stdout).unwrap().contains("Language Server Protocol"));
    let wrong = run("--wrong");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("--wrong"));
}
