//! Every chore of this project: `cargo xtask --help`.
//!
//! It runs programs (cargo, `bpc`, `bpr`, real Kubernetes servers, a real editor) and must never link the product:
//! it is the first thing that a fresh machine builds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that people run by hand")]

mod bench;
mod demo;
mod deny;
mod editor;
mod extension;
mod fuzz;
mod generate;
mod lab;
mod npm;
mod package;
mod programs;
mod simulate;
mod stage;
mod system;
mod test;
mod tool;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the Blueprint project.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Install what the tests need, then run everything; says at the end what ran.
    Test(test::Test),
    /// Compile and deploy the first blueprint to three embedded clusters, or to your own.
    Demo(demo::Demo),
    /// Real Kubernetes control planes on loopback, for tests.
    #[command(subcommand)]
    Lab(lab::Lab),
    /// Build bpls and bpc, and pack them with the VS Code extension into one file.
    Package(package::Package),
    /// Real VS Code, for the tests of the extension.
    #[command(subcommand)]
    Editor(editor::Editor),
    /// Measure bpc and bpr, and write the figures to tests/bench/README.md.
    Bench(bench::Bench),
    /// Write the files that are made from the code: schema, catalogue of diagnostics.
    Gen(generate::Generate),
    /// Feed the compiler texts that nobody writes, for a while.
    Fuzz(fuzz::Fuzz),
    /// Live seeds through, with crashes, lost replies and rivals, until one goes wrong.
    Simulate(simulate::Simulate),
    /// Live very many seeds through, and kill real programs very often.
    Soak(simulate::Soak),
    /// Check the licences, sources and bans of all dependencies.
    Deny(deny::Deny),
}

/// What a chore returns; the failure is a sentence for a person.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(chore) => chore.run(),
        Chore::Demo(chore) => chore.run(),
        Chore::Lab(chore) => chore.run(),
        Chore::Package(chore) => chore.run(),
        Chore::Editor(chore) => chore.run(),
        Chore::Bench(chore) => chore.run(),
        Chore::Gen(chore) => chore.run(),
        Chore::Fuzz(chore) => chore.run(),
        Chore::Simulate(chore) => chore.run(),
        Chore::Soak(chore) => chore.run(),
        Chore::Deny(chore) => chore.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
