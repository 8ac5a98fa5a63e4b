//! `bpr deploy`.

use std::sync::Arc;

use bp_driver::Prepared;
use bp_engine::Terms;
use bp_journal::Store;

use super::run::{Running, finish, runtime};
use super::wanted::{Wanted, new_id, one, warn};
use crate::arguments::Deploy;
use crate::home::{self, Opened};
use crate::output::Output;
use crate::progress;
use crate::secrets::Sources;
use crate::told::Told;

pub(crate) async fn run(asked: Deploy, output: Output) -> Result<u8, Vec<Told>> {
    let plan = asked.plan.to_string_lossy();
    let wanted = Wanted::of(&plan, Some(&asked.name), &asked.given).await?;
    // Everything that can be wrong with what was asked is said before anything is written.
    let id = new_id(&asked.name);
    let rehearsed = wanted.prepare(&id, &Sources::passing()).await?;
    warn(&rehearsed, output);
    bring_about(wanted, Some((id, rehearsed)), Terms::default(), output).await
}

/// Deploys what is wanted, on these terms. What was rehearsed under an id of its own is taken where the
/// deployment is new and has no secrets.
pub(crate) async fn bring_about(
    wanted: Wanted,
    rehearsed: Option<(String, Prepared)>,
    terms: Terms,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let name = &wanted.name.clone();
    let Opened { journal, id } = home::open(name).await.map_err(one)?;
    let held = journal.hold(name).await.map_err(one)?;
    let store = held.store();
    held.during(carry_out(wanted, (store, id), rehearsed, terms, output)).await
}

/// Deploys it, in a journal that is held.
async fn carry_out(
    wanted: Wanted,
    (store, id): (Arc<dyn Store>, Option<String>),
    rehearsed: Option<(String, Prepared)>,
    terms: Terms,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let name = &wanted.name;
    // Whoever held the lock may just have made the deployment.
    let id = match id {
        Some(id) => Some(id),
        None => home::open(name).await.map_err(one)?.id,
    };
    let secrets = Sources::of(name).map_err(one)?;
    // What was rehearsed did not know who it is for, nor by which key its secrets are compared.
    let (id, prepared) = match (id, rehearsed) {
        (None, Some((id, mut prepared))) if prepared.plan.secrets.is_empty() => {
            // What its operations give may be secret all the same.
            prepared.topology.secrets_mut().compare_by(secrets.key());
            (id, prepared)
        }
        (id, _) => {
            let id = id.unwrap_or_else(|| new_id(name));
            let prepared = wanted.prepare(&id, &secrets).await?;
            (id, prepared)
        }
    };
    // The container is with what was prepared, and only until the journal has it.
    let Wanted { name, executors, .. } = wanted;
    let name = name.as_str();
    let seed = format!("{:032x}", rand::random::<u128>());
    let running = Running::start(progress::watcher(output));
    let runtime = runtime(store.clone(), executors, secrets);
    let result = runtime.deploy_on(&id, name, &seed, prepared, terms, running.control()).await;
    running.end();
    finish(name, &id, store, result, output).await
}
