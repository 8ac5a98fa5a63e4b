//! What carries operations out: calls that go on by themselves, whoever waits for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bp_engine::event::Operation;
use bp_provider::{Class, Executor, Failure, Intent, Job, Listener, Ran};
use serde_json::Value as Json;

use crate::account::Announced;
use crate::blueprint::Kind;
use crate::process::Process;
use crate::sim::Inner;
use crate::world::{Call, Came, World};

/// See the module.
pub(crate) struct Caller {
    /// Who calls.
    pub(crate) process: Arc<Process>,
}

impl Caller {
    /// Begins a call, or finds the one that was begun.
    fn begin(&self, job: &Job) -> Result<(), Failure> {
        let sim = &self.process.sim;
        let now = sim.now_ms();
        sim.with(|inner| {
            inner.world.comes_to(now);
            let known = (job.key.clone(), job.turn);
            if let Some(call) = inner.world.calls.get_mut(&known) {
                if job.intent == Intent::Stop && call.ends_at > now {
                    *call = Call { ends_at: now, came: Came::Lost };
                }
                return Ok(());
            }
            if job.intent != Intent::CarryOut {
                let message = "it was announced and never begun";
                return Err(Failure::new(Class::Permanent, message));
            }
            let came = come(inner, job);
            let most = if inner.random.happens(100) { 3_000 } else { 60 };
            let lasts = inner.random.between(1, most);
            let ends_at = now + i64::try_from(lasts).unwrap_or(1);
            inner.world.calls.insert(known, Call { ends_at, came });
            Ok(())
        })
    }
}

/// What comes of a call that begins now.
fn come(inner: &mut Inner, job: &Job) -> Came {
    let Some(step) = inner.account.step(&job.key) else {
        let (instance, operation) = (&job.subject.instance, &job.operation);
        inner.violated(format!(
            "{instance} {operation} is called under a key that the journal does not announce"
        ));
        return Came::Lost;
    };
    let only_looks = job.operation == "lifecycle.observe";
    if !only_looks && let Err(why) = inner.may_act(&step, &job.key) {
        inner.violated(format!("{} {} is called too early: {why}", step.at.1, step.act));
    }
    if step.is_done {
        inner.violated(format!("{} {} was done, and is called again", step.at.1, step.act));
    }
    // Another call than that one changes what a look would tell.
    if !only_looks && inner.world.lost.remove(&step.at).is_some_and(|lost| lost == step.act) {
        inner.violated(format!(
            "nobody knows what came of {} {}, and it is called again without a look",
            step.at.1, step.act
        ));
    }
    if step.act == "lifecycle.create" && inner.world.stopped.contains(&step.at) {
        inner.violated(format!("{} only stands still, and is made again", step.at.1));
    }
    let args = job.subject.properties.get("args").cloned().unwrap_or(Json::Null);
    let fails = inner.faults.fails;
    if inner.random.happens(fails) {
        return Came::Failed;
    }
    let forgets = inner.faults.forgets;
    if inner.random.happens(forgets) {
        // A call whose outcome nobody can tell may be carried out and may not, but where it can't
        // be told by what was there before.
        let tells = inner.world.would_tell(&step.at, &step.act);
        if inner.random.happens(500) || !tells {
            inner.world.carry_out(&step.at, &step.act, &args);
            if !only_looks {
                inner.world.has_effect(&step, &step.act, &format!("{} {}", job.key, job.turn));
            }
        }
        if is_repeatable(&inner.world, &step) {
            inner.world.unsure.insert((step.at.clone(), step.act.clone()));
        } else if !only_looks {
            inner.world.lost.insert(step.at.clone(), step.act.clone());
        }
        return Came::Lost;
    }
    let result = inner.world.carry_out(&step.at, &step.act, &args);
    if only_looks {
        inner.world.lost.remove(&step.at);
    } else {
        inner.world.has_effect(&step, &step.act, &format!("{} {}", job.key, job.turn));
    }
    Came::Result(result)
}

/// What a look tells that no journal knows of.
fn look(inner: &mut Inner, job: &Job) -> Result<Json, Failure> {
    let (instance, operation) = (&job.subject.instance, &job.operation);
    if operation != "lifecycle.observe" {
        inner.violated(format!("{instance} {operation} is no look, and is called as one"));
    }
    let fails = inner.faults.fails;
    if inner.random.happens(fails) {
        return Err(Failure::new(Class::Transient, "it ended with 1"));
    }
    let forgets = inner.faults.forgets;
    if inner.random.happens(forgets) {
        return Err(Failure::new(Class::UnknownOutcome, "its supervisor died"));
    }
    let at = inner.world.place_of(instance);
    Ok(inner.world.carry_out(&at, operation, &Json::Null))
}

/// Whether the plan says that it may be called twice.
fn is_repeatable(world: &World, step: &Announced) -> bool {
    if step.act.contains(" of ") {
        return true;
    }
    let found = match (step.operation, step.version) {
        (Operation::Converge, Some(version)) => Some(version),
        _ => world.made_for.get(&step.at).copied(),
    };
    let node = found.and_then(|v| world.blueprints.get(v)).and_then(|b| b.node_at(&step.at));
    node.is_some_and(|node| node.kind != Kind::Looked)
}

#[async_trait]
impl Executor for Caller {
    fn kind(&self) -> &'static str {
        "std.Script"
    }

    async fn run(&self, job: Job, listener: &dyn Listener) -> Ran {
        let (process, sim) = (&self.process, &self.process.sim);
        let what = format!("{} {} turn {}", job.subject.instance, job.subject.node_type, job.turn);
        if process.is_fenced() {
            sim.violated(format!("{} was fenced and calls {what}", process.name));
        }
        process.instant("before an operation").await;
        sim.passes(5).await;
        process.instant("as it calls an operation").await;
        if job.intent == Intent::Look {
            let seen = sim.with(|inner| look(inner, &job));
            sim.tell(&process.name, || format!("looks at {what}: {seen:?}"));
            return Ran { outcome: seen, output: Vec::new() };
        }
        if let Err(failure) = self.begin(&job) {
            sim.tell(&process.name, || format!("calls {what}: never begun"));
            return Ran { outcome: Err(failure), output: Vec::new() };
        }
        sim.tell(&process.name, || format!("calls {what} under {:.8}", job.key));
        process.instant("while an operation runs").await;
        let known = (job.key.clone(), job.turn);
        let call = sim.with(|inner| inner.world.calls.get(&known).cloned());
        let Some(call) = call else {
            let failure = Failure::new(Class::UnknownOutcome, "nothing is known of it");
            return Ran { outcome: Err(failure), output: Vec::new() };
        };
        let lasts = u64::try_from(call.ends_at - sim.now_ms()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(lasts)).await;
        listener.line("called");
        // It may have been stopped meanwhile.
        let call = sim.with(|inner| inner.world.calls.get(&known).cloned()).unwrap_or(call);
        let outcome = match call.came {
            Came::Result(result) => Ok(result),
            Came::Failed => Err(Failure::new(Class::Transient, "it ended with 1")),
            Came::Lost => Err(Failure::new(Class::UnknownOutcome, "its supervisor died")),
        };
        sim.tell(&process.name, || format!("called {what}: {outcome:?}"));
        process.instant("after an operation").await;
        Ran { outcome, output: b"called\n".to_vec() }
    }
}
