//! `bpc compile`.

use std::collections::BTreeMap;
use std::io::{Error, IsTerminal as _};
use std::path::Path;

use bp_plan::{Digest, Plan};

use super::output::Output;
use super::{PlanFormat, files, lock, stdin, write};
use crate::shown::count;

/// What to do about a plan that can't be put into its form.
const TOO_MUCH: &str = "make the blueprint, or the files that it takes along, smaller";

/// Writes the plan of a blueprint, whole or not at all; whether it did.
pub(super) fn run(
    file: &Path,
    to: Option<&Path>,
    format: PlanFormat,
    locked: bool,
    output: &mut Output,
) -> bool {
    let Some(analysis) = stdin::analysis(file, true, output) else {
        output.summary();
        return false;
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
    let Some(plan) = analysis.plan().filter(|_| !output.has_errors()) else { return false };
    let is_from_stdin = stdin::is_meant(file);
    let beside = file.with_extension("plan");
    let to = match to {
        Some(to) if stdin::is_meant(to) => None,
        None if format == PlanFormat::Plan && !is_from_stdin => Some(beside.as_path()),
        to => to,
    };
    if let Some(to) = to
        && let Some(read) = files::is_among(to, &files::of(analysis.sources()))
    {
        let (why, help) = write::over_its_source(read);
        return refused(to, &why, &help, output);
    }
    match format {
        PlanFormat::Plan => container(plan, analysis.artifacts(), to, output),
        PlanFormat::Json => json(plan, to, output),
    }
}

fn container(
    plan: &Plan,
    artifacts: &BTreeMap<Digest, Vec<u8>>,
    to: Option<&Path>,
    output: &mut Output,
) -> bool {
    let shown = to.unwrap_or(Path::new("<stdout>"));
    let bytes = bp_plan::to_bytes(plan, artifacts);
    let made = bytes.and_then(|bytes| Ok((bytes, Digest::of(&bp_plan::canonical(plan)?))));
    let (bytes, identity) = match made {
        Ok(made) => made,
        Err(error) => return refused(shown, &error.to_string(), TOO_MUCH, output),
    };
    let Some(to) = to else {
        if std::io::stdout().is_terminal() {
            let help = "name a file with `--output`, or take `--format json`";
            return refused(shown, "a plan is nothing to look at", help, output);
        }
        output.answer_bytes(&bytes);
        return true;
    };
    if let Err(error) = write::replace(to, &bytes) {
        return unwritten(to, &error, output);
    }
    let nodes = count(plan.nodes.len(), "node");
    output.note(&format!(
        "{} {}: {nodes}, plan {} written to {}",
        plan.blueprint.name,
        plan.blueprint.version,
        identity.short(),
        to.display()
    ));
    true
}

fn json(plan: &Plan, to: Option<&Path>, output: &mut Output) -> bool {
    let text = match serde_json::to_string_pretty(plan) {
        Ok(text) => format!("{text}\n"),
        Err(error) => {
            return refused(Path::new("plan.json"), &error.to_string(), TOO_MUCH, output);
        }
    };
    let inside = bp_plan::composition::nested(plan).len();
    if inside > 0 {
        let (plans, are) = if inside == 1 { ("plan", "is") } else { ("plans", "are") };
        output.note(&format!(
            "{inside} {plans} of other blueprints {are} inside: they travel in the container, compile it to look into them"
        ));
    }
    let Some(to) = to else {
        output.answer(&text);
        return true;
    };
    match write::replace(to, text.as_bytes()) {
        Ok(()) => true,
        Err(error) => unwritten(to, &error, output),
    }
}

/// That a plan can't be written to a file, and why.
fn unwritten(to: &Path, error: &Error, output: &mut Output) -> bool {
    refused(to, &error.to_string(), write::help(error), output)
}

fn refused(to: &Path, why: &str, help: &str, output: &mut Output) -> bool {
    let path = to.display().to_string();
    let why = format!("the plan can't be written: {why}");
    output.failure("E7004", &path, &why, help);
    false
}
