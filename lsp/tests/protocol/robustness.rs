//! What goes wrong around it: nothing makes it fall over.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::GOOD;
use crate::editor::{Editor, edit, file};

/// It still looks at files and answers.
#[track_caller]
fn is_well(editor: &mut Editor) {
    let (_folder, path) = file();
    let uri = editor.open(&path, GOOD);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    assert!(editor.ask_at("textDocument/hover", &uri, 6, 17).is_object());
}

#[test]
fn a_binary_file_is_told_of() {
    let (folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, "\0\u{1}\u{fffd}ELF\0\0\0{{{\0");
    assert!(!editor.diagnostics(&uri).is_empty());
    editor.labels(&uri, 0, 3);
    editor.ask_at("textDocument/hover", &uri, 0, 3);
    // One on the disk that isn't text at all, used by one that is.
    let other = folder.path().canonicalize().unwrap().join("other.bp");
    std::fs::write(&other, [0xff, 0xfe, 0, 1, 2]).unwrap();
    editor.change(&uri, &GOOD.replace("input", "use \"./other.bp\"\n\ninput"));
    let theirs = editor.diagnostics(&format!("file://{}", other.display()));
    assert!(theirs[0]["message"].as_str().unwrap().contains("UTF-8"), "{theirs:#?}");
    is_well(&mut editor);
}

#[test]
fn a_deleted_file_is_told_of() {
    let (_folder, path) = file();
    let used = path.with_file_name("sizes.bp");
    std::fs::write(&used, "const small = 1\n").unwrap();
    let mut editor = Editor::start();
    let text = GOOD
        .replace("input replicas: int = 1", "use \"./sizes.bp\"\n\nconst replicas = sizes.small");
    let uri = editor.open(&path, &text);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    std::fs::remove_file(&used).unwrap();
    std::fs::remove_file(&path).unwrap();
    let changes = json!([{ "uri": format!("file://{}", used.display()), "type": 3 }]);
    editor.tell("workspace/didChangeWatchedFiles", &json!({ "changes": changes }));
    let told = editor.diagnostics(&uri);
    assert!(told[0]["message"].as_str().unwrap().contains("sizes.bp"), "{told:#?}");
    // It comes back, with a mistake in it.
    std::fs::write(&used, "const small = \n").unwrap();
    editor.tell("workspace/didChangeWatchedFiles", &json!({ "changes": changes }));
    assert!(!editor.diagnostics(&format!("file://{}", used.display())).is_empty());
    // The open text is what counts, not that its file is gone.
    assert!(editor.ask_at("textDocument/hover", &uri, 8, 17).is_object());
    is_well(&mut editor);
}

#[test]
fn a_body_that_is_no_message_is_answered() {
    let mut editor = Editor::start();
    for (body, code) in [
        ("{ this is no JSON", -32700),
        ("[1, 2]", -32600),
        ("{}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":5}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":78,\"method\":\"textDocument/hover\",\"params\":{}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":79,\"method\":\"no/such\"}", -32601),
        ("\u{fffd}\0", -32700),
    ] {
        editor.send(body);
        let answer = editor.until(|message| message.get("error").is_some());
        assert_eq!(answer["error"]["code"], code, "{body}: {answer:#}");
    }
    editor.write(b"Content-Length: 3\r\n\r\n\xff\xfe\xfd");
    let answer = editor.until(|message| message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32700);
    // Answers that nobody waits for, and notifications that nobody knows, are passed over.
    editor.send("{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":null}");
    editor.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/setTrace\",\"params\":{\"value\":\"off\"}}");
    is_well(&mut editor);
}

#[test]
fn a_header_that_is_none_ends_it_with_a_sentence() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"Content-Length: many\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: 99999999999999999999\r\n\r\n{}",
        b"Content-Length: 9999999999\r\n\r\n{}",
        b"Content-Type: x\r\n\r\n{}",
        b"{\"jsonrpc\":\"2.0\"}\n",
        &[b'x'; 10_000],
        &[0xff; 10_000],
    ] {
        let mut editor = Editor::start();
        editor.write(bytes);
        let (status, said) = editor.ended();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains("expected `Content-Length: N`"), "{said}");
        assert!(!said.contains("panicked") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_stream_that_ends_ends_it() {
    for bytes in [&b""[..], b"Content-Len", b"Content-Length: 10\r\n\r\n{}"] {
        let mut editor = Editor::start();
        editor.write(bytes);
        editor.stdin = None;
        let (status, said) = editor.ended();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn edits_out_of_range_are_held() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, GOOD);
    let version = editor.edit(
        &uri,
        &json!([
            edit((900, 0), (901, 7), "const _a = 1\n"),
            edit((0, 900), (0, 900), ""),
            edit((3, 5), (1, 0), ""),
        ]),
    );
    let note = editor.until(|message| {
        message["method"] == "window/logMessage" && message["params"]["type"] == 2
    });
    assert!(note["params"]["message"].as_str().unwrap().contains("does not go with"), "{note}");
    assert_eq!(editor.diagnostics_of(&uri, version), Vec::<Json>::new());
    let text =
        editor.ask("textDocument/documentSymbol", &json!({ "textDocument": { "uri": uri } }));
    assert_eq!(text[3]["name"], "_a");
    // The next text as a whole sets it right.
    let version = editor.change(&uri, GOOD);
    assert_eq!(editor.diagnostics_of(&uri, version), Vec::<Json>::new());
}

#[test]
fn edits_with_a_number_that_is_none_are_told_of() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, GOOD);
    for wrong in ["-1", "0.5", "4294967296", "null"] {
        let wrong: Json = serde_json::from_str(wrong).unwrap();
        let mut change = edit((0, 0), (0, 0), "x");
        change["range"]["end"]["line"] = wrong.clone();
        editor.edit(&uri, &json!([change]));
        let note = editor.until(|message| {
            message["method"] == "window/logMessage" && message["params"]["type"] == 2
        });
        let words = note["params"]["message"].as_str().unwrap();
        assert!(words.contains("didChange") && words.contains(&uri), "{wrong}: {words}");
    }
    // One without parameters at all.
    editor.send("{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\"}");
    let note = editor.until(|message| message["method"] == "window/logMessage");
    assert!(note["params"]["message"].as_str().unwrap().contains("didChange"), "{note}");
    let version = editor.change(&uri, GOOD);
    assert_eq!(editor.diagnostics_of(&uri, version), Vec::<Json>::new());
}

#[test]
fn no_position_is_too_large() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, GOOD);
    let corners = [0, 1, u32::MAX - 1, u32::MAX];
    for line in corners {
        for column in corners {
            for end in corners {
                editor.edit(&uri, &json!([edit((line, column), (line, end), "")]));
                editor.edit(&uri, &json!([edit((line, column), (end, column), "")]));
            }
            for asked in ["hover", "definition", "completion"] {
                editor.ask_at(&format!("textDocument/{asked}"), &uri, line, column);
            }
        }
    }
    let version = editor.change(&uri, GOOD);
    assert_eq!(editor.diagnostics_of(&uri, version), Vec::<Json>::new());
    is_well(&mut editor);
}

#[test]
fn a_file_that_was_never_opened_is_not_known() {
    let (_folder, path) = file();
    std::fs::write(&path, GOOD).unwrap();
    let mut editor = Editor::start();
    let uri = format!("file://{}", path.display());
    for method in ["textDocument/hover", "textDocument/completion", "textDocument/definition"] {
        assert_eq!(editor.ask_at(method, &uri, 0, 0), Json::Null);
        assert_eq!(editor.ask_at(method, "nonsense:x", 0, 0), Json::Null);
    }
    let document = json!({ "textDocument": { "uri": uri } });
    assert_eq!(editor.ask("textDocument/documentSymbol", &document), Json::Null);
    editor.edit(&uri, &json!([edit((0, 0), (0, 1), "x")]));
    editor.tell("textDocument/didClose", &document);
    is_well(&mut editor);
}

#[test]
fn a_very_deep_file_is_told_of() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    for open in ["[", "(", "{ a = ", "\"${", "not ", "-", "f(", "if true then 1 else ", "/*"] {
        for count in [100, 20_000] {
            let uri = editor.open(&path, &format!("{GOOD}\nconst deep = {}", open.repeat(count)));
            editor.diagnostics(&uri);
            editor.labels(&uri, 8, 13 + u32::try_from(open.len()).unwrap() * 90);
            editor.ask_at("textDocument/hover", &uri, 8, 100);
            editor.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
        }
    }
    is_well(&mut editor);
}

#[test]
fn of_a_hundred_edits_the_last_one_counts() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let uri = editor.open(&path, GOOD);
    let mut version = 0;
    for at in 0..100 {
        // One letter after the other behind the last line.
        version = editor.edit(&uri, &json!([edit((7, at), (7, at), "x")]));
    }
    let told = editor.diagnostics_of(&uri, version);
    assert_eq!(told[0]["range"]["end"], json!({ "line": 7, "character": 100 }), "{told:#?}");
    // No older one comes after it.
    assert!(editor.ask_at("textDocument/hover", &uri, 6, 17).is_object());
    let version = editor.edit(&uri, &json!([edit((7, 0), (7, 100), "")]));
    let next = editor.diagnostics(&uri);
    assert_eq!(next, Vec::<Json>::new(), "the next one told is of version {version}");
}

#[test]
fn nothing_is_answered_before_it_is_ready() {
    let mut editor = Editor::silent();
    let params = json!({ "textDocument": { "uri": "file:///a.bp" }, "position": { "line": 0, "character": 0 } });
    let id = editor.begin("textDocument/hover", &params);
    assert_eq!(editor.answer(id)["error"]["code"], -32002);
    editor.tell("textDocument/didOpen", &json!({}));
    editor.ask("initialize", &json!({ "capabilities": {} }));
    editor.tell("initialized", &json!({}));
    let id = editor.begin("initialize", &json!({ "capabilities": {} }));
    assert_eq!(editor.answer(id)["error"]["code"], -32600, "a second one");
    is_well(&mut editor);
}

#[test]
fn it_ends_when_it_is_told_to() {
    let mut editor = Editor::start();
    assert_eq!(editor.ask("shutdown", &Json::Null), Json::Null);
    let id = editor.begin("textDocument/hover", &json!({}));
    assert_eq!(editor.answer(id)["error"]["code"], -32600, "after shutdown");
    editor.tell("exit", &Json::Null);
    let (status, said) = editor.ended();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    // Without `shutdown` it is no orderly end.
    let mut editor = Editor::start();
    editor.tell("exit", &Json::Null);
    assert_eq!(editor.ended().0.code(), Some(1));
}

#[test]
fn what_is_cancelled_is_not_waited_for() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let mut text = GOOD.to_owned();
    for at in 0..1200 {
        let _ = write!(text, "\nconst c{at} = [x * 2 for x in 1..{at} if x > 3]");
    }
    let uri = editor.open(&path, &text);
    let place =
        json!({ "textDocument": { "uri": uri }, "position": { "line": 6, "character": 17 } });
    let hover = editor.begin("textDocument/hover", &place);
    let other = editor.begin("textDocument/hover", &place);
    editor.tell("$/cancelRequest", &json!({ "id": hover }));
    editor.tell("$/cancelRequest", &json!({ "id": 12_345 }));
    let answer = editor.answer(hover);
    assert_eq!(answer["error"]["code"], -32800, "{answer}");
    assert!(editor.answer(other)["result"].is_object());
}
