//! The published schema is that of the types, and plans meet it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod sample;

use std::path::Path;

use bp_plan::canonical;
use bp_plan::schema::schema;

#[test]
fn the_published_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plan.schema.json");
    let fresh = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap();
    assert!(published == fresh, "plan.schema.json is stale: run `UPDATE=1 cargo test -p bp-plan`");
}

#[test]
fn plans_meet_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json = serde_json::from_slice(&canonical(&sample::plan()).unwrap()).unwrap();
    if let Err(error) = validator.validate(&json) {
        panic!("{error} at {}", error.instance_path());
    }
    for (pointer, wrong) in [
        ("/format", serde_json::json!("one")),
        ("/artifacts/0", serde_json::json!("sha256:short")),
        ("/constants/suffix", serde_json::json!({"oracle": 1})),
        ("/nodes/web/span", serde_json::json!([1, 2])),
    ] {
        let mut changed: serde_json::Value = json.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
}

#[test]
fn the_page_names_every_member_of_a_plan() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = std::fs::read_to_string(page).unwrap();
    let schema = serde_json::to_value(schema()).unwrap();
    let members = schema.pointer("/properties").unwrap().as_object().unwrap();
    let missing: Vec<&String> =
        members.keys().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(members.len() > 15 && missing.is_empty(), "{missing:?}");
    let forms = schema.pointer("/$defs/Expr/oneOf").unwrap().as_array().unwrap();
    let forms = forms.iter().filter_map(|form| form.get("properties")?.as_object()?.keys().next());
    let missing: Vec<&String> =
        forms.filter(|name| !page.contains(&format!("{{\"{name}\": "))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
