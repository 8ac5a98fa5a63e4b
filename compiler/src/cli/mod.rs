//! The command line of `bpc`: arguments to calls, results to exit codes.
//!
//! Exit codes: 0 fine, 1 diagnostics with errors, nothing to work on, or an output that could not be
//! written, 2 wrong usage.

mod check;
mod compile;
mod document;
mod explain;
mod files;
mod format;
mod graph;
mod inspect;
mod lock;
mod output;
mod plans;
mod stdin;
mod test;
mod watch;
mod write;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::error::ErrorKind as Wrong;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

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
    /// (`json`: an object; `github`: a workflow command; `short`: `FILE:LINE:COLUMN: error[CODE]: message`).
    /// `junit` is XML, of `test` alone.
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    message_format: MessageFormat,
    /// Whether diagnostics are coloured; `auto` does so on a terminal, unless `NO_COLOR` is set or
    /// `CLICOLOR` is 0, and everywhere where `CLICOLOR_FORCE` is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Refuse to change `bp.lock`: for CI, where it comes with the sources.
    #[arg(long, global = true)]
    locked: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with blueprints and modules.
    Check {
        /// Files, each with all that it uses, folders (every `.bp` file below), or `-` for stdin; the
        /// package around when left out.
        files: Vec<PathBuf>,
        /// Check again whenever a file that was read changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
    /// Write down in `bp.lock` what each package is now, by a digest over its files.
    ///
    /// `check` and `compile` write what is not locked yet; a package that has changed since is an error
    /// until this accepts it.
    Lock {
        /// The package's folder, or a file in it; the one around when left out.
        path: Option<PathBuf>,
    },
    /// Write the plan of a blueprint.
    Compile {
        /// The blueprint's file, or `-` for stdin.
        file: PathBuf,
        /// Where the plan goes (`-` is stdout); when left out beside the file, with the ending `.plan`, or
        /// to stdout for a blueprint from there.
        #[arg(short, long)]
        output: Option<PathBuf>,
        /// A plan for `bpr`, or its `plan.json` alone (to stdout when no output is named), for review.
        #[arg(long, value_enum, default_value_t = PlanFormat::Plan)]
        format: PlanFormat,
    },
    /// Teach what a code means, with a wrong and a right example; without a code, list them all.
    Explain {
        /// Codes, such as E2001.
        codes: Vec<String>,
    },
    /// Draw a blueprint: what there is, where it stands, what needs what, and what policies are over.
    Graph {
        /// A blueprint's file, or a plan; `-` for stdin.
        file: PathBuf,
        /// SVG to look at, DOT for Graphviz, Mermaid for Markdown; by the output's ending when left
        /// out, else SVG.
        #[arg(long, value_enum)]
        format: Option<graph::PictureFormat>,
        /// Where the picture goes (`-` is stdout); when left out to stdout, or beside the file for an
        /// SVG on a terminal.
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Say what a plan holds.
    Inspect {
        /// A plan, or a blueprint's file; `-` for stdin.
        plan: PathBuf,
        /// Show one element with its source lines: `node.shop`, `input.tag`.
        #[arg(long, value_name = "KIND.NAME")]
        element: Option<String>,
        /// For people or for programs.
        #[arg(long, value_enum, default_value_t = PlanText::Human)]
        format: PlanText,
    },
    /// Write what a shell completes `bpc` with, to stdout: for bash
    /// `bpc completions bash > ~/.local/share/bash-completion/completions/bpc`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the documentation of a file, as Markdown, to stdout.
    Doc {
        /// A blueprint or module, or a module of the standard library (`std.kubernetes`); `-` for stdin.
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
        /// Files, or folders (every `.bp` file below), or `-` for stdin; this folder when left out.
        #[arg(default_value = ".")]
        paths: Vec<PathBuf>,
        /// Only tests whose names have this text in them.
        #[arg(long, value_name = "TEXT")]
        filter: Option<String>,
        /// An inventory, as `bpr deploy` takes it, for tests that name none.
        #[arg(long, value_name = "FILE")]
        inventory: Option<PathBuf>,
        /// Test again whenever a file that was read changes, until Ctrl-C.
        #[arg(long)]
        watch: bool,
    },
}

/// What is written of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    Plan,
    Json,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanText {
    Human,
    Json,
}

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MessageFormat {
    Human,
    Json,
    Github,
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
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let colours = colours(&arguments);
    let parsed = Arguments::command().color(colours).try_get_matches_from(arguments);
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return told(&error),
    };
    let wrong = |words: &str| {
        told(&Arguments::command().color(colours).error(Wrong::ArgumentConflict, words))
    };
    let is_test = matches!(arguments.command, Command::Test { .. });
    if arguments.message_format == MessageFormat::Junit && !is_test {
        return wrong("`junit` is a form of tests: use it with `bpc test`, and `json` here");
    }
    if let Command::Check { files, watch: true } | Command::Test { paths: files, watch: true, .. } =
        &arguments.command
        && files.iter().any(|file| stdin::is_meant(file))
    {
        return wrong("stdin can't be watched: name a file");
    }
    let mut output = Output::new(arguments.message_format, arguments.color);
    let is_fine = does(arguments, &mut output);
    u8::from(!(output.is_whole() && is_fine))
}

/// Whether words about wrong usage are coloured: asked for before anything is known to be right.
fn colours(arguments: &[OsString]) -> ColorChoice {
    let mut wanted = ColorChoice::Auto;
    let mut is_next = false;
    for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
        match argument.strip_prefix("--color=").or(is_next.then_some(argument)) {
            Some("always") => wanted = ColorChoice::Always,
            Some("never") => wanted = ColorChoice::Never,
            _ => {}
        }
        is_next = argument == "--color";
    }
    wanted
}

/// Says what is wrong with the arguments, or what was asked of the program itself; gives the exit code.
fn told(error: &clap::Error) -> u8 {
    match error.print() {
        // What was asked for could not be written; a closed pipe is no reason to fail.
        Err(lost) if lost.kind() != ErrorKind::BrokenPipe && error.exit_code() == 0 => 1,
        _ => u8::try_from(error.exit_code()).unwrap_or(2),
    }
}

/// Does what the arguments say; whether all is well.
fn does(arguments: Arguments, output: &mut Output) -> bool {
    let new = || Output::new(arguments.message_format, arguments.color);
    let locked = arguments.locked;
    match arguments.command {
        Command::Check { files, watch: true } => {
            watch::repeat(|| check::round(&files, locked, new()));
            true
        }
        Command::Check { files, watch: false } => check::run(&files, locked, output).0,
        Command::Lock { path } => lock::run(path.as_deref(), locked, output),
        Command::Compile { file, output: to, format } => {
            compile::run(files::plain(&file), to.as_deref(), format, locked, output)
        }
        Command::Graph { file, format, output: to } => {
            graph::run(files::plain(&file), format, to.as_deref(), locked, output)
        }
        Command::Inspect { plan, element, format } => {
            inspect::run(files::plain(&plan), element.as_deref(), format, locked, output)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "bpc", &mut script);
            output.answer_bytes(&script);
            true
        }
        Command::Explain { codes } => explain::run(&codes, output),
        Command::Doc { file } => document::run(files::plain(&file), output),
        Command::Fmt { check, paths } => format::run(&paths, check, output),
        Command::Test { paths, filter, inventory, watch } => {
            let asked = test::Asked {
                paths: &paths,
                filter: filter.as_deref(),
                inventory: inventory.as_deref(),
                locked,
            };
            if watch {
                watch::repeat(|| test::round(&asked, arguments.message_format, new()));
                true
            } else {
                test::run(&asked, arguments.message_format, output).0
            }
        }
    }
}
