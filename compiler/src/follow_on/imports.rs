//! What else is told of a missing import: each use of it. That is one mistake, so one of them stays.

use std::collections::BTreeSet;

use crate::diagnostics::Diagnostic;
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::{FileId, SourceFile};
use crate::syntax::ast::ItemKind;

/// Takes out what only repeats that an import failed (told at the `use`), or that there is none (told at
/// the first use). The diagnostics are in the order of the source.
pub(super) fn silence(names: &Names, sources: &Sources, found: &mut Vec<Diagnostic>) {
    let mut told: BTreeSet<(FileId, String, Option<usize>)> = BTreeSet::new();
    found.retain(|diagnostic| {
        if !matches!(diagnostic.code, "E2013" | "E3001" | "E3008" | "E3029") {
            return true;
        }
        let file = diagnostic.place.file;
        let Some(source) = sources.file(file) else { return true };
        let Some(scope) = names.files.get(file.0 as usize) else { return true };
        let (head, is_module) = head(source, diagnostic);
        if scope.lost.contains(head) {
            return false;
        }
        !is_module || scope.modules.contains_key(head) || {
            told.insert((file, head.to_owned(), scope_of(sources, diagnostic)))
        }
    });
}

/// The item whose own names the mistake may be about: what a workflow or a function lacks, another may have.
fn scope_of(sources: &Sources, diagnostic: &Diagnostic) -> Option<usize> {
    let place = diagnostic.place;
    let items = &sources.modules.get(place.file.0 as usize)?.tree.items;
    let index = items.partition_point(|it| it.span.start <= place.span.start).checked_sub(1)?;
    let has_own = matches!(items.get(index)?.kind, ItemKind::Workflow(_) | ItemKind::Function(_));
    (has_own && diagnostic.code == "E3001").then_some(index)
}

/// The first name of what is underlined, and whether another follows it with a dot.
fn head<'s>(source: &'s SourceFile, diagnostic: &Diagnostic) -> (&'s str, bool) {
    let span = diagnostic.place.span;
    let text = source.slice(span);
    let after = source.text().get(span.end as usize..).unwrap_or_default();
    match text.split_once('.') {
        Some((head, _)) => (head, true),
        None => (text, after.starts_with('.')),
    }
}
