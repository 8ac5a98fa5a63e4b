//! A program on its way, and what became of it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// A program that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shown: String,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What a person would have typed.
    pub command: String,
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
}

impl Running {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        let stdout = child.stdout.take().map(read_all);
        let stderr = child.stderr.take().map(read_all);
        Self { child, shown, stdout, stderr }
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// `kill -9`, and what it had written by then.
    pub fn kill(mut self) -> Ended {
        // It may just have ended by itself.
        let _ = self.child.kill();
        self.collect()
    }

    /// Waits for its end; a test fails where it takes longer.
    pub fn wait(mut self, patience: Duration) -> Ended {
        let begin = Instant::now();
        while !self.has_ended() {
            if begin.elapsed() > patience {
                let command = self.shown.clone();
                let ended = self.kill();
                panic!(
                    "{command} did not end within {patience:?}\n{}{}",
                    ended.stdout, ended.stderr
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.collect()
    }

    fn collect(mut self) -> Ended {
        let status = self.child.wait().expect("a child can be waited for");
        let text = |handle: Option<JoinHandle<String>>| {
            handle.map(|handle| handle.join().expect("a reader ends")).unwrap_or_default()
        };
        Ended {
            code: status.code(),
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            command: self.shown.clone(),
        }
    }
}

impl Ended {
    /// Fails the test where the exit code is another one.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{} ended so:\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Its standard output as JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{}: {error} in\n{}", self.command, self.stdout))
    }

    /// All that it wrote.
    pub fn words(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

fn read_all(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A stream that breaks with its program ends there.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
