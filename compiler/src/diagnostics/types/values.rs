//! What can be wrong with the values of expressions, as far as they are known: constants that can't be
//! computed, texts that are none of those allowed, secrets that would get out.

use std::collections::BTreeSet;

use bp_plan::Type;

use super::{a, example, listed, short};
use crate::diagnostics::{Diagnostic, near};
use crate::source::Place;

/// A secret that would decide something.
pub fn secret_decides(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E3020", format!("a secret can't be {what}"), at)
        .label("this has a secret part")
        .help("whoever sees what happens could tell the secret: decide by an input instead")
}

/// Whether this is what [`secret_decides`] says.
pub fn is_secret_decision(error: &Diagnostic) -> bool {
    error.code == "E3020"
}

/// A secret that would reach a place that is not kept secret.
/// `of` is what is wanted, without what it says of secrets; it may keep parts secret that this has as a whole.
pub fn secret_escapes(
    at: Place,
    (want, of): (&Type, &Type),
    secrets: &BTreeSet<String>,
) -> Diagnostic {
    let which = match secrets.len() {
        0 => "a secret".to_owned(),
        1 => format!("the secret {}", listed(secrets.iter().map(String::as_str))),
        _ => format!("the secrets {}", listed(secrets.iter().map(String::as_str))),
    };
    let (message, label) = if want == of {
        let message = format!("{which} can't go where plain {} is kept", a(want));
        (message, "this has a secret part")
    } else {
        let shown = match of {
            Type::List(_) => "how many there are",
            Type::Map(_) => "its keys",
            _ => "more of it",
        };
        let message =
            format!("{which} can't go where {} is kept: that would show {shown}", a(want));
        (message, "this is secret as a whole")
    };
    Diagnostic::error("E3021", message, at)
        .label(label)
        .help(format!("declare what takes it as `secret {of}`, or leave the secret out"))
}

/// Whether this is what [`secret_escapes`] says.
pub fn is_secret_escape(error: &Diagnostic) -> bool {
    error.code == "E3021"
}

/// A secret that would reach what nobody can declare a secret: a label, a message, a property of the library.
pub fn only_without_secret(error: Diagnostic) -> Diagnostic {
    error.help("leave the secret out: what is kept here is for everybody to see")
}

/// A secret in an output that does not say that it is one.
pub fn secret_output(at: Place, found: &Type) -> Diagnostic {
    let of = match found {
        Type::Secret(of) => a(of),
        other => a(other),
    };
    Diagnostic::error("E3021", "an output tells what it is given, and this has a secret part", at)
        .label("this has a secret part")
        .help(format!(
            "say that it stays secret, `output name: secret …` of {of}, or leave the secret out"
        ))
}

/// A secret in what is told of a value that does not meet its `where`.
pub fn secret_message(at: Place) -> Diagnostic {
    Diagnostic::error("E3021", "a message is for everybody, and this has a secret part", at)
        .label("this has a secret part")
        .help("say in the message what is asked, without the value: \"too short\"")
}

/// A secret that is written down where it is declared.
pub fn secret_default(at: Place, name: &str, whole: Place) -> Diagnostic {
    let message = format!("the secret `{name}` can't have its value here");
    Diagnostic::error("E3046", message, at)
        .label("everybody who reads the blueprint would know it")
        .help("remove it, and give the value at deployment; one that may be missing is `T?`")
        .fix("remove the value", vec![(whole, String::new())])
}

/// A constant of a secret type, with its value beside it.
pub fn secret_constant(at: Place, name: &str) -> Diagnostic {
    let message = format!("the constant `{name}` is secret, and its value stands here");
    Diagnostic::error("E3046", message, at)
        .label("everybody who reads the blueprint would know it")
        .help(format!("declare it as `secret {name}: …`, and give the value at deployment"))
}

/// An input or secret of a type that is a node, or has one: whoever deploys gives values.
pub fn node_given(at: Place, what: &str, name: &str, ty: &Type) -> Diagnostic {
    let message =
        format!("the {what} `{name}` can't be given: `{ty}` is no value but a part of a blueprint");
    let error = Diagnostic::error("E3047", message, at).label("whoever deploys gives values");
    match ty {
        Type::Node(_) | Type::Capability(_) => error.help(format!(
            "write `requires {name}: {ty}`: whoever uses this blueprint meets it with a node"
        )),
        _ => error.help(
            "take what is needed of it, such as its name, or write `requires name: Type` for each",
        ),
    }
}

/// An input whose type is secret, or has a secret part; `of` is the type without that.
pub fn secret_input(
    at: Place,
    name: &str,
    of: Option<&str>,
    edits: Option<Vec<(Place, String)>>,
) -> Diagnostic {
    let message = format!(
        "the input `{name}` would not keep a secret: inputs are written down with the deployment"
    );
    let error =
        Diagnostic::error("E3051", message, at).label("can be read by all who see the deployment");
    let error = match of {
        Some(of) => error
            .help(format!("write `secret {name}: {of}`: its value stays in the store of secrets")),
        None => error.help(
            "declare what is secret of it by `secret name: type`, and take the rest by an input",
        ),
    };
    match edits {
        Some(edits) => error.fix(format!("make `{name}` a secret"), edits),
        None => error,
    }
}

/// An output that is a node, or has one.
pub fn node_as_output(at: Place, name: &str, ty: &Type) -> Diagnostic {
    let message =
        format!("the output `{name}` can't be told: `{ty}` is no value but a part of a blueprint");
    Diagnostic::error("E3048", message, at)
        .label("an output is data")
        .help("give what is needed of it, such as an address; a capability that other blueprints connect to is exposed: `expose name = node.capability`")
}

/// A property, an attribute, a parameter or a result whose type is a node, or has one: all of them are data.
/// Of a node's property there is another way to say it.
pub fn node_kept(at: Place, what: &str, name: &str, ty: &Type, requires: bool) -> Diagnostic {
    let called = if name.is_empty() { String::new() } else { format!(" `{name}`") };
    let message =
        format!("{what}{called} can't hold `{ty}`, which is no value but a part of a blueprint");
    let error = Diagnostic::error("E3053", message, at).label("what is kept or handed on is data");
    let (one, cardinality) = match ty {
        Type::Optional(of) => (&**of, "?"),
        Type::List(of) => (&**of, "[0..]"),
        of => (of, ""),
    };
    match one {
        Type::Node(_) | Type::Capability(_) if requires => error.help(format!(
            "write `requires {name}: {one}{cardinality}`, and meet it with `{name} -> …`: it is read as `self.{name}` all the same"
        )),
        _ => error.help("take what is needed of it, such as its name or its address"),
    }
}

/// A division by zero.
pub fn division_by_zero(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3022", message, at)
        .label("divides by 0")
        .help("test the divisor before: `if n == 0 then 0 else x / n`")
}

/// A number that is too large.
pub fn overflow(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3023", message, at)
        .label("too large")
        .help("whole numbers reach from -9223372036854775808 to 9223372036854775807; `float(x)` goes further")
}

/// A key or an element that a constant does not have.
pub fn missing_key(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3024", message, at).label("not there").help(
        "take one that is there, or write `?.` or `?[ ]` and say with `??` what counts without it",
    )
}

/// An element of a list counted from its end, as other languages do; `of` is the list as it is written.
pub fn negative_index(at: Place, index: i64, of: &str) -> Diagnostic {
    let help = format!("the first is `{of}[0]`, and the last `{of}[length({of}) - 1]`");
    Diagnostic::error("E3024", format!("a list has no element {index}"), at)
        .label("elements are counted from 0")
        .help(help)
}

/// An instance that a collection does not have. `seen_by` is the instance that would need it, where only
/// some do.
pub fn missing_instance(
    at: Place,
    node: &str,
    key: &str,
    known: &[&str],
    seen_by: Option<&str>,
) -> Diagnostic {
    let shown: Vec<String> = known.iter().take(8).map(|key| format!("{key:?}")).collect();
    let more = if known.len() > shown.len() { " …" } else { "" };
    let there = match shown.as_slice() {
        [] => "it has no instances".to_owned(),
        _ => format!("its keys are {}{more}", shown.join(", ")),
    };
    let seen_by = seen_by.map(|by| format!(" for `{by}`")).unwrap_or_default();
    missing_key(at, &format!("there is no `{node}[{key:?}]`{seen_by}: {there}"))
}

/// Two values for one key of a map that a comprehension makes.
pub fn duplicate_made_key(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3025", message, at)
        .label("two elements give the same key")
        .help("make the keys differ, or collect the elements with `group_by(x in xs, key)`")
}

/// More than an evaluation may take.
pub fn too_large(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3026", message, at)
        .label("too much")
        .help("go through fewer elements, or make the result smaller")
}

/// An expression whose constants take too much.
pub fn too_much_taken(at: Place, most: usize) -> Diagnostic {
    let message =
        format!("with its constants written out, this takes more than {} MiB", most >> 20);
    Diagnostic::error("E3026", message, at)
        .label("too much")
        .help("a constant counts wherever it is used: use fewer of those that hold one another")
}

/// Constants that take too much, all together.
pub fn too_much_kept(at: Place, most: usize) -> Diagnostic {
    let message =
        format!("up to here, the values of this program take more than {} MiB", most >> 20);
    Diagnostic::error("E3026", message, at)
        .label("too much")
        .help("make fewer and smaller values of others: each is written out into the plan")
}

/// Choices among nodes that may choose each other: each names its own candidates.
pub fn too_many_candidates(at: Place, wanted: &str, most: usize) -> Diagnostic {
    let message = format!(
        "too many nodes choose among each other: up to here, their candidates take more than {} MiB",
        most >> 20
    );
    Diagnostic::error("E3026", message, at).label(format!("chooses among nodes of `{wanted}`")).help(
        "name the target; or let nodes of one type choose among those of another, whose candidates are written once",
    )
}

/// Something that a function can't work on.
pub fn bad_value(at: Place, message: &str) -> Diagnostic {
    Diagnostic::error("E3027", message, at)
        .label("found when folding constants")
        .help("correct the value that is given here")
}

/// What to do about a `where` or a `check` that does not hold.
pub fn meet(clause: &str) -> String {
    format!("give a value that meets `{clause}`")
}

/// Whether this is what [`constraint_broken`] says.
pub fn is_broken(error: &Diagnostic) -> bool {
    error.code == "E3028"
}

/// A constant that does not meet what its type asks.
pub fn constraint_broken(
    at: Place,
    message: &str,
    text: Option<&str>,
    because: Option<(Place, String)>,
) -> Diagnostic {
    let error = Diagnostic::error("E3028", message, at).label("not allowed here");
    let error = match text {
        Some(text) => error.help(meet(&format!("where {text}"))),
        None => error.help("give a value that its type allows"),
    };
    match because {
        Some((place, note)) => error.related(place, note),
        None => error,
    }
}

/// A text that is none of those that the type lists.
/// `others` are what else the type takes.
pub fn not_one_of(
    at: Place,
    text: &str,
    (options, others): (&[String], &[Type]),
    want: &Type,
) -> Diagnostic {
    let near = near(text, options.iter().map(String::as_str));
    let message = format!("\"{}\" is not one of {}", short(text), a(want));
    let error = Diagnostic::error("E3036", message, at);
    match near {
        Some(near) => error
            .label(format!("did you mean \"{near}\"?"))
            .help(format!("write \"{near}\""))
            .fix(format!("replace it by \"{near}\""), vec![(at, format!("\"{near}\""))]),
        None => {
            error.label("not in the list").help(format!("write one of {}", any_of(options, others)))
        }
    }
}

/// A string that is no version or timestamp.
pub fn bad_text(at: Place, want: &Type, why: &str) -> Diagnostic {
    Diagnostic::error("E3037", why, at)
        .label(format!("becomes a {want} here"))
        .help(format!("write it such as {}", example(want)))
}

/// An expression that nests too deep to be evaluated.
pub fn too_deep(at: Place, most: usize) -> Diagnostic {
    Diagnostic::error("E3038", format!("this expression nests more than {most} deep"), at)
        .label("too deep")
        .help("name parts of it with `const`")
}

/// An expression that stands for too much.
pub fn too_many_parts(at: Place, most: usize) -> Diagnostic {
    let message = format!("with what it stands for, this expression has more than {most} parts");
    Diagnostic::error("E3038", message, at)
        .label("too much")
        .help("a `let` and a function's body count wherever they are used: use a `const` instead")
}

/// `file(…)` of a path that is known too late.
pub fn late_file(at: Place) -> Diagnostic {
    Diagnostic::error("E3039", "the path of a file must be known when compiling", at)
        .label("known later")
        .help("write the path as a plain string: the file travels with the plan")
}

/// A file that can't be taken in.
pub fn no_file(at: Place, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E3039", format!("\"{}\" can't be read: {why}", short(path)), at)
        .label("names this file")
        .help("name a file by its path from the file that this stands in; it lies inside of the package")
}

/// `` `"a"`, `"b"` `` and what else can stand for these: the values and the types of a union.
fn any_of(options: &[String], others: &[Type]) -> String {
    let quoted: Vec<String> = options.iter().map(|text| format!("{text:?}")).collect();
    let texts = listed(quoted.iter().map(String::as_str));
    let others: Vec<String> =
        others.iter().map(|ty| crate::diagnostics::an(&ty.to_string())).collect();
    if others.is_empty() { texts } else { format!("{texts}, or {}", others.join(", ")) }
}
