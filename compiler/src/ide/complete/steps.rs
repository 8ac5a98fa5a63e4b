//! Steps of workflows: the words that begin them, operations, workflows and their arguments.

use std::collections::BTreeSet;

use super::{Completion, CompletionKind, List};
use crate::check::workflows::Taken;
use crate::ide::draft::Inside;
use crate::ide::steps::{of_operation, of_workflow};

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
        let before = inside.item.get(..inside.at as usize).unwrap_or_default();
        if before.contains("on failure") {
            self.word("recover", "recover", "The failure is handled: what comes after goes on.");
        }
        true
    }

    /// What a `let` can keep of a step.
    pub(super) fn results(&mut self) {
        self.word("call", "call $1", "The result of an operation of a node.");
        self.word("run", "run $1", "The result of a workflow.");
    }

    /// Interfaces of a node type; the operations of one of them.
    pub(super) fn operations(&mut self, full: &str, interface: Option<&str>) {
        let Some(info) = self.program.types.get(full) else { return };
        let Some(interface) = interface else {
            for (name, of) in info.interfaces.iter().filter(|(name, _)| *name != LIFECYCLE) {
                let place = self.program.names.types.get(of).map(|declared| declared.place);
                let made = Completion::new(name, CompletionKind::Requirement, 0)
                    .detail(of)
                    .documentation(self.documented(place));
                self.found.push(made);
            }
            // A requirement leads to another node.
            for (name, requirement) in &info.requirements {
                let made = Completion::new(name, CompletionKind::Requirement, 1)
                    .detail(requirement.declared.target.to_string())
                    .documentation(self.documented(Some(requirement.place)));
                self.found.push(made);
            }
            return;
        };
        if interface == LIFECYCLE {
            return;
        }
        let prefix = format!("{interface}.");
        let operations = info.operations.iter();
        for (name, signature) in
            operations.filter_map(|(path, of)| Some((path.strip_prefix(prefix.as_str())?, of)))
        {
            let needs = signature.parameters.iter().any(|p| p.default.is_none());
            let made = Completion::new(name, CompletionKind::Function, 0)
                .detail(of_operation(name, signature))
                .documentation(&signature.documentation);
            let is_whole = self.after.trim().is_empty();
            let snippet = format!("{name} {{ $1 }}");
            self.found.push(if needs && is_whole { made.snippet(&snippet) } else { made });
        }
    }

    /// Workflows that can be run.
    pub(super) fn workflows(&mut self) {
        for head in self.program.workflows.values() {
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
