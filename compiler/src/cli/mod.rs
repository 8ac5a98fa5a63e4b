//! The command line of `bpc`: arguments to calls, results to exit codes.
//!
//! Exit codes: 0 fine, 1 diagnostics with errors or an output that could not be written, 2 wrong
//! usage.

mod check;
mod compile;
mod document;
mod format;
mod output;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use output::Output;

/// The compiler of blueprints.
#[derive(Debug, Parser)]
#[command(
    name = "bpc",
    version,
    about = "Checks, compiles, formats and tests blueprints",
    max_term_width = 100
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How diagnostics are written: drawn for people on stderr, or each as one line on stdout
    /// (`json`: an object; `short`: `FILE:LINE:COLUMN: error[CODE]: message`). `junit` is XML, of `test` alone.
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
    /// Run the tests that blueprints bring along; nothing is deployed.
    Test {
        /// Files, or folders (every `.bp` file below); this folder when left out.
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
        /// Only tests whose names have this text in them.
        #[arg(long, value_name = "TEXT")]
        filter: Option<String>,
        /// An inventory, as `bpr deploy` takes it, for tests that name none.
        #[arg(long, value_name = "FILE")]
        inventory: Option<PathBuf>,
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
    Junit,
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
    let is_test = matches!(arguments.command, Command::Test { .. });
    if arguments.message_format == MessageFormat::Junit && !is_test {
        let words = "`junit` is a form of tests: use it with `bpc test`, and `json` here";
        let error = Arguments::command().error(ErrorKind::ArgumentConflict, words);
        let _ = error.print();
        return 2;
    }
    let mut output = Output::new(arguments.message_format, arguments.color);
    let is_fine = match arguments.command {
        Command::Check { files } => check::run(&files, &mut output),
        Command::Compile { file, output: to, format } => {
            compile::run(&file, to.as_deref(), format, &mut output)
        }
        Command::Doc { file } => document::run(&file, &mut output),
        Command::Fmt { check, paths } => format::run(&paths, check, &mut output),
        Command::Test { paths, filter, inventory } => {
            let asked = test::Asked {
                paths: &paths,
                filter: filter.as_deref(),
                inventory: inventory.as_deref(),
            };
            test::run(&asked, arguments.message_format, &mut output)
        }
    };
    u8::from(!is_fine)
}
