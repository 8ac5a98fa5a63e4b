//! Slips of the pen: what is there is nearly right, and is told as what it should be.
//!
//! It looks at what was said and at the text there, and asks the grammar only whether a word would do.

use bp_plan::Quantity;

use super::grammar::Rule;
use super::here::{Here, word_of};
use super::lowering::offset;
use super::peg;
use crate::diagnostics::slips::{self as says, between};
use crate::diagnostics::{Diagnostic, near};
use crate::source::{Place, SourceFile};

/// Words that begin items.
const ITEMS: &[&str] = &[
    "abstract",
    "blueprint",
    "capability",
    "const",
    "data",
    "expose",
    "fn",
    "group",
    "implement",
    "input",
    "interface",
    "node",
    "output",
    "policy",
    "relationship",
    "requires",
    "secret",
    "select",
    "test",
    "use",
    "workflow",
];
/// Words that begin members of types and of blocks.
const MEMBERS: &[&str] = &[
    "assert",
    "assert_fails",
    "attribute",
    "capability",
    "check",
    "fixed",
    "implements",
    "let",
    "operation",
    "property",
    "requires",
];
/// Words that begin steps.
const STEPS: &[&str] =
    &["call", "fail", "for", "if", "let", "on", "parallel", "recover", "return", "run", "wait"];

/// The mistake as a slip, where it is one.
pub(super) fn slip(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    meant(source, said).or_else(|| {
        let is_bare = said.help.is_none() && said.message.starts_with("expected an item such as");
        is_bare.then(|| says::no_item(said.clone()))
    })
}

fn meant(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let spot = Here::of(source, said)?;
    let Here { at, before, rest, .. } = spot;
    if said.code == "E1005" && before.trim_end().ends_with('%') {
        return Some(crate::diagnostics::syntax::foreign_modulus(spot.operator()));
    }
    if said.code == "E1005"
        && let Some(told) = spot.foreign_value()
    {
        return Some(told);
    }
    match rest.chars().next()? {
        '=' => spot.equals(),
        '"' => spot.prefixed_string(),
        '#' => Some(spot.comment()),
        '(' if said.code == "E1006" => Some(spot.parentheses()),
        '(' => spot.spaced_bracket('('),
        '[' if rest.starts_with("[]") => spot.foreign_list(),
        '[' if rest.starts_with("[-") => Some(says::negative_cardinality(at)),
        '[' => spot.spaced_bracket('['),
        c if c.is_ascii_alphabetic() => spot.word(),
        _ => None,
    }
}

/// The item's keyword that a line's first word is nearly, where the rest of the line goes with it.
pub(super) fn nearly_item(line: &str) -> Option<(&str, &'static str)> {
    nearly(line, ITEMS, |text| peg::parse(Rule::item_head, text).is_ok())
}

/// The same of a member of a block.
pub(super) fn nearly_member(line: &str) -> Option<(&str, &'static str)> {
    nearly(line, MEMBERS, |text| peg::parse(Rule::decl, text).is_ok())
}

/// The same of a step.
pub(super) fn nearly_step(line: &str) -> Option<(&str, &'static str)> {
    nearly(line, STEPS, |text| peg::parse(Rule::step, text).is_ok())
}

fn nearly<'t>(
    line: &'t str,
    words: &[&'static str],
    goes: impl Fn(&str) -> bool,
) -> Option<(&'t str, &'static str)> {
    let line = line.split('\n').next()?;
    let word = word_of(line);
    let rest = line.get(word.len()..)?;
    // These are words of their own elsewhere: `set x = 3` means no `let`.
    if word.is_empty() || words.contains(&word) || matches!(word, "set" | "get") {
        return None;
    }
    let meant = near(word, words.iter().copied())?;
    let meant = words.iter().find(|word| **word == meant)?;
    goes(&format!("{meant}{rest}")).then_some((word, *meant))
}

impl Here<'_> {
    fn from(&self, start: u32, length: usize) -> Place {
        between(self.at, start, start + offset(length))
    }

    /// The blanks directly before.
    fn blank(&self) -> Place {
        let end = self.at.span.start;
        let length = self.before.len() - self.before.trim_end_matches([' ', '\t']).len();
        between(self.at, end - offset(length), end)
    }

    /// The character that stands last before.
    fn operator(&self) -> Place {
        let end = self.blank().span.start;
        between(self.at, end.saturating_sub(1), end)
    }

    fn has_said(&self, expected: &[&str]) -> bool {
        let said = self.said.message.strip_prefix("expected ").unwrap_or_default();
        self.said.code == "E1001" && expected.iter().any(|text| said.starts_with(text))
    }

    /// Whether the line's value could have ended here.
    fn is_after_value(&self) -> bool {
        self.said.code == "E1001" && self.is_behind_value()
    }

    /// A `=` where there should be none.
    fn equals(&self) -> Option<Diagnostic> {
        let start = self.at.span.start;
        for (foreign, ours) in [("===", "=="), ("!==", "!=")] {
            if self.said.code == "E1005" && self.before.ends_with(ours) {
                let place = self.from(start - offset(ours.len()), foreign.len());
                return Some(crate::diagnostics::syntax::foreign_operator(place, foreign, ours));
            }
        }
        if self.rest.starts_with("=~") && self.is_after_value() {
            let help = "write `matches(text, r\"…\")`, as in `where matches(self, r\"^a\")`";
            let place = self.from(start, "=~".len());
            return Some(says::foreign_form(place, "`=~` is no operator here", help, None));
        }
        let is_missed = self.has_said(&["`=` and the constant's value"]);
        if self.rest.starts_with("==") || !(self.is_after_value() || is_missed) {
            return None;
        }
        if let Some(told) = self.late_value() {
            return Some(told);
        }
        if is_missed {
            return None;
        }
        let place = self.from(start, 1);
        let before = self.before.trim_end();
        let head = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if self.has_said(&["`,` or `)`"]) && head.trim_end().ends_with(['(', ',']) {
            let name = before.get(head.len()..).unwrap_or_default();
            return Some(says::named_argument(place, name));
        }
        let compares = [" == ", " < ", " > ", " <= ", " >= ", " != ", " in "];
        let is_first = !compares.iter().any(|operator| self.before.contains(operator));
        Some(says::equals_compared(place, is_first && !self.rest.starts_with("=>")))
    }

    /// `input a: int where self > 5 = 9`: the value behind what is asked of it.
    fn late_value(&self) -> Option<Diagnostic> {
        let (head, condition) = self.before.split_once(" where ")?;
        let names_type = head.contains(": ") && !head.contains('=');
        // `where self = 5` compares.
        let has_ended = [" == ", " != ", " < ", " > ", " <= ", " >= ", " in "]
            .iter()
            .any(|operator| condition.contains(operator))
            || condition.trim_end().ends_with(')');
        if !names_type || !has_ended {
            return None;
        }
        let value = self.rest.split([',', '}']).next().unwrap_or_default().trim_end();
        let is_plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '=' | ' ' | '_' | '.' | '-' | '"');
        let line = self.at.span.start - offset(self.before.len());
        let (at, behind) = (line + offset(head.len()), self.blank().span.start);
        let edits = (value.chars().all(is_plain) && value.matches('"').count().is_multiple_of(2))
            .then(|| {
                let whole = between(self.at, behind, self.at.span.start + offset(value.len()));
                vec![(self.from(at, 0), format!(" {value}")), (whole, String::new())]
            });
        let message = "a value stands before the `where` that is asked of it";
        let help = "write `name: type = value where self > 0`";
        Some(says::foreign_form(self.from(self.at.span.start, 1), message, help, edits))
    }

    /// `# …`, with the lines below that are comments, too.
    fn comment(&self) -> Diagnostic {
        let start = self.at.span.start;
        let text = self.source.text().get(start as usize..).unwrap_or_default();
        let mut edits = Vec::new();
        let mut at = start;
        for line in text.split('\n') {
            let trimmed = line.trim_start_matches([' ', '\t']);
            if !trimmed.starts_with('#') {
                break;
            }
            let marks = trimmed.len() - trimmed.trim_start_matches('#').len();
            let from = at + offset(line.len() - trimmed.len());
            edits.push((self.from(from, marks), "//".to_owned()));
            at += offset(line.len() + 1);
        }
        says::foreign_comment(self.from(start, 1), edits)
    }

    /// `(A | B)` as a type.
    fn parentheses(&self) -> Diagnostic {
        let start = self.at.span.start;
        let closing = self
            .rest
            .find(')')
            .filter(|end| self.rest.get(1..*end).is_some_and(|inner| !inner.contains('(')));
        let edits = closing.map(|end| {
            let end = start + offset(end);
            vec![(self.from(start, 1), String::new()), (self.from(end, 1), String::new())]
        });
        says::type_in_parentheses(self.from(start, 1), edits)
    }

    /// `int[]`.
    fn foreign_list(&self) -> Option<Diagnostic> {
        let head = self.before.trim_end_matches(|c: char| {
            c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '<' | '>')
        });
        let of = self.before.get(head.len()..)?;
        if of.is_empty() || !head.trim_end().ends_with(':') {
            return None;
        }
        let start = self.at.span.start - offset(of.len());
        Some(says::foreign_list(self.from(start, of.len() + 2), of))
    }

    /// `${x}` outside of a text, a text between other quotes, `<<EOF`, `x ** 2`.
    fn foreign_value(&self) -> Option<Diagnostic> {
        let Self { at, before, rest, .. } = *self;
        let start = at.span.start;
        if let Some(inner) = rest.strip_prefix("${") {
            let inner = inner.split('}').next()?;
            let is_whole = rest.len() > inner.len() + 2 && !inner.contains(['{', '"']);
            let bare = is_whole.then(|| inner.trim());
            return Some(says::outside_of_text(self.from(start, inner.len() + 3), bare));
        }
        if let Some(text) = rest.strip_prefix('`') {
            let inner = text.split_once('`').map(|(inner, _)| inner);
            let is_plain = |text: &&str| !text.contains(['"', '\\', '$']);
            let ours = inner.filter(is_plain).map(|inner| format!("\"{inner}\""));
            let length = inner.map_or(1, |inner| inner.len() + 2);
            return Some(says::typographic_quotes(self.from(start, length), '`', ours));
        }
        if let Some(word) = rest.strip_prefix("<<") {
            let word = word_of(word.trim_start_matches(['-', '~']));
            let length = rest.find(word)? + word.len();
            return (!word.is_empty()).then(|| says::heredoc(self.from(start, length)));
        }
        let doubled = ["**", "++", "--", "<<", ">>"].into_iter().find(|doubled| {
            let (first, second) = doubled.split_at(1);
            before.ends_with(first) && rest.starts_with(second)
        });
        // `a--` is read as `a - -…`: there the value is missing behind both.
        let behind = ["++", "--"].into_iter().find(|doubled| before.ends_with(doubled));
        match (doubled, behind) {
            (Some(doubled), _) => Some(says::no_operator(self.from(start - 1, 2), doubled)),
            (None, Some(doubled)) => Some(says::no_operator(self.from(start - 2, 2), doubled)),
            _ => None,
        }
    }

    /// `f (x)`, `xs [0]`.
    fn spaced_bracket(&self, bracket: char) -> Option<Diagnostic> {
        let blank = self.blank();
        let name = self.before.trim_end_matches([' ', '\t']);
        let is_name =
            name.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ')' | ']'));
        let is_spaced = blank.span.start < blank.span.end;
        (is_spaced && is_name && self.is_after_value())
            .then(|| says::spaced_bracket(self.from(self.at.span.start, 1), bracket, blank))
    }

    /// `f"text"`.
    fn prefixed_string(&self) -> Option<Diagnostic> {
        let head = self.before.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let prefix = self.before.get(head.len()..)?;
        let start = self.at.span.start - offset(prefix.len());
        let is_prefix = matches!(prefix, "f" | "b" | "u" | "s" | "R" | "F");
        (is_prefix && self.is_after_value())
            .then(|| says::prefixed_string(self.from(start, prefix.len()), prefix))
    }

    fn word(&self) -> Option<Diagnostic> {
        let word = word_of(self.rest);
        let place = self.from(self.at.span.start, word.len());
        if self.before.trim().is_empty() {
            return None;
        }
        if matches!(word, "elif" | "elsif" | "elseif") && self.has_said(&["`else`"]) {
            return Some(says::foreign_else_if(place, word));
        }
        if self.has_said(&["`"]) || self.is_after_value() {
            let blank = self.blank();
            if blank.span.start < blank.span.end && peg::parse(Rule::item_head, self.rest).is_ok() {
                return Some(says::two_items_on_a_line(place, blank));
            }
        }
        if !self.is_after_value() {
            return None;
        }
        if self.before.ends_with('"') && self.has_said(&["the end of the line"]) {
            return Some(says::quote_too_many(place));
        }
        match word {
            "for" => self.for_without_in(place),
            "where" if self.before.trim_start().starts_with("select ") => {
                Some(says::where_behind_select(place, self.in_block()))
            }
            _ => self.spaced_unit(word, place),
        }
    }

    /// `5 m`.
    fn spaced_unit(&self, unit: &str, place: Place) -> Option<Diagnostic> {
        let blank = self.blank();
        let before = self.before.trim_end_matches([' ', '\t']);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let number = before.get(before.trim_end_matches(is_part).len()..)?;
        let is_number = number.starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit());
        let is_unit = format!("1{unit}").parse::<Quantity>().is_ok();
        let is_spaced = blank.span.start < blank.span.end;
        (is_number && is_unit && is_spaced).then(|| says::spaced_unit(place, number, unit, blank))
    }

    /// `for x xs`.
    fn for_without_in(&self, place: Place) -> Option<Diagnostic> {
        let mut rest = self.rest.get(3..)?.trim_start();
        loop {
            let name = word_of(rest);
            rest = rest.get(name.len()..)?.trim_start();
            if name.is_empty() || word_of(rest) == "in" {
                return None;
            }
            match rest.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None => break,
            }
        }
        let start = self.at.span.start + offset(self.rest.len() - rest.len());
        // `for x of xs`, as JavaScript has it.
        let edit = match word_of(rest) {
            "of" => (self.from(start, 2), "in"),
            _ => (self.from(start, 0), "in "),
        };
        Some(says::for_without_in(place, edit))
    }

    /// `where c` in `{ }`.
    fn in_block(&self) -> Option<(Place, String)> {
        let condition = self.rest.get("where".len()..)?.trim();
        let is_whole =
            !condition.contains('{') && !condition.contains("//") && !condition.is_empty();
        let place = self.from(self.at.span.start, self.rest.trim_end().len());
        is_whole.then(|| (place, format!("{{ where = {condition} }}")))
    }
}
