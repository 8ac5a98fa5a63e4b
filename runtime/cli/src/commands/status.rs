//! `bpr status`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_driver::Deployments;
use bp_engine::status::{NodeStanding, Standing, Status, TargetStatus};
use bp_engine::topology::blame;
use bp_plan::Plan;

use crate::output::{Output, printable};
use crate::told::Told;
use crate::{DONE, FAILED, PARTLY, home};

/// How many nodes that are not as wanted are shown.
const MOST: usize = 40;

pub(crate) async fn run(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (store, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let (status, plan) =
        Deployments::new(store).status(&id).await.map_err(|error| Told::driver(name, &error))?;
    if output.is_json() {
        output.json(&status);
    } else {
        output.text(&table(&status));
        failures(&status, plan.as_deref(), output);
    }
    Ok(match status.state {
        Standing::Deployed | Standing::Removed | Standing::Deploying | Standing::Removing => DONE,
        Standing::Failed => FAILED,
        Standing::Partial => PARTLY,
    })
}

/// What people read of a state.
pub(crate) fn word(state: Standing) -> &'static str {
    match state {
        Standing::Deploying => "deploying",
        Standing::Deployed => "deployed",
        Standing::Partial => "partial",
        Standing::Failed => "failed",
        Standing::Removing => "removing",
        Standing::Removed => "removed",
    }
}

fn node_word(state: NodeStanding) -> &'static str {
    match state {
        NodeStanding::Deployed => "deployed",
        NodeStanding::Deploying => "deploying",
        NodeStanding::Removing => "removing",
        NodeStanding::Failed => "failed",
        NodeStanding::Retrying => "retrying",
        NodeStanding::Waiting => "waiting",
        NodeStanding::NotTried => "not tried",
    }
}

fn mark(state: Standing) -> &'static str {
    match state {
        Standing::Deployed | Standing::Removed => "✔",
        Standing::Deploying | Standing::Removing => "…",
        Standing::Partial => "◐",
        Standing::Failed => "✗",
    }
}

fn table(status: &Status) -> String {
    let mut text = format!(
        "{} {}: {}, revision {}\n",
        mark(status.state),
        status.name,
        word(status.state),
        status.revision
    );
    if matches!(status.state, Standing::Deploying | Standing::Removing) {
        let _ = writeln!(
            text,
            "  a run is under way, or was interrupted; then: bpr resume {}",
            status.name
        );
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for node in &status.nodes {
        let (done, all) = counts.entry(&node.target).or_default();
        *done += usize::from(node.state == NodeStanding::Deployed);
        *all += 1;
    }
    let width = status.targets.iter().map(|t| t.name.chars().count()).max().unwrap_or(0);
    if !status.targets.is_empty() {
        text.push('\n');
    }
    for target in &status.targets {
        let (done, all) = counts.get(target.name.as_str()).copied().unwrap_or_default();
        let _ = writeln!(text, "{}", row(target, done, all, width));
    }
    text
}

fn row(target: &TargetStatus, done: usize, all: usize, width: usize) -> String {
    let revision = target.revision.map_or_else(String::new, |r| format!("  revision {r}"));
    let reason = target
        .reason
        .as_deref()
        .map_or_else(String::new, |reason| format!("  {}", printable(reason)));
    let nodes = if all == 0 { String::new() } else { format!("  {done}/{all} nodes") };
    format!(
        "  {} {:<width$}  {:<9}{nodes}{revision}{reason}",
        mark(target.state),
        target.name,
        word(target.state)
    )
}

/// The nodes that are not as wanted, each with its reason; failures with their line of the blueprint.
pub(crate) fn failures(status: &Status, plan: Option<&Plan>, output: Output) {
    let mut list = String::new();
    let mut shown = 0;
    let is_removal = matches!(status.state, Standing::Removed | Standing::Removing);
    let odd: Vec<_> = status
        .nodes
        .iter()
        .filter(|node| {
            node.state != NodeStanding::Deployed || (is_removal && node.reason.is_some())
        })
        .collect();
    for node in &odd {
        if matches!(node.state, NodeStanding::Failed | NodeStanding::Retrying) {
            continue;
        }
        shown += 1;
        if shown <= MOST {
            let reason =
                node.reason.as_deref().map_or_else(String::new, |r| format!(": {}", printable(r)));
            let _ = writeln!(
                list,
                "  {} on {}: {}{reason}",
                node.id,
                node.target,
                node_word(node.state)
            );
        }
    }
    if shown > MOST {
        let _ = writeln!(
            list,
            "  and {} more; `bpr status {} --output json` has all",
            shown - MOST,
            status.name
        );
    }
    if !list.is_empty() {
        output.text(&format!("\nnot as wanted:\n{list}"));
    }
    let failed = odd
        .iter()
        .filter(|node| matches!(node.state, NodeStanding::Failed | NodeStanding::Retrying));
    for (count, node) in failed.enumerate() {
        if count == MOST {
            break;
        }
        let reason = node.reason.as_deref().unwrap_or("no reason is known");
        let mut told = Told::error(format!("{} on {}: {reason}", node.id, node.target));
        told.help.clone_from(&node.help);
        if let Some(plan) = plan {
            let name = node.id.split('[').next().unwrap_or(&node.id);
            told = told.at(plan, blame(plan, name, node.property.as_deref()));
        }
        output.told(&told);
    }
}
