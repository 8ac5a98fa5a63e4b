//! A plan of 100,000 nodes is loaded into types, in memory that a small machine has.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sample;

use std::collections::BTreeMap;

use bp_plan::{Expr, Plan, from_bytes, to_bytes};

const NODES: usize = 100_000;

/// The most memory that this process has had, in MiB; `None` where the system doesn't say.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}

fn large() -> Vec<u8> {
    let mut plan: Plan = sample::plan();
    let mut node = plan.nodes.remove("web").unwrap();
    node.each = None;
    node.requirements.clear();
    plan.outputs.clear();
    plan.workflows.clear();
    plan.artifacts.clear();
    // Their scripts are artifacts.
    plan.node_types.values_mut().for_each(|kind| kind.operations.clear());
    node.properties.remove("script");
    for i in 0..NODES {
        node.properties.insert("image".into(), sample::property(Expr::string(format!("i{i}"))));
        plan.nodes.insert(format!("n{i}"), node.clone());
    }
    to_bytes(&plan, &BTreeMap::new()).unwrap()
}

#[test]
fn a_hundred_thousand_nodes() {
    let bytes = large();
    let before = peak();
    let loaded = from_bytes(&bytes).unwrap();
    assert_eq!(loaded.plan.nodes.len(), NODES);
    if let (Some(before), Some(after)) = (before, peak()) {
        // Building the sample took as much as loading it does, and both are bounded.
        assert!(
            after < 600,
            "{} MiB of JSON, {before} MiB before, {after} MiB after",
            bytes.len() >> 20
        );
    }
}
