//! What could not be parsed, said in a person's words.

use super::peg::Pair;

use super::lowering::{Lowering, offset, span};
use super::scan::{is_item_head, scan};
use super::slips::{nearly_item, nearly_member, nearly_step};
use crate::diagnostics::{slips as says_slips, syntax as says};
use crate::source::{Place, Span};

type P<'i> = Pair<'i>;

/// How many lines of what could not be read are looked at for misspelt words.
const MOST_LINES: usize = 1_000;

/// Where the `}` of a block is that has an entry on its first line.
enum Brace {
    /// On a line of its own, below: all brackets of the item are closed.
    Below,
    /// Nowhere; here it belongs.
    Missing(Place),
}

impl Lowering<'_> {
    /// A bracket that nothing closes, reported where it was opened.
    pub(super) fn unclosed(&mut self, at: Span, opening: &str, closing: &str) {
        let start = if opening == "<" { self.angle(at) } else { at.start };
        let opened = Span::new(start, start + offset(opening.len()));
        if opening == "{" && self.item_inside(at, opened) {
            return;
        }
        let after = self.source.text().get(opened.end as usize..).unwrap_or_default();
        let line = after.lines().next().unwrap_or_default().trim_start();
        self.report(if opening != "{" || line.is_empty() || line.starts_with("//") {
            says::unclosed(self.at(opened), opening, closing)
        } else {
            match self.brace_of_line(opened) {
                Some(Brace::Below) => says::closed_below(self.at(opened)),
                Some(Brace::Missing(at)) => says::unclosed_on_line(self.at(opened), Some(at)),
                None => says::unclosed_on_line(self.at(opened), None),
            }
        });
    }

    /// Whether a block ended before an item that stands inside of it: then that is told.
    fn item_inside(&mut self, block: Span, opened: Span) -> bool {
        let text = self.source.text();
        let line_of = |at: u32| {
            let before = text.get(..at as usize).unwrap_or_default();
            before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default()
        };
        let rest = text.get(block.end as usize..).unwrap_or_default();
        let item = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        let start = block.end + offset(rest.len() - item.len());
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let (of_block, of_item) = (line_of(opened.start), line_of(start));
        let is_of_line = !of_item.trim().is_empty();
        if !is_item_head(item) || !is_of_line && indent(of_item) <= indent(of_block) {
            return false;
        }
        let mut words = item.split([' ', '\t', ':']);
        let first = words.next().unwrap_or_default();
        let what = match words.next() {
            Some("type") => format!("`{first} type`"),
            _ => format!("`{first}`"),
        };
        let at = Span::new(start, start + offset(first.len()));
        self.report(says::item_in_block(self.at(at), &what));
        true
    }

    /// Where the `}` is of a `{` that has an entry on its line; nothing where that is not sure.
    fn brace_of_line(&self, opened: Span) -> Option<Brace> {
        let text = self.source.text();
        let rest = text.get(opened.end as usize..)?;
        let line = rest.split('\n').next()?;
        let before = text.get(..opened.start as usize)?;
        let start = before.rmatch_indices('\n').map(|(at, _)| at + 1);
        let start =
            start.chain([0]).find(|at| is_item_head(text.get(*at..).unwrap_or_default()))?;
        let mut end = start;
        for (number, line) in text.get(start..)?.split_inclusive('\n').enumerate() {
            if number > 0 && is_item_head(line) {
                break;
            }
            end += line.len();
        }
        let item = text.get(start..end)?;
        // What a string or a comment holds opens and closes nothing.
        let scan = scan(item);
        let comments = scan.comments.iter().chain(&scan.documentation).map(|comment| comment.span);
        let hidden: Vec<Span> = scan.strings.iter().copied().chain(comments).collect();
        let count = |mark: char, (from, to): (usize, usize)| {
            let shown = item.match_indices(mark).map(|(at, _)| at).filter(|at| {
                let is_inside = |span: &Span| (span.start..span.end).contains(&offset(*at));
                (from..to).contains(at) && !hidden.iter().any(is_inside)
            });
            shown.count()
        };
        let all = (0, item.len());
        if count('{', all) == count('}', all) {
            return Some(Brace::Below);
        }
        let from = opened.end as usize - start;
        let of_line = (from, from + line.len());
        let is_one = count('{', all) == count('}', all) + 1
            && count('{', of_line) == count('}', of_line)
            && !line.contains("//");
        let at = opened.end + offset(line.trim_end().len());
        is_one.then(|| Brace::Missing(self.at(Span::new(at, at))))
    }

    /// A `{` with an entry on its line whose entries go on in further lines.
    pub(super) fn late_line(&mut self, at: Span) {
        let opened = Span::new(at.start, at.start + 1);
        self.report(says::entries_go_on(self.at(opened)));
    }

    fn angle(&self, at: Span) -> u32 {
        at.start + offset(self.source.slice(at).find('<').unwrap_or(0))
    }

    /// What is left inside brackets before `,` or the closing one.
    pub(super) fn junk_inside(&mut self, pair: &P<'_>, expected: &str) {
        let (found, place) = self.found(span(pair).start);
        self.report(says::unexpected(self.at(place), expected, &found));
    }

    /// A `,` with nothing before it that it could part from something.
    pub(super) fn extra_comma(&mut self, pair: &P<'_>) {
        let at = span(pair);
        if self.is_full() {
            return;
        }
        let before = self.source.text().get(..at.start as usize).unwrap_or_default();
        let after = self.source.text().get(at.end as usize..).unwrap_or_default();
        // Where blanks stand before it, or nothing does, those behind it go with it.
        let blanks = if before.ends_with([',', '{']) {
            0
        } else {
            after.len() - after.trim_start_matches([' ', '\t']).len()
        };
        let whole = Span::new(at.start, at.end + offset(blanks));
        let whole = self.at(whole);
        // All of a line are one mistake.
        let fix = self.of_line(at.start).filter(|told| says_slips::is_extra_comma(told));
        match fix.and_then(|told| told.fix.as_mut()) {
            Some(fix) => fix.edits.push((whole, String::new())),
            None => self.report(says_slips::extra_comma(self.at(at), whole)),
        }
    }

    /// What is left on the line of an entry that began at `start`.
    pub(super) fn junk_rest(&mut self, pair: &P<'_>, start: u32) {
        if self.has_error_since(start) {
            return;
        }
        let (found, place) = self.found(span(pair).start);
        let diagnostic = match pair.as_str().trim_start().chars().next() {
            Some(bracket @ (')' | ']')) => {
                says::stray_closing(self.at(place), &bracket.to_string())
            }
            Some(c) if (c.is_ascii_alphabetic() || c == '"') && begins_entry(pair.as_str()) => {
                says::two_on_a_line(self.at(place), &found)
            }
            _ => says::unexpected(self.at(place), "the end of the line", &found),
        };
        self.report(diagnostic);
    }

    /// What is no entry of a block.
    pub(super) fn junk_entry(&mut self, pair: &P<'_>) {
        let expected = "an entry such as `name = value` or `name -> target`";
        if self.misspelt(span(pair).start, nearly_member(pair.as_str())) {
            return;
        }
        self.junk_of(pair, expected, &["=", ":", "->"]);
    }

    /// What is no entry of a value.
    pub(super) fn junk_value(&mut self, pair: &P<'_>) {
        self.junk_of(pair, "an entry `key = value` or `}`", &["="]);
    }

    /// What is no step.
    pub(super) fn junk_step(&mut self, pair: &P<'_>) {
        let expected = "a step: `call`, `run`, `let`, `parallel`, `for`, `if`, `wait`, `fail`, `return` or `on`";
        if self.misspelt(span(pair).start, nearly_step(pair.as_str())) {
            return;
        }
        self.junk_of(pair, expected, &[]);
    }

    /// A word that is nearly a keyword: told, and true, where it is one.
    fn misspelt(&mut self, start: u32, nearly: Option<(&str, &str)>) -> bool {
        let Some((word, meant)) = nearly else { return false };
        let at = self.at(Span::new(start, start + offset(word.len())));
        self.report(says_slips::misspelt(at, word, meant));
        true
    }

    /// Junk: where it starts with a plain word, what should follow it is said there.
    fn junk_of(&mut self, pair: &P<'_>, expected: &str, after_word: &[&str]) {
        let at = span(pair);
        let text = pair.as_str();
        let (found, place) = self.found(at.start);
        if let Some(closing) = text.chars().next().filter(|c| matches!(c, ')' | ']')) {
            self.report(says::stray_closing(self.at(place), &closing.to_string()));
            return;
        }
        let rest = text.get(place.end.saturating_sub(at.start) as usize..).unwrap_or_default();
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if is_word && !after_word.is_empty() && member_keyword(text).is_none() {
            let marks: Vec<String> = after_word.iter().map(|mark| format!("`{mark}`")).collect();
            let marks = match marks.as_slice() {
                [one] => one.clone(),
                _ => "`=`, `:` or `->`".to_owned(),
            };
            let (next, next_place) = self.found(place.end);
            let expected = format!("{marks} after {found}");
            let at = if rest.trim().is_empty() { place } else { next_place };
            self.report(says::unexpected(self.at(at), &expected, &next));
            return;
        }
        match member_keyword(text) {
            Some(form) => self.report(says::unexpected(self.at(place), form, &shown(text))),
            None => self.report(says::unexpected(self.at(place), expected, &found)),
        }
    }

    /// What is no item of the file; `before` is the item that ended here.
    pub(super) fn junk_top(&mut self, pair: &P<'_>, before: Option<Span>) {
        let at = span(pair);
        self.skip_documentation(at);
        let text = pair.as_str();
        let line = text.lines().next().unwrap_or_default();
        let (found, place) = self.found(at.start);
        let is_same_line = before.is_some_and(|before| {
            !self.source.slice(Span::new(before.end.min(at.start), at.start)).contains('\n')
        });
        if self.misspelt_items(at.start, text, is_same_line) {
            return;
        }
        if let Some(before) = before {
            // What is left of an item that was already reported, or what it should have closed.
            let is_closing = text.trim_start().starts_with(['}', ')', ']']);
            if self.has_error_since(before.start)
                && (is_same_line || is_closing || !is_item_like(line))
            {
                return;
            }
        }
        if let Some(bracket) =
            text.trim_start().chars().next().filter(|c| matches!(c, '}' | ')' | ']'))
        {
            if !self.has_unclosed() {
                self.report(says::stray_closing(self.at(place), &bracket.to_string()));
            }
            return;
        }
        if let Some(form) = item_form(line) {
            self.report(says::unexpected(self.at(place), form, &shown(line)));
        } else {
            let expected = "an item such as `node name: Type { … }`, `input name: type` or `use …`";
            let mut said = says::unexpected(self.at(place), expected, &found);
            if begins_entry(line) || member_keyword(line).is_some() {
                said = said.help("an entry stands in a block: see whether the one above lacks a `{` or has a `}` too many");
            }
            self.report(said);
        }
    }
}

impl Lowering<'_> {
    /// Each line of the text that would begin an item but for a letter; whether its first line does.
    fn misspelt_items(&mut self, start: u32, text: &str, is_same_line: bool) -> bool {
        let mut at = start;
        let mut is_first = false;
        for (number, line) in text.split('\n').take(MOST_LINES).enumerate() {
            let is_head = number > 0 || !is_same_line;
            is_first |= is_head && self.misspelt(at, nearly_item(line)) && number == 0;
            at += offset(line.len() + 1);
        }
        is_first
    }
}

/// Whether the line starts with an item's keyword.
fn is_item_like(line: &str) -> bool {
    item_form(line).is_some()
}

/// The start of a text, for a message.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let short: String = line.chars().take(40).collect();
    if short.len() < line.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

/// Whether `name =`, `name:` or `name ->` stands at the start.
fn begins_entry(text: &str) -> bool {
    let text = text.trim_start();
    let rest =
        text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"'));
    let rest = rest.trim_start();
    rest.starts_with("->")
        || rest.starts_with(':')
        || rest.starts_with('=') && !rest.starts_with("==")
}

/// How the entry is written that starts with this keyword.
fn member_keyword(text: &str) -> Option<&'static str> {
    let word = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()?;
    Some(match word {
        "property" => "`property name: type`",
        "attribute" => "`attribute name: type`",
        "requires" => "`requires name: Type`",
        "capability" => "`capability name: Type`",
        "operation" => "`operation interface.name = implementation`",
        "implements" => "`implements Interface`",
        "fixed" => "`fixed name = value`",
        "let" => "`let name = value`",
        "assert_fails" => "`assert_fails E4102`",
        _ => return None,
    })
}

/// How the item is written that starts with this line.
fn item_form(line: &str) -> Option<&'static str> {
    let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let first = words.next()?;
    let second = words.next().unwrap_or_default();
    Some(match first {
        "node" | "data" | "capability" | "interface" | "relationship" | "policy" | "group"
            if second == "type" =>
        {
            "`… type Name { … }`"
        }
        "node" => "`node name: Type { … }`",
        "policy" => "`policy name: Type { … }`",
        "group" => "`group name: Type { … }`",
        "data" => "`data type Name { … }`",
        "capability" => "`capability type Name { … }`",
        "interface" => "`interface type Name { … }`",
        "relationship" => "`relationship type Name { … }`",
        "abstract" => "`abstract node type Name { … }`",
        "input" => "`input name: type`",
        "secret" => "`secret name: type`",
        "const" => "`const name = value`",
        "output" => "`output name: type = value`",
        "select" => "`select name: Type { … }`",
        "use" => "`use std.module` or `use \"./file.bp\" as name`",
        "fn" => "`fn name(a: type) -> type = value`",
        "workflow" => "`workflow name(a: type) { … }`",
        "test" => "`test \"what it shows\" { … }`",
        "expose" => "`expose name = capability`",
        "implement" => "`implement interface.operation = workflow`",
        "blueprint" => "`blueprint name { version = \"1.0.0\" }`",
        "requires" => "`requires name: Type`",
        _ => return None,
    })
}
