//! Functions of text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bp_plan::Value;
use jiff::tz::TimeZoneDatabase;
use regex::Regex;

use super::{Function, at, expected, items, text};
use crate::EvalError;
use crate::budget::check_string;
use crate::text::{scalar_text, shorten};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "string",
        least: 1,
        most: Some(1),
        signature: "string(x: string | int | float | bool | duration | size | frequency | bitrate | percent | version | timestamp) -> string",
        documentation: "The canonical text of a scalar.",
        example: r#"string(90m) == "1h30m""#,
        run: |a| scalar_text(at(a, 0)?).map(Value::String),
    },
    Function {
        name: "split",
        least: 2,
        most: Some(2),
        signature: "split(text: string, separator: string) -> list<string>",
        documentation: "The parts of a text between separators; the empty text has one empty part.",
        example: r#"split("a,b", ",") == ["a", "b"]"#,
        run: |a| {
            let separator = text(a, 1)?;
            if separator.is_empty() {
                return Err(EvalError::bad_argument("the separator is empty"));
            }
            Ok(Value::List(text(a, 0)?.split(separator).map(Value::from).collect()))
        },
    },
    Function {
        name: "join",
        least: 2,
        most: Some(2),
        signature: "join(parts: list<string>, separator: string) -> string",
        documentation: "The texts of scalars with a separator between them.",
        example: r#"join(["a", "b"], "-") == "a-b""#,
        run: |a| {
            let parts: Vec<String> =
                items(a, 0)?.iter().map(scalar_text).collect::<Result<_, _>>()?;
            let separator = text(a, 1)?;
            let length: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
            check_string(length.saturating_sub(separator.len()))?;
            Ok(Value::String(parts.join(separator)))
        },
    },
    Function {
        name: "trim",
        least: 1,
        most: Some(1),
        signature: "trim(text: string) -> string",
        documentation: "The text without white space at its ends.",
        example: r#"trim(" a ") == "a""#,
        run: |a| Ok(text(a, 0)?.trim().into()),
    },
    Function {
        name: "lower",
        least: 1,
        most: Some(1),
        signature: "lower(text: string) -> string",
        documentation: "The text in lower case.",
        example: r#"lower("Ab") == "ab""#,
        run: |a| Ok(text(a, 0)?.to_lowercase().into()),
    },
    Function {
        name: "upper",
        least: 1,
        most: Some(1),
        signature: "upper(text: string) -> string",
        documentation: "The text in upper case.",
        example: r#"upper("Ab") == "AB""#,
        run: |a| Ok(text(a, 0)?.to_uppercase().into()),
    },
    Function {
        name: "replace",
        least: 3,
        most: Some(3),
        signature: "replace(text: string, old: string, new: string) -> string",
        documentation: "The text with every occurrence of one part replaced by another.",
        example: r#"replace("a.b.c", ".", "-") == "a-b-c""#,
        run: replace,
    },
    Function {
        name: "matches",
        least: 2,
        most: Some(2),
        signature: "matches(text: string, pattern: string) -> bool",
        documentation: "Whether a regular expression matches anywhere in the text; `^` and `$` tie it to the ends.",
        example: r#"matches("1.4.0", r"^\d+\.\d+\.\d+$")"#,
        run: |a| Ok(Value::Bool(pattern(text(a, 1)?)?.is_match(text(a, 0)?))),
    },
    Function {
        name: "is_time_zone",
        least: 1,
        most: Some(1),
        signature: "is_time_zone(name: string) -> bool",
        documentation: "Whether the IANA's database has a time zone of this very name: `Europe/Berlin`, `UTC`.",
        example: r#"is_time_zone("Europe/Berlin")"#,
        run: |a| {
            let name = text(a, 0)?;
            let zone = TimeZoneDatabase::bundled().get(name);
            Ok(Value::Bool(zone.is_ok_and(|zone| zone.iana_name() == Some(name))))
        },
    },
    Function {
        name: "starts_with",
        least: 2,
        most: Some(2),
        signature: "starts_with(text: string, start: string) -> bool",
        documentation: "Whether a text begins with another.",
        example: r#"starts_with("abc", "ab")"#,
        run: |a| Ok(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?))),
    },
    Function {
        name: "ends_with",
        least: 2,
        most: Some(2),
        signature: "ends_with(text: string, end: string) -> bool",
        documentation: "Whether a text ends with another.",
        example: r#"ends_with("abc", "bc")"#,
        run: |a| Ok(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?))),
    },
    Function {
        name: "contains",
        least: 2,
        most: Some(2),
        signature: "contains(of: string | list<T> | map<T>, x: T) -> bool",
        documentation: "Whether a text has this part, a list this element, a map this key.",
        example: r#"contains("abc", "b") and contains([1, 2], 2)"#,
        run: |a| match (at(a, 0)?, at(a, 1)?) {
            (Value::String(of), Value::String(part)) => Ok(Value::Bool(of.contains(part.as_str()))),
            (Value::String(_), other) => Err(expected("a string to look for", other)),
            (of, x) => crate::operators::contains(of, x).map(Value::Bool),
        },
    },
];

fn replace(arguments: &[Value]) -> Result<Value, EvalError> {
    let (of, old, new) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    if old.is_empty() {
        return Err(EvalError::bad_argument("what is to be replaced is empty"));
    }
    let times = of.matches(old).count();
    check_string((of.len() - times * old.len()).saturating_add(times.saturating_mul(new.len())))?;
    Ok(Value::String(of.replace(old, new)))
}

/// The compiled pattern. Patterns stand in types and are used again and again, so some are kept.
fn pattern(text: &str) -> Result<Regex, EvalError> {
    const KEPT: usize = 64;
    thread_local! {
        static PATTERNS: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
    }
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(known) = patterns.get(text) {
            return Ok(known.clone());
        }
        let compiled = Regex::new(text).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            EvalError::bad_argument(format!(
                "`{}` is no regular expression: {reason}",
                shorten(text)
            ))
        })?;
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(text.to_owned(), compiled.clone());
        Ok(compiled)
    })
}
