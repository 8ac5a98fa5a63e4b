//! Inputs, and properties of what a blueprint requires, that decide what there is: they must be known
//! when a blueprint is deployed, also where it is used as a node.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Expr, Item, Node, Phase};

use crate::check::Checked;
use crate::check::nodes::{CheckedNode, Nodes};
use crate::check::policies::CheckedPolicy;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, composition as says};
use crate::source::Place;

/// The inputs of a blueprint that decide, and as `requirement.property` what it reads of its
/// requirements to decide, each with a place where it does.
pub(super) type Deciding = BTreeMap<String, Place>;

/// Finds them, given those of the blueprints that the nodes are made of, by the full names of their types.
pub(super) fn inputs(
    checked: &Checked<'_>,
    program: &Program<'_>,
    known: &BTreeMap<String, Deciding>,
) -> Deciding {
    let mut walk = Walk {
        nodes: &checked.nodes,
        program,
        seen: BTreeSet::new(),
        found: BTreeMap::new(),
        at: Place::default(),
    };
    for input in
        checked.inputs.iter().filter_map(|(name, input)| Some((name, input.default.as_ref()?)))
    {
        let (name, default) = input;
        walk.at = place_of(checked, program, name);
        walk.expr(default, None);
    }
    for (name, selection) in &checked.selections {
        walk.at = place_of(checked, program, name);
        selection.predicate.iter().for_each(|one| walk.expr(&one.predicate, None));
        let spread = selection.spread.iter().flat_map(|spread| [&spread.by, &spread.max]);
        let prefer = selection.prefer.iter().map(|preference| &preference.by);
        spread.chain(prefer).chain(&selection.count).for_each(|expr| walk.expr(expr, None));
    }
    for (name, CheckedPolicy { policy, .. }) in &checked.policies {
        walk.at = place_of(checked, program, name);
        let properties = policy.properties.values().map(|set| &set.value);
        properties.chain([&policy.targets]).for_each(|expr| walk.expr(expr, None));
    }
    for (name, one) in &checked.nodes.nodes {
        walk.at = one.place();
        walk.node(name, &one.node, known);
    }
    walk.found.retain(|name, _| name.contains('.') || checked.inputs.contains_key(name));
    walk.found
}

fn place_of(checked: &Checked<'_>, program: &Program<'_>, name: &str) -> Place {
    let scope = program.names.files.get(checked.file.0 as usize);
    scope.and_then(|scope| scope.values.get(name)).map(|it| it.place).unwrap_or_default()
}

/// Tells values that come too late, at the value.
pub(super) fn check(
    checked: &Checked<'_>,
    program: &Program<'_>,
    known: &BTreeMap<String, Deciding>,
    out: &mut Vec<Diagnostic>,
) {
    for one in checked.nodes.nodes.values() {
        let kind = made_of(&one.node);
        let Some(deciding) = known.get(kind) else { continue };
        for (name, property) in &one.node.properties {
            if let Some(decides) = deciding.get(name)
                && property.phase == Phase::Run
            {
                let at = one.value(name);
                let blueprint = blueprint_name(program, kind);
                out.push(says::decides_late(at, name, &blueprint, *decides));
            }
        }
        for (name, decides) in deciding {
            let Some((requirement, property)) = name.split_once('.') else { continue };
            for (at, target) in late_targets(&checked.nodes, one, requirement, property) {
                let blueprint = blueprint_name(program, kind);
                let told = says::decides_late(at, name, &blueprint, *decides);
                out.push(told.related(target, format!("`{requirement}` is met here")));
            }
        }
    }
}

/// Where the targets of a requirement of a node set a property to what is known only at run time, each
/// with the place that names the target.
fn late_targets(
    nodes: &Nodes,
    one: &CheckedNode,
    requirement: &str,
    property: &str,
) -> Vec<(Place, Place)> {
    let met = one.node.requirements.iter().zip(one.targets());
    let mut found = Vec::new();
    for (met, place) in met.filter(|(met, _)| met.name == requirement) {
        for target in targets(&met.target) {
            let (of, capability) = match target {
                Expr::Field { of, name, .. } => (&**of, Some(name)),
                other => (other, None),
            };
            let Some(node) = Program::node_of(of).and_then(|name| nodes.nodes.get(name)) else {
                continue;
            };
            let set = match capability {
                Some(capability) => {
                    node.node.capabilities.get(capability).and_then(|set| set.get(property))
                }
                None => node.node.properties.get(property),
            };
            if set.is_some_and(|set| set.phase == Phase::Run) {
                let key = capability.map(|name| format!("{name}.{property}"));
                found.push((node.value(key.as_deref().unwrap_or(property)), place));
            }
        }
    }
    found
}

/// What a target's expression names: itself, or what is in a list.
fn targets(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::List(items) => items
            .iter()
            .flat_map(|item| match item {
                Item::One(expr) | Item::Spread(expr) => targets(expr),
            })
            .collect(),
        other => vec![other],
    }
}

/// What people call a blueprint, by the full name of its type.
pub(super) fn blueprint_name(program: &Program<'_>, full: &str) -> String {
    let declared = program.names.types.get(full);
    let item = declared.and_then(|it| crate::resolve::blueprint::item(program.sources, it));
    item.map_or_else(|| full.to_owned(), |item| item.name.text.to_string())
}

/// The type that a node is made of: that of the blueprint that stands for it, or its own.
pub(in crate::check) fn made_of(node: &Node) -> &String {
    node.substituted_by.as_ref().unwrap_or(&node.kind)
}

struct Walk<'a, 's> {
    nodes: &'a Nodes,
    program: &'a Program<'s>,
    /// Constants and properties that were looked into.
    seen: BTreeSet<String>,
    found: Deciding,
    at: Place,
}

impl Walk<'_, '_> {
    /// What decides whether a node is there, how often, where, and what there is in it.
    fn node(&mut self, name: &str, node: &Node, known: &BTreeMap<String, Deciding>) {
        let each = node
            .each
            .iter()
            .flat_map(|each| std::iter::once(&each.over).chain(&each.key).chain(&each.filter));
        for expr in node.condition.iter().chain(each).chain(&node.labels) {
            self.expr(expr, Some(name));
        }
        for requirement in &node.requirements {
            self.expr(&requirement.target, Some(name));
        }
        if let Some(deciding) = known.get(made_of(node)) {
            for (property, set) in &node.properties {
                if deciding.contains_key(property) {
                    self.expr(&set.value, Some(name));
                }
            }
            for (requirement, property) in deciding.keys().filter_map(|key| key.split_once('.')) {
                let met = node.requirements.iter().filter(|met| met.name == requirement);
                for target in met.flat_map(|met| targets(&met.target)) {
                    self.field(target, property, Some(name));
                }
            }
        }
    }

    /// The inputs that an expression needs; `this` is the node that it stands in.
    fn expr(&mut self, expr: &Expr, this: Option<&str>) {
        match expr {
            Expr::Input(name) => {
                self.found.entry(name.clone()).or_insert(self.at);
            }
            Expr::Const(name) => {
                if self.seen.insert(name.clone())
                    && let Some(value) = self.program.constants.get(name)
                {
                    self.expr(value, None);
                }
            }
            Expr::Field { of, name, .. } => {
                self.field(of, name, this);
                self.expr(of, this);
            }
            Expr::Splat { of, body } => {
                if let (Expr::Requirement(_), Expr::Field { name, .. }) = (&**of, &**body) {
                    self.field(of, name, this);
                }
                self.expr(of, this);
                self.expr(body, this);
            }
            other => other.parts(&mut |part| self.expr(part, this)),
        }
    }

    /// The inputs that a property of something needs.
    fn field(&mut self, of: &Expr, name: &str, this: Option<&str>) {
        if let Expr::Requirement(requirement) = of {
            self.found.entry(format!("{requirement}.{name}")).or_insert(self.at);
        }
        let node = match of {
            Expr::This => this,
            other => Program::node_of(other),
        };
        if let Some(node) = node
            && self.seen.insert(format!("{node}.{name}"))
            && let Some(set) =
                self.nodes.nodes.get(node).and_then(|one| one.node.properties.get(name))
        {
            self.expr(&set.value, Some(node));
        }
    }
}
