//! What is told only because something else was: where a text is broken, the names, types and parts that are
//! missed are no mistakes of their own, and one mistake is told by the one who says most of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::unused::is_unused_import;
use crate::diagnostics::{Diagnostic, Severity};
use crate::loader::Sources;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::ast::Item;

/// Codes that tell of something left out: what a broken text was meant to give.
const LEFT_OUT: &[&str] = &["E4002", "E4008", "E4021", "E7041"];
/// Codes that tell of a name or a member that nothing declares.
const UNDECLARED: &[&str] = &["E2013", "E3001", "E3003", "E3008", "E4001", "E4005"];
/// Codes that tell of a member that a type does not have, with the place of the type.
const MEMBERS: &[&str] = &["E3003", "E4001"];

/// Takes out of `found` what follows from other mistakes: of syntax, which were told, or of those found.
pub(crate) fn silence(sources: &Sources, syntax: &[Diagnostic], found: &mut Vec<Diagnostic>) {
    // What a type reads of its blueprint is late there, too; files in a ring make blueprints in one.
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
    let mut broken: BTreeMap<FileId, Broken> = BTreeMap::new();
    for one in syntax {
        if one.severity == Severity::Error
            && one.code.starts_with("E1")
            && let Some(module) = sources.modules.get(one.place.file.0 as usize)
        {
            let source = &module.source;
            let broken = broken.entry(one.place.file).or_default();
            let start = one.place.span.start;
            let line = source.line_start(start);
            broken.lines.insert(line);
            let after = module.tree.items.partition_point(|item| item.span.start <= start);
            broken.items.insert(after);
            if source.slice(Span::new(line, start)).trim().is_empty() {
                broken.lost.extend(head(source, start));
            }
        }
    }
    if broken.is_empty() {
        return;
    }
    found.retain(|one| {
        let place = one.place;
        let (Some(broken), Some(module)) =
            (broken.get(&place.file), sources.modules.get(place.file.0 as usize))
        else {
            return true;
        };
        let source = &module.source;
        if one.severity == Severity::Error
            && broken.lines.contains(&source.line_start(place.span.start))
        {
            return false;
        }
        // What was not read may use it.
        if is_unused_import(one) {
            return false;
        }
        if LEFT_OUT.contains(&one.code) {
            return !item(place).1.is_some_and(|at| broken.items.contains(&at));
        }
        // Where the first item is broken, it may be the blueprint.
        if one.code == "E2010" {
            return !broken.items.contains(&0);
        }
        let name = source.slice(place.span).split('.').next().unwrap_or_default();
        !(UNDECLARED.contains(&one.code) && broken.lost.contains(name))
    });
    // A member may stand in what was not read of its type.
    found.retain(|one| {
        let is_broken = |(place, _): &(Place, String)| {
            let (file, at) = item(*place);
            broken.get(&file).zip(at).is_some_and(|(broken, at)| broken.items.contains(&at))
        };
        !(MEMBERS.contains(&one.code) && one.related.iter().any(is_broken))
    });
}

/// What is broken of a file.
#[derive(Default)]
struct Broken {
    /// Where the lines start.
    lines: BTreeSet<u32>,
    /// The items, each by how many start before the mistake; 0 is what stands before the first.
    items: BTreeSet<usize>,
    /// The words of lines that should be the head of an item or a member: one of them is its name.
    lost: BTreeSet<String>,
}

/// The first words from here on its line.
fn head(source: &SourceFile, start: u32) -> Vec<String> {
    let text = source.text().get(start as usize..).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let end = text.find(|c: char| !is_word(c) && !c.is_whitespace()).unwrap_or(text.len());
    let words = text.get(..end).unwrap_or_default().split_whitespace();
    words.take(4).map(str::to_owned).collect()
}
