//! Secrets in workflows: given on in every way, also where the process dies before or after any append; the
//! journal never holds one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use bp_driver::{Deployments, DriverError, Input, Ran, Runtime, SecretSource};
use bp_engine::event::Outcome;
use bp_engine::workflow::story::{WorkflowStanding, WorkflowStatus};
use bp_journal::{MemoryStore, Store};
use bp_plan::Plan;
use bp_provider::{Class, Failure};
use bp_topology::Secrets;
use common::lives::{Calls, runtime_of};
use common::workflows::secrets;
use common::{Dying, ID, World, control, deploy};
use serde_json::{Value as Json, json};

/// What the journal must never hold.
const KEY: &str = "a-canary-in-the-mine";

/// The secret `key` has this value.
struct Key(&'static str);

impl SecretSource for Key {
    fn secrets(&self, plan: &Plan) -> Secrets {
        let mut secrets = Secrets::new(b"a key of the hashes".to_vec());
        secrets.add(plan, "key", self.0, "the test");
        secrets
    }
}

struct Ground {
    store: Arc<MemoryStore>,
    world: Arc<World>,
    calls: Arc<Calls>,
}

impl Ground {
    /// With the sample deployed.
    async fn new() -> Self {
        let ground = Self { store: Arc::default(), world: Arc::default(), calls: Arc::default() };
        let deployed = deploy(&ground.runtime(), secrets(), &[]).await.unwrap();
        assert_eq!(deployed.outcome, Outcome::Done);
        ground.calls.made.lock().unwrap().clear();
        ground
    }

    fn runtime(&self) -> Runtime {
        self.with(self.store.clone(), KEY)
    }

    fn with(&self, store: Arc<dyn Store>, key: &'static str) -> Runtime {
        Runtime { secrets: Arc::new(Key(key)), ..runtime_of(store, &self.world, &self.calls) }
    }

    async fn run(&self, workflow: &str) -> Result<Ran, DriverError> {
        self.runtime().run_workflow(ID, workflow, &[], control()).await
    }

    async fn status(&self) -> WorkflowStatus {
        Deployments::new(self.store.clone()).status(ID).await.unwrap().0.workflow.unwrap()
    }

    /// What was called, by node and text, in order.
    fn called(&self) -> Vec<String> {
        let short = |line: &String| {
            let (call, with) = line.split_once(" {").unwrap();
            let node = call.split(' ').next().unwrap();
            let with: Json = serde_json::from_str(&format!("{{{with}")).unwrap();
            format!("{node} {}", with["text"].as_str().unwrap())
        };
        self.calls.made().iter().map(short).collect()
    }

    /// No event and no blob of the journal holds the text.
    async fn assert_unseen(&self, text: &str, when: &str) {
        let mut whole = String::new();
        for (stream, _) in self.store.streams("").await.unwrap() {
            for envelope in self.store.read(&stream, 0).await.unwrap() {
                whole += &envelope.event.payload;
                whole.push('\n');
            }
        }
        let blobs = digests(&whole);
        assert!(blobs.len() > 10, "{when}: {blobs:?}");
        for digest in blobs {
            let blob = self.store.blob(&digest).await.unwrap().unwrap_or_default();
            whole += &String::from_utf8_lossy(&blob);
        }
        assert!(whole.contains("hush") && whole.contains("beside"), "{when}");
        let at = whole.find(text).map(|at| whole[..at + text.len()].lines().last().unwrap());
        assert_eq!(at, None, "{when}");
    }
}

/// All that looks like a digest.
fn digests(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_hexdigit());
    words.filter(|word| word.len() == 64).map(str::to_owned).collect()
}

/// What `hush` calls, in order.
const HUSHED: [&str; 7] = [
    "base a-canary-in-the-mine",
    "late id of base a-canary-in-the-mine",
    "late id of base a-canary-in-the-mine",
    "late beside",
    "base first",
    "late <id of base a-canary-in-the-mine>",
    "late a-canary-in-the-mine",
];

async fn assert_hushed(ground: &Ground, when: &str) {
    assert_eq!(ground.called(), HUSHED, "{when}");
    let status = ground.status().await;
    assert_eq!(status.state, WorkflowStanding::Done, "{when}");
    let result = json!({ "made": "(secret)", "beside": "beside" });
    assert_eq!(status.result, Some(result), "{when}");
    ground.assert_unseen(KEY, when).await;
}

#[tokio::test]
async fn a_secret_is_given_on_and_never_written() {
    let ground = Ground::new().await;
    let ran = ground.run("hush").await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Done));
    assert_hushed(&ground, "without a disturbance").await;
}

async fn die_everywhere(writes_last: bool) {
    let mut deaths = 0;
    for at in 0.. {
        let ground = Ground::new().await;
        let dying = Arc::new(Dying::new(ground.store.clone(), at, writes_last));
        let mortal = ground.with(dying.clone(), KEY);
        let first = mortal.run_workflow(ID, "hush", &[], control()).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Some(Outcome::Done));
            break;
        }
        deaths += 1;
        let when = format!("after a death at append {at}");
        let resumed = ground.runtime().resume_workflow(ID, control()).await.unwrap();
        // It was not asked for yet, or it was over.
        if resumed.is_none() && ground.called().is_empty() {
            ground.run("hush").await.unwrap();
        }
        assert_hushed(&ground, &when).await;
    }
    assert!(deaths > 20, "only {deaths} appends");
}

#[tokio::test]
async fn death_before_each_append() {
    die_everywhere(false).await;
}

#[tokio::test]
async fn death_after_each_append() {
    die_everywhere(true).await;
}

#[tokio::test]
async fn what_a_secret_must_meet_is_told_without_it() {
    let ground = Ground::new().await;
    let ran = ground.run("short").await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Failed));
    let status = ground.status().await;
    assert_eq!(status.reason.as_deref(), Some("`inner`: the input `key`: at least ten"));
    assert_eq!(ground.called(), [""; 0]);
}

#[tokio::test]
async fn a_default_may_be_secret_and_a_person_gives_none() {
    let ground = Ground::new().await;
    ground.run("by_default").await.unwrap();
    assert_eq!(ground.called(), ["base by default a-canary-in-the-mine"]);
    assert_eq!(ground.status().await.inputs["key"], "(secret)");
    for (workflow, inputs) in [("by_default", vec![("key", "x")]), ("inner", vec![("beside", "x")])]
    {
        let inputs: Vec<(String, Input)> = inputs
            .into_iter()
            .map(|(name, text)| (name.to_owned(), Input::Text(text.to_owned())))
            .collect();
        let refused = ground.runtime().run_workflow(ID, workflow, &inputs, control()).await;
        let Err(DriverError::Refused { problems, .. }) = refused else { panic!("{refused:?}") };
        let told: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        let words =
            "the input `key`: it is secret, and what a person gives a workflow is written down";
        assert_eq!(told, [words]);
    }
}

#[tokio::test]
async fn a_further_try_is_made_with_the_secret_of_today() {
    let ground = Ground::new().await;
    // It dies when it has written that the first try failed.
    for at in 0.. {
        let dying = Arc::new(Dying::new(ground.store.clone(), at, true));
        let mortal = ground.with(dying.clone(), KEY);
        ground.calls.fail("base care.again_quietly", Failure::new(Class::Transient, "no room"));
        let ran = mortal.run_workflow(ID, "quietly", &[], control()).await;
        assert!(ran.is_err(), "it never retried");
        if ground.called().len() == 1 && ground.status().await.steps[0].reason.is_some() {
            break;
        }
        ground.calls.faults.lock().unwrap().clear();
        ground.runtime().resume_workflow(ID, control()).await.unwrap();
        ground.calls.made.lock().unwrap().clear();
    }
    let later = ground.with(ground.store.clone(), "another-one-of-today");
    later.resume_workflow(ID, control()).await.unwrap();
    assert_eq!(
        ground.called(),
        ["base again a-canary-in-the-mine", "base again another-one-of-today"]
    );
}
