//! Keys: of blocks and of literals.

use std::collections::BTreeSet;

use bp_plan::{PropertyType, Type};

use super::{Completion, CompletionKind, List};
use crate::check::TypeInfo;
use crate::check::expr::{World as _, plain};
use crate::ide::find::settled;
use crate::ide::spot::Owner;
use crate::source::Place;
use crate::syntax::ast::{Body, EntryKind, Name, RecordEntry, TypeItemKind};

/// Must be set and is not.
const MISSING: u8 = 0;
/// Can be set and is not.
const OPEN: u8 = 1;
/// All else.
const OTHER: u8 = 2;

impl List<'_, '_> {
    pub(super) fn keys(
        &mut self,
        owner: &Owner,
        body: &Body,
        own: &Name,
        is_requirement: bool,
        is_bare: bool,
    ) {
        let set: BTreeSet<&str> = body
            .entries
            .iter()
            .filter_map(|entry| key(&entry.kind))
            .filter(|key| key.span != own.span)
            .map(|key| key.text.as_str())
            .collect();
        let program = self.program;
        let info = |full: &Option<String>| program.types.get(full.as_ref()?);
        match owner {
            Owner::Node(_, full) => {
                if let Some(info) = info(full) {
                    if !is_requirement {
                        self.properties(info, &set, is_bare);
                    }
                    if is_bare || is_requirement {
                        self.requirements(info, &set, is_bare);
                    }
                    if is_bare {
                        self.word("let", "let $1 = ", "A local of this block.");
                        if !info.properties.contains_key("labels") && !set.contains("labels") {
                            self.word("labels", "labels = { $1 }", "What people say of the node.");
                        }
                    }
                }
            }
            Owner::Properties(full) => {
                if let Some(info) = info(full) {
                    self.properties(info, &set, is_bare);
                }
            }
            Owner::Type(kind, full) => {
                // `fixed name = value` settles a property.
                let is_fixed = body.entries.iter().any(|entry| {
                    matches!(&entry.kind, EntryKind::Fixed { key, .. } if key.span == own.span)
                });
                match info(full).filter(|_| is_fixed) {
                    Some(info) => self.properties(info, &set, is_bare),
                    None if is_bare => self.declarations(*kind),
                    None => {}
                }
            }
            Owner::Blueprint => self.plain(&["version", "labels"], &set, is_bare),
            Owner::Select => self.plain(&["where", "spread", "prefer", "count"], &set, is_bare),
            Owner::Group => self.plain(&["members"], &set, is_bare),
            Owner::Test => {
                self.plain(&["inputs", "inventory", "secrets"], &set, is_bare);
                if is_bare {
                    self.word("let", "let $1 = ", "A local of this test.");
                    self.word("assert", "assert $1", "What must hold.");
                    self.word("assert_fails", "assert_fails $1", "The error that there must be.");
                }
            }
            Owner::Arguments(taken) => self.arguments(taken, &set, is_bare),
            Owner::Other => {}
        }
    }

    pub(super) fn word(&mut self, label: &str, snippet: &str, documentation: &str) {
        let made = Completion::new(label, CompletionKind::Keyword, OTHER)
            .documentation(documentation)
            .snippet(snippet);
        self.found.push(made);
    }

    fn plain(&mut self, names: &[&str], set: &BTreeSet<&str>, is_bare: bool) {
        for name in names.iter().filter(|name| !set.contains(**name)) {
            let made = Completion::new(name, CompletionKind::Property, OPEN);
            let whole = format!("{name} = ");
            self.found.push(if is_bare { made.snippet(&whole) } else { made });
        }
    }

    fn properties(&mut self, info: &TypeInfo, set: &BTreeSet<&str>, is_bare: bool) {
        for (name, property) in &info.properties {
            if property.fixed.is_none() && !set.contains(name.as_str()) {
                self.property(name, &property.declared, Some(property.place), is_bare);
            }
        }
    }

    fn property(
        &mut self,
        name: &str,
        declared: &PropertyType,
        place: Option<Place>,
        is_bare: bool,
    ) {
        let needed = declared.default.is_none() && !matches!(declared.kind, Type::Optional(_));
        let documentation = self.documented(place);
        let snippet = format!("{} = {}", written(name), self.opening(&declared.kind));
        let rank = if needed { MISSING } else { OPEN };
        let detail = match &declared.kind {
            // A template says which names it uses, not what they are.
            Type::Unknown => "of the template".to_owned(),
            kind => format!("{kind}{}", if needed { " (required)" } else { "" }),
        };
        let made = Completion::new(name, CompletionKind::Property, rank);
        let made = made.detail(detail).documentation(documentation);
        self.found.push(if is_bare { made.snippet(&snippet) } else { made });
    }

    /// How a value of a type begins.
    pub(super) fn opening(&self, ty: &Type) -> &'static str {
        match settled(plain(self.program, &settled(ty.clone()))) {
            Type::Union(members)
                if !members.iter().all(|one| matches!(one, Type::Literal(_) | Type::String)) =>
            {
                "$1"
            }
            Type::String | Type::Version | Type::Timestamp | Type::Literal(_) | Type::Union(_) => {
                "\"$1\""
            }
            Type::List(_) => "[$1]",
            Type::Map(_) | Type::Record(_) | Type::Data(_) => "{ $1 }",
            _ => "$1",
        }
    }

    fn requirements(&mut self, info: &TypeInfo, set: &BTreeSet<&str>, is_bare: bool) {
        for (name, requirement) in &info.requirements {
            if set.contains(name.as_str()) {
                continue;
            }
            let needed = requirement.declared.cardinality.0 > 0;
            let documentation = self.documented(Some(requirement.place));
            let detail = format!(
                "-> {}{}",
                requirement.declared.target,
                if needed { " (required)" } else { "" }
            );
            let rank = if needed { MISSING } else { OPEN };
            let made = Completion::new(name, CompletionKind::Requirement, rank);
            let made = made.detail(detail).documentation(documentation);
            let whole = format!("{name} -> $1");
            self.found.push(if is_bare { made.snippet(&whole) } else { made });
        }
    }

    /// What the block of a type declares.
    fn declarations(&mut self, kind: TypeItemKind) {
        let all: &[(&str, &str, &str)] = &[
            ("property", "property $1: ", "What a node is given."),
            ("attribute", "attribute $1: ", "What a node reports."),
            ("requires", "requires $1: ", "What a node needs of others."),
            ("capability", "capability $1: ", "What a node offers others."),
            ("operation", "operation $1", "What can be done with it."),
            ("implements", "implements $1", "Operations of an interface type."),
            ("fixed", "fixed $1 = ", "Settles an inherited property for good."),
            ("check", "check $1 else \"\"", "What must hold of the whole."),
            ("provider", "provider = \"$1\"", "Who keeps the nodes."),
        ];
        let has: &[&str] = match kind {
            TypeItemKind::Node => &[
                "property",
                "attribute",
                "requires",
                "capability",
                "operation",
                "implements",
                "fixed",
                "check",
                "provider",
            ],
            TypeItemKind::Relationship => &["property", "attribute", "operation", "check"],
            TypeItemKind::Capability | TypeItemKind::Policy => &["property", "check"],
            TypeItemKind::Data => &["check"],
            TypeItemKind::Interface => &["operation"],
            TypeItemKind::Group => &[],
        };
        for (label, snippet, documentation) in all.iter().filter(|(label, ..)| has.contains(label))
        {
            self.word(label, snippet, documentation);
        }
    }

    /// Keys of a literal that is to become `expected`.
    pub(super) fn fields(
        &mut self,
        expected: &Type,
        entries: &[RecordEntry],
        own: &Name,
        is_bare: bool,
    ) {
        let set: BTreeSet<&str> = entries
            .iter()
            .filter_map(|entry| match entry {
                RecordEntry::One { key, .. } if key.span != own.span => Some(key.text.as_str()),
                _ => None,
            })
            .collect();
        match settled(plain(self.program, &settled(expected.clone()))) {
            Type::Data(full) => {
                let Some(data) = self.program.data_type(&full) else { return };
                for (name, field) in data.fields.iter().filter(|(n, _)| !set.contains(n.as_str())) {
                    let place = self.program.type_place(&Type::Data(full.clone()), Some(name));
                    self.property(name, field, place, is_bare);
                }
            }
            Type::Record(fields) => {
                for (name, kind) in fields.iter().filter(|(n, _)| !set.contains(n.as_str())) {
                    let declared = PropertyType {
                        kind: kind.clone(),
                        default: None,
                        constraints: Vec::new(),
                        replace: false,
                    };
                    self.property(name, &declared, None, is_bare);
                }
            }
            _ => {}
        }
    }
}

/// The key that an entry sets or meets.
fn key(entry: &EntryKind) -> Option<&Name> {
    match entry {
        EntryKind::Assign { key, .. } | EntryKind::Fixed { key, .. } => Some(key),
        EntryKind::Meets(meets) => Some(&meets.name),
        _ => None,
    }
}

/// A key as the source has it.
fn written(name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_word { name.to_owned() } else { format!("\"{name}\"") }
}
