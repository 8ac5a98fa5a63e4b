//! Plans and updates: what a revision would do, a plan that was kept, and what moved since.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use bp_engine::event::Verb;
use bp_engine::outlook::Outlook;
use bp_engine::retry::digest;
use bp_engine::state::Revision;
use bp_engine::terms::{Protection, Terms, unapproved};
use bp_plan::{Plan, Value};
use bp_topology::{Inventory, Problem};
use serde::{Deserialize, Serialize};

use crate::beside::Beside;
use crate::error::DriverError;
use crate::foresee::{Ask, Looking, foresee, moved_on, plan_before};
use crate::ledger::Ledger;
use crate::package::Package;
use crate::prepare::Prepared;
use crate::runtime::{Desired, Runtime, given};

/// The format of plans that are kept: this program reads no other.
pub const FORMAT: &str = "bpr-plan/1";

/// How far a stream is: the sequence and the hash of its last event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The sequence.
    pub sequence: u64,
    /// The hash.
    pub hash: String,
}

/// A plan that was made and kept, to be carried out as it was shown. It holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// [`FORMAT`].
    pub format: String,
    /// The deployment's name.
    pub name: String,
    /// Its id; none where there is none yet.
    pub id: Option<String>,
    /// How far its streams were.
    pub journal: BTreeMap<String, Position>,
    /// The plan's container, in base64.
    pub plan: String,
    /// The inputs that were given.
    pub inputs: BTreeMap<String, Value>,
    /// What there was to be placed on.
    pub inventory: Inventory,
    /// What was approved, and what is replaced.
    pub terms: Terms,
    /// What it does.
    pub outlook: Outlook,
}

/// What is asked for of a deployment, or was.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The deployment's name.
    pub name: String,
    /// The plan.
    pub package: Package,
    /// The inputs that were given.
    pub inputs: BTreeMap<String, Value>,
    /// What there was to be placed on.
    pub inventory: Inventory,
}

impl Saved {
    /// The plan's container.
    pub fn container(&self) -> Result<Vec<u8>, DriverError> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(&self.plan);
        bytes.map_err(|error| DriverError::Saved(format!("its plan is no base64: {error}")))
    }

    /// Reads one back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DriverError> {
        let wrong = |error: serde_json::Error| DriverError::Saved(error.to_string());
        let any: serde_json::Value = serde_json::from_slice(bytes).map_err(wrong)?;
        match any.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => serde_json::from_value(any).map_err(wrong),
            Some(other) => Err(DriverError::Saved(format!(
                "it is of the format `{other}`, and this program reads `{FORMAT}`"
            ))),
            None => Err(DriverError::Saved("it has no `format`".to_owned())),
        }
    }
}

impl Runtime {
    /// What a deployment of this would do. Nothing is appended, nothing is moved.
    pub async fn foresee(
        &self,
        id: &str,
        name: &str,
        prepared: Prepared,
        terms: Terms,
    ) -> Result<Outlook, DriverError> {
        let ledger = Ledger::load(self.store.clone(), id).await?;
        let revision = revision_of(&prepared, terms)?;
        let plan = prepared.plan.clone();
        let before = plan_before(&ledger, &plan).await?;
        let mut desired = Desired { topology: prepared.topology, inventory: prepared.reached_by };
        self.learn(&ledger, &mut desired.topology).await?;
        let mut hands = self.hands(&ledger.id, name, &desired, Arc::new(crate::watch::Silent));
        hands.store = Arc::new(Beside::new(hands.store, &prepared.artifacts));
        let looking =
            Looking { before: before.as_deref(), ask: Ask::Change, limits: self.limits.clone() };
        foresee(&hands, &self.providers, &ledger, revision, desired, looking).await
    }

    /// A plan to be kept, with what it does.
    pub async fn save(
        &self,
        id: &str,
        asked: Asked,
        approved: Vec<String>,
        outlook: Outlook,
    ) -> Result<Saved, DriverError> {
        let ledger = Ledger::load(self.store.clone(), id).await?;
        Ok(Saved {
            format: FORMAT.to_owned(),
            name: asked.name,
            id: (!ledger.is_new()).then(|| id.to_owned()),
            journal: positions(&ledger),
            plan: base64::engine::general_purpose::STANDARD.encode(&asked.package.bytes),
            inputs: asked.inputs,
            inventory: asked.inventory,
            terms: Terms { approved, replaces: Some(outlook.replaces()) },
            outlook,
        })
    }

    /// Refuses where the journal is not where it was when the plan was made.
    pub async fn check_position(&self, id: &str, saved: &Saved) -> Result<(), DriverError> {
        let ledger = Ledger::load(self.store.clone(), id).await?;
        let is = (!ledger.is_new()).then(|| id.to_owned());
        if is != saved.id {
            let why = match (&saved.id, &is) {
                (None, _) => format!("`{}` was not there yet, and is now", saved.name),
                (_, None) => format!("`{}` was there, and is not any more", saved.name),
                _ => format!("`{}` is another deployment than it was", saved.name),
            };
            return Err(DriverError::Moved(why));
        }
        let now = positions(&ledger);
        for (stream, position) in &now {
            let was = saved.journal.get(stream).map_or(0, |was| was.sequence);
            if saved.journal.get(stream) != Some(position) {
                let news = self.store.read(stream, was).await?;
                let news = news.last().map(|event| {
                    format!("; the last is `{}` by {}", event.event.kind, event.event.actor)
                });
                let (last, news) = (position.sequence, news.unwrap_or_default());
                return Err(DriverError::Moved(format!(
                    "the journal's `{stream}` was at event {was} and is at {last}{news}"
                )));
            }
        }
        Ok(())
    }

    /// Refuses what an outlook shows and nobody approved.
    pub async fn check_approved(
        &self,
        id: &str,
        plan: &Arc<Plan>,
        outlook: &Outlook,
    ) -> Result<(), DriverError> {
        if outlook.unapproved().next().is_none() {
            return Ok(());
        }
        let ledger = Ledger::load(self.store.clone(), id).await?;
        let before = plan_before(&ledger, plan).await?;
        let problems: Vec<(Arc<Plan>, Problem)> = outlook
            .unapproved()
            .filter_map(|(node, _)| {
                let what = match node.action {
                    bp_engine::outlook::Action::Delete => "deleted",
                    _ => "replaced",
                };
                let said_by =
                    if plan.nodes.contains_key(&node.node) { Some(plan) } else { before.as_ref() };
                let problem = protected(&node.id, what, node.protection.as_ref()?);
                Some((said_by.unwrap_or(plan).clone(), problem))
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(DriverError::Unapproved(problems)) }
    }

    /// What was deployed last: plan, inputs and inventory.
    pub async fn last(&self, id: &str) -> Result<Asked, DriverError> {
        let ledger = Ledger::load(self.store.clone(), id).await?;
        let Some((_, revision)) = ledger.state.revision() else {
            return Err(DriverError::NothingPlanned(ledger.state.name.clone()));
        };
        let package = Package::stored(&ledger, &revision.plan).await?;
        let (inputs, inventory) = given(&ledger, revision).await?;
        Ok(Asked { name: ledger.state.name.clone(), package, inputs, inventory })
    }
}

/// Deletions that need an approval and have none, each with the plan that protects it. Nothing is
/// appended.
pub(crate) fn refuse_unapproved(
    ledger: &Ledger,
    desired: &Desired,
    terms: &Terms,
    before: Option<&Arc<Plan>>,
) -> Result<(), DriverError> {
    let state = moved_on(ledger, desired);
    let plan = desired.topology.plan();
    let found = unapproved(&state, &desired.topology, before.map(|plan| &**plan), terms);
    let problems: Vec<(Arc<Plan>, Problem)> = found
        .into_iter()
        .map(|one| {
            let node = bp_engine::terms::node_of(&one.instance);
            let is_known = plan.nodes.contains_key(node);
            let said_by = if is_known { Some(plan) } else { before };
            (said_by.unwrap_or(plan).clone(), protected(&one.instance, "deleted", &one.protection))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(DriverError::Unapproved(problems)) }
}

/// The sentence for what is protected.
fn protected(instance: &str, what: &str, protection: &Protection) -> Problem {
    let (why, span) = match protection {
        Protection::Marked(span) => ("it is protected", Some(*span)),
        Protection::Adopted => ("it was there before, and was adopted", None),
    };
    let mut problem =
        Problem::error(format!("`{instance}` would be {what}, and {why}: that needs an approval"))
            .help(format!(
        "keep it, or let it go: `--approve '{instance}'` of `bpr plan`, `bpr update`, `bpr rollback` and `bpr uninstall`"
    ));
    problem.span = span;
    problem
}

/// The revision that deploys this.
pub(crate) fn revision_of(prepared: &Prepared, terms: Terms) -> Result<Revision, DriverError> {
    let malformed = |what| move |source| DriverError::Malformed { what, source };
    let inputs = serde_json::to_vec(&prepared.inputs).map_err(malformed("inputs"))?;
    let inventory = serde_json::to_vec(&*prepared.inventory).map_err(malformed("inventory"))?;
    Ok(Revision {
        verb: Verb::Deploy,
        plan: digest(&prepared.bytes),
        inputs: digest(&inputs),
        inventory: digest(&inventory),
        terms,
        back_to: prepared.back_to,
        reached_by: (prepared.reached_by != prepared.inventory)
            .then(|| serde_json::to_vec(&*prepared.reached_by).map(|bytes| digest(&bytes)))
            .transpose()
            .map_err(malformed("inventory"))?,
    })
}

fn positions(ledger: &Ledger) -> BTreeMap<String, Position> {
    let position =
        |(stream, sequence, hash): (String, u64, String)| (stream, Position { sequence, hash });
    ledger.positions().map(position).collect()
}
