//! Single calls to one cluster, each with its deadline.

use std::time::Duration;

use bp_provider::{Call, Failure};
use kube::api::{
    Api, DeleteParams, ListParams, Patch, PatchParams, Preconditions, ValidationDirective,
};
use kube::core::{ApiResource, DynamicObject, Status};
use kube::{Client, Error};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::failure::Attempt;
use super::kinds::Place;
use super::owner::FIELD_MANAGER;

/// The calls of one step: they share its deadline.
pub(crate) struct Session {
    client: Client,
    target: String,
    whole: Duration,
    end: Instant,
}

/// What was read at a place.
#[derive(Debug)]
pub(crate) enum Found {
    Live(Json),
    Nothing,
    /// The server does not serve the kind.
    NotServed,
}

impl Session {
    /// Begins: the deadline runs from here.
    pub(crate) fn new(client: Client, call: &Call) -> Self {
        Self {
            client,
            target: call.target.name.clone(),
            whole: call.deadline,
            end: Instant::now() + call.deadline,
        }
    }

    /// The target, as people call it.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    fn api(&self, resource: &ApiResource, namespace: &str) -> Api<DynamicObject> {
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, resource)
        }
    }

    async fn call<T>(
        &self,
        attempt: Attempt<'_>,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout_at(self.end, call).await {
            Ok(answered) => answered.map_err(|error| attempt.failed(&error)),
            Err(_) => Err(attempt.late(self.whole)),
        }
    }

    fn reading<'a>(&'a self, on: &'a str) -> Attempt<'a> {
        Attempt { verb: "read", on, target: &self.target, mutating: false, sent: None }
    }

    /// What is there.
    pub(crate) async fn get(&self, place: &Place) -> Result<Found, Failure> {
        let on = place.to_string();
        let api = self.api(&place.kind.resource(), &place.namespace);
        let got = self.call(self.reading(&on), async {
            match api.get(&place.name).await {
                Ok(object) => Ok(Found::Live(json_of(&object))),
                Err(Error::Api(status)) if status.code == 404 => {
                    let named = status.details.as_ref().is_some_and(|d| d.name == place.name);
                    Ok(if named { Found::Nothing } else { Found::NotServed })
                }
                Err(error) => Err(error),
            }
        });
        got.await
    }

    /// The objects of a kind in a namespace; `None` where the server does not serve it.
    pub(crate) async fn list(
        &self,
        resource: &ApiResource,
        namespace: &str,
        labels: Option<&str>,
    ) -> Result<Option<Vec<Json>>, Failure> {
        let on = format!("the {} in `{namespace}`", resource.plural);
        let api = self.api(resource, namespace);
        let params =
            ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default() };
        let listed = self.call(self.reading(&on), async {
            match api.list(&params).await {
                Ok(list) => Ok(Some(list.items.iter().map(json_of).collect())),
                Err(Error::Api(status)) if status.code == 404 => Ok(None),
                Err(error) => Err(error),
            }
        });
        listed.await
    }

    /// Applies an object; what is there then, or nothing where somebody wrote in between. Fields of others are
    /// taken only where `takes` says so.
    pub(crate) async fn apply(
        &self,
        place: &Place,
        object: &Json,
        takes: bool,
    ) -> Result<Option<Json>, Failure> {
        let on = place.to_string();
        let attempt = Attempt {
            verb: "apply",
            on: &on,
            target: &self.target,
            mutating: true,
            sent: Some((place, object)),
        };
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
            force: takes,
            ..PatchParams::default()
        };
        let api = self.api(&place.kind.resource(), &place.namespace);
        let patch = Patch::Apply(object);
        let applied = self.call(attempt, async {
            match api.patch(&place.name, &params, &patch).await {
                Ok(object) => Ok(Some(json_of(&object))),
                Err(Error::Api(status)) if is_overtaken(&status) => Ok(None),
                Err(error) => Err(error),
            }
        });
        applied.await
    }

    /// Deletes the object with this identity; one that is gone is as good.
    pub(crate) async fn delete(&self, place: &Place, uid: &str) -> Result<(), Failure> {
        let on = place.to_string();
        let attempt =
            Attempt { verb: "delete", on: &on, target: &self.target, mutating: true, sent: None };
        let params = DeleteParams::background()
            .preconditions(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        let api = self.api(&place.kind.resource(), &place.namespace);
        let deleted = self.call(attempt, async {
            match api.delete(&place.name, &params).await {
                Ok(_) => Ok(()),
                Err(Error::Api(status)) if status.code == 404 => Ok(()),
                Err(error) => Err(error),
            }
        });
        deleted.await
    }

    /// The API server's version, without its `v`.
    pub(crate) async fn version(&self) -> Result<String, Failure> {
        let version =
            self.call(self.reading("the version"), self.client.apiserver_version()).await?;
        Ok(version.git_version.trim_start_matches('v').to_owned())
    }

    /// What the API server serves: `v1`, `apps/v1`.
    pub(crate) async fn served(&self) -> Result<Vec<String>, Failure> {
        let attempt = self.reading("the served APIs");
        let core = self.call(attempt, self.client.list_core_api_versions()).await?;
        let groups = self.call(attempt, self.client.list_api_groups()).await?;
        let mut served = core.versions;
        for group in groups.groups {
            served.extend(group.versions.into_iter().map(|version| version.group_version));
        }
        Ok(served)
    }
}

/// The object moved since it was read. (A conflict of owners names its causes.)
fn is_overtaken(status: &Status) -> bool {
    status.code == 409
        && status.reason == "Conflict"
        && status.details.as_ref().is_none_or(|details| details.causes.is_empty())
}

fn json_of(object: &DynamicObject) -> Json {
    serde_json::to_value(object).unwrap_or_default()
}
