//! `kill -9` at random moments, each followed by `resume`: same end, every object applied once by
//! the API server's own account, nothing left after `uninstall`.

use std::time::{Duration, Instant};

use bp_tests::{Cluster, Environment, Objects};
use rand::RngExt as _;

use crate::{SEED, five, seeded, unique};

const ROUNDS: u32 = 20;

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
