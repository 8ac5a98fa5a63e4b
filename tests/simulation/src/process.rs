//! A runtime's process: it can die at any instant, it can be asked to stop, and its clock is its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use bp_driver::Clock;
use tokio::sync::{Notify, watch};

use crate::sim::Sim;

/// How often a runtime may look at its clock before it is said never to come to its end.
const PATIENCE: u64 = 200_000;

/// What is to befall a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    /// It dies at this instant of its life, counted from 0.
    pub(crate) dies_at: Option<u64>,
    /// It is asked to stop at this one.
    pub(crate) stops_at: Option<u64>,
    /// How far its clock is off, in milliseconds.
    pub(crate) skew_ms: i64,
    /// How much faster its clock goes, in millionths.
    pub(crate) drift: i64,
    /// At this instant its clock is set, by so many milliseconds.
    pub(crate) jump: Option<(u64, i64)>,
    /// A person asks it to pause, in milliseconds after it began, and to go on so much later.
    pub(crate) pause: Option<(u64, Option<u64>)>,
    /// What the person wants of it where the wish is written down already.
    pub(crate) errand: Errand,
    /// Which of the steps that may be meant, where one is.
    pub(crate) pick: usize,
}

/// What a person wants of what is not finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Errand {
    /// That it goes on.
    #[default]
    GoOn,
    /// That what is not done is tried again.
    Retry,
    /// That one step is tried again.
    RetryOne,
    /// That one step counts as done.
    Skip,
    /// That what counts as done is done after all.
    Unskip,
    /// That what others have changed is as it was applied.
    Heal,
}

/// See the module.
pub(crate) struct Process {
    /// Its name: `runtime 3`.
    pub(crate) name: String,
    /// The world that it is in.
    pub(crate) sim: Arc<Sim>,
    /// What is to befall it.
    pub(crate) fate: Fate,
    instants: AtomicU64,
    looks: AtomicU64,
    skew_ms: AtomicI64,
    is_dead: AtomicBool,
    stopped_at: AtomicI64,
    is_fenced: AtomicBool,
    death: Notify,
    stop: watch::Sender<bool>,
}

impl Process {
    /// A process that begins now.
    pub(crate) fn new(name: String, sim: Arc<Sim>, fate: Fate) -> Arc<Self> {
        let skew_ms = AtomicI64::new(fate.skew_ms);
        Arc::new(Self {
            name,
            sim,
            fate,
            instants: AtomicU64::new(0),
            looks: AtomicU64::new(0),
            skew_ms,
            is_dead: AtomicBool::new(false),
            stopped_at: AtomicI64::new(i64::MAX),
            is_fenced: AtomicBool::new(false),
            death: Notify::new(),
            stop: watch::Sender::new(false),
        })
    }

    /// An instant at which it may die: before and after whatever others can see of it. Who is dead
    /// never comes back from here.
    pub(crate) async fn instant(&self, what: &str) {
        if !self.is_dead.load(Ordering::Relaxed) {
            let now = self.instants.fetch_add(1, Ordering::Relaxed);
            if let Some((at, by_ms)) = self.fate.jump
                && at == now
            {
                self.skew_ms.fetch_add(by_ms, Ordering::Relaxed);
                self.sim.tell(&self.name, || format!("its clock is set by {by_ms} ms"));
            }
            if self.fate.stops_at == Some(now) {
                self.sim.tell(&self.name, || "is asked to stop".to_owned());
                self.stopped_at.store(self.sim.elapsed_ms(), Ordering::Relaxed);
                self.stop.send_replace(true);
            }
            if self.fate.dies_at == Some(now) {
                self.die(what);
            }
        }
        if self.is_dead.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    fn die(&self, what: &str) {
        self.sim.tell(&self.name, || format!("DIES {what}"));
        self.is_dead.store(true, Ordering::Relaxed);
        self.death.notify_one();
    }

    /// Until it dies.
    pub(crate) async fn death(&self) {
        self.death.notified().await;
    }

    /// Whether it was asked to stop, and had a moment to hear of it.
    pub(crate) fn is_stopped(&self) -> bool {
        self.sim.elapsed_ms() > self.stopped_at.load(Ordering::Relaxed)
    }

    /// It was told that another one owns the deployment.
    pub(crate) fn fenced(&self) {
        self.is_fenced.store(true, Ordering::Relaxed);
    }

    /// Whether it was told so.
    pub(crate) fn is_fenced(&self) -> bool {
        self.is_fenced.load(Ordering::Relaxed)
    }

    /// What tells it to stop.
    pub(crate) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

impl Clock for Process {
    fn now_ms(&self) -> i64 {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        if looks == PATIENCE && !self.is_dead.load(Ordering::Relaxed) {
            self.sim.violated(format!("{} never comes to its end", self.name));
            self.die("after it went on and on");
        }
        let drifted = self.sim.elapsed_ms() * self.fate.drift / 1_000_000;
        self.sim.now_ms() + drifted + self.skew_ms.load(Ordering::Relaxed)
    }
}
