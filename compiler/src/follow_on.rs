//! What is told only because something else was: one mistake is told by the one who says most of it.
//!
//! What follows from a text that could not be read is `unread`; from an import that failed, `imports`; from a
//! declaration that is there twice or was not understood, `lost`; from a name that may stand for two things, `named`.
//! Within the syntax, `syntax/echoes.rs` does the same.

mod imports;
mod lost;
mod named;
mod unread;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostics::names::{is_of_module, not_in_modules};
use crate::diagnostics::types::is_secret_escape;
use crate::diagnostics::{Diagnostic, Severity};
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::Item;

/// What is told of how the items of a blueprint stand together: a test's inputs, what is among the targets, what
/// is exposed.
const TOGETHER: [&str; 3] = ["E7081", "W5004", "E4044"];

/// Takes out of `found` what follows from other mistakes: of syntax, which were told, or of those found. It
/// is in the order of the source.
pub(crate) fn silence(
    names: &Names,
    sources: &Sources,
    syntax: &[Diagnostic],
    found: &mut Vec<Diagnostic>,
) {
    rings(sources, syntax, found);
    second_blueprint(sources, found);
    imports::silence(names, sources, found);
    lost::silence(names, sources, found);
    named::silence(sources, syntax, found);
    unread::silence(sources, syntax, found);
    headless(found);
    misspelt_version(found);
    unknown_values(found);
    listed_twice(found);
    secret_around(found);
}

/// A version whose name is misspelt is not missing.
fn misspelt_version(found: &mut Vec<Diagnostic>) {
    let meant = |one: &Diagnostic| {
        let edits = one.fix.iter().flat_map(|fix| &fix.edits);
        one.code == "E2018" && edits.map(|(_, text)| text).eq(["version"])
    };
    let files: Vec<FileId> =
        found.iter().filter(|one| meant(one)).map(|one| one.place.file).collect();
    found.retain(|one| one.code != "E4021" || !files.contains(&one.place.file));
}

/// Too few different targets are told once: where they are counted.
fn listed_twice(found: &mut Vec<Diagnostic>) {
    let counted = found.iter().filter(|one| one.code == "E4009");
    let counted: Vec<Place> = counted.map(|one| one.place).collect();
    let is_among = |at: Place| {
        counted.iter().any(|of| {
            of.file == at.file && of.span.start <= at.span.start && at.span.end <= of.span.end
        })
    };
    found.retain(|one| one.code != "W5005" || !is_among(one.place));
}

/// What an expression is worked out to be is another kind of value than its type says, or a collection without keys,
/// only where something that it hangs on has a mistake.
fn unknown_values(found: &mut Vec<Diagnostic>) {
    let is_phantom = |one: &Diagnostic| {
        one.code == "E3027"
            && (one.message.starts_with("expected ")
                || one.message.contains("` can't be indexed by "))
    };
    if found.iter().any(|one| one.severity == Severity::Error && !is_phantom(one)) {
        found.retain(|one| !is_phantom(one));
    }
}

/// What has a mistake inside may look as if it were kept secret as a whole.
fn secret_around(found: &mut Vec<Diagnostic>) {
    let errors = found.iter().filter(|one| one.severity == Severity::Error);
    let places: Vec<Place> = errors.map(|one| one.place).collect();
    let is_around = |one: &Diagnostic| {
        let (file, Span { start, end }) = (one.place.file, one.place.span);
        let within = |at: &Place| {
            at.file == file && start <= at.span.start && at.span.end <= end && *at != one.place
        };
        is_secret_escape(one) && places.iter().any(within)
    };
    found.retain(|one| !is_around(one));
}

/// A file without a `blueprint` lacks one thing, of however many items: it is told at the first of them, and
/// nothing of how they would be a blueprint together.
fn headless(found: &mut Vec<Diagnostic>) {
    let mut files: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
    for one in found.iter().filter(|one| is_of_module(one)) {
        files.entry(one.place.file).or_default().push(one.clone());
    }
    let mut told = BTreeSet::new();
    found.retain_mut(|one| {
        let Some(all) = files.get(&one.place.file) else { return true };
        let others = all.get(1..).unwrap_or_default();
        if !is_of_module(one) {
            return !TOGETHER.contains(&one.code);
        }
        let is_first = told.insert(one.place.file);
        if is_first {
            *one = not_in_modules(one, others);
        }
        is_first
    });
}

/// What a type reads of its blueprint is late there, too; files in a ring make blueprints in one.
fn rings(sources: &Sources, syntax: &[Diagnostic], found: &mut Vec<Diagnostic>) {
    let item = |place: Place| {
        let items = sources.modules.get(place.file.0 as usize).map(|module| &module.tree.items);
        let before =
            |items: &Vec<Arc<Item>>| items.partition_point(|it| it.span.start <= place.span.start);
        (place.file, items.map(before))
    };
    let reads = found.iter().filter(|one| one.code == "E4057").map(|one| item(one.place));
    let reads: BTreeSet<(FileId, Option<usize>)> = reads.collect();
    found.retain(|one| one.code != "E4016" || !reads.contains(&item(one.place)));
    if syntax.iter().chain(found.iter()).any(|one| one.code == "E2004") {
        found.retain(|one| one.code != "E4054");
    }
}

/// What is wrong with a second blueprint goes with it.
fn second_blueprint(sources: &Sources, found: &mut Vec<Diagnostic>) {
    let item = |place: Place| {
        let module = sources.modules.get(place.file.0 as usize)?;
        let holds =
            |it: &&Arc<Item>| it.span.start <= place.span.start && place.span.end <= it.span.end;
        let span = module.tree.items.iter().find(holds)?.span;
        Some((place.file, span.start, span.end))
    };
    let second: Vec<_> =
        found.iter().filter(|one| one.code == "E2011").filter_map(|one| item(one.place)).collect();
    found.retain(|one| {
        let inside = |(file, start, end): &(FileId, u32, u32)| {
            let at = one.place;
            *file == at.file && (*start..*end).contains(&at.span.start)
        };
        one.code == "E2011" || !second.iter().any(inside)
    });
}
