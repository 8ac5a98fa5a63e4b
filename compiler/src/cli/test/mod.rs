//! `bpc test`: runs the tests of blueprints, each file on a core of its own.

mod junit;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bp_topology::inventory_file::File;

use super::output::Output;
use super::watch::Round;
use super::{MessageFormat, files, lock, stdin};
use crate::analysis::Analysis;
use crate::check::blueprint_tests;
use crate::diagnostics::{Diagnostic, testing as says};
use crate::loader::{Lock, Sources};
use crate::source::{FileId, Place, SourceFile};
use crate::testing::{Suite, obstacles};

/// Enough for the deepest text that the compiler accepts.
const STACK: usize = 64 * 1024 * 1024;
/// The inventory of the command line, among the sources of a file.
const INVENTORY: FileId = FileId(u32::MAX);

/// What was asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Files and folders.
    pub(super) paths: &'a [PathBuf],
    /// Only tests whose names have this in them.
    pub(super) filter: Option<&'a str>,
    /// For tests that name no inventory.
    pub(super) inventory: Option<&'a Path>,
    /// `bp.lock` stays as it is.
    pub(super) locked: bool,
}

/// A file whose tests were run.
struct Tested {
    path: PathBuf,
    analysis: Analysis,
    inventory: Option<SourceFile>,
    /// Why nothing was run.
    obstacles: Vec<Diagnostic>,
    cases: Vec<Case>,
    took: Duration,
}

/// A test that was run.
struct Case {
    name: String,
    place: Place,
    /// What it found; nothing where it passed.
    found: Vec<Diagnostic>,
    took: Duration,
}

impl Tested {
    fn source(&self, id: FileId) -> Option<&SourceFile> {
        if id == INVENTORY { self.inventory.as_ref() } else { self.analysis.sources().file(id) }
    }

    /// Whether there is nothing to tell of it.
    fn is_empty(&self) -> bool {
        self.cases.is_empty() && self.obstacles.is_empty()
    }
}

/// A round of `bpc test --watch`.
pub(super) fn round(asked: &Asked<'_>, form: MessageFormat, mut output: Output) -> Round {
    let (is_fine, read) = run(asked, form, &mut output);
    let result = if is_fine { "fine" } else { "not fine" };
    Round { read, result: result.to_owned() }
}

/// Runs the tests; whether all passed, and what was read.
pub(super) fn run(
    asked: &Asked<'_>,
    form: MessageFormat,
    output: &mut Output,
) -> (bool, Vec<PathBuf>) {
    let began = now();
    let mut read = asked.paths.to_vec();
    read.extend(asked.inventory.map(Path::to_owned));
    let Ok(inventory) = asked.inventory.map(|path| inventory(path, output)).transpose() else {
        return (false, read);
    };
    let mut given = None;
    let files = if let [only] = asked.paths
        && stdin::is_meant(only)
    {
        let Some(text) = stdin::text(output) else { return (false, read) };
        given = Some(text);
        Some(vec![PathBuf::from(stdin::NAME)])
    } else {
        files::sources(asked.paths, output)
    };
    let Some(files) = files else { return (false, read) };
    let mut locks: Vec<(Lock, Sources)> = Vec::new();
    let mut report = report::Report::new(form, output);
    let load = |path: &Path| match &given {
        Some(text) => Analysis::of_text(path, text, true),
        None => Analysis::load(path),
    };
    let work = |path: &Path| tested(path, &load, asked, inventory.as_ref());
    each(&files, &work, |tested| {
        let sources = tested.analysis.sources();
        read.extend(sources.paths().map(Path::to_owned));
        if let Some(lock) = tested.analysis.lock().filter(|lock| !lock.is_current)
            && locks.iter().all(|(known, _)| known.path != lock.path)
        {
            locks.push((lock.clone(), sources.clone()));
        }
        if !tested.is_empty() {
            report.file(tested);
        }
    });
    let is_fine = report.end(now().duration_since(began), asked.filter);
    for (lock, sources) in &locks {
        lock::settle(lock, asked.locked, sources, output);
    }
    read.sort();
    read.dedup();
    (is_fine && !output.has_errors(), read)
}

/// Tests one file.
fn tested(
    path: &Path,
    load: &impl Fn(&Path) -> Analysis,
    asked: &Asked<'_>,
    inventory: Option<&(File, SourceFile)>,
) -> Tested {
    let began = now();
    let analysis = load(path);
    let mut obstacles = obstacles(&analysis);
    let mut cases = Vec::new();
    if obstacles.is_empty()
        && let Some(suite) = Suite::new(&analysis)
    {
        let suite = match inventory {
            Some((form, source)) if !analysis.tests().is_empty() => {
                suite.with_inventory(form.clone(), source, INVENTORY)
            }
            _ => Ok(suite),
        };
        match suite {
            Ok(suite) => {
                let wanted = |name: &str| asked.filter.is_none_or(|text| name.contains(text));
                for test in analysis.tests().iter().filter(|test| wanted(test.name())) {
                    let began = now();
                    let found = suite.run(test);
                    let took = now().duration_since(began);
                    let (name, place) = (test.name().to_owned(), test.place());
                    cases.push(Case { name, place, found, took });
                }
            }
            Err(wrong) => obstacles = wrong,
        }
    }
    let inventory = inventory.map(|(_, source)| source.clone());
    let took = now().duration_since(began);
    Tested { path: path.to_owned(), analysis, inventory, obstacles, cases, took }
}

/// The inventory of the command line; what is wrong with it is told.
fn inventory(path: &Path, output: &mut Output) -> Result<(File, SourceFile), ()> {
    let shown = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let source = SourceFile::new(shown, "");
            let why = format!("it can't be read: {error}");
            let wrong = [says::inventory_form(Place::default(), &why, None)];
            output.diagnostics(&wrong, |_| Some(&source));
            return Err(());
        }
    };
    let source = SourceFile::new(shown, text);
    match File::parse(source.text()) {
        Ok(form) => Ok((form, source)),
        Err(error) => {
            let at = blueprint_tests::form_place(&source, FileId(0), &error);
            let wrong = [says::inventory_form(at, &error.message, None)];
            output.diagnostics(&wrong, |_| Some(&source));
            Err(())
        }
    }
}

/// Does the work for each file on all cores; hands the results on in the order of the files.
fn each(files: &[PathBuf], work: &(dyn Fn(&Path) -> Tested + Sync), mut done: impl FnMut(Tested)) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..cores.min(files.len()) {
            let (sender, next) = (sender.clone(), &next);
            let worker = move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(at) else { return };
                    // Whoever listened has ended.
                    let _ = sender.send((at, work(file)));
                }
            };
            if std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut turn = 0;
        for (at, tested) in results {
            early.insert(at, tested);
            while let Some(tested) = early.remove(&turn) {
                done(tested);
                turn += 1;
            }
        }
        // Where no thread could be had.
        for file in files.iter().skip(turn) {
            done(work(file));
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "it only says how long a test took")]
fn now() -> Instant {
    Instant::now()
}
