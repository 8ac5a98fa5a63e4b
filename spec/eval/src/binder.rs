//! Comprehensions and the functions that bind a name over a collection.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bp_plan::{BinaryOp, Binder, Expr, Reference, Value};

use crate::access::{elements, key_text};
use crate::budget::check_elements;
use crate::evaluator::{Eval, Evaluator, Gravest, Stop, truth};
use crate::text::shorten;
use crate::{ErrorKind, EvalError, operators};

/// An element that the filter let through, and what the body made of it.
struct Turn {
    element: Value,
    key: Option<Value>,
    body: Option<Value>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn binder(&mut self, binder: &'a Binder) -> Eval {
        let elements = elements(self.eval(&binder.over)?)?;
        match binder.function.as_str() {
            "all" => self.quantified(binder, elements, false),
            "any" => self.quantified(binder, elements, true),
            "choose" => self.chosen(binder, elements),
            "count" | "sum" | "min" | "max" | "sort" | "unique_by" | "group_by" | "list"
            | "map" => {
                let turns = self.turns(binder, elements)?;
                Ok(gather(&binder.function, turns)?)
            }
            other => Err(EvalError::new(
                ErrorKind::Unavailable,
                format!("there is no function `{other}` that binds names"),
            )
            .into()),
        }
    }

    /// Evaluates `of` with the binder's names bound to this element.
    fn bound(&mut self, binder: &'a Binder, key: &Value, element: &Value, of: &'a Expr) -> Eval {
        let outside = self.locals.len();
        match binder.names.as_slice() {
            [one] => self.locals.push((one, Ok(element.clone()))),
            [first, second] => {
                self.locals.push((first, Ok(key.clone())));
                self.locals.push((second, Ok(element.clone())));
            }
            names => {
                return Err(EvalError::bad_argument(format!(
                    "a loop binds one name or two, found {}",
                    names.len()
                ))
                .into());
            }
        }
        let result = self.budget.keep(element).map_err(Stop::from).and_then(|()| self.eval(of));
        self.locals.truncate(outside);
        result
    }

    /// `all` and `any`: one body that is `decisive` settles it, whatever the others are.
    fn quantified(
        &mut self,
        binder: &'a Binder,
        elements: Vec<(Value, Value)>,
        decisive: bool,
    ) -> Eval {
        let Some(body) = &binder.body else {
            return Err(EvalError::bad_argument(format!(
                "`{}` needs a condition",
                binder.function
            ))
            .into());
        };
        let mut gravest = Gravest::default();
        for (key, element) in elements {
            // Where a turn before may settle it, it isn't known whether this one is ever taken.
            let is_open = !gravest.is_clear();
            if let Some(filter) = &binder.filter {
                let turn = self.bound(binder, &key, &element, filter);
                if is_open && matches!(turn, Err(Stop::Error(_))) {
                    continue;
                }
                match gravest.note(turn)? {
                    Some(value) if !truth(&value, "after `if`")? => continue,
                    Some(_) => {}
                    None => continue,
                }
            }
            let turn = self.bound(binder, &key, &element, body);
            if !gravest.is_clear() && matches!(turn, Err(Stop::Error(_))) {
                continue;
            }
            if let Some(value) = gravest.note(turn)?
                && truth(&value, "as condition")? == decisive
                && gravest.is_clear_of_secrets()
            {
                return Ok(Value::Bool(decisive));
            }
        }
        gravest.settle()?;
        Ok(Value::Bool(!decisive))
    }

    /// The first element that the filter lets through, or null. What isn't there is passed over, and
    /// a missing fact means that an element does not fit.
    fn chosen(&mut self, binder: &'a Binder, elements: Vec<(Value, Value)>) -> Eval {
        for (key, element) in elements {
            if matches!(element, Value::Null) {
                continue;
            }
            let Some(filter) = &binder.filter else { return Ok(element) };
            match self.bound(binder, &key, &element, filter) {
                Ok(value) if truth(&value, "as condition")? => return Ok(element),
                Ok(_) => {}
                Err(Stop::Error(error)) if error.is_missing_fact() => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(Value::Null)
    }

    fn turns(
        &mut self,
        binder: &'a Binder,
        elements: Vec<(Value, Value)>,
    ) -> Result<Vec<Turn>, Stop> {
        let mut gravest = Gravest::default();
        let mut turns = Vec::new();
        for (key, element) in elements {
            if let Some(filter) = &binder.filter {
                match gravest.note(self.bound(binder, &key, &element, filter))? {
                    Some(value) if truth(&value, "after `if`")? => {}
                    _ => continue,
                }
            }
            let made_key = match &binder.key {
                Some(of) => gravest.note(self.bound(binder, &key, &element, of))?,
                None => None,
            };
            let body = match &binder.body {
                Some(of) => gravest.note(self.bound(binder, &key, &element, of))?,
                None => None,
            };
            // After something unknown or secret only mistakes and more secrets matter.
            if gravest.is_clear() {
                turns.push(Turn { element, key: made_key, body });
            }
        }
        gravest.settle()?;
        Ok(turns)
    }
}

/// What the function makes of the turns.
fn gather(function: &str, turns: Vec<Turn>) -> Result<Value, EvalError> {
    let own = |turn: Turn| turn.body.unwrap_or(turn.element);
    match function {
        "count" => {
            let mut count = 0;
            for turn in &turns {
                let counts = match &turn.body {
                    Some(body) => truth(body, "as condition")?,
                    None => true,
                };
                count += i64::from(counts);
            }
            Ok(Value::Int(count))
        }
        "sum" => sum(turns.into_iter().map(own)),
        "min" => extreme(turns.into_iter().map(own), "min"),
        "max" => extreme(turns.into_iter().map(own), "max"),
        "list" => Ok(Value::List(turns.into_iter().map(own).collect())),
        "map" => mapped(turns),
        "sort" => {
            let keyed =
                turns.into_iter().map(|t| (t.body.unwrap_or_else(|| t.element.clone()), t.element));
            sort(keyed.collect())
        }
        "unique_by" => {
            let keyed =
                turns.into_iter().map(|t| (t.body.unwrap_or_else(|| t.element.clone()), t.element));
            Ok(Value::List(unique(keyed)))
        }
        _ => grouped(turns),
    }
}

fn mapped(turns: Vec<Turn>) -> Result<Value, EvalError> {
    let mut out = BTreeMap::new();
    for turn in turns {
        let (Some(key), Some(body)) = (turn.key, turn.body) else {
            return Err(EvalError::bad_argument("a map is made of keys and values"));
        };
        let key = key_text(&key)?;
        if out.contains_key(&key) {
            return Err(EvalError::new(
                ErrorKind::DuplicateKey,
                format!("two values for the key `{}`", shorten(&key)),
            ));
        }
        out.insert(key, body);
    }
    Ok(Value::Map(out))
}

fn grouped(turns: Vec<Turn>) -> Result<Value, EvalError> {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for turn in turns {
        let Some(key) = turn.body else {
            return Err(EvalError::bad_argument("`group_by` needs what to group by"));
        };
        groups.entry(key_text(&key)?).or_default().push(turn.element);
    }
    Ok(Value::Map(groups.into_iter().map(|(k, v)| (k, Value::List(v))).collect()))
}

/// The sum of numbers, or of quantities of one dimension; of nothing it is 0.
pub(crate) fn sum(values: impl Iterator<Item = Value>) -> Result<Value, EvalError> {
    let mut total: Option<Value> = None;
    for value in values {
        total = Some(match total {
            Some(total) => operators::sum(BinaryOp::Add, &total, &value)?,
            // The first one too must be something that adds up.
            None if matches!(value, Value::Quantity(_)) => value,
            None => operators::sum(BinaryOp::Add, &Value::Int(0), &value)?,
        });
    }
    Ok(total.unwrap_or(Value::Int(0)))
}

/// The least or the greatest; of equals the first.
pub(crate) fn extreme(
    values: impl Iterator<Item = Value>,
    function: &str,
) -> Result<Value, EvalError> {
    let wanted = if function == "min" { Ordering::Less } else { Ordering::Greater };
    let mut best: Option<Value> = None;
    for value in values {
        best = Some(match best {
            Some(best) if operators::compare(&value, &best)? != wanted => best,
            _ => value,
        });
    }
    best.ok_or_else(|| {
        EvalError::bad_argument(format!("`{function}` of nothing: the list is empty"))
    })
}

/// The values in the order of their keys; equal keys keep their order.
pub(crate) fn sort(mut keyed: Vec<(Value, Value)>) -> Result<Value, EvalError> {
    check_elements(keyed.len())?;
    let mut failed = None;
    keyed.sort_by(|(a, _), (b, _)| {
        operators::compare(a, b).unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Ordering::Equal
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(Value::List(keyed.into_iter().map(|(_, value)| value).collect())),
    }
}

/// The first value of each key.
pub(crate) fn unique(keyed: impl Iterator<Item = (Value, Value)>) -> Vec<Value> {
    let mut seen: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut out = Vec::new();
    for (key, value) in keyed {
        // Only what could be equal shares a bucket.
        let bucket = seen.entry(bucket(&key)).or_default();
        if !bucket.iter().any(|known| operators::equal(known, &key)) {
            bucket.push(key);
            out.push(value);
        }
    }
    out
}

/// A text that equal values share.
fn bucket(value: &Value) -> String {
    match value {
        Value::Int(_) | Value::Float(_) => {
            crate::text::float_text(operators::as_float(value).unwrap_or_default())
        }
        Value::String(text) => text.clone(),
        Value::Quantity(quantity) => quantity.to_string(),
        Value::List(items) => items.len().to_string(),
        Value::Map(entries) => entries.keys().map(String::as_str).collect::<Vec<_>>().join(","),
        Value::Reference(reference) => root(reference).to_owned(),
        _ => String::new(),
    }
}

/// The name of what this is, or of what it is a part of: an element's alone, whatever took it.
fn root(reference: &Reference) -> &str {
    match reference {
        Reference::Node { node, key } => key.as_deref().unwrap_or(node),
        Reference::Element { name, .. } => name,
        Reference::Group { group } => group,
        Reference::Capability { of, .. } | Reference::Relationship { of, .. } => root(of),
    }
}
