//! What `deploy`, `resume` and `uninstall` have in common: a run that is watched, can be stopped, and
//! ends with words on how it went.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_driver::{
    Control, Deployments, DriverError, Executors, GoneOn, Providers, Runtime, Summary, SystemClock,
    Watcher,
};
use bp_engine::event::{Outcome, Verb};
use bp_journal::Store;
use bp_provider::{Executor, Provider};
use bp_providers::script::Scripts;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::output::{Output, write_err};
use crate::secrets::Sources;
use crate::told::Told;
use crate::{DONE, FAILED, PARTLY, home, journals, pace, progress, steps};

/// Where a deployment's folder keeps what it knows of calls.
const CALLS: &str = "calls";
/// The command that a script runs under.
pub(crate) const SUPERVISE: &str = "supervise";

/// The providers of this program.
pub(crate) fn providers() -> Providers {
    let all: [Arc<dyn Provider>; 3] = [
        bp_providers::cloudformation::provider(),
        bp_providers::kubernetes::provider(),
        bp_providers::noop::provider(),
    ];
    all.into_iter()
        .map(|provider| (provider.name().to_owned(), provider))
        .collect::<BTreeMap<_, _>>()
}

/// What carries operations out for the deployment of this name.
pub(crate) fn executors(name: &str) -> Result<Executors, Told> {
    let program = std::env::current_exe().map_err(|error| {
        Told::error(format!("this program does not find its own file, which runs scripts: {error}"))
    })?;
    let folder = home::folder()?.join(name).join(CALLS);
    let scripts = Scripts::new(program, &[SUPERVISE], folder);
    let all: [Arc<dyn Executor>; 1] = [Arc::new(scripts)];
    Ok(all.into_iter().map(|executor| (executor.kind().to_owned(), executor)).collect())
}

/// This process as a runtime.
pub(crate) fn runtime(store: Arc<dyn Store>, executors: Executors, secrets: Sources) -> Runtime {
    Runtime {
        store,
        providers: providers(),
        executors,
        secrets: Arc::new(secrets),
        clock: Arc::new(SystemClock),
        limits: pace::limits(),
        deadlines: journals::deadlines(),
        owner: journals::owner(),
        actor: journals::operator(),
    }
}

/// A run that is under way: its watcher, and the listening for a person who wants it to stop.
pub(crate) struct Running {
    watcher: Arc<dyn Watcher>,
    stop: watch::Receiver<bool>,
    listening: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(watcher: Arc<dyn Watcher>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { watcher, stop: stopped, listening: tokio::spawn(listen(stop)) }
    }

    pub(crate) fn control(&self) -> Control {
        Control { watcher: self.watcher.clone(), stop: self.stop.clone() }
    }

    /// The same run, watched by another.
    fn watched(&self, watcher: Arc<dyn Watcher>) -> Control {
        Control { watcher, stop: self.stop.clone() }
    }

    pub(crate) fn end(&self) {
        self.listening.abort();
    }
}

/// Once: begin nothing more. Twice: leave at once; the journal knows what was begun.
async fn listen(stop: watch::Sender<bool>) {
    let (Ok(mut interrupts), Ok(mut terminations)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut times = 0;
    loop {
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        times += 1;
        if times > 1 {
            write_err("left at once; `bpr resume` finds out what was under way\n");
            std::process::exit(i32::from(FAILED));
        }
        write_err(
            "stopping: calls in flight are waited for, nothing more is begun (once more leaves at once)\n",
        );
        // The run may just have ended.
        let _ = stop.send(true);
    }
}

/// What is wanted of steps that are not done.
pub(crate) enum Again {
    /// These are tried again; none stands for all.
    Retry(Vec<String>),
    /// This one counts as done.
    Skip { step: String, why: String },
}

/// Tries steps again, or skips one, and goes on.
pub(crate) async fn again(name: &str, wanted: Again, output: Output) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let held = journal.hold(name).await.map_err(|told| vec![told])?;
    let store = held.store();
    held.during(tried(name, (store, &id), wanted, output)).await
}

/// The same, in a journal that is held.
async fn tried(
    name: &str,
    (store, id): (Arc<dyn Store>, &str),
    wanted: Again,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let secrets = Sources::of(name).map_err(|told| vec![told])?;
    let executors = executors(name).map_err(|told| vec![told])?;
    let runtime = runtime(store.clone(), executors, secrets);
    let running = Running::start(progress::watcher(output));
    let result = match wanted {
        Again::Retry(steps) => runtime.retry(id, &steps, running.control()).await,
        Again::Skip { step, why } => runtime.skip(id, &step, &why, running.control()).await,
    };
    running.end();
    finish(name, id, store, result, output).await
}

pub(crate) async fn resume(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    if super::pause::was_asked_to_go_on(name, output).await? {
        return Ok(DONE);
    }
    go_on(name, output, Verb::Deploy, Vec::new()).await
}

pub(crate) async fn uninstall(
    name: &str,
    approved: Vec<String>,
    output: Output,
) -> Result<u8, Vec<Told>> {
    go_on(name, output, Verb::Uninstall, approved).await
}

async fn go_on(
    name: &str,
    output: Output,
    verb: Verb,
    approved: Vec<String>,
) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let held = journal.hold(name).await.map_err(|told| vec![told])?;
    let store = held.store();
    held.during(carry_out(name, (store, &id), output, verb, approved)).await
}

/// Goes on, in a journal that is held.
async fn carry_out(
    name: &str,
    (store, id): (Arc<dyn Store>, &str),
    output: Output,
    verb: Verb,
    approved: Vec<String>,
) -> Result<u8, Vec<Told>> {
    let secrets = Sources::of(name).map_err(|told| vec![told])?;
    let executors = executors(name).map_err(|told| vec![told])?;
    let runtime = runtime(store.clone(), executors, secrets);
    let running = Running::start(steps::watcher(output));
    let control = running.watched(progress::watcher(output));
    let result = match verb {
        Verb::Deploy => runtime.go_on(id, running.control(), control).await,
        Verb::Uninstall => {
            let removed = runtime.uninstall_approved(id, approved, control).await;
            removed.map(|summary| GoneOn::Run(Box::new(summary)))
        }
    };
    running.end();
    match result {
        Ok(GoneOn::Workflow(ran)) => super::workflow::finish(name, id, store, &ran, output).await,
        Ok(GoneOn::Run(summary)) => finish(name, id, store, Ok(*summary), output).await,
        Err(error) => finish(name, id, store, Err(error), output).await,
    }
}

/// Says how a run went; gives the exit code.
pub(crate) async fn finish(
    name: &str,
    id: &str,
    store: Arc<dyn Store>,
    result: Result<Summary, DriverError>,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let summary = result.map_err(|error| Told::driver(name, &error))?;
    let has_all = summary.outputs.is_empty();
    if output.is_json() || summary.outcome != Outcome::Done || !has_all {
        let (status, plan) =
            Deployments::new(store).status(id).await.map_err(|error| Told::driver(name, &error))?;
        if output.is_json() {
            output.json(&status);
        } else {
            super::status::failures(&status, plan.as_deref(), output);
        }
        for (problem, plan) in summary.outputs.iter().zip(std::iter::repeat(plan.as_deref())) {
            output.told(&plan.map_or_else(
                || Told::error(problem.message.clone()),
                |plan| Told::problem(plan, problem),
            ));
        }
    }
    output.text(&line(name, &summary));
    Ok(match summary.outcome {
        Outcome::Done if has_all => DONE,
        Outcome::Failed => FAILED,
        Outcome::Done | Outcome::Partial | Outcome::Stopped | Outcome::Superseded => PARTLY,
    })
}

fn line(name: &str, summary: &Summary) -> String {
    if summary.run.is_none() {
        return format!(
            "{name}: there is nothing to go on with; all of revision {} is done\n",
            summary.revision
        );
    }
    if summary.is_paused {
        return format!(
            "{name}: paused; nothing of it is under way any more\n  next: bpr status {name} · bpr resume {name}\n"
        );
    }
    let (nodes, targets) = (summary.nodes, summary.targets);
    let on =
        |count: usize| if count == 1 { "1 target".to_owned() } else { format!("{count} targets") };
    let skipped = match summary.skipped {
        0 => String::new(),
        count => format!(", {count} skipped"),
    };
    match (summary.outcome, summary.verb) {
        (Outcome::Done, Verb::Deploy) => format!(
            "{name}: {}, {} on {} (revision {})\n  next: bpr status {name} · bpr outputs {name}\n",
            summary.back_to.map_or_else(
                || "deployed".to_owned(),
                |to| format!("rolled back to revision {to}")
            ),
            if nodes == 1 { "1 node".to_owned() } else { format!("{nodes} nodes") },
            on(targets) + &skipped,
            summary.revision
        ),
        (Outcome::Done, Verb::Uninstall) => format!("{name}: removed{skipped}\n"),
        (outcome, verb) => {
            let what = match verb {
                Verb::Deploy if summary.back_to.is_some() => "rolled back",
                Verb::Deploy => "deployed",
                Verb::Uninstall => "removed",
            };
            let how = match outcome {
                Outcome::Failed => format!("{name}: nothing could be {what}"),
                Outcome::Stopped => format!("{name}: stopped before all was {what}"),
                _ => format!("{name}: partly {what}"),
            };
            format!(
                "{how}\n  next: bpr status {name} · bpr retry {name} · bpr rollback {name} · bpr uninstall {name}\n"
            )
        }
    }
}
