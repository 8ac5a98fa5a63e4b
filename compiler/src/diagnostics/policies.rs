//! Groups and policies: their types, what they are over, what they run.

use super::Diagnostic;
use crate::source::Place;

/// What can't be a member of a group or a target of a policy.
pub fn unfit(at: Place, what: &str, wanted: &str, found: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E5001", format!("`{what}` takes nodes of `{wanted}`, found {found}"), at)
        .label(format!("this is {found}"))
        .related(declared, format!("`{what}` is declared here"))
        .help("name nodes, collections, elements, groups, or lists of these")
}

/// More or fewer members or targets than the type takes.
pub fn wrong_count(
    at: Place,
    what: &str,
    wanted: &str,
    found: &str,
    (counted, help): (&str, String),
    declared: Place,
) -> Diagnostic {
    Diagnostic::error("E5002", format!("`{what}` takes {wanted}, found {found}"), at)
        .label(counted)
        .related(declared, format!("`{what}` is declared here"))
        .help(help)
}

/// A policy or a group that is surely over nothing.
pub fn nothing(
    at: Place,
    owner: &str,
    what: &str,
    reasons: &[(Place, String)],
    declared: Place,
) -> Diagnostic {
    let error = Diagnostic::error(
        "E5003",
        match reasons {
            [] => format!("`{owner}` is over nothing: its `{what}` are empty"),
            _ => format!("`{owner}` is over nothing: none of its {what} is ever there"),
        },
        at,
    )
    .related(declared, format!("`{what}` is declared here"))
    .help("name something that is there, or leave it out altogether");
    reasons.iter().fold(error, |error, (place, why)| error.related(*place, why.clone()))
}

/// A member or target that is never there.
pub fn never_there(at: Place, what: &str, why: &str) -> Diagnostic {
    Diagnostic::warning("W5004", format!("nothing of this is ever among the {what}: {why}"), at)
        .help("remove it, or change what it depends on")
}

/// A member or target that is named twice.
pub fn named_twice(at: Place, name: &str, what: &str, first: Place) -> Diagnostic {
    Diagnostic::warning("W5005", format!("`{name}` is among the {what} already"), at)
        .label("the second")
        .related(first, "the first")
        .help("remove it; it counts once all the same")
}

/// Groups that are members of themselves.
pub fn group_ring(at: Place, ring: &[String]) -> Diagnostic {
    Diagnostic::error("E5006", "this group is a member of itself", at).help(ring.join(" → "))
}

/// Two policies of a type of which there is at most one for each target.
pub fn conflict(
    at: Place,
    [second, first]: [&str; 2],
    kind: &str,
    target: &str,
    other: Place,
    declared: Place,
) -> Diagnostic {
    Diagnostic::error(
        "E5007",
        format!("`{first}` and `{second}` are both a `{kind}` for `{target}`"),
        at,
    )
    .label(format!("`{second}` is over `{target}`"))
    .related(other, format!("`{first}` is over it, too"))
    .related(declared, format!("for each target there is at most one `{kind}`"))
    .help(format!("take `{target}` out of one of them"))
}

/// A policy or group that does not say what it is over.
pub fn missing(at: Place, owner: &str, what: &str, wanted: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E5008", format!("`{owner}` does not say its {what}"), at)
        .related(declared, format!("it needs {wanted}"))
        .help(format!("add `{what} = [ … ]`"))
}

/// A policy whose type asks for a workflow, and that has none.
pub fn missing_run(at: Place, owner: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E5009", format!("`{owner}` does not say what it runs"), at)
        .related(declared, "it runs a workflow")
        .help("add `run = …` with the name of a workflow")
}

/// `with` that gives nobody arguments.
pub fn with_alone(at: Place) -> Diagnostic {
    let message = "`with` gives arguments, and there is no `run` to take them";
    Diagnostic::error("E5010", message, at).help("add `run = …` with a workflow, or remove this")
}

/// A policy or group that breaks a `check` of its type.
pub fn breaks(at: Place, name: &str, message: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E5011", format!("`{name}`: {message}"), at).related(declared, "checked here")
}

/// A `check` of the type of a group or a policy that hangs on what a node reports.
pub fn check_too_late(
    at: Place,
    name: &str,
    [node, attribute]: [&str; 2],
    declared: Place,
) -> Diagnostic {
    let message = format!(
        "what is asked of `{name}` must be known when it is deployed, and this is known only once other nodes are there"
    );
    Diagnostic::error("E4016", message, at)
        .label(format!("hangs on `{node}.{attribute}`, which is reported"))
        .related(declared, "asked here")
        .help("ask it of a property or of a fact of the inventory; what a node reports, a `check` of its own type can ask")
}

/// `members` or `targets` of something that is no node.
pub fn not_of_nodes(at: Place, what: &str, found: &impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error(
        "E5012",
        format!("`{what}` is declared with a node type, found `{found}`"),
        at,
    )
    .help(format!("write `{what}: Root[0..]` for nodes of any type"))
}

/// `run` that is declared as something else.
pub fn run_is_a_workflow(at: Place) -> Diagnostic {
    Diagnostic::error("E5013", "what a policy runs is a workflow", at)
        .help("write `run: Workflow`, or `run: Workflow?` where there may be none")
        .fix("write `Workflow`", vec![(at, "Workflow".to_owned())])
}

/// `exclusive` that is not `true`.
pub fn exclusive_is_true(at: Place) -> Diagnostic {
    Diagnostic::error("E5014", "`exclusive` is `true`, or left out", at).help(
        "write `exclusive = true` where two policies for one target would contradict each other",
    )
}
