//! Keys: of blocks and of literals.

use std::collections::BTreeSet;

use bp_plan::{PropertyType, Type};

use super::{Completion, CompletionKind, List};
use crate::check::TypeInfo;
use crate::check::capabilities::are_given;
use crate::check::expr::{World as _, plain};
use crate::check::members::short;
use crate::check::program::PropertyInfo;
use crate::ide::find::{IMPLEMENTATION, settled};
use crate::ide::spot::{Expected, Owner};
use crate::ide::words;
use crate::source::Place;
use crate::syntax::ast::{Body, EntryKind, Name, RecordEntry, TypeItemKind};

/// Must be set and is not.
const MISSING: u8 = 0;
/// Can be set and is not.
const OPEN: u8 = 1;
/// All else.
const OTHER: u8 = 2;

/// A word, how its entry begins, what it is for, and the kinds of types that have it.
type Declares = (&'static str, &'static str, &'static str, &'static [TypeItemKind]);

use TypeItemKind::{Capability, Data, Group, Interface, Node, Policy, Relationship};

/// What the block of a type can declare.
const DECLARATIONS: &[Declares] = &[
    (
        "property",
        "property $1: ",
        "What a node is given.",
        &[Node, Relationship, Capability, Policy, Group],
    ),
    ("attribute", "attribute $1: ", "What a node reports.", &[Node, Relationship]),
    ("requires", "requires $1: ", "What a node needs of others.", &[Node]),
    ("capability", "capability $1: ", "What a node offers others.", &[Node]),
    ("operation", "operation $1", "What can be done with it.", &[Node, Relationship, Interface]),
    ("implements", "implements $1", "Operations of an interface type.", &[Node, Relationship]),
    (
        "fixed",
        "fixed $1 = ",
        "Settles an inherited property for good.",
        &[Node, Relationship, Capability, Policy, Group],
    ),
    (
        "check",
        "check $1 else \"\"",
        "What must hold of the whole.",
        &[Node, Relationship, Capability, Policy, Group, Data],
    ),
];

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
                    self.of_node(owner, info, &set, is_requirement, is_bare);
                }
            }
            Owner::Properties(full) => {
                if let Some(info) = info(full) {
                    self.properties(info, &set, is_bare);
                }
            }
            Owner::Via(full) => {
                if let Some(info) = info(full) {
                    self.properties(info, &set, is_bare);
                    if is_bare && !info.interfaces.is_empty() {
                        self.carried_out();
                    }
                }
            }
            Owner::Over(_, _, full) => {
                let Some(info) = info(full) else { return };
                self.properties(info, &set, is_bare);
                let over: &[words::Key] =
                    if info.over.members.is_some() { words::of(owner) } else { &[] };
                let runs: &[words::Key] = if info.over.run.is_some() { words::RUNS } else { &[] };
                let free = |key: &&words::Key| !info.properties.contains_key(key.0);
                for key in over.iter().chain(runs).filter(free) {
                    let must = match key.0 {
                        "run" => info.over.run.is_some_and(|(must, _)| must),
                        "with" => false,
                        _ => {
                            info.over.members.as_ref().is_some_and(|(_, (least, _), _)| *least > 0)
                        }
                    };
                    self.plain(key, &set, is_bare, if must { MISSING } else { OPEN });
                }
            }
            Owner::Type(kind, full) => {
                // `fixed name = value` settles a property.
                let is_fixed = body.entries.iter().any(|entry| {
                    matches!(&entry.kind, EntryKind::Fixed { key, .. } if key.span == own.span)
                });
                match info(full).filter(|_| is_fixed) {
                    Some(info) => self.properties(info, &set, is_bare),
                    None if is_bare => self.declarations(*kind, body),
                    None => {}
                }
            }
            Owner::Implementation(..) => {
                if let Some(data) = self.program.data_type(IMPLEMENTATION) {
                    for (name, field) in
                        data.fields.iter().filter(|(n, _)| !set.contains(n.as_str()))
                    {
                        let of = Type::Data(IMPLEMENTATION.to_owned());
                        let place = self.program.type_place(&of, Some(name));
                        let field = PropertyType { kind: optional(&field.kind), ..field.clone() };
                        self.property(name, &field, place, is_bare);
                    }
                }
                self.all_plain(owner, &set, is_bare);
            }
            Owner::Blueprint | Owner::Select => self.all_plain(owner, &set, is_bare),
            Owner::Test => {
                self.all_plain(owner, &set, is_bare);
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

    /// What the block of a node sets, meets and says.
    fn of_node(
        &mut self,
        owner: &Owner,
        info: &TypeInfo,
        set: &BTreeSet<&str>,
        is_requirement: bool,
        is_bare: bool,
    ) {
        if !is_requirement {
            self.properties(info, set, is_bare);
            self.capabilities(info, set, is_bare);
        }
        if is_bare || is_requirement {
            self.requirements(info, set, is_bare);
        }
        if is_bare {
            self.word("let", "let $1 = ", "A local of this block.");
            self.carried_out();
            if !info.properties.contains_key("labels") {
                self.all_plain(owner, set, is_bare);
            }
        }
    }

    fn carried_out(&mut self) {
        self.word("operation", "operation $1", "What carries an operation out here.");
    }

    pub(super) fn word(&mut self, label: &str, snippet: &str, documentation: &str) {
        let made = Completion::new(label, CompletionKind::Keyword, OTHER)
            .documentation(documentation)
            .snippet(snippet);
        self.found.push(made);
    }

    /// The keys that the language gives to a block.
    fn all_plain(&mut self, owner: &Owner, set: &BTreeSet<&str>, is_bare: bool) {
        for key in words::of(owner) {
            self.plain(key, set, is_bare, OPEN);
        }
    }

    fn plain(
        &mut self,
        (name, whole, documentation): &words::Key,
        set: &BTreeSet<&str>,
        is_bare: bool,
        rank: u8,
    ) {
        if set.contains(name) {
            return;
        }
        let made =
            Completion::new(name, CompletionKind::Property, rank).documentation(*documentation);
        self.found.push(if is_bare { made.snippet(whole) } else { made });
    }

    /// What a node can say of its capabilities.
    fn capabilities(&mut self, info: &TypeInfo, set: &BTreeSet<&str>, is_bare: bool) {
        if are_given(self.program, info) {
            return;
        }
        for (name, capability) in &info.capabilities {
            let of = self.program.types.get(&capability.ty);
            let Some(of) =
                of.filter(|of| !of.properties.is_empty() && !set.contains(name.as_str()))
            else {
                continue;
            };
            let is_open = |(property, declared): (&String, &PropertyInfo)| {
                must_be_set(declared) && !capability.values.contains_key(property)
            };
            let needed = of.properties.iter().any(is_open);
            let documentation = self.documented(Some(capability.place));
            let detail =
                format!("{}{}", short(&capability.ty), if needed { " (required)" } else { "" });
            let rank = if needed { MISSING } else { OPEN };
            let made = Completion::new(name, CompletionKind::Requirement, rank)
                .detail(detail)
                .documentation(documentation);
            let whole = format!("{name} = {{ $1 }}");
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
    fn declarations(&mut self, kind: TypeItemKind, body: &Body) {
        let is_there = |name: &str| {
            body.entries.iter().any(|entry| match &entry.kind {
                EntryKind::Field(member) => member.name.text == name,
                EntryKind::Assign { key, .. } => key.text == name,
                _ => false,
            })
        };
        for (label, snippet, documentation, kinds) in DECLARATIONS {
            if kinds.contains(&kind) {
                self.word(label, snippet, documentation);
            }
        }
        for (label, snippet, documentation) in words::of_type(kind) {
            if !is_there(label) {
                self.word(label, snippet, documentation);
            }
        }
    }

    /// Keys of a literal that is to become `expected`.
    pub(super) fn fields(
        &mut self,
        expected: &Expected,
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
        if let Expected::Entries(taken) = expected {
            return self.arguments(taken, &set, is_bare);
        }
        match settled(plain(self.program, &settled(expected.ty()))) {
            Type::Capability(full) => {
                let Some(info) = self.program.types.get(&full) else { return };
                self.properties(info, &set, is_bare);
            }
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

/// An implementation settles its own fields: nothing of them must be said.
fn optional(ty: &Type) -> Type {
    match ty {
        Type::Optional(_) => ty.clone(),
        other => Type::Optional(Box::new(other.clone())),
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

fn must_be_set(declared: &PropertyInfo) -> bool {
    let PropertyInfo { declared, fixed, .. } = declared;
    fixed.is_none() && declared.default.is_none() && !matches!(declared.kind, Type::Optional(_))
}

/// A key as the source has it.
fn written(name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_word { name.to_owned() } else { format!("\"{name}\"") }
}
