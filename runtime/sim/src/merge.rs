//! Typed values: checked against their schema, merged, compared, and taken apart into fields.
//!
//! The rules are those of structured merge and diff in the API server. This module must not know who
//! owns a field.

use serde_json::{Map, Value as Json};

use crate::fields::{FieldSet, Path};
use crate::schema::{Schema, Shape, key_default};

/// The step to an element of a keyed list, or of a set.
fn element_step(shape: &Shape, item: &Json) -> Option<String> {
    match shape {
        Shape::Keyed(keys, _) => {
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let mut found = Map::new();
            for key in sorted {
                let value = item.get(key).cloned().or_else(|| key_default(key)).unwrap_or_default();
                found.insert(key.to_owned(), value);
            }
            Some(format!("k:{}", Json::Object(found)))
        }
        Shape::Set(_) => Some(format!("v:{item}")),
        _ => None,
    }
}

fn element_schema(shape: &Shape) -> Option<Schema> {
    match shape {
        Shape::Keyed(_, element) | Shape::Set(element) | Shape::Map(element) => Some(*element),
        _ => None,
    }
}

fn child_schema(schema: Schema, shape: &Shape, name: &str) -> Option<Schema> {
    match shape {
        Shape::Map(element) => Some(*element),
        _ => schema.field(name),
    }
}

/// What of the value is not as the schema has it, in the server's words.
pub(crate) fn check(schema: Schema, value: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    if !schema.is_open() {
        check_at(schema, value, "", &mut wrong);
    }
    wrong
}

fn check_at(schema: Schema, value: &Json, at: &str, wrong: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    let shape = schema.shape();
    match (&shape, value) {
        (Shape::Scalar(kind), _) => {
            let fits = match *kind {
                "string" => value.is_string(),
                "integer" | "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                _ => true,
            };
            if !fits {
                wrong.push(match *kind {
                    "integer" | "number" => format!(
                        "{at}: expected numeric (int or float), got *value.valueUnstructured"
                    ),
                    "string" => format!(
                        "{at}: expected string, got &value.valueUnstructured{{Value:{}}}",
                        go_print(value)
                    ),
                    kind => format!("{at}: expected {kind}, got &{{{}}}", go_print(value)),
                });
            }
        }
        (Shape::Struct | Shape::AtomicObject | Shape::Map(_), Json::Object(fields)) => {
            for (name, child) in fields {
                let at = format!("{at}.{name}");
                match child_schema(schema, &shape, name) {
                    Some(below) => check_at(below, child, &at, wrong),
                    None if schema.has_no_fields() => {}
                    None => wrong.push(format!("{at}: field not declared in schema")),
                }
            }
        }
        (Shape::Struct | Shape::AtomicObject | Shape::Map(_), _) => {
            wrong.push(format!("{at}: expected map, got &{{{}}}", go_print(value)));
        }
        (Shape::AtomicList(_) | Shape::Set(_) | Shape::Keyed(..), Json::Array(items)) => {
            check_items(&shape, items, at, wrong);
        }
        (_, _) => wrong.push(format!("{at}: expected list, got &{{{}}}", go_print(value))),
    }
}

fn check_items(shape: &Shape, items: &[Json], at: &str, wrong: &mut Vec<String>) {
    let element = match shape {
        Shape::AtomicList(element) => *element,
        other => element_schema(other),
    };
    let mut seen = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if let Some(step) = element_step(shape, item) {
            let shown = crate::fields::display(std::slice::from_ref(&step));
            if seen.contains(&step) {
                wrong.push(format!("{at}: duplicate entries for key {shown}"));
            }
            if let Some(element) = element {
                check_at(element, item, &format!("{at}{shown}"), wrong);
            }
            seen.push(step);
        } else if let Some(element) = element {
            check_at(element, item, &format!("{at}[{index}]"), wrong);
        }
    }
}

/// As the language of the real one prints a value.
fn go_print(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(go_print).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Object(fields) => {
            let mut pairs: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}:{}", go_print(value))).collect();
            pairs.sort();
            format!("map[{}]", pairs.join(" "))
        }
        Json::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// All fields of a value.
pub(crate) fn fields_of(schema: Schema, value: &Json) -> FieldSet {
    let mut set = FieldSet::default();
    collect(schema, value, &mut Vec::new(), &mut set);
    set
}

fn collect(schema: Schema, value: &Json, path: &mut Path, set: &mut FieldSet) {
    let shape = schema.shape();
    match (&shape, value) {
        (Shape::Struct | Shape::Map(_), Json::Object(fields)) => {
            for (name, child) in fields {
                path.push(format!("f:{name}"));
                if matches!(shape, Shape::Map(_)) {
                    set.0.insert(path.clone());
                }
                if let Some(below) = child_schema(schema, &shape, name) {
                    collect(below, child, path, set);
                }
                path.pop();
            }
        }
        (Shape::Keyed(..) | Shape::Set(_), Json::Array(items)) => {
            for item in items {
                let Some(step) = element_step(&shape, item) else { continue };
                path.push(step);
                set.0.insert(path.clone());
                if let Some(below) = element_schema(&shape) {
                    collect(below, item, path, set);
                }
                path.pop();
            }
        }
        (_, Json::Null) => {}
        _ => {
            set.0.insert(path.clone());
        }
    }
}

/// What is live, with what is applied on top.
pub(crate) fn merge(schema: Schema, live: &Json, applied: &Json) -> Json {
    let shape = schema.shape();
    match (&shape, live, applied) {
        (Shape::Struct | Shape::Map(_), Json::Object(old), Json::Object(new)) => {
            let mut out = old.clone();
            for (name, child) in new {
                let merged = match (old.get(name), child_schema(schema, &shape, name)) {
                    (Some(before), Some(below)) => merge(below, before, child),
                    _ => child.clone(),
                };
                out.insert(name.clone(), merged);
            }
            Json::Object(out)
        }
        (Shape::Keyed(..) | Shape::Set(_), Json::Array(old), Json::Array(new)) => {
            let step = |item: &Json| element_step(&shape, item);
            let mut out: Vec<Json> = Vec::new();
            for before in old {
                let item = new.iter().find(|n| step(n) == step(before));
                out.push(match (item, element_schema(&shape)) {
                    (Some(item), Some(below)) => merge(below, before, item),
                    _ => before.clone(),
                });
            }
            out.extend(new.iter().filter(|n| !old.iter().any(|o| step(o) == step(n))).cloned());
            Json::Array(out)
        }
        _ => applied.clone(),
    }
}

/// What is different between two values.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) added: FieldSet,
    pub(crate) modified: FieldSet,
    pub(crate) removed: FieldSet,
}

impl Difference {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }
}

/// Compares field by field.
pub(crate) fn compare(schema: Schema, old: &Json, new: &Json) -> Difference {
    let mut found = Difference::default();
    compare_at(schema, Some(old), Some(new), &mut Vec::new(), &mut found);
    found
}

fn compare_at(
    schema: Schema,
    old: Option<&Json>,
    new: Option<&Json>,
    path: &mut Path,
    found: &mut Difference,
) {
    let shape = schema.shape();
    let container = match &shape {
        Shape::Struct | Shape::Map(_) => {
            let names = |side: Option<&Json>| -> Vec<String> {
                side.and_then(Json::as_object)
                    .map(|o| o.keys().cloned().collect())
                    .unwrap_or_default()
            };
            let mut all = names(old);
            all.extend(names(new).into_iter().filter(|n| !names(old).contains(n)));
            for name in all {
                let Some(below) = child_schema(schema, &shape, &name) else { continue };
                path.push(format!("f:{name}"));
                let (o, n) = (old.and_then(|o| o.get(&name)), new.and_then(|n| n.get(&name)));
                compare_at(below, o, n, path, found);
                path.pop();
            }
            true
        }
        Shape::Keyed(..) | Shape::Set(_) => {
            compare_items(&shape, old, new, path, found);
            true
        }
        _ => false,
    };
    match (old, new) {
        (None, Some(_)) => found.added.0.insert(path.clone()),
        (Some(_), None) => found.removed.0.insert(path.clone()),
        (Some(o), Some(n)) if !container && o != n => found.modified.0.insert(path.clone()),
        _ => false,
    };
}

fn compare_items(
    shape: &Shape,
    old: Option<&Json>,
    new: Option<&Json>,
    path: &mut Path,
    found: &mut Difference,
) {
    let items = |side: Option<&Json>| -> Vec<(String, Json)> {
        side.and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(|item| Some((element_step(shape, item)?, item.clone())))
            .collect()
    };
    let (olds, news) = (items(old), items(new));
    let find = |list: &[(String, Json)], step: &str| {
        list.iter().find(|(s, _)| s == step).map(|(_, item)| item.clone())
    };
    let Some(below) = element_schema(shape) else { return };
    let added = news.iter().filter(|(step, _)| find(&olds, step).is_none());
    for (step, _) in olds.iter().chain(added) {
        path.push(step.clone());
        let (o, n) = (find(&olds, step), find(&news, step));
        compare_at(below, o.as_ref(), n.as_ref(), path, found);
        path.pop();
    }
}

/// The value without these fields.
pub(crate) fn remove(schema: Schema, value: &mut Json, gone: &FieldSet) {
    remove_at(schema, value, &mut Vec::new(), gone);
}

fn remove_at(schema: Schema, value: &mut Json, path: &mut Path, gone: &FieldSet) {
    let shape = schema.shape();
    match (&shape, value) {
        (Shape::Struct | Shape::Map(_), Json::Object(fields)) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                path.push(format!("f:{name}"));
                if gone.0.contains(path) {
                    fields.shift_remove(&name);
                } else if gone.reaches(path)
                    && let (Some(below), Some(child)) =
                        (child_schema(schema, &shape, &name), fields.get_mut(&name))
                {
                    remove_at(below, child, path, gone);
                }
                path.pop();
            }
        }
        (Shape::Keyed(..) | Shape::Set(_), Json::Array(items)) => {
            let below = element_schema(&shape);
            items.retain_mut(|item| {
                let Some(step) = element_step(&shape, item) else { return true };
                path.push(step);
                let keep = !gone.0.contains(path);
                if keep && let Some(below) = below {
                    remove_at(below, item, path, gone);
                }
                path.pop();
                keep
            });
        }
        _ => {}
    }
}
