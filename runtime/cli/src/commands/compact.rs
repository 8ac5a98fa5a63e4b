//! `bpr journal compact`: what happened long ago is dropped, and what was dropped is said.

use bp_driver::{Compact, CompactOutlook, Deployments, Keep};
use jiff::Timestamp;
use serde_json::json;

use crate::moment::time;
use crate::output::Output;
use crate::told::Told;
use crate::{DONE, home, journals};

pub(crate) async fn run(
    name: &str,
    keep: Keep,
    is_dry: bool,
    output: Output,
) -> Result<u8, Vec<Told>> {
    let (journal, id) = home::existing(name).await.map_err(|told| vec![told])?;
    let now_ms = Timestamp::now().as_millisecond();
    let asked = Compact { keep, by: journals::operator(), now_ms, is_dry };
    let done = if is_dry {
        Deployments::new(journal.store()).compact(&id, &asked).await
    } else {
        let held = journal.hold(name).await.map_err(|told| vec![told])?;
        let deployments = Deployments::new(held.store());
        let work = async move {
            let done = deployments.compact(&id, &asked).await?;
            // What is gone is made good for by what is kept.
            if done.is_some() {
                deployments.keep(&id).await?;
            }
            Ok(done)
        };
        held.during(work).await
    };
    match done.map_err(|error| Told::driver(name, &error))? {
        Some(outlook) => tell(name, &outlook, is_dry, output),
        None => nothing(name, keep, output),
    }
    Ok(DONE)
}

fn nothing(name: &str, keep: Keep, output: Output) {
    output.json(&json!({ "dropped": null }));
    let what = match keep {
        Keep::Since(ms) => format!("happened before {}", time(ms)),
        Keep::Event(number) => format!("happened before event {number}"),
        Keep::Runs(1) => "happened before its newest run".to_owned(),
        Keep::Runs(count) => format!("happened before its newest {count} runs"),
    };
    output.text(&format!("{name}: nothing to drop, for nothing that its journal has {what}\n"));
}

fn tell(name: &str, outlook: &CompactOutlook, is_dry: bool, output: Output) {
    let CompactOutlook { events, until_ms, stay, oldest_revision, freed } = outlook;
    output.json(&json!({
        "dropped": {
            "events": freed.events,
            "blobs": freed.blobs,
            "bytes": freed.bytes,
            "until": time(*until_ms),
            "last_event": events,
        },
        "events": stay,
        "oldest_revision": oldest_revision,
        "dry_run": is_dry,
    }));
    let (verb, end) = if is_dry { ("would drop", " would stay") } else { ("dropped", " stay") };
    output.text(&format!(
        "{name}: {verb} {} and {}, {}, of what happened until {}; {}{end}\n",
        counted(freed.events, "event"),
        counted(freed.blobs, "blob"),
        bytes(freed.bytes),
        time(*until_ms),
        counted(*stay, "event"),
    ));
    if *oldest_revision > 1 {
        output.note(&format!(
            "  `bpr rollback {name} --to REVISION` goes back to {oldest_revision} or a later one"
        ));
    }
    if is_dry {
        output.note("  nothing was changed");
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A size for people.
#[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (size, shown) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_500, "1.5 kB"),
            (35_200_000, "35.2 MB"),
            (2_000_000_000, "2.0 GB"),
        ] {
            assert_eq!(bytes(size), shown);
        }
        assert_eq!(
            (counted(1, "blob").as_str(), counted(0, "blob").as_str()),
            ("1 blob", "0 blobs")
        );
    }
}
