//! Habits of other languages: quotes, ends of lines and words that are none here, told as what they are.
//!
//! It looks at what was said and at the text there, and at nothing of the grammar.

use super::{borrowed, called, characters, conditions, habits, heads, marks, slips};
use crate::diagnostics::slips::{is_misspelt, is_strange_name};
use crate::diagnostics::{Diagnostic, syntax as says};
use crate::source::{Place, SourceFile, Span};

/// The same mistakes; those that are habits say so, with the form that is meant.
pub(super) fn recognised(source: &SourceFile, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told: Vec<Diagnostic> = Vec::new();
    for one in diagnostics {
        let meant = match one.code {
            "E1021" => called::call(source, &one),
            "E1001" | "E1002" | "E1005" | "E1006" => called::call(source, &one)
                .or_else(|| borrowed::form(source, &one))
                .or_else(|| habit(source, &one))
                .or_else(|| marks::mark(source, &one))
                .or_else(|| conditions::condition(source, &one))
                .or_else(|| heads::head(source, &one))
                .or_else(|| habits::habit(source, &one))
                .or_else(|| characters::strange(source, &one))
                .or_else(|| slips::slip(source, &one))
                .or_else(|| habits::comma(source, &one)),
            _ => None,
        };
        let one = meant.unwrap_or(one);
        // A name of strange letters is one mistake, wherever it is used.
        if !told
            .iter()
            .rev()
            .take(100)
            .any(|last| is_strange_name(last) && last.message == one.message)
        {
            told.push(one);
        }
    }
    told
}

fn habit(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    // What is nearly a member's word is one, and no item's of another language.
    let start = source.line_start(said.place.span.start);
    if !matches!(said.code, "E1001" | "E1005") || is_misspelt(said) && said.place.span.start > start
    {
        return None;
    }
    let at = said.place;
    let rest = source.text().get(at.span.start as usize..)?;
    let line = rest.lines().next().unwrap_or_default();
    match rest.chars().next()? {
        '\'' => Some(quoted(at, line)),
        ';' => Some(ended(source, at, line)),
        _ => word(source, at, line),
    }
}

fn wide(start: u32, text: &str) -> Span {
    Span::new(start, start + u32::try_from(text.len()).unwrap_or(0))
}

/// `'text'`.
fn quoted(at: Place, line: &str) -> Diagnostic {
    let inner = line.get(1..).and_then(|inner| inner.split_once('\'')).map(|(inner, _)| inner);
    let is_plain = |text: &&str| !text.contains(['"', '\\', '$']);
    match inner.filter(is_plain) {
        Some(inner) => {
            let span = wide(at.span.start, &format!("'{inner}'"));
            says::foreign_quotes(Place { span, ..at }, Some(format!("\"{inner}\"")))
        }
        None => says::foreign_quotes(at, None),
    }
}

/// `;` where a line ends, or where a further entry follows.
fn ended(source: &SourceFile, at: Place, line: &str) -> Diagnostic {
    let place = Place { span: wide(at.span.start, ";"), ..at };
    let after = line.get(1..).unwrap_or_default().trim_start();
    let start = source.line_start(at.span.start);
    let before = source.slice(Span::new(start, at.span.start));
    let is_in_line = before.matches('{').count() > before.matches('}').count();
    let instead = match after {
        "" => "",
        _ if after.starts_with("//") || after.starts_with('}') => "",
        _ if is_in_line => ",",
        _ => "\n",
    };
    says::foreign_end(place, instead)
}

/// An item's word of another language.
fn word(source: &SourceFile, at: Place, line: &str) -> Option<Diagnostic> {
    let start = source.line_start(at.span.start);
    if !source.slice(Span::new(start, at.span.start)).trim().is_empty() {
        return None;
    }
    let length =
        line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(line.len());
    let (word, rest) = line.split_at(length);
    let rest = rest.trim_start();
    // What is no item's head is an entry that lacks something.
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '"' | '_')) {
        return None;
    }
    let (ours, form) = meant(word)?;
    // These begin entries, but no items.
    let is_inside = at.span.start > start;
    if is_inside && matches!(word, "let" | "assert") {
        return None;
    }
    // The word alone is put right only where the rest is as it would be here.
    let fits = match ours {
        "const" => rest.contains('=') && !rest.ends_with('{'),
        "fn" => rest.contains('(') && rest.contains(") ->") || rest.contains(") ="),
        "use" => rest.starts_with('"') && rest.contains(".bp\""),
        _ => false,
    };
    let place = Place { span: wide(at.span.start, word), ..at };
    Some(says::foreign_word(place, word, form, fits.then_some(ours)))
}

/// The word that is meant, and how an item of it is written.
fn meant(word: &str) -> Option<(&'static str, &'static str)> {
    Some(match word {
        "var" | "let" | "val" | "local" | "locals" | "final" => ("const", "const name = value"),
        "def" | "func" | "function" | "fun" | "lambda" => {
            ("fn", "fn name(a: type) -> type = value")
        }
        "import" | "include" | "require" | "from" => ("use", "use \"./file.bp\" as name"),
        "variable" | "param" | "parameter" | "var_input" => ("input", "input name: type = value"),
        "resource" | "service" | "node_template" => ("node", "node name: Type { … }"),
        "node_type" => ("node type", "node type Name { … }"),
        "class" | "struct" | "schema" | "record" | "interface_type" => {
            ("data type", "data type Name { … }")
        }
        "enum" => ("data type", "data type Name = \"a\" | \"b\""),
        "assert" | "validate" => ("where", "input name: type where self > 0 else \"message\""),
        _ => return None,
    })
}
