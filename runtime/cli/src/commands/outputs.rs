//! `bpr outputs`.

use std::fmt::Write as _;

use bp_driver::Deployments;
use bp_engine::outputs::Output as Value;
use serde_json::{Map, Value as Json};

use crate::output::Output;
use crate::told::Told;
use crate::{DONE, home};

pub(crate) async fn run(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (store, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let outputs =
        Deployments::new(store).outputs(&id).await.map_err(|error| Told::driver(name, &error))?;
    if output.is_json() {
        let known: Map<String, Json> = outputs
            .into_iter()
            .map(|(name, value)| match value {
                Value::Known(json) => (name, json),
                Value::Unknown(_) | Value::Secret | Value::Wrong(_) => (name, Json::Null),
            })
            .collect();
        output.json(&known);
        return Ok(DONE);
    }
    if outputs.is_empty() {
        output.note("the blueprint has no outputs");
    }
    let mut text = String::new();
    for (name, value) in outputs {
        let shown = match value {
            Value::Known(Json::Object(entries)) => {
                let _ = writeln!(text, "{name}");
                let width = entries.keys().map(|key| key.chars().count()).max().unwrap_or(0);
                for (key, value) in entries {
                    let _ = writeln!(text, "  {key:<width$} = {value}");
                }
                continue;
            }
            Value::Known(json) => json.to_string(),
            Value::Unknown(missing) => match missing.first() {
                Some(first) => format!("not known yet: it needs {first}"),
                None => "not known: it is removed".to_owned(),
            },
            Value::Secret => "a secret".to_owned(),
            Value::Wrong(why) => format!("none: {why}"),
        };
        let _ = writeln!(text, "{name} = {shown}");
    }
    output.text(&text);
    Ok(DONE)
}
