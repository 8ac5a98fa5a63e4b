//! Node types, relationship types and what stands on them: ends, annotations, refinements.

use super::{Diagnostic, an, near};
use crate::source::Place;

/// An end of a relationship that the relationship's type does not take.
pub fn unfit_end(
    at: Place,
    end: &str,
    of: &str,
    wanted: &str,
    found: &str,
    declared: Place,
) -> Diagnostic {
    Diagnostic::error(
        "E4030",
        format!("the {end} of {} is {}, found {}", an(of), an(wanted), an(found)),
        at,
    )
    .related(declared, format!("`{of}` asks for it here"))
    .help(format!("take another relationship, or let the {end} be {}", an(wanted)))
}

/// Something else than `source` and `target` as an end.
pub fn unknown_end(at: Place, name: &str) -> Diagnostic {
    let error = Diagnostic::error("E4031", format!("a relationship has no end `{name}`"), at);
    match near(name, ["source", "target"]) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None => error.help(format!(
            "its ends are `source` and `target`; a property is written `property {name}: …`"
        )),
    }
}

/// An end that no node can be.
pub fn end_of_no_node(at: Place, end: &str, wanted: &str, found: &str) -> Diagnostic {
    Diagnostic::error("E4031", format!("expected {wanted} as `{end}`, found `{found}`"), at)
        .help("name a type of this blueprint or of the library, such as `Compute`")
}

/// An annotation where it means nothing.
pub fn annotation_misplaced(at: Place, name: &str, found: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error("E4032", format!("`@{name}` means nothing on {found}"), at)
        .label(format!("on {found}"))
        .help(format!("it may stand on {wanted}"))
        .fix(format!("remove `@{name}`"), vec![(at, String::new())])
}

/// An annotation with other arguments than it takes.
pub fn annotation_arguments(at: Place, name: &str, takes: &str, example: &str) -> Diagnostic {
    Diagnostic::error("E4033", format!("`@{name}` takes {takes}"), at)
        .help(format!("write `{example}`"))
}

/// An annotation that stands there twice.
pub fn annotation_twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E4034", format!("`@{name}` stands here twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("leave one of them")
}

/// A function under the name of a built-in one.
pub fn built_in_function(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E4035", format!("`{name}` is a built-in function, and stays one"), at)
        .label("would never be called")
        .help(format!("give it a name of its own, such as `own_{name}`"))
        .fix(format!("write `own_{name}`"), vec![(at, format!("own_{name}"))])
}

/// A part of a declaration that means nothing there.
pub fn idle_part(at: Place, what: &str, of: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E4036", format!("{of} has no {what}"), at).help(help)
}

/// A default that was inherited and that the refined type does not take.
pub fn default_unfit(at: Place, name: &str, old: &str, new: &str) -> Diagnostic {
    Diagnostic::error(
        "E4037",
        format!("the default of `{name}` is inherited as a {old} and is no {new}"),
        at,
    )
    .help("give a default of its own")
}

/// A record that extends a constrained scalar.
pub fn extends_scalar(at: Place, name: &str, parent: &str) -> Diagnostic {
    Diagnostic::error("E4038", format!("`{parent}` is no record: nothing can be added to it"), at)
        .help(format!("write `data type {name} = {parent} where …`"))
}

/// Something that is not to be used any more.
pub fn deprecated(at: Place, what: &str, text: &str, declared: Place) -> Diagnostic {
    Diagnostic::warning("W4030", format!("`{what}` is deprecated: {text}"), at)
        .related(declared, format!("`{what}` is declared here"))
}

/// Something that may change.
pub fn experimental(at: Place, what: &str, declared: Place) -> Diagnostic {
    Diagnostic::warning("W4031", format!("`{what}` is experimental: it may change or go"), at)
        .related(declared, format!("`{what}` is declared here"))
        .help("expect to change this with the next version of what declares it")
}

/// A provider that is no plain text.
pub fn provider_no_text(at: Place) -> Diagnostic {
    let message = "a provider's name must be known as a plain text, and this is known otherwise";
    Diagnostic::error("E4016", message, at)
        .label("known otherwise")
        .help("write its name between quotes: `provider = \"kubernetes\"`")
}

/// A provider whose name is nearly that of one that comes with the runtime.
pub fn misspelt_provider(at: Place, name: &str, meant: &str) -> Diagnostic {
    Diagnostic::warning("W4032", format!("no provider `{name}` comes with the runtime"), at)
        .label(format!("did you mean `{meant}`?"))
        .help(format!(
            "write \"{meant}\"; if the provider is one of your own, give it another name"
        ))
        .fix(format!("replace `{name}` by `{meant}`"), vec![(at, format!("\"{meant}\""))])
}

/// A node that was called as another is now.
pub fn was_taken(at: Place, name: &str, was: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4039", format!("`{name}` can't have been `{was}`: that is another one"), at)
        .related(declared, format!("`{was}` is declared here"))
        .help("name what it was called in an earlier version, or remove `@was`")
}

/// Two nodes that were called the same.
pub fn was_twice(at: Place, name: &str, was: &str, other: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E4039", format!("`{name}` can't have been `{was}`: `{other}` was"), at)
        .related(first, format!("`{other}` says so here"))
        .help(
            "only one of them takes over what is deployed under that name: remove the other `@was`",
        )
}

/// A name that no node can have had.
pub fn was_no_name(at: Place, was: &str) -> Diagnostic {
    let message = match was {
        "" => "`@was` names nothing".to_owned(),
        was => format!("no node was ever called `{was}`: that is no name"),
    };
    Diagnostic::error("E4039", message, at)
        .help("name what it was called in an earlier version, or remove `@was`")
}

/// A capability that is given something else than its properties.
pub fn capability_value(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E4036",
        format!("`{name}` is a capability: it is given by its properties"),
        at,
    )
    .help(format!("write `{name} = {{ property = value }}`"))
}

/// A property of a policy or a group that could be given no secret.
pub fn secret_of_policy(at: Place, of: &str) -> Diagnostic {
    let help = "leave `secret` out, or let a node have the property: what is given to a policy or a group is known when it is deployed, and written down";
    idle_part(at, "secret property", of, help).label("no secret could be given to it")
}
