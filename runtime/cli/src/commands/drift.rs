//! `bpr drift` and `bpr heal`: what others have changed, shown, and made as it was applied.

use std::collections::BTreeMap;

use bp_driver::drift::has_drifted;
use bp_engine::outlook::{Action, Outlook};
use serde::Serialize;

use super::outlook;
use super::run::{Running, executors, finish, runtime};
use crate::arguments::Drift;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;
use crate::{CHANGES, DONE, PARTLY, home, progress};

/// What programs are told.
#[derive(Serialize)]
struct Document<'o> {
    deployment: &'o str,
    /// Something could not be looked at.
    is_complete: bool,
    /// How many instances have drifted.
    drifted: usize,
    /// How many instances there are of each action that would heal them.
    counts: BTreeMap<Action, usize>,
    #[serde(flatten)]
    outlook: &'o Outlook,
}

pub(crate) async fn drift(asked: Drift, output: Output) -> Result<u8, Vec<Told>> {
    let one = |told| vec![told];
    let name = asked.name.as_str();
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let store = journal.store();
    let secrets = Sources::looking(name).map_err(one)?;
    let runtime = runtime(store, executors(name).map_err(one)?, secrets);
    let looked = runtime.drift(&id, &asked.nodes).await;
    let mut outlook = looked.map_err(|error| Told::driver(name, &error))?;
    explain(&mut outlook);
    let count = outlook.nodes.iter().filter(|node| has_drifted(node)).count();
    let is_complete = outlook.is_complete();
    if output.is_json() {
        let (counts, drifted) = (outlook.counts(), count);
        output.json(&Document {
            deployment: name,
            is_complete,
            drifted,
            counts,
            outlook: &outlook,
        });
    } else {
        output.text(&outlook::changes(&outlook, output.paints()));
        output.text(&told(name, count, &outlook));
    }
    Ok(match (is_complete, count) {
        (false, _) => PARTLY,
        (true, 1..) if asked.detailed_exitcode => CHANGES,
        (true, _) => DONE,
    })
}

pub(crate) async fn heal(name: &str, nodes: &[String], output: Output) -> Result<u8, Vec<Told>> {
    let one = |told| vec![told];
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let held = journal.hold(name).await.map_err(one)?;
    let store = held.store();
    let healed = async {
        let secrets = Sources::of(name).map_err(one)?;
        let runtime = runtime(store.clone(), executors(name).map_err(one)?, secrets);
        let running = Running::start(progress::watcher(output));
        let result = runtime.heal(&id, nodes, running.control()).await;
        running.end();
        match result {
            Err(error) => Err(Told::driver(name, &error)),
            Ok((mut outlook, None)) => {
                explain(&mut outlook);
                output.text(&told(name, 0, &outlook));
                Ok(if outlook.is_complete() { DONE } else { PARTLY })
            }
            Ok((_, Some(summary))) => finish(name, &id, store.clone(), Ok(summary), output).await,
        }
    };
    held.during(healed).await
}

/// Why what is to be made again is to be made.
fn explain(outlook: &mut Outlook) {
    for node in outlook.nodes.iter_mut().filter(|node| node.action == Action::Create) {
        node.reason.get_or_insert_with(|| "it is gone".to_owned());
        node.fields.clear();
    }
}

/// `shop: 2 of 14 nodes have drifted`.
fn told(name: &str, count: usize, outlook: &Outlook) -> String {
    let all = outlook.nodes.len();
    let unknown = outlook
        .nodes
        .iter()
        .filter(|node| matches!(node.action, Action::Held | Action::Fail | Action::Unknown))
        .count();
    let unknown = match unknown {
        0 => String::new(),
        1 => ", and of 1 it can't be told".to_owned(),
        many => format!(", and of {many} it can't be told"),
    };
    match count {
        0 => format!("{name}: nothing of {all} has drifted{unknown}\n"),
        1 => format!("{name}: 1 of {all} has drifted{unknown}\n  next: bpr heal {name}\n"),
        many => format!("{name}: {many} of {all} have drifted{unknown}\n  next: bpr heal {name}\n"),
    }
}
