//! Why something else is wanted of an instance than before: which property, and what that is made of.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::Event;
use bp_engine::event::Operation;
use bp_engine::outlook::{Field, Shown, properties};
use bp_engine::terms::node_of;
use bp_plan::{Expr, Plan};
use bp_topology::topology::blame;

use super::facts::{Facts, Want, is_of};
use super::{Cause, Reason, Source};
use crate::error::DriverError;
use crate::timeline::Told;

/// What was found, and the instance that it leads to, as (target's id, instance).
pub(super) type Led = (Vec<Cause>, Option<(String, String)>);

/// A step of an instance, and the one before it that brought about what was there.
struct Steps {
    /// What is wanted now; none where it could not be said.
    now: Option<BTreeMap<String, serde_json::Value>>,
    before: Option<Before>,
}

struct Before {
    properties: BTreeMap<String, serde_json::Value>,
    revision: u64,
    /// Where in the history it came about.
    at: usize,
}

/// Why an instance was looked at by the revision, as far as the history goes to `until`; `property` is what its failure
/// is about.
pub(super) async fn of(
    facts: &mut Facts,
    (target, instance): (&str, &str),
    until: usize,
    revision: u64,
    property: Option<&str>,
) -> Result<Led, DriverError> {
    let Some(want) = facts.want(revision).await? else { return Ok((Vec::new(), None)) };
    let steps = steps(facts, target, instance, until).await?;
    let node = node_of(instance);
    let mut causes = Vec::new();
    let was = match &steps.before {
        Some(before) => facts.want(before.revision).await?,
        None => None,
    };
    let mut fields = match (&steps.before, &steps.now) {
        (Some(before), Some(now)) => properties(&before.properties, now),
        _ => Vec::new(),
    };
    match &steps.before {
        None => {
            let text = format!("revision {revision} wants it, and it was not there before");
            let span = blame(&want.plan, node, None);
            causes.push(Cause::new(Reason::Change, text).at(&want.plan, span));
        }
        Some(_) if !fields.is_empty() => {
            let paths: Vec<String> = fields.iter().map(|f| format!("`{}`", f.path)).collect();
            let text = format!("{} {} changed", paths.join(", "), has(paths.len()));
            let span = fields.first().and_then(|field| blame(&want.plan, node, Some(&field.path)));
            let mut cause = Cause::new(Reason::Change, text).at(&want.plan, span);
            cause.fields = std::mem::take(&mut fields);
            causes.push(cause);
        }
        Some(_) => {}
    }
    let changed = causes.iter().flat_map(|cause| &cause.fields).map(|field| top(&field.path));
    let mut names: BTreeSet<String> = changed.map(str::to_owned).collect();
    names.extend(property.map(|path| top(path).to_owned()));
    let read = reads(&want.plan, node, &names);
    if let Some(was) = &was {
        causes.extend(of_plan(was, &want, node, &names));
    }
    causes.extend(inputs(&read, was.as_ref(), &want, property.is_some()));
    causes.extend(secrets(&causes));
    if was.as_ref().is_some_and(|was| was.inventory != want.inventory) && read.is_placed {
        let text = "there is other to be placed on: the inventory was changed";
        causes.push(Cause::new(Reason::Inventory, text));
    }
    let mut led = None;
    // What is new reads nothing that it knew otherwise.
    if let Some(from) = steps.before.as_ref().map(|before| before.at) {
        for (cause, at) in reported(facts, &read, instance, (from, until)) {
            causes.push(cause);
            led = led.or(Some(at));
        }
    }
    Ok((causes, led))
}

/// The property of a path.
fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

fn has(count: usize) -> &'static str {
    if count == 1 { "has" } else { "have" }
}

/// The step that a place of the history is about, and the last one that came about before it.
async fn steps(
    facts: &Facts,
    target: &str,
    instance: &str,
    until: usize,
) -> Result<Steps, DriverError> {
    let started = |told: &Told| match &told.event {
        Event::StepStarted { subject, operation: Operation::Converge, call, run, .. }
            if is_of(told, target, instance) =>
        {
            let act = call.as_ref().and_then(|call| call.act.clone());
            Some((subject.clone(), act, run.clone()))
        }
        _ => None,
    };
    let ended = |told: &Told| {
        let is_end = matches!(&told.event, Event::StepSucceeded { .. });
        (is_end && is_of(told, target, instance)).then_some(())
    };
    let gone = |told: &Told| {
        let is_going =
            matches!(&told.event, Event::StepStarted { operation: Operation::Delete, .. });
        (is_going && is_of(told, target, instance)).then_some(())
    };
    let run = facts.told.get(until).and_then(|told| told.envelope.event.run.clone());
    // One that failed before it was begun has no step: what is wanted could not be said.
    let own = facts.last(until + 1, started).filter(|(_, (_, _, of))| Some(of) == run.as_ref());
    let mut steps = Steps { now: None, before: None };
    let (mut at, act) = match &own {
        Some((at, (subject, act, _))) => {
            steps.now = facts.subject(subject).await?.map(|subject| subject.properties);
            (*at, Some(act.clone()))
        }
        None => (until, None),
    };
    let erased = facts.last(at, gone).map_or(0, |(at, ())| at);
    while let Some((end, ())) = facts.last(at, ended).filter(|(end, ())| *end > erased) {
        let Some((begin, (subject, of, run))) = facts.last(end, started) else { break };
        // An operation is compared with its own last call.
        if act.as_ref().is_none_or(|act| *act == of)
            && let Some(subject) = facts.subject(&subject).await?
            && let Some(revision) = facts.revision_of(&run)
        {
            steps.before = Some(Before { properties: subject.properties, revision, at: end });
            break;
        }
        at = begin;
    }
    Ok(steps)
}

/// What expressions are made of.
#[derive(Default)]
struct Reads {
    inputs: BTreeSet<String>,
    nodes: BTreeSet<String>,
    /// What there is to be placed on counts.
    is_placed: bool,
}

/// What these properties of a node are made of; all that it is, where none is named.
fn reads(plan: &Plan, node: &str, names: &BTreeSet<String>) -> Reads {
    let mut reads = Reads::default();
    let Some(node) = plan.nodes.get(node) else { return reads };
    let meant =
        node.properties.iter().filter(|(name, _)| names.is_empty() || names.contains(*name));
    for (_, property) in meant {
        read(plan, &property.value, &mut reads, 0);
    }
    if let Some(each) = &node.each {
        reads.is_placed |= matches!(each.over, Expr::Selection(_));
    }
    reads
}

fn read(plan: &Plan, expr: &Expr, reads: &mut Reads, depth: usize) {
    match expr {
        Expr::Input(name) => drop(reads.inputs.insert(name.clone())),
        Expr::Node(name) => drop(reads.nodes.insert(name.clone())),
        Expr::Selection(_) | Expr::Group(_) => reads.is_placed = true,
        // Constants name each other in no ring, and not deeply.
        Expr::Const(name) if depth < 64 => {
            if let Some(constant) = plan.constants.get(name) {
                read(plan, constant, reads, depth + 1);
            }
        }
        _ => {}
    }
    expr.parts(&mut |part| read(plan, part, reads, depth + 1));
}

/// What the blueprint says otherwise.
fn of_plan(was: &Want, want: &Want, node: &str, names: &BTreeSet<String>) -> Vec<Cause> {
    let value = |plan: &Plan, name: &String| {
        plan.nodes.get(node).and_then(|node| node.properties.get(name)).map(|it| it.value.clone())
    };
    let differs = |name: &&String| value(&was.plan, name) != value(&want.plan, name);
    let cause = |name: &String| {
        let line = blame(&was.plan, node, Some(name)).and_then(|span| Source::of(&was.plan, span));
        let text = match line {
            Some(line) => {
                format!("the blueprint says otherwise: it was `{}`", line.text.trim())
            }
            None => "the blueprint says otherwise".to_owned(),
        };
        Cause::new(Reason::Plan, text).at(&want.plan, blame(&want.plan, node, Some(name)))
    };
    names.iter().filter(differs).map(cause).collect()
}

/// Inputs that changed; and where something failed, those that it is made of.
fn inputs(read: &Reads, was: Option<&Want>, want: &Want, is_all: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    for name in &read.inputs {
        let now = Facts::input(want, name);
        let before = was.and_then(|was| Facts::input(was, name));
        let is_changed = was.is_some() && before != now;
        let Some(input) = want.plan.inputs.get(name).filter(|_| is_changed || is_all) else {
            continue;
        };
        let is_hidden = input.hidden;
        let shown = |value: &serde_json::Value| {
            if is_hidden { Shown::Hidden } else { Shown::Value(value.clone()) }
        };
        let text = if is_changed {
            format!("the input `{name}` was given another value")
        } else {
            format!("it is made of the input `{name}`")
        };
        let mut cause = Cause::new(Reason::Input, text).at(&want.plan, Some(input.span));
        cause.fields = vec![Field {
            path: name.clone(),
            desired: now.as_ref().map(shown),
            applied: before.as_ref().filter(|_| is_changed).map(shown),
            live: None,
            replaces: false,
        }];
        causes.push(cause);
    }
    // What changed explains more than what did not.
    let is_old = |cause: &Cause| cause.fields.iter().all(|field| field.applied.is_none());
    if causes.iter().any(|cause| !is_old(cause)) {
        causes.retain(|cause| !is_old(cause));
    }
    causes
}

/// Secrets that changed, by their names alone.
fn secrets(causes: &[Cause]) -> Vec<Cause> {
    let mut names = BTreeSet::new();
    for field in causes.iter().flat_map(|cause| &cause.fields) {
        if let (Some(Shown::Secret(was)), Some(Shown::Secret(of))) =
            (&field.applied, &field.desired)
        {
            names.extend(was.intersection(of).cloned());
        }
    }
    let cause =
        |name: String| Cause::new(Reason::Secret, format!("the secret `{name}` has another value"));
    names.into_iter().map(cause).collect()
}

/// What others that are read report otherwise than before, each with where it is.
fn reported(
    facts: &Facts,
    read: &Reads,
    instance: &str,
    (from, until): (usize, usize),
) -> Vec<(Cause, (String, String))> {
    let mut found: BTreeMap<(String, String), Cause> = BTreeMap::new();
    for name in &read.nodes {
        for (target, other) in facts.needed(instance, name) {
            let attributes = |told: &Told| match &told.event {
                Event::StepSucceeded { attributes, .. } if is_of(told, &target, &other) => {
                    Some(attributes.clone())
                }
                _ => None,
            };
            let Some((at, now)) = facts.last(until, attributes).filter(|(at, _)| *at > from) else {
                continue;
            };
            let Some((_, before)) = facts.last(at, attributes) else { continue };
            let fields = properties(&before, &now);
            let known: BTreeSet<&str> = fields.iter().map(|field| top(&field.path)).collect();
            let text = match known.into_iter().collect::<Vec<_>>().as_slice() {
                [] => continue,
                [one] => format!("{other} reports another `{one}`"),
                all => format!("{other} reports other {}", all.join(", ")),
            };
            if let Some(told) = facts.told.get(at) {
                let mut cause = Cause::new(Reason::Attribute, text).by(told);
                cause.of = Some(other.clone());
                cause.fields = fields;
                found.insert((target.clone(), other), cause);
            }
        }
    }
    found.into_iter().map(|(at, cause)| (cause, at)).collect()
}
