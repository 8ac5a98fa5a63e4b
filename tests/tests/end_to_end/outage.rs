//! One cluster down: the others finish, status says which and why, and `resume` completes.

use std::time::Duration;

use bp_tests::{Environment, Objects};

use crate::{five, target, unique};

#[test]
fn the_others_finish_and_resume_completes() {
    let mut environment = Environment::new();
    let mut clusters = five(&mut environment);
    let name = unique("outage");
    let plan = environment.hello(&name);
    let (behind, gate) = clusters[1].behind_gate(environment.folder());
    clusters[1] = behind;
    let down = clusters[1].name.clone();
    gate.shut();
    let _ = environment.deploy(&plan, &name, &clusters).wait(Duration::from_mins(5)).expect(3);

    let status = environment.ask("status", &name, 3);
    assert_eq!(status["state"], "partial", "{status:#}");
    let reason = target(&status, &down)["reason"].as_str().unwrap_or_default();
    assert!(!reason.is_empty(), "no reason in {status:#}");
    for cluster in &clusters {
        let state = target(&status, &cluster.name)["state"].as_str().unwrap();
        assert_eq!(state == "deployed", cluster.name != down, "{status:#}");
    }
    let told = environment.on("status", &name).expect(3).stdout;
    assert!(told.contains(&down), "{told}");

    gate.open();
    let finished: Vec<_> = clusters.iter().map(|cluster| Objects::of(cluster, &name)).collect();
    let _ = environment.on("resume", &name).expect(0);
    assert_eq!(environment.ask("status", &name, 0)["state"], "deployed");
    for (cluster, before) in clusters.iter().zip(&finished) {
        let objects = Objects::of(cluster, &name);
        assert_eq!(objects.0.len(), 4, "on {}", cluster.name);
        objects.assert_applied_once(before, &cluster.name);
    }
    let _ = environment.on("uninstall", &name).expect(0);
    for cluster in &clusters {
        assert!(Objects::of(cluster, &name).is_empty(), "something is left on {}", cluster.name);
    }
}
