//! Plans and updates as a person makes them: looks that move nothing, files that are kept, other names,
//! protected nodes, objects that were there before.

use std::collections::BTreeMap;
use std::path::Path;

use bp_tests::{Cluster, Ended, Environment};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value as Json, json};

/// What must never be seen.
const CANARY: &str = "tr0ub4dor-and-4-canary";

const SHOP: &str = r#"
blueprint shop { version = "1.0.0" }
input size: int = 1
secret password: string
node type Store {
  property size: int
  property password: secret string
  attribute size: int
  provider = "noop"
}
node type App {
  property url: string
  provider = "noop"
}
@protect
node db: Store { size = size, password = password }
node app: App { url = "db-${db.size}" }
"#;

struct Shop {
    environment: Environment,
}

impl Shop {
    fn new() -> Self {
        let mut environment = Environment::new();
        environment.set("BPR_NOOP_LOG", environment.folder().join("calls.log").to_string_lossy());
        environment.set("BPR_SECRET_PASSWORD", CANARY);
        Self { environment }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.environment.folder().join("calls.log")).unwrap_or_default()
    }

    fn bpr(&self, code: i32, arguments: &[&str]) -> Ended {
        self.environment.bpr(arguments).expect(code)
    }

    fn history(&self) -> usize {
        self.environment.ask("history", "shop", 0)["events"].as_array().unwrap().len()
    }
}

fn node<'j>(plan: &'j Json, id: &str) -> &'j Json {
    let nodes = plan["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["id"] == id).unwrap_or_else(|| panic!("no {id} in {plan:#}"))
}

fn field<'j>(node: &'j Json, path: &str) -> &'j Json {
    let fields = node["fields"].as_array().unwrap_or_else(|| panic!("no fields in {node:#}"));
    fields.iter().find(|f| f["path"] == path).unwrap_or_else(|| panic!("no {path} in {node:#}"))
}

#[test]
fn a_plan_is_looked_at_kept_and_carried_out_as_it_was_shown() {
    let mut shop = Shop::new();
    let plan = shop.environment.compile_text("shop", SHOP);
    let plan = plan.to_string_lossy().into_owned();
    // Before there is anything: all is made, and nothing is written.
    let first = shop.bpr(0, &["plan", &plan, "--name", "shop"]);
    assert!(first.stdout.ends_with("shop: 2 to create\n"), "{}", first.stdout);
    assert!(
        first.stdout.contains("(known after db)") && first.stdout.contains("(secret password)")
    );
    assert!(!shop.environment.home().join("deployments").exists());
    let _ = shop.bpr(0, &["deploy", &plan, "--name", "shop"]);

    let (events, log) = (shop.history(), shop.log());
    let same = shop.bpr(0, &["plan", "shop", "--detailed-exitcode"]);
    assert!(same.stdout.contains("no change, 2 nodes are as wanted"), "{}", same.stdout);
    let changed = shop
        .bpr(2, &["plan", "shop", "--input", "size=2", "--detailed-exitcode", "--output", "json"]);
    let seen = changed.json();
    assert_eq!((&seen["counts"]["change"], &seen["counts"]["unknown"]), (&json!(1), &json!(1)));
    let size = field(node(&seen, "db"), "size");
    assert_eq!(
        *size,
        json!({
            "path": "size", "desired": { "value": 2 }, "applied": { "value": 1 }, "live": { "value": 1 },
        })
    );
    let url = field(node(&seen, "app"), "url");
    assert_eq!(url["desired"], json!({ "known_after": ["db"] }));

    // Another value of the secret is a change, and neither value is told.
    shop.environment.set("BPR_SECRET_PASSWORD", "another-canary-value");
    let secret = shop.bpr(0, &["plan", "shop", "-o", "secret.json"]);
    assert!(secret.stdout.contains("password  (secret password), changed"), "{}", secret.stdout);
    let kept = std::fs::read_to_string(shop.environment.folder().join("secret.json")).unwrap();
    shop.environment.assert_unseen("another-canary-value", &(secret.words() + &kept));
    shop.environment.set("BPR_SECRET_PASSWORD", CANARY);
    shop.environment.assert_unseen(CANARY, &(secret.words() + &changed.words() + &kept));
    assert_eq!((shop.history(), shop.log()), (events, log.clone()));
    // With the old value it is no longer what was shown.
    let moved = shop.bpr(1, &["update", "secret.json"]);
    assert!(moved.stderr.contains("`db` was to be changed"), "{}", moved.stderr);

    let _ = shop.bpr(0, &["plan", "shop", "--input", "size=2", "-o", "two.json"]);
    let _ = shop.bpr(0, &["plan", "shop", "--input", "size=3", "-o", "three.json"]);
    assert_eq!((shop.history(), shop.log()), (events, log.clone()));
    let _ = shop.bpr(0, &["update", "two.json"]);
    let news: Vec<String> =
        shop.log().strip_prefix(&log).unwrap().lines().map(str::to_owned).collect();
    let words: Vec<&str> = news.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(words, ["db update", "app update"]);
    let late = shop.bpr(1, &["update", "three.json"]);
    assert!(late.stderr.contains("the last is `run-closed` by operator:"), "{}", late.stderr);
    let wrong = shop.bpr(1, &["update", &plan]);
    assert!(wrong.stderr.contains("add `--name NAME`"), "{}", wrong.stderr);
    let nobody = shop.bpr(1, &["update", &plan, "--name", "nobody"]);
    assert!(nobody.stderr.contains("`bpr deploy` makes one"), "{}", nobody.stderr);
    assert!(!shop.environment.home().join("deployments/nobody").exists());
}

#[test]
fn protected_nodes_go_with_an_approval_and_with_nothing_else() {
    let shop = Shop::new();
    let plan = shop.environment.compile_text("shop", SHOP);
    let _ = shop.bpr(0, &["deploy", &plan.to_string_lossy(), "--name", "shop"]);
    let (events, log) = (shop.history(), shop.log());
    let at = SHOP.find("@protect").unwrap();
    let without = format!("{}node other: App {{ url = \"x\" }}\n", &SHOP[..at]);
    let without = shop.environment.compile_text("without", &without);
    let without = without.to_string_lossy().into_owned();
    for refused in [
        shop.bpr(1, &["plan", &without, "--name", "shop"]),
        shop.bpr(1, &["deploy", &without, "--name", "shop"]),
        shop.bpr(1, &["update", &without, "--name", "shop"]),
        shop.bpr(1, &["uninstall", "shop"]),
    ] {
        assert!(
            refused.stderr.contains("`db` would be deleted, and it is protected"),
            "{}",
            refused.stderr
        );
        // The line that says so.
        assert!(refused.stderr.contains("node db: Store"), "{}", refused.stderr);
    }
    let typo = shop.bpr(1, &["plan", &without, "--name", "shop", "--approve", "dbb"]);
    assert!(typo.stderr.contains("did you mean `db`?"), "{}", typo.stderr);
    assert_eq!((shop.history(), shop.log()), (events, log));
    let arguments = ["plan", &without, "--name", "shop", "--approve", "db", "-o", "go.json"];
    assert!(shop.bpr(0, &arguments).stdout.contains("db  delete: protected, approved"));
    let _ = shop.bpr(0, &["update", "go.json"]);
    assert!(shop.log().contains("db delete"));
    let _ = shop.bpr(0, &["uninstall", "shop"]);
}

#[test]
fn files_of_a_plan_that_was_never_deployed_are_looked_at() {
    let shop = Shop::new();
    let source = "blueprint stack { version = \"1.0.0\" }\nnode type Stack {\n  property template: file\n  \
                  provider = \"noop\"\n}\nnode one: Stack { template = file(\"stack.yaml\") }\n";
    let compile = |text: &str| {
        let _ = shop.environment.write("stack.yaml", text);
        shop.environment.compile_text("stack", source).to_string_lossy().into_owned()
    };
    let plan = compile("a: 1\n");
    let first = shop.bpr(0, &["plan", &plan, "--name", "shop"]);
    assert!(first.stdout.ends_with("shop: 1 to create\n"), "{}", first.stdout);
    let unknown = shop.bpr(1, &["adopt", &plan, "two", "--name", "shop"]);
    assert!(unknown.stderr.contains("wants no such instance"), "{}", unknown.stderr);
    assert!(!shop.environment.home().join("deployments").exists());
    let adopted = shop.bpr(0, &["adopt", &plan, "one=legacy", "--name", "shop"]);
    assert!(adopted.stdout.contains("one is `legacy` on local"), "{}", adopted.stdout);
    let _ = shop.bpr(3, &["status", "shop"]);
    let _ = shop.bpr(0, &["deploy", &plan, "--name", "shop"]);
    let plan = compile("a: 2\n");
    let changed = shop.bpr(0, &["plan", &plan, "--name", "shop"]);
    assert!(changed.stdout.ends_with("shop: 1 to change\n"), "{}", changed.stdout);
    let _ = shop.bpr(0, &["update", &plan, "--name", "shop"]);
    let log = shop.log();
    let words: Vec<&str> = log.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(words, ["one update", "one update"]);
}

#[test]
fn scripts_of_a_node_with_another_name_are_not_run_again() {
    let shop = Shop::new();
    let ran = shop.environment.folder().join("ran.txt");
    for word in ["create", "delete", "link"] {
        let text = format!("echo {word} >> '{}'\n", ran.display());
        let _ = shop.environment.write(&format!("{word}.sh"), text);
    }
    let source = |job: &str, was: &str, word: &str| {
        format!(
            r#"
blueprint jobs {{ version = "1.0.0" }}
relationship type Uses {{
  source: User
  target: Job
  operation configure.establish_source = script("link.sh")
}}
node type Job {{
  property word: string
  operation lifecycle.create = script("create.sh") {{ env = {{ W = self.word }} }}
  operation lifecycle.delete = script("delete.sh")
}}
node type User {{
  requires job: Job via Uses
}}
{was}
node {job}: Job {{ word = "{word}" }}
node user: User {{ job -> {job} }}
"#
        )
    };
    let compile = |name: &str, text: &str| {
        shop.environment.compile_text(name, text).to_string_lossy().into_owned()
    };
    let first = compile("first", &source("job", "", "a"));
    let foreseen = shop.bpr(0, &["plan", &first, "--name", "shop", "--output", "json"]).json();
    assert_eq!(node(&foreseen, "job")["operations"], json!([{ "operation": "lifecycle.create" }]));
    assert!(!ran.exists());
    let _ = shop.bpr(0, &["deploy", &first, "--name", "shop"]);
    let counted = || {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in std::fs::read_to_string(&ran).unwrap().lines() {
            *counts.entry(line.to_owned()).or_insert(0) += 1;
        }
        counts
    };
    let once = BTreeMap::from([("create".to_owned(), 1), ("link".to_owned(), 1)]);
    assert_eq!(counted(), once);

    let second = compile("second", &source("task", "@was(\"job\")", "a"));
    let foreseen = shop.bpr(0, &["plan", &second, "--name", "shop"]);
    assert!(foreseen.stdout.contains("task  rename: was job"), "{}", foreseen.stdout);
    assert!(foreseen.stdout.ends_with("shop: 1 to rename, 1 unchanged\n"), "{}", foreseen.stdout);
    let _ = shop.bpr(0, &["update", &second, "--name", "shop"]);
    assert_eq!(counted(), once);
    let again = shop.bpr(0, &["plan", "shop"]);
    assert!(again.stdout.contains("no change, 2 nodes"), "{}", again.stdout);

    // What changes is called, and it was said so.
    let third = compile("third", &source("task", "@was(\"job\")", "b"));
    let foreseen = shop.bpr(0, &["plan", &third, "--name", "shop", "--output", "json"]).json();
    assert_eq!(node(&foreseen, "task")["action"], "change");
    assert_eq!(node(&foreseen, "user")["action"], "none");
    let _ = shop.bpr(0, &["update", &third, "--name", "shop"]);
    assert_eq!(counted()["create"], 2);
    assert_eq!(counted()["link"], 1);
    let _ = shop.bpr(0, &["uninstall", "shop"]);
    assert_eq!(counted()["delete"], 1);
}

pub(crate) const FLEET: &str = r#"
blueprint fleet { version = "1.0.0" }
use std.kubernetes as k8s
input greeting: string = "hello"
select demo: k8s.Cluster[1..] { where = self.labels.tier == "demo" }
node config: k8s.ConfigMap for cluster in demo {
  name = "greeting"
  data = { text = greeting }
  host -> cluster
}
"#;

/// An object of the test's own making, or changed behind everybody's back.
pub(crate) fn on<T>(
    cluster: &Cluster,
    work: impl AsyncFnOnce(Api<ConfigMap>) -> Result<T, kube::Error>,
) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let asked = async { work(Api::default_namespaced(cluster.client().await)).await };
    runtime.block_on(asked).unwrap_or_else(|error| panic!("{}: {error}", cluster.name))
}

fn deploy_arguments<'a>(verb: &'a str, plan: &'a Path, inventory: &'a Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut all = vec![verb.to_owned(), text(plan)];
    all.extend(["--name", "shop", "--inventory"].map(str::to_owned));
    all.push(text(inventory));
    all
}

#[test]
fn an_object_of_a_cluster_is_compared_renamed_and_adopted() {
    let mut shop = Shop::new();
    let clusters = shop.environment.embedded(2);
    let inventory = shop.environment.inventory(&clusters);
    let plan = shop.environment.compile_text("fleet", FLEET);
    let east = &clusters[0];
    let run = |verb: &str, plan: &Path, more: &[&str], code: i32| {
        let mut arguments = deploy_arguments(verb, plan, &inventory);
        // The node to be adopted stands before the options.
        arguments.splice(2..2, more.iter().map(|more| (*more).to_owned()));
        shop.environment.bpr(&arguments).expect(code)
    };
    // It was there before anybody deployed.
    on(east, async |maps| {
        let data = BTreeMap::from([("text".to_owned(), "theirs".to_owned())]);
        let mut theirs = ConfigMap { data: Some(data), ..ConfigMap::default() };
        theirs.metadata.name = Some("greeting".into());
        maps.create(&PostParams::default(), &theirs).await
    });
    let instance = format!("config[{:?}]", east.name);
    let adopted = run("adopt", &plan, &[&instance], 0);
    assert!(adopted.stdout.contains("is `default/greeting`"), "{}", adopted.stdout);
    assert!(adopted.stdout.contains("\"theirs\" → \"hello\""), "{}", adopted.stdout);
    let text = |cluster: &Cluster| {
        let map = on(cluster, async |maps| maps.get("greeting").await);
        map.data.unwrap_or_default().remove("text").unwrap_or_default()
    };
    assert_eq!(text(east), "theirs", "nothing is moved by an adoption");
    let absent = run("adopt", &plan, &[&format!("config[{:?}]=nothing", clusters[1].name)], 1);
    assert!(absent.stderr.contains("is not there on"), "{}", absent.stderr);

    let _ = run("deploy", &plan, &[], 0);
    assert_eq!((text(east), text(&clusters[1])), ("hello".to_owned(), "hello".to_owned()));
    let uid = || on(east, async |maps| maps.get("greeting").await).metadata.uid;
    let before = uid();

    // Desired, last applied, live: three values.
    on(east, async |maps| {
        let patch = json!({ "data": { "text": "by hand" } });
        maps.patch("greeting", &PatchParams::default(), &Patch::Merge(patch)).await
    });
    let seen = run("plan", &plan, &["--input", "greeting=moin", "--output", "json"], 0).json();
    let found = field(node(&seen, &instance), "data.text");
    assert_eq!(
        (&found["desired"], &found["applied"], &found["live"]),
        (&json!({ "value": "moin" }), &json!({ "value": "hello" }), &json!({ "value": "by hand" }))
    );
    assert_eq!(text(east), "by hand");

    // Another name is written on the object, which stays what it was.
    let renamed = FLEET.replace("node config:", "@was(\"config\")\nnode settings:");
    let renamed = shop.environment.compile_text("renamed", &renamed);
    let seen = run("plan", &renamed, &["--output", "json"], 0).json();
    let settings = node(&seen, &format!("settings[{:?}]", clusters[1].name));
    assert_eq!(
        (&settings["action"], &settings["was"]),
        (&json!("change"), &json!(format!("config[{:?}]", clusters[1].name)))
    );
    let _ = field(settings, "metadata.annotations.blueprint/instance");
    assert_eq!(seen["counts"], json!({ "change": 2 }));
    on(east, async |maps| {
        let patch = json!({ "data": { "text": "hello" } });
        maps.patch("greeting", &PatchParams::default(), &Patch::Merge(patch)).await
    });
    let _ = run("update", &renamed, &[], 0);
    assert_eq!((uid(), text(east)), (before, "hello".to_owned()));
    let same = run("plan", &renamed, &[], 0);
    assert!(same.stdout.contains("no change"), "{}", same.stdout);

    let refused = shop.bpr(1, &["uninstall", "shop"]);
    assert!(refused.stderr.contains("was there before, and was adopted"), "{}", refused.stderr);
    let _ = shop.bpr(0, &["uninstall", "shop", "--approve", "settings"]);
    // What was there before is given back, what was made is gone.
    let left = on(east, async |maps| maps.get_opt("greeting").await);
    assert!(left.is_some());
    assert!(on(&clusters[1], async |maps| maps.get_opt("greeting").await).is_none());
}
