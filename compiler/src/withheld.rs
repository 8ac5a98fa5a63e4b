//! Near names that are no fix: what would be written stands beside already, is a type of which there can be no
//! node, or would be the value itself.
//!
//! Whoever proposes a near name knows the names that there are; this looks at what stands around it.

use crate::diagnostics::{Diagnostic, names as says, topology, types};
use crate::loader::{Module, Sources};
use crate::resolve::Names;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{Body, EntryKind, Expr, ExprKind, Item, ItemKind, Node, RecordEntry};
use crate::syntax::walk;

/// Takes back the fixes that would make another mistake, and says instead what they were about.
pub(crate) fn withhold(names: &Names, sources: &Sources, found: &mut [Diagnostic]) {
    for told in found.iter_mut().filter(|told| told.fix.is_some()) {
        let Some(item) = item(sources, told.place) else { continue };
        let at = told.place;
        match told.code {
            "E3035" => {
                let name = sources.file(at.file).map(|source| source.slice(at.span));
                let name = name.unwrap_or_default();
                match itself(&item.kind, at.span, name) {
                    Some(Itself::Value) => *told = types::only_itself(at, name),
                    Some(Itself::Target) => *told = types::unknown_target(at, name, None, &[]),
                    None => {}
                }
            }
            "E2013" => abstract_type(names, sources, &item.kind, told),
            _ => {
                let taken = written(told).and_then(|name| beside(&item.kind, at.span, name));
                if let Some(taken) = taken {
                    let is_met = told.code == "E4005";
                    topology::taken(told, Place { span: taken, ..at }, is_met);
                }
            }
        }
    }
}

/// The item that a place is in.
fn item(sources: &Sources, place: Place) -> Option<&Item> {
    let items = &sources.modules.get(place.file.0 as usize)?.tree.items;
    let after = items.partition_point(|item| item.span.start <= place.span.start);
    items.get(after.checked_sub(1)?).map(|item| &**item)
}

/// The name that the fix would write in the place of the mistake, where it does only that.
fn written(told: &Diagnostic) -> Option<&str> {
    match told.fix.as_ref()?.edits.as_slice() {
        [(place, name)] if *place == told.place => Some(name),
        _ => None,
    }
}

/// Withholds an abstract type for which no blueprint stands, where a node would be of it.
fn abstract_type(names: &Names, sources: &Sources, item: &ItemKind, told: &mut Diagnostic) {
    let ItemKind::Node(Node { ty: Some(path), .. }) = item else { return };
    let near = written(told).filter(|_| path.span == told.place.span).map(str::to_owned);
    let Some(near) = near else { return };
    let Some(full) = names.type_name(told.place.file, &near) else { return };
    let declared = names.types.get(&full).and_then(|declared| declared.item(sources));
    let is_abstract = declared.is_some_and(|declared| declared.is_abstract);
    let mut modules = (0..).zip(&sources.modules);
    if is_abstract && !modules.any(|(file, module)| stands_for(names, FileId(file), module, &full))
    {
        says::propose_abstract(told, &near);
    }
}

/// Whether a file's blueprint substitutes the type.
fn stands_for(names: &Names, file: FileId, module: &Module, full: &str) -> bool {
    module.tree.items.iter().any(|item| match &item.kind {
        ItemKind::Blueprint(head) => head.substitutes.as_ref().is_some_and(|path| {
            names.type_name(file, module.source.slice(path.span)).as_deref() == Some(full)
        }),
        _ => false,
    })
}

/// What a name is a part of, where as a member of `self` it would need itself.
enum Itself {
    /// The value of the member of this name.
    Value,
    /// What meets the requirement of this name.
    Target,
}

/// Whether a name stands in what the member of this name is given.
fn itself(item: &ItemKind, at: Span, name: &str) -> Option<Itself> {
    let body = match item {
        ItemKind::Node(node) => &node.body,
        ItemKind::Type(of) => &of.body,
        _ => return None,
    };
    let holds = |of: &str, value: &Expr| {
        of == name && value.span.start <= at.start && at.end <= value.span.end
    };
    body.entries.iter().find_map(|entry| match &entry.kind {
        EntryKind::Assign { key, value } | EntryKind::Fixed { key, value } => {
            holds(&key.text, value).then_some(Itself::Value)
        }
        EntryKind::Property(member) => {
            let default = member.default.as_ref();
            default.is_some_and(|value| holds(&member.name.text, value)).then_some(Itself::Value)
        }
        EntryKind::Meets(meets) => holds(&meets.name.text, &meets.target).then_some(Itself::Target),
        _ => None,
    })
}

/// Where this name is given already, in the block or record that has a key at this place.
fn beside(item: &ItemKind, at: Span, name: &str) -> Option<Span> {
    let body = match item {
        ItemKind::Value(it) => return in_records(it.default.as_ref()?, at, name),
        ItemKind::Output(it) | ItemKind::Expose(it) => return in_records(&it.value, at, name),
        ItemKind::Blueprint(it) => &it.body,
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => &it.body,
        ItemKind::Node(it) => &it.body,
        ItemKind::Type(it) => &it.body,
        ItemKind::Test(it) => &it.body,
        _ => return None,
    };
    let mut found = in_block(body, at, name);
    walk::body(body, &mut |expr| found = found.or_else(|| in_record(expr, at, name)));
    found
}

fn in_block(body: &Body, at: Span, name: &str) -> Option<Span> {
    let block = body.span.filter(|block| block.start <= at.start && at.end <= block.end)?;
    let keys = || body.entries.iter().filter_map(|entry| key(&entry.kind));
    if keys().any(|(span, _)| span == at) {
        return keys().find(|(span, key)| *span != at && *key == name).map(|(span, _)| span);
    }
    body.entries
        .iter()
        .filter(|entry| block.start <= entry.span.start && entry.span.end >= at.end)
        .find_map(|entry| inner(&entry.kind, at, name))
}

/// What an entry of a block gives, and where its name stands.
fn key(entry: &EntryKind) -> Option<(Span, &str)> {
    let name = match entry {
        EntryKind::Assign { key, .. } | EntryKind::Fixed { key, .. } => key,
        EntryKind::Meets(meets) => &meets.name,
        _ => return None,
    };
    Some((name.span, &name.text))
}

/// The same in the blocks of an entry.
fn inner(entry: &EntryKind, at: Span, name: &str) -> Option<Span> {
    match entry {
        EntryKind::Meets(meets) => in_block(&meets.via.as_ref()?.body, at, name),
        EntryKind::Capability(member) => in_block(&member.body, at, name),
        EntryKind::Requires(member) => in_block(&member.via.as_ref()?.body, at, name),
        EntryKind::Operation(operation) => in_block(&operation.body, at, name),
        _ => None,
    }
}

/// The same in the records of a value.
fn in_records(of: &Expr, at: Span, name: &str) -> Option<Span> {
    let mut found = None;
    walk::expressions(of, &mut |expr| found = found.or_else(|| in_record(expr, at, name)));
    found
}

/// The same in one record.
fn in_record(of: &Expr, at: Span, name: &str) -> Option<Span> {
    let ExprKind::Record(entries) = &of.kind else { return None };
    let keys = || {
        entries.iter().filter_map(|entry| match entry {
            RecordEntry::One { key, .. } => Some(key),
            RecordEntry::Spread(_) => None,
        })
    };
    keys().find(|key| key.span == at)?;
    keys().find(|key| key.span != at && key.text == name).map(|key| key.span)
}
