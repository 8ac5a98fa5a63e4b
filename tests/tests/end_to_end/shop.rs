//! A stack and clusters in one graph: deployed, changed, removed; and killed at any moment of it.

use std::path::Path;
use std::time::{Duration, Instant};

use bp_tests::{Aws, Cluster, Clusters, Environment, Objects};
use rand::RngExt as _;

use crate::{SEED, seeded, unique};

const ROUNDS: u32 = 20;
/// What must never be seen.
const CANARY: &str = "tr0ub4dor-and-3-canary";

/// A shop of this test's own.
struct Shop<'t> {
    environment: &'t Environment,
    aws: &'t Aws,
    clusters: &'t [Cluster],
    /// The deployment, and the environment that it is for.
    name: String,
    plan: &'t Path,
}

impl Shop<'_> {
    fn deploy(&self, delay: u32) -> bp_tests::Running {
        let inputs = [format!("environment={}", self.name), format!("delay={delay}")];
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.environment.deploy_with(self.plan, &self.name, self.clusters, &inputs)
    }

    fn stack(&self) -> String {
        format!("shop-{}", self.name)
    }

    /// One stack, made once and changed once for each change, and its queue on every cluster.
    fn assert_deployed(&self, delay: u32, operations: &[&str], what: &str) {
        let stacks = self.aws.stacks();
        let stack = stacks.get(&self.stack()).unwrap_or_else(|| panic!("no stack: {what}"));
        assert!(["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&stack.status.as_str()), "{what}");
        assert_eq!(stack.parameters["Delay"], delay.to_string(), "{what}");
        assert_eq!(stack.parameters["SigningKey"], "****", "{what}");
        let seen: Vec<&str> = stack.operations.iter().rev().map(|(s, _)| s.as_str()).collect();
        assert_eq!(seen, operations, "{what}: {stack:#?}");
        assert!(self.aws.pending_change_sets(&self.stack()).is_empty(), "{what}");
        for cluster in self.clusters {
            let objects = Objects::of(cluster, &self.stack());
            let settings = &objects.0["ConfigMap/shop"].wanted;
            assert_eq!(settings["queue"], stack.outputs["QueueUrl"].as_str(), "{what}");
            let pages = settings["pages"].as_str().unwrap();
            assert!(pages.contains(&stack.outputs["QueueUrl"]), "{what}: {pages}");
            assert!(pages.contains("  \"Free delivery this week\",\n"), "{what}: {pages}");
            assert!(objects.0.contains_key("Deployment/shop"), "{what}");
        }
        let status = self.environment.ask("status", &self.name, 0);
        assert_eq!(status["state"], "deployed", "{what}: {status:#}");
    }

    fn assert_removed(&self, what: &str) {
        assert!(!self.aws.stacks().contains_key(&self.stack()), "{what}");
        for cluster in self.clusters {
            assert!(Objects::of(cluster, &self.stack()).is_empty(), "{what}: {}", cluster.name);
        }
        assert_eq!(self.environment.ask("status", &self.name, 0)["state"], "removed", "{what}");
    }
}

#[test]
fn a_stack_feeds_every_cluster_and_changes_in_place() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    environment.set("BPR_SECRET_SIGNING_KEY", CANARY);
    environment.set("BPR_LOG", "trace");
    let clusters = Clusters::real();
    let plan = environment.compile("shop/shop.bp");
    let name = unique("s");
    let shop =
        Shop { environment: &environment, aws: &aws, clusters: &clusters, name, plan: &plan };
    let wait = Duration::from_mins(2);
    let mut said = shop.deploy(0).wait(wait).expect(0).words();
    shop.assert_deployed(0, &["CREATE_IN_PROGRESS"], "after the first deployment");
    let first = aws.stacks()[&shop.stack()].clone();

    said += &shop.deploy(5).wait(wait).expect(0).words();
    let both = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"];
    shop.assert_deployed(5, &both, "after the change");
    assert_eq!(aws.stacks()[&shop.stack()].id, first.id, "it is another stack");

    // The same again changes nothing; what only looks needs no secret.
    let objects: Vec<_> = clusters.iter().map(|c| Objects::of(c, &shop.stack())).collect();
    said += &shop.deploy(5).wait(wait).expect(0).words();
    shop.assert_deployed(5, &both, "after the same again");
    for (cluster, before) in clusters.iter().zip(&objects) {
        assert_eq!(&Objects::of(cluster, &shop.stack()), before, "on {}", cluster.name);
    }
    for verb in ["status", "outputs", "history"] {
        said += &environment.on(verb, &shop.name).expect(0).words();
        said += &environment.ask(verb, &shop.name, 0).to_string();
    }
    let queue = &environment.ask("outputs", &shop.name, 0)["queue"];
    assert_eq!(queue, first.outputs["QueueUrl"].as_str());

    let nodes = environment.ask("status", &shop.name, 0)["nodes"].clone();
    let nodes: Vec<&str> =
        nodes.as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    said += &environment.looked_back(&shop.name, &nodes);
    said += &environment.on("uninstall", &shop.name).expect(0).words();
    shop.assert_removed("after the removal");
    assert!(said.contains("step{operation=\"delete\""), "nothing was logged");
    environment.assert_unseen(CANARY, &said);
}

#[test]
fn a_secret_that_changed_is_a_change() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let clusters = environment.embedded(1);
    let plan = environment.compile("shop/shop.bp");
    let deploy = |environment: &Environment, key: &str| {
        let mut own = environment.command("bpr");
        own.env("BPR_SECRET_SIGNING_KEY", key).arg("deploy").arg(&plan);
        own.args(["--name", "keyed", "--inventory"]).arg(environment.inventory(&clusters));
        bp_tests::Running::start(own).wait(Duration::from_mins(1))
    };
    let missing = environment.deploy(&plan, "keyed", &clusters).wait(Duration::from_mins(1));
    assert_eq!(missing.code, Some(1), "{}", missing.words());
    assert!(missing.words().contains("set the environment variable BPR_SECRET_SIGNING_KEY"));
    let short = deploy(&environment, "h0rse");
    assert!(short.words().contains("at least 8 characters"), "{}", short.words());
    assert!(!short.words().contains("h0rse"), "{}", short.words());
    let _ = deploy(&environment, "horse-one").expect(0);
    let _ = deploy(&environment, "horse-one").expect(0);
    assert_eq!(aws.stacks()["shop-dev"].operations.len(), 1);
    let _ = deploy(&environment, "horse-two").expect(0);
    assert_eq!(aws.stacks()["shop-dev"].operations.len(), 2);
}

#[test]
fn kill_at_random_moments_then_resume() {
    let (seed, mut random) = seeded();
    let mut environment = Environment::new();
    let aws = environment.aws();
    environment.set("BPR_SECRET_SIGNING_KEY", CANARY);
    let clusters = environment.embedded(2);
    let plan = environment.compile("shop/shop.bp");
    let shop = |name| Shop {
        environment: &environment,
        aws: &aws,
        clusters: &clusters,
        name,
        plan: &plan,
    };
    let wait = Duration::from_mins(2);
    let timed = |running: bp_tests::Running, begin: Instant| {
        let _ = running.wait(wait).expect(0);
        begin.elapsed()
    };
    let whole = shop(unique("k"));
    let installing = timed(whole.deploy(0), Instant::now());
    let updating = timed(whole.deploy(5), Instant::now());
    let removing = timed(environment.start_on("uninstall", &whole.name), Instant::now());
    whole.assert_removed("the reference");

    let mut in_the_middle = 0;
    let both = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"];
    for round in 0..ROUNDS {
        let shop = shop(unique("k"));
        let mut killed = |running: bp_tests::Running, whole: Duration| {
            let moment = whole.mul_f64(random.random_range(0.0..1.0));
            std::thread::sleep(moment);
            let ended = running.kill();
            in_the_middle += u32::from(ended.code.is_none());
            format!("{SEED}={seed}, round {round}, killed after {moment:?} of {whole:?}")
        };
        let what = killed(shop.deploy(0), installing);
        // Killed before anything was written down, there is nothing to resume.
        if environment.on("resume", &shop.name).code != Some(0) {
            assert!(!aws.stacks().contains_key(&shop.stack()), "{what}");
            let _ = shop.deploy(0).wait(wait).expect(0);
        }
        shop.assert_deployed(0, &both[..1], &format!("{what} (install)"));
        let id = aws.stacks()[&shop.stack()].id.clone();

        let what = killed(shop.deploy(5), updating);
        let _ = environment.on("resume", &shop.name).expect(0);
        if aws.stacks()[&shop.stack()].operations.len() == 1 {
            let _ = shop.deploy(5).wait(wait).expect(0);
        }
        shop.assert_deployed(5, &both, &format!("{what} (update)"));
        assert_eq!(aws.stacks()[&shop.stack()].id, id, "{what}: it is another stack");

        let what = killed(environment.start_on("uninstall", &shop.name), removing);
        let _ = environment.on("resume", &shop.name).expect(0);
        if environment.ask("status", &shop.name, 0)["state"] != "removed" {
            let _ = environment.on("uninstall", &shop.name).expect(0);
        }
        shop.assert_removed(&format!("{what} (removal)"));
    }
    println!("{in_the_middle} of {} kills met a bpr that ran", 3 * ROUNDS);
    assert!(in_the_middle >= ROUNDS, "too few kills met a bpr that ran");
}
