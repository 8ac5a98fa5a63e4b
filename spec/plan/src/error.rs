//! Why a plan can't be read or written: one sentence each, with what to do.

use std::io;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::validate::Problem;

/// Why a plan can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// What is wrong with a file.
    #[error("`{}`: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        problem: Box<PlanError>,
    },
    /// There is no such file.
    #[error("there is no such file: `bpc compile FILE.bp -o FILE.plan` writes one")]
    Missing,
    /// The file is there and can't be read.
    #[error("it can't be read: {0}")]
    Read(#[source] io::Error),
    /// The file can't be written.
    #[error("it can't be written: {0}")]
    Write(#[source] io::Error),
    /// The file has no bytes.
    #[error("it is empty: compile it again with `bpc compile`")]
    Empty,
    /// A blueprint.
    #[error("it is source, and the runtime runs plans: compile it with `bpc compile`")]
    Source,
    /// `plan.json` without its container.
    #[error(
        "it is JSON alone, and a plan is a container: write it with `bpc compile -o`, without `--format json`"
    )]
    JsonAlone,
    /// Something else.
    #[error("it is no plan: expected a file that `bpc compile -o` wrote")]
    NotAPlan,
    /// The file ends before the plan does.
    #[error("it ends before the plan does: copy or compile it again, the rest is missing")]
    Truncated,
    /// A format that came later.
    #[error(
        "its format is {found}, and this version reads up to {known}: use a newer `bpr`, or compile it with an older `bpc`"
    )]
    NewerFormat {
        /// Its format.
        found: u64,
        /// The newest that is read here.
        known: u32,
    },
    /// `plan.json` isn't what the compiler wrote.
    #[error(
        "its content was changed after it was compiled (expected {}, found {}): change the source and compile again",
        expected.short(),
        found.short()
    )]
    Edited {
        /// The digest that the compiler noted.
        expected: Digest,
        /// That of what is there.
        found: Digest,
    },
    /// An artifact isn't what its name says.
    #[error(
        "its artifact {} was changed after it was compiled: compile it again",
        expected.short()
    )]
    ArtifactEdited {
        /// The digest in its name.
        expected: Digest,
    },
    /// Something in the container that the plan doesn't name, or that it names and isn't there.
    #[error("it was put together by something else than `bpc`: {0}")]
    Container(String),
    /// Something in `plan.json` that this version doesn't know.
    #[error("it has an element that this version doesn't know: {0}; use a newer `bpr`")]
    UnknownElement(String),
    /// `plan.json` has no meaning.
    #[error("its `plan.json` is malformed: {0}; compile it again")]
    Malformed(String),
    /// An expression or value nests too deeply.
    #[error(
        "an expression in it nests too deeply ({found} levels of at most {most}): name its parts with `const`"
    )]
    TooDeep {
        /// How deep.
        found: usize,
        /// How deep it may be.
        most: usize,
    },
    /// A plan inside of it is not whole.
    #[error("the plan {} inside of it: {problem}", digest.short())]
    Nested {
        /// Which.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        problem: Box<PlanError>,
    },
    /// Plans in plans in plans.
    #[error("plans lie inside of each other more than {most} deep: compose it flatter")]
    NestedTooDeep {
        /// How deep they may.
        most: usize,
    },
    /// Its parts don't fit together.
    #[error("its parts don't fit together: {}; compile it again", listed(.0))]
    Invalid(Vec<Problem>),
}

impl PlanError {
    /// What is wrong, without the file's name.
    pub fn problem(&self) -> &Self {
        match self {
            Self::File { problem, .. } => problem.problem(),
            other => other,
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
    let rest = problems.len().saturating_sub(shown.len());
    let more = if rest > 0 { format!(" (and {rest} more)") } else { String::new() };
    format!("{}{more}", shown.join("; "))
}
