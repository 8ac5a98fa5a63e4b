//! `bpr pause`, and `bpr resume` of what another process runs.

use std::time::Duration;

use bp_driver::{Deployments, DriverError};

use super::run::{executors, runtime};
use crate::journals::Journal;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;
use crate::{DONE, home};

/// How often, and how long between, it is looked whether the process that was asked is gone.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(100));

/// Asks the process that runs it to pause, or takes that down where none does.
pub(crate) async fn run(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let on = |store| {
        let executors = executors(name).map_err(one)?;
        Ok::<_, Vec<Told>>(runtime(store, executors, Sources::passing()))
    };
    let failed = |error: DriverError| Told::driver(name, &error);
    on(journal.store())?.ask_to_pause(&id).await.map_err(failed)?;
    let Some(held) = journal.try_hold(name).await.map_err(one)? else {
        output.note(&format!(
            "asked the process that runs `{name}` to pause: calls in flight end, then it leaves; see `bpr status {name}`"
        ));
        return Ok(DONE);
    };
    let here = on(held.store())?;
    held.during(here.pause_here(&id)).await.map_err(failed)?;
    output.note(&format!("paused: no process runs `{name}`, and `bpr resume {name}` goes on"));
    Ok(DONE)
}

/// Whether no process works on it.
async fn is_free(journal: &Journal, name: &str) -> Result<bool, Vec<Told>> {
    let Some(held) = journal.try_hold(name).await.map_err(one)? else { return Ok(false) };
    held.during(std::future::ready(())).await;
    Ok(true)
}

/// Where a process still ends the calls of a run that is paused, that is asked to go on. Whether it does.
pub(crate) async fn was_asked_to_go_on(name: &str, output: Output) -> Result<bool, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let failed = |error: DriverError| Told::driver(name, &error);
    if is_free(&journal, name).await? {
        return Ok(false);
    }
    let store = journal.store();
    let (status, _) = Deployments::new(store.clone()).status(&id).await.map_err(failed)?;
    let workflow = status.workflow.as_ref().and_then(|workflow| workflow.paused.as_ref());
    if status.paused.as_ref().or(workflow).is_none() {
        return Ok(false);
    }
    let secrets = Sources::passing();
    let runtime = runtime(store, executors(name).map_err(one)?, secrets);
    runtime.ask_to_go_on(&id).await.map_err(failed)?;
    for _ in 0..LOOKS.0 {
        tokio::time::sleep(LOOKS.1).await;
        // It may just have left: then this process goes on.
        if is_free(&journal, name).await? {
            return Ok(false);
        }
    }
    output.note(&format!("asked the process that runs `{name}` to go on; see `bpr status {name}`"));
    Ok(true)
}

fn one(told: Told) -> Vec<Told> {
    vec![told]
}
