//! The one canonical text of each scalar, and how values are named in messages.

use bp_plan::{Reference, TakenBy, Value};

use crate::{ErrorKind, EvalError};

/// The text of a float: the shortest that reads back as the same number, always with a point or an
/// exponent (`3.0`, `0.25`, `1e300`).
pub fn float_text(x: f64) -> String {
    // -0.0 is the same number as 0.0, and has the same text.
    format!("{:?}", x + 0.0)
}

/// The text of a scalar, as `"${…}"` and `string(…)` write it.
pub fn scalar_text(value: &Value) -> Result<String, EvalError> {
    Ok(match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(x) => float_text(*x),
        Value::String(text) | Value::Version(text) | Value::Timestamp(text) => text.clone(),
        Value::Quantity(quantity) => quantity.to_string(),
        Value::Null
        | Value::Range(..)
        | Value::List(_)
        | Value::Map(_)
        | Value::File(_)
        | Value::Reference(_) => {
            return Err(EvalError::wrong_type(format!(
                "expected a scalar to make text of, found {}",
                described(value)
            )));
        }
    })
}

/// The kind of a value, with its article where it has one: `an int`, `null`, `a list`.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => format!("the bool {b}"),
        Value::Int(i) => format!("the int {i}"),
        Value::Float(x) => format!("the float {}", float_text(*x)),
        Value::String(text) => format!("the string \"{}\"", shorten(text)),
        Value::Quantity(q) => format!("the {} {q}", q.dimension),
        Value::Version(text) => format!("the version {}", shorten(text)),
        Value::Timestamp(text) => format!("the timestamp {}", shorten(text)),
        Value::Range(from, to) => format!("the range {from}..{to}"),
        Value::List(items) => match items.len() {
            0 => "an empty list".to_owned(),
            1 => "a list of 1 element".to_owned(),
            n => format!("a list of {n} elements"),
        },
        Value::Map(entries) => match entries.len() {
            0 => "an empty map".to_owned(),
            _ => format!("a map with {}", named(entries.keys())),
        },
        Value::File(file) => format!("the file {}", shorten(&file.path)),
        Value::Reference(reference) => format!("`{}`", reference_text(reference)),
    }
}

/// A reference, as a person would write it.
pub fn reference_text(reference: &Reference) -> String {
    match reference {
        Reference::Node { node, key: None } => node.clone(),
        Reference::Node { node, key: Some(key) } => format!("{node}[\"{key}\"]"),
        Reference::Group { group } => group.clone(),
        Reference::Element { selection: TakenBy(selection), name } => {
            format!("{selection}[\"{name}\"]")
        }
        Reference::Capability { of, name } => format!("{}.{name}", reference_text(of)),
        Reference::Relationship { of, requirement, index: _ } => {
            format!("{}.{requirement}.via", reference_text(of))
        }
    }
}

/// The first few of these names, in backticks.
pub(crate) fn named<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let all = names.len();
    let shown: Vec<String> = names.take(8).map(|name| format!("`{}`", shorten(name))).collect();
    let list = shown.join(", ");
    if all > shown.len() { format!("{list} and {} more", all - shown.len()) } else { list }
}

/// At most some 60 characters of a text, for a message, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    let line = line.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(60).is_some() { format!("{line}…") } else { line }
}

impl EvalError {
    /// A mistake of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether a fact is missing that was asked for: there is none, or it is not set. In what is asked of a
    /// candidate this means that it does not fit.
    pub fn is_missing_fact(&self) -> bool {
        matches!(self.kind, ErrorKind::MissingKey | ErrorKind::NotSet)
    }

    /// A value of another type than the operation takes.
    pub fn wrong_type(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::WrongType, message)
    }

    /// Something that a function can't work on.
    pub fn bad_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadArgument, message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn floats_have_one_text() {
        for (x, text) in
            [(3.0, "3.0"), (0.25, "0.25"), (1e300, "1e300"), (-0.0, "0.0"), (1e-7, "1e-7")]
        {
            assert_eq!(float_text(x), text);
        }
    }

    #[test]
    fn only_scalars_have_a_text() {
        assert_eq!(scalar_text(&Value::Bool(true)).unwrap(), "true");
        assert_eq!(scalar_text(&Value::Quantity("90m".parse().unwrap())).unwrap(), "1h30m");
        for value in [Value::Null, Value::List(vec![]), Value::Range(1, 2)] {
            assert_eq!(scalar_text(&value).unwrap_err().kind, ErrorKind::WrongType);
        }
    }

    #[test]
    fn long_texts_are_cut_in_messages() {
        let text = described(&Value::String("x".repeat(1000)));
        assert!(text.chars().count() < 90, "{text}");
        assert_eq!(shorten("a\nb"), "a\\nb");
    }
}
