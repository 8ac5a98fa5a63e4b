//! What a schema can't say of a plan: that every name in it is the name of something.

mod operations;
mod policies;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::digest::Digest;
use crate::document::{Constraint, Node, NodeType, Plan, Property, PropertyType};
use crate::expr::{Binder, Expr};
use crate::span::Span;
use crate::types::Type;
use crate::value::{FileRef, Reference, TakenBy, Value};

/// Something in a plan that doesn't fit the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `nodes.web.properties.image`.
    pub at: String,
    /// What.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.message, self.at)
    }
}

/// Everything in the plan that doesn't fit the rest.
pub fn validate(plan: &Plan) -> Result<(), Vec<Problem>> {
    let check = Check::over(plan);
    if check.problems.is_empty() { Ok(()) } else { Err(check.problems) }
}

/// The names of all functions and binders that the plan's expressions use.
pub fn functions(plan: &Plan) -> BTreeSet<&str> {
    Check::over(plan).functions
}

/// The digests of all files that the plan's values name.
pub fn files(plan: &Plan) -> BTreeSet<&Digest> {
    Check::over(plan).files
}

/// The types that values are held against within the plan's expressions.
pub fn held(plan: &Plan) -> BTreeSet<&Type> {
    Check::over(plan).held
}

struct Check<'a> {
    plan: &'a Plan,
    at: Vec<&'a str>,
    locals: Vec<&'a str>,
    functions: BTreeSet<&'a str>,
    held: BTreeSet<&'a Type>,
    files: BTreeSet<&'a Digest>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn over(plan: &'a Plan) -> Self {
        let mut check = Self {
            plan,
            at: Vec::new(),
            locals: Vec::new(),
            functions: BTreeSet::new(),
            held: BTreeSet::new(),
            files: BTreeSet::new(),
            problems: Vec::new(),
        };
        check.plan();
        check
    }

    fn problem(&mut self, message: impl Into<String>) {
        self.problems.push(Problem { at: self.at.join("."), message: message.into() });
    }

    fn within(&mut self, step: &'a str, check: impl FnOnce(&mut Self)) {
        self.at.push(step);
        check(self);
        self.at.pop();
    }

    /// Each entry of a map, at its name.
    fn each<T: 'a>(
        &mut self,
        step: &'a str,
        entries: impl IntoIterator<Item = (&'a String, &'a T)>,
        mut check: impl FnMut(&mut Self, &'a T),
    ) {
        self.within(step, |c| {
            for (name, entry) in entries {
                c.within(name, |c| check(c, entry));
            }
        });
    }

    fn plan(&mut self) {
        let plan = self.plan;
        self.each("blueprint.labels", &plan.blueprint.labels, Self::expr);
        self.each("inputs", &plan.inputs, |c, input| {
            c.kind(&input.kind);
            c.span(input.span);
            input.default.iter().for_each(|default| c.expr(default));
            c.constraints(&input.constraints);
        });
        self.each("secrets", &plan.secrets, |c, secret| {
            c.kind(&secret.kind);
            c.span(secret.span);
            c.constraints(&secret.constraints);
        });
        self.each("constants", &plan.constants, Self::expr);
        self.each("data_types", &plan.data_types, |c, data| {
            data.alias.iter().for_each(|alias| c.kind(alias));
            c.each("fields", &data.fields, Self::property_type);
            c.constraints(&data.constraints);
        });
        self.each("node_types", &plan.node_types, Self::node_type);
        self.each("relationship_types", &plan.relationship_types, Self::relationship_type);
        self.each("selections", &plan.selections, |c, selection| {
            c.node_type_name(&selection.kind);
            c.cardinality(selection.cardinality);
            c.span(selection.span);
            selection.predicate.iter().for_each(|predicate| c.constraint(predicate));
            if let Some(spread) = &selection.spread {
                c.span(spread.span);
                c.expr(&spread.by);
                c.expr(&spread.max);
            }
            for preference in &selection.prefer {
                c.span(preference.span);
                c.expr(&preference.by);
            }
            selection.count.iter().for_each(|count| c.expr(count));
        });
        self.each("nodes", &plan.nodes, Self::node);
        self.policies();
        self.each("outputs", &plan.outputs, |c, output| {
            c.kind(&output.kind);
            c.span(output.span);
            c.expr(&output.value);
            c.constraints(&output.constraints);
        });
        self.composition();
        self.each("workflows", &plan.workflows, Self::workflow);
        self.constants();
    }

    /// What the blueprint offers, needs and stands for, and the plans inside of it.
    fn composition(&mut self) {
        let plan = self.plan;
        self.each("requirements", &plan.requirements, |c, required| {
            c.span(required.span);
            c.kind(&required.requirement.target);
            c.cardinality(required.requirement.cardinality);
            c.constraints(&required.requirement.constraints);
        });
        self.each("exposed", &plan.exposed, |c, exposed| {
            c.span(exposed.span);
            c.expr(&exposed.value);
        });
        if let Some(substitutes) = &plan.substitutes {
            self.within("substitutes", |c| {
                c.span(substitutes.span);
                c.constraints(&substitutes.constraints);
                for workflow in substitutes.operations.values() {
                    c.name(plan.workflows.contains_key(workflow), "workflow", workflow);
                }
            });
        }
        for digest in crate::composition::nested(plan) {
            if !plan.artifacts.contains(digest) {
                self.within("node_types", |c| {
                    c.problem(format!("the plan {} does not travel with it", digest.short()));
                });
            }
        }
    }

    /// The blueprint that stands for a node of an abstract type has a plan here.
    fn substituted(&mut self, by: &str) {
        let kind = self.plan.node_types.get(by);
        if kind.is_none_or(|kind| kind.blueprint.as_ref().is_none_or(|it| it.plan.is_none())) {
            self.problem(format!("`{by}` stands for this node and has no plan"));
        }
    }

    fn node_type(&mut self, node_type: &'a NodeType) {
        self.each("properties", &node_type.properties, Self::property_type);
        self.each("attributes", &node_type.attributes, Self::kind);
        self.each("requirements", &node_type.requirements, |c, requirement| {
            c.kind(&requirement.target);
            c.cardinality(requirement.cardinality);
            c.constraints(&requirement.constraints);
        });
        self.each("capabilities", &node_type.capabilities, |c, properties| {
            c.each("properties", properties, Self::expr);
        });
        self.each("operations", &node_type.operations, Self::operation);
        self.constraints(&node_type.constraints);
    }

    fn property_type(&mut self, property: &'a PropertyType) {
        self.kind(&property.kind);
        property.default.iter().for_each(|default| self.expr(default));
        self.constraints(&property.constraints);
    }

    fn node(&mut self, node: &'a Node) {
        self.node_type_name(&node.kind);
        self.span(node.span);
        node.substituted_by.iter().for_each(|by| self.substituted(by));
        self.constraints(&node.constraints);
        if let Some(condition) = &node.condition {
            self.within("if", |c| c.expr(condition));
        }
        let outside = self.locals.len();
        if let Some(each) = &node.each {
            self.within("for", |c| {
                c.span(each.span);
                c.expr(&each.over);
                c.bind(&each.names);
                each.key.iter().chain(&each.filter).for_each(|expr| c.expr(expr));
            });
        }
        self.each("properties", &node.properties, Self::property);
        node.labels.iter().for_each(|labels| self.within("labels", |c| c.expr(labels)));
        self.each("capabilities", &node.capabilities, |c, properties| {
            c.each("properties", properties, Self::property);
        });
        self.own_operations(
            &node.operations,
            self.plan.node_types.get(&node.kind).map(|kind| &kind.operations),
        );
        for requirement in &node.requirements {
            self.within("requirements", |c| {
                c.within(&requirement.name, |c| {
                    c.span(requirement.span);
                    c.expr(&requirement.target);
                    c.each("properties", &requirement.properties, Self::property);
                    let kind = c.plan.relationship_types.get(&requirement.relationship);
                    c.own_operations(&requirement.operations, kind.map(|kind| &kind.operations));
                    requirement.constraints.iter().for_each(|constraint| c.constraint(constraint));
                });
            });
        }
        self.locals.truncate(outside);
        if let Some(node_type) = self.plan.node_types.get(&node.kind) {
            self.node_by_type(node, node_type);
        }
    }

    /// Whether a node has what its type asks for, and nothing that it doesn't know.
    fn node_by_type(&mut self, node: &'a Node, node_type: &'a NodeType) {
        for name in node.properties.keys() {
            if !node_type.properties.contains_key(name) {
                self.problem(format!("`{}` has no property `{name}`", node.kind));
            }
        }
        for (name, property) in &node_type.properties {
            if property.default.is_none()
                && !matches!(property.kind, Type::Optional(_))
                && !node.properties.contains_key(name)
            {
                self.problem(format!("the property `{name}` is missing"));
            }
        }
    }

    fn property(&mut self, property: &'a Property) {
        self.span(property.span);
        property.inner.values().for_each(|span| self.span(*span));
        self.expr(&property.value);
    }

    fn constraints(&mut self, constraints: &'a [Constraint]) {
        for constraint in constraints {
            self.constraint(constraint);
        }
    }

    fn constraint(&mut self, constraint: &'a Constraint) {
        self.within("where", |c| {
            c.span(constraint.span);
            c.expr(&constraint.predicate);
            constraint.message.iter().for_each(|message| c.expr(message));
        });
    }

    fn cardinality(&mut self, (fewest, most): (u64, Option<u64>)) {
        if most.is_some_and(|most| most < fewest) {
            self.problem("a cardinality asks for more than it allows");
        }
    }

    fn span(&mut self, span: Span) {
        if usize::try_from(span.file).map_or(true, |file| file >= self.plan.sources.len()) {
            self.problem(format!("there is no source file {}", span.file));
        }
    }

    fn node_type_name(&mut self, name: &str) {
        if !self.plan.node_types.contains_key(name) {
            self.problem(format!("there is no node type `{name}`"));
        }
    }

    fn kind(&mut self, kind: &'a Type) {
        match kind {
            Type::Data(name) if !self.plan.data_types.contains_key(name) => {
                self.problem(format!("there is no data type `{name}`"));
            }
            Type::Optional(of)
            | Type::Perhaps(of)
            | Type::List(of)
            | Type::Map(of)
            | Type::Secret(of) => self.kind(of),
            Type::Union(members) => members.iter().for_each(|member| self.kind(member)),
            Type::Record(fields) => fields.values().for_each(|field| self.kind(field)),
            _ => {}
        }
    }

    /// Brings names into scope, until the caller truncates.
    fn bind(&mut self, names: &'a [String]) {
        if !(1..=2).contains(&names.len()) {
            self.problem(format!("a loop binds one name or two, found {}", names.len()));
        }
        self.locals.extend(names.iter().map(String::as_str));
    }

    fn name(&mut self, found: bool, what: &str, name: &str) {
        if !found {
            self.problem(format!("there is no {what} `{name}`"));
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        let plan = self.plan;
        match expr {
            Expr::Value(value) => self.value(value),
            Expr::Input(name) => self.name(plan.inputs.contains_key(name), "input", name),
            Expr::Secret(name) => self.name(plan.secrets.contains_key(name), "secret", name),
            Expr::Const(name) => self.name(plan.constants.contains_key(name), "constant", name),
            Expr::Local(name) => {
                self.name(self.locals.contains(&name.as_str()), "local", name);
            }
            Expr::Node(name) => self.name(plan.nodes.contains_key(name), "node", name),
            Expr::Group(name) => self.name(plan.groups.contains_key(name), "group", name),
            Expr::Selection(name) => {
                self.name(plan.selections.contains_key(name), "selection", name);
            }
            Expr::Requirement(name) => {
                self.name(plan.requirements.contains_key(name), "requirement", name);
            }
            Expr::Splat { of, body } => {
                self.expr(of);
                self.locals.push("*");
                self.expr(body);
                self.locals.pop();
            }
            Expr::Binder(binder) => self.binder(binder),
            Expr::Held(held) => {
                self.kind(&held.kind);
                self.held.insert(&held.kind);
                self.expr(&held.of);
                self.locals.push("self");
                self.constraints(&held.constraints);
                self.locals.pop();
            }
            Expr::Call { function, arguments } => {
                self.functions.insert(function);
                for argument in arguments {
                    self.expr(argument);
                }
            }
            other => other.parts(&mut |part| self.expr(part)),
        }
    }

    fn binder(&mut self, binder: &'a Binder) {
        self.functions.insert(&binder.function);
        self.expr(&binder.over);
        let outside = self.locals.len();
        self.bind(&binder.names);
        let inside = binder.filter.iter().chain(&binder.key).chain(&binder.body);
        inside.for_each(|expr| self.expr(expr));
        self.locals.truncate(outside);
    }

    fn value(&mut self, value: &'a Value) {
        match value {
            Value::File(FileRef { path, digest }) => {
                self.files.insert(digest);
                if !self.plan.artifacts.contains(digest) {
                    self.problem(format!("the file `{path}` does not travel with the plan"));
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.value(item)),
            Value::Map(entries) => entries.values().for_each(|entry| self.value(entry)),
            Value::Reference(reference) => self.reference(reference),
            _ => {}
        }
    }

    fn reference(&mut self, reference: &Reference) {
        match reference {
            Reference::Node { node, .. } => {
                self.name(self.plan.nodes.contains_key(node), "node", node);
            }
            Reference::Group { group } => {
                self.name(self.plan.groups.contains_key(group), "group", group);
            }
            Reference::Element { selection: TakenBy(selection), .. } => {
                self.name(self.plan.selections.contains_key(selection), "selection", selection);
            }
            Reference::Capability { of, .. } | Reference::Relationship { of, .. } => {
                self.reference(of);
            }
        }
    }

    /// Constants that need themselves.
    fn constants(&mut self) {
        let rings = rings(self.plan.constants.iter().map(|(name, expr)| {
            let mut needs = BTreeSet::new();
            constants_of(expr, &mut needs);
            (name.as_str(), needs)
        }));
        if !rings.is_empty() {
            self.within("constants", |c| {
                c.problem(format!("constants that need themselves: {}", rings.join(", ")));
            });
        }
    }
}

/// Those that need themselves. What needs no other that is left is taken away, again and again;
/// what stays is a ring or leads to one.
fn rings<'a>(all: impl Iterator<Item = (&'a str, BTreeSet<&'a str>)>) -> Vec<String> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = all.collect();
    let known: BTreeSet<&str> = needs.keys().copied().collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, of) in &mut needs {
        of.retain(|needed| known.contains(needed));
        for needed in of.iter() {
            users.entry(needed).or_default().push(name);
        }
    }
    let mut free: Vec<&str> =
        needs.iter().filter(|(_, of)| of.is_empty()).map(|(name, _)| *name).collect();
    while let Some(settled) = free.pop() {
        needs.remove(settled);
        for user in users.remove(settled).unwrap_or_default() {
            if let Some(of) = needs.get_mut(user)
                && of.remove(settled)
                && of.is_empty()
            {
                free.push(user);
            }
        }
    }
    needs.keys().map(|name| format!("`{name}`")).collect()
}

fn constants_of<'a>(expr: &'a Expr, found: &mut BTreeSet<&'a str>) {
    if let Expr::Const(name) = expr {
        found.insert(name);
    }
    expr.parts(&mut |part| constants_of(part, found));
}
