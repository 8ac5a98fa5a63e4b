//! One element of a plan, with the source lines that it came from.

use std::collections::BTreeMap;

use bp_plan::{Plan, Span};
use serde::Serialize;
use serde_json::Value as Json;

use crate::diagnostics::near;
use crate::shown;

/// An element.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Element {
    /// `node.shop`.
    pub name: String,
    /// As the plan has it.
    pub element: Json,
    /// The same for a person: what was written stands as it was, and no places.
    #[serde(skip)]
    pub readable: Json,
    /// The lines that it came from, as far as the plan has them.
    pub lines: Vec<Line>,
}

/// A line of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// From the package's root.
    pub path: String,
    /// From 1.
    pub line: u32,
    /// What it says.
    pub text: String,
}

/// What there is of a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The element.
    One(Box<Element>),
    /// Elements of several kinds have it.
    Several(Vec<String>),
    /// There is none; the most like it.
    None(Option<String>),
}

/// The element of this name: `node.shop`, or `shop` where one kind alone has it.
pub fn find(plan: &Plan, name: &str) -> Found {
    let all = elements(plan);
    if let Some(span) = all.get(name) {
        return Found::One(Box::new(element(plan, name, span)));
    }
    let named: Vec<&String> = all
        .keys()
        .filter(|full| full.split_once('.').is_some_and(|(_, own)| own == name))
        .collect();
    match named.as_slice() {
        [] => {
            let own = all.keys().filter_map(|full| full.split_once('.').map(|(_, own)| own));
            let known: Vec<&str> = all.keys().map(String::as_str).collect();
            let close = near(name, known).map(str::to_owned);
            Found::None(close.or_else(|| near(name, own).map(str::to_owned)))
        }
        [one] => {
            let found = all.get(*one).copied().unwrap_or_default();
            Found::One(Box::new(element(plan, one, &found)))
        }
        several => Found::Several(several.iter().map(|one| (*one).clone()).collect()),
    }
}

/// Where each element's name stands, and where in the plan it is.
fn elements(plan: &Plan) -> BTreeMap<String, (&'static str, Span)> {
    let mut all = BTreeMap::new();
    let mut add = |kind: &'static str, table: &'static str, name: &String, span: Span| {
        all.insert(format!("{kind}.{name}"), (table, span));
    };
    plan.inputs.iter().for_each(|(name, it)| add("input", "inputs", name, it.span));
    plan.secrets.iter().for_each(|(name, it)| add("secret", "secrets", name, it.span));
    plan.selections.iter().for_each(|(name, it)| add("select", "selections", name, it.span));
    plan.nodes.iter().for_each(|(name, it)| add("node", "nodes", name, it.span));
    plan.groups.iter().for_each(|(name, it)| add("group", "groups", name, it.span));
    plan.policies.iter().for_each(|(name, it)| add("policy", "policies", name, it.span));
    plan.workflows.iter().for_each(|(name, it)| add("workflow", "workflows", name, it.span));
    plan.outputs.iter().for_each(|(name, it)| add("output", "outputs", name, it.span));
    plan.exposed.iter().for_each(|(name, it)| add("expose", "exposed", name, it.span));
    plan.requirements.iter().for_each(|(name, it)| add("requires", "requirements", name, it.span));
    all
}

fn element(plan: &Plan, name: &str, (table, span): &(&'static str, Span)) -> Element {
    let own = name.split_once('.').map_or(name, |(_, own)| own);
    let whole = serde_json::to_value(plan).unwrap_or_default();
    let element = whole.get(*table).and_then(|table| table.get(own)).cloned().unwrap_or_default();
    let mut spans = vec![*span];
    spans_of(&element, &mut spans);
    let mut lines = Vec::new();
    for span in spans {
        let Some(source) = plan.sources.get(span.file as usize) else { continue };
        for (line, text) in source.lines.range(span.line..=span.end_line.max(span.line)) {
            lines.push(Line { path: source.path.clone(), line: *line, text: text.clone() });
        }
    }
    lines.sort();
    lines.dedup();
    let readable = readable(plan, &element);
    Element { name: name.to_owned(), element, readable, lines }
}

/// Without spans; what has one and a value is its own text.
fn readable(plan: &Plan, value: &Json) -> Json {
    match value {
        Json::Object(entries) => {
            let written = || {
                entries.get("value")?;
                let text = shown::text(plan, span(entries.get("span")?)?)?;
                let given = given(entries.get("value")?);
                (!text.is_empty()).then_some(Json::String(format!("{text}{given}")))
            };
            written().unwrap_or_else(|| {
                let rest = entries.iter().filter(|(key, _)| *key != "span" && *key != "inner");
                rest.map(|(key, of)| (key.clone(), readable(plan, of))).collect()
            })
        }
        Json::Array(items) => items.iter().map(|item| readable(plan, item)).collect(),
        other => other.clone(),
    }
}

/// What of an expression is given to the deployment: names alone don't say so.
fn given(value: &Json) -> String {
    let mut found = BTreeMap::new();
    reads(value, &mut found);
    let told: Vec<String> = found.iter().map(|(name, what)| format!("{name} is {what}")).collect();
    if told.is_empty() { String::new() } else { format!("  ({})", told.join(", ")) }
}

/// The inputs, secrets and selections that an expression of a plan reads.
fn reads<'j>(value: &'j Json, found: &mut BTreeMap<&'j str, &'static str>) {
    match value {
        Json::Object(entries) => {
            for (key, of) in entries {
                let what = match key.as_str() {
                    // Whatever is in it, it is data.
                    "value" if entries.len() == 1 => continue,
                    "input" => "an input",
                    "secret" => "a secret",
                    "selection" => "a selection",
                    _ => "",
                };
                match of {
                    Json::String(name) if !what.is_empty() && entries.len() == 1 => {
                        found.insert(name, what);
                    }
                    of => reads(of, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| reads(item, found)),
        _ => {}
    }
}

/// Every span in an element: five whole numbers under `span`, or under a path in `inner`.
fn spans_of(value: &Json, found: &mut Vec<Span>) {
    match value {
        Json::Object(entries) => {
            for (key, entry) in entries {
                match entry {
                    Json::Array(_) if key == "span" => found.extend(span(entry)),
                    Json::Object(inner) if key == "inner" => {
                        found.extend(inner.values().filter_map(span));
                    }
                    other => spans_of(other, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| spans_of(item, found)),
        _ => {}
    }
}

fn span(value: &Json) -> Option<Span> {
    serde_json::from_value(value.clone()).ok()
}
