//! Constants, functions and the bodies of types, each after what it needs; then inputs and secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_plan::{Expr, Phase, Type, Value};

use super::annotations::{has, texts};
use super::expr::{
    Named, Scope, check_body, check_expr, check_signature, check_type_expr, check_wheres, held,
    held_later, holds_node, holds_secret, is_built_in,
};
use super::late::known_in_time;
use super::members::{self, Pass};
use super::program::Program;
use crate::diagnostics::{Diagnostic, names as says, nodes as says_nodes, types as says_types};
use crate::resolve::Declaration;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, ValueKeyword};
use crate::syntax::walk;

/// Something that is checked after what it needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Constant(FileId, usize),
    Function(FileId, usize),
    Type(String),
}

/// Gives names their types as far as heads tell them, so that what follows can speak of them.
pub(crate) fn heads(program: &mut Program<'_>, out: &mut Vec<Diagnostic>) {
    for (file, module) in program.sources.all() {
        for (index, item) in module.tree.items.iter().enumerate() {
            let named = head(program, file, &item.kind, out);
            if let Some(named) = named {
                Arc::make_mut(&mut program.values).insert((file, index), named);
            }
        }
    }
}

fn head(
    program: &Program<'_>,
    file: FileId,
    item: &ItemKind,
    out: &mut Vec<Diagnostic>,
) -> Option<Named> {
    match item {
        ItemKind::Value(value) => {
            let ty = value.ty.as_ref().map(|ty| check_type_expr(program, file, ty, out));
            let name = value.name.text.to_string();
            match value.keyword {
                ValueKeyword::Const => None,
                ValueKeyword::Input => Some(Named {
                    ty: ty.unwrap_or(Type::Unknown),
                    phase: Phase::Deploy,
                    expr: Expr::Input(name),
                }),
                ValueKeyword::Secret => Some(Named {
                    ty: Type::Secret(Box::new(ty.unwrap_or(Type::String))),
                    phase: Phase::Run,
                    expr: Expr::Secret(name),
                }),
            }
        }
        ItemKind::Select(select) => {
            let full = program.names.expect_type(file, &select.ty, ast::TypeItemKind::Node, out);
            let expr = Expr::Selection(select.name.text.to_string());
            let ty = full.map_or(Type::Unknown, Type::Nodes);
            Some(Named { ty, phase: Phase::Deploy, expr })
        }
        ItemKind::Node(it) => {
            let full = it.ty.as_ref().and_then(|path| {
                program.names.expect_type(file, path, ast::TypeItemKind::Node, out)
            });
            let expr = Expr::Node(it.name.text.as_str().to_owned());
            let (ty, phase) = match (full, &it.each, &it.condition) {
                (None, ..) => (Type::Unknown, Phase::Compile),
                (Some(full), Some(_), _) => (Type::Nodes(full), Phase::Deploy),
                (Some(full), None, Some(_)) => {
                    (Type::Optional(Box::new(Type::Node(full))), Phase::Deploy)
                }
                (Some(full), None, None) => (Type::Node(full), Phase::Compile),
            };
            Some(Named { ty, phase, expr })
        }
        ItemKind::Requires(member) => {
            let ty = super::composition::requires::reads(program, file, member, out);
            let name = member.name.text.to_string();
            Some(Named { ty, phase: Phase::Deploy, expr: Expr::Requirement(name) })
        }
        ItemKind::Policy(it) => {
            program.names.expect_type(file, &it.ty, ast::TypeItemKind::Policy, out);
            None
        }
        ItemKind::Group(it) => {
            let full = program.names.expect_type(file, &it.ty, ast::TypeItemKind::Group, out);
            let expr = Expr::Group(it.name.text.to_string());
            let ty = full.map_or(Type::Unknown, Type::Group);
            Some(Named { ty, phase: Phase::Deploy, expr })
        }
        _ => None,
    }
}

/// Works out the constants that cardinalities name, which stand in the heads of types' members: nothing is
/// told of them yet, and they are looked at once more with all others.
pub(crate) fn early(program: &mut Program<'_>) {
    let mut needed: BTreeSet<Thing> = BTreeSet::new();
    for (file, module) in program.sources.all() {
        let mut scan = Scan { program, file, needs: &mut needed, hidden: &[] };
        for item in &module.tree.items {
            match &item.kind {
                ItemKind::Requires(member) => scan.cardinality(member),
                ItemKind::Type(item) => {
                    for entry in &item.body.entries {
                        if let EntryKind::Requires(member) | EntryKind::Field(member) = &entry.kind
                        {
                            scan.cardinality(member);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let is_constant = |thing: &Thing| matches!(thing, Thing::Constant(..));
    let mut things: Vec<Thing> = needed.into_iter().filter(is_constant).collect();
    let mut index: BTreeMap<Thing, usize> =
        things.iter().enumerate().map(|(at, thing)| (thing.clone(), at)).collect();
    let mut edges = Vec::new();
    let mut at = 0;
    while let Some(thing) = things.get(at).cloned() {
        for need in needs(program, &thing).into_iter().filter(is_constant) {
            let next = things.len();
            let to = *index.entry(need.clone()).or_insert(next);
            if to == next {
                things.push(need);
            }
            edges.push((at, to));
        }
        at += 1;
    }
    let in_ring: BTreeSet<usize> = bp_topology::rings::rings(things.len(), edges.iter().copied())
        .into_iter()
        .flatten()
        .collect();
    for at in bp_topology::rings::groups(things.len(), edges).into_iter().flatten() {
        if let Some(Thing::Constant(file, item)) = things.get(at).cloned() {
            constant(program, file, item, in_ring.contains(&at), &mut Vec::new());
        }
    }
    program.take_warnings();
}

/// Checks constants, functions and types' bodies of these files, after those that they use.
pub(crate) fn bodies(
    program: &mut Program<'_>,
    files: &BTreeSet<FileId>,
    has_library: bool,
    out: &mut Vec<Diagnostic>,
) {
    let things = things(program, files, has_library);
    let index: BTreeMap<&Thing, usize> =
        things.iter().enumerate().map(|(at, thing)| (thing, at)).collect();
    let mut edges = Vec::new();
    for (at, thing) in things.iter().enumerate() {
        for need in needs(program, thing) {
            if let Some(to) = index.get(&need) {
                edges.push((at, *to));
            }
        }
    }
    let mut broken = BTreeSet::new();
    for ring in bp_topology::rings::rings(things.len(), edges.iter().copied()) {
        ring_of(program, &things, &ring, &edges, &mut broken, out);
    }
    let order = bp_topology::rings::groups(things.len(), edges);
    for at in order.into_iter().flatten() {
        match things.get(at) {
            Some(Thing::Type(full)) => members::build(program, full, Pass::Bodies, out),
            Some(Thing::Constant(file, item)) => {
                constant(program, *file, *item, broken.contains(&at), out);
            }
            Some(Thing::Function(file, item)) => {
                function(program, *file, *item, broken.contains(&at), out);
            }
            None => {}
        }
    }
}

/// What is to be checked of these files; the types of the library may be known already.
fn things(program: &Program<'_>, files: &BTreeSet<FileId>, has_library: bool) -> Vec<Thing> {
    let mut things = Vec::new();
    for (file, module) in program.sources.all().filter(|(file, _)| files.contains(file)) {
        for (index, item) in module.tree.items.iter().enumerate() {
            match &item.kind {
                ItemKind::Value(value) if value.keyword == ValueKeyword::Const => {
                    things.push(Thing::Constant(file, index));
                }
                ItemKind::Function(_) => things.push(Thing::Function(file, index)),
                _ => {}
            }
        }
    }
    let is_known = |file: FileId| {
        let module = program.sources.modules.get(file.0 as usize);
        has_library && module.is_some_and(|module| module.is_library)
    };
    let types = program
        .names
        .types
        .iter()
        .filter(|(_, declared)| files.contains(&declared.file) && !is_known(declared.file));
    things.extend(types.map(|(full, _)| Thing::Type(full.clone())));
    things
}

/// What a thing's expressions and types name.
fn needs(program: &Program<'_>, thing: &Thing) -> BTreeSet<Thing> {
    let mut needs = BTreeSet::new();
    match thing {
        Thing::Type(full) => {
            let Some(declared) = program.names.types.get(full) else { return needs };
            needs.extend(declared.ancestors.first().cloned().map(Thing::Type));
            let Some(item) = declared.item(program.sources) else { return needs };
            let mut scan = Scan { program, file: declared.file, needs: &mut needs, hidden: &[] };
            walk::wheres(&item.wheres, &mut |expr| scan.expression(expr));
            walk::body(&item.body, &mut |expr| scan.expression(expr));
            for entry in &item.body.entries {
                match &entry.kind {
                    EntryKind::Field(member) | EntryKind::Property(member) => {
                        scan.types(&member.ty);
                    }
                    EntryKind::Implements { interface, .. } => scan.path(interface),
                    _ => {}
                }
            }
            item.alias.iter().for_each(|ty| scan.types(ty));
        }
        Thing::Constant(file, item) => {
            let Some(ItemKind::Value(value)) = item_of(program, *file, *item) else { return needs };
            let mut scan = Scan { program, file: *file, needs: &mut needs, hidden: &[] };
            value.ty.iter().for_each(|ty| scan.types(ty));
            value.default.iter().for_each(|e| walk::expressions(e, &mut |e| scan.expression(e)));
            let mut asked = BTreeSet::new();
            let mut scan = Scan { program, file: *file, needs: &mut asked, hidden: &[] };
            walk::wheres(&value.wheres, &mut |expr| scan.expression(expr));
            // Its own name there is a mistake, which is told: it is called `self`.
            asked.remove(thing);
            needs.extend(asked);
        }
        Thing::Function(file, item) => {
            let Some(ItemKind::Function(function)) = item_of(program, *file, *item) else {
                return needs;
            };
            // A parameter that has the name of a constant is a mistake of its own.
            let hidden: Vec<&str> =
                function.parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
            let mut scan = Scan { program, file: *file, needs: &mut needs, hidden: &hidden };
            walk::expressions(&function.body, &mut |expr| scan.expression(expr));
            function.result.iter().for_each(|ty| scan.types(ty));
            for parameter in &function.parameters {
                scan.types(&parameter.ty);
                walk::member(parameter, &mut |expr| scan.expression(expr));
            }
        }
    }
    needs
}

fn item_of<'s>(program: &Program<'s>, file: FileId, item: usize) -> Option<&'s ItemKind> {
    program.item(Declaration { file, item, place: Place::default() })
}

struct Scan<'a, 's> {
    program: &'a Program<'s>,
    file: FileId,
    needs: &'a mut BTreeSet<Thing>,
    /// Names that are something else here.
    hidden: &'a [&'a str],
}

impl Scan<'_, '_> {
    fn types(&mut self, ty: &ast::TypeExpr) {
        walk::type_names(ty, &mut |name| {
            self.needs.extend(self.program.names.type_name(self.file, name).map(Thing::Type));
        });
    }

    fn path(&mut self, path: &ast::Path) {
        let name = path.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        self.needs.extend(self.program.names.type_name(self.file, &name).map(Thing::Type));
    }

    fn expression(&mut self, expr: &ast::Expr) {
        match &expr.kind {
            ExprKind::Name(name) => self.value(name),
            ExprKind::Field { of, name, .. } => {
                if let ExprKind::Name(module) = &of.kind {
                    self.value(&format!("{module}.{}", name.text));
                }
            }
            ExprKind::Call { function, .. } => {
                let segments: Vec<&str> =
                    function.segments.iter().map(|s| s.text.as_str()).collect();
                let found = self.program.function_declaration(self.file, &segments.join("."));
                self.needs.extend(found.map(|f| Thing::Function(f.file, f.item)));
            }
            _ => {}
        }
    }

    fn cardinality(&mut self, member: &ast::Member) {
        let Some(written) = &member.cardinality else { return };
        for number in std::iter::once(&written.from).chain(&written.to) {
            walk::expressions(number, &mut |expr| self.expression(expr));
        }
    }

    fn value(&mut self, path: &str) {
        if self.hidden.contains(&path.split('.').next().unwrap_or(path)) {
            return;
        }
        let Some(found) = self.program.value_declaration(self.file, path) else { return };
        if let Some(ItemKind::Value(value)) = self.program.item(found)
            && value.keyword == ValueKeyword::Const
        {
            self.needs.insert(Thing::Constant(found.file, found.item));
        }
    }
}

/// One error for constants or functions that need each other. Types may.
fn ring_of(
    program: &Program<'_>,
    things: &[Thing],
    ring: &[usize],
    edges: &[(usize, usize)],
    broken: &mut BTreeSet<usize>,
    out: &mut Vec<Diagnostic>,
) {
    let is_value = |at: &usize| !matches!(things.get(*at), Some(Thing::Type(_)) | None);
    let members: Vec<usize> = ring.iter().copied().filter(is_value).collect();
    // A ring through types alone, or one in which values are passed by only once, is broken up at the types.
    let inside = edges.iter().copied().filter(|(a, b)| members.contains(a) && members.contains(b));
    for ring in bp_topology::rings::rings(things.len(), inside) {
        let named: Vec<(String, Place, bool)> = ring
            .iter()
            .filter_map(|at| match things.get(*at)? {
                Thing::Constant(file, item) => match item_of(program, *file, *item)? {
                    ItemKind::Value(value) => {
                        let place = Place { file: *file, span: value.name.span };
                        Some((value.name.text.to_string(), place, false))
                    }
                    _ => None,
                },
                Thing::Function(file, item) => match item_of(program, *file, *item)? {
                    ItemKind::Function(function) => {
                        let place = Place { file: *file, span: function.name.span };
                        Some((function.name.text.to_string(), place, true))
                    }
                    _ => None,
                },
                Thing::Type(_) => None,
            })
            .collect();
        let Some((first, place, is_function)) = named.first().cloned() else { continue };
        let mut line: Vec<String> = named.into_iter().map(|(name, ..)| name).collect();
        line.push(first);
        out.push(if is_function {
            says::function_ring(place, &line)
        } else {
            says::constant_ring(place, &line)
        });
        broken.extend(ring);
    }
}

fn constant(
    program: &mut Program<'_>,
    file: FileId,
    item: usize,
    is_broken: bool,
    out: &mut Vec<Diagnostic>,
) {
    let Some(ItemKind::Value(value)) = item_of(program, file, item) else { return };
    let unknown =
        Named { ty: Type::Unknown, phase: Phase::Compile, expr: Expr::Value(Value::Null) };
    let Some(default) = value.default.as_ref().filter(|_| !is_broken) else {
        Arc::make_mut(&mut program.values).insert((file, item), unknown);
        return;
    };
    let ty = value.ty.as_ref().map(|ty| check_type_expr(program, file, ty, out));
    let scope = match &value.ty {
        Some(ty) => Scope::new(file).because(
            Some(Place { file, span: ty.span }),
            format!("`{}` is declared here", value.name.text),
        ),
        None => Scope::new(file),
    };
    let typed = check_expr(program, &scope, default, ty.as_ref(), out);
    let known = ty.filter(|ty| *ty != Type::Unknown).unwrap_or_else(|| typed.ty.clone());
    let constraining = Scope::new(file).constraining(&value.name.text);
    let wheres = check_wheres(program, &constraining, &known, &value.wheres, out);
    let place = Place { file, span: default.span };
    if let Some(constant) = typed.expr.as_value() {
        held(&wheres, constant, place, None, out);
        if holds_secret(program, &known) && *constant != Value::Null {
            out.push(says_types::secret_constant(place, &value.name.text));
        }
    }
    let named = if typed.ty == Type::Unknown || typed.is_lost() {
        Named { ty: Type::Unknown, ..unknown }
    } else if typed.expr.as_value().is_some() {
        Named { ty: known, phase: typed.phase, expr: typed.expr }
    } else {
        let module = program.sources.modules.get(file.0 as usize).map(|m| m.name.as_str());
        let name = match module.filter(|module| !module.is_empty()) {
            Some(module) => format!("{module}.{}", value.name.text),
            None => value.name.text.to_string(),
        };
        let what = format!("the constant `{}`", value.name.text);
        let expr = held_later(program, &what, (typed.expr, &typed.ty), &known, &wheres);
        Arc::make_mut(&mut program.constants).insert(name.clone(), expr);
        Named { ty: known, phase: typed.phase, expr: Expr::Const(name) }
    };
    Arc::make_mut(&mut program.values).insert((file, item), named);
}

fn function(
    program: &mut Program<'_>,
    file: FileId,
    item: usize,
    is_broken: bool,
    out: &mut Vec<Diagnostic>,
) {
    let Some(ItemKind::Function(function)) = item_of(program, file, item) else { return };
    if is_built_in(&function.name.text) {
        let at = Place { file, span: function.name.span };
        out.push(says_nodes::built_in_function(at, &function.name.text));
    }
    let mut made = check_signature(program, file, function, out);
    if !is_broken {
        made = check_body(program, file, function, made, out);
    }
    Arc::make_mut(&mut program.functions).insert((file, item), Arc::new(made));
}

/// An input as the plan has it.
pub(crate) fn input(
    program: &Program<'_>,
    file: FileId,
    item: &ast::Item,
    value: &ast::ValueItem,
    ty: Type,
    out: &mut Vec<Diagnostic>,
) -> bp_plan::Input {
    use super::expr::World as _;
    let scope = Scope::new(file);
    can_be_given(program, file, value, &ty, out);
    let constraining = scope.clone().constraining(&value.name.text);
    let constraints = check_wheres(program, &constraining, &ty, &value.wheres, out);
    let default = value.default.as_ref().map(|default| {
        let at = value.ty.as_ref().map(|ty| Place { file, span: ty.span });
        let note = format!("`{}` is declared here", value.name.text);
        let scope = scope.clone().because(at, note.clone());
        let typed = check_expr(program, &scope, default, Some(&ty), out);
        let place = Place { file, span: default.span };
        let known = (&typed.expr, typed.phase);
        known_in_time(program, known, Phase::Deploy, "an input's default", place, out);
        if let Some(value) = typed.expr.as_value() {
            held(&constraints, value, place, at.map(|at| (at, note)), out);
        }
        typed.expr
    });
    bp_plan::Input {
        kind: ty,
        default,
        constraints,
        label: texts(&item.annotations, "label").into_iter().next(),
        hidden: has(&item.annotations, "hidden"),
        documentation: item.documentation.to_string(),
        span: program.span(Place { file, span: value.name.span }),
    }
}

/// An input of a type that is secret, or has a secret part, as a `secret` where that says the same.
fn secret_input(
    program: &Program<'_>,
    file: FileId,
    value: &ast::ValueItem,
    written: &ast::TypeExpr,
) -> Diagnostic {
    use super::expr::World as _;
    let start = value.name.span.start;
    let word = Place { file, span: Span::new(start.saturating_sub(6), start.saturating_sub(1)) };
    let at = Place { file, span: written.span };
    let of = program.text(at).strip_prefix("secret ").map(str::to_owned);
    let is_sure = value.default.is_none() && program.text(word) == "input";
    let edits = of
        .as_ref()
        .filter(|_| is_sure)
        .map(|of| vec![(word, "secret".to_owned()), (at, of.clone())]);
    says_types::secret_input(at, &value.name.text, of.as_deref(), edits)
}

/// Tells of a type of which nobody could give a value from outside.
fn can_be_given(
    program: &Program<'_>,
    file: FileId,
    value: &ast::ValueItem,
    ty: &Type,
    out: &mut Vec<Diagnostic>,
) {
    if value.keyword == ValueKeyword::Input
        && holds_secret(program, ty)
        && let Some(written) = &value.ty
    {
        out.push(secret_input(program, file, value, written));
        return;
    }
    if holds_node(program, ty) {
        let what = if value.keyword == ValueKeyword::Secret { "secret" } else { "input" };
        let at = Place { file, span: value.ty.as_ref().map_or(value.name.span, |ty| ty.span) };
        out.push(says_types::node_given(at, what, &value.name.text, ty));
    }
}

/// A secret as the plan has it.
pub(crate) fn secret(
    program: &Program<'_>,
    file: FileId,
    item: &ast::Item,
    value: &ast::ValueItem,
    ty: &Type,
    out: &mut Vec<Diagnostic>,
) -> bp_plan::Secret {
    use super::expr::World as _;
    let of = match ty {
        Type::Secret(of) => (**of).clone(),
        other => other.clone(),
    };
    can_be_given(program, file, value, &of, out);
    if let Some(default) = &value.default {
        let head = value.ty.as_ref().map_or(value.name.span, |ty| ty.span);
        let whole = Place { file, span: Span::new(head.end, default.span.end) };
        let at = Place { file, span: default.span };
        out.push(says_types::secret_default(at, &value.name.text, whole));
    }
    let scope = Scope::new(file).constraining(&value.name.text);
    bp_plan::Secret {
        constraints: check_wheres(program, &scope, ty, &value.wheres, out),
        kind: of,
        label: texts(&item.annotations, "label").into_iter().next(),
        hidden: has(&item.annotations, "hidden"),
        from: value.from.as_ref().map_or(&value.name, |from| from).text.to_string(),
        span: program.span(Place { file, span: value.name.span }),
    }
}
