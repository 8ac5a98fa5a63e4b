//! The form of an inventory file: what is read, what is refused and where, and its published schema.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use bp_topology::inventory::NameError;
use bp_topology::inventory_file::File;
use bp_topology::{Inventory, inventory_file};
use serde_json::{Value as Json, json};

#[test]
fn what_is_known_of_a_cluster_stands_beside_its_name() {
    let text = "clusters:\n  - name: east\n    labels: { tier: demo }\n    version: \"1.29\"\n";
    let file = File::parse(text).unwrap();
    let element = file.clusters[0].clone().element(Json::Null);
    assert_eq!(element.node_type, inventory_file::CLUSTER);
    assert_eq!(element.facts["version"], json!("1.29"));
    assert_eq!(element.facts["labels"], json!({ "tier": "demo" }));
    // JSON is YAML, and a literal reads the same.
    let literal = json!({ "clusters": [{ "name": "east", "labels": { "tier": "demo" }, "version": "1.29" }] });
    assert_eq!(File::parse(&literal.to_string()).unwrap(), file);
    assert_eq!(File::of_json(literal).unwrap(), file);
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    for (text, at, words) in [
        (
            "clusters:\n  - name: east\n    lables: { tier: demo }\n",
            Some((3, 5)),
            "did you mean `labels`?",
        ),
        (
            "clusters:\n  - name: east\n    kubeconfg: a.yaml\n",
            Some((3, 5)),
            "did you mean `kubeconfig`?",
        ),
        ("cluster: []\n", Some((1, 1)), "unknown field `cluster`"),
        ("clusters:\n  - labels: {}\n", Some((2, 5)), "`name`"),
    ] {
        let error = File::parse(text).unwrap_err();
        assert!(error.message.contains(words), "{text}\n{error}");
        assert_eq!(error.at, at, "{text}\n{error}");
    }
    assert!(File::parse("clusters: [").is_err() && File::parse("- 1").is_err());
}

#[test]
fn names_are_unique_and_none_is_the_runtime_s_own() {
    let mut inventory = Inventory::default();
    for (name, wanted) in [
        ("a", Ok(())),
        ("a", Err(NameError::Twice("a".to_owned()))),
        (" ", Err(NameError::Empty)),
        ("local", Err(NameError::Local)),
    ] {
        let file = File::of_json(json!({ "clusters": [{ "name": name }] })).unwrap();
        let element = file.clusters[0].clone().element(Json::Null);
        assert_eq!(inventory.add(element), wanted, "{name}");
    }
}

#[test]
fn the_published_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inventory.schema.json");
    let schema = schemars::schema_for!(File);
    let fresh = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == fresh,
        "inventory.schema.json is stale: run `UPDATE=1 cargo test -p bp-topology`"
    );
}
