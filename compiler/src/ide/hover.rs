//! What is this?

use std::fmt::Write as _;

use bp_eval::functions::form;
use bp_plan::{Phase, Type};

use super::declared::{Meaning, Source, meaning, source};
use super::find::find;
use super::spot::Spot;
use crate::analysis::Analysis;
use crate::check::Program;
use crate::check::expr::check_expr;
use crate::check::members::{short, words};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{EntryKind, Expr, ExprKind, Item, ItemKind, UseSource};

/// How much of a declaration is shown.
const MOST_SHOWN: usize = 600;

/// What is told of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is told of.
    pub span: Span,
    /// How the language puts it.
    pub code: String,
    /// What there is to say, in Markdown.
    pub text: String,
}

/// What stands at an offset of the root.
pub fn hover(analysis: &Analysis, offset: u32) -> Option<Hover> {
    let program = analysis.program();
    let items = &program.sources.modules.first()?.tree.items;
    let spot = find(&program, items, offset)?;
    let span = span(&spot);
    if let Spot::Text { expected, .. } = &spot {
        let is_choice =
            matches!(super::find::settled(expected.clone()), Type::Union(_) | Type::Literal(_));
        let code = expected.to_string();
        return is_choice.then(|| Hover { span, code, text: "One of these.".to_owned() });
    }
    if let Spot::Annotation(found) = &spot {
        let text = annotation(&found.name.text)?.to_owned();
        return Some(Hover { span, code: format!("@{}", found.name.text), text });
    }
    let (code, mut text) = match meaning(&program, &spot)? {
        Meaning::Declared(place) => declared(&program, place)?,
        Meaning::Local { name, ty, .. } => (typed(&name, &ty), String::new()),
        Meaning::Given(name, ty) => {
            (typed(&name, &ty), "What the runtime tells of the deployment.".to_owned())
        }
        Meaning::Function(name) => function(&name)?,
        Meaning::Module(file, _) => module(&program, file)?,
        Meaning::Signature { code, text, .. } | Meaning::Word { code, text } => (code, text),
    };
    if let Some(phase) = phase(&program, &spot) {
        let apart = if text.is_empty() { "" } else { "\n\n" };
        let _ = write!(text, "{apart}Known {}.", words(phase));
    }
    Some(Hover { span, code, text })
}

/// When a value is known; a node is no value.
fn phase(program: &Program<'_>, spot: &Spot<'_>) -> Option<Phase> {
    let (kind, span, around) = match spot {
        Spot::Value { name, span, around, .. } => (ExprKind::Name(name.clone()), *span, around),
        Spot::Member { of, name, safe, around, .. } => {
            let (of, name) = (Box::new((*of).clone()), (*name).clone());
            let span = of.span.to(name.span);
            (ExprKind::Field { of, name, safe: *safe }, span, around)
        }
        _ => return None,
    };
    let expr = Expr { kind, span };
    let found = check_expr(program, &around.scope, &expr, None, &mut Vec::new());
    let is_value = !matches!(
        super::find::settled(found.ty.clone()),
        Type::Unknown
            | Type::Never
            | Type::Node(_)
            | Type::Nodes(_)
            | Type::Group(_)
            | Type::Capability(_)
            | Type::Relationship(_)
    );
    is_value.then_some(found.phase)
}

fn typed(name: &str, ty: &Type) -> String {
    match ty {
        Type::Unknown => name.to_owned(),
        ty => format!("{name}: {ty}"),
    }
}

/// Where that stands which the spot is of.
pub(super) fn span(spot: &Spot<'_>) -> Span {
    match spot {
        Spot::Item(name)
        | Spot::Declared(name)
        | Spot::Local { name, .. }
        | Spot::Key { name, .. }
        | Spot::Field { name, .. }
        | Spot::Member { name, .. }
        | Spot::Operation { name, .. }
        | Spot::Used { name, .. }
        | Spot::Alias { alias: name, .. }
        | Spot::Code(name) => name.span,
        Spot::Type { path, at, .. } => path.segments.get(*at).map_or(path.span, |s| s.span),
        Spot::Value { span, .. }
        | Spot::Function { span, .. }
        | Spot::Text { span, .. }
        | Spot::Workflow { span, .. }
        | Spot::File { span, .. } => *span,
        Spot::Module { used, at } => match (&used.from, at) {
            (UseSource::Path(path), Some(at)) => {
                path.segments.get(*at).map_or(path.span, |segment| segment.span)
            }
            _ => used.span,
        },
        Spot::Annotation(found) => found.span,
        Spot::Whole { expr, .. } => expr.span,
    }
}

/// What an annotation says.
pub(super) fn annotation(name: &str) -> Option<&'static str> {
    ANNOTATIONS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// All annotations, with what they say.
pub(super) const ANNOTATIONS: &[(&str, &str)] = &[
    ("replace", "A change of this property replaces the node."),
    ("protect", "The node is never removed without being told to."),
    ("deprecated", "Not to be used any more; the text says what to use."),
    ("experimental", "It may change."),
    ("was", "The name that it had before."),
    ("label", "What a form calls the input."),
    ("hidden", "Forms don't show the input."),
];

/// What is told of a declaration, as code and as text.
pub(super) fn declared(program: &Program<'_>, place: Place) -> Option<(String, String)> {
    let found = source(program, place)?;
    let file = program.sources.file(place.file)?;
    let mut code = laid_out(file.slice(found.head()));
    let mut notes: Vec<String> = Vec::new();
    match found {
        Source::Item(item) => {
            if let Some(ty) = inferred(program, place, item) {
                let _ = write!(code, "  // {ty}");
            }
        }
        Source::Entry(entry, item) => {
            if let ItemKind::Type(owner) = &item.kind {
                notes.push(format!("{} of `{}`", what(&entry.kind), owner.name.text));
            }
        }
        Source::Parameter(_) => notes.push("parameter".to_owned()),
    }
    for found in found.annotations() {
        let mut note = annotation(&found.name.text).unwrap_or_default().to_owned();
        for argument in &found.arguments {
            if let ExprKind::Literal(bp_plan::Value::String(words)) = &argument.kind {
                let _ = write!(note, " ({words})");
            }
        }
        notes.push(format!("`@{}`: {note}", found.name.text));
    }
    let documentation = found.documentation();
    let mut text = documentation.to_owned();
    for note in notes {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&note);
    }
    Some((code, text))
}

/// The type of what does not say it itself.
fn inferred(program: &Program<'_>, place: Place, item: &Item) -> Option<Type> {
    let is_said = match &item.kind {
        ItemKind::Value(value) => value.ty.is_some(),
        ItemKind::Output(output) => output.ty.is_some(),
        _ => true,
    };
    if is_said {
        return None;
    }
    if let ItemKind::Output(output) = &item.kind {
        let scope = crate::check::expr::Scope::new(place.file);
        return Some(super::find::type_of(program, &scope, &output.value))
            .filter(|ty| *ty != Type::Unknown);
    }
    let items = &program.sources.modules.get(place.file.0 as usize)?.tree.items;
    let index = items.iter().position(|other| std::ptr::eq(std::sync::Arc::as_ptr(other), item))?;
    let named = program.values.get(&(place.file, index))?;
    (named.ty != Type::Unknown).then(|| named.ty.clone())
}

fn what(entry: &EntryKind) -> &'static str {
    match entry {
        EntryKind::Property(_) => "property",
        EntryKind::Attribute(_) => "attribute",
        EntryKind::Requires(_) => "requirement",
        EntryKind::Capability(_) => "capability",
        EntryKind::Operation(_) => "operation",
        EntryKind::Implements { .. } => "interface",
        _ => "field",
    }
}

/// Without the indentation that its lines have in common beyond the first, and not too much of it.
fn laid_out(text: &str) -> String {
    let text = text.trim();
    let indent = text
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let mut shown = String::new();
    for (at, line) in text.lines().enumerate() {
        if shown.len() + line.len() > MOST_SHOWN {
            shown.push_str(if at == 0 { "…" } else { "\n…" });
            break;
        }
        if at > 0 {
            shown.push('\n');
        }
        shown.push_str(if at == 0 { line } else { line.get(indent..).unwrap_or(line.trim()) });
    }
    shown
}

/// What is told of a built-in function.
pub(super) fn function(name: &str) -> Option<(String, String)> {
    let known = bp_eval::functions::NAMES.get(name);
    let known = known.map(|of| (of.signature, of.documentation, of.example));
    let form = || form(name).map(|of| (of.signature, of.documentation, of.example));
    let (signature, documentation, example) = known.or_else(form)?;
    let code = format!("{name}{}", signature.trim_start_matches(name));
    Some((code, format!("{documentation}\n\n`{example}`")))
}

fn module(program: &Program<'_>, file: FileId) -> Option<(String, String)> {
    let module = program.sources.modules.get(file.0 as usize)?;
    let code = if module.is_library { module.name.clone() } else { module.path.clone() };
    let own = program.names.files.get(file.0 as usize)?;
    let types: Vec<String> = own.types.keys().map(|name| format!("`{}`", short(name))).collect();
    let mut text = module.tree.documentation.to_string();
    if !types.is_empty() {
        let apart = if text.is_empty() { "" } else { "\n\n" };
        let _ = write!(text, "{apart}Types: {}", types.join(", "));
    }
    Some((code, text))
}
