//! Numbers, with and without a unit.

use super::peg::Pair;
use bp_plan::quantity::QuantityError;
use bp_plan::{Quantity, Value};

use super::ast::{Expr, ExprKind};
use super::grammar::Rule;
use super::lowering::{Lowering, span};
use crate::diagnostics::syntax as says;

/// Whether a part of an expression is a literal with text.
pub(super) fn is_literal(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::number
            | Rule::plain_string
            | Rule::raw_string
            | Rule::block_string
            | Rule::open_block
    )
}

impl Lowering<'_> {
    /// `42`, `1_000`, `3.14`, `1h30m`, `10%`.
    pub(super) fn number(&mut self, pair: &Pair<'_>) -> Expr {
        let at = span(pair);
        let text = pair.as_str();
        let bare: String = text.chars().filter(|c| *c != '_').collect();
        let plain = bare.chars().all(|c| c.is_ascii_digit() || c == '.');
        let value = if !plain {
            self.quantity(pair, &bare)
        } else if bare.contains('.') {
            match bare.parse::<f64>() {
                Ok(number) if number.is_finite() => Some(Value::Float(number)),
                _ => {
                    self.report(says::bad_number(self.at(at), text, "it is too large"));
                    None
                }
            }
        } else if bare.trim_start_matches('0') == "9223372036854775808" {
            // Right only after a `-`, which takes it out of the list.
            self.minimums.push(at);
            Some(Value::Int(i64::MAX))
        } else if let Ok(number) = bare.parse::<i64>() {
            Some(Value::Int(number))
        } else {
            let why = "it needs more than 64 bits";
            self.report(says::bad_number(self.at(at), &shortened(text), why));
            None
        };
        Expr { kind: value.map_or(ExprKind::Missing, ExprKind::Literal), span: at }
    }

    fn quantity(&mut self, pair: &Pair<'_>, bare: &str) -> Option<Value> {
        let at = self.at(span(pair));
        let text = shortened(pair.as_str());
        match bare.parse::<Quantity>() {
            Ok(quantity) => return Some(Value::Quantity(quantity)),
            Err(QuantityError::UnknownUnit { unit, nearest }) => {
                let fixed = nearest.map(|nearest| text.replacen(&unit, nearest, 1));
                self.report(says::unknown_unit(at, &shortened(&unit), nearest, fixed));
            }
            Err(error) => self.report(says::bad_number(at, &text, &error.to_string())),
        }
        None
    }
}

/// A text that a message can hold.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    let start: String = text.chars().take(37).collect();
    format!("{start}…")
}
