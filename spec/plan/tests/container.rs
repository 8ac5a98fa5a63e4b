//! The plan as a file: written and read back, and every way in which it can be wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod sample;

use std::collections::BTreeMap;
use std::fs;

use bp_plan::container::MAX_DEPTH;
use bp_plan::{Digest, Expr, FORMAT, Plan, PlanError, UnaryOp, canonical, from_bytes, to_bytes};
use sample::{artifacts, plan};

fn bytes() -> Vec<u8> {
    to_bytes(&plan(), &artifacts()).unwrap()
}

/// A container with this head and document, whatever they say.
fn container(head: &str, json: &[u8], artifacts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut append = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        archive.append_data(&mut header, name, content).unwrap();
    };
    append("blueprint-plan", head.as_bytes());
    append("plan.json", json);
    for (name, content) in artifacts {
        append(name, content);
    }
    archive.into_inner().unwrap()
}

fn sealed(json: &[u8]) -> Vec<u8> {
    let head = format!("{{\"format\":{FORMAT},\"digest\":\"{}\"}}", Digest::of(json));
    let artifacts = artifacts();
    let named: Vec<(String, &Vec<u8>)> =
        artifacts.iter().map(|(d, a)| (format!("artifacts/{}", d.hex()), a)).collect();
    let named: Vec<(&str, &[u8])> = named.iter().map(|(n, a)| (n.as_str(), a.as_slice())).collect();
    container(&head, json, &named)
}

fn error(bytes: &[u8]) -> PlanError {
    match from_bytes(bytes) {
        Err(error) => error,
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn a_plan_comes_back_as_it_was() {
    let loaded = from_bytes(&bytes()).unwrap();
    assert_eq!(loaded.plan, plan());
    assert_eq!(loaded.artifacts, artifacts());
    assert_eq!(loaded.identity, Digest::of(&canonical(&plan()).unwrap()));
}

#[test]
fn the_same_plan_has_the_same_bytes() {
    let first = bytes();
    for _ in 0..20 {
        assert_eq!(bytes(), first);
    }
    let json = canonical(&plan()).unwrap();
    let again: Plan = serde_json::from_slice(&json).unwrap();
    assert_eq!(canonical(&again).unwrap(), json);
}

#[test]
fn a_file_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.plan");
    fs::write(&path, "old").unwrap();
    let identity = bp_plan::write(&plan(), &artifacts(), &path).unwrap();
    assert_eq!(bp_plan::read(&path).unwrap().identity, identity);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");

    let nowhere = folder.path().join("no/such/folder.plan");
    let error = bp_plan::write(&plan(), &artifacts(), &nowhere).unwrap_err();
    assert!(matches!(error.problem(), PlanError::Write(_)), "{error}");
    assert!(error.to_string().contains("folder.plan"), "{error}");
}

#[test]
fn every_prefix_is_refused() {
    let whole = bytes();
    for length in 0..whole.len() {
        match error(&whole[..length]) {
            PlanError::Empty if length == 0 => {}
            PlanError::Truncated => {}
            other => panic!("of {length} bytes: {other}"),
        }
    }
    assert!(from_bytes(&whole).is_ok());
}

#[test]
fn every_changed_byte_is_noticed_or_harmless() {
    let whole = bytes();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x15;
        if let Ok(loaded) = from_bytes(&changed) {
            // Only what tar itself ignores (padding, owner names) may differ.
            assert_eq!(loaded.plan, plan(), "at {at}");
            assert_eq!(loaded.artifacts, artifacts(), "at {at}");
        }
    }
}

#[test]
fn what_is_no_container_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        bp_plan::read(&path).unwrap_err().to_string()
    };
    let json = canonical(&plan()).unwrap();
    assert!(read("a.plan", &json).contains("JSON alone"));
    assert!(read("a.bp", b"blueprint a").contains("it is source"));
    assert!(read("b.plan", b"").contains("it is empty"));
    assert!(read("c.plan", b"blueprint a {\n}").contains("it is no plan"));
    assert!(read("d.plan", &vec![0xff; 10 << 20]).contains("it is no plan"));
    let missing = bp_plan::read(&folder.path().join("e.plan")).unwrap_err();
    assert!(matches!(missing.problem(), PlanError::Missing), "{missing}");
    assert!(missing.to_string().contains("bpc compile"), "{missing}");
    let directory = bp_plan::read(folder.path()).unwrap_err();
    assert!(matches!(directory.problem(), PlanError::Read(_)), "{directory}");
}

#[test]
fn what_was_edited_is_refused() {
    let json = canonical(&plan()).unwrap();
    let head = format!("{{\"format\":{FORMAT},\"digest\":\"{}\"}}", Digest::of(&json));
    let text = String::from_utf8(json.clone()).unwrap();
    let edited = text.replace("nginx", "ngimx");
    assert!(matches!(error(&container(&head, edited.as_bytes(), &[])), PlanError::Edited { .. }));

    let mut whole = bytes();
    let at = whole.windows(10).position(|w| w == b"echo hello").unwrap();
    whole[at] = b'E';
    assert!(matches!(error(&whole), PlanError::ArtifactEdited { .. }));
}

#[test]
fn what_came_later_is_refused_by_name() {
    let later = container("{\"format\":7,\"digest\":\"sha256:\",\"more\":1}", b"{}", &[]);
    // Even its head may be written in another way: only the format counts.
    assert!(matches!(error(&later), PlanError::NewerFormat { found: 7, known: FORMAT }));

    let text = String::from_utf8(canonical(&plan()).unwrap()).unwrap();
    for (old, new) in [
        ("\"edition\":", "\"seances\":{},\"edition\":"),
        ("{\"input\":\"tag\"}", "{\"oracle\":\"tag\"}"),
        ("{\"$range\":[1,65535]}", "{\"$matrix\":[1,65535]}"),
    ] {
        assert!(text.contains(old), "the sample has {old}");
        let error = error(&sealed(text.replace(old, new).as_bytes()));
        assert!(matches!(error, PlanError::UnknownElement(_)), "{new}: {error}");
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    for json in ["", "{}", "[", "nul", "{\"format\":1", "{\"format\":\"one\"}"] {
        assert!(matches!(error(&sealed(json.as_bytes())), PlanError::Malformed(_)), "{json}");
    }
    assert!(matches!(error(&container("{}", b"{}", &[])), PlanError::NotAPlan));
    assert!(matches!(error(&container("not json", b"{}", &[])), PlanError::NotAPlan));
}

#[test]
fn what_was_put_together_otherwise_is_refused() {
    let is_container = |bytes: &[u8], what: &str| {
        let error = error(bytes);
        assert!(matches!(error, PlanError::Container(_)), "{what}: {error}");
    };
    let json = canonical(&plan()).unwrap();
    let head = format!("{{\"format\":{FORMAT},\"digest\":\"{}\"}}", Digest::of(&json));
    is_container(&container(&head, &json, &[]), "artifacts that are missing");
    is_container(&container(&head, &json, &[("readme.md", b"hello")]), "a stray file");
    is_container(&container(&head, &json, &[("artifacts/xyz", b"hello")]), "a name that is none");
    let mut longer = bytes();
    longer.extend([0; 512]);
    is_container(&longer, "something after the end");

    let mut stray = artifacts();
    stray.insert(Digest::of(b"stray"), b"stray".to_vec());
    assert!(matches!(to_bytes(&plan(), &stray), Err(PlanError::Container(_))));
    assert!(matches!(to_bytes(&plan(), &BTreeMap::new()), Err(PlanError::Container(_))));
}

#[test]
fn depth_is_bounded_before_anything_recurses() {
    let hostile = [b"{\"format\":1,\"x\":".to_vec(), vec![b'['; 1 << 20]].concat();
    assert!(matches!(
        error(&sealed(&hostile)),
        PlanError::TooDeep { found, most: MAX_DEPTH } if found > 1 << 20
    ));
    let nested = |levels: usize| {
        let mut plan = plan();
        let mut expr = Expr::Value(true.into());
        for _ in 0..levels {
            expr = Expr::Unary { op: UnaryOp::Not, of: Box::new(expr) };
        }
        plan.constants.insert("deep".into(), expr);
        to_bytes(&plan, &artifacts())
    };
    // What the compiler writes can be read.
    let deepest = (1..100).take_while(|levels| nested(*levels).is_ok()).last().unwrap();
    assert!(deepest >= 60, "{deepest}");
    from_bytes(&nested(deepest).unwrap()).unwrap();
    assert!(matches!(nested(deepest + 1), Err(PlanError::TooDeep { .. })));
}
