//! Tokens to lines: where they break, how far they are indented, which `=` stand in a column.

use super::interpolation::written;
use super::spacing::Spacing;
use super::tokens::{Kind, Token};

const INDENT: &str = "  ";

/// Words that go on with the line before when they begin one.
const CONTINUE: &[&str] =
    &["and", "or", "in", "not", "then", "else", "where", "via", "by", "extends", "using"];
/// Words after which the line goes on.
const AWAIT: &[&str] =
    &["and", "or", "in", "not", "then", "else", "where", "via", "by", "extends", "if", "for"];

/// A token and what was decided for it.
struct Laid<'a> {
    token: Token<'a>,
    /// Begins a line.
    breaks: bool,
    /// A comma between entries on lines of their own.
    dropped: bool,
    /// A `{` or `}` of a value, not of a block.
    value: bool,
}

/// A line on its way out.
struct Line {
    indent: usize,
    text: String,
    blank_before: bool,
    /// Where its `=` may be pushed to a column: bytes before it, and what it stands with.
    align: Option<Align>,
}

#[derive(PartialEq, Eq)]
struct Align {
    /// Bytes of the text before ` =`.
    at: usize,
    /// Only lines of one block and one form share a column.
    block: usize,
    is_operation: bool,
}

/// The text of these tokens.
pub(super) fn lay_out(tokens: &[Token<'_>]) -> String {
    let mut lines = lines(&decide(tokens));
    align(&mut lines);
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        if line.blank_before && at > 0 {
            text.push('\n');
        }
        for _ in 0..line.indent {
            text.push_str(INDENT);
        }
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

/// These tokens, which are part of a line.
pub(super) fn on_one_line(tokens: &[Token<'_>]) -> String {
    text_of(&decide(tokens))
}

/// Where lines break, which commas go: a `{ }` with a newline of its own has a line for each entry.
fn decide<'a>(tokens: &[Token<'a>]) -> Vec<Laid<'a>> {
    let mut laid: Vec<Laid<'a>> = tokens
        .iter()
        .map(|token| Laid {
            token: *token,
            breaks: token.newlines > 0,
            dropped: false,
            value: false,
        })
        .collect();
    let mut open: Vec<Brackets> = Vec::new();
    let mut before: Option<Token<'_>> = None;
    for at in 0..laid.len() {
        let Some(token) = laid.get(at).map(|laid| laid.token) else { break };
        if token.newlines > 0
            && let Some(brackets) = open.last_mut()
        {
            brackets.has_newline = true;
        }
        match token.kind {
            Kind::Open => open.push(Brackets {
                is_brace: token.text == "{",
                is_value: before.is_none_or(|before| awaits_value(&before)),
                has_newline: false,
                opened: at,
                commas: Vec::new(),
            }),
            Kind::Close => {
                if let Some(brackets) = open.pop() {
                    brackets.settle(&mut laid, at);
                }
            }
            _ if token.text == "," => {
                if let Some(brackets) = open.last_mut() {
                    brackets.commas.push(at);
                }
            }
            _ => {}
        }
        if !matches!(token.kind, Kind::LineComment | Kind::BlockComment) {
            before = Some(token);
        }
    }
    laid
}

/// Open brackets.
struct Brackets {
    is_brace: bool,
    is_value: bool,
    has_newline: bool,
    opened: usize,
    commas: Vec<usize>,
}

impl Brackets {
    fn settle(self, laid: &mut [Laid<'_>], closed: usize) {
        for at in [self.opened, closed] {
            if let Some(laid) = laid.get_mut(at) {
                laid.value = self.is_value;
            }
        }
        if !self.is_brace || !self.has_newline {
            self.drop_idle(laid, closed);
            return;
        }
        break_before(laid, self.opened + 1);
        if let Some(laid) = laid.get_mut(closed) {
            laid.breaks = true;
        }
        for comma in self.commas {
            // The comma of `for k, v in m` separates no entries.
            if !is_binder_comma(laid, comma) {
                if let Some(laid) = laid.get_mut(comma) {
                    laid.dropped = true;
                }
                break_before(laid, comma + 1);
            }
        }
    }

    /// Commas on the line of what they part from nothing: behind the opening bracket, behind another comma, before
    /// the closing one.
    fn drop_idle(&self, laid: &mut [Laid<'_>], closed: usize) {
        let mut parts_nothing = true;
        let mut next = self.opened + 1;
        for comma in &self.commas {
            let has_entry =
                laid.get(next..*comma).is_some_and(|between| !between.iter().all(is_comment));
            parts_nothing &= !has_entry;
            let is_idle = |laid: &Laid<'_>| is_comment(laid) || laid.token.text == ",";
            let is_last = laid.get(comma + 1..closed).is_some_and(|rest| rest.iter().all(is_idle));
            let is_on_line = laid
                .get(comma + 1..=closed)
                .is_some_and(|rest| rest.iter().all(|laid| !laid.breaks));
            if let Some(comma) = laid.get_mut(*comma) {
                comma.dropped = is_last && is_on_line || self.is_brace && parts_nothing;
            }
            parts_nothing = true;
            next = comma + 1;
        }
    }
}

/// Whether a token is a comment.
fn is_comment(laid: &Laid<'_>) -> bool {
    matches!(laid.token.kind, Kind::LineComment | Kind::BlockComment)
}

/// A break before a token, but a comment at the end of a line stays there.
fn break_before(laid: &mut [Laid<'_>], mut at: usize) {
    while let Some(next) = laid.get(at)
        && !next.breaks
        && is_comment(next)
    {
        at += 1;
    }
    if let Some(next) = laid.get_mut(at) {
        next.breaks = true;
    }
}

/// Whether the comma stands between the two names after a `for`.
fn is_binder_comma(laid: &[Laid<'_>], comma: usize) -> bool {
    let text =
        |at: Option<usize>| at.and_then(|at| laid.get(at)).map_or("", |laid| laid.token.text);
    text(comma.checked_sub(2)) == "for" && text(Some(comma + 2)) == "in"
}

/// Whether a `{` after this token is a value.
fn awaits_value(before: &Token<'_>) -> bool {
    match before.kind {
        Kind::Mark => !matches!(before.text, "?" | ">"),
        Kind::Open => true,
        Kind::Word => {
            matches!(
                before.text,
                "and" | "or" | "in" | "not" | "if" | "then" | "where" | "by" | "return"
            )
        }
        _ => false,
    }
}

/// An open bracket, while lines are made.
struct Level {
    /// The indentation of the line that it belongs to.
    indent: usize,
    /// Its number.
    block: usize,
}

fn lines(laid: &[Laid<'_>]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut blocks = 0;
    let mut entry_indent = 0;
    let mut at = 0;
    while at < laid.len() {
        let end = end_of_line(laid, at);
        let line = laid.get(at..end).unwrap_or_default();
        let before = laid.get(..at).unwrap_or_default();
        at = end;
        let closing = line
            .iter()
            .filter(|laid| !laid.dropped)
            .take_while(|laid| laid.token.kind == Kind::Close)
            .count();
        let bracket_indent = match closing.min(levels.len()) {
            0 => levels.last().map_or(0, |level| level.indent + 1),
            popped => levels.get(levels.len() - popped).map_or(0, |level| level.indent),
        };
        let goes_on =
            closing == 0 && continues(before, line_of(laid, before.len(), end), levels.is_empty());
        let indent = bracket_indent + usize::from(goes_on);
        if !goes_on {
            entry_indent = indent;
        }
        let block = levels.last().map_or(0, |level| level.block);
        if let Some(last) = lines.last_mut()
            && goes_on
            && !line.iter().all(|laid| laid.dropped)
        {
            last.align = None;
        }
        let depth = levels.len();
        for laid in line {
            match laid.token.kind {
                Kind::Open => {
                    blocks += 1;
                    let is_block = laid.token.text == "{" && !laid.value;
                    let indent = if is_block { entry_indent } else { indent };
                    levels.push(Level { indent, block: blocks });
                }
                Kind::Close => {
                    levels.pop();
                }
                _ => {}
            }
        }
        let text = text_of(line);
        let is_whole = levels.len() == depth && closing == 0 && !text.contains('\n');
        let align = if is_whole && !goes_on { alignment(line, &text, block) } else { None };
        let opened = before.last().is_some_and(|laid| laid.token.kind == Kind::Open);
        let blank_before =
            line.first().is_some_and(|laid| laid.token.newlines > 1) && closing == 0 && !opened;
        if !text.is_empty() {
            lines.push(Line { indent, text, blank_before, align });
        }
    }
    lines
}

/// Where the line ends that begins with this token.
fn end_of_line(laid: &[Laid<'_>], from: usize) -> usize {
    let breaks = |next: &usize| laid.get(*next).is_some_and(|laid| laid.breaks);
    (from + 1..laid.len()).find(breaks).unwrap_or(laid.len())
}

/// The line from here on; where it has comments alone, the line that they stand above.
fn line_of<'l, 'a>(laid: &'l [Laid<'a>], mut from: usize, mut end: usize) -> &'l [Laid<'a>] {
    while end < laid.len() && laid.get(from..end).is_some_and(|line| line.iter().all(is_comment)) {
        (from, end) = (end, end_of_line(laid, end));
    }
    laid.get(from..end).unwrap_or_default()
}

/// Whether a line goes on with the one before.
fn continues(before: &[Laid<'_>], line: &[Laid<'_>], outside: bool) -> bool {
    let Some(first) = line.iter().find(|laid| !is_comment(laid)) else { return false };
    let Some(last) = before.iter().rev().find(|laid| !is_comment(laid)) else { return false };
    let second = line.iter().filter(|laid| !is_comment(laid)).nth(1);
    let is_key = second.is_some_and(|second| matches!(second.token.text, "=" | ":" | "->"));
    let (first, last) = (&first.token, &last.token);
    let awaits = match last.kind {
        Kind::Mark => !matches!(last.text, "," | "?" | "@" | ">"),
        Kind::Word => AWAIT.contains(&last.text) && !is_name_here(before),
        _ => false,
    };
    let begins = match first.kind {
        Kind::Mark => !matches!(first.text, "..." | "@" | ".." | ","),
        Kind::Word => {
            CONTINUE.contains(&first.text) || outside && matches!(first.text, "for" | "if")
        }
        _ => false,
    };
    begins && !is_key || awaits
}

/// Whether the last word is a name after `.` and not a keyword.
fn is_name_here(before: &[Laid<'_>]) -> bool {
    let mut words = before.iter().rev().map(|laid| laid.token.text);
    words.next();
    matches!(words.next(), Some("." | "?." | "node" | "input" | "output" | "const"))
}

/// The `=` of `key = value` and of `operation a.b = f(…)`.
fn alignment(line: &[Laid<'_>], text: &str, block: usize) -> Option<Align> {
    if block == 0 {
        return None;
    }
    let mut tokens = line.iter().map(|laid| &laid.token);
    let first = tokens.next()?;
    if !matches!(first.kind, Kind::Word | Kind::String) {
        return None;
    }
    let second = tokens.next()?;
    if second.text == "=" {
        return Some(Align { at: first.text.len(), block, is_operation: false });
    }
    if first.text != "operation" || second.kind != Kind::Word {
        return None;
    }
    let mut word = true;
    for token in tokens {
        match token.text {
            "." => word = false,
            "=" => {
                let at = text.find(" =")?;
                return Some(Align { at, block, is_operation: true });
            }
            _ if token.kind == Kind::Word && !word => word = true,
            _ => return None,
        }
    }
    None
}

/// Pushes the `=` of neighbours to one column.
fn align(lines: &mut [Line]) {
    let mut start = 0;
    while start < lines.len() {
        let end = run_end(lines, start);
        let run = lines.get_mut(start..end).unwrap_or_default();
        let width = |line: &Line| {
            line.align
                .as_ref()
                .and_then(|align| line.text.get(..align.at))
                .map_or(0, |key| key.chars().count())
        };
        let widest = run.iter().map(width).max().unwrap_or_default();
        for line in run {
            let pad = widest - width(line);
            if let Some(align) = &line.align {
                line.text.insert_str(align.at, &" ".repeat(pad));
            }
        }
        start = end;
    }
}

/// The first line after `start` that shares no column with it.
fn run_end(lines: &[Line], start: usize) -> usize {
    let Some(first) = lines.get(start).and_then(|line| line.align.as_ref()) else {
        return start + 1;
    };
    let shares = |line: &&Line| {
        !line.blank_before
            && line.align.as_ref().is_some_and(|align| {
                align.block == first.block && align.is_operation == first.is_operation
            })
    };
    start + 1 + lines.get(start + 1..).unwrap_or_default().iter().take_while(shares).count()
}

fn text_of(line: &[Laid<'_>]) -> String {
    let mut text = String::new();
    let mut spacing = Spacing::default();
    let mut before: Option<&Token<'_>> = None;
    for laid in line.iter().filter(|laid| !laid.dropped) {
        let blank = spacing.between(before, &laid.token, laid.value);
        if blank && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&written(&laid.token));
        before = Some(&laid.token);
    }
    text
}
