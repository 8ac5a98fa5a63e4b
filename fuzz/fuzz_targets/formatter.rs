//! What has no error can be laid out: it says the same then, and is laid out for good.
#![no_main]

use bp_compiler::format::format;
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;
use libfuzzer_sys::fuzz_target;

/// The tree without its places.
fn meaning(text: &str) -> String {
    let (tree, _) = syntax::parse(FileId(0), &SourceFile::new("fuzz.bp", text));
    let written = format!("{:?}", tree.items);
    let mut parts = written.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once('}')).fold(first, |whole, (_, rest)| whole + rest)
}

fuzz_target!(|text: &str| {
    let Ok(once) = format(&SourceFile::new("fuzz.bp", text)) else { return };
    let twice = format(&SourceFile::new("fuzz.bp", once.as_str()));
    assert_eq!(twice.as_ref(), Ok(&once), "not settled");
    assert_eq!(meaning(text), meaning(&once), "it says something else");
});
