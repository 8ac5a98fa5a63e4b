//! What an expression reads of nodes: by their names, and through functions, constants, lists, loops and requirements.
//!
//! Between nodes all is followed that may be read. Between instances only what is read for sure: of several that a
//! condition or a choice leaves open, none.

use bp_plan::{Expr, Item};

use super::graph::{Edge, Graph, MOST_STEPS, Spot, THERE};
use crate::check::expr::World as _;
use crate::check::expr::origin::{Bound, Origin};
use crate::check::mentions::mentions;
use crate::source::Place;

/// From where it is read, in which instance, and where that is said.
#[derive(Clone, Copy)]
struct Reader {
    from: usize,
    at: usize,
    place: Place,
}

impl<'a> Graph<'a> {
    /// What an expression reads of nodes.
    pub(super) fn reads(&mut self, from: usize, at: usize, expr: &Expr, place: Place) {
        let mut bound = self.bound(at);
        self.walk(Reader { from, at, place }, &mut bound, expr);
    }

    /// What the names of an instance's loop stand for.
    fn bound(&self, at: usize) -> Bound {
        let Some(this) = self.instances.get(at) else { return Bound::new() };
        if !self.is_coarse && !this.locals.is_empty() {
            let own = this.locals.iter();
            return own.map(|(name, value)| (name.clone(), Origin::of_value(value))).collect();
        }
        let Some(each) = &this.checked.node.each else { return Bound::new() };
        let over = Origin::of(self.program, &Bound::new(), &each.over).element();
        each.names.last().map(|name| (name.clone(), over)).into_iter().collect()
    }

    fn walk(&mut self, reader: Reader, bound: &mut Bound, expr: &Expr) {
        if let Some(taken) = self.taken(reader.at, expr) {
            self.walk(reader, bound, taken);
            return;
        }
        match expr {
            Expr::Field { of, name, .. } => self.field(reader, bound, of, name),
            Expr::Node(node) => self.there(reader, node),
            Expr::Const(name) => {
                // It sees nothing of what is around it.
                if let Some((_, value)) = self.program.constant(name) {
                    self.walk(reader, &mut Bound::new(), value);
                }
            }
            Expr::Splat { of, body } => {
                self.walk(reader, bound, of);
                let element = Origin::of(self.program, bound, of).element();
                bound.push(("*".to_owned(), element));
                self.walk(reader, bound, body);
                bound.pop();
            }
            Expr::Binder(binder) => {
                self.walk(reader, bound, &binder.over);
                let element = Origin::of(self.program, bound, &binder.over).element();
                let before = bound.len();
                // The first of two names is a key.
                let names = binder.names.iter().rev().zip([element, Origin::Of(Vec::new())]);
                bound.extend(names.map(|(name, origin)| (name.clone(), origin)));
                if let Some(filter) = &binder.filter {
                    self.walk(reader, bound, filter);
                    if !self.is_coarse {
                        // Which of them are left, hangs on what they say.
                        for (_, origin) in bound.iter_mut().skip(before) {
                            *origin = Origin::Unknown;
                        }
                    }
                }
                for part in binder.key.iter().chain(&binder.body) {
                    self.walk(reader, bound, part);
                }
                bound.truncate(before);
            }
            other => {
                let mut parts = Vec::new();
                other.parts(&mut |part| parts.push(part));
                for part in parts {
                    self.walk(reader, bound, part);
                }
            }
        }
    }

    /// A member that is read of something.
    fn field(&mut self, reader: Reader, bound: &mut Bound, of: &Expr, name: &str) {
        let Reader { from, at, place } = reader;
        if let Expr::Group(group) = of {
            if let Some(to) = self.at_group(group, name) {
                self.edges.push(Edge { from, to, place });
            }
            return;
        }
        let is_own = matches!(of, Expr::This | Expr::Source);
        let found = if is_own { Some(at..at + 1) } else { self.leads(at, of) };
        if let Some(found) = found {
            for to in found {
                self.read(from, to, name, is_own, place);
            }
            match of {
                Expr::Node(node) => self.there(reader, node),
                Expr::Index { of, key, .. } => {
                    self.walk(reader, bound, of);
                    self.walk(reader, bound, key);
                }
                _ => {}
            }
            return;
        }
        let origin = Origin::of(self.program, bound, of);
        if let Origin::Of(all) = origin
            && (self.is_coarse || all.len() == 1 || is_each(of))
        {
            for one in &all {
                for (to, part) in self.spots_of(at, one, MOST_STEPS) {
                    match part {
                        None => self.read(from, to, name, false, place),
                        Some(part) => {
                            let to = self.at_part(to, part, name);
                            self.edges.extend(to.map(|to| Edge { from, to, place }));
                        }
                    }
                }
            }
        }
        self.walk(reader, bound, of);
    }

    /// Who names a node needs to know whether it is there.
    fn there(&mut self, Reader { from, place, .. }: Reader, node: &str) {
        for to in self.all(node) {
            if let Some(to) = self.at(to, Some(THERE)) {
                self.edges.push(Edge { from, to, place });
            }
        }
    }

    /// What an origin stands for, as an instance sees it.
    fn spots_of(&self, at: usize, of: &Expr, steps: usize) -> Vec<Spot<'a>> {
        if matches!(of, Expr::This | Expr::Source) {
            return vec![(at, None)];
        }
        if let Some(found) = self.leads(at, of) {
            return found.map(|one| (one, None)).collect();
        }
        if let Expr::Group(group) = of {
            return self.members(at, group, steps);
        }
        let Expr::Field { of, name, .. } = of else { return Vec::new() };
        if let (Expr::Group(group), "members") = (&**of, name.as_str()) {
            return self.members(at, group, steps);
        }
        let owners = self.spots_of(at, of, steps).into_iter();
        if name == "node" {
            return owners.map(|(owner, _)| (owner, None)).collect();
        }
        let mut found = Vec::new();
        for (owner, _) in owners.filter(|(_, part)| part.is_none()) {
            let Some(checked) = self.instances.get(owner).map(|one| one.checked) else { continue };
            let (wanted, is_link) = match name.strip_suffix(".via") {
                Some(requirement) => (requirement, true),
                None => (name.as_str(), false),
            };
            match checked.node.requirements.iter().find(|met| met.name == wanted) {
                Some(met) if is_link => found.push((owner, Some(met.name.as_str()))),
                Some(met) if steps > 0 => {
                    found.extend(self.led_to(owner, &met.target, steps - 1));
                }
                Some(_) => {}
                None => {
                    let info = self.program.types.get(&checked.node.kind);
                    let capability = info.and_then(|info| info.capabilities.get_key_value(wanted));
                    found.extend(capability.map(|(name, _)| (owner, Some(name.as_str()))));
                }
            }
        }
        found
    }

    /// The members of a group.
    fn members(&self, at: usize, group: &str, steps: usize) -> Vec<Spot<'a>> {
        let Some(checked) = self.groups.get(group).filter(|_| steps > 0) else { return Vec::new() };
        self.led_to(at, &checked.group.members, steps - 1)
    }

    /// What a target leads to, where that is not left open.
    pub(super) fn led_to(&self, at: usize, target: &Expr, steps: usize) -> Vec<Spot<'a>> {
        let is_open = |part: &Expr| match part {
            Expr::If { .. } => true,
            Expr::Binder(binder) => binder.filter.is_some() || binder.function == "choose",
            Expr::Binary { op, .. } => *op == bp_plan::BinaryOp::Coalesce,
            _ => false,
        };
        if !self.is_coarse && mentions(target, &is_open) {
            return Vec::new();
        }
        let Origin::Of(all) = Origin::of(self.program, &self.bound(at), target).element() else {
            return Vec::new();
        };
        let is_list = matches!(target, Expr::List(items)
            if items.iter().all(|item| matches!(item, Item::One(_))));
        if !self.is_coarse && all.len() > 1 && !is_list {
            return Vec::new();
        }
        all.iter().flat_map(|one| self.spots_of(at, one, steps)).collect()
    }
}

/// Whether it is an element that a loop goes through, or read of one: each of them is.
fn is_each(of: &Expr) -> bool {
    match of {
        Expr::Local(_) => true,
        Expr::Field { of, .. } => is_each(of),
        _ => false,
    }
}
