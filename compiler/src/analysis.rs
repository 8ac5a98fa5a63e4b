//! The whole pipeline over one root file: what `bpc` and `bpls` are thin faces of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bp_plan::{Digest, Plan};

use crate::check::kept::Before;
use crate::check::{BlueprintTest, Facts, Nodes, Program, check, unused};
use crate::diagnostics::{Diagnostic, Severity, names as says_names, plan as says};
use crate::follow_on;
use crate::loader::{self, Attached, Attachments, Files, Lock, Overlay, Sources};
use crate::lower::compose;
use crate::meant;
use crate::resolve::{Names, resolve};
use crate::source::{FileId, Place};
use crate::withheld;

/// A root file and all that it uses, read, resolved and checked.
#[derive(Debug)]
pub struct Analysis {
    sources: Sources,
    names: Names,
    facts: Facts,
    diagnostics: Vec<Diagnostic>,
    /// What stands between the program and its plan.
    unplanned: Vec<Diagnostic>,
    plan: Option<Plan>,
    artifacts: BTreeMap<Digest, Vec<u8>>,
    lock: Option<Lock>,
    tests: Vec<BlueprintTest>,
    /// The root's nodes, for the check after the next edit.
    nodes: Nodes,
}

impl Analysis {
    /// Of the file at this path.
    pub fn load(root: &Path) -> Self {
        Self::analyse(root, &Overlay::new(), true, true, None)
    }

    /// Of the file at this path, without its plan: when only what is wrong matters.
    pub fn check(root: &Path) -> Self {
        Self::analyse(root, &Overlay::new(), true, false, None)
    }

    /// Of the file at this path, with texts that take the place of files', without its plan.
    pub fn check_with(root: &Path, overlay: &Overlay) -> Self {
        Self::analyse(root, overlay, false, false, None)
    }

    /// Of the same file when texts have changed: the same as [`Analysis::check_with`], sooner.
    #[must_use]
    pub fn check_again(&self, root: &Path, overlay: &Overlay) -> Self {
        Self::analyse(root, overlay, false, false, Some(self))
    }

    /// Of the file at this path, with texts that take the place of files'.
    pub fn load_with(root: &Path, overlay: &Overlay) -> Self {
        Self::analyse(root, overlay, false, true, None)
    }

    /// Of a text that lies in no file, as if it did in this one: with its plan where one is wanted.
    pub fn of_text(root: &Path, text: &str, with_plan: bool) -> Self {
        let overlay = Overlay::from([(root.to_owned(), text.to_owned())]);
        Self::analyse(root, &overlay, true, with_plan, None)
    }

    fn analyse(
        root: &Path,
        overlay: &Overlay,
        is_locked: bool,
        with_plan: bool,
        before: Option<&Self>,
    ) -> Self {
        let loaded = before.map(|before| &before.sources);
        let (mut sources, lock) = loader::load(root, overlay, is_locked, loaded);
        let before = before.map(|before| Before {
            sources: &before.sources,
            nodes: &before.nodes,
            facts: &before.facts,
        });
        let mut nodes = Nodes::default();
        let mut diagnostics = std::mem::take(&mut sources.diagnostics);
        let mut unplanned = Vec::new();
        let mut plan = None;
        let mut attached = Vec::new();
        let mut nested = BTreeMap::new();
        let mut names = Names::default();
        let mut facts = Facts::default();
        let mut tests = Vec::new();
        if sources.modules.first().is_some_and(|root| !root.is_missing) {
            let mut found = Vec::new();
            names = resolve(&sources, &mut found);
            let attachments = Attachments::new(overlay, sources.modules.len());
            let mut checked = check(&sources, &names, Files::Met(&attachments), before, &mut found);
            facts = checked.program.facts();
            // What is broken may hide a use.
            let are_good = |all: &[Diagnostic]| all.iter().all(|d| d.severity != Severity::Error);
            if are_good(&diagnostics) && are_good(&found) {
                unused::declarations(&sources, &mut found);
            }
            tests.clone_from(&checked.tests);
            unplanned.extend(checked.unplanned.iter().cloned());
            meant::explain(&sources, &mut found);
            withheld::withhold(&names, &sources, &mut found);
            found.sort_by_key(|d| (d.place.file, d.place.span.start, d.place.span.end));
            found.dedup();
            follow_on::silence(&names, &sources, &diagnostics, &mut found);
            diagnostics.append(&mut found);
            if checked.blueprint.is_none() {
                unplanned.push(says_names::no_blueprint(FileId(0)));
            }
            let is_good = diagnostics.iter().all(|d| d.severity != Severity::Error);
            if with_plan && is_good && unplanned.is_empty() {
                let composed = compose(&checked);
                nested = composed.nested;
                plan = composed.plan;
                let doubts = match composed.problems.as_slice() {
                    [] => plan.as_ref().and_then(Self::doubts),
                    why => Some(says::refused(Place::default(), &why.join("; "))),
                };
                if let Some(doubts) = doubts {
                    unplanned.push(doubts);
                    plan = None;
                }
            }
            nodes = std::mem::take(&mut checked.nodes);
            let missing;
            (attached, missing) = attachments.into_files();
            sources.missing.extend(missing);
        }
        let mut artifacts =
            plan.as_ref().map(|plan| artifacts(plan, &attached)).unwrap_or_default();
        if plan.is_some() {
            artifacts.append(&mut nested);
        }
        sources.attached = attached;
        Self { sources, names, facts, diagnostics, unplanned, plan, artifacts, lock, tests, nodes }
    }

    /// What a plan's own checks say against it: a defect of the compiler, told as one.
    pub fn doubts(plan: &Plan) -> Option<Diagnostic> {
        let problems = bp_plan::validate(plan).err()?;
        let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Some(says::refused(Place::default(), &why.join("; ")))
    }

    /// What is wrong with the program, and what is worth a warning.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Why a program without errors has no plan.
    pub fn unplanned(&self) -> &[Diagnostic] {
        &self.unplanned
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// The files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What `bp.lock` should say; nothing where no package is needed, or where one is wrong.
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_ref()
    }

    /// The program as it was checked, to ask it more.
    pub(crate) fn program(&self) -> Program<'_> {
        Program::known(&self.sources, &self.names, &self.facts)
    }

    /// The plan; nothing where there is an error, or something that no plan can have yet.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The blueprint's tests, in its order.
    pub fn tests(&self) -> &[BlueprintTest] {
        &self.tests
    }

    /// The files that travel with the plan.
    pub fn artifacts(&self) -> &BTreeMap<Digest, Vec<u8>> {
        &self.artifacts
    }
}

/// The content of what the plan names, of all that was read.
fn artifacts(plan: &Plan, attached: &[Arc<Attached>]) -> BTreeMap<Digest, Vec<u8>> {
    attached
        .iter()
        .filter(|file| plan.artifacts.contains(&file.digest))
        .map(|file| (file.digest.clone(), file.content.to_vec()))
        .collect()
}
