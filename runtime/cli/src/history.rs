//! What can be asked of what happened.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::moment::{WHEN, When};

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The deployment's name, or a file of `bpr export`.
    pub(crate) name: String,
    /// As it stood then.
    #[arg(long, value_name = "WHEN", long_help = WHEN)]
    pub(crate) at: Option<When>,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The deployment's name, or a file of `bpr export`.
    pub(crate) name: String,
    /// Only from then on.
    #[arg(long, value_name = "WHEN", long_help = WHEN)]
    pub(crate) since: Option<When>,
    /// Go on with what happens from now on, until interrupted (Ctrl-C).
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The deployment's name, or a file of `bpr export`.
    pub(crate) name: String,
    /// A node (all of its instances), an instance (`db["eu"]`), a step (its path, as `bpr events` shows it) or the
    /// name of the workflow that was run last, or a target.
    #[arg(value_name = "NODE|STEP")]
    pub(crate) what: String,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The deployment's name.
    pub(crate) name: String,
    /// The file, which must not be there yet.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The file, as `bpr export` writes it.
    pub(crate) file: PathBuf,
    /// How fast: `1` as it was, `10` ten times as fast, `instant`; on a terminal 10, else instant. Between runs is
    /// never waited for long.
    #[arg(long, value_name = "SPEED")]
    pub(crate) speed: Option<Speed>,
}

/// How fast something is shown again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// Without any pause.
    Instant,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_suffix('x').unwrap_or(text).parse::<f64>() {
            _ if text == "instant" => Ok(Self::Instant),
            Ok(times) if times.is_finite() && times > 0.0 => Ok(Self::Times(times)),
            _ => Err(format!("expected `instant` or a number above 0 such as 10, found `{text}`")),
        }
    }
}
