//! Providers of the world's objects: one whose changes are done at once, one whose changes take time,
//! one whose objects have names of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bp_provider::{
    Call, Change, Class, Discovery, Done, Failure, Handle, Health, Observation, Present, Progress,
    Provider, Record, Subject,
};
use serde_json::{Value as Json, json};

use crate::blueprint::{At, id, titled};
use crate::process::Process;
use crate::sim::Inner;
use crate::wire::Message;
use crate::world::Object;

/// See the module.
pub(crate) struct Keeper {
    /// `quick`, `slow` or `named`.
    pub(crate) name: &'static str,
    /// Who calls.
    pub(crate) process: Arc<Process>,
}

impl Keeper {
    fn message<'m>(&'m self, call: &'m Call, subject: &'m Subject, what: &str) -> Message<'m> {
        let target = &call.target.name;
        let what = format!("{what} {}@{target}", subject.instance);
        Message {
            process: &self.process,
            target,
            provider: self.name,
            instance: &subject.instance,
            what,
        }
    }

    /// The name that is wanted, and others under which something of the instance may be.
    fn names(&self, call: &Call, subject: &Subject) -> (At, BTreeSet<At>) {
        let on = |name: String| (call.target.name.clone(), name);
        if self.name != "named" {
            return (on(subject.instance.clone()), BTreeSet::new());
        }
        let named = |properties: &BTreeMap<String, Json>| {
            let title = properties.get("title").and_then(Json::as_str).unwrap_or_default();
            titled(&subject.instance, title)
        };
        let wanted = named(&subject.properties);
        let record = subject.record.iter().filter_map(|record| record.body.get("name")?.as_str());
        let others = record.map(str::to_owned).chain(subject.earlier.iter().map(named));
        let others = others.filter(|name| *name != wanted).map(on).collect();
        (on(wanted), others)
    }
}

fn text(subject: &Subject, name: &str) -> String {
    subject.properties.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn done(subject: &Subject, name: &At) -> Done {
    let value = text(subject, "value");
    let attributes = BTreeMap::from([("id".to_owned(), json!(id(&subject.instance, &value)))]);
    let record = Some(Record { version: 1, body: json!({ "name": name.1 }) });
    Done { record, attributes }
}

/// What would be said of a subject that is there as it is wanted.
pub(crate) fn done_as_wanted(subject: &Subject) -> Done {
    done(subject, &(String::new(), subject.instance.clone()))
}

/// A change as it arrives.
struct Arrival<'a> {
    subject: &'a Subject,
    change: &'a Change,
    key: &'a str,
    name: At,
    others: BTreeSet<At>,
    takes_time: bool,
}

impl Arrival<'_> {
    fn come(&self, inner: &mut Inner) -> Progress {
        if !matches!(self.change, Change::None) && inner.world.answered.insert(self.key.to_owned())
        {
            self.change(inner);
        }
        self.progress(inner)
    }

    fn change(&self, inner: &mut Inner) {
        let Some(step) = inner.account.step(self.key) else {
            let (instance, key) = (&self.subject.instance, self.key);
            return inner.violated(format!(
                "{instance} is changed under the key {key}, which the journal does not announce"
            ));
        };
        if let Err(why) = inner.may_act(&step, self.key) {
            inner.violated(format!("{} is changed too early: {why}", step.at.1));
        }
        if step.is_done {
            inner.violated(format!("{} was done, and is changed again: {}", step.at.1, self.key));
        }
        let now = inner.world.now_ms;
        let lasts = if self.takes_time {
            i64::try_from(inner.random.between(1, 1_500)).unwrap_or(1)
        } else {
            0
        };
        let is_going = matches!(self.change, Change::Delete);
        for other in self.others.iter().chain(is_going.then_some(&self.name)) {
            if let Some(object) = inner.world.objects.get_mut(other)
                && object.gone_at.is_none()
            {
                object.gone_at = Some(now + lasts);
                inner.world.has_effect(&step, "delete", self.key);
            }
        }
        inner.world.comes_to(now);
        if is_going {
            return;
        }
        let value = text(self.subject, "value");
        let before = inner.world.objects.get(&self.name);
        let what = match before {
            None => "create",
            Some(before) => {
                if before.value == value && before.gone_at.is_none() {
                    let instance = &self.subject.instance;
                    let key = self.key;
                    inner.violated(format!(
                        "{instance} is as it is wanted, and is changed again, under the key {key}"
                    ));
                }
                "update"
            }
        };
        let instance = self.subject.instance.clone();
        let object = Object { instance, value, ready_at: now + lasts, gone_at: None };
        inner.world.objects.insert(self.name.clone(), object);
        inner.world.has_effect(&step, what, self.key);
    }

    fn progress(&self, inner: &Inner) -> Progress {
        let is_going = matches!(self.change, Change::Delete);
        let there = inner.world.objects.get(&self.name);
        let is_waited_for = match there {
            Some(object) if is_going => object.gone_at.is_some(),
            Some(object) => object.ready_at > inner.world.now_ms,
            None => false,
        };
        if is_waited_for {
            let body = json!({ "is_going": is_going });
            let record = (!is_going).then(|| done(self.subject, &self.name).record).flatten();
            let handle = Handle { version: 1, body, record };
            return Progress::Accepted { handle, waiting_for: "it to be so".into() };
        }
        let done = if is_going { Done::default() } else { done(self.subject, &self.name) };
        Progress::Done(done)
    }
}

#[async_trait]
impl Provider for Keeper {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure> {
        let (name, others) = self.names(call, subject);
        let message = self.message(call, subject, "observes");
        message
            .send(|inner| {
                let objects = &inner.world.objects;
                let stale: Vec<&At> = others.iter().filter(|o| objects.contains_key(*o)).collect();
                Ok(match objects.get(&name) {
                    Some(object) if object.gone_at.is_some() => {
                        Observation::CannotTell("it is going".to_owned())
                    }
                    Some(object) => Observation::Present(Present {
                        live: json!({ "value": object.value, "stale": stale }),
                        attributes: BTreeMap::new(),
                        owned: true,
                    }),
                    None => Observation::Absent,
                })
            })
            .await
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        Ok(match observed {
            Observation::Present(there) => {
                let wanted = json!({ "value": text(subject, "value"), "stale": [] });
                if there.live == wanted { Change::None } else { Change::Update(Vec::new()) }
            }
            _ => Change::Create,
        })
    }

    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        key: &str,
    ) -> Result<Progress, Failure> {
        let (name, others) = self.names(call, subject);
        let takes_time = self.name == "slow";
        let arrival = Arrival { subject, change, key, name, others, takes_time };
        let verb = match change {
            Change::None => "leaves",
            Change::Create => "creates",
            Change::Update(_) | Change::Replace { .. } => "updates",
            Change::Delete => "deletes",
        };
        let message = self.message(call, subject, &format!("{verb} under {key:.8}"));
        message.send(|inner| Ok(arrival.come(inner))).await
    }

    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure> {
        let (name, others) = self.names(call, subject);
        let is_going = handle.body.get("is_going") == Some(&json!(true));
        let change = if is_going { Change::Delete } else { Change::None };
        let arrival =
            Arrival { subject, change: &change, key: "", name, others, takes_time: false };
        let message = self.message(call, subject, "asks after");
        message
            .send(|inner| {
                if !is_going && !inner.world.objects.contains_key(&arrival.name) {
                    return Err(Failure::new(Class::UnknownOutcome, "it is gone"));
                }
                Ok(arrival.progress(inner))
            })
            .await
    }

    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        Ok(())
    }

    async fn health(&self, _: &Call, _: &Subject) -> Result<Health, Failure> {
        Ok(Health::Healthy)
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        let target = &call.target.name;
        let what = format!("asks `{target}` who it is");
        let message = Message { process: &self.process, target, provider: "", instance: "", what };
        let identity = format!("identity of {target}");
        message.send(|_| Ok(Discovery { identity: identity.clone(), facts: BTreeMap::new() })).await
    }

    fn poll_every(&self) -> Duration {
        Duration::from_millis(100)
    }
}
