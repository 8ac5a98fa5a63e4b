//! `bpr drift` and `bpr heal`: what others have changed, shown, and made as it was applied.

use std::collections::BTreeMap;

use bp_driver::drift::{Looked, has_drifted};
use bp_engine::outlook::{Action, NodeOutlook, Outlook};
use serde::Serialize;

use super::outlook;
use super::run::{Running, executors, finish, runtime};
use crate::arguments::Drift;
use crate::output::{Output, printable};
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
    /// The instances that nobody can be asked about: nothing but their own operations keeps them.
    unasked: &'o [String],
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
    let Looked { mut outlook, unasked, .. } = looked.map_err(|error| Told::driver(name, &error))?;
    explain(&mut outlook);
    let count = outlook.nodes.iter().filter(|node| has_drifted(node)).count();
    let is_complete = outlook.is_complete();
    if output.is_json() {
        let (counts, drifted) = (outlook.counts(), count);
        output.json(&Document {
            deployment: name,
            is_complete,
            drifted,
            unasked: &unasked,
            counts,
            outlook: &outlook,
        });
    } else {
        output.text(&outlook::changes(&outlook, output.paints()));
        output.text(&told(name, count, &outlook, &unasked));
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
            Ok((Looked { outlook, unasked, .. }, None)) => {
                output.text(&told(name, 0, &outlook, &unasked));
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

/// `shop: 2 of 14 have drifted, and of 1 it can't be told`.
fn told(name: &str, count: usize, outlook: &Outlook, unasked: &[String]) -> String {
    let all = outlook.nodes.len();
    let is_unknown =
        |node: &&NodeOutlook| matches!(node.action, Action::Held | Action::Fail | Action::Unknown);
    let unknown = match outlook.nodes.iter().filter(is_unknown).count() {
        0 => String::new(),
        unknown => format!(", and of {unknown} it can't be told"),
    };
    let unasked = nobody(unasked);
    match count {
        0 if all == 0 => format!("{name}: there is nobody to ask{unasked}\n"),
        0 => format!("{name}: nothing of {all} has drifted{unknown}{unasked}\n"),
        count => {
            let have = if count == 1 { "has" } else { "have" };
            format!(
                "{name}: {count} of {all} {have} drifted{unknown}{unasked}\n  next: bpr heal {name}\n"
            )
        }
    }
}

/// That of some nobody can be asked.
pub(super) fn nobody(unasked: &[String]) -> String {
    match unasked {
        [] => String::new(),
        [one] => format!("; {} is kept by its own operations alone", printable(one)),
        many => format!("; {} are kept by their own operations alone", many.len()),
    }
}
