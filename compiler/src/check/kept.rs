//! What of the check before an edit still holds: nodes whose own text and surroundings are as they were,
//! and of which nothing was told.
//!
//! A node sees the items of its blueprint that are no nodes, the heads of the other nodes, the other files,
//! and when the properties of the nodes that it names are known. Where the first three are as before, it
//! is left to [`super::nodes`] to look at the last.
//!
//! What a node is connected with is looked at again where it, or something that it names, whatever the way, has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_plan::Phase;
use foldhash::HashMap;
use smol_str::SmolStr;

use super::nodes::{CheckedNode, Nodes, items};
use super::program::{Facts, Program};
use crate::loader::{Module, Sources};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, Item, ItemKind, ValueKeyword};
use crate::syntax::walk;

/// When the properties of nodes are known, by node and property; those that are missing are known when compiling.
pub(crate) type Phases = BTreeMap<String, BTreeMap<String, Phase>>;

/// What a check of nodes leaves behind for the next one.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The nodes as the file has them; nothing where one could not be made.
    pub(crate) all: Vec<Option<CheckedNode>>,
    pub(crate) order: Arc<Order>,
    /// The nodes of which something was told when it was looked at what they are connected with; nothing where
    /// that can't be built on.
    pub(crate) told: Option<BTreeSet<usize>>,
}

impl Kept {
    /// The nodes, by their places, of which what they are connected with may be other than before: those that changed,
    /// and all that need them, whatever the way; and those of which something was told. Nothing where all have to be
    /// looked at.
    pub(crate) fn touched(&self, before: &Self) -> Option<BTreeSet<usize>> {
        let mut touched = before.told.clone()?;
        if self.all.len() != before.all.len() || self.order.is_roundabout {
            return None;
        }
        for (at, (now, old)) in self.all.iter().zip(&before.all).enumerate() {
            let (now, old) = (now.as_ref()?, old.as_ref()?);
            // Whom a choice may take, no name tells.
            if !now.choices.is_empty() || !old.choices.is_empty() {
                return None;
            }
            if !now.is_still(old) {
                touched.insert(at);
            }
        }
        let mut count = 0;
        // Each stands after those that it names, but for those in a ring.
        while count < touched.len() {
            count = touched.len();
            for at in self.order.all.iter().copied() {
                if self.order.named(at).any(|to| touched.contains(&to)) {
                    touched.insert(at);
                }
            }
            if self.order.tangled.is_empty() {
                break;
            }
        }
        Some(touched)
    }
}

/// Which nodes name which others, and the order in which they are looked at; each by its place among the nodes
/// of the file.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Each after those that it names.
    pub(crate) all: Vec<usize>,
    /// Those that need themselves, whatever the way. What is known of one then hangs on which is looked at first.
    pub(crate) tangled: BTreeSet<usize>,
    /// Something else names a node, such as a constant: who names that, names the node.
    pub(crate) is_roundabout: bool,
    /// From a node to one that it names, in the order of those that name.
    edges: Vec<(usize, usize)>,
}

impl Order {
    /// Of the nodes of a file.
    pub(crate) fn of(module: &Module, nodes: &[&ast::Node]) -> Self {
        let index: HashMap<&str, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.name.text.as_str(), at)).collect();
        let mut edges = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            named(node, &mut |name| edges.extend(index.get(name.as_str()).map(|to| (at, *to))));
        }
        let groups = bp_topology::rings::groups(nodes.len(), edges.iter().copied());
        let rings = groups.iter().filter(|group| group.len() > 1).flatten().copied();
        let own = edges.iter().filter(|(from, to)| from == to).map(|(from, _)| *from);
        let tangled = rings.chain(own).collect();
        let mut is_roundabout = false;
        for item in &module.tree.items {
            named_by_item(&item.kind, &mut |name| {
                is_roundabout |= index.contains_key(name.as_str());
            });
        }
        Self { all: groups.into_iter().flatten().collect(), tangled, is_roundabout, edges }
    }

    /// The nodes that a node names.
    pub(crate) fn named(&self, at: usize) -> impl Iterator<Item = usize> {
        let first = self.edges.partition_point(|(from, _)| *from < at);
        let edges = self.edges.get(first..).unwrap_or_default().iter();
        edges.take_while(move |(from, _)| *from == at).map(|(_, to)| *to)
    }
}

/// The names in a node's expressions.
fn named(node: &ast::Node, see: &mut dyn FnMut(&SmolStr)) {
    let mut see = |expr: &ast::Expr| {
        if let ExprKind::Name(name) = &expr.kind {
            see(name);
        }
    };
    node.condition.iter().for_each(|e| walk::expressions(e, &mut see));
    node.each.iter().for_each(|each| walk::each(each, &mut see));
    walk::body(&node.body, &mut see);
}

/// The names in the expressions of what nodes may name, and is none.
fn named_by_item(item: &ItemKind, see: &mut dyn FnMut(&SmolStr)) {
    let mut see = |expr: &ast::Expr| {
        if let ExprKind::Name(name) = &expr.kind {
            see(name);
        }
    };
    match item {
        ItemKind::Value(value) => {
            value.default.iter().for_each(|e| walk::expressions(e, &mut see));
            walk::wheres(&value.wheres, &mut see);
        }
        ItemKind::Function(function) => walk::expressions(&function.body, &mut see),
        ItemKind::Select(placed) => walk::body(&placed.body, &mut see),
        ItemKind::Type(declared) => {
            walk::wheres(&declared.wheres, &mut see);
            walk::body(&declared.body, &mut see);
        }
        ItemKind::Requires(member) => walk::member(member, &mut see),
        _ => {}
    }
}

/// A check of the same root, before its last edit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'b> {
    pub(crate) sources: &'b Sources,
    /// The root's nodes.
    pub(crate) nodes: &'b Nodes,
    pub(crate) facts: &'b Facts,
}

impl<'b> Before<'b> {
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

    /// Whether anything was looked at.
    pub(crate) fn is_whole(&self) -> bool {
        self.facts.info("std.Root").is_some()
    }

    /// Whether a type is one of the standard library's, which sees nothing of the root: then it is taken over, whole.
    pub(crate) fn keeps_type(&self, program: &mut Program<'_>, full: &str) -> bool {
        let declared = program.names.types.get(full);
        let modules = &program.sources.modules;
        let module = declared.and_then(|declared| modules.get(declared.file.0 as usize));
        if !module.is_some_and(|module| module.is_library) {
            return false;
        }
        if let Some(info) = self.facts.info(full) {
            Arc::make_mut(&mut program.types).insert(full.to_owned(), Arc::clone(info));
        } else if let Some(data) = self.facts.data(full) {
            Arc::make_mut(&mut program.data).insert(full.to_owned(), Arc::clone(data));
        } else {
            return false;
        }
        true
    }

    /// The nodes of the root as it is now, beside those before.
    pub(crate) fn again<'n>(&self, root: &'n Module) -> Again<'b, 'n> {
        let pair = |((old, before), (new, now)): ((&'b Item, &'b ast::Node), (&'n Item, _))| {
            let texts = || self.sources.modules.first().map(|module| module.source.slice(old.span));
            Pair {
                before,
                now,
                span: new.span,
                is_same: std::ptr::eq(old, new) || texts() == Some(root.source.slice(new.span)),
            }
        };
        let old = self.sources.modules.first().into_iter().flat_map(items);
        Again { before: *self, pairs: old.zip(items(root)).map(pair).collect() }
    }
}

/// The nodes of a file before an edit and after it.
pub(crate) struct Again<'b, 'n> {
    before: Before<'b>,
    pairs: Vec<Pair<'b, 'n>>,
}

struct Pair<'b, 'n> {
    before: &'b ast::Node,
    now: &'n ast::Node,
    /// Where the item stands now.
    span: Span,
    /// Its text is as it was.
    is_same: bool,
}

impl Again<'_, '_> {
    /// The order of before, where all nodes name the same others.
    pub(crate) fn order(&self) -> Option<Arc<Order>> {
        let names = |node: &ast::Node| {
            let mut names: Vec<SmolStr> = Vec::new();
            named(node, &mut |name| names.push(name.clone()));
            names
        };
        let mut changed = self.pairs.iter().filter(|pair| !pair.is_same);
        let are_same = self.before.nodes.kept.all.len() == self.pairs.len()
            && changed.all(|pair| names(pair.before) == names(pair.now));
        are_same.then(|| Arc::clone(&self.before.nodes.kept.order))
    }

    /// Whether all nodes could be made, and none has the name of another.
    pub(crate) fn is_complete(&self) -> bool {
        let Nodes { nodes, kept, .. } = self.before.nodes;
        let count = self.pairs.len();
        nodes.len() == count && kept.all.len() == count && kept.all.iter().all(Option::is_some)
    }

    /// When the properties of the nodes were known.
    pub(crate) fn phases(&self) -> Arc<Phases> {
        Arc::clone(self.before.facts.phases())
    }

    /// What became of a node, where its text is as it was and nothing was told of it.
    pub(crate) fn node(&self, at: usize) -> Option<CheckedNode> {
        let pair = self.pairs.get(at).filter(|pair| pair.is_same)?;
        self.before.nodes.kept.all.get(at)?.as_ref()?.again(pair.span)
    }

    /// Whether something is known of a node at another time than before.
    pub(crate) fn is_other(&self, at: usize, now: &CheckedNode) -> bool {
        let old = self.before.nodes.kept.all.get(at).and_then(Option::as_ref);
        old.is_none_or(|old| old.phases != now.phases)
    }

    /// The nodes by name; nothing where they are not those of before.
    pub(crate) fn by_name(
        &self,
        all: &[Option<CheckedNode>],
    ) -> Option<BTreeMap<String, CheckedNode>> {
        if !self.is_complete() || all.iter().any(Option::is_none) {
            return None;
        }
        let mut nodes = self.before.nodes.nodes.clone();
        for checked in nodes.values_mut() {
            if let Some(Some(now)) = all.get(checked.number()) {
                *checked = now.clone();
            }
        }
        Some(nodes)
    }
}

/// Whether all items that nodes can see say the same, in the same order.
fn are_heads_same(old: &Module, new: &Module) -> bool {
    let (olds, news) = (&old.tree.items, &new.tree.items);
    olds.len() == news.len()
        && olds.iter().zip(news).all(|(before, now)| {
            // What did not move is the same.
            Arc::ptr_eq(before, now)
                || std::mem::discriminant(&before.kind) == std::mem::discriminant(&now.kind)
                    && seen(before)
                        .into_iter()
                        .map(|span| old.source.slice(span))
                        .eq(seen(now).into_iter().map(|span| new.source.slice(span)))
        })
}

/// The parts of an item that nodes see. What an input is by default is given to none of them.
fn seen(item: &Item) -> [Span; 2] {
    let nothing = Span::new(item.span.start, item.span.start);
    match &item.kind {
        ItemKind::Node(node) => {
            let end = node.body.span.map_or(item.span.end, |body| body.start);
            [Span::new(item.span.start, end), nothing]
        }
        ItemKind::Output(_) | ItemKind::Test(_) => [nothing, nothing],
        ItemKind::Value(value) if value.keyword == ValueKeyword::Input => {
            match (&value.ty, &value.default) {
                (Some(ty), Some(default)) => [
                    Span::new(item.span.start, ty.span.end),
                    Span::new(default.span.end, item.span.end),
                ],
                _ => [item.span, nothing],
            }
        }
        _ => [item.span, nothing],
    }
}
