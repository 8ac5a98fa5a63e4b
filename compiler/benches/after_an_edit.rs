//! How long it takes from an edit of one item in 10,000 lines to what is told of the whole:
//! `cargo bench -p bp-compiler --bench after_an_edit`.
//!
//! Wall time, as the person who types has it: nineteen of twenty edits take no longer than what is told.
#![allow(clippy::print_stdout, reason = "a program that people run by hand")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many edits.
const EDITS: usize = 300;
/// Eight lines each.
const NODES: usize = 1_250;

fn main() {
    let text = tree();
    measure("a node's property", &text, "size        = ");
    measure("an output", &text, "output told: string = \"");
    measure("an input that others can see", &text, "input regions: string = \"");
}

/// Types digits behind the place that is nearest to the middle.
fn measure(what: &str, text: &str, before: &str) {
    let path = PathBuf::from("bench.bp");
    let half = text.len() / 2;
    let behind = text.get(half..).and_then(|rest| rest.find(before)).map(|at| half + at);
    let Some(at) = behind.or_else(|| text.find(before)) else { return };
    let at = at + before.len();
    let mut overlay = Overlay::from([(path.clone(), text.to_owned())]);
    let mut analysis = Analysis::check_with(&path, &overlay);
    let mut edited = text.to_owned();
    let mut taken = Vec::new();
    for round in 0..EDITS {
        if round % 6 == 5 {
            text.clone_into(&mut edited);
        } else {
            edited.insert(at, '1');
        }
        overlay.insert(path.clone(), edited.clone());
        let start = Instant::now();
        let again = analysis.check_again(&path, &overlay);
        assert!(again.diagnostics().is_empty(), "the bench's text is right");
        taken.push(start.elapsed());
        analysis = again;
    }
    taken.sort();
    let of = |part: usize| taken.get(EDITS * part / 100).copied().unwrap_or(Duration::MAX);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let lines = text.lines().count();
    println!(
        "after an edit of {what} in {lines} lines: {:.1} ms (median {:.1} ms)",
        ms(of(95)),
        ms(of(50))
    );
}

fn tree() -> String {
    let mut text = String::from(
        "blueprint tree {\n  version = \"1.0.0\"\n}\n\ninput regions: string = \"x\"\n\nnode type Item {\n  property name: string\n  \
         property region: string\n  property size: int\n  property parent_name: string\n  \
         requires parent: Item[0..1] via DependsOn\n  provider = \"noop\"\n}\n",
    );
    for i in 0..NODES {
        let (name, parent) = match i.checked_sub(1).map(|above| above / 2) {
            None => ("\"none\"".to_owned(), String::new()),
            Some(above) => (format!("n{above}.name"), format!("\n  parent -> n{above}")),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nnode n{i}: Item {{\n  name        = \"node-{i}\"\n  region      = regions\n  size        = {}\n  \
             parent_name = {name}{parent}\n}}\n",
            i % 17,
        );
    }
    text.push_str("\noutput told: string = \"\"\n");
    text
}
