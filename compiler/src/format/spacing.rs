//! Which tokens of a line have a blank between them.

use super::tokens::{Kind, Token};

/// Words behind which an operand follows, so that a `-` is a sign there.
const BEFORE_OPERAND: &[&str] = &[
    "and", "or", "not", "in", "if", "then", "else", "where", "by", "return", "fail", "wait",
    "until", "assert", "check", "max", "timeout",
];

/// What is known of a line so far.
#[derive(Default)]
pub(super) struct Spacing {
    /// How many `<` of types are open.
    angles: usize,
    /// A type is being written: nothing is compared there.
    in_position: bool,
    /// The line declares a data type.
    is_data: bool,
    /// Nothing stands behind the last token: it is a sign, or the `<` of a type.
    is_tight: bool,
}

impl Spacing {
    /// Whether a blank stands between the two; `value` says that a `{}` is a value.
    pub(super) fn between(
        &mut self,
        before: Option<&Token<'_>>,
        token: &Token<'_>,
        value: bool,
    ) -> bool {
        let is_angle = self.angle(before, token);
        let is_tight = is_sign(before, token) || (is_angle && token.text == "<");
        let was_tight = std::mem::replace(&mut self.is_tight, is_tight);
        let Some(before) = before else { return false };
        if token.kind == Kind::LineComment {
            return true;
        }
        if was_tight || is_angle {
            return false;
        }
        match (before.text, token.text) {
            ("{", "}") => !value,
            ("(" | "[" | "." | "?." | "..." | "@" | "..", _)
            | (_, ")" | "]" | "," | "." | "?." | ".." | ":" | "?") => false,
            // A call, an index, a cardinality: nothing between, as the author had it.
            (_, "(" | "[") if is_operand(before) || may_be_called(before) => token.gap,
            ("?", "[") => token.gap,
            _ => true,
        }
    }

    /// Whether the token is the `<` or `>` of a type.
    fn angle(&mut self, before: Option<&Token<'_>>, token: &Token<'_>) -> bool {
        match token.text {
            "data" if before.is_none() => self.is_data = true,
            ":" | "->" => self.in_position = true,
            "=" => self.in_position = std::mem::take(&mut self.is_data),
            "where" | "{" | "}" | "," | "(" | ")" => self.in_position = false,
            _ => {}
        }
        let opens = token.text == "<"
            && !token.gap
            && before.is_some_and(|before| {
                let may_name = self.in_position && before.kind == Kind::Word;
                may_name || matches!(before.text, "list" | "map")
            });
        if opens {
            self.angles += 1;
            return true;
        }
        let closes = token.text == ">" && self.angles > 0;
        if closes {
            self.angles -= 1;
        }
        closes
    }
}

/// Whether a `-` belongs to what follows it.
fn is_sign(before: Option<&Token<'_>>, token: &Token<'_>) -> bool {
    token.kind == Kind::Mark && token.text == "-" && !before.is_some_and(is_operand)
}

/// Whether a word that an operand follows may be a function's name as well: `max(a, b)`.
fn may_be_called(token: &Token<'_>) -> bool {
    let is_reserved = ["and", "or", "not", "in", "if", "then", "else", "where", "by"];
    token.kind == Kind::Word && !is_reserved.contains(&token.text)
}

/// Whether the token ends an operand.
fn is_operand(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !BEFORE_OPERAND.contains(&token.text),
        Kind::String | Kind::Close | Kind::BlockComment => true,
        _ => token.text == "?" || token.text == ">",
    }
}
