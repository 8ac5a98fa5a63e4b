//! `bpr journal`: what is changed, lost or cut off is told; a copy is whole, and is put back.

use rusqlite::Connection;

use crate::Place;

/// A deployment with two runs.
fn deployed() -> Place {
    let place = Place::new();
    let plan = place.plan();
    let plan = plan.to_str().unwrap();
    place.said(0, &["deploy", plan, "--name", "one"]);
    place.said(0, &["deploy", plan, "--name", "one", "--input", "count=2"]);
    place
}

impl Place {
    /// Changes the journal behind the program's back.
    fn meddle(&self, name: &str, sql: &str) {
        let file = self.path("home").join("deployments").join(name).join("journal.db");
        Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    /// What is wrong with the journal of `one`: the stream, and what is said of it.
    fn flaws(&self) -> Vec<(String, String)> {
        let told = self.json(1, &["journal", "verify", "one"]);
        let text = |flaw: &serde_json::Value, part: &str| flaw[part].as_str().unwrap().to_owned();
        let all = told["flaws"].as_array().unwrap().iter();
        all.map(|flaw| (text(flaw, "stream"), text(flaw, "message"))).collect()
    }
}

#[test]
fn a_journal_that_is_whole_is_called_that() {
    let place = deployed();
    let told = place.json(0, &["journal", "verify", "one"]);
    assert!(told["events"].as_u64().unwrap() > 20, "{told}");
    assert!(told["blobs"].as_u64().unwrap() >= 6, "{told}");
    assert_eq!(told["flaws"], serde_json::json!([]));
    let said = place.said(0, &["journal", "verify", "one"]);
    assert!(said.contains("all as they were written"), "{said}");
    let said = place.said(1, &["journal", "verify", "on"]);
    assert!(said.contains("there is no deployment `on`"), "{said}");
}

/// Each way in which it may be hurt is told in the stream that is hurt, and what to do is said.
#[test]
fn what_was_changed_lost_or_cut_off_is_told() {
    let of_target = "stream LIKE 'deployment/%/target/%'";
    let last = |of: &str| format!("(SELECT max(sequence) FROM events WHERE {of})");
    let cut = |of: &str, name: &str| {
        format!(
            "DELETE FROM events WHERE {of} AND sequence = {};
             UPDATE streams SET sequence = sequence - 1 WHERE {name};",
            last(of)
        )
    };
    for (sql, stream, why) in [
        (
            format!("UPDATE events SET payload = payload || ' ' WHERE {of_target} AND sequence = 2"),
            "/target/",
            "is not what was written",
        ),
        (
            format!("DELETE FROM events WHERE {of_target} AND sequence = 2"),
            "/target/",
            "has lost event 2",
        ),
        (cut(of_target, "name LIKE 'deployment/%/target/%'"), "/target/", "its end is gone"),
        (cut("stream LIKE 'run/%.1'", "name LIKE 'run/%.1'"), "run/", "its end is gone"),
        (
            format!("DELETE FROM events WHERE {of_target} AND sequence = {}", last(of_target)),
            "/target/",
            "were written",
        ),
        ("DELETE FROM events WHERE stream LIKE 'requests/%'; DELETE FROM streams WHERE name LIKE 'requests/%'".to_owned(), "requests/", "its end is gone"),
        (
            "DELETE FROM events WHERE stream GLOB 'deployment/*' AND stream NOT LIKE '%/target/%' AND sequence > 5;
             UPDATE streams SET sequence = 5 WHERE name GLOB 'deployment/*' AND name NOT LIKE '%/target/%'".to_owned(),
            "run/",
            "the end of that is gone",
        ),
        ("UPDATE blobs SET bytes = x'00'".to_owned(), "", "is not what was stored"),
        ("DELETE FROM blobs".to_owned(), "", "which is not there"),
    ] {
        let place = deployed();
        place.meddle("one", &sql);
        let flaws = place.flaws();
        assert!(
            flaws.iter().any(|(of, said)| of.contains(stream) && said.contains(why)),
            "{sql}: {flaws:?}"
        );
        let said = place.said(1, &["journal", "verify", "one"]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("bpr journal restore one FILE --replace"), "{said}");
    }
}

#[test]
fn a_copy_is_put_back() {
    let place = deployed();
    place.said(0, &["journal", "backup", "one", "copy"]);
    let said = place.said(1, &["journal", "backup", "one", "copy"]);
    assert!(said.contains("copy is there already"), "{said}");
    let said = place.said(1, &["journal", "restore", "one", "copy"]);
    assert!(said.contains("`one` has a journal"), "{said}");
    place.meddle("one", "DELETE FROM blobs");
    place.said(1, &["journal", "verify", "one"]);
    let said = place.said(1, &["journal", "backup", "one", "second"]);
    assert!(said.contains("is not as it was written"), "{said}");
    let said = place.said(0, &["journal", "restore", "one", "copy", "--replace"]);
    assert!(said.contains("what was there is kept in"), "{said}");
    place.said(0, &["journal", "verify", "one"]);
    assert_eq!(place.json(0, &["outputs", "one"])["label"], "second");
    // Where none is, none is put away.
    let others = place.path("others");
    std::fs::create_dir(&others).unwrap();
    std::fs::rename(place.path("home").join("put-away"), others.join("old")).unwrap();
    std::fs::remove_dir_all(place.path("home").join("deployments").join("one")).unwrap();
    place.said(0, &["journal", "restore", "one", "copy"]);
    assert!(!place.path("home").join("put-away").exists());
    place.said(0, &["uninstall", "one"]);
    place.said(0, &["journal", "verify", "one"]);
    let left: Vec<_> = std::fs::read_dir(place.path("home")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// What is no copy, is of another deployment or is damaged, is refused, and nothing is changed.
#[test]
fn what_can_not_be_put_back_is_refused() {
    let place = deployed();
    place.said(0, &["journal", "backup", "one", "copy"]);
    for (name, file, why) in [
        ("two", "copy", "this is a copy of `one`, and not of `two`"),
        ("two", "gone", "can't read the copy gone"),
        ("two", "boxes.plan", "boxes.plan is no journal"),
        ("Two", "copy", "can't be the name of a deployment"),
    ] {
        let said = place.said(1, &["journal", "restore", name, file]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(said.contains(why), "{said}");
    }
    let copy = Connection::open(place.path("copy")).unwrap();
    copy.execute_batch("UPDATE events SET payload = payload || ' ' WHERE sequence = 1").unwrap();
    drop(copy);
    let said = place.said(1, &["journal", "restore", "one", "copy", "--replace"]);
    assert!(said.contains("this copy is not as it was written"), "{said}");
    place.said(0, &["journal", "verify", "one"]);
    let names: Vec<_> =
        std::fs::read_dir(place.path("home").join("deployments")).unwrap().collect();
    assert_eq!(names.len(), 1);
}
