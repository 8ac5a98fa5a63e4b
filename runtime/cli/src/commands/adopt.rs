//! `bpr adopt`: an object that is there already becomes a node's.

use std::sync::Arc;

use bp_engine::outlook::{NodeOutlook, Outlook};
use bp_engine::status::shown;
use bp_journal::Store;
use serde_json::json;

use super::outlook;
use super::run::runtime;
use super::wanted::{Wanted, new_id, one, warn};
use crate::DONE;
use crate::arguments::Adopt;
use crate::home::{self, Opened};
use crate::output::Output;
use crate::secrets::Sources;
use crate::told::Told;

pub(crate) async fn run(asked: Adopt, output: Output) -> Result<u8, Vec<Told>> {
    let wanted = Wanted::of(&asked.what, asked.name.as_deref(), &asked.given).await?;
    let name = &wanted.name;
    let (instance, object) = parts(&asked.node);
    let passing = Sources::passing();
    let rehearsed = wanted.prepare(&new_id(name), &passing).await?;
    warn(&rehearsed, output);
    if wanted.id.is_none() {
        // What is refused leaves nothing behind: a journal in memory shows whether it is.
        let runtime = runtime(wanted.reads(), wanted.executors.clone(), passing);
        let tried = runtime.adopt(&new_id(name), name, "", rehearsed, (instance, object)).await;
        tried.map_err(|error| wanted.refused(&error))?;
    }
    let Opened { journal, .. } = home::open(name).await.map_err(one)?;
    let held = journal.hold(name).await.map_err(one)?;
    let store = held.store();
    held.during(carry_out(&wanted, store, (instance, object), output)).await
}

/// Adopts it, in a journal that is held.
async fn carry_out(
    wanted: &Wanted,
    store: Arc<dyn Store>,
    (instance, object): (&str, Option<&str>),
    output: Output,
) -> Result<u8, Vec<Told>> {
    let name = &wanted.name;
    let id = home::open(name).await.map_err(one)?.id.unwrap_or_else(|| new_id(name));
    let secrets = Sources::of(name).map_err(one)?;
    let prepared = wanted.prepare(&id, &secrets).await?;
    let seed = format!("{:032x}", rand::random::<u128>());
    let runtime = runtime(store.clone(), wanted.executors.clone(), secrets);
    let adoption = runtime
        .adopt(&id, name, &seed, prepared, (instance, object))
        .await
        .map_err(|error| wanted.refused(&error))?;
    let target = shown(&adoption.target).to_owned();
    let node = NodeOutlook {
        id: adoption.instance.clone(),
        node: bp_engine::terms::node_of(&adoption.instance).to_owned(),
        target: target.clone(),
        action: adoption.ahead.action,
        was: None,
        fields: adoption.ahead.fields,
        operations: Vec::new(),
        reason: adoption.ahead.reason,
        help: None,
        property: None,
        needs_approval: false,
        wanted: None,
        target_id: String::new(),
        protection: None,
    };
    output.json(&json!({ "adopted": adoption.id, "node": node }));
    let words = format!(
        "{name}: {} is `{}` on {target} from now on; nothing was done to it\n",
        adoption.instance, adoption.id
    );
    output.text(&words);
    output.text("  the next update would do this:\n\n");
    output.text(&outlook::drawn(name, &Outlook { nodes: vec![node] }, output.paints()));
    Ok(DONE)
}

/// The instance and the object: a key may hold a `=`, too.
fn parts(text: &str) -> (&str, Option<&str>) {
    let end = text.find("]=").map(|at| at + 1);
    let end = if text.contains('[') { end } else { text.find('=') };
    match end.and_then(|end| text.split_at_checked(end)) {
        Some((instance, object)) => (instance, object.strip_prefix('=')),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_object_stands_behind_the_instance() {
        for (text, expected) in [
            ("db", ("db", None)),
            ("db=shop/orders", ("db", Some("shop/orders"))),
            ("db[\"a=b\"]", ("db[\"a=b\"]", None)),
            ("db[\"a=b\"]=x=y", ("db[\"a=b\"]", Some("x=y"))),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
