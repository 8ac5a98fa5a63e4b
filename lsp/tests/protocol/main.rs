//! The server as an editor meets it: messages on its stdin and stdout.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod editor;
mod questions;
mod robustness;

use std::process::Command;

use serde_json::{Value as Json, json};

use editor::{Editor, edit, file};

/// A blueprint without mistakes.
pub(crate) const GOOD: &str = "blueprint shop {\n  version = \"1.0.0\"\n}\n\ninput replicas: int = 1\n\noutput o: int = replicas\n";

#[test]
fn mistakes_come_and_go_as_a_person_types() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    // The emoji counts two in the protocol's columns.
    let wrong = GOOD.replace("= replicas", "= length(\"😀\") + replica");
    let uri = editor.open(&path, &wrong);
    let told = editor.diagnostics(&uri);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((&told[0]["code"], &told[0]["severity"]), (&json!("E3001"), &json!(1)));
    let start = json!({ "line": 6, "character": 31 });
    assert_eq!(told[0]["range"]["start"], start, "{:#}", told[0]);
    assert!(told[0]["message"].as_str().unwrap().contains("help: write `replicas`"));
    editor.change(&uri, GOOD);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
}

#[test]
fn a_quick_fix_mends() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let wrong = GOOD.replace("= replicas", "= replica");
    let uri = editor.open(&path, &wrong);
    let told = editor.diagnostics(&uri);
    let params = json!({
        "textDocument": { "uri": uri },
        "range": told[0]["range"],
        "context": { "diagnostics": told },
    });
    let actions = editor.ask("textDocument/codeAction", &params);
    let edit = &actions[0]["edit"]["changes"][&uri][0];
    assert_eq!(edit["newText"], "replicas", "{actions:#}");
    assert_eq!(edit["range"], told[0]["range"]);
}

#[test]
fn a_property_that_is_missing_is_put_there() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let text =
        format!("{GOOD}\nnode type Host {{\n  property name: string\n}}\n\nnode one: Host\n");
    let uri = editor.open(&path, &text);
    let told = editor.diagnostics(&uri);
    assert_eq!((told.len(), &told[0]["code"]), (1, &json!("E4002")), "{told:#?}");
    let params = json!({
        "textDocument": { "uri": uri },
        "range": told[0]["range"],
        "context": { "diagnostics": told },
    });
    let actions = editor.ask("textDocument/codeAction", &params);
    let edit = &actions[0]["edit"]["changes"][&uri][0];
    assert_eq!(edit["newText"], " { name = … }", "{actions:#}");
}

#[test]
fn a_value_that_is_selected_is_taken_out() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, &GOOD.replace("= replicas", "= replicas * 3"));
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    let at = |from: u32, to: u32| {
        json!({
            "textDocument": { "uri": uri },
            "range": { "start": { "line": 6, "character": from }, "end": { "line": 6, "character": to } },
            "context": { "diagnostics": [] },
        })
    };
    let actions = editor.ask("textDocument/codeAction", &at(27, 30));
    let titles: Vec<&str> =
        actions.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        ["take it out into the constant `value`", "take it out into the input `value`"]
    );
    assert_eq!(actions[1]["kind"], "refactor.extract");
    let edits = &actions[1]["edit"]["changes"][&uri];
    assert_eq!(edits[0]["newText"], "input value: int = 3\n\n", "{actions:#}");
    assert_eq!(editor.ask("textDocument/codeAction", &at(28, 28)), json!([]));
}

#[test]
fn mistakes_of_a_used_file_are_shown_there() {
    let (folder, path) = file();
    let module = folder.path().canonicalize().unwrap().join("sizes.bp");
    std::fs::write(&module, "const small = 1 +\n").unwrap();
    let mut editor = Editor::start();
    let text = GOOD.replace("input", "use \"./sizes.bp\"\n\ninput");
    let uri = editor.open(&path, &text);
    let theirs = editor.diagnostics(&format!("file://{}", module.display()));
    assert_eq!(theirs.len(), 1, "{theirs:#?}");
    // Mended in the editor, not yet on the disk: both are looked at again.
    let own = editor.open(&module, "const small = 1\n");
    assert_eq!(editor.diagnostics(&own), Vec::<Json>::new());
    let _ = uri;
}

#[test]
fn a_file_is_laid_out() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, &GOOD.replace("  version", "      version"));
    let params = json!({
        "textDocument": { "uri": uri },
        "options": { "tabSize": 2, "insertSpaces": true },
    });
    let edits = editor.ask("textDocument/formatting", &params);
    assert_eq!(edits[0]["newText"], GOOD, "{edits:#}");
    editor.change(&uri, "blueprint {");
    assert_eq!(editor.ask("textDocument/formatting", &params), Json::Null);
}

#[test]
fn edits_are_followed() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    assert_eq!(editor.said["capabilities"]["textDocumentSync"]["change"], 2);
    let uri = editor.open(&path, GOOD);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    // An emoji before it, then a letter of `replicas` gone: columns count UTF-16.
    let line = "output o: int = length(\"😀\") + replicas";
    editor.edit(&uri, &json!([edit((6, 0), (6, 24), line)]));
    let version = editor.edit(&uri, &json!([edit((6, 38), (6, 39), "")]));
    let told = editor.diagnostics_of(&uri, version);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["range"]["start"], json!({ "line": 6, "character": 31 }));
    let version = editor.edit(&uri, &json!([edit((6, 38), (6, 38), "s")]));
    assert_eq!(editor.diagnostics_of(&uri, version), Vec::<Json>::new());
}

#[test]
fn columns_are_bytes_where_the_editor_can() {
    let (_folder, path) = file();
    let offered = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let mut editor = Editor::start_with(&offered);
    assert_eq!(editor.said["capabilities"]["positionEncoding"], "utf-8");
    let wrong = GOOD.replace("= replicas", "= length(\"😀\") + replica");
    let uri = editor.open(&path, &wrong);
    let start = json!({ "line": 6, "character": 33 });
    assert_eq!(editor.diagnostics(&uri)[0]["range"]["start"], start);
    let mut editor = Editor::start();
    assert_eq!(editor.said["capabilities"]["positionEncoding"], "utf-16");
    let uri = editor.open(&path, &wrong);
    assert_eq!(editor.diagnostics(&uri)[0]["range"]["start"]["character"], 31);
}

#[test]
fn a_text_without_a_file_is_looked_at() {
    let mut editor = Editor::start();
    let uri = "untitled:Untitled-1";
    editor.open_as(uri, &GOOD.replace("= replicas", "= replica"));
    assert_eq!(editor.diagnostics(uri).len(), 1);
    let symbols =
        editor.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(symbols[0]["name"], "shop");
    // Closed, it is nowhere: nothing is said of it any more.
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(editor.diagnostics(uri), Vec::<Json>::new());
}

#[test]
fn it_asks_to_be_told_of_files_on_the_disk() {
    let capabilities =
        json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let editor = Editor::start_with(&capabilities);
    let asked = editor.until(|message| message["method"] == "client/registerCapability");
    let asked = &asked["params"]["registrations"][0];
    assert_eq!(asked["method"], "workspace/didChangeWatchedFiles");
    let watched = asked["registerOptions"]["watchers"][0]["globPattern"].as_str().unwrap();
    assert!(watched.contains("bp"), "{watched}");
}

#[test]
fn what_a_closed_file_said_is_taken_back() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, "input x: strin\n");
    assert!(!editor.diagnostics(&uri).is_empty());
    editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
}

#[test]
fn it_says_what_it_is() {
    let run =
        |argument: &str| Command::new(env!("CARGO_BIN_EXE_bpls")).arg(argument).output().unwrap();
    assert!(String::from_utf8(run("--version").stdout).unwrap().starts_with("bpls "));
    assert!(String::from_utf8(run("--help").stdout).unwrap().contains("Language Server Protocol"));
    let wrong = run("--wrong");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("--wrong"));
}
