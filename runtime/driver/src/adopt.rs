//! Adoption: an object that is there already becomes a node's. Nothing is done to it before the next update.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_engine::engine::{Addition, Answer, Query, Step, Wanted};
use bp_engine::event::{Event, Failure, Operation};
use bp_engine::retry::digest;
use bp_engine::{Stream, admissions};
use bp_topology::InstanceId;

use crate::beside::Beside;
use crate::error::DriverError;
use crate::foresee::{answer, journaled};
use crate::ledger::Ledger;
use crate::perform::{Hands, call, subject, told};
use crate::prepare::Prepared;
use crate::runtime::{Desired, Runtime};
use crate::watch::Silent;

/// What was adopted, and what the next update would do to it.
#[derive(Clone, Debug)]
pub struct Adoption {
    /// The instance.
    pub instance: String,
    /// The name of its target; empty for the runtime's own machine.
    pub target: String,
    /// Which object, in the provider's words.
    pub id: String,
    /// What the next update would do.
    pub ahead: Answer,
}

impl Runtime {
    /// Adopts the object that is there for an instance of what was prepared: the one of this id, else the one
    /// that has the instance's own name. The deployment is created if it is new.
    pub async fn adopt(
        &self,
        id: &str,
        name: &str,
        seed: &str,
        prepared: Prepared,
        (instance, object): (&str, Option<&str>),
    ) -> Result<Adoption, DriverError> {
        let mut ledger = Ledger::load(self.store.clone(), id).await?;
        ledger.no_workflow()?;
        let mut desired = Desired { topology: prepared.topology, inventory: prepared.inventory };
        self.learn(&ledger, &mut desired.topology).await?;
        let mut hands = self.hands(id, name, &desired, Arc::new(Silent));
        hands.store = Arc::new(Beside::new(hands.store, &prepared.artifacts));
        let not = |failure: Failure| DriverError::NotAdopted {
            instance: instance.to_owned(),
            message: failure.message,
            help: failure.help,
        };
        let mut events = Vec::new();
        let mut state = ledger.state.clone();
        let own = Stream::Deployment(id.to_owned());
        if ledger.is_new() {
            let created = Event::DeploymentCreated { name: name.to_owned(), seed: seed.to_owned() };
            state.fold(&own, 0, &created);
            events.push(created);
        }
        let admitted = admissions(&state, &desired.topology);
        for event in &admitted {
            state.fold(&own, 0, event);
        }
        let found = bp_engine::adopt::candidate(
            &state,
            &mut desired.topology,
            &desired.inventory,
            &instance_id(instance),
        )
        .map_err(not)?;
        let provider = self.providers.get(&found.subject.provider);
        let provider = provider
            .ok_or_else(|| not(Failure::permanent("this runtime no longer has the provider")))?;
        let (identity, adopted) = {
            let call = call(&hands, &found.target).map_err(|f| not(told(&hands, f)))?;
            let there = provider.discover(&call).await.map_err(|f| not(told(&hands, f)))?;
            if found.target.identity.as_ref().is_some_and(|pinned| *pinned != there.identity) {
                let message = format!("`{}` is not the cluster it was", found.target.name);
                return Err(not(Failure::permanent(message)));
            }
            let wanted = subject(&mut hands, step(instance, &found.subject)).await;
            let wanted = wanted.map_err(|f| not(told(&hands, f)))?;
            let adopted = provider.adopt(&call, &wanted, object).await;
            (there.identity, adopted.map_err(|f| not(told(&hands, f)))?)
        };
        let record = journaled(&adopted.record).map_err(not)?;
        let ahead = self.ahead(&hands, &found, instance, record.clone()).await;
        if let Some(failure) = ahead.failure.clone() {
            return Err(not(failure));
        }
        let bytes = found.subject.bytes();
        let event = Event::InstanceAdopted {
            instance: instance.to_owned(),
            provider: found.subject.provider.clone(),
            subject: digest(&bytes),
            id: adopted.id.clone(),
            record,
        };
        if !events.is_empty() {
            ledger.record(&self.actor, own, events, Vec::new()).await?;
        }
        let requested = Event::AdoptionRequested {
            instance: instance.to_owned(),
            id: object.map(str::to_owned),
        };
        let request = self.request(&mut ledger, requested, Vec::new()).await?;
        let mut taken = admitted;
        taken.push(Event::RequestTaken { request });
        ledger.own(&self.actor, &self.owner, taken).await?;
        let contacted = Event::TargetContacted { run: String::new(), identity };
        let stream = Stream::Target(id.to_owned(), found.target.id.clone());
        // The files of what is wanted, too: whoever takes it away needs the subject as it is.
        let mut blobs = prepared.artifacts;
        blobs.push(bytes);
        let mut append = [Addition { stream, events: vec![contacted, event], blobs }];
        ledger.append(&self.actor, None, &mut append).await?;
        let (instance, target) = (instance.to_owned(), found.target.name);
        Ok(Adoption { instance, target, id: adopted.id, ahead })
    }

    /// What the next update would do to what is adopted.
    async fn ahead(
        &self,
        hands: &Hands,
        found: &bp_engine::adopt::Candidate,
        instance: &str,
        record: serde_json::Value,
    ) -> Answer {
        let query = Query {
            target: found.target.clone(),
            instance: instance.to_owned(),
            operation: Operation::Converge,
            provider: found.subject.provider.clone(),
            subject: Some(Box::new(found.subject.clone())),
            unknown: std::collections::BTreeMap::new(),
            begun: None,
            applied: None,
            reported: std::collections::BTreeMap::new(),
            record: Some(record),
            was: Vec::new(),
            is_under_way: false,
        };
        match self.providers.get(&query.provider) {
            Some(provider) => answer(hands, &**provider, query).await,
            None => Answer {
                action: bp_engine::outlook::Action::Held,
                fields: Vec::new(),
                attributes: None,
                reason: None,
                failure: None,
            },
        }
    }
}

fn step(instance: &str, wanted: &bp_engine::Subject) -> Step {
    Step {
        instance: instance.to_owned(),
        operation: Operation::Converge,
        key: String::new(),
        attempt: 1,
        provider: wanted.provider.clone(),
        subject: Wanted::Here(Box::new(wanted.clone())),
        earlier: Vec::new(),
        record: None,
        handle: None,
        call: None,
        was: Vec::new(),
        may_replace: false,
        hidden: BTreeSet::new(),
        takes_back: false,
    }
}

/// `db["eu"]` as an instance.
fn instance_id(text: &str) -> InstanceId {
    let keyed = text.split_once('[').and_then(|(node, rest)| {
        let key: String = serde_json::from_str(rest.strip_suffix(']')?).ok()?;
        Some(InstanceId::keyed(node, &key))
    });
    keyed.unwrap_or_else(|| InstanceId::one(text))
}
