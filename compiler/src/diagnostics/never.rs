//! What can never hold, and what can never happen.

use bp_plan::Type;

use super::Diagnostic;
use crate::source::Place;

/// A constraint that leaves no value: alone, with its type, or with another one.
pub fn never_holds(
    at: Place,
    other: Option<(&str, Place)>,
    kind: &Type,
    may_be_unset: bool,
) -> Diagnostic {
    let left = if may_be_unset { "no value but `null`" } else { "no value" };
    let message = match (&other, kind) {
        (Some((text, _)), _) => format!("{left} meets this and `{text}`"),
        (None, Type::Unknown) => format!("{left} meets this"),
        (None, kind) => format!("{left} of the type `{kind}` meets this"),
    };
    let error = if may_be_unset {
        Diagnostic::warning("W3050", message, at)
    } else {
        Diagnostic::error("E3050", message, at)
    };
    let error = error.label("can never hold");
    match other {
        Some((_, place)) => error
            .related(place, "stands against it")
            .help("all constraints in force must hold together: widen one of them"),
        None => error.help("widen it: swap the bounds, or take `or` where one of two is enough"),
    }
}

/// A condition that is the same whatever happens.
pub fn constant_condition(at: Place, is_true: bool, what: &str) -> Diagnostic {
    let always = if is_true { "true" } else { "false" };
    Diagnostic::warning("W3051", format!("this condition is always {always}: {what}"), at)
        .label(format!("always {always}"))
        .help("decide by an input or a constant, or remove what is never reached")
}

/// A key of an enumeration, for some of whose values there is nothing.
pub fn may_miss(at: Place, of: &str, key: &str, missing: &[&str]) -> Diagnostic {
    let all = super::types::listed(missing.iter().copied());
    let message = format!("`{of}` has no {all}, which `{key}` may be");
    Diagnostic::warning("W3053", message, at)
        .label("a missing key is an error when it is deployed")
        .help(format!(
            "add what is missing to `{of}`, or read it with `?[` and say what stands for it"
        ))
}

/// `??` after something that is never unset. `instead` reads it so that it may be.
pub fn idle_default(at: Place, kind: &Type, remove: Place, instead: Option<Place>) -> Diagnostic {
    let message = format!("this is never unset, so what follows `??` never counts: it is `{kind}`");
    let warning = Diagnostic::warning("W3052", message, at).label("never unset");
    match instead {
        Some(before) => warning
            .help("a missing key is an error here; with `?` before the `[` or the `.` it gives `null`")
            .fix("read it with `?`", vec![(before, "?".to_owned())]),
        None => warning
            .help("remove the `??` and what follows it")
            .fix("remove it", vec![(remove, String::new())]),
    }
}
