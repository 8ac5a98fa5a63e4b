//! An `if` that gives a value, as other languages write it: `if c { a } else { b }`, `if c: a else: b`,
//! `if c a else b`, `a if c else b`.
//!
//! It looks at what was said and at the line there, and asks the grammar only how far a value goes.

use super::called::closing;
use super::here::{Here, length_of_value, word_of};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::slips::{self as says, Edits};
use crate::source::SourceFile;

/// How it is written.
const FORM: &str = "write `if condition then a else b`";

/// The mistake as such an `if`, where it is one.
pub(super) fn condition(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let here = Here::of(source, said).filter(|_| said.code == "E1001")?;
    if here.awaits("`then`") {
        return here.no_then();
    }
    if here.awaits("`else`") && here.rest.trim().is_empty() {
        return Some(said.clone().help(FORM));
    }
    if here.awaits("an entry `key = value`") || here.awaits("`=` after") {
        return here.braces_behind_word();
    }
    here.behind_value()
}

impl Here<'_> {
    fn no_then(&self) -> Option<Diagnostic> {
        let first = self.rest.chars().next()?;
        if first == '{' {
            let edits = self.arms(self.before.len(), false);
            return Some(says::braces_of_if(self.place(0, 1), edits));
        }
        if first == ':' {
            let mut edits: Edits = vec![(self.place(0, 1), " then".to_owned())];
            if let Some(at) = self.rest.find("else:") {
                edits.push((self.place(at + "else".len(), 1), String::new()));
            }
            return Some(self.said.clone().help(FORM).fix("write it in the form of here", edits));
        }
        let is_value = first.is_ascii_alphanumeric() || matches!(first, '"' | '[' | '(');
        if !is_value || self.rest.contains(" then ") {
            return None;
        }
        let said = self.said.clone().help(FORM);
        let is_whole = length_of_value(self.rest)
            .and_then(|length| self.rest.get(length..))
            .is_some_and(|after| word_of(after.trim_start()) == "else");
        if !is_whole {
            return Some(said);
        }
        Some(said.fix("write `then`", vec![(self.place(0, 0), "then ".to_owned())]))
    }

    /// `then { 1 }`, `else { 1 }`.
    fn braces_behind_word(&self) -> Option<Diagnostic> {
        let opening = self.before.rfind('{')?;
        let head = self.before.get(..opening)?.trim_end();
        if !head.ends_with(" then") && !head.ends_with(" else") {
            return None;
        }
        let edits = self.arms(opening, true);
        Some(says::braces_of_if(self.in_line(opening, opening + 1), edits))
    }

    /// The arms from the `{` at this byte of the line on, without their braces.
    fn arms(&self, from: usize, has_then: bool) -> Option<Edits> {
        let line = format!("{}{}", self.before, self.rest);
        let blanks = |at: usize| line.get(at..).map(|rest| rest.len() - rest.trim_start().len());
        let (mut at, mut has_then) = (from, has_then);
        let mut edits = Vec::new();
        loop {
            let text = line.get(at..)?;
            if !text.starts_with('{') {
                // The last arm may have none.
                return (!edits.is_empty() && length_of_value(text).is_some()).then_some(edits);
            }
            let end = closing(text)?;
            let inner = text.get(1..end)?;
            let start = at + 1 + blanks(at + 1)?;
            if length_of_value(inner.trim())? != inner.trim().len() {
                return None;
            }
            let word = if has_then { "" } else { "then " };
            edits.push((self.in_line(at, start), word.to_owned()));
            edits.push((self.in_line(start + inner.trim().len(), at + end + 1), String::new()));
            at += end + 1;
            at += blanks(at)?;
            if word_of(line.get(at..)?) != "else" {
                // What stood behind `else` is the last.
                let is_last = line.get(..from)?.trim_end().ends_with("else") || edits.len() > 2;
                return is_last.then_some(edits);
            }
            at += "else".len();
            at += blanks(at)?;
            has_then = true;
            if word_of(line.get(at..)?) == "if" {
                at += "if".len();
                at += blanks(at)?;
                at += length_of_value(line.get(at..)?)?;
                at += blanks(at)?;
                has_then = word_of(line.get(at..)?) == "then";
                at += if has_then { "then".len() } else { 0 };
                at += blanks(at)?;
            }
        }
    }

    /// `a if c else b`.
    fn behind_value(&self) -> Option<Diagnostic> {
        let condition = self.rest.strip_prefix("if").filter(|_| word_of(self.rest) == "if")?;
        let condition = condition.trim_start();
        let length = length_of_value(condition)?;
        let after = condition.get(length..)?.trim_start();
        let (_, value) = self.before.rsplit_once(" = ").filter(|_| self.is_behind_value())?;
        let value = value.trim();
        if word_of(after) != "else" || length_of_value(value)? != value.len() {
            return None;
        }
        let condition = condition.get(..length)?;
        let form = format!("if {condition} then {value} ");
        let start = self.before.trim_end().len() - value.len();
        let end = self.before.len() + self.rest.len() - after.len();
        let edits = vec![(self.in_line(start, end), form)];
        Some(says::if_behind_value(self.place(0, "if".len()), FORM, edits))
    }
}
