//! Strings: escapes, `${}`, and the indentation of blocks.

use super::peg::Pair;
use bp_plan::Value;

use super::ast::{Expr, ExprKind};
use super::grammar::Rule;
use super::lowering::{Lowering, Parts, offset, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

/// A part of a string, on its way to be one.
enum Piece {
    /// Text as it stands in the file: a block loses its indentation here.
    Raw(String, Span),
    /// What an escape means: it is no indentation.
    Escaped(char, Span),
    /// `${e}`.
    Value(Expr),
}

impl Lowering<'_> {
    /// `"…"`, `r"…"`, `"""…"""`.
    pub(super) fn string(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        match pair.as_rule() {
            Rule::plain_string => self.plain_string(pair),
            Rule::raw_string => self.raw_string(pair),
            Rule::block_string => self.block_string(pair),
            _ => {
                let opening = Span::new(at.start, at.start + 3);
                self.report(says::unclosed_string(self.at(opening), "\"\"\""));
                Expr { kind: ExprKind::Missing, span: at }
            }
        }
    }

    /// The text of a quoted key, which has no `${}`.
    pub(super) fn flat_string(&mut self, pair: &P<'_>) -> String {
        let at = span(pair);
        let inner = pair.as_str();
        let inner = inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default();
        let mut text = String::new();
        let mut rest = inner;
        while let Some((before, after)) = rest.split_once('\\') {
            text.push_str(before);
            let start = at.start + 1 + offset(inner.len() - after.len() - 1);
            let length = escape_length(after);
            let (escape, behind) = after.split_at_checked(length).unwrap_or((after, ""));
            text.extend(self.escape(escape, Span::new(start, start + 1 + offset(escape.len()))));
            rest = behind;
        }
        text.push_str(rest);
        text
    }

    fn plain_string(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut end = at.end - 1;
        let mut pieces = Vec::new();
        let mut from = at.start + 1;
        let mut parts = Parts::of(pair);
        while let Some(part) = parts.next() {
            let here = span(&part);
            match part.as_rule() {
                Rule::missing_quote => {
                    let opening = Span::new(at.start, at.start + 1);
                    self.report(says::unclosed_string(self.at(opening), "\""));
                    end = at.end;
                }
                _ => self.piece(part, &mut from, here, &mut pieces),
            }
        }
        self.raw_piece(from, end, &mut pieces);
        string_of(pieces, at)
    }

    fn raw_string(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let is_open = Parts::of(pair).take(Rule::missing_quote).is_some();
        if is_open {
            self.report(says::unclosed_string(self.at(Span::new(at.start, at.start + 2)), "\""));
        }
        let end = if is_open { at.end } else { at.end - 1 };
        let text = self.source.slice(Span::new(at.start + 2, end)).to_owned();
        Expr { kind: ExprKind::Literal(Value::String(text)), span: at }
    }

    /// The lines between the quotes, without what the closing line is indented by.
    fn block_string(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let text = pair.as_str();
        let first = text.find('\n').map_or(at.end, |newline| at.start + offset(newline) + 1);
        let mut pieces = Vec::new();
        let mut from = first;
        let mut indentation = None;
        let mut end = at.end;
        let mut parts = Parts::of(pair);
        while let Some(part) = parts.next() {
            let here = span(&part);
            if part.as_rule() == Rule::block_close {
                indentation = Some(part.as_str().trim_end_matches('"').to_owned());
                end = here.start;
            } else {
                self.piece(part, &mut from, here, &mut pieces);
            }
        }
        self.raw_piece(from, end, &mut pieces);
        let mut pieces = without_indentation(pieces, &indentation.unwrap_or_default());
        // The newline before the closing line belongs to the quotes.
        if let Some(Piece::Raw(last, _)) = pieces.last_mut()
            && last.ends_with('\n')
        {
            last.pop();
        }
        string_of(pieces, at)
    }

    fn piece(&mut self, part: P<'_>, from: &mut u32, here: Span, pieces: &mut Vec<Piece>) {
        match part.as_rule() {
            Rule::escape => {
                self.raw_piece(*from, here.start, pieces);
                let text = part.as_str().get(1..).unwrap_or_default().to_owned();
                if let Some(character) = self.escape(&text, here) {
                    pieces.push(Piece::Escaped(character, here));
                }
            }
            Rule::interp | Rule::binterp => {
                self.raw_piece(*from, here.start, pieces);
                pieces.push(Piece::Value(self.interpolation(part)));
            }
            _ => return,
        }
        *from = here.end;
    }

    fn raw_piece(&mut self, from: u32, to: u32, pieces: &mut Vec<Piece>) {
        if to > from {
            let at = Span::new(from, to);
            let text = self.source.slice(at).replace("\r\n", "\n");
            pieces.push(Piece::Raw(text, at));
        }
    }

    fn interpolation(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let value = self.next_expr(&mut parts, at);
        if parts.take(Rule::missing_brace).is_some() {
            self.unclosed(Span::new(at.start, at.start + 2), "${", "}");
        }
        if let Some(junk) = parts.take(Rule::junk_interp) {
            self.junk_inside(&junk, "an operator or `}`");
        }
        value
    }

    /// What the text after a backslash means.
    fn escape(&mut self, text: &str, at: Span) -> Option<char> {
        let known = match text.chars().next() {
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            Some('r') => Some('\r'),
            Some(same @ ('\\' | '"' | '$')) => Some(same),
            Some('u') => text
                .strip_prefix("u{")
                .and_then(|code| code.strip_suffix('}'))
                .and_then(|code| u32::from_str_radix(code, 16).ok())
                .and_then(char::from_u32),
            _ => None,
        };
        if known.is_none() {
            self.report(says::bad_escape(self.at(at), &format!("\\{text}")));
        }
        known
    }
}

/// How long the escape is whose text after the backslash starts here.
fn escape_length(after: &str) -> usize {
    if after.starts_with("u{")
        && let Some(end) = after.find('}')
    {
        return end + 1;
    }
    after.chars().next().map_or(0, char::len_utf8)
}

/// Takes the indentation off the start of each line.
fn without_indentation(pieces: Vec<Piece>, indentation: &str) -> Vec<Piece> {
    let mut at_line_start = true;
    let mut stripped = Vec::new();
    for piece in pieces {
        let piece = match piece {
            Piece::Raw(text, at) => {
                let mut result = String::new();
                for line in text.split_inclusive('\n') {
                    let line = if at_line_start { without_prefix(line, indentation) } else { line };
                    result.push_str(line);
                    at_line_start = line.ends_with('\n');
                }
                Piece::Raw(result, at)
            }
            other => {
                at_line_start = false;
                other
            }
        };
        stripped.push(piece);
    }
    stripped
}

/// As much of the indentation as the line has.
fn without_prefix<'a>(line: &'a str, indentation: &str) -> &'a str {
    let common = line.bytes().zip(indentation.bytes()).take_while(|(a, b)| a == b).count();
    line.get(common..).unwrap_or_default()
}

/// A literal where nothing is computed, else the parts.
fn string_of(pieces: Vec<Piece>, at: Span) -> Expr {
    let mut parts: Vec<Expr> = Vec::new();
    for piece in pieces {
        let (text, here) = match piece {
            Piece::Raw(text, here) => (text, here),
            Piece::Escaped(character, here) => (character.to_string(), here),
            Piece::Value(value) => {
                parts.push(Expr {
                    kind: ExprKind::Paren(Box::new(value.clone())),
                    span: value.span,
                });
                continue;
            }
        };
        match parts.last_mut() {
            Some(Expr { kind: ExprKind::Literal(Value::String(before)), span }) => {
                before.push_str(&text);
                span.end = here.end;
            }
            _ => parts.push(Expr { kind: ExprKind::Literal(Value::String(text)), span: here }),
        }
    }
    let is_computed = parts.iter().any(|part| matches!(part.kind, ExprKind::Paren(_)));
    if !is_computed {
        let text = match parts.pop().map(|part| part.kind) {
            Some(ExprKind::Literal(Value::String(text))) => text,
            _ => String::new(),
        };
        return Expr { kind: ExprKind::Literal(Value::String(text)), span: at };
    }
    let parts = parts
        .into_iter()
        .map(|part| match part.kind {
            ExprKind::Paren(value) => *value,
            kind => Expr { kind, span: part.span },
        })
        .collect();
    Expr { kind: ExprKind::Interpolation(parts), span: at }
}
