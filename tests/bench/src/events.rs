//! How many events of steps the journal holds, as `bpr history` tells.

use serde_json::Value as Json;

use crate::measure::Job;

/// Runs `bpr history … --output json` and counts the events of steps in it.
pub(crate) fn count(history: &Job<'_>) -> Result<usize, String> {
    history.run()?;
    let said = std::fs::read_to_string(history.folder.join("output.log"))
        .map_err(|error| error.to_string())?;
    let mut steps = 0;
    for value in serde_json::Deserializer::from_str(&said).into_iter::<Json>() {
        let value = value.map_err(|error| format!("`bpr history` gives no JSON: {error}"))?;
        steps += steps_in(&value);
    }
    Ok(steps)
}

/// Events have a `kind` such as `step-started`; they stand in lists or one a line.
fn steps_in(value: &Json) -> usize {
    match value {
        Json::Array(items) => items.iter().map(steps_in).sum(),
        Json::Object(entries) => match entries.get("kind") {
            Some(Json::String(kind)) => usize::from(kind.starts_with("step-")),
            _ => entries.values().map(steps_in).sum(),
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_count() {
        let json = serde_json::json!({"events": [
            {"kind": "run-started"}, {"kind": "step-started"}, {"kind": "step-succeeded"}
        ]});
        assert_eq!(steps_in(&json), 2);
    }
}
