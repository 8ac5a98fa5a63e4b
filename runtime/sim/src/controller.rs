//! What controllers do on a cluster: Deployments become available, namespaces end.
//!
//! A step is pure: from the objects and the time to the objects and the time of the next step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::kinds::{Kind, at, put, text};
use crate::store::{Key, Store, Write, namespaced_kinds};

/// How long a namespace takes to end once it is empty.
const ENDING: Duration = Duration::from_millis(20);
const MANAGER: &str = "kube-controller-manager";

/// What the controllers remember between two steps.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    /// When a Deployment's generation was first seen.
    rollouts: BTreeMap<(String, u64), Instant>,
    /// Since when a namespace ends.
    endings: BTreeMap<String, Instant>,
}

/// How the controllers are set.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    pub(crate) ready_after: Duration,
    pub(crate) never_ready: Vec<String>,
}

impl Controllers {
    /// One step; when the next one is due at the latest.
    pub(crate) fn step(
        &mut self,
        store: &mut Store,
        pace: &Pace,
        now: Instant,
        time: &str,
    ) -> Option<Instant> {
        let rollouts = self.deployments(store, pace, now, time);
        let endings = self.namespaces(store, now);
        rollouts.into_iter().chain(endings).min()
    }

    fn namespaces(&mut self, store: &mut Store, now: Instant) -> Option<Instant> {
        let kind = Kind::named("Namespace")?;
        let ending: Vec<(String, String)> = store
            .list(kind, None)
            .into_iter()
            .filter(|n| at(n, &["metadata", "deletionTimestamp"]).is_some())
            .map(|n| {
                (
                    text(n, &["metadata", "name"]).to_owned(),
                    text(n, &["metadata", "uid"]).to_owned(),
                )
            })
            .collect();
        self.endings.retain(|uid, _| ending.iter().any(|(_, u)| u == uid));
        let mut next = None;
        for (name, uid) in ending {
            let inside: Vec<Key> = namespaced_kinds()
                .flat_map(|k| store.list(k, Some(&name)).into_iter().map(move |o| (k, o)))
                .map(|(k, o)| crate::store::key(k, &name, text(o, &["metadata", "name"])))
                .collect();
            for key in inside {
                store.remove(&key);
            }
            let due = *self.endings.entry(uid).or_insert(now) + ENDING;
            if due <= now {
                store.remove(&crate::store::key(kind, "", &name));
            } else {
                next = next.into_iter().chain([due]).min();
            }
        }
        next
    }

    fn deployments(
        &mut self,
        store: &mut Store,
        pace: &Pace,
        now: Instant,
        time: &str,
    ) -> Option<Instant> {
        let kind = Kind::named("Deployment")?;
        let all: Vec<Json> = store.list(kind, None).into_iter().cloned().collect();
        let known = |(uid, generation): &(String, u64)| {
            all.iter()
                .any(|d| text(d, &["metadata", "uid"]) == uid && generation_of(d) == *generation)
        };
        self.rollouts.retain(|rollout, _| known(rollout));
        let mut next = None;
        for found in all {
            let uid = text(&found, &["metadata", "uid"]).to_owned();
            let name = text(&found, &["metadata", "name"]).to_owned();
            let since = *self.rollouts.entry((uid, generation_of(&found))).or_insert(now);
            let deadline = count(&found, &["spec", "progressDeadlineSeconds"]);
            let never = pace.never_ready.contains(&name);
            let wait = if never { Duration::from_secs(deadline) } else { pace.ready_after };
            let due = since + wait;
            if due > now && !is_settled(&found) {
                next = next.into_iter().chain([due]).min();
            }
            let stage = match (due <= now, never) {
                (false, _) => Stage::Progressing,
                (true, false) => Stage::Available,
                (true, true) => Stage::Stalled,
            };
            let mut new = found.clone();
            write_status(&mut new, stage, time);
            let write = Write {
                kind,
                namespace: text(&found, &["metadata", "namespace"]),
                name: &name,
                manager: MANAGER,
                time,
                dry_run: false,
            };
            if new != found {
                // It was there a moment ago, in this very store.
                let _ = store.update(&write, new, true);
            }
        }
        next
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Progressing,
    Available,
    Stalled,
}

fn count(object: &Json, path: &[&str]) -> u64 {
    at(object, path).and_then(Json::as_u64).unwrap_or_default()
}

fn generation_of(deployment: &Json) -> u64 {
    count(deployment, &["metadata", "generation"])
}

fn is_settled(deployment: &Json) -> bool {
    count(deployment, &["status", "observedGeneration"]) == generation_of(deployment)
        && count(deployment, &["status", "availableReplicas"])
            == count(deployment, &["spec", "replicas"])
}

fn write_status(deployment: &mut Json, stage: Stage, time: &str) {
    let replicas = count(deployment, &["spec", "replicas"]);
    let before = count(deployment, &["status", "availableReplicas"]).min(replicas);
    let seen = count(deployment, &["status", "observedGeneration"]) == generation_of(deployment);
    if seen && stage == Stage::Progressing {
        return;
    }
    let available = if stage == Stage::Available { replicas } else { before };
    let mut status = json!({ "observedGeneration": generation_of(deployment) });
    for (field, number) in [
        ("replicas", replicas),
        ("updatedReplicas", replicas),
        ("readyReplicas", available),
        ("availableReplicas", available),
        ("unavailableReplicas", replicas - available),
    ] {
        if number > 0 {
            put(&mut status, &[field], json!(number));
        }
    }
    let set = format!("ReplicaSet \"{}-sim\"", text(deployment, &["metadata", "name"]));
    let enough = available == replicas;
    let serves = if enough {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.".to_owned())
    } else {
        let why = "Deployment does not have minimum availability.";
        ("False", "MinimumReplicasUnavailable", why.to_owned())
    };
    let moves = match stage {
        Stage::Available => {
            ("True", "NewReplicaSetAvailable", format!("{set} has successfully progressed."))
        }
        Stage::Progressing => ("True", "ReplicaSetUpdated", format!("{set} is progressing.")),
        Stage::Stalled => {
            ("False", "ProgressDeadlineExceeded", format!("{set} has timed out progressing."))
        }
    };
    let old = at(deployment, &["status", "conditions"]).cloned().unwrap_or_default();
    let conditions = json!([
        condition(&old, "Available", &serves, time),
        condition(&old, "Progressing", &moves, time)
    ]);
    put(&mut status, &["conditions"], conditions);
    put(deployment, &["status"], status);
    let revision = &["metadata", "annotations", "deployment.kubernetes.io/revision"];
    crate::kinds::put_default(deployment, revision, json!("1"));
}

/// A condition; its times move only with it.
fn condition(old: &Json, name: &str, state: &(&str, &str, String), time: &str) -> Json {
    let (status, reason, message) = state;
    let before = old.as_array().into_iter().flatten().find(|c| text(c, &["type"]) == name);
    let same = |field: &str, value: &str| before.is_some_and(|c| text(c, &[field]) == value);
    let kept = |field: &str| before.map_or(time, |c| text(c, &[field])).to_owned();
    let moved = if same("status", status) { kept("lastTransitionTime") } else { time.to_owned() };
    let updated = if same("status", status) && same("reason", reason) {
        kept("lastUpdateTime")
    } else {
        time.to_owned()
    };
    json!({
        "type": name, "status": status, "lastUpdateTime": updated, "lastTransitionTime": moved,
        "reason": reason, "message": message,
    })
}
