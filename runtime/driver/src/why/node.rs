//! Why an instance of a node is as it is, or is not there; and why a target is.

use std::collections::BTreeSet;

use bp_engine::event::{Class, Failure, Operation, Outcome, Verb};
use bp_engine::status::NodeStanding;
use bp_engine::terms::node_of;
use bp_engine::{Event, Stream};
use bp_plan::{Plan, Span};
use bp_topology::topology::blame;
use bp_topology::{Instance, InstanceId};

use super::change;
use super::facts::{Facts, act, is_of};
use super::{About, Cause, Kind, Reason};
use crate::error::DriverError;
use crate::timeline::Told;

/// How many instances a chain goes through.
const DEEPEST: usize = 12;

/// An instance, as (target's id, instance).
type Where = (String, String);

/// What one instance is because of.
#[derive(Default)]
struct Own {
    causes: Vec<Cause>,
    /// The instance because of which it is so.
    led: Option<Where>,
    /// The revision that it is about.
    revision: Option<u64>,
}

/// Why an instance is as it is, through all that led to it.
pub(super) async fn about(
    facts: &mut Facts,
    target: &str,
    instance: &str,
) -> Result<About, DriverError> {
    let mut causes = Vec::new();
    let mut seen = BTreeSet::new();
    let mut revision = None;
    let mut next = Some((target.to_owned(), instance.to_owned()));
    while let Some(at) = next.take() {
        if seen.len() == DEEPEST || !seen.insert(at.clone()) {
            break;
        }
        let mut own = own(facts, &at).await?;
        if at.1 != instance {
            // That it was done is why it was followed.
            own.causes.retain(|cause| !matches!(cause.reason, Reason::Done | Reason::Unchanged));
            own.causes
                .iter_mut()
                .for_each(|cause| cause.of = cause.of.take().or(Some(at.1.clone())));
        }
        causes.extend(own.causes);
        revision = revision.or(own.revision);
        next = own.led;
    }
    causes.extend(revision.and_then(|number| request(facts, number)));
    let standing = facts.standing(target, instance).map(|node| node.state);
    Ok(About {
        kind: Kind::Node,
        id: instance.to_owned(),
        target: Some(facts.target_name(target).to_owned()),
        state: standing.map_or("removed", NodeStanding::word).to_owned(),
        causes,
    })
}

async fn own(facts: &mut Facts, at: &Where) -> Result<Own, DriverError> {
    let (target, instance) = (at.0.as_str(), at.1.as_str());
    match facts.standing(target, instance).map(|node| node.state) {
        Some(NodeStanding::Failed | NodeStanding::Retrying) => failed(facts, at).await,
        Some(NodeStanding::Waiting | NodeStanding::NotTried) => Ok(held(facts, at)),
        Some(NodeStanding::Outdated) => {
            let mut own = held(facts, at);
            let text = "it is there as an earlier revision wanted it";
            own.causes.insert(0, Cause::new(Reason::Change, text));
            Ok(own)
        }
        Some(NodeStanding::Deploying | NodeStanding::Removing) => under_way(facts, at).await,
        Some(NodeStanding::Deployed) => {
            let mut own = done(facts, at).await?;
            own.causes.extend(healed(facts, at));
            Ok(own)
        }
        Some(NodeStanding::Skipped) => skipped(facts, at).await,
        None => gone(facts, at).await,
    }
}

/// That others had changed it, and who wanted it as it was, where that is what it was last begun for.
fn healed(facts: &Facts, (target, instance): &Where) -> Option<Cause> {
    let end = facts.told.len();
    let (_, run) = facts.last(end, |told| match &told.event {
        Event::StepStarted { run, .. } if is_of(told, target, instance) => Some(run.clone()),
        _ => None,
    })?;
    let (_, asked) = facts.last(end, |told| match &told.event {
        Event::RunOpened { run: opened, request, heals: true, .. } if *opened == run => {
            Some(*request)
        }
        _ => None,
    })?;
    let (at, fields) = facts.last(end, |told| match &told.event {
        Event::HealRequested { found } if told.envelope.sequence == asked => {
            let mut of = found.iter().filter(|one| one.target == *target);
            of.find(|one| one.instance == *instance).map(|one| one.fields.clone())
        }
        _ => None,
    })?;
    let told = facts.told.get(at)?;
    let what = match fields.as_slice() {
        [] => "it was gone, or not as it was applied".to_owned(),
        fields => format!("others had changed {}", fields.join(", ")),
    };
    let who = &told.envelope.event.actor;
    Some(Cause::new(Reason::Request, format!("{who} wanted it healed: {what}")).by(told))
}

/// What a person asked for, that a revision is about.
pub(super) fn request(facts: &Facts, number: u64) -> Option<Cause> {
    let end = facts.told.len();
    let (_, (request, verb)) = facts.last(end, |told| match &told.event {
        Event::RevisionPlanned { revision, request, verb, .. } if *revision == number => {
            Some((*request, *verb))
        }
        _ => None,
    })?;
    let is_request = |told: &&Told| {
        matches!(told.stream, Stream::Requests(_)) && told.envelope.sequence == request
    };
    let asked = facts.told.iter().find(is_request)?;
    let who = &asked.envelope.event.actor;
    let what = match (&asked.event, verb) {
        (Event::WorkflowRequested { workflow, .. }, _) => {
            format!("{who} ran the workflow `{workflow}`, which planned revision {number}")
        }
        (Event::RollbackRequested { to, .. }, _) => {
            format!("{who} asked to go back to revision {to}, by revision {number}")
        }
        (_, Verb::Deploy) => format!("{who} asked for revision {number}"),
        (_, Verb::Uninstall) => format!("{who} asked for all to be removed (revision {number})"),
    };
    Some(Cause::new(Reason::Request, what).by(asked))
}

async fn failed(facts: &mut Facts, (target, instance): &Where) -> Result<Own, DriverError> {
    let end = facts.told.len();
    let last = facts.last(end, |told| match &told.event {
        Event::StepFailed { failure, retry_at_ms, .. } if is_of(told, target, instance) => {
            Some((failure.clone(), *retry_at_ms))
        }
        _ => None,
    });
    let Some((at, (failure, retry_at_ms))) = last else { return Ok(Own::default()) };
    let Some(told) = facts.told.get(at).cloned() else { return Ok(Own::default()) };
    let run = told.envelope.event.run.clone().unwrap_or_default();
    let revision = facts.revision_of(&run);
    let tries = tries(facts, at, &run, target, instance);
    let mut cause = Cause::new(Reason::Failure, failure.message.clone()).by(&told).attempt(tries);
    cause.help.clone_from(&failure.help);
    if let Some(want) = facts.want(revision.unwrap_or(0)).await? {
        let span = blame(&want.plan, node_of(instance), failure.property.as_deref());
        cause = cause.at(&want.plan, span);
    }
    let mut causes = vec![cause, policy(&failure, retry_at_ms, tries)];
    let mut led = None;
    if let Some(revision) = revision {
        let property = failure.property.as_deref();
        let found = change::of(facts, (target, instance), at, revision, property).await?;
        causes.extend(found.0);
        led = found.1;
    }
    Ok(Own { causes, led, revision })
}

/// Who let it count as done, and what came before.
async fn skipped(facts: &mut Facts, at: &Where) -> Result<Own, DriverError> {
    let end = facts.told.len();
    let last = facts.last(end, |told| match &told.event {
        Event::StepsSkipped { steps, why, by, .. } if steps.contains(at) => {
            Some(format!("{by} let it count as done: {why}"))
        }
        _ => None,
    });
    let mut own = failed(facts, at).await?;
    if let Some((index, text)) = last
        && let Some(told) = facts.told.get(index)
    {
        own.causes.insert(0, Cause::new(Reason::Request, text).by(told));
    }
    Ok(own)
}

/// How often an instance's step failed in a run, up to here.
fn tries(facts: &Facts, at: usize, run: &str, target: &str, instance: &str) -> u32 {
    let is_try = |told: &&Told| {
        matches!(told.event, Event::StepFailed { .. })
            && is_of(told, target, instance)
            && told.envelope.event.run.as_deref() == Some(run)
    };
    let count = facts.told.iter().take(at + 1).filter(is_try).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether it is tried again, and why not.
pub(super) fn policy(failure: &Failure, retry_at_ms: Option<i64>, tries: u32) -> Cause {
    let times = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    let text = match (failure.class, retry_at_ms) {
        (_, Some(_)) => format!("it may pass by itself: it is tried again, after {times}"),
        (Class::Permanent, None) => "it will not pass by itself: it is not tried again".to_owned(),
        (Class::Conflict, None) => {
            "somebody else holds what is to be changed: it is not tried again".to_owned()
        }
        (Class::Transient, None) => {
            format!("it might have passed by itself, and was given up after {times}")
        }
        (Class::UnknownOutcome, None) => {
            format!("nobody knows whether it was done: it was given up after {times}")
        }
    };
    Cause::new(Reason::Policy, text)
}

/// What was not begun.
fn held(facts: &Facts, (target, instance): &Where) -> Own {
    let newest = facts.state.revision().map(|(number, _)| number);
    let of = |cause, led| Own { causes: vec![cause], led, revision: newest };
    if let Some(cause) = unreached(facts, target) {
        return of(cause, None);
    }
    if let Some((need, at)) = missing(facts, instance) {
        let how = match at.as_ref().and_then(|(target, need)| facts.standing(target, need)) {
            Some(node) => match node.state {
                NodeStanding::Failed => "failed".to_owned(),
                state => format!("is {}", state.word()),
            },
            None => "is not there".to_owned(),
        };
        let mut cause = Cause::new(Reason::Dependency, format!("it needs {need}, which {how}"));
        if let Some(topology) = &facts.topology {
            let plan = topology.plan();
            cause = cause.at(plan, needed_by(plan, node_of(instance), node_of(&need)));
        }
        return of(cause, at);
    }
    let end = facts.told.len();
    let last = facts.last(end, |told| match &told.event {
        Event::RunClosed { run, outcome, .. } => Some((run.clone(), Some(*outcome))),
        Event::RunOpened { run, .. } => Some((run.clone(), None)),
        _ => None,
    });
    let Some((at, (run, outcome))) = last else {
        return Own { revision: newest, ..Own::default() };
    };
    let text = match outcome {
        None => format!("its turn has not come: run {run} is under way, or was interrupted"),
        Some(Outcome::Stopped) => format!("run {run} was stopped before its turn came"),
        Some(Outcome::Superseded) => {
            format!("run {run} was superseded before its turn came")
        }
        Some(_) => format!("run {run} ended before its turn came"),
    };
    let cause = Cause::new(Reason::Run, text);
    of(facts.told.get(at).map_or(cause.clone(), |told| cause.by(told)), None)
}

/// Why a target was not reached.
fn unreached(facts: &Facts, target: &str) -> Option<Cause> {
    let unreached = facts.state.targets.get(target)?.unreached.as_ref()?;
    let name = facts.target_name(target);
    let text = format!("`{name}` does not answer: {}", unreached.failure.message);
    let mut cause = Cause::new(Reason::Target, text);
    cause.help.clone_from(&unreached.failure.help);
    let (at, ()) = facts.last(facts.told.len(), |told| {
        let is_own = matches!(&told.stream, Stream::Target(_, of) if of == target);
        (is_own && matches!(told.event, Event::TargetUnreached { .. })).then_some(())
    })?;
    Some(cause.by(facts.told.get(at)?).attempt(unreached.attempt))
}

/// What an instance needs and is not as wanted, one that failed before others; where it is, if it is anywhere. What
/// nobody makes is as good as what it needs itself.
fn missing(facts: &Facts, instance: &str) -> Option<(String, Option<Where>)> {
    let topology = facts.topology.as_ref()?;
    let own = topology.instances().iter().find(|one| one.id.to_string() == instance)?;
    let mut open: Vec<usize> = own.needs.clone();
    let mut seen = BTreeSet::new();
    let mut found: Vec<(bool, String)> = Vec::new();
    while let Some(at) = open.pop() {
        let Some(need) = topology.instances().get(at).filter(|_| seen.insert(at)) else { continue };
        if need.is_logical() {
            open.extend(&need.needs);
            continue;
        }
        let name = need.id.to_string();
        if !facts.is_fine(&name) {
            let target = facts.target_of(&name);
            let state = target.and_then(|target| Some(facts.standing(&target, &name)?.state));
            found.push((state != Some(NodeStanding::Failed), name));
        }
    }
    found.sort();
    let (_, name) = found.into_iter().next()?;
    let at = facts.target_of(&name).map(|target| (target, name.clone()));
    Some((name, at))
}

/// The line on which a node says that it needs another: its requirement's, or that of the property that reads it.
fn needed_by(plan: &Plan, node: &str, need: &str) -> Option<Span> {
    let node = plan.nodes.get(node)?;
    let is_named = |expr: &bp_plan::Expr| {
        fn names(expr: &bp_plan::Expr, need: &str) -> bool {
            let mut found = matches!(expr, bp_plan::Expr::Node(name) if name == need);
            expr.parts(&mut |part| found = found || names(part, need));
            found
        }
        names(expr, need)
    };
    let required = node.requirements.iter().find(|one| is_named(&one.target)).map(|one| one.span);
    let read = || node.properties.values().find(|one| is_named(&one.value)).map(|one| one.span);
    required.or_else(read).or(Some(node.span))
}

async fn under_way(facts: &mut Facts, (target, instance): &Where) -> Result<Own, DriverError> {
    let end = facts.told.len();
    let last = facts.last(end, |told| {
        let (words, operation) = act(&told.event)?;
        let Event::StepStarted { run, attempt, .. } = &told.event else { return None };
        is_of(told, target, instance).then(|| (words, operation, run.clone(), *attempt))
    });
    let Some((at, (words, operation, run, attempt))) = last else { return Ok(Own::default()) };
    let Some(told) = facts.told.get(at).cloned() else { return Ok(Own::default()) };
    let is_open = facts.state.open_run().is_some_and(|open| open.id == run);
    let is_taken = facts.told.iter().skip(at).any(|told| {
        matches!(told.event, Event::StepAccepted { .. }) && is_of(told, target, instance)
    });
    let mut text = match operation {
        Operation::Converge if words == "converge" => "it is being brought about".to_owned(),
        Operation::Delete if words == "delete" => "it is being removed".to_owned(),
        _ => format!("its operation {words} is being carried out"),
    };
    if is_taken {
        text += "; its target has taken that on, and needs time";
    }
    if !is_open {
        text += "; the run was stopped meanwhile";
    }
    let revision = facts.revision_of(&run);
    let mut causes = vec![Cause::new(Reason::UnderWay, text).by(&told).attempt(attempt)];
    causes.extend(unreached(facts, target));
    let mut led = None;
    if let Some(revision) = revision.filter(|_| operation == Operation::Converge) {
        let found = change::of(facts, (target, instance), at, revision, None).await?;
        causes.extend(found.0);
        led = found.1;
    }
    Ok(Own { causes, led, revision })
}

async fn done(facts: &mut Facts, (target, instance): &Where) -> Result<Own, DriverError> {
    let newest = facts.state.revision().map(|(number, of)| (number, of.verb));
    if let Some((number, Verb::Uninstall)) = newest {
        // It is still there although all is to go.
        if let Some(other) = dependent(facts, target, instance) {
            let text =
                format!("its removal waits for {}, which needs it and is still there", other.1);
            let causes = vec![Cause::new(Reason::Dependency, text)];
            return Ok(Own { causes, led: Some(other), revision: Some(number) });
        }
        return Ok(held(facts, &(target.clone(), instance.clone())));
    }
    let end = facts.told.len();
    let last = facts.last(end, |told| {
        let is_end = matches!(
            told.event,
            Event::StepSucceeded { .. }
                | Event::InstanceSettled { .. }
                | Event::InstanceAdopted { .. }
        );
        (is_end && is_of(told, target, instance)).then_some(())
    });
    let Some((at, ())) = last else { return Ok(Own::default()) };
    let Some(told) = facts.told.get(at).cloned() else { return Ok(Own::default()) };
    let run = told.envelope.event.run.clone().unwrap_or_default();
    let revision = facts.revision_of(&run);
    let text = match &told.event {
        Event::InstanceAdopted { id, .. } => format!("`{id}` was there before, and was adopted"),
        _ => "it was brought about, and works".to_owned(),
    };
    let mut causes = Vec::new();
    if let (Some((newest, _)), Some(own)) = (newest, revision)
        && newest > own
    {
        let text = format!("revision {newest} wants nothing else of it than revision {own} did");
        causes.push(Cause::new(Reason::Unchanged, text));
    }
    causes.push(Cause::new(Reason::Done, text).by(&told));
    let mut led = None;
    if let Some(revision) = revision {
        let found = change::of(facts, (target, instance), at, revision, None).await?;
        causes.extend(found.0);
        led = found.1;
    }
    Ok(Own { causes, led, revision })
}

/// An instance that is there and needs this one.
fn dependent(facts: &Facts, target: &str, instance: &str) -> Option<Where> {
    let needs = |(to, of): &(String, String)| to == target && of == instance;
    facts.state.targets.iter().find_map(|(id, other)| {
        let mut all = other.instances.iter();
        let (name, _) = all.find(|(_, is)| is.depends.iter().chain(&is.needed).any(needs))?;
        Some((id.clone(), name.clone()))
    })
}

async fn gone(facts: &mut Facts, (target, instance): &Where) -> Result<Own, DriverError> {
    let end = facts.told.len();
    let last = facts.last(end, |told| is_of(told, target, instance).then_some(()));
    let Some((at, ())) = last else { return Ok(Own::default()) };
    let Some(told) = facts.told.get(at).cloned() else { return Ok(Own::default()) };
    let run = told.envelope.event.run.clone().unwrap_or_default();
    let revision = facts.revision_of(&run);
    let mut causes = vec![Cause::new(Reason::Done, "it was removed").by(&told)];
    if let Some(number) = revision {
        let verb = facts.state.revisions.get(&number).map(|revision| revision.verb);
        if verb == Some(Verb::Deploy) {
            causes.extend(unwanted(facts, number, instance).await?);
        }
    }
    Ok(Own { causes, led: None, revision })
}

/// Why a revision does not want an instance.
async fn unwanted(
    facts: &mut Facts,
    number: u64,
    instance: &str,
) -> Result<Vec<Cause>, DriverError> {
    let node = node_of(instance);
    let Some(want) = facts.want(number).await? else { return Ok(Vec::new()) };
    let was = facts.want(number.saturating_sub(1)).await?;
    let Some(of) = want.plan.nodes.get(node) else {
        let text = format!("the blueprint of revision {number} has no node `{node}` any more");
        let cause = Cause::new(Reason::Plan, text);
        return Ok(vec![match was {
            Some(was) => cause.at(&was.plan, blame(&was.plan, node, None)),
            None => cause,
        }]);
    };
    let (text, span) = match (&of.each, &of.condition) {
        (Some(each), _) => {
            (format!("what `{node}` is made for has nothing for {instance}"), each.span)
        }
        (None, Some(_)) => (format!("the condition of `{node}` does not hold"), of.span),
        (None, None) => (format!("revision {number} does not want it"), of.span),
    };
    let mut causes = vec![Cause::new(Reason::Plan, text).at(&want.plan, Some(span))];
    if was.is_some_and(|was| was.inventory != want.inventory) {
        let text = "there is other to be placed on: the inventory was changed";
        causes.push(Cause::new(Reason::Inventory, text));
    }
    Ok(causes)
}

/// Why a node of the plan has no instance at all; none where there is no such node.
pub(super) async fn absent(facts: &mut Facts, asked: &str) -> Result<Option<About>, DriverError> {
    let Some((number, revision)) = facts.state.revision() else { return Ok(None) };
    let verb = revision.verb;
    let Some(want) = facts.want(number).await? else { return Ok(None) };
    let known = want.plan.nodes.contains_key(asked);
    let is_keyed = want.plan.nodes.get(node_of(asked)).is_some_and(|node| node.each.is_some());
    if !(known || is_keyed && asked.ends_with(']')) {
        return Ok(None);
    }
    let logical = facts.topology.as_ref().is_some_and(|topology| {
        let id = topology.find(&InstanceId::one(asked));
        id.and_then(|at| topology.instances().get(at)).is_some_and(Instance::is_logical)
    });
    let mut causes = match (verb, logical) {
        (Verb::Uninstall, _) => Vec::new(),
        (Verb::Deploy, true) => {
            let span = blame(&want.plan, asked, None);
            let text = "nobody makes it: it is there as soon as what it needs is";
            vec![Cause::new(Reason::Plan, text).at(&want.plan, span)]
        }
        (Verb::Deploy, false) => unwanted(facts, number, asked).await?,
    };
    causes.extend(request(facts, number));
    let state = if logical { "logical" } else { "not there" };
    let id = asked.to_owned();
    Ok(Some(About { kind: Kind::Node, id, target: None, state: state.to_owned(), causes }))
}

/// Why a target is as it is.
pub(super) fn of_target(facts: &Facts, asked: &str) -> Option<About> {
    let (id, _) = facts
        .state
        .targets
        .iter()
        .find(|(id, _)| facts.target_name(id) == asked || id.as_str() == asked)?;
    let own = |told: &Told| matches!(&told.stream, Stream::Target(_, of) if of == id);
    let answered = || {
        let (at, identity) = facts.last(facts.told.len(), |told| match &told.event {
            Event::TargetContacted { identity, .. } if own(told) => Some(identity.clone()),
            _ => None,
        })?;
        let text = format!("it answered, and is `{identity}`");
        Some(Cause::new(Reason::Target, text).by(facts.told.get(at)?))
    };
    let silent = unreached(facts, id);
    let state = if silent.is_some() { "not reached" } else { "reached" };
    let cause = silent.or_else(answered);
    let state = if cause.is_some() { state } else { "not called yet" };
    Some(About {
        kind: Kind::Target,
        id: facts.target_name(id).to_owned(),
        target: None,
        state: state.to_owned(),
        causes: cause.into_iter().collect(),
    })
}
