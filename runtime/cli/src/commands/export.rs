//! `bpr export` and `bpr replay`: a deployment's journal in one file, and what happened shown again out of it.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bp_driver::{Archive, Deployments, Replay as Shown, Told as Entry, Watcher};
use bp_engine::{Event, Verb};
use serde_json::json;

use crate::history::{Export, Replay, Speed};
use crate::moment::time;
use crate::output::{Output, write_err};
use crate::reading::{self, Reading};
use crate::told::Told;
use crate::{DONE, home, progress, steps};

/// How long is waited between two runs at most.
const BETWEEN: Duration = Duration::from_secs(1);
/// How often is told how far the targets are.
const TICK: Duration = Duration::from_millis(60);

pub(crate) async fn export(asked: &Export, output: Output) -> Result<u8, Vec<Told>> {
    let name = &asked.name;
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let archive = Deployments::new(journal.store()).archive(&id).await;
    let archive = archive.map_err(|error| Told::driver(name, &error))?;
    write(&archive, &asked.file).map_err(|told| vec![told])?;
    // What can't be read back is no export.
    let read = reading::exported(&asked.file).map_err(|told| vec![told])?;
    let (events, blobs) = archive.counts();
    let shown = asked.file.display();
    output.json(
        &json!({ "deployment": read.name, "file": asked.file, "events": events, "blobs": blobs }),
    );
    output.text(&format!("{name}: {events} events and {blobs} blobs, exported to {shown}\n"));
    let told = Deployments::new(read.store.clone()).history(&read.id).await;
    let told = told.map_err(|error| Told::driver(name, &error))?;
    if let Some(compacted) = reading::compacted(&told) {
        output.note(&reading::dropped(name, &compacted));
    }
    output.text(&format!("  next: bpr replay {shown} · bpr status {shown}\n"));
    Ok(DONE)
}

/// There whole or not at all, and never over another file.
fn write(archive: &Archive, path: &Path) -> Result<(), Told> {
    let shown = path.display();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Told::error(format!("{shown} is there already"))
            .help("name a new file: an export is never written over another"),
        _ => Told::error(format!("the export can't be written to {shown}: {error}")).help(
            "check that its folder is there, that it may be written to, and that the disk has room",
        ),
    };
    if path.exists() {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
    }
    let part = path.with_extension(format!("part-{}", std::process::id()));
    let written = File::create(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        archive.write(&mut out)?;
        out.into_inner()?.sync_all()?;
        // A link fails where there is a file by now.
        std::fs::hard_link(&part, path)
    });
    // What is left of it is of no use.
    let _ = std::fs::remove_file(&part);
    written.map_err(failed)
}

pub(crate) async fn replay(asked: &Replay, output: Output) -> Result<u8, Vec<Told>> {
    let reading = reading::exported(&asked.file).map_err(|told| vec![told])?;
    let deployments = Deployments::new(reading.store.clone());
    let failed = |error| Told::driver(&reading.name, &error);
    if !output.is_json() {
        let told = deployments.history(&reading.id).await.map_err(failed)?;
        if let Some(compacted) = reading::compacted(&told) {
            output.note(&reading::dropped(&reading.name, &compacted));
        }
        let usual = if output.is_lively() { Speed::Times(10.0) } else { Speed::Instant };
        let speed = asked.speed.unwrap_or(usual);
        show(&reading, &told, speed, output).await?;
    }
    let (status, plan) = deployments.status(&reading.id).await.map_err(failed)?;
    super::status::tell(&status, plan.as_deref(), output);
    Ok(DONE)
}

async fn show(
    reading: &Reading,
    told: &[Entry],
    speed: Speed,
    output: Output,
) -> Result<(), Vec<Told>> {
    let mut shown = Shown::new(reading.store.clone(), &reading.id)
        .await
        .map_err(|error| Told::driver(&reading.name, &error))?;
    let mut watcher: Option<Arc<dyn Watcher>> = None;
    let mut last_ms = told.first().map_or(0, |first| first.envelope.time_ms);
    let mut ticked = Instant::now();
    for one in told {
        let now_ms = one.envelope.time_ms;
        let pause = pause(now_ms - last_ms, speed, watcher.is_some());
        last_ms = now_ms;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        shown.take(one).await.map_err(|error| Told::driver(&reading.name, &error))?;
        if let Some(line) = heading(one) {
            write_err(&format!("{}  {line}\n", time(now_ms)));
        }
        match &one.event {
            Event::RunOpened { .. } => {
                let new = progress::watcher(output);
                new.progress(&shown.progress());
                watcher = Some(new);
            }
            Event::WorkflowOpened { .. } => watcher = Some(steps::watcher(output)),
            _ => {}
        }
        let Some(of) = &watcher else { continue };
        of.event(&one.stream, &one.envelope, &one.event);
        let is_over = matches!(one.event, Event::RunClosed { .. });
        if is_over || (speed != Speed::Instant && ticked.elapsed() > TICK) {
            of.progress(&shown.progress());
            ticked = Instant::now();
        }
        if is_over {
            watcher = None;
        }
    }
    Ok(())
}

/// How long it takes until what happened so much later is shown.
fn pause(later_ms: i64, speed: Speed, is_run: bool) -> Duration {
    let Speed::Times(times) = speed else { return Duration::ZERO };
    let later = Duration::from_millis(u64::try_from(later_ms).unwrap_or(0));
    let pause = Duration::try_from_secs_f64(later.as_secs_f64() / times).unwrap_or(BETWEEN);
    if is_run { pause } else { pause.min(BETWEEN) }
}

/// What begins and ends a run, for people.
fn heading(told: &Entry) -> Option<String> {
    let by = &told.envelope.event.actor;
    Some(match &told.event {
        Event::RevisionPlanned { revision, verb, .. } => {
            let verb = match verb {
                Verb::Deploy => "deploy",
                Verb::Uninstall => "uninstall",
            };
            format!("{verb}, revision {revision}, by {by}")
        }
        Event::RunOpened { run, .. } => format!("run {run}"),
        Event::WorkflowOpened { run, workflow, .. } => {
            format!("workflow {workflow}, run {run}, by {by}")
        }
        Event::RunClosed { run, outcome, .. } => {
            format!("run {run}: {}", format!("{outcome:?}").to_lowercase())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_as_long_as_they_were_and_between_runs_short() {
        let seconds = Duration::from_secs;
        assert_eq!(pause(60_000, Speed::Times(1.0), true), seconds(60));
        assert_eq!(pause(60_000, Speed::Times(10.0), true), seconds(6));
        assert_eq!(pause(60_000, Speed::Times(10.0), false), BETWEEN);
        assert_eq!(pause(60_000, Speed::Instant, true), Duration::ZERO);
        assert_eq!(pause(-5, Speed::Times(1.0), true), Duration::ZERO);
    }
}
