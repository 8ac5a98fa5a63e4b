//! The whole road, as a person walks it: compile, deploy, kill, resume, remove.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod again;
mod bad_input;
mod blueprints;
mod canary;
mod drift;
mod kill;
mod mixed;
mod operations;
mod outage;
mod planned;
mod road;
mod scaled;
mod scripts;
mod secret_sources;
mod secrets;
mod shared;
mod shop;
mod stacks;
mod templates;
mod workflows;

use std::time::{Duration, Instant};

use bp_tests::{Cluster, Clusters, Ended, Environment, Running};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value as Json;

/// Runs the same moments again, as far as the machine's own timing allows.
const SEED: &str = "BLUEPRINT_TEST_SEED";

/// Random moments, and the seed that gives them again.
fn seeded() -> (u64, StdRng) {
    let fresh = || rand::make_rng::<StdRng>().random();
    let seed: u64 = std::env::var(SEED).map_or_else(|_| fresh(), |text| text.parse().unwrap());
    println!("{SEED}={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

/// Two real control planes and three embedded ones.
fn five(environment: &mut Environment) -> Vec<Cluster> {
    let mut clusters = Clusters::real();
    clusters.extend(environment.embedded(3));
    clusters
}

/// A name that no earlier run on the same real clusters has used.
fn unique(prefix: &str) -> String {
    format!("{prefix}-{:08x}", rand::make_rng::<StdRng>().random::<u32>())
}

/// A workflow of `name` that is killed at random moments, a wait of these milliseconds after each start, and gone on
/// with until it fails, as it is to: how often it was killed, and what the last one said.
fn killed_until_it_fails(
    (environment, name): (&Environment, &str),
    random: &mut StdRng,
    waits: std::ops::Range<u64>,
    start: impl Fn() -> Running,
) -> (usize, Ended) {
    let mut running = start();
    let mut kills = 0;
    loop {
        let begin = Instant::now();
        let patience = Duration::from_millis(random.random_range(waits.clone()));
        while !running.has_ended() && begin.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = running.kill();
        if ended.code == Some(1) {
            return (kills, ended);
        }
        kills += 1;
        assert!(kills < 100 && ended.code.is_none(), "{}", ended.words());
        running = match environment.ask("status", name, 0).get("workflow") {
            None => start(),
            Some(workflow) if workflow["state"] == "failed" => return (kills, ended),
            Some(_) => environment.start_on("resume", name),
        };
    }
}

/// The target of this name, in what `bpr status` says.
fn target<'a>(status: &'a Json, name: &str) -> &'a Json {
    let targets = status["targets"].as_array().unwrap();
    let found = targets.iter().find(|target| target["name"] == name);
    found.unwrap_or_else(|| panic!("no target `{name}` in {status:#}"))
}
