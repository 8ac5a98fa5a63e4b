//! `@replace`, `@protect` and their like: where each may stand and what it is given, and what is told
//! of uses of the deprecated and the experimental.

use std::collections::BTreeMap;

use bp_plan::Value;

use super::expr::Notice;
use crate::diagnostics::{Diagnostic, names as says_names, nodes as says};
use crate::loader::Sources;
use crate::resolve::Names;
use crate::source::{FileId, Place};
use crate::syntax::ast::{
    self, Annotation, EntryKind, ExprKind, ItemKind, TypeItemKind, ValueKeyword,
};

/// What an annotation stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Type,
    /// A property of a node type.
    Replaceable,
    Member,
    Function,
    Constant,
    Input,
    Secret,
    Node,
    Other,
}

impl On {
    /// The names of the annotations that may stand there.
    pub(crate) fn annotations(self) -> impl Iterator<Item = &'static str> {
        KINDS.iter().filter(move |kind| kind.on.contains(&self)).map(|kind| kind.name)
    }
}

/// One kind of annotation.
struct Kind {
    name: &'static str,
    /// Where it may stand, and that in words.
    on: &'static [On],
    places: &'static str,
    /// An example; with `(`, it takes one text.
    example: &'static str,
}

const MEMBERS: &str = "a type, a member of one, a function, a constant or an input";
const USED: &[On] = &[On::Type, On::Replaceable, On::Member, On::Function, On::Constant, On::Input];

/// All there are.
const KINDS: &[Kind] = &[
    Kind {
        name: "replace",
        on: &[On::Replaceable],
        places: "a property of a node type",
        example: "@replace",
    },
    Kind { name: "protect", on: &[On::Node], places: "a node", example: "@protect" },
    Kind {
        name: "deprecated",
        on: USED,
        places: MEMBERS,
        example: "@deprecated(\"use `storage`\")",
    },
    Kind { name: "experimental", on: USED, places: MEMBERS, example: "@experimental" },
    Kind { name: "was", on: &[On::Node], places: "a node", example: "@was(\"old_name\")" },
    Kind {
        name: "label",
        on: &[On::Input, On::Secret],
        places: "an input or a secret",
        example: "@label(\"Number of replicas\")",
    },
    Kind {
        name: "hidden",
        on: &[On::Input, On::Secret],
        places: "an input or a secret",
        example: "@hidden",
    },
];

/// Tells the annotations that mean nothing where they stand.
pub(crate) fn check(sources: &Sources, names: &Names, out: &mut Vec<Diagnostic>) {
    for (file, module) in sources.all() {
        let mut earlier = BTreeMap::new();
        for item in &module.tree.items {
            let (on, words) = of_item(&item.kind);
            all(file, &item.annotations, on, words, out);
            for body in bodies(&item.kind) {
                for entry in &body.entries {
                    let (on, words) = of_entry(&item.kind, &entry.kind);
                    all(file, &entry.annotations, on, words, out);
                }
            }
            if let ItemKind::Node(node) = &item.kind {
                renamed((file, names), node, &item.annotations, &mut earlier, out);
            }
        }
    }
}

/// What an item is to annotations, and that in words.
pub(crate) fn of_item(item: &ItemKind) -> (On, &'static str) {
    match item {
        ItemKind::Type(_) => (On::Type, "a type"),
        ItemKind::Function(_) => (On::Function, "a function"),
        ItemKind::Node(_) => (On::Node, "a node"),
        ItemKind::Value(value) => match value.keyword {
            ValueKeyword::Input => (On::Input, "an input"),
            ValueKeyword::Secret => (On::Secret, "a secret"),
            ValueKeyword::Const => (On::Constant, "a constant"),
        },
        ItemKind::Blueprint(_) => (On::Other, "a blueprint's head"),
        ItemKind::Use(_) => (On::Other, "`use`"),
        ItemKind::Select(_) => (On::Other, "a selection"),
        ItemKind::Policy(_) => (On::Other, "a policy"),
        ItemKind::Group(_) => (On::Other, "a group"),
        ItemKind::Output(_) => (On::Other, "an output"),
        ItemKind::Expose(_) => (On::Other, "`expose`"),
        ItemKind::Implement(_) => (On::Other, "`implement`"),
        ItemKind::Workflow(_) => (On::Other, "a workflow"),
        ItemKind::Test(_) => (On::Other, "a test"),
        ItemKind::Requires(_) => (On::Other, "a requirement of the blueprint"),
    }
}

/// What an entry of an item's block is to annotations, and that in words.
pub(crate) fn of_entry(item: &ItemKind, entry: &EntryKind) -> (On, &'static str) {
    let ItemKind::Type(ty) = item else { return (On::Other, "an entry of this block") };
    match entry {
        EntryKind::Property(_) if ty.kind == TypeItemKind::Node => (On::Replaceable, "a property"),
        EntryKind::Property(_) => (On::Member, "a property of this kind of type"),
        EntryKind::Attribute(_) => (On::Member, "an attribute"),
        EntryKind::Requires(_) => (On::Member, "a requirement"),
        EntryKind::Capability(_) => (On::Member, "a capability"),
        EntryKind::Operation(_) if ty.kind == TypeItemKind::Interface => {
            (On::Member, "an operation")
        }
        EntryKind::Field(_) if ty.kind == TypeItemKind::Data => (On::Member, "a field"),
        EntryKind::Operation(_) => (On::Other, "an implementation"),
        _ => (On::Other, "this entry"),
    }
}

fn bodies(item: &ItemKind) -> Vec<&ast::Body> {
    match item {
        ItemKind::Type(it) => vec![&it.body],
        ItemKind::Node(it) => vec![&it.body],
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => vec![&it.body],
        ItemKind::Blueprint(it) => vec![&it.body],
        ItemKind::Test(it) => vec![&it.body],
        _ => Vec::new(),
    }
}

fn all(file: FileId, annotations: &[Annotation], on: On, words: &str, out: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for annotation in annotations {
        let at = Place { file, span: annotation.span };
        let name = annotation.name.text.as_str();
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            out.push(says_names::unknown_annotation(at, name, &known));
            continue;
        };
        if !kind.on.contains(&on) {
            out.push(says::annotation_misplaced(at, name, words, kind.places));
            continue;
        }
        let takes_text = kind.example.contains('(');
        let is_right = match annotation.arguments.as_slice() {
            [] => !takes_text,
            // No name is a mistake of its own.
            [one] => {
                let said = |text: &str| name == "was" || !text.trim().is_empty();
                takes_text && text_of(one).is_some_and(said)
            }
            _ => false,
        };
        if !is_right {
            let takes = if takes_text { "one plain text" } else { "nothing" };
            out.push(says::annotation_arguments(at, name, takes, kind.example));
            continue;
        }
        // A node may have had several names.
        if let Some(first) = seen.insert(name, at).filter(|_| name != "was") {
            out.push(says::annotation_twice(at, name, first));
        }
    }
}

/// A name that a node had can't be that of a node that there is, nor that of two nodes.
fn renamed<'s>(
    (file, names): (FileId, &Names),
    node: &'s ast::Node,
    annotations: &'s [Annotation],
    earlier: &mut BTreeMap<&'s str, (Place, &'s str)>,
    out: &mut Vec<Diagnostic>,
) {
    for annotation in annotations.iter().filter(|a| a.name.text == "was") {
        let Some(text) = annotation.arguments.first().and_then(text_of) else { continue };
        let at = Place { file, span: annotation.span };
        if !is_name(text) {
            out.push(says::was_no_name(at, text));
            continue;
        }
        if let Some((first, other)) = earlier.insert(text, (at, &node.name.text)) {
            out.push(says::was_twice(at, &node.name.text, text, other, first));
            continue;
        }
        let scope = names.files.get(file.0 as usize);
        let taken = scope.and_then(|scope| scope.values.get(text)).map(|found| found.place);
        if let Some(taken) = taken {
            out.push(says::was_taken(at, &node.name.text, text, taken));
        }
    }
}

/// Whether a node can be called so.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn text_of(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Literal(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Whether an annotation stands there.
pub(crate) fn has(annotations: &[Annotation], name: &str) -> bool {
    annotations.iter().any(|annotation| annotation.name.text == name)
}

/// The texts of all annotations of this name.
pub(crate) fn texts(annotations: &[Annotation], name: &str) -> Vec<String> {
    annotations
        .iter()
        .filter(|annotation| annotation.name.text == name)
        .filter_map(|annotation| text_of(annotation.arguments.first()?).map(str::to_owned))
        .collect()
}

/// What is deprecated or experimental.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// Members of types, by the type's full name; the type itself with an empty name.
    pub(crate) members: BTreeMap<(String, String), Notice>,
    /// Functions, constants and inputs, by file and item.
    pub(crate) items: BTreeMap<(FileId, usize), Notice>,
}

impl Notices {
    /// All of a program.
    pub(crate) fn of(sources: &Sources, names: &Names) -> Self {
        let mut found = Self::default();
        for (file, module) in sources.all() {
            for (index, item) in module.tree.items.iter().enumerate() {
                let name = match &item.kind {
                    ItemKind::Function(it) => &it.name,
                    ItemKind::Value(it) => &it.name,
                    _ => continue,
                };
                let place = Place { file, span: name.span };
                if let Some(notice) = notice(&item.annotations, place) {
                    found.items.insert((file, index), notice);
                }
            }
        }
        for (full, declared) in &names.types {
            let items = sources.modules.get(declared.file.0 as usize).map(|m| &m.tree.items);
            let Some(item) = items.and_then(|items| items.get(declared.item)) else { continue };
            if let Some(notice) = notice(&item.annotations, declared.place) {
                found.members.insert((full.clone(), String::new()), notice);
            }
            let ItemKind::Type(ty) = &item.kind else { continue };
            for entry in &ty.body.entries {
                let name = match &entry.kind {
                    EntryKind::Operation(operation) => operation.path.segments.last(),
                    other => super::members::member_name(other),
                };
                let Some(name) = name else { continue };
                let place = Place { file: declared.file, span: name.span };
                if let Some(notice) = notice(&entry.annotations, place) {
                    found.members.insert((full.clone(), name.text.to_string()), notice);
                }
            }
        }
        found
    }

    /// What is to be told of a member of a type, its own or an inherited one.
    pub(crate) fn member(&self, names: &Names, full: &str, member: &str) -> Option<Notice> {
        if self.members.is_empty() {
            return None;
        }
        let ancestors = names.types.get(full).map(|t| t.ancestors.as_slice()).unwrap_or_default();
        let mut line = std::iter::once(full).chain(ancestors.iter().map(String::as_str));
        line.find_map(|full| self.members.get(&(full.to_owned(), member.to_owned())).cloned())
    }
}

fn notice(annotations: &[Annotation], place: Place) -> Option<Notice> {
    if let Some(text) = texts(annotations, "deprecated").into_iter().next() {
        return Some(Notice { deprecated: Some(text), place });
    }
    has(annotations, "experimental").then_some(Notice { deprecated: None, place })
}

impl Notice {
    /// What is told where it is used.
    pub(crate) fn told(&self, at: Place, what: &str) -> Diagnostic {
        match &self.deprecated {
            Some(text) => says::deprecated(at, what, text, self.place),
            None => says::experimental(at, what, self.place),
        }
    }
}
