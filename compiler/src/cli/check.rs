//! `bpc check`.

use std::path::PathBuf;

use super::output::Output;
use crate::analysis::Analysis;

/// Checks the files; whether all is well.
pub(super) fn run(files: &[PathBuf], output: &mut Output) -> bool {
    for file in files {
        let analysis = Analysis::check(file);
        output.diagnostics(analysis.diagnostics(), |id| analysis.sources().file(id));
    }
    output.summary();
    !output.has_errors()
}
