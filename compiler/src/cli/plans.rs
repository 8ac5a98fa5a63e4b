//! A plan for a command that looks at one: of a plan's file, or compiled of a blueprint's.

use std::path::Path;

use bp_plan::LoadedPlan;

use super::lock;
use super::output::Output;
use crate::analysis::Analysis;
use crate::diagnostics::packages as says;
use crate::loader;

/// The plan of a file; nothing where there is none, which is told of.
pub(super) fn load(path: &Path, locked: bool, output: &mut Output) -> Option<LoadedPlan> {
    if !is_plan(path) {
        return compile(path, locked, output);
    }
    match bp_plan::read(path) {
        Ok(plan) => Some(plan),
        Err(error) => {
            let error = match error {
                bp_plan::PlanError::File { problem, .. } => *problem,
                other => other,
            };
            output.failed(path, says::unreadable_plan(&error.to_string()));
            output.summary();
            None
        }
    }
}

/// By its name, and where that says nothing by how it begins.
fn is_plan(path: &Path) -> bool {
    match path.extension().and_then(|end| end.to_str()) {
        Some("plan") => true,
        Some("bp") => false,
        _ => {
            let start = b"blueprint-plan";
            loader::bytes_of(path, start.len() as u64).is_ok_and(|bytes| bytes == start)
        }
    }
}

fn compile(path: &Path, locked: bool, output: &mut Output) -> Option<LoadedPlan> {
    let analysis = Analysis::load(path);
    let sources = |id| analysis.sources().file(id);
    output.diagnostics(analysis.diagnostics(), sources);
    if !analysis.has_errors() {
        output.diagnostics(analysis.unplanned(), sources);
    }
    if let Some(lock) = analysis.lock() {
        lock::settle(lock, locked, analysis.sources(), output);
    }
    output.summary();
    let plan = analysis.plan().filter(|_| !output.has_errors())?;
    // As a file would hold it: with the plans inside of it, each read.
    let bytes = bp_plan::to_bytes(plan, analysis.artifacts());
    match bytes.and_then(|bytes| bp_plan::from_bytes(&bytes)) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            output.failed(path, says::unreadable_plan(&error.to_string()));
            None
        }
    }
}
