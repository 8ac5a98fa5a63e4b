//! Words that begin an item, names that an item has to have, and annotations.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_plan::Type;

use super::{Completion, CompletionKind, FILE, List};
use crate::check::annotations::{On, of_entry, of_item};
use crate::check::members::short;
use crate::ide::draft::Inside;
use crate::ide::hover::ANNOTATIONS;
use crate::source::{Place, SourceFile};
use crate::syntax;
use crate::syntax::ast::{Annotation, Item, ItemKind, Name, ValueKeyword};

/// What an item begins with, what is put there, and what it is for.
const HEADS: &[(&str, &str, &str)] = &[
    (
        "blueprint",
        "blueprint $1 {\n  version = \"1.0.0\"\n}",
        "The head of a blueprint: its name and version.",
    ),
    ("use", "use $1", "Brings in a module of the standard library, or another file."),
    ("input", "input $1: ", "A value that is given with each deployment."),
    ("secret", "secret $1: ", "A secret that is given with each deployment."),
    ("const", "const $1 = ", "A value that is the same everywhere."),
    ("select", "select $1: ", "Chooses clusters, or other things, of the inventory."),
    ("node", "node $1: ", "Something that is made and kept."),
    ("policy", "policy $1: ", "How the deployment is to behave."),
    ("group", "group $1: ", "Nodes that belong together."),
    ("output", "output $1 = ", "What the deployment tells."),
    ("expose", "expose $1 = ", "A capability that others may use."),
    ("implement", "implement $1 = ", "The workflow that an operation of the substituted type is."),
    ("requires", "requires $1: ", "What whoever uses the blueprint must meet."),
    ("fn", "fn $1() = ", "A function."),
    ("workflow", "workflow $1() {\n}", "Steps that can be run."),
    ("test", "test \"$1\" {\n}", "Says what must hold."),
    ("node type", "node type $1 {\n}", "A type of nodes."),
    (
        "abstract node type",
        "abstract node type $1 {\n}",
        "A type of nodes that blueprints stand for.",
    ),
    ("data type", "data type $1 {\n}", "A type of records."),
    ("capability type", "capability type $1 {\n}", "What a node can offer others."),
    ("interface type", "interface type $1 {\n}", "Operations that belong together."),
    ("relationship type", "relationship type $1", "How one node relates to another."),
    ("policy type", "policy type $1 {\n}", "A type of policies."),
    ("group type", "group type $1 {\n}", "A type of groups."),
];

/// What only a blueprint has.
const OF_BLUEPRINTS: &[&str] = &[
    "input",
    "secret",
    "select",
    "node",
    "policy",
    "group",
    "output",
    "expose",
    "implement",
    "requires",
    "workflow",
    "test",
];

impl List<'_, '_> {
    pub(super) fn heads(&mut self) {
        let root = self.program.sources.modules.first();
        let has_blueprint = root.is_some_and(|root| {
            root.tree.items.iter().any(|item| matches!(item.kind, ItemKind::Blueprint(_)))
        });
        let is_of_type = self.after.trim_start().starts_with("type ");
        for (label, snippet, documentation) in HEADS {
            let rank = match *label {
                // There is one in a file.
                "blueprint" if has_blueprint => continue,
                "blueprint" => 0,
                label if has_blueprint == OF_BLUEPRINTS.contains(&label) => 1,
                _ => 2,
            };
            let made =
                Completion::new(label, CompletionKind::Keyword, rank).documentation(*documentation);
            // Where the rest of the item is there, only the word is put right.
            let (word, is_type) = match label.strip_suffix(" type") {
                Some(word) => (word, true),
                None => (*label, false),
            };
            if self.after.trim().is_empty() {
                self.found.push(made.snippet(snippet));
            } else if is_type == is_of_type {
                self.found.push(made.snippet(word));
            }
        }
    }

    /// The names that an item of a blueprint has to have which stands for a type.
    pub(super) fn offered(&mut self, items: &[Arc<Item>], own: &Name) {
        let is_it = |item: &&Arc<Item>| {
            crate::ide::find::declared(&item.kind).is_some_and(|name| name.span == own.span)
        };
        let Some(item) = items.iter().find(is_it) else { return };
        let wanted = crate::ide::find::substituted(self.program);
        let Some(wanted) = wanted.and_then(|full| self.program.types.get(&full)) else { return };
        let root = self.program.types.get("std.Root");
        let is_everyones =
            |name: &String| root.is_some_and(|root| root.requirements.contains_key(name));
        let is_secret = |ty: &Type| matches!(ty, Type::Secret(_));
        let all: Vec<(&String, String, Place)> = match &item.kind {
            ItemKind::Value(it) if it.keyword != ValueKeyword::Const => wanted
                .properties
                .iter()
                .map(|(name, property)| (name, &property.declared.kind, property.place))
                .filter(|(_, ty, _)| is_secret(ty) == (it.keyword == ValueKeyword::Secret))
                .map(|(name, ty, place)| (name, revealed(ty).to_string(), place))
                .collect(),
            ItemKind::Output(_) => wanted
                .attributes
                .iter()
                .map(|(name, (ty, place))| (name, ty.to_string(), *place))
                .collect(),
            ItemKind::Expose(_) => {
                let all = wanted.capabilities.iter();
                all.map(|(name, of)| (name, short(&of.ty).to_owned(), of.place)).collect()
            }
            ItemKind::Requires(_) => wanted
                .requirements
                .iter()
                .filter(|(name, _)| !is_everyones(name))
                .map(|(name, of)| (name, of.declared.target.to_string(), of.place))
                .collect(),
            _ => return,
        };
        let kind = std::mem::discriminant(&item.kind);
        let same = self.program.blueprint().into_iter().flat_map(|module| &module.tree.items);
        let same = same.filter(|other| std::mem::discriminant(&other.kind) == kind);
        let there: BTreeSet<&str> = same
            .filter_map(|other| Some(crate::ide::find::declared(&other.kind)?.text.as_str()))
            .collect();
        for (name, ty, place) in all.into_iter().filter(|(name, ..)| !there.contains(name.as_str()))
        {
            let documentation = self.documented(Some(place));
            let made = Completion::new(name, CompletionKind::Property, 0)
                .detail(ty.clone())
                .documentation(documentation);
            let whole = match &item.kind {
                ItemKind::Expose(_) => format!("{name} = $1"),
                ItemKind::Output(_) => format!("{name}: {ty} = $1"),
                _ => format!("{name}: {ty}"),
            };
            let is_whole = self.after.trim().is_empty();
            self.found.push(if is_whole { made.snippet(&whole) } else { made });
        }
    }

    /// Annotations that mean something before what follows; where nothing does yet, all that may.
    pub(super) fn annotations(&mut self, inside: &Inside) {
        let source = SourceFile::new("", inside.item.as_str());
        let (tree, _) = syntax::parse(FILE, &source);
        let is_in = |all: &[Annotation]| {
            all.iter().any(|one| one.span.start <= inside.at && inside.at <= one.span.end)
        };
        let mut allowed: Vec<&str> = Vec::new();
        let mut there: Vec<&str> = Vec::new();
        let own = |all: &'_ [Annotation]| -> Vec<String> {
            all.iter().map(|one| one.name.text.to_string()).collect()
        };
        let mut have = Vec::new();
        let mut found = None;
        for item in &tree.items {
            if is_in(&item.annotations) {
                found = Some(of_item(&item.kind).0);
                have = own(&item.annotations);
            }
            let ItemKind::Type(it) = &item.kind else { continue };
            if let Some(entry) = it.body.entries.iter().find(|entry| is_in(&entry.annotations)) {
                found = Some(of_entry(&item.kind, &entry.kind).0);
                have = own(&entry.annotations);
            }
        }
        there.extend(have.iter().map(String::as_str));
        let is_inside =
            matches!(tree.items.first().map(|item| &item.kind), Some(ItemKind::Type(_)));
        match found {
            Some(on) => allowed.extend(on.annotations()),
            None if is_inside => {
                allowed
                    .extend([On::Replaceable, On::Member].iter().flat_map(|on| on.annotations()));
            }
            None => {
                let items = [On::Type, On::Function, On::Constant, On::Input, On::Secret, On::Node];
                allowed.extend(items.iter().flat_map(|on| on.annotations()));
            }
        }
        let wanted = |name: &str| {
            // A node may have had several names.
            allowed.contains(&name) && (name == "was" || !there.contains(&name))
        };
        for (name, documentation) in ANNOTATIONS.iter().filter(|(name, _)| wanted(name)) {
            let made =
                Completion::new(name, CompletionKind::Keyword, 0).documentation(*documentation);
            let has_text = matches!(*name, "deprecated" | "was" | "label");
            let text = format!("{name}(\"$1\")");
            self.found.push(if has_text { made.snippet(&text) } else { made });
        }
    }

    /// What a test can say that a blueprint is refused with.
    pub(super) fn codes(&mut self) {
        for code in bp_topology::problem::CODES {
            let title = crate::catalogue::page(code).map(|page| page.title.clone());
            let made = Completion::new(code, CompletionKind::Choice, 0);
            self.found.push(made.detail(title.unwrap_or_default()));
        }
    }
}

fn revealed(ty: &Type) -> &Type {
    match ty {
        Type::Secret(of) => of,
        other => other,
    }
}
