//! `E3xxx`: what can be wrong with the types and values of expressions.

mod names;
mod templates;
mod values;

use bp_plan::{Type, Value};

use super::Diagnostic;
use crate::source::{Place, Span};
use crate::syntax::ast::ExprKind;

pub use names::*;
pub use templates::*;
pub use values::*;

fn maybe_related(error: Diagnostic, place: Option<Place>, note: String) -> Diagnostic {
    match place {
        Some(place) => error.related(place, note),
        None => error,
    }
}

/// `a, b, c`, with at most a dozen of them.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(12);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// With its article, where the type reads better so.
fn a(ty: &Type) -> String {
    quoted(ty.to_string())
}

/// As [`a`], with the whole names of types.
fn whole(ty: &Type) -> String {
    quoted(format!("{ty:#}"))
}

fn quoted(text: String) -> String {
    let text = if text.chars().count() > 120 {
        let start: String = text.chars().take(117).collect();
        format!("{start}…")
    } else {
        text
    };
    format!("`{text}`")
}

/// Two types beside each other: with the whole names where two of one name would look the same.
fn both(one: &Type, other: &Type) -> [String; 2] {
    if may_be_confused(one, other) { [whole(one), whole(other)] } else { [a(one), a(other)] }
}

/// Whether two types name different ones by the same last word.
pub fn may_be_confused(one: &Type, other: &Type) -> bool {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for ty in [one, other] {
        named(ty, &mut |full| names.push((full.rsplit('.').next().unwrap_or(full), full)));
    }
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0 && a.1 != b.1))
}

/// Goes through the names of types that a type is made of.
fn named<'t>(ty: &'t Type, each: &mut dyn FnMut(&'t str)) {
    match ty {
        Type::Data(name)
        | Type::Node(name)
        | Type::Nodes(name)
        | Type::Group(name)
        | Type::Capability(name)
        | Type::Relationship(name) => each(name),
        Type::Optional(of)
        | Type::Perhaps(of)
        | Type::List(of)
        | Type::Map(of)
        | Type::Secret(of) => named(of, each),
        Type::Union(members) => members.iter().for_each(|of| named(of, each)),
        Type::Record(fields) => fields.values().for_each(|of| named(of, each)),
        _ => {}
    }
}

/// A text that a message can hold.
pub fn short(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let start: String = text.chars().take(57).collect();
    format!("{start}…")
}

/// A value of another type than is wanted.
pub fn misfit(at: Place, want: &Type, found: &Type, kind: &ExprKind) -> Diagnostic {
    let [wanted, is] = both(want, found);
    let error = Diagnostic::error("E3002", format!("expected {wanted}, found {is}"), at)
        .label(format!("this is {is}"));
    let inner = match want {
        Type::Optional(of) | Type::Secret(of) => of,
        other => other,
    };
    match (inner, found, kind) {
        (Type::Quantity(bp_plan::Dimension::Percent), _, kind)
            if is_number(found) && !is_literal(kind) =>
        {
            error.help("no number becomes a percentage: give one such as `10%`, or let the type be `float`")
        }
        (Type::Quantity(_), _, kind) if is_number(found) && !is_literal(kind) => {
            error.help(format!("multiply it by a unit, as in `x * {}`", example(inner).trim_matches('`')))
        }
        (Type::Quantity(of), Type::Int | Type::Float, _) => {
            error.help(format!("add a unit of {of}, such as {}", example(inner)))
        }
        (Type::Quantity(of), Type::Quantity(other), _) => {
            error.help(format!("give a {of} such as {}; this measures a {other}", example(inner)))
        }
        (Type::Quantity(_), Type::Literal(_), _) => {
            error.help(format!("write it without quotes, such as {}", example(inner)))
        }
        (Type::Int, Type::Float, _) => error.help("make it whole with `round(x)`"),
        (Type::Int, Type::Literal(text), ExprKind::Literal(_)) if text.parse::<i64>().is_ok() => {
            error
                .help("write the number without quotes")
                .fix("remove the quotes", vec![(at, text.clone())])
        }
        (Type::Int | Type::Float, Type::Literal(_) | Type::String, _) => {
            error.help(format!("give a number, or convert a text with `{inner}(text)`"))
        }
        (Type::Bool, _, _) => error.help("give `true`, `false` or a comparison such as `x == 1`"),
        (Type::String, Type::Int | Type::Float | Type::Bool, ExprKind::Literal(value)) => {
            let text = match value {
                Value::Int(i) => i.to_string(),
                Value::Bool(b) => b.to_string(),
                _ => return error.help("put it in quotes"),
            };
            error
                .help("put it in quotes")
                .fix("put it in quotes", vec![(at, format!("\"{text}\""))])
        }
        (
            Type::String,
            Type::Int | Type::Float | Type::Bool | Type::Quantity(_) | Type::Version,
            _,
        ) => error.help("make it text with `string(x)` or `\"${x}\"`"),
        (Type::String, Type::File, _) => error.help(
            "take the file's text with `read(\"…\")`, or fill it in with `template(\"…\", { … })`",
        ),
        (Type::File, Type::String | Type::Literal(_), _) => {
            error.help("name the file by its path: `file(\"…\")`")
        }
        (Type::Version, Type::String | Type::Literal(_) | Type::Union(_), _) => {
            error.help("make it a version with `version(text)`")
        }
        (Type::List(of), found, _) if **of == *found => {
            error.help("put it in brackets: a list of one element is `[x]`")
        }
        (Type::Null, _, _) => error.help("write `null`"),
        (_, Type::Null, _) => error
            .help(format!("give a value, or let it be left out by declaring its type `{inner}?`")),
        (Type::List(_), Type::Record(_) | Type::Map(_), _) => {
            error.help("a list is written `[a, b]`; `values(m)` gives those of a map")
        }
        _ => error.help(format!("give {wanted} here, or change the declared type")),
    }
}

/// `1.20` where a version is wanted.
pub fn unquoted_version(at: Place, want: &Type, written: &str) -> Diagnostic {
    let message = format!("expected {}, found the number {written}", a(want));
    Diagnostic::error("E3002", message, at)
        .label("a version stands between quotes")
        .help(format!("write `\"{written}\"`"))
        .fix(format!("write `\"{written}\"`"), vec![(at, format!("\"{written}\""))])
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float)
}

fn is_literal(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Literal(_) => true,
        ExprKind::Unary { of, .. } => is_literal(&of.kind),
        _ => false,
    }
}

fn example(ty: &Type) -> &'static str {
    use bp_plan::Dimension::{Bitrate, Duration, Frequency, Percent, Size};
    match ty {
        Type::Quantity(Duration) => "`30s`",
        Type::Quantity(Size) => "`20GiB`",
        Type::Quantity(Frequency) => "`2.4GHz`",
        Type::Quantity(Bitrate) => "`10Gbps`",
        Type::Quantity(Percent) => "`10%`",
        Type::Version => "`\"1.27\"`",
        Type::Timestamp => "`\"2026-01-31T08:00:00Z\"`",
        _ => "`x`",
    }
}

/// A field or member that the type does not have.
pub fn unknown_field(
    at: Place,
    name: &str,
    of: &Type,
    known: &[&str],
    near: Option<&str>,
) -> Diagnostic {
    unknown_of(at, name, &a(of), known, near)
}

/// The same of what is told of the deployment.
pub fn unknown_of_deployment(
    at: Place,
    name: &str,
    known: &[&str],
    near: Option<&str>,
) -> Diagnostic {
    unknown_of(at, name, "`deployment`", known, near)
}

fn unknown_of(at: Place, name: &str, of: &str, known: &[&str], near: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E3003", format!("{of} has no `{}`", short(name)), at);
    if let Some(near) = near {
        return error
            .label(format!("did you mean `{near}`?"))
            .help(format!("it has {}", listed(known.iter().copied())))
            .fix(format!("replace it by `{near}`"), vec![(at, near.to_owned())]);
    }
    let help = if known.is_empty() {
        format!("{of} has no fields at all")
    } else {
        format!("it has {}", listed(known.iter().copied()))
    };
    error.label("no such field").help(help)
}

/// An operator between types that it does not go with.
pub fn operator(
    at: Place,
    symbol: &str,
    left: (&Type, Place),
    right: (&Type, Place),
) -> Diagnostic {
    let message = format!("`{symbol}` does not go with {} and {}", a(left.0), a(right.0));
    let help = match symbol {
        "+" | "-" => "numbers add to numbers, quantities to quantities of the same dimension",
        "*" => "numbers multiply numbers and quantities; two quantities don't multiply",
        _ => "numbers divide numbers and quantities; a quantity divides one of the same dimension",
    };
    Diagnostic::error("E3004", message, at)
        .label("does not go with these")
        .help(help)
        .related(left.1, format!("this is {}", a(left.0)))
        .related(right.1, format!("this is {}", a(right.0)))
}

/// `-` before something else than a number.
pub fn negated(at: Place, found: &Type) -> Diagnostic {
    Diagnostic::error("E3004", format!("`-` does not go with {}", a(found)), at)
        .label(format!("this is {}", a(found)))
        .help("`-` turns the sign of a number or quantity")
}

/// `+` on strings; `better` is the string that was meant, where it can be written down.
pub fn plus_on_strings(at: Place, better: Option<String>) -> Diagnostic {
    let error = Diagnostic::error("E3005", "there is no `+` for strings", at)
        .label("strings are joined by interpolation");
    match better {
        Some(better) => {
            error.help(format!("write `{better}`")).fix("join by interpolation", vec![(at, better)])
        }
        None => error.help("write one string with the parts in it: `\"${a}${b}\"`"),
    }
}

/// Takes back the string that was proposed, where none is wanted.
pub fn no_text_wanted(told: &mut Diagnostic) {
    if told.fix.take().is_some() {
        told.help =
            Some("add numbers, or convert a text with `int(text)` or `float(text)`".to_owned());
    }
}

/// Whether this is what [`plus_on_strings`] says.
pub fn is_plus_on_strings(told: &Diagnostic) -> bool {
    told.code == "E3005" && told.message.ends_with("for strings")
}

/// `+` on lists.
pub fn plus_on_lists(at: Place) -> Diagnostic {
    Diagnostic::error("E3005", "there is no `+` for lists", at)
        .label("lists are joined by spreading")
        .help("write `[...a, ...b]`")
}

/// Whether a value at this place was told to be no `bool`.
pub fn is_no_condition(told: &Diagnostic, at: Place) -> bool {
    told.code == "E3002" && told.place == at && told.message.starts_with("expected `bool`")
}

/// `x or y` of other values than conditions.
pub fn no_condition(at: Place, found: &Type, [left, right]: &[String; 2]) -> Diagnostic {
    let message = format!("`or` joins conditions, found {}", a(found));
    let (left, right) = (short(left), short(right));
    Diagnostic::error("E3002", message, at)
        .label(format!("this is {}", a(found)))
        .help(format!("write `{left} ?? {right}` for what counts where it is unset, or compare it, as in `{left} == …`"))
}

/// Something that may be unset, where that won't do; `position` says where (`in a string`).
pub fn unsettled(at: Place, found: &Type, position: &str) -> Diagnostic {
    let message = if *found == Type::Null {
        format!("`null` can't stand {position}")
    } else {
        format!("this may be unset: {} can't stand {position}", a(found))
    };
    Diagnostic::error("E3006", message, at).label(format!("this is {}", a(found))).help(
        "say what counts when it is unset with `?? value`, or test it before: `if x != null then … else …`",
    )
}

/// `a.b` where `a` may be unset; `dot` is where the dot begins, where a `null` may stand instead.
pub fn unsettled_path(
    at: Place,
    found: &Type,
    (of, name): (&str, &str),
    dot: Option<Place>,
) -> Diagnostic {
    let message = format!("this may be unset: {} has no `.{name}` then", a(found));
    let of = short(of);
    let test = format!("test it before: `if {of} != null then {of}.{name} else …`");
    let error = Diagnostic::error("E3006", message, at).label(format!("this is {}", a(found)));
    match dot {
        Some(dot) => error
            .help(format!("write `?.{name}`, which gives `null` then, or {test}"))
            .fix(format!("write `?.{name}`"), vec![(dot, "?".to_owned())]),
        None => error.help(test),
    }
}

/// `null.b`.
pub fn field_of_null(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3006", format!("this is always `null`: it has no `.{name}`"), at)
        .label("this is `null`")
        .help("read it from something that can be set")
}

/// Something in a string that has no text.
pub fn not_printable(at: Place, found: &Type) -> Diagnostic {
    let help = match found {
        Type::List(_) => {
            "join its elements with `join(xs, \", \")`, or write it with `json_encode(x)`"
        }
        Type::Node(_) | Type::Nodes(_) | Type::Capability(_) => {
            "take a property or attribute of it"
        }
        _ => "take a field of it, or write it with `json_encode(x)`",
    };
    Diagnostic::error("E3007", format!("{} can't stand in a string", a(found)), at)
        .label("only scalars have a text")
        .help(help)
}

/// What a function of other languages is called here.
pub fn foreign_function(name: &str) -> Option<&'static str> {
    Some(match name {
        "len" | "size" => "length",
        "toset" => "unique",
        "startswith" | "startsWith" => "starts_with",
        "endswith" | "endsWith" => "ends_with",
        _ => return None,
    })
}

/// A function that there is not.
pub fn unknown_function(
    at: Place,
    name: &str,
    near: Option<&str>,
    place: Option<Place>,
) -> Diagnostic {
    let error = Diagnostic::error("E3008", format!("there is no function `{name}`"), at);
    if let Some(ours) = foreign_function(name) {
        return error
            .label("a name of another language")
            .help(format!("call `{ours}`"))
            .fix(format!("replace `{name}` by `{ours}`"), vec![(at, ours.to_owned())]);
    }
    let form = match name {
        "format" => Some("put values into a string: `\"${a}-${b}\"`"),
        "concat" => Some("put lists together with `[...a, ...b]`, and strings with `\"${a}${b}\"`"),
        "coalesce" => Some("write `a ?? b`"),
        "lookup" => Some("write `m?[key] ?? other`"),
        "try" => Some("write `a?.b ?? other`: what may be unset says so in its type"),
        "get_input" | "get_property" | "get_attribute" => {
            Some("read it by its name: `x` of an input, `n.x` of a node")
        }
        "first" => Some("write `xs[0]`"),
        "element" => Some("write `xs[i]`"),
        "jsonencode" => Some("write `json_encode(x)`"),
        "bash" | "shell" | "sh" | "exec" | "command" => {
            Some("write `script(\"…\")`, with the path of an executable file")
        }
        "tostring" => Some("write `string(x)`"),
        "tonumber" => Some("write `int(x)` or `float(x)`"),
        "regex" => Some("write `matches(text, r\"…\")`"),
        "exists" => Some("write `x != null`"),
        "ceil" | "floor" => Some("`round(x)` makes a number whole, `div(a, b)` divides whole ones"),
        "now" | "random" | "rand" | "env" | "timestamp" | "uuid" => Some(
            "a blueprint has no clock, no environment and no randomness: declare an `input`, which whoever deploys gives",
        ),
        _ => None,
    };
    if let Some(form) = form {
        return error.label("a name of another language").help(form);
    }
    match near {
        Some(near) => maybe_related(error, place, format!("`{near}` is declared here"))
            .label(format!("did you mean `{near}`?"))
            .help(format!("call `{near}`, or {}", declaration_of(name)))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        None => error.label("not declared").help(declaration_of(name)),
    }
}

/// How a function of this name is declared.
fn declaration_of(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((of, name)) => format!(
            "declare `fn {name}(…)` in a module `{of}`; what works on a value takes it as an argument: `{name}({of}, …)`"
        ),
        None => format!("declare `fn {name}(…)`"),
    }
}

/// `a.f(…)`, where `f(a, …)` is meant.
pub fn method(
    at: Place,
    path: &str,
    name: &str,
    call: &str,
    edits: Option<Vec<(Place, String)>>,
) -> Diagnostic {
    let error = Diagnostic::error("E3008", format!("there is no function `{path}`"), at)
        .label(format!("`{name}` takes what it works on as an argument"))
        .help(format!("write `{call}`"));
    match edits {
        Some(edits) => error.fix(format!("write `{call}`"), edits),
        None => error,
    }
}

/// A value that is called.
pub fn called_value(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E3008", format!("`{name}` is a value, not a function"), at)
        .label("can't be called")
        .help(format!("write `{name}` alone, or `{name}[key]` for an element of it"))
}

/// `f(x in xs, …)` of a function that binds no name.
pub fn no_binder(at: Place, name: &str) -> Diagnostic {
    let all = listed(bp_eval::functions::BINDERS.iter().copied());
    Diagnostic::error("E3008", format!("`{name}` does not bind a name over a collection"), at)
        .label("no such function")
        .help(format!("{all} do; a list is made with `[f(x) for x in xs]`"))
}

/// Too few or too many arguments.
pub fn arity(at: Place, name: &str, takes: &str, found: usize, signature: &str) -> Diagnostic {
    Diagnostic::error("E3009", format!("`{name}` takes {takes}, found {found}"), at)
        .label(format!("{found} given"))
        .help(format!("it is `{signature}`"))
}

/// A function that needs a name bound and something to compute.
pub fn binder_body(at: Place, name: &str) -> Diagnostic {
    let example = match name {
        "all" | "any" => format!("{name}(x in xs, x > 0)"),
        _ => format!("{name}(x in xs, x.name)"),
    };
    Diagnostic::error("E3009", format!("`{name}` needs a name and what to compute with it"), at)
        .label("incomplete")
        .help(format!("write it like `{example}`"))
}

/// An argument of another type than the function takes.
pub fn argument(
    at: Place,
    name: &str,
    parameter: &str,
    found: &Type,
    signature: &str,
) -> Diagnostic {
    let message = format!("`{name}` does not take {} as `{parameter}`", a(found));
    Diagnostic::error("E3010", message, at)
        .label(format!("this is {}", a(found)))
        .help(format!("it is `{signature}`"))
}

/// A binder over things that it does not go with.
pub fn binder_of(at: Place, name: &str, found: &Type) -> Diagnostic {
    let help = match name {
        "sum" => "numbers add up, and quantities of one dimension",
        _ => {
            "numbers, quantities, texts, versions and timestamps have an order: name what to compare, as in `sort(x in xs, x.name)`"
        }
    };
    Diagnostic::error("E3010", format!("`{name}` does not go with {}", a(found)), at)
        .label(format!("this is {}", a(found)))
        .help(help)
}

/// A record without fields that its type needs.
pub fn missing_fields(
    at: Place,
    of: &Type,
    missing: &[(&str, &Type)],
    place: Option<Place>,
) -> Diagnostic {
    let names = listed(missing.iter().map(|(name, _)| *name));
    let what = if missing.len() == 1 { "the field" } else { "the fields" };
    let first = missing.first().map_or("", |(name, _)| *name);
    let adds: Vec<String> =
        missing.iter().take(3).map(|(name, ty)| format!("`{name} = …` ({ty})")).collect();
    let error = Diagnostic::error("E3011", format!("{} needs {what} {names}", a(of)), at)
        .label(format!("{names} missing"))
        .help(format!("add {}", adds.join(", ")));
    maybe_related(error, place, format!("`{first}` is declared here"))
}

/// A key twice in one literal.
pub fn duplicate_key(at: Place, key: &str, first: Place) -> Diagnostic {
    Diagnostic::error("E3012", format!("the key `{}` stands here twice", short(key)), at)
        .label("the second one")
        .help("remove one of them, or rename it")
        .related(first, "the first one")
}

/// Two values that must have a type in common, and have none.
pub fn no_common(at: Place, found: &Type, what: &str, other: &Type, place: Place) -> Diagnostic {
    let [found, other] = both(found, other);
    let message = format!("{found} does not go with {what}, which is {other}");
    Diagnostic::error("E3013", message, at)
        .label(format!("this is {found}"))
        .help("give both the same type")
        .related(place, format!("this is {other}"))
}

/// Two sides that can't be compared.
pub fn incomparable(
    at: Place,
    symbol: &str,
    left: (&Type, Place),
    right: (&Type, Place),
) -> Diagnostic {
    let [one, other] = both(left.0, right.0);
    let message = match symbol {
        "==" | "!=" => format!("{one} and {other} are never the same"),
        "in" | "not in" => format!("{one} can't be in {other}"),
        _ => format!("{one} and {other} have no order"),
    };
    let is = |ty: &Type| match ty {
        Type::Optional(of) => matches!(**of, Type::Version | Type::Timestamp),
        ty => matches!(ty, Type::Version | Type::Timestamp),
    };
    let help = if (is(left.0) || is(right.0)) && (is_number(left.0) || is_number(right.0)) {
        "a version stands between quotes, such as `\"1.20\"`"
    } else if is(left.0) || is(right.0) {
        "make a text a version with `version(text)`"
    } else {
        "compare values of one type; `string(x)`, `int(x)` and `float(x)` convert"
    };
    Diagnostic::error("E3015", message, at)
        .label("can't be compared")
        .help(help)
        .related(left.1, format!("this is {one}"))
        .related(right.1, format!("this is {other}"))
}

/// `in` before something that holds nothing.
pub fn in_what(at: Place, found: &Type) -> Diagnostic {
    let message = format!("expected a list, a range or a map after `in`, found {}", a(found));
    let help = match found {
        Type::String | Type::Literal(_) => "a part of a text is sought with `contains(text, part)`",
        Type::Optional(_) => "say what counts when it is unset with `?? []`",
        _ => "name a collection, such as `[1, 2]` or `1..5`",
    };
    Diagnostic::error("E3016", message, at).label(format!("this is {}", a(found))).help(help)
}

/// `x[…]` of something without elements; `key` is what stands there, where it is a text that is known.
pub fn not_indexable(at: Place, found: &Type, key: Option<&str>) -> Diagnostic {
    let has_fields = matches!(found, Type::Data(_) | Type::Node(_) | Type::Capability(_));
    let is_name = |key: &str| {
        !key.starts_with(|c: char| c.is_ascii_digit())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let help = match key {
        Some(key) if has_fields && is_name(key) => format!("read the field with `.{key}`"),
        Some(key) if has_fields => format!("read the field with `.\"{key}\"`"),
        None if has_fields => "read a field with `.name`".to_owned(),
        _ => "lists, ranges, maps and collections of nodes have elements".to_owned(),
    };
    Diagnostic::error("E3017", format!("{} has no elements to take by a key", a(found)), at)
        .label(format!("this is {}", a(found)))
        .help(help)
}

/// `xs[*][0]` where the elements of `xs` have none.
pub fn key_of_each(at: Place, found: &Type, star: &str) -> Diagnostic {
    Diagnostic::error("E3017", format!("{} has no elements to take by a key", a(found)), at)
        .label(format!("each of them is {}", a(found)))
        .help(format!(
            "what follows `{star}` is taken of each element; the first of them all is `(xs{star})[0]`"
        ))
}

/// A key of another type than the collection's.
pub fn bad_key(at: Place, want: &str, found: &Type, of: &Type) -> Diagnostic {
    Diagnostic::error("E3017", format!("expected {want} as key, found {}", a(found)), at)
        .label(format!("this is {}", a(found)))
        .help(match of {
            Type::List(_) | Type::Range => "elements are counted from 0: `xs[0]` is the first",
            Type::Nodes(_) => {
                "keys are those of the `for`: strings, whole numbers, or elements of a selection"
            }
            _ => "keys are strings; `string(x)` makes one",
        })
}

/// Something to go through that holds nothing.
pub fn no_collection(at: Place, found: &Type) -> Diagnostic {
    let help = match found {
        Type::Int => "a range of whole numbers is written `1..n`",
        Type::String | Type::Literal(_) => "split a text with `split(text, \",\")`",
        Type::Node(_) => "this is one node; a `for` at its declaration makes it many",
        _ => "lists, ranges, maps, selections and nodes with a `for` can be gone through",
    };
    let message =
        format!("expected a list, a range, a map or a collection of nodes, found {}", a(found));
    Diagnostic::error("E3018", message, at).label(format!("this is {}", a(found))).help(help)
}

/// `...` before something of another kind.
pub fn bad_spread(at: Place, want: &str, found: &Type) -> Diagnostic {
    Diagnostic::error("E3018", format!("expected {want} after `...`, found {}", a(found)), at)
        .label(format!("this is {}", a(found)))
        .help("`[ ]` takes in lists, `{ }` takes in maps and records")
}

/// A collection after `...`, or where a list is wanted; a fix is sure where it is written as a name.
pub fn collection_as_list(
    at: Place,
    found: &Type,
    want: Option<&Type>,
    is_name: bool,
) -> Diagnostic {
    let error = if let Some(want) = want {
        Diagnostic::error("E3002", format!("expected {}, found {}", a(want), a(found)), at)
    } else {
        let message = format!("expected a list after `...`, found {}", a(found));
        Diagnostic::error("E3018", message, at)
    };
    let end = Place { span: Span::new(at.span.end, at.span.end), ..at };
    let error = error
        .label(format!("this is {}", a(found)))
        .help("write `[*]` behind it: the list of all of its elements");
    if is_name { error.fix("write `[*]`", vec![(end, "[*]".to_owned())]) } else { error }
}

/// A collection of nodes where one node is wanted.
pub fn collection_as_node(at: Place, found: &Type, want: &Type) -> Diagnostic {
    Diagnostic::error("E3019", format!("expected one {want}, found a {found}"), at)
        .label("there is one for each element of its `for`")
        .help("name one by its key, `n[key]`, or take all of them with `n[*]`")
}

/// `xs.name`. `self` may be one of the collection.
pub fn field_of_collection(at: Place, name: &str, found: &Type, is_self: bool) -> Diagnostic {
    let is_nodes = matches!(found, Type::Nodes(_));
    let message = if is_nodes {
        format!("this is a {found}: which one's `{name}`?")
    } else {
        format!("{} is a list: which element's `{name}`?", a(found))
    };
    let help = if is_self {
        format!("write `self.{name}` for the one that is looked at here, or `n[*].{name}` for all")
    } else if is_nodes {
        format!("write `n[key].{name}` for one of them, or `n[*].{name}` for a list of all")
    } else {
        format!("write `xs[0].{name}` for one of them, or `xs[*].{name}` for a list of all")
    };
    Diagnostic::error("E3019", message, at).label("a collection has no such field").help(help)
}

/// `xs.length`; `of` is what it is read of.
pub fn length_of(at: Place, name: &str, found: &Type, (of, text): (Place, &str)) -> Diagnostic {
    let between = |start: u32, end: u32| Place { file: at.file, span: Span::new(start, end) };
    let before = between(of.span.start, of.span.start);
    let behind = between(of.span.end, at.span.end);
    let call = format!("length({})", short(text));
    Diagnostic::error("E3003", format!("{} has no `{name}`", a(found)), at)
        .label("a function tells it")
        .help(format!("write `{call}`"))
        .fix(
            format!("write `{call}`"),
            vec![(before, "length(".to_owned()), (behind, ")".to_owned())],
        )
}

/// `via` of a requirement that may have several targets, each by a relationship of its own.
pub fn via_of_many(at: Place) -> Diagnostic {
    let message = "each target of this has a relationship of its own: which one's `via`?";
    Diagnostic::error("E3019", message, at).label("only a requirement of one target has it").help(
        "let the requirement take one target, `T` or `T?`; or name with `const` what is set in `via R { … }`, and read that",
    )
}
