//! An instance as its provider is to see it: all of its properties, resolved.

use std::collections::BTreeMap;

use bp_plan::FileRef;
use bp_topology::{Flaw, InstanceId, Property, Reads, Resolved, Topology};
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

impl Subject {
    fn of(resolved: Resolved, key: &[u8]) -> Self {
        let mut revealed = Revealed::default();
        let mut properties = BTreeMap::new();
        for (name, property) in resolved.properties {
            let shown = match property {
                Property::Plain(value) => value,
                Property::Secret { open, of, parts } => revealed.add(key, &name, open, &of, &parts),
            };
            properties.insert(name, shown);
        }
        let Resolved { node_type, provider, account, files, labels, .. } = resolved;
        Self { node_type, provider, properties, account, files, labels, revealed }
    }

    /// Its canonical bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl From<Flaw> for Failure {
    fn from(flaw: Flaw) -> Self {
        Self { property: flaw.property, help: flaw.help, ..Self::permanent(flaw.message) }
    }
}
