//! One pass over the text before it is parsed: comments, `///`, and how deep brackets nest.
//!
//! Knows what is a string and what a comment, nothing of constructs but the heads of items, which
//! end whatever is open.

use smol_str::SmolStr;

use super::MAX_NESTING;
use super::ast::Comment;
use crate::source::Span;

/// What the pass found.
pub(crate) struct Scan {
    /// Every comment but `///`.
    pub(crate) comments: Vec<Comment>,
    /// Every `///` line.
    pub(crate) documentation: Vec<Comment>,
    /// Every string that is in no other, with its quotes.
    pub(crate) strings: Vec<Span>,
    /// Where the `${` of strings end and their `}` begin, in the order of the text.
    pub(crate) interpolations: Vec<Edge>,
    /// Where nesting passes the limit, if it does.
    pub(crate) too_deep: Option<Span>,
    /// A `/*` that is never closed.
    pub(crate) open_comment: Option<Span>,
    /// What is open where the text ends, the innermost last.
    pub(crate) open: Vec<Open>,
    /// Where a run of items can be parted from what stands before it.
    pub(crate) seams: Vec<Seam>,
}

/// A line that starts with an item's head, where nothing is open for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seam {
    /// Where what belongs to the item starts: comments, `///`, annotations.
    pub(crate) start: u32,
    /// Where the head's line starts.
    pub(crate) head: u32,
}

/// Where what is put into a string begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Behind a `${`.
    Begin(u32),
    /// Before its `}`.
    End(u32),
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// One of `(`, `[`, `{`.
    Bracket(u8),
    /// `"`, waiting for its end after a `${}`.
    Line,
    /// `"""`.
    Block,
    /// `${` in a string.
    Interpolation,
}

/// Goes over the text.
pub(crate) fn scan(text: &str) -> Scan {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        depth: 0,
        found: Scan {
            comments: Vec::new(),
            documentation: Vec::new(),
            strings: Vec::new(),
            interpolations: Vec::new(),
            too_deep: None,
            open_comment: None,
            open: Vec::new(),
            seams: Vec::new(),
        },
        odd: false,
        lead: None,
    };
    scanner.run();
    scanner.found.open = scanner.open;
    scanner.found
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Vec<Open>,
    depth: usize,
    found: Scan,
    /// A bracket or quote did not match: what is open is a guess, until the next item's head.
    odd: bool,
    /// Where the lines start that have belonged to no item yet.
    lead: Option<u32>,
}

fn span(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

impl Scanner<'_> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        self.between(self.text.trim_start_matches('\u{FEFF}'));
        while self.at < self.bytes.len() && self.found.too_deep.is_none() {
            match self.open.last() {
                Some(Open::Line | Open::Block) => self.string(),
                _ => self.code(),
            }
        }
    }

    fn push(&mut self, open: Open) {
        self.open.push(open);
        if matches!(open, Open::Bracket(_) | Open::Interpolation) {
            self.depth += 1;
            if self.depth > MAX_NESTING {
                self.found.too_deep = Some(span(self.at, self.at + 1));
            }
        }
    }

    fn edge(&mut self, edge: fn(u32) -> Edge) {
        self.found.interpolations.push(edge(span(self.at, self.at).start));
    }

    fn pop(&mut self) {
        if matches!(self.open.pop(), Some(Open::Bracket(_) | Open::Interpolation)) {
            self.depth -= 1;
        }
    }

    fn code(&mut self) {
        let start = self.at;
        match self.byte(0) {
            b'/' if self.byte(1) == b'/' => self.line_comment(),
            b'/' if self.byte(1) == b'*' => self.block_comment(),
            b'"' if self.is_raw() => self.raw(),
            b'"' => self.quote(),
            bracket @ (b'(' | b'[' | b'{') => {
                self.push(Open::Bracket(bracket));
                self.at += 1;
            }
            closing @ (b')' | b']') => {
                let opening = if closing == b')' { b'(' } else { b'[' };
                self.odd |= self.open.last() != Some(&Open::Bracket(opening));
                if matches!(self.open.last(), Some(Open::Bracket(_))) {
                    self.pop();
                }
                self.at += 1;
            }
            b'}' => {
                self.odd |=
                    !matches!(self.open.last(), Some(Open::Bracket(b'{') | Open::Interpolation));
                if self.open.last() == Some(&Open::Interpolation) {
                    self.edge(Edge::End);
                }
                self.pop();
                self.at += 1;
            }
            b'\n' => self.newline(),
            _ => self.plain(),
        }
        debug_assert!(self.at > start || self.at >= self.bytes.len(), "the scan goes on");
    }

    /// What opens, closes and ends nothing.
    fn plain(&mut self) {
        let is_plain = |byte: &u8| {
            !matches!(byte, b'/' | b'"' | b'(' | b'[' | b'{' | b')' | b']' | b'}' | b'\n')
        };
        self.at += 1;
        self.at += self.rest().iter().take_while(|byte| is_plain(byte)).count();
    }

    /// Whether an `r` that is a word by itself stands before this quote.
    fn is_raw(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.bytes.get(at));
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        before(1) == Some(&b'r') && !before(2).is_some_and(is_word)
    }

    /// A newline ends `"…"` at any depth, and before an item's head everything.
    fn newline(&mut self) {
        self.at += 1;
        while let Some(line) = self.open.iter().position(|open| *open == Open::Line) {
            self.odd = true;
            while self.open.len() > line {
                self.pop();
            }
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        if self.open.is_empty() && !self.odd {
            self.between(rest);
        } else if is_item_head(rest) {
            self.open.clear();
            self.depth = 0;
            self.odd = false;
            self.lead = None;
        }
    }

    /// A line that starts where nothing is open.
    fn between(&mut self, line: &str) {
        let start = span(self.at, self.at).start;
        let is_blank = || line.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
        match line.as_bytes().first() {
            Some(b'a'..=b'z') if is_item_head(line) => {
                let lead = self.lead.take().unwrap_or(start);
                self.found.seams.push(Seam { start: lead, head: start });
            }
            Some(b'/' | b'@') => _ = self.lead.get_or_insert(start),
            Some(b'\n' | b' ' | b'\t' | b'\r') if is_blank() => {
                self.lead.get_or_insert(start);
            }
            _ => self.lead = None,
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let length =
            self.rest().iter().position(|byte| *byte == b'\n').unwrap_or(self.rest().len());
        self.at += length;
        let text = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let comment = Comment { text: SmolStr::new(text), span: span(start, start + text.len()) };
        if text.starts_with("///") && !text.starts_with("////") {
            // Behind something else it may still belong to the item that follows.
            self.odd |= self.open.is_empty() && self.lead.is_none();
            self.found.documentation.push(comment);
        } else {
            self.found.comments.push(comment);
        }
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            if self.rest().starts_with(b"/*") {
                depth += 1;
                if depth > MAX_NESTING {
                    self.found.too_deep = Some(span(self.at, self.at + 2));
                    return;
                }
                self.at += 2;
            } else if self.rest().starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                self.at += 1;
            }
        }
        if depth > 0 {
            self.found.open_comment = Some(span(start, start + 2));
        }
        let text = SmolStr::new(self.text.get(start..self.at).unwrap_or_default());
        self.found.comments.push(Comment { text, span: span(start, self.at) });
    }

    fn quote(&mut self) {
        if !self.in_string() {
            self.found.strings.push(span(self.at, self.at));
        }
        if self.rest().starts_with(b"\"\"\"") {
            self.push(Open::Block);
            self.at += 3;
        } else {
            self.push(Open::Line);
            self.at += 1;
        }
    }

    fn in_string(&self) -> bool {
        self.open.iter().any(|open| matches!(open, Open::Line | Open::Block))
    }

    /// The string that just ended, if it was in no other, reaches to here.
    fn end_string(&mut self) {
        if !self.in_string()
            && let Some(last) = self.found.strings.last_mut()
        {
            last.end = span(self.at, self.at).end;
        }
    }

    fn raw(&mut self) {
        if !self.in_string() {
            self.found.strings.push(span(self.at - 1, self.at));
        }
        self.at += 1;
        while !matches!(self.byte(0), b'"' | b'\n') && self.at < self.bytes.len() {
            self.at += 1;
        }
        if self.byte(0) == b'"' {
            self.at += 1;
        }
        self.end_string();
    }

    fn string(&mut self) {
        let block = self.open.last() == Some(&Open::Block);
        match self.byte(0) {
            b'\\' if self.byte(1) != b'\n' => self.at += 2,
            b'$' if self.byte(1) == b'{' => {
                self.at += 1;
                self.push(Open::Interpolation);
                self.at += 1;
                self.edge(Edge::Begin);
            }
            b'"' if !block => {
                self.pop();
                self.at += 1;
                self.end_string();
            }
            b'"' if self.rest().starts_with(b"\"\"\"") => {
                self.pop();
                self.at += 3;
                self.end_string();
            }
            b'\n' => self.newline(),
            _ => {
                self.at += 1;
                let is_plain = |byte: &u8| !matches!(byte, b'\\' | b'$' | b'"' | b'\n');
                self.at += self.rest().iter().take_while(|byte| is_plain(byte)).count();
            }
        }
    }
}

/// Whether an item's head begins with this word.
fn begins_head(word: &str) -> bool {
    matches!(
        word,
        "node"
            | "input"
            | "output"
            | "const"
            | "policy"
            | "group"
            | "secret"
            | "select"
            | "data"
            | "capability"
            | "interface"
            | "relationship"
            | "abstract"
            | "expose"
            | "implement"
            | "fn"
            | "workflow"
            | "use"
            | "test"
            | "blueprint"
    )
}

/// Whether an item's head stands at the start of this text, after blanks.
pub(crate) fn is_item_head(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t']);
    let (first, rest) = word(text);
    // Most lines are told by their first word.
    if !begins_head(first) || !rest.starts_with([' ', '\t']) {
        return false;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (second, after) = word(rest);
    let after = after.trim_start_matches([' ', '\t']);
    let follows = |mark: char| !second.is_empty() && after.starts_with(mark);
    let assigned = follows('=') && !after.starts_with("==");
    let typed =
        |text: &str| second == "type" && text.starts_with(|c: char| c.is_ascii_alphabetic());
    match first {
        "node" | "policy" | "group" => follows(':') || typed(after),
        "input" | "secret" | "select" => follows(':'),
        "const" | "output" => follows(':') || assigned,
        "data" | "capability" | "interface" | "relationship" => typed(after),
        "abstract" => second == "node" && after.starts_with("type "),
        "expose" => assigned,
        "implement" => follows('.'),
        "fn" | "workflow" => follows('('),
        "use" => !second.is_empty() || rest.starts_with('"'),
        "test" => rest.starts_with('"'),
        "blueprint" => !second.is_empty(),
        _ => false,
    }
}

/// The word at the start, and what is behind it.
fn word(text: &str) -> (&str, &str) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut end = text.as_bytes().iter().take_while(|byte| is_word(byte)).count();
    if text.as_bytes().get(end).is_some_and(|byte| !byte.is_ascii()) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    }
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at_checked(if digit { 0 } else { end }).unwrap_or(("", text))
}
