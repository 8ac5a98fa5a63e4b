//! The standard library has no mistake, is in the one layout, says something of each of its types, and its
//! reference in `spec/library` is what `bpc doc` writes.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use bp_compiler::analysis::Analysis;
use bp_compiler::document::document;
use bp_compiler::library::{MODULES, PROVIDERS};
use bp_compiler::source::FileId;
use bp_compiler::syntax::ast::ItemKind;
use bp_compiler::syntax::parse_bytes;

#[test]
fn nothing_in_it_is_wrong() {
    for module in MODULES {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root.bp");
        fs::write(&root, format!("use {}\n", module.name)).unwrap();
        let analysis = Analysis::check(&root);
        let told: Vec<String> = analysis
            .diagnostics()
            .iter()
            .filter(|d| d.place.file != FileId(0))
            .map(|d| format!("{} {}", d.code, d.message))
            .collect();
        assert!(told.is_empty(), "{}: {told:?}", module.name);
    }
}

#[test]
fn it_is_in_the_one_layout() {
    for module in MODULES {
        let (source, _, _) = parse_bytes(FileId(0), module.path, module.text.into());
        assert!(bp_compiler::format::format(&source).unwrap() == module.text, "{}", module.path);
    }
}

#[test]
fn everything_in_it_is_documented() {
    for module in MODULES {
        let (_, tree, _) = parse_bytes(FileId(0), module.path, module.text.into());
        assert!(!tree.documentation.is_empty(), "{} says nothing of itself", module.path);
        for item in &tree.items {
            let name = match &item.kind {
                ItemKind::Type(declared) => &declared.name.text,
                ItemKind::Function(function) => &function.name.text,
                ItemKind::Value(value) => &value.name.text,
                _ => continue,
            };
            assert!(!item.documentation.is_empty(), "{}: `{name}` is not documented", module.path);
        }
    }
}

#[test]
fn a_page_says_what_carries_operations_out() {
    let text = "interface type Copies {\n  operation snapshot(into: string) -> { bytes: size }\n}\n\
        node type Database {\n  property name: string\n  implements Copies\n  implements Copies as mirrors\n  \
        /// Copies all.\n  operation copies.snapshot = script(\"snapshot.sh\") {\n    timeout = 1h\n  }\n  \
        operation lifecycle.stop = null\n}\ndata type Team {\n  name: string\n  /// Where it is.\n  mail: string?\n}\n";
    let (source, tree, told) = parse_bytes(FileId(0), "a.bp", text.into());
    assert!(told.is_empty(), "{told:?}");
    let page = document("a", &source, &tree);
    for part in [
        "| operation | `snapshot` | `(into: string) -> { bytes: size }` |  |\n",
        "| implements | `copies` | `Copies` |  |\n| implements | `mirrors` | `Copies` |  |\n",
        "| operation | `copies.snapshot` | `= script(\"snapshot.sh\")` | Copies all. |\n",
        "| operation | `lifecycle.stop` | `= null` |  |\n",
        "| field | type | |\n| --- | --- | --- |\n| `name` | `string` |  |\n| `mail` | `string?` | Where it is. |\n",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn its_reference_is_fresh() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/library");
    let mut index = String::from(
        "# The standard library\n\nWritten in the language and built into the compiler; nothing in it is privileged. Made by \
         `bpc doc`: `UPDATE=1 cargo test -p bp-compiler --test suite library` writes it again.\n\n| module | |\n| --- | --- |\n",
    );
    let mut pages = Vec::new();
    for module in MODULES {
        let (source, tree, _) = parse_bytes(FileId(0), module.path, module.text.into());
        let first = tree.documentation.lines().next().unwrap_or_default().to_owned();
        let _ = writeln!(index, "| [`{}`]({}.md) | {first} |", module.name, module.name);
        pages.push((format!("{}.md", module.name), document(module.name, &source, &tree)));
    }
    pages.push(("README.md".to_owned(), index));
    for (name, text) in pages {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == text,
            "{} is stale: run `UPDATE=1 cargo test -p bp-compiler --test suite library`",
            path.display()
        );
    }
}

#[test]
fn its_providers_are_known() {
    let named = MODULES.iter().flat_map(|module| module.text.split("provider = \"").skip(1));
    let named: Vec<&str> = named.filter_map(|rest| rest.split('"').next()).collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(PROVIDERS.contains(&name), "{name}");
    }
}
