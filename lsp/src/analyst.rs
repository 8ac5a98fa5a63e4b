//! Looks at what has changed, one root at a time, and tells the editor what is wrong. Whatever was
//! overtaken by a newer change is not told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::{Diagnostic, Severity, unused::is_of_unused};
use bp_compiler::source::FileId;
use tower_lsp::{Client, ls_types as lsp};

use crate::library;
use crate::positions::Encoding;
use crate::workspace::{Job, Workspace};

/// Works until the server ends.
pub(crate) async fn work(workspace: Arc<Workspace>, client: Client) {
    loop {
        match workspace.job().await {
            Job::Note(words) => client.log_message(lsp::MessageType::WARNING, words).await,
            Job::Clear(uris) => {
                for uri in uris {
                    client.publish_diagnostics(uri, Vec::new(), None).await;
                }
            }
            Job::Look { root, revision, version, overlay, before } => {
                let at = root.clone();
                let look = move || match before {
                    Some(before) => before.check_again(&at, &overlay),
                    None => Analysis::check_with(&at, &overlay),
                };
                let looked = tokio::task::spawn_blocking(look).await;
                let analysis = looked.ok().map(Arc::new);
                let is_newest = workspace.looked(&root, revision, analysis.clone());
                match analysis {
                    // The library is not the person's to mend; it is looked at to be asked about.
                    Some(_) if library::is_inside(&root) => {}
                    Some(analysis) if is_newest => {
                        tell(&workspace, &client, &root, version, &analysis).await;
                    }
                    Some(_) => {}
                    None => {
                        let words = format!(
                            "{} could not be analysed: this is a defect of bpls, please report it with the file",
                            root.display()
                        );
                        client.log_message(lsp::MessageType::ERROR, words).await;
                    }
                }
            }
        }
    }
}

async fn tell(
    workspace: &Workspace,
    client: &Client,
    root: &Path,
    version: i32,
    analysis: &Analysis,
) {
    let found = found(workspace, root, analysis);
    let cleared = workspace.tell(root, found.keys().cloned().collect());
    let empty = cleared.into_iter().map(|path| (path, Vec::new()));
    for (path, diagnostics) in found.into_iter().chain(empty) {
        let version = (path == root).then_some(version);
        if let Some(uri) = workspace.uri(&path) {
            client.publish_diagnostics(uri, diagnostics, version).await;
        }
    }
}

/// What is wrong, by file: of the root always, of the files it uses where there is something.
fn found(
    workspace: &Workspace,
    root: &Path,
    analysis: &Analysis,
) -> BTreeMap<PathBuf, Vec<lsp::Diagnostic>> {
    let mut found: BTreeMap<PathBuf, Vec<lsp::Diagnostic>> = BTreeMap::new();
    found.insert(root.to_owned(), Vec::new());
    let files: BTreeSet<FileId> = analysis.diagnostics().iter().map(|d| d.place.file).collect();
    for file in files {
        let Some(path) = path(analysis, file) else { continue };
        let told = analysis.diagnostics().iter();
        let told = told.filter_map(|d| diagnostic(workspace, analysis, d, file));
        found.entry(path).or_default().extend(told);
    }
    found
}

/// Where a file of an analysis lies; nothing for the standard library.
fn path(analysis: &Analysis, file: FileId) -> Option<PathBuf> {
    analysis.sources().on_disk(file).map(Path::to_owned)
}

/// A diagnostic; nothing for one whose place is not in this file.
pub(crate) fn diagnostic(
    workspace: &Workspace,
    analysis: &Analysis,
    diagnostic: &Diagnostic,
    file: FileId,
) -> Option<lsp::Diagnostic> {
    if diagnostic.place.file != file {
        return None;
    }
    let encoding: Encoding = workspace.encoding();
    let source = analysis.sources().file(file)?;
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message = format!("{message}\nhelp: {help}");
    }
    let related = diagnostic.related.iter().filter_map(|(place, note)| {
        let uri = workspace.uri(&path(analysis, place.file)?)?;
        let source = analysis.sources().file(place.file)?;
        let location = lsp::Location { uri, range: encoding.range(source, place.span) };
        Some(lsp::DiagnosticRelatedInformation { location, message: note.clone() })
    });
    let related: Vec<_> = related.collect();
    Some(lsp::Diagnostic {
        range: encoding.range(source, diagnostic.place.span),
        severity: Some(match diagnostic.severity {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
        }),
        code: Some(lsp::NumberOrString::String(diagnostic.code.to_owned())),
        code_description: library::page(diagnostic.code)
            .and_then(lsp::Uri::from_file_path)
            .map(|href| lsp::CodeDescription { href }),
        source: Some("bpc".to_owned()),
        message,
        tags: is_of_unused(diagnostic.code).then(|| vec![lsp::DiagnosticTag::UNNECESSARY]),
        related_information: (!related.is_empty()).then_some(related),
        ..lsp::Diagnostic::default()
    })
}
