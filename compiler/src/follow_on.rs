//! What is told only because something else was: one mistake is told by the one who says most of it.
//!
//! What follows from a text that could not be read is `unread`; from an import that failed, `imports`; from a
//! declaration that is there twice or was not understood, `lost`.
//! Within the syntax, `syntax/echoes.rs` does the same.

mod imports;
mod lost;
mod unread;

use std::collections::BTreeSet;

use crate::diagnostics::Diagnostic;
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::{FileId, Place};
use crate::syntax::ast::Item;

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
    unread::silence(sources, syntax, found);
}

/// What a type reads of its blueprint is late there, too; files in a ring make blueprints in one.
fn rings(sources: &Sources, syntax: &[Diagnostic], found: &mut Vec<Diagnostic>) {
    let item = |place: Place| {
        let items = sources.modules.get(place.file.0 as usize).map(|module| &module.tree.items);
        let before =
            |items: &Vec<Item>| items.partition_point(|it| it.span.start <= place.span.start);
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
        let holds = |it: &&Item| it.span.start <= place.span.start && place.span.end <= it.span.end;
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
