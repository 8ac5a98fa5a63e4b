//! What is said where a name is used of which nobody can say what it stands for: it is declared twice, is a word of
//! the language, or that of a built-in function. Whichever was meant, the declaration has the mistake.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, Severity};
use crate::loader::Sources;
use crate::source::{FileId, Place};

/// Codes that tell of a name that a file can't have, or not once more, and underline it.
const NAMES: [&str; 4] = ["E1014", "E2006", "E2007", "E4035"];

/// Takes out of `found` what is said on lines that use such a name. `syntax` was told before.
pub(super) fn silence(sources: &Sources, syntax: &[Diagnostic], found: &mut Vec<Diagnostic>) {
    let mut names: BTreeMap<FileId, BTreeSet<&str>> = BTreeMap::new();
    for told in syntax.iter().chain(found.iter()).filter(|told| NAMES.contains(&told.code)) {
        let Some(source) = sources.file(told.place.file) else { continue };
        names.entry(told.place.file).or_default().insert(source.slice(told.place.span));
    }
    found.retain(|one| {
        let is_other = one.severity == Severity::Error && !NAMES.contains(&one.code);
        let names = names.get(&one.place.file).filter(|_| is_other);
        !names.is_some_and(|names| uses(sources, one.place, names))
    });
}

/// Whether the line where the place begins uses one of these names.
fn uses(sources: &Sources, place: Place, names: &BTreeSet<&str>) -> bool {
    let Some(source) = sources.file(place.file) else { return false };
    let line = source.line(source.position(place.span.start).line);
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| names.contains(word))
}
