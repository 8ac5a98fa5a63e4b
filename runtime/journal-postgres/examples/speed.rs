//! How many steps a second a database takes: `speed URL WRITERS SECONDS`. A step is two appends of an event each,
//! one after the other, to a target's own stream, which a deployment's stream owns, under a lease: as a runtime
//! writes that has so many targets.
#![allow(clippy::print_stdout, reason = "its words are for the person that started it")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bp_journal::{Append, NewEvent, Store as _, StoreError};
use bp_journal_postgres::{Given, Holder, Leased, PostgresStore, Settings};

fn append(stream: &str, expected: u64, owner: Option<(String, u64)>) -> Append {
    let event = NewEvent {
        kind: "step-started".into(),
        version: 1,
        epoch: 1,
        actor: "operator:speed".into(),
        run: Some("speed.1".into()),
        cause: None,
        // As large as the events of a step mostly are.
        payload: format!("{{\"instance\":\"web\",\"digest\":\"{}\"}}", "a".repeat(360)),
    };
    Append { stream: stream.into(), expected, owner, events: vec![event], blobs: vec![] }
}

async fn measured(url: &str, writers: u32, time: Duration) -> Result<String, StoreError> {
    let store = PostgresStore::open(Settings::new(url, Given::Environment)?).await?;
    let run = std::process::id();
    let holder = Holder { name: format!("pid {run}"), place: format!("speed {run}") };
    let held: Arc<Leased> = Arc::new(store.hold(&format!("speed-{run}"), &holder).await?);
    let owner = format!("speed/{run}");
    held.append(append(&owner, 0, None)).await?;
    let begin = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (held, owner) = (held.clone(), owner.clone());
            tokio::spawn(async move {
                let stream = format!("speed/{run}/target/{writer}");
                let mut events = 0;
                while begin.elapsed() < time {
                    for _ in 0..2 {
                        held.append(append(&stream, events, Some((owner.clone(), 1)))).await?;
                        events += 1;
                    }
                }
                Ok::<u64, StoreError>(events / 2)
            })
        })
        .collect();
    let mut steps = 0;
    for task in tasks {
        steps += task.await.map_err(|error| StoreError::Refused(error.to_string()))??;
    }
    held.release().await?;
    let rate = u128::from(steps) * 1_000 / begin.elapsed().as_millis().max(1);
    Ok(format!("{writers} writers: {rate} steps/s"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, writers, seconds] = words.as_slice() else {
        println!("usage: speed URL WRITERS SECONDS");
        return ExitCode::from(2);
    };
    let (Ok(writers), Ok(seconds)) = (writers.parse(), seconds.parse()) else {
        println!("WRITERS and SECONDS are numbers");
        return ExitCode::from(2);
    };
    match measured(url, writers, Duration::from_secs(seconds)).await {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
