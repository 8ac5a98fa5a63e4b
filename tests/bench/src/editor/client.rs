//! An editor's side of the Language Server Protocol, as much of it as is measured.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server, and a file that is open in it.
pub(crate) struct Client {
    server: Child,
    stdin: ChildStdin,
    messages: Receiver<(Instant, Json)>,
    settings: Json,
    next: u64,
    /// Whether it takes changes as edits.
    is_incremental: bool,
    uri: String,
    version: u64,
    lines: Vec<String>,
}

impl Client {
    /// Starts a server in a folder.
    pub(crate) fn start(program: &Path, folder: &Path, settings: Json) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", program.display());
        let mut server = Command::new(program)
            .arg("--stdio")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let none = || format!("{} has no pipes", program.display());
        let stdin = server.stdin.take().ok_or_else(none)?;
        let mut stdout = BufReader::new(server.stdout.take().ok_or_else(none)?);
        let (send, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = receive(&mut stdout) {
                if send.send((Instant::now(), message)).is_err() {
                    return;
                }
            }
        });
        let mut client = Self {
            server,
            stdin,
            messages,
            settings,
            next: 0,
            is_incremental: false,
            uri: String::new(),
            version: 1,
            lines: Vec::new(),
        };
        client.introduce(folder)?;
        Ok(client)
    }

    fn introduce(&mut self, folder: &Path) -> Result<(), String> {
        let root = format!("file://{}", folder.display());
        let (_, said) = self.ask(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "bench" }],
                "capabilities": {
                    "workspace": { "configuration": true, "workspaceFolders": true },
                    "textDocument": {
                        "completion": { "completionItem": { "snippetSupport": true } },
                        "publishDiagnostics": { "versionSupport": true },
                    },
                },
            }),
        )?;
        let sync = said.pointer("/capabilities/textDocumentSync");
        let change = sync.map(|sync| sync.get("change").unwrap_or(sync));
        self.is_incremental = change.is_some_and(|change| *change == 2);
        self.tell("initialized", &json!({}))?;
        let settings = json!({ "settings": self.settings });
        self.tell("workspace/didChangeConfiguration", &settings)
    }

    fn send(&mut self, message: &Json) -> Result<(), String> {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.stdin.flush())
            .map_err(|error| format!("the server does not listen: {error}"))
    }

    fn tell(&mut self, method: &str, params: &Json) -> Result<(), String> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// Asks; when it was answered, and what.
    fn ask(&mut self, method: &str, params: &Json) -> Result<(Instant, Json), String> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        let (at, mut answer) = self.until(method, |message| {
            message.get("method").is_none() && message.get("id").is_some_and(|of| *of == id)
        })?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}")),
            None => Ok((at, answer.get_mut("result").map(Json::take).unwrap_or_default())),
        }
    }

    /// The first message that is awaited; what the server asks meanwhile is answered.
    fn until(
        &mut self,
        what: &str,
        is_it: impl Fn(&Json) -> bool,
    ) -> Result<(Instant, Json), String> {
        let start = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let (at, message) = self.messages.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => format!("no answer to {what}"),
                RecvTimeoutError::Disconnected => format!("the server ended at {what}"),
            })?;
            if is_it(&message) {
                return Ok((at, message));
            }
            if let (Some(method), Some(id)) = (message.get("method"), message.get("id")) {
                let result = match method.as_str().unwrap_or_default() {
                    "workspace/configuration" => self.configuration(&message),
                    "workspace/workspaceFolders" => json!([]),
                    _ => Json::Null,
                };
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))?;
            }
        }
    }

    fn configuration(&self, asked: &Json) -> Json {
        let section = |item: &Json| {
            let name = item.get("section").and_then(Json::as_str).unwrap_or_default();
            let first = name.split('.').next().unwrap_or_default();
            self.settings.get(first).cloned().unwrap_or_else(|| json!({}))
        };
        let items = asked.pointer("/params/items").and_then(Json::as_array);
        items.map_or(Json::Null, |items| items.iter().map(section).collect())
    }

    /// Opens a file.
    pub(crate) fn open(&mut self, path: &Path, language: &str, text: &str) -> Result<(), String> {
        self.uri = format!("file://{}", path.display());
        self.lines = text.split('\n').map(str::to_owned).collect();
        let document =
            json!({ "uri": self.uri, "languageId": language, "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }))
    }

    /// The lines of the file.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Puts `new` in the place of a part of a line.
    pub(crate) fn edit(
        &mut self,
        line: usize,
        from: usize,
        to: usize,
        new: &str,
    ) -> Result<(), String> {
        let old = self.lines.get(line).ok_or("no such line")?;
        let (before, behind) = (old.get(..from), old.get(to..));
        let (Some(before), Some(behind)) = (before, behind) else {
            return Err("no such column".into());
        };
        let text = format!("{before}{new}{behind}");
        self.lines.splice(line..=line, text.split('\n').map(str::to_owned));
        self.changed((line, from), (line, to), new)
    }

    /// Takes a line out.
    pub(crate) fn remove(&mut self, line: usize) -> Result<(), String> {
        self.lines.remove(line);
        self.changed((line, 0), (line + 1, 0), "")
    }

    fn changed(
        &mut self,
        from: (usize, usize),
        to: (usize, usize),
        new: &str,
    ) -> Result<(), String> {
        self.version += 1;
        let position = |(line, character)| json!({ "line": line, "character": character });
        let change = if self.is_incremental {
            json!({ "range": { "start": position(from), "end": position(to) }, "text": new })
        } else {
            json!({ "text": self.lines.join("\n") })
        };
        let document = json!({ "uri": self.uri, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        self.tell("textDocument/didChange", &params)
    }

    /// When the file's diagnostics are there, of which there must be some or none.
    pub(crate) fn diagnostics(&mut self, some: bool) -> Result<Instant, String> {
        let uri = self.uri.clone();
        let is_it = |message: &Json| {
            let found = message.pointer("/params/diagnostics").and_then(Json::as_array);
            message.get("method").is_some_and(|is| *is == "textDocument/publishDiagnostics")
                && message.pointer("/params/uri").is_some_and(|is| *is == uri)
                && found.is_some_and(|found| found.is_empty() != some)
        };
        self.until("a change (diagnostics)", is_it).map(|(at, _)| at)
    }

    /// What can stand at a place, and when that was known.
    pub(crate) fn complete(
        &mut self,
        line: usize,
        character: usize,
    ) -> Result<(Instant, Vec<String>), String> {
        let params = json!({
            "textDocument": { "uri": self.uri },
            "position": { "line": line, "character": character },
        });
        let (at, found) = self.ask("textDocument/completion", &params)?;
        let items = found.get("items").unwrap_or(&found).as_array().cloned().unwrap_or_default();
        let label = |item: &Json| item.get("label").and_then(Json::as_str).map(str::to_owned);
        Ok((at, items.iter().filter_map(label).collect()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The next message; nothing where the stream ends.
fn receive(stdout: &mut impl BufRead) -> Option<Json> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
