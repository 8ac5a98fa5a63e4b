//! The journal's file: reopened, shared, damaged, another's, newer, on a full disk, killed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use bp_journal::sqlite::FILE;
use bp_journal::{Append, Compaction, MemoryStore, NewEvent, SqliteStore, Store, StoreError};

fn append(stream: &str, expected: u64, count: usize) -> Append {
    let event = |n| NewEvent {
        kind: "tested".into(),
        version: 1,
        epoch: 1,
        actor: "operator:test".into(),
        run: None,
        cause: None,
        payload: format!("{{\"n\":{n}}}"),
    };
    Append {
        owner: None,
        stream: stream.into(),
        expected,
        events: (0..count).map(event).collect(),
        blobs: vec![],
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn filled(folder: &Path) {
    let store = SqliteStore::open(folder).unwrap();
    run(store.append(append("a", 0, 3))).unwrap();
    let blob = run(store.put_blob(b"a blob".to_vec())).unwrap();
    assert_eq!(run(store.blob(&blob)).unwrap().unwrap(), b"a blob");
}

fn edit(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql} changed nothing");
}

#[test]
fn what_was_appended_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    assert!(SqliteStore::open_existing(folder.path()).unwrap().is_none());
    filled(folder.path());
    let store = SqliteStore::open_existing(folder.path()).unwrap().unwrap();
    assert_eq!(run(store.read("a", 0)).unwrap().len(), 3);
    run(store.append(append("a", 3, 1))).unwrap();
    assert_eq!(run(store.read("a", 2)).unwrap().len(), 2);
}

#[test]
fn what_fails_in_the_middle_leaves_nothing_and_a_snapshot_that_fails_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER third BEFORE INSERT ON events WHEN NEW.stream = 'b' AND NEW.sequence = 3 \
             BEGIN SELECT RAISE(ABORT, 'no third one'); END; \
             CREATE TRIGGER none BEFORE INSERT ON snapshots BEGIN SELECT RAISE(ABORT, 'none'); END;",
        )
        .unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let broken = Append { blobs: vec![b"of it".to_vec()], ..append("b", 0, 3) };
    assert!(run(store.append(broken)).is_err());
    assert_eq!(run(store.read("b", 0)).unwrap().len(), 0);
    run(store.append(append("b", 0, 2))).unwrap();
    let (kept, appended) = run(async {
        tokio::join!(store.put_snapshot("a", b"state".to_vec()), store.append(append("a", 3, 1)))
    });
    assert!(kept.is_err());
    assert_eq!(appended.unwrap().len(), 1);
}

#[test]
fn a_second_process_reads_and_may_not_lock() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let (one, two) =
        (SqliteStore::open(folder.path()).unwrap(), SqliteStore::open(folder.path()).unwrap());
    let held = one.lock().unwrap();
    run(one.append(append("a", 3, 1))).unwrap();
    assert_eq!(run(two.read("a", 0)).unwrap().len(), 4);
    let error = two.lock().unwrap_err().to_string();
    assert!(
        error.contains("another process") && error.contains(&std::process::id().to_string()),
        "{error}"
    );
    drop(held);
    let _held = two.lock().unwrap();
    assert!(matches!(run(two.append(append("a", 3, 1))), Err(StoreError::Conflict { .. })));
}

#[test]
fn an_event_that_was_changed_is_found() {
    for (sql, word) in [
        ("UPDATE events SET payload = '{}' WHERE sequence = 2", "a#2"),
        ("UPDATE events SET time_ms = time_ms + 1 WHERE sequence = 1", "a#1"),
        ("DELETE FROM events WHERE sequence = 2", "event 2"),
        ("UPDATE blobs SET bytes = x'00'", "blob"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path());
        edit(folder.path(), sql);
        let store = SqliteStore::open(folder.path()).unwrap();
        let digest = run(MemoryStore::new().put_blob(b"a blob".to_vec())).unwrap();
        let error = match run(store.read("a", 0)) {
            Ok(_) => run(store.blob(&digest)).unwrap_err(),
            Err(error) => error,
        };
        let said = error.to_string();
        assert!(matches!(error, StoreError::Corrupt(_)), "{sql}: {said}");
        assert!(said.contains(word) && said.contains("restore"), "{sql}: {said}");
    }
}

#[test]
fn what_is_no_journal_is_refused_with_a_sentence() {
    let refused = |write: &dyn Fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join(FILE));
        let error = SqliteStore::open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
        error.to_string()
    };
    let text = refused(&|path| {
        std::fs::write(path, "a text, long enough to be no head at all\n".repeat(200)).unwrap();
    });
    assert!(text.contains("is no journal"), "{text}");
    let other = refused(&|path| {
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    });
    assert!(other.contains("another program's database"), "{other}");
    let newer = refused(&|path| {
        drop(SqliteStore::open(path.parent().unwrap()).unwrap());
        rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    });
    assert!(newer.contains("form 9") && newer.contains("newer"), "{newer}");
}

#[test]
fn a_file_whose_pages_are_damaged_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let path = folder.path().join(FILE);
    let bytes = std::fs::read(&path).unwrap();
    let damaged = [&bytes[..4096], &vec![0xa5; bytes.len() - 4096]].concat();
    std::fs::write(&path, damaged).unwrap();
    let read = SqliteStore::open(folder.path()).and_then(|store| run(store.read("a", 0)));
    let error = read.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteStore::open(&file.join("below")).unwrap_err().to_string();
    assert!(error.contains("below"), "{error}");
}

/// The program that writes to a journal until it is stopped: by a kill, or by a full disk.
fn scribe(until: &str, folder: &Path) -> Command {
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/TEST
    let program = test.ancestors().nth(2).unwrap().join("examples/scribe");
    assert!(program.is_file(), "{} is not built: cargo build --examples", program.display());
    let mut command = Command::new(program);
    command.arg(until).arg(folder);
    command
}

#[test]
fn a_kill_loses_nothing_that_was_answered_and_leaves_no_half() {
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let mut running = scribe("killed", folder.path()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(150 + round * 40));
        running.kill().unwrap();
        running.wait().unwrap();
        let done = std::fs::read_to_string(folder.path().join("done")).unwrap_or_default();
        let store = SqliteStore::open(folder.path()).unwrap();
        let events = run(store.read("a", 0)).unwrap();
        assert_eq!(events.len() % 3, 0, "an append is there as a whole or not at all");
        if let Ok(done) = done.parse::<usize>() {
            assert!(
                events.len() >= (done + 1) * 3,
                "{} events, {done} appends answered",
                events.len()
            );
        }
        run(store.append(append("a", events.len() as u64, 1))).unwrap();
    }
}

#[test]
fn a_full_disk_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    let inside = scribe("full", folder.path());
    let mut command = Command::new("unshare");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$JOURNAL\" && exec \"$@\"";
    command
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(inside.get_program())
        .args(inside.get_args());
    let ended = command.env("JOURNAL", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned()
        + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("all of them are there"), "{said}");
}

#[test]
fn a_snapshot_that_was_changed_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let store = SqliteStore::open(folder.path()).unwrap();
    run(store.put_snapshot("a", b"kept".to_vec())).unwrap();
    edit(folder.path(), "UPDATE snapshots SET bytes = x'00'");
    let error = run(store.snapshot("a")).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    assert!(error.to_string().contains("snapshot of `a`"), "{error}");
}

#[test]
fn a_file_that_is_compacted_gets_smaller_and_says_so_to_older_programs() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let mut large = append("a", 0, 2_000);
    large.blobs.push(vec![7; 500_000]);
    run(store.append(large)).unwrap();
    run(store.append(append("own", 0, 1))).unwrap();
    let form = |folder: &Path| -> i64 {
        let connection = rusqlite::Connection::open(folder.join(FILE)).unwrap();
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    assert_eq!(form(folder.path()), 1);
    let size = |folder: &Path| std::fs::metadata(folder.join(FILE)).unwrap().len();
    drop(store);
    let before = size(folder.path());
    let store = SqliteStore::open(folder.path()).unwrap();
    let until = vec![("a".to_owned(), 1_990)];
    let compaction = Compaction { append: append("own", 1, 1), until, ..Compaction::default() };
    let freed = run(store.compact(compaction)).unwrap();
    assert_eq!((freed.events, freed.blobs), (1_990, 1));
    assert_eq!(run(store.read("a", 0)).unwrap().len(), 10);
    drop(store);
    assert_eq!(form(folder.path()), 2);
    assert!(size(folder.path()) < before / 5, "{before} bytes before");
    // A beginning that is cut off by hand is seen.
    edit(folder.path(), "DELETE FROM floors");
    let store = SqliteStore::open(folder.path()).unwrap();
    let error = run(store.read("a", 0)).unwrap_err();
    assert!(error.to_string().contains("has lost event 1 "), "{error}");
}
