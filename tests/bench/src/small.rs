//! What is measured by itself: a small blueprint from start to exit, and text to tree on one thread.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::Job;
use crate::series::{Finding, Programs};

/// How many seconds the check of a small blueprint may take.
const MOST_HELLO: f64 = 0.015;
/// How many megabytes a second one thread must make trees of, at least.
const LEAST_TEXT: f64 = 12.0;

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

/// What the compiler's own bench says.
pub(crate) fn text_to_tree() -> Result<Vec<Finding>, String> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
    let output = Command::new(cargo)
        .args(["bench", "--quiet", "--locked", "-p", "bp-compiler", "--bench", "text_to_tree"])
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

/// `a tree of nodes: 12.8 MB/s of 1.3 MB`.
fn finding(line: &str) -> Option<Finding> {
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
        let slow = finding("a tree of nodes: 8.4 MB/s of 1.3 MB");
        assert!(slow.is_some_and(|finding| !finding.holds && finding.found.starts_with("8.4")));
        assert!(finding("a tree: 12.0 MB/s of 1.3 MB").is_some_and(|finding| finding.holds));
        assert_eq!(finding("running 0 tests"), None);
    }
}
