//! `bpc compile`.

use std::collections::BTreeMap;
use std::path::Path;

use bp_plan::{Digest, Plan};

use super::output::{self, Output};
use super::{PlanFormat, files, lock};
use crate::analysis::Analysis;

/// Writes the plan of a blueprint, whole or not at all; whether it did.
pub(super) fn run(
    file: &Path,
    to: Option<&Path>,
    format: PlanFormat,
    locked: bool,
    output: &mut Output,
) -> bool {
    let analysis = Analysis::load(file);
    let sources = |id| analysis.sources().file(id);
    output.diagnostics(analysis.diagnostics(), sources);
    if !analysis.has_errors() {
        output.diagnostics(analysis.unplanned(), sources);
    }
    if let Some(lock) = analysis.lock() {
        lock::settle(lock, locked, analysis.sources(), output);
    }
    output.summary();
    let Some(plan) = analysis.plan().filter(|_| !output.has_errors()) else { return false };
    let folder = to.and_then(Path::parent).filter(|f| !f.as_os_str().is_empty() && !f.is_dir());
    if let (Some(folder), Some(to)) = (folder, to) {
        return refused(to, &format!("there is no folder `{}`", folder.display()), output);
    }
    match (format, to) {
        (PlanFormat::Plan, to) => {
            let beside = file.with_extension("plan");
            container(plan, analysis.artifacts(), to.unwrap_or(&beside), output)
        }
        (PlanFormat::Json, to) => json(plan, to, output),
    }
}

fn container(
    plan: &Plan,
    artifacts: &BTreeMap<Digest, Vec<u8>>,
    to: &Path,
    output: &mut Output,
) -> bool {
    match bp_plan::write(plan, artifacts, to) {
        Ok(identity) => {
            let nodes = plan.nodes.len();
            let nodes = if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") };
            output.note(&format!(
                "{} {}: {nodes}, plan {} written to {}",
                plan.blueprint.name,
                plan.blueprint.version,
                identity.short(),
                to.display()
            ));
            true
        }
        Err(error) => refused(to, &error.to_string(), output),
    }
}

fn json(plan: &Plan, to: Option<&Path>, output: &mut Output) -> bool {
    let text = match serde_json::to_string_pretty(plan) {
        Ok(text) => format!("{text}\n"),
        Err(error) => return refused(Path::new("plan.json"), &error.to_string(), output),
    };
    let inside = bp_plan::composition::nested(plan).len();
    if inside > 0 {
        let (plans, are) = if inside == 1 { ("plan", "is") } else { ("plans", "are") };
        output.note(&format!(
            "{inside} {plans} of other blueprints {are} inside: they travel in the container, compile it to look into them"
        ));
    }
    let Some(to) = to else {
        output::write_out(&text);
        return true;
    };
    match files::replace(to, text.as_bytes()) {
        Ok(()) => true,
        Err(error) => refused(to, &error.to_string(), output),
    }
}

fn refused(to: &Path, why: &str, output: &mut Output) -> bool {
    let path = to.display().to_string();
    let why = format!("the plan can't be written: {why}");
    let help =
        "check that the folder is there, that you may write to it and that the disk has room";
    output.failure("E7004", &path, &why, help);
    false
}
