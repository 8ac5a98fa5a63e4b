//! Runs a blueprint's tests: each binds its inputs, chooses from its inventory, works out which
//! instances there are, and asks its assertions of them. Nothing is deployed.
//!
//! It must know no clock, no file and no screen: what a test found are diagnostics.

mod failure;
mod inside;
mod shown;

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_eval::Outcome;
use bp_plan::{Expr, Plan, Value};
use bp_topology::inventory_file::File;
use bp_topology::{Expanded, Identity, Inventory, Problem, Secrets, Topology};

use crate::analysis::Analysis;
use crate::check::BlueprintTest;
use crate::check::blueprint_tests::{self, Stands};
use crate::diagnostics::{Diagnostic, Severity, testing as says};
use crate::source::{FileId, Place, SourceFile, Span};

/// A file's tests, ready to be run.
#[derive(Debug)]
pub struct Suite<'a> {
    analysis: &'a Analysis,
    plan: Arc<Plan>,
    /// Those that its nodes are made of.
    plans: inside::Plans,
    /// For tests that name none.
    inventory: Arc<Inventory>,
}

impl<'a> Suite<'a> {
    /// Of a blueprint that has a plan.
    pub fn new(analysis: &'a Analysis) -> Option<Self> {
        let plan = Arc::new(analysis.plan()?.clone());
        let plans = inside::plans(analysis, &plan);
        Some(Self { analysis, plan, plans, inventory: Arc::default() })
    }

    /// With an inventory, as this file has it, for tests that name none; what is wrong with it stands
    /// in the file of this id.
    pub fn with_inventory(
        mut self,
        form: File,
        source: &SourceFile,
        file: FileId,
    ) -> Result<Self, Vec<Diagnostic>> {
        let at = Place { file, ..Place::default() };
        let stands = Stands::in_file(at, source, file);
        let mut wrong = Vec::new();
        let program = self.analysis.program();
        match blueprint_tests::from_file(&program, form, &stands, &mut wrong) {
            Some(inventory) => self.inventory = inventory,
            None => return Err(wrong),
        }
        Ok(self)
    }

    /// Runs a test; what it found wrong, which is nothing where it passed.
    pub fn run(&self, test: &BlueprintTest) -> Vec<Diagnostic> {
        if !test.unread.is_empty() {
            return test.unread.clone();
        }
        let identity =
            || Identity { id: "test".to_owned(), name: self.plan.blueprint.name.clone() };
        let before = Topology::nothing(self.plan.clone(), identity(), Secrets::veiled());
        let given = values(&before, &test.inputs, "input")
            .and_then(|inputs| Ok((inputs, values(&before, &test.secrets, "secret")?)));
        let (inputs, secrets) = match given {
            Ok((inputs, secrets)) => (inputs, self.secrets(secrets)),
            Err(why) => {
                let help = "give what is known before a deployment";
                return vec![says::assertion_open(test.place, &test.name, &why, help)];
            }
        };
        let inventory = test.inventory.clone().unwrap_or_else(|| self.inventory.clone());
        let Expanded { topology, problems } =
            Topology::expand(&self.plan, &inputs, inventory, identity(), secrets);
        let errors: Vec<&Problem> = problems.iter().filter(|it| !it.is_warning).collect();
        let topology = topology.map(|mut topology| {
            topology.expect();
            topology
        });
        let inside = topology.as_ref().map(|topology| self.inside(topology, test.place));
        let inside = inside.unwrap_or_default();
        if let Some((code, at)) = &test.refused {
            return self.refused(code, *at, &errors, &inside);
        }
        let Some(topology) = topology else {
            let told =
                |it: &&Problem| says::refused(it, self.place(&self.plan, it.span), test.place);
            return errors.iter().map(told).collect();
        };
        if !inside.is_empty() {
            return inside;
        }
        let assertions = test.assertions.iter();
        assertions.filter_map(|one| failure::of(self.analysis, &topology, one)).collect()
    }

    /// The secrets with these values; where one is not given, what needs it stays open.
    fn secrets(&self, given: BTreeMap<String, Value>) -> Secrets {
        let is_whole = self.plan.secrets.keys().all(|name| given.contains_key(name));
        let mut secrets = if is_whole { Secrets::new(Vec::new()) } else { Secrets::veiled() };
        for (name, value) in given {
            secrets.give(&name, value);
        }
        secrets
    }

    /// What there is to say of a test that expects to be refused; `inside` is what breaks in blueprints that nodes are
    /// made of.
    fn refused(
        &self,
        code: &str,
        at: Place,
        errors: &[&Problem],
        inside: &[Diagnostic],
    ) -> Vec<Diagnostic> {
        let mut codes =
            errors.iter().filter_map(|it| it.code).chain(inside.iter().map(|it| it.code));
        if codes.any(|one| one == code) {
            return Vec::new();
        }
        let told = |problem: &&Problem| {
            let code = problem.code.map(|code| format!(" ({code})")).unwrap_or_default();
            (self.place(&self.plan, problem.span), format!("{}{code}", problem.message))
        };
        let instead = errors.iter().map(told);
        let inside =
            inside.iter().map(|it| (Some(it.place), format!("{} ({})", it.message, it.code)));
        let instead: Vec<(Option<Place>, String)> = instead.chain(inside).collect();
        vec![says::not_refused(at, code, &instead)]
    }

    /// The place in the sources of a span of a plan.
    fn place(&self, plan: &Plan, span: Option<bp_plan::Span>) -> Option<Place> {
        let span = span?;
        let path = &plan.sources.get(span.file as usize)?.path;
        let (file, module) = self.analysis.sources().all().find(|(_, m)| m.path == *path)?;
        let source = &module.source;
        let start = source.offset(span.line, span.column);
        let end = source.offset(span.end_line, span.end_column);
        Some(Place { file, span: Span::new(start, end) })
    }
}

/// The values that a test gives, or a sentence that says why there is none.
fn values(
    before: &Topology,
    given: &BTreeMap<String, Expr>,
    what: &str,
) -> Result<BTreeMap<String, Value>, String> {
    let value = |(name, expr): (&String, &Expr)| match before.evaluate(expr).0 {
        Ok(Outcome::Value(value)) => Ok((name.clone(), value)),
        Ok(_) => Err(format!("its {what} `{name}` is known only at run time")),
        Err(error) => Err(format!("its {what} `{name}`: {error}")),
    };
    given.iter().map(value).collect()
}

/// What stands between a file and its tests: nothing is run where it is no sound blueprint.
pub fn obstacles(analysis: &Analysis) -> Vec<Diagnostic> {
    let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
    let mut found: Vec<Diagnostic> = errors.cloned().collect();
    // Who has no tests need be no blueprint.
    if found.is_empty() && !analysis.tests().is_empty() {
        found.extend_from_slice(analysis.unplanned());
    }
    found
}

/// The text of a message, as far as it is known.
fn text(topology: &Topology, message: &Expr) -> Option<String> {
    match topology.evaluate(message).0 {
        Ok(Outcome::Value(Value::String(text))) => Some(text),
        _ => None,
    }
}
