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

/// Live very many seeds through.
#[derive(Args)]
pub(crate) struct Soak {
    /// How many seeds.
    #[arg(long, default_value_t = MANY)]
    seeds: u64,
    /// The first of them: those before are the tests'.
    #[arg(long, default_value_t = SEEDS)]
    from: u64,
}

impl Soak {
    pub(crate) fn run(self) -> Outcome {
        let Self { seeds, from } = self;
        Simulate { seeds, from, seed: None, broken: None }.run()
    }
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
