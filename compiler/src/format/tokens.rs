//! The words of a text, with what stood between them.

use crate::source::Span;
use crate::syntax::scan;

/// What a token is, as far as layout cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword, a number.
    Word,
    /// A whole string.
    String,
    /// `// …`, to the end of its line.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// `( [ {`.
    Open,
    /// `) ] }`.
    Close,
    /// Everything else.
    Mark,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// How many newlines stood before it.
    pub(super) newlines: usize,
    /// Whether anything stood before it.
    pub(super) gap: bool,
}

const MARKS: &[&str] = &["...", "..", "->", "==", "!=", "<=", ">=", "??", "?."];

/// The tokens of a text without errors.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let found = scan::scan(text);
    let mut opaque: Vec<(Span, Kind)> = Vec::new();
    opaque.extend(found.strings.iter().map(|span| (*span, Kind::String)));
    for comment in found.comments.iter().chain(&found.documentation) {
        let is_line = comment.text.starts_with("//");
        opaque.push((comment.span, if is_line { Kind::LineComment } else { Kind::BlockComment }));
    }
    opaque.sort_by_key(|(span, _)| *span);
    let mut opaque = opaque.into_iter().peekable();
    let mut tokens = Vec::new();
    let (mut at, mut newlines, mut gap) = (0, 0, false);
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        // Comments inside of strings are parts of these.
        while opaque.peek().is_some_and(|(span, _)| (span.start as usize) < at) {
            opaque.next();
        }
        if first.is_whitespace() {
            newlines += usize::from(first == '\n');
            gap = true;
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = match opaque.peek() {
            Some((span, kind)) if span.start as usize == at => {
                (*kind, (span.end - span.start) as usize)
            }
            _ => plain(rest, first),
        };
        let length = length.max(first.len_utf8());
        let text = rest.get(..length).unwrap_or(rest);
        tokens.push(Token { kind, text, newlines, gap });
        at += text.len();
        (newlines, gap) = (0, false);
    }
    tokens
}

/// A token that is no string and no comment.
fn plain(rest: &str, first: char) -> (Kind, usize) {
    if first.is_ascii_digit() {
        return (Kind::Word, number(rest));
    }
    if first.is_alphanumeric() || first == '_' {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        return (Kind::Word, end.unwrap_or(rest.len()));
    }
    match first {
        '(' | '[' | '{' => (Kind::Open, 1),
        ')' | ']' | '}' => (Kind::Close, 1),
        _ => {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
            (Kind::Mark, mark.map_or(first.len_utf8(), |mark| mark.len()))
        }
    }
}

/// `42`, `3.14`, `1h30m`, `10%`; not the dots of `1..50`.
fn number(rest: &str) -> usize {
    let mut end = 0;
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let goes_on = letter.is_alphanumeric()
            || letter == '_'
            || letter == '.' && next.is_some_and(|next| next.is_ascii_digit());
        if !goes_on {
            return if letter == '%' { at + 1 } else { at };
        }
        end = at + letter.len_utf8();
    }
    end
}
