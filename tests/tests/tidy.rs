//! What ARCHITECTURE.md promises of the code itself: which crate may import which, how long files
//! get, that every module says what it is for, and that the documents' commands are there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// What each crate may use of the others. A crate that is not here fails the test: say in
/// ARCHITECTURE.md what it is for, then add it.
const DOORS: [(&str, &[&str]); 17] = [
    ("bp-plan", &[]),
    ("bp-eval", &["bp-plan"]),
    ("bp-topology", &["bp-plan", "bp-eval"]),
    ("bp-compiler", &["bp-plan", "bp-eval", "bp-topology"]),
    ("bp-lsp", &["bp-compiler"]),
    ("bp-engine", &["bp-plan", "bp-eval", "bp-topology"]),
    ("bp-provider", &[]),
    ("bp-journal", &[]),
    ("bp-journal-postgres", &["bp-journal"]),
    ("bp-driver", &["bp-plan", "bp-eval", "bp-topology", "bp-engine", "bp-provider", "bp-journal"]),
    ("bp-providers", &["bp-provider"]),
    ("bp-sim", &["bp-provider"]),
    (
        "bp-cli",
        &[
            "bp-plan",
            "bp-eval",
            "bp-topology",
            "bp-engine",
            "bp-provider",
            "bp-journal",
            "bp-journal-postgres",
            "bp-driver",
            "bp-providers",
            "bp-sim",
        ],
    ),
    ("bp-bench", &["bp-tests"]),
    (
        "bp-simulation",
        &["bp-plan", "bp-topology", "bp-engine", "bp-provider", "bp-journal", "bp-driver"],
    ),
    ("xtask", &[]),
    (
        "bp-tests",
        &[
            "bp-plan",
            "bp-topology",
            "bp-compiler",
            "bp-engine",
            "bp-provider",
            "bp-journal",
            "bp-driver",
            "bp-providers",
            "bp-sim",
            "bp-cli",
        ],
    ),
];

/// Clients, clocks and runtimes: who may use them. Whatever is not named may be used anywhere.
const CLIENTS: [(&str, &[&str]); 7] = [
    ("kube", &["bp-providers", "bp-cli", "bp-sim", "bp-tests"]),
    ("k8s-openapi", &["bp-providers", "bp-cli", "bp-sim", "bp-tests"]),
    ("rusqlite", &["bp-journal", "bp-bench"]),
    ("tokio-postgres", &["bp-journal-postgres", "bp-tests"]),
    ("axum", &["bp-sim"]),
    ("rand", &["bp-sim", "bp-cli", "bp-driver", "bp-journal-postgres", "bp-tests"]),
    (
        "tokio",
        &[
            "bp-journal",
            "bp-journal-postgres",
            "bp-driver",
            "bp-providers",
            "bp-sim",
            "bp-cli",
            "bp-lsp",
            "bp-tests",
            "bp-simulation",
        ],
    ),
];

#[test]
fn doors_open_one_way_only() {
    let doors: BTreeMap<&str, &[&str]> = DOORS.into();
    let mut seen = BTreeSet::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let allowed =
            doors.get(name).unwrap_or_else(|| panic!("nobody says what `{name}` may import"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let other = dependency["name"].as_str().unwrap();
            let for_tests = dependency["kind"] == "dev";
            if doors.contains_key(other) && !for_tests {
                assert!(allowed.contains(&other), "`{name}` must not import `{other}`");
            }
            if let Some((_, users)) = CLIENTS.iter().find(|(client, _)| *client == other) {
                assert!(for_tests || users.contains(&name), "`{name}` must not use `{other}`");
            }
        }
        seen.insert(name.to_owned());
    }
    for name in doors.keys() {
        assert!(seen.contains(*name), "`{name}` is in the table and not in the workspace");
    }
}

#[test]
fn every_crate_has_the_workspace_s_lints() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let text = std::fs::read_to_string(manifest).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{manifest} has no workspace lints");
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let long: Vec<String> = sources()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > 800).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "no file has more than 800 lines; split these:\n{}", long.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//!"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "these modules don't begin with `//!`:\n{}", silent.join("\n"));
}

#[test]
fn no_text_names_a_workplace() {
    // In two halves, so that this file does not name them either.
    let words = [["/work", "/"].concat(), ["/ro", "ot/"].concat(), ["../sha", "red/"].concat()];
    // The lab may look for servers beside the workspace.
    let allowed = ["xtask/src/lab/install.rs", ".gitignore"];
    let mut found = Vec::new();
    for path in committed() {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (line, number) in text.lines().zip(1..) {
            if !allowed.contains(&name.as_str()) && words.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "these lines name one person's folders:\n{}", found.join("\n"));
}

#[test]
fn the_documents_commands_are_there() {
    let mut checked = 0;
    for document in ["README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(document))
            .unwrap_or_else(|error| panic!("{document}: {error}"));
        for command in commands(&text) {
            let program = match command[0].as_str() {
                "cargo" if command[1] == "xtask" => "xtask",
                "bpc" => "bpc",
                "bpr" => "bpr",
                _ => continue,
            };
            let words = &command[if program == "xtask" { 2 } else { 1 }..];
            let verb = &words[..if ["lab", "sim", "editor", "journal"].contains(&words[0].as_str())
            {
                2
            } else {
                1
            }];
            let help =
                Command::new(bp_tests::program(program)).args(verb).arg("--help").output().unwrap();
            assert!(help.status.success(), "{document}: there is no `{}`", command.join(" "));
            let help = String::from_utf8(help.stdout).unwrap();
            for flag in command.iter().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                let known = help.contains(flag) || command.iter().any(|word| word == "--");
                assert!(known, "{document}: `{program} {}` has no `{flag}`", verb.join(" "));
            }
            checked += 1;
        }
    }
    assert!(checked >= 2, "only {checked} commands were found in the documents");
}

/// The commands in fenced blocks, each as words, without prompts and comments.
fn commands(markdown: &str) -> Vec<Vec<String>> {
    let mut fenced = false;
    let mut commands = Vec::new();
    for line in markdown.replace("\\\n", " ").lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let line = line.trim().trim_start_matches("$ ");
        let line = line.split(" #").next().unwrap_or_default();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if fenced && words.len() > 1 {
            commands.push(words);
        }
    }
    commands
}

fn packages() -> Vec<Json> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every file that is committed, or would be.
fn committed() -> Vec<PathBuf> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let files = text.split('\0').filter(|name| !name.is_empty());
    files.map(|name| root().join(name)).filter(|path| path.is_file()).collect()
}

fn sources() -> impl Iterator<Item = PathBuf> {
    committed().into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"))
}
