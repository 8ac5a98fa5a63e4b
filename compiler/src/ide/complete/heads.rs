//! Words that begin an item, and annotations.

use super::{Completion, CompletionKind, List};
use crate::ide::hover::ANNOTATIONS;
use crate::syntax::ast::ItemKind;

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

    pub(super) fn annotations(&mut self) {
        for (name, documentation) in ANNOTATIONS {
            let made =
                Completion::new(name, CompletionKind::Keyword, 0).documentation(*documentation);
            let has_text = matches!(*name, "deprecated" | "was");
            let text = format!("{name}(\"$1\")");
            self.found.push(if has_text { made.snippet(&text) } else { made });
        }
    }
}
