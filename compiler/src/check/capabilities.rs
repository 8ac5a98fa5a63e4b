//! `sql = { port = 80 }` in a node's body: what a node says of its own capabilities.

use std::collections::BTreeMap;

use bp_plan::{BinaryOp, Constraint, Expr, Node, Phase, Property, Type, Value};

use super::blocks;
use super::choices::seen_from;
use super::expr::{Scope, check_expr};
use super::program::{CapabilityInfo, Program, TypeInfo};
use crate::diagnostics::{Diagnostic, nodes as says, topology};
use crate::source::Place;
use crate::syntax::ast::{self, ExprKind, RecordEntry};

/// The properties that a node sets of one of its capabilities.
pub(crate) fn assigned(
    program: &Program<'_>,
    scope: &Scope,
    info: &TypeInfo,
    key: &ast::Name,
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Property> {
    let mut set = BTreeMap::new();
    let mut places = BTreeMap::new();
    let of = info.capabilities.get(key.text.as_str());
    let Some(of) = of.and_then(|capability| program.types.get(&capability.ty)) else { return set };
    let at = |span| Place { file: scope.file(), span };
    if let Some(notice) = program.notices.member(program.names, &info.full, &key.text) {
        out.push(notice.told(at(key.span), &key.text));
    }
    let ExprKind::Record(entries) = &value.kind else {
        if !matches!(value.kind, ExprKind::Missing) {
            out.push(says::capability_value(at(value.span), &key.text));
        }
        return set;
    };
    for entry in entries {
        match entry {
            RecordEntry::One { key, value } => {
                let set = (&mut set, &mut places);
                blocks::property(program, scope, of, key, value, set, out);
            }
            RecordEntry::Spread(value) => {
                out.push(says::capability_value(at(value.span), &key.text));
                check_expr(program, scope, value, None, out);
            }
        }
    }
    set
}

/// Whether the capabilities of a type's nodes are given by the blueprint that they are made of: what an
/// abstract type leaves open, the one that is put in its place gives.
pub(crate) fn are_given(program: &Program<'_>, info: &TypeInfo) -> bool {
    let blueprints = &program.names.blueprints;
    info.is_abstract || blueprints.keys().any(|of| program.names.is_subtype(&info.full, of))
}

/// The values of a capability's properties as its node type has them: given there, or by default, where
/// nothing else can give them. In all of them `self` is the node.
pub(crate) fn values(
    program: &Program<'_>,
    info: &TypeInfo,
    name: &str,
    capability: &CapabilityInfo,
) -> BTreeMap<String, Expr> {
    let mut values = capability.values.clone();
    if are_given(program, info) {
        return values;
    }
    let Some(of) = program.types.get(&capability.ty) else { return values };
    let this = Expr::Field { of: Box::new(Expr::This), name: name.to_owned(), safe: false };
    for (property, declared) in &of.properties {
        if values.contains_key(property) {
            continue;
        }
        if let Some(default) = &declared.declared.default {
            values.insert(property.clone(), seen_from(default, &this));
        } else if matches!(declared.declared.kind, Type::Optional(_)) {
            values.insert(property.clone(), Expr::Value(Value::Null));
        }
    }
    values
}

/// What must hold of a node for the sake of its capabilities: what their types ask of each property and of
/// the whole, as the node sees it.
pub(crate) fn constraints(program: &Program<'_>, info: &TypeInfo) -> Vec<Constraint> {
    if are_given(program, info) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (name, capability) in &info.capabilities {
        let Some(of) = program.types.get(&capability.ty) else { continue };
        for (property, declared) in &of.properties {
            let is_optional = matches!(declared.declared.kind, Type::Optional(_));
            for constraint in &declared.declared.constraints {
                let value = member(&member(&Expr::This, name), property);
                let mut made = of_node(constraint, &value, &format!("{name}.{property}"));
                if is_optional {
                    made.predicate = either_null(value, made.predicate);
                }
                found.push(made);
            }
        }
        found.extend(wholes(program, name, capability).map(|(constraint, _)| constraint));
    }
    found
}

/// What the type of a capability asks of the whole, as the node sees it.
pub(crate) fn wholes<'p>(
    program: &'p Program<'_>,
    name: &'p str,
    capability: &CapabilityInfo,
) -> impl Iterator<Item = (Constraint, Place)> + use<'p> {
    let of = program.types.get(&capability.ty).into_iter().flat_map(|of| &of.constraints);
    of.map(move |(one, place)| (of_node(one, &member(&Expr::This, name), name), *place))
}

fn member(of: &Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of.clone()), name: name.to_owned(), safe: false }
}

/// A constraint of a part of a node as one of the node.
fn of_node(constraint: &Constraint, part: &Expr, name: &str) -> Constraint {
    let message = match &constraint.message {
        Some(Expr::Value(Value::String(text))) => Expr::string(format!("`{name}`: {text}")),
        Some(message) => seen_from(message, part),
        None => Expr::string(format!("`{name}` does not meet `where {}`", constraint.text)),
    };
    Constraint {
        predicate: seen_from(&constraint.predicate, part),
        message: Some(message),
        ..constraint.clone()
    }
}

/// A `where` holds of what is not set.
fn either_null(value: Expr, predicate: Expr) -> Expr {
    let null = Box::new(Expr::Value(Value::Null));
    let is_null = Expr::Binary { op: BinaryOp::Equal, left: Box::new(value), right: null };
    Expr::Binary { op: BinaryOp::Or, left: Box::new(is_null), right: Box::new(predicate) }
}

/// Properties of capabilities that neither the type gives nor the node.
pub(crate) fn missing(
    program: &Program<'_>,
    info: &TypeInfo,
    node: &str,
    own: &BTreeMap<String, BTreeMap<String, Property>>,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    if are_given(program, info) {
        return;
    }
    for (name, capability) in &info.capabilities {
        let Some(of) = program.types.get(&capability.ty) else { continue };
        let given = own.get(name);
        let left: Vec<(String, Place)> = of
            .properties
            .iter()
            .filter(|(property, declared)| {
                blocks::must_be_set(declared)
                    && !capability.values.contains_key(*property)
                    && given.is_none_or(|set| !set.contains_key(*property))
            })
            .map(|(property, declared)| (property.clone(), declared.place))
            .collect();
        let was_told = out.iter().rev().take(4).any(|d| matches!(d.code, "E4001" | "E4036"));
        let is_told = was_told && given.is_some();
        if !left.is_empty() && !is_told {
            let fields: Vec<&str> = left.iter().map(|(property, _)| property.as_str()).collect();
            let help = format!("add `{name} = {{ {} = … }}`", fields.join(" = …, "));
            let owner = format!("{node}.{name}");
            let of = super::members::short(&capability.ty);
            out.push(topology::missing_properties(at, &owner, of, &left).help(help));
        }
    }
}

/// When the properties of a node's capabilities are known.
pub(crate) fn phases(program: &Program<'_>, node: &Node) -> BTreeMap<String, Phase> {
    let mut found = BTreeMap::new();
    let Some(info) = program.types.get(&node.kind) else { return found };
    for (capability, declared) in &info.capabilities {
        let own = node.capabilities.get(capability);
        for (property, phase) in &declared.phases {
            if own.is_none_or(|own| !own.contains_key(property)) {
                found.insert(format!("{capability}.{property}"), *phase);
            }
        }
        if are_given(program, info)
            && let Some(of) = program.types.get(&declared.ty)
        {
            // What is given by a blueprint is known when that is there.
            let open = of.properties.keys().filter(|p| !declared.phases.contains_key(*p));
            found.extend(open.map(|property| (format!("{capability}.{property}"), Phase::Run)));
        }
        for (property, set) in own.into_iter().flatten() {
            found.insert(format!("{capability}.{property}"), set.phase);
        }
    }
    found
}
