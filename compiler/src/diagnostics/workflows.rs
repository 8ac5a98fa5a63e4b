//! `E704x`–`E706x`: workflows, their steps, and the arguments of what they call.

use bp_plan::Type;

use super::{Diagnostic, near};
use crate::source::Place;

fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn declared(error: Diagnostic, place: Option<Place>, what: &str) -> Diagnostic {
    match place {
        Some(place) => error.related(place, format!("{what} is declared here")),
        None => error,
    }
}

/// An argument that nothing takes.
pub fn unknown_argument(
    at: Place,
    name: &str,
    of: &str,
    known: &[&str],
    place: Option<Place>,
) -> Diagnostic {
    let error = Diagnostic::error("E7040", format!("{of} has no parameter `{name}`"), at);
    let error = declared(error, place, of);
    match near(name, known.iter().copied()) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help("it takes no arguments: remove this one"),
        None => error.help(format!("it takes {}", names(known.iter().copied()))),
    }
}

/// Arguments that must be given and are not.
pub fn missing_arguments(
    at: Place,
    of: &str,
    missing: &[(&str, &Type, Option<Place>)],
) -> Diagnostic {
    let what = if missing.len() == 1 { "the argument" } else { "the arguments" };
    let list = names(missing.iter().map(|(name, ..)| *name));
    let adds: Vec<String> =
        missing.iter().map(|(name, ty, _)| format!("`{name} = …` ({ty})")).collect();
    let error = Diagnostic::error("E7041", format!("{of} needs {what} {list}"), at)
        .help(format!("add {}", adds.join(", ")));
    missing.iter().fold(error, |error, (name, _, place)| match place {
        Some(place) => {
            error.related(*place, format!("`{name}` has no default and is not optional"))
        }
        None => error,
    })
}

/// A workflow with the name of a built-in one.
pub fn built_in_name(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E7042", format!("`{name}` is a built-in workflow"), at)
        .label("every deployment has one of this name")
        .help("give this workflow another name; it can `run` the built-in one")
}
