//! What can be wrong with a template, at its own lines. Each names the call that fills it in.

use bp_eval::template::{Mistake, MistakeKind};
use bp_plan::Type;

use super::{a, listed, short};
use crate::diagnostics::{Diagnostic, near};
use crate::source::Place;

fn called(error: Diagnostic, call: Place) -> Diagnostic {
    error.related(call, "the template is filled in here")
}

/// A text that is no template, or uses what there is not.
pub fn template_text(at: Place, mistake: &Mistake, call: Place) -> Diagnostic {
    let error = match mistake.kind {
        MistakeKind::Syntax => {
            Diagnostic::error("E3040", mistake.message.clone(), at).label("not understood")
        }
        MistakeKind::Unsupported => {
            Diagnostic::error("E3041", mistake.message.clone(), at).label("not available")
        }
        MistakeKind::TooLarge => {
            Diagnostic::error("E3026", mistake.message.clone(), at).label("too much")
        }
    };
    called(error.help(mistake.help.clone()), call)
}

/// A name that the data does not have. `outer` says how it could be reached instead.
pub fn template_variable(
    at: Place,
    name: &str,
    known: &[String],
    outer: Option<String>,
    call: Place,
) -> Diagnostic {
    let names = || known.iter().map(String::as_str);
    let error = Diagnostic::error(
        "E3042",
        format!("the template's data has no `{}` here", short(name)),
        at,
    );
    let error = match (outer, near(name, names())) {
        (Some(outer), _) => error
            .label("not in this block's data")
            .help(format!("write `{outer}`: it is in the data further out"))
            .fix(format!("write `{outer}`"), vec![(at, outer)]),
        (None, Some(near)) => error
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or give `{name}` in the data"))
            .fix(format!("replace `{name}` by `{near}`"), vec![(at, near.to_owned())]),
        (None, None) if known.is_empty() => error
            .label("not there")
            .help(format!("give `{name}` in the data; there is nothing in it here")),
        (None, None) => error
            .label("not there")
            .help(format!("give `{name}` in the data; there is {}", listed(names()))),
    };
    called(error, call)
}

/// Something that is printed and is no scalar.
pub fn template_prints(at: Place, found: &Type, call: Place) -> Diagnostic {
    let message = format!("a template prints scalars, and this is {}", a(found));
    let error = Diagnostic::error("E3043", message, at).label(format!("this is {}", a(found))).help(
        "print a field of it, go through it with `{{#each x}}`, or give its text in the data, for instance by `json_encode(x)`",
    );
    called(error, call)
}

/// Something that is gone through and is no collection.
pub fn template_goes_through(at: Place, found: &Type, call: Place) -> Diagnostic {
    let message = format!("`{{{{#each}}}}` goes through a list or a map, and this is {}", a(found));
    let error = Diagnostic::error("E3043", message, at)
        .label(format!("this is {}", a(found)))
        .help("give a list or a map; `{{#if x}}` asks whether there is something");
    called(error, call)
}

/// `lookup` in something that has no elements, or by something that is no key of it.
pub fn template_lookup(at: Place, of: &Type, key: &Type, call: Place) -> Diagnostic {
    let message = format!("{} has no element under {}", a(of), a(key));
    let error = Diagnostic::error("E3043", message, at)
        .label(format!("this is {}", a(key)))
        .help("look a string up in a map, or a whole number in a list");
    called(error, call)
}

/// Something that may be unset, where it must be there.
pub fn template_unsettled(at: Place, found: &Type, position: &str, call: Place) -> Diagnostic {
    let message = format!("this may be unset: {} can't be {position}", a(found));
    let error = Diagnostic::error("E3043", message, at)
        .label(format!("this is {}", a(found)))
        .help("test it before, `{{#if x}} … {{/if}}`, or give the data `x ?? value`");
    called(error, call)
}

/// A field of something that has none.
pub fn template_field(at: Place, name: &str, found: &Type, call: Place) -> Diagnostic {
    let message = format!("{} has no `{}`", a(found), short(name));
    let help = match found {
        Type::List(_) => {
            "name an element by its number, counted from 0, or go through the list with `{{#each x}}`"
        }
        _ => "only records, maps and open data have fields",
    };
    called(Diagnostic::error("E3043", message, at).label("no field of it").help(help), call)
}

/// A path that means nothing where it stands: `../x` too far out, `@key` without keys.
pub fn template_place(at: Place, message: &str, help: &str, call: Place) -> Diagnostic {
    called(Diagnostic::error("E3044", message, at).label("nothing is meant").help(help), call)
}

/// What constant data lacks, found by filling the template in.
pub fn template_value(at: Place, message: &str, call: Place) -> Diagnostic {
    let error = Diagnostic::error("E3045", message, at)
        .label("found when filling it in")
        .help("give it in the data; where a key of open data may be missing, `{{#if (lookup x \"key\")}}` asks");
    called(error, call)
}
