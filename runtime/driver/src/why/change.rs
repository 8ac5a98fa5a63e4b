//! Why something else is wanted of an instance than before: which property, and what that is made of.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::Event;
use bp_engine::event::Operation;
use bp_engine::outlook::{Field, Shown, properties};
use bp_engine::terms::node_of;
use bp_plan::{Expr, Implementation, Plan};
use bp_topology::Act;
use bp_topology::topology::blame;

use super::facts::{Facts, Want, is_of};
use super::{Cause, Reason, Source};
use crate::error::DriverError;
use crate::timeline::Told;

/// What was found, and the instance that it leads to, as (target's id, instance).
pub(super) type Led = (Vec<Cause>, Option<(String, String)>);

/// What an instance's steps of a run differ in from what was there before.
#[derive(Default)]
struct Steps {
    /// What is called, or its provider's own part, with what differs; what was never called before, without.
    otherwise: Vec<(Option<Act>, Vec<Field>)>,
    /// The revision that what was there came about by, and where in the history it did.
    before: Option<(u64, usize)>,
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
    let was = match steps.before {
        Some((before, _)) => facts.want(before).await?,
        None => None,
    };
    let is_all_told = facts.state.compacted.is_none();
    let mut causes = changes(&steps, &want, node, revision, is_all_told);
    let plain = |(act, fields): &(Option<Act>, Vec<Field>)| match act {
        None => fields.iter().map(|field| top(&field.path).to_owned()).collect(),
        Some(_) => Vec::new(),
    };
    let mut names: BTreeSet<String> = steps.otherwise.iter().flat_map(plain).collect();
    names.extend(property.map(|path| top(path).to_owned()));
    // A failure may be about an operation: that may be made of any property.
    let of_node = want.plan.nodes.get(node);
    names.retain(|name| of_node.is_some_and(|node| node.properties.contains_key(name)));
    let acts = steps.otherwise.iter().filter_map(|(act, _)| act.as_ref());
    let acts: Vec<&str> = acts.map(|act| act.operation.as_str()).collect();
    let read = reads(&want.plan, node, &names, &acts);
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
    if let Some((_, from)) = steps.before {
        for (cause, at) in reported(facts, &read, instance, (from, until)) {
            causes.push(cause);
            led = led.or(Some(at));
        }
    }
    if steps.before.is_none() && property.is_some() {
        causes.extend(made_of(facts, &read, &want, instance, until));
    }
    Ok((causes, led))
}

/// What others report that it is made of, and what that is made of: of what is new and failed, where nothing changed.
fn made_of(facts: &Facts, read: &Reads, want: &Want, instance: &str, until: usize) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (node, names) in &read.attributes {
        for (target, other) in facts.needed(instance, node) {
            let last = facts.last(until, |told| match &told.event {
                Event::StepSucceeded { attributes, .. } if is_of(told, &target, &other) => {
                    Some(attributes.clone())
                }
                _ => None,
            });
            let Some((at, attributes)) = last else { continue };
            let known = attributes.into_iter().filter(|(name, _)| names.contains(name));
            let fields = properties(&BTreeMap::new(), &known.collect());
            if fields.is_empty() {
                continue;
            }
            let mut cause =
                Cause::new(Reason::Attribute, format!("it is made of what {other} reports"));
            cause.fields = fields;
            causes.extend(facts.told.get(at).map(|told| cause.by(told)));
            let inner = reads(&want.plan, node, names, &[]);
            causes.extend(inputs(&inner, None, want, true).into_iter().map(|mut cause| {
                cause.text =
                    format!("that is made of {}", cause.text.trim_start_matches("it is made of "));
                cause.of = Some(other.clone());
                cause
            }));
        }
    }
    causes
}

/// What differs, each with its line of the blueprint; whether something was there before can be told where all is that
/// happened.
fn changes(steps: &Steps, want: &Want, node: &str, revision: u64, is_all_told: bool) -> Vec<Cause> {
    let plan = &want.plan;
    if steps.before.is_none() {
        let before = if is_all_told { ", and it was not there before" } else { "" };
        let text = format!("revision {revision} wants it{before}");
        return vec![Cause::new(Reason::Change, text).at(plan, blame(plan, node, None))];
    }
    let cause = |(act, fields): &(Option<Act>, Vec<Field>)| {
        let (text, path) = match (act, fields.as_slice()) {
            (None, [first, ..]) => {
                let paths: Vec<String> = fields.iter().map(|f| format!("`{}`", f.path)).collect();
                let has = if paths.len() == 1 { "has" } else { "have" };
                (format!("{} {has} changed", paths.join(", ")), first.path.clone())
            }
            (Some(act), []) => (
                format!("{act} was not called before, or what comes before it was"),
                act.operation.clone(),
            ),
            (Some(act), _) => (format!("{act} is called otherwise"), act.operation.clone()),
            (None, []) => return None,
        };
        let mut cause = Cause::new(Reason::Change, text).at(plan, blame(plan, node, Some(&path)));
        cause.fields.clone_from(fields);
        Some(cause)
    };
    // What only follows from the first on the way says nothing more.
    let is_first = |(act, fields): &&(Option<Act>, Vec<Field>)| act.is_none() || !fields.is_empty();
    let mut differing: Vec<_> = steps.otherwise.iter().filter(is_first).collect();
    if differing.is_empty() {
        differing.extend(steps.otherwise.first());
    }
    differing.into_iter().filter_map(cause).collect()
}

/// The property of a path.
fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// The steps of the run that a place of the history is about, each beside the last of its kind that came about before.
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
    let all = facts.told.iter().enumerate().take(until + 1);
    let own: Vec<(usize, String, Option<Act>)> = all
        .filter_map(|(at, told)| started(told).map(|(subject, act, of)| (at, subject, act, of)))
        .filter(|(_, _, _, of)| Some(of) == run.as_ref())
        .map(|(at, subject, act, _)| (at, subject, act))
        .collect();
    // One that was refused before it was begun has none.
    let first = own.first().map_or(until, |(at, _, _)| *at);
    let erased = facts.last(first, gone).map_or(0, |(at, ())| at);
    let mut steps = Steps::default();
    if let Some((end, ())) = facts.last(first, ended).filter(|(end, ())| *end > erased)
        && let Some((_, (_, _, run))) = facts.last(end, started)
    {
        steps.before = facts.revision_of(&run).map(|revision| (revision, end));
    }
    for (_, subject, act) in own {
        // An operation is compared with its own last call.
        let same = |told: &Told| started(told).filter(|(_, of, _)| *of == act);
        let before = facts.last(first, same).filter(|(at, _)| *at > erased);
        let fields = match before {
            Some((_, (before, _, _))) => differing(facts, &before, &subject).await?,
            None => Vec::new(),
        };
        steps.otherwise.push((act, fields));
    }
    Ok(steps)
}

/// What differs between two steps, by the digests of what they were begun with.
async fn differing(facts: &Facts, before: &str, now: &str) -> Result<Vec<Field>, DriverError> {
    match (facts.subject(before).await?, facts.subject(now).await?) {
        (Some(before), Some(now)) => Ok(properties(&before.properties, &now.properties)),
        _ => Ok(Vec::new()),
    }
}

/// What expressions are made of.
#[derive(Default)]
struct Reads {
    inputs: BTreeSet<String>,
    nodes: BTreeSet<String>,
    /// Of nodes, by their names, what is read of them.
    attributes: BTreeMap<String, BTreeSet<String>>,
    /// What there is to be placed on counts.
    is_placed: bool,
}

/// What these properties and operations of a node are made of; all that it is, where none is named.
fn reads(plan: &Plan, node: &str, names: &BTreeSet<String>, acts: &[&str]) -> Reads {
    let mut reads = Reads::default();
    let Some(node) = plan.nodes.get(node) else { return reads };
    let meant =
        node.properties.iter().filter(|(name, _)| names.is_empty() || names.contains(*name));
    for (_, property) in meant {
        read(plan, &property.value, &mut reads, 0);
    }
    for act in acts {
        let own = node.operations.get(*act).and_then(|own| own.implementation.as_ref());
        let kind = plan.node_types.get(&node.kind).and_then(|kind| kind.operations.get(*act));
        let called = own.or_else(|| kind.and_then(|of| of.implementation.as_ref()));
        for part in called.into_iter().flat_map(Implementation::parts) {
            read(plan, part, &mut reads, 0);
        }
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
        Expr::Field { of, name, .. } => {
            let node = match &**of {
                Expr::Index { of, .. } => of,
                other => other,
            };
            if let Expr::Node(node) = node {
                reads.attributes.entry(node.clone()).or_default().insert(name.clone());
            }
        }
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
