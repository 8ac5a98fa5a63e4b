//! What has no error can be laid out: it says the same then, and is laid out for good. So can a block that closes
//! further down than it may; its text was not read up to its end, and says more then.
#![no_main]

use bp_compiler::format::format;
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;
use libfuzzer_sys::fuzz_target;

/// The tree without its places; nothing where a block closes further down than it may.
fn meaning(text: &str) -> Option<String> {
    let (tree, told) = syntax::parse(FileId(0), &SourceFile::new("fuzz.bp", text));
    if told.iter().any(|one| one.code == "E1002") {
        return None;
    }
    let written = format!("{:?}", tree.items);
    let mut parts = written.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.filter_map(|part| part.split_once('}'));
    Some(rest.fold(first, |whole, (_, rest)| whole + rest))
}

fuzz_target!(|text: &str| {
    let Ok(once) = format(&SourceFile::new("fuzz.bp", text)) else { return };
    let twice = format(&SourceFile::new("fuzz.bp", once.as_str()));
    assert_eq!(twice.as_ref(), Ok(&once), "not settled");
    let after = meaning(&once);
    assert!(after.is_some(), "it was not mended");
    if let Some(before) = meaning(text) {
        assert_eq!(Some(before), after, "it says something else");
    }
});
