//! `cargo xtask bench`: how long `bpc` and `bpr` take, beside terraform, and how long `bpls` lets people wait.
//!
//! It knows the programs from outside only, as a person runs them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that people run by hand")]

mod durable;
mod editor;
mod events;
mod growth;
mod measure;
mod report;
mod series;
mod small;
mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

/// Measures bpc and bpr over trees of several sizes.
#[derive(Parser)]
struct Arguments {
    /// Where `bpc`, `bpr` and `bpls` are already; without it they are built for release.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Where the trees and journals go: a real disk, or durability costs nothing.
    #[arg(long, default_value = "target/bench")]
    work: PathBuf,
    /// How many nodes, in growing order.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// How many lines the file has that is edited.
    #[arg(long, default_value_t = 1_000)]
    lines: usize,
    /// Write the figures here too.
    #[arg(long)]
    readme: Option<PathBuf>,
    /// Run this command instead, and tell the most memory that it had: what the bench starts itself with.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true)]
    memory_of: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.memory_of.is_empty() {
        return match measure::memory_of(&arguments.memory_of) {
            Ok(bytes) => {
                println!("{bytes}");
                ExitCode::SUCCESS
            }
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        };
    }
    match bench(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<bool, String> {
    let at =
        |path: &Path| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let folder = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    let programs = series::Programs {
        bpc: at(&folder.join("bpc"))?,
        bpr: at(&folder.join("bpr"))?,
        terraform: find("terraform"),
        kcl: series::kcl(),
    };
    std::fs::create_dir_all(&arguments.work)
        .map_err(|error| format!("{}: {error}", arguments.work.display()))?;
    let work = at(&arguments.work)?;
    let machine = machine(&programs, &work);
    // Milliseconds, so before the disk is busy with what the others wrote.
    println!("the compiler's own benches …");
    let compiler = small::of_the_compiler()?;
    let mut points = Vec::new();
    for nodes in &arguments.sizes {
        println!("{nodes} nodes …");
        points.push(series::measure(&programs, &work, *nodes)?);
    }
    println!("a file of {} lines in an editor …", arguments.lines);
    let bpls = at(&folder.join("bpls"))?;
    let yaml = editor::yaml_server();
    let edited = editor::measure(&bpls, yaml.as_deref(), &work, arguments.lines)?;
    let mut findings = series::findings(&points);
    findings.extend(growth::of_check(&programs, &work, &arguments.sizes)?);
    findings.extend(durable::findings(&programs, &work, &points)?);
    findings.extend(editor::findings(&edited));
    findings.push(small::hello(&programs, &work)?);
    findings.extend(compiler);
    let text = report::readme(&machine, &points, &edited, &findings);
    println!("{text}");
    if let Some(path) = &arguments.readme {
        std::fs::write(path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(findings.iter().all(|finding| finding.holds))
}

/// Builds the programs for release, and tells where they are.
fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--locked",
            "--bins",
            "-p",
            "bp-compiler",
            "-p",
            "bp-cli",
            "-p",
            "bp-lsp",
            "-p",
            "xtask",
        ])
        .status()
        .map_err(|error| format!("cargo build: {error}"))?;
    if !status.success() {
        return Err(format!("cargo build ended with {status}"));
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(target.join("release"))
}

/// A program on the PATH.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// What a command says on its first line; nothing where it fails.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).env_remove("TF_CLI_CONFIG_FILE").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    output.status.success().then(|| line.trim().to_owned())
}

fn machine(programs: &series::Programs, work: &Path) -> report::Machine {
    let unknown = || "unknown".to_owned();
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    report::Machine {
        name: first_line("uname", &["-n"]).unwrap_or_else(unknown),
        processor: processor.map_or_else(unknown, |name| name.trim().to_owned()),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        filesystem: first_line("stat", &["-f", "-c", "%T", &work.display().to_string()])
            .unwrap_or_else(unknown),
        date: first_line("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(unknown),
        terraform: programs
            .terraform
            .as_ref()
            .and_then(|p| first_line(&p.display().to_string(), &["version"])),
        load: load.and_then(|l| l.split(' ').next().map(str::to_owned)).unwrap_or_else(unknown),
    }
}
