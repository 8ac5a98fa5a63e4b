//! `kill -9` at random moments, each followed by `resume`: same end, every object applied once by
//! the API server's own account, nothing left after `uninstall`.

use std::time::{Duration, Instant};

use bp_tests::{Cluster, Environment, Objects};
use rand::RngExt as _;

use crate::{SEED, five, seeded, unique};

const ROUNDS: u32 = 20;
/// Of rollbacks.
const BACK: u32 = 6;

#[test]
fn kill_at_random_moments_then_resume() {
    let (seed, mut random) = seeded();
    let mut environment = Environment::new();
    let clusters = five(&mut environment);

    let name = unique("kill");
    let plan = environment.hello(&name);
    let begin = Instant::now();
    let _ = environment.deploy(&plan, &name, &clusters).wait(Duration::from_mins(2)).expect(0);
    let whole = begin.elapsed();
    let reference: Vec<_> = clusters.iter().map(|cluster| Objects::of(cluster, &name)).collect();
    let _ = environment.on("uninstall", &name).expect(0);
    assert_removed(&environment, &name, &clusters);

    let mut in_the_middle = 0;
    let mut names = Vec::new();
    for round in 0..ROUNDS {
        let name = unique("kill");
        let plan = environment.hello(&name);
        let moment = whole.mul_f64(random.random_range(0.0..1.0));
        let what = format!("{SEED}={seed}, round {round}, killed after {moment:?} of {whole:?}");
        let running = environment.deploy(&plan, &name, &clusters);
        std::thread::sleep(moment);
        let killed = running.kill();
        let before: Vec<_> = clusters.iter().map(|cluster| Objects::of(cluster, &name)).collect();
        let there: usize = before.iter().map(|objects| objects.0.len()).sum();
        in_the_middle += u32::from(killed.code.is_none() && there > 0);

        let resumed = environment.on("resume", &name);
        if resumed.code != Some(0) {
            // Killed before anything was written down: there is nothing to resume, and nothing happened.
            assert_eq!(there, 0, "{what}: {}", resumed.words());
            assert!(resumed.words().contains(&name), "{what}: {}", resumed.words());
            let again = environment.deploy(&plan, &name, &clusters);
            let _ = again.wait(Duration::from_mins(2)).expect(0);
        }
        let status = environment.ask("status", &name, 0);
        assert_eq!(status["state"], "deployed", "{what}: {status:#}");
        for ((cluster, before), reference) in clusters.iter().zip(&before).zip(&reference) {
            let objects = Objects::of(cluster, &name);
            let what = format!("{what}, on {}", cluster.name);
            assert_eq!(objects.wanted(), reference.wanted(), "{what}");
            objects.assert_applied_once(before, &what);
        }
        names.push(name);
    }
    println!("{in_the_middle} of {ROUNDS} kills met a deployment that had begun");

    // Removal is killed, too; then all are removed, several at once.
    for name in &names {
        let removing = environment.start_on("uninstall", name);
        std::thread::sleep(whole.mul_f64(random.random_range(0.0..0.5)));
        let _ = removing.kill();
    }
    for batch in names.chunks(5) {
        let uninstall = |name: &String| environment.start_on("uninstall", name);
        for removing in batch.iter().map(uninstall).collect::<Vec<_>>() {
            let _ = removing.wait(Duration::from_mins(3)).expect(0);
        }
    }
    for name in &names {
        assert_removed(&environment, name, &clusters);
    }
    assert!(in_the_middle >= ROUNDS / 2, "too few kills met a deployment that had begun");
}

fn assert_removed(environment: &Environment, name: &str, clusters: &[Cluster]) {
    for cluster in clusters {
        let left = Objects::of(cluster, name);
        assert!(left.is_empty(), "left on {}: {left:#?}", cluster.name);
    }
    assert_eq!(environment.ask("status", name, 0)["state"], "removed");
}

#[test]
fn kill_at_random_moments_of_a_rollback_then_resume() {
    let (seed, mut random) = seeded();
    let mut environment = Environment::new();
    let clusters = environment.embedded(3);
    let mut in_the_middle = 0;
    for round in 0..BACK {
        let name = unique("back");
        let plan = environment.hello(&name);
        for input in ["replicas=2", "replicas=3"] {
            let deploying = environment.deploy_with(&plan, &name, &clusters, &[input]);
            let _ = deploying.wait(Duration::from_mins(2)).expect(0);
        }
        let before: Vec<_> = clusters.iter().map(|cluster| Objects::of(cluster, &name)).collect();
        let moment = Duration::from_millis(random.random_range(20..700));
        let what = format!("{SEED}={seed}, round {round}, killed after {moment:?}");
        let going = environment.start_on("rollback", &name);
        std::thread::sleep(moment);
        let killed = going.kill();
        let status = environment.ask("status", &name, 0);
        in_the_middle += u32::from(killed.code.is_none() && status["state"] == "deploying");

        let _ = environment.on("resume", &name).expect(0);
        if environment.ask("status", &name, 0)["back_to"].is_null() {
            // Killed before it was asked for.
            let _ = environment.on("rollback", &name).expect(0);
        }
        let status = environment.ask("status", &name, 0);
        assert_eq!(
            (&status["state"], &status["back_to"], &status["revision"]),
            (&"deployed".into(), &1.into(), &3.into()),
            "{what}: {status:#}"
        );
        for (cluster, before) in clusters.iter().zip(&before) {
            let objects = Objects::of(cluster, &name);
            for (object, was) in &before.0 {
                let is = &objects.0[object];
                assert_eq!(is.uid, was.uid, "{what}: {object} was made anew");
                let is_web = object.starts_with("Deployment/");
                if is_web {
                    // Made, changed, and changed back.
                    assert_eq!(is.generation, Some(3), "{what}: {object}");
                    assert_eq!(is.wanted["replicas"], 2, "{what}: {object}");
                } else {
                    assert_eq!(is.writes, was.writes, "{what}: {object} was written again");
                }
            }
        }
        let _ = environment.on("uninstall", &name).expect(0);
        assert_removed(&environment, &name, &clusters);
    }
    println!("{in_the_middle} of {BACK} kills met a rollback that had begun");
}
