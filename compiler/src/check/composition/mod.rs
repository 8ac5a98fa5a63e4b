//! Blueprints in blueprints: what one needs, offers and stands for, and what nodes are made of.
//!
//! Each file with a `blueprint` is checked by the same code, after those that it uses; what nodes of
//! abstract types are made of is told when all are known.

mod choose;
mod decides;
mod implement;
pub(super) mod offers;
pub(super) mod requires;
mod settle;
pub(super) mod types;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Exposed, Expr, Phase, Required, Substitutes, Type};

pub(super) use decides::made_of;
pub(super) use settle::settle;

use super::expr::{Scope, World as _, check_expr, check_wheres};
use super::members::words;
use super::mentions::{is_inside, mentions};
use super::program::Program;
use crate::diagnostics::{Diagnostic, composition as says, names as says_names, topology};
use crate::loader::Sources;
use crate::resolve::{Names, blueprint};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, TypeItemKind};

/// What a blueprint needs, offers and stands for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composition {
    /// What whoever uses it must give it.
    pub(crate) requirements: BTreeMap<String, Required>,
    /// Capabilities that it offers.
    pub(crate) exposed: BTreeMap<String, Exposed>,
    /// The abstract type that it stands for.
    pub(crate) substitutes: Option<Substitutes>,
    /// Where what is exposed is named, mistakes included.
    exposes: BTreeMap<String, Place>,
}

impl Composition {
    /// `requires name: T` of the file.
    pub(super) fn requires(
        &mut self,
        program: &Program<'_>,
        item: &ast::Item,
        member: &ast::Member,
        out: &mut Vec<Diagnostic>,
    ) {
        let Some(requirement) = requires::check(program, member, out) else { return };
        let place = Place { file: program.file, span: member.name.span };
        let required = Required {
            requirement,
            documentation: item.documentation.to_string(),
            span: program.span(place),
        };
        self.requirements.entry(member.name.text.to_string()).or_insert(required);
    }

    /// `expose name = node.capability`.
    pub(super) fn expose(
        &mut self,
        program: &Program<'_>,
        item: &ast::Item,
        expose: &ast::Output,
        out: &mut Vec<Diagnostic>,
    ) {
        let name = expose.name.text.to_string();
        let place = Place { file: program.file, span: expose.name.span };
        if let Some(first) = self.exposes.get(&name).copied() {
            out.push(says_names::twice(place, &name, first));
            return;
        }
        self.exposes.insert(name.clone(), place);
        let scope = Scope::new(program.file);
        let before = out.len();
        let typed = check_expr(program, &scope, &expose.value, None, out);
        let at = Place { file: program.file, span: expose.value.span };
        // No `null` can be offered, so it is not read with `?.` either.
        let is_unset = |told: &Diagnostic| told.code == "E3006" && told.place.file == at.file;
        if let ast::ExprKind::Field { of, .. } = &expose.value.kind
            && (matches!(&typed.ty, Type::Optional(of) if matches!(**of, Type::Capability(_)))
                || out.get(before).is_some_and(|told| is_unset(told) && told.place.span == of.span))
        {
            out.truncate(before);
            let of = program.text(Place { file: program.file, span: of.span });
            out.push(says::exposes_perhaps(at, &of));
            return;
        }
        match typed.ty {
            Type::Unknown => {}
            Type::Capability(kind) if is_of_one_node(&typed.expr) => {
                let exposed = Exposed {
                    kind,
                    value: typed.expr,
                    documentation: item.documentation.to_string(),
                    span: program.span(at),
                };
                self.exposed.insert(name, exposed);
            }
            Type::Node(full) => {
                let of = program.types.get(&full);
                let known: Vec<String> =
                    of.into_iter().flat_map(|info| info.capabilities.keys().cloned()).collect();
                out.push(says::exposes_node(at, &program.text(at), &known));
            }
            other => out.push(says::exposes(at, &format!("`{other}`"))),
        }
    }

    /// `substitutes T where …` of the head.
    pub(super) fn substitutes(
        &mut self,
        program: &Program<'_>,
        head: &ast::Blueprint,
        out: &mut Vec<Diagnostic>,
    ) {
        let file = program.file;
        let Some(path) = &head.substitutes else { return };
        // An unknown type was told with the names.
        let found = program.names.expect_type(file, path, TypeItemKind::Node, &mut Vec::new());
        let Some((kind, info)) =
            found.and_then(|full| Some((full.clone(), program.types.get(&full)?)))
        else {
            return;
        };
        let at = Place { file, span: path.span };
        if !info.is_abstract {
            out.push(says::not_abstract(at, &written(path), info.place));
            return;
        }
        let this = Type::Node(kind.clone());
        let mut constraints = Vec::new();
        for one in &head.wheres {
            let checked =
                check_wheres(program, &Scope::new(file), &this, std::slice::from_ref(one), out);
            let is_reported = |e: &Expr| match e {
                Expr::Field { of, name, .. } => {
                    matches!(**of, Expr::This) && info.attributes.contains_key(name)
                }
                _ => false,
            };
            if checked.iter().any(|made| mentions(&made.predicate, &is_reported)) {
                let at = Place { file, span: one.predicate.span };
                let what = "of which nodes a blueprint takes the place";
                out.push(topology::too_late(at, what, "when compiling", words(Phase::Run)));
                continue;
            }
            let is_late = |e: &Expr| is_inside(e) || matches!(e, Expr::Deployment | Expr::Const(_));
            if checked.iter().any(|made| mentions(&made.predicate, &is_late)) {
                let at = Place { file, span: one.predicate.span };
                let what = "of which nodes a blueprint takes the place";
                out.push(topology::too_late(at, what, "when compiling", "when it is deployed"));
                continue;
            }
            constraints.extend(checked);
        }
        self.substitutes = Some(Substitutes {
            kind,
            constraints,
            // Told when all of the blueprint is known.
            operations: BTreeMap::new(),
            span: program.span(at),
        });
    }
}

/// A capability of a node, or of one instance of it.
fn is_of_one_node(expr: &Expr) -> bool {
    let Expr::Field { of, .. } = expr else { return false };
    match &**of {
        Expr::Node(_) => true,
        Expr::Index { of, .. } => matches!(**of, Expr::Node(_)),
        _ => false,
    }
}

/// A path as written.
fn written(path: &ast::Path) -> String {
    path.segments.iter().map(|segment| segment.text.as_str()).collect::<Vec<_>>().join(".")
}

/// The type that a file's blueprint is.
fn type_of(names: &Names, file: FileId) -> Option<&String> {
    let full = names.files.get(file.0 as usize)?.types.get(blueprint::NAME)?;
    names.blueprints.contains_key(full).then_some(full)
}

/// Files to be checked together, and the blueprint among them, which is the last.
pub(super) struct Group {
    pub(super) files: BTreeSet<FileId>,
    pub(super) blueprint: FileId,
}

/// All files in groups, each after what it uses; the root's is the last.
pub(super) fn order(sources: &Sources, names: &Names) -> Vec<Group> {
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (file, module) in sources.all() {
        let at = file.0 as usize;
        // The core is used by all.
        if at != 1 {
            edges.push((at, 1));
        }
        edges.extend(module.uses.values().map(|used| (at, used.0 as usize)));
    }
    let mut groups = Vec::new();
    let mut files = BTreeSet::new();
    let root = FileId(0);
    for at in bp_topology::rings::groups(sources.modules.len(), edges).into_iter().flatten() {
        let Some((file, _)) = sources.all().nth(at).filter(|(file, _)| *file != root) else {
            continue;
        };
        files.insert(file);
        if type_of(names, file).is_some() {
            groups.push(Group { files: std::mem::take(&mut files), blueprint: file });
        }
    }
    files.insert(root);
    groups.push(Group { files, blueprint: root });
    groups
}
