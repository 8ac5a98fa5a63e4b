//! What is wrong with a person's source: values, never printed here.
//!
//! Knows source places only. Each diagnostic has one constructor, in the file of its stage
//! (`syntax.rs`, `names.rs`, `types.rs`, `topology.rs`, …), which holds code, wording, help and fix; call sites read as
//! sentences.

pub mod composition;
pub mod names;
pub mod never;
pub mod nodes;
pub mod operations;
pub mod packages;
pub mod plan;
pub mod policies;
pub mod selections;
pub mod syntax;
pub mod testing;
pub mod topology;
pub mod types;
pub mod unused;
pub mod workflows;

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
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }
}

/// How often each letter stands in a name; letters that share a place are taken for one.
fn letters(name: &str) -> [u8; 64] {
    let mut counts = [0_u8; 64];
    for letter in name.chars() {
        if let Some(count) = counts.get_mut(letter as usize % 64) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// How many letters must be changed at least, wherever they stand.
fn apart(one: &[u8; 64], other: &[u8; 64]) -> usize {
    let more = |a: &[u8; 64], b: &[u8; 64]| -> usize {
        a.iter().zip(b).map(|(a, b)| usize::from(a.saturating_sub(*b))).sum()
    };
    more(one, other).max(more(other, one))
}

/// The known name that is most like this one, if any is like it at all.
pub(crate) fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    if length > 100 {
        return None;
    }
    let most = (length / 3).max(1);
    let name = name.to_lowercase();
    let letters = letters(&name);
    known
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= most * 4)
        .map(|candidate| (candidate.to_lowercase(), candidate))
        // Soon told, and true of nearly all where there are thousands.
        .filter(|(lower, _)| apart(&letters, &self::letters(lower)) <= most)
        .map(|(lower, candidate)| (strsim::damerau_levenshtein(&name, &lower), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}
