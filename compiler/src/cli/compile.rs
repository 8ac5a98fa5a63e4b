//! `bpc compile`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

use bp_plan::{Digest, Plan};

use super::output::Output;
use super::{PlanFormat, files, lock, stdin, write};
use crate::shown::count;

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
        let why = format!("it would replace `{}`, which it is made of", read.display());
        return refused(to, &why, output);
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
        Err(error) => return refused(shown, &error.to_string(), output),
    };
    let Some(to) = to else {
        if std::io::stdout().is_terminal() {
            return refused(
                shown,
                "a plan is nothing to look at: name a file, or `--format json`",
                output,
            );
        }
        output.answer_bytes(&bytes);
        return true;
    };
    if let Err(error) = write::replace(to, &bytes) {
        return refused(to, &error.to_string(), output);
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
        output.answer(&text);
        return true;
    };
    match write::replace(to, text.as_bytes()) {
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
