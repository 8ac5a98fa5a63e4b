//! `bpr update`: what `bpr plan` shows, and no more.

use std::path::Path;

use bp_driver::{DriverError, Package, Saved};
use bp_engine::Terms;

use super::deploy::bring_about;
use super::outlook;
use super::plan::{Seen, look};
use super::run::runtime;
use super::wanted::{Wanted, one};
use crate::arguments::Update;
use crate::home;
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;

pub(crate) async fn run(asked: Update, output: Output) -> Result<u8, Vec<Told>> {
    if asked.name.is_none() && Path::new(&asked.what).is_file() {
        return as_saved(Path::new(&asked.what), &asked, output).await;
    }
    let wanted = Wanted::of(&asked.what, asked.name.as_deref(), &asked.given).await?;
    if wanted.id.is_none() {
        let told = Told::error(format!("there is no deployment `{}` to update", wanted.name));
        return Err(one(told.help("`bpr deploy` makes one; `bpr plan` shows what it would do")));
    }
    let Seen { plan, outlook, id } = look(&wanted, &asked.approve, output).await?;
    output.text(&outlook::drawn(&wanted.name, &outlook, output.paints()));
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), Sources::passing());
    let approved = runtime.check_approved(&id, &plan, &outlook).await;
    approved.map_err(|error| wanted.refused(&error))?;
    let terms = Terms { approved: asked.approve, replaces: Some(outlook.replaces()) };
    bring_about(wanted, None, terms, output).await
}

/// Just what a plan says that was kept, where everything is still as it was then.
async fn as_saved(path: &Path, asked: &Update, output: Output) -> Result<u8, Vec<Told>> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| one(Told::error(format!("the plan {shown} can't be read: {error}"))))?;
    let wrong = |error: DriverError| {
        let told = Told::error(format!("{shown}: {error}"));
        one(told
            .help("`bpr plan … -o FILE` writes one; for a plan of `bpc compile` add `--name NAME`"))
    };
    let saved = Saved::from_bytes(&bytes).map_err(wrong)?;
    if !asked.approve.is_empty() || !asked.given.is_empty() {
        let told = Told::error(format!("{shown} says all that is to be done"));
        return Err(one(
            told.help("give inputs, clusters and approvals to `bpr plan`, and keep another plan")
        ));
    }
    home::check_name(&saved.name).map_err(one)?;
    let there = home::there(&saved.name).await.map_err(one)?;
    let package = saved.container().and_then(|bytes| Ok(Package::read(bytes)?)).map_err(wrong)?;
    let (inputs, inventory) = (saved.inputs.clone(), saved.inventory.clone());
    let wanted = Wanted::new(&saved.name, there, package, inputs, inventory)?;
    let runtime = runtime(wanted.reads(), wanted.executors.clone(), Sources::passing());
    let refused = |error: DriverError| {
        let mut told = wanted.refused(&error);
        if let (DriverError::Moved(_), Some(first)) = (&error, told.first_mut()) {
            first.help = Some("look again: `bpr plan … -o FILE`".to_owned());
        }
        told
    };
    let id = wanted.id.clone().unwrap_or_default();
    runtime.check_position(&id, &saved).await.map_err(refused)?;
    let Seen { plan, outlook: now, id } = look(&wanted, &saved.terms.approved, output).await?;
    if let Some(why) = saved.outlook.moved_to(&now) {
        return Err(refused(DriverError::Moved(why)));
    }
    runtime.check_approved(&id, &plan, &now).await.map_err(refused)?;
    output.text(&outlook::drawn(&wanted.name, &now, output.paints()));
    bring_about(wanted, None, saved.terms, output).await
}
