//! What is missed only because a declaration has a mistake: the members of a type that is there twice, a
//! member whose type is unknown, what a blueprint exposes of something that it does not have for sure.

use std::collections::BTreeSet;

use crate::diagnostics::{Diagnostic, Severity};
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::Place;
use crate::syntax::ast::{BodyEntry, EntryKind, Item, ItemKind};
use crate::syntax::snake_case;

/// Codes that tell of a member that a type does not have.
const MEMBERS: [&str; 9] =
    ["E3003", "E4001", "E4003", "E4005", "E4036", "E7011", "E7012", "E7048", "E7049"];
/// Codes that tell of a member that is missed.
const MISSED: [&str; 2] = ["E4002", "E4008"];
/// Codes that tell of a type that there is not, or that is of another kind.
const TYPES: [&str; 4] = ["E2013", "E2014", "E3029", "E4006"];
/// Codes that underline the name of a member of a type: it is there twice, or of an interface that is not there.
const UNDERLINED: [&str; 2] = ["E2016", "E7011"];

/// Codes that tell of a name of an operation that an interface does not have.
const MEANT: [&str; 2] = ["E7012", "E4059"];
/// Codes that tell of an operation that nothing carries out.
const UNMADE: [&str; 2] = ["E7050", "E4046"];

/// Takes out of `found` what only repeats that something was lost.
pub(super) fn silence(names: &Names, sources: &Sources, found: &mut Vec<Diagnostic>) {
    let mut lost = Lost::of(sources, found);
    lost.take_imports(names, sources);
    // The types of a package that could not be brought in have told of themselves at the `use`.
    let has_lost = names.files.iter().any(|file| !file.lost.is_empty());
    found.retain(|one| !(lost.echoes(sources, one) || has_lost && is_of_inventory(one)));
}

/// Whether it tells that the type of an element of an inventory is not there.
fn is_of_inventory(one: &Diagnostic) -> bool {
    one.code == "E7075" && one.message.ends_with("there is no such type")
}

#[derive(Default)]
struct Lost {
    /// Types that are declared twice: members of the second are not there.
    types: BTreeSet<String>,
    /// Members that are not there since something of their declaration isn't: its type, or its word.
    members: BTreeSet<String>,
    /// What a blueprint exposes of something that has a mistake.
    exposed: BTreeSet<String>,
    /// Members whose names were told of, and where: all that is said of them elsewhere follows from that.
    underlined: BTreeSet<String>,
    told: BTreeSet<Place>,
    /// Operations that were meant by misspelt names: they seem to have no implementation.
    meant: BTreeSet<String>,
    /// Where groups and policies are declared whose members are of types that are not there.
    over: Vec<Place>,
    /// What a blueprint substitutes is not there.
    is_substitute: bool,
}

impl Lost {
    fn of(sources: &Sources, found: &[Diagnostic]) -> Self {
        let mut lost = Self::default();
        for told in found.iter().filter(|told| told.severity == Severity::Error) {
            let Some(item) = item(sources, told.place) else { continue };
            match &item.kind {
                ItemKind::Type(of) if told.code == "E2006" => {
                    lost.types.insert(of.name.text.to_string());
                }
                ItemKind::Type(of) if told.code == "E2017" => {
                    let field = |entry: &BodyEntry| match &entry.kind {
                        EntryKind::Field(member) if entry.span == told.place.span => {
                            Some(member.name.text.to_string())
                        }
                        _ => None,
                    };
                    lost.members.extend(of.body.entries.iter().find_map(field));
                }
                ItemKind::Type(of) if TYPES.contains(&told.code) => {
                    let at = told.place.span.start;
                    let holds = |entry: &&BodyEntry| entry.span.start <= at && at < entry.span.end;
                    let entry = of.body.entries.iter().find(holds);
                    lost.members.extend(entry.and_then(|entry| member(&entry.kind)));
                    if let Some(EntryKind::Implements { alias: None, .. }) =
                        entry.map(|it| &it.kind)
                    {
                        // Who writes the right name below means the same.
                        lost.members.extend(written(told).map(|near| snake_case(last(near))));
                    }
                    let is_over = |entry: &BodyEntry| matches!(&entry.kind, EntryKind::Field(_));
                    if entry.is_some_and(is_over) {
                        lost.over.push(Place { span: item.span, ..told.place });
                    }
                }
                ItemKind::Blueprint(_) if TYPES.contains(&told.code) => lost.is_substitute = true,
                _ if MEANT.contains(&told.code) => {
                    lost.meant.extend(written(told).map(|near| last(near).to_owned()));
                }
                ItemKind::Type(_) if UNDERLINED.contains(&told.code) => {
                    lost.told.insert(told.place);
                    let source = sources.file(told.place.file);
                    let name = source.map(|source| source.slice(told.place.span).to_owned());
                    lost.underlined.extend(name);
                }
                ItemKind::Expose(expose) => {
                    lost.exposed.insert(expose.name.text.to_string());
                }
                _ => {}
            }
        }
        lost
    }

    /// What is not there since a module could not be brought in.
    fn take_imports(&mut self, names: &Names, sources: &Sources) {
        for ((id, module), scope) in sources.all().zip(&names.files) {
            if scope.lost.is_empty() {
                continue;
            }
            for item in &module.tree.items {
                let ItemKind::Type(of) = &item.kind else { continue };
                for entry in &of.body.entries {
                    let text = module.source.slice(entry.span);
                    if !scope.lost.iter().any(|lost| names_module(text, lost)) {
                        continue;
                    }
                    self.members.extend(member(&entry.kind));
                    if matches!(&entry.kind, EntryKind::Field(_)) {
                        self.over.push(Place { file: id, span: item.span });
                    }
                }
            }
        }
    }

    fn echoes(&self, sources: &Sources, one: &Diagnostic) -> bool {
        if UNMADE.contains(&one.code) {
            let mut quoted = one.message.split('`').skip(1).step_by(2);
            return quoted.any(|name| self.meant.contains(last(name)));
        }
        if one.code == "E4050" && self.is_substitute {
            return true;
        }
        let is_root = one.code == "E3003" && one.message.starts_with("`Root` ");
        if is_root && self.over.iter().any(|over| stands_in(one.place, *over)) {
            return true;
        }
        let is_of_member = MEMBERS.contains(&one.code);
        if !is_of_member && !MISSED.contains(&one.code) {
            return false;
        }
        let mut quoted = one.message.split('`').skip(1).step_by(2);
        if quoted.any(|name| self.types.contains(name)) {
            return true;
        }
        let Some(source) = sources.file(one.place.file) else { return false };
        let name = source.slice(one.place.span);
        let name = name.rsplit('.').next().unwrap_or(name);
        let mut quoted = one.message.split('`').skip(1).step_by(2);
        let is_told = self.told.contains(&one.place);
        let is_lost =
            |name: &str| self.members.contains(name) || !is_told && self.underlined.contains(name);
        is_of_member
            && (is_lost(name)
                || quoted.any(is_lost)
                || self.exposed.contains(name) && one.message.contains("Blueprint`"))
    }
}

/// The name that the fix of a mistake would write.
fn written(told: &Diagnostic) -> Option<&str> {
    match told.fix.as_ref()?.edits.as_slice() {
        [(_, name)] => Some(name),
        _ => None,
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Whether a text reads something of a module, or is of a type that is brought in by this name.
fn names_module(text: &str, name: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).is_some_and(|before| before.ends_with(is_letter));
        let after = text.get(at + name.len()..).is_some_and(|after| after.starts_with(is_letter));
        !before && !after
    })
}

fn stands_in(place: Place, around: Place) -> bool {
    place.file == around.file
        && around.span.start <= place.span.start
        && place.span.end <= around.span.end
}

/// The item that a place is in.
fn item(sources: &Sources, place: Place) -> Option<&Item> {
    let items = &sources.modules.get(place.file.0 as usize)?.tree.items;
    let after = items.partition_point(|item| item.span.start <= place.span.start);
    let item = items.get(after.checked_sub(1)?)?;
    (place.span.start < item.span.end).then_some(item)
}

/// What an entry of a type's body is called by those who use it.
fn member(entry: &EntryKind) -> Option<String> {
    match entry {
        EntryKind::Requires(member) | EntryKind::Capability(member) => {
            Some(member.name.text.to_string())
        }
        EntryKind::Implements { interface, alias } => Some(match alias {
            Some(alias) => alias.text.to_string(),
            None => snake_case(interface.segments.last()?.text.as_str()),
        }),
        _ => None,
    }
}
