//! What others change on real clusters: seen field by field, healed, and asked after.

use std::collections::BTreeMap;

use bp_tests::Environment;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value as Json, json};

use crate::planned::{FLEET, on};

fn drifted(environment: &Environment, code: i32) -> Json {
    let arguments = ["drift", "shop", "--output", "json", "--detailed-exitcode"];
    environment.bpr(arguments).expect(code).json()
}

#[test]
fn what_others_change_on_clusters_is_seen_and_healed() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(2);
    let inventory = environment.inventory(&clusters);
    let plan = environment.compile_text("fleet", FLEET);
    let (plan, inventory) = (plan.to_string_lossy(), inventory.to_string_lossy());
    let deploy = ["deploy", &plan, "--name", "shop", "--inventory", &inventory];
    let _ = environment.bpr(deploy).expect(0);
    let history = || environment.ask("history", "shop", 0)["events"].as_array().unwrap().len();
    let before = history();

    // Nothing has drifted; a field that is another's is no drift.
    on(&clusters[0], async |maps| {
        let patch = json!({ "metadata": { "labels": { "theirs": "yes" } } });
        maps.patch("greeting", &PatchParams::default(), &Patch::Merge(patch)).await
    });
    assert_eq!(drifted(&environment, 0)["drifted"], 0);
    let said = environment.bpr(["heal", "shop"]).expect(0).stdout;
    assert!(said.contains("shop: nothing of 2 has drifted"), "{said}");
    assert!(environment.bpr(["health", "shop"]).expect(0).stdout.contains("all of 2 are well"));
    assert_eq!(history(), before, "a look writes nothing");

    // A field by hand, and an object that is gone.
    on(&clusters[0], async |maps| {
        let patch = json!({ "data": { "text": "by hand" } });
        maps.patch("greeting", &PatchParams::default(), &Patch::Merge(patch)).await
    });
    on(&clusters[1], async |maps| {
        maps.delete("greeting", &DeleteParams::default()).await.map(drop)
    });
    let found = drifted(&environment, 2);
    assert_eq!((&found["drifted"], &found["counts"]["change"]), (&json!(2), &json!(1)));
    let shown = environment.bpr(["drift", "shop"]).expect(0).stdout;
    assert!(shown.contains("\"by hand\" → \"hello\"  (others changed it)"), "{shown}");
    assert!(shown.contains("it is gone") && shown.contains("next: bpr heal shop"), "{shown}");
    let ill = environment.bpr(["health", "shop"]).expect(3).stdout;
    assert!(ill.contains("1 of 2 is not well") && ill.contains("is not there"), "{ill}");
    assert_eq!(history(), before, "a look writes nothing");
    let _ = environment.bpr(["heal", "shop"]).expect(0);
    for cluster in &clusters {
        let map = on(cluster, async |maps| maps.get("greeting").await);
        let expected = BTreeMap::from([("text".to_owned(), "hello".to_owned())]);
        assert_eq!(map.data, Some(expected), "on {}", cluster.name);
    }
    assert_eq!(drifted(&environment, 0)["drifted"], 0);
    let told = environment.ask("history", "shop", 0).to_string();
    assert!(told.contains("heal-requested") && told.contains("data.text"), "{told}");
    let why = environment.bpr(["why", "shop", "config"]).expect(0).stdout;
    assert!(why.contains("wanted it healed: others had changed data.text"), "{why}");
    // A name that is none is told with those that are.
    let said = environment.bpr(["drift", "shop", "confug"]).expect(1).stderr;
    assert!(said.contains("confug") && said.contains("config"), "{said}");
    let _ = environment.bpr(["uninstall", "shop"]).expect(0);
    let said = environment.bpr(["heal", "shop"]).expect(1).stderr;
    assert!(said.contains("shop"), "{said}");
}
