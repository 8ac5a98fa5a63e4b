//! What can be wrong with names in expressions, and with types as written.

use bp_plan::Type;

use super::{a, listed, maybe_related};
use crate::diagnostics::Diagnostic;
use crate::source::{Place, Span};

/// Says of a name that nothing has what a version is instead: an input would be known too late.
pub fn no_version(told: &mut Diagnostic) {
    if told.code == "E3001" && told.fix.is_none() {
        told.help = Some("write the version between quotes: `version = \"1.0.0\"`".to_owned());
    }
}

/// A name that nothing has.
pub fn unknown_name(at: Place, name: &str, near: Option<&str>, place: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E3001", format!("there is no `{name}` here"), at);
    let is_null = matches!(name, "nul" | "nil" | "None" | "undefined");
    match near.or(is_null.then_some("null")) {
        Some(near @ ("true" | "false" | "null" | "self")) => error
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        Some(near) => maybe_related(error, place, format!("`{near}` is declared here"))
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or declare `{name}`"))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        None if name.starts_with(char::is_uppercase) => error
            .label("not declared")
            .help("correct the name: names of values begin with a small letter"),
        None => error
            .label("not declared")
            .help(format!("declare it, for instance `input {name}: string`, or correct the name")),
    }
}

/// A name that nothing has where nodes of the type `of` are wanted, or whatever else; these are there: `known`.
pub fn unknown_target(at: Place, name: &str, of: Option<&str>, known: &[&str]) -> Diagnostic {
    let there = match known {
        [] => String::new(),
        [only] => format!("name `{only}`, or "),
        several => format!("name one of {}, or ", listed(several.iter().copied())),
    };
    let help = match of {
        Some(of) => format!("{there}declare it: `node {name}: {of}`"),
        None => format!("{there}declare a node `{name}`"),
    };
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("not declared")
        .help(help)
}

/// Takes back what was proposed for an unknown field, where it can't be meant.
pub fn propose_nothing(told: &mut Diagnostic) {
    told.fix = None;
    told.related.clear();
    "no such field".clone_into(&mut told.label);
}

/// Whether this says of an unknown name that `null` may be meant.
pub fn is_meant_as_null(told: &Diagnostic) -> bool {
    told.code == "E3001" && told.label == "did you mean `null`?"
}

/// `undefined` where something must be given.
pub fn no_null_here(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("not declared")
        .help("give a value: `null`, which says that something is unset, can't stand here")
}

/// One of the texts that the type lists, without its quotes.
pub fn unquoted(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("a text stands between quotes")
        .help(format!("write `\"{name}\"`"))
        .fix(format!("write `\"{name}\"`"), vec![(at, format!("\"{name}\""))])
}

/// A name that only what is given here has: `x = x`.
pub fn only_itself(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("not declared")
        .help(format!("give a value, or declare it, for instance `input {name}: string`: as a member of `self` it would be itself"))
}

/// A parameter's name in the default of another.
pub fn parameter_in_default(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("a default sees no parameter")
        .help(format!("`{name}` is known in the body alone: make this parameter optional (`type? = null`), and say there what counts then"))
}

/// A `where` that names what it constrains.
pub fn constrained_by_name(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3049", format!("`{name}` is called `self` in its own `where`"), at)
        .label("this is the value itself")
        .help("write `self`")
        .fix("write `self`", vec![(at, "self".to_owned())])
}

/// A property named in the `where` of another.
pub fn sibling_in_where(at: Place, name: &str, of: &str, condition: Option<&str>) -> Diagnostic {
    let form = condition.map_or_else(|| format!("self.{of} > self.{name}"), str::to_owned);
    Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label(format!("a `where` sees `{of}` alone, as `self`"))
        .help(format!("what is asked of several stands in the type's body: `check {form}`"))
}

/// An output that another names; `gives` is what it gives, where that can stand in its place.
pub fn output_as_value(at: Place, name: &str, declared: Place, gives: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E3001", format!("there is no `{name}` here"), at)
        .label("an output is for those outside")
        .related(declared, format!("the output `{name}` is declared here"));
    match gives {
        Some(gives) => error
            .help(format!("name what it gives: `{gives}`"))
            .fix(format!("write `{gives}`"), vec![(at, gives.to_owned())]),
        None => error.help(format!("name what `{name}` gives; a `const` gives it a name for both")),
    }
}

/// `var.x`; `whole` is where that stands, where there is an `x`.
pub fn read_by_kind(at: Place, kind: &str, name: &str, whole: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E3001", format!("there is no `{kind}` here"), at)
        .label("inputs, secrets and constants are read by their names");
    match whole {
        Some(whole) => error
            .help(format!("write `{name}`"))
            .fix(format!("write `{name}`"), vec![(whole, name.to_owned())]),
        None => error.help(format!("write `{name}`, and declare it: `input {name}: string`")),
    }
}

/// A path without its quotes.
pub fn unquoted_path(at: Place, path: &str) -> Diagnostic {
    Diagnostic::error("E3001", format!("`{path}` is a path: it stands between quotes"), at)
        .label("a text stands between quotes")
        .help(format!("write `\"{path}\"`"))
        .fix(format!("write `\"{path}\"`"), vec![(at, format!("\"{path}\""))])
}

/// A name that the used module does not have.
pub fn unknown_in_module(at: Place, name: &str, module: &str, near: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E3001", format!("`{module}` has no `{name}`"), at);
    match near {
        Some(near) => error
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{module}.{near}`"))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        None => error.label("not declared there").help(format!("declare it in `{module}`")),
    }
}

/// A type that there is not.
pub fn unknown_type(at: Place, name: &str, near: Option<&str>, place: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E3029", format!("there is no type `{name}`"), at);
    match near {
        Some(near) => maybe_related(error, place, format!("`{near}` is declared here"))
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`"))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        None => error.label("not declared").help(
            "declare it, bring it in with `use`, or take a built-in one: string, int, float, bool, duration, size, version, json, list<T>, map<T> …",
        ),
    }
}

/// `list` or `map` by another name, without the type of what is in it.
pub fn unknown_collection(at: Place, name: &str, near: &str) -> Diagnostic {
    Diagnostic::error("E3029", format!("there is no type `{name}`"), at)
        .label(format!("did you mean `{near}`?"))
        .help(format!("write `{near}<string>`, with the type of what is in it"))
}

/// A type of groups, policies or operations where one of values stands.
pub fn type_of_other_kind(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3029", format!("`{name}` is not a type that a value can have"), at)
        .label("a type of groups, policies or operations")
        .help("name a node type, a data type, a capability type or a built-in one")
}

/// `list` without its argument, `int<string>`.
pub fn type_arguments(at: Place, name: &str, takes: usize, found: usize) -> Diagnostic {
    let message = match takes {
        0 => format!("`{name}` takes no types in `< >`"),
        _ => format!("`{name}` takes one type in `< >`, found {found}"),
    };
    let help = match takes {
        0 => format!("write `{name}`"),
        _ => format!("say what is in it: `{name}<string>`"),
    };
    Diagnostic::error("E3030", message, at).label("of what?").help(help)
}

/// A union of something else than scalars.
pub fn union_of(at: Place, found: &Type) -> Diagnostic {
    Diagnostic::error("E3031", format!("{} can't be part of a union", a(found)), at)
        .label("no scalar")
        .help("unions are of scalar types and string literals; a `data type` with optional fields holds one or the other, `json` holds anything")
}

/// A member of a union twice.
pub fn union_repeats(at: Place, found: &Type) -> Diagnostic {
    Diagnostic::error("E3031", format!("{} stands in this union twice", a(found)), at)
        .label("the second one")
        .help("remove it")
}

/// A range whose ends are measured and not counted; `ends` as they were written.
pub fn range_of(at: Place, ty: &Type, ends: &[String; 2]) -> Diagnostic {
    let [low, high] = ends;
    Diagnostic::error(
        "E3002",
        format!("a range goes through whole numbers, and not through {}", a(ty)),
        at,
    )
    .label(format!("its ends are `{ty}`"))
    .help(format!("compare with both ends, as in `x >= {low} and x <= {high}`"))
}

/// A local with the name of something visible.
pub fn local_repeats(at: Place, name: &str, place: Option<Place>) -> Diagnostic {
    let error =
        Diagnostic::error("E3032", format!("`{name}` is the name of something else here"), at)
            .label("hides what is visible")
            .help("choose another name, so that nobody mistakes one for the other");
    maybe_related(error, place, format!("`{name}` is declared here"))
}

/// A parameter of a function that must be given, after one that need not.
pub fn default_before(at: Place, name: &str, (before, place): (&str, Place)) -> Diagnostic {
    let message = format!("`{name}` must be given, and stands after `{before}`, which need not");
    Diagnostic::error("E3052", message, at)
        .label("has no default")
        .related(place, format!("`{before}` has a default, which no call could use"))
        .help(format!(
            "arguments are given by position: put `{name}` before `{before}`, or give it a default"
        ))
}

/// Two parameters of a function with one name.
pub fn parameter_repeats(at: Place, name: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E3032", format!("two parameters are called `{name}`"), at)
        .label("the second")
        .related(first, "the first")
        .help("give one of them another name")
}

/// A name of something without a value.
pub fn no_value(at: Place, name: &str, what: &str) -> Diagnostic {
    let help = match what {
        "module" => format!("name something of it: `{name}.x`"),
        _ => "name an input, a constant, a node or a selection".to_owned(),
    };
    Diagnostic::error("E3033", format!("`{name}` is a {what}: it has no value"), at)
        .label(format!("a {what}"))
        .help(help)
}

/// A type's name where a value is wanted.
pub fn type_as_value(at: Place, name: &str, ty: &Type) -> Diagnostic {
    let help = match ty {
        Type::Capability(_) => {
            "name a node that has it, or a node type: `-> Type where …` seeks one of its nodes"
                .to_owned()
        }
        _ => format!("name a node: `node n: {name}` declares one"),
    };
    Diagnostic::error("E3033", format!("`{name}` is a type: it has no value"), at)
        .label("a type")
        .help(help)
}

/// A function's name where a value is wanted.
pub fn function_as_value(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E3033",
        format!("`{name}` is a function: it has no value until it is called"),
        at,
    )
    .label("a function")
    .help(format!("call it: `{name}(…)`"))
}

/// `self`, `source`, `target` where there is none.
pub fn no_self(at: Place, name: &str) -> Diagnostic {
    let help = match name {
        "self" => "`self` stands in a `where`, in a type's body and in a node's body",
        "source" => "`source` stands in a requirement's `where` and in a relationship type",
        _ => "`target` stands in a relationship type",
    };
    Diagnostic::error("E3034", format!("there is no `{name}` here"), at)
        .label("nothing that it could mean")
        .help(help)
}

/// A member of `self` without `self.`.
pub fn own_member(at: Place, name: &str) -> Diagnostic {
    let before = Place { file: at.file, span: Span::new(at.span.start, at.span.start) };
    Diagnostic::error("E3035", format!("`{name}` needs `self.` before it"), at)
        .label("a member of `self`")
        .help(format!("write `self.{name}`: a bare name is a local or something of the file"))
        .fix(format!("write `self.{name}`"), vec![(before, "self.".to_owned())])
}
