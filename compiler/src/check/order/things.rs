//! What an instance waits for in parts of its own: its properties, those of its capabilities and relationships, its
//! labels, what decides whom it needs. All of them are said here as its node sees it.

use std::ops::Deref;
use std::rc::Rc;

use bp_plan::{Expr, Item, Requirement};

use super::graph::{Graph, THERE, Thing};
use crate::check::capabilities;
use crate::check::nodes::CheckedNode;
use crate::check::program::{Program, TypeInfo};
use crate::source::Place;

/// What something is made of: as the source has it, or as it is seen from elsewhere.
#[derive(Clone)]
pub(super) enum Said<'a> {
    Here(&'a Expr),
    Seen(Rc<Expr>),
}

impl Said<'_> {
    fn seen(expr: Expr) -> Self {
        Self::Seen(Rc::new(expr))
    }
}

impl Deref for Said<'_> {
    type Target = Expr;

    fn deref(&self) -> &Expr {
        match self {
            Self::Here(expr) => expr,
            Self::Seen(expr) => expr,
        }
    }
}

/// A part of an instance, what it is made of, and where that stands.
pub(super) type Own<'a> = (Thing<'a>, Said<'a>, Place);

/// What a type makes of others, of what its nodes leave to it: under the name of the capability where it is a
/// property of that.
pub(super) type Left<'a> = (Option<&'a str>, &'a str, Said<'a>, Place);

/// What a node type, or a relationship type, leaves to no node.
pub(super) fn left_by<'a>(program: &'a Program<'a>, info: &'a TypeInfo) -> Vec<Left<'a>> {
    let mut all: Vec<Left<'a>> = Vec::new();
    for (name, property) in &info.properties {
        if let Some(default) = property.declared.default.as_ref().filter(|it| is_open(it)) {
            all.push((None, name, Said::Here(default), property.place));
        }
    }
    for (name, capability) in &info.capabilities {
        let Some(of) = program.types.get(&capability.ty) else { continue };
        for (property, value) in capabilities::values(program, info, name, capability) {
            if let Some((property, _)) = of.properties.get_key_value(&property)
                && is_open(&value)
            {
                all.push((Some(name), property, Said::seen(value), capability.place));
            }
        }
    }
    all
}

/// Whether it is made of something else; what is known now needs nothing.
fn is_open(expr: &Expr) -> bool {
    expr.as_value().is_none()
}

impl<'a> Graph<'a> {
    /// All that an instance waits for in parts of its own.
    pub(super) fn own(&self, at: usize, checked: &'a CheckedNode) -> Vec<Own<'a>> {
        let node = &checked.node;
        let mut all: Vec<Own<'a>> = Vec::new();
        for (name, set) in node.properties.iter().filter(|(_, set)| is_open(&set.value)) {
            all.push((Thing::Property(at, name), Said::Here(&set.value), checked.value(name)));
        }
        for (capability, set) in &node.capabilities {
            for (name, set) in set.iter().filter(|(_, set)| is_open(&set.value)) {
                let value = Said::Here(&set.value);
                all.push((Thing::Part(at, capability, name), value, checked.value(capability)));
            }
        }
        for (capability, name, value, place) in self.left(&node.kind) {
            let (thing, is_set) = match capability {
                None => (Thing::Property(at, name), node.properties.contains_key(name)),
                Some(of) => {
                    let set = node.capabilities.get(*of);
                    (Thing::Part(at, of, name), set.is_some_and(|set| set.contains_key(*name)))
                }
            };
            if !is_set {
                all.push((thing, value.clone(), *place));
            }
        }
        if let Some(labels) = node.labels.as_ref().filter(|labels| is_open(labels)) {
            all.push((Thing::Property(at, "labels"), Said::Here(labels), checked.place()));
        }
        for (met, place) in node.requirements.iter().zip(checked.targets()) {
            if !is_named(&met.target) {
                let target = Said::Here(&met.target);
                all.push((Thing::Property(at, &met.name), target, place));
            }
            self.link(at, met, place, &mut all);
        }
        if is_perhaps(checked) {
            let each = node.each.iter();
            let each =
                each.flat_map(|each| [Some(&each.over), each.key.as_ref(), each.filter.as_ref()]);
            let says = each.flatten().chain(&node.condition).cloned();
            let says = Expr::List(says.map(Item::One).collect());
            all.push((Thing::Property(at, THERE), Said::seen(says), checked.place()));
        }
        all
    }

    /// The properties of a relationship by which a node needs another.
    fn link(&self, at: usize, met: &'a Requirement, place: Place, all: &mut Vec<Own<'a>>) {
        for (name, set) in met.properties.iter().filter(|(_, set)| is_open(&set.value)) {
            all.push((Thing::Part(at, &met.name, name), Said::Here(&set.value), place));
        }
        let read = |name: String| Expr::Field { of: Box::new(Expr::This), name, safe: false };
        let (via, target) = (read(format!("{}.via", met.name)), read(met.name.clone()));
        for (_, name, default, place) in self.left(&met.relationship) {
            if met.properties.contains_key(*name) {
                continue;
            }
            // Its type calls it `self`, and its ends by theirs.
            let seen = default.replaced(&|part| match part {
                Expr::This => Some(via.clone()),
                Expr::Source => Some(Expr::This),
                Expr::Target => Some(target.clone()),
                _ => None,
            });
            all.push((Thing::Part(at, &met.name, name), Said::seen(seen), *place));
        }
    }
}

/// Whether its own expressions decide if it is there, or which instances of it are.
fn is_perhaps(checked: &CheckedNode) -> bool {
    let node = &checked.node;
    node.condition.as_ref().is_some_and(is_open)
        || node.each.as_ref().is_some_and(|each| {
            is_open(&each.over)
                || each.filter.as_ref().is_some_and(is_open)
                || each.key.as_ref().is_some_and(is_open)
        })
}

/// Whether a target names nodes, and asks nothing of any, not even which instances there are.
fn is_named(target: &Expr) -> bool {
    match target {
        Expr::Field { of, .. } | Expr::Index { of, .. } => is_named(of),
        Expr::List(items) => items.iter().all(|item| {
            let (Item::One(one) | Item::Spread(one)) = item;
            is_named(one)
        }),
        Expr::Node(_)
        | Expr::Selection(_)
        | Expr::Requirement(_)
        | Expr::Local(_)
        | Expr::Value(_) => true,
        _ => false,
    }
}
