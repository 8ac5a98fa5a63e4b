//! The command line of `bpc`: arguments to calls, results to exit codes.
//!
//! Exit codes: 0 fine, 1 diagnostics with errors or an output that could not be written, 2 wrong
//! usage.

mod check;
mod compile;
mod document;
mod format;
mod output;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use output::Output;

/// The compiler of blueprints.
#[derive(Debug, Parser)]
#[command(
    name = "bpc",
    version,
    about = "Checks, compiles and formats blueprints",
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How diagnostics are written: drawn for people on stderr, or each as one line on stdout
    /// (`json`: an object; `short`: `FILE:LINE:COLUMN: error[CODE]: message`).
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    message_format: MessageFormat,
    /// Whether diagnostics are coloured; `auto` does so on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with blueprints and modules.
    Check {
        /// Files; each with all that it uses.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write the plan of a blueprint.
    Compile {
        /// The blueprint's file.
        file: PathBuf,
        /// Where the plan goes; beside the file, with the ending `.plan`, when left out.
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// A plan for `bpr`, or its `plan.json` alone (to stdout when no output is named), for review.
        #[arg(long, value_enum, default_value_t = PlanFormat::Plan)]
        format: PlanFormat,
    },
    /// Write the documentation of a file, as Markdown, to stdout.
    Doc {
        /// A blueprint or module, or a module of the standard library (`std.kubernetes`).
        file: PathBuf,
    },
    /// Bring files into the one layout.
    Fmt {
        /// Only say which files have another layout; exit code 1 if there are some.
        #[arg(long)]
        check: bool,
        /// Files, folders (every `.bp` file below) or `-` for stdin to stdout.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

/// What is written of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    Plan,
    Json,
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MessageFormat {
    Human,
    Json,
    Short,
}

/// Whether diagnostics are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

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
    let mut output = Output::new(arguments.message_format, arguments.color);
    let is_fine = match arguments.command {
        Command::Check { files } => check::run(&files, &mut output),
        Command::Compile { file, output: to, format } => {
            compile::run(&file, to.as_deref(), format, &mut output)
        }
        Command::Doc { file } => document::run(&file, &mut output),
        Command::Fmt { check, paths } => format::run(&paths, check, &mut output),
    };
    u8::from(!is_fine)
}
