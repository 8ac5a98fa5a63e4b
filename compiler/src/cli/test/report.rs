//! What is told of tests: for a person, or for a program.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::MessageFormat;
use super::super::output::{self, Output};
use super::{Case, Tested, junit};
use crate::diagnostics::{Diagnostic, packages as says};
use crate::render::{json as lines, visible};
use crate::source::Place;

/// Tells of each file as it is done, and of all at the end.
pub(super) struct Report<'a> {
    form: MessageFormat,
    output: &'a mut Output,
    passed: usize,
    failed: usize,
    /// Files whose tests were not run.
    refused: usize,
    /// What is drawn at the end.
    drawn: String,
    /// What only the end can tell.
    kept: Vec<Tested>,
}

impl<'a> Report<'a> {
    pub(super) fn new(form: MessageFormat, output: &'a mut Output) -> Self {
        Self {
            form,
            output,
            passed: 0,
            failed: 0,
            refused: 0,
            drawn: String::new(),
            kept: Vec::new(),
        }
    }

    /// A file is done.
    pub(super) fn file(&mut self, tested: Tested) {
        self.refused += usize::from(!tested.obstacles.is_empty());
        for case in &tested.cases {
            if case.found.is_empty() {
                self.passed += 1;
            } else {
                self.failed += 1;
            }
        }
        match self.form {
            MessageFormat::Human => self.human(&tested),
            MessageFormat::Json => self.json_lines(&tested),
            MessageFormat::Junit => self.kept.push(tested),
            MessageFormat::Short | MessageFormat::Github => self.lines(&tested),
        }
    }

    fn human(&mut self, tested: &Tested) {
        let mut text = format!("{}\n", visible(&tested.path.display().to_string()));
        if !tested.obstacles.is_empty() {
            let refused = self.output.painted("FAILED", false);
            let is_gone = tested.obstacles.iter().any(|one| one.code == "E1027");
            let why = if is_gone { "it can't be read" } else { "no sound blueprint" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {refused}  {why}: its tests are not run");
            let source = |id| tested.source(id);
            let drawn = self.output.drawn(&tested.obstacles, source);
            self.drawn.push_str(&drawn);
        }
        for case in &tested.cases {
            let is_fine = case.found.is_empty();
            // Words of one width, so that names stand below each other.
            let word = self.output.painted(if is_fine { "ok    " } else { "FAILED" }, is_fine);
            let name = visible(&case.name);
            let _ = writeln!(text, "  {word}  {name}  ({})", shown(case.took));
            if !is_fine {
                let (file, line) = located(tested, case.place);
                let _ = writeln!(self.drawn, "test {:?} ({file}:{line})\n", case.name);
                let source = |id| tested.source(id);
                let drawn = self.output.drawn(&case.found, source);
                self.drawn.push_str(&drawn);
            }
        }
        self.output.answer(&text);
    }

    fn lines(&mut self, tested: &Tested) {
        let source = |id| tested.source(id);
        self.output.diagnostics(&tested.obstacles, source);
        for case in &tested.cases {
            self.output.diagnostics(&case.found, source);
        }
    }

    /// Each test as one line.
    fn json_lines(&mut self, tested: &Tested) {
        if !tested.obstacles.is_empty() {
            let line = json!({
                "file": tested.path.display().to_string(),
                "result": "refused",
                "diagnostics": objects(tested, &tested.obstacles),
            });
            self.output.line(&line.to_string());
        }
        for case in &tested.cases {
            let (file, number) = located(tested, case.place);
            let line = json!({
                "test": case.name,
                "file": file,
                "line": number,
                "result": result(case),
                "seconds": seconds(case.took),
                "diagnostics": objects(tested, &case.found),
            });
            self.output.line(&line.to_string());
        }
    }

    /// The last words; whether all passed.
    pub(super) fn end(self, took: Duration, filter: Option<&str>) -> bool {
        let has_run = self.passed + self.failed + self.refused > 0;
        if let Some(filter) = filter.filter(|_| !has_run && !self.output.has_errors()) {
            // Whoever asks for tests that there are not would take this for their passing.
            self.output.failed(Path::new("."), says::no_such_test(filter));
        }
        let is_fine = self.failed == 0 && self.refused == 0 && !self.output.has_errors();
        match self.form {
            MessageFormat::Human => {
                if !self.drawn.is_empty() {
                    self.output.answer("\n");
                    output::write_err(&self.drawn);
                }
                if let Some(left_out) = self.output.left_out() {
                    self.output.note(&left_out);
                }
                let gap = if self.drawn.is_empty() && self.passed > 0 { "\n" } else { "" };
                let summary = self.summary(took, filter);
                self.output.line(&format!("{gap}{summary}"));
            }
            MessageFormat::Json => {
                let summary = json!({ "summary": {
                    "passed": self.passed,
                    "failed": self.failed,
                    "refused": self.refused,
                    "seconds": seconds(took),
                }});
                self.output.line(&summary.to_string());
            }
            MessageFormat::Junit => self.output.answer(&junit::text(&self.kept, took)),
            MessageFormat::Short | MessageFormat::Github => {
                self.output.note(&self.summary(took, filter));
            }
        }
        is_fine
    }

    /// `3 passed, 1 failed in 12 ms`.
    fn summary(&self, took: Duration, filter: Option<&str>) -> String {
        if self.passed + self.failed + self.refused == 0 {
            return match filter {
                Some(_) => "no test was run".to_owned(),
                None => "no tests: write some in a blueprint, `test \"…\" { assert … }`".to_owned(),
            };
        }
        let mut parts = vec![format!("{} passed", self.passed)];
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        match self.refused {
            0 => {}
            1 => parts.push("1 file is no sound blueprint".to_owned()),
            many => parts.push(format!("{many} files are no sound blueprints")),
        }
        format!("{} in {}", parts.join(", "), shown(took))
    }
}

fn objects(tested: &Tested, found: &[Diagnostic]) -> Vec<Json> {
    let line = |one| lines::line(one, |id| tested.source(id));
    found.iter().map(|one| serde_json::from_str(&line(one)).unwrap_or(Json::Null)).collect()
}

fn result(case: &Case) -> &'static str {
    if case.found.is_empty() { "passed" } else { "failed" }
}

/// The file and the line of a place.
pub(super) fn located(tested: &Tested, place: Place) -> (String, u32) {
    match tested.source(place.file) {
        Some(source) => (source.path().to_owned(), source.position(place.span.start).line),
        None => (tested.path.display().to_string(), 1),
    }
}

fn seconds(took: Duration) -> f64 {
    // Microseconds are enough.
    (took.as_secs_f64() * 1e6).round() / 1e6
}

/// `0.3 ms`, `1.25 s`.
fn shown(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.1} ms", took.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}
