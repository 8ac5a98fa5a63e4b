//! `bpr events`: what happened, and with `--follow` what happens, a line each.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use bp_driver::{Deployments, Timeline, Told as Entry};
use tokio::signal::unix::{SignalKind, signal};

use super::history::{Names, object};
use crate::DONE;
use crate::history::Events;
use crate::output::Output;
use crate::reading::{self, Reading};
use crate::told::Told;

/// How often is looked for more.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn run(asked: &Events, output: Output) -> Result<u8, Vec<Told>> {
    let reading = reading::open(&asked.name).await?;
    let since = reading.since(asked.since).await?;
    let mut lines = Lines { output, names: Names::default(), from: since.from };
    if let Some(compacted) = reading::compacted(&since.told) {
        output.note(&reading::dropped(&reading.name, &compacted));
    }
    let mut timeline = since.timeline;
    if !lines.write(&since.told) || !asked.follow {
        return Ok(DONE);
    }
    tokio::select! {
        () = interrupted() => Ok(DONE),
        ended = follow(&reading, &mut timeline, &mut lines) => ended,
    }
}

/// Goes on until nobody reads any more, or it fails.
async fn follow(
    reading: &Reading,
    timeline: &mut Timeline,
    lines: &mut Lines,
) -> Result<u8, Vec<Told>> {
    let deployments = Deployments::new(reading.store.clone());
    loop {
        tokio::time::sleep(PAUSE).await;
        let news = deployments.news(&reading.id, timeline).await;
        if !lines.write(&news.map_err(|error| Told::driver(&reading.name, &error))?) {
            return Ok(DONE);
        }
    }
}

/// Where lines go.
struct Lines {
    output: Output,
    names: Names,
    /// The number of the first event that is shown.
    from: u64,
}

impl Lines {
    /// Whether anybody still reads them.
    fn write(&mut self, told: &[Entry]) -> bool {
        let mut text = String::new();
        for one in told {
            let line = self.names.line(one);
            if one.number < self.from {
                continue;
            }
            text += &if self.output.is_json() { object(one).to_string() + "\n" } else { line };
        }
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_or_else(|error| error.kind() != ErrorKind::BrokenPipe, |()| true)
    }
}

async fn interrupted() {
    let (Ok(mut interrupts), Ok(mut terminations)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
}
