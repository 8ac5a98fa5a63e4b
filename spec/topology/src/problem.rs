//! Why a plan can't be carried out with these inputs and this inventory, as values to show.

use bp_eval::{ErrorKind, EvalError};
use bp_plan::Span;

/// All codes that a problem of a plan with its inputs and inventory can have: those of mistakes that
/// a compiler finds, where the mistake is the same and only the inputs show it.
pub const CODES: [&str; 23] = [
    "E2019", "E3002", "E3022", "E3023", "E3024", "E3025", "E3026", "E3027", "E3028", "E4008",
    "E4009", "E4011", "E4017", "E4019", "E4023", "E5002", "E5011", "E7071", "E7081", "E7082",
    "E7083", "E7084", "E7085",
];

/// Something that is to be given with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// An input.
    Input(String),
    /// Elements of this type (its short name) in the inventory.
    Elements(String),
}

/// A mistake or a warning that shows when plan, inputs and inventory come together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Its code in the catalogue of diagnostics; none where it is no mistake of a blueprint.
    pub code: Option<&'static str>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The line of the blueprint that it is about.
    pub span: Option<Span>,
    /// What to do, as an imperative.
    pub help: Option<String>,
    /// What was not given: whoever asked knows how it is given.
    pub lack: Option<Box<Lack>>,
    /// Whether the deployment can go on all the same.
    pub is_warning: bool,
}

impl Problem {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
            span: None,
            help: None,
            lack: None,
            is_warning: false,
        }
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::error(message) }
    }

    /// With its code.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// About this line.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Because this was not given.
    #[must_use]
    pub fn lack(mut self, lack: Lack) -> Self {
        self.lack = Some(Box::new(lack));
        self
    }

    /// With this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The code of what needs something that is not there, or is not known yet.
pub(crate) const OPEN: &str = "E7083";

/// The code of what an expression can't be evaluated for.
pub(crate) fn code_of(error: &EvalError) -> &'static str {
    match error.kind {
        ErrorKind::DivisionByZero => "E3022",
        ErrorKind::Overflow => "E3023",
        ErrorKind::MissingKey => "E3024",
        ErrorKind::WrongType | ErrorKind::NotSet => "E3002",
        ErrorKind::BadArgument => "E3027",
        ErrorKind::Constraint => "E3028",
        ErrorKind::TooLarge => "E3026",
        ErrorKind::DuplicateKey => "E3025",
        ErrorKind::Cycle => "E2019",
        ErrorKind::Unavailable => OPEN,
    }
}
