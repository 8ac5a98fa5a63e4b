//! What every part of the lowering shares: places, reports, documentation, and taking the parts of
//! a pair in order.

use super::peg::{Pair, Pairs};
use smol_str::SmolStr;

use super::ast::{Comment, Name, Path};
use super::characters;
use super::colons::Block;
use super::grammar::Rule;
use super::{MAX_ERRORS, MAX_NESTING};
use crate::diagnostics::{Diagnostic, Severity, syntax as says};
use crate::source::{FileId, Place, Span};

/// How many levels of tree one expression may have: brackets and chains of operators together.
const MAX_HEIGHT: usize = 400;
/// How many operators, or `else if`, may follow each other.
pub(super) const MAX_CHAIN: usize = 250;

/// Marks of more than one character, of this language and of others: they are shown whole.
const MARKS: &[&str] =
    &["...", "..", "->", "=>", "===", "==", "!=", "<=", ">=", "??", "?.", "&&", "||"];

/// Pairs of the grammar to a tree, with reports on the way.
pub(super) struct Lowering<'a> {
    file: FileId,
    pub(super) source: Text<'a>,
    documentation: &'a [Comment],
    next_documentation: usize,
    /// Whether the text is the start of a file.
    pub(super) is_start: bool,
    /// What starts here or later is not read.
    pub(super) end: u32,
    /// Whether what was found may hang on the text before or behind this one.
    pub(super) is_odd: bool,
    /// What the file itself is about.
    pub(super) head: SmolStr,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    height: usize,
    /// The block that is lowered.
    pub(super) block: Block,
    /// Literals 9223372036854775808 that wait for their `-`.
    pub(super) minimums: Vec<Span>,
}

/// The text that is lowered.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl<'a> Text<'a> {
    /// The whole.
    pub(super) fn text(self) -> &'a str {
        self.0
    }

    /// The text of a span; nothing where the span does not fit.
    pub(super) fn slice(self, span: Span) -> &'a str {
        self.0.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// A pair's span.
pub(super) fn span(pair: &Pair<'_>) -> Span {
    Span::new(pair.start(), pair.end())
}

/// An offset into a file, which is never past 16 MiB.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The parts of a pair, to be taken in the grammar's order; comments are passed over.
pub(super) struct Parts<'i>(Pairs<'i>);

impl<'i> Parts<'i> {
    pub(super) fn of(pair: Pair<'i>) -> Self {
        Self(pair.into_inner())
    }

    /// The next part's rule.
    pub(super) fn peek(&mut self) -> Option<Rule> {
        while self.0.peek().is_some_and(|pair| is_comment(pair.as_rule())) {
            self.0.next();
        }
        self.0.peek().map(|pair| pair.as_rule())
    }

    /// The next part, whatever it is.
    pub(super) fn next(&mut self) -> Option<Pair<'i>> {
        self.peek();
        self.0.next()
    }

    /// The next part if it is of this rule.
    pub(super) fn take(&mut self, rule: Rule) -> Option<Pair<'i>> {
        if self.peek() == Some(rule) { self.0.next() } else { None }
    }
}

fn is_comment(rule: Rule) -> bool {
    matches!(rule, Rule::line_comment | Rule::block_comment | Rule::open_comment)
}

impl<'a> Lowering<'a> {
    /// Of a whole file with these `///` lines.
    pub(super) fn new(file: FileId, text: &'a str, documentation: &'a [Comment]) -> Self {
        Self {
            file,
            source: Text(text),
            documentation,
            next_documentation: 0,
            is_start: true,
            end: u32::MAX,
            is_odd: false,
            head: SmolStr::default(),
            diagnostics: Vec::new(),
            errors: 0,
            height: 0,
            block: Block::default(),
            minimums: Vec::new(),
        }
    }

    /// What was reported, in the order of the source.
    pub(super) fn finish(&mut self) -> Vec<Diagnostic> {
        for span in std::mem::take(&mut self.minimums) {
            self.is_odd = true;
            let text = self.source.slice(span);
            self.report(says::bad_number(self.at(span), text, "it needs more than 64 bits"));
        }
        self.idle_documentation(u32::MAX);
        self.diagnostics.sort_by_key(|d| d.place.span);
        std::mem::take(&mut self.diagnostics)
    }

    pub(super) fn at(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    /// Whether enough was said.
    pub(super) fn is_full(&self) -> bool {
        self.errors > MAX_ERRORS
    }

    /// Reports, but one error a line only: what follows a mistake is seldom a second one.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            return;
        }
        if diagnostic.severity == Severity::Error {
            let start = diagnostic.place.span.start;
            // What is read on past hides nothing.
            let mut before = self.diagnostics.iter().rev().take(8);
            if before.any(|d| !says::is_of_layout(d) && self.same_line(d, start)) {
                return;
            }
            self.errors += 1;
            if self.is_full() {
                self.diagnostics.push(says::too_many(diagnostic.place, MAX_ERRORS));
                return;
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// What was reported there with this code.
    pub(super) fn told(&mut self, at: Place, code: &str) -> Option<&mut Diagnostic> {
        self.diagnostics.iter_mut().rfind(|d| d.place == at && d.code == code)
    }

    /// The error that was reported last, where it is on this line.
    pub(super) fn of_line(&mut self, start: u32) -> Option<&mut Diagnostic> {
        let last = self.diagnostics.len().checked_sub(1)?;
        let is_here = self.diagnostics.get(last).is_some_and(|d| self.same_line(d, start));
        self.diagnostics.get_mut(last).filter(|_| is_here)
    }

    fn same_line(&self, other: &Diagnostic, start: u32) -> bool {
        let at = other.place.span.start;
        other.severity == Severity::Error
            && !self.source.slice(Span::new(at.min(start), at.max(start))).contains('\n')
    }

    /// Whether an error was reported at or after this place.
    pub(super) fn has_error_since(&self, start: u32) -> bool {
        let is_here =
            |d: &&Diagnostic| d.severity == Severity::Error && d.place.span.start >= start;
        self.diagnostics.iter().filter(is_here).any(|d| !says::is_of_layout(d))
    }

    /// Whether some bracket was found to be open.
    pub(super) fn has_unclosed(&self) -> bool {
        self.diagnostics.iter().any(says::is_unclosed)
    }

    /// Does `inner` one level deeper, or reports that this is too deep.
    pub(super) fn deeper<T>(
        &mut self,
        levels: usize,
        at: Span,
        inner: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.height + levels > MAX_HEIGHT {
            let start = Span::new(at.start, at.start);
            self.report(says::too_deep(self.at(start), MAX_NESTING));
            return None;
        }
        self.height += levels;
        let result = inner(self);
        self.height -= levels;
        Some(result)
    }

    /// What stands at a place, in a person's words, and its span.
    pub(super) fn found(&self, at: u32) -> (String, Span) {
        let text = self.source.text().get(at as usize..).unwrap_or_default();
        let rest = text.trim_start_matches([' ', '\t', '\r']);
        let start = at + offset(text.len() - rest.len());
        let Some(first) = rest.chars().next() else {
            return ("the end of the file".to_owned(), Span::new(start, start));
        };
        if first == '\n' || rest.starts_with("//") {
            return ("the end of the line".to_owned(), Span::new(start, start));
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len()).min(rest.len())
        } else {
            mark.map_or(first.len_utf8(), |mark| mark.len())
        };
        let end = start + offset(length);
        let said = match first {
            '"' => "a string".to_owned(),
            c if c.is_control() || c == '\u{FFFD}' => {
                format!("the character U+{:04X}", u32::from(c))
            }
            _ => {
                let shown: String =
                    rest.get(..length).unwrap_or_default().chars().take(40).collect();
                format!("`{shown}`")
            }
        };
        (said, Span::new(start, end))
    }

    /// What stands where something is awaited: where that would be on another line, the end of the line that
    /// awaits it.
    pub(super) fn awaited(&self, at: u32) -> (String, Span) {
        let before = self.source.text().get(..at as usize).unwrap_or_default();
        let end = before.trim_end();
        if before.get(end.len()..).is_some_and(|blank| blank.contains('\n')) {
            let end = offset(end.len());
            return ("the end of the line".to_owned(), Span::new(end, end));
        }
        self.found(at)
    }

    /// The block of `///` lines directly before `start`, and after what came before. A blank line
    /// parts blocks: one further up, at the start of the file, is the file's own; others belong to
    /// nothing and are warned of.
    pub(super) fn documentation(&mut self, start: u32, keyword: u32) -> SmolStr {
        let all = self.documentation;
        let from = self.next_documentation;
        let mut end = from;
        while all.get(end).is_some_and(|line| line.span.start < keyword) {
            end += 1;
        }
        let lines = all.get(from..end).unwrap_or_default();
        // Up from the declaration, as long as nothing but comments, blanks and commas lies between: a comma only
        // parts entries, and the layout takes it out.
        let mut first = lines.len();
        let mut below = start;
        while let Some(line) = first.checked_sub(1).and_then(|at| lines.get(at)) {
            let between = self.source.slice(Span::new(line.span.end.min(below), below));
            let is_apart = first < lines.len() && has_blank_line(between);
            let is_near = only_comments(&between.replace(',', " "));
            if line.span.start < start && (is_apart || !is_near) {
                break;
            }
            below = below.min(line.span.start);
            first -= 1;
        }
        let (other, own) = lines.split_at_checked(first).unwrap_or((&[], lines));
        if let Some(line) = other.first()
            && from == 0
            && self.is_start
            && only_comments(self.source.slice(Span::new(0, line.span.start)))
        {
            let ends = |pair: &[Comment]| match pair {
                [a, b] => {
                    let between = self.source.slice(Span::new(a.span.end, b.span.start));
                    has_blank_line(between) || !only_comments(between)
                }
                _ => true,
            };
            let length = other.windows(2).position(ends).map_or(other.len(), |at| at + 1);
            self.head = written(other.get(..length).unwrap_or_default());
            self.next_documentation = length;
        }
        let own = written(own);
        self.idle_documentation(other.last().map_or(0, |last| last.span.end));
        self.next_documentation = end;
        own
    }

    /// Passes over the `///` before and inside what was not read.
    pub(super) fn skip_documentation(&mut self, within: Span) {
        while self
            .documentation
            .get(self.next_documentation)
            .is_some_and(|line| line.span.start < within.end)
        {
            self.next_documentation += 1;
        }
    }

    /// Passes over the `///` before `end` that documented nothing.
    pub(super) fn idle_documentation(&mut self, end: u32) {
        let mut previous: Option<Span> = None;
        while let Some(line) = self.documentation.get(self.next_documentation)
            && line.span.start < end
        {
            self.next_documentation += 1;
            let goes_on = previous.is_some_and(|previous| {
                self.source.slice(Span::new(previous.end, line.span.start)).trim().is_empty()
            });
            if !goes_on {
                self.report(says::idle_documentation(self.at(line.span)));
            }
            previous = Some(line.span);
        }
    }

    /// A word or a quoted key.
    pub(super) fn name(&mut self, pair: &Pair<'_>) -> Name {
        let at = span(pair);
        let text = match pair.as_rule() {
            Rule::key_string => SmolStr::new(self.flat_string(pair)),
            _ => self.word(pair.as_str(), at, false),
        };
        Name { text, span: at }
    }

    /// A word as a name: one with letters of other alphabets is told, and taken for the one that is meant.
    pub(super) fn word(&mut self, text: &str, at: Span, is_value: bool) -> SmolStr {
        if text.is_ascii() {
            return SmolStr::new(text);
        }
        let told = characters::no_name(self.at(at), text, is_value);
        let meant = told.fix.as_ref().and_then(|fix| fix.edits.first());
        let name = SmolStr::new(meant.map_or(text, |(_, meant)| meant));
        self.report(told);
        name
    }

    /// A name, or an empty one at the start of `within`, where the grammar promises one.
    pub(super) fn name_of(&mut self, pair: Option<Pair<'_>>, within: Span) -> Name {
        match pair {
            Some(pair) => self.name(&pair),
            None => Name { text: SmolStr::default(), span: Span::new(within.start, within.start) },
        }
    }

    /// `a.b.c`.
    pub(super) fn path(&mut self, pair: Pair<'_>) -> Path {
        let at = span(&pair);
        let segments = pair.into_inner().map(|word| self.name(&word)).collect();
        Path { segments, span: at }
    }
}

/// Whether a line of the text, other than its first and last, has nothing on it.
fn has_blank_line(text: &str) -> bool {
    let mut lines = text.split('\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_some() && line.trim().is_empty() {
            return true;
        }
    }
    false
}

/// What `///` lines say.
fn written(lines: &[Comment]) -> SmolStr {
    let bare = |line: &Comment| {
        let bare = line.text.trim_start_matches("///");
        bare.strip_prefix(' ').unwrap_or(bare).to_owned()
    };
    let lines: Vec<String> = lines.iter().map(bare).collect();
    SmolStr::new(lines.join("\n"))
}

/// Whether a text has nothing but blanks and comments.
fn only_comments(text: &str) -> bool {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let after = if rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            let Some((_, after)) = rest.split_once("*/") else { return true };
            after
        } else {
            return false;
        };
        rest = after.trim_start();
    }
    true
}
