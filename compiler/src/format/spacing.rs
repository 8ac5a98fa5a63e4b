//! Which tokens of a line have a blank between them.

use super::tokens::{Kind, Token};

/// Words that are never the name of a value: an operand follows, so that a `-` is a sign there.
const RESERVED: &[&str] = &["and", "or", "not", "in", "if", "then", "else", "where", "by"];
/// Words that begin a statement or a clause in one place and are names in another: `max 5`, `max(a, b)`.
const EITHER: &[&str] = &["return", "fail", "wait", "until", "assert", "check", "max", "timeout"];

/// What is known of a line so far.
#[derive(Default)]
pub(super) struct Spacing {
    /// How many `<` of types are open.
    angles: usize,
    /// A type is being written: nothing is compared there.
    in_position: bool,
    /// The line declares a data type.
    is_data: bool,
    last: Last,
}

/// What the last token is to the one after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    /// It ends an operand.
    Operand,
    /// Nothing stands behind it: it is a sign, or the `<` of a type.
    Tight,
    #[default]
    Other,
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
        let after_operand = self.last == Last::Operand;
        let was_tight = self.last == Last::Tight;
        let is_sign = token.kind == Kind::Mark && token.text == "-" && !after_operand;
        self.last = if is_sign || (is_angle && token.text == "<") {
            Last::Tight
        } else if is_operand(before, after_operand, token) {
            Last::Operand
        } else {
            Last::Other
        };
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
            // A call, an index, a cardinality: nothing between, as the author had it. Where a word may
            // be a name, only the blank tells.
            (word, "(" | "[") if after_operand || EITHER.contains(&word) => token.gap,
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

/// Whether the token ends an operand.
fn is_operand(before: Option<&Token<'_>>, after_operand: bool, token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !is_keyword(before, after_operand, token.text),
        Kind::String | Kind::Close => true,
        Kind::BlockComment => after_operand,
        _ => token.text == "?" || token.text == ">",
    }
}

/// Whether the word is a keyword before an operand, by what stands before it.
fn is_keyword(before: Option<&Token<'_>>, after_operand: bool, word: &str) -> bool {
    let before = before.map(|before| before.text);
    match word {
        // A member may have any name, and so may an operation.
        _ if RESERVED.contains(&word) => !matches!(before, Some("." | "?." | "operation")),
        "until" => before == Some("wait"),
        "max" | "timeout" => after_operand,
        _ if EITHER.contains(&word) => matches!(before, None | Some("{")),
        _ => false,
    }
}
