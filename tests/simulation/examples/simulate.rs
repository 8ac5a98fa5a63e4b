//! Lives seeds through, one after the other, and tells the first that goes wrong.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that people run by hand")]

#[path = "../tests/paused/mod.rs"]
mod paused;

use std::process::ExitCode;
use std::time::Instant;

use bp_simulation::{Broken, simulate};
use clap::Parser;

/// How many lines of what happened are shown of a seed that goes wrong, unless all are asked for.
const LAST: usize = 150;

/// The real engine and driver in one seeded world.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This one alone, with all that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// An engine that is broken like this: `NeverObserves`.
    #[arg(long)]
    broken: Option<String>,
    /// Go on after a seed that goes wrong, and count.
    #[arg(long)]
    all: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let named = |name: &String| Broken::ALL.into_iter().find(|how| format!("{how:?}") == *name);
    let broken = arguments.broken.as_ref().and_then(named);
    if let Some(name) = arguments.broken.as_ref().filter(|_| broken.is_none()) {
        let known = Broken::ALL.map(|how| format!("{how:?}")).join(", ");
        eprintln!("error: no broken engine is called `{name}`; there are {known}");
        return ExitCode::FAILURE;
    }
    match arguments.seed {
        Some(seed) => one(seed, broken),
        None => many(&arguments, broken),
    }
}

fn one(seed: u64, broken: Option<Broken>) -> ExitCode {
    let lived = simulate(&paused::run, seed, broken, true);
    for line in &lived.trace {
        println!("{line}");
    }
    for what in &lived.violations {
        println!("WRONG: {what}");
    }
    let events = lived.journal.lines().count();
    println!("seed {seed}: {} things happened, {events} events in the journal", lived.happened);
    if lived.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn many(arguments: &Arguments, broken: Option<Broken>) -> ExitCode {
    let begin = Instant::now();
    let (mut happened, mut wrong) = (0, 0_u64);
    for seed in arguments.from..arguments.from.saturating_add(arguments.seeds) {
        let lived = simulate(&paused::run, seed, broken, false);
        happened += lived.happened;
        if lived.violations.is_empty() {
            continue;
        }
        wrong += 1;
        if arguments.all {
            println!("seed {seed}: {}", lived.violations.first().map_or("", String::as_str));
            continue;
        }
        tell(seed, broken);
        return ExitCode::FAILURE;
    }
    let milliseconds = begin.elapsed().as_secs_f64() * 1_000.0;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let each = milliseconds / arguments.seeds.max(1) as f64;
    let seeds = arguments.seeds;
    println!(
        "{seeds} seeds from {}: {happened} things happened, {each:.1} ms a seed, {wrong} went wrong",
        arguments.from
    );
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What happened in a seed that went wrong, and how to see it again.
fn tell(seed: u64, broken: Option<Broken>) {
    let lived = simulate(&paused::run, seed, broken, true);
    let hidden = lived.trace.len().saturating_sub(LAST);
    if hidden > 0 {
        eprintln!("({hidden} lines before)");
    }
    for line in lived.trace.iter().skip(hidden) {
        eprintln!("{line}");
    }
    for what in &lived.violations {
        eprintln!("WRONG: {what}");
    }
    let broken = broken.map(|how| format!(" --broken {how:?}")).unwrap_or_default();
    eprintln!(
        "seed {seed} went wrong; all of it again: cargo xtask simulate --seed {seed}{broken}"
    );
}
