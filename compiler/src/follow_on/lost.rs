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

/// Takes out of `found` what only repeats that something was lost.
pub(super) fn silence(names: &Names, sources: &Sources, found: &mut Vec<Diagnostic>) {
    let lost = Lost::of(sources, found);
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

    fn echoes(&self, sources: &Sources, one: &Diagnostic) -> bool {
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
