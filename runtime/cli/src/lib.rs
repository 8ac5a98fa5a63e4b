//! The command line of `bpr`: arguments to calls of the driver, and what came of them to people and
//! programs.
//!
//! It must never decide anything about a deployment: that is the engine's.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 wrong usage (or changes, where `plan` is asked to say so), 3
//! partly done.

mod arguments;
mod commands;
mod home;
pub mod inventory;
mod journals;
mod output;
mod progress;
mod secrets;
mod steps;
mod told;

use std::ffi::OsString;

use clap::Parser as _;

use arguments::{Arguments, Command, Sim};
use output::Output;
use told::Told;

/// Everything is done.
pub(crate) const DONE: u8 = 0;
/// It failed, or was refused.
pub(crate) const FAILED: u8 = 1;
/// Something would be done: `bpr plan --detailed-exitcode`.
pub(crate) const CHANGES: u8 = 2;
/// Some of it is done.
pub(crate) const PARTLY: u8 = 3;

/// Does what the arguments (the program's name first) say; gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    if let Command::Supervise { folder } = &arguments.command {
        // Small, and of its own: no threads, no clients, no words.
        return bp_providers::script::supervise(folder);
    }
    let output = Output::new(arguments.output);
    journals::choose(arguments.journal, output);
    // Only the first of two installations matters, and this is the only one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("BPR_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off")),
        )
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.told(&Told::error(format!("the program can't start its threads: {error}")));
            return FAILED;
        }
    };
    let result = runtime.block_on(perform(arguments.command, output));
    // What still runs in the background has no more say.
    runtime.shutdown_background();
    result.unwrap_or_else(|told| {
        for one in &told {
            output.told(one);
        }
        FAILED
    })
}

async fn perform(command: Command, output: Output) -> Result<u8, Vec<Told>> {
    match command {
        Command::Deploy(deploy) => commands::deploy::run(deploy, output).await,
        Command::Plan(plan) => commands::plan::run(plan, output).await,
        Command::Update(update) => commands::update::run(update, output).await,
        Command::Adopt(adopt) => commands::adopt::run(adopt, output).await,
        Command::Run(run) => commands::workflow::run(run, output).await,
        Command::Cancel { name } => commands::workflow::cancel(&name, output).await,
        Command::Resume { name } => commands::run::resume(&name, output).await,
        Command::Uninstall { name, approve } => {
            commands::run::uninstall(&name, approve, output).await
        }
        Command::Status { name } => commands::status::run(&name, output).await,
        Command::Outputs { name } => commands::outputs::run(&name, output).await,
        Command::History { name } => commands::history::run(&name, output).await,
        Command::List => commands::list::run(output).await,
        Command::Journal { command } => commands::journal::run(command, output).await,
        Command::Supervise { folder } => Ok(bp_providers::script::supervise(&folder)),
        Command::Sim { command: Sim::Serve(serve) } => commands::sim::serve(serve).await,
    }
}
