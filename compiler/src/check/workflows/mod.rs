//! Workflows: what they take and give, and what their steps do.
//!
//! Heads come first ([`heads`]), so that steps and policies can run what stands further down; the
//! steps ([`check`]) when nodes and the operations of their types are known.

mod arguments;
mod blocks;
mod builtin;
mod calls;
mod heads;
mod rings;
mod runs;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::workflow::{Parameter, Workflow};

pub(crate) use arguments::{Callee, check_arguments, given_by_body, given_by_record};
pub(crate) use calls::{gives, node_of, operation, parameters};
pub(crate) use heads::{Taken, WorkflowHead, heads, signature};

use self::blocks::{Around, Checked};
use super::Program;
use super::expr::{Local, Scope, World as _};
use crate::diagnostics::{Diagnostic, Severity, workflows as says};
use crate::source::{Place, Span};
use crate::syntax::ast::{self, ItemKind};

/// Checks the steps of the root's workflows.
pub(crate) fn check(
    program: &Program<'_>,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Workflow> {
    let mut made = BTreeMap::new();
    let mut runs = Vec::new();
    let mut seen = BTreeSet::new();
    let Some(module) = program.blueprint() else { return made };
    for item in &module.tree.items {
        let ItemKind::Workflow(workflow) = &item.kind else { continue };
        // A second one of a name was told with the names of the file.
        let Some(head) = signature(program, &workflow.name.text)
            .filter(|head| head.place.is_some() && seen.insert(workflow.name.text.as_str()))
        else {
            continue;
        };
        let checker = Checker { program, head, workflow, runs: &mut runs, out };
        made.insert(head.name.clone(), checker.workflow());
    }
    rings::check(&runs, out);
    made
}

/// One workflow that is checked.
struct Checker<'a, 's> {
    program: &'a Program<'s>,
    head: &'a WorkflowHead,
    workflow: &'a ast::Workflow,
    /// Which workflow runs which, and where.
    runs: &'a mut Vec<rings::Runs>,
    out: &'a mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn place(&self, span: Span) -> Place {
        Place { file: self.program.file, span }
    }

    fn span(&self, span: Span) -> bp_plan::Span {
        self.program.span(self.place(span))
    }

    fn workflow(mut self) -> Workflow {
        let scope =
            self.head.parameters.iter().fold(Scope::new(self.program.file), |scope, taken| {
                // Steps run; what they are given is known then.
                scope.with(Local::variable(
                    taken.name.as_str(),
                    taken.ty.clone(),
                    bp_plan::Phase::Run,
                ))
            });
        let before = self.out.len();
        let Checked { block, falls_through, .. } =
            self.block(&self.workflow.steps, &scope, Around::default());
        let at = self.place(self.workflow.name.span);
        // What is wrong inside may be the reason.
        let is_told = self.out.iter().skip(before).any(|d| d.severity == Severity::Error);
        if let Some(result) = self.head.result.as_ref().filter(|_| falls_through && !is_told) {
            let declared = self.workflow.result.as_ref().map(|ty| self.place(ty.span));
            self.out.push(says::ends_without_result(at, &self.head.name, result, declared));
        }
        Workflow {
            parameters: self.head.parameters.iter().map(|taken| self.parameter(taken)).collect(),
            result: self.head.result.clone(),
            body: block,
            documentation: self.head.documentation.clone(),
            span: self.program.span(at),
        }
    }

    fn parameter(&self, taken: &Taken) -> Parameter {
        Parameter {
            name: taken.name.clone(),
            kind: taken.ty.clone(),
            default: taken.default.clone(),
            constraints: taken.constraints.clone(),
            span: taken.place.map(|place| self.program.span(place)).unwrap_or_default(),
        }
    }
}
