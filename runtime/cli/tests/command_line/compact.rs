//! `bpr journal compact`: what is dropped is said, what reaches before it is answered in a sentence, and a kill leaves
//! all or nothing.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::Place;

/// A deployment with three runs.
fn deployed() -> Place {
    let place = Place::new();
    let plan = place.plan();
    let plan = plan.to_str().unwrap();
    for count in ["count=1", "count=2", "count=3"] {
        place.said(0, &["deploy", plan, "--name", "one", "--input", count]);
    }
    place
}

fn in_one_line(said: &str) -> String {
    said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn what_happened_long_ago_is_dropped_and_that_is_said() {
    let place = deployed();
    let before = place.json(0, &["status", "one"]);
    let events = place.json(0, &["history", "one"])["events"].as_array().unwrap().len() as u64;
    let compact = ["journal", "compact", "one", "--keep-runs", "1"];

    // Nothing is that old.
    let said = place.said(0, &["journal", "compact", "one"]);
    assert!(
        said.contains("one: nothing to drop, for nothing that its journal has happened before"),
        "{said}"
    );
    let said = place.said(0, &["journal", "compact", "one", "--keep-runs", "7"]);
    assert!(said.contains("happened before its newest 7 runs"), "{said}");
    assert_eq!(place.json(0, &["journal", "compact", "one"]), json!({ "dropped": null }));

    let said = place.said(0, &[&compact[..], &["--dry-run"]].concat());
    assert!(said.contains("one: would drop") && said.contains("nothing was changed"), "{said}");
    let would = place.json(0, &[&compact[..], &["--dry-run"]].concat());
    let dropped = place.json(0, &compact);
    assert_eq!(would["dropped"]["events"], dropped["dropped"]["events"]);
    let gone = dropped["dropped"]["last_event"].as_u64().unwrap();
    assert_eq!(gone + dropped["events"].as_u64().unwrap(), events);
    assert!(dropped["dropped"]["blobs"].as_u64().unwrap() > 0, "{dropped}");

    assert_eq!(place.json(0, &["status", "one"]), before);
    assert_eq!(place.json(0, &["outputs", "one"])["label"], "second");
    let said = place.said(0, &["journal", "verify", "one"]);
    assert!(said.contains("all as they were written"), "{said}");
    let is_dropped = format!("what happened up to event {gone}, ");
    for asked in [&["history", "one"][..], &["events", "one"], &["why", "one", "a"]] {
        let said = in_one_line(&place.said(0, asked));
        assert!(said.contains(&is_dropped) && said.contains("operator:"), "{asked:?}: {said}");
    }
    assert_eq!(place.json(0, &["history", "one"])["compacted"]["events"], gone);
    let said = in_one_line(&place.said(0, &["export", "one", "-o", "one.export"]));
    assert!(said.contains(&is_dropped), "{said}");
    let said = in_one_line(&place.said(0, &["replay", "one.export", "--speed", "instant"]));
    assert!(said.contains(&is_dropped), "{said}");
    let said = in_one_line(&place.said(1, &["status", "one", "--at", "2"]));
    assert!(said.contains("was dropped when its journal was compacted"), "{said}");
    assert!(said.contains(&format!("--at {}", gone + 1)), "{said}");
    place.said(0, &["status", "one", "--at", &(gone + 1).to_string()]);
    let said = in_one_line(&place.said(1, &["rollback", "one", "--to", "1"]));
    assert!(said.contains("was dropped when its journal was compacted"), "{said}");

    // A copy of it is one, and all of it can be removed.
    place.said(0, &["journal", "backup", "one", "copy"]);
    place.said(0, &["journal", "restore", "one", "copy", "--replace"]);
    place.said(0, &["uninstall", "one"]);
    place.said(0, &["journal", "verify", "one"]);
}

#[test]
fn what_can_not_be_compacted_is_said() {
    let place = deployed();
    let said = place.said(1, &["journal", "compact", "on"]);
    assert!(said.contains("there is no deployment `on`"), "{said}");
    let said = place.said(2, &["journal", "compact", "one", "--keep", "soon"]);
    assert!(said.contains("such as 90d"), "{said}");
    place.said(2, &["journal", "compact", "one", "--keep-runs", "0"]);
    place.said(2, &["journal", "compact", "one", "--keep-runs", "1", "--keep", "1d"]);
    // Somebody works on it.
    let folder = place.path("home").join("deployments").join("one");
    let lock = bp_journal::sqlite::Lock::take(&folder).unwrap();
    let said = place.said(1, &["journal", "compact", "one", "--keep-runs", "1"]);
    assert!(said.contains("another process"), "{said}");
    drop(lock);
    place.said(0, &["journal", "compact", "one", "--keep-runs", "1"]);
}

fn copied(from: &Path, to: &Path) {
    // What was there is of the round before.
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_kill_leaves_all_or_nothing_of_it() {
    let place = deployed();
    let folder = place.path("home").join("deployments").join("one");
    let kept = place.path("kept");
    copied(&folder, &kept);
    let before = place.json(0, &["status", "one"]);
    let mut undone = 0;
    for round in 0..15 {
        copied(&kept, &folder);
        let mut running = place
            .command(&["journal", "compact", "one", "--keep-runs", "1"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 4));
        running.kill().unwrap();
        running.wait().unwrap();
        let verified = place.json(0, &["journal", "verify", "one"]);
        assert_eq!(verified["flaws"], json!([]), "killed after {} ms", round * 4);
        assert_eq!(place.json(0, &["status", "one"]), before);
        let is_done = place.json(0, &["history", "one"])["compacted"].is_object();
        undone += u32::from(!is_done);
        place.said(0, &["journal", "compact", "one", "--keep-runs", "1"]);
        place.said(0, &["uninstall", "one"]);
    }
    assert!(undone > 0, "the first kill comes before anything is done");
}
