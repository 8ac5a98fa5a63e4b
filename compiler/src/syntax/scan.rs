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
    /// Where nesting passes the limit, if it does.
    pub(crate) too_deep: Option<Span>,
    /// A `/*` that is never closed.
    pub(crate) open_comment: Option<Span>,
    /// What is open where the text ends, the innermost last.
    pub(crate) open: Vec<Open>,
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
            too_deep: None,
            open_comment: None,
            open: Vec::new(),
        },
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
            b'"' => self.quote(),
            b'r' if self.byte(1) == b'"' && !self.after_word() => self.raw(),
            bracket @ (b'(' | b'[' | b'{') => {
                self.push(Open::Bracket(bracket));
                self.at += 1;
            }
            b')' | b']' => {
                if matches!(self.open.last(), Some(Open::Bracket(_))) {
                    self.pop();
                }
                self.at += 1;
            }
            b'}' => {
                self.pop();
                self.at += 1;
            }
            b'\n' => self.newline(),
            _ => self.at += 1,
        }
        debug_assert!(self.at > start || self.at >= self.bytes.len(), "the scan goes on");
    }

    fn after_word(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// A newline ends `"…"` at any depth, and before an item's head everything.
    fn newline(&mut self) {
        self.at += 1;
        while let Some(line) = self.open.iter().position(|open| *open == Open::Line) {
            while self.open.len() > line {
                self.pop();
            }
        }
        if !self.open.is_empty() && is_item_head(self.text.get(self.at..).unwrap_or_default()) {
            self.open.clear();
            self.depth = 0;
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
            self.found.strings.push(span(self.at, self.at));
        }
        self.at += 2;
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
            _ => self.at += 1,
        }
    }
}

/// Whether an item's head stands at the start of this text, after blanks.
pub(crate) fn is_item_head(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t']);
    let (first, rest) = word(text);
    if first.is_empty() || !rest.starts_with([' ', '\t']) {
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
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at_checked(if digit { 0 } else { end }).unwrap_or(("", text))
}
