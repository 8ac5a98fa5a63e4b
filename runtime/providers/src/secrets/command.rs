//! Secrets that a command tells on its standard output: of a password store, a vault, a cloud.
//!
//! It is run by itself, through no shell. What it writes to its standard error is never shown: that may be the
//! secret.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt as _;

use super::{LARGEST, Lack, Source, Told, text};

/// What stands for the secret's name in an argument.
const NAME: &str = "{name}";

/// See the module.
pub struct Command {
    /// The program and its arguments; `{name}` in them is the secret's name.
    pub words: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// Whether the command may see a variable of this process's environment.
    pub may_see: fn(&str) -> bool,
}

#[async_trait]
impl Source for Command {
    async fn read(&self, names: &[String]) -> Told {
        let told = names.iter().map(|name| async move { (name.clone(), self.one(name).await) });
        join_all(told).await.into_iter().collect()
    }
}

impl Command {
    async fn one(&self, name: &str) -> Result<String, Lack> {
        let mut words = self.words.iter().map(|word| word.replace(NAME, name));
        let program = words.next().unwrap_or_default();
        let mut command = tokio::process::Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for (variable, _) in std::env::vars_os() {
            if !variable.to_str().is_some_and(self.may_see) {
                command.env_remove(&variable);
            }
        }
        let mut child = command.process_group(0).kill_on_drop(true).spawn().map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "it is not on this machine".to_owned(),
                _ => error.to_string(),
            };
            Lack::failed(
                format!("the command `{program}` can't be run: {why}"),
                "install it, or name it by its whole path",
            )
        })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let stdout = child.stdout.take();
        let work = async {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                // One byte too many tells that there was more.
                let most = u64::try_from(LARGEST + 1).unwrap_or(u64::MAX);
                stdout.take(most).read_to_end(&mut bytes).await?;
            }
            Ok::<_, std::io::Error>((bytes, child.wait().await?))
        };
        let Ok(ended) = tokio::time::timeout(self.timeout, work).await else {
            // What it began holds its output perhaps: all of it ends.
            let _ = group.map(|group| killpg(group, Signal::SIGKILL));
            return Err(Lack::failed(
                format!("the command `{program}` did not end within {:?}", self.timeout),
                "it must not ask anybody anything; `timeout` gives it longer",
            ));
        };
        let (bytes, status) = ended.map_err(|error| {
            Lack::failed(
                format!("what the command `{program}` gives can't be read: {error}"),
                "run it again",
            )
        })?;
        if !status.success() && bytes.len() <= LARGEST {
            let how = status.code().map_or_else(
                || "was ended by a signal".to_owned(),
                |code| format!("ended with the exit code {code}"),
            );
            return Err(Lack::failed(
                format!("the command `{program}` {how} when it was asked for `{name}`"),
                "run it by hand to see what it says: what it writes is not shown, as it may be the secret",
            ));
        }
        let mut told = text(bytes, &format!("the command `{program}`"))?;
        // The end of the line is how a command ends what it says.
        if told.ends_with('\n') {
            told.pop();
            if told.ends_with('\r') {
                told.pop();
            }
        }
        if told.is_empty() {
            return Err(Lack::failed(
                format!("the command `{program}` gave nothing when it was asked for `{name}`"),
                "it has to write the secret, and nothing else, to its standard output",
            ));
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use std::time::Instant;

    use super::*;

    async fn told(words: &[&str], timeout: Duration) -> Result<String, Lack> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let command = Command { words, timeout, may_see: |name| name != "CARGO_PKG_NAME" };
        command.read(&["db/pass".to_owned()]).await["db/pass"].clone()
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn what_it_writes_is_the_secret() {
        assert_eq!(told(&["echo", "of {name}; $HOME"], LONG).await.unwrap(), "of db/pass; $HOME");
        assert_eq!(told(&["printf", "a\\nb\\r\\n\\r\\n"], LONG).await.unwrap(), "a\nb\r\n");
        let script = "echo ${PATH:+seen}${CARGO_PKG_NAME:-hidden}";
        assert_eq!(told(&["sh", "-c", script], LONG).await.unwrap(), "seenhidden");
    }

    #[tokio::test]
    async fn one_that_fails_is_told_without_what_it_wrote() {
        for (words, said) in [
            (["no-such-program-at-all", "", ""], "is not on this machine"),
            (["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "the exit code 3"),
            (["sh", "-c", "kill -9 $$"], "was ended by a signal"),
            (["sh", "-c", "true"], "gave nothing when it was asked for `db/pass`"),
            (["sh", "-c", "printf 'hunter2\\377'"], "no text (UTF-8)"),
            (["sh", "-c", "head -c 2000000 /dev/zero"], "more than 1 MiB"),
        ] {
            let lack = told(&words, LONG).await.unwrap_err();
            assert!(lack.why.contains(said) && !lack.is_absent, "{lack:?}");
            assert!(!format!("{lack:?}").contains("hunter2"), "{lack:?}");
        }
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_ended_with_all_that_it_began() {
        let begin = Instant::now();
        let lack = told(&["sh", "-c", "sleep 97531 & wait"], Duration::from_millis(300)).await;
        assert!(lack.unwrap_err().why.contains("did not end within 300ms"));
        assert!(begin.elapsed() < LONG);
        let runs = || {
            let processes = std::fs::read_dir("/proc").unwrap().flatten();
            let mut lines = processes.map(|of| std::fs::read(of.path().join("cmdline")));
            lines.any(|line| line.is_ok_and(|line| line == b"sleep\x0097531\0"))
        };
        // A signal takes a moment.
        while runs() {
            assert!(begin.elapsed() < LONG, "it still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
