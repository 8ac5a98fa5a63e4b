//! Inside of blueprints that nodes are made of: what breaks there with the values that a node gives.
//!
//! What breaks whatever is given was told with that blueprint.

use std::collections::BTreeMap;

use bp_eval::{Environment as _, Outcome};
use bp_plan::{Expr, Value};

use super::known::World;
use super::{Known, Memo, looked_at, own, placed};
use crate::check::Checked;
use crate::check::nodes::CheckedNode;
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place};

/// How many nodes are looked into.
const MOST: usize = 200;

/// Values of inputs.
type Given = BTreeMap<String, Value>;

/// Tells the nodes of a blueprint that can't be made of the blueprints that they name, with what they give.
pub(crate) fn verify(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    if checked.others.is_empty() || out.iter().any(|told| told.severity == Severity::Error) {
        return;
    }
    let program = &checked.program;
    let memo = Memo::among(placed::places(program, &checked.groups, &checked.policies));
    let world = (program, &checked.nodes, &memo);
    let mut looked_into = 0;
    let mut always: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
    for (name, node) in &checked.nodes.nodes {
        let kind = node.node.substituted_by.as_ref().unwrap_or(&node.node.kind);
        let file = program.names.blueprints.get(kind);
        let Some(inner) = checked.others.iter().find(|one| Some(&one.file) == file) else {
            continue;
        };
        let always = always.entry(inner.file).or_insert_with(|| found(inner, Given::new()));
        for given in all_given(world, (name, node), inner) {
            looked_into += 1;
            if looked_into > MOST {
                return;
            }
            let Some(first) = broken(inner, always, &given).into_iter().next() else { continue };
            out.push(told((inner, always), (name, node), &given, &first));
            break;
        }
    }
}

/// What each instance of a node gives for sure, with the defaults of what it leaves out.
fn all_given(world: World<'_, '_>, node: (&str, &CheckedNode), inner: &Checked<'_>) -> Vec<Given> {
    let of = |own| {
        let known = Known::of(world, own);
        let mut given = Given::new();
        for (input, declared) in &inner.inputs {
            let is_set = node.1.node.properties.contains_key(input);
            let value = if is_set {
                match known.field(&known.this, input) {
                    Ok(Some(Outcome::Value(value))) => Some(value),
                    _ => None,
                }
            } else {
                declared.default.as_ref().and_then(Expr::as_value).cloned()
            };
            given.extend(value.map(|value| (input.clone(), value)));
        }
        given
    };
    own(world, node.0, node.1).into_iter().map(|(own, _)| of(own)).collect()
}

/// What breaks with these inputs.
fn found(inner: &Checked<'_>, given: Given) -> Vec<Diagnostic> {
    let mut program = inner.program.clone();
    program.instances = inner.instances.clone();
    let mut found = Vec::new();
    let places = placed::places(&program, &inner.groups, &inner.policies);
    let memo = Memo::among(places).given(given);
    looked_at(
        ((&program, &inner.nodes, &memo), None),
        &inner.selections,
        (&inner.groups, &inner.policies),
        (&inner.outputs, &inner.workflows),
        &mut found,
    );
    found.retain(|told| told.severity == Severity::Error);
    found
}

/// What breaks with these inputs, and not without.
fn broken(inner: &Checked<'_>, always: &[Diagnostic], given: &Given) -> Vec<Diagnostic> {
    let mut found = found(inner, given.clone());
    found.retain(|one| !always.iter().any(|told| (told.code, told.place) == (one.code, one.place)));
    found
}

/// What breaks inside, told at the value that brings it about.
fn told(
    (inner, always): (&Checked<'_>, &[Diagnostic]),
    (name, node): (&str, &CheckedNode),
    given: &Given,
    first: &Diagnostic,
) -> Diagnostic {
    let is_same = |one: &Diagnostic| (one.code, one.place) == (first.code, first.place);
    let guilty =
        given.keys().filter(|input| node.node.properties.contains_key(*input)).find(|input| {
            let mut others = given.clone();
            others.remove(*input);
            !broken(inner, always, &others).iter().any(is_same)
        });
    let at: Place = guilty.map_or_else(|| node.place(), |input| node.value(input));
    let made_of = inner.blueprint.as_ref().map_or("", |head| head.name.as_str());
    let message = format!("`{name}` can't be made of `{made_of}` with this: {}", first.message);
    let error = Diagnostic::error(first.code, message, at)
        .related(first.place, format!("breaks here, in `{made_of}`"));
    match first.help {
        Some(_) => error.help(format!("give another value, or change `{made_of}`")),
        None => error,
    }
}
