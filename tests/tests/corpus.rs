//! What every release left behind is read by this one: plans, journals, exports. `tests/corpus/make.sh` makes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bp_tests::Environment;
use serde_json::Value as Json;

/// The newest versions that a release has written: with each release the corpus grows, and so do these.
const EVENTS: u64 = 8;
const FORMS: u32 = 2;
const EXPORTS: [&str; 2] = ["bpr-export/1", "bpr-export/2"];
const PLANS: u32 = 1;
/// Where a journal's file says its form.
const FORM_AT: std::ops::Range<usize> = 60..64;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The releases, each with its folder.
fn releases() -> Vec<PathBuf> {
    let entries = corpus().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "the corpus is empty");
    folders
}

/// A world in which a release's journal is the one of `keep`.
fn with_journal(release: &Path, name: &str) -> Environment {
    let mut environment = Environment::new();
    environment.set("BPR_SECRET_CANARY", "correct-horse-battery");
    let folder = environment.home().join("deployments/keep");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(release.join(name), folder.join("journal.db")).unwrap();
    std::fs::copy(release.join("secrets.key"), folder.join("secrets.key")).unwrap();
    if release.join("age.key").is_file() {
        std::fs::copy(release.join("age.key"), environment.home().join("age.key")).unwrap();
    }
    environment
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Fields may be added to a status, and none is taken away.
fn assert_tells(told: &Json, known: &Json, what: &str) {
    match (told, known) {
        (Json::Object(told), Json::Object(known)) => {
            for (name, known) in known {
                let told = told.get(name).unwrap_or_else(|| panic!("{what} has no `{name}`"));
                assert_tells(told, known, &format!("{what}.{name}"));
            }
        }
        (Json::Array(told), Json::Array(known)) => {
            assert_eq!(told.len(), known.len(), "{what}");
            for (at, (told, known)) in told.iter().zip(known).enumerate() {
                assert_tells(told, known, &format!("{what}[{at}]"));
            }
        }
        (told, known) => assert_eq!(told, known, "{what}"),
    }
}

#[test]
fn every_journal_is_read_gone_on_with_and_removed() {
    for release in releases() {
        let status = json(&release.join("status.json"));
        for name in ["journal.db", "compacted.db"] {
            let what = release.join(name).display().to_string();
            let environment = with_journal(&release, name);
            let bpr = |arguments: &[&str]| environment.bpr(arguments.iter().copied());
            let verified = bpr(&["journal", "verify", "keep"]).expect(0).stdout;
            assert!(verified.contains("all as they were written"), "{what}: {verified}");
            assert_tells(&environment.ask("status", "keep", 0), &status, &what);
            for looked in ["history", "events", "outputs"] {
                assert!(!bpr(&[looked, "keep"]).expect(0).stdout.is_empty(), "{what}: {looked}");
            }
            let _ = bpr(&["why", "keep", "db"]).expect(0);
            let _ = bpr(&["status", "keep", "--at", "r5"]).expect(0);
            let _ = bpr(&["retry", "keep", "db"]).expect(3);
            let _ = bpr(&["rollback", "keep", "--to", "4"]).expect(0);
            let _ = bpr(&["run", "keep", "tend"]).expect(0);
            let _ = bpr(&["journal", "compact", "keep", "--keep-runs", "1"]).expect(0);
            let _ = bpr(&["uninstall", "keep", "--approve", "second"]).expect(0);
            let _ = bpr(&["journal", "verify", "keep"]).expect(0);
        }
    }
}

#[test]
fn every_export_tells_what_it_told() {
    for release in releases() {
        let status = json(&release.join("status.json"));
        for name in ["keep.export", "compacted.export"] {
            let environment = Environment::new();
            let file = release.join(name);
            let file = file.to_str().unwrap();
            let told = environment.bpr(["status", file, "--output", "json"]).expect(0).json();
            assert_tells(&told, &status, file);
            let _ = environment.bpr(["replay", file, "--speed", "instant"]).expect(0);
            let _ = environment.bpr(["why", file, "second"]).expect(0);
        }
    }
}

#[test]
fn every_plan_is_deployed() {
    for release in releases() {
        let mut environment = Environment::new();
        environment.set("BPR_SECRET_CANARY", "correct-horse-battery");
        let plan = release.join("keep.plan");
        let plan = plan.to_str().unwrap();
        let _ = environment.bpc(["inspect", plan]).expect(0);
        let _ = environment.bpr(["deploy", plan, "--name", "keep"]).expect(0);
        let _ = environment.bpr(["uninstall", "keep"]).expect(0);
    }
}

fn form(file: &Path) -> u32 {
    u32::from_be_bytes(std::fs::read(file).unwrap()[FORM_AT].try_into().unwrap())
}

/// Each version that a release has written is there, so that it is read for good.
#[test]
fn every_version_is_in_the_corpus() {
    let (mut events, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let (mut forms, mut plans) = (BTreeSet::new(), BTreeSet::new());
    for release in releases() {
        for name in ["keep.export", "compacted.export"] {
            let text = std::fs::read_to_string(release.join(name)).unwrap();
            let mut lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
            exports.insert(lines.next().unwrap()["format"].as_str().unwrap().to_owned());
            events.extend(lines.filter_map(|line| line["event"]["version"].as_u64()));
        }
        forms.extend(["journal.db", "compacted.db"].map(|name| form(&release.join(name))));
        let plan = release.join("keep.plan");
        let inspected = Environment::new();
        let inspected = inspected.bpc(["inspect", plan.to_str().unwrap(), "--format", "json"]);
        let format = inspected.expect(0).json()["format"].as_u64().unwrap();
        plans.insert(u32::try_from(format).unwrap());
    }
    assert_eq!(events, (1..=EVENTS).collect());
    assert_eq!(forms, (1..=FORMS).collect());
    assert_eq!(exports, EXPORTS.map(str::to_owned).into());
    assert_eq!(plans, (1..=PLANS).collect());
    assert!(u64::from(bp_engine::event::VERSION) >= EVENTS, "what was written is known");
    const { assert!(bp_plan::FORMAT >= PLANS, "what was written is known") };
}

#[test]
fn what_a_newer_version_wrote_is_refused_in_a_sentence() {
    let release = releases().pop().unwrap();
    let environment = with_journal(&release, "journal.db");
    let file = environment.home().join("deployments/keep/journal.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[FORM_AT].copy_from_slice(&9_u32.to_be_bytes());
    std::fs::write(&file, &bytes).unwrap();
    let said = environment.bpr(["status", "keep"]).expect(1).stderr;
    let said = said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(said.contains("has form 9") && said.contains("written by a newer one"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "nothing was changed");
    let text = std::fs::read_to_string(release.join("keep.export")).unwrap();
    let newer = environment.write("newer.export", text.replacen("bpr-export/1", "bpr-export/9", 1));
    let said = environment.bpr(["status", newer.to_str().unwrap()]).expect(1).stderr;
    assert!(said.contains("bpr-export/9") && said.contains("newer"), "{said}");
}
