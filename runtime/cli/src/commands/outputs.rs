//! `bpr outputs`.

use std::fmt::Write as _;

use bp_driver::Deployments;
use bp_engine::outputs::Output as Value;
use serde_json::{Map, Value as Json};

use crate::output::Output;
use crate::told::Told;
use crate::{DONE, PARTLY, home};

pub(crate) async fn run(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let outputs = Deployments::new(journal.store())
        .outputs(&id)
        .await
        .map_err(|error| Told::driver(name, &error))?;
    let wrong: Vec<(&String, &String)> = outputs
        .iter()
        .filter_map(|(name, value)| match value {
            Value::Wrong(why) => Some((name, why)),
            _ => None,
        })
        .collect();
    for (name, why) in &wrong {
        output.told(&Told::error(format!("the output `{name}` has no value: {why}")));
    }
    let code = if wrong.is_empty() { DONE } else { PARTLY };
    if output.is_json() {
        let known: Map<String, Json> = outputs
            .into_iter()
            .map(|(name, value)| match value {
                Value::Known(json) => (name, json),
                Value::Unknown(_) | Value::Secret | Value::Wrong(_) => (name, Json::Null),
            })
            .collect();
        output.json(&known);
        return Ok(code);
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
            Value::Wrong(_) => continue,
        };
        let _ = writeln!(text, "{name} = {shown}");
    }
    output.text(&text);
    Ok(code)
}
