//! `cargo xtask simulate` and `cargo xtask soak`: the real engine and driver in seeded worlds.
//!
//! The simulator is an example of `bp-simulation`, built in a profile of its own.

use std::process::Command;

use clap::Args;

use crate::{Outcome, workspace};

/// How many seeds the tests live through.
const SEEDS: u64 = 2_000;
/// How many a soak lives through.
const MANY: u64 = 100_000;
/// How many kills a soak survives in each home of the journal; the tests make do with fewer.
const KILLS: u32 = 200;
/// The tests that kill, and how they are told how often.
const KILLING: &str = "test(killed_at_random_moments_of_a_life)";
const HOW_OFTEN: &str = "BLUEPRINT_TEST_KILLS";

/// Live seeds through, with crashes, lost replies and rivals, until one goes wrong.
#[derive(Args)]
pub(crate) struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = SEEDS)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This one alone, with all that happens in it.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// An engine that is broken like this, which is to be seen: `NeverObserves`.
    #[arg(long)]
    broken: Option<String>,
}

impl Simulate {
    pub(crate) fn run(self) -> Outcome {
        let mut simulator = simulator()?;
        if let Some(seed) = self.seed {
            simulator.args(["--seed", &seed.to_string()]);
        } else {
            let (seeds, from) = (self.seeds.to_string(), self.from.to_string());
            simulator.args(["--seeds", &seeds, "--from", &from]);
        }
        if let Some(broken) = self.broken {
            simulator.args(["--broken", &broken]);
        }
        workspace::run(&mut simulator)
    }
}

/// Live very many seeds through, and kill real programs very often.
#[derive(Args)]
pub(crate) struct Soak {
    /// How many seeds.
    #[arg(long, default_value_t = MANY)]
    seeds: u64,
    /// The first of them: those before are the tests'.
    #[arg(long, default_value_t = SEEDS)]
    from: u64,
    /// How often a whole life of a deployment is killed, in each home of the journal.
    #[arg(long, default_value_t = KILLS)]
    kills: u32,
}

impl Soak {
    pub(crate) fn run(self) -> Outcome {
        let Self { seeds, from, kills } = self;
        Simulate { seeds, from, seed: None, broken: None }.run()?;
        killed(kills)
    }
}

/// Real programs, killed so often.
fn killed(kills: u32) -> Outcome {
    if kills == 0 {
        return Ok(());
    }
    let mut build =
        workspace::cargo(["build", "--workspace", "--all-targets", "--locked", "--quiet"]);
    workspace::run(&mut build)?;
    let test = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--profile", "soak"];
    let mut test = workspace::cargo(test);
    test.args(["-E", KILLING]).env(HOW_OFTEN, kills.to_string());
    workspace::run(&mut test)
}

/// The seeds of the tests; gives the simulator's own last line.
pub(crate) fn all() -> Outcome<String> {
    let mut simulator = simulator()?;
    simulator.args(["--seeds", &SEEDS.to_string()]);
    workspace::output(&mut simulator)
}

/// The simulator, built.
fn simulator() -> Outcome<Command> {
    let build = ["build", "--quiet", "--locked", "--profile", "simulation"];
    let mut build = workspace::cargo(build);
    workspace::run(build.args(["-p", "bp-simulation", "--example", "simulate"]))?;
    let mut simulator = Command::new(workspace::target().join("simulation/examples/simulate"));
    simulator.current_dir(workspace::root());
    Ok(simulator)
}
