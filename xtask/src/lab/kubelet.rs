//! The simulated kubelet: keeps a cluster's nodes ready, and makes the pods that the scheduler put
//! on them run, without a container.
//!
//! A pod's annotations make it slow, fail or end: `lab/ready-after` (seconds), `lab/fail` (a reason
//! such as `ImagePullBackOff`; a Job's pod ends with `Error`), `lab/run-for` (seconds; a Job's pod).
#![expect(clippy::indexing_slicing, reason = "JSON without a field yields null")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::api::Api;
use super::cluster::Settings;
use crate::Outcome;

const NODES: &str = "/api/v1/nodes";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const MANAGER: &str = "lab";
/// 1.20 does not keep a subresource's fields apart.
const STATUS_MANAGER: &str = "lab-status";
const HEALTHY: [(&str, &str); 4] = [
    ("Ready", "True"),
    ("MemoryPressure", "False"),
    ("DiskPressure", "False"),
    ("PIDPressure", "False"),
];

/// The simulated nodes of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Nodes {
    pub(super) count: u32,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) capacity: BTreeMap<String, String>,
}

impl Nodes {
    fn names(&self) -> impl Iterator<Item = String> {
        (0..self.count).map(|number| format!("node-{number}"))
    }
}

/// Tends the cluster in this folder, until the process is ended.
pub(super) fn run(folder: &Path) -> Outcome {
    let settings = Settings::read(folder)?;
    let api = Api::of(folder, settings.port())?;
    let mut kubelet = Kubelet { api, pods: HashMap::new(), addresses: 0 };
    let mut created = false;
    let mut beat: Option<Instant> = None;
    loop {
        let round = (|| -> Outcome {
            if !created {
                kubelet.create(settings.nodes())?;
                created = true;
            }
            if beat.is_none_or(|beat| beat.elapsed() > Duration::from_secs(5)) {
                beat = Some(Instant::now());
                for name in settings.nodes().names() {
                    kubelet.heartbeat(&name)?;
                }
            }
            kubelet.tend_pods()
        })();
        if let Err(message) = round {
            // An outage of the API server: go on trying.
            eprintln!("{message}");
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

struct Kubelet {
    api: Api,
    /// When each pod was first seen, by uid.
    pods: HashMap<String, Instant>,
    addresses: u32,
}

impl Kubelet {
    fn create(&self, nodes: &Nodes) -> Outcome {
        let mut size: BTreeMap<&str, &str> =
            [("cpu", "16"), ("memory", "64Gi"), ("ephemeral-storage", "200Gi"), ("pods", "110")]
                .into();
        size.extend(nodes.capacity.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        for (name, number) in nodes.names().zip(0_u32..) {
            let path = format!("{NODES}/{name}");
            let mut labels: BTreeMap<&str, &str> = [
                ("kubernetes.io/hostname", name.as_str()),
                ("kubernetes.io/os", "linux"),
                ("kubernetes.io/arch", "amd64"),
            ]
            .into();
            labels.extend(nodes.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            let node = json!({
                "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": labels },
            });
            self.api.apply(&path, MANAGER, &node)?;
            let address = format!("10.1.{}.{}", number / 250, number % 250 + 1);
            let simulated = "simulated";
            let status = json!({
                "apiVersion": "v1", "kind": "Node", "metadata": { "name": name },
                "status": {
                    "capacity": size, "allocatable": size, "conditions": conditions(&HEALTHY),
                    "addresses": [{ "type": "InternalIP", "address": address }],
                    "nodeInfo": {
                        "machineID": simulated, "systemUUID": simulated, "bootID": simulated,
                        "kernelVersion": simulated, "osImage": simulated, "architecture": "amd64",
                        "containerRuntimeVersion": simulated, "kubeletVersion": simulated,
                        "kubeProxyVersion": simulated, "operatingSystem": "linux",
                    },
                },
            });
            self.api.apply(&format!("{path}/status"), STATUS_MANAGER, &status)?;
        }
        Ok(())
    }

    fn heartbeat(&self, name: &str) -> Outcome {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": name },
            "spec": { "holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now_micros() },
        });
        self.api.apply(&format!("{LEASES}/{name}"), MANAGER, &lease)?;
        let path = format!("{NODES}/{name}");
        let Some(node) = self.api.get(&path)? else { return Ok(()) };
        if !is_ready(&node) {
            let status = json!({
                "apiVersion": "v1", "kind": "Node", "metadata": { "name": name },
                "status": { "conditions": conditions(&HEALTHY) },
            });
            self.api.apply(&format!("{path}/status"), "lab-health", &status)?;
        }
        Ok(())
    }

    fn tend_pods(&mut self) -> Outcome {
        let list = self.api.get("/api/v1/pods?resourceVersion=0")?.unwrap_or_default();
        let pods = list["items"].as_array().map_or(&[][..], Vec::as_slice);
        for pod in pods.iter().filter(|pod| pod["spec"]["nodeName"].is_string()) {
            self.tend(pod)?;
        }
        let there: std::collections::HashSet<&str> =
            pods.iter().filter_map(|pod| pod["metadata"]["uid"].as_str()).collect();
        self.pods.retain(|uid, _| there.contains(uid.as_str()));
        Ok(())
    }

    fn tend(&mut self, pod: &Json) -> Outcome {
        let (meta, status) = (&pod["metadata"], &pod["status"]);
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (name, uid) = (text(&meta["name"]), text(&meta["uid"]));
        let path = format!("/api/v1/namespaces/{}/pods/{name}", text(&meta["namespace"]));
        if meta.get("deletionTimestamp").is_some() {
            return self.api.delete(&path, &uid);
        }
        let seen = *self.pods.entry(uid.clone()).or_insert_with(Instant::now);
        let Some(next) = step(pod, seen.elapsed()) else { return Ok(()) };
        let start = status["startTime"].as_str().map_or_else(now, str::to_owned);
        let address = status["podIP"].as_str().map_or_else(|| self.address(), str::to_owned);
        let ready = if next.ready { "True" } else { "False" };
        let state = match &next.reason {
            Some(reason) => json!({ "waiting": { "reason": reason } }),
            None if next.ready => json!({ "running": { "startedAt": start } }),
            None => json!({ "terminated": {
                "exitCode": i32::from(next.phase == "Failed"),
                "reason": if next.phase == "Failed" { "Error" } else { "Completed" },
                "startedAt": start, "finishedAt": now(),
            } }),
        };
        let containers = pod["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
        let containers: Vec<Json> = containers
            .iter()
            .map(|container| {
                json!({
                    "name": container["name"], "image": container["image"],
                    "imageID": "simulated", "restartCount": 0, "ready": next.ready, "state": state,
                })
            })
            .collect();
        let told = [("Initialized", "True"), ("ContainersReady", ready), ("Ready", ready)];
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "uid": uid },
            "status": {
                "phase": next.phase, "startTime": start, "podIP": address,
                "conditions": conditions(&told), "containerStatuses": containers,
            },
        });
        self.api.apply(&format!("{path}/status"), STATUS_MANAGER, &object).map(drop)
    }

    fn address(&mut self) -> String {
        self.addresses = (self.addresses + 1) % 60_000;
        format!("10.244.{}.{}", self.addresses / 250, self.addresses % 250 + 1)
    }
}

/// What a pod's status is to be.
#[derive(Debug, PartialEq)]
struct Step {
    phase: &'static str,
    ready: bool,
    reason: Option<String>,
}

/// The next status of a pod that was first seen so long ago; nothing where it stays.
fn step(pod: &Json, age: Duration) -> Option<Step> {
    let status = &pod["status"];
    let old = status["phase"].as_str().unwrap_or_default();
    if old == "Succeeded" || old == "Failed" {
        return None;
    }
    let note = |name: &str| pod["metadata"]["annotations"][format!("lab/{name}")].as_str();
    let seconds = |name: &str, otherwise: f64| {
        note(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let age = age.as_secs_f64();
    let up = if old == "Running" { 0.0 } else { seconds("ready-after", 0.0) };
    let job = pod["spec"]["restartPolicy"].as_str() != Some("Always");
    let fail = note("fail");
    let waiting =
        |phase, reason: &str| Step { phase, ready: false, reason: Some(reason.to_owned()) };
    let next = match fail {
        Some("CrashLoopBackOff") => waiting("Running", "CrashLoopBackOff"),
        Some(reason) if !(job && reason == "Error") => waiting("Pending", reason),
        _ if age < up => waiting("Pending", "ContainerCreating"),
        _ if job && age >= up + seconds("run-for", 1.0) => {
            let phase = if fail.is_some() { "Failed" } else { "Succeeded" };
            Step { phase, ready: false, reason: None }
        }
        _ => Step { phase: "Running", ready: true, reason: None },
    };
    let shown = status.pointer("/containerStatuses/0/state/waiting/reason").and_then(Json::as_str);
    let same = old == next.phase && is_ready(pod) == next.ready && shown == next.reason.as_deref();
    (!same).then_some(next)
}

/// Whether a node's or pod's status says that it is ready.
pub(super) fn is_ready(object: &Json) -> bool {
    let conditions = object["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn conditions(states: &[(&str, &str)]) -> Vec<Json> {
    let time = now();
    let condition = |(kind, status): &(&str, &str)| {
        json!({
            "type": kind, "status": status, "reason": "Simulated", "lastTransitionTime": time,
        })
    };
    states.iter().map(condition).collect()
}

fn now() -> String {
    format!("{:.0}", Timestamp::now())
}

fn now_micros() -> String {
    format!("{:.6}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

    use std::time::Duration;

    use serde_json::json;

    use super::{Step, step};

    #[test]
    fn a_fresh_pod_runs_at_once_and_then_stays() {
        let mut pod = json!({ "metadata": {}, "spec": { "restartPolicy": "Always" },
            "status": { "phase": "Pending" } });
        let next = step(&pod, Duration::ZERO).unwrap();
        assert_eq!(next, Step { phase: "Running", ready: true, reason: None });
        pod["status"] = json!({ "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True" }] });
        assert_eq!(step(&pod, Duration::from_secs(9)), None);
    }

    #[test]
    fn annotations_make_a_pod_slow_or_fail() {
        let pod = |note: &str, value: &str| {
            json!({ "metadata": { "annotations": { note: value } },
                "spec": { "restartPolicy": "Always" }, "status": { "phase": "Pending" } })
        };
        let slow = step(&pod("lab/ready-after", "5"), Duration::from_secs(1)).unwrap();
        assert_eq!(slow.reason.as_deref(), Some("ContainerCreating"));
        assert!(step(&pod("lab/ready-after", "5"), Duration::from_secs(6)).unwrap().ready);
        let failed = step(&pod("lab/fail", "ImagePullBackOff"), Duration::from_secs(9)).unwrap();
        assert_eq!(failed.reason.as_deref(), Some("ImagePullBackOff"));
        assert!(!failed.ready);
    }

    #[test]
    fn the_pod_of_a_job_ends() {
        let mut pod = json!({ "metadata": {}, "spec": { "restartPolicy": "Never" },
            "status": { "phase": "Running" } });
        assert_eq!(step(&pod, Duration::from_secs(2)).unwrap().phase, "Succeeded");
        pod["metadata"]["annotations"] = json!({ "lab/fail": "Error" });
        assert_eq!(step(&pod, Duration::from_secs(2)).unwrap().phase, "Failed");
        pod["status"]["phase"] = json!("Failed");
        assert_eq!(step(&pod, Duration::from_secs(3)), None);
    }

    #[test]
    fn times_are_as_kubernetes_wants_them() {
        assert_eq!(super::now().len(), "2030-01-01T00:00:00Z".len());
        assert_eq!(super::now_micros().len(), "2030-01-01T00:00:00.000000Z".len());
    }
}
