//! What is declared and never used.

use super::Diagnostic;
use crate::source::{Place, Span};

/// Whether a code says that something is there and not used: an editor fades it.
pub fn is_of_unused(code: &str) -> bool {
    matches!(code, "W2009" | "W2010" | "W2011")
}

/// Whether this is what [`import`] says.
pub fn is_unused_import(told: &Diagnostic) -> bool {
    told.code == "W2009"
}

/// An import that nothing uses.
pub fn import(at: Place, name: &str, remove: Option<Place>) -> Diagnostic {
    let warning = Diagnostic::warning("W2009", format!("`{name}` is never used"), at)
        .help("remove this `use`");
    match remove {
        Some(place) => warning.fix(format!("remove `{name}`"), vec![(place, String::new())]),
        None => warning,
    }
}

/// A declaration that nothing uses; `remove` is what can be taken out.
pub fn declaration(at: Place, name: &str, what: &str, remove: Option<Place>) -> Diagnostic {
    let message = format!("the {what} `{name}` is never used");
    let help = match what {
        "type" => {
            "use it, or remove it; a type that others are to use belongs into a file of its own, without a blueprint"
                .to_owned()
        }
        "requirement" => format!(
            "let a node need it, or remove it: whoever uses the blueprint would have to meet it for nothing; `_{name}` keeps it"
        ),
        "input" => {
            format!(
                "use it, or remove it: whoever gives it a value would wait for an effect; `_{name}` keeps it"
            )
        }
        _ => format!("use it, or remove it; a name that begins with `_`, as `_{name}`, is kept"),
    };
    let warning = Diagnostic::warning("W2010", message, at).label("nothing names it").help(help);
    match remove {
        Some(remove) => warning.fix(format!("remove `{name}`"), vec![(remove, String::new())]),
        None => warning,
    }
}

/// A parameter of a workflow that nothing in it uses: those who run it name it.
pub fn workflow_parameter(at: Place, name: &str) -> Diagnostic {
    Diagnostic::warning("W2011", format!("the parameter `{name}` is never used"), at)
        .label("nothing in the workflow names it")
        .help(format!(
            "use it, or remove it here and wherever the workflow is run; `_{name}`, at all of these, says that it is not needed"
        ))
}

/// A local that nothing uses; `remove` is the entry that is there for it alone.
pub fn local(at: Place, name: &str, what: &str, remove: Option<Place>) -> Diagnostic {
    let warning = Diagnostic::warning("W2011", format!("the {what} `{name}` is never used"), at)
        .label("nothing names it");
    if let Some(place) = remove {
        return warning
            .help("use it, or remove it")
            .fix(format!("remove `{name}`"), vec![(place, String::new())]);
    }
    let start = Place { file: at.file, span: Span::new(at.span.start, at.span.start) };
    warning
        .help(format!("use it, or call it `_{name}`: that says that it is not needed"))
        .fix(format!("call it `_{name}`"), vec![(start, "_".to_owned())])
}
