//! What one evaluation may cost: it always ends, and never fills the machine.

use bp_plan::Value;

use crate::{ErrorKind, EvalError};

/// Most bytes of a string.
pub const MAX_STRING: usize = 16 << 20;
/// Most elements of a list or map, and most turns of a loop.
pub const MAX_ELEMENTS: usize = 1_000_000;
/// Most steps of one evaluation; each part of an expression that is looked at is one.
pub const MAX_STEPS: u64 = 10_000_000;
/// Most bytes of values that one evaluation may copy, make or keep.
pub const MAX_BYTES: usize = 256 << 20;
/// As [`MAX_BYTES`], of what is evaluated while compiling: source text alone says how large it is, so
/// a few lines must not be able to fill the machine.
pub const MAX_FOLDED_BYTES: usize = 128 << 20;

/// What is left of the steps and bytes.
#[derive(Debug)]
pub struct Budget {
    steps: u64,
    bytes: usize,
    /// How many bytes there were.
    most: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MAX_BYTES)
    }
}

impl Budget {
    /// With so many bytes.
    pub(crate) fn of(most: usize) -> Self {
        Self { steps: MAX_STEPS, bytes: most, most }
    }

    /// One more step.
    pub(crate) fn step(&mut self) -> Result<(), EvalError> {
        self.steps = self.steps.checked_sub(1).ok_or_else(|| {
            too_large(format!("the expression takes more than {MAX_STEPS} steps"))
        })?;
        Ok(())
    }

    /// So many more bytes of values.
    pub(crate) fn bytes(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| {
            too_large(format!("the expression makes more than {} MiB of values", self.most >> 20))
        })?;
        Ok(())
    }

    /// A copy or a new value, which is soon gone: what it holds beside itself.
    pub(crate) fn weigh(&mut self, value: &Value) -> Result<(), EvalError> {
        self.bytes(weight(value) - size_of::<Value>())
    }

    /// A value that stays as long as what it is an element of: itself, too.
    pub(crate) fn keep(&mut self, value: &Value) -> Result<(), EvalError> {
        self.bytes(weight(value))
    }

    /// The elements of a literal, whose content was weighed.
    pub(crate) fn keep_elements(&mut self, count: usize) -> Result<(), EvalError> {
        self.bytes(count.saturating_mul(size_of::<Value>()))
    }
}

/// About how many bytes a value takes.
pub fn weight(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::String(text) | Value::Version(text) | Value::Timestamp(text) => text.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| size_of::<String>() + key.len() + weight(value)).sum()
        }
        Value::File(file) => file.path.len() + file.digest.as_str().len(),
        Value::Reference(_) => 64,
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Quantity(_)
        | Value::Range(..) => 0,
    }
}

/// Refuses a string of so many bytes.
pub(crate) fn check_string(bytes: usize) -> Result<(), EvalError> {
    if bytes > MAX_STRING {
        return Err(too_large(format!(
            "the string has {bytes} bytes, more than {} MiB",
            MAX_STRING >> 20
        )));
    }
    Ok(())
}

/// Refuses so many elements.
pub(crate) fn check_elements(elements: usize) -> Result<(), EvalError> {
    if elements > MAX_ELEMENTS {
        return Err(too_large(format!(
            "{elements} elements are more than the {MAX_ELEMENTS} that an expression may go through"
        )));
    }
    Ok(())
}

/// Refuses strings and lists that are too large, however deep in the value.
pub(crate) fn check_size(value: &Value) -> Result<(), EvalError> {
    match value {
        Value::String(text) => check_string(text.len()),
        Value::List(items) => {
            check_elements(items.len())?;
            items.iter().try_for_each(check_size)
        }
        Value::Map(entries) => {
            check_elements(entries.len())?;
            entries.values().try_for_each(check_size)
        }
        _ => Ok(()),
    }
}

fn too_large(message: String) -> EvalError {
    EvalError::new(ErrorKind::TooLarge, message)
}
