//! The suite that embedded API servers pass, on real ones: they are held to the same answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use bp_providers::conformance;
use bp_tests::Clusters;

fn on_a_real_one(index: usize, suite: &impl AsyncFn(&std::path::Path, &str) -> Result<(), String>) {
    let cluster = Clusters::real().remove(index);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = suite(&cluster.kubeconfig, &cluster.name);
    let done = runtime.block_on(async { tokio::time::timeout(Duration::from_mins(5), work).await });
    if let Err(differences) = done.unwrap() {
        panic!("{differences}");
    }
}

#[test]
fn a_real_api_server_answers_as_recorded() {
    on_a_real_one(0, &conformance::conformance);
}

#[test]
fn the_provider_holds_on_a_real_api_server() {
    on_a_real_one(1, &conformance::provider);
}

#[test]
fn watches_of_a_real_api_server_are_as_ours() {
    on_a_real_one(0, &conformance::watch);
}
