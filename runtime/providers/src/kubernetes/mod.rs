//! Kubernetes: objects that are kept on clusters by server-side apply.
//!
//! The node types `std.kubernetes.{Namespace, ConfigMap, Deployment, Service}` become objects of
//! these kinds. The provider owns the fields that properties set, under the field manager
//! `blueprint`, and takes a field from another owner only where a person wants that: of what was adopted, and of what is healed.
//!
//! # What happens
//!
//! - An object carries the labels `app.kubernetes.io/managed-by` and `blueprint/deployment`, and the
//!   annotations `blueprint/instance` and `blueprint/deployment-name`. One that another deployment
//!   or another instance keeps is refused. One that nobody keeps is adopted where no field is in
//!   conflict, and released instead of deleted.
//! - An apply goes to the object that was seen (uid and resource version), or to none.
//! - A change is done when the object works: a Deployment has rolled out, a namespace is active.
//! - A deletion names the uid, and is done when the object is gone. A namespace in which others made
//!   something stays.
//! - [`Change::None`] writes nothing: `begin` with it waits until the object works, and gives its
//!   attributes.
//!
//! # What it must not know
//!
//! The engine, the journal, the plan. It keeps no state but its clients.
//!
//! # Caveats
//!
//! - Credentials come from the kubeconfig alone, and no text of it goes into a failure.
//! - The fields of a status are nobody's concern but the cluster's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bp_provider::{
    Adopted, Call, Change, Class, Discovery, Failure, Handle, Health, Observation, Present,
    Progress, Provider, Subject,
};
use serde_json::{Value as Json, json};

mod change;
mod clients;
mod difference;
mod failure;
mod fields;
mod health;
mod kinds;
mod namespace;
mod owner;
mod reasons;
mod render;
mod session;
#[cfg(test)]
mod testing;

pub(crate) use clients::Clients;
pub(crate) use failure::Attempt;
use kinds::{Kind, Place};
use session::{Found, Session};

/// The provider `kubernetes`.
pub fn provider() -> Arc<dyn Provider> {
    Arc::new(Kubernetes { clients: Clients::default() })
}

struct Kubernetes {
    clients: Clients,
}

impl Kubernetes {
    async fn session(&self, call: &Call) -> Result<Session, Failure> {
        Ok(Session::new(self.clients.of(&call.target).await?, call))
    }
}

#[async_trait]
impl Provider for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn refuses(&self, line: &[&str]) -> Option<Failure> {
        Kind::of_node_type(line).err()
    }

    fn told_by(&self, line: &[&str]) -> &'static [&'static str] {
        match Kind::of_node_type(line) {
            Ok(kind) if kind.is_namespaced() => &["name", "namespace"],
            Ok(_) => &["name"],
            Err(_) => &[],
        }
    }

    async fn observe(&self, call: &Call, subject: &Subject) -> Result<Observation, Failure> {
        let session = self.session(call).await?;
        let place = change::place(subject)?;
        Ok(match session.get(&place).await? {
            Found::Live(live) => Observation::Present(Present {
                attributes: change::attributes(place.kind, &live),
                owned: owner::owner(&live, subject) == owner::Owner::Ours,
                live,
            }),
            Found::Nothing => Observation::Absent,
            Found::NotServed => Observation::CannotTell(format!(
                "the API server of `{}` does not serve {} of {}",
                session.target(),
                place.kind.name(),
                place.kind.api_version()
            )),
        })
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        let live = match observed {
            Observation::Absent if subject.properties.is_empty() => return Ok(Change::None),
            Observation::Absent => return Ok(Change::Create),
            Observation::CannotTell(why) => {
                let message = format!("it can't be told what is there: {why}");
                return Err(Failure::new(Class::UnknownOutcome, message));
            }
            Observation::Present(present) => &present.live,
        };
        if subject.properties.is_empty() {
            return Ok(Change::Delete);
        }
        owner::refuse_foreign(live, subject, &change::place(subject)?)?;
        let wanted = render::render(subject)?;
        let mut change = difference::difference(&wanted, live);
        if let Some(properties) = &subject.applied {
            let applied = Subject { properties: properties.clone(), ..subject.clone() };
            // What has secrets in it can't be rendered again, and is not told.
            if let Ok(applied) = render::render(&applied) {
                difference::with_applied(&mut change, &wanted, &applied);
            }
        }
        Ok(change)
    }

    async fn begin(
        &self,
        call: &Call,
        subject: &Subject,
        change: &Change,
        _key: &str,
    ) -> Result<Progress, Failure> {
        let session = self.session(call).await?;
        if !subject.earlier.is_empty() {
            change::clear_earlier(&session, subject).await?;
        }
        match change {
            Change::None => change::converge(&session, subject, false).await,
            Change::Create | Change::Update(_) => change::converge(&session, subject, true).await,
            Change::Replace { .. } => change::remove(&session, subject, true).await,
            Change::Delete => change::remove(&session, subject, false).await,
        }
    }

    async fn poll(
        &self,
        call: &Call,
        subject: &Subject,
        handle: &Handle,
    ) -> Result<Progress, Failure> {
        change::poll(&self.session(call).await?, subject, handle).await
    }

    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        // A cluster goes on converging by itself: there is nothing to be called off but the wait.
        Ok(())
    }

    async fn health(&self, call: &Call, subject: &Subject) -> Result<Health, Failure> {
        let session = self.session(call).await?;
        let place = change::place(subject)?;
        Ok(match session.get(&place).await? {
            Found::Live(live) => health::health(place.kind, &live),
            Found::Nothing | Found::NotServed => Health::Failed(format!("{place} is not there")),
        })
    }

    async fn adopt(
        &self,
        call: &Call,
        subject: &Subject,
        id: Option<&str>,
    ) -> Result<Adopted, Failure> {
        change::adopt(&self.session(call).await?, subject, id).await
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        let session = self.session(call).await?;
        let place = Place {
            kind: Kind::Namespace,
            namespace: String::new(),
            name: "kube-system".to_owned(),
        };
        let Found::Live(system) = session.get(&place).await? else {
            return Err(Failure::new(
                Class::Permanent,
                format!("`{}` has no namespace `kube-system`: it is no cluster", session.target()),
            )
            .help("check the server's address in the kubeconfig"));
        };
        let uid = system.pointer("/metadata/uid").and_then(Json::as_str).unwrap_or_default();
        let facts = BTreeMap::from([
            ("version".to_owned(), json!(session.version().await?)),
            ("apis".to_owned(), json!(session.served().await?)),
        ]);
        Ok(Discovery { identity: uid.to_owned(), facts })
    }
}
