//! What is wanted, as `deploy`, `plan`, `update` and `adopt` are asked for it: a plan with inputs and an
//! inventory, or what a deployment has already with other inputs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bp_driver::{
    Asked, DriverError, Earlier, Executors, Package, Prepared, Providers, SecretSource as _,
    identity, prepare,
};
use bp_journal::{MemoryStore, Store};
use bp_plan::{Plan, Value};
use bp_topology::{Inventory, inputs};

use super::run::{executors, providers, runtime};
use crate::arguments::Given;
use crate::home;
use crate::inventory;
use crate::journals::Journal;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;

/// What is wanted of a deployment.
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// The deployment's id; none where there is none yet.
    pub(crate) id: Option<String>,
    /// Its journal; none where there is none yet.
    pub(crate) store: Option<Arc<dyn Store>>,
    package: Package,
    pub(crate) inputs: BTreeMap<String, Value>,
    pub(crate) inventory: Inventory,
    /// The revision that it goes back to.
    back: Option<Earlier>,
    providers: Providers,
    pub(crate) executors: Executors,
}

impl Wanted {
    /// A plan's file for the deployment of this name; or, without a name, what the deployment `what` has
    /// already. Nothing is written.
    pub(crate) async fn of(
        what: &str,
        name: Option<&str>,
        given: &Given,
    ) -> Result<Self, Vec<Told>> {
        let Some(name) = name else { return Self::again(what, given).await };
        home::check_name(name).map_err(one)?;
        let package = plan(Path::new(what))?;
        let inputs = inputs_given(&package.plan, given, BTreeMap::new())?;
        let inventory = there(given, None).map_err(one)?;
        let there = home::there(name).await.map_err(one)?;
        Self::new(name, there, package, inputs, inventory)
    }

    async fn again(name: &str, given: &Given) -> Result<Self, Vec<Told>> {
        if Path::new(name).is_file() {
            let told =
                Told::error(format!("`{name}` is a file, and whose plan it is to be is not said"));
            return Err(one(told.help("add the deployment's name: `--name NAME`")));
        }
        let (journal, id) = home::existing(name).await.map_err(one)?;
        let executors = executors(name).map_err(one)?;
        let secrets = Sources::passing();
        let last = runtime(journal.store(), executors, secrets)
            .last(&id)
            .await
            .map_err(|error| Told::driver(name, &error))?;
        let inputs = inputs_given(&last.package.plan, given, last.inputs)?;
        let inventory = there(given, Some(last.inventory)).map_err(one)?;
        Self::new(name, Some((journal, id)), last.package, inputs, inventory)
    }

    /// What is wanted of the deployment of this name, as it stands.
    pub(crate) fn new(
        name: &str,
        there: Option<(Journal, String)>,
        package: Package,
        inputs: BTreeMap<String, Value>,
        inventory: Inventory,
    ) -> Result<Self, Vec<Told>> {
        let executors = executors(name).map_err(one)?;
        let (name, providers) = (name.to_owned(), providers());
        let (store, id) = there.map(|(journal, id)| (journal.store(), id)).unzip();
        let back = None;
        Ok(Self { name, id, store, package, inputs, inventory, back, providers, executors })
    }

    /// What a revision wanted of the deployment of this name: the named one, or the last that was healthy.
    pub(crate) async fn earlier(name: &str, to: Option<u64>) -> Result<(Self, Earlier), Vec<Told>> {
        let (journal, id) = home::existing(name).await.map_err(one)?;
        let executors = executors(name).map_err(one)?;
        let earlier = runtime(journal.store(), executors, Sources::passing())
            .earlier(&id, to)
            .await
            .map_err(|error| Told::driver(name, &error))?;
        let Asked { package, inputs, inventory, .. } = earlier.asked.clone();
        let own = Self::new(name, Some((journal, id)), package, inputs, inventory)?;
        Ok((Self { back: Some(earlier.clone()), ..own }, earlier))
    }

    /// Checked, for a deployment of this id.
    pub(crate) async fn prepare(&self, id: &str, secrets: &Sources) -> Result<Prepared, Vec<Told>> {
        secrets.ask(&self.package.plan).await;
        let who = identity(id, &self.name);
        let (package, given, there) =
            (self.package.clone(), self.inputs.clone(), self.inventory.clone());
        let prepared =
            prepare(package, given, there, who, &self.providers, &self.executors, secrets)
                .map_err(|error| self.refused(&error))?;
        Ok(match &self.back {
            Some(earlier) => earlier.marked(prepared),
            None => prepared,
        })
    }

    /// Where the journal is read from; an empty one where there is none yet.
    pub(crate) fn reads(&self) -> Arc<dyn Store> {
        match &self.store {
            Some(store) => store.clone(),
            None => Arc::new(MemoryStore::new()),
        }
    }

    /// What is asked for, to be kept.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            name: self.name.clone(),
            package: self.package.clone(),
            inputs: self.inputs.clone(),
            inventory: self.inventory.clone(),
        }
    }

    pub(crate) fn refused(&self, error: &DriverError) -> Vec<Told> {
        Told::driver(&self.name, error)
    }
}

/// Tells what is worth a warning.
pub(crate) fn warn(prepared: &Prepared, output: Output) {
    for warning in &prepared.warnings {
        output.told(&Told::problem(&prepared.plan, warning));
    }
}

/// An id that no deployment has.
pub(crate) fn new_id(name: &str) -> String {
    format!("{name}-{:08x}", rand::random::<u32>())
}

pub(crate) fn one(told: Told) -> Vec<Told> {
    vec![told]
}

/// A plan's file.
pub(crate) fn plan(path: &Path) -> Result<Package, Vec<Told>> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        one(Told::error(format!("the plan {shown} can't be read: {why}"))
            .help("`bpc compile BLUEPRINT -o FILE` writes one"))
    })?;
    Package::read(bytes).map_err(|error| one(Told::error(format!("{shown}: {error}"))))
}

/// The inputs that were given, by the file and then by the command line, over those that there are.
pub(crate) fn inputs_given(
    plan: &Plan,
    asked: &Given,
    mut given: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Told>> {
    let mut wrong = Vec::new();
    if let Some(path) = &asked.inputs_file {
        for (name, json) in file(path).map_err(one)? {
            match inputs::from_json(plan, &name, json) {
                Ok(value) => drop(given.insert(name, value)),
                Err(problem) => wrong.push(Told::problem(plan, &problem)),
            }
        }
    }
    for argument in &asked.inputs {
        let (name, text) = bp_eval::split_input(argument)
            .map_err(|error| one(Told::error(format!("--input: {error}"))))?;
        match inputs::parse(plan, name, text) {
            Ok(value) => drop(given.insert(name.to_owned(), value)),
            Err(problem) => wrong.push(Told::problem(plan, &problem)),
        }
    }
    if wrong.is_empty() { Ok(given) } else { Err(wrong) }
}

pub(crate) fn file(path: &Path) -> Result<BTreeMap<String, serde_json::Value>, Told> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Told::error(format!("the inputs {shown} can't be read: {error}")))?;
    serde_saphyr::from_str(&text).map_err(|error| {
        Told::error(format!("the inputs {shown} are not as they should be: {error}"))
            .help("write one `name: value` a line")
    })
}

/// What there is to be placed on: as given, else as it was.
pub(crate) fn there(asked: &Given, last: Option<Inventory>) -> Result<Inventory, Told> {
    if let Some(path) = &asked.inventory {
        return inventory::read(path);
    }
    if let Some(last) = last.filter(|_| asked.kubeconfig.is_empty()) {
        return Ok(last);
    }
    let labels = inventory::labels(&asked.labels)?;
    inventory::from_kubeconfigs(&asked.kubeconfig, &labels)
}
