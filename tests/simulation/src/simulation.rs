//! One seed's history, lived through: every wish carried out by the real driver and engine, whatever
//! befalls them, and looked at by the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_driver::{
    Control, Deadlines, Deployments, DriverError, Executors, Package, Prepared, Providers, Runtime,
    SecretSource, Summary,
};
use bp_engine::Outcome;
use bp_engine::retry::{Limits, digest};
use bp_engine::status::{NodeStanding, Standing};
use bp_journal::{MemoryStore, Store, StoreError};
use bp_plan::Plan;
use bp_provider::{Executor, Provider};
use bp_topology::Secrets;
use tokio::time::Duration;

use crate::blueprint::{At, Blueprint};
use crate::broken::Broken;
use crate::caller::Caller;
use crate::disk::Disk;
use crate::history::{Chapter, Counts, History, Wish};
use crate::keeper::Keeper;
use crate::oracle;
use crate::plan;
use crate::process::{Errand, Fate, Process};
use crate::sim::{Faults, Sim};

/// The deployment.
pub(crate) const ID: &str = "simulated-1";
const NAME: &str = "simulated";

/// How often a person goes on where nothing goes wrong any more, before he says that it is stuck.
const CALM_TRIES: usize = 4;

/// What came of a seed.
#[derive(Clone, Debug, Default)]
pub struct Lived {
    /// What must never be, and was.
    pub violations: Vec<String>,
    /// What happened, line by line, where that was asked for.
    pub trace: Vec<String>,
    /// How much happened.
    pub happened: usize,
    /// The journal's text: every event with its time and hash.
    pub journal: String,
    /// How often each effect came.
    pub(crate) counts: Counts,
    /// Effects that may come more often than undisturbed, by instance and operation.
    pub(crate) unsure: BTreeSet<(At, String)>,
}

/// No secret is known.
struct Nothing;

impl SecretSource for Nothing {
    fn secrets(&self, _: &Plan) -> Secrets {
        Secrets::new(Vec::new())
    }
}

/// How a process ended.
enum End {
    /// With this.
    Came(Result<Summary, DriverError>),
    /// It died.
    Died,
}

/// A history that is lived through.
struct Life<'h> {
    history: &'h History,
    seed: u64,
    sim: Arc<Sim>,
    memory: Arc<MemoryStore>,
    plans: Vec<Vec<u8>>,
    broken: Option<Broken>,
    processes: usize,
}

/// Lives a history through, with this engine broken where one is named. To be run where time is
/// paused and there is one thread.
pub(crate) async fn live(
    seed: u64,
    history: &History,
    broken: Option<Broken>,
    is_told: bool,
) -> Lived {
    let sim = Sim::new(seed, is_told);
    let time = sim.clone();
    let memory = Arc::new(MemoryStore::with_clock(move || time.now_ms()));
    let mut life = Life {
        history,
        seed,
        sim: sim.clone(),
        memory: memory.clone(),
        plans: Vec::new(),
        broken,
        processes: 0,
    };
    life.prepare();
    life.all().await;
    let broken_chains = oracle::chains(&memory).await;
    for what in broken_chains {
        sim.violated(what);
    }
    for what in sim.with(|inner| oracle::doubled(&inner.world)) {
        sim.violated(what);
    }
    let journal = oracle::text(&memory).await;
    let unsure = sim.with(|inner| inner.world.unsure.clone());
    let counts = sim.with(|inner| oracle::counts(&inner.world));
    Lived {
        violations: sim.with(|inner| inner.violations.clone()),
        trace: sim.trace(),
        happened: sim.happened(),
        journal,
        counts,
        unsure,
    }
}

impl Life<'_> {
    fn prepare(&mut self) {
        let most = self.history.at_once;
        for blueprint in &self.history.blueprints {
            self.sim.tell("BLUEPRINT", || blueprint.to_string());
            let plan = Broken::plan(self.broken, plan::plan(blueprint));
            let bytes = bp_plan::to_bytes(&plan, &BTreeMap::new()).unwrap_or_default();
            let named = digest(&bytes);
            self.sim.with(|inner| {
                inner.account.versions.insert(named, blueprint.version);
                inner.world.blueprints.push(blueprint.clone());
            });
            self.plans.push(bytes);
        }
        let by = self.slow_limit().into_iter();
        let by = by.map(|(name, most)| (name, i64::try_from(most).unwrap_or(i64::MAX))).collect();
        self.sim.with(|inner| {
            inner.at_once = i64::try_from(most).unwrap_or(i64::MAX);
            inner.at_once_by = by;
        });
    }

    async fn all(&mut self) {
        let history = self.history;
        for chapter in &history.chapters {
            let Some(chapter) = &self.decided(chapter).await else { continue };
            self.sim.tell("PERSON", || format!("wants {:?}", chapter.wish));
            let is_over = self.disturbed(chapter).await;
            if chapter.is_dropped {
                if is_over && self.newest().await == Some(chapter.wish) {
                    self.check(chapter.wish).await;
                }
                self.sim.tell("PERSON", || "wants something else".to_owned());
                continue;
            }
            if !self.finished(chapter.wish).await || !self.healed(chapter).await {
                return;
            }
        }
    }

    /// A chapter that knows where it goes back to; none where that is nowhere, and it is refused.
    async fn decided(&mut self, chapter: &Chapter) -> Option<Chapter> {
        if chapter.wish != Wish::Back(None) {
            return Some(chapter.clone());
        }
        if let Some((_, version)) = self.sim.with(|inner| inner.account.destination()) {
            return Some(Chapter { wish: Wish::Back(Some(version)), ..chapter.clone() });
        }
        let process = self.process(Fate::default());
        let end = self.run(&process, Some(chapter.wish)).await;
        if !end.is_refused() {
            self.sim.violated("went back, and nothing was whole before".to_owned());
        }
        None
    }

    /// The processes that something befalls; whether one of them came to the end.
    async fn disturbed(&mut self, chapter: &Chapter) -> bool {
        let now = self.sim.now_ms();
        let mut faults = chapter.faults.clone();
        for (_, from, to) in &mut faults.down {
            (*from, *to) = (*from + now, *to + now);
        }
        self.sim.with(|inner| inner.faults = faults);
        let wishes = self.wishes();
        let mut rival = chapter.rival;
        let mut is_over = false;
        for fate in &chapter.fates {
            let wish = (self.wishes() == wishes).then_some(chapter.wish);
            let first = self.process(fate.clone());
            is_over = match rival.take() {
                None => self.beside_a_person(&first, wish).await.is_done(),
                Some(after) => self.fight(&first, wish, after).await,
            };
            is_over &= self.wishes() > wishes && self.is_wanted(chapter.wish);
            is_over &= self.skipped().is_empty();
            if is_over {
                break;
            }
        }
        self.sim.with(|inner| inner.faults = Faults::default());
        is_over
    }

    /// A process, and a person who asks for a pause meanwhile.
    async fn beside_a_person(&self, process: &Arc<Process>, wish: Option<Wish>) -> End {
        let Some((after, goes_on)) = process.fate.pause else {
            return self.run(process, wish).await;
        };
        let runtime = || {
            let name = "a person".to_owned();
            self.runtime(&Process::new(name, self.sim.clone(), Fate::default()))
        };
        let asking = async {
            tokio::time::sleep(Duration::from_millis(after)).await;
            let asked = runtime().ask_to_pause(ID).await;
            self.sim.tell("PERSON", || format!("asks for a pause: {asked:?}"));
            if let Some(later) = goes_on {
                tokio::time::sleep(Duration::from_millis(later)).await;
                let asked = runtime().ask_to_go_on(ID).await;
                self.sim.tell("PERSON", || format!("wants it to go on: {asked:?}"));
            }
        };
        let (end, ()) = tokio::join!(self.run(process, wish), asking);
        end
    }

    /// Two runtimes at once; whether one of them has come to the end of what is wanted now. The other may have
    /// finished what was wanted before, and say so long after the wish was heard.
    async fn fight(&mut self, first: &Arc<Process>, wish: Option<Wish>, after_ms: u64) -> bool {
        let second = self.process(Fate::default());
        let later = async {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            self.sim.tell(&second.name, || "begins beside another".to_owned());
            self.run(&second, None).await
        };
        let (one, other) = tokio::join!(self.run(first, wish), later);
        let both_lost = one.is_conflict() && other.is_conflict();
        if both_lost {
            self.sim.violated(format!("neither {} nor {} went on", first.name, second.name));
        }
        let newest = self.sim.with(|inner| inner.account.newest());
        [one, other].iter().any(|end| end.is_done() && end.revision() == newest)
    }

    /// Goes on where nothing goes wrong any more, until it is as the person wants it.
    async fn finished(&mut self, wish: Wish) -> bool {
        for _ in 0..CALM_TRIES {
            let is_wished = self.newest().await == Some(wish);
            let has_skipped = !self.skipped().is_empty();
            let errand = if has_skipped { Errand::Unskip } else { Errand::GoOn };
            let process = self.process(Fate { errand, ..Fate::default() });
            let end = self.run(&process, (!is_wished).then_some(wish)).await;
            if wish == Wish::Uninstall && end.is_nothing() {
                // Nothing was ever begun.
                return self.is_fulfilled(wish);
            }
            if end.is_done() && self.newest().await == Some(wish) && self.skipped().is_empty() {
                break;
            }
        }
        self.check(wish).await
    }

    /// Others change something, and it is healed, whatever befalls those who do that.
    async fn healed(&mut self, chapter: &Chapter) -> bool {
        let Some(number) = chapter.tampered.filter(|_| chapter.wish != Wish::Uninstall) else {
            return true;
        };
        let Some(what) = self.sim.with(|inner| inner.world.tampered(number)) else { return true };
        self.sim.tell("OTHERS", || what);
        let now = self.sim.now_ms();
        let mut faults = chapter.faults.clone();
        for (_, from, to) in &mut faults.down {
            (*from, *to) = (*from + now, *to + now);
        }
        self.sim.with(|inner| inner.faults = faults);
        for fate in &chapter.fates {
            let process = self.process(Fate { errand: Errand::Heal, ..fate.clone() });
            self.run(&process, None).await;
        }
        self.sim.with(|inner| inner.faults = Faults::default());
        for _ in 0..2 {
            let process = self.process(Fate { errand: Errand::Heal, ..Fate::default() });
            self.run(&process, None).await;
        }
        self.check(chapter.wish).await
    }

    /// Whether all is as the person wants it.
    async fn check(&self, wish: Wish) -> bool {
        let is_fulfilled = self.is_fulfilled(wish);
        let standing = Deployments::new(self.memory.clone()).status(ID).await;
        let standing = standing.map(|(status, _)| status.state);
        let wanted = match wish {
            Wish::Deploy(_) | Wish::Back(_) => Standing::Deployed,
            Wish::Uninstall => Standing::Removed,
        };
        if !matches!(&standing, Ok(is) if *is == wanted) {
            self.sim.violated(format!("after {wish:?} its status is {standing:?}"));
        }
        is_fulfilled
    }

    /// Whether the world is as the person wants it.
    fn is_fulfilled(&self, wish: Wish) -> bool {
        self.sim.with(|inner| inner.world.comes_to(self.sim.now_ms()));
        let found = oracle::fulfilled(&self.sim, &self.history.blueprints, wish);
        let is_fulfilled = found.is_empty();
        for what in found {
            self.sim.violated(format!("after {wish:?}: {what}"));
        }
        is_fulfilled
    }

    /// Whether the newest run is to bring this about.
    fn is_wanted(&self, wish: Wish) -> bool {
        let wanted = self.sim.with(|inner| inner.account.wanted);
        match wish {
            Wish::Deploy(version) => wanted == Some(version),
            Wish::Back(version) => wanted == version,
            Wish::Uninstall => wanted.is_none(),
        }
    }

    /// The instances whose steps count as done.
    fn skipped(&self) -> Vec<String> {
        self.sim.with(|inner| inner.account.skipped.iter().map(|at| at.1.clone()).collect())
    }

    fn wishes(&self) -> usize {
        self.sim.with(|inner| inner.account.wishes)
    }

    /// What the person's newest journaled wish is.
    async fn newest(&self) -> Option<Wish> {
        oracle::newest(&self.sim, &self.memory).await
    }

    fn process(&mut self, fate: Fate) -> Arc<Process> {
        self.processes += 1;
        Process::new(format!("runtime {}", self.processes), self.sim.clone(), fate)
    }

    /// A process, from its begin to its end: with a wish, or to go on.
    async fn run(&self, process: &Arc<Process>, wish: Option<Wish>) -> End {
        self.sim.tell(&process.name, || match wish {
            Some(wish) => format!("begins with {wish:?}"),
            None => format!("goes on: {:?}", process.fate.errand),
        });
        let end = tokio::select! {
            biased;
            () = process.death() => End::Died,
            came = Box::pin(self.work(process, wish)) => End::Came(came),
        };
        self.sim.tell(&process.name, || match &end {
            End::Died => "is dead".to_owned(),
            End::Came(Ok(summary)) => format!("ends: {:?}", summary.outcome),
            End::Came(Err(error)) => format!("ends: {error}"),
        });
        // What is left of it goes before anything else begins.
        tokio::task::yield_now().await;
        end
    }

    async fn work(
        &self,
        process: &Arc<Process>,
        wish: Option<Wish>,
    ) -> Result<Summary, DriverError> {
        let runtime = self.runtime(process);
        let control = || Control {
            watcher: Arc::new(bp_driver::watch::Silent),
            stop: Broken::stop(self.broken, process),
        };
        match wish {
            Some(Wish::Deploy(version)) => {
                let prepared = self.prepared(&runtime, version)?;
                let seed = self.seed.to_string();
                runtime.deploy(ID, NAME, &seed, prepared, control()).await
            }
            Some(Wish::Back(_)) => {
                runtime.rollback(ID, None, bp_engine::Terms::default(), control()).await
            }
            Some(Wish::Uninstall) => runtime.uninstall(ID, control()).await,
            None => self.errand(process, &runtime, control()).await,
        }
    }

    /// What a person wants of what is not finished.
    async fn errand(
        &self,
        process: &Process,
        runtime: &Runtime,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let errand = process.fate.errand;
        let status = Deployments::new(self.memory.clone()).status(ID).await;
        let nodes = status.map(|(status, _)| status.nodes).unwrap_or_default();
        let is_open = |state| match state {
            NodeStanding::Failed | NodeStanding::NotTried => true,
            NodeStanding::Waiting => errand == Errand::Skip,
            _ => false,
        };
        let failed = nodes.iter().filter(|node| is_open(node.state));
        let may: Vec<&String> = failed
            .map(|node| &node.id)
            .filter(|id| errand != Errand::Skip || self.may_be_skipped(id))
            .collect();
        let picked = may.get(process.fate.pick % may.len().max(1)).map(|id| (*id).clone());
        let done = match (errand, picked) {
            (Errand::Retry, _) => runtime.retry(ID, &[], control.clone()).await,
            (Errand::RetryOne, Some(step)) => runtime.retry(ID, &[step], control.clone()).await,
            (Errand::Skip, Some(step)) => runtime.skip(ID, &step, "a whim", control.clone()).await,
            (Errand::Unskip, _) => runtime.retry(ID, &self.skipped(), control.clone()).await,
            (Errand::Heal, _) => self.heal(process, runtime, control.clone()).await,
            (Errand::GoOn | Errand::RetryOne | Errand::Skip, _) => {
                return runtime.resume(ID, control).await;
            }
        };
        match done {
            // The answer says what to do, and the person does it.
            Err(DriverError::Asked(_) | DriverError::RunOpen(_)) => {
                runtime.resume(ID, control).await
            }
            done => done,
        }
    }

    /// Makes what others have changed as it was; where that is nothing, nothing is written.
    async fn heal(
        &self,
        process: &Process,
        runtime: &Runtime,
        control: Control,
    ) -> Result<Summary, DriverError> {
        let before = oracle::text(&self.memory).await;
        if let (_, Some(summary)) = runtime.heal(ID, &[], control.clone()).await? {
            return Ok(summary);
        }
        if oracle::text(&self.memory).await != before {
            self.sim.violated(format!("{} found no drift, and wrote", process.name));
        }
        runtime.resume(ID, control).await
    }

    /// Whether others do without what an instance reports and without its being linked.
    fn may_be_skipped(&self, id: &str) -> bool {
        let wanted = self.sim.with(|inner| inner.account.wanted);
        let blueprint = wanted.and_then(|version| self.history.blueprints.get(version));
        let name = id.split('[').next().unwrap_or_default();
        blueprint.is_some_and(|blueprint| {
            blueprint.node(name).is_some()
                && blueprint.nodes.iter().all(|node| {
                    node.reads.as_deref() != Some(name) && node.needs.get(name) != Some(&true)
                })
        })
    }

    fn prepared(&self, runtime: &Runtime, version: usize) -> Result<Prepared, DriverError> {
        let bytes = self.plans.get(version).cloned().unwrap_or_default();
        let nothing = Blueprint { version, nodes: Vec::new(), clusters: Vec::new() };
        let blueprint = self.history.blueprints.get(version).unwrap_or(&nothing);
        bp_driver::prepare(
            Package::read(bytes)?,
            BTreeMap::new(),
            plan::inventory(blueprint),
            bp_driver::identity(ID, NAME),
            &runtime.providers,
            &runtime.executors,
            &Nothing,
        )
    }

    fn slow_limit(&self) -> BTreeMap<String, usize> {
        self.history.at_once_slow.map(|most| ("slow".to_owned(), most)).into_iter().collect()
    }

    fn runtime(&self, process: &Arc<Process>) -> Runtime {
        let keeper = |name: &'static str| -> (String, Arc<dyn Provider>) {
            let keeper = Arc::new(Keeper { name, process: process.clone() });
            (name.to_owned(), Broken::provider(self.broken, keeper))
        };
        let providers: Providers = ["quick", "slow", "named"].into_iter().map(keeper).collect();
        let caller: Arc<dyn Executor> = Arc::new(Caller { process: process.clone() });
        let caller = Broken::executor(self.broken, caller);
        let executors: Executors = BTreeMap::from([("std.Script".to_owned(), caller)]);
        let disk: Arc<dyn Store> =
            Arc::new(Disk { memory: self.memory.clone(), process: process.clone() });
        let limits = Limits {
            at_once_per_target: self.history.at_once,
            at_once_per_provider: self.slow_limit(),
            attempts: 4,
            contacts: 4,
            first_wait_ms: 50,
            longest_wait_ms: 2_000,
            ..Limits::default()
        };
        Runtime {
            store: Broken::store(self.broken, disk, &self.memory),
            providers,
            executors,
            secrets: Arc::new(Nothing),
            clock: process.clone(),
            limits: Broken::limits(self.broken, limits),
            deadlines: Deadlines::default(),
            owner: process.name.clone(),
            actor: "operator:simulated".to_owned(),
        }
    }
}

impl End {
    fn is_done(&self) -> bool {
        matches!(self, Self::Came(Ok(summary)) if summary.outcome == Outcome::Done)
    }

    /// The revision that it was about, where it came to an end.
    fn revision(&self) -> Option<u64> {
        match self {
            Self::Came(Ok(summary)) => Some(summary.revision),
            _ => None,
        }
    }

    fn is_refused(&self) -> bool {
        let is_none = matches!(self, Self::Came(Err(DriverError::NoWayBack { .. })));
        is_none || self.is_nothing()
    }

    fn is_conflict(&self) -> bool {
        matches!(self, Self::Came(Err(DriverError::Store(StoreError::Conflict { .. }))))
    }

    fn is_nothing(&self) -> bool {
        matches!(
            self,
            Self::Came(Err(DriverError::NoDeployment(_) | DriverError::NothingPlanned(_)))
        )
    }
}
