//! Declarations that stand for one thing: a member and its refinements, the input of a blueprint and the
//! property of the type that it stands for. To rename one is to rename them all.

use super::declared::{Source, source};
use super::find::declared;
use crate::check::Program;
use crate::resolve::blueprint;
use crate::source::Place;
use crate::syntax::ast::{BodyEntry, EntryKind, ItemKind, Name, TypeItemKind, ValueKeyword};

/// The first declaration of what is declared at a place: where the topmost type that has the member
/// declares it. What is no member of a type is its own.
pub(super) fn first(program: &Program<'_>, place: Place) -> Place {
    let Some(scope) = program.names.files.get(place.file.0 as usize) else { return place };
    let (name, full) = match source(program, place) {
        Some(Source::Entry(entry, item)) => {
            let ItemKind::Type(it) = &item.kind else { return place };
            (member(entry), scope.types.get(it.name.text.as_str()))
        }
        Some(Source::Item(item)) if is_offered(&item.kind) => {
            (declared(&item.kind), scope.types.get(blueprint::NAME))
        }
        _ => return place,
    };
    let (Some(name), Some(full)) = (name, full) else { return place };
    let Some(own) = program.names.types.get(full) else { return place };
    let line = std::iter::once(full).chain(&own.ancestors);
    let found = line.rev().find_map(|full| named(program, full, &name.text));
    found.unwrap_or(place)
}

/// Where a type itself declares a member of this name.
fn named(program: &Program<'_>, full: &str, name: &str) -> Option<Place> {
    let of = program.names.types.get(full)?;
    let place = |name: &Name| Place { file: of.file, span: name.span };
    if let Some(item) = of.item(program.sources) {
        let members = item.body.entries.iter().filter_map(member);
        return members.into_iter().find(|member| member.text == name).map(place);
    }
    // What a blueprint offers may have one name for two things: an output repeats an input.
    None
}

/// The name of a member that an entry declares. An operation of a node type carries out that of an
/// interface, and declares none.
fn member(entry: &BodyEntry) -> Option<&Name> {
    match &entry.kind {
        EntryKind::Operation(it) if it.path.segments.len() == 1 => it.path.segments.first(),
        _ => super::declared::entry_name(entry),
    }
}

/// Whether a blueprint as a type has a member by this item.
fn is_offered(item: &ItemKind) -> bool {
    match item {
        ItemKind::Value(it) => it.keyword != ValueKeyword::Const,
        ItemKind::Output(_) | ItemKind::Expose(_) | ItemKind::Requires(_) => true,
        _ => false,
    }
}

/// Whether an interface type is declared at a place: nodes call it by its name in small letters.
pub(super) fn is_interface(program: &Program<'_>, place: Place) -> bool {
    matches!(
        source(program, place),
        Some(Source::Item(item))
            if matches!(&item.kind, ItemKind::Type(it) if it.kind == TypeItemKind::Interface)
    )
}
