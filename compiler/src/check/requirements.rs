//! `name -> target via R { … } where …`: what meets a requirement of a node.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bp_plan::{Constraint, Expr, Item, Phase, Requirement, Type};

use super::blocks;
use super::choices::{self, Asks, Choice};
use super::expr::{Declared, Scope, Typed, World, check_expr, check_wheres};
use super::members::short;
use super::program::{Program, RequirementInfo};
use super::{implementations, relationships, targets};
use crate::diagnostics::{Diagnostic, policies as says_policies, topology as says};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, ExprKind, ItemKind, TypeItemKind};

/// A requirement that is met.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    pub(crate) requirement: Requirement,
    /// Where its target stands.
    pub(crate) target: Place,
    /// What it is chosen among, where that is left to the runtime.
    pub(crate) choice: Option<Choice>,
}

/// Checks how a requirement of a node (its name and its type) is met.
pub(crate) fn check(
    program: &Program<'_>,
    scope: &Scope,
    (node, full): (&str, &str),
    declared: Option<&RequirementInfo>,
    meets: &ast::Meets,
    out: &mut Vec<Diagnostic>,
) -> Option<Meeting> {
    let file = scope.file();
    let name = meets.name.text.as_str();
    let place = Place { file, span: meets.target.span };
    let written = all_of_collections(program, scope, &meets.target);
    let relationship = relationship(program, file, declared, meets, out)?;
    let (owner, body) = match &meets.via {
        Some(via) => (via.ty.span, settings(&via.body)),
        None => (meets.name.span, ast::Body::default()),
    };
    let owner = Place { file, span: owner };
    let properties = blocks::properties(program, scope, &relationship, &body, Some(owner), out);
    let source = Type::Node(full.to_owned());
    let mut choice = None;
    let (target, ty, constraints) = if let Some(wanted) = type_target(program, file, &written) {
        let inside = around_target(scope, &source);
        let ty = Type::Node(wanted.clone());
        let mut all = check_wheres(program, &inside, &ty, &meets.wheres, out);
        all.extend(declared.into_iter().flat_map(|d| of_candidates(program, d, &wanted)));
        let unordered = program.names.is_subtype(&relationship, "std.AssociatesWith");
        let asks =
            Asks { node, full, requirement: name, wanted: &wanted, all, unordered, at: place };
        let made = choices::choice(program, asks, &meets.wheres, out);
        choice = Some(made.1);
        (made.0, ty, Vec::new())
    } else {
        let typed = check_expr(program, scope, &written, None, out);
        let own = if meets.wheres.is_empty() {
            Vec::new()
        } else {
            let inside = around_target(scope, &source);
            check_wheres(program, &inside, &element(&typed.ty), &meets.wheres, out)
        };
        let Typed { ty, expr, phase } = typed;
        blocks::in_time(phase, Phase::Deploy, "what meets a requirement", place, out);
        twice(name, file, &written, &expr, out);
        (expr, ty, own)
    };
    if ty == Type::Unknown {
        return None;
    }
    let kind = program.types.get(&relationship)?;
    let one = element(&ty);
    let ends = ((&source, owner), (&one, place));
    if !relationships::fit(program, &relationship, ends.0, ends.1, out) {
        return None;
    }
    let operations = match &meets.via {
        Some(via) => {
            let inside =
                scope.clone().with_source(source, Phase::Deploy).with_target(one, Phase::Deploy);
            implementations::own(program, &inside, kind, &via.body, out)
        }
        None => BTreeMap::new(),
    };
    let target = fit(program, name, declared, &written, target, &ty, place, out)?;
    let hosts = program.names.is_subtype(&relationship, "std.HostedOn");
    let unordered = program.names.is_subtype(&relationship, "std.AssociatesWith");
    let requirement = Requirement {
        name: name.to_owned(),
        target,
        relationship,
        hosts,
        unordered,
        properties,
        operations,
        constraints,
        span: program.span(place),
    };
    Some(Meeting { requirement, target: place, choice })
}

/// What a requirement asks, of nodes of this type that may be chosen: where it takes a capability, it asks it of that.
fn of_candidates(
    program: &Program<'_>,
    declared: &RequirementInfo,
    wanted: &str,
) -> Vec<Constraint> {
    let asked = &declared.declared.constraints;
    let Type::Capability(kind) = &declared.declared.target else { return asked.clone() };
    let found = capabilities(program, wanted, kind);
    // Another number of them is told with the target.
    let [capability] = found.as_slice() else { return asked.clone() };
    let member = Expr::Field { of: Box::new(Expr::This), name: capability.clone(), safe: false };
    let of_it = |expr: &Expr| matches!(expr, Expr::This).then(|| member.clone());
    asked.iter().map(|one| one.replaced(&of_it)).collect()
}

/// What the `where` of a target sees of a node's own names: the variables of its loop, and its `let`s. What
/// is `self` in them is `source` there.
fn around_target(scope: &Scope, source: &Type) -> Scope {
    let from_target =
        |expr: &Expr| expr.replaced(&|part| matches!(part, Expr::This).then_some(Expr::Source));
    scope.without_self(from_target).with_source(source.clone(), Phase::Deploy)
}

/// A target in which a collection that stands in a list by its name is all of its nodes: `[a, b]` is `[...a[*], b]`.
fn all_of_collections<'e>(
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
        ast::Element { spread: true, value: ast::Expr { kind, span }, ..element.clone() }
    });
    Cow::Owned(ast::Expr { kind: ExprKind::List(elements.collect()), span: target.span })
}

/// A `via` block without its operations.
fn settings(body: &ast::Body) -> ast::Body {
    let entries = body.entries.iter();
    let settings = entries.filter(|entry| !matches!(entry.kind, ast::EntryKind::Operation(_)));
    ast::Body { entries: settings.cloned().collect(), span: body.span }
}

/// The relationship by which it is met: the declared one, or one derived from it.
fn relationship(
    program: &Program<'_>,
    file: FileId,
    declared: Option<&RequirementInfo>,
    meets: &ast::Meets,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let Some(via) = &meets.via else {
        return declared.map(|declared| declared.declared.relationship.clone());
    };
    let found = program.names.expect_type(file, &via.ty, TypeItemKind::Relationship, out)?;
    if let Some(declared) = declared {
        let wanted = &declared.declared.relationship;
        if !program.names.may_be(&found, wanted) {
            let at = Place { file, span: via.ty.span };
            let name = &meets.name.text;
            out.push(says::wrong_via(at, name, short(wanted), short(&found), declared.place));
            return None;
        }
    }
    Some(found)
}

/// The node type that a target names, where it leaves the choice to the runtime.
pub(crate) fn type_target(
    program: &Program<'_>,
    file: FileId,
    target: &ast::Expr,
) -> Option<String> {
    let (module, last) = match &target.kind {
        ExprKind::Name(name) => (None, name),
        ExprKind::Field { of, name, .. } => match &of.kind {
            ExprKind::Name(module) => (Some(module), &name.text),
            _ => return None,
        },
        _ => return None,
    };
    if !last.starts_with(char::is_uppercase) {
        return None;
    }
    let path = match module {
        Some(module) => format!("{module}.{last}"),
        None => last.as_str().to_owned(),
    };
    match program.named_type(file, &path)? {
        Type::Node(full) => Some(full),
        _ => None,
    }
}

/// What one target is.
fn element(ty: &Type) -> Type {
    match ty {
        Type::Optional(of) | Type::List(of) => element(of),
        Type::Nodes(full) => Type::Node(full.clone()),
        other => other.clone(),
    }
}

/// The target as the requirement takes it; reported where it does not.
#[expect(clippy::too_many_arguments, reason = "one caller")]
fn fit(
    program: &Program<'_>,
    name: &str,
    declared: Option<&RequirementInfo>,
    written: &ast::Expr,
    target: Expr,
    ty: &Type,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let wanted = match declared {
        Some(declared) => declared.declared.target.clone(),
        None => Type::Node("std.Root".to_owned()),
    };
    let place = declared.map(|declared| declared.place);
    let mut target = target;
    let one = element(ty);
    let is_fit = match (&one, &wanted) {
        (Type::Never | Type::Null | Type::Unknown, _) | (_, Type::Unknown) => true,
        (Type::Node(found), Type::Node(wanted))
        | (Type::Capability(found), Type::Capability(wanted)) => {
            program.names.may_be(found, wanted)
        }
        (Type::Node(found), Type::Capability(_)) if program.names.is_open(found) => true,
        // A requirement of this node alone takes whatever it is given.
        (Type::Capability(_), Type::Node(_)) if declared.is_none() => true,
        (Type::Node(found), Type::Capability(wanted)) => {
            let fits = capabilities(program, found, wanted);
            match fits.as_slice() {
                [] => false,
                [only] => {
                    target = by_capability(target, ty, only);
                    true
                }
                several => {
                    out.push(says::which_capability(at, name, several));
                    return None;
                }
            }
        }
        _ => false,
    };
    if !is_fit {
        let (wanted, found) = (format!("a `{wanted}`"), format!("a `{ty}`"));
        out.push(says::unfit_target(at, name, &wanted, &found, place));
        return None;
    }
    // How many they are is looked at once all nodes are known.
    if let Some(declared) = declared
        && declared.declared.cardinality == (1, Some(1))
        && !matches!(ty, Type::Node(_) | Type::Capability(_))
        && !is_list(written)
    {
        let (wanted, found) = (format!("one `{wanted}`"), format!("`{ty}`"));
        out.push(says::unfit_target(at, name, &wanted, &found, place));
        return None;
    }
    Some(target)
}

/// The same targets, each by its capability of this name.
fn by_capability(target: Expr, ty: &Type, name: &str) -> Expr {
    let field = |of: Expr, safe| Expr::Field { of: Box::new(of), name: name.to_owned(), safe };
    match (ty, target) {
        // Of a choice there may be nothing.
        (Type::Node(_), target) => {
            let safe = matches!(target, Expr::Binder(_));
            field(target, safe)
        }
        (Type::Optional(_), target) => field(target, true),
        (Type::List(one), Expr::List(items))
            if items.iter().all(|item| matches!(item, Item::One(_))) =>
        {
            let each = items.into_iter().map(|item| match item {
                Item::One(of) | Item::Spread(of) => Item::One(by_capability(of, one, name)),
            });
            Expr::List(each.collect())
        }
        (_, target) => Expr::Splat {
            of: Box::new(target),
            body: Box::new(field(Expr::Local("*".to_owned()), false)),
        },
    }
}

/// Tells what is listed already: it counts once.
fn twice(name: &str, file: FileId, written: &ast::Expr, target: &Expr, out: &mut Vec<Diagnostic>) {
    let (ExprKind::List(elements), Expr::List(items)) = (&written.kind, target) else { return };
    if elements.len() != items.len() {
        return;
    }
    let mut before = BTreeMap::new();
    for (element, item) in elements.iter().zip(items) {
        let (Item::One(one) | Item::Spread(one)) = item;
        let Some(plain) = targets::plain(one) else { continue };
        let at = Place { file, span: element.value.span };
        if let Some(first) = before.get(&plain) {
            let what = format!("targets of `{name}`");
            out.push(says_policies::named_twice(at, plain.0, &what, *first));
        } else {
            before.insert(plain, at);
        }
    }
}

/// How many targets a requirement takes.
pub(crate) fn counted(fewest: u64, most: Option<u64>) -> String {
    match most {
        None => format!("{fewest} or more targets"),
        Some(1) if fewest == 1 => "exactly one target".to_owned(),
        Some(most) if most == fewest => format!("exactly {most} targets"),
        Some(most) => format!("{fewest} to {most} targets"),
    }
}

/// Whether targets are listed one by one.
fn is_list(written: &ast::Expr) -> bool {
    match &written.kind {
        ExprKind::List(elements) => elements.iter().all(|element| !element.spread),
        ExprKind::Paren(of) => is_list(of),
        _ => false,
    }
}

/// Whether a value of this type can be a target of a requirement of `wanted`, or stand among them.
pub(crate) fn can_meet(program: &Program<'_>, ty: &Type, wanted: &Type) -> bool {
    match (element(ty), wanted) {
        (Type::Node(found), Type::Node(wanted))
        | (Type::Capability(found), Type::Capability(wanted)) => {
            program.names.may_be(&found, wanted)
        }
        (Type::Node(found), Type::Capability(wanted)) => {
            program.names.is_open(&found) || !capabilities(program, &found, wanted).is_empty()
        }
        _ => false,
    }
}

/// The capabilities of a node type that are of a capability type.
pub(crate) fn capabilities(program: &Program<'_>, node: &str, wanted: &str) -> Vec<String> {
    program
        .types
        .get(node)
        .into_iter()
        .flat_map(|info| &info.capabilities)
        .filter(|(_, capability)| program.names.is_subtype(&capability.ty, wanted))
        .map(|(name, _)| name.clone())
        .collect()
}

/// The nodes and selections of the blueprint and what it requires, with their types and whether there may be
/// none.
pub(crate) fn nodes_and_requirements<'p>(
    program: &'p Program<'_>,
) -> impl Iterator<Item = (&'p str, Type, bool)> {
    nodes(program).chain(required(program))
}

/// The nodes and selections of the blueprint, with their types and whether there may be none.
fn nodes<'p>(program: &'p Program<'_>) -> impl Iterator<Item = (&'p str, Type, bool)> {
    named(program, |item| match item {
        ItemKind::Node(node) => Some(node.name.text.as_str()),
        ItemKind::Select(select) => Some(select.name.text.as_str()),
        _ => None,
    })
}

/// What whoever uses the blueprint gives it.
fn required<'p>(program: &'p Program<'_>) -> impl Iterator<Item = (&'p str, Type, bool)> {
    named(program, |item| match item {
        ItemKind::Requires(member) => Some(member.name.text.as_str()),
        _ => None,
    })
}

fn named<'p>(
    program: &'p Program<'_>,
    name: impl Fn(&'p ItemKind) -> Option<&'p str>,
) -> impl Iterator<Item = (&'p str, Type, bool)> {
    let file = program.file;
    let items = program.blueprint().into_iter().flat_map(|m| m.tree.items.iter());
    items.enumerate().filter_map(move |(index, item)| {
        let name = name(&item.kind)?;
        match program.values.get(&(file, index))?.ty.clone() {
            Type::Optional(of) => Some((name, *of, true)),
            ty => Some((name, ty, false)),
        }
    })
}
