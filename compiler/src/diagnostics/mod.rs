//! What is wrong with a person's source: values, never printed here.
//!
//! Knows source places only. Each diagnostic has one constructor, in the file of its stage
//! (`syntax.rs`, `names.rs`, `types.rs`, `topology.rs`, …), which holds code, wording, help and fix; call sites read as
//! sentences.

pub mod composition;
pub mod names;
mod near;
pub mod never;
pub mod nodes;
pub mod operations;
pub mod packages;
pub mod plan;
pub mod policies;
pub mod selections;
pub mod slips;
pub mod syntax;
pub mod testing;
pub mod topology;
pub mod types;
pub mod unused;
mod words;
pub mod workflows;

pub(crate) use near::{near, of_module};
pub(crate) use words::{an, one_of};

use crate::source::Place;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the program is accepted.
    Warning,
    /// The program is refused.
    Error,
}

/// A mistake in a person's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// `E2001`; for warnings `W2001`.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// One sentence: what is wrong, in the words of the person's own blueprint.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What the underline says; may be empty.
    pub label: String,
    /// What to do, as an imperative.
    pub help: Option<String>,
    /// Other places that matter, each with what it has to do with this.
    pub related: Vec<(Place, String)>,
    /// A change of the text that mends it, where there is one.
    pub fix: Option<Fix>,
}

/// A change of the text that a machine can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative.
    pub title: String,
    /// What is replaced by what; places don't overlap.
    pub edits: Vec<(Place, String)>,
    /// It leaves something open that the author alone knows, as `…`: an editor offers it, no machine makes it.
    pub is_draft: bool,
}

impl Diagnostic {
    /// An error with this code, sentence and place.
    pub fn error(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        Self::new(code, Severity::Error, message, place)
    }

    /// A warning with this code, sentence and place.
    pub fn warning(code: &'static str, message: impl Into<String>, place: Place) -> Self {
        Self::new(code, Severity::Warning, message, place)
    }

    fn new(
        code: &'static str,
        severity: Severity,
        message: impl Into<String>,
        place: Place,
    ) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            place,
            label: String::new(),
            help: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// With these words at the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With this advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn related(mut self, place: Place, note: impl Into<String>) -> Self {
        self.related.push((place, note.into()));
        self
    }

    /// With a change that mends it.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<(Place, String)>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits, is_draft: false });
        self
    }

    /// With a change after which the author has something to fill in.
    #[must_use]
    pub fn draft(mut self, title: impl Into<String>, edits: Vec<(Place, String)>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits, is_draft: true });
        self
    }
}
