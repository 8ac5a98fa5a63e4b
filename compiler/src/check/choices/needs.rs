//! Which nodes may need which others, as far as choices ask: what may be chosen, and what would close a ring.
//!
//! A choice stands for an edge to each node of a type. These are kept as one edge to the type, so that a
//! thousand choices among a thousand nodes are no million edges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bp_plan::Type;

use crate::check::program::Program;
use crate::syntax::ast::{self, ExprKind, ItemKind};
use crate::syntax::walk;

/// Nodes that a choice must not take: it would close a ring.
pub(super) type Closing = Arc<BTreeSet<String>>;

/// A node that may be chosen.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(super) name: String,
    pub(super) is_keyed: bool,
    /// There may be none.
    pub(super) is_perhaps: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// For a node, those that name it.
    by_node: BTreeMap<String, BTreeSet<String>>,
    /// For a type, those that may choose any node of it, each with those that it may not choose.
    by_type: BTreeMap<String, BTreeMap<String, Closing>>,
    /// The candidates by wanted type, once they were asked for.
    candidates: Mutex<BTreeMap<String, Arc<Vec<Candidate>>>>,
}

impl Clone for Needs {
    fn clone(&self) -> Self {
        let Self { by_node, by_type, candidates } = self;
        let candidates = candidates.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let candidates = Mutex::new(candidates);
        Self { by_node: by_node.clone(), by_type: by_type.clone(), candidates }
    }
}

impl Needs {
    /// What nodes name.
    pub(crate) fn of(items: &[&ast::Node]) -> Self {
        let all: BTreeSet<&str> = items.iter().map(|node| node.name.text.as_str()).collect();
        let mut needs = Self::default();
        for node in items {
            let mut see = |expr: &ast::Expr| {
                if let ExprKind::Name(name) = &expr.kind
                    && all.contains(name.as_str())
                {
                    needs.names(&node.name.text, name);
                }
            };
            node.condition.iter().for_each(|e| walk::expressions(e, &mut see));
            node.each.iter().for_each(|each| walk::each(each, &mut see));
            walk::body(&node.body, &mut see);
        }
        needs
    }

    /// A node names another.
    fn names(&mut self, node: &str, other: &str) {
        self.by_node.entry(other.to_owned()).or_default().insert(node.to_owned());
    }

    /// A node may choose any other of a type but these.
    pub(super) fn chooses(&mut self, node: &str, wanted: &str, closing: &Closing) {
        let choosers = self.by_type.entry(wanted.to_owned()).or_default();
        choosers.insert(node.to_owned(), Arc::clone(closing));
    }

    /// The nodes of the root of the wanted type, by name.
    pub(super) fn candidates(&self, program: &Program<'_>, wanted: &str) -> Arc<Vec<Candidate>> {
        let mut known = self.candidates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(wanted) {
            return Arc::clone(known);
        }
        let items = program.blueprint().into_iter().flat_map(|m| m.tree.items.iter());
        let mut found: Vec<Candidate> = items
            .enumerate()
            .filter_map(|(index, item)| {
                let ItemKind::Node(node) = &item.kind else { return None };
                let (full, is_keyed) = match &program.values.get(&(program.file, index))?.ty {
                    Type::Node(full) => (full, false),
                    Type::Nodes(full) => (full, true),
                    Type::Optional(of) => match &**of {
                        Type::Node(full) => (full, false),
                        _ => return None,
                    },
                    _ => return None,
                };
                program.names.is_subtype(full, wanted).then(|| Candidate {
                    name: node.name.text.to_string(),
                    is_keyed,
                    is_perhaps: node.condition.is_some(),
                })
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let found = Arc::new(found);
        known.insert(wanted.to_owned(), Arc::clone(&found));
        found
    }

    /// The nodes that need this one, each by way of others or not.
    pub(crate) fn reaching<'n>(
        &'n self,
        program: &'n Program<'_>,
        node: &str,
    ) -> BTreeSet<&'n str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let all = self.by_type.iter();
        let mut choosers: Vec<(&str, &str, &BTreeSet<String>)> = all
            .flat_map(|(of, by)| {
                by.iter().map(move |(name, but)| (of.as_str(), name.as_str(), &**but))
            })
            .collect();
        let mut next: Vec<&str> = Vec::new();
        let mut name = node;
        loop {
            next.extend(self.by_node.get(name).into_iter().flatten().map(String::as_str));
            if !choosers.is_empty()
                && let Some(full) = program.node_type(name)
            {
                // Whoever was found once is not asked again.
                choosers.retain(|(of, chooser, but)| {
                    let takes = program.names.is_subtype(full, of) && !but.contains(name);
                    if takes {
                        next.push(chooser);
                    }
                    !takes
                });
            }
            let Some(new) = std::iter::from_fn(|| next.pop()).find(|name| found.insert(name))
            else {
                return found;
            };
            name = new;
        }
    }
}
