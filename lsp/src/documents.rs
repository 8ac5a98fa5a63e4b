//! The texts that an editor has open, changed as it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tower_lsp::ls_types as lsp;

use crate::positions::Encoding;

/// An open text.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// What the editor calls it.
    pub(crate) uri: lsp::Uri,
    /// What it counts it as.
    pub(crate) version: i32,
    /// Its text.
    pub(crate) text: Arc<str>,
    /// Whether it is a blueprint or a module, and not what one takes in, such as a template.
    pub(crate) is_source: bool,
}

impl Document {
    /// A text that was opened just now.
    pub(crate) fn new(item: lsp::TextDocumentItem) -> Self {
        let is_source = item.language_id == "blueprint"
            || path(&item.uri).extension().is_some_and(|extension| extension == "bp");
        Self { uri: item.uri, version: item.version, text: item.text.into(), is_source }
    }

    /// With these changes, and a sentence for one that does not go with the text.
    pub(crate) fn change(
        &mut self,
        changes: Vec<lsp::TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<String> {
        let mut text = String::from(&*self.text);
        let mut wrong = None;
        for change in changes {
            let Some(range) = change.range else {
                text = change.text;
                continue;
            };
            let (start, has_start) = encoding.offset(&text, range.start);
            let (end, has_end) = encoding.offset(&text, range.end);
            if !has_start || !has_end || end < start {
                let lines = text.split('\n').count();
                wrong = Some(format!(
                    "an edit of {} at lines {} to {} does not go with its {lines} lines: what it says of the \
                     file may be wrong until the file is opened anew",
                    self.uri.as_str(),
                    range.start.line.saturating_add(1),
                    range.end.line.saturating_add(1),
                ));
            }
            text.replace_range(start as usize..end.max(start) as usize, &change.text);
        }
        self.text = text.into();
        wrong
    }
}

/// By path.
pub(crate) type Documents = BTreeMap<PathBuf, Document>;

/// What stands for a document in paths: that of a file, or its whole name where it has none yet.
pub(crate) fn path(uri: &lsp::Uri) -> PathBuf {
    let is_file = uri.as_str().starts_with("file:");
    match uri.to_file_path().filter(|_| is_file) {
        Some(path) => path.into_owned(),
        None => PathBuf::from(uri.as_str()),
    }
}

/// What an editor calls a file: as it did when it opened it, if it is open.
pub(crate) fn uri(documents: &Documents, path: &Path) -> Option<lsp::Uri> {
    match documents.get(path) {
        Some(document) => Some(document.uri.clone()),
        None if path.is_absolute() => lsp::Uri::from_file_path(path),
        // One that was never a file, and is closed: its path is what it was called.
        None => path.to_str()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn changed(text: &str, changes: serde_json::Value) -> (String, Option<String>) {
        let uri = "file:///a.bp".parse().unwrap();
        let mut document = Document::new(lsp::TextDocumentItem {
            uri,
            language_id: String::new(),
            version: 1,
            text: text.to_owned(),
        });
        let changes = serde_json::from_value(changes).unwrap();
        let wrong = document.change(changes, Encoding::Utf16);
        (document.text.to_string(), wrong)
    }

    fn edit(from: (u32, u32), to: (u32, u32), text: &str) -> serde_json::Value {
        serde_json::json!({
            "range": {
                "start": { "line": from.0, "character": from.1 },
                "end": { "line": to.0, "character": to.1 },
            },
            "text": text,
        })
    }

    #[test]
    fn edits_apply_in_order() {
        let edits = serde_json::json!([edit((0, 2), (0, 2), "X"), edit((0, 3), (1, 1), "")]);
        assert_eq!(changed("😀b\ncd", edits), ("😀Xd".to_owned(), None));
        let whole = serde_json::json!([{ "text": "new" }, edit((0, 0), (0, 1), "N")]);
        assert_eq!(changed("old", whole), ("New".to_owned(), None));
    }

    #[test]
    fn edits_out_of_range_are_held_and_told() {
        for edits in [
            serde_json::json!([edit((7, 0), (9, 3), "x")]),
            serde_json::json!([edit((0, 2), (0, 0), "x")]),
        ] {
            let (text, wrong) = changed("ab\n", edits);
            assert!(text == "ab\nx" || text == "abx\n", "{text}");
            assert!(wrong.unwrap().contains("2 lines"));
        }
    }

    #[test]
    fn no_number_is_too_large() {
        let corners = [0, 1, u32::MAX - 1, u32::MAX];
        let pairs = || corners.into_iter().flat_map(|a| corners.map(|b| (a, b)));
        for from in pairs() {
            for to in pairs() {
                for text in ["", "a", "é😀\r\n\nb"] {
                    let (after, wrong) = changed(text, serde_json::json!([edit(from, to, "x")]));
                    assert!(after.contains('x'), "{from:?} {to:?}: {after}");
                    let lines = text.split('\n').count();
                    let is_outside = from.0.max(to.0) as usize >= lines;
                    assert!(wrong.is_some() || !is_outside, "{from:?} {to:?} in {text:?}");
                }
            }
        }
    }

    #[test]
    fn texts_without_a_file_have_a_path() {
        assert_eq!(path(&"untitled:Untitled-1".parse().unwrap()), Path::new("untitled:Untitled-1"));
        assert_eq!(path(&"file:///a%20b.bp".parse().unwrap()), Path::new("/a b.bp"));
    }
}
