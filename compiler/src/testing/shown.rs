//! Values as a person would write them, as far as there is room.

use std::fmt::Write as _;

use bp_eval::{reference_text, scalar_text};
use bp_plan::Value;

/// How many characters are shown.
const MOST: usize = 160;
/// How many elements of a list or a map are shown.
const ELEMENTS: usize = 8;

/// The value, as it would be written.
pub(super) fn value(value: &Value) -> String {
    let mut text = String::new();
    put(value, 0, &mut text);
    if text.chars().nth(MOST).is_some() {
        text = text.chars().take(MOST).chain(['…']).collect();
    }
    text
}

fn put(value: &Value, depth: usize, text: &mut String) {
    if text.len() > MOST * 4 || depth > 8 {
        text.push('…');
        return;
    }
    match value {
        Value::Null => text.push_str("null"),
        // Writing to a String cannot fail.
        Value::String(inner) => {
            let _ = write!(text, "{inner:?}");
        }
        Value::Range(from, to) => {
            let _ = write!(text, "{from}..{to}");
        }
        Value::File(file) => {
            let _ = write!(text, "file({:?})", file.path);
        }
        Value::Reference(reference) => text.push_str(&reference_text(reference)),
        Value::List(items) => {
            text.push('[');
            let all = items.len();
            for (at, item) in items.iter().take(ELEMENTS).enumerate() {
                comma(at, text);
                put(item, depth + 1, text);
            }
            more(all, text);
            text.push(']');
        }
        Value::Map(entries) if entries.is_empty() => text.push_str("{ }"),
        Value::Map(entries) => {
            text.push_str("{ ");
            for (at, (key, item)) in entries.iter().take(ELEMENTS).enumerate() {
                comma(at, text);
                text.push_str(&key_text(key));
                text.push_str(" = ");
                put(item, depth + 1, text);
            }
            more(entries.len(), text);
            text.push_str(" }");
        }
        scalar => text.push_str(&scalar_text(scalar).unwrap_or_default()),
    }
}

fn comma(at: usize, text: &mut String) {
    if at > 0 {
        text.push_str(", ");
    }
}

fn more(all: usize, text: &mut String) {
    if all > ELEMENTS {
        let _ = write!(text, ", … {} more", all - ELEMENTS);
    }
}

fn key_text(key: &str) -> String {
    let is_name = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { key.to_owned() } else { format!("{key:?}") }
}
