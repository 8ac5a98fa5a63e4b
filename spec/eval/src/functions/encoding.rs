//! Encodings: JSON, YAML, base64, SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bp_plan::{Digest, Value};

use super::{Function, at, text};
use crate::EvalError;
use crate::budget::check_string;
use crate::json::{to_json, untyped};
use crate::typed::ValueError;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "json_encode",
        least: 1,
        most: Some(1),
        signature: "json_encode(x: json) -> string",
        documentation: "The value as JSON, without blanks, keys in order.",
        example: r#"json_encode({ b = [1, true], a = null }) == "{\"a\":null,\"b\":[1,true]}""#,
        run: |a| {
            let json = to_json(at(a, 0)?).map_err(|error| unfit(&error))?;
            Ok(Value::String(json.to_string()))
        },
    },
    Function {
        name: "json_decode",
        least: 1,
        most: Some(1),
        signature: "json_decode(text: string) -> json",
        documentation: "The value that a JSON text stands for.",
        example: r#"json_decode("[1, 2]") == [1, 2]"#,
        run: |a| {
            let json = serde_json::from_str(text(a, 0)?).map_err(|error| {
                EvalError::bad_argument(format!("the text is no JSON: {error}"))
            })?;
            untyped(json).map_err(|error| unfit(&error))
        },
    },
    Function {
        name: "yaml_encode",
        least: 1,
        most: Some(1),
        signature: "yaml_encode(x: json) -> string",
        documentation: "The value as a YAML document, keys in order.",
        example: r#"yaml_encode({ a = [1] }) == "a:\n- 1\n""#,
        run: |a| {
            let json = to_json(at(a, 0)?).map_err(|error| unfit(&error))?;
            serde_saphyr::to_string(&json).map(Value::String).map_err(|error| {
                EvalError::bad_argument(format!("the value has no form in YAML: {error}"))
            })
        },
    },
    Function {
        name: "yaml_decode",
        least: 1,
        most: Some(1),
        signature: "yaml_decode(text: string) -> json",
        documentation: "The value that a YAML document stands for (YAML 1.2: `no` is a string).",
        example: r#"yaml_decode("a: [1, no]") == { a = [1, "no"] }"#,
        run: |a| {
            let options = serde_saphyr::options! {
                strict_booleans: true,
                underscored_numbers_as_strings: true,
            };
            let json: serde_json::Value = serde_saphyr::from_str_with_options(text(a, 0)?, options)
                .map_err(|error| {
                    let reason = error.to_string();
                    let first = reason.lines().next().unwrap_or_default();
                    EvalError::bad_argument(format!("the text is no YAML document: {first}"))
                })?;
            untyped(json).map_err(|error| unfit(&error))
        },
    },
    Function {
        name: "base64",
        least: 1,
        most: Some(1),
        signature: "base64(text: string) -> string",
        documentation: "The bytes of a text in base64, with padding.",
        example: r#"base64("hello") == "aGVsbG8=""#,
        run: |a| {
            let plain = text(a, 0)?;
            check_string(plain.len().div_ceil(3) * 4)?;
            Ok(Value::String(STANDARD.encode(plain)))
        },
    },
    Function {
        name: "base64_decode",
        least: 1,
        most: Some(1),
        signature: "base64_decode(text: string) -> string",
        documentation: "The text whose bytes these are in base64; an error where they are no UTF-8.",
        example: r#"base64_decode("aGVsbG8=") == "hello""#,
        run: |a| {
            let bytes = STANDARD.decode(text(a, 0)?.trim()).map_err(|error| {
                EvalError::bad_argument(format!("the text is no base64: {error}"))
            })?;
            String::from_utf8(bytes)
                .map(Value::String)
                .map_err(|_| EvalError::bad_argument("what it holds is no text (UTF-8)"))
        },
    },
    Function {
        name: "sha256",
        least: 1,
        most: Some(1),
        signature: "sha256(text: string) -> string",
        documentation: "The SHA-256 of a text's bytes, in hexadecimal digits.",
        example: r#"starts_with(sha256(""), "e3b0c44298fc1c14")"#,
        run: |a| Ok(Digest::of(text(a, 0)?.as_bytes()).hex().into()),
    },
];

fn unfit(error: &ValueError) -> EvalError {
    EvalError::bad_argument(error.to_string())
}
