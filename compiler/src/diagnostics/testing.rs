//! What is wrong with a blueprint's tests, and what they find.

use bp_topology::{Lack, Problem};

use super::{Diagnostic, an, near, one_of};
use crate::source::Place;

/// A test gives an input that the blueprint doesn't have.
pub fn unknown_input(at: Place, name: &str, blueprint: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error(
        "E7071",
        format!("the blueprint `{blueprint}` has no input `{name}`"),
        at,
    );
    given(error, at, name, known, "it takes no inputs")
}

/// A test gives as an input what is a secret, or the other way round.
pub fn in_the_other(at: Place, name: &str, is_secret: bool) -> Diagnostic {
    let (code, is, to) =
        if is_secret { ("E7071", "a secret", "secrets") } else { ("E7078", "an input", "inputs") };
    Diagnostic::error(code, format!("`{name}` is {is}"), at)
        .help(format!("move it to the test's `{to} = {{ … }}`"))
}

/// A test gives a secret that the blueprint doesn't have.
pub fn unknown_secret(at: Place, name: &str, blueprint: &str, known: &[&str]) -> Diagnostic {
    let message = format!("the blueprint `{blueprint}` has no secret `{name}`");
    given(Diagnostic::error("E7078", message, at), at, name, known, "it has no secrets")
}

fn given(error: Diagnostic, at: Place, name: &str, known: &[&str], none: &str) -> Diagnostic {
    match near(name, known.iter().copied()) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help(none),
        None => {
            let known = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            error.help(format!("it has {known}"))
        }
    }
}

/// A test leaves out an input that must be given.
pub fn missing_input(at: Place, name: &str, ty: &str, declared: Option<Place>) -> Diagnostic {
    let message = format!("the test leaves out the input `{name}` ({ty})");
    let error = Diagnostic::error("E7081", message, at)
        .help(format!("add `{name} = …` to the test's `inputs`, or give the input a default"));
    match declared {
        Some(place) => {
            error.related(place, format!("`{name}` is declared here, without a default"))
        }
        None => error,
    }
}

/// An assertion about what is known only at run time.
pub fn run_time(at: Place, what: Option<&str>) -> Diagnostic {
    let message = match what {
        Some(name) => {
            format!("the attribute `{name}` is known only at run time, and a test deploys nothing")
        }
        None => "this is known only at run time, and a test deploys nothing".to_owned(),
    };
    Diagnostic::error("E7072", message, at)
        .label("reported once it is deployed")
        .help("test what is set: properties, labels, requirements, which instances there are")
}

/// A test's inventory that can't be read: the test fails, the blueprint is whole.
pub fn unread_inventory(at: Place, why: &str) -> Diagnostic {
    Diagnostic::warning("W7071", format!("the test can't be run: {why}"), at)
        .label("names this file")
        .help("write the file, or name another by its path from the file that this stands in")
}

/// An inventory of another form.
pub fn inventory_form(at: Place, why: &str, named: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E7074", format!("this is no inventory: {why}"), at)
        .help(bp_topology::inventory_file::FORM);
    match named {
        Some(place) => error.related(place, "the test's inventory"),
        None => error,
    }
}

/// Names of an inventory that can't be.
pub fn inventory_name(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E7074", why, at).help("give everything in an inventory a name of its own")
}

/// An element of an inventory of a type that there isn't; `chosen` are those of what the blueprint chooses.
pub fn inventory_type(
    at: Place,
    (name, written): (&str, &str),
    near: Option<&str>,
    chosen: &[String],
) -> Diagnostic {
    let why = format!("`{name}` of the inventory is {}, and there is no such type", an(written));
    let error = Diagnostic::error("E7075", why, at);
    match (near, chosen) {
        (Some(near), _) => error.help(format!("did you mean `{near}`?")),
        (None, []) => error.help("name a node type as the blueprint's file calls it"),
        (None, [only]) => error.help(format!("what is chosen here is {}", an(only))),
        (None, several) => error.help(format!("what is chosen here is {}", one_of(several))),
    }
}

/// Something that an inventory says of an element, and that its type does not have.
pub fn inventory_fact(
    at: Place,
    (fact, name, of): (&str, &str, &str),
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let why = format!(
        "the inventory says `{fact}` of `{name}`, and {} has no such property or attribute",
        an(of)
    );
    let error = Diagnostic::error("E7075", why, at);
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("remove it"),
        None => {
            let known = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            error.help(format!("it has {known}"))
        }
    }
}

/// An element of an inventory without properties that each of its type must have.
pub fn inventory_lacks(
    at: Place,
    (message, help): (String, String),
    missing: &[(&str, Place)],
) -> Diagnostic {
    let error = Diagnostic::error("E7085", message, at).help(help);
    missing.iter().fold(error, |error, (name, place)| {
        error.related(*place, format!("`{name}` has no default and is not optional"))
    })
}

/// `assert_fails` with a code that no inputs can bring about.
pub fn no_refusal(at: Place, code: &str) -> Diagnostic {
    let codes = bp_topology::problem::CODES;
    let message = format!("no inputs and no inventory have a blueprint refused with `{code}`");
    let error = Diagnostic::error("E7076", message, at);
    match near(code, codes) {
        Some(near) if code.len() == near.len() => error.help(format!(
            "did you mean `{near}`? What is wrong whatever the inputs are, `bpc check` tells"
        )),
        _ => error.help(format!(
            "name one of {}; what is wrong whatever the inputs are, `bpc check` tells",
            codes.join(", ")
        )),
    }
}

/// `assert_fails` beside other assertions, or twice.
pub fn refused_and_more(at: Place, first: Place) -> Diagnostic {
    Diagnostic::error("E7077", "what is refused has nothing that could be asserted", at)
        .label("has no say")
        .related(first, "this says that it is refused")
        .help("write a test of its own for it")
}

/// A test without an assertion.
pub fn asserts_nothing(at: Place) -> Diagnostic {
    Diagnostic::warning(
        "W7070",
        "this test asserts nothing: it passes if the blueprint can be deployed",
        at,
    )
    .help("add `assert …`, or `assert_fails CODE`")
}

/// An assertion that does not hold. `sides` are the values of what is compared.
pub fn assertion_failed(
    at: Place,
    text: &str,
    message: Option<&str>,
    label: String,
    sides: Vec<(Place, String)>,
) -> Diagnostic {
    let message = match message {
        Some(message) => format!("`{text}` does not hold: {message}"),
        None => format!("`{text}` does not hold"),
    };
    let error = Diagnostic::error("E7079", message, at).label(label);
    sides.into_iter().fold(error, |error, (place, note)| error.related(place, note))
}

/// An assertion that has no answer.
pub fn assertion_open(at: Place, text: &str, why: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E7080", format!("whether `{text}` holds can't be told: {why}"), at)
        .help(help)
}

/// What was to be refused is not, or for another reason.
pub fn not_refused(at: Place, code: &str, instead: &[(Option<Place>, String)]) -> Diagnostic {
    if instead.is_empty() {
        return Diagnostic::error(
            "E7089",
            format!("the blueprint is accepted, and was to be refused with `{code}`"),
            at,
        )
        .help("change the test's inputs or inventory, or assert what there is now");
    }
    let (_, first) = instead.first().cloned().unwrap_or_default();
    let message = format!("the blueprint is refused, and not with `{code}`: {first}");
    let error = Diagnostic::error("E7089", message, at)
        .help("name the code that it is refused with, or change the test's inputs");
    instead.iter().fold(error, |error, (place, why)| match place {
        Some(place) => error.related(*place, why.clone()),
        None => error,
    })
}

/// The blueprint is refused with a test's inputs and inventory.
pub fn refused(problem: &Problem, at: Option<Place>, test: Place) -> Diagnostic {
    let code = problem.code.unwrap_or("E7083");
    let error = Diagnostic::error(code, problem.message.clone(), at.unwrap_or(test));
    let error = if at.is_some() { error.related(test, "in this test") } else { error };
    match (problem.lack.as_deref(), &problem.help) {
        (Some(Lack::Input(name)), _) => {
            error.help(format!("add `{name} = …` to the test's `inputs`"))
        }
        (Some(Lack::Elements(kind)), _) => error.help(format!(
            "give the test an `inventory` with a {kind}: `inventory = file(\"FILE\")`"
        )),
        (None, Some(help)) => error.help(help.clone()),
        (None, None) => error.help("change the test's inputs or inventory, or say `assert_fails`"),
    }
}

/// What breaks inside of the blueprint that a node is made of, with what the node gives in a test: told `at` the value
/// that brings it about, and where it breaks.
pub fn broken_inside(
    problem: &Problem,
    [node, made_of]: [&str; 2],
    (at, breaks): (Option<Place>, Option<Place>),
    test: Place,
) -> Diagnostic {
    let code = problem.code.unwrap_or("E7083");
    let message = format!("`{node}` can't be made of `{made_of}` with this: {}", problem.message);
    let error = Diagnostic::error(code, message, at.unwrap_or(test));
    let error = match breaks {
        Some(breaks) => error.related(breaks, format!("breaks here, in `{made_of}`")),
        None => error,
    };
    error
        .related(test, "in this test")
        .help("change the test's inputs or inventory, or say `assert_fails`")
}
