//! What an expression leads to: the nodes and selections that it gives, and those that it names.
//!
//! A requirement that is read is its target: `a.host` leads to what `a` stands on, not to `a`.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Expr, Node, Plan, Requirement};

/// So many requirements are followed one after the other; what reads through more leads to the node read.
const MOST_FOLLOWED: usize = 100;

/// What an expression leads to, by the items' names.
#[derive(Clone, Debug, Default)]
pub(super) struct Led {
    pub(super) to: BTreeSet<Target>,
    /// The runtime chooses among them.
    pub(super) is_choice: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Node(String),
    Selection(String),
    Required(String),
}

impl Target {
    pub(super) fn name(&self) -> &str {
        let (Self::Node(name) | Self::Selection(name) | Self::Required(name)) = self;
        name
    }
}

/// What leads somewhere under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named<'p> {
    Constant(&'p str),
    /// Of a node, by its name and the requirement's.
    Requirement(&'p str, &'p str),
}

/// What the names of a loop lead to.
pub(super) type Locals<'p> = BTreeMap<&'p str, Led>;

/// Follows expressions of one plan; what was followed is kept.
pub(super) struct Leads<'p> {
    plan: &'p Plan,
    known: BTreeMap<Named<'p>, Led>,
    /// What is being followed.
    open: Vec<Named<'p>>,
}

impl<'p> Leads<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        Self { plan, known: BTreeMap::new(), open: Vec::new() }
    }

    /// What a requirement of a node leads to.
    pub(super) fn requirement(
        &mut self,
        this: &'p str,
        node: &'p Node,
        of: &'p Requirement,
    ) -> Led {
        let locals = self.locals(node);
        self.expr(&of.target, Some(this), &locals)
    }

    /// What an expression of a node's body reads: of `a.host.size` what `a` stands on, and all else by its name.
    pub(super) fn reads(&mut self, this: &'p str, node: &'p Node, expr: &'p Expr, found: &mut Led) {
        let locals = self.locals(node);
        self.walk(expr, this, &locals, found);
    }

    fn walk(&mut self, expr: &'p Expr, this: &'p str, locals: &Locals<'p>, found: &mut Led) {
        match expr {
            Expr::Field { of, .. } if is_path(of) => {
                let led = self.expr(expr, Some(this), locals);
                if led.is_choice || led.to.is_empty() {
                    // Which one it is, the named node's own arrow leaves open, too.
                    mentioned(expr, found);
                } else {
                    found.to.extend(led.to);
                }
                self.keys(of, this, locals, found);
            }
            Expr::Splat { of, body } => {
                self.walk(of, this, locals, found);
                let mut inner = locals.clone();
                inner.insert("*", self.expr(of, Some(this), locals));
                self.walk(body, this, &inner, found);
            }
            Expr::Binder(binder) => {
                let over = self.expr(&binder.over, Some(this), locals);
                let mut inner = locals.clone();
                inner.extend(binder.names.iter().map(|name| (name.as_str(), over.clone())));
                expr.parts(&mut |part| self.walk(part, this, &inner, found));
            }
            Expr::Node(_) | Expr::Selection(_) | Expr::Requirement(_) => mentioned(expr, found),
            other => other.parts(&mut |part| self.walk(part, this, locals, found)),
        }
    }

    /// What the keys of a path read.
    fn keys(&mut self, path: &'p Expr, this: &'p str, locals: &Locals<'p>, found: &mut Led) {
        match path {
            Expr::Field { of, .. } => self.keys(of, this, locals, found),
            Expr::Index { of, key, .. } => {
                self.walk(key, this, locals, found);
                self.keys(of, this, locals, found);
            }
            _ => {}
        }
    }

    /// Nothing where it is in a ring or too far.
    fn named(&mut self, name: Named<'p>) -> Option<Led> {
        if let Some(known) = self.known.get(&name) {
            return Some(known.clone());
        }
        if self.open.contains(&name) || self.open.len() >= MOST_FOLLOWED {
            return None;
        }
        self.open.push(name);
        let led = match name {
            Named::Constant(name) => {
                let of = self.plan.constants.get(name);
                of.map(|of| self.expr(of, None, &Locals::new())).unwrap_or_default()
            }
            Named::Requirement(node, name) => self.target(node, name),
        };
        self.open.pop();
        self.known.insert(name, led.clone());
        Some(led)
    }

    fn target(&mut self, this: &'p str, name: &str) -> Led {
        let mut found = Led::default();
        let Some(node) = self.plan.nodes.get(this) else { return found };
        for requirement in node.requirements.iter().filter(|one| one.name == name) {
            let led = self.requirement(this, node, requirement);
            found.to.extend(led.to);
            found.is_choice |= led.is_choice;
        }
        found
    }

    fn locals(&mut self, node: &'p Node) -> Locals<'p> {
        let Some(each) = &node.each else { return Locals::new() };
        let over = self.expr(&each.over, None, &Locals::new());
        each.names.iter().map(|name| (name.as_str(), over.clone())).collect()
    }

    /// What an expression that gives nodes, capabilities or elements can give; `this` is the node in whose body it
    /// stands.
    fn expr(&mut self, expr: &'p Expr, this: Option<&'p str>, locals: &Locals<'p>) -> Led {
        let mut found = Led::default();
        let mut take = |other: Led| {
            found.to.extend(other.to);
            found.is_choice |= other.is_choice;
        };
        match expr {
            Expr::Node(name) => take(one(Target::Node(name.clone()))),
            Expr::Selection(name) => take(one(Target::Selection(name.clone()))),
            Expr::Requirement(name) => take(one(Target::Required(name.clone()))),
            Expr::Local(name) => take(locals.get(name.as_str()).cloned().unwrap_or_default()),
            Expr::Const(name) => take(self.named(Named::Constant(name)).unwrap_or_default()),
            Expr::Field { of, name, .. } => {
                let of = match (&**of, this) {
                    (Expr::This, Some(this)) => one(Target::Node(this.to_owned())),
                    (of, _) => self.expr(of, this, locals),
                };
                take(self.read(of, name));
            }
            Expr::Index { of, .. } => take(self.expr(of, this, locals)),
            Expr::Splat { of, body } => {
                let over = self.expr(of, this, locals);
                let mut inner = locals.clone();
                inner.insert("*", over);
                take(self.expr(body, this, &inner));
            }
            Expr::If { then, otherwise, .. } => {
                take(self.expr(then, this, locals));
                take(self.expr(otherwise, this, locals));
            }
            Expr::Binder(binder) => {
                let over = self.expr(&binder.over, this, locals);
                if binder.function == "choose" {
                    take(Led { is_choice: true, ..over });
                } else {
                    let mut inner = locals.clone();
                    for name in &binder.names {
                        inner.insert(name, over.clone());
                    }
                    take(match &binder.body {
                        Some(body) => self.expr(body, this, &inner),
                        None => over,
                    });
                }
            }
            other => other.parts(&mut |part| take(self.expr(part, this, locals))),
        }
        found
    }

    /// What a member of these is: the target where it is a requirement, else a part of them.
    fn read(&mut self, of: Led, name: &str) -> Led {
        let plan = self.plan;
        let mut found = Led { to: BTreeSet::new(), is_choice: of.is_choice };
        for target in of.to {
            let Target::Node(node) = &target else {
                found.to.insert(target);
                continue;
            };
            let required = plan.nodes.get_key_value(node).and_then(|(node, of)| {
                let declared = plan.node_types.get(&of.kind)?.requirements.get_key_value(name);
                let given = of.requirements.iter().find(|one| one.name == name);
                let name = given.map(|one| &one.name).or(declared.map(|(name, _)| name))?;
                self.named(Named::Requirement(node, name))
            });
            match required {
                Some(led) => {
                    found.to.extend(led.to);
                    found.is_choice |= led.is_choice;
                }
                None => {
                    found.to.insert(target);
                }
            }
        }
        found
    }
}

/// Whether an expression is names and keys alone, one after the other.
fn is_path(expr: &Expr) -> bool {
    match expr {
        Expr::Field { of, .. } | Expr::Index { of, .. } => is_path(of),
        Expr::This
        | Expr::Node(_)
        | Expr::Selection(_)
        | Expr::Requirement(_)
        | Expr::Local(_)
        | Expr::Const(_) => true,
        _ => false,
    }
}

fn one(target: Target) -> Led {
    Led { to: BTreeSet::from([target]), is_choice: false }
}

/// Every node and selection that an expression names.
pub(super) fn mentioned(expr: &Expr, found: &mut Led) {
    match expr {
        Expr::Node(name) => {
            found.to.insert(Target::Node(name.clone()));
        }
        Expr::Selection(name) => {
            found.to.insert(Target::Selection(name.clone()));
        }
        Expr::Requirement(name) => {
            found.to.insert(Target::Required(name.clone()));
        }
        other => other.parts(&mut |part| mentioned(part, found)),
    }
}

/// Every group that an expression names.
pub(super) fn groups_of<'e>(expr: &'e Expr, found: &mut Vec<&'e str>) {
    if let Expr::Group(name) = expr {
        found.push(name);
    }
    expr.parts(&mut |part| groups_of(part, found));
}
