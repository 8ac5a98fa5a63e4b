//! What is this file made of?

use super::declared::entry_name;
use super::find::declared;
use crate::source::Span;
use crate::syntax::ast::{Body, EntryKind, File, ItemKind, TypeItemKind, ValueKeyword};

/// A declaration, with those inside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What kind of thing it is, in the language's words, and its type where it says one.
    pub detail: String,
    /// How an editor draws it.
    pub kind: SymbolKind,
    /// The whole declaration.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// Those inside of it.
    pub children: Vec<Symbol>,
}

/// See [`Symbol::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A blueprint.
    Blueprint,
    /// An input, a secret or a local.
    Value,
    /// A constant.
    Constant,
    /// A node, a selection, a group.
    Node,
    /// A type.
    Type,
    /// A property, an attribute, a field.
    Property,
    /// A requirement or a capability.
    Requirement,
    /// A function, an operation or a workflow.
    Function,
    /// An output.
    Output,
    /// A policy or a test.
    Policy,
}

/// The declarations of a file, in the order of its text.
pub fn symbols(file: &File) -> Vec<Symbol> {
    let mut found = Vec::new();
    for item in &file.items {
        if let ItemKind::Implement(it) = &item.kind {
            found.push(Symbol {
                name: super::find::joined(&it.operation),
                detail: "implement".to_owned(),
                kind: SymbolKind::Function,
                span: item.span,
                name_span: it.operation.span,
                children: Vec::new(),
            });
        }
        let Some(name) = declared(&item.kind) else { continue };
        let (kind, detail, body) = describe(&item.kind);
        found.push(Symbol {
            name: name.text.to_string(),
            detail,
            kind,
            span: item.span,
            name_span: name.span,
            children: body.map(entries).unwrap_or_default(),
        });
    }
    found
}

fn describe(item: &ItemKind) -> (SymbolKind, String, Option<&Body>) {
    let placed =
        |what: &str, ty: &crate::syntax::ast::Path| format!("{what}: {}", super::find::joined(ty));
    match item {
        ItemKind::Blueprint(it) => (SymbolKind::Blueprint, "blueprint".into(), Some(&it.body)),
        ItemKind::Value(it) => match it.keyword {
            ValueKeyword::Input => (SymbolKind::Value, "input".into(), None),
            ValueKeyword::Secret => (SymbolKind::Value, "secret".into(), None),
            ValueKeyword::Const => (SymbolKind::Constant, "const".into(), None),
        },
        ItemKind::Select(it) => (SymbolKind::Node, placed("select", &it.ty), Some(&it.body)),
        ItemKind::Policy(it) => (SymbolKind::Policy, placed("policy", &it.ty), Some(&it.body)),
        ItemKind::Group(it) => (SymbolKind::Node, placed("group", &it.ty), Some(&it.body)),
        ItemKind::Node(it) => {
            let detail = it.ty.as_ref().map_or("node".to_owned(), |ty| placed("node", ty));
            (SymbolKind::Node, detail, Some(&it.body))
        }
        ItemKind::Type(it) => {
            let detail = match it.kind {
                TypeItemKind::Node => "node type",
                TypeItemKind::Data => "data type",
                TypeItemKind::Capability => "capability type",
                TypeItemKind::Interface => "interface type",
                TypeItemKind::Relationship => "relationship type",
                TypeItemKind::Policy => "policy type",
                TypeItemKind::Group => "group type",
            };
            (SymbolKind::Type, detail.into(), Some(&it.body))
        }
        ItemKind::Output(_) => (SymbolKind::Output, "output".into(), None),
        ItemKind::Expose(_) => (SymbolKind::Output, "expose".into(), None),
        ItemKind::Function(_) => (SymbolKind::Function, "fn".into(), None),
        ItemKind::Workflow(_) => (SymbolKind::Function, "workflow".into(), None),
        ItemKind::Test(it) => (SymbolKind::Policy, "test".into(), Some(&it.body)),
        ItemKind::Requires(_) => (SymbolKind::Requirement, "requires".into(), None),
        ItemKind::Use(_) | ItemKind::Implement(_) => (SymbolKind::Value, String::new(), None),
    }
}

fn entries(body: &Body) -> Vec<Symbol> {
    let mut found = Vec::new();
    for entry in &body.entries {
        let (name, kind, detail) = match &entry.kind {
            EntryKind::Assign { key, .. } => (key, SymbolKind::Property, ""),
            EntryKind::Fixed { key, .. } => (key, SymbolKind::Property, "fixed"),
            EntryKind::Meets(meets) => (&meets.name, SymbolKind::Requirement, "->"),
            EntryKind::Let { name, .. } => (name, SymbolKind::Value, "let"),
            EntryKind::Operation(it) => {
                let Some(last) = it.path.segments.last() else { continue };
                found.push(Symbol {
                    name: super::find::joined(&it.path),
                    detail: "operation".to_owned(),
                    kind: SymbolKind::Function,
                    span: entry.span,
                    name_span: last.span,
                    children: Vec::new(),
                });
                continue;
            }
            kind => {
                let Some(name) = entry_name(entry) else { continue };
                match kind {
                    EntryKind::Attribute(_) => (name, SymbolKind::Property, "attribute"),
                    EntryKind::Requires(_) => (name, SymbolKind::Requirement, "requires"),
                    EntryKind::Capability(_) => (name, SymbolKind::Requirement, "capability"),
                    EntryKind::Property(_) => (name, SymbolKind::Property, "property"),
                    _ => (name, SymbolKind::Property, ""),
                }
            }
        };
        found.push(Symbol {
            name: name.text.to_string(),
            detail: detail.to_owned(),
            kind,
            span: entry.span,
            name_span: name.span,
            children: Vec::new(),
        });
    }
    found
}
