//! The one world that everything of a simulation shares, and the time that passes in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use crate::account::{Account, Announced};
use crate::blueprint::At;
use crate::random::Random;
use crate::world::World;

/// When the world begins: a day in 2023, in milliseconds since 1970.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// How often, in a thousand times, something goes wrong; all zero is calm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// A call is refused for now.
    pub(crate) refuses: u64,
    /// A call is refused with 429 and a time to wait.
    pub(crate) throttles: u64,
    /// A call never arrives.
    pub(crate) loses_calls: u64,
    /// A call has its effect, and no answer.
    pub(crate) loses_replies: u64,
    /// A call arrives twice.
    pub(crate) doubles: u64,
    /// A call or an answer takes long.
    pub(crate) delays: u64,
    /// An operation fails, without effect.
    pub(crate) fails: u64,
    /// Nobody knows what came of an operation.
    pub(crate) forgets: u64,
    /// The journal's disk refuses an append.
    pub(crate) store_before: u64,
    /// The journal's disk says that it refused, and has written.
    pub(crate) store_after: u64,
    /// A target that does not answer, from when to when.
    pub(crate) down: Vec<(String, i64, i64)>,
}

/// See the module.
pub(crate) struct Sim {
    inner: Mutex<Inner>,
    begin: Instant,
}

/// What is shared, behind one lock that nobody holds while he waits.
pub(crate) struct Inner {
    /// What chance decides while the simulation goes on.
    pub(crate) random: Random,
    /// What goes wrong now.
    pub(crate) faults: Faults,
    /// What is outside.
    pub(crate) world: World,
    /// What the journal says.
    pub(crate) account: Account,
    /// What was seen that must never be.
    pub(crate) violations: Vec<String>,
    /// Until when a target asked a process to leave an instance alone.
    pub(crate) waits: BTreeMap<(String, At), i64>,
    /// Calls under way, by process and by which way they go: to a target, or by a provider.
    pub(crate) busy: BTreeMap<(String, String), i64>,
    /// How many there may be at once to one target.
    pub(crate) at_once: i64,
    /// The same by provider, where it has a limit of its own.
    pub(crate) at_once_by: BTreeMap<String, i64>,
    trace: Option<Vec<String>>,
    lines: usize,
}

impl Inner {
    /// Notes what must never be.
    pub(crate) fn violated(&mut self, what: String) {
        if self.violations.len() < 20 {
            self.violations.push(what);
        }
    }

    /// Whether a step may have its effect now: as the newest run wants it, or as the run did that
    /// announced it. Nobody stops a call that is on its way when its owner is superseded.
    pub(crate) fn may_act(&self, step: &Announced, key: &str) -> Result<(), String> {
        let then = self.account.step_then(key).map(|then| self.world.may_act(then));
        match self.world.may_act(step) {
            Err(_) if then == Some(Ok(())) => Ok(()),
            now => now,
        }
    }
}

impl Sim {
    /// An empty world; told line by line where that is asked for.
    pub(crate) fn new(seed: u64, is_told: bool) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                random: Random::of(seed, "chance"),
                faults: Faults::default(),
                world: World::default(),
                account: Account::default(),
                violations: Vec::new(),
                waits: BTreeMap::new(),
                busy: BTreeMap::new(),
                at_once: i64::MAX,
                at_once_by: BTreeMap::new(),
                trace: is_told.then(Vec::new),
                lines: 0,
            }),
            begin: Instant::now(),
        })
    }

    /// Does something with the world.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut inner)
    }

    /// The world's own time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        BEGIN_MS + self.elapsed_ms()
    }

    /// How long the world has been.
    pub(crate) fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.begin.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Tells what happens, where somebody wants to know.
    pub(crate) fn tell(&self, who: &str, what: impl FnOnce() -> String) {
        let at = self.elapsed_ms();
        self.with(|inner| {
            inner.lines += 1;
            if let Some(trace) = &mut inner.trace {
                let mut line = format!("{:>5}.{:03} s  {who:<10} ", at / 1_000, at % 1_000);
                // Writing to a String cannot fail.
                let _ = write!(line, "{}", what());
                trace.push(line);
            }
        });
    }

    /// Notes what must never be, and tells it.
    pub(crate) fn violated(&self, what: String) {
        self.tell("ORACLE", || what.clone());
        self.with(|inner| inner.violated(what));
    }

    /// All that was told.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.with(|inner| inner.trace.clone().unwrap_or_default())
    }

    /// How much happened.
    pub(crate) fn happened(&self) -> usize {
        self.with(|inner| inner.lines)
    }

    /// A moment passes, of a length that chance decides; sometimes a long one.
    pub(crate) async fn passes(&self, at_most_ms: u64) {
        let ms = self.with(|inner| {
            let delays = inner.faults.delays;
            if inner.random.happens(delays) {
                inner.random.between(500, 5_000)
            } else {
                inner.random.below(at_most_ms + 1)
            }
        });
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
