//! `bpc inspect`.

use std::path::Path;

use super::PlanText;
use super::output::Output;
use super::plans;
use crate::diagnostics::packages as says;
use crate::inspect::{self, Found, Summary};

/// Shows what a plan holds, or one element of it; whether there was something to show.
pub(super) fn run(
    path: &Path,
    element: Option<&str>,
    format: PlanText,
    locked: bool,
    output: &mut Output,
) -> bool {
    let Some(read) = plans::load(path, locked, output) else { return false };
    let loaded = read.plan;
    let look = output.look();
    let Some(name) = element else {
        let summary = Summary::of(&loaded);
        output.answer(&match format {
            PlanText::Human => inspect::summary(&summary, look),
            PlanText::Json => json(&summary),
        });
        return true;
    };
    let why = match inspect::find(&loaded.plan, name) {
        Found::One(found) => {
            output.answer(&match format {
                PlanText::Human => inspect::element(&found, look),
                PlanText::Json => json(&found),
            });
            return true;
        }
        Found::Several(names) => says::no_element(name, &names, None),
        Found::None(near) => says::no_element(name, &[], near.as_deref()),
    };
    output.failed(path, why);
    output.summary();
    false
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
