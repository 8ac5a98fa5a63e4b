//! The built-in functions: one table, one file for each group.
//!
//! All arguments are evaluated before; a function sees values only, and is a pure function of
//! them. `file` and `read` are the compiler's own, since they read the sources; a template is a form of
//! expression by itself.

mod collections;
mod encoding;
mod forms;
mod network;
mod numbers;
mod strings;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bp_plan::{Plan, Value};

use crate::budget::check_size;
use crate::text::described;
use crate::{ErrorKind, EvalError};

pub use forms::{BINDING, Form, OF_FILES, OF_PREFER, form};

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Fewest arguments.
    pub least: usize,
    /// Most arguments; `None` for any number.
    pub most: Option<usize>,
    /// Parameters and result, as the language writes them.
    pub signature: &'static str,
    /// What it does, in one sentence.
    pub documentation: &'static str,
    /// An expression that is true.
    pub example: &'static str,
    run: fn(&[Value]) -> Result<Value, EvalError>,
}

/// Every built-in function by its name, with arity, signature, documentation and an example.
pub static NAMES: LazyLock<BTreeMap<&'static str, &'static Function>> = LazyLock::new(|| {
    [
        strings::FUNCTIONS,
        numbers::FUNCTIONS,
        collections::FUNCTIONS,
        encoding::FUNCTIONS,
        network::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
    .map(|function| (function.name, function))
    .collect()
});

/// The functions that bind a name over a collection: `all(n in shop, n.ready)`.
pub const BINDERS: &[&str] =
    &["all", "any", "count", "sum", "min", "max", "sort", "unique_by", "group_by"];

/// The functions that a plan uses and this version does not have: it is from a newer compiler.
pub fn unknown(plan: &Plan) -> Vec<&str> {
    let known = |name: &&str| {
        NAMES.contains_key(name) || BINDERS.contains(name) || COMPREHENSIONS.contains(name)
    };
    bp_plan::validate::functions(plan).into_iter().filter(|name| !known(name)).collect()
}

/// The binders that comprehensions and choices are written as.
const COMPREHENSIONS: &[&str] = &["list", "map", "choose"];

/// Calls a built-in function; `None` where there is none of this name.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Option<Result<Value, EvalError>> {
    let function = NAMES.get(name)?;
    Some(function.call(arguments))
}

impl Function {
    /// The function's value for these arguments.
    pub fn call(&self, arguments: &[Value]) -> Result<Value, EvalError> {
        let found = arguments.len();
        if found < self.least || self.most.is_some_and(|most| found > most) {
            let takes = match (self.least, self.most) {
                (1, Some(1)) => "1 argument".to_owned(),
                (least, Some(most)) if least == most => format!("{least} arguments"),
                (least, Some(most)) => format!("{least} to {most} arguments"),
                (least, None) => format!("{least} arguments or more"),
            };
            return Err(EvalError::bad_argument(format!(
                "`{}` takes {takes}, found {found}",
                self.name
            )));
        }
        let value = (self.run)(arguments).map_err(|error| EvalError {
            kind: error.kind,
            message: format!("`{}`: {}", self.name, error.message),
        })?;
        check_size(&value)?;
        Ok(value)
    }
}

/// The argument at this position.
fn at(arguments: &[Value], position: usize) -> Result<&Value, EvalError> {
    arguments.get(position).ok_or_else(|| {
        EvalError::new(ErrorKind::BadArgument, format!("argument {} is missing", position + 1))
    })
}

fn expected(what: &str, found: &Value) -> EvalError {
    EvalError::wrong_type(format!("expected {what}, found {}", described(found)))
}

fn text(arguments: &[Value], position: usize) -> Result<&str, EvalError> {
    match at(arguments, position)? {
        Value::String(text) => Ok(text),
        other => Err(expected("a string", other)),
    }
}

fn int(arguments: &[Value], position: usize) -> Result<i64, EvalError> {
    match at(arguments, position)? {
        Value::Int(i) => Ok(*i),
        other => Err(expected("an int", other)),
    }
}

fn map(arguments: &[Value], position: usize) -> Result<&BTreeMap<String, Value>, EvalError> {
    match at(arguments, position)? {
        Value::Map(entries) => Ok(entries),
        other => Err(expected("a map", other)),
    }
}

/// The elements of a list, range, map or collection.
fn items(arguments: &[Value], position: usize) -> Result<Vec<Value>, EvalError> {
    let elements = crate::access::elements(at(arguments, position)?.clone())?;
    Ok(elements.into_iter().map(|(_, value)| value).collect())
}
