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

/// A name that another step of the same `parallel` makes.
pub fn not_beside(at: Place, name: &str, made: Place) -> Diagnostic {
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("made at the same time")
        .related(made, format!("`{name}` is made here"))
        .help(format!("steps of a `parallel` see nothing of each other: read `{name}` after the block, or put both steps into one workflow"))
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

/// `run` of a name that no workflow has. `own` are the blueprint's.
pub fn unknown_workflow(at: Place, name: &str, near: Option<&str>, own: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E7043", format!("there is no workflow `{name}`"), at);
    match near {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if own.is_empty() => error.help(format!("declare it: `workflow {name}() {{ … }}`")),
        None => error.help(format!(
            "there are {}, and built-in ones such as `update` and `heal`",
            names(own.iter().copied())
        )),
    }
}

/// `run` of something that is no workflow.
pub fn no_workflow(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E7044", format!("{what} is no workflow"), at)
        .help("`run` takes the name of a workflow of this blueprint, or of a built-in one; operations of nodes are called with `call`")
}

/// Workflows that run themselves, directly or not.
pub fn workflow_ring(at: Place, ring: &[String]) -> Diagnostic {
    Diagnostic::error("E7045", "workflows do not run themselves, directly or not", at)
        .label("part of the ring")
        .help(format!("{}; repeat with `for` instead", ring.join(" → ")))
}

/// `let r = run w` of a workflow that gives nothing.
pub fn gives_nothing(at: Place, name: &str, place: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E7046", format!("the workflow `{name}` gives nothing"), at)
        .label("nothing to keep under this name")
        .help(format!("write `run {name}` alone, or let it give something: `-> {{ … }}`"));
    declared(error, place, &format!("`{name}`"))
}

/// What is called is no operation of a node. `with` is the last name of the path, and the
/// operation that it perhaps stands for.
pub fn no_operation(at: Place, with: Option<(Place, &str)>) -> Diagnostic {
    let message = "an operation is called as `node.interface.operation`";
    let error = Diagnostic::error("E7047", message, at);
    match with {
        Some((name, operation)) => error
            .help(format!("did you mean `.{operation}`?"))
            .fix(format!("write `{operation}`"), vec![(name, operation.to_owned())]),
        None => {
            error.help("name the node, the interface and the operation, with dots between them")
        }
    }
}

/// An interface that the node's type does not have.
pub fn unknown_interface(
    at: Place,
    name: &str,
    of: &str,
    known: &[&str],
    place: Place,
) -> Diagnostic {
    let error = Diagnostic::error("E7048", format!("`{of}` has no interface `{name}`"), at)
        .related(place, format!("`{of}` is declared here"));
    match near(name, known.iter().copied()) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() && of.ends_with("Blueprint") => {
            error.help("a blueprint has the interfaces of the type that it `substitutes`")
        }
        None if known.is_empty() => {
            error.help("let the type implement one: `implements …` in its body")
        }
        None => error.help(format!("it has {}", names(known.iter().copied()))),
    }
}

/// An operation that the interface does not have.
pub fn unknown_operation(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let error =
        Diagnostic::error("E7049", format!("the interface `{of}` has no operation `{name}`"), at);
    match near(name, known.iter().copied()) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help("it has no operations"),
        None => error.help(format!("it has {}", names(known.iter().copied()))),
    }
}

/// An operation that nothing carries out.
pub fn not_implemented(at: Place, name: &str, of: &str, place: Place) -> Diagnostic {
    Diagnostic::error("E7050", format!("`{name}` of `{of}` has no implementation"), at)
        .label("nothing would carry it out")
        .related(place, format!("`{name}` is declared here"))
        .help(format!("give it one in the type or in the node: `operation {name} = script(\"…\")`"))
}

/// A lifecycle operation in a `call`.
pub fn lifecycle_by_hand(at: Place, operation: &str) -> Diagnostic {
    Diagnostic::error("E7051", format!("`lifecycle.{operation}` is not called by hand"), at)
        .label("the runtime calls it, in the order of the graph")
        .help("run the workflow that brings it about, such as `run update`")
}

/// A call of all nodes of a collection at once; `end` is where `[*]` belongs.
pub fn call_of_collection(at: Place, found: &Type, end: Place) -> Diagnostic {
    Diagnostic::error("E7052", format!("this is a {found}: which of them is called?"), at)
        .label("there are several")
        .help("call one by its key, `n[key]`, or each of them with `n[*]`")
        .fix("call each of them", vec![(end, "[*]".to_owned())])
}

/// A call of a node that is perhaps not there.
pub fn unsettled_node(at: Place, found: &Type, each: bool) -> Diagnostic {
    let help = if each {
        "call those that are there: `for n in xs { if n != null { call n.… } }`"
    } else {
        "test it before: `if x != null { call x.… }`"
    };
    Diagnostic::error("E7053", format!("there may be no such node: this is `{found}`"), at)
        .label("perhaps `null`")
        .help(help)
}

/// A call of something that is no node.
pub fn not_a_node(at: Place, found: &Type) -> Diagnostic {
    Diagnostic::error("E7054", format!("operations are those of nodes, and this is `{found}`"), at)
        .help("name a node, an element of a collection, or a parameter whose type is a node type")
}

/// A step that nothing leads to.
pub fn never_reached(at: Place) -> Diagnostic {
    Diagnostic::warning("W7040", "this step is never reached", at)
        .label("what stands before it ends the block")
        .help("remove it, or move it up")
}

/// A workflow that can end without the result that it declares.
pub fn ends_without_result(
    at: Place,
    name: &str,
    result: &Type,
    place: Option<Place>,
) -> Diagnostic {
    let error = Diagnostic::error("E7055", format!("`{name}` can end without its result"), at)
        .label("a way through its steps has no `return`")
        .help(format!("end every way with `return` of a `{result}`, or with `fail`"));
    match place {
        Some(place) => error.related(place, "it gives this"),
        None => error,
    }
}

/// A bare `return` in a workflow with a result.
pub fn returns_nothing(at: Place, name: &str, result: &Type, place: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E7056", format!("`{name}` gives a `{result}`"), at)
        .label("returns nothing")
        .help("return a value: `return { … }`");
    match place {
        Some(place) => error.related(place, "it gives this"),
        None => error,
    }
}

/// A `return` with a value in a workflow without a result.
pub fn returns_too_much(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E7057", format!("`{name}` gives nothing"), at)
        .label("nobody would get this")
        .help(format!(
            "write `return` alone, or say what it gives: `workflow {name}(…) -> {{ … }}`"
        ))
}

/// A `return` among steps that run at the same time.
pub fn return_at_once(at: Place, why: &str, around: Place) -> Diagnostic {
    Diagnostic::error("E7058", format!("`return` can't stand here: {why}"), at)
        .label("which of them would end the workflow?")
        .related(around, "these run at once")
        .help("keep what matters with `let`, and return after the block")
}

/// A `return` in a handler.
pub fn return_in_handler(at: Place, handler: &str) -> Diagnostic {
    let help = match handler {
        "on failure" => {
            "end the handler with `recover`, and return after the block that it belongs to"
        }
        _ => "a cancelled workflow ends without a result: remove this",
    };
    Diagnostic::error("E7059", format!("`return` can't stand in `{handler}`"), at).help(help)
}

/// `recover` where it recovers nothing.
pub fn misplaced_recover(at: Place, in_handler: bool) -> Diagnostic {
    let message = if in_handler {
        "`recover` is the last step of its `on failure`"
    } else {
        "`recover` stands in `on failure` alone, as its last step"
    };
    Diagnostic::error("E7060", message, at)
        .help("move it to the end of the `on failure { … }` whose failure is handled")
}

/// A step after a handler.
pub fn step_after_handler(at: Place, handler: Place) -> Diagnostic {
    Diagnostic::error("E7061", "handlers stand last in their block", at)
        .label("a step after a handler")
        .related(handler, "the handler")
        .help("move this step before `on failure` and `on cancel`")
}

/// A second handler of one kind.
pub fn second_handler(at: Place, what: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E7062", format!("a block has one `{what}`"), at)
        .label("the second")
        .related(first, "the first")
        .help("put the steps of both into one")
}

/// `error` outside of `on failure`.
pub fn error_outside(at: Place) -> Diagnostic {
    Diagnostic::error("E7063", "`error` is known inside of `on failure` alone", at)
        .label("nothing has failed here")
        .help("read `error.class` and `error.message` in an `on failure { … }`")
}

/// `wait until` that could wait forever; `end` is where the timeout belongs.
pub fn no_timeout(at: Place, end: Place) -> Diagnostic {
    Diagnostic::error("E7064", "`wait until` needs a timeout: it could wait forever", at)
        .help("say how long at most: `wait until … timeout 5m`")
        .fix("add `timeout 5m`", vec![(end, " timeout 5m".to_owned())])
}

/// A time of nothing or less.
pub fn no_time(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E7065", format!("{what} takes a time that is longer than nothing"), at)
        .help("give a duration such as `30s`")
}

/// `max` below one.
pub fn too_few_at_once(at: Place, found: i64) -> Diagnostic {
    Diagnostic::error("E7066", format!("`max` is at least 1, found {found}"), at)
        .label("how many run at once")
        .help("leave `max` out to go through them one after another")
}

/// A loop with more turns than may be.
pub fn too_many_turns(at: Place, most: i64) -> Diagnostic {
    Diagnostic::error("E7067", format!("this loop has more than {most} turns"), at)
        .help("take a smaller range")
}

/// Blocks that stand too deep in one another.
pub fn nests_too_deeply(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E7068", format!("blocks nest more than {most} deep here"), at)
        .help("move the inner steps into a workflow of their own, and `run` it")
}
