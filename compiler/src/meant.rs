//! What is meant by a name that is not there, where what stands around it tells: a path without quotes, a
//! property beside the one that a `where` is about, an output.
//!
//! The checker knows what names stand for; this looks at the text and the declarations around those that
//! stand for nothing, and gives their errors a better sentence.

use crate::diagnostics::{Diagnostic, types as says};
use crate::loader::{Module, Sources};
use crate::source::{Place, SourceFile, Span};
use crate::syntax::ast::{EntryKind, ItemKind, Member, TypeItem};

/// Functions that take a path first, as what stands before it is written.
const OF_PATHS: [&str; 4] = ["script(", "file(", "read(", "template("];

/// How the names of files end that people name there.
const ENDINGS: [&str; 26] = [
    "sh", "bash", "py", "rb", "pl", "js", "ts", "ps1", "bat", "sql", "txt", "md", "json", "yaml",
    "yml", "toml", "xml", "csv", "ini", "conf", "cfg", "hbs", "tmpl", "j2", "pem", "bp",
];

/// Gives errors of unknown names the sentence of what is meant.
pub(crate) fn explain(sources: &Sources, found: &mut Vec<Diagnostic>) {
    let mut paths = Vec::new();
    found.retain_mut(|told| {
        let is_name = told.code == "E3001";
        if !is_name && told.code != "E3003" {
            return true;
        }
        let Some(module) = sources.modules.get(told.place.file.0 as usize) else { return true };
        if let Some(path) = path(&module.source, told.place) {
            *told = path;
            // Of `a/b.sh` both names are missed.
            let is_first = !paths.contains(&told.place);
            paths.push(told.place);
            return is_first;
        }
        if let Some(better) = is_name.then(|| name(module, told.place)).flatten() {
            *told = better;
        }
        true
    });
}

/// `script(a.sh)`.
fn path(source: &SourceFile, at: Place) -> Option<Diagnostic> {
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let start = source.line_start(at.span.start);
    let line = source.text().get(start as usize..)?.split('\n').next()?;
    let (before, rest) = line.split_at_checked((at.span.start - start) as usize)?;
    let call = before.trim_end_matches(is_of_path);
    let head = before.len() - call.len();
    let tail = rest.len() - rest.trim_start_matches(is_of_path).len();
    let written = before.get(call.len()..)?.len() + tail;
    let from = at.span.start - offset(head);
    let span = Span::new(from, from + offset(written));
    let text = source.slice(span);
    let is_argument = OF_PATHS.iter().any(|function| call.ends_with(function))
        && rest.get(tail..)?.starts_with([')', ',']);
    let is_path = text.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    (is_argument && is_path).then(|| says::unquoted_path(Place { span, ..at }, text))
}

/// What the declarations around tell of a name.
fn name(module: &Module, at: Place) -> Option<Diagnostic> {
    let name = module.source.slice(at.span);
    let items = &module.tree.items;
    if let Some(told) = of_kind(module, name, at) {
        return Some(told);
    }
    let around = items.partition_point(|item| item.span.start <= at.span.start);
    let item = items.get(around.checked_sub(1)?)?;
    if let ItemKind::Type(of) = &item.kind
        && let Some(told) = in_where(&module.source, of, name, at)
    {
        return Some(told);
    }
    let output_of = |name: &str| {
        items.iter().find_map(|item| match &item.kind {
            ItemKind::Output(output) if output.name.text == name => Some(output),
            _ => None,
        })
    };
    let output = output_of(name)?;
    let declared = Place { file: at.file, span: output.name.span };
    let gives = module.source.slice(output.value.span);
    // A node that reads what is made of it may wait for itself: another output does not.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let is_sure = matches!(item.kind, ItemKind::Output(_))
        && !gives.is_empty()
        && gives.chars().all(is_plain)
        && output_of(gives.split('.').next()?).is_none();
    Some(says::output_as_value(at, name, declared, is_sure.then_some(gives)))
}

/// `var.x`, `inputs.x`: as others read what is read by its name alone.
fn of_kind(module: &Module, kind: &str, at: Place) -> Option<Diagnostic> {
    if !matches!(
        kind,
        "var" | "vars" | "local" | "locals" | "input" | "inputs" | "params" | "param"
    ) {
        return None;
    }
    let rest = module.source.text().get(at.span.end as usize..)?.strip_prefix('.')?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let is_there = module.tree.items.iter().any(|item| match &item.kind {
        ItemKind::Value(value) => value.name.text == name,
        _ => false,
    });
    let span = Span::new(at.span.start, at.span.end + 1 + offset(end));
    Some(says::read_by_kind(at, kind, name, is_there.then_some(Place { span, ..at })))
}

/// A member of the type whose body has a `where` that names it.
fn in_where(source: &SourceFile, of: &TypeItem, name: &str, at: Place) -> Option<Diagnostic> {
    let members = || of.body.entries.iter().filter_map(|entry| valued(&entry.kind));
    let holds = |span: Span| span.start <= at.span.start && at.span.end <= span.end;
    let (member, condition) = members().find_map(|member| {
        let mut conditions = member.wheres.iter().map(|one| one.predicate.span);
        Some((member, conditions.find(|span| holds(*span))?))
    })?;
    if member.name.text == name {
        return Some(says::constrained_by_name(at, name));
    }
    members().find(|other| other.name.text == name)?;
    let condition = of_both(source.slice(condition), &member.name.text, name);
    Some(says::sibling_in_where(at, name, &member.name.text, condition.as_deref()))
}

/// What has a value in the body of a type.
fn valued(entry: &EntryKind) -> Option<&Member> {
    match entry {
        EntryKind::Property(member) | EntryKind::Field(member) | EntryKind::Attribute(member) => {
            Some(member)
        }
        _ => None,
    }
}

/// The condition of a `where` of a member that names another, as the type's body says it.
fn of_both(condition: &str, member: &str, other: &str) -> Option<String> {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if condition.contains(['"', '\n']) {
        return None;
    }
    let mut made = String::new();
    let mut rest = condition;
    while !rest.is_empty() {
        let gap = rest.find(is_of_word).unwrap_or(rest.len());
        let (between, more) = rest.split_at(gap);
        let end = more.find(|c| !is_of_word(c)).unwrap_or(more.len());
        let (word, after) = more.split_at(end);
        let is_field = between.ends_with('.') && !between.ends_with("..");
        made.push_str(between);
        let own = match word {
            "self" if !is_field => Some(member),
            word if word == other && !is_field => Some(other),
            _ => None,
        };
        match own {
            Some(own) => made.extend(["self.", own]),
            None => made.push_str(word),
        }
        rest = after;
    }
    Some(made)
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
