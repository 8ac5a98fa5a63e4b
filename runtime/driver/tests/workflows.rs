//! Workflows: every effect once, also where the process dies before or after any append; failures, their
//! handlers, waits, inputs, cancelling.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use bp_driver::{Deployments, DriverError, Input, Ran, Runtime};
use bp_engine::event::Outcome;
use bp_engine::status::Standing;
use bp_engine::workflow::story::{StepStanding, WorkflowStanding, WorkflowStatus};
use bp_journal::MemoryStore;
use bp_provider::{Class, Failure};
use common::lives::{Calls, runtime_of};
use common::workflows::workflows;
use common::{Dying, ID, World, control, deploy};

struct Ground {
    store: Arc<MemoryStore>,
    world: Arc<World>,
    calls: Arc<Calls>,
}

impl Ground {
    /// With the sample deployed.
    async fn new() -> Self {
        let ground = Self { store: Arc::default(), world: Arc::default(), calls: Arc::default() };
        let deployed = deploy(&ground.runtime(), workflows(), &[]).await.unwrap();
        assert_eq!(deployed.outcome, Outcome::Done);
        ground.calls.made.lock().unwrap().clear();
        ground
    }

    fn runtime(&self) -> Runtime {
        runtime_of(self.store.clone(), &self.world, &self.calls)
    }

    async fn run(&self, workflow: &str, inputs: &[(&str, &str)]) -> Result<Ran, DriverError> {
        run(&self.runtime(), workflow, inputs).await
    }

    async fn status(&self) -> WorkflowStatus {
        Deployments::new(self.store.clone()).status(ID).await.unwrap().0.workflow.unwrap()
    }

    fn fail(&self, class: Class) {
        self.calls.fail("base care.fail", Failure::new(class, "no room"));
    }

    /// What workflows called, by node and text, in order.
    fn looked(&self) -> Vec<String> {
        let short = |line: &String| {
            let (call, with) = line.split_once(" {").unwrap();
            let node = call.split(' ').next().unwrap();
            let text = with.split('"').nth(3).unwrap();
            format!("{node} {text}")
        };
        self.calls.made().iter().map(short).collect()
    }
}

async fn run(
    runtime: &Runtime,
    workflow: &str,
    inputs: &[(&str, &str)],
) -> Result<Ran, DriverError> {
    let inputs: Vec<(String, Input)> = inputs
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Input::Text((*text).to_owned())))
        .collect();
    runtime.run_workflow(ID, workflow, &inputs, control()).await
}

/// What `tend` calls; those of one group have no order among them.
const TENDED: [&[&str]; 8] = [
    &["base start"],
    &["base a", "late b"],
    &["base x", "base y"],
    &["base z"],
    &["late clean"],
    &["base no", "late beside"],
    &["late permanent"],
    &["late id of late"],
];

fn assert_tended(looked: &[String], when: &str) {
    let mut rest = looked;
    for group in TENDED {
        assert!(rest.len() >= group.len(), "{when}: {looked:#?}");
        let (head, tail) = rest.split_at(group.len());
        let mut head = head.to_vec();
        head.sort();
        assert_eq!(head, group, "{when}: {looked:#?}");
        rest = tail;
    }
    assert!(rest.is_empty(), "{when}: {looked:#?}");
}

#[tokio::test]
async fn a_workflow_goes_through_its_steps() {
    let ground = Ground::new().await;
    ground.fail(Class::Permanent);
    let ran = ground.run("tend", &[("into", "start")]).await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Done));
    assert_tended(&ground.looked(), "without a disturbance");
    let status = ground.status().await;
    assert_eq!(status.state, WorkflowStanding::Done);
    assert_eq!(status.result, Some("id of base".into()));
    assert_eq!(status.inputs["into"], "start");
    // Its journal is whole, and it can be run again: what it does then is another effect.
    ground.fail(Class::Permanent);
    let again = ground.run("tend", &[("into", "start")]).await.unwrap();
    assert_ne!(again.run, ran.run);
    assert_tended(&ground.looked()[11..], "the second time");
}

async fn die_everywhere(writes_last: bool) {
    let mut deaths = 0;
    for at in 0.. {
        let ground = Ground::new().await;
        ground.fail(Class::Permanent);
        let dying = Arc::new(Dying::new(ground.store.clone(), at, writes_last));
        let mortal = runtime_of(dying.clone(), &ground.world, &ground.calls);
        let first = run(&mortal, "tend", &[("into", "start")]).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Some(Outcome::Done));
            break;
        }
        deaths += 1;
        let alive = ground.runtime();
        let when = format!("after a death at append {at}");
        match alive.resume_workflow(ID, control()).await.unwrap() {
            Some(ran) => assert_eq!(ran.outcome, Some(Outcome::Done), "{when}"),
            // It was not asked for yet, or it was over.
            None if ground.looked().is_empty() => {
                assert!(at == 0 && !writes_last, "{when}");
                run(&alive, "tend", &[("into", "start")]).await.unwrap();
            }
            None => {}
        }
        assert_tended(&ground.looked(), &when);
        let status = ground.status().await;
        assert_eq!(
            (status.state, status.result),
            (WorkflowStanding::Done, Some("id of base".into()))
        );
    }
    assert!(deaths > 30, "only {deaths} appends");
}

#[tokio::test]
async fn death_before_each_append() {
    die_everywhere(false).await;
}

#[tokio::test]
async fn death_after_each_append() {
    die_everywhere(true).await;
}

/// `anew` takes everything away and makes it again: each operation of the sample's lives once.
fn assert_anew(ground: &Ground, when: &str) {
    let made = ground.calls.made();
    let index = |call: &str| {
        let found: Vec<usize> = made
            .iter()
            .enumerate()
            .filter(|(_, m)| m.starts_with(call))
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found.len(), 1, "{call}, {when}: {made:#?}");
        found[0]
    };
    let order = [
        r#"base care.look {"text":"before"}"#,
        r#"late care.look {"text":"beside"}"#,
        "late lifecycle.delete",
        "base lifecycle.delete",
        "base lifecycle.create",
        "late lifecycle.start",
        r#"base care.look {"text":"after"}"#,
    ];
    assert!(order.windows(2).all(|pair| index(pair[0]) < index(pair[1])), "{when}: {made:#?}");
    // 3 by the workflow itself, 7 on the way down, 10 on the way up.
    assert_eq!(made.len(), 20, "{when}: {made:#?}");
}

#[tokio::test]
async fn what_every_deployment_has_is_a_step_too() {
    let ground = Ground::new().await;
    let ran = ground.run("anew", &[]).await.unwrap();
    let reason = ground.status().await.reason;
    assert_eq!((ran.outcome, reason), (Some(Outcome::Done), None));
    assert_anew(&ground, "without a disturbance");
    let status = Deployments::new(ground.store.clone()).status(ID).await.unwrap().0;
    assert_eq!((status.state, status.revision), (Standing::Deployed, 3));
}

#[tokio::test]
async fn a_run_inside_of_a_workflow_survives_deaths() {
    let mut deaths = 0;
    for at in 0.. {
        let ground = Ground::new().await;
        let writes_last = at % 2 == 0;
        let dying = Arc::new(Dying::new(ground.store.clone(), at, writes_last));
        let first =
            run(&runtime_of(dying.clone(), &ground.world, &ground.calls), "anew", &[]).await;
        if dying.appends() <= at {
            assert_eq!(first.unwrap().outcome, Some(Outcome::Done));
            break;
        }
        deaths += 1;
        let when = format!("after a death at append {at}");
        match ground.runtime().resume_workflow(ID, control()).await.unwrap() {
            Some(ran) => assert_eq!(ran.outcome, Some(Outcome::Done), "{when}"),
            None => assert_eq!(ground.status().await.state, WorkflowStanding::Done, "{when}"),
        }
        assert_anew(&ground, &when);
    }
    assert!(deaths > 40, "only {deaths} appends");
}

#[tokio::test]
async fn a_failure_is_handled_and_goes_on_up() {
    let ground = Ground::new().await;
    ground.fail(Class::Permanent);
    let ran = ground.run("failing", &[]).await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Failed));
    assert_eq!(ground.looked(), ["base no", "late no room"]);
    let status = ground.status().await;
    assert_eq!(
        (status.state, status.reason.as_deref()),
        (WorkflowStanding::Failed, Some("no room"))
    );
    assert_eq!(status.span.map(|span| span.line), Some(1));
    let failed: Vec<&str> = status
        .steps
        .iter()
        .filter(|step| step.state == StepStanding::Failed)
        .map(|step| step.step.as_str())
        .collect();
    assert_eq!(failed, ["0"]);
    // It is over: there is nothing to go on with, and the deployment is what it was.
    assert_eq!(ground.runtime().resume_workflow(ID, control()).await.unwrap(), None);
}

#[tokio::test]
async fn what_nobody_knows_is_not_done_twice() {
    let ground = Ground::new().await;
    ground.fail(Class::UnknownOutcome);
    assert_eq!(ground.run("failing", &[]).await.unwrap().outcome, Some(Outcome::Failed));
    let looked = ground.looked();
    assert_eq!(looked.len(), 2, "{looked:?}");
    assert!(looked[1].contains("nobody knows whether"), "{looked:?}");
}

#[tokio::test]
async fn a_call_is_made_again_as_often_as_its_implementation_says() {
    let ground = Ground::new().await;
    for _ in 0..2 {
        ground.calls.fail("base care.again", Failure::new(Class::Transient, "busy"));
    }
    assert_eq!(ground.run("again", &[]).await.unwrap().outcome, Some(Outcome::Done));
    assert_eq!(ground.looked(), ["base once more"; 3]);
    for _ in 0..3 {
        ground.calls.fail("base care.again", Failure::new(Class::Transient, "busy"));
    }
    assert_eq!(ground.run("again", &[]).await.unwrap().outcome, Some(Outcome::Failed));
    assert_eq!(ground.status().await.reason.as_deref(), Some("busy"));
}

#[tokio::test]
async fn a_wait_has_an_end() {
    let ground = Ground::new().await;
    assert_eq!(ground.run("never", &[]).await.unwrap().outcome, Some(Outcome::Failed));
    let reason = ground.status().await.reason.unwrap();
    assert!(reason.contains("did not come about in time"), "{reason}");
}

#[tokio::test]
async fn what_a_call_sets_is_read_by_later_steps() {
    let ground = Ground::new().await;
    let ran = ground.run("mark", &[("node", "late")]).await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Done));
    assert_eq!(ground.looked(), ["late m", "base id of late"]);
    // A deployment of the same plan has nothing to do.
    let same = deploy(&ground.runtime(), workflows(), &[]).await.unwrap();
    assert_eq!((same.outcome, ground.looked().len()), (Outcome::Done, 2));
}

#[tokio::test]
async fn inputs_are_checked_before_anything_is_written() {
    let ground = Ground::new().await;
    for (workflow, inputs, words) in [
        ("tend", &[][..], "the input `into` (string) is not given"),
        ("clean", &[("days", "many")], "the input `days`: expected int, found `many`"),
        ("clean", &[("days", "3"), ("hours", "1")], "has no input `hours`"),
        ("mark", &[("node", "web")], "expected a Made, and `web` is none"),
        ("mark", &[("node", "nowhere")], "expected a Made, found `nowhere`"),
        ("tand", &[], "has no workflow `tand`"),
        ("heal", &[], "`heal` is a workflow of every deployment"),
    ] {
        let Err(DriverError::Refused { problems, .. }) = ground.run(workflow, inputs).await else {
            panic!("{workflow} {inputs:?} was not refused");
        };
        assert!(problems[0].message.contains(words), "{problems:#?}");
    }
    assert!(ground.looked().is_empty());
    let status = Deployments::new(ground.store.clone()).status(ID).await.unwrap().0;
    assert_eq!(status.workflow, None);
}

#[tokio::test]
async fn a_workflow_is_cancelled_and_tidies_up() {
    let ground = Ground::new().await;
    let running = {
        let runtime = ground.runtime();
        tokio::spawn(async move { run(&runtime, "patient", &[]).await })
    };
    while ground.looked().is_empty() {
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    // The process dies while it waits; then somebody asks, and another goes on.
    running.abort();
    let _ = running.await;
    let alive = ground.runtime();
    let refused = deploy(&alive, workflows(), &[]).await;
    assert!(matches!(refused, Err(DriverError::WorkflowOpen { .. })), "{refused:?}");
    let refused = alive.uninstall(ID, control()).await;
    assert!(matches!(refused, Err(DriverError::WorkflowOpen { .. })), "{refused:?}");
    assert_eq!(alive.ask_to_cancel(ID).await.unwrap(), "patient");
    let ran = alive.resume_workflow(ID, control()).await.unwrap().unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Stopped));
    assert_eq!(ground.looked(), ["base begun", "late tidied"]);
    assert_eq!(ground.status().await.state, WorkflowStanding::Cancelled);
    let none = alive.ask_to_cancel(ID).await;
    assert!(matches!(none, Err(DriverError::NoWorkflow(_))), "{none:?}");
}

#[tokio::test]
async fn the_process_that_runs_a_workflow_takes_the_request_to_cancel_it() {
    let ground = Ground::new().await;
    let running = {
        let runtime = ground.runtime();
        tokio::spawn(async move { run(&runtime, "patient", &[]).await })
    };
    while ground.looked().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    ground.runtime().ask_to_cancel(ID).await.unwrap();
    let ran = running.await.unwrap().unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Stopped));
    assert_eq!(ground.looked(), ["base begun", "late tidied"]);
}

#[tokio::test]
async fn nothing_is_run_on_what_is_not_deployed() {
    let ground = Ground::new().await;
    ground.runtime().uninstall(ID, control()).await.unwrap();
    let refused = ground.run("failing", &[]).await;
    assert!(matches!(refused, Err(DriverError::NotDeployed(_))), "{refused:?}");
}

/// Others delete what the provider keeps of `web`.
fn deleted(ground: &Ground) {
    let gone = ground.world.objects.lock().unwrap().remove(&(String::new(), "web".to_owned()));
    assert!(gone.is_some());
}

#[tokio::test]
async fn a_workflow_looks_at_what_is_there_and_heals_it() {
    let ground = Ground::new().await;
    let before = ground.world.content();
    deleted(&ground);
    let ran = ground.run("mend", &[]).await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Done));
    let found = serde_json::json!({ "before": ["web"], "ill": [], "after": [] });
    assert_eq!(ground.status().await.result, Some(found));
    assert_eq!(ground.world.content(), before);
    // Where there is nothing to heal, nothing is done.
    let effects = ground.world.effects();
    let ran = ground.run("mend", &[]).await.unwrap();
    assert_eq!(ran.outcome, Some(Outcome::Done));
    assert_eq!(ground.world.effects(), effects);
    // A target that does not answer does not tell.
    ground.world.down.lock().unwrap().insert(String::new());
    assert_eq!(ground.run("mend", &[]).await.unwrap().outcome, Some(Outcome::Failed));
    let reason = ground.status().await.reason.unwrap();
    assert!(reason.contains("whether `web` has drifted can't be told"), "{reason}");
}

#[tokio::test]
async fn what_is_healed_by_a_workflow_is_healed_once_whatever_dies() {
    for writes_last in [false, true] {
        for at in 0.. {
            let ground = Ground::new().await;
            let (before, effects) = (ground.world.content(), ground.world.effects().len());
            deleted(&ground);
            let dying = Arc::new(Dying::new(ground.store.clone(), at, writes_last));
            let runtime = runtime_of(dying.clone(), &ground.world, &ground.calls);
            let first = run(&runtime, "mend", &[]).await;
            let is_over = dying.appends() <= at;
            if is_over {
                assert_eq!(first.unwrap().outcome, Some(Outcome::Done));
            } else {
                let alive = ground.runtime();
                let resumed = alive.resume_workflow(ID, control()).await.unwrap();
                let ran = match resumed {
                    Some(ran) => ran,
                    None => run(&alive, "mend", &[]).await.unwrap(),
                };
                assert_eq!(ran.outcome, Some(Outcome::Done), "after a death at append {at}");
            }
            assert_eq!(ground.world.effects().len() - effects, 1, "after a death at append {at}");
            assert_eq!(ground.world.content(), before);
            if is_over {
                assert!(at > 10, "only {at} appends");
                break;
            }
        }
    }
}
