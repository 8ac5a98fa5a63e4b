//! What is secret of what operations give and providers report: sealed before it is journaled, opened when it is
//! needed again.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bp_engine::{Sealing, State, event};
use bp_journal::Store;
use bp_plan::Value;
use bp_provider::{Class, Failure, SEALED};
use bp_topology::{Secrets, Topology};
use serde_json::Value as Json;

use crate::error::DriverError;
use crate::perform::Hands;
use crate::secrets::{SecretSource, Unsealed, Veil};

/// The topology learns what the journal has sealed; what can't be opened is missing, with the reason.
pub(crate) async fn learn(
    topology: &mut Topology,
    state: &State,
    store: &dyn Store,
    source: &dyn SecretSource,
) -> Result<(), DriverError> {
    for (name, digest) in &state.sealed {
        if topology.secrets().knows(name) {
            continue;
        }
        let sealed = store.blob(digest).await?;
        let sealed = sealed.ok_or_else(|| DriverError::MissingBlob(digest.clone()))?;
        match source.open(&sealed).map(|open| serde_json::from_slice::<Value>(&open)) {
            Ok(Ok(value)) => topology.secrets_mut().know(name, value),
            Ok(Err(_)) => {
                let why = "what is sealed in the journal is no value".to_owned();
                let help = "it was written by another program or damaged".to_owned();
                topology.secrets_mut().fail(name, why, help);
            }
            Err(Unsealed { why, help }) => {
                let why = format!("it is sealed in the journal, and can't be opened: {why}");
                topology.secrets_mut().fail(name, why, help);
            }
        }
    }
    source.hide(topology.secrets());
    Ok(())
}

impl Hands {
    /// Seals what is secret of a report, by name. From here on these hands hide it, too. What is to be written down
    /// beside it must show none.
    pub(crate) fn seal(
        &mut self,
        secrets: &Secrets,
        sealing: &Sealing,
        record: Option<&Json>,
    ) -> Result<BTreeMap<String, Vec<u8>>, event::Failure> {
        self.secrets = secrets.clone();
        self.veil = Arc::new(Veil::of(secrets));
        self.source.hide(secrets);
        let shown = self.veil.seen(&sealing.shown).map(|name| ("what it gave", name));
        let shown = shown.or_else(|| Some(("its record", self.veil.seen(record?)?)));
        if let Some((what, name)) = shown {
            let failure = event::Failure::permanent(format!(
                "it was done, but {what} shows the secret `{name}` where its type says that nothing is secret, and would be written down"
            ));
            let help = "declare that part `secret`, too, or let it be something else".to_owned();
            return Err(event::Failure { help: Some(help), ..failure });
        }
        let one = |(name, open): (&String, &Json)| {
            let sealed = self.source.seal(open.to_string().as_bytes());
            sealed.map(|sealed| (name.clone(), sealed)).map_err(|Unsealed { why, help }| {
                let failure = event::Failure::permanent(format!(
                    "it was done, but what it gave is secret, and can't be sealed: {why}"
                ));
                event::Failure { help: Some(help), ..failure }
            })
        };
        sealing.open.iter().map(one).collect()
    }

    /// A result that came sealed.
    pub(crate) fn opened(&self, result: Json) -> Result<Json, Failure> {
        let Some(sealed) = result.get(SEALED).and_then(Json::as_str) else { return Ok(result) };
        let wrong = |why: &str, help: &str| {
            Failure::new(Class::Permanent, format!("it was carried out, but {why}")).help(help)
        };
        let sealed = STANDARD.decode(sealed).unwrap_or_default();
        let open = self.source.open(&sealed).map_err(|Unsealed { why, help }| {
            wrong(&format!("its result is sealed, and can't be opened: {why}"), &help)
        })?;
        if open.trim_ascii().is_empty() {
            return Ok(Json::Null);
        }
        // What is wrong with it could say what the secret is.
        serde_json::from_slice(&open).map_err(|_| {
            wrong(
                "its result is no JSON",
                "write the result, and nothing else, to the standard output; words for people go to the standard error",
            )
        })
    }
}
