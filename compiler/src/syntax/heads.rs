//! What is missing or out of its place in a form of several words: the `:` before a type, the `by` of a node's
//! head, what a group or a policy has no clause for, a step that gives no result.
//!
//! It looks at what was said and at the line there, and asks the grammar only how far a value goes.

use super::BUILT_IN_TYPES;
use super::called::closing;
use super::here::{Here, is_word, last_word, length_of_value, word_of};
use super::lowering::offset;
use super::scan::is_item_head;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::slips::{self as says, Edits, between, foreign_form};
use crate::source::SourceFile;

/// How what was awaited begins, where its keyword stands at the place and a name and a type follow.
const TYPED: &[&str] = &[
    "`node name",
    "`policy name",
    "`group name",
    "`select name",
    "`input name",
    "`secret name",
    "`output name",
    "`requires name",
    "`property name",
    "`attribute name",
    "`capability name",
];

/// What has no such clause: its word, the clause's, what is wrong, and what does the same.
const CLAUSES: &[(&str, &str, &str, &str)] = &[
    (
        "group",
        "for",
        "groups have no `for`",
        "a group takes in all instances of a node, `members = [web]`; where groups differ, write each",
    ),
    (
        "policy",
        "for",
        "policies have no `for`",
        "a policy is about all instances of a node, `targets = [web]`; where policies differ, write each",
    ),
    (
        "select",
        "for",
        "selections have no `for`",
        "a selection finds all that fit: say in its block which, `where = self.name in names`",
    ),
    (
        "group",
        "if",
        "groups have no `if`",
        "give the condition to the nodes that are its members: `node web: Server if c`",
    ),
    (
        "policy",
        "if",
        "policies have no `if`",
        "give the condition to the nodes that are its targets: `node web: Server if c`",
    ),
    (
        "select",
        "if",
        "selections have no `if`",
        "say in its block what fits: `where = c and self.name == \"x\"`",
    ),
];

/// The mistake as such a form, where it is one.
pub(super) fn head(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let here = Here::of(source, said)?;
    match said.code {
        "E1001" => here
            .untyped()
            .or_else(|| here.key_behind_filter())
            .or_else(|| here.clause())
            .or_else(|| here.arguments())
            .or_else(|| here.no_result()),
        "E1002" => here.untyped(),
        "E1006" if said.message.ends_with("has no type") => here.untyped(),
        _ => None,
    }
}

impl Here<'_> {
    /// `node n T`, `input x int`, `fn f(x int)`.
    fn untyped(&self) -> Option<Diagnostic> {
        let line = format!("{}{}", self.before, self.rest);
        let is_behind = self.awaits("`=` and a") || self.awaits("`=` and the constant");
        let from = if TYPED.iter().any(|form| self.awaits(form)) {
            Some(word_of(self.rest).len())
        } else if self.said.code == "E1002" {
            Some("(".len()).filter(|_| self.is_open_parameter())
        } else {
            Some(0).filter(|_| self.said.code == "E1006" || self.is_parameter())
        };
        let (name, end) = if let Some(from) = from {
            let after = self.rest.get(from..)?.trim_start();
            let name = word_of(after);
            (name, line.len() - after.len() + name.len())
        } else if is_behind || self.is_field() {
            let head = self.before.trim_end();
            (last_word(head), head.len())
        } else {
            return None;
        };
        let after = line.get(end..)?;
        let ty = after.trim_start();
        let length = length_of_type(ty)?;
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if !is_name || ty.len() == after.len() {
            return None;
        }
        let start = line.len() - ty.len();
        let shown = ty.get(..length)?;
        let head = line.get(..end - name.len())?.trim_end();
        let is_kind = matches!(last_word(head), "node" | "policy" | "group" | "capability");
        if is_kind && matches!(name, "tpe" | "typ" | "tye" | "tyep" | "tpye" | "ytpe" | "types") {
            let place = self.in_line(end - name.len(), end);
            return Some(says::misspelt(place, name, "type"));
        }
        let place = self.in_line(start, start + length);
        Some(says::untyped_name(place, name, shown, self.in_line(end, end)))
    }

    /// Whether a field of a data type may stand here, without its `:`.
    fn is_field(&self) -> bool {
        let word = word_of(self.rest);
        let after = self.rest.get(length_of_type(self.rest).unwrap_or(word.len())..);
        let after = after.unwrap_or_default().trim_start();
        let ends = after.is_empty() || after.starts_with(['=', ',', '}', '?', '<', '/']);
        self.awaits("`=`, `:` or `->` after") && (ends || is_word(after, "where"))
    }

    /// Whether a parameter may stand here.
    fn is_parameter(&self) -> bool {
        self.awaits("`,` or `)`")
            && self.before.trim_end().ends_with(['(', ','])
            && self.has_parameters()
    }

    /// Whether parameters stand behind this `(`, which was not read up to its end.
    fn is_open_parameter(&self) -> bool {
        self.rest.starts_with('(') && closing(self.rest).is_some() && self.has_parameters()
    }

    fn has_parameters(&self) -> bool {
        let line = self.before.trim_start();
        ["fn", "workflow", "operation"].iter().any(|word| is_word(line, word))
    }

    /// The item up to here, and where it begins.
    fn head_of_item(&self) -> Option<(&str, u32)> {
        let text = self.source.text();
        let before = text.get(..self.at.span.start as usize)?;
        let mut starts = before.rmatch_indices('\n').map(|(at, _)| at + 1).chain([0]);
        let start = starts.find(|start| text.get(*start..).is_some_and(is_item_head))?;
        Some((before.get(start..)?, offset(start)))
    }

    /// `node n: T for x in xs if p by x.k`.
    fn key_behind_filter(&self) -> Option<Diagnostic> {
        let key = self.rest.strip_prefix("by").filter(|_| word_of(self.rest) == "by")?;
        let (head, start) = self.head_of_item()?;
        let has_for = head.split_once(" for ").is_some_and(|(_, each)| each.contains(" in "));
        let filter = outermost(head, " if ")?;
        if !is_word(head, "node")
            || !has_for
            || head.contains('{') && outermost(head, "{").is_some()
        {
            return None;
        }
        let blanks = key.len() - key.trim_start().len();
        let edits = length_of_value(key.trim_start()).map(|length| -> Edits {
            let clause = key.trim_start().get(..length).unwrap_or_default();
            let at = start + offset(filter);
            let from = start + offset(head.trim_end().len());
            let end = self.at.span.start + offset("by".len() + blanks + length);
            vec![
                (between(self.at, at, at), format!(" by {clause}")),
                (between(self.at, from, end), String::new()),
            ]
        });
        let message = "`by` stands before the `if` of a node's head";
        let help = "write `for x in xs by key if p`";
        Some(foreign_form(self.place(0, "by".len()), message, help, edits))
    }

    /// `group g: G for x in xs`.
    fn clause(&self) -> Option<Diagnostic> {
        let line = self.before.trim_start();
        let word = word_of(self.rest);
        let is_this = |(of, clause, ..): &&(&str, &str, &str, &str)| {
            *clause == word && is_word(line, of) && !line.contains('{')
        };
        let (.., message, help) =
            CLAUSES.iter().find(is_this).filter(|_| self.is_behind_value())?;
        Some(foreign_form(self.place(0, word.len()), message, help, None))
    }

    /// `run = w { n = 1 }` in a policy.
    fn arguments(&self) -> Option<Diagnostic> {
        let workflow = self.entry().strip_prefix("run")?.trim_start().strip_prefix('=')?.trim();
        let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        if !self.rest.starts_with('{') || workflow.is_empty() || !workflow.chars().all(path) {
            return None;
        }
        let indent = self.before.len() - self.before.trim_start().len();
        let is_alone = self.before.trim_start() == self.entry();
        let apart = match self.before.get(..indent) {
            Some(blanks) if is_alone => format!("\n{blanks}"),
            _ => ", ".to_owned(),
        };
        let edits = vec![(self.with_blanks(0), format!("{apart}with = "))];
        let message = "what a policy's workflow is given stands behind `with`";
        let help = "write `with = { … }`, beside `run`";
        Some(foreign_form(self.place(0, 1), message, help, Some(edits)))
    }

    /// `let q = wait 1s`.
    fn no_result(&self) -> Option<Diagnostic> {
        let entry = self.entry();
        let step = entry.strip_prefix("let ")?.split_once('=')?.1.trim();
        let is_step = matches!(step, "wait" | "fail" | "parallel" | "return");
        let is_here = is_step && self.awaits("the end of the line");
        let start = self.before.trim_end().len();
        is_here.then(|| {
            let place = self.in_line(start - step.len(), start);
            let message = format!("`{step}` gives no result to keep");
            let help = "write the step alone: only `call` and `run` give a result";
            foreign_form(place, &message, help, None)
        })
    }
}

/// How long the name of a type is that the text begins with; nothing where there is none.
fn length_of_type(text: &str) -> Option<usize> {
    let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let length = text.find(|c| !path(c)).unwrap_or(text.len());
    let name = text.get(..length)?;
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_type = BUILT_IN_TYPES.contains(&name)
        || name == "secret"
        || last.starts_with(|c: char| c.is_ascii_uppercase());
    is_type.then_some(length)
}

/// Where this stands last in a text, outside of brackets and strings.
fn outermost(text: &str, what: &str) -> Option<usize> {
    let is_outside = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        let count = |marks: &[char]| before.matches(marks).count();
        count(&['(', '[', '{']) == count(&[')', ']', '}']) && count(&['"']).is_multiple_of(2)
    };
    text.rmatch_indices(what).map(|(at, _)| at).find(is_outside)
}
