//! What the tests of this provider share.

use bp_provider::Subject;
use serde_json::Value as Json;

/// An instance of a node of this kind with these properties.
pub(crate) fn subject(kind: &str, properties: &Json) -> Subject {
    let properties = properties.as_object().cloned().unwrap_or_default();
    Subject {
        deployment: "d-1".to_owned(),
        deployment_name: "shop".to_owned(),
        instance: "it[\"east\"]".to_owned(),
        node_type: format!("std.kubernetes.{kind}"),
        extends: Vec::new(),
        properties: properties.into_iter().collect(),
        ..Subject::default()
    }
}
