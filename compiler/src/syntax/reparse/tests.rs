//! Pieces give what the whole gives, whatever the text and the edit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::cell::Cell;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

const FILE: FileId = FileId(3);

fn source(text: &str) -> SourceFile {
    SourceFile::new("x.bp", text)
}

/// As a whole: no piece is long enough.
fn whole(text: &str) -> Parse {
    Parse::fresh(FILE, &source(text), u32::MAX)
}

/// Every seam is cut.
fn cut(text: &str) -> Parse {
    Parse::fresh(FILE, &source(text), 1)
}

fn again(now: &SourceFile, source: &SourceFile, parse: &Parse) -> (SourceFile, Parse) {
    let before = Before { source, pieces: &parse.pieces, tree: &parse.tree };
    Parse::again(FILE, now, before, 1)
}

/// What is told, as people see it.
fn told(source: &SourceFile, parse: &Parse) -> Vec<String> {
    let at = |place: &Place| source.positions(place.span);
    let one = |d: &Diagnostic| {
        let related: Vec<_> = d.related.iter().map(|(place, note)| (at(place), note)).collect();
        let edits = d.fix.iter().flat_map(|fix| &fix.edits);
        let edits: Vec<_> = edits.map(|(place, text)| (at(place), text)).collect();
        format!("{} {:?} {} {:?} {related:?} {edits:?}", d.code, at(&d.place), d.message, d.help)
    };
    parse.diagnostics.iter().map(one).collect()
}

#[track_caller]
fn same(text: &str, got: &Parse) {
    let wanted = whole(text);
    assert_eq!(got.diagnostics, wanted.diagnostics, "in pieces, then whole, of\n{text}");
    assert_eq!(got.tree, wanted.tree, "in pieces, then whole, of\n{text}");
}

/// The cases, the examples and the standard library.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut texts = Vec::new();
    let mut folders = vec![root.join("tests/cases"), root.join("blueprints"), root.join("stdlib")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bp") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(texts.len() > 50, "the cases are there");
    texts
}

#[test]
fn pieces_are_the_whole() {
    let texts = texts();
    let mut parts = 0;
    for text in &texts {
        let got = cut(text);
        same(text, &got);
        parts += got.pieces.kept.len();
    }
    assert!(parts > 200, "{parts} pieces were cut");
    let all = texts.concat();
    same(&all, &cut(&all));
}

#[test]
fn what_belongs_to_an_item_stays_with_it() {
    let text = "/// The file.\n\n/// One.\nnode a: T {\n}\n\n// a comment\n/// Two.\n@protect\nnode b: T { }\nnode c: T { }\n";
    let got = cut(text);
    assert_eq!(got.pieces.kept.len(), 3);
    assert_eq!(got.tree.documentation, "The file.");
    assert_eq!(got.tree.items[1].documentation, "Two.");
    same(text, &got);
}

#[test]
fn a_mistake_in_one_piece_leaves_the_others() {
    for broken in [
        "node a: T { x = }\nnode b: T { }\nnode c: T { }\n",
        "const a =\nnode b: T { }\nnode c: T { }\n",
        "node a: T { x = ( }\n@protect\nnode b: T { }\nnode c: T { }\n",
        "node a: T { x = \"${f( }\n@protect\nnode b: T { }\nnode c: T { }\n",
        "node a: T { x = 1 )\n@protect\nnode b: T { }\nnode c: T { }\n",
        "\"a${\" /*\nnode x: T\nnode y: T\n*/\nnode z: T\n",
        "node type A /// Words.\n\nnode b: T { }\nnode c: T { }\n",
        "use a { x\nnode n: T { }\nnode m: T { }\nnode o: T { }\n",
        "const a = 9223372036854775808\nconst b = 9223372036854775808\nnode c: T { }\n",
        "node a: T {\nnode b: T { }\nnode d: T { }\n}\nnode c: T { }\n",
    ] {
        same(broken, &cut(broken));
    }
}

#[test]
fn what_is_below_an_edit_stays_where_it_is() {
    let text = |own: &str| {
        let nodes = ["n2", "n3", "n4"].map(|name| format!("/// Words.\nnode {name}: T {{ }}\n"));
        format!("node n1: T {{ x = \"{own}\" }}\n{}", nodes.concat())
    };
    let first = source(&text(""));
    let (second, third) = (source(&text("é")), source(&text("éé")));
    let (parted, one) = again(&second, &first, &cut(&text("")));
    assert!(parted.says(second.text()) && parted.gap() != Span::default());
    let (after, two) = again(&third, &parted, &one);
    assert!(after.says(third.text()));
    assert_eq!(after.text().len(), parted.text().len(), "the gap took it in");
    for (was, is) in one.tree.items.iter().zip(&two.tree.items).skip(1) {
        assert!(Arc::ptr_eq(was, is), "{is:?}");
        let line = after.position(is.span.start).line;
        assert_eq!(after.line(line), third.line(line));
        assert_eq!(after.line_start(is.span.start), is.span.start);
        assert_eq!(after.offset(line, 1), is.span.start);
    }
    // What was typed is more than a gap holds.
    let long = source(&text(&"x".repeat(3 * GAP as usize)));
    let (longer, three) = again(&long, &after, &two);
    assert!(longer.says(long.text()));
    same(longer.text(), &three);
    // What stands in the gap is the end of the line before.
    let gap = longer.gap();
    let line = longer.position(gap.start).line;
    assert_eq!(longer.position(gap.end), longer.position(gap.start));
    assert_eq!(longer.position(gap.end - 1).line, line - 1);
    assert_eq!(longer.line_start(gap.end - 1), 0);
    let everything = Span::new(0, offset(longer.text().len()));
    assert_eq!(longer.replaced(&[(everything, "gone".to_owned())]), "gone");
}

/// A piece without items ends where the gap is: what is told of it is before that.
#[test]
fn a_mistake_before_the_gap_stays_before_it() {
    let text = |own: &str| {
        let rest = "node n2: T { }\nconst =\nnode n3: T { }\nnode n4: T { }\n";
        format!("node n1: T {{ x = \"{own}\" }}\n{rest}")
    };
    let [first, second, third] = ["", "a", "ab"].map(|own| source(&text(own)));
    // The gap is made below the mistake by what is typed there.
    let below = source(&text("").replace("n3: T { }", "n3: T { y = 1 }"));
    let (parted, one) = again(&below, &first, &cut(&text("")));
    assert!(parted.gap().start > offset(text("").find("const").unwrap()));
    for now in [second, third] {
        let now = source(&now.text().replace("n3: T { }", "n3: T { y = 1 }"));
        let (after, two) = again(&now, &parted, &one);
        assert!(!two.diagnostics.is_empty());
        same(after.text(), &two);
        assert_eq!(told(&after, &two), told(&now, &cut(now.text())));
    }
    // And with the gap right behind it.
    let at = offset(text("").find("node n3").unwrap());
    let parted = first.parted(at, GAP);
    let one = cut(parted.text());
    let now = source(&text("a"));
    let (after, two) = again(&now, &parted, &one);
    assert_eq!(after.gap(), Span::new(at + 1, at + GAP), "the gap stayed");
    same(after.text(), &two);
    assert_eq!(told(&after, &two), told(&now, &cut(now.text())));
}

/// A text of several cases, and a change of it.
fn edited() -> impl Strategy<Value = (String, String)> {
    let texts = texts();
    let some = proptest::sample::subsequence(texts, 1..4);
    let places = (any::<prop::sample::Index>(), 0..60_usize);
    let insert = prop_oneof![
        Just(""),
        Just("{"),
        Just("}"),
        Just("("),
        Just("]"),
        Just("\""),
        Just("\"\"\""),
        Just("/*"),
        Just("*/"),
        Just("${"),
        Just("\n"),
        Just(" "),
        Just("@protect\n"),
        Just("/// Words.\n"),
        Just("\nnode inserted: T {\n"),
        Just("\nconst inserted = 1\n"),
        Just("x"),
    ];
    (some, places, insert).prop_map(|(some, (place, length), insert)| {
        let text = some.concat();
        let mut from = place.index(text.len());
        let mut to = (from + length).min(text.len());
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        while !text.is_char_boundary(to) {
            to += 1;
        }
        let changed = format!("{}{insert}{}", &text[..from], &text[to..]);
        (text, changed)
    })
}

#[test]
fn an_edit_gives_what_the_whole_gives() {
    let kept = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 300, ..ProptestConfig::default() });
    runner
        .run(&edited(), |(text, changed)| {
            let before = cut(&text);
            let fresh = cut(&changed);
            same(&changed, &fresh);
            let (first, now) = (source(&text), source(&changed));
            let (parted, after) = again(&now, &first, &before);
            assert!(parted.says(&changed));
            // A gap is a part of the text as any blank lines are, and nothing that anybody is told.
            same(parted.text(), &after);
            assert_eq!(
                told(&parted, &after),
                told(&now, &fresh),
                "with a gap, then without, of\n{changed}"
            );
            kept.set(kept.get() + usize::from(after.pieces.kept.len() > 1));
            // And back: the gap is there already.
            let (parted, back) = again(&first, &parted, &after);
            assert!(parted.says(&text));
            same(parted.text(), &back);
            assert_eq!(told(&parted, &back), told(&first, &before), "back to\n{text}");
            Ok(())
        })
        .unwrap();
    assert!(kept.get() > 90, "{} edits kept pieces", kept.get());
}
