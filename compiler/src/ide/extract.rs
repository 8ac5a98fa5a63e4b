//! What could this value be taken out into?

use bp_plan::{Phase, Type};

use super::find::whole;
use super::spot::Spot;
use crate::analysis::Analysis;
use crate::check::expr::{Scope, check_expr};
use crate::diagnostics::Severity;
use crate::loader::Overlay;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::ast::Item;

/// So many names are tried.
const MOST_NAMES: usize = 5;

/// A value that gets a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// What it does, as an imperative.
    pub title: String,
    /// What stands instead of what, in the order of the text.
    pub edits: Vec<(Span, String)>,
}

const FILE: FileId = FileId(0);

/// What the expression of the root that fills this span could be taken out into: a constant, and where
/// the file has a blueprint an input. Nothing for what is not known by itself when compiling.
pub fn extractions(analysis: &Analysis, span: Span, overlay: &Overlay) -> Vec<Extraction> {
    found(analysis, span, overlay).unwrap_or_default()
}

fn found(analysis: &Analysis, span: Span, overlay: &Overlay) -> Option<Vec<Extraction>> {
    let program = analysis.program();
    let root = program.sources.modules.first()?;
    let span = trimmed(&root.source, span);
    let items = &root.tree.items;
    let item = items.iter().find(|it| it.span.start <= span.start && span.end <= it.span.end)?;
    let Spot::Whole { expr, expected } = whole(&program, items, span)? else { return None };
    // By itself: nothing around it gives it a meaning.
    let mut told = Vec::new();
    let typed = check_expr(&program, &Scope::new(FILE), expr, None, &mut told);
    if !told.is_empty() || typed.phase != Phase::Compile || typed.expr.as_value().is_none() {
        return None;
    }
    let ty = if expected.ty() == Type::Unknown { typed.ty } else { expected.ty() };
    let heads = [
        Some(("take it out into the constant", "const", String::new())),
        (program.has_blueprint(FILE) && is_plain(&ty))
            .then(|| ("take it out into the input", "input", format!(": {ty}"))),
    ];
    let like = key(&root.source, span).unwrap_or("value");
    let at = head(&root.source, item);
    let value = root.source.slice(span);
    let made = heads.into_iter().flatten().filter_map(|(title, word, ty)| {
        (1..=MOST_NAMES).map(|count| numbered(like, count)).find_map(|name| {
            let head = format!("{word} {name}{ty} = {value}\n\n");
            let edits = vec![(at, head), (span, name.clone())];
            let made = Extraction { title: format!("{title} `{name}`"), edits };
            holds(analysis, &made, overlay).then_some(made)
        })
    });
    Some(made.collect())
}

/// Whether there are no more errors with it: the name may be taken, or the value wanted as it is.
fn holds(analysis: &Analysis, made: &Extraction, overlay: &Overlay) -> bool {
    let sources = analysis.sources();
    let (Some(root), Some(source)) = (sources.on_disk(FILE), sources.file(FILE)) else {
        return false;
    };
    let mut changed = overlay.clone();
    changed.insert(root.to_owned(), source.replaced(&made.edits));
    let errors = |analysis: &Analysis| {
        analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error).count()
    };
    errors(&Analysis::check_with(root, &changed)) <= errors(analysis)
}

/// The first is the name itself.
fn numbered(name: &str, count: usize) -> String {
    if count == 1 { name.to_owned() } else { format!("{name}_{count}") }
}

/// Without the blanks around it.
fn trimmed(source: &SourceFile, span: Span) -> Span {
    let text = source.slice(span);
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let start = span.start + length(text) - length(text.trim_start());
    Span::new(start, start + length(text.trim()))
}

/// The name of what the value is of: what stands before `=` on its line.
fn key(source: &SourceFile, span: Span) -> Option<&str> {
    let line = source.slice(Span::new(source.line_start(span.start), span.start));
    let before = line.trim_end().strip_suffix('=')?;
    // Of a declaration, what stands before its type.
    let before = before.split(": ").next().unwrap_or(before).trim_end();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = before.get(before.trim_end_matches(is_word).len()..)?;
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
}

/// Where another item is put before this one: before its documentation and annotations.
fn head(source: &SourceFile, item: &Item) -> Span {
    let mut at = source.line_start(item.span.start);
    while let Some(before) = at.checked_sub(1) {
        let start = source.line_start(before);
        let line = source.slice(Span::new(start, before));
        if !line.trim_start().starts_with("//") {
            break;
        }
        at = start;
    }
    Span::new(at, at)
}

/// Whether a type reads as it is written, wherever it stands.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Optional(of) | Type::List(of) | Type::Map(of) => is_plain(of),
        Type::Union(members) => members.iter().all(is_plain),
        Type::Bool
        | Type::Int
        | Type::Float
        | Type::String
        | Type::Quantity(_)
        | Type::Version
        | Type::Timestamp
        | Type::Json
        | Type::Literal(_) => true,
        _ => false,
    }
}
