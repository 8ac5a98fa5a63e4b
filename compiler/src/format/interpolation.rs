//! Strings as they are written: what is put into one has the layout of an expression, without blanks at its ends.
//!
//! What goes over several lines stays as it is.

use std::borrow::Cow;

use super::layout;
use super::tokens::{Kind, Token, tokens};
use crate::syntax::scan::{self, Edge};

/// The token as it is written.
pub(super) fn written<'a>(token: &Token<'a>) -> Cow<'a, str> {
    let text = token.text.trim_end();
    if token.kind != Kind::String || !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut written = String::new();
    let mut from = 0;
    for (start, end) in outermost(text) {
        let Some(inner) = text.get(start..end).filter(|inner| !inner.contains('\n')) else {
            continue;
        };
        written.push_str(text.get(from..start).unwrap_or_default());
        written.push_str(&layout::on_one_line(&tokens(inner)));
        from = end;
    }
    written.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(written)
}

/// What is put into a string, but for what is put into another string in there.
fn outermost(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for edge in scan::scan(text).interpolations {
        match edge {
            Edge::Begin(at) => {
                if depth == 0 {
                    start = at as usize;
                }
                depth += 1;
            }
            Edge::End(at) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    found.push((start, at as usize));
                }
            }
        }
    }
    found
}
