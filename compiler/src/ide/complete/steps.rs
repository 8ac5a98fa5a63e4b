//! Steps of workflows: the words that begin them, operations, workflows and their arguments.

use std::collections::BTreeSet;

use super::{Completion, CompletionKind, List};
use crate::check::workflows::Taken;
use crate::ide::draft::Inside;
use crate::ide::find::joined;
use crate::ide::spot::{Role, Runner};
use crate::ide::steps::{of_operation, of_workflow};
use crate::syntax::ast::{EntryKind, ItemKind, Name, Path};

/// What a step begins with, what is put there, and what it is for.
const STEPS: &[(&str, &str, &str)] = &[
    ("call", "call $1", "Calls an operation of a node."),
    ("run", "run $1", "Runs a workflow."),
    ("let", "let $1 = ", "Keeps a value, or the result of a `call` or `run`."),
    ("parallel", "parallel {\n  $1\n}", "Steps that begin together."),
    ("for", "for $1 in ", "The same steps for each element."),
    ("if", "if $1 {\n}", "Steps for when something holds."),
    ("wait", "wait $1", "Waits for a time."),
    ("wait until", "wait until $1 timeout 5m", "Waits until something holds."),
    ("fail", "fail \"$1\"", "Ends with a failure."),
    ("return", "return $1", "Ends the workflow, with its result."),
    ("on failure", "on failure {\n  $1\n}", "Steps for when one of this block fails."),
    ("on cancel", "on cancel {\n  $1\n}", "Steps for when the workflow is cancelled."),
];
/// Operations of it are the runtime's to call.
const LIFECYCLE: &str = "lifecycle";

impl List<'_, '_> {
    /// The words that begin a step, where one can begin.
    pub(super) fn steps(&mut self, inside: &Inside) -> bool {
        if !inside.is_bare || inside.item.split_whitespace().next() != Some("workflow") {
            return false;
        }
        for (label, snippet, documentation) in STEPS {
            self.word(label, snippet, documentation);
        }
        if super::clauses::is_in_block(inside, "on failure") {
            self.word("recover", "recover", "The failure is handled: what comes after goes on.");
        }
        true
    }

    /// What a `let` can keep of a step.
    pub(super) fn results(&mut self) {
        self.word("call", "call $1", "The result of an operation of a node.");
        self.word("run", "run $1", "The result of a workflow.");
    }

    /// Interfaces of a type; the operations of one of them.
    pub(super) fn operations(
        &mut self,
        role: Role<'_>,
        full: &str,
        interface: Option<&str>,
        own: &Name,
    ) {
        let Some(info) = self.program.types.get(full) else { return };
        // Those of the lifecycle are carried out by whoever wants, and called by the runtime alone.
        let is_open =
            |interface: &str| interface != LIFECYCLE || matches!(role, Role::CarriedOut(_));
        let Some(interface) = interface else {
            for (name, of) in info.interfaces.iter().filter(|(name, _)| is_open(name)) {
                let place = self.program.names.types.get(of).map(|declared| declared.place);
                let made = Completion::new(name, CompletionKind::Requirement, 0)
                    .detail(of)
                    .documentation(self.documented(place));
                let is_whole = self.after.trim().is_empty();
                let snippet = format!("{name}.$1");
                self.found.push(if is_whole { made.snippet(&snippet) } else { made });
            }
            if matches!(role, Role::Called) {
                // A requirement leads to another node.
                for (name, requirement) in &info.requirements {
                    let made = Completion::new(name, CompletionKind::Requirement, 1)
                        .detail(requirement.declared.target.to_string())
                        .documentation(self.documented(Some(requirement.place)));
                    self.found.push(made);
                }
            }
            return;
        };
        if !is_open(interface) {
            return;
        }
        let done = self.carried(role, own);
        let prefix = format!("{interface}.");
        let operations = info.operations.iter().filter(|(path, _)| !done.contains(path.as_str()));
        for (name, signature) in
            operations.filter_map(|(path, of)| Some((path.strip_prefix(prefix.as_str())?, of)))
        {
            let needs = signature.parameters.iter().any(|p| p.default.is_none());
            let made = Completion::new(name, CompletionKind::Function, 0)
                .detail(of_operation(name, signature))
                .documentation(&signature.documentation);
            let snippet = match role {
                Role::Called if needs => format!("{name} {{ $1 }}"),
                Role::Called => name.to_owned(),
                Role::CarriedOut(_) => format!("{name} = script(\"$1\")"),
                Role::Implemented => format!("{name} = $1"),
            };
            let is_whole = self.after.trim().is_empty();
            self.found.push(if is_whole { made.snippet(&snippet) } else { made });
        }
    }

    /// Operations that others say something of: once is enough.
    fn carried(&self, role: Role<'_>, own: &Name) -> BTreeSet<String> {
        let paths: Vec<&Path> = match role {
            Role::Called => Vec::new(),
            Role::CarriedOut(body) => {
                let entries = body.entries.iter();
                let paths = entries.filter_map(|entry| match &entry.kind {
                    EntryKind::Operation(it) => Some(&it.path),
                    _ => None,
                });
                paths.filter(|path| path.segments.iter().all(|one| one.span != own.span)).collect()
            }
            Role::Implemented => {
                let items = self.program.blueprint().into_iter().flat_map(|it| &it.tree.items);
                let paths = items.filter_map(|item| match &item.kind {
                    ItemKind::Implement(it) => Some(&it.operation),
                    _ => None,
                });
                paths.collect()
            }
        };
        paths.into_iter().map(joined).collect()
    }

    /// Workflows that can be run.
    pub(super) fn workflows(&mut self, by: &Runner) {
        for head in self.program.workflows.values() {
            let can_run = match by {
                Runner::Step(own) => head.name != own.as_str(),
                Runner::Policy => true,
                Runner::Operation => head.place.is_some(),
            };
            if !can_run {
                continue;
            }
            let rank = u8::from(head.place.is_none());
            let made = Completion::new(&head.name, CompletionKind::Function, rank)
                .detail(of_workflow(head))
                .documentation(&head.documentation);
            self.found.push(made);
        }
    }

    /// Arguments that are not given yet.
    pub(super) fn arguments(&mut self, taken: &[Taken], set: &BTreeSet<&str>, is_bare: bool) {
        for taken in taken.iter().filter(|taken| !set.contains(taken.name.as_str())) {
            let needed = taken.is_required();
            let detail = format!("{}{}", taken.ty, if needed { " (required)" } else { "" });
            let made = Completion::new(&taken.name, CompletionKind::Property, u8::from(!needed));
            let made = made.detail(detail);
            let snippet = format!("{} = {}", taken.name, self.opening(&taken.ty));
            self.found.push(if is_bare { made.snippet(&snippet) } else { made });
        }
    }
}
