//! A run as it goes on: on a terminal one line a target and a summary, else a line for each thing
//! that changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bp_driver::Watcher;
use bp_engine::engine::TargetProgress;
use bp_engine::status::shown;
use bp_engine::{Event, Stream};
use bp_journal::Envelope;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::{Output, printable, write_err};

/// With more targets than this, those that are done leave the screen.
const MANY: usize = 20;
/// How often counts are told without a terminal.
const CALM: Duration = Duration::from_secs(2);

/// The watcher for this output.
pub(crate) fn watcher(output: Output) -> Arc<dyn Watcher> {
    if output.is_json() {
        Arc::new(bp_driver::watch::Silent)
    } else if output.is_lively() {
        Arc::new(Lively::new())
    } else {
        Arc::new(Plain { said: Mutex::new(Said::default()) })
    }
}

/// What an event says to a person, as (target's id, words); most say nothing.
fn words(stream: &Stream, event: &Event) -> Option<(String, String)> {
    let target = match stream {
        Stream::Target(_, target) => target.clone(),
        Stream::Deployment(_) | Stream::Run(_) | Stream::Requests(_) => return None,
    };
    let again = |retry: &Option<i64>, now: &str| match retry {
        Some(_) => "; it is tried again".to_owned(),
        None => now.to_owned(),
    };
    let words = match event {
        Event::TargetUnreached { failure, retry_at_ms, .. } => {
            format!("{}{}", failure.message, again(retry_at_ms, "; given up for now"))
        }
        Event::StepFailed { instance, failure, retry_at_ms, .. } => {
            format!("{instance}: {}{}", failure.message, again(retry_at_ms, ""))
        }
        _ => return None,
    };
    Some((target, printable(&words)))
}

fn count(progress: &TargetProgress) -> String {
    let failed =
        if progress.failed > 0 { format!(", {} failed", progress.failed) } else { String::new() };
    let held =
        if progress.held > 0 { format!(", {} not tried", progress.held) } else { String::new() };
    format!("{} of {}{failed}{held}", progress.done, progress.total)
}

fn is_over(progress: &TargetProgress) -> bool {
    progress.done + progress.failed + progress.held == progress.total
}

/// Without a terminal.
struct Plain {
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    names: BTreeMap<String, String>,
    over: BTreeMap<String, bool>,
    waiting: Vec<(String, String)>,
    last: Option<Instant>,
    counted: String,
}

impl Plain {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name<'n>(names: &'n BTreeMap<String, String>, id: &'n str) -> &'n str {
    names.get(id).map_or(id, |name| shown(name))
}

impl Watcher for Plain {
    fn event(&self, stream: &Stream, _: &Envelope, event: &Event) {
        let Some((target, words)) = words(stream, event) else { return };
        let mut said = self.said();
        // The names come with the first count.
        if said.names.contains_key(&target) {
            write_err(&format!("{}: {words}\n", name(&said.names, &target)));
        } else {
            said.waiting.push((target, words));
        }
    }

    fn wrote(&self, _: &str, instance: &str, operation: &str, line: &str) {
        write_err(&format!("{}\n", spoken(instance, operation, line)));
    }

    fn progress(&self, targets: &[TargetProgress]) {
        let mut said = self.said();
        for target in targets {
            said.names.entry(target.id.clone()).or_insert_with(|| target.name.clone());
        }
        for (target, words) in std::mem::take(&mut said.waiting) {
            write_err(&format!("{}: {words}\n", name(&said.names, &target)));
        }
        for target in targets {
            if is_over(target) && said.over.insert(target.id.clone(), true).is_none() {
                write_err(&format!("{}: {}\n", shown(&target.name), count(target)));
            }
        }
        if said.last.is_some_and(|last| last.elapsed() < CALM) {
            return;
        }
        let (done, total) = totals(targets);
        let counted = format!("{done} of {total} nodes\n");
        if said.last.is_some() && counted != said.counted && done < total {
            write_err(&counted);
        }
        said.counted = counted;
        said.last = Some(Instant::now());
    }
}

/// A line that an operation wrote, for people: its own control characters say nothing.
pub(crate) fn spoken(instance: &str, operation: &str, line: &str) -> String {
    let operation = operation.strip_prefix("lifecycle.").unwrap_or(operation);
    printable(&format!("{instance}: {operation}: {line}"))
}

fn totals(targets: &[TargetProgress]) -> (usize, usize) {
    let done = targets.iter().map(|target| target.done).sum();
    (done, targets.iter().map(|target| target.total).sum())
}

/// On a terminal.
struct Lively {
    screen: MultiProgress,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    targets: BTreeMap<String, Line>,
    summary: Option<ProgressBar>,
}

struct Line {
    bar: ProgressBar,
    /// What it waits for, or why it is not as wanted.
    words: String,
    is_over: bool,
}

impl Lively {
    fn new() -> Self {
        Self { screen: MultiProgress::new(), lines: Mutex::new(Lines::default()) }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn style(mark: &str) -> ProgressStyle {
        let form = format!(
            "{{{mark}}} {{prefix:<14}} {{bar:18.cyan/dim}} {{pos:>4}}/{{len}} {{wide_msg:.dim}}"
        );
        ProgressStyle::with_template(&form)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━╌")
            .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✔")
    }
}

impl Watcher for Lively {
    fn event(&self, stream: &Stream, _: &Envelope, event: &Event) {
        let Some((target, words)) = words(stream, event) else { return };
        if let Some(line) = self.lines().targets.get_mut(&target) {
            line.bar.set_message(words.clone());
            line.words = words;
        }
    }

    fn progress(&self, targets: &[TargetProgress]) {
        let mut lines = self.lines();
        for target in targets {
            let line = lines.targets.entry(target.id.clone()).or_insert_with(|| {
                let bar = self.screen.add(ProgressBar::new(target.total as u64));
                bar.set_style(Self::style("spinner:.cyan"));
                bar.set_prefix(shown(&target.name).to_owned());
                bar.enable_steady_tick(Duration::from_millis(120));
                Line { bar, words: String::new(), is_over: false }
            });
            line.bar.set_position(target.done as u64);
            if is_over(target) && !line.is_over {
                line.is_over = true;
                let is_good = target.done == target.total;
                if is_good && targets.len() > MANY {
                    line.bar.finish_and_clear();
                } else if is_good {
                    line.bar.set_style(Self::style("spinner:.green"));
                    line.bar.finish_with_message("");
                } else {
                    line.bar.set_style(
                        ProgressStyle::with_template("{msg:.red} {prefix}")
                            .unwrap_or_else(|_| ProgressStyle::default_bar()),
                    );
                    line.bar.set_prefix(format!(
                        "{:<14} {}  {}",
                        shown(&target.name),
                        count(target),
                        line.words
                    ));
                    line.bar.abandon_with_message("✗");
                }
            }
        }
        let (done, total) = totals(targets);
        let over = targets.iter().filter(|target| is_over(target)).count();
        let summary = lines.summary.get_or_insert_with(|| {
            let bar = self.screen.add(ProgressBar::new(1));
            bar.set_style(
                ProgressStyle::with_template("  {msg} {elapsed:.dim}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        summary.set_message(format!(
            "{done} of {total} nodes, {over} of {} {}",
            targets.len(),
            if targets.len() == 1 { "target" } else { "targets" }
        ));
        if over == targets.len() {
            summary.finish();
        }
    }

    fn waiting(&self, target: &str, instance: &str, what: &str) {
        if let Some(line) = self.lines().targets.get_mut(target)
            && !line.is_over
        {
            line.bar.set_message(printable(&format!("{instance}: {what}")));
        }
    }

    fn wrote(&self, target: &str, instance: &str, operation: &str, line: &str) {
        if let Some(of) = self.lines().targets.get_mut(target)
            && !of.is_over
        {
            of.bar.set_message(spoken(instance, operation, line));
        }
    }
}
