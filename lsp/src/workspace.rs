//! What the server knows: open texts, the newest analysis of each, and what has to be looked at.
//!
//! Everything in it changes at once, under one lock that nothing waits under.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bp_compiler::analysis::Analysis;
use tokio::sync::{Notify, watch};
use tower_lsp::ls_types as lsp;

use crate::documents::{self, Document, Documents};
use crate::library;
use crate::positions::Encoding;

/// See the module.
#[derive(Debug)]
pub(crate) struct Workspace {
    inner: Mutex<Inner>,
    /// There is something to look at, or to tell.
    work: Notify,
    /// Counts the analyses that were made.
    made: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    encoding: Encoding,
    has_snippets: bool,
    can_watch: bool,
    documents: Documents,
    /// Counts the changes.
    revision: u64,
    /// The text that was changed last.
    last: PathBuf,
    /// By the path of an open text.
    roots: BTreeMap<PathBuf, Root>,
    /// Files with diagnostics, by the root whose analysis found them.
    told: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// Files that have nothing any more to be told of.
    cleared: BTreeSet<PathBuf>,
    /// Sentences for the editor's log.
    notes: VecDeque<String>,
}

/// An open text and all that it uses.
#[derive(Debug, Default)]
struct Root {
    /// The change after which it has to be looked at.
    wants: u64,
    /// The change that was looked at last.
    seen: u64,
    newest: Option<Looked>,
}

/// An analysis, and the text that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) analysis: Arc<Analysis>,
    /// The text of the root at the moment; it may be newer than the analysis.
    pub(crate) text: Arc<str>,
    /// What the editor calls the root.
    pub(crate) uri: lsp::Uri,
}

/// Something to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Look at a root with these texts; `before` is what was found last.
    Look {
        root: PathBuf,
        revision: u64,
        version: i32,
        overlay: BTreeMap<PathBuf, String>,
        before: Option<Arc<Analysis>>,
    },
    /// Tell that these have no diagnostics any more.
    Clear(Vec<lsp::Uri>),
    /// Write this to the editor's log.
    Note(String),
}

impl Default for Workspace {
    fn default() -> Self {
        Self { inner: Mutex::default(), work: Notify::new(), made: watch::Sender::new(0) }
    }
}

impl Workspace {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the editor can do.
    pub(crate) fn meet(&self, capabilities: &lsp::ClientCapabilities) -> Encoding {
        let mut inner = self.inner();
        inner.encoding = Encoding::of(capabilities);
        let items = capabilities
            .text_document
            .as_ref()
            .and_then(|it| it.completion.as_ref())
            .and_then(|it| it.completion_item.as_ref());
        inner.has_snippets = items.and_then(|it| it.snippet_support).unwrap_or(false);
        let files = capabilities.workspace.as_ref().and_then(|it| it.did_change_watched_files);
        inner.can_watch = files.and_then(|it| it.dynamic_registration).unwrap_or(false);
        inner.encoding
    }

    /// What columns count.
    pub(crate) fn encoding(&self) -> Encoding {
        self.inner().encoding
    }

    /// Whether completions may have places to go on at.
    pub(crate) fn has_snippets(&self) -> bool {
        self.inner().has_snippets
    }

    /// Whether the editor can be asked to tell of files that change on the disk.
    pub(crate) fn can_watch(&self) -> bool {
        self.inner().can_watch
    }

    /// A text is open.
    pub(crate) fn open(&self, item: lsp::TextDocumentItem) {
        let path = documents::path(&item.uri);
        let document = Document::new(item);
        let mut inner = self.inner();
        inner.documents.insert(path.clone(), document);
        inner.changed(&path);
        drop(inner);
        self.work.notify_one();
    }

    /// An open text has changed; of one that isn't open nothing is known.
    pub(crate) fn change(&self, params: lsp::DidChangeTextDocumentParams) {
        let path = documents::path(&params.text_document.uri);
        let mut inner = self.inner();
        let encoding = inner.encoding;
        let Some(document) = inner.documents.get_mut(&path) else {
            let words = format!("`{}` was changed and is not open", path.display());
            inner.notes.push_back(words);
            drop(inner);
            self.work.notify_one();
            return;
        };
        document.version = params.text_document.version;
        let wrong = document.change(params.content_changes, encoding);
        inner.notes.extend(wrong);
        inner.changed(&path);
        drop(inner);
        self.work.notify_one();
    }

    /// A text is no longer open.
    pub(crate) fn close(&self, uri: &lsp::Uri) {
        let path = documents::path(uri);
        let mut inner = self.inner();
        inner.documents.remove(&path);
        inner.roots.remove(&path);
        let told = inner.told.remove(&path).unwrap_or_default();
        let others: BTreeSet<PathBuf> = inner.told.values().flatten().cloned().collect();
        inner.cleared.extend(told.into_iter().filter(|file| !others.contains(file)));
        inner.changed(&path);
        drop(inner);
        self.work.notify_one();
        // Whoever waits for it waits no longer.
        self.made.send_modify(|made| *made += 1);
    }

    /// Files on the disk have changed: whatever reads one of them is looked at again.
    pub(crate) fn changed_outside(&self, params: &lsp::DidChangeWatchedFilesParams) {
        let paths: Vec<PathBuf> =
            params.changes.iter().map(|one| documents::path(&one.uri)).collect();
        let mut inner = self.inner();
        inner.revision += 1;
        let revision = inner.revision;
        for (at, root) in &mut inner.roots {
            if !library::is_inside(at) && paths.iter().any(|path| root.reads(path)) {
                root.wants = revision;
            }
        }
        drop(inner);
        self.work.notify_one();
    }

    /// The next thing to do, as soon as there is one.
    pub(crate) async fn job(&self) -> Job {
        loop {
            if let Some(job) = self.inner().job() {
                return job;
            }
            self.work.notified().await;
        }
    }

    /// A root was looked at; whether that is still what it says. Nothing came of an analysis that failed.
    pub(crate) fn looked(
        &self,
        root: &Path,
        revision: u64,
        analysis: Option<Arc<Analysis>>,
    ) -> bool {
        let mut inner = self.inner();
        let Inner { documents, roots, .. } = &mut *inner;
        let mut is_newest = false;
        let mut older = None;
        if let (Some(found), Some(document)) = (roots.get_mut(root), documents.get(root)) {
            found.seen = revision;
            is_newest = found.wants <= revision;
            let (text, uri) = (document.text.clone(), document.uri.clone());
            let newest = analysis.map(|analysis| Looked { analysis, text, uri });
            older = std::mem::replace(&mut found.newest, newest);
        }
        drop(inner);
        // To take one apart takes time: nobody is to wait for that.
        drop(older);
        self.made.send_modify(|made| *made += 1);
        is_newest
    }

    /// Notes which files a root has diagnostics for; gives those that have none any more, too.
    pub(crate) fn tell(&self, root: &Path, files: BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
        let mut inner = self.inner();
        if !inner.roots.contains_key(root) {
            return BTreeSet::new();
        }
        let told = inner.told.iter().filter(|(other, _)| *other != root);
        let others: BTreeSet<&PathBuf> = told.flat_map(|(_, of)| of).collect();
        let before = inner.told.get(root).into_iter().flatten();
        let gone = before.filter(|file| !files.contains(*file) && !others.contains(file));
        let gone = gone.cloned().collect();
        inner.told.insert(root.to_owned(), files);
        gone
    }

    /// What an editor calls a file.
    pub(crate) fn uri(&self, path: &Path) -> Option<lsp::Uri> {
        documents::uri(&self.inner().documents, path)
    }

    /// The text of an open file.
    pub(crate) fn text(&self, uri: &lsp::Uri) -> Option<Arc<str>> {
        let path = documents::path(uri);
        self.inner().documents.get(&path).map(|document| document.text.clone())
    }

    /// The texts of all open files, by path.
    pub(crate) fn texts(&self) -> BTreeMap<PathBuf, String> {
        let inner = self.inner();
        let texts = inner.documents.iter();
        texts.map(|(path, open)| (path.clone(), String::from(&*open.text))).collect()
    }

    /// The newest analysis of an open text, whatever was typed since; waits for the first.
    pub(crate) async fn newest(&self, uri: &lsp::Uri) -> Option<Looked> {
        self.wait(uri, false).await
    }

    /// The analysis of an open text as it is now.
    pub(crate) async fn present(&self, uri: &lsp::Uri) -> Option<Looked> {
        self.wait(uri, true).await
    }

    /// Nothing for a text that isn't open, or that could not be analysed.
    async fn wait(&self, uri: &lsp::Uri, is_present: bool) -> Option<Looked> {
        let path = documents::path(uri);
        let mut made = self.made.subscribe();
        loop {
            {
                let inner = self.inner();
                let root = inner.roots.get(&path)?;
                let document = inner.documents.get(&path)?;
                let is_seen = root.seen >= root.wants;
                if is_seen || (root.newest.is_some() && !is_present) {
                    let newest = root.newest.clone();
                    return newest.map(|newest| Looked { text: document.text.clone(), ..newest });
                }
            }
            made.changed().await.ok()?;
        }
    }
}

impl Inner {
    /// A text has changed: it is looked at again, and so are those that read it.
    fn changed(&mut self, path: &Path) {
        self.revision += 1;
        let revision = self.revision;
        path.clone_into(&mut self.last);
        let is_source = self.documents.get(path).is_some_and(|document| document.is_source);
        if is_source {
            self.roots.entry(path.to_owned()).or_default();
        }
        for (root, found) in &mut self.roots {
            if root == path || found.reads(path) && !library::is_inside(root) {
                found.wants = revision;
            }
        }
    }

    fn job(&mut self) -> Option<Job> {
        if let Some(note) = self.notes.pop_front() {
            return Some(Job::Note(note));
        }
        if !self.cleared.is_empty() {
            let cleared = std::mem::take(&mut self.cleared);
            let uris = cleared.iter().filter_map(|path| documents::uri(&self.documents, path));
            return Some(Job::Clear(uris.collect()));
        }
        // What a person types in was changed last; it comes before what only reads it.
        let stale = self.roots.iter().filter(|(_, root)| root.wants > root.seen);
        let (path, found) = stale.max_by_key(|(path, root)| (**path == self.last, root.wants))?;
        let document = self.documents.get(path)?;
        let texts = self.documents.iter();
        let overlay = texts.map(|(path, open)| (path.clone(), String::from(&*open.text))).collect();
        let (revision, version) = (found.wants, document.version);
        let before = found.newest.as_ref().map(|looked| Arc::clone(&looked.analysis));
        Some(Job::Look { root: path.clone(), revision, version, overlay, before })
    }
}

impl Root {
    /// Whether a change of this file may change what is found.
    fn reads(&self, path: &Path) -> bool {
        let Some(newest) = &self.newest else { return true };
        let sources = newest.analysis.sources();
        // One that can't be found yet may be this one.
        newest.analysis.has_errors() || sources.paths().any(|read| read == path)
    }
}
