//! `bpr status`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_engine::state::Paused;
use bp_engine::status::{NodeStanding, NodeStatus, Standing, Status, TargetStatus};
use bp_engine::terms::node_of;
use bp_plan::Plan;
use bp_topology::topology::blame;

use crate::history::Status as Asked;
use crate::output::{Output, printable};
use crate::reading;
use crate::told::Told;
use crate::{DONE, FAILED, PARTLY};

/// How many nodes that are not as wanted are shown.
const MOST: usize = 40;

pub(crate) async fn run(asked: &Asked, output: Output) -> Result<u8, Vec<Told>> {
    let reading = reading::open(&asked.name).await?;
    let deployments = reading.at(asked.at, output).await?;
    let failed = |error| Told::driver(&reading.name, &error);
    let (status, plan) = deployments.status(&reading.id).await.map_err(failed)?;
    tell(&status, plan.as_deref(), output);
    Ok(match status.state {
        Standing::Deployed | Standing::Removed | Standing::Deploying | Standing::Removing => DONE,
        Standing::Failed => FAILED,
        Standing::Partial => PARTLY,
    })
}

/// Tells of a status: results, and what failed.
pub(crate) fn tell(status: &Status, plan: Option<&Plan>, output: Output) {
    if output.is_json() {
        output.json(status);
        return;
    }
    output.text(&table(status));
    failures(status, plan, output);
    let is_wrong = |node: &&NodeStatus| {
        matches!(node.state, NodeStanding::Failed | NodeStanding::Retrying | NodeStanding::NotTried)
    };
    // What failed leads further than what was not tried.
    let wrong = || status.nodes.iter().filter(is_wrong);
    let first = wrong().find(|node| node.state == NodeStanding::Failed).or_else(|| wrong().next());
    if let Some(node) = first {
        output.text(&format!("  next: bpr why {} {}\n", status.name, node_of(&node.id)));
    }
    if let Some(workflow) = &status.workflow {
        output.text(&super::workflow::shown(&status.name, workflow));
        super::workflow::failures(workflow, plan, output);
    }
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

fn mark(state: Standing) -> &'static str {
    match state {
        Standing::Deployed | Standing::Removed => "✔",
        Standing::Deploying | Standing::Removing => "…",
        Standing::Partial => "◐",
        Standing::Failed => "✗",
    }
}

fn table(status: &Status) -> String {
    let back = status.back_to.map_or_else(String::new, |to| format!(" (a rollback to {to})"));
    let mut text = format!(
        "{} {}: {}, revision {}{back}\n",
        mark(status.state),
        status.name,
        if status.paused.is_some() { "paused" } else { word(status.state) },
        status.revision
    );
    if let Some(paused) = &status.paused {
        let name = &status.name;
        let _ = writeln!(text, "  {}; `bpr resume {name}` goes on", since(paused));
    } else if matches!(status.state, Standing::Deploying | Standing::Removing) {
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

/// Who has paused a run, and since when.
pub(crate) fn since(paused: &Paused) -> String {
    let since = jiff::Timestamp::from_millisecond(paused.at_ms);
    let since = since.map_or_else(|_| paused.at_ms.to_string(), |time| format!("{time:.0}"));
    format!("by {} since {since}", paused.by)
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

/// Nodes that are alike but for their targets.
struct Group<'s> {
    first: &'s NodeStatus,
    /// What the node is called in the blueprint.
    node: &'s str,
    reason: String,
    targets: Vec<&'s str>,
}

impl Group<'_> {
    /// `web on east, north and 7 more`.
    fn shown(&self) -> String {
        match self.targets.as_slice() {
            [_] => format!("{} on {}", self.first.id, self.first.target),
            [first, second, third] => format!("{} on {first}, {second} and {third}", self.node),
            [first, second] => format!("{} on {first} and {second}", self.node),
            [first, second, rest @ ..] => {
                format!("{} on {first}, {second} and {} more", self.node, rest.len())
            }
            [] => self.node.to_owned(),
        }
    }
}

/// Groups nodes by what the blueprint calls them, how they stand and why.
fn groups<'s>(nodes: impl Iterator<Item = &'s NodeStatus>) -> Vec<Group<'s>> {
    let mut groups: Vec<Group<'s>> = Vec::new();
    let mut index: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    for node in nodes {
        let name = node.id.split('[').next().unwrap_or(&node.id);
        let reason = node.reason.as_deref().unwrap_or_default();
        // `web["east"]` and its target's own name differ from one to the next.
        let alike = reason.replace(&format!("[{:?}]", node.target), "");
        let key = (name, node.state.word(), alike.clone());
        if let Some(group) = index.get(&key).and_then(|at| groups.get_mut(*at)) {
            group.targets.push(&node.target);
            group.reason.clone_from(&alike);
            continue;
        }
        index.insert(key, groups.len());
        let reason = reason.to_owned();
        groups.push(Group { first: node, node: name, reason, targets: vec![&node.target] });
    }
    groups
}

/// The nodes that are not as wanted, each with its reason; failures with their line of the blueprint.
pub(crate) fn failures(status: &Status, plan: Option<&Plan>, output: Output) {
    let is_removal = matches!(status.state, Standing::Removed | Standing::Removing);
    let is_failure =
        |node: &NodeStatus| matches!(node.state, NodeStanding::Failed | NodeStanding::Retrying);
    let is_odd = |node: &&NodeStatus| {
        node.state != NodeStanding::Deployed || (is_removal && node.reason.is_some())
    };
    let odd = || status.nodes.iter().filter(is_odd);
    let others = groups(odd().filter(|node| !is_failure(node)));
    let mut list = String::new();
    for group in others.iter().take(MOST) {
        let reason = match group.reason.as_str() {
            "" => String::new(),
            reason => format!(": {}", printable(reason)),
        };
        let _ = writeln!(list, "  {}: {}{reason}", group.shown(), group.first.state.word());
    }
    if others.len() > MOST {
        let more = others.len() - MOST;
        let _ =
            writeln!(list, "  and {more} more; `bpr status {} --output json` has all", status.name);
    }
    if !list.is_empty() {
        output.text(&format!("\nnot as wanted:\n{list}"));
    }
    for group in groups(odd().filter(|node| is_failure(node))).iter().take(MOST) {
        let reason = match group.reason.as_str() {
            "" => "no reason is known",
            reason => reason,
        };
        let mut told = Told::error(format!("{}: {reason}", group.shown()));
        told.help.clone_from(&group.first.help);
        if let Some(plan) = plan {
            told = told.at(plan, blame(plan, group.node, group.first.property.as_deref()));
        }
        output.told(&told);
    }
}
