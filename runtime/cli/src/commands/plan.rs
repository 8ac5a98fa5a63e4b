//! `bpr plan`: what an update would do. Nothing is written but the file that was asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bp_driver::{DriverError, Saved};
use bp_engine::Terms;
use bp_engine::outlook::{Action, Outlook};
use serde::Serialize;

use super::outlook;
use super::run::runtime;
use super::wanted::{Wanted, new_id, one, warn};
use crate::arguments::Plan;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::{Told, near};
use crate::{CHANGES, DONE, PARTLY};

/// What programs are told.
#[derive(Serialize)]
struct Document<'o> {
    deployment: &'o str,
    /// Something could not be looked at, or would fail.
    is_complete: bool,
    /// How many instances there are of each action.
    counts: BTreeMap<Action, usize>,
    #[serde(flatten)]
    outlook: &'o Outlook,
}

pub(crate) async fn run(asked: Plan, output: Output) -> Result<u8, Vec<Told>> {
    let wanted = Wanted::of(&asked.what, asked.name.as_deref(), &asked.given).await?;
    let Seen { outlook, id, .. } = shown(&wanted, &asked.approve, output).await?;
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), Sources::passing());
    let (is_empty, is_complete) = (outlook.is_empty(), outlook.is_complete());
    if let Some(path) = &asked.save {
        let saved = runtime
            .save(&id, wanted.asked(), asked.approve, outlook)
            .await
            .map_err(|error| wanted.refused(&error))?;
        write(path, &saved).map_err(one)?;
        output.text(&format!("  next: bpr update {}\n", path.display()));
    }
    Ok(match (is_complete, is_empty) {
        (false, _) => PARTLY,
        (true, false) if asked.detailed_exitcode => CHANGES,
        (true, _) => DONE,
    })
}

/// Looks at what is wanted, shows it, and refuses what only an approval allows.
pub(crate) async fn shown(
    wanted: &Wanted,
    approved: &[String],
    output: Output,
) -> Result<Seen, Vec<Told>> {
    let seen = look(wanted, approved, output).await?;
    let Seen { plan, outlook, id } = &seen;
    if output.is_json() {
        let (counts, is_complete) = (outlook.counts(), outlook.is_complete());
        let deployment = &wanted.name;
        output.json(&Document { deployment, is_complete, counts, outlook });
    } else {
        output.text(&outlook::drawn(&wanted.name, outlook, output.paints()));
    }
    outlook::failures(outlook, plan, output);
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), Sources::passing());
    let approved = runtime.check_approved(id, plan, outlook).await;
    approved.map_err(|error| wanted.refused(&error))?;
    Ok(seen)
}

/// What was seen.
pub(crate) struct Seen {
    pub(crate) plan: Arc<bp_plan::Plan>,
    pub(crate) outlook: Outlook,
    pub(crate) id: String,
}

/// Looks at what an update would do.
pub(crate) async fn look(
    wanted: &Wanted,
    approved: &[String],
    output: Output,
) -> Result<Seen, Vec<Told>> {
    let id = wanted.id.clone().unwrap_or_else(|| new_id(&wanted.name));
    let secrets = Sources::looking(&wanted.name).map_err(one)?;
    let prepared = wanted.prepare(&id, &secrets).await?;
    warn(&prepared, output);
    let plan = prepared.plan.clone();
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), secrets);
    let terms = Terms { approved: approved.to_owned(), replaces: None };
    let outlook = runtime
        .foresee(&id, &wanted.name, prepared, terms)
        .await
        .map_err(|error: DriverError| wanted.refused(&error))?;
    check_names(approved, &outlook)?;
    Ok(Seen { plan, outlook, id })
}

/// An approval of what is not there was meant for something else.
fn check_names(approved: &[String], outlook: &Outlook) -> Result<(), Vec<Told>> {
    let names = || outlook.nodes.iter().flat_map(|node| [node.id.as_str(), node.node.as_str()]);
    let wrong = approved.iter().filter(|name| names().all(|known| known != name.as_str()));
    let told: Vec<Told> = wrong
        .map(|name| {
            let told = Told::error(format!("`--approve {name}`: there is no such node"));
            match near(name, names()) {
                Some(near) => told.help(format!("did you mean `{near}`?")),
                None => told.help("`bpr plan` shows those that there are"),
            }
        })
        .collect();
    if told.is_empty() { Ok(()) } else { Err(told) }
}

fn write(path: &Path, saved: &Saved) -> Result<(), Told> {
    let failed = |error: String| {
        Told::error(format!("the plan can't be written to {}: {error}", path.display()))
    };
    let text = serde_json::to_string_pretty(saved).map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, format!("{text}\n")).map_err(|error| failed(error.to_string()))
}
