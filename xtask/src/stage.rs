//! Named stages with their times, and a summary that leaves none out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The stages of a run, in order.
#[derive(Default)]
pub(crate) struct Stages {
    ended: Vec<Stage>,
}

struct Stage {
    name: String,
    took: Duration,
    result: Ended,
}

enum Ended {
    Passed(String),
    Failed(String),
    NotRun(String),
}

impl Stages {
    /// Runs a stage, whatever became of those before. Its note says what is worth knowing of a success.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Outcome<String>) -> bool {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = match work() {
            Ok(note) => Ended::Passed(note),
            Err(message) => {
                eprintln!("error: {message}");
                Ended::Failed(message)
            }
        };
        let passed = matches!(result, Ended::Passed(_));
        self.ended.push(Stage { name: name.to_owned(), took: start.elapsed(), result });
        passed
    }

    /// Notes a stage that could not run, which makes the whole fail.
    pub(crate) fn not_run(&mut self, name: &str, why: &str) {
        let result = Ended::NotRun(why.to_owned());
        self.ended.push(Stage { name: name.to_owned(), took: Duration::ZERO, result });
    }

    /// The summary, and whether all passed.
    pub(crate) fn summary(&self) -> (String, bool) {
        let mut text = String::new();
        let mut all = true;
        for Stage { name, took, result } in &self.ended {
            let (word, note) = match result {
                Ended::Passed(note) => ("passed", note),
                Ended::Failed(message) => ("FAILED", message),
                Ended::NotRun(why) => ("NOT RUN", why),
            };
            all &= word == "passed";
            let seconds = took.as_secs_f64();
            let note = note.lines().next().unwrap_or_default();
            text += format!("{word:<8} {seconds:>7.1} s  {name:<14} {note}").trim_end();
            text.push('\n');
        }
        let total: Duration = self.ended.iter().map(|stage| stage.took).sum();
        let seconds = total.as_secs_f64();
        let _ = writeln!(text, "{:<8} {seconds:>7.1} s  in all", "");
        (text, all)
    }
}

#[cfg(test)]
mod tests {
    use super::Stages;

    #[test]
    fn the_summary_leaves_nothing_out() {
        let mut stages = Stages::default();
        assert!(stages.run("first", || Ok("2 of 2".to_owned())));
        let (text, all) = stages.summary();
        assert!(all && text.contains("first") && text.contains("2 of 2"), "{text}");
        assert!(!stages.run("second", || Err("it broke".to_owned())));
        stages.not_run("third", "the second failed");
        let (text, all) = stages.summary();
        assert!(!all);
        for word in ["FAILED", "it broke", "NOT RUN", "third", "the second failed"] {
            assert!(text.contains(word), "no {word} in:\n{text}");
        }
    }
}
