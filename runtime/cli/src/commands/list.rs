//! `bpr list`.

use std::fmt::Write as _;

use bp_driver::Deployments;
use serde_json::json;

use super::status::word;
use crate::output::Output;
use crate::told::Told;
use crate::{DONE, FAILED, home};

pub(crate) async fn run(output: Output) -> Result<u8, Vec<Told>> {
    let mut rows = Vec::new();
    let mut code = DONE;
    for name in home::names().map_err(|told| vec![told])? {
        // One that can't be read does not hide the others.
        match home::existing(&name).await {
            Ok((store, _)) => match Deployments::new(store).list().await {
                Ok(listed) => rows.extend(listed),
                Err(error) => {
                    for told in Told::driver(&name, &error) {
                        output.told(&told);
                    }
                    code = FAILED;
                }
            },
            Err(told) => {
                output.told(&told);
                code = FAILED;
            }
        }
    }
    if output.is_json() {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "id": row.id,
                    "name": row.name,
                    "state": row.state,
                    "revision": row.revision,
                    "targets": row.targets,
                })
            })
            .collect();
        output.json(&json!({ "deployments": rows }));
        return Ok(code);
    }
    if rows.is_empty() && code == DONE {
        output.note("there are no deployments; `bpr deploy PLAN --name NAME` makes one");
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let targets = if row.targets == 1 { "target" } else { "targets" };
        let _ = writeln!(
            text,
            "{:<width$}  {:<9}  revision {}  {} {targets}",
            row.name,
            word(row.state),
            row.revision,
            row.targets
        );
    }
    output.text(&text);
    Ok(code)
}
