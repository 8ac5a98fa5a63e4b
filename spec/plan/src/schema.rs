//! The JSON Schema of `plan.json`, made from its types.

use crate::document::Plan;

/// The schema, as it stands in `plan.schema.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Plan).to_value()
}
