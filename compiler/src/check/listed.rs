//! Targets that are listed one by one: what each of them is, and what all of them are together.

use std::borrow::Cow;

use bp_plan::{Expr, Item, Phase, Type};

use super::expr::{Declared, Scope, Typed, World as _, check_expr};
use super::program::{Program, RequirementInfo};
use super::requirements::{element, of_kind};
use crate::diagnostics::Diagnostic;
use crate::syntax::ast::{self, ExprKind};

/// Targets that are listed, each by itself: a node may stand beside a capability of another. Nothing where one of
/// them is none, which is told.
pub(super) fn each(
    at: (&Program<'_>, &Scope),
    (node, name): (&str, &str),
    declared: Option<&RequirementInfo>,
    elements: &[ast::Element],
    out: &mut Vec<Diagnostic>,
) -> Option<Typed> {
    let (program, scope) = at;
    let mut items = Vec::with_capacity(elements.len());
    let mut common: Option<Type> = None;
    let mut phase = Phase::Compile;
    let mut is_lost = false;
    for listed in elements {
        // What is spread is a list: `[...xs]`.
        let spread = listed.spread.then(|| ast::Expr {
            kind: ExprKind::List(vec![listed.clone()]),
            span: listed.value.span,
        });
        let written = spread.as_ref().unwrap_or(&listed.value);
        let Typed { ty, expr, phase: known } = check_expr(program, scope, written, None, out);
        if ty == Type::Unknown {
            is_lost = true;
            continue;
        }
        let Some(expr) = of_kind(at, (node, name), declared, written, expr, &ty, out) else {
            is_lost = true;
            continue;
        };
        match expr {
            Expr::List(inner) if listed.spread => items.extend(inner),
            expr if listed.spread => items.push(Item::Spread(expr)),
            expr => items.push(Item::One(expr)),
        }
        phase = phase.max(known);
        let kind = match (element(&ty), declared.map(|declared| &declared.declared.target)) {
            // The node stands for the capability that it has.
            (Type::Node(_), Some(wanted @ Type::Capability(_))) => wanted.clone(),
            (kind, _) => kind,
        };
        common = Some(match common {
            None | Some(Type::Never | Type::Null) => kind,
            Some(before) => together(program, before, kind),
        });
    }
    let ty = Type::List(Box::new(common.unwrap_or(Type::Never)));
    (!is_lost).then_some(Typed { ty, expr: Expr::List(items), phase })
}

/// What both of these are.
fn together(program: &Program<'_>, a: Type, b: Type) -> Type {
    match (a, b) {
        (Type::Node(a), Type::Node(b)) => {
            Type::Node(program.common_type(&a, &b).unwrap_or_else(|| "std.Root".to_owned()))
        }
        (Type::Capability(a), Type::Capability(b)) => match program.common_type(&a, &b) {
            Some(both) => Type::Capability(both),
            None => Type::Capability(a),
        },
        (a, _) => a,
    }
}

/// A target in which a collection that stands in a list by its name is all of its nodes: `[a, b]` is `[...a[*], b]`.
pub(super) fn all_of_collections<'e>(
    program: &Program<'_>,
    scope: &Scope,
    target: &'e ast::Expr,
) -> Cow<'e, ast::Expr> {
    let is_collection = |expr: &ast::Expr| {
        let ExprKind::Name(name) = &expr.kind else { return false };
        let found = scope.local(name).map(|local| local.ty.clone()).or_else(|| {
            match program.value(scope.file(), name)? {
                Declared::Value(named) => Some(named.ty),
                _ => None,
            }
        });
        matches!(found, Some(Type::Nodes(_)))
    };
    let ExprKind::List(elements) = &target.kind else { return Cow::Borrowed(target) };
    if !elements.iter().any(|element| !element.spread && is_collection(&element.value)) {
        return Cow::Borrowed(target);
    }
    let elements = elements.iter().map(|element| {
        let span = element.value.span;
        if element.spread || !is_collection(&element.value) {
            return element.clone();
        }
        let body = Box::new(ast::Expr { kind: ExprKind::Element, span });
        let kind = ExprKind::Splat { of: Box::new(element.value.clone()), body };
        ast::Element { spread: true, value: ast::Expr { kind, span } }
    });
    Cow::Owned(ast::Expr { kind: ExprKind::List(elements.collect()), span: target.span })
}
