//! Writes to a journal until it is stopped: `scribe killed FOLDER` until somebody kills it (the file
//! `done` has the number of the last append that was answered), `scribe full FOLDER` until the disk
//! is full. For tests.
#![allow(clippy::print_stdout, reason = "its words are for the test that started it")]

use std::path::Path;
use std::process::ExitCode;

use bp_journal::{Append, NewEvent, SqliteStore, Store as _, StoreError};

fn append(expected: u64, count: u64, blob: usize) -> Append {
    let event = |n| NewEvent {
        kind: "tested".into(),
        version: 1,
        epoch: 1,
        actor: "operator:test".into(),
        run: None,
        cause: None,
        payload: format!("{{\"n\":{n}}}"),
    };
    let byte = u8::try_from(expected % 251).unwrap_or_default();
    Append {
        owner: None,
        stream: "a".into(),
        expected,
        events: (0..count).map(event).collect(),
        blobs: if blob == 0 { vec![] } else { vec![vec![byte; blob]] },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [until, folder] = words.as_slice() else {
        println!("usage: scribe killed|full FOLDER");
        return ExitCode::from(2);
    };
    let folder = Path::new(folder);
    let result = match until.as_str() {
        "killed" => until_killed(folder).await,
        _ => until_full(folder).await,
    };
    match result {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn until_killed(folder: &Path) -> Result<String, StoreError> {
    let store = SqliteStore::open(folder)?;
    let mut n = 0;
    loop {
        store.append(append(n * 3, 3, 0)).await?;
        if let Err(error) = std::fs::write(folder.join("done"), n.to_string()) {
            return Ok(error.to_string());
        }
        n += 1;
    }
}

async fn until_full(folder: &Path) -> Result<String, StoreError> {
    let store = SqliteStore::open(folder)?;
    for n in 0..1_000 {
        match store.append(append(n, 1, 50_000)).await {
            Ok(_) => {}
            Err(StoreError::Full { path }) => {
                let there = store.read("a", 0).await?.len() as u64;
                let kept = if there == n { "all of them are there" } else { "some are lost" };
                return Ok(format!("{path}: the disk was full after {n} appends, {kept}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok("the disk never fills".to_owned())
}
