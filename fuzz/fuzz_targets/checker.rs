//! Any text is checked to the end; what has a plan has the same one each time.
#![no_main]

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let root = Path::new("/nowhere/fuzz.bp");
    let overlay = Overlay::from([(root.to_owned(), text.to_owned())]);
    let analysis = Analysis::load_with(root, &overlay);
    for diagnostic in analysis.diagnostics() {
        let place = diagnostic.place;
        let file = analysis.sources().file(place.file);
        assert!(file.is_some_and(|file| place.span.end as usize <= file.text().len()));
    }
    if let Some(plan) = analysis.plan() {
        let again = Analysis::load_with(root, &overlay);
        assert_eq!(Some(plan), again.plan(), "another plan of the same text");
    }
});
