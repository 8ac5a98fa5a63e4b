//! Any bytes have a tree, and every place in it is in the text; an edit gives what the whole gives.
#![no_main]

use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax::{self, Before, Parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (source, tree, diagnostics) = syntax::parse_bytes(FileId(0), "fuzz.bp", bytes.to_vec());
    let length = source.text().len();
    for item in &tree.items {
        assert!(source.text().get(item.span.start as usize..item.span.end as usize).is_some());
    }
    for diagnostic in &diagnostics {
        let span = diagnostic.place.span;
        assert!(span.start <= span.end && span.end as usize <= length, "{diagnostic:?}");
    }
    // The rest is slow: one text in eight is enough.
    if bytes.len() % 8 != 0 {
        return;
    }
    // Long enough to be cut into pieces, with the input somewhere in it.
    let filler = "node filler: Root { }\n".repeat(1_000);
    let before = SourceFile::new("fuzz.bp", format!("{filler}{filler}"));
    let after = SourceFile::new("fuzz.bp", format!("{filler}{}\n{filler}", source.text()));
    let old = Parse::new(FileId(0), &before);
    let old = Before { source: &before, pieces: &old.pieces, tree: &old.tree };
    let (after, new) = Parse::edited(FileId(0), &after, old);
    let fresh = Parse::new(FileId(0), &after);
    assert!(new.tree == fresh.tree && new.diagnostics == fresh.diagnostics);
});
