//! Blueprints in blueprints: what is used, what is offered, what stands for what.

use super::{Diagnostic, near};
use crate::source::Place;

fn listed(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// A type with the name by which a file's blueprint is a type.
pub fn name_taken(at: Place, blueprint: Place) -> Diagnostic {
    Diagnostic::error("E4040", "`Blueprint` is this file's blueprint as a node type", at)
        .related(blueprint, "the blueprint")
        .help("give the type another name")
}

/// A type that extends a blueprint.
pub fn extends_blueprint(at: Place) -> Diagnostic {
    Diagnostic::error("E4041", "a blueprint can't be extended", at)
        .help("extend the type that the blueprint substitutes, or use the blueprint as a node")
}

/// Something inside of another blueprint, named from outside.
pub fn inside(at: Place, name: &str, what: &str, module: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4042", format!("`{name}` is {what} inside of the blueprint `{module}`"), at)
        .related(declared, "declared here")
        .help(format!(
            "from outside a blueprint is a node: `node x: {module}.Blueprint {{ … }}`, and `x.…` reads its outputs and what it exposes"
        ))
}

/// A function of another blueprint that reads what is inside of that.
pub fn open_function(at: Place, name: &str, declared: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error(
        "E4043",
        format!("`{name}` reads inputs or nodes of its own blueprint, which are not known here"),
        at,
    )
    .help("move the function into a module, and give it what it needs as parameters");
    match declared {
        Some(place) => error.related(place, "declared here"),
        None => error,
    }
}

/// `expose` of something that is no capability of a node.
pub fn exposes(at: Place, found: &str) -> Diagnostic {
    Diagnostic::error(
        "E4044",
        format!("`expose` offers a capability of one node, found {found}"),
        at,
    )
    .help("name the capability: `expose endpoint = primary.endpoint`")
}

/// `expose` of a capability of a node that may not be there.
pub fn exposes_perhaps(at: Place, node: &str) -> Diagnostic {
    let message = format!("`expose` offers a capability of one node, and there may be no `{node}`");
    Diagnostic::error("E4044", message, at).label("perhaps `null`").help(
        "expose a capability of a node that is always there, or take the condition from this one",
    )
}

/// The member of a node that is perhaps meant by `expose`.
pub fn exposes_node(at: Place, node: &str, capabilities: &[String]) -> Diagnostic {
    let error =
        Diagnostic::error("E4044", "`expose` offers a capability of one node, found a node", at);
    match capabilities {
        [] => error.help(format!("`{node}` has no capability: `output` tells values")),
        [only] => error
            .help(format!("name the capability: `{node}.{only}`"))
            .fix(format!("write `{node}.{only}`"), vec![(at, format!("{node}.{only}"))]),
        several => error.help(format!("name one of its capabilities: {}", listed(several))),
    }
}

/// `substitutes` of a type that has no need of it.
pub fn not_abstract(at: Place, name: &str, declared: Place) -> Diagnostic {
    Diagnostic::error(
        "E4045",
        format!("`{name}` is not abstract: nothing needs to stand for its nodes"),
        at,
    )
    .related(declared, format!("`{name}` is declared here"))
    .help("substitute an `abstract node type`, or leave `substitutes` out")
}

/// What a blueprint does not offer of the type that it substitutes.
pub fn offers_less(at: Place, of: &str, missing: &[(String, String, Option<Place>)]) -> Diagnostic {
    let names: Vec<&str> = missing.iter().map(|(what, ..)| what.as_str()).collect();
    let add: Vec<&str> = missing.iter().map(|(_, add, _)| add.as_str()).collect();
    let error = Diagnostic::error(
        "E4046",
        format!("this stands for `{of}` and lacks {}", names.join(", ")),
        at,
    )
    .help(format!("add `{}`", add.join("`, `")));
    missing
        .iter()
        .filter_map(|(.., place)| *place)
        .fold(error, |error, place| error.related(place, "declared here"))
}

/// Something that a blueprint offers with a type that does not fit.
pub fn offers_other(
    at: Place,
    what: &str,
    of: &str,
    wanted: &str,
    found: &str,
    declared: Place,
) -> Diagnostic {
    Diagnostic::error(
        "E4047",
        format!("{what} must be {wanted} to stand for `{of}`, found {found}"),
        at,
    )
    .label(if found == "none" { "has none".to_owned() } else { format!("this is {found}") })
    .help(match found {
        "none" => format!("add it, as {wanted}"),
        _ => format!("let it be {wanted}, or take another type to stand for"),
    })
    .related(declared, format!("`{of}` declares it here"))
}

/// A parameter of a workflow that does not take all that the operation is called with that it carries out.
pub fn takes_less(at: Place, what: &str, of: &str, operation: &str, declared: Place) -> Diagnostic {
    let message = format!("{what} must take all that `{operation}` of `{of}` takes");
    Diagnostic::error("E4047", message, at)
        .label("asks more of it")
        .help(format!("let it take what `{operation}` takes, and `fail` where that is too much"))
        .related(declared, format!("`{of}` declares it here"))
}

/// Something that a blueprint needs and the nodes that it stands for can't give.
pub fn needs_more(at: Place, what: &str, of: &str, help: &str) -> Diagnostic {
    Diagnostic::error(
        "E4048",
        format!("{what} must be given, and a `{of}` has nothing of that name"),
        at,
    )
    .help(help)
}

/// `using` at a node whose type is not abstract.
pub fn using_concrete(at: Place, ty: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4049", format!("`{ty}` is not abstract: there is nothing to choose"), at)
        .related(declared, format!("`{ty}` is declared here"))
        .help("leave `using` out, or make the blueprint the node's type")
}

/// `using` of something that does not stand for the type.
pub fn using_other(at: Place, name: &str, ty: &str, fits: &[String]) -> Diagnostic {
    let error = Diagnostic::error("E4050", format!("`{name}` does not substitute `{ty}`"), at);
    match near(name, fits.iter().map(String::as_str)) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if fits.is_empty() => {
            error.help(format!("say so in its head: `blueprint name substitutes {ty}`"))
        }
        None => error.help(format!("these do: {}", listed(fits))),
    }
}

/// A node of an abstract type that no blueprint may stand for.
pub fn none_fits(
    at: Place,
    ty: &str,
    why: &[(String, String, Place)],
    is_collection: bool,
) -> Diagnostic {
    let reasons: Vec<String> =
        why.iter().map(|(name, why, _)| format!("`{name}`: {why}")).collect();
    let error = Diagnostic::error(
        "E4051",
        format!("no blueprint can stand for this `{ty}`: {}", reasons.join("; ")),
        at,
    )
    .help(if why.iter().any(|(_, why, _)| why.ends_with("can't be told when compiling")) {
        "say which one with `using`, or set what they ask of to what is known when compiling"
    } else if is_collection {
        "one blueprint stands for all instances: let one fit all of them, or make a node for each kind"
    } else {
        "change the node so that one fits"
    });
    why.iter().fold(error, |error, (name, _, place)| {
        error.related(*place, format!("`{name}` is declared here"))
    })
}

/// A node of an abstract type that several blueprints may stand for.
pub fn several_fit(at: Place, ty: &str, fits: &[(String, Place)]) -> Diagnostic {
    let names: Vec<String> = fits.iter().map(|(name, _)| name.clone()).collect();
    let first = names.first().cloned().unwrap_or_default();
    let error = Diagnostic::error(
        "E4052",
        format!("several blueprints can stand for this `{ty}`: {}", listed(&names)),
        at,
    )
    .help(format!("choose one: `using {first}`"));
    fits.iter().fold(error, |error, (name, place)| {
        error.related(*place, format!("`{name}` is declared here"))
    })
}

/// A chosen blueprint whose `where` does not hold of the node.
pub fn chosen_unfit(at: Place, name: &str, why: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4053", format!("`{name}` can't stand for this node: {why}"), at)
        .related(declared, "asked for here")
        .help("change the node, or choose another blueprint")
}

/// Blueprints that contain themselves.
pub fn blueprint_ring(at: Place, names: &[String]) -> Diagnostic {
    Diagnostic::error("E4054", "this blueprint would contain itself without end", at)
        .label("part of the ring")
        .help(format!(
            "{}: choose another blueprint with `using`, or another type",
            names.join(" contains ")
        ))
}

/// Blueprints in blueprints in blueprints.
pub fn nested_too_deep(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error(
        "E4055",
        format!("blueprints lie inside of each other more than {most} deep"),
        at,
    )
    .help("compose it flatter")
}

/// A value known at run time alone, for an input that decides what there is.
pub fn decides_late(at: Place, input: &str, blueprint: &str, decides: Place) -> Diagnostic {
    Diagnostic::error(
        "E4056",
        format!(
            "`{input}` decides what there is in `{blueprint}`: it must be known when it is deployed, and this is known only once other nodes are there"
        ),
        at,
    )
    .related(decides, "decided here")
    .help("use an input, a constant or a fact of the inventory")
}

/// A type in a blueprint's file that reads what is inside of the blueprint.
pub fn open_type(at: Place, name: &str, declared: Place) -> Diagnostic {
    Diagnostic::error(
        "E4057",
        format!(
            "`{name}` reads inputs, secrets or nodes of its blueprint, and a type is the same everywhere"
        ),
        at,
    )
    .related(declared, "declared here")
    .help("give the type a property for it, and set that in the node")
}

/// `implement` in a blueprint that substitutes nothing.
pub fn implements_nothing(at: Place, operation: &str) -> Diagnostic {
    Diagnostic::error(
        "E4058",
        format!("`{operation}` is an operation of no type: this blueprint substitutes none"),
        at,
    )
    .help("say what the blueprint stands for: `blueprint name substitutes Type { … }`")
}

/// `implement` of an operation that the substituted type does not have.
pub fn no_operation(
    at: Place,
    operation: &str,
    of: &str,
    known: &[String],
    declared: Place,
) -> Diagnostic {
    let error = Diagnostic::error("E4059", format!("`{of}` has no operation `{operation}`"), at)
        .related(declared, format!("`{of}` is declared here"));
    match near(operation, known.iter().map(String::as_str)) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help("it has no operations"),
        None => error.help(format!("it has {}", listed(known))),
    }
}

/// `implement` by something that is no workflow of the blueprint.
pub fn no_workflow(at: Place, name: &str, known: &[String]) -> Diagnostic {
    let error =
        Diagnostic::error("E4060", format!("`{name}` is no workflow of this blueprint"), at);
    match near(name, known.iter().map(String::as_str)) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None => error.help("name a workflow: `implement interface.operation = workflow`"),
    }
}

/// An operation of a node that is made of a blueprint.
pub fn own_operation(at: Place, operation: &str, blueprint: &str, declared: Place) -> Diagnostic {
    let message = format!(
        "this node is made of the blueprint `{blueprint}`, which alone says what `{operation}` does"
    );
    Diagnostic::error("E4061", message, at)
        .related(declared, format!("`{blueprint}` is declared here"))
        .help("leave the operation out, or change the blueprint")
}
