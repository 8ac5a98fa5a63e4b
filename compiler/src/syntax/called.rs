//! An operation or a workflow that is called like a function: `call n.i.o(x = 3)`, `w()` as a step. It has a
//! block of names and values.
//!
//! It looks at the text of one line, and asks the grammar only whether arguments are entries of a block.

use super::grammar::Rule;
use super::lowering::offset;
use super::peg;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::slips::{Edits, between, called_like_a_function};
use crate::source::{Place, SourceFile};

/// The mistake as such a call, where it is one.
pub(super) fn call(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let at = said.place;
    let start = source.line_start(at.span.start);
    let line = source.text().get(start as usize..)?.split('\n').next()?;
    let (before, _) = line.split_at_checked((at.span.start - start) as usize)?;
    // From the step that the mistake is in, to the end of the line.
    let opening = before.rfind(['{', '=']).map_or(0, |brace| brace + 1);
    let before_step = [opening, 0].into_iter().find(|from| {
        let entry = line.get(*from..).unwrap_or_default().trim_start();
        word(entry).is_some() || said.message.starts_with("expected a step")
    })?;
    let step = line.get(before_step..)?;
    let blanks = step.len() - step.trim_start().len();
    let step =
        Step { source, at, start: start + offset(before_step + blanks), text: step.trim_start() };
    step.told(said)
}

/// The word that begins the call.
fn word(entry: &str) -> Option<&'static str> {
    ["call", "run"]
        .into_iter()
        .find(|word| entry.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t'])))
}

struct Step<'a> {
    source: &'a SourceFile,
    at: Place,
    /// Where it begins.
    start: u32,
    /// It, and what follows it on the line.
    text: &'a str,
}

impl Step<'_> {
    fn place(&self, from: usize, to: usize) -> Place {
        between(self.at, self.start + offset(from), self.start + offset(to))
    }

    fn told(&self, said: &Diagnostic) -> Option<Diagnostic> {
        let written = word(self.text);
        let head = written.map_or(0, str::len);
        let rest = self.text.get(head..)?;
        let from = head + rest.len() - rest.trim_start().len();
        let is_of_path =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | '*' | ']');
        let rest = self.text.get(from..)?;
        let length = rest.find(|c| !is_of_path(c))?;
        let path = rest.get(..length)?;
        let after = rest.get(length..)?;
        // The mistake is the call itself, or stands among what it is given.
        let is_here = said.place.span.start <= self.start + offset(from + length)
            || said.message.starts_with("expected `,` or `)`");
        if !after.starts_with('(') || path.is_empty() || !is_here {
            return None;
        }
        let word = match written {
            Some(word) => word,
            None if self.is_workflow(path) => "run",
            None if path.matches('.').count() > 1 => "call",
            None => return None,
        };
        let bracket = from + length;
        let end = closing(after).map(|end| bracket + end);
        let given = end.and_then(|end| self.text.get(bracket + 1..end)).map(str::trim);
        let block = given.and_then(block);
        let shown = block.clone().unwrap_or_else(|| " { name = value }".to_owned());
        let edits = end.zip(block).map(|(end, block)| {
            let mut edits: Edits = vec![(self.place(bracket, end + 1), block)];
            if written.is_none() {
                edits.insert(0, (self.place(0, 0), format!("{word} ")));
            }
            edits
        });
        let form = format!("{word} {path}{shown}");
        let place = self.place(bracket, bracket + 1);
        Some(called_like_a_function(place, word, &form, edits))
    }

    /// Whether the file declares a workflow of this name.
    fn is_workflow(&self, name: &str) -> bool {
        let is_head = |line: &str| {
            line.strip_prefix("workflow ")
                .and_then(|rest| rest.trim_start().strip_prefix(name))
                .is_some_and(|rest| rest.trim_start().starts_with('('))
        };
        self.source.text().lines().any(is_head)
    }
}

/// Where the bracket closes that the text begins with; nothing where it does not on this line, or there are
/// strings with brackets.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_text = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => is_text = !is_text,
            '(' | '[' | '{' if !is_text => depth += 1,
            ')' | ']' | '}' if !is_text => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            '\\' | '$' if is_text => return None,
            _ => {}
        }
    }
    None
}

/// The block of what is given with names; of nothing there is none.
fn block(given: &str) -> Option<String> {
    if given.is_empty() {
        return Some(String::new());
    }
    let block = format!("{{ {given} }}");
    let tree = peg::parse(Rule::body, &block).ok()?;
    let is_whole = tree.pairs().next()?.end() as usize == block.len();
    let has_names = given.split(',').all(|one| {
        let name = one.split('=').next().unwrap_or_default().trim();
        one.contains('=')
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    (is_whole && has_names).then(|| format!(" {block}"))
}
