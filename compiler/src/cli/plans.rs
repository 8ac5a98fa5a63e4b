//! A plan for a command that looks at one: of a plan's file, or compiled of a blueprint's.

use std::path::{Path, PathBuf};

use bp_plan::LoadedPlan;

use super::output::Output;
use super::{files, lock, stdin};
use crate::analysis::Analysis;
use crate::diagnostics::packages as says;
use crate::loader;
use crate::source::FileId;

/// What a plan is known by.
const START: &[u8] = b"blueprint-plan";
/// A plan on stdin has not more bytes than this.
const MOST_ON_STDIN: u64 = 1 << 30;

/// A plan, and what it was read or compiled from.
pub(super) struct Read {
    pub(super) plan: LoadedPlan,
    pub(super) files: Vec<PathBuf>,
}

/// The plan of a file or of stdin; nothing where there is none, which is told of.
pub(super) fn load(path: &Path, locked: bool, output: &mut Output) -> Option<Read> {
    let read = if stdin::is_meant(path) {
        let bytes = stdin::read(MOST_ON_STDIN, output)?;
        if !bytes.starts_with(START) {
            return compile(stdin::of(bytes, true, output), locked, output);
        }
        bp_plan::from_bytes(&bytes)
    } else if is_plan(path) {
        bp_plan::read(path)
    } else {
        return compile(Some(Analysis::load(path)), locked, output);
    };
    match read {
        Ok(plan) => Some(Read { plan, files: vec![path.to_owned()] }),
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
        _ => loader::bytes_of(path, START.len() as u64).is_ok_and(|bytes| bytes == START),
    }
}

fn compile(analysis: Option<Analysis>, locked: bool, output: &mut Output) -> Option<Read> {
    let Some(analysis) = analysis else {
        output.summary();
        return None;
    };
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
        Ok(plan) => Some(Read { plan, files: files::of(analysis.sources()) }),
        Err(error) => {
            let path = analysis.sources().on_disk(FileId(0)).unwrap_or(Path::new(""));
            output.failed(path, says::unreadable_plan(&error.to_string()));
            None
        }
    }
}
