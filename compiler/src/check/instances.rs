//! The instances of a collection of nodes, where they are known when compiling: their keys, and what the
//! names of the loop stand for in each.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_eval::{Nowhere, Outcome, evaluate_with, scalar_text};
use bp_plan::{Each, Expr, Reference, Value};

/// How many instances a collection may have, to be looked at one by one.
const MOST: usize = 1_000;

/// What the names of a loop stand for.
pub(crate) type Locals = Vec<(String, Value)>;

/// The instances of one collection, by key.
pub(crate) type Keyed = Arc<BTreeMap<String, Locals>>;

/// The instances of a loop; nothing where they are known only when deploying. `known` has those of the
/// collections before it.
pub(crate) fn of(each: &Each, known: &BTreeMap<String, Keyed>) -> Option<Keyed> {
    let mut instances = BTreeMap::new();
    for (key, element) in elements(&each.over, known)? {
        let mut names = each.names.iter();
        let mut locals = Locals::new();
        if each.names.len() == 2 {
            locals.extend(names.next().map(|name| (name.clone(), key.clone())));
        }
        locals.extend(names.next().map(|name| (name.clone(), element)));
        let filter = each.filter.as_ref().map(|filter| value(filter, &locals));
        match filter {
            None | Some(Some(Value::Bool(true))) => {}
            Some(Some(Value::Bool(false))) => continue,
            Some(_) => return None,
        }
        let key = match &each.key {
            Some(by) => value(by, &locals)?,
            None => key,
        };
        instances.insert(scalar_text(&key).ok()?, locals);
    }
    Some(Arc::new(instances))
}

/// What an expression is in an instance, where it needs nothing but the names of the loop.
pub(crate) fn value(expr: &Expr, locals: &Locals) -> Option<Value> {
    let locals: Vec<(&str, Value)> =
        locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    match evaluate_with(expr, &Nowhere::default(), &locals) {
        Ok(Outcome::Value(value)) => Some(value),
        _ => None,
    }
}

/// The key that a value stands for: an instance stands for its own.
pub(crate) fn key(value: &Value) -> Option<String> {
    match value {
        Value::Reference(Reference::Node { key, .. }) => key.clone(),
        Value::String(_) | Value::Int(_) => scalar_text(value).ok(),
        _ => None,
    }
}

/// What a loop goes through, each with its key.
fn elements(over: &Expr, known: &BTreeMap<String, Keyed>) -> Option<Vec<(Value, Value)>> {
    if let Expr::Node(name) = over {
        let instance = |key: &String| {
            let node = Reference::Node { node: name.clone(), key: Some(key.clone()) };
            (Value::String(key.clone()), Value::Reference(node))
        };
        return Some(known.get(name)?.keys().map(instance).collect());
    }
    let found: Vec<(Value, Value)> = match over.as_value()? {
        Value::List(items) if items.len() <= MOST => {
            items.iter().map(|item| (item.clone(), item.clone())).collect()
        }
        Value::Map(entries) if entries.len() <= MOST => {
            let entry =
                |(key, value): (&String, &Value)| (Value::String(key.clone()), value.clone());
            entries.iter().map(entry).collect()
        }
        Value::Range(from, to) if to.saturating_sub(*from) < i64::try_from(MOST).ok()? => {
            (*from..=*to).map(|at| (Value::Int(at), Value::Int(at))).collect()
        }
        _ => return None,
    };
    Some(found)
}
