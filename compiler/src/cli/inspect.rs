//! `bpc inspect`.

use std::path::Path;

use super::PlanText;
use super::output::{self, Output};
use super::plans;
use crate::inspect::{self, Found, Summary};

/// Shows what a plan holds, or one element of it; whether there was something to show.
pub(super) fn run(
    path: &Path,
    element: Option<&str>,
    format: PlanText,
    locked: bool,
    output: &mut Output,
) -> bool {
    let Some(loaded) = plans::load(path, locked, output) else { return false };
    let bold = output.is_bold();
    let Some(name) = element else {
        let summary = Summary::of(&loaded);
        output::write_out(&match format {
            PlanText::Human => inspect::summary(&summary, bold),
            PlanText::Json => json(&summary),
        });
        return true;
    };
    let (why, help) = match inspect::find(&loaded.plan, name) {
        Found::One(found) => {
            output::write_out(&match format {
                PlanText::Human => inspect::element(&found, bold),
                PlanText::Json => json(&found),
            });
            return true;
        }
        Found::Several(names) => (
            format!("several elements are called `{name}`"),
            format!("name one: {}", names.join(", ")),
        ),
        Found::None(near) => (
            format!("the plan has no element `{name}`"),
            near.map_or_else(
                || {
                    "elements are named by kind and name, such as `node.shop` or `input.tag`"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            ),
        ),
    };
    output.failure("E6022", &path.display().to_string(), &why, &help);
    false
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
