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
    /// How many `list<` and `map<` are open.
    angles: usize,
    /// Whether the last `<` or `>` belongs to a type.
    in_type: bool,
    /// Whether the last token is a sign.
    sign: bool,
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
        let was_sign = std::mem::replace(&mut self.sign, is_sign(before, token));
        let after_angle = std::mem::replace(&mut self.in_type, is_angle && token.text == "<");
        let Some(before) = before else { return false };
        if token.kind == Kind::LineComment {
            return true;
        }
        if was_sign || after_angle || is_angle {
            return false;
        }
        match (before.text, token.text) {
            ("{", "}") => !value,
            ("(" | "[" | "." | "?." | "..." | "@" | "..", _)
            | (_, ")" | "]" | "," | "." | "?." | ".." | ":" | "?") => false,
            // A call, an index, a cardinality: nothing between, as the author had it.
            (_, "(" | "[") if is_operand(before) => token.gap,
            ("?", "[") => token.gap,
            _ => true,
        }
    }

    /// Whether the token is the `<` or `>` of a type.
    fn angle(&mut self, before: Option<&Token<'_>>, token: &Token<'_>) -> bool {
        let opens = token.text == "<"
            && !token.gap
            && before.is_some_and(|before| matches!(before.text, "list" | "map"));
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

/// Whether the token ends an operand.
fn is_operand(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !BEFORE_OPERAND.contains(&token.text),
        Kind::String | Kind::Close | Kind::BlockComment => true,
        _ => token.text == "?" || token.text == ">",
    }
}
