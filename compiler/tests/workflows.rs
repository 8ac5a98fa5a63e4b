//! Workflows: every kind of step is accepted and in the plan; every mistake is told once, where it is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Severity;
use bp_compiler::loader::Overlay;
use bp_plan::workflow::Action;
use bp_plan::{Expr, Type, Value, Workflow};

/// What the workflows of the tests have around them, on one line each, so that lines can be counted.
const AROUND: &str = r#"blueprint x { version = "1.0.0" }
interface type Maintenance { operation snapshot(bucket: string where self != "", timeout: duration = 10m) -> { bytes: size }
  operation send(password: secret string, note: string?) }
node type Db { implements Maintenance
  property sites: list<string> = ["a"]
  attribute load: float
  operation maintenance.snapshot = script("snapshot.sh")
  operation maintenance.send = script("send.sh") }
interface type Bare { operation ping() -> { ok: bool } }
node type Silent { implements Bare }
input replicas: int = 2 where self in 1..9
input has_spare: bool = false
secret password: string
node dbs: Db for z in ["a", "b"]
node single: Db
node spare: Db if has_spare
node silent: Silent
"#;

fn analysed(workflows: &str) -> Analysis {
    let text = format!("{AROUND}{workflows}");
    let path = Path::new("/workflows.bp");
    let mut overlay = Overlay::new();
    overlay.insert(path.to_path_buf(), text);
    Analysis::load_with(path, &overlay)
}

/// Code and line of everything told; the first line of the test's own text is 1.
fn told(workflows: &str) -> Vec<String> {
    let before = AROUND.lines().count();
    let analysis = analysed(workflows);
    let shown = analysis.diagnostics().iter().map(|d| {
        let file = analysis.sources().file(d.place.file).unwrap();
        let line = file.position(d.place.span.start).line as usize;
        format!("{} {}: {}", d.code, line.saturating_sub(before), file.slice(d.place.span))
    });
    shown.collect()
}

fn accepted(workflows: &str) -> Vec<String> {
    told(workflows)
}
