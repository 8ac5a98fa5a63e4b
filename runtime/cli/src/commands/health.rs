//! `bpr health`: how nodes are, as those who keep them tell.

use std::fmt::Write as _;

use bp_driver::drift::{Looked, is_ill};
use serde::Serialize;

use super::drift::nobody;
use super::outlook::Paint;
use super::run::{executors, runtime};
use crate::arguments::Health;
use crate::output::{Output, printable};
use crate::secrets::Sources;
use crate::told::Told;
use crate::{DONE, PARTLY, home};

/// What programs are told.
#[derive(Serialize)]
struct Document<'o> {
    deployment: &'o str,
    /// All that could be asked are well.
    is_well: bool,
    /// The instances that nobody can be asked about: nothing but their own operations keeps them.
    unasked: &'o [String],
    nodes: Vec<Node<'o>>,
}

/// How one is.
#[derive(Serialize)]
struct Node<'o> {
    id: &'o str,
    target: &'o str,
    is_well: bool,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'o str>,
}

pub(crate) async fn run(asked: Health, output: Output) -> Result<u8, Vec<Told>> {
    let one = |told| vec![told];
    let name = asked.name.as_str();
    let (journal, id) = home::existing(name).await.map_err(one)?;
    let secrets = Sources::looking(name).map_err(one)?;
    let runtime = runtime(journal.store(), executors(name).map_err(one)?, secrets);
    let looked = runtime.health(&id, &asked.nodes).await;
    let Looked { outlook, unasked, .. } = looked.map_err(|error| Told::driver(name, &error))?;
    let ill = outlook.nodes.iter().filter(|node| is_ill(node)).count();
    if output.is_json() {
        let nodes = outlook.nodes.iter().map(|node| Node {
            id: &node.id,
            target: &node.target,
            is_well: !is_ill(node),
            reason: node.reason.as_deref().filter(|_| is_ill(node)),
        });
        let is_well = ill == 0;
        output.json(&Document {
            deployment: name,
            is_well,
            unasked: &unasked,
            nodes: nodes.collect(),
        });
    } else {
        let paint = Paint(output.paints());
        let mut text = String::new();
        for node in outlook.nodes.iter().filter(|node| is_ill(node)) {
            let why = node.reason.as_deref().unwrap_or("it can't be told");
            let mark = paint.with("31", "✗");
            let on =
                if node.target == "local" { String::new() } else { format!(" on {}", node.target) };
            let _ = writeln!(text, "{mark} {}{on}  {}", printable(&node.id), printable(why));
        }
        let all = outlook.nodes.len();
        let unasked = nobody(&unasked);
        let _ = match ill {
            0 if all == 0 => writeln!(text, "{name}: there is nobody to ask{unasked}"),
            0 => writeln!(text, "{name}: all of {all} are well{unasked}"),
            1 => writeln!(text, "{name}: 1 of {all} is not well{unasked}"),
            many => writeln!(text, "{name}: {many} of {all} are not well{unasked}"),
        };
        output.text(&text);
    }
    Ok(if ill == 0 { DONE } else { PARTLY })
}
