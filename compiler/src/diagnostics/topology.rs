//! Types' bodies, node templates, requirements, selections: what a blueprint is made of.

use bp_plan::Type;

use super::{Diagnostic, Fix, an, near, one_of};
use crate::source::Place;

fn names(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// A property (or field) that a type does not have. `hint` says what the name is instead.
pub fn unknown_member(
    at: Place,
    name: &str,
    of: &str,
    known: &[String],
    hint: Option<&str>,
    declared: Option<Place>,
) -> Diagnostic {
    let error = Diagnostic::error("E4001", format!("`{of}` has no property `{name}`"), at);
    let error = match declared {
        Some(place) => error.related(place, format!("`{of}` is declared here")),
        None => error,
    };
    if let Some(hint) = hint {
        return error.help(hint);
    }
    match near(name, known.iter().map(String::as_str)) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help("it has no properties"),
        None => error.help(format!("it has {}", names(known))),
    }
}

/// Says of `depends_on = [a]` how it is written here; `head` is what stands before its value.
pub fn comes_after(told: &mut Diagnostic, value: &str, head: Place) {
    let form = format!("write `after -> {value}`");
    told.help = Some(format!("{form}: this node comes after what is named"));
    let edits = vec![(head, "after -> ".to_owned())];
    told.fix = Some(Fix { title: form, edits, is_draft: false });
}

/// Takes back the near name that was proposed, where it is given already.
pub fn taken(told: &mut Diagnostic, first: Place, is_met: bool) {
    let Some(fix) = told.fix.take() else { return };
    let near = fix.edits.into_iter().map(|(_, near)| near).next().unwrap_or_default();
    told.label.clear();
    told.help = Some(if is_met {
        format!("`{near}` is met already: name all of its targets there, `{near} -> [a, b]`")
    } else {
        format!("if `{near}` is meant, remove one of the two: it is set already")
    });
    told.related = vec![(first, format!("`{near}` stands here"))];
}

/// Properties that a node must set and does not.
pub fn missing_properties(
    at: Place,
    node: &str,
    of: &str,
    missing: &[(String, Place)],
) -> Diagnostic {
    let list: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
    let what = if list.len() == 1 { "property" } else { "properties" };
    let error = Diagnostic::error(
        "E4002",
        format!("`{node}` does not set the {what} {} of `{of}`", names(&list)),
        at,
    )
    .help(format!("add `{} = …`", list.join(" = …`, `")));
    missing.iter().fold(error, |error, (name, place)| {
        error.related(*place, format!("`{name}` has no default and is not optional"))
    })
}

/// A property that is set twice.
pub fn set_twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E4003", format!("`{name}` is set twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("remove one of the two")
}

/// A property that its type settles for good.
pub fn fixed(at: Place, name: &str, of: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4004", format!("`{name}` of `{of}` is settled for good"), at)
        .related(declared, "settled here")
        .help("remove this line, or take a type that leaves it open")
}

/// A property that is declared once more, where a type above has settled it for good.
pub fn fixed_anew(at: Place, name: &str, of: &str, declared: Place) -> Diagnostic {
    let message = format!("`{of}` can't declare `{name}` anew: it is settled for good");
    Diagnostic::error("E4004", message, at)
        .related(declared, "settled here")
        .help("remove this line, or extend a type that leaves it open")
}

/// A requirement that a type does not declare, without `via`.
pub fn unknown_requirement(at: Place, name: &str, of: &str, known: &[String]) -> Diagnostic {
    let error = Diagnostic::error("E4005", format!("`{of}` has no requirement `{name}`"), at);
    let is_after = matches!(name, "depends_on" | "dependsOn" | "depends")
        && known.iter().any(|known| known == "after");
    match near(name, known.iter().map(String::as_str)) {
        _ if is_after => error
            .help("write `after -> …`: this node comes after what is named")
            .fix("write `after`", vec![(at, "after".to_owned())]),
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None => error.help(format!(
            "it has {}; one of this node's own needs its relationship: `{name} -> … via DependsOn`",
            names(known)
        )),
    }
}

/// A target of a type that the requirement does not take.
pub fn unfit_target(
    at: Place,
    name: &str,
    wanted: &str,
    found: &str,
    declared: Option<Place>,
) -> Diagnostic {
    let error = Diagnostic::error("E4006", format!("`{name}` needs {wanted}, found {found}"), at)
        .label(format!("this is {found}"));
    match declared {
        Some(place) => error.related(place, format!("`{name}` is declared here")),
        None => error,
    }
}

/// Two capabilities of the target fit.
pub fn which_capability(at: Place, name: &str, fits: &[String]) -> Diagnostic {
    Diagnostic::error("E4007", format!("several capabilities of the target meet `{name}`"), at)
        .help(format!("name one of {}", names(fits)))
}

/// A requirement that must be met and is not.
pub struct Unmet<'a> {
    /// Its name.
    pub name: &'a str,
    /// The type that it takes.
    pub of: &'a str,
    /// The same as the file can write it, between quotes, with what it needs for that.
    pub written: &'a str,
    /// What it asks of a target.
    pub asked: &'a str,
    /// How many targets it takes at the fewest.
    pub fewest: u64,
    /// What must follow each target: its `via` with a block, where that must set something; else empty.
    pub via: &'a str,
}

/// A requirement that a node leaves out; `fits` are targets that would meet it, or take part in it.
pub fn missing_requirement(
    at: Place,
    node: &str,
    unmet: &Unmet<'_>,
    fits: &[String],
    declared: Place,
) -> Diagnostic {
    let Unmet { name, of, written, asked, fewest, via } = *unmet;
    let help = match fits {
        [] if asked.is_empty() => format!("add a node of type {written}, and `{name} -> it{via}`"),
        [] => format!(
            "add a node of type {written} that meets `where {asked}`, and `{name} -> it{via}`"
        ),
        [fit] => format!("add `{name} -> {fit}{via}`"),
        _ if fewest > 1 => {
            format!("add `{name} -> [ … ]{via}` with {fewest} of {}", names(fits))
        }
        _ => format!("add `{name} -> …{via}` with {}", one_of(fits)),
    };
    Diagnostic::error("E4008", format!("`{node}` leaves out the requirement `{name}`"), at)
        .related(declared, format!("it needs {}", an(of)))
        .help(help)
}

/// What to do about a requirement that only something of the inventory meets: of a type as the file can write it,
/// `needed` for that, and at least so many.
pub fn from_inventory(name: &str, of: &str, needed: Option<&str>, fewest: u64) -> String {
    let needed = needed.map(|needed| format!(" ({needed})")).unwrap_or_default();
    let then = if fewest > 1 {
        format!("`{name} -> all`")
    } else {
        format!("`for x in all {{ {name} -> x }}`")
    };
    let fewest = fewest.max(1);
    format!("take it from the inventory: `select all: {of}[{fewest}..]`{needed}, and {then}")
}

/// A requirement that is written as a property; `mark` puts the `->` in the place of the `=`.
pub fn set_for_met(at: Place, name: &str, of: &str, mark: Option<(Place, String)>) -> Diagnostic {
    let error = Diagnostic::error("E4001", format!("`{of}` has no property `{name}`"), at)
        .help(format!("`{name}` is a requirement: write `{name} -> …`"));
    match mark {
        Some(mark) => error.fix("replace `=` by `->`", vec![mark]),
        None => error,
    }
}

/// A property that is written as a requirement; `mark` puts the `=` in the place of the `->`.
pub fn met_for_set(at: Place, name: &str, of: &str, mark: Option<(Place, String)>) -> Diagnostic {
    let error = Diagnostic::error("E4005", format!("`{of}` has no requirement `{name}`"), at)
        .help(format!("`{name}` is a property: write `{name} = …`"));
    match mark {
        Some(mark) => error.fix("replace `->` by `=`", vec![mark]),
        None => error,
    }
}

/// A requirement of a node's own that is called as another member of its type.
pub fn named_as_member(at: Place, name: &str, what: &str, of: &str, declared: Place) -> Diagnostic {
    let message = format!("`{of}` has {what} `{name}`, and no requirement of that name");
    Diagnostic::error("E4005", message, at)
        .help("take another name for the requirement of this node")
        .related(declared, format!("`{name}` is declared here"))
}

/// More or fewer targets than the requirement takes.
pub fn wrong_count(
    at: Place,
    name: &str,
    wanted: &str,
    found: u64,
    (counted, help): (&str, String),
    declared: Place,
) -> Diagnostic {
    Diagnostic::error("E4009", format!("`{name}` takes {wanted}, found {found}"), at)
        .label(counted)
        .related(declared, format!("`{name}` is declared here"))
        .help(help)
}

/// A relationship that is not the declared one nor derived from it.
pub fn wrong_via(at: Place, name: &str, wanted: &str, found: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E4010", format!("`{name}` is met via `{wanted}`, found `{found}`"), at)
        .label(format!("no `{wanted}`"))
        .related(declared, format!("`{name}` is declared here"))
        .help(format!("leave `via` out, or give `{wanted}` or a type derived from it"))
}

/// A target that breaks what the requirement asks of it.
pub fn target_breaks(
    at: Place,
    name: &str,
    text: &str,
    message: &str,
    seen: &str,
    declared: Place,
) -> Diagnostic {
    let error = Diagnostic::error("E4011", format!("this does not meet `{name}`: {message}"), at)
        .label(if seen.is_empty() { "does not fit".to_owned() } else { seen.to_owned() })
        .related(declared, format!("`where {text}`"));
    error.help("take another target, or change it so that it fits")
}

/// A refinement that takes more than what it refines.
pub fn widened(at: Place, name: &str, wanted: &str, found: &str, declared: Place) -> Diagnostic {
    Diagnostic::error(
        "E4012",
        format!("`{name}` is {wanted} in the type that this extends, found {found}"),
        at,
    )
    .related(declared, "refined from here")
    .help("a refinement takes the same or less, never more")
}

/// A member that has the name of an inherited one of another kind.
pub fn other_kind(at: Place, name: &str, was: &str, is: &str, declared: Place) -> Diagnostic {
    let message = format!("`{name}` is {was} in the type that this extends, found {is}");
    Diagnostic::error("E4012", message, at)
        .related(declared, "declared here")
        .help("take another name: all members of a type share one namespace")
}

/// An attribute and a property of one name, whose types have nothing to do with each other.
pub fn repeated_otherwise(
    at: Place,
    name: &str,
    was: &Type,
    is: &Type,
    declared: Place,
) -> Diagnostic {
    let message = format!("`{name}` is `{was}` before, found `{is}`");
    Diagnostic::error("E4012", message, at)
        .related(declared, format!("`{name}` is declared here"))
        .help("an attribute that repeats a property is of its type: it reads as set until it is reported")
}

/// A default that breaks the constraints that are in force.
pub fn default_breaks(at: Place, name: &str, message: &str) -> Diagnostic {
    Diagnostic::error("E4013", format!("the default of `{name}` is not allowed: {message}"), at)
        .help("give a default that meets every `where`, those of the types above included")
}

/// Nodes that wait for each other; of one, the ring goes from it to it.
pub fn order_ring(at: Place, ring: &[String], others: &[(Place, String)]) -> Diagnostic {
    let way = ring.join(" → ");
    let error = match ring {
        [one, _] => Diagnostic::error("E4014", format!("{one} waits for itself"), at)
            .label(format!("leads back to {one}"))
            .help(format!("{way}: name another node, or remove this")),
        _ => Diagnostic::error("E4014", "these nodes wait for each other: none can be first", at)
            .label("part of the ring")
            .help(way),
    };
    others.iter().fold(error, |error, (place, note)| error.related(*place, note.clone()))
}

/// A property of a node that reads what the node itself reports.
pub fn own_report(
    at: Place,
    node: &str,
    property: &str,
    attribute: &str,
    declared: Option<Place>,
) -> Diagnostic {
    let message = format!(
        "`{node}.{property}` needs `{node}.{attribute}`, which is known only once `{node}` is there"
    );
    let error = Diagnostic::error("E4014", message, at)
        .label(format!("`{node}` itself reports this"))
        .help(format!(
            "`{node}.{property}` → `{node}.{attribute}` → `{node}.{property}`: a property is set before its node is there; read `{attribute}` in another node or in an output"
        ));
    match declared {
        Some(place) => error.related(place, format!("`{attribute}` is reported")),
        None => error,
    }
}

/// Properties that need each other; of one, the ring goes from it to it.
pub fn value_ring(at: Place, ring: &[String], others: &[(Place, String)]) -> Diagnostic {
    let way = ring.join(" → ");
    let error = match ring {
        [one, _] => Diagnostic::error("E4015", format!("{one} needs itself"), at)
            .label(format!("leads back to {one}"))
            .help(format!("{way}: give it a value that needs nothing of itself")),
        _ => Diagnostic::error("E4015", "these properties need each other in a ring", at)
            .label("part of the ring")
            .help(way),
    };
    others.iter().fold(error, |error, (place, note)| error.related(*place, note.clone()))
}

/// Something that is known later than it is needed.
pub fn too_late(at: Place, what: &str, needed: &str, known: &str) -> Diagnostic {
    Diagnostic::error(
        "E4016",
        format!("{what} must be known {needed}, and this is known {known}"),
        at,
    )
    .label(format!("known {known}"))
    .help(if needed == "when compiling" {
        "use a constant, or give the value where it is used"
    } else {
        "use an input, a constant or a fact of the inventory"
    })
}

/// A secret where something must be known before it is.
pub fn secret_too_late(at: Place, what: &str) -> Diagnostic {
    let message = format!("{what} must be known when it is deployed, and a secret is known last");
    Diagnostic::error("E4016", message, at)
        .label("this has a secret part")
        .help("use an input, a constant or a fact of the inventory")
}

/// Two elements of a loop with one key.
pub fn key_twice(at: Place, key: &str) -> Diagnostic {
    Diagnostic::error("E4017", format!("two elements of this loop have the key {key:?}"), at)
        .help("every instance has a key of its own: remove one, or give keys with `by`")
}

/// A loop whose elements are no keys.
pub fn needs_by(at: Place, found: &str) -> Diagnostic {
    Diagnostic::error("E4018", format!("{found} is no key for the instances"), at)
        .help("give a key with `by`, such as `for s in sites by s.name`")
}

/// A loop over more than may be.
pub fn too_many_instances(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E4019", format!("this makes more than {most} instances"), at)
        .help("take a smaller range")
}

/// A node of an abstract type.
pub fn abstract_type(at: Place, name: &str, declared: Place) -> Diagnostic {
    Diagnostic::error(
        "E4020",
        format!("`{name}` is abstract: there can't be a node of it alone"),
        at,
    )
    .related(declared, "declared here")
    .help("take a type that extends it, or `use` a blueprint that substitutes it")
}

/// A blueprint without a version.
pub fn no_version(at: Place) -> Diagnostic {
    Diagnostic::error("E4021", "the blueprint has no version", at)
        .help("add `version = \"1.0.0\"` to its block")
}

/// A cardinality that is none.
pub fn bad_cardinality(at: Place) -> Diagnostic {
    Diagnostic::error("E4022", "a cardinality is `[n]`, `[n..m]` or `[n..]`, with n at most m", at)
        .help("write whole numbers that are known when compiling, none below 0")
}

/// A whole node, or a relationship, breaks a `check` of its type; `seen` is what of it is not as it must be.
pub fn node_breaks(
    at: Place,
    node: &str,
    message: &str,
    seen: &str,
    declared: Place,
) -> Diagnostic {
    Diagnostic::error("E4023", format!("`{node}`: {message}"), at)
        .label(if seen.is_empty() { "does not hold of this" } else { seen })
        .related(declared, "checked here")
        .help("change what is set so that the check holds")
}

/// A requirement given twice; whether it takes but one target.
pub fn met_twice(at: Place, name: &str, first: Place, takes_one: bool) -> Diagnostic {
    let error = Diagnostic::error("E4024", format!("`{name}` is met twice"), at)
        .label("the second")
        .related(first, "the first");
    if takes_one {
        return error.help(format!("remove one of the two: `{name}` takes one target"));
    }
    error.help(format!("give all targets at once: `{name} -> [a, b]`"))
}

/// An attribute that a node tries to set.
pub fn sets_attribute(at: Place, name: &str, of: &str, declared: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error(
        "E4025",
        format!("`{name}` is an attribute of `{of}`: it is reported, never set"),
        at,
    )
    .help("remove this line");
    match declared {
        Some(place) => error.related(place, format!("`{name}` is declared here")),
        None => error,
    }
}
