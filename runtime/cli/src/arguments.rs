//! What can be asked on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::history::{Events, Export, Replay, Status, Why};
use crate::logs::Logs;
use crate::moment::{WHEN, When, age};
use crate::pace::{AtOnce, at_once, steps};

/// The runtime of blueprints.
#[derive(Debug, Parser)]
#[command(
    name = "bpr",
    version,
    about = "Deploys plans over clusters, and keeps account of what it did",
    after_help = "State is kept under $BPR_HOME (default: the platform's data folder).\n\
                  Journals are there too, or in the database that --journal or $BPR_JOURNAL names.\n\
                  Logs go to stderr where they are asked for: `--log-level info`, or $BPR_LOG.\n\
                  Secrets come from the environment (`db_password` from $BPR_SECRET_DB_PASSWORD), or from where\n\
                  --secrets, $BPR_SECRETS or secrets.yaml in $BPR_HOME says.\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage (or changes: `plan --detailed-exitcode`), 3 partly done.",
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What is written: words for people, or JSON for programs.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) output: Format,
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// A PostgreSQL database that keeps the journals of all deployments, so that several machines share them:
    /// `postgres://USER@HOST/DATABASE`. Without a password: that is in $PGPASSWORD or ~/.pgpass.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) journal: Option<String>,
    /// A file that says where secrets are: in a file encrypted with age, in Secrets of a cluster, or told by a
    /// command. It holds none itself.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) secrets: Option<PathBuf>,
    /// How many steps may be under way at once: in all (256 by itself), or with `PROVIDER=N` of one provider.
    #[arg(long, global = true, value_name = "[PROVIDER=]N", value_parser = at_once)]
    pub(crate) at_once: Vec<AtOnce>,
    /// How many steps may be under way at once on one target (64 by itself).
    #[arg(long, global = true, value_name = "N", value_parser = steps)]
    pub(crate) at_once_per_target: Option<usize>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring about what a plan says.
    Deploy(Deploy),
    /// What an update would do, field by field; nothing is moved.
    Plan(Plan),
    /// Do what `bpr plan` shows, and no more.
    Update(Update),
    /// Make an object that is there already a node's: the next update changes it to what is wanted.
    Adopt(Adopt),
    /// How a deployment stands: what is done, what failed, what was not tried, and why.
    Status(Status),
    /// Why a node, a step or a target is as it is: what led to it, the effect first.
    Why(Why),
    /// Run a workflow of what is deployed.
    Run(Run),
    /// Cancel the workflow that is under way: what its `on cancel` says is done.
    Cancel {
        /// The deployment's name.
        name: String,
    },
    /// Go on with what was begun: after a failure, a kill, a pause, or when a cluster is back.
    Resume {
        /// The deployment's name.
        name: String,
    },
    /// Begin nothing more of the run that is under way; calls in flight end. `bpr resume` goes on.
    Pause {
        /// The deployment's name.
        name: String,
    },
    /// Try what failed again, with a fresh budget; what is done is not done again.
    Retry {
        /// The deployment's name.
        name: String,
        /// A node or instance, as `bpr status` shows it; by itself all that are not done.
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// What others have changed since it was applied, field by field. Nothing is written, nothing is moved.
    Drift(Drift),
    /// How nodes are, as those who keep them tell. Nothing is written, nothing is moved.
    Health(Health),
    /// Make what others have changed as it was applied.
    Heal {
        /// The deployment's name.
        name: String,
        /// A node or instance, as `bpr status` shows it; by itself all that have drifted.
        #[arg(value_name = "NODE")]
        nodes: Vec<String>,
    },
    /// Let a step count as done, and go on with what depends on it.
    Skip {
        /// The deployment's name.
        name: String,
        /// A node or instance, as `bpr status` shows it.
        step: String,
        /// Why, for those who read the history.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Go back to the last revision that was healthy, or to the named one.
    Rollback(Rollback),
    /// Remove everything that was deployed.
    Uninstall {
        /// The deployment's name.
        name: String,
        /// A protected node or instance that may go.
        #[arg(long, value_name = "NODE")]
        approve: Vec<String>,
    },
    /// A deployment's outputs.
    Outputs {
        /// The deployment's name, or a file of `bpr export`.
        name: String,
    },
    /// Everything that happened to a deployment, oldest first, as one document.
    History {
        /// The deployment's name, or a file of `bpr export`.
        name: String,
        /// Only from then on.
        #[arg(long, value_name = "WHEN", long_help = WHEN)]
        since: Option<When>,
    },
    /// What happens to a deployment, a line each (with `--output json` a JSON object a line).
    Events(Events),
    /// Write all that is kept of a deployment into one file, which says itself whether it is whole.
    Export(Export),
    /// Show once more what happened, out of a file of `bpr export` alone; then its status.
    Replay(Replay),
    /// All deployments.
    List,
    /// A deployment's journal: whether it is whole, copies of it, putting one back, and dropping what is old.
    Journal {
        #[command(subcommand)]
        command: Journal,
    },
    /// Runs one script, for the runtime itself.
    #[command(hide = true)]
    Supervise {
        /// The folder in which it tells what came of it.
        folder: PathBuf,
    },
    /// Embedded clusters, to try things out.
    Sim {
        #[command(subcommand)]
        command: Sim,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The plan, as `bpc compile` writes it.
    pub(crate) plan: PathBuf,
    /// What the deployment is called: lower-case letters, digits and `-`.
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) given: Given,
}

/// Inputs and clusters.
#[derive(Debug, Args)]
pub(crate) struct Given {
    /// An input of the blueprint; lists, maps and records as JSON.
    #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
    pub(crate) inputs: Vec<String>,
    /// A file with inputs, as YAML or JSON.
    #[arg(long = "inputs", value_name = "FILE")]
    pub(crate) inputs_file: Option<PathBuf>,
    /// Clusters: every context of this file becomes one.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "inventory")]
    pub(crate) kubeconfig: Vec<PathBuf>,
    /// A label for the clusters of `--kubeconfig`.
    #[arg(long = "label", value_name = "NAME=VALUE", requires = "kubeconfig")]
    pub(crate) labels: Vec<String>,
    /// A file with clusters, as YAML or JSON: `clusters: [{ name, labels, kubeconfig, context }]`.
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: Option<PathBuf>,
}

impl Given {
    /// Nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        let is_inventory = self.inventory.is_some() || !self.kubeconfig.is_empty();
        self.inputs.is_empty() && self.inputs_file.is_none() && !is_inventory
    }
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// The deployment's name.
    pub(crate) name: String,
    /// A node or instance, as `bpr status` shows it; by itself all of them.
    #[arg(value_name = "NODE")]
    pub(crate) nodes: Vec<String>,
    /// End with 2 where anything has drifted.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// The deployment's name.
    pub(crate) name: String,
    /// A node or instance, as `bpr status` shows it; by itself all of them.
    #[arg(value_name = "NODE")]
    pub(crate) nodes: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// A deployment (its own plan, with other inputs or clusters), or with `--name` a plan's file.
    pub(crate) what: String,
    /// What the deployment is called, for a plan's file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) given: Given,
    /// A protected node or instance that may be replaced or deleted.
    #[arg(long, value_name = "NODE")]
    pub(crate) approve: Vec<String>,
    /// Keep the plan in this file: `bpr update FILE` does just this.
    #[arg(short = 'o', long = "save", value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// End with 2 where anything would be done.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// A deployment, with `--name` a plan's file, or a file that `bpr plan -o` has written.
    pub(crate) what: String,
    /// What the deployment is called, for a plan's file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) given: Given,
    /// A protected node or instance that may be replaced or deleted.
    #[arg(long, value_name = "NODE")]
    pub(crate) approve: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The deployment's name.
    pub(crate) name: String,
    /// The revision to go back to; by itself the last before what is wanted now of which all was there.
    #[arg(long, value_name = "REVISION")]
    pub(crate) to: Option<u64>,
    /// Only show what would be done, field by field; nothing is moved.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A protected node or instance that may be replaced or deleted.
    #[arg(long, value_name = "NODE")]
    pub(crate) approve: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// A deployment, or with `--name` a plan's file.
    pub(crate) what: String,
    /// The node or instance, and which object that is in its provider's words; by itself the one of its own
    /// name.
    #[arg(value_name = "NODE[=ID]")]
    pub(crate) node: String,
    /// What the deployment is called, for a plan's file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) given: Given,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The deployment's name.
    pub(crate) name: String,
    /// The workflow's name.
    pub(crate) workflow: String,
    /// An input of the workflow; lists, maps and records as JSON, a node by its name.
    #[arg(short = 'i', long = "input", value_name = "NAME=VALUE")]
    pub(crate) inputs: Vec<String>,
    /// A file with inputs, as YAML or JSON.
    #[arg(long = "inputs", value_name = "FILE")]
    pub(crate) inputs_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Journal {
    /// Read all of it: every event must be the one that was written, and none may be missing.
    Verify {
        /// The deployment's name.
        name: String,
    },
    /// Drop what happened long ago; what is there, what it takes to remove it and to go back is kept.
    Compact {
        /// The deployment's name.
        name: String,
        /// Keep what happened since: `90d`, `12h`, `2w`.
        #[arg(long, value_name = "HOW-LONG", default_value = "90d", value_parser = age)]
        keep: Timestamp,
        /// Keep what happened since the first of so many runs, the newest ones.
        #[arg(long, value_name = "COUNT", conflicts_with = "keep", value_parser = clap::value_parser!(u64).range(1..))]
        keep_runs: Option<u64>,
        /// Only show what would be dropped.
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy it into a new file, also while the deployment is worked on.
    Backup {
        /// The deployment's name.
        name: String,
        /// The file, which must not be there yet.
        file: PathBuf,
    },
    /// Put a copy back as the deployment's journal.
    Restore {
        /// The deployment's name: that which it had when it was copied.
        name: String,
        /// The copy.
        file: PathBuf,
        /// Put away the journal that is there.
        #[arg(long)]
        replace: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sim {
    /// Serve embedded clusters until told to stop (Ctrl-C or SIGTERM).
    Serve(Serve),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// How many.
    #[arg(long, default_value_t = 3)]
    pub(crate) clusters: usize,
    /// Where kubeconfigs, the inventory and the clusters' state go.
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// How long Deployments take to become available: `500ms`, `2s`.
    #[arg(long, default_value = "500ms", value_parser = duration)]
    pub(crate) ready_after: Duration,
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a duration such as 500ms or 2s, found `{text}`");
    let (number, unit) = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .and_then(|at| text.split_at_checked(at))
        .ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1_000.0,
        "s" => number,
        "m" => number * 60.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}
