//! Selections of the inventory, and choices that are left to the runtime.

use super::Diagnostic;
use crate::source::Place;

/// `spread` that is none.
pub fn odd_spread(at: Place) -> Diagnostic {
    Diagnostic::error("E4070", "`spread` says by what, and how many of each there may be", at)
        .help("write `spread = { by = self.labels.region, max = 20 }`")
}

/// A `count` that the cardinality does not allow.
pub fn count_outside(at: Place, count: u64, wanted: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4071", format!("this takes {count}, and the selection wants {wanted}"), at)
        .related(declared, "declared here")
        .help("change one of them")
}

/// `prefer` that is no list of `least` and `most`.
pub fn odd_preference(at: Place, written: &str) -> Diagnostic {
    let by = if written.starts_with("self.") { written } else { "self.…" };
    Diagnostic::error("E4072", "`prefer` is a list of `least(…)` and `most(…)`", at)
        .help(format!("write `prefer = [least({by})]`"))
}

/// Candidates that have no order.
pub fn prefers_no_order(at: Place, found: &impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error("E4073", format!("`{found}` has no order to prefer by"), at)
        .help("prefer by a number, a quantity, a version, a time or a text")
}

/// Elements that can't be told apart.
pub fn spread_by_no_scalar(at: Place, found: &impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error("E4074", format!("elements can't be spread by a `{found}`"), at)
        .help("spread by a text, a number, or another plain value, such as a label")
}

/// A number below what makes sense.
pub fn too_few(at: Place, least: i64) -> Diagnostic {
    Diagnostic::error("E4075", format!("this is at least {least}"), at)
        .help("write a larger number")
}

/// `prefer` where all that fit are taken.
pub fn prefers_nothing(at: Place) -> Diagnostic {
    Diagnostic::warning("W4076", "all that fit are taken, so nothing is preferred", at)
        .help("say how many are taken with `count`, or with a cardinality such as `[1..3]`")
}

/// `least` or `most` where nothing is ordered.
pub fn ranks_nothing(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E4077", format!("`{name}` orders the candidates of a selection"), at).help(
        format!(
            "use it in `prefer`; of a list of values take `{}`",
            match name {
                "least" => "min",
                _ => "max",
            }
        ),
    )
}

/// A choice that is left to the runtime, and no candidate fits; `what` names the requirement, and the instance where
/// it is of one.
pub fn nothing_fits(
    at: Place,
    what: &str,
    wanted: &str,
    text: &str,
    misses: &[(Place, String)],
) -> Diagnostic {
    let asked = match text {
        "" => format!("no `{wanted}` of the blueprint can meet {what}"),
        _ => format!("no `{wanted}` of the blueprint meets {what}: `where {text}`"),
    };
    let error =
        Diagnostic::error("E4078", asked, at).label("nothing fits").help(match misses.first() {
            Some((_, nearest)) => format!("nearest is {nearest}"),
            None => format!("add a node of type `{wanted}`, or name one"),
        });
    misses_told(error, misses)
}

/// The nearest stands in the help.
fn misses_told(error: Diagnostic, misses: &[(Place, String)]) -> Diagnostic {
    misses.iter().enumerate().fold(error, |error, (at, (place, why))| {
        error.related(*place, if at == 0 { "the nearest".to_owned() } else { why.clone() })
    })
}

/// The same, where the inventory may have one that fits.
pub fn left_to_inventory(
    at: Place,
    what: &str,
    wanted: &str,
    misses: &[(Place, String)],
) -> Diagnostic {
    let error = Diagnostic::warning(
        "W4079",
        format!("no `{wanted}` of the blueprint meets {what}: the inventory must have one"),
        at,
    )
    .label("no node fits");
    let error = match misses.first() {
        Some((_, nearest)) => error.help(format!("of the nodes nearest is {nearest}")),
        None => error,
    };
    misses_told(error, misses)
}
