//! Messages on stdin and stdout: a header with a length, then JSON.
//!
//! Beside what the library's own loop does, it goes on after a body that is no JSON, ends with a
//! sentence where the stream itself can't be understood any more, and begins every handler in the
//! order of the messages, so that changes of a document stay in order.
//!
//! It must not know what the messages are about.

use std::future::poll_fn;

use futures::{SinkExt as _, StreamExt as _, poll};
use serde_json::Value as Json;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::jsonrpc::{Error, Id, Request, Response};
use tower_lsp::{ClientSocket, LanguageServer, Loopback, LspService};
use tower_service::Service as _;

/// The longest line of a header.
const MOST_HEADER: u64 = 4096;
/// The longest body: more than the largest file, written as JSON.
const MOST_BODY: usize = 256 * 1024 * 1024;

/// Why it is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The editor said so, after `shutdown`, or has closed the stream.
    Done,
    /// The editor said so without `shutdown`.
    Hasty,
    /// The stream can't be understood; why.
    Broken(String),
}

/// What is told instead of nothing, where a notification can't be taken.
pub(crate) type Refused = fn(&Request) -> Option<Request>;

/// Serves until the stream ends, or the editor says that it is over.
pub(crate) async fn serve<I, O, S>(
    input: I,
    output: O,
    service: LspService<S>,
    socket: ClientSocket,
    refused: Refused,
) -> Ending
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin + Send + 'static,
    S: LanguageServer,
{
    let (out, messages) = unbounded_channel();
    let writer = tokio::spawn(write(output, messages));
    let (mut requests, answers) = socket.split();
    let own = out.clone();
    let asking = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            send(&own, &request);
        }
    });
    let input = BufReader::with_capacity(64 * 1024, input);
    let mut reader = Reader { input, service, answers, out, refused, was_shut_down: false };
    let ending = reader.run().await;
    drop(reader);
    asking.abort();
    // What was answered is written; what still runs has nobody to answer to.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(500), writer).await;
    ending
}

fn send(out: &UnboundedSender<String>, message: &impl serde::Serialize) {
    if let Ok(text) = serde_json::to_string(message) {
        // The writer is gone when nobody listens any more.
        let _ = out.send(text);
    }
}

async fn write(mut output: impl AsyncWrite + Unpin, mut messages: UnboundedReceiver<String>) {
    while let Some(message) = messages.recv().await {
        let whole = format!("Content-Length: {}\r\n\r\n{message}", message.len());
        let written = output.write_all(whole.as_bytes()).await;
        if written.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}

struct Reader<I, S: LanguageServer> {
    input: BufReader<I>,
    service: LspService<S>,
    answers: <ClientSocket as Loopback>::ResponseSink,
    out: UnboundedSender<String>,
    refused: Refused,
    was_shut_down: bool,
}

impl<I: AsyncRead + Unpin, S: LanguageServer> Reader<I, S> {
    async fn run(&mut self) -> Ending {
        loop {
            let body = match self.body().await {
                Ok(Some(body)) => body,
                Ok(None) => return Ending::Done,
                Err(why) => return Ending::Broken(why),
            };
            match serde_json::from_slice::<Json>(&body) {
                Ok(message) => {
                    if self.message(message).await {
                        return if self.was_shut_down { Ending::Done } else { Ending::Hasty };
                    }
                }
                Err(_) => self.refuse(Id::Null, Error::parse_error()),
            }
        }
    }

    fn refuse(&self, id: Id, error: Error) {
        send(&self.out, &Response::from_error(id, error));
    }

    /// Whether it was the last one.
    async fn message(&mut self, message: Json) -> bool {
        if message.get("method").is_none() {
            match serde_json::from_value::<Response>(message) {
                // An answer that nobody waits for is passed over.
                Ok(answer) => drop(self.answers.send(answer).await),
                Err(_) => self.refuse(Id::Null, Error::invalid_request()),
            }
            return false;
        }
        let id = message.get("id").cloned();
        if let Ok(request) = serde_json::from_value::<Request>(message) {
            return self.request(request).await;
        }
        let id = id.and_then(|id| serde_json::from_value(id).ok());
        self.refuse(id.unwrap_or(Id::Null), Error::invalid_request());
        false
    }

    async fn request(&mut self, request: Request) -> bool {
        let is_exit = request.method() == "exit";
        self.was_shut_down |= request.method() == "shutdown" && request.id().is_some();
        if poll_fn(|context| self.service.poll_ready(context)).await.is_err() {
            return true;
        }
        if let Some(told) = (self.refused)(&request) {
            send(&self.out, &told);
        }
        let mut answer = self.service.call(request);
        // Up to where it first waits, a handler runs before the next message is looked at.
        match poll!(&mut answer) {
            std::task::Poll::Ready(Ok(Some(answer))) => send(&self.out, &answer),
            std::task::Poll::Ready(_) => {}
            std::task::Poll::Pending => {
                let out = self.out.clone();
                tokio::spawn(async move {
                    if let Ok(Some(answer)) = answer.await {
                        send(&out, &answer);
                    }
                });
            }
        }
        is_exit
    }

    /// The next body; nothing where the stream ends.
    async fn body(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut length = None;
        loop {
            let mut line = Vec::new();
            let limited = (&mut self.input).take(MOST_HEADER).read_until(b'\n', &mut line).await;
            limited.map_err(|error| format!("stdin can't be read: {error}"))?;
            if !line.ends_with(b"\n") {
                // In the midst of a header there is no sound end; it is gone all the same.
                let is_long = line.len() as u64 >= MOST_HEADER;
                return if is_long { Err(no_header(&line)) } else { Ok(None) };
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if text.is_empty() {
                match length {
                    Some(length) => return self.exactly(length).await,
                    None => return Err(no_header(&line)),
                }
            }
            let header = text
                .split_once(':')
                .filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
            let Some((name, value)) = header else { return Err(no_header(&line)) };
            if name.eq_ignore_ascii_case("content-length") {
                let parsed = value.trim().parse::<usize>().ok().filter(|n| *n <= MOST_BODY);
                length = Some(parsed.ok_or_else(|| no_header(&line))?);
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Option<Vec<u8>>, String> {
        let mut body = Vec::new();
        let read = (&mut self.input).take(length as u64).read_to_end(&mut body).await;
        match read {
            Ok(read) if read == length => Ok(Some(body)),
            Ok(_) => Ok(None),
            Err(error) => Err(format!("stdin can't be read: {error}")),
        }
    }
}

/// The sentence for what is no header.
fn no_header(line: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(line).trim().chars().take(80).collect();
    format!(
        "expected `Content-Length: N` before a message on stdin, found `{shown}`: where the next message \
         begins can't be known any more. An editor starts bpls and talks to it; see `bpls --help`"
    )
}
