//! Blueprints that nobody wrote: random graphs of nodes of every kind, and what is wanted of each.
//!
//! The model here is what the oracle knows; [`crate::plan`] writes it as a plan for the runtime.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::random::{Random, word};

/// An instance: on which target (empty for the runtime's own machine), and its name there.
pub(crate) type At = (String, String);

/// The clusters that there are.
pub(crate) const CLUSTERS: [&str; 3] = ["east", "north", "west"];

/// What keeps a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nobody: it only stands for others.
    Logical,
    /// A provider whose changes are done at once.
    Quick,
    /// A provider whose changes take time, and are asked after.
    Slow,
    /// A provider whose objects stand under a name among the properties: another name is another object.
    Named,
    /// Its own operations, one of which tells what is there.
    Looked,
    /// Its own operations, which may be called twice.
    Repeated,
    /// A provider, with operations around.
    Around,
}

impl Kind {
    /// Each as often as it is to come.
    const ALL: [Self; 8] = [
        Self::Logical,
        Self::Quick,
        Self::Slow,
        Self::Named,
        Self::Named,
        Self::Looked,
        Self::Repeated,
        Self::Around,
    ];

    /// The name of its node type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Logical => "Logical",
            Self::Quick => "Quick",
            Self::Slow => "Slow",
            Self::Named => "Named",
            Self::Looked => "Looked",
            Self::Repeated => "Repeated",
            Self::Around => "Around",
        }
    }

    /// The provider that keeps it.
    pub(crate) fn provider(self) -> Option<&'static str> {
        match self {
            Self::Quick | Self::Around => Some("quick"),
            Self::Slow => Some("slow"),
            Self::Named => Some("named"),
            Self::Logical | Self::Looked | Self::Repeated => None,
        }
    }
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// What keeps it.
    pub(crate) kind: Kind,
    /// One on each chosen cluster, and not one where the runtime is.
    pub(crate) is_fleet: bool,
    /// What is wanted of it, where it does not read that of another.
    pub(crate) value: u64,
    /// The name of its object, where that is chosen.
    pub(crate) title: u64,
    /// The node whose `id` is its value.
    pub(crate) reads: Option<String>,
    /// Nodes that it requires, and whether the relationship has operations.
    pub(crate) needs: BTreeMap<String, bool>,
}

/// A blueprint, with the clusters that are chosen for it.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    /// Which version it is: its place among those of a history.
    pub(crate) version: usize,
    /// What needs another stands after it.
    pub(crate) nodes: Vec<Node>,
    /// The chosen clusters.
    pub(crate) clusters: Vec<&'static str>,
}

impl Blueprint {
    /// A first one.
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut blueprint = Self { version: 0, nodes: Vec::new(), clusters: Vec::new() };
        blueprint.choose(random);
        for number in 0..random.between(2, 7) {
            blueprint.add(random, number);
        }
        blueprint
    }

    /// The next version of this one: some of it changed.
    pub(crate) fn changed(&self, random: &mut Random, version: usize) -> Self {
        let mut next = Self { version, ..self.clone() };
        if random.happens(300) {
            next.choose(random);
        }
        let gone: BTreeSet<String> = next
            .nodes
            .iter()
            .filter(|_| random.happens(150))
            .map(|node| node.name.clone())
            .collect();
        next.nodes.retain(|node| !gone.contains(&node.name));
        for node in &mut next.nodes {
            node.needs.retain(|name, _| !gone.contains(name) && !random.happens(150));
            node.reads = node.reads.take().filter(|name| !gone.contains(name));
            if random.happens(250) {
                node.value = random.below(4);
            }
            // Objects under names that change are where most can be forgotten.
            if random.happens(if node.kind == Kind::Named { 900 } else { 350 }) {
                node.title = random.below(3);
            }
        }
        for at in 0..next.nodes.len() {
            if random.happens(150) {
                next.require(random, at);
            }
        }
        for number in 0..random.below(3) {
            next.add(random, 10 * version as u64 + number);
        }
        if next.nodes.is_empty() {
            next.add(random, 10 * version as u64 + 5);
        }
        next
    }

    fn choose(&mut self, random: &mut Random) {
        self.clusters = CLUSTERS.into_iter().filter(|_| random.happens(600)).collect();
        if self.clusters.is_empty() {
            self.clusters.push(CLUSTERS[0]);
        }
    }

    fn add(&mut self, random: &mut Random, number: u64) {
        let kind = Kind::ALL.get(random.index(Kind::ALL.len())).copied().unwrap_or(Kind::Quick);
        let kind = if random.happens(200) { Kind::Named } else { kind };
        self.nodes.push(Node {
            name: format!("n{number}"),
            kind,
            is_fleet: random.happens(400),
            value: random.below(4),
            title: random.below(3),
            reads: None,
            needs: BTreeMap::new(),
        });
        let at = self.nodes.len() - 1;
        for _ in 0..random.below(3) {
            self.require(random, at);
        }
        let reads = self.nodes.get(random.index(at)).cloned();
        let Some(node) = self.nodes.get_mut(at) else { return };
        if let Some(read) = reads.filter(|_| at > 0 && random.happens(500))
            && read.kind != Kind::Logical
            && node.kind != Kind::Logical
            && (node.is_fleet || !read.is_fleet)
        {
            node.reads = Some(read.name);
        }
    }

    /// Lets a node require one that stands before it.
    fn require(&mut self, random: &mut Random, at: usize) {
        let other = self.nodes.get(random.index(at)).map(|other| (other.name.clone(), other.kind));
        let Some((other, kind)) = other.filter(|_| at > 0) else { return };
        let Some(node) = self.nodes.get_mut(at) else { return };
        let may_link = kind != Kind::Logical && node.kind != Kind::Logical;
        let is_linked = may_link && random.happens(300);
        node.needs.insert(other, is_linked);
    }

    /// The node of this name.
    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The node that an instance is of.
    pub(crate) fn node_at(&self, at: &At) -> Option<&Node> {
        let name = at.1.split('[').next().unwrap_or_default();
        self.node(name).filter(|node| self.places(node).contains(at))
    }

    /// The instances of a node.
    pub(crate) fn places(&self, node: &Node) -> Vec<At> {
        if !node.is_fleet {
            return vec![(String::new(), node.name.clone())];
        }
        let on = |cluster: &&str| ((*cluster).to_owned(), format!("{}[{cluster:?}]", node.name));
        self.clusters.iter().map(on).collect()
    }

    /// All instances that somebody keeps.
    pub(crate) fn instances(&self) -> BTreeSet<At> {
        let kept = self.nodes.iter().filter(|node| node.kind != Kind::Logical);
        kept.flat_map(|node| self.places(node)).collect()
    }

    /// What an instance needs, seen through logical nodes.
    pub(crate) fn needs(&self, at: &At) -> BTreeSet<At> {
        let mut found = BTreeSet::new();
        let mut stack = vec![at.clone()];
        while let Some(next) = stack.pop() {
            let Some(node) = self.node_at(&next) else { continue };
            let names: BTreeSet<&String> = node.needs.keys().chain(&node.reads).collect();
            for other in names.into_iter().filter_map(|name| self.node(name)) {
                for place in self.places(other) {
                    if node.is_fleet && other.is_fleet && place.0 != next.0 {
                        continue;
                    }
                    if other.kind == Kind::Logical {
                        stack.push(place);
                    } else {
                        found.insert(place);
                    }
                }
            }
        }
        found
    }

    /// What is wanted of an instance.
    pub(crate) fn value(&self, at: &At) -> String {
        let Some(node) = self.node_at(at) else { return String::new() };
        let Some(read) = node.reads.as_ref().and_then(|name| self.node(name)) else {
            return format!("v{}", node.value);
        };
        let same = |place: &&At| !read.is_fleet || place.0 == at.0;
        let places = self.places(read);
        places.iter().find(same).map(|place| id(&place.1, &self.value(place))).unwrap_or_default()
    }

    /// The name under which an instance's object stands.
    pub(crate) fn object(&self, at: &At) -> At {
        let name = match self.node_at(at) {
            Some(node) if node.kind == Kind::Named => titled(&at.1, &format!("t{}", node.title)),
            _ => at.1.clone(),
        };
        (at.0.clone(), name)
    }
}

impl fmt::Display for Blueprint {
    /// `version 1 on east, west: n0 Quick v3; n1[] Looked =n0 after n0, linked n2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} on {}:", self.version, self.clusters.join(", "))?;
        for node in &self.nodes {
            let all = if node.is_fleet { "[]" } else { "" };
            write!(f, " {}{all} {:?}", node.name, node.kind)?;
            match &node.reads {
                Some(read) => write!(f, " ={read}")?,
                None => write!(f, " v{}", node.value)?,
            }
            if node.kind == Kind::Named {
                write!(f, " t{}", node.title)?;
            }
            for (name, is_linked) in &node.needs {
                write!(f, " {} {name}", if *is_linked { "linked" } else { "after" })?;
            }
            f.write_str(";")?;
        }
        Ok(())
    }
}

/// What an instance reports as its `id`.
pub(crate) fn id(instance: &str, value: &str) -> String {
    word(&[instance, value])
}

/// The name of an object under a title.
pub(crate) fn titled(instance: &str, title: &str) -> String {
    format!("{instance}~{title}")
}
