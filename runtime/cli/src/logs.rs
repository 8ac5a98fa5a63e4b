//! What the runtime does, told to stderr for those who operate it: off, unless it is asked for.
//!
//! No secret may get there. What the runtime tells itself was looked through; what libraries tell at their finest levels is
//! not let in at all; and every line is looked through once more for all secrets that this process knows.

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::{LazyLock, PoisonError, RwLock};

use bp_driver::Veil;
use bp_topology::Secrets;
use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::secrets::PREFIX;

/// Our own crates, for which a level by itself stands.
const OWN: [&str; 5] = ["bp_driver", "bp_engine", "bp_journal", "bp_providers", "bp_cli"];

/// How it is asked for.
#[derive(Clone, Debug, Args)]
pub(crate) struct Logs {
    /// Log what is done to stderr: `error`, `warn`, `info`, `debug` or `trace`, or for parts of it a filter such as
    /// `bp_driver=debug,kube=info`.
    #[arg(
        long = "log-level",
        value_name = "FILTER",
        global = true,
        env = "BPR_LOG",
        hide_env = true
    )]
    level: Option<Filter>,
    /// How a line of the log is written.
    #[arg(long = "log-format", global = true, value_enum, default_value_t = Form::Human)]
    format: Form,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Human,
    /// An object a line, for programs.
    Json,
}

/// Which of it, as `tracing` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Filter(String);

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut directives: Vec<String> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            directives.extend(directive(part)?);
        }
        Ok(Self(directives.join(",")))
    }
}

fn directive(part: &str) -> Result<Vec<String>, String> {
    let level = |text: &str| {
        text.parse::<LevelFilter>().ok().filter(|_| text.parse::<u8>().is_err()).ok_or_else(|| {
            format!(
                "expected `error`, `warn`, `info`, `debug`, `trace` or TARGET=LEVEL, found `{text}`"
            )
        })
    };
    let Some((target, of)) = part.split_once('=') else {
        let level = level(part)?;
        return Ok(OWN.map(|own| format!("{own}={level}")).to_vec());
    };
    let level = level(of)?;
    let is_target = !target.is_empty()
        && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'));
    if !is_target {
        return Err(format!("expected the name of a part, such as `bp_driver`, found `{target}`"));
    }
    let is_own = OWN.iter().any(|own| target.split("::").next() == Some(*own));
    if !is_own && level > LevelFilter::INFO {
        return Err(format!(
            "what `{target}` tells at `{of}` may hold what is sent, and so secrets: take `{target}=info`"
        ));
    }
    Ok(vec![format!("{target}={level}")])
}

impl Logs {
    /// Whether anything is told.
    pub(crate) fn is_on(&self) -> bool {
        self.level.as_ref().is_some_and(|filter| !filter.0.is_empty())
    }

    /// From now on.
    pub(crate) fn begin(&self, has_color: bool) {
        let Some(filter) = self.level.as_ref().filter(|_| self.is_on()) else { return };
        // What is no directive was refused before.
        let Ok(filter) = EnvFilter::try_new(&filter.0) else { return };
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Veiled);
        match self.format {
            Form::Human => lines.with_ansi(has_color).init(),
            Form::Json => lines.json().flatten_event(true).with_current_span(false).init(),
        }
    }
}

/// Over all secrets that this process knows.
static KNOWN: LazyLock<RwLock<Veil>> =
    LazyLock::new(|| RwLock::new(Veil::over_texts(of_environment())));

/// From now on these, too.
pub(crate) fn hide(secrets: &Secrets) {
    let texts = secrets.texts().into_iter().map(|(name, text)| (name.to_owned(), text));
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    *known = known.and(Veil::over_texts(texts));
}

/// The secrets of the environment, by their variables.
fn of_environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?;
        let own = name.strip_prefix(PREFIX)?;
        Some((own.to_lowercase(), value.to_string_lossy().into_owned()))
    })
}

/// Writes to stderr what holds no secret any more. Each line is one write.
#[derive(Clone, Copy)]
struct Veiled;

impl Write for Veiled {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
        let shown = known.over(String::from_utf8_lossy(line).into_owned());
        drop(known);
        io::stderr().lock().write_all(shown.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

impl<'w> MakeWriter<'w> for Veiled {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_level_is_for_our_own_parts_and_others_tell_no_secrets() {
        let filter = |text: &str| text.parse::<Filter>().map(|filter| filter.0);
        let own = filter("debug").unwrap();
        assert!(own.contains("bp_driver=debug") && !own.contains("kube"), "{own}");
        assert_eq!(
            filter("bp_driver::rounds=trace, kube=info").unwrap(),
            "bp_driver::rounds=trace,kube=info"
        );
        assert_eq!(filter("").unwrap(), "");
        for (text, word) in [
            ("debugg", "expected `error`"),
            ("3", "expected `error`"),
            ("bp_driver=loud", "found `loud`"),
            ("=info", "the name of a part"),
            ("a[b]=info", "the name of a part"),
            ("hyper=debug", "take `hyper=info`"),
            ("kube_client::client=trace", "may hold what is sent"),
        ] {
            assert!(filter(text).unwrap_err().contains(word), "{text}");
        }
    }

    #[test]
    fn lines_hold_no_secret() {
        let veil = Veil::over_texts([("key".to_owned(), "hunter2\"long".to_owned())]);
        let line = r#"{"a":"hunter2\"long","b":"hunter2%22long"}"#.to_owned();
        assert_eq!(veil.over(line), r#"{"a":"‹secret key›","b":"‹secret key›"}"#);
    }
}
