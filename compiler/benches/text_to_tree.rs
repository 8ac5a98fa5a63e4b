//! How fast one thread makes trees of text: `cargo bench -p bp-compiler`.
//!
//! Processor time of the thread, so that what else runs on the machine counts little; the best of
//! several rounds.
#![allow(clippy::print_stdout, reason = "a program that people run by hand")]

use std::fmt::Write as _;

use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;
use nix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many rounds.
const ROUNDS: usize = 9;

fn main() {
    // Small files, which one thread parses.
    measure("a tree of nodes", &tree(500));
    measure("the standard library", &library());
}

fn measure(what: &str, texts: &[String]) {
    let files: Vec<SourceFile> =
        texts.iter().map(|text| SourceFile::new("bench.bp", text.as_str())).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = seconds();
        for file in &files {
            std::hint::black_box(syntax::parse(FileId(0), file));
        }
        best = best.min(seconds() - start);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let megabytes = bytes as f64 / 1e6;
    println!("{what}: {:.1} MB/s of {megabytes:.1} MB", megabytes / best);
}

/// The processor time of this thread.
fn seconds() -> f64 {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(0.0, |time| std::time::Duration::from(time).as_secs_f64())
}

/// Some megabytes of files of so many nodes each.
fn tree(nodes: usize) -> Vec<String> {
    let mut text = String::from("blueprint tree {\n  version = \"1.0.0\"\n}\n");
    for i in 0..nodes {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nnode n{i}: Item {{\n  name        = \"node-{i}\"\n  region      = \"eu-west\"\n  size        = {}\n  \
             parent_name = n{}.name\n  parent -> n{}\n}}\n",
            i % 17,
            i / 2,
            i / 2,
        );
    }
    vec![text; 20]
}

/// The standard library, some times over.
fn library() -> Vec<String> {
    let texts = bp_compiler::library::MODULES.iter().map(|module| module.text.to_owned());
    let texts: Vec<String> = texts.collect();
    std::iter::repeat_n(texts, 20).flatten().collect()
}
