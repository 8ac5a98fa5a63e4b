//! What an editor asks about a place.

use serde_json::{Value as Json, json};

use crate::editor::{Editor, edit, file};

const TEXT: &str = r#"blueprint shop {
  version = "1.0.0"
}

use std.kubernetes as k8s
use "./sizes.bp" as sizes

/// Where it runs.
input environment: "dev" | "prod" = "dev"

select demo: k8s.Cluster[1..] {
  where = self.labels.tier == "demo"
}

node web: k8s.Deployment for cluster in demo {
  name     = "web"
  image    = "nginx:${environment}"
  replicas = sizes.small
  host -> cluster
}
"#;

fn opened(capabilities: &Json) -> (tempfile::TempDir, Editor, String) {
    let (folder, path) = file();
    std::fs::write(path.with_file_name("sizes.bp"), "/// A small one.\nconst small = 1\n").unwrap();
    let mut editor = Editor::start_with(capabilities);
    let uri = editor.open(&path, TEXT);
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    (folder, editor, uri)
}

#[test]
fn completion_of_text_that_was_typed_just_now() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    // A node that is not closed, in front of one that is.
    let typed = "node other: k8s.Deployment {\n  \n\n";
    editor.edit(&uri, &json!([edit((14, 0), (14, 0), typed)]));
    let labels = editor.labels(&uri, 15, 2);
    assert_eq!(labels[..3], ["host", "image", "name"], "{labels:?}");
    editor.edit(&uri, &json!([edit((15, 2), (15, 2), "host -> ")]));
    // The selection is no single target.
    assert_eq!(editor.labels(&uri, 15, 10), ["k8s.Cluster"]);
    editor.edit(&uri, &json!([edit((15, 2), (15, 10), "image = environment == \"\"")]));
    assert_eq!(editor.labels(&uri, 15, 26), ["dev", "prod"]);
    editor.edit(&uri, &json!([edit((15, 10), (15, 27), "web[\"a\"].")]));
    let labels = editor.labels(&uri, 15, 19);
    assert!(labels.contains(&"available_replicas".to_owned()), "{labels:?}");
    editor.edit(&uri, &json!([edit((14, 0), (14, 0), "use std.\n")]));
    assert!(editor.labels(&uri, 14, 8).contains(&"kubernetes".to_owned()));
    editor.edit(&uri, &json!([edit((14, 0), (14, 8), "use \"./\"")]));
    assert_eq!(editor.labels(&uri, 14, 7), ["./sizes.bp"]);
}

#[test]
fn completion_brings_its_value_where_the_editor_can() {
    let snippets = json!({
        "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } }
    });
    for (capabilities, wanted, format) in
        [(snippets, "image = \"$1\"", 2), (json!({}), "image = \"\"", 1)]
    {
        let (_folder, mut editor, uri) = opened(&capabilities);
        editor.edit(&uri, &json!([edit((14, 0), (14, 0), "node o: k8s.Deployment {\n  im\n}\n")]));
        let found = editor.ask_at("textDocument/completion", &uri, 15, 4);
        let image = found.as_array().unwrap().iter().find(|item| item["label"] == "image").unwrap();
        assert_eq!(image["textEdit"]["newText"], wanted);
        assert_eq!(image["insertTextFormat"], format);
        assert_eq!(image["textEdit"]["range"]["start"], json!({ "line": 15, "character": 2 }));
        assert_eq!(image["documentation"]["value"], "The container's image.");
        assert_eq!(image["detail"], "string (required)");
    }
}

#[test]
fn hover_shows_declaration_and_documentation() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    let told = editor.ask_at("textDocument/hover", &uri, 17, 20);
    let value = told["contents"]["value"].as_str().unwrap();
    assert!(value.contains("const small = 1") && value.contains("A small one."), "{value}");
    assert_eq!(told["range"]["start"], json!({ "line": 17, "character": 19 }));
    let told = editor.ask_at("textDocument/hover", &uri, 17, 4);
    let value = told["contents"]["value"].as_str().unwrap();
    assert!(value.contains("property replicas: int = 1 where self in 0..2147483647"), "{value}");
    assert_eq!(editor.ask_at("textDocument/hover", &uri, 3, 0), Json::Null);
}

#[test]
fn definitions_in_files_and_in_the_library() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    let found = editor.ask_at("textDocument/definition", &uri, 18, 12);
    assert_eq!((&found["uri"], &found["range"]["start"]["line"]), (&json!(uri), &json!(14)));
    let found = editor.ask_at("textDocument/definition", &uri, 17, 20);
    assert_eq!(found["uri"], uri.replace("shop.bp", "sizes.bp"));
    assert_eq!(found["range"]["start"], json!({ "line": 1, "character": 6 }));

    let found = editor.ask_at("textDocument/definition", &uri, 14, 16);
    let path = found["uri"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    assert!(std::path::Path::new(&path).starts_with(editor.cache.path().canonicalize().unwrap()));
    let text = std::fs::read_to_string(&path).unwrap();
    let line = found["range"]["start"]["line"].as_u64().unwrap();
    let line = text.lines().nth(usize::try_from(line).unwrap()).unwrap();
    assert!(line.starts_with("node type Deployment"), "{line}");
    assert!(std::fs::metadata(&path).unwrap().permissions().readonly());
}

#[test]
fn paths_are_completed_and_lead_to_their_files() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    let asked = editor.said["capabilities"]["completionProvider"]["triggerCharacters"].clone();
    assert!(asked.as_array().unwrap().contains(&json!("/")), "{asked}");
    let typed = "const words = read(\"sizes.bp\")\n";
    let version = editor.edit(&uri, &json!([edit((14, 0), (14, 0), typed)]));
    assert_eq!(editor.labels(&uri, 14, 22), ["sizes.bp"]);
    editor.diagnostics_of(&uri, version);
    let found = editor.ask_at("textDocument/definition", &uri, 14, 22);
    assert_eq!(found["uri"], uri.replace("shop.bp", "sizes.bp"));
}

#[test]
fn the_library_s_own_files_are_read_like_others() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    let found = editor.ask_at("textDocument/definition", &uri, 14, 16);
    let path = found["uri"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    let folder = std::path::Path::new(&path).parent().unwrap().to_owned();
    for module in bp_compiler::library::MODULES {
        let path = folder.join(module.path.rsplit('/').next().unwrap());
        let library = editor.open(&path, module.text);
        let params = json!({ "textDocument": { "uri": library } });
        let symbols = editor.ask("textDocument/documentSymbol", &params);
        let symbols = symbols.as_array().unwrap();
        assert!(!symbols.is_empty(), "{}: {symbols:#?}", module.name);
        for symbol in symbols {
            let at = &symbol["selectionRange"]["start"];
            let (line, column) = (at["line"].as_u64().unwrap(), at["character"].as_u64().unwrap());
            let (line, column) = (u32::try_from(line).unwrap(), u32::try_from(column).unwrap());
            let hover = editor.ask_at("textDocument/hover", &library, line, column);
            let words = hover["contents"]["value"].as_str().unwrap();
            assert!(words.contains(symbol["name"].as_str().unwrap()), "{words}");
            let own = editor.ask_at("textDocument/definition", &library, line, column);
            assert_eq!((&own["uri"], &own["range"]), (&json!(library), &symbol["selectionRange"]));
        }
        // A type's parent leads to where it is declared, in this file or in the core's.
        let parent = module.text.lines().enumerate().find(|(_, l)| l.contains(" extends "));
        let Some((at, line)) = parent else { continue };
        let parent = line.split(" extends ").nth(1).unwrap().split(' ').next().unwrap();
        let column = line.find(" extends ").unwrap() + " extends ".len() + parent.len() - 1;
        let (at, column) = (u32::try_from(at).unwrap(), u32::try_from(column).unwrap());
        let parent = editor.ask_at("textDocument/definition", &library, at, column);
        assert!(parent["uri"].as_str().unwrap().contains("/std/"), "{line}: {parent}");
        // By when something else is looked at, nothing was said of it.
        let version = editor.change(&uri, "const a = 1\n");
        editor.diagnostics_of(&uri, version);
        assert_eq!(editor.told_of(&library), 0, "{}", module.name);
    }
}

#[test]
fn references_and_names_reach_other_files() {
    let (folder, mut editor, uri) = opened(&json!({}));
    let sizes = uri.replace("shop.bp", "sizes.bp");
    let position = json!({ "line": 17, "character": 20 });
    let place = json!({ "textDocument": { "uri": uri }, "position": position });
    let mut wanted = place.clone();
    wanted["context"] = json!({ "includeDeclaration": true });
    let found = editor.ask("textDocument/references", &wanted);
    let shown: Vec<(&Json, &Json)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["uri"], &one["range"]["start"]["line"]))
        .collect();
    assert_eq!(shown, [(&json!(uri), &json!(17)), (&json!(sizes), &json!(1))]);
    wanted["context"] = json!({ "includeDeclaration": false });
    let found = editor.ask("textDocument/references", &wanted);
    assert_eq!(found.as_array().unwrap().len(), 1, "{found:#}");
    let own = editor.ask("textDocument/documentHighlight", &place);
    assert_eq!(own.as_array().unwrap().len(), 1, "{own:#}");

    let range = editor.ask("textDocument/prepareRename", &place);
    assert_eq!(range["start"], json!({ "line": 17, "character": 19 }));
    let mut named = place.clone();
    named["newName"] = json!("tiny");
    let found = editor.ask("textDocument/rename", &named);
    assert_eq!(found["changes"][&uri][0]["newText"], "tiny", "{found:#}");
    assert_eq!(found["changes"][&sizes][0]["newText"], "tiny", "{found:#}");
    // The other file is open, too, and is not what the disk has: its text is what counts.
    editor.open(&folder.path().canonicalize().unwrap().join("sizes.bp"), "\n\nconst small = 2\n");
    let found = editor.ask("textDocument/rename", &named);
    assert_eq!(found["changes"][&sizes][0]["range"]["start"]["line"], 2, "{found:#}");

    named["newName"] = json!("not a name");
    let asked = editor.begin("textDocument/rename", &named);
    let refused = editor.answer(asked);
    assert!(refused["error"]["message"].as_str().unwrap().contains("is not a name"), "{refused}");
    named["position"] = json!({ "line": 14, "character": 16 });
    let asked = editor.begin("textDocument/prepareRename", &named);
    let refused = editor.answer(asked);
    let words = refused["error"]["message"].as_str().unwrap();
    assert!(words.contains("the standard library"), "{refused}");
}

#[test]
fn symbols_are_a_tree() {
    let (_folder, mut editor, uri) = opened(&json!({}));
    let params = json!({ "textDocument": { "uri": uri } });
    let found = editor.ask("textDocument/documentSymbol", &params);
    let names: Vec<&str> =
        found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["shop", "environment", "demo", "web"]);
    assert_eq!(found[3]["detail"], "node: k8s.Deployment");
    assert_eq!(found[3]["children"][3]["name"], "host");
    assert_eq!(found[3]["selectionRange"]["start"], json!({ "line": 14, "character": 5 }));
}

#[test]
fn a_template_is_looked_at_as_the_editor_has_it() {
    let (_folder, path) = file();
    let template = path.with_file_name("page.hbs");
    std::fs::write(&template, "Hello {{name}}\n").unwrap();
    let mut editor = Editor::start();
    let uri = editor.open(&path, "blueprint shop {\n  version = \"1.0.0\"\n}\n\noutput page = template(\"page.hbs\", { name = \"x\" })\n");
    assert_eq!(editor.diagnostics(&uri), Vec::<Json>::new());
    let own = editor.open(&template, "Hello {{nam}}\n");
    let told = editor.diagnostics(&own);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["range"]["start"], json!({ "line": 0, "character": 8 }), "{told:#?}");
    editor.edit(&own, &json!([edit((0, 11), (0, 11), "e")]));
    assert_eq!(editor.diagnostics(&own), Vec::<Json>::new());
}

#[test]
fn a_code_leads_to_its_page() {
    let (_folder, path) = file();
    let mut editor = Editor::start();
    let text = "blueprint shop {\n  version = \"1.0.0\"\n}\n\nconst idle = 1\n";
    let uri = editor.open(&path, &text.replace("idle = 1", "idle = gone"));
    let told = editor.diagnostics(&uri);
    assert_eq!(told[0]["code"], "E3001");
    let href = told[0]["codeDescription"]["href"].as_str().unwrap();
    let page = href.strip_prefix("file://").unwrap();
    assert!(std::path::Path::new(page).starts_with(editor.cache.path()), "{page}");
    assert!(std::fs::read_to_string(page).unwrap().starts_with("# E3001: "));
    assert_eq!(told[0].get("tags"), None);
    // What is not used is faded.
    let version = editor.change(&uri, text);
    let told = editor.diagnostics_of(&uri, version);
    assert_eq!((&told[0]["code"], &told[0]["tags"]), (&json!("W2010"), &json!([1])), "{told:#?}");
}
