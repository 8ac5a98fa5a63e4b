//! A mark in the place of another: `==` where a value is given, `=` before a block, `=>`, `<>`, `is`, `a->b`.
//!
//! It looks at what was said and at the line there, and at nothing of the grammar.

use super::called::closing;
use super::here::{Here, is_word, last_word, word_of};
use crate::diagnostics::slips::{self as says, Edits, foreign_form};
use crate::diagnostics::{Diagnostic, syntax};
use crate::source::SourceFile;

/// What has a block behind its head: the word that begins it, how it is called, and what its block follows.
const BLOCKS: &[(&str, &str, &str)] = &[
    ("node", "a node's", "type"),
    ("policy", "a policy's", "type"),
    ("group", "a group's", "type"),
    ("select", "a selection's", "type"),
    ("capability", "a capability's", "type"),
    ("blueprint", "a blueprint's", "name"),
    ("call", "an operation's", "name"),
    ("run", "a workflow's", "name"),
    ("operation", "an implementation's", "call"),
];

/// Functions that go through a list, as other languages call them, and as they are called here.
const THROUGH: &[(&str, &str)] = &[
    ("all", "all"),
    ("every", "all"),
    ("any", "any"),
    ("some", "any"),
    ("exists", "any"),
    ("count", "count"),
    ("sum", "sum"),
    ("min", "min"),
    ("max", "max"),
    ("sort", "sort"),
    ("sort_by", "sort"),
    ("unique_by", "unique_by"),
    ("group_by", "group_by"),
];

/// The mistake as such a mark, where it is one.
pub(super) fn mark(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let here = Here::of(source, said)?;
    match said.code {
        "E1001" => here.awaited(),
        "E1005" => here.doubled(),
        "E1006" if here.rest.starts_with('{') => here.block_of_type(),
        _ => None,
    }
}

/// `is`, `is not`, and the operator that is meant.
pub(super) fn identity(rest: &str) -> Option<(&str, &'static str)> {
    let after = rest.strip_prefix("is").filter(|_| word_of(rest) == "is")?;
    let operand = after.trim_start();
    if word_of(operand) == "not" {
        let length = rest.len() - operand.len() + "not".len();
        return Some((rest.get(..length)?, "!="));
    }
    let is_operand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '(' | '[' | '-');
    operand.starts_with(is_operand).then_some(("is", "=="))
}

impl Here<'_> {
    fn awaited(&self) -> Option<Diagnostic> {
        if let Some((theirs, ours)) = identity(self.rest).filter(|_| self.is_behind_value()) {
            let place = self.place(0, theirs.len());
            return Some(syntax::foreign_operator(place, theirs, ours));
        }
        if self.rest.starts_with("=>") || self.rest.starts_with("->") {
            return self.lambda().or_else(|| self.arrow());
        }
        if self.rest.starts_with("=<") && self.is_behind_value() {
            return Some(syntax::foreign_operator(self.place(0, 2), "=<", "<="));
        }
        if self.rest.starts_with("===") {
            return None;
        }
        let mark = if self.rest.starts_with("==") { "==" } else { "=" };
        let Some(value) = self.rest.strip_prefix(mark) else { return self.keyword() };
        if value.trim_start().starts_with('{')
            && let Some(told) = self.block(mark)
        {
            return Some(told);
        }
        let is_given = mark == "==" && (self.awaits("`=`") || self.is_behind_value());
        is_given.then(|| says::compared_for_given(self.place(0, mark.len())))
    }

    /// `let x == 3`, of which nothing was read.
    fn keyword(&self) -> Option<Diagnostic> {
        let is_form = ["`let name", "`fixed name"].iter().any(|form| self.awaits(form));
        let name = self.rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start();
        let after = name.get(word_of(name).len()..)?.trim_start();
        let is_given = is_form && after.starts_with("==") && !after.starts_with("===");
        is_given.then(|| says::compared_for_given(self.place(self.rest.len() - after.len(), 2)))
    }

    /// `node n: T = { … }`.
    fn block(&self, mark: &str) -> Option<Diagnostic> {
        let line = self.before.trim_start();
        let entry = self.entry();
        let is_of = |word: &str| {
            let is_first = |text: &str| is_word(text.trim_start(), word);
            is_first(line) || is_first(entry) || entry.split('=').any(is_first)
        };
        let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let is_via = self
            .before
            .rsplit_once(" via ")
            .is_some_and(|(_, of)| !of.trim().is_empty() && of.trim().chars().all(path));
        let (_, whose, after) = if is_via {
            &("via", "a relationship's", "type")
        } else if is_type(line) {
            &("type", "a type's", if line.contains(" extends ") { "head" } else { "name" })
        } else {
            BLOCKS.iter().find(|(word, ..)| is_of(word))?
        };
        let edits = vec![(self.with_blanks(mark.len()), String::new())];
        Some(says::block_behind_mark(self.place(0, mark.len()), whose, after, mark, edits))
    }

    /// `node type T = { … }`.
    fn block_of_type(&self) -> Option<Diagnostic> {
        let head = self.before.trim_end().strip_suffix('=')?;
        if !is_type(self.before.trim_start()) || head.contains(['=', ':']) {
            return None;
        }
        let edits = vec![(self.in_line(head.trim_end().len(), head.len() + 1), String::new())];
        let place = self.in_line(head.len(), head.len() + 1);
        Some(says::block_behind_mark(place, "a type's", "name", "=", edits))
    }

    /// `<>`, `k => v`, of which the first character was read as a mark of its own.
    fn doubled(&self) -> Option<Diagnostic> {
        if !self.rest.starts_with('>') {
            return None;
        }
        let first = self.before.len().checked_sub(1)?;
        let place = self.in_line(first, first + 2);
        if self.before.ends_with('<') {
            return Some(syntax::foreign_operator(place, "<>", "!="));
        }
        let is_arrow = self.before.ends_with('=') && !self.before.ends_with("==");
        is_arrow.then(|| {
            if let Some(told) = self.arrow_to_node(place) {
                return told;
            }
            let mut edits: Edits = vec![(place, "=".to_owned())];
            let others = marks_of(self.rest.get(1..).unwrap_or_default(), "=>");
            edits.extend(others.map(|at| (self.place(1 + at, 2), "=".to_owned())));
            let help = "write `key = value`";
            foreign_form(place, "`=>` gives no value here", help, Some(edits))
        })
    }

    /// `host => h` in a node, where `h` is a node, too.
    fn arrow_to_node(&self, place: crate::source::Place) -> Option<Diagnostic> {
        let target = self.rest.get(1..)?.trim_start();
        let node = word_of(target);
        let after = target.get(node.len()..)?.trim();
        let is_alone = after.is_empty() || after.starts_with(['.', ',', '}', '[', '/']);
        let is_head = |line: &str| {
            let name = ["node ", "select "].iter().find_map(|word| line.strip_prefix(word));
            name.and_then(|name| name.trim_start().strip_prefix(node))
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        };
        if node.is_empty() || !is_alone || !self.source.text().lines().any(is_head) {
            return None;
        }
        let name = last_word(self.before.get(..self.before.len() - 1)?.trim_end());
        let edits: Edits = vec![(place, "->".to_owned())];
        let help = format!("write `{name} -> {node}`");
        Some(foreign_form(place, "`=>` leads to no node", &help, Some(edits)))
    }

    /// `a->b` for `a.b`; `a => b` for `a >= b`.
    fn arrow(&self) -> Option<Diagnostic> {
        if !self.is_behind_value() {
            return None;
        }
        if self.rest.starts_with("=>") {
            return Some(syntax::foreign_operator(self.place(0, 2), "=>", ">="));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (of, name) = (last_word(self.before), word_of(self.rest.get(2..)?));
        let is_read = self.before.contains(" = ")
            && self.before.ends_with(|c: char| is_name(c) || matches!(c, ')' | ']'))
            && !name.is_empty();
        is_read.then(|| {
            let edits = vec![(self.place(0, 2), ".".to_owned())];
            let help = format!("write `{of}.{name}`");
            foreign_form(self.place(0, 2), "`->` reads nothing here", &help, Some(edits))
        })
    }

    /// `xs.map(x => x + 1)`, `all(xs, x -> x > 0)`.
    fn lambda(&self) -> Option<Diagnostic> {
        if !self.awaits("`,` or `)`") {
            return None;
        }
        let arrow = self.rest.get(..2)?;
        let form = self.through();
        let shown = form.as_ref().map(|(_, text)| text.as_str()).filter(|text| text.len() <= 80);
        let edits = form.as_ref().map(|(place, text)| vec![(*place, text.clone())]);
        Some(says::lambda(self.place(0, 2), arrow, shown, edits))
    }

    /// The call that the function is given to, in the form of here, and where it stands.
    fn through(&self) -> Option<(crate::source::Place, String)> {
        let opening = opening(self.before)?;
        let (callee, given) = self.before.split_at_checked(opening)?;
        let path =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '*' | '?');
        let head = callee.trim_end_matches(path);
        let callee = callee.get(head.len()..)?;
        let (of, binder) = match given.get(1..)?.rsplit_once(',') {
            Some((of, binder)) => (of.trim(), binder.trim()),
            None => ("", given.get(1..)?.trim()),
        };
        let (of, function) = match callee.rsplit_once('.') {
            Some((receiver, function)) if of.is_empty() => (receiver, function),
            _ => (of, callee),
        };
        let line = format!("{}{}", self.before, self.rest);
        let end = opening + closing(line.get(opening..)?)?;
        let body = line.get(self.before.len() + 2..end)?.trim();
        if binder.is_empty() || word_of(binder) != binder || of.is_empty() || body.is_empty() {
            return None;
        }
        let text = match function {
            "map" | "collect" => format!("[{body} for {binder} in {of}]"),
            "filter" => format!("[{binder} for {binder} in {of} if {body}]"),
            _ => {
                let (_, ours) = THROUGH.iter().find(|(theirs, _)| *theirs == function)?;
                format!("{ours}({binder} in {of}, {body})")
            }
        };
        Some((self.in_line(head.len(), end + 1), text))
    }
}

/// Whether the line begins a type.
fn is_type(line: &str) -> bool {
    let line = line.strip_prefix("abstract ").unwrap_or(line).trim_start();
    let word = word_of(line);
    let kinds = ["node", "data", "capability", "interface", "relationship", "policy", "group"];
    kinds.contains(&word)
        && line.get(word.len()..).is_some_and(|rest| is_word(rest.trim_start(), "type"))
}

/// Where a mark stands outside of strings, up to the end of the text.
fn marks_of<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_outside = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.matches('"').count().is_multiple_of(2)
    };
    text.match_indices(mark).map(|(at, _)| at).filter(is_outside)
}

/// Where the last `(` stands that nothing closes; nothing where there is a string behind it.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            '"' => return None,
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => return Some(at),
            '(' | '[' | '{' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}
