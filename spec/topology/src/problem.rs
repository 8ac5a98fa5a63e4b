//! Why a plan can't be carried out with these inputs and this inventory, as values to show.

use bp_plan::Span;

/// A mistake or a warning that shows when plan, inputs and inventory come together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong, in one sentence.
    pub message: String,
    /// The line of the blueprint that it is about.
    pub span: Option<Span>,
    /// What to do, as an imperative.
    pub help: Option<String>,
    /// Whether the deployment can go on all the same.
    pub is_warning: bool,
}

impl Problem {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None, is_warning: false }
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::error(message) }
    }

    /// About this line.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// With this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
