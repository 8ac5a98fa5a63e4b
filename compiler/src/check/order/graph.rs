//! What waits for what, among nodes or among their instances.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use bp_plan::{Expr, Item, Type, Value};

use super::things::{Left, Own, left_by};
use crate::check::capabilities;
use crate::check::expr::{Declared, World as _};
use crate::check::groups::Groups;
use crate::check::instances::{self, Keyed, Locals};
use crate::check::nodes::{CheckedNode, Nodes};
use crate::check::program::Program;
use crate::source::Place;

/// How many references there may be, to be looked at instance by instance.
const MOST_EDGES: usize = 500_000;

/// The name of what no property is called: whether a node is there, or which instances.
pub(super) const THERE: &str = "";

/// In no instance.
const NOWHERE: usize = usize::MAX;

/// Over how many requirements a reference is followed.
pub(super) const MOST_STEPS: usize = 8;

/// Something that may have to wait, by the number of its instance where it is of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing<'a> {
    Node(usize),
    Property(usize, &'a str),
    /// A property of a capability or of a relationship, which is named first.
    Part(usize, &'a str, &'a str),
    /// A property of a group.
    Group(&'a str, &'a str),
}

/// An instance, or (by its name) a capability or relationship of it.
pub(super) type Spot<'a> = (usize, Option<&'a str>);

/// That one thing waits for another, and where that is said.
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) place: Place,
}

/// A node, or one instance of a collection.
pub(super) struct Instance<'a> {
    pub(super) node: &'a str,
    /// Of a collection whose instances are looked at one by one.
    pub(super) key: Option<&'a str>,
    pub(super) checked: &'a CheckedNode,
    pub(super) locals: &'a Locals,
    /// Where it stands among the things; its properties follow.
    start: usize,
}

/// See the module.
pub(super) struct Graph<'a> {
    pub(super) program: &'a Program<'a>,
    pub(super) groups: &'a Groups,
    /// Between nodes, where any key leads to all instances.
    pub(super) is_coarse: bool,
    pub(super) instances: Vec<Instance<'a>>,
    /// Those of a node follow each other.
    by_node: HashMap<&'a str, Range<usize>>,
    by_key: HashMap<(&'a str, &'a str), usize>,
    /// Each instance, and behind it the parts of it that need something; the properties of groups at the end.
    pub(super) things: Vec<Thing<'a>>,
    pub(super) edges: Vec<Edge>,
    /// Of each type of node or relationship that there is.
    left: HashMap<&'a str, Vec<Left<'a>>>,
    /// What the parts of each instance are made of, until all that waits is known.
    made_of: Vec<Vec<Own<'a>>>,
}

/// No names.
static NO_LOCALS: Locals = Vec::new();

impl<'a> Graph<'a> {
    /// Each node as one thing: all of them, or some by their places.
    pub(super) fn between_nodes(
        program: &'a Program<'a>,
        nodes: &'a Nodes,
        groups: &'a Groups,
        some: Option<&BTreeSet<usize>>,
    ) -> Self {
        let count = some.map_or(nodes.nodes.len(), BTreeSet::len);
        let mut graph = Self::empty((program, groups), count, true);
        for (name, checked) in &nodes.nodes {
            if some.is_none_or(|some| some.contains(&checked.number())) {
                graph.add(name, checked, None);
            }
        }
        graph.fill();
        graph
    }

    /// Each instance that is known as one thing, of all else each node; nothing where that is too much.
    pub(super) fn between_instances(
        program: &'a Program<'a>,
        (nodes, groups): (&'a Nodes, &'a Groups),
        names: &[&'a str],
        keyed: &'a BTreeMap<String, Keyed>,
    ) -> Option<Self> {
        let mut graph = Self::empty((program, groups), names.len(), false);
        for name in names {
            if let Some(checked) = nodes.nodes.get(*name) {
                graph.add(name, checked, keyed.get(*name));
            }
        }
        graph.fill().then_some(graph)
    }

    fn empty(
        (program, groups): (&'a Program<'a>, &'a Groups),
        count: usize,
        is_coarse: bool,
    ) -> Self {
        Self {
            program,
            groups,
            is_coarse,
            instances: Vec::new(),
            by_node: HashMap::with_capacity(count),
            by_key: HashMap::new(),
            things: Vec::new(),
            edges: Vec::new(),
            left: HashMap::new(),
            made_of: Vec::with_capacity(count),
        }
    }

    /// The instance that a thing is of, where it is of one.
    pub(super) fn instance(&self, thing: usize) -> Option<&Instance<'a>> {
        match *self.things.get(thing)? {
            Thing::Node(at) | Thing::Property(at, _) | Thing::Part(at, ..) => {
                self.instances.get(at)
            }
            Thing::Group(..) => None,
        }
    }

    /// What a type of node or relationship that is here leaves to no node.
    pub(super) fn left(&self, kind: &str) -> &[Left<'a>] {
        self.left.get(kind).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, node: &'a str, checked: &'a CheckedNode, keyed: Option<&'a Keyed>) {
        let links = checked.node.requirements.iter().map(|met| met.relationship.as_str());
        for kind in links.chain([checked.node.kind.as_str()]) {
            let program = self.program;
            self.left.entry(kind).or_insert_with(|| {
                program.types.get(kind).map(|info| left_by(program, info)).unwrap_or_default()
            });
        }
        let first = self.instances.len();
        match keyed.filter(|_| checked.node.each.is_some()) {
            Some(keyed) => {
                for (key, locals) in keyed.iter() {
                    self.by_key.insert((node, key), self.instances.len());
                    self.instance_of(node, checked, Some(key), locals);
                }
            }
            None => self.instance_of(node, checked, None, &NO_LOCALS),
        }
        self.by_node.insert(node, first..self.instances.len());
    }

    fn instance_of(
        &mut self,
        node: &'a str,
        checked: &'a CheckedNode,
        key: Option<&'a str>,
        locals: &'a Locals,
    ) {
        let at = self.instances.len();
        let start = self.things.len();
        self.things.push(Thing::Node(at));
        let own = self.own(at, checked);
        self.things.extend(own.iter().map(|(thing, ..)| *thing));
        self.made_of.push(own);
        self.instances.push(Instance { node, key, checked, locals, start });
    }

    /// All that waits; false where it is too much.
    fn fill(&mut self) -> bool {
        let of_groups = self.of_groups();
        for (at, all) in std::mem::take(&mut self.made_of).into_iter().enumerate() {
            let Some(Instance { checked, start, .. }) = self.instances.get(at) else { continue };
            let (checked, node) = (*checked, *start);
            for (own, (thing, value, place)) in (node + 1..).zip(all) {
                if is_needed(thing, checked) {
                    self.edges.push(Edge { from: node, to: own, place });
                }
                self.reads(own, at, &value, place);
            }
            for (requirement, place) in checked.node.requirements.iter().zip(checked.targets()) {
                if !requirement.unordered {
                    self.targets(node, at, &requirement.target, place);
                }
            }
            self.operations(node, at, checked);
            if !self.is_coarse && self.edges.len() > MOST_EDGES {
                return false;
            }
        }
        for (own, value, place) in of_groups {
            self.reads(own, NOWHERE, &value, place);
        }
        true
    }

    /// Adds the properties of groups, as far as they need something: what they are made of, and where that stands.
    fn of_groups(&mut self) -> Vec<(usize, Expr, Place)> {
        let mut values = Vec::new();
        for (name, checked) in self.groups {
            let Some(info) = self.program.types.get(&checked.group.kind) else { continue };
            // Who they are, hangs on which of them there are.
            values.push((self.things.len(), checked.group.members.clone(), checked.targets.place));
            self.things.push(Thing::Group(name, "members"));
            for (property, declared) in &info.properties {
                let set = checked.group.properties.get(property).map(|set| &set.value);
                let value = set.or(declared.declared.default.as_ref());
                let Some(value) = value.filter(|value| value.as_value().is_none()) else {
                    continue;
                };
                // Its type calls it `self`.
                let this =
                    |part: &Expr| matches!(part, Expr::This).then(|| Expr::Group(name.clone()));
                let place = checked.sound.unwrap_or(checked.targets.place);
                values.push((self.things.len(), value.replaced(&this), place));
                self.things.push(Thing::Group(name, property));
            }
        }
        values
    }

    /// The place of an instance, or of a property of it, among the things.
    pub(super) fn at(&self, instance: usize, property: Option<&str>) -> Option<usize> {
        let Some(property) = property else { return Some(self.instances.get(instance)?.start) };
        self.own_place(
            instance,
            &|thing| matches!(thing, Thing::Property(_, name) if *name == property),
        )
    }

    /// The place of a property of a capability or relationship of an instance.
    pub(super) fn at_part(&self, instance: usize, part: &str, property: &str) -> Option<usize> {
        self.own_place(
            instance,
            &|thing| matches!(thing, Thing::Part(_, of, name) if *of == part && *name == property),
        )
    }

    fn own_place(&self, instance: usize, is: &dyn Fn(&Thing<'_>) -> bool) -> Option<usize> {
        let start = self.instances.get(instance)?.start;
        let own = (start + 1..).zip(self.things.get(start + 1..)?);
        own.take_while(|(_, thing)| matches!(thing, Thing::Property(..) | Thing::Part(..)))
            .find(|(_, thing)| is(thing))
            .map(|(at, _)| at)
    }

    /// The place of a property of a group.
    pub(super) fn at_group(&self, group: &str, property: &str) -> Option<usize> {
        self.things.iter().rposition(
            |thing| matches!(thing, Thing::Group(of, name) if *of == group && *name == property),
        )
    }

    /// All instances of a node.
    pub(super) fn all(&self, node: &str) -> Range<usize> {
        self.by_node.get(node).cloned().unwrap_or_default()
    }

    /// The instances that a reference in an instance leads to; nothing where it is no reference.
    pub(super) fn leads(&self, at: usize, of: &Expr) -> Option<Range<usize>> {
        match of {
            Expr::Node(node) => Some(self.all(node)),
            Expr::Index { of, key, .. } => match &**of {
                Expr::Node(node) => Some(self.under(at, node, key)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The instances of a node under a key, as an instance sees it.
    fn under(&self, at: usize, node: &str, key: &Expr) -> Range<usize> {
        if self.is_coarse {
            return self.all(node);
        }
        let Some(this) = self.instances.get(at) else { return 0..0 };
        let all = self.all(node);
        let first = self.instances.get(all.start).filter(|_| !all.is_empty());
        let is_keyed = first.is_some_and(|one| one.key.is_some());
        let known = instances::value(key, this.locals).as_ref().and_then(instances::key);
        match known {
            Some(known) if is_keyed => {
                self.by_key.get(&(node, known.as_str())).map_or(0..0, |at| *at..at + 1)
            }
            _ if node == this.node => {
                if self.is_own_key(this, key) {
                    at..at + 1
                } else {
                    0..0
                }
            }
            // `space[cluster]`: the instance that belongs to this one.
            _ if matches!(key, Expr::Local(_)) => all,
            _ => 0..0,
        }
    }

    /// Whether a key leads from each instance of a collection to itself.
    fn is_own_key(&self, this: &Instance<'_>, key: &Expr) -> bool {
        let Some(each) = &this.checked.node.each else { return false };
        if let Some(by) = &each.key {
            return by == key;
        }
        let Expr::Local(name) = key else { return false };
        match each.names.as_slice() {
            [first, _] => first == name,
            [only] if only == name => match &each.over {
                Expr::Node(_) | Expr::Selection(_) => true,
                Expr::Input(input) => {
                    let input = self.program.value(self.program.file, input);
                    matches!(input, Some(Declared::Value(named)) if matches!(named.ty, Type::List(_)))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The branch that an instance takes for sure.
    pub(super) fn taken<'e>(&self, at: usize, expr: &'e Expr) -> Option<&'e Expr> {
        let Expr::If { condition, then, otherwise } = expr else { return None };
        let this = self.instances.get(at).filter(|_| !self.is_coarse)?;
        match instances::value(condition, this.locals)? {
            Value::Bool(true) => Some(then),
            Value::Bool(false) => Some(otherwise),
            _ => None,
        }
    }

    pub(super) fn read(&mut self, from: usize, to: usize, name: &str, is_own: bool, place: Place) {
        let Some(instance) = self.instances.get(to) else { return };
        let info = self.program.types.get(&instance.checked.node.kind);
        // What a node sets, it need not wait to hear of itself.
        let is_attribute = info.is_some_and(|info| {
            info.attributes.contains_key(name) && !(is_own && info.properties.contains_key(name))
        });
        // What a blueprint offers is there when all of it is.
        let is_offered = info.is_some_and(|info| {
            info.capabilities.contains_key(name) && capabilities::are_given(self.program, info)
        });
        let property = (!is_attribute && !is_offered).then_some(name);
        if let Some(to) = self.at(to, property) {
            self.edges.push(Edge { from, to, place });
        }
    }

    /// What the operations of a node's life read of other nodes. What they read of the node itself orders
    /// nothing, and what is called later waits for nothing.
    fn operations(&mut self, from: usize, at: usize, checked: &CheckedNode) {
        let own = checked.node.operations.iter().filter(|(key, _)| key.starts_with("lifecycle."));
        for implementation in own.filter_map(|(_, own)| own.implementation.as_ref()) {
            for part in implementation.parts() {
                self.reads_others(from, at, part, checked.place());
            }
        }
    }

    fn reads_others(&mut self, from: usize, at: usize, expr: &Expr, place: Place) {
        if let Expr::Field { of, name, .. } = expr {
            if matches!(**of, Expr::This) {
                return;
            }
            if let Some(found) = self.leads(at, of) {
                // Between nodes, another instance of the same collection looks like the node itself.
                for to in found {
                    if self.is_coarse || to != at {
                        self.read(from, to, name, false, place);
                    }
                }
                return;
            }
        }
        expr.parts(&mut |part| self.reads_others(from, at, part, place));
    }

    /// The nodes that a target leads to.
    fn targets(&mut self, from: usize, at: usize, target: &Expr, place: Place) {
        if let Some(found) = self.leads(at, target) {
            for to in found {
                if let Some(to) = self.at(to, None) {
                    self.edges.push(Edge { from, to, place });
                }
            }
            return;
        }
        match target {
            Expr::Field { of, .. } | Expr::Splat { of, .. } => self.targets(from, at, of, place),
            Expr::List(items) => {
                for item in items {
                    let (Item::One(one) | Item::Spread(one)) = item;
                    self.targets(from, at, one, place);
                }
            }
            // Between nodes, either branch may count.
            Expr::If { then, otherwise, .. } if self.is_coarse => {
                self.targets(from, at, then, place);
                self.targets(from, at, otherwise, place);
            }
            other => {
                if let Some(taken) = self.taken(at, other) {
                    self.targets(from, at, taken, place);
                    return;
                }
                let found = self.led_to(at, other, MOST_STEPS);
                for to in
                    found.into_iter().filter_map(|(to, _)| self.at(to, None)).collect::<Vec<_>>()
                {
                    self.edges.push(Edge { from, to, place });
                }
            }
        }
    }
}

/// Whether an instance waits for a part of its own. What its capabilities tell, and what the types of its
/// relationships make of others, is there for those who ask.
fn is_needed(thing: Thing<'_>, checked: &CheckedNode) -> bool {
    match thing {
        Thing::Part(_, part, property) => {
            let met = checked.node.requirements.iter();
            met.filter(|met| met.name == part).any(|met| met.properties.contains_key(property))
        }
        _ => true,
    }
}
