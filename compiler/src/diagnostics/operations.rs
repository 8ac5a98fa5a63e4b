//! Interfaces, operations and what implements them.

use super::{Diagnostic, near};
use crate::source::Place;

fn list(known: &[&str]) -> String {
    known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// With what was perhaps meant, or all there is.
fn perhaps(error: Diagnostic, name: &str, known: &[&str], none: &str) -> Diagnostic {
    let at = error.place;
    match near(name, known.iter().copied()) {
        Some(near) => error
            .help(format!("did you mean `{near}`?"))
            .fix(format!("write `{near}`"), vec![(at, near.to_owned())]),
        None if known.is_empty() => error.help(none),
        None => error.help(format!("there are {}", list(known))),
    }
}

/// An operation of an interface that a type does not implement.
pub fn unknown_interface(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E7011", format!("`{of}` has no interface `{name}`"), at);
    perhaps(error, name, known, "let the type implement one: `implements Maintenance`")
}

/// An operation that an interface does not have.
pub fn unknown_operation(at: Place, name: &str, interface: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E7012", format!("`{interface}` has no operation `{name}`"), at);
    perhaps(error, name, known, "declare it in the interface's type")
}

/// A name that is no `interface.operation`.
pub fn not_an_operation(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let ends: Vec<&str> =
        known.iter().copied().filter(|key| key.rsplit('.').next() == Some(name)).collect();
    let error = Diagnostic::error(
        "E7013",
        format!(
            "`{name}` is no operation: it is written with its interface, `interface.operation`"
        ),
        at,
    );
    match ends.as_slice() {
        [one] => error
            .help(format!("write `{one}`"))
            .fix(format!("write `{one}`"), vec![(at, (*one).to_owned())]),
        [] => error.help(format!("`{of}` has {}", list(known))),
        several => error.help(format!("`{of}` has {}", list(several))),
    }
}

/// A dotted name inside of an interface type.
pub fn dotted_in_interface(at: Place, name: &str) -> Diagnostic {
    let last = name.rsplit('.').next().unwrap_or(name).to_owned();
    Diagnostic::error("E7013", format!("an interface type declares `{last}` by its bare name"), at)
        .help(format!("write `operation {last}`"))
        .fix(format!("write `{last}`"), vec![(at, last)])
}

/// An implementation inside of an interface type.
pub fn implemented_in_interface(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E7014", format!("an interface type only declares `{name}`"), at)
        .label("an implementation")
        .help("implement it in a node type, a relationship type or a node")
}

/// A parameter that an operation has twice.
pub fn parameter_twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E7015", format!("the parameter `{name}` is there twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("give one of them another name")
}

/// A refinement of an operation that callers of the inherited one can't call.
pub fn operation_widened(at: Place, name: &str, why: &str, declared: Place) -> Diagnostic {
    Diagnostic::error(
        "E7016",
        format!("`{name}` can't be called as the one that it refines: {why}"),
        at,
    )
    .related(declared, "the inherited one")
    .help("take what it takes and give what it gives; what is new needs a default")
}

/// Two interfaces under one name.
pub fn interface_twice(at: Place, name: &str, first: &str, second: &str) -> Diagnostic {
    let short = |full: &str| full.rsplit('.').next().unwrap_or(full).to_owned();
    let (first, second) = (short(first), short(second));
    Diagnostic::error(
        "E7017",
        format!("the interface `{name}` is a `{first}` already, and `{second}` is none"),
        at,
    )
    .help(format!("give it a name of its own: `implements {second} as other_{name}`"))
}

/// An operation that a body has twice.
pub fn operation_twice(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E7018", format!("the operation `{name}` stands here twice"), at)
        .label("the second")
        .related(first, "the first")
        .help("leave one of them")
}

/// A script's file that is not there, when it is only looked at.
pub fn missing_script(at: Place, path: &str, why: &str) -> Diagnostic {
    let help = if why.contains("outside of the package") {
        "move the script into the package: a plan carries along what lies there"
    } else {
        "write the script before you compile; the path is relative to this file"
    };
    Diagnostic::warning("W7010", format!("\"{path}\" can't be read: {why}"), at).help(help)
}

/// A script's file that is not there, when a plan is to be made.
pub fn script_needed(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E7010", format!("a plan carries its scripts along, and {message}"), at)
        .help("write the script; the path is relative to this file")
}

/// A path in the place of an implementation.
pub fn bare_path(at: Place, path: &str) -> Diagnostic {
    let call = format!("script({path:?})");
    Diagnostic::error("E7019", "an implementation says what runs it, a text alone does not", at)
        .help(format!("write `{call}`"))
        .fix(format!("write `{call}`"), vec![(at, call)])
}

/// Something else in the place of an implementation.
pub fn not_an_implementation(at: Place, found: &bp_plan::Type) -> Diagnostic {
    Diagnostic::error("E7019", format!("expected an implementation, found a `{found}`"), at)
        .label(format!("this is a `{found}`"))
        .help("call a function that gives one, such as `script(\"create.sh\")`, or write `null`")
}

/// A clause that no implementation has.
pub fn unknown_clause(at: Place, name: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E7020", format!("an implementation has no `{name}`"), at);
    perhaps(error, name, known, "leave it out")
}

/// Parameters that are no arguments for what implements the operation.
pub fn args_by_default(at: Place, given: &bp_plan::Type, wanted: &bp_plan::Type) -> Diagnostic {
    Diagnostic::error(
        "E7021",
        format!("the operation's parameters are `{given}`, and this takes `{wanted}`"),
        at,
    )
    .help("say what it is given: `args = { … }`")
}

/// An attribute that an operation sets and the type does not have.
pub fn unknown_attribute(at: Place, name: &str, of: &str, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E7022", format!("`{of}` has no attribute `{name}`"), at);
    let declare = format!("declare it in the type: `attribute {name}: string`");
    perhaps(error, name, known, &declare)
}

/// `sets` with something else than attributes and their values.
pub fn sets_no_block(at: Place) -> Diagnostic {
    Diagnostic::error("E7023", "`sets` names each attribute with its value", at)
        .help("write `sets = { attribute = result.field }`")
}

/// An operation of a node that says nothing of how it is done.
pub fn no_implementation(at: Place, name: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E7024", format!("`{name}` says nothing of how it is carried out"), at)
        .related(declared, "declared here")
        .help(format!("write `operation {name} = script(\"…\")`, or `= null` to switch it off"))
}

/// Parameters or a result where only an implementation may stand.
pub fn declared_in_body(at: Place, name: &str, declared: Place) -> Diagnostic {
    Diagnostic::error("E7025", format!("what `{name}` takes and gives is its type's to say"), at)
        .related(declared, "declared here")
        .help("leave the parameters and the result out")
}

/// A step of a node's life that its provider takes, and an operation too.
pub fn two_keepers(
    at: Place,
    of: &str,
    provider: &str,
    operation: &str,
    instead: &str,
    other: Place,
) -> Diagnostic {
    Diagnostic::error(
        "E7026",
        format!("both the provider \"{provider}\" and `{operation}` would keep a `{of}`"),
        at,
    )
    .related(other, "the other one")
    .help(format!("leave one of them out: the step is the provider's own ({instead})"))
}

/// An attribute that no operation sets, of a relationship type or of a node type whose nodes operations make;
/// `step` is an operation of it.
pub fn unset_attribute(at: Place, name: &str, of: &str, step: &str) -> Diagnostic {
    Diagnostic::warning("W7027", format!("nothing sets `{name}` of `{of}`: who reads it waits in vain"), at)
        .label("no operation has it in its `sets`")
        .help(format!(
            "set it: `operation {step} = script(\"…\") {{ sets = {{ {name} = result.{name} }} }}`; or leave it out"
        ))
}

/// An attribute that is read of a node which nobody keeps.
pub fn never_reported(at: Place, name: &str, node: &str) -> Diagnostic {
    let message = format!("nothing sets `{name}` of `{node}`: who reads it waits in vain");
    Diagnostic::warning("W7027", message, at)
        .label(format!("no provider and no operation of `{node}` tells it"))
        .help(format!(
            "let its type have a `provider`, or an operation that `sets = {{ {name} = result.{name} }}`"
        ))
}

/// An attribute that no operation of a node sets, as `by` of its type does, which the node has in another way or
/// switches off.
pub fn set_no_more(at: Place, name: &str, node: &str, by: &str) -> Diagnostic {
    let message = format!("nothing sets `{name}` of `{node}`: who reads it waits in vain");
    Diagnostic::warning("W7027", message, at)
        .label(format!("its own `{by}` does not, as that of its type would"))
        .help(format!(
            "set it there, too: `operation {by} = script(\"…\") {{ sets = {{ {name} = result.{name} }} }}`"
        ))
}

/// An operation that reads what is set by no operation before it; `by` is one that sets it.
pub fn reads_too_early(at: Place, name: &str, operation: &str, by: Option<&str>) -> Diagnostic {
    let sets = match by {
        Some(by) if operation == by => format!("it sets `{name}` itself"),
        Some(by) => format!("`{by}`, which sets `{name}`, comes later"),
        None => format!("no operation of it sets `{name}`"),
    };
    Diagnostic::error(
        "E7028",
        format!("`{operation}` reads `{name}`, which nothing has set by then"),
        at,
    )
    .label("has no value yet")
    .help(format!("{sets}: let an operation before this one set it, or leave it out here"))
}

/// A name under which a script can be given nothing: of a file in its folder, of a variable.
pub fn no_such_name(at: Place, clause: &str, name: &str, why: &str) -> Diagnostic {
    let (what, help) = match clause {
        "files" => (
            "the path of a file beside a script",
            "name it by a path below the script's folder, such as `lib/common.sh`",
        ),
        _ => ("the name of a variable", "name it as the script reads it, such as `LOG_LEVEL`"),
    };
    let name = if name.is_empty() { "\"\"" } else { name };
    Diagnostic::error("E7029", format!("`{name}` can't be {what}: {why}"), at)
        .label("the script could not be started")
        .help(help)
}
