//! Numbers, with and without a unit.

use super::peg::Pair;
use bp_plan::quantity::{QuantityError, UNITS};
use bp_plan::{Quantity, Value};

use super::ast::{Expr, ExprKind};
use super::grammar::Rule;
use super::lowering::{Lowering, offset, span};
use crate::diagnostics::{near, slips as says_slips, syntax as says};
use crate::source::Span;

/// How long a number may be that is written out for one with an exponent.
const MOST_DIGITS: usize = 18;

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
        let rest = self.source.text().get(at.span.start as usize..).unwrap_or_default();
        if let Some((length, decimal)) = foreign_number(rest) {
            let text = shortened(rest.get(..length).unwrap_or_default());
            let end = at.span.start + offset(length);
            let at = self.at(Span::new(at.span.start, end));
            self.report(says_slips::foreign_number(at, &text, decimal));
            return None;
        }
        let text = shortened(pair.as_str());
        match bare.parse::<Quantity>() {
            Ok(quantity) => return Some(Value::Quantity(quantity)),
            Err(QuantityError::UnknownUnit { unit, nearest }) => {
                let like = units_like(&unit);
                // One letter says neither whether it is a thousand or 1,024, nor of what.
                let is_prefix = matches!(unit.as_str(), "k" | "K" | "M" | "G" | "T" | "P");
                if is_prefix {
                    self.report(says::unit_without_measure(at, &text, &unit));
                    return None;
                }
                let nearest = nearest.or(match like.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                });
                let fixed = nearest.map(|nearest| text.replacen(&unit, nearest, 1));
                self.report(says::unknown_unit(at, &shortened(&unit), nearest, fixed, &like));
            }
            Err(error) => self.report(says::bad_number(at, &text, &error.to_string())),
        }
        None
    }
}

/// The units that differ from this in one letter.
fn units_like(unit: &str) -> Vec<&'static str> {
    let names = UNITS.iter().map(|(name, ..)| *name);
    let is_doubled = |name: &str| unit.len() == name.len() + 1 && unit.starts_with(name);
    names.filter(|name| is_doubled(name) || near(unit, [*name]).is_some()).collect()
}

/// `0x1F`, `0b101`, `0o17`, `1.5e3`: how long it is, and the number in decimal where that fits.
fn foreign_number(text: &str) -> Option<(usize, Option<String>)> {
    let length = |text: &str| {
        text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
    };
    for (mark, base) in [('x', 16), ('b', 2), ('o', 8)] {
        let Some(digits) = text
            .strip_prefix('0')
            .and_then(|rest| rest.strip_prefix([mark, mark.to_ascii_uppercase()]))
        else {
            continue;
        };
        let digits = digits.get(..length(digits))?;
        let bare = digits.replace('_', "");
        if bare.is_empty() || !bare.chars().all(|c| c.is_digit(base)) {
            return None;
        }
        let value = i64::from_str_radix(&bare, base).ok();
        return Some((2 + digits.len(), value.map(|value| value.to_string())));
    }
    let mantissa = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '_' | '.')))?;
    let (mantissa, rest) = text.split_at_checked(mantissa)?;
    let exponent = rest.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let end = length(digits);
    let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse::<usize>().ok().filter(|power| *power <= MOST_DIGITS);
    let decimal = power.map(|power| shifted(mantissa, power, exponent.starts_with('-')));
    let whole = text.len() - rest.len()
        + 1
        + (exponent.len() - exponent.trim_start_matches(['+', '-']).len());
    Some((whole + end, decimal.filter(|decimal| decimal.len() <= MOST_DIGITS)))
}

/// A decimal number with its point so many digits further right, or left.
fn shifted(number: &str, by: usize, is_left: bool) -> String {
    let bare = number.replace('_', "");
    let (whole, part) = bare.split_once('.').unwrap_or((&bare, ""));
    let zeros = "0".repeat(by);
    let (whole, part) = if is_left {
        let digits = format!("{zeros}{whole}");
        let (whole, moved) = digits.split_at_checked(digits.len() - by).unwrap_or_default();
        (whole.to_owned(), format!("{moved}{part}"))
    } else {
        let digits = format!("{part}{zeros}");
        let (moved, part) = digits.split_at_checked(by).unwrap_or_default();
        (format!("{whole}{moved}"), part.to_owned())
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
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

#[cfg(test)]
mod tests {
    use super::foreign_number;

    #[test]
    fn numbers_of_other_languages_are_written_out() {
        for (text, decimal) in [
            ("0x1F", "31"),
            ("0XfF", "255"),
            ("0xdead_beef", "3735928559"),
            ("0b101", "5"),
            ("0o17", "15"),
            ("1e5", "100000"),
            ("1E+2", "100"),
            ("1e-3", "0.001"),
            ("12.50e1", "125"),
            ("12.5e0", "12.5"),
            ("1.25e1", "12.5"),
            ("250e-2", "2.5"),
            ("1_0e1", "100"),
            ("0e0", "0"),
        ] {
            let found = foreign_number(&format!("{text} + 1"));
            assert_eq!(found, Some((text.len(), Some(decimal.to_owned()))), "{text}");
        }
        for text in ["0xFFFFFFFFFFFFFFFFF", "1e400", "1e99999999999999999999999", "1e18"] {
            assert_eq!(foreign_number(text), Some((text.len(), None)), "{text}");
        }
        for text in ["0x", "0b2", "0o8", "0xG", "1e", "1e-", "1em", "1e5m", "5m", "1EB", "0B"] {
            assert_eq!(foreign_number(text), None, "{text}");
        }
    }
}
