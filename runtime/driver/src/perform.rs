//! Effects, by providers: a target called, a step brought about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bp_engine::engine::{CallStep, Intent, Step, TargetRef, Wanted};
use bp_engine::event::{self, Operation};
use bp_engine::secrets::{self, Revealed};
use bp_engine::{Report, Subject as Described};
use bp_journal::Store;
use bp_provider::{
    Call, Change, Class, Connection, Done, Failure, FieldChange, Handle, Observation, Progress,
    Provider, Record, Subject, Target,
};
use bp_topology::{Made, Secrets};
use serde_json::Value as Json;

use crate::files;
use crate::secrets::{SecretSource, Veil};
use crate::watch::Watcher;

/// How long calls may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Any one call.
    pub call: Duration,
    /// A step that a target has taken on.
    pub wait: Duration,
    /// How many calls in a row may fail while a step is waited for.
    pub failures: u32,
}

/// How many deadlines of a call may pass before nobody waits any longer for a provider that does not keep it: one
/// call may ask several times.
const PATIENCE: u32 = 10;

impl Deadlines {
    /// What comes of a call. A reply that does not come is an unknown outcome, whoever is to blame for that.
    pub(crate) async fn keep<T>(
        &self,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let most = self.call * PATIENCE;
        tokio::time::timeout(most, call).await.unwrap_or_else(|_| Err(late(most)))
    }

    /// How long is waited for an operation of this deadline, whatever carries it out.
    pub(crate) fn of_call(&self, deadline: Duration) -> Duration {
        deadline.saturating_add(self.call * PATIENCE)
    }
}

/// No reply came in time.
pub(crate) fn late(most: Duration) -> Failure {
    let message = format!("no reply within {} s: what came of it is not known", most.as_secs_f64());
    Failure::new(Class::UnknownOutcome, message)
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { call: Duration::from_secs(30), wait: Duration::from_mins(30), failures: 5 }
    }
}

/// What an effect needs.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) watcher: Arc<dyn Watcher>,
    pub(crate) deployment: String,
    pub(crate) deployment_name: String,
    pub(crate) deadlines: Deadlines,
    /// Over the secrets, and what the subject at hand is made of them.
    pub(crate) veil: Arc<Veil>,
    pub(crate) secrets: Secrets,
    /// Where they come from, and what seals those that operations give.
    pub(crate) source: Arc<dyn SecretSource>,
}

/// Asks a target who it is.
pub(crate) async fn contact(hands: &Hands, provider: &dyn Provider, target: &TargetRef) -> Report {
    let result = match call(hands, target) {
        Ok(call) => {
            hands.deadlines.keep(provider.discover(&call)).await.map(|found| found.identity)
        }
        Err(failure) => Err(failure),
    };
    let result = result.map_err(|failure| told(hands, failure));
    Report::Contacted { target: target.id.clone(), result }
}

/// Brings a step about, as far as one call goes, or waits for one that was taken on.
pub(crate) async fn perform(
    hands: &mut Hands,
    provider: &dyn Provider,
    target: &TargetRef,
    step: Step,
) -> Report {
    let (instance, hidden) = (step.instance.clone(), step.hidden.clone());
    let is_going = step.operation == Operation::Delete;
    let result = attempt(hands, provider, target, step).await.map(|progress| match progress {
        // What is gone has nothing to report that anybody may read.
        Progress::Done(done) if is_going => {
            Progress::Done(Done { attributes: BTreeMap::new(), ..done })
        }
        progress => progress,
    });
    let result = result.and_then(|progress| unseen(hands, progress, &hidden));
    let target = target.id.clone();
    match result {
        Ok(Progress::Done(done)) => Report::Succeeded {
            target,
            instance,
            record: done.record.and_then(|record| serde_json::to_value(record).ok()),
            attributes: done.attributes,
        },
        Ok(Progress::Accepted { handle, waiting_for }) => {
            hands.watcher.waiting(&target, &instance, &hands.veil.over(waiting_for));
            let record = handle.record.as_ref().and_then(|r| serde_json::to_value(r).ok());
            match serde_json::to_value(&handle) {
                Ok(handle) => Report::Accepted { target, instance, handle, record },
                Err(error) => Report::Failed {
                    target,
                    instance,
                    failure: event::Failure::permanent(format!("its handle is no JSON: {error}")),
                },
            }
        }
        Err(failure) => Report::Failed { target, instance, failure: told(hands, failure) },
    }
}

/// What is to be journaled, which must show no secret; what is declared to be one is sealed.
fn unseen(
    hands: &Hands,
    progress: Progress,
    hidden: &BTreeSet<String>,
) -> Result<Progress, Failure> {
    let seen = |json: &Json| hands.veil.seen(json);
    let found = match &progress {
        Progress::Done(done) => done
            .attributes
            .iter()
            .filter(|(name, _)| !hidden.contains(*name))
            .find_map(|(name, value)| Some((format!("its attribute `{name}`"), seen(value)?)))
            .or_else(|| Some(("its record".to_owned(), seen(&done.record.as_ref()?.body)?))),
        Progress::Accepted { handle, .. } => {
            let record = handle.record.as_ref();
            let found = seen(&handle.body).or_else(|| seen(&record?.body));
            found.map(|secret| ("its handle".to_owned(), secret))
        }
    };
    let Some((what, secret)) = found else { return Ok(progress) };
    let message = format!(
        "the object is there, but {what} shows the secret `{secret}`, and would be written down"
    );
    Err(Failure::new(Class::Permanent, message)
        .help("let the object report something that is no secret"))
}

async fn attempt(
    hands: &mut Hands,
    provider: &dyn Provider,
    target: &TargetRef,
    step: Step,
) -> Result<Progress, Failure> {
    let call = call(hands, target)?;
    let handle = step.handle.clone();
    let (operation, key, may_replace) = (step.operation, step.key.clone(), step.may_replace);
    let subject = subject(hands, step).await?;
    if let Some(handle) = handle {
        let handle: Handle = serde_json::from_value(handle).map_err(|error| {
            Failure::new(
                Class::UnknownOutcome,
                format!("the journal's handle can't be read: {error}"),
            )
        })?;
        return wait(hands, provider, &call, &subject, handle).await;
    }
    if operation == Operation::Delete {
        return hands.deadlines.keep(provider.begin(&call, &subject, &Change::Delete, &key)).await;
    }
    let observed = hands.deadlines.keep(provider.observe(&call, &subject)).await?;
    if let Observation::CannotTell(why) = &observed {
        let message = format!("what is there can't be told: {why}");
        return Err(Failure::new(Class::Transient, message));
    }
    let change = provider.diff(&subject, &observed)?;
    if let Change::Replace { because } = &change
        && !may_replace
        && !because.is_empty()
    {
        return Err(unapproved(&subject.instance, because));
    }
    hands.deadlines.keep(provider.begin(&call, &subject, &change, &key)).await
}

/// A replacement that nobody approved. Nothing was done.
fn unapproved(instance: &str, because: &[FieldChange]) -> Failure {
    let fields: Vec<String> = because.iter().map(|field| format!("`{}`", field.path)).collect();
    let message = format!(
        "it can't be changed in place ({}), and replacing it was not approved",
        fields.join(", ")
    );
    Failure::new(Class::Permanent, message).help(format!(
        "keep it as it was, or let it be replaced: `bpr update … --approve '{instance}'`"
    ))
}

/// Asks until the change is done. A call that fails by the way is made again a few times.
async fn wait(
    hands: &Hands,
    provider: &dyn Provider,
    call: &Call,
    subject: &Subject,
    mut handle: Handle,
) -> Result<Progress, Failure> {
    let begin = tokio::time::Instant::now();
    let mut said = String::new();
    let mut failures = 0;
    loop {
        match hands.deadlines.keep(provider.poll(call, subject, &handle)).await {
            Ok(Progress::Done(done)) => return Ok(Progress::Done(done)),
            Ok(Progress::Accepted { handle: next, waiting_for }) => {
                handle = next;
                failures = 0;
                let waiting_for = hands.veil.over(waiting_for);
                if waiting_for != said {
                    hands.watcher.waiting(&call.target.id, &subject.instance, &waiting_for);
                    said = waiting_for;
                }
            }
            Err(failure)
                if failure.class == Class::Transient && failures < hands.deadlines.failures =>
            {
                failures += 1;
                tokio::time::sleep(failure.retry_after.unwrap_or(Duration::from_millis(500))).await;
            }
            Err(failure) => return Err(failure),
        }
        if begin.elapsed() > hands.deadlines.wait {
            return Err(Failure::new(
                Class::Permanent,
                format!(
                    "it was not ready within {} minutes: {said}",
                    hands.deadlines.wait.as_secs() / 60
                ),
            ));
        }
        tokio::time::sleep(provider.poll_every()).await;
    }
}

/// A subject of the journal.
pub(crate) async fn stored(hands: &Hands, digest: &str) -> Result<Described, Failure> {
    let damaged = |error: String| Failure::new(Class::Permanent, error);
    let bytes = hands
        .store
        .blob(digest)
        .await
        .map_err(|error| Failure::new(Class::Transient, error.to_string()))?
        .ok_or_else(|| damaged(format!("the journal does not hold the blob {digest}")))?;
    serde_json::from_slice::<Described>(&bytes)
        .map_err(|error| damaged(format!("the journal's blob {digest}: {error}")))
}

/// What a step is about, with its secrets. From here on these hands hide what is made of them, too.
pub(crate) async fn subject(hands: &mut Hands, step: Step) -> Result<Subject, Failure> {
    let damaged = |error: String| Failure::new(Class::Permanent, error);
    let described = match step.subject {
        Wanted::Here(described) => *described,
        Wanted::Stored(digest) => {
            let mut described = stored(hands, &digest).await?;
            // A provider takes away what it knows by its record; a script is called as it always is.
            let is_begun = |call: &CallStep| matches!(call.intent, Intent::CarryOut | Intent::Look);
            if step.call.as_ref().is_some_and(is_begun) {
                described.revealed = secrets::reveal(&described.properties, &hands.secrets)
                    .map_err(|(message, help)| Failure { help, ..damaged(message) })?;
            }
            described
        }
    };
    let mut earlier = Vec::new();
    for digest in &step.earlier {
        earlier.push(stored(hands, digest).await?.properties);
    }
    let record = match step.record {
        None => None,
        Some(record) => Some(
            serde_json::from_value::<Record>(record)
                .map_err(|error| damaged(format!("the journal's record can't be read: {error}")))?,
        ),
    };
    let digest = bp_engine::retry::digest(&described.bytes());
    let Revealed { properties: revealed, paths: secret, made } = described.revealed;
    if *made != Made::default() {
        hands.veil = Arc::new(hands.veil.with(&made));
    }
    let mut properties = described.properties;
    properties.extend(revealed);
    let properties = files::with_content(&*hands.store, properties, &described.files).await?;
    Ok(Subject {
        deployment: hands.deployment.clone(),
        deployment_name: hands.deployment_name.clone(),
        instance: step.instance,
        node_type: described.node_type,
        extends: described.extends,
        properties,
        secret,
        account: described.account.unwrap_or_default(),
        labels: described.labels,
        digest,
        earlier,
        record,
        was: step.was,
        takes_back: step.takes_back,
        applied: None,
    })
}

pub(crate) fn call(hands: &Hands, target: &TargetRef) -> Result<Call, Failure> {
    let connection: Connection =
        serde_json::from_value(target.connection.clone()).map_err(|error| {
            Failure::new(
                Class::Permanent,
                format!("how `{}` is reached can't be read: {error}", target.name),
            )
        })?;
    let target = Target {
        id: target.id.clone(),
        name: target.name.clone(),
        identity: target.identity.clone(),
        connection,
    };
    Ok(Call { target, deadline: hands.deadlines.call })
}

/// A provider's failure in the engine's words.
pub(crate) fn told(hands: &Hands, failure: Failure) -> event::Failure {
    event::Failure {
        class: match failure.class {
            Class::Transient => event::Class::Transient,
            Class::Permanent => event::Class::Permanent,
            Class::Conflict => event::Class::Conflict,
            Class::UnknownOutcome => event::Class::UnknownOutcome,
        },
        message: hands.veil.over(failure.message),
        property: failure.property,
        help: failure.help.map(|help| hands.veil.over(help)),
        retry_after_ms: failure.retry_after.and_then(|wait| i64::try_from(wait.as_millis()).ok()),
        unreachable: failure.unreachable,
    }
}
