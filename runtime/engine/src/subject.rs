//! An instance as its provider is to see it: all of its properties, resolved.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::FileRef;
use bp_topology::{Act, Call, Flaw, InstanceId, Partly, Reads, Resolved, Topology};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::Failure;
use crate::secrets::Revealed;

/// What is wanted of an instance. Kept as a blob; its digest tells whether anything changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its node type, by full name.
    pub node_type: String,
    /// The types that this extends, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// The provider that keeps it.
    pub provider: String,
    /// Its properties; in the place of each secret part stands a mark with a keyed hash of it.
    pub properties: BTreeMap<String, Json>,
    /// The properties of its account; none where it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<BTreeMap<String, Json>>,
    /// The files among the properties, by the JSON pointer that leads to each (`/template`): there
    /// stands its path and digest; whoever performs the step puts the content beside them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileRef>,
    /// Labels of blueprint and node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The properties with secret parts as they really are.
    #[serde(skip)]
    pub revealed: Revealed,
}

/// The instance as far as it is known: `None` where it still needs what others report. Beside it
/// what it read of others.
pub(crate) fn resolve(
    topology: &Topology,
    id: &InstanceId,
) -> (Result<Option<Subject>, Failure>, Reads) {
    let (resolved, reads) = topology.resolve(id);
    let key = topology.secrets().key();
    let subject = resolved.map(|it| it.map(|resolved| Subject::of(resolved, key)));
    (subject.map_err(Failure::from), reads)
}

/// The instance as far as it is known, and what each of its other properties waits for.
pub(crate) fn resolve_partly(
    topology: &Topology,
    id: &InstanceId,
) -> Result<(Subject, BTreeMap<String, BTreeSet<InstanceId>>), Failure> {
    let (resolved, _) = topology.resolve_partly(id);
    let Partly { known, unknown } = resolved?;
    Ok((Subject::of(known, topology.secrets().key()), unknown))
}

impl Subject {
    /// An operation as it is to be called: what carries it out is its provider.
    pub(crate) fn of_call(act: &Act, call: Call, key: &[u8]) -> Self {
        let Call { kinds, properties, files, limits: _, wants_result: _ } = call;
        let mut revealed = Revealed::default();
        let mut shown: BTreeMap<String, Json> = properties
            .into_iter()
            .map(|(name, property)| {
                let shown = revealed.shown(key, &name, property);
                (name, shown)
            })
            .collect();
        shown.insert("operation".to_owned(), Json::from(act.operation.as_str()));
        shown.insert("kinds".to_owned(), Json::from(kinds.clone()));
        let provider = carried_out_by(&kinds).unwrap_or_default().to_owned();
        Self {
            node_type: act.to_string(),
            extends: Vec::new(),
            provider,
            properties: shown,
            account: None,
            files,
            labels: BTreeMap::new(),
            revealed,
        }
    }

    fn of(resolved: Resolved, key: &[u8]) -> Self {
        let mut revealed = Revealed::default();
        let mut properties = BTreeMap::new();
        for (name, property) in resolved.properties {
            let shown = revealed.shown(key, &name, property);
            properties.insert(name, shown);
        }
        let Resolved { node_type, extends, provider, account, files, labels, .. } = resolved;
        Self { node_type, extends, provider, properties, account, files, labels, revealed }
    }

    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Which of an implementation's kinds says what carries it out: the one that all others of its kind
/// derive from.
pub(crate) fn carried_out_by(kinds: &[String]) -> Option<&str> {
    let own = kinds.iter().take_while(|kind| *kind != "std.Implementation");
    own.last().or(kinds.first()).map(String::as_str)
}

impl From<Flaw> for Failure {
    fn from(flaw: Flaw) -> Self {
        Self { property: flaw.property, help: flaw.help, ..Self::permanent(flaw.message) }
    }
}
