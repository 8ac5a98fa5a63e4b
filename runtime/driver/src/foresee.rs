//! Looking ahead: the engine's own decisions, with providers asked what they would do. Nothing is appended,
//! nothing is moved.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bp_engine::engine::{Answer, Effect, Engine, Query, Start, Step, Wanted};
use bp_engine::event::{self, Event, Failure, Operation, Outcome};
use bp_engine::outlook::{self, Action, Field, Outlook, Shown, secrets_in};
use bp_engine::retry::Limits;
use bp_engine::state::{Revision, State};
use bp_engine::terms::node_of;
use bp_engine::{Report, Stream, admissions, moved};
use bp_plan::Plan;
use bp_provider::{Change, FieldChange, Health, Observation, Provider, Record};
use serde_json::Value as Json;
use tokio::task::JoinSet;

use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::perform::{Hands, call, contact, stored, subject, told};
use crate::runtime::{Desired, Providers};
use crate::secrets::Veil;

/// What came of something that was asked.
enum Heard {
    Report(Report),
    Answer { target: String, instance: String, answer: Box<Answer> },
}

/// What providers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// What they would do to what is not as it is wanted by the journal.
    Change,
    /// What they would do, to all.
    Drift,
    /// How all are.
    Health,
}

/// How it is looked.
#[derive(Clone)]
pub(crate) struct Looking<'p> {
    /// What protects what the plan does not name any more.
    pub(crate) before: Option<&'p Plan>,
    /// What is asked.
    pub(crate) ask: Ask,
    /// How much is asked at once.
    pub(crate) limits: Limits,
}

/// What a revision would do to what is deployed.
pub(crate) async fn foresee(
    hands: &Hands,
    providers: &Providers,
    ledger: &Ledger,
    revision: Revision,
    desired: Desired,
    looking: Looking<'_>,
) -> Result<Outlook, DriverError> {
    let name = hands.deployment_name.clone();
    let state = opened(ledger, &name, revision, &desired);
    let start = Start {
        deployment: ledger.id.clone(),
        state,
        topology: desired.topology,
        inventory: desired.inventory,
        heads: BTreeMap::new(),
        // Who looks does not wait for what may pass.
        limits: Limits { attempts: 1, contacts: 1, ..looking.limits },
    };
    let before = looking.before;
    let engine = match looking.ask {
        Ask::Change => Engine::looking_ahead(start),
        Ask::Drift | Ask::Health => Engine::looking_at_all(start),
    };
    let Some(mut engine) = engine else {
        return Err(DriverError::NothingPlanned(name));
    };
    let mut asked: JoinSet<Heard> = JoinSet::new();
    loop {
        let batch = engine.decide(0);
        if batch.finished.is_some() {
            return Ok(engine.outlook(before));
        }
        let is_quiet = batch.appends.is_empty();
        for effect in batch.effects {
            if let Effect::Contact { target, provider } = effect {
                let (hands, provider) = (hands.clone(), providers.get(&provider).cloned());
                asked.spawn(async move {
                    Heard::Report(match provider {
                        Some(provider) => contact(&hands, &*provider, &target).await,
                        None => Report::Contacted { target: target.id, result: Err(unknown()) },
                    })
                });
            }
        }
        for query in engine.queries() {
            let (hands, provider) = (hands.clone(), providers.get(&query.provider).cloned());
            asked.spawn(async move {
                let (target, instance) = (query.target.id.clone(), query.instance.clone());
                let answer = match provider {
                    Some(provider) if looking.ask == Ask::Health => {
                        Box::new(how(&hands, &*provider, query).await)
                    }
                    Some(provider) => Box::new(answer(&hands, &*provider, query).await),
                    None => Box::new(failing(unknown())),
                };
                Heard::Answer { target, instance, answer }
            });
        }
        let mut heard = if batch.goes_on { asked.try_join_next() } else { asked.join_next().await };
        if heard.is_none() && is_quiet && !batch.goes_on {
            // A provider that panicked has no answer: what it was asked for, and what needs that, can't be
            // told.
            return Ok(engine.outlook(before));
        }
        while let Some(one) = heard {
            match one {
                Ok(Heard::Report(report)) => engine.report(0, report),
                Ok(Heard::Answer { target, instance, answer }) => {
                    engine.answer(&target, &instance, *answer);
                }
                Err(_) => {}
            }
            heard = asked.try_join_next();
        }
    }
}

/// The state as it would be when the revision's run begins.
fn opened(ledger: &Ledger, name: &str, revision: Revision, desired: &Desired) -> State {
    let mut state = ledger.state.clone();
    let own = Stream::Deployment(ledger.id.clone());
    let mut events = Vec::new();
    if ledger.is_new() {
        events.push(Event::DeploymentCreated { name: name.to_owned(), seed: String::new() });
    }
    if let Some(open) = state.open_run() {
        let (run, head) = (open.id.clone(), String::new());
        events.push(Event::RunClosed { run, outcome: Outcome::Superseded, head });
    }
    events.extend(admissions(&state, &desired.topology));
    let number = state.revision().map_or(1, |(number, _)| number + 1);
    events.push(Event::RevisionPlanned {
        revision: number,
        request: state.requests_taken,
        verb: revision.verb,
        plan: revision.plan,
        inputs: revision.inputs,
        inventory: revision.inventory,
        terms: Some(Box::new(revision.terms)),
        back_to: revision.back_to,
        reached_by: revision.reached_by,
    });
    let run = format!("{}.{}", ledger.id, state.count_of_runs() + 1);
    let request = state.requests_taken;
    events.push(Event::RunOpened { run, revision: number, request, again: None, heals: false });
    for event in &events {
        state.fold(&own, state.epoch, event);
    }
    state
}

/// The state with what moves to another name moved.
pub(crate) fn moved_on<'l>(ledger: &'l Ledger, desired: &Desired) -> Cow<'l, State> {
    let mut state = Cow::Borrowed(&ledger.state);
    for (target, event) in moved::moves(&ledger.state, &desired.topology) {
        let epoch = state.epoch;
        state.to_mut().fold(&Stream::Target(ledger.id.clone(), target), epoch, &event);
    }
    state
}

fn unknown() -> Failure {
    Failure::permanent("this runtime no longer has the provider")
}

fn plain(action: Action) -> Answer {
    Answer { action, fields: Vec::new(), attributes: None, reason: None, failure: None }
}

fn failing(failure: Failure) -> Answer {
    if failure.may_pass() {
        return Answer { reason: Some(failure.message), ..plain(Action::Held) };
    }
    Answer { failure: Some(failure), ..plain(Action::Fail) }
}

/// How often one is asked who wants to be asked later, and how long that is waited for at most.
const TURNS: u32 = 3;
const MOST_WAIT: Duration = Duration::from_mins(1);

/// Waits for as long as who was asked wants; whether to ask again. What follows a look finds it waited out, too.
async fn asks_again(failure: &bp_provider::Failure, turn: u32) -> bool {
    let Some(wait) = failure.retry_after else { return false };
    tokio::time::sleep(wait.min(MOST_WAIT)).await;
    turn < TURNS
}

/// What a provider would do to an instance.
pub(crate) async fn answer(hands: &Hands, provider: &dyn Provider, query: Query) -> Answer {
    let mut hands = hands.clone();
    let mut turn = 1;
    loop {
        match look(&mut hands, provider, query.clone()).await {
            Ok(answer) => return answer,
            Err(failure) if asks_again(&failure, turn).await => turn += 1,
            Err(failure) => return failing(told(&hands, failure)),
        }
    }
}

/// How an instance is. Whoever needs it is asked, too: what it reports is as it was.
async fn how(hands: &Hands, provider: &dyn Provider, query: Query) -> Answer {
    let mut hands = hands.clone();
    let reported = query.reported.clone();
    let mut turn = 1;
    let health = loop {
        match health(&mut hands, provider, query.clone()).await {
            Err(failure) if asks_again(&failure, turn).await => turn += 1,
            answer => break answer,
        }
    };
    let reason = match health {
        Ok(Health::Healthy) => None,
        Ok(Health::Progressing(why)) => Some(format!("it is on its way: {}", hands.veil.over(why))),
        Ok(Health::Failed(why)) => Some(hands.veil.over(why)),
        Err(failure) => Some(told(&hands, failure).message),
    };
    let action = if reason.is_none() { Action::None } else { Action::Unknown };
    Answer { attributes: Some(reported), reason, ..plain(action) }
}

async fn health(
    hands: &mut Hands,
    provider: &dyn Provider,
    query: Query,
) -> Result<Health, bp_provider::Failure> {
    let call = call(hands, &query.target)?;
    let Some(digest) = &query.applied else {
        return Ok(Health::Failed("it is not there yet".to_owned()));
    };
    let applied = stored(hands, digest).await?;
    let subject = subject(hands, step(&query, applied)).await?;
    hands.deadlines.keep(provider.health(&call, &subject)).await
}

async fn look(
    hands: &mut Hands,
    provider: &dyn Provider,
    query: Query,
) -> Result<Answer, bp_provider::Failure> {
    let call = call(hands, &query.target)?;
    let before = match query.applied.as_ref().or(query.begun.as_ref()) {
        Some(digest) => Some(stored(hands, digest).await?),
        None => None,
    };
    let applied = query.applied.is_some().then(|| before.clone()).flatten();
    // What is to go is known by what was last wanted of it.
    let Some(mut wanted) = query.subject.clone().or(before.map(Box::new)) else {
        return Ok(plain(Action::Delete));
    };
    let mut fields = unknown_fields(&query, applied.as_ref());
    let is_whole = fill(&mut wanted, &query, applied.as_ref());
    let own = applied.as_ref().map(|applied| applied.properties.clone()).unwrap_or_default();
    let mut known = wanted.properties.clone();
    known.retain(|name, _| !query.unknown.contains_key(name));
    let mut was = own.clone();
    was.retain(|name, _| !query.unknown.contains_key(name));
    let properties = outlook::properties(&was, &known);
    let subject = subject(hands, step(&query, *wanted)).await?;
    let subject = bp_provider::Subject { applied: applied.map(|a| a.properties), ..subject };
    if query.operation == Operation::Delete {
        let reason = match provider.observe(&call, &subject).await? {
            Observation::Absent => Some("it is gone already".to_owned()),
            Observation::CannotTell(why) => Some(format!("what is there can't be told: {why}")),
            Observation::Present(_) => None,
        };
        return Ok(Answer { reason, ..plain(Action::Delete) });
    }
    let under_way = query.is_under_way.then(|| "a step of it was begun, and goes on".to_owned());
    if !is_whole {
        let is_there = query.record.is_some() || query.applied.is_some();
        let action = match (is_there, properties.is_empty()) {
            (false, _) => Action::Create,
            (true, false) => Action::Change,
            (true, true) => Action::Unknown,
        };
        fields.splice(0..0, properties);
        return Ok(Answer { fields, reason: under_way, ..plain(action) });
    }
    let observed = provider.observe(&call, &subject).await?;
    let attributes = match &observed {
        Observation::CannotTell(why) => {
            let reason = Some(format!("what is there can't be told: {why}"));
            return Ok(Answer { reason, ..plain(Action::Held) });
        }
        Observation::Absent => BTreeMap::new(),
        Observation::Present(present) => present.attributes.clone(),
    };
    let change = provider.diff(&subject, &observed)?;
    let veil = Redaction::of(&hands.veil, &subject, &own);
    let mut answer = match change {
        Change::None if fields.is_empty() => {
            let mut all = query.reported.clone();
            all.extend(attributes);
            Answer { attributes: Some(all), ..plain(Action::None) }
        }
        Change::None => plain(Action::Unknown),
        Change::Create => Answer { fields: properties, ..plain(Action::Create) },
        Change::Update(changes) => {
            let fields = veil.fields(&changes, false, &properties);
            Answer { fields, ..plain(Action::Change) }
        }
        Change::Replace { because } => {
            let reason = match because.as_slice() {
                [] => "the old one is being deleted".to_owned(),
                because => {
                    let paths: Vec<String> =
                        because.iter().map(|field| format!("`{}`", field.path)).collect();
                    format!("{} can't be changed in place", paths.join(", "))
                }
            };
            let fields = veil.fields(&because, true, &properties);
            Answer { fields, reason: Some(reason), ..plain(Action::Replace) }
        }
        Change::Delete => plain(Action::Delete),
    };
    answer.fields.extend(fields);
    answer.reason = answer.reason.or(under_way);
    Ok(answer)
}

/// Properties that are known only when others have changed.
fn unknown_fields(query: &Query, applied: Option<&bp_engine::Subject>) -> Vec<Field> {
    let field = |(path, after): (&String, &Vec<String>)| Field {
        path: path.clone(),
        desired: Some(Shown::KnownAfter(after.clone())),
        applied: applied.and_then(|applied| applied.properties.get(path)).map(Shown::marked),
        live: None,
        replaces: false,
    };
    query.unknown.iter().map(field).collect()
}

/// Puts what was last applied where nothing is known yet, so that the rest can be compared. Whether all
/// could be filled.
fn fill(
    wanted: &mut bp_engine::Subject,
    query: &Query,
    applied: Option<&bp_engine::Subject>,
) -> bool {
    for name in query.unknown.keys() {
        let last = applied.and_then(|applied| applied.properties.get(name));
        let mut secrets = BTreeSet::new();
        let Some(last) = last else { return false };
        secrets_in(last, &mut secrets);
        if !secrets.is_empty() {
            return false;
        }
        wanted.properties.insert(name.clone(), last.clone());
        let prefix = format!("/{name}");
        let files = applied.into_iter().flat_map(|applied| &applied.files);
        let files = files.filter(|(at, _)| **at == prefix || at.starts_with(&format!("{prefix}/")));
        wanted.files.extend(files.map(|(at, file)| (at.clone(), file.clone())));
    }
    true
}

fn step(query: &Query, wanted: bp_engine::Subject) -> Step {
    Step {
        instance: query.instance.clone(),
        operation: query.operation,
        key: String::new(),
        attempt: 1,
        provider: query.provider.clone(),
        subject: Wanted::Here(Box::new(wanted)),
        earlier: Vec::new(),
        record: query.record.clone(),
        handle: None,
        call: None,
        was: query.was.clone(),
        may_replace: false,
        hidden: BTreeSet::new(),
        takes_back: false,
    }
}

/// Keeps secrets out of what is shown: those that are known, and those that were.
struct Redaction<'h> {
    veil: &'h Veil,
    /// The names of the secrets that it has, or had, parts of.
    of: BTreeSet<String>,
    /// Values that are secret by themselves.
    secret: Vec<Json>,
    /// Values that are known to be none.
    plain: Vec<Json>,
}

impl<'h> Redaction<'h> {
    /// `applied` has marks in the places of secrets.
    fn of(
        veil: &'h Veil,
        subject: &bp_provider::Subject,
        applied: &BTreeMap<String, Json>,
    ) -> Self {
        let mut of = BTreeSet::new();
        for value in applied.values() {
            secrets_in(value, &mut of);
        }
        let mut secret = Vec::new();
        for path in &subject.secret {
            let mut keys = path.split('.');
            let first = keys.next().and_then(|name| subject.properties.get(name));
            if let Some(part) = keys.try_fold(first, |part, key| part.map(|p| p.get(key))).flatten()
            {
                leaves(part, &mut secret);
            }
        }
        if !subject.secret.is_empty() && of.is_empty() {
            let names = |value: &Json| veil.seen(value).map(str::to_owned);
            of.extend(secret.iter().filter_map(names));
        }
        let mut plain = Vec::new();
        for value in subject.shown().values().chain(applied.values()) {
            leaves(value, &mut plain);
        }
        plain.retain(|value| !secret.contains(value));
        Self { veil, of, secret, plain }
    }

    fn is_plain_node(&self) -> bool {
        self.of.is_empty() && self.secret.is_empty()
    }

    /// A value that was worked out now.
    fn desired(&self, value: &Json) -> Shown {
        let mut parts = Vec::new();
        leaves(value, &mut parts);
        match self.veil.seen(value) {
            Some(name) => Shown::Secret(BTreeSet::from([name.to_owned()])),
            None if parts.iter().any(|part| self.secret.contains(part)) => {
                Shown::Secret(self.of.clone())
            }
            None => Shown::Value(value.clone()),
        }
    }

    /// A value of a time when secrets may have been others.
    fn other(&self, value: &Json, desired: Option<&Json>) -> Shown {
        let mut marks = BTreeSet::new();
        secrets_in(value, &mut marks);
        if !marks.is_empty() {
            return Shown::Secret(marks);
        }
        let mut parts = Vec::new();
        leaves(value, &mut parts);
        let is_known = Some(value) == desired || parts.iter().all(|part| self.plain.contains(part));
        match self.desired(value) {
            Shown::Value(value) if self.is_plain_node() || is_known => Shown::Value(value),
            Shown::Value(_) => Shown::Hidden,
            secret => secret,
        }
    }

    /// What a provider found, as it may be shown; where it tells nothing, the properties that differ.
    fn fields(&self, changes: &[FieldChange], replaces: bool, properties: &[Field]) -> Vec<Field> {
        let mut fields: Vec<Field> = changes
            .iter()
            .map(|change| Field {
                path: change.path.clone(),
                desired: change.desired.as_ref().map(|value| self.desired(value)),
                applied: change
                    .applied
                    .as_ref()
                    .map(|value| self.other(value, change.desired.as_ref())),
                live: change.live.as_ref().map(|value| self.other(value, change.desired.as_ref())),
                replaces,
            })
            .collect();
        // A secret that changed is seen by its hash alone.
        let is_secret = |field: &Field| {
            [&field.desired, &field.applied].iter().any(|s| matches!(s, Some(Shown::Secret(_))))
        };
        for field in properties.iter().filter(|field| changes.is_empty() || is_secret(field)) {
            match fields.iter_mut().find(|known| known.path == field.path) {
                Some(known) => known.applied = known.applied.take().or(field.applied.clone()),
                None => fields.push(field.clone()),
            }
        }
        fields
    }
}

/// The texts, numbers and truths in a value.
fn leaves(value: &Json, found: &mut Vec<Json>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Json::Object(entries) => entries.values().for_each(|entry| leaves(entry, found)),
        Json::Null => {}
        leaf => found.push(leaf.clone()),
    }
}

/// A record as the journal keeps it.
pub(crate) fn journaled(record: &Record) -> Result<Json, event::Failure> {
    serde_json::to_value(record)
        .map_err(|error| Failure::permanent(format!("its record is no JSON: {error}")))
}

/// The plan of the newest revision, where something is there of which this plan has no node: whether that is
/// protected, the plan before says.
pub(crate) async fn plan_before(
    ledger: &Ledger,
    plan: &Plan,
) -> Result<Option<Arc<Plan>>, DriverError> {
    let mut instances = ledger.state.targets.values().flat_map(|there| there.instances.keys());
    let is_needed = instances.any(|instance| !plan.nodes.contains_key(node_of(instance)));
    let Some((_, revision)) = ledger.state.revision().filter(|_| is_needed) else {
        return Ok(None);
    };
    let (plan, ..) = crate::runtime::stored(ledger, revision).await?;
    Ok(Some(plan))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn map(json: &Json) -> BTreeMap<String, Json> {
        json.as_object().unwrap().clone().into_iter().collect()
    }

    fn change(path: &str, desired: &Json, applied: &Json, live: &Json) -> FieldChange {
        let path = path.to_owned();
        let some = |json: &Json| Some(json.clone());
        FieldChange { path, desired: some(desired), applied: some(applied), live: some(live) }
    }

    #[test]
    fn of_a_node_with_secrets_only_what_is_known_to_be_none_is_shown() {
        let subject = bp_provider::Subject {
            properties: map(&json!({ "data": { "key": "new", "plain": "b" }, "count": 2 })),
            secret: BTreeSet::from(["data.key".to_owned()]),
            ..bp_provider::Subject::default()
        };
        let mark = json!({ "$secret": { "of": ["key"], "hash": "1" } });
        let applied = map(&json!({ "data": { "key": mark, "plain": "a" }, "count": 1 }));
        let veil = Veil::default();
        let redaction = Redaction::of(&veil, &subject, &applied);
        let changes = [
            change("object.key", &json!("new"), &mark, &json!("old")),
            change("object.plain", &json!("b"), &json!("a"), &json!("a")),
            change("object.copy", &json!("b"), &json!("b"), &json!(["old", "b"])),
        ];
        let fields = redaction.fields(&changes, false, &[]);
        let secret = Some(Shown::Secret(BTreeSet::from(["key".to_owned()])));
        assert_eq!((&fields[0].desired, &fields[0].applied), (&secret, &secret));
        assert_eq!(fields[0].live, Some(Shown::Hidden));
        assert_eq!(fields[1].live, Some(Shown::Value(json!("a"))));
        assert_eq!(fields[2].live, Some(Shown::Hidden));
        assert!(!serde_json::to_string(&fields).unwrap().contains("old"));
    }

    #[test]
    fn a_secret_that_changed_stands_beside_what_the_provider_tells() {
        let subject = bp_provider::Subject {
            properties: map(&json!({ "key": "new", "count": 2 })),
            secret: BTreeSet::from(["key".to_owned()]),
            ..bp_provider::Subject::default()
        };
        let mark = |hash: &str| json!({ "$secret": { "of": ["key"], "hash": hash } });
        let before = map(&json!({ "key": mark("1"), "count": 1 }));
        let properties =
            outlook::properties(&before, &map(&json!({ "key": mark("2"), "count": 2 })));
        let veil = Veil::default();
        let redaction = Redaction::of(&veil, &subject, &before);
        let told = [change("spec.count", &json!(2), &json!(1), &json!(1))];
        let paths = |fields: Vec<Field>| fields.into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(redaction.fields(&told, false, &properties)), ["spec.count", "key"]);
        // One that tells nothing has all of its properties compared.
        assert_eq!(paths(redaction.fields(&[], false, &properties)), ["count", "key"]);
    }
}
