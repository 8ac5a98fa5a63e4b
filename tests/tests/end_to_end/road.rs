//! Two real clusters and three embedded ones in one run: deployed, looked at, changed nothing, removed.

use std::time::Duration;

use bp_tests::{Environment, Objects};

use crate::{five, target, unique};

#[test]
fn five_clusters_in_one_run() {
    let mut environment = Environment::new();
    let clusters = five(&mut environment);
    let name = unique("road");
    let plan = environment.hello(&name);
    let _ = environment.deploy(&plan, &name, &clusters).wait(Duration::from_mins(2)).expect(0);

    let status = environment.ask("status", &name, 0);
    assert_eq!(status["name"], name.as_str());
    assert_eq!(status["state"], "deployed", "{status:#}");
    assert_eq!(status["targets"].as_array().unwrap().len(), clusters.len());
    for cluster in &clusters {
        assert_eq!(target(&status, &cluster.name)["state"], "deployed");
        let objects = Objects::of(cluster, &name);
        let names: Vec<_> = objects.0.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["ConfigMap/greeting", "Deployment/web", "Namespace/", "Service/web"],
            "on {}",
            cluster.name
        );
        objects.assert_applied_once(&Objects::default(), &cluster.name);
        let greeting = &objects.0["ConfigMap/greeting"].wanted["greeting"];
        assert_eq!(greeting, &format!("Hello from {}", cluster.name));
    }
    let outputs = environment.ask("outputs", &name, 0);
    let addresses = &outputs["addresses"];
    for cluster in &clusters {
        let address = addresses[&cluster.name].as_str();
        assert!(address.is_some_and(|text| text.starts_with("10.")), "{outputs:#}");
    }
    let history = environment.ask("history", &name, 0);
    assert!(!history.to_string().is_empty());
    let listed = environment.bpr(["list", "--output", "json"]).expect(0).json();
    assert!(listed.to_string().contains(&name), "{listed:#}");

    // The same again changes nothing.
    let before: Vec<_> = clusters.iter().map(|cluster| Objects::of(cluster, &name)).collect();
    let _ = environment.deploy(&plan, &name, &clusters).wait(Duration::from_mins(2)).expect(0);
    for (cluster, before) in clusters.iter().zip(&before) {
        assert_eq!(&Objects::of(cluster, &name), before, "on {}", cluster.name);
    }

    let _ = environment.on("uninstall", &name).expect(0);
    for cluster in &clusters {
        assert!(Objects::of(cluster, &name).is_empty(), "something is left on {}", cluster.name);
    }
    assert_eq!(environment.ask("status", &name, 0)["state"], "removed");
}

#[test]
fn a_selection_that_matches_nothing_names_the_nearest_miss() {
    let mut environment = Environment::new();
    let clusters: Vec<_> =
        environment.embedded(1).into_iter().map(|cluster| cluster.label("tier", "dmo")).collect();
    let plan = environment.hello("nothing");
    let ended = environment.deploy(&plan, "nothing", &clusters).wait(Duration::from_mins(1));
    let words = ended.words();
    assert_ne!(ended.code, Some(0), "{words}");
    assert!(words.contains("demo") && words.contains("dmo"), "{words}");
    assert!(words.contains(&clusters[0].name), "{words}");
}

#[test]
fn credentials_stay_where_they_are() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(1);
    let plan = environment.hello("secrets");
    let deployed =
        environment.deploy(&plan, "secrets", &clusters).wait(Duration::from_mins(1)).expect(0);
    let kubeconfig = std::fs::read_to_string(&clusters[0].kubeconfig).unwrap();
    let (_, rest) = kubeconfig.split_once("\"token\": \"").expect("embedded clusters use tokens");
    let token = rest.split('"').next().unwrap().to_owned();
    assert!(token.len() > 16, "no token in the kubeconfig");
    let mut said = deployed.words();
    for verb in ["status", "outputs", "history"] {
        said += &environment.on(verb, "secrets").words();
        said += &environment.ask(verb, "secrets", 0).to_string();
    }
    environment.assert_unseen(&token, &said);
}
