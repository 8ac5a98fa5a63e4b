//! The simulator: the real engine and the real driver in one seeded world.
//!
//! Time, scheduling, the journal's disk, the network and everything outside follow from one number. A
//! seed makes blueprints, what people ask for, and what goes wrong; an oracle reads the journal along,
//! looks at every effect, and compares the end with what was wanted and with an undisturbed run.
//!
//! It must never know the wall clock, a file, a socket or a thread: then the same seed gives the same
//! journal, byte for byte.

mod account;
mod blueprint;
mod broken;
mod caller;
mod disk;
mod history;
mod keeper;
mod oracle;
mod plan;
mod process;
mod random;
mod said;
mod sim;
mod simulation;
mod wire;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use history::History;

pub use broken::Broken;
pub use simulation::Lived;

/// What is to be run to its end on one thread, where time jumps to the next timer.
pub type Living<'l> = Pin<Box<dyn Future<Output = Lived> + 'l>>;

/// Lives a seed through; gives what came of it, with what was seen that must never be.
pub fn simulate(
    run: &dyn Fn(Living<'_>) -> Lived,
    seed: u64,
    broken: Option<Broken>,
    is_told: bool,
) -> Lived {
    let history = History::of(seed);
    let living = AssertUnwindSafe(|| {
        let mut lived = run(Box::pin(simulation::live(seed, &history, broken, is_told)));
        if lived.violations.is_empty() && history.is_countable() {
            let calm = run(Box::pin(simulation::live(seed, &history.calm(), None, false)));
            lived.violations.extend(calm.violations.iter().map(|what| format!("calm: {what}")));
            lived.violations.extend(oracle::compare(&lived, &calm));
        }
        lived
    });
    catch_unwind(living).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let violations = vec![format!("a panic: {}", text.unwrap_or_default())];
        Lived { violations, ..Lived::default() }
    })
}
