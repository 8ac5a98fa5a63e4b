//! What is measured by itself: a small blueprint from start to exit, text to tree on one thread, and what an edit costs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::Job;
use crate::series::{Finding, Programs};

/// How many seconds the check of a small blueprint may take.
const MOST_HELLO: f64 = 0.015;
/// How many megabytes a second one thread must make trees of, at least.
const LEAST_TEXT: f64 = 12.0;
/// How many milliseconds it may take from an edit to what is told.
const MOST_EDIT: f64 = 10.0;

/// `bpc check` of the first blueprint that people see.
pub(crate) fn hello(programs: &Programs, work: &Path) -> Result<Finding, String> {
    let blueprint =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../blueprints/hello-fleet/hello.bp");
    let arguments = vec!["check".to_owned(), blueprint.display().to_string()];
    let job = Job { program: &programs.bpc, arguments, folder: work, environment: vec![] };
    let taken = job.repeat(9, || Ok(()))?;
    Ok(Finding {
        claim: format!("`bpc check` of hello-fleet: at most {:.0} ms", MOST_HELLO * 1e3),
        found: format!("{:.1} ms", taken.wall * 1e3),
        holds: taken.wall <= MOST_HELLO,
    })
}

/// What the compiler's own benches say.
pub(crate) fn of_the_compiler() -> Result<Vec<Finding>, String> {
    let mut findings = bench("text_to_tree", tree)?;
    findings.extend(bench("after_an_edit", edit)?);
    Ok(findings)
}

fn bench(name: &str, finding: fn(&str) -> Option<Finding>) -> Result<Vec<Finding>, String> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
    let output = Command::new(cargo)
        .args(["bench", "--quiet", "--locked", "-p", "bp-compiler", "--bench", name])
        .output()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("cargo bench ended with {}:\n{said}", output.status));
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings: Vec<Finding> = said.lines().filter_map(finding).collect();
    if findings.is_empty() {
        return Err(format!("cargo bench gave no figure:\n{said}"));
    }
    Ok(findings)
}

/// `after an edit of a node's property in 10004 lines: 5.8 ms (median 4.9 ms)`.
fn edit(line: &str) -> Option<Finding> {
    let (what, found) = line.split_once(": ")?;
    let (slow, _) = found.split_once(" ms")?;
    what.starts_with("after an edit").then_some(())?;
    Some(Finding {
        claim: format!("{what}, to what is told: at most {MOST_EDIT:.0} ms (p95)"),
        found: found.to_owned(),
        holds: slow.parse::<f64>().ok()? <= MOST_EDIT,
    })
}

/// `a tree of nodes: 12.8 MB/s of 1.3 MB`.
fn tree(line: &str) -> Option<Finding> {
    let (what, found) = line.split_once(": ")?;
    let (speed, _) = found.split_once(" MB/s")?;
    Some(Finding {
        claim: format!("text to tree, {what}: at least {LEAST_TEXT:.0} MB/s a thread"),
        found: found.to_owned(),
        holds: speed.parse::<f64>().ok()? >= LEAST_TEXT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read() {
        let slow = tree("a tree of nodes: 8.4 MB/s of 1.3 MB");
        assert!(slow.is_some_and(|finding| !finding.holds && finding.found.starts_with("8.4")));
        assert!(tree("a tree: 12.0 MB/s of 1.3 MB").is_some_and(|finding| finding.holds));
        assert_eq!(tree("running 0 tests"), None);
        let quick = edit("after an edit of an output in 9 lines: 9.9 ms (median 8.0 ms)");
        assert!(quick.is_some_and(|finding| finding.holds));
        let slow = edit("after an edit of an output in 9 lines: 10.1 ms (median 8.0 ms)");
        assert!(slow.is_some_and(|finding| !finding.holds));
        assert_eq!(edit("running 0 tests"), None);
    }
}
