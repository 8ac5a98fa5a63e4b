//! What is told of the meaning of a text that could not be read, and of what it should have declared:
//! it echoes the mistake of syntax, which is told.
//!
//! An item has a head and entries. Where the head is broken nothing is told of the item; where an
//! entry is broken nothing is told of the entry, nor of what the item lacks, nor whether what follows
//! belongs there. Where something speaks of a name of a broken stretch, it may be declared there. All
//! else is told.

use std::collections::BTreeSet;

use crate::diagnostics::{Diagnostic, Severity};
use crate::loader::{Module, Sources};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{BodyEntry, Item, ItemKind, Step};
use crate::syntax::{BUILT_IN_TYPES, snake_case};

/// What says that something does not belong where it stands.
const MISPLACED: [&str; 7] = ["E2016", "E2017", "E2018", "E4001", "E7058", "E7061", "E7062"];

/// Codes that tell of a member, or its implementation, that a type does not have, with the place of the type.
const MEMBERS: [&str; 5] = ["E3003", "E4001", "E7048", "E7049", "E7050"];

/// Words that everybody uses, beside the names of types: they tell nothing of what is spoken of.
const COMMON: [&str; 10] = [
    "secret",
    "true",
    "false",
    "self",
    "node",
    "type",
    "property",
    "input",
    "output",
    "capability",
];

/// Takes out what echoes mistakes of syntax (`told`).
pub(super) fn silence(sources: &Sources, told: &[Diagnostic], found: &mut Vec<Diagnostic>) {
    let mut unread = Unread::default();
    for said in told {
        let is_syntax = said.severity == Severity::Error && said.code.starts_with("E1");
        if let Some(module) = sources.modules.get(said.place.file.0 as usize)
            && is_syntax
        {
            unread.add(said.place.file, module, said);
        }
    }
    if !unread.stretches.is_empty() {
        found.retain(|one| !unread.echoes(sources, one));
    }
}

#[derive(Default)]
struct Unread {
    /// Stretches of files of whose meaning nothing can be said.
    stretches: Vec<(FileId, Span)>,
    /// What follows a mistake in the same item.
    after: Vec<(FileId, Span)>,
    /// Whole items with a mistake: not all of what they declare was read.
    items: Vec<(FileId, Span)>,
    /// What those are called.
    called: BTreeSet<String>,
    /// Words of what may have been declared there.
    words: BTreeSet<String>,
}

impl Unread {
    fn add(&mut self, file: FileId, module: &Module, said: &Diagnostic) {
        let items = &module.tree.items;
        let at = said.place.span.start;
        let next = items.partition_point(|item| item.span.start <= at);
        let end = items.get(next).map_or(u32::MAX, |item| item.span.start);
        let Some(item) = next.checked_sub(1).and_then(|before| items.get(before)) else {
            self.stretch(file, module, Span::new(0, end));
            return;
        };
        self.items.push((file, Span::new(item.span.start, end)));
        self.fallen_out(file, module, next);
        let parts = Parts::of(item, end);
        self.called.insert(module.source.slice(parts.name).to_owned());
        if at < parts.head.end {
            self.line(module, at);
            self.stretch(file, module, Span::new(item.span.start, end));
            return;
        }
        // What follows a block that closed too soon stood in it.
        let is_behind = parts.rest.last().is_some_and(|tail| tail.start <= at);
        let from = if is_behind { parts.head.end } else { at };
        self.after.push((file, Span::new(from, end)));
        // What it lacks is told at its name.
        self.stretches.push((file, parts.name));
        // Where the block alone is not closed, all of it was read.
        if at == parts.head.end {
            return;
        }
        self.line(module, at);
        let name = module.source.slice(parts.name);
        self.words.extend([name.to_owned(), snake_case(name)]);
        if let Some(part) = parts.rest.iter().find(|part| part.start <= at && at < part.end) {
            self.stretch(file, module, *part);
        }
    }

    /// Members behind a block that closed too soon are read as items: those that are indented are none.
    fn fallen_out(&mut self, file: FileId, module: &Module, from: usize) {
        let behind = module.tree.items.iter().skip(from);
        let members = behind.map_while(|item| match &item.kind {
            ItemKind::Requires(member) => Some((item.span, member)),
            _ => None,
        });
        for (span, member) in members {
            if module.source.line_start(span.start) == span.start {
                break;
            }
            self.stretches.push((file, span));
            self.words.insert(member.name.text.to_string());
        }
    }

    /// The line of a mistake names what may be missed elsewhere.
    fn line(&mut self, module: &Module, at: u32) {
        let line = module.source.position(at).line;
        self.names(module.source.line(line));
    }

    fn stretch(&mut self, file: FileId, module: &Module, span: Span) {
        let text = module.source.text();
        let end = (span.end as usize).min(text.len());
        let text = text.get(span.start as usize..end).unwrap_or_default();
        self.stretches.push((file, span));
        for line in text.lines() {
            let is_use = line.trim_start().starts_with("use ");
            let head = line.split(['=', '{', '(']).next().unwrap_or_default();
            self.names(if is_use { line } else { head });
        }
    }

    /// Names that a line may declare: those of types only where it says so.
    fn names(&mut self, line: &str) {
        // `node Server { … }` lacks the word.
        let is_bare = line.trim_start().starts_with("node ") && !line.contains(':');
        let is_type = is_bare || words(line).any(|word| word == "type");
        let is_name = |word: &&str| is_type || !word.starts_with(char::is_uppercase);
        // What stands behind the first word is declared, whatever else is called so.
        let declared = words(line).nth(1).filter(|word| is_name(word) && !COMMON.contains(word));
        self.words.extend(declared.map(str::to_owned));
        let names = words(line).filter(is_name);
        let names = names.filter(|word| !COMMON.contains(word) && !BUILT_IN_TYPES.contains(word));
        self.words.extend(names.map(str::to_owned));
    }

    fn echoes(&self, sources: &Sources, one: &Diagnostic) -> bool {
        let (file, span) = (one.place.file, one.place.span);
        let is_inside = |part: &(FileId, Span)| stands_in(one.place, part);
        // A member may stand in what was not read of its type.
        let is_part = |place: Place| self.items.iter().any(|item| stands_in(place, item));
        let mut quoted = one.message.split('`').skip(1).step_by(2);
        if MEMBERS.contains(&one.code)
            && (one.related.iter().any(|(place, _)| is_part(*place))
                || quoted.any(|name| self.called.contains(name)))
        {
            return true;
        }
        if self.stretches.iter().any(is_inside)
            || MISPLACED.contains(&one.code) && self.after.iter().any(is_inside)
        {
            return true;
        }
        let Some(source) = sources.file(file) else { return false };
        // What is underlined is spoken of where it is a name, not where it is a whole expression.
        let underlined =
            Some(source.slice(span)).filter(|text| !text.contains(char::is_whitespace));
        let quoted = one.message.split('`').skip(1).step_by(2);
        let mut subjects = quoted.chain(underlined);
        subjects.any(|subject| words(subject).any(|word| self.words.contains(word)))
    }
}

fn stands_in(place: Place, (file, stretch): &(FileId, Span)) -> bool {
    let end = stretch.end.max(stretch.start + 1);
    *file == place.file && (stretch.start..end).contains(&place.span.start)
}

/// Where the parts of an item stand.
struct Parts {
    /// From its first word to its block, which is not in it.
    head: Span,
    name: Span,
    /// What stands before its entries, these, each to the next one, and what follows its block to the
    /// next item.
    rest: Vec<Span>,
}

impl Parts {
    fn of(item: &Item, end: u32) -> Self {
        let (name, block, entries) = parts(&item.kind);
        let name = name.unwrap_or(Span::new(item.span.start, item.span.start));
        let Some(block) = block else {
            return Self { head: Span::new(item.span.start, end), name, rest: Vec::new() };
        };
        let mut starts = vec![block.start + 1];
        starts.extend(entries);
        starts.push(block.end.max(block.start + 1));
        let ends = starts.iter().skip(1).copied().chain([end]);
        let rest = starts.iter().zip(ends).map(|(start, end)| Span::new(*start, end)).collect();
        Self { head: Span::new(item.span.start, block.start), name, rest }
    }
}

/// The name of an item, its block, and where the block's entries start.
fn parts(item: &ItemKind) -> (Option<Span>, Option<Span>, Vec<u32>) {
    let starts = |entries: &[BodyEntry]| entries.iter().map(|entry| entry.span.start).collect();
    let (name, body) = match item {
        ItemKind::Blueprint(it) => (it.name.span, &it.body),
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => {
            (it.name.span, &it.body)
        }
        ItemKind::Node(it) => (it.name.span, &it.body),
        ItemKind::Type(it) => (it.name.span, &it.body),
        ItemKind::Test(it) => (it.name.span, &it.body),
        ItemKind::Workflow(it) => {
            let steps = it.steps.iter().map(|step: &Step| step.span.start).collect();
            return (Some(it.name.span), Some(it.steps_span), steps);
        }
        ItemKind::Value(it) => return (Some(it.name.span), None, Vec::new()),
        ItemKind::Output(it) | ItemKind::Expose(it) => {
            return (Some(it.name.span), None, Vec::new());
        }
        ItemKind::Function(it) => return (Some(it.name.span), None, Vec::new()),
        ItemKind::Requires(it) => return (Some(it.name.span), None, Vec::new()),
        ItemKind::Implement(_) | ItemKind::Use(_) => return (None, None, Vec::new()),
    };
    (Some(name), body.span, starts(&body.entries))
}

/// The names in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}
