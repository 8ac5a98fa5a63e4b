//! Walks over syntax trees: every expression inside of something, the outer ones first; every place where
//! a type is named.

use super::ast::{
    Body, Each, Element, EntryKind, Expr, ExprKind, ItemKind, Member, Path, RecordEntry, TypeExpr,
    TypeKind, Via, Where,
};

/// Every expression in an expression, itself first.
pub(crate) fn expressions<'t>(expr: &'t Expr, visit: &mut dyn FnMut(&'t Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Element | ExprKind::Missing => {}
        ExprKind::Interpolation(parts) => parts.iter().for_each(|e| expressions(e, visit)),
        ExprKind::Field { of, .. } | ExprKind::Unary { of, .. } | ExprKind::Paren(of) => {
            expressions(of, visit);
        }
        ExprKind::Index { of, key, .. } => {
            expressions(of, visit);
            expressions(key, visit);
        }
        ExprKind::Splat { of, body } => {
            expressions(of, visit);
            expressions(body, visit);
        }
        ExprKind::Call { arguments, .. } => {
            for argument in arguments {
                expressions(argument, visit);
            }
        }
        ExprKind::Binder { over, body, .. } => {
            expressions(over, visit);
            if let Some(body) = body {
                expressions(body, visit);
            }
        }
        ExprKind::List(elements) => {
            for Element { value, .. } in elements {
                expressions(value, visit);
            }
        }
        ExprKind::ListFor { body, each: around } => {
            each(around, visit);
            expressions(body, visit);
        }
        ExprKind::Record(entries) => {
            for entry in entries {
                match entry {
                    RecordEntry::One { value, .. } | RecordEntry::Spread(value) => {
                        expressions(value, visit);
                    }
                }
            }
        }
        ExprKind::RecordFor { key, value, each: around } => {
            each(around, visit);
            expressions(key, visit);
            expressions(value, visit);
        }
        ExprKind::Binary { left, right, .. } => {
            expressions(left, visit);
            expressions(right, visit);
        }
        ExprKind::If { condition, then, otherwise } => {
            expressions(condition, visit);
            expressions(then, visit);
            expressions(otherwise, visit);
        }
    }
}

/// Every expression of a loop's head.
pub(crate) fn each<'t>(each: &'t Each, visit: &mut dyn FnMut(&'t Expr)) {
    expressions(&each.over, visit);
    each.key.iter().chain(&each.filter).for_each(|e| expressions(e, visit));
}

/// Every expression of constraints.
pub(crate) fn wheres<'t>(wheres: &'t [Where], visit: &mut dyn FnMut(&'t Expr)) {
    for one in wheres {
        expressions(&one.predicate, visit);
        one.message.iter().for_each(|message| expressions(message, visit));
    }
}

/// Every expression of a declared member.
pub(crate) fn member<'t>(member: &'t Member, visit: &mut dyn FnMut(&'t Expr)) {
    member.default.iter().for_each(|default| expressions(default, visit));
    wheres(&member.wheres, visit);
    body(&member.body, visit);
    member.via.iter().for_each(|via| body(&via.body, visit));
}

/// Every expression of a block, operations' included.
pub(crate) fn body<'t>(block: &'t Body, visit: &mut dyn FnMut(&'t Expr)) {
    for entry in &block.entries {
        match &entry.kind {
            EntryKind::Assign { value, .. }
            | EntryKind::Fixed { value, .. }
            | EntryKind::Let { value, .. }
            | EntryKind::Spread(value) => expressions(value, visit),
            EntryKind::Meets(meets) => {
                expressions(&meets.target, visit);
                meets.via.iter().for_each(|via| body(&via.body, visit));
                wheres(&meets.wheres, visit);
            }
            EntryKind::Field(it)
            | EntryKind::Property(it)
            | EntryKind::Attribute(it)
            | EntryKind::Requires(it)
            | EntryKind::Capability(it) => member(it, visit),
            EntryKind::Check(one) | EntryKind::Assert(one) => {
                wheres(std::slice::from_ref(one), visit);
            }
            EntryKind::Operation(operation) => {
                operation.parameters.iter().flatten().for_each(|it| member(it, visit));
                operation.implementation.iter().for_each(|e| expressions(e, visit));
                body(&operation.body, visit);
            }
            EntryKind::Implements { .. } | EntryKind::AssertFails(_) => {}
        }
    }
}

/// The names of all types in a type.
pub(crate) fn type_names(ty: &TypeExpr, visit: &mut dyn FnMut(&str)) {
    type_paths(ty, &mut |path| {
        let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        visit(&name);
    });
}

/// Every place in a type where one is named.
pub(crate) fn type_paths<'t>(ty: &'t TypeExpr, visit: &mut dyn FnMut(&'t Path)) {
    match &ty.kind {
        TypeKind::Named { path, arguments } => {
            visit(path);
            for argument in arguments {
                type_paths(argument, visit);
            }
        }
        TypeKind::Union(members) => members.iter().for_each(|member| type_paths(member, visit)),
        TypeKind::Optional(of) | TypeKind::Secret(of) => type_paths(of, visit),
        TypeKind::Record(fields) => fields.iter().for_each(|field| type_paths(&field.ty, visit)),
        TypeKind::Literal(_) | TypeKind::Missing => {}
    }
}

/// Every place in an item where a type is named, but for those in expressions: a target that is left open.
pub(crate) fn types_of_item<'t>(item: &'t ItemKind, visit: &mut dyn FnMut(&'t Path)) {
    let signature = |parameters: &'t [Member],
                     result: &'t Option<TypeExpr>,
                     visit: &mut dyn FnMut(&'t Path)| {
        for parameter in parameters {
            types_of_member(parameter, visit);
        }
        if let Some(ty) = result {
            type_paths(ty, visit);
        }
    };
    match item {
        ItemKind::Blueprint(it) => {
            it.substitutes.iter().for_each(&mut *visit);
            types_of_body(&it.body, visit);
        }
        ItemKind::Value(it) => it.ty.iter().for_each(|ty| type_paths(ty, visit)),
        ItemKind::Select(it) | ItemKind::Policy(it) | ItemKind::Group(it) => {
            visit(&it.ty);
            types_of_body(&it.body, visit);
        }
        ItemKind::Node(it) => {
            it.ty.iter().chain(&it.using).for_each(&mut *visit);
            types_of_body(&it.body, visit);
        }
        ItemKind::Type(it) => {
            it.extends.iter().for_each(&mut *visit);
            it.alias.iter().for_each(|ty| type_paths(ty, visit));
            types_of_body(&it.body, visit);
        }
        ItemKind::Output(it) | ItemKind::Expose(it) => {
            it.ty.iter().for_each(|ty| type_paths(ty, visit));
        }
        ItemKind::Function(it) => signature(&it.parameters, &it.result, visit),
        ItemKind::Workflow(it) => signature(&it.parameters, &it.result, visit),
        ItemKind::Requires(it) => types_of_member(it, visit),
        ItemKind::Test(it) => types_of_body(&it.body, visit),
        ItemKind::Use(_) | ItemKind::Implement(_) => {}
    }
}

fn types_of_member<'t>(member: &'t Member, visit: &mut dyn FnMut(&'t Path)) {
    type_paths(&member.ty, visit);
    member.via.iter().for_each(|via| types_of_via(via, visit));
    types_of_body(&member.body, visit);
}

fn types_of_via<'t>(via: &'t Via, visit: &mut dyn FnMut(&'t Path)) {
    visit(&via.ty);
    types_of_body(&via.body, visit);
}

fn types_of_body<'t>(body: &'t Body, visit: &mut dyn FnMut(&'t Path)) {
    for entry in &body.entries {
        match &entry.kind {
            EntryKind::Field(member)
            | EntryKind::Property(member)
            | EntryKind::Attribute(member)
            | EntryKind::Requires(member)
            | EntryKind::Capability(member) => types_of_member(member, visit),
            EntryKind::Meets(meets) => meets.via.iter().for_each(|via| types_of_via(via, visit)),
            EntryKind::Implements { interface, .. } => visit(interface),
            EntryKind::Operation(it) => {
                it.parameters.iter().flatten().for_each(|one| types_of_member(one, visit));
                it.result.iter().for_each(|ty| type_paths(ty, visit));
                types_of_body(&it.body, visit);
            }
            _ => {}
        }
    }
}
