//! The command line of `bpr`: arguments to calls of the driver, and what came of them to people and
//! programs.
//!
//! It must never decide anything about a deployment: that is the engine's.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 wrong usage (or changes, where `plan` is asked to say so), 3
//! partly done.

mod arguments;
mod commands;
mod history;
mod home;
pub mod inventory;
mod journals;
mod logs;
mod moment;
mod output;
mod pace;
mod progress;
mod reading;
mod secrets;
mod steps;
mod told;

use std::ffi::OsString;
use std::time::Duration;

use clap::Parser as _;

use arguments::{Arguments, Command, Sim};
use commands::run::Again;
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

/// How long a thread that something outside holds up (a name's lookup, a slow disk) may keep the process from its end.
const LAST_WORDS: Duration = Duration::from_millis(500);

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
    let output = Output::new(arguments.output, arguments.logs.is_on());
    journals::choose(arguments.journal, output);
    // Only the first of two installations matters, and this is the only one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    arguments.logs.begin(output.has_color());
    if let Err(told) = secrets::choose(arguments.secrets) {
        output.told(&told);
        return FAILED;
    }
    if let Err(told) = pace::choose(arguments.at_once, arguments.at_once_per_target) {
        output.told(&told);
        return FAILED;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.told(&Told::error(format!("the program can't start its threads: {error}")));
            return FAILED;
        }
    };
    let result = runtime.block_on(perform(arguments.command, output));
    // What still runs in the background has no more say. Its threads are waited for: one that is let go of in the
    // moment in which it ends may crash the process (glibc's `pthread_detach` reads what the thread has freed).
    runtime.shutdown_timeout(LAST_WORDS);
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
        Command::Update(update) => Box::pin(commands::update::run(update, output)).await,
        Command::Adopt(adopt) => commands::adopt::run(adopt, output).await,
        Command::Run(run) => commands::workflow::run(run, output).await,
        Command::Cancel { name } => commands::workflow::cancel(&name, output).await,
        Command::Resume { name } => commands::run::resume(&name, output).await,
        Command::Pause { name } => commands::pause::run(&name, output).await,
        Command::Drift(asked) => commands::drift::drift(asked, output).await,
        Command::Health(asked) => commands::health::run(asked, output).await,
        Command::Heal { name, nodes } => commands::drift::heal(&name, &nodes, output).await,
        Command::Retry { name, steps } => {
            commands::run::again(&name, Again::Retry(steps), output).await
        }
        Command::Skip { name, step, why } => {
            commands::run::again(&name, Again::Skip { step, why }, output).await
        }
        Command::Rollback(asked) => commands::rollback::run(asked, output).await,
        Command::Uninstall { name, approve } => {
            commands::run::uninstall(&name, approve, output).await
        }
        Command::Status(status) => commands::status::run(&status, output).await,
        Command::Why(why) => commands::why::run(&why, output).await,
        Command::Outputs { name } => commands::outputs::run(&name, output).await,
        Command::History { name, since } => commands::history::run(&name, since, output).await,
        Command::Events(events) => commands::events::run(&events, output).await,
        Command::Export(export) => commands::export::export(&export, output).await,
        Command::Replay(replay) => commands::export::replay(&replay, output).await,
        Command::List => commands::list::run(output).await,
        Command::Journal { command } => commands::journal::run(command, output).await,
        Command::Supervise { folder } => Ok(bp_providers::script::supervise(&folder)),
        Command::Sim { command: Sim::Serve(serve) } => commands::sim::serve(serve).await,
    }
}
