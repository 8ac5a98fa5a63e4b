//! Literals: lists, records, strings with `${…}` inside.

use std::collections::BTreeMap;

use bp_plan::{Entry, Expr, Item, Value};

use crate::budget::{check_elements, check_string};
use crate::evaluator::{Eval, Evaluator, Gravest};
use crate::text::{described, scalar_text};
use crate::{EvalError, access};

impl<'a> Evaluator<'a> {
    pub(crate) fn list(&mut self, items: &'a [Item]) -> Eval {
        let mut gravest = Gravest::default();
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Item::One(expr) => out.extend(gravest.note(self.eval(expr))?),
                Item::Spread(expr) => match gravest.note(self.eval(expr))? {
                    Some(Value::List(spread)) => out.extend(spread),
                    Some(value @ Value::Range(..)) => {
                        out.extend(access::elements(value)?.into_iter().map(|(_, v)| v));
                    }
                    Some(other) => {
                        return Err(EvalError::wrong_type(format!(
                            "expected a list after `...`, found {}",
                            described(&other)
                        ))
                        .into());
                    }
                    None => {}
                },
            }
            check_elements(out.len())?;
        }
        gravest.settle()?;
        self.budget.keep_elements(out.len())?;
        Ok(Value::List(out))
    }

    pub(crate) fn record(&mut self, entries: &'a [Entry]) -> Eval {
        let mut gravest = Gravest::default();
        let mut out = BTreeMap::new();
        for entry in entries {
            match entry {
                Entry::One(key, expr) => {
                    if let Some(value) = gravest.note(self.eval(expr))? {
                        out.insert(key.clone(), value);
                    }
                }
                Entry::Spread(expr) => match gravest.note(self.eval(expr))? {
                    Some(Value::Map(spread)) => out.extend(spread),
                    Some(other) => {
                        return Err(EvalError::wrong_type(format!(
                            "expected a map or record after `...`, found {}",
                            described(&other)
                        ))
                        .into());
                    }
                    None => {}
                },
            }
            check_elements(out.len())?;
        }
        gravest.settle()?;
        self.budget.keep_elements(out.len())?;
        Ok(Value::Map(out))
    }

    pub(crate) fn interpolate(&mut self, parts: &'a [Expr]) -> Eval {
        let mut gravest = Gravest::default();
        let mut text = String::new();
        for part in parts {
            if let Some(value) = gravest.note(self.eval(part))? {
                text.push_str(&scalar_text(&value)?);
            }
            check_string(text.len())?;
        }
        gravest.settle()?;
        self.budget.bytes(text.len())?;
        Ok(Value::String(text))
    }
}
