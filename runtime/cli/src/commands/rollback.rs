//! `bpr rollback`: an update to what an earlier revision wanted.

use bp_engine::Terms;

use super::deploy::bring_about;
use super::outlook;
use super::plan::{Seen, look, shown};
use super::run::runtime;
use super::wanted::Wanted;
use crate::arguments::Rollback;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;
use crate::{DONE, PARTLY};

pub(crate) async fn run(asked: Rollback, output: Output) -> Result<u8, Vec<Told>> {
    let (wanted, earlier) = Wanted::earlier(&asked.name, asked.to).await?;
    output.note(&format!("{}: back to revision {}", asked.name, earlier.to));
    if !earlier.secrets.is_empty() {
        let names: Vec<String> = earlier.secrets.iter().map(|name| format!("`{name}`")).collect();
        output.note(&format!(
            "  no version of {} is recorded: as of now, and not as of then",
            names.join(", ")
        ));
    }
    if asked.dry_run {
        let Seen { outlook, .. } = shown(&wanted, &asked.approve, output).await?;
        return Ok(if outlook.is_complete() { DONE } else { PARTLY });
    }
    let Seen { plan, outlook, id } = look(&wanted, &asked.approve, output).await?;
    output.text(&outlook::drawn(&wanted.name, &outlook, output.paints()));
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), Sources::passing());
    let approved = runtime.check_approved(&id, &plan, &outlook).await;
    approved.map_err(|error| wanted.refused(&error))?;
    let terms = Terms { approved: asked.approve, replaces: Some(outlook.replaces()) };
    bring_about(wanted, None, terms, output).await
}
