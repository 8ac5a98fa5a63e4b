//! Something that a person is told: what is wrong, where in the blueprint, what to do.

use bp_driver::DriverError;
use bp_journal::StoreError;
use bp_plan::{Plan, Span};
use bp_topology::{Lack, Problem};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Its code in the catalogue of diagnostics, where it has one: `bpc explain` teaches it.
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) place: Option<Box<Place>>,
    pub(crate) is_warning: bool,
}

/// Lines of a blueprint, with a stretch to underline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, as the plan names it.
    pub(crate) path: String,
    /// The number of the line, from 1.
    pub(crate) line: u32,
    /// The line.
    pub(crate) text: String,
    /// The stretch, in bytes of the line.
    pub(crate) stretch: (usize, usize),
}

impl Told {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), help: None, place: None, is_warning: false }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the line of the blueprint that it is about.
    pub(crate) fn at(mut self, plan: &Plan, span: Option<Span>) -> Self {
        self.place = span.and_then(|span| Place::of(plan, span)).map(Box::new);
        self
    }

    /// A problem of a plan with its inputs and inventory.
    pub(crate) fn problem(plan: &Plan, problem: &Problem) -> Self {
        Self {
            code: problem.code,
            message: problem.message.clone(),
            help: problem.lack.as_deref().map(given).or_else(|| problem.help.clone()),
            place: None,
            is_warning: problem.is_warning,
        }
        .at(plan, problem.span)
    }

    /// Why the driver did not do it, for a deployment of this name.
    pub(crate) fn driver(name: &str, error: &DriverError) -> Vec<Self> {
        match error {
            DriverError::Refused { plan, problems } => {
                problems.iter().map(|problem| Self::problem(plan, problem)).collect()
            }
            DriverError::Unapproved(problems) => {
                problems.iter().map(|(plan, problem)| Self::problem(plan, problem)).collect()
            }
            DriverError::NotAdopted { help, .. } => {
                let told = Self::error(error.to_string());
                vec![Self { help: help.clone(), ..told }]
            }
            DriverError::Store(error) => vec![Self::store(name, error)],
            other => vec![match help(name, other) {
                Some(help) => Self::error(other.to_string()).help(help),
                None => Self::error(format!("`{name}`: {other}")),
            }],
        }
    }

    /// The first thing that the driver tells, where one is enough.
    pub(crate) fn first(name: &str, error: &DriverError) -> Self {
        let first = Self::driver(name, error).into_iter().next();
        first.unwrap_or_else(|| Self::error(error.to_string()))
    }

    /// Why there is no journal to ask.
    pub(crate) fn home(error: &StoreError) -> Self {
        Self::error(error.to_string())
    }

    /// Why the journal did not do it.
    pub(crate) fn store(name: &str, error: &StoreError) -> Self {
        let told = Self::error(format!("`{name}`: {error}"));
        match error {
            StoreError::Conflict { .. } | StoreError::LeaseLost { .. } => told.help(format!(
                "another runtime has taken the deployment over and goes on with it; see `bpr status {name}`"
            )),
            StoreError::Held { .. } => told.help(format!(
                "wait until that process is done, or stop it; `bpr status {name}` shows how far it is"
            )),
            StoreError::Away(_) => told.help(format!(
                "then `bpr resume {name}` goes on with what was begun"
            )),
            StoreError::Full { .. } => told.help(format!(
                "make room, then `bpr resume {name}`: nothing that was done is lost"
            )),
            StoreError::Corrupt(_) => told.help(format!(
                "`bpr journal verify {name}` tells all that is wrong; `bpr journal restore {name} FILE --replace` puts a copy in its place"
            )),
            _ => told,
        }
    }
}

/// What to do about what the driver did not do, where its words name the deployment.
fn help(name: &str, error: &DriverError) -> Option<String> {
    Some(match error {
        DriverError::NothingPlanned(_) | DriverError::NotDeployed(_) => {
            format!("deploy it: `bpr deploy PLAN --name {name}`")
        }
        DriverError::NothingToPause(_) => format!("`bpr status {name}` tells how it stands"),
        DriverError::PausedAlready { .. } => format!("`bpr resume {name}` goes on"),
        DriverError::NoStep { step, known, .. } => {
            match near(step, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`bpr status {name}` shows those that there are"),
            }
        }
        DriverError::StepDone { .. } => format!("`bpr status {name}` tells what is not done"),
        DriverError::StepUnderWay { .. } => {
            format!("`bpr resume {name}` finds out what came of it")
        }
        DriverError::NothingToRetry { .. } => {
            "a step that was skipped is tried again where it is named".to_owned()
        }
        DriverError::NoReason { .. } => "say it with `--why TEXT`".to_owned(),
        DriverError::Asked(_) => format!("`bpr resume {name}` begins it"),
        DriverError::NoWayBack { .. } => format!(
            "`bpr history {name}` tells of all revisions; `bpr rollback {name} --to REVISION` goes to one"
        ),
        DriverError::RunOpen(_) => format!("first `bpr resume {name}`"),
        DriverError::WorkflowOpen { .. } => {
            format!("`bpr resume {name}` goes on with it, `bpr cancel {name}` cancels it")
        }
        DriverError::NoWorkflow(_) => {
            format!("`bpr status {name}` tells of the one that was run last")
        }
        _ => return None,
    })
}

/// The name that was perhaps meant.
pub(crate) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= name.len() / 3 + 1)
        .min()
        .map(|(_, near)| near)
}

/// How what is lacking is given.
fn given(lack: &Lack) -> String {
    match lack {
        Lack::Input(name) => format!("add `--input {name}=…`"),
        Lack::Elements(kind) => {
            format!("the inventory has no {kind}; name some with `--kubeconfig` or `--inventory`")
        }
    }
}

impl Place {
    fn of(plan: &Plan, span: Span) -> Option<Self> {
        let source = plan.sources.get(span.file as usize)?;
        let text = source.lines.get(&span.line)?.clone();
        let byte = |column: u32| {
            let before = usize::try_from(column).unwrap_or(1).saturating_sub(1);
            text.char_indices().nth(before).map_or(text.len(), |(at, _)| at)
        };
        let start = byte(span.column);
        let end = if span.end_line == span.line { byte(span.end_column) } else { text.len() };
        let stretch = (start, end.max(start));
        Some(Self { path: source.path.clone(), line: span.line, text, stretch })
    }
}
