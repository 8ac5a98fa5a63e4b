//! `bpr deploy`.

use std::collections::BTreeMap;
use std::path::Path;

use bp_driver::{DriverError, identity, prepare};
use bp_plan::{Plan, Value};
use bp_topology::{Inventory, inputs};

use super::run::{Running, finish, runtime};
use crate::arguments::Deploy;
use crate::home::{self, Opened};
use crate::inventory;
use crate::output::Output;
use crate::progress;
use crate::secrets::FromEnvironment;
use crate::told::Told;

pub(crate) async fn run(asked: Deploy, output: Output) -> Result<u8, Vec<Told>> {
    home::check_name(&asked.name).map_err(one)?;
    let bytes = std::fs::read(&asked.plan).map_err(|error| {
        let path = asked.plan.display();
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        one(Told::error(format!("the plan {path} can't be read: {why}"))
            .help("`bpc compile BLUEPRINT -o FILE` writes one"))
    })?;
    let shown = asked.plan.display();
    let plan = bp_plan::from_bytes(&bytes)
        .map_err(|error| one(Told::error(format!("{shown}: {error}"))))?
        .plan;
    let given = given(&plan, &asked)?;
    let there = there(&asked).map_err(one)?;

    // Everything that can be wrong with what was asked is said before anything is written.
    let providers = super::run::providers();
    let executors = super::run::executors(&asked.name).map_err(one)?;
    let rehearsed = |id: &str, secrets: &FromEnvironment| {
        let who = identity(id, &asked.name);
        let (bytes, given, there) = (bytes.clone(), given.clone(), there.clone());
        prepare(bytes, given, there, who, &providers, &executors, secrets)
    };
    let new_id = format!("{}-{:08x}", asked.name, rand::random::<u32>());
    let refused = |error: DriverError| Told::driver(&asked.name, &error);
    let mut prepared = rehearsed(&new_id, &FromEnvironment::passing()).map_err(refused)?;
    for warning in &prepared.warnings {
        output.told(&Told::problem(&prepared.plan, warning));
    }

    let Opened { store, id } = home::open(&asked.name).await.map_err(one)?;
    let locked = store.lock().map_err(|error| one(Told::store(&asked.name, &error)))?;
    // Whoever held the lock may just have made the deployment.
    let id = match id {
        Some(id) => Some(id),
        None => home::open(&asked.name).await.map_err(one)?.id,
    };
    let secrets = FromEnvironment::of(&asked.name).map_err(one)?;
    // What was rehearsed did not know who it is for, nor by which key its secrets are compared.
    if id.is_some() || !plan.secrets.is_empty() {
        prepared = rehearsed(id.as_deref().unwrap_or(&new_id), &secrets).map_err(refused)?;
    }
    let id = id.unwrap_or(new_id);
    let seed = format!("{:032x}", rand::random::<u128>());
    let running = Running::start(progress::watcher(output));
    let runtime = runtime(store.clone(), executors.clone(), secrets);
    let result = runtime.deploy(&id, &asked.name, &seed, prepared, running.control()).await;
    running.end();
    let code = finish(&asked.name, &id, store, result, output).await;
    drop(locked);
    code
}

fn one(told: Told) -> Vec<Told> {
    vec![told]
}

/// The inputs that were given, by the file and then by the command line.
fn given(plan: &Plan, asked: &Deploy) -> Result<BTreeMap<String, Value>, Vec<Told>> {
    let mut given = BTreeMap::new();
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

fn there(asked: &Deploy) -> Result<Inventory, Told> {
    if let Some(path) = &asked.inventory {
        return inventory::read(path);
    }
    let labels = inventory::labels(&asked.labels)?;
    inventory::from_kubeconfigs(&asked.kubeconfig, &labels)
}
