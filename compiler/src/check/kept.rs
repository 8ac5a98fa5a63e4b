//! What of the check before an edit still holds: nodes whose own text and surroundings are as they were,
//! and of which nothing was told.
//!
//! A node sees the items of its blueprint that are no nodes, the heads of the other nodes, the other files,
//! and when the properties of the nodes that it names are known. Where the first three are as before, it
//! is left to [`super::nodes`] to look at the last.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::Phase;

use super::nodes::CheckedNode;
use crate::loader::{Module, Sources};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Item, ItemKind};

/// When the properties of nodes are known, by node and property; those that are missing are known when compiling.
pub(crate) type Phases = BTreeMap<String, BTreeMap<String, Phase>>;

/// A check of the same root, before its last edit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'b> {
    pub(crate) sources: &'b Sources,
    /// The root's nodes.
    pub(crate) nodes: &'b BTreeMap<String, CheckedNode>,
    pub(crate) phases: &'b Phases,
}

impl Before<'_> {
    /// Whether a node's body is all that can have changed.
    pub(crate) fn are_surroundings_same(&self, sources: &Sources) -> bool {
        let (old, new) = (self.sources, sources);
        let texts = |sources: &Sources| -> Vec<Arc<str>> {
            sources.manifests.iter().map(crate::source::SourceFile::shared_text).collect()
        };
        let are_same = old.modules.len() == new.modules.len()
            && old.missing == new.missing
            && texts(old) == texts(new)
            && old.modules.iter().zip(&new.modules).all(|(old, new)| {
                old.name == new.name && old.path == new.path && old.uses == new.uses
            })
            && old
                .modules
                .iter()
                .zip(&new.modules)
                .skip(1)
                .all(|(old, new)| Arc::ptr_eq(&old.tree, &new.tree));
        let roots = old.modules.first().zip(new.modules.first());
        are_same && roots.is_some_and(|(old, new)| are_heads_same(old, new))
    }

    /// What became of this item of the root, where its text is as it was and nothing was told of it.
    pub(crate) fn node(&self, root: &Module, at: usize) -> Option<CheckedNode> {
        let old = self.sources.modules.first()?;
        let (before, now) = (old.tree.items.get(at)?, root.tree.items.get(at)?);
        let ItemKind::Node(node) = &now.kind else { return None };
        if old.source.slice(before.span) != root.source.slice(now.span) {
            return None;
        }
        self.nodes.get(node.name.text.as_str())?.again(FileId(0), before.span, now.span)
    }
}

/// Whether all items that nodes can see say the same, in the same order.
fn are_heads_same(old: &Module, new: &Module) -> bool {
    let (olds, news) = (&old.tree.items, &new.tree.items);
    olds.len() == news.len()
        && olds.iter().zip(news).all(|(before, now)| {
            std::mem::discriminant(&before.kind) == std::mem::discriminant(&now.kind)
                && old.source.slice(seen(before)) == new.source.slice(seen(now))
        })
}

/// The part of an item that nodes see.
fn seen(item: &Item) -> Span {
    match &item.kind {
        ItemKind::Node(node) => {
            let end = node.body.span.map_or(item.span.end, |body| body.start);
            Span::new(item.span.start, end)
        }
        ItemKind::Output(_) | ItemKind::Test(_) => Span::new(item.span.start, item.span.start),
        _ => item.span,
    }
}
