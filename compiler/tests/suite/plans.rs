//! Plans: the same sources give the same bytes, always and everywhere; whatever is analysed never
//! panics; what is large is not slow.

use crate::common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_plan::{Plan, from_bytes, to_bytes};
use proptest::prelude::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn bytes(plan: &Plan) -> Vec<u8> {
    to_bytes(plan, &BTreeMap::new()).unwrap()
}

fn compiled(path: &Path) -> Vec<u8> {
    let analysis = Analysis::load(path);
    bytes(analysis.plan().unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics())))
}

/// A package of several files, written in the order that `order` gives.
fn package(folder: &Path, order: &[usize]) -> PathBuf {
    let files = [
        (
            "root.bp",
            "blueprint p { version = \"1.0.0\" }\nuse \"./b/kinds.bp\" as kinds\nuse \"./a.bp\" as a\nnode one: kinds.Box { size = a.small }\nnode two: kinds.Box { size = a.twice }\n",
        ),
        (
            "a.bp",
            "use \"./b/sizes.bp\" as sizes\nconst small = sizes.unit\nconst twice = sizes.unit * 2\n",
        ),
        (
            "b/kinds.bp",
            "use \"./sizes.bp\" as sizes\nnode type Box { property size: int = sizes.unit }\n",
        ),
        ("b/sizes.bp", "const unit = 3\n"),
    ];
    std::fs::create_dir_all(folder.join("b")).unwrap();
    for at in order {
        let (name, text) = files[*at];
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder.join("root.bp")
}

#[test]
fn a_hundred_runs_give_the_same_bytes() {
    let hello = root().join("blueprints/hello-fleet/hello.bp");
    let first = compiled(&hello);
    for _ in 0..100 {
        assert!(compiled(&hello) == first);
    }
    assert_eq!(bytes(&from_bytes(&first).unwrap().plan), first);
}

#[test]
fn neither_the_folder_nor_the_order_of_files_matters() {
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]];
    let mut plans = Vec::new();
    for order in orders {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("some").join("where");
        std::fs::create_dir_all(&deep).unwrap();
        plans.push(compiled(&package(&deep, &order)));
        // The same package, seen from inside of it.
        let here = package(folder.path(), &order);
        plans.push(compiled(&here));
    }
    assert!(plans.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_order_of_items_changes_places_alone() {
    let items = [
        "blueprint p { version = \"1.0.0\" }",
        "input size: int = 2",
        "const twice = size * 2",
        "node type Box { property size: int, requires after_box: Box[0..1] via DependsOn }",
        "node a: Box { size = twice }",
        "node b: Box {\n  size = a.size\n  after_box -> a\n}",
        "output o: int = b.size",
    ];
    let plan = |order: &[usize]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.bp");
        let text: Vec<&str> = order.iter().map(|at| items[*at]).collect();
        std::fs::write(&path, text.join("\n") + "\n").unwrap();
        let mut plan = Analysis::load(&path).plan().unwrap().clone();
        // What tells where things stand differs, and only that.
        plan.sources.clear();
        plan.blueprint.sources = bp_plan::Digest::of(b"");
        let text = serde_json::to_string(&plan).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        strip_spans(&mut json);
        json
    };
    let first = plan(&[0, 1, 2, 3, 4, 5, 6]);
    for order in [[6, 5, 4, 3, 2, 1, 0], [3, 0, 5, 2, 6, 1, 4], [5, 4, 0, 6, 3, 2, 1]] {
        assert_eq!(plan(&order), first, "{order:?}");
    }
}

fn strip_spans(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(entries) => {
            entries.remove("span");
            entries.remove("inner");
            entries.values_mut().for_each(strip_spans);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(strip_spans),
        _ => {}
    }
}

fn analyse(text: &str) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.bp");
    std::fs::write(&path, text).unwrap();
    Analysis::load(&path)
}

#[test]
fn long_chains_and_wide_rows_are_taken() {
    let head = "blueprint p { version = \"1.0.0\" }\n";
    let chain = |count: usize| {
        let mut text = format!(
            "{head}input v: string = \"\"\nnode type T {{\n  property v: string\n  requires up: T[0..1]\n}}\nnode n0: T {{ v = v }}\n"
        );
        for n in 1..count {
            let before = n - 1;
            let _ = writeln!(text, "node n{n}: T {{\n  v = n{before}.v\n  up -> n{before}\n}}");
        }
        text
    };
    let analysis = analyse(&chain(3_000));
    assert!(analysis.plan().is_some(), "{:#?}", analysis.diagnostics());
    let mut constants = format!("{head}const c0 = 1\n");
    for n in 1..3_000 {
        let _ = writeln!(constants, "const c{n} = c{} + 1", n - 1);
    }
    constants += "output o: int = c2999\n";
    let analysis = analyse(&constants);
    assert_eq!(
        analysis.plan().unwrap().outputs["o"].value,
        bp_plan::Expr::Value(bp_plan::Value::Int(3_000))
    );
    let mut types = format!("{head}node type T0 {{ property p: int = 0 }}\n");
    for n in 1..1_000 {
        let _ = writeln!(types, "node type T{n} extends T{}", n - 1);
    }
    types += "node a: T999 { p = 7 }\n";
    assert!(analyse(&types).plan().is_some());
    // A ring of that length is one error.
    let ring = chain(2_000).replacen("v = v }", "v = n1999.v }", 1);
    let analysis = analyse(&ring);
    assert_eq!(analysis.diagnostics().len(), 1, "{}", analysis.diagnostics().len());
}

fn cases() -> Vec<String> {
    let mut texts = Vec::new();
    for kind in ["accept", "reject"] {
        for entry in std::fs::read_dir(root().join("tests/cases").join(kind)).unwrap() {
            texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
    }
    texts.push(std::fs::read_to_string(root().join("blueprints/hello-fleet/hello.bp")).unwrap());
    texts.sort();
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A program with a word gone, doubled or taken from another place: analysed to an end, every
    /// place inside of its file; a plan that comes out is one.
    #[test]
    fn any_program_is_analysed(case in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), how in 0..4_u8) {
        let cases = cases();
        let text = case.get(&cases);
        let words: Vec<&str> = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let (at, from) = (at.index(words.len()), from.index(words.len()));
        let mut changed: Vec<&str> = words.clone();
        match how {
            0 => drop(changed.remove(at)),
            1 => changed.insert(at, words[from]),
            2 => changed[at] = words[from],
            _ => changed.swap(at, from),
        }
        let text = changed.concat();
        let analysis = analyse(&text);
        for diagnostic in analysis.diagnostics().iter().chain(analysis.unplanned()) {
            let places = diagnostic.related.iter().map(|(place, _)| place).chain([&diagnostic.place]);
            for place in places {
                let file = analysis.sources().file(place.file).unwrap();
                let span = place.span;
                prop_assert!(span.start <= span.end && span.end as usize <= file.text().len(), "{text}\n{diagnostic:?}");
                prop_assert!(file.text().is_char_boundary(span.start as usize) && file.text().is_char_boundary(span.end as usize));
            }
        }
        if let Some(plan) = analysis.plan() {
            let bytes = bytes(plan);
            prop_assert!(from_bytes(&bytes).is_ok(), "{text}");
        }
        prop_assert!(analysis.unplanned().iter().all(|d| d.code != "E7003"), "{text}\n{:?}", analysis.unplanned());
    }
}

/// Every `span` of a document, wherever it stands.
fn spans<'v>(value: &'v serde_json::Value, found: &mut Vec<&'v serde_json::Value>) {
    match value {
        serde_json::Value::Object(fields) => {
            found.extend(fields.get("span"));
            fields.values().for_each(|field| spans(field, found));
        }
        serde_json::Value::Array(elements) => elements.iter().for_each(|one| spans(one, found)),
        _ => {}
    }
}

#[test]
fn every_place_is_one_of_the_plan_s_own_sources() {
    let mut seen = 0;
    for path in common::programs(&["blueprints"]) {
        let analysis = Analysis::load(&path);
        let Some(plan) = analysis.plan() else { continue };
        let loaded = from_bytes(&to_bytes(plan, analysis.artifacts()).unwrap()).unwrap();
        for plan in loaded.nested.values().chain([plan]) {
            let document = serde_json::to_value(plan).unwrap();
            let mut found = Vec::new();
            spans(&document, &mut found);
            for span in found {
                let [file, line] = [0, 1].map(|at| span[at].as_u64().unwrap());
                let source = &plan.sources[usize::try_from(file).unwrap()];
                let line = source.lines.get(&u32::try_from(line).unwrap());
                assert!(line.is_some(), "{}: {span} of {}", path.display(), source.path);
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen}");
}
