//! What is declared and never used: imports of each file, declarations and locals of a blueprint's file.
//!
//! It looks at syntax alone. A local may not repeat a name that is visible, so within a file a name
//! always means the same thing, and a look at the text is enough.

mod uses;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostics::{Diagnostic, unused as says};
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, RecordEntry, ValueKeyword};

use uses::Uses;

/// Imports that nothing uses, in all files.
pub(crate) fn imports(sources: &Sources, names: &Names, out: &mut Vec<Diagnostic>) {
    for ((file, module), scope) in sources.all().zip(&names.files) {
        // That a file uses itself was told.
        let own = module.uses.iter().filter(|(_, to)| **to == file);
        let own: Vec<Span> =
            own.filter_map(|(item, _)| Some(module.tree.items.get(*item)?.span)).collect();
        let is_own = |at: Place| {
            own.iter().any(|item| item.start <= at.span.start && at.span.end <= item.end)
        };
        for (name, at) in scope.unused().into_iter().filter(|(_, at)| !is_own(*at)) {
            out.push(says::import(at, &name, without_import(sources, at)));
        }
    }
}

/// Declarations and locals that nothing uses, in the root file, which must be free of errors: what
/// is broken may hide a use. A module's declarations are there for others.
pub(crate) fn declarations(sources: &Sources, out: &mut Vec<Diagnostic>) {
    let Some(root) = sources.modules.first() else { return };
    let file = FileId(0);
    let items = &root.tree.items;
    let declarations = items.iter().filter_map(|item| declared(&item.kind));
    let mut uses = Uses::of(items, declarations.map(|(name, _)| name.text.as_str()).collect());
    for local in uses.idle.drain(..) {
        let place = Place { file, span: local.name.span };
        if local.is_named_by_callers {
            out.push(says::workflow_parameter(place, &local.name.text));
            continue;
        }
        let remove = local.whole.map(|entry| whole_lines(&root.source, entry));
        let remove = remove.map(|span| Place { file, span });
        out.push(says::local(place, &local.name.text, local.what, remove));
    }
    if !items.iter().any(|item| matches!(item.kind, ItemKind::Blueprint(_))) {
        return;
    }
    // What substitutes a type takes what the type says, whether it needs it or not.
    let substitutes = items.iter().any(
        |item| matches!(&item.kind, ItemKind::Blueprint(blueprint) if blueprint.substitutes.is_some()),
    );
    let given = given(items);
    for item in items {
        let Some((name, what)) = declared(&item.kind) else { continue };
        if substitutes && matches!(what, "input" | "secret" | "requirement") {
            continue;
        }
        let is_used = match what {
            "function" => uses.functions.contains(name.text.as_str()),
            "type" => uses.types.contains(name.text.as_str()),
            _ => uses.values.contains(name.text.as_str()),
        };
        if !is_used && !name.text.starts_with('_') {
            let place = Place { file, span: name.span };
            let remove = Place { file, span: whole_lines(&root.source, item.span) };
            let is_given = given.as_ref().is_none_or(|given| given.contains(name.text.as_str()));
            let remove = (!is_given).then_some(remove);
            out.push(says::declaration(place, &name.text, what, remove));
        }
    }
}

/// The inputs and secrets that tests give values to, which would miss them; nothing where that can't be told.
fn given(items: &[Arc<ast::Item>]) -> Option<BTreeSet<&str>> {
    let entries = items.iter().filter_map(|item| match &item.kind {
        ItemKind::Test(test) => Some(&test.body.entries),
        _ => None,
    });
    let records = entries.flatten().filter_map(|entry| match &entry.kind {
        EntryKind::Assign { value: ast::Expr { kind: ExprKind::Record(given), .. }, .. } => {
            Some(given)
        }
        _ => None,
    });
    let names = records.flatten().map(|one| match one {
        RecordEntry::One { key, .. } => Some(key.text.as_str()),
        RecordEntry::Spread(_) => None,
    });
    names.collect()
}

/// The name of what others are to use, and what it is.
fn declared(kind: &ItemKind) -> Option<(&ast::Name, &'static str)> {
    Some(match kind {
        ItemKind::Value(value) => {
            let what = match value.keyword {
                ValueKeyword::Input => "input",
                ValueKeyword::Secret => "secret",
                ValueKeyword::Const => "constant",
            };
            (&value.name, what)
        }
        ItemKind::Select(select) => (&select.name, "selection"),
        ItemKind::Requires(member) => (&member.name, "requirement"),
        ItemKind::Function(function) => (&function.name, "function"),
        ItemKind::Type(it) => (&it.name, "type"),
        _ => return None,
    })
}

/// What is taken out so that a name is no longer brought in.
fn without_import(sources: &Sources, at: Place) -> Option<Place> {
    let module = sources.modules.get(at.file.0 as usize)?;
    let after = module.tree.items.partition_point(|item| item.span.start <= at.span.start);
    let item = module.tree.items.get(after.checked_sub(1)?)?;
    let ItemKind::Use(used) = &item.kind else { return None };
    let place = |span| Some(Place { file: at.file, span });
    let names = used.names.as_deref().unwrap_or_default();
    let Some(index) =
        names.iter().position(|name| name.span == at.span).filter(|_| names.len() > 1)
    else {
        return place(whole_lines(&module.source, item.span));
    };
    let before = index.checked_sub(1).and_then(|index| names.get(index));
    match (names.get(index + 1), before) {
        (Some(next), _) => place(Span::new(at.span.start, next.span.start)),
        (None, Some(before)) => place(Span::new(before.span.end, at.span.end)),
        (None, None) => None,
    }
}

/// The lines of an item or entry that has them for itself, with the `///` above it; else itself, with the
/// comma that parts it from what follows.
fn whole_lines(source: &SourceFile, span: Span) -> Span {
    let text = source.text();
    let mut start = source.line_start(span.start);
    let rest = text.get(span.end as usize..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
    let is_alone = source.slice(Span::new(start, span.start)).trim().is_empty()
        && rest.get(..line).unwrap_or_default().trim().is_empty();
    if !is_alone {
        let blanks = rest.len() - rest.trim_start_matches([',', ' ']).len();
        return Span::new(span.start, span.end + u32::try_from(blanks).unwrap_or(0));
    }
    while start > 0 {
        let above = source.line_start(start - 1);
        if !source.slice(Span::new(above, start)).trim_start().starts_with("///") {
            break;
        }
        start = above;
    }
    Span::new(start, span.end + u32::try_from(line).unwrap_or(0))
}

/// Names that something uses.
type Used<'t> = BTreeSet<&'t str>;
