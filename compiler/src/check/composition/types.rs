//! A blueprint as a node type: its inputs and secrets are the properties, its outputs the attributes,
//! what it exposes the capabilities, its file-level `requires` the requirements.
//!
//! Twice: first from what the heads of items tell, so that others can speak of it; then with what the
//! check of the blueprint found.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{Constraint, DataType, Expr, PropertyType, Type, Value};

use super::requires;
use crate::check::Checked;
use crate::check::capabilities;
use crate::check::expr::{check_type_expr, deployment_type, secret_of};
use crate::check::instances;
use crate::check::members::short;
use crate::check::mentions::{is_inside, mentions};
use crate::check::operations;
use crate::check::program::{CapabilityInfo, Program, PropertyInfo, RequirementInfo, TypeInfo};
use crate::diagnostics::{Diagnostic, composition as says};
use crate::resolve::TypeDeclaration;
use crate::source::{FileId, Place};
use crate::syntax::ast::{EntryKind, ItemKind, ValueItem, ValueKeyword};

/// Makes the types, as far as heads tell them. Mistakes of the heads are told elsewhere.
pub(in crate::check) fn declare(program: &mut Program<'_>) {
    let blueprints: Vec<(String, FileId)> =
        program.names.blueprints.iter().map(|(full, file)| (full.clone(), *file)).collect();
    for (full, file) in blueprints {
        if let Some(info) = info(program, &full, file) {
            Arc::make_mut(&mut program.types).insert(full, Arc::new(info));
        }
    }
}

fn info(program: &Program<'_>, full: &str, file: FileId) -> Option<TypeInfo> {
    let declared = program.names.types.get(full)?;
    let parent = declared.ancestors.first().and_then(|name| program.types.get(name));
    let info = parent.or_else(|| program.types.get("std.Root"))?;
    let mut info = TypeInfo::clone(info);
    full.clone_into(&mut info.full);
    info.place = declared.place;
    info.is_abstract = false;
    info.provider = None;
    let place = |span| Place { file, span };
    info.attributes.insert("deployment".to_owned(), (deployment_type(), declared.place));
    let module = program.sources.modules.get(file.0 as usize)?;
    for (index, item) in module.tree.items.iter().enumerate() {
        match &item.kind {
            ItemKind::Value(value) => {
                let ty = program.values.get(&(file, index)).map(|named| named.ty.clone());
                if let Some(property) = property(value, ty.unwrap_or(Type::Unknown), file) {
                    info.properties.insert(value.name.text.to_string(), property);
                }
            }
            ItemKind::Output(output) => {
                let silent = &mut Vec::new();
                let ty = output.ty.as_ref().map(|ty| check_type_expr(program, file, ty, silent));
                let ty = ty.unwrap_or(Type::Unknown);
                info.attributes.insert(output.name.text.to_string(), (ty, place(output.name.span)));
            }
            ItemKind::Requires(member) => {
                if let Some(declared) = requires::head(program, file, member, &mut Vec::new()) {
                    let made = RequirementInfo { declared, place: place(member.name.span) };
                    info.requirements.insert(member.name.text.to_string(), made);
                }
            }
            _ => {}
        }
    }
    Some(info)
}

/// The property that an input or a secret is.
fn property(value: &ValueItem, ty: Type, file: FileId) -> Option<PropertyInfo> {
    let kind = match value.keyword {
        ValueKeyword::Input => ty,
        ValueKeyword::Secret => secret_of(ty),
        ValueKeyword::Const => return None,
    };
    let default = value.default.as_ref().map(|_| Expr::Value(Value::Null));
    let declared = PropertyType { kind, default, constraints: Vec::new(), replace: false };
    Some(PropertyInfo { declared, place: Place { file, span: value.name.span }, fixed: None })
}

/// Fills in what the check of a blueprint found.
pub(in crate::check) fn finish(checked: &mut Checked<'_>) {
    let Some(full) = super::type_of(checked.program.names, checked.file).cloned() else { return };
    let Some(info) = checked.program.types.get(&full) else { return };
    let mut info = TypeInfo::clone(info);
    let program = &checked.program;
    for (name, input) in &checked.inputs {
        let Some(property) = info.properties.get_mut(name) else { continue };
        property.declared.default = input
            .default
            .as_ref()
            .map(|default| seen_from(program, default, &Expr::This))
            .filter(|default| !mentions(default, &is_inside));
        property.declared.constraints = closed(program, &input.constraints, None);
    }
    for (name, secret) in &checked.secrets {
        if let Some(property) = info.properties.get_mut(name) {
            property.declared.constraints = closed(program, &secret.constraints, None);
        }
    }
    for (name, output) in &checked.outputs {
        if let Some((ty, _)) = info.attributes.get_mut(name) {
            ty.clone_from(&output.kind);
        }
    }
    for (name, required) in &checked.composition.requirements {
        if let Some(requirement) = info.requirements.get_mut(name) {
            requirement.declared.constraints =
                closed(program, &required.requirement.constraints, Some(&Expr::Source));
        }
    }
    for (name, exposed) in &checked.composition.exposed {
        let place = checked.composition.exposes.get(name).copied().unwrap_or(info.place);
        // What the inputs do not decide is told by the deployed blueprint.
        let made = CapabilityInfo {
            ty: exposed.kind.clone(),
            values: exposed_values(checked, &exposed.value),
            phases: BTreeMap::new(),
            place,
        };
        info.capabilities.insert(name.clone(), made);
    }
    let substitutes = checked.composition.substitutes.iter();
    for operation in substitutes.flat_map(|it| it.operations.keys()) {
        if let Some(signature) = info.operations.get_mut(operation) {
            signature.implemented = true;
        }
    }
    if let Some(head) = &checked.blueprint {
        let versions = Arc::make_mut(&mut checked.program.versions);
        versions.insert(full.clone(), head.version.clone());
    }
    Arc::make_mut(&mut checked.program.types).insert(full, Arc::new(info));
}

/// The properties of an exposed capability that follow from the inputs, as the node sees them that stands
/// for the blueprint.
fn exposed_values(checked: &Checked<'_>, exposed: &Expr) -> BTreeMap<String, Expr> {
    let program = &checked.program;
    let Expr::Field { of, name: capability, .. } = exposed else { return BTreeMap::new() };
    let (of, key) = match &**of {
        Expr::Index { of, key, .. } => (&**of, key.as_value().and_then(instances::key)),
        of => (of, None),
    };
    let Expr::Node(inner) = of else { return BTreeMap::new() };
    let Some(node) = checked.nodes.nodes.get(inner).map(|one| &one.node) else {
        return BTreeMap::new();
    };
    // What the loop's names stand for in the one that is exposed, where that is known.
    let keyed = node.each.as_ref().and_then(|each| instances::of(each, &BTreeMap::new()));
    let locals = keyed.zip(key).and_then(|(keyed, key)| keyed.get(&key).cloned());
    let is_of_loop = |expr: &Expr| match (expr, &node.each) {
        (Expr::Local(name), Some(each)) => each.names.contains(name),
        _ => false,
    };
    let bound = |expr: &Expr| match expr {
        Expr::Local(name) => {
            let (_, value) = locals.iter().flatten().find(|(local, _)| local == name)?;
            Some(Expr::Value(value.clone()))
        }
        _ => None,
    };
    let info = program.types.get(&node.kind);
    let declared = info.and_then(|info| Some((info, info.capabilities.get(capability)?)));
    let Some((info, declared)) = declared else { return BTreeMap::new() };
    let mut values = capabilities::values(program, info, capability, declared);
    let own = node.capabilities.get(capability).into_iter().flatten();
    values.extend(own.map(|(name, set)| (name.clone(), set.value.clone())));
    // What the node inside sets is in the place of its properties; what it reports stays inside.
    let set = |name: &str| {
        let value = node.properties.get(name).map(|set| &set.value);
        let default = info.properties.get(name).and_then(|one| one.declared.default.as_ref());
        value.or(default).filter(|_| !info.attributes.contains_key(name))
    };
    let is_this = |expr: &Expr| matches!(expr, Expr::This);
    values
        .into_iter()
        .filter_map(|(name, value)| {
            let inside = value.replaced(&|part| match part {
                Expr::Field { of, name, .. } if **of == Expr::This => set(name).cloned(),
                _ => None,
            });
            let inside = inside.replaced(&bound);
            let is_open = mentions(&inside, &|part| is_this(part) || is_of_loop(part));
            let seen = (!is_open).then(|| seen_from(program, &inside, &Expr::This))?;
            (!mentions(&seen, &is_inside)).then_some((name, seen))
        })
        .collect()
}

/// Those constraints that mean the same outside; the blueprint's plan has all of them.
pub(super) fn closed(
    program: &Program<'_>,
    constraints: &[Constraint],
    node: Option<&Expr>,
) -> Vec<Constraint> {
    let is_open = |expr: &Expr| mentions(expr, &|e| is_inside(e) || matches!(e, Expr::Const(_)));
    let seen = |expr: &Expr| match node {
        Some(node) => seen_from(program, expr, node),
        None => expr.clone(),
    };
    constraints
        .iter()
        .map(|one| Constraint {
            predicate: seen(&one.predicate),
            message: one.message.as_ref().map(seen),
            ..one.clone()
        })
        .filter(|one| !is_open(&one.predicate) && !one.message.as_ref().is_some_and(is_open))
        .collect()
}

/// An expression of the blueprint as the node sees it that stands for it: an input is its property.
fn seen_from(program: &Program<'_>, expr: &Expr, node: &Expr) -> Expr {
    expr.replaced(&|part| match part {
        Expr::Input(name) => {
            Some(Expr::Field { of: Box::new(node.clone()), name: name.clone(), safe: false })
        }
        Expr::Const(name) => {
            program.constants.get(name).map(|value| seen_from(program, value, node))
        }
        _ => None,
    })
}

/// Types in a blueprint's file that read what is inside of the blueprint.
pub(super) fn open(program: &Program<'_>, out: &mut Vec<Diagnostic>) {
    for (full, declared) in &program.names.types {
        if !program.has_blueprint(declared.file) || program.names.blueprints.contains_key(full) {
            continue;
        }
        if let Some(data) = program.data.get(full) {
            for place in places_of_data(program, data, declared) {
                out.push(says::open_type(place, short(full), declared.place));
            }
        }
        let Some(info) = program.types.get(full) else { continue };
        // What a type inherits is told where it is declared.
        let parent = declared.ancestors.first().and_then(|name| program.types.get(name));
        let parent = parent.map(|info| &**info);
        let own = places_of_operations(program, info, parent, declared);
        for place in places(info, parent).into_iter().chain(own) {
            out.push(says::open_type(place, short(full), declared.place));
        }
    }
}

/// Where a type's own members read what is inside of a blueprint.
fn places(info: &TypeInfo, parent: Option<&TypeInfo>) -> Vec<Place> {
    let is_open = |expr: &Expr| mentions(expr, &is_inside);
    let open = |constraints: &[Constraint], inherited: Option<&[Constraint]>| {
        let is_new = |one: &&Constraint| inherited.is_none_or(|old| !old.contains(one));
        constraints.iter().filter(is_new).any(|one| is_open(&one.predicate))
    };
    let mut found = Vec::new();
    for (name, property) in &info.properties {
        let old = parent.and_then(|parent| parent.properties.get(name)).map(|p| &p.declared);
        let new = &property.declared;
        let is_new = old.is_none_or(|old| old.default != new.default);
        if open(&new.constraints, old.map(|old| old.constraints.as_slice()))
            || is_new && new.default.as_ref().is_some_and(is_open)
        {
            found.push(property.place);
        }
    }
    for (name, capability) in &info.capabilities {
        let old = parent.and_then(|parent| parent.capabilities.get(name));
        if old.is_none_or(|old| old.values != capability.values)
            && capability.values.values().any(is_open)
        {
            found.push(capability.place);
        }
    }
    for (name, requirement) in &info.requirements {
        let old = parent.and_then(|parent| parent.requirements.get(name));
        let old = old.map(|old| old.declared.constraints.as_slice());
        if open(&requirement.declared.constraints, old) {
            found.push(requirement.place);
        }
    }
    for (constraint, place) in &info.constraints {
        let is_inherited =
            parent.is_some_and(|parent| parent.constraints.iter().any(|(_, at)| at == place));
        if !is_inherited && is_open(&constraint.predicate) {
            found.push(*place);
        }
    }
    found
}

/// Where a type's own operations read what is inside of a blueprint.
fn places_of_operations(
    program: &Program<'_>,
    info: &TypeInfo,
    parent: Option<&TypeInfo>,
    declared: &TypeDeclaration,
) -> Vec<Place> {
    let is_open = |expr: &Expr| mentions(expr, &is_inside);
    let Some(item) = declared.item(program.sources) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in &item.body.entries {
        let EntryKind::Operation(written) = &entry.kind else { continue };
        let Some(operation) = info.operations.get(&operations::path(written)) else { continue };
        let by = |info: &TypeInfo| {
            info.operations.get(&operations::path(written))?.implementation.clone()
        };
        let is_inherited = match (parent.and_then(by), &operation.implementation) {
            (Some(old), Some(new)) => Arc::ptr_eq(&old, new),
            _ => false,
        };
        let own = operation.implementation.iter().filter(|_| !is_inherited);
        let mut parts = own.flat_map(|by| by.parts());
        let written_here = operation.parameters.iter().filter(|_| written.parameters.is_some());
        let mut asked = written_here.flat_map(|parameter| {
            parameter.constraints.iter().map(|one| &one.predicate).chain(&parameter.default)
        });
        if parts.any(is_open) || asked.any(is_open) {
            found.push(Place { file: declared.file, span: written.path.span });
        }
    }
    found
}

/// Where a data type's own fields and constraints read what is inside of a blueprint.
fn places_of_data(
    program: &Program<'_>,
    data: &DataType,
    declared: &TypeDeclaration,
) -> Vec<Place> {
    let is_open = |expr: &Expr| mentions(expr, &is_inside);
    let parent = declared.ancestors.first().and_then(|name| program.data.get(name));
    let Some(item) = declared.item(program.sources) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in &item.body.entries {
        let EntryKind::Field(member) = &entry.kind else { continue };
        let Some(field) = data.fields.get(member.name.text.as_str()) else { continue };
        if field.constraints.iter().any(|one| is_open(&one.predicate)) {
            found.push(Place { file: declared.file, span: member.name.span });
        }
    }
    let is_new = |one: &&Constraint| parent.is_none_or(|parent| !parent.constraints.contains(one));
    if data.constraints.iter().filter(is_new).any(|one| is_open(&one.predicate)) {
        found.push(declared.place);
    }
    found
}
