//! How long a person waits for a language server: for what is wrong after a key, and for what can
//! stand here, in a file of so many lines.

mod client;
mod work;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use self::client::Client;
use self::work::Work;
use crate::series::Finding;

/// How often each is measured.
const TIMES: usize = 100;
/// The longest that a person may wait for diagnostics, in milliseconds: the slowest of twenty keys.
const MOST_DIAGNOSTICS: f64 = 20.0;
/// The same for completion.
const MOST_COMPLETION: f64 = 10.0;

/// Milliseconds: the middle one, and the slowest but one in twenty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Wait {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
}

/// What a person waits for one server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Server {
    /// From a key to what is wrong.
    pub(crate) diagnostics: Wait,
    /// From a key to which entries can stand there.
    pub(crate) completion: Wait,
    /// From a key to which names can stand there; nothing where the language has no names.
    pub(crate) names: Option<Wait>,
}

/// Both servers over files of so many lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) lines: usize,
    pub(crate) ours: Server,
    pub(crate) yaml: Option<Server>,
}

/// Where the YAML server is, if it is anywhere: on the PATH, or among those that were installed
/// to be compared with.
pub(crate) fn yaml_server() -> Option<PathBuf> {
    let name = "yaml-language-server";
    crate::find(name).or_else(|| {
        Some(crate::series::peers()?.join("npm/node_modules/.bin").join(name))
            .filter(|file| file.is_file())
    })
}

/// Measures both.
pub(crate) fn measure(
    bpls: &Path,
    yaml: Option<&Path>,
    folder: &Path,
    lines: usize,
) -> Result<Point, String> {
    let folder = folder.join(format!("editor-{lines}"));
    let nodes = work::nodes(lines);
    let ours = serve(bpls, &folder, &work::blueprint(nodes))?;
    let yaml = match yaml {
        Some(program) => Some(serve(program, &folder, &work::yaml(nodes))?),
        None => None,
    };
    Ok(Point { lines, ours, yaml })
}

fn serve(program: &Path, folder: &Path, work: &Work) -> Result<Server, String> {
    let told = |error: String| format!("{}: {error}", program.display());
    work.write(folder).map_err(|error| told(error.to_string()))?;
    let schema = format!("file://{}", folder.join("schema.json").display());
    let settings = json!({
        "yaml": {
            "schemas": { schema: [work.file] },
            "validate": true,
            "completion": true,
            "schemaStore": { "enable": false },
        },
    });
    let mut client = Client::start(program, folder, settings).map_err(told)?;
    client.open(&folder.join(work.file), work.language, &work.text).map_err(told)?;
    client.diagnostics(false).map_err(told)?;
    let diagnostics = keys(&mut client, work).map_err(told)?;
    let completion = completions(&mut client, work, work.entry).map_err(told)?;
    let names = match work.name {
        Some(name) => Some(completions(&mut client, work, name).map_err(told)?),
        None => None,
    };
    Ok(Server { diagnostics, completion, names })
}

/// The lines that begin like this, in an order that jumps about in the file.
fn places(client: &Client, start: &str) -> Result<Vec<usize>, String> {
    let lines = client.lines().iter().enumerate();
    let found: Vec<usize> =
        lines.filter(|(_, line)| line.starts_with(start)).map(|(at, _)| at).collect();
    let pick = |turn: usize| found.get(turn * 7919 % found.len().max(1)).copied();
    (0..TIMES / 2).map(pick).collect::<Option<_>>().ok_or_else(|| format!("no line with `{start}`"))
}

/// A letter behind a number, and away again: each time, what is wrong has to change.
fn keys(client: &mut Client, work: &Work) -> Result<Wait, String> {
    let mut taken = Vec::new();
    for line in places(client, work.number)? {
        let end = client.lines().get(line).map_or(0, String::len);
        let start = Instant::now();
        client.edit(line, end, end, "x")?;
        taken.push(client.diagnostics(true)?.duration_since(start).as_secs_f64());
        let start = Instant::now();
        client.edit(line, end, end + 1, "")?;
        taken.push(client.diagnostics(false)?.duration_since(start).as_secs_f64());
    }
    Ok(wait(&taken))
}

/// A new line, and two letters of what stands there: what can is asked after each.
fn completions(
    client: &mut Client,
    work: &Work,
    (blank, entry): (&str, &str),
) -> Result<Wait, String> {
    let mut taken = Vec::new();
    for line in places(client, work.region)? {
        let end = client.lines().get(line).map_or(0, String::len);
        client.edit(line, end, end, &format!("\n{blank}"))?;
        for (at, letter) in entry.chars().take(2).enumerate() {
            let column = blank.len() + at;
            let start = Instant::now();
            client.edit(line + 1, column, column, &letter.to_string())?;
            let (at, found) = client.complete(line + 1, column + 1)?;
            taken.push(at.duration_since(start).as_secs_f64());
            if !found.iter().any(|label| label == entry) {
                return Err(format!("`{entry}` is not among the completions: {found:?}"));
            }
        }
        client.remove(line + 1)?;
    }
    Ok(wait(&taken))
}

/// In milliseconds.
fn wait(seconds: &[f64]) -> Wait {
    let mut sorted: Vec<f64> = seconds.iter().map(|s| s * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: usize| {
        let at = (sorted.len() * part).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    };
    Wait { p50: at(50), p95: at(95) }
}

/// What must hold of these figures.
pub(crate) fn findings(point: &Point) -> Vec<Finding> {
    let finding = |what: &str, found: Wait, most: f64| Finding {
        claim: format!("{what} at {} lines: at most {most:.0} ms for 95 of 100", point.lines),
        found: format!("{:.1} ms", found.p95),
        holds: found.p95 <= most,
    };
    let names = point.ours.names.unwrap_or_default();
    vec![
        finding("`bpls` from a key to diagnostics", point.ours.diagnostics, MOST_DIAGNOSTICS),
        finding("`bpls` from a key to entries", point.ours.completion, MOST_COMPLETION),
        finding("`bpls` from a key to names", names, MOST_COMPLETION),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_one_in_twenty_is_left_out() {
        let seconds: Vec<f64> = (1..=100).rev().map(|n| f64::from(n) / 1e3).collect();
        let found = wait(&seconds);
        assert!((found.p50 - 50.0).abs() < 1e-9 && (found.p95 - 95.0).abs() < 1e-9, "{found:?}");
        assert_eq!(wait(&[]), Wait::default());
    }

    #[test]
    fn slow_figures_show() {
        let fast = Wait { p50: 1.0, p95: 9.0 };
        let slow = Wait { p50: 1.0, p95: 21.0 };
        let point = |diagnostics, completion| Point {
            lines: 1_000,
            ours: Server { diagnostics, completion, names: Some(completion) },
            yaml: None,
        };
        assert!(findings(&point(fast, fast)).iter().all(|finding| finding.holds));
        assert!(findings(&point(slow, slow)).iter().all(|finding| !finding.holds));
    }
}
