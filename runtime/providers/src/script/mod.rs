//! Scripts and programs of a blueprint, run on the runtime's own machine.
//!
//! Each runs under a small supervisor, a detached process of the same program (`bpr`), which stores
//! what comes of it in a folder named by the call's key. So a runtime that died finds what it began:
//! it still runs, it ended like this, or it never began. Nothing is run twice.

mod folder;
mod output;
mod supervisor;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bp_provider::{Class, Executor, Failure, File, Intent, Job, Listener, Ran, SEALED};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use folder::{Ended, Folder, State};
use supervisor::{GRACE, Order};

pub use supervisor::supervise;

/// What of the runtime's own environment a script finds.
const INHERITED: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];
/// The longest value of an argument that becomes a variable, in bytes; a longer one stands in the
/// standard input alone.
const LONGEST: usize = 64 * 1024;
/// How many of the last lines a failure tells.
const LAST_LINES: usize = 5;
/// The pauses between two looks: short at first.
const LOOKS: [(Duration, Duration); 2] = [
    (Duration::from_millis(500), Duration::from_millis(10)),
    (Duration::MAX, Duration::from_millis(100)),
];

/// See the module.
#[derive(Clone, Debug)]
pub struct Scripts {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
}

impl Scripts {
    /// With the program that calls [`supervise`] when it is run with these arguments and a folder
    /// behind them, and the folder in which each call gets one.
    pub fn new(program: PathBuf, arguments: &[&str], folder: PathBuf) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { program, arguments, folder }
    }

    async fn follow(&self, job: &Job, listener: &dyn Listener) -> Ran {
        let folder = Folder::new(self.folder.join(format!("{}-{}", job.key, job.turn)));
        let mut call = Call { scripts: self, job, folder: &folder, supervisor: None };
        let outcome = call.outcome(listener).await;
        let output = std::fs::read(folder.output()).unwrap_or_default();
        if job.intent == Intent::Look {
            // Nobody comes back to it; what stays behind where it can't be removed does no harm.
            let _ = std::fs::remove_dir_all(folder.path());
        }
        Ran { outcome, output }
    }
}

#[async_trait]
impl Executor for Scripts {
    fn kind(&self) -> &'static str {
        "std.Script"
    }

    async fn run(&self, job: Job, listener: &dyn Listener) -> Ran {
        self.follow(&job, listener).await
    }
}

/// One call.
struct Call<'c> {
    scripts: &'c Scripts,
    job: &'c Job,
    folder: &'c Folder,
    /// The supervisor that this process began.
    supervisor: Option<Child>,
}

impl Call<'_> {
    async fn outcome(&mut self, listener: &dyn Listener) -> Result<Json, Failure> {
        let begin = Instant::now();
        let mut read = 0;
        loop {
            let state = self.folder.state().map_err(|error| self.disk(&error))?;
            let (lines, end) = self.folder.lines(read).map_err(|error| self.disk(&error))?;
            read = end;
            for line in &lines {
                listener.line(line);
            }
            match state {
                State::Ended(ended) => return self.ended(&ended),
                State::Lost => match self.folder.living_child() {
                    Some(child) if self.job.intent == Intent::Stop => end_group(child).await,
                    Some(_) => {}
                    None => return Err(self.lost()),
                },
                State::Running if self.job.intent == Intent::Stop && !self.folder.is_to_stop() => {
                    self.folder.ask_to_stop().map_err(|error| self.disk(&error))?;
                }
                State::Running => {}
                State::Idle => self.idle().await?,
            }
            let pause = LOOKS.iter().find(|(until, _)| begin.elapsed() < *until);
            tokio::time::sleep(pause.map_or(LOOKS[0].1, |(_, pause)| *pause)).await;
        }
    }

    /// Nothing is begun yet: begins it, once.
    async fn idle(&mut self) -> Result<(), Failure> {
        if matches!(self.job.intent, Intent::WaitFor | Intent::Stop) {
            return Err(Failure::new(Class::Permanent, "it was announced and never begun"));
        }
        let Some(supervisor) = &mut self.supervisor else {
            let order = self.order()?;
            let supervisor = self.start(&order).await.map_err(|error| {
                Failure::new(
                    Class::Transient,
                    format!("the process that scripts run under can't be started: {error}"),
                )
            })?;
            self.supervisor = Some(supervisor);
            return Ok(());
        };
        let has_ended = supervisor.try_wait().map_err(|error| self.disk(&error))?.is_some();
        // It may have begun and ended since the look.
        if !has_ended || self.folder.state().map_err(|error| self.disk(&error))? != State::Idle {
            return Ok(());
        }
        let why = self.folder.broken().unwrap_or_else(|| "it ended at once".to_owned());
        Err(Failure::new(
            Class::Transient,
            format!("the process that scripts run under failed before it began: {why}"),
        ))
    }

    async fn start(&self, order: &Order) -> io::Result<Child> {
        let mut supervisor = Command::new(&self.scripts.program)
            .args(&self.scripts.arguments)
            .arg(self.folder.path())
            // It lives on: of this process's environment, secrets among it, it needs nothing.
            .env_clear()
            .envs(inherited())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let text = serde_json::to_vec(order).map_err(io::Error::other)?;
        if let Some(mut stdin) = supervisor.stdin.take() {
            // Where it has died already, it is seen not to have begun.
            let _ = stdin.write_all(&text).await;
            let _ = stdin.shutdown().await;
        }
        Ok(supervisor)
    }

    fn order(&self) -> Result<Order, Failure> {
        let wrong = |message: String| Failure::new(Class::Permanent, message);
        let property = |name: &str| self.job.subject.properties.get(name);
        let script = property("value")
            .and_then(|value| File::read(value.get("path")?))
            .ok_or_else(|| wrong("it names no script".to_owned()))?;
        let mut files = BTreeMap::new();
        for (path, file) in entries(property("files")) {
            let file = File::read(file).ok_or_else(|| wrong(format!("`{path}` is no file")))?;
            files.insert(path.clone(), file);
        }
        let arguments =
            property("args").cloned().unwrap_or_else(|| Json::Object(serde_json::Map::new()));
        let mut variables = inherited();
        for (name, value) in entries(Some(&arguments)) {
            if let Some(text) = text(value).filter(|text| text.len() <= LONGEST) {
                variables.insert(name.clone(), text);
            }
        }
        for (name, value) in entries(property("env")) {
            variables.extend(text(value).map(|text| (name.clone(), text)));
        }
        let own = [
            ("BLUEPRINT_DEPLOYMENT", self.job.subject.deployment_name.as_str()),
            ("BLUEPRINT_INSTANCE", &self.job.subject.instance),
            ("BLUEPRINT_OPERATION", &self.job.operation),
            ("BLUEPRINT_KEY", &self.job.key),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let is_none = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
        if let Some(name) = variables.keys().find(is_none) {
            return Err(wrong(format!(
                "`{name}` can't be the name of a variable of the environment"
            )));
        }
        if let Some((name, _)) = variables.iter().find(|(_, value)| value.contains('\0')) {
            return Err(wrong(format!("the variable `{name}` holds a zero byte")));
        }
        Ok(Order {
            script,
            files,
            variables,
            input: arguments.to_string(),
            deadline_ms: u64::try_from(self.job.deadline.as_millis()).unwrap_or(u64::MAX / 2),
            wants_result: self.job.wants_result,
            seal_for: self.job.seal_for.clone(),
            hidden: self.job.hidden.clone(),
        })
    }

    /// The script's path, for people.
    fn script(&self) -> String {
        let value = self.job.subject.properties.get("value");
        let path = value.and_then(|value| value.get("path")?.get("path")?.as_str());
        path.unwrap_or("the script").to_owned()
    }

    fn ended(&self, ended: &Ended) -> Result<Json, Failure> {
        let script = self.script();
        let (class, what) = match ended {
            Ended::Exited(0) => return self.result(),
            Ended::Exited(code) => {
                (Class::Transient, format!("`{script}` ended with the exit code {code}"))
            }
            Ended::Signalled(signal) => {
                (Class::UnknownOutcome, format!("`{script}` was ended by the signal {signal}"))
            }
            Ended::TimedOut => {
                let limit = self.job.deadline;
                (
                    Class::UnknownOutcome,
                    format!("`{script}` did not end within {limit:?} and was stopped"),
                )
            }
            Ended::Cancelled => (
                Class::UnknownOutcome,
                format!("`{script}` was stopped, since it is not wanted any more"),
            ),
            Ended::NotStarted(why) => (Class::Permanent, why.clone()),
        };
        Err(Failure::new(class, format!("{what}{}", self.last_lines())))
    }

    fn last_lines(&self) -> String {
        let (lines, _) = self.folder.lines(0).unwrap_or_default();
        let lines: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
        if last.is_empty() {
            return "; it wrote nothing".to_owned();
        }
        let mut words = "; it wrote last:".to_owned();
        for line in last {
            words.push_str("\n  ");
            words.push_str(line);
        }
        words
    }

    fn result(&self) -> Result<Json, Failure> {
        let script = self.script();
        let wrong = |message: String| Failure::new(Class::Permanent, message);
        if !self.job.wants_result {
            return Ok(Json::Null);
        }
        let bytes = self.folder.result().map_err(|error| self.disk(&error))?;
        if bytes == output::TOO_LARGE {
            let most = output::RESULT / 1024 / 1024;
            return Err(wrong(format!("`{script}` gave a result of more than {most} MiB")));
        }
        if bytes == output::UNSEALED {
            return Err(wrong(format!("what `{script}` gave is secret, and could not be sealed"))
                .help("look whether the key of this home is one of age"));
        }
        if self.job.seal_for.is_some() {
            return Ok(json!({ SEALED: STANDARD.encode(&bytes) }));
        }
        if let Some(name) = bytes.strip_prefix(output::SHOWS) {
            let name = String::from_utf8_lossy(name);
            return Err(wrong(format!(
                "`{script}` gave a result that shows {name}, and would be written down"
            ))
            .help("let it give something that is no secret"));
        }
        let text = String::from_utf8_lossy(&bytes);
        if text.trim().is_empty() {
            return Ok(Json::Null);
        }
        serde_json::from_str(text.trim()).map_err(|error| {
            let start: String = text.trim().chars().take(80).collect();
            wrong(format!("`{script}` gave a result that is no JSON ({error}): {start}"))
                .help("write the result, and nothing else, to the standard output; words for people go to the standard error")
        })
    }

    fn lost(&self) -> Failure {
        let script = self.script();
        Failure::new(
            Class::UnknownOutcome,
            format!(
                "the process that `{script}` ran under died before it could tell how that ended"
            ),
        )
    }

    fn disk(&self, error: &io::Error) -> Failure {
        let path = self.folder.path().display();
        Failure::new(
            Class::UnknownOutcome,
            format!("what is known of the call can't be read ({path}): {error}"),
        )
    }
}

/// Ends a script whose supervisor is no more.
async fn end_group(id: i32) {
    let group = Pid::from_raw(id);
    let begin = Instant::now();
    // It may just have ended.
    let _ = killpg(group, Signal::SIGTERM);
    while killpg(group, None).is_ok() && begin.elapsed() < GRACE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = killpg(group, Signal::SIGKILL);
}

fn entries(property: Option<&Json>) -> impl Iterator<Item = (&String, &Json)> {
    property.and_then(Json::as_object).into_iter().flatten()
}

fn inherited() -> BTreeMap<String, String> {
    let known = |name: &&str| std::env::var(name).ok().map(|value| ((*name).to_owned(), value));
    INHERITED.iter().filter_map(known).collect()
}

/// A value as a variable has it: a text as it is, all else as JSON; nothing for what is not set.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
