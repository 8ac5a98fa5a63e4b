//! `name -> target via R { … } where …`: what meets a requirement of a node.

use std::collections::BTreeMap;

use bp_plan::{Constraint, Expr, Item, Phase, Property, Requirement, Type, Value};

use super::blocks;
use super::choices::{self, Asks, Choice};
use super::expr::{Scope, Typed, World, check_expr, check_wheres};
use super::members::short;
use super::program::{Program, RequirementInfo};
use super::unfit::Unfit;
use super::{implementations, inserts, listed, proposals, relationships, targets};
use crate::diagnostics::{
    Diagnostic, an, near, policies as says_policies, topology as says, types as says_types,
};
use crate::source::{FileId, Place, Span};
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
    let written = listed::all_of_collections(program, scope, &meets.target);
    let relationship = relationship(program, file, declared, meets, out)?;
    let via = meets.via.as_ref();
    let owner = Place { file, span: via.map_or(meets.name.span, |via| via.ty.span) };
    let body = via.map(|via| settings(&via.body)).unwrap_or_default();
    let (properties, is_known) = blocks::properties(program, scope, &relationship, &body, out);
    if is_known {
        unset(program, &relationship, &properties, (meets, owner), out);
    }
    let source = Type::Node(full.to_owned());
    let mut choice = None;
    let (target, ty, constraints) = if let Some((wanted, named)) =
        type_target(program, file, &written)
    {
        let inside = around_target(scope, &source);
        let of_type = Type::Node(wanted.clone());
        let ty = match named {
            None => of_type.clone(),
            Some(name) => capability_of(program, file, &of_type, name, out)?,
        };
        let mut all = check_wheres(program, &inside, &ty, &meets.wheres, out);
        let named = named.map(|name| name.text.as_str());
        if let Some(name) = named {
            all = all.iter().map(|one| of_capability(one, name)).collect();
        }
        all.extend(declared.into_iter().flat_map(|d| of_candidates(program, d, &wanted, named)));
        let unordered = program.names.is_subtype(&relationship, "std.AssociatesWith");
        let asks =
            Asks { node, full, requirement: name, wanted: &wanted, all, unordered, at: place };
        let made = choices::choice(program, asks, &meets.wheres, out);
        choice = Some(made.1);
        let target = match named {
            None => made.0,
            Some(name) => by_capability(made.0, &of_type, name),
        };
        (target, ty, Vec::new())
    } else {
        let typed = target((program, scope), (node, name), declared, &written, out);
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
            let end = end_met((program, scope), &relationship, declared, &written, one);
            let inside = scope.clone().with_source(source, Phase::Deploy);
            let inside = inside.with_target(end, Phase::Deploy);
            implementations::own(program, &inside, kind, &via.body, out)
        }
        None => BTreeMap::new(),
    };
    let target = fit((program, scope), (node, name), declared, &written, target, &ty, out)?;
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

/// Tells the properties of a relationship that must be set and are not: they are set in its block.
fn unset(
    program: &Program<'_>,
    relationship: &str,
    set: &BTreeMap<String, Property>,
    (meets, at): (&ast::Meets, Place),
    out: &mut Vec<Diagnostic>,
) {
    let Some(info) = program.types.get(relationship) else { return };
    let missing = blocks::unset(program, info, set, at, out);
    if missing.is_empty() {
        return;
    }
    let lines = blocks::open(&missing);
    let name = program.spoken(at.file, relationship);
    let block = format!("via {name} {{ {} }}", lines.join(", "));
    let owner =
        format!("{} -> {}", meets.name.text, program.text(Place { span: meets.target.span, ..at }));
    let error = says::missing_properties(at, &owner, short(relationship), &missing);
    let (error, edit) = match &meets.via {
        None => {
            let end = Span::new(meets.target.span.end, meets.target.span.end);
            (error.help(format!("add `{block}`")), Some((end, format!(" {block}"))))
        }
        Some(via) => {
            let module = program.sources.modules.get(at.file.0 as usize);
            let edit =
                module.map(|it| inserts::insertion(&it.source, via.ty.span, &via.body, &lines));
            (error.help(format!("add it to the block of `via`: `{block}`")), edit)
        }
    };
    out.push(match edit {
        Some((span, text)) => {
            let title = format!("set `{}`", blocks::names(&missing));
            error.draft(title, vec![(Place { span, ..at }, text)])
        }
        None => error,
    });
}

/// What is named as a target, each of a list by itself.
fn target(
    at: (&Program<'_>, &Scope),
    (node, name): (&str, &str),
    declared: Option<&RequirementInfo>,
    written: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Typed {
    let (program, scope) = at;
    let before = out.len();
    let typed = match &written.kind {
        ExprKind::List(elements) if elements.len() > 1 => {
            let each = listed::each(at, (node, name), declared, elements, out);
            each.unwrap_or_else(unknown)
        }
        _ => check_expr(program, scope, written, None, out),
    };
    let wanted = wanted(declared);
    let fits = |ty: &Type| can_meet(program, ty, &wanted);
    let kind = match &wanted {
        Type::Node(of) if declared.is_some() => Some(short(of)),
        _ => None,
    };
    let wanted = proposals::Wanted { kind, fits: &fits, but: Some(node) };
    proposals::suit(program, scope, written, wanted, (out, before));
    typed
}

/// What a requirement asks, of nodes of this type that may be chosen: where it takes a capability, it asks it of that.
fn of_candidates(
    program: &Program<'_>,
    declared: &RequirementInfo,
    wanted: &str,
    named: Option<&str>,
) -> Vec<Constraint> {
    let asked = &declared.declared.constraints;
    let Type::Capability(kind) = &declared.declared.target else { return asked.clone() };
    let found = capabilities(program, wanted, kind);
    // Another number of them is told with the target.
    let capability = match (named, found.as_slice()) {
        (Some(named), _) => named,
        (None, [only]) => only,
        (None, _) => return asked.clone(),
    };
    asked.iter().map(|one| of_capability(one, capability)).collect()
}

/// What is asked of a capability, as it is asked of the node that has it.
fn of_capability(asked: &Constraint, name: &str) -> Constraint {
    let member = Expr::Field { of: Box::new(Expr::This), name: name.to_owned(), safe: false };
    asked.replaced(&|expr| matches!(expr, Expr::This).then(|| member.clone()))
}

/// What `target` is in the block of `via`: where the relationship leads to a capability, that, whether it was named
/// or its node stands for it; else the node.
fn end_met(
    (program, scope): (&Program<'_>, &Scope),
    relationship: &str,
    declared: Option<&RequirementInfo>,
    written: &ast::Expr,
    target: Type,
) -> Type {
    let info = program.types.get(relationship);
    let end = info.map(|info| relationships::end_type(info, "target"));
    match (end, &target, declared.map(|declared| &declared.declared.target)) {
        (Some(Type::Capability(_)), Type::Node(node), Some(Type::Capability(wanted))) => {
            let found = capabilities(program, node, wanted);
            // Another number of them is told with the target.
            let [only] = found.as_slice() else { return target };
            let only = program.types.get(node).and_then(|info| info.capabilities.get(only));
            only.map_or(target.clone(), |only| Type::Capability(only.ty.clone()))
        }
        (Some(root @ Type::Node(_)), Type::Capability(_), _) => match &written.kind {
            // The capability was checked, and its node with it.
            ExprKind::Field { of, .. } => {
                match check_expr(program, scope, of, None, &mut Vec::new()).ty {
                    node @ Type::Node(_) => node,
                    _ => root,
                }
            }
            _ => root,
        },
        _ => target,
    }
}

/// The type of a capability that a node type has; told where it has none of that name.
fn capability_of(
    program: &Program<'_>,
    file: FileId,
    node: &Type,
    name: &ast::Name,
    out: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let Type::Node(full) = node else { return None };
    let info = program.types.get(full)?;
    if let Some(capability) = info.capabilities.get(name.text.as_str()) {
        return Some(Type::Capability(capability.ty.clone()));
    }
    let known: Vec<&str> = info.capabilities.keys().map(String::as_str).collect();
    let near = near(&name.text, known.iter().copied());
    let at = Place { file, span: name.span };
    out.push(says_types::unknown_field(at, &name.text, node, &known, near));
    None
}

/// What the `where` of a target sees of a node's own names: the variables of its loop, and its `let`s. What
/// is `self` in them is `source` there.
fn around_target(scope: &Scope, source: &Type) -> Scope {
    let from_target =
        |expr: &Expr| expr.replaced(&|part| matches!(part, Expr::This).then_some(Expr::Source));
    scope.without_self(from_target).with_source(source.clone(), Phase::Deploy)
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
            let [wanted, found] = [wanted, &found].map(|it| Type::Relationship(it.clone()));
            let [wanted, found] = program.apart(file, &wanted, &found);
            out.push(says::wrong_via(at, name, &wanted, &found, declared.place));
            return None;
        }
    }
    Some(found)
}

/// The node type that a target names, where it leaves the choice to the runtime; with the capability of it that is
/// meant, as in `Database.sql`, where that is named.
pub(crate) fn type_target<'t>(
    program: &Program<'_>,
    file: FileId,
    target: &'t ast::Expr,
) -> Option<(String, Option<&'t ast::Name>)> {
    if let Some(full) = node_type(program, file, target) {
        return Some((full, None));
    }
    let ExprKind::Field { of, name, safe: false } = &target.kind else { return None };
    Some((node_type(program, file, of)?, Some(name)))
}

/// The node type that an expression names, which begins with a capital letter.
fn node_type(program: &Program<'_>, file: FileId, target: &ast::Expr) -> Option<String> {
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

/// What stands where something was told.
fn unknown() -> Typed {
    Typed { ty: Type::Unknown, expr: Expr::Value(Value::Null), phase: Phase::Compile }
}

/// What a requirement takes; one of a node's own takes any node.
fn wanted(declared: Option<&RequirementInfo>) -> Type {
    match declared {
        Some(declared) => declared.declared.target.clone(),
        None => Type::Node("std.Root".to_owned()),
    }
}

/// What one target is.
pub(super) fn element(ty: &Type) -> Type {
    match ty {
        Type::Optional(of) | Type::List(of) => element(of),
        Type::Nodes(full) => Type::Node(full.clone()),
        other => other.clone(),
    }
}

/// The target as the requirement takes it; reported where it does not.
fn fit(
    at: (&Program<'_>, &Scope),
    (node, name): (&str, &str),
    declared: Option<&RequirementInfo>,
    written: &ast::Expr,
    target: Expr,
    ty: &Type,
    out: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let target = of_kind(at, (node, name), declared, written, target, ty, out)?;
    // How many they are is looked at once all nodes are known.
    if let Some(declared) = declared
        && declared.declared.cardinality == (1, Some(1))
        && !matches!(ty, Type::Node(_) | Type::Capability(_))
        && !is_list(written)
    {
        let (program, scope) = at;
        let wanted = &declared.declared.target;
        let place = Place { file: scope.file(), span: written.span };
        let [one, is] = program.apart(scope.file(), wanted, ty);
        let (wants, is) = (format!("one `{one}`"), format!("`{is}`"));
        let error = says::unfit_target(place, name, &wants, &is, Some(declared.place));
        let (found, requirement, declared, target) = (ty, name, Some(declared), &target);
        let unfit =
            Unfit { program, scope, node, requirement, declared, wanted, found, written, target };
        out.push(unfit.of_another_number(error));
        return None;
    }
    Some(target)
}

/// The target as a requirement takes it that takes as many; reported where it does not.
pub(super) fn of_kind(
    (program, scope): (&Program<'_>, &Scope),
    (node, name): (&str, &str),
    declared: Option<&RequirementInfo>,
    written: &ast::Expr,
    target: Expr,
    ty: &Type,
    out: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let at = Place { file: scope.file(), span: written.span };
    let wanted = wanted(declared);
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
    if is_fit {
        return Some(target);
    }
    let [wants, is] = program.apart(at.file, &wanted, ty).map(|text| an(&text));
    let error = says::unfit_target(at, name, &wants, &is, place);
    let (wanted, found, requirement, target) = (&wanted, ty, name, &target);
    let unfit =
        Unfit { program, scope, node, requirement, declared, wanted, found, written, target };
    out.push(unfit.of_another_kind(error));
    None
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

/// How many instances in a list are compared with each other.
const MOST_COMPARED: usize = 100;

/// Tells what is listed already: it counts once.
fn twice(name: &str, file: FileId, written: &ast::Expr, target: &Expr, out: &mut Vec<Diagnostic>) {
    let (ExprKind::List(elements), Expr::List(items)) = (&written.kind, target) else { return };
    if elements.len() != items.len() {
        return;
    }
    let mut before = BTreeMap::new();
    let mut instances: Vec<(&Expr, Place)> = Vec::new();
    for (element, item) in elements.iter().zip(items) {
        let (Item::One(one) | Item::Spread(one)) = item;
        let at = Place { file, span: element.value.span };
        if let Expr::Index { of, key, .. } = one
            && let Expr::Node(node) = &**of
            && key.as_value().is_some()
            && instances.len() < MOST_COMPARED
        {
            match instances.iter().find(|(known, _)| *known == one) {
                Some((_, first)) => {
                    let what = format!("targets of `{name}`");
                    out.push(says_policies::named_twice(at, node, &what, *first));
                }
                None => instances.push((one, at)),
            }
            continue;
        }
        let Some(plain) = targets::plain(one) else { continue };
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
