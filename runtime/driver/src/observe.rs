//! Looks by operations: what `lifecycle.observe` tells of what nothing but its own operations keeps. Nothing is
//! appended, and nobody comes back to such a call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bp_engine::engine::{CallStep, Intent, Step, TargetRef, Wanted};
use bp_engine::event::{Failure, Operation};
use bp_engine::life::{Kept, Seen};
use bp_engine::outlook::{Action, Field, NodeOutlook, Shown};
use bp_engine::retry::{Limits, digest};
use bp_engine::state::InstanceState;
use bp_engine::{Report, State};
use bp_provider::Executor;
use bp_topology::life::OBSERVE;
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

use crate::call;
use crate::foresee::Ask;
use crate::perform::Hands;
use crate::runtime::Executors;

/// Why it can't be told whether something has drifted.
pub(crate) const NOT_YET: &str = "what was last wanted of it has not been brought about yet";

/// How many looks there were: no two have one key.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// Asks the operations that can tell, and writes into the outlook what they tell.
pub(crate) async fn ask(
    (hands, executors): (&Hands, &Executors),
    state: &State,
    nodes: &mut [NodeOutlook],
    (sought, limits): (Ask, &Limits),
) {
    let all = Arc::new(Semaphore::new(limits.at_once.max(1)));
    let mut places: BTreeMap<String, Arc<Semaphore>> = BTreeMap::new();
    let mut looks = FuturesUnordered::new();
    for (at, node) in nodes.iter_mut().enumerate() {
        // What goes, fails or can't be told already is told.
        let kept =
            instance(state, node).filter(|is| can_be_asked(is) && node.action == Action::None);
        let Some(kept) = kept.and_then(|is| is.life.as_ref()?.observe().cloned()) else { continue };
        if sought == Ask::Drift && is_pending(node) {
            node.action = Action::Held;
            node.reason = Some(NOT_YET.to_owned());
            continue;
        }
        let most = limits.at_once_per_target.max(1);
        let place = places.entry(node.target_id.clone());
        let place = place.or_insert_with(|| Arc::new(Semaphore::new(most))).clone();
        let (all, executor) = (all.clone(), executors.get(&kept.executor).cloned());
        let look = look(hands.clone(), executor, (node.id.clone(), target(node)), kept);
        looks.push(async move {
            // Nobody closes them.
            let _place = place.acquire().await;
            let _among_all = all.acquire().await;
            (at, look.await)
        });
    }
    while let Some((at, told)) = looks.next().await {
        let Some(node) = nodes.get_mut(at) else { continue };
        let life = instance(state, node).and_then(|is| is.life.as_deref());
        let seen = told.as_ref().ok().zip(life).map(|(told, life)| life.seen(told));
        judge(node, sought, seen, &told);
    }
}

/// Whether something of it is still to be called, whatever others report by then, beside a look at it.
fn is_pending(node: &NodeOutlook) -> bool {
    node.operations.iter().any(|called| !called.perhaps && called.operation != OBSERVE)
}

/// The instance that is looked at.
pub(crate) fn instance<'s>(state: &'s State, node: &NodeOutlook) -> Option<&'s InstanceState> {
    Some(state.targets.get(&node.target_id)?.instances.get(&node.id)?)
}

/// Whether nothing but its own operations keeps it, some of these were called, and one of them tells what is there.
pub(crate) fn can_be_asked(is: &InstanceState) -> bool {
    let tells = is.life.as_ref().is_some_and(|l| l.reached.is_some() && l.observe().is_some());
    is.provider.is_empty() && tells
}

fn target(node: &NodeOutlook) -> TargetRef {
    TargetRef {
        id: node.target_id.clone(),
        name: node.target.clone(),
        identity: None,
        connection: Json::Null,
    }
}

async fn look(
    mut hands: Hands,
    executor: Option<Arc<dyn Executor>>,
    (id, target): (String, TargetRef),
    kept: Kept,
) -> Result<Json, Failure> {
    let number = LOOKS.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let key = digest(format!("look {id} {process} {now} {number}").as_bytes());
    let step = Step {
        instance: id,
        operation: Operation::Converge,
        key,
        attempt: 1,
        provider: kept.executor.clone(),
        subject: Wanted::Stored(kept.call.clone()),
        earlier: Vec::new(),
        record: None,
        handle: None,
        call: None,
        was: Vec::new(),
        may_replace: false,
        hidden: BTreeSet::new(),
        takes_back: false,
    };
    let called =
        CallStep { act: kept.act.clone(), turn: 1, intent: Intent::Look, limits: kept.limits };
    let report = match executor {
        Some(executor) => call::perform(&mut hands, &*executor, &target, step, called).await,
        None => call::unknown(target.id, step),
    };
    match report {
        Report::Called { outcome, .. } => outcome,
        _ => Err(Failure::permanent("it gave no answer")),
    }
}

fn judge(node: &mut NodeOutlook, sought: Ask, seen: Option<Seen>, told: &Result<Json, Failure>) {
    let (action, reason) = match (seen, told) {
        (Some(Seen::AsItWas), _) => (Action::None, None),
        (Some(Seen::Lost { wanted, state }), _) if sought == Ask::Health => {
            (Action::Unknown, Some(format!("it is {state}, and not {wanted}")))
        }
        (Some(Seen::Lost { wanted, state }), _) => {
            let action = if state == "absent" { Action::Create } else { Action::Change };
            let shown = |state: &str| Some(Shown::Value(json!(state)));
            node.fields = vec![Field {
                path: "state".to_owned(),
                desired: shown(wanted),
                applied: shown(wanted),
                live: shown(&state),
                replaces: false,
            }];
            (action, None)
        }
        (_, Ok(told)) => {
            let why = format!("`lifecycle.observe` does not tell its `state`: it gave {told}");
            (held(sought), Some(why))
        }
        (_, Err(failure)) => {
            node.help.clone_from(&failure.help);
            (held(sought), Some(format!("`lifecycle.observe`: {}", failure.message)))
        }
    };
    node.action = action;
    node.reason = reason;
}

/// What is not known.
fn held(sought: Ask) -> Action {
    if sought == Ask::Health { Action::Unknown } else { Action::Held }
}
