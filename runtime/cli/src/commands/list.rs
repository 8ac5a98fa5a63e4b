//! `bpr list`.

use std::fmt::Write as _;
use std::sync::Arc;

use bp_driver::{Deployments, Listed};
use serde_json::json;

use super::status::word;
use crate::output::Output;
use crate::told::Told;
use crate::{DONE, FAILED, home, journals};

pub(crate) async fn run(output: Output) -> Result<u8, Vec<Told>> {
    let (rows, code) = if journals::is_shared() {
        (of_database().await?, DONE)
    } else {
        of_folders(output).await?
    };
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

/// Those in the database that several machines share.
async fn of_database() -> Result<Vec<Listed>, Vec<Told>> {
    let store = journals::shared().await.map_err(|told| vec![told])?;
    let Some(store) = store else { return Ok(Vec::new()) };
    let listed = Deployments::new(Arc::new(store)).list().await;
    listed.map_err(|error| vec![Told::error(error.to_string())])
}

/// Those that have a folder here, and what comes of it.
async fn of_folders(output: Output) -> Result<(Vec<Listed>, u8), Vec<Told>> {
    let (mut rows, mut code) = (Vec::new(), DONE);
    for name in home::names().await.map_err(|told| vec![told])? {
        // One that can't be read does not hide the others.
        match home::existing(&name).await {
            Ok((journal, _)) => match Deployments::new(journal.store()).list().await {
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
    rows.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok((rows, code))
}
