//! What names and expressions mean: from syntax trees with resolved names to a checked program.

mod amounts;
pub(crate) mod annotations;
mod blocks;
pub(crate) mod blueprint_tests;
pub(crate) mod capabilities;
mod choices;
pub(crate) mod composition;
mod data;
mod early_reads;
pub mod expr;
mod groups;
mod implementations;
mod inserts;
mod instances;
pub(crate) mod kept;
mod late;
mod listed;
pub(crate) mod members;
pub(crate) mod mentions;
mod never;
mod nodes;
pub(crate) mod operations;
mod order;
mod policies;
pub(crate) mod program;
mod proposals;
mod refinement;
pub(crate) mod relationships;
pub(crate) mod requirements;
mod scripts;
mod selections;
mod settings;
mod spoken;
mod targets;
mod type_uses;
mod unfit;
mod unmet;
mod unset;
pub(crate) mod unused;
mod values;
mod verify;
pub(crate) mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_plan::{Input, Output, Phase, Secret, Selection, Type, Workflow};

pub use blueprint_tests::BlueprintTest;
pub(crate) use nodes::Nodes;
pub(crate) use program::{Facts, Program, TypeInfo};

use self::expr::{
    Scope, Way, World as _, check_expr, check_type_expr, check_wheres, held, holds_node,
};
use self::kept::Before;
use self::members::Pass;
use crate::diagnostics::{Diagnostic, names as says_names, topology as says};
use crate::loader::{Files, Sources};
use crate::resolve::Names;
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, ValueKeyword};

/// A program whose every part was looked at.
#[derive(Debug)]
pub(crate) struct Checked<'s> {
    pub(crate) program: Program<'s>,
    /// The file that it is of.
    pub(crate) file: FileId,
    /// The blueprint's head, where there is one.
    pub(crate) blueprint: Option<Head>,
    pub(crate) inputs: BTreeMap<String, Input>,
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) selections: BTreeMap<String, Selection>,
    pub(crate) nodes: Nodes,
    pub(crate) groups: groups::Groups,
    pub(crate) policies: policies::Policies,
    pub(crate) outputs: BTreeMap<String, Output>,
    pub(crate) tests: Vec<BlueprintTest>,
    /// What it needs, offers and stands for.
    pub(crate) composition: composition::Composition,
    /// What stands between the program and its plan.
    pub(crate) unplanned: Vec<Diagnostic>,
    /// The other blueprints, each after those that its nodes are made of; of the root alone.
    pub(crate) others: Vec<Checked<'s>>,
    pub(crate) workflows: BTreeMap<String, Workflow>,
    /// The instances of its collections, where they are known.
    pub(crate) instances: Arc<BTreeMap<String, instances::Keyed>>,
}

/// The blueprint's head.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) documentation: String,
    pub(crate) labels: BTreeMap<String, bp_plan::Expr>,
    /// It says that it stands for a type, rightly or not.
    pub(crate) substitutes: bool,
}

/// Checks everything.
pub(crate) fn check<'s>(
    sources: &'s Sources,
    names: &'s Names,
    files: Files<'s>,
    before: Option<Before<'_>>,
    out: &mut Vec<Diagnostic>,
) -> Checked<'s> {
    let before = before.filter(|before| before.are_surroundings_same(sources) && before.is_whole());
    annotations::check(sources, names, out);
    let mut program = Program::new(sources, names, files);
    program.notices = annotations::Notices::of(sources, names).into();
    let mut order: Vec<_> = names
        .types
        .iter()
        .map(|(full, t)| (members::rank(t.kind), t.ancestors.len(), full))
        .collect();
    order.sort();
    values::early(&mut program);
    for (_, _, full) in order {
        if before.as_ref().is_some_and(|before| before.keeps_type(&mut program, full)) {
            continue;
        }
        // What extends a blueprint was told; its members are not known yet.
        let extends = names.types.get(full).map_or(&[][..], |declared| &declared.ancestors);
        let is_told = extends.iter().any(|parent| names.blueprints.contains_key(parent));
        let out = if is_told { &mut Vec::new() } else { &mut *out };
        members::build(&mut program, full, Pass::Signatures, out);
    }
    data::data_rings(&program, out);
    values::heads(&mut program, out);
    composition::types::declare(&mut program);
    let mut others = Vec::new();
    let mut checked = Checked::of(program, FileId(0));
    for group in composition::order(sources, names) {
        values::bodies(&mut checked.program, &group.files, before.is_some(), out);
        let file = group.blueprint;
        checked = Checked::of(checked.program, file);
        checked.whole(before.as_ref().filter(|_| file == FileId(0)), out);
        if file != FileId(0) {
            checked.instances = Arc::clone(&checked.program.instances);
            // What is known of the program goes on; the part gets it back when all is known.
            let program =
                std::mem::replace(&mut checked.program, Program::new(sources, names, files));
            others.push(std::mem::replace(&mut checked, Checked::of(program, FileId(0))));
        }
    }
    checked.others = others;
    composition::settle(&mut checked, out);
    verify::inside::verify(&checked, out);
    out.append(&mut checked.program.take_warnings());
    type_uses::check(&checked.program, out);
    implementations::needed(out, &mut checked.unplanned);
    never::check(&checked, out);
    unset::check(&checked, out);
    early_reads::check(&checked, out);
    unused::imports(sources, names, out);
    checked
}

impl<'s> Checked<'s> {
    fn of(mut program: Program<'s>, file: FileId) -> Self {
        program.enter(file);
        Self {
            file,
            blueprint: None,
            inputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            selections: BTreeMap::new(),
            nodes: Nodes::default(),
            groups: BTreeMap::new(),
            policies: BTreeMap::new(),
            outputs: BTreeMap::new(),
            tests: Vec::new(),
            workflows: BTreeMap::new(),
            instances: Arc::default(),
            composition: composition::Composition::default(),
            unplanned: Vec::new(),
            others: Vec::new(),
            program,
        }
    }
}

impl Checked<'_> {
    /// All of a file, after what it uses.
    fn whole(&mut self, kept: Option<&Before<'_>>, out: &mut Vec<Diagnostic>) {
        let before = out.len();
        workflows::heads(&mut self.program, out);
        self.items(out);
        self.nodes = nodes::check(&mut self.program, kept, out);
        unmet::tell(&self.program, &self.nodes, &self.selections, out);
        self.left_to_inventory();
        self.groups = groups::check(&self.program, &self.nodes, &self.selections, out);
        self.policies = policies::check(self, out);
        self.outputs(out);
        self.exposes(out);
        self.workflows = workflows::check(&self.program, out);
        self.tests = blueprint_tests::check(self, out);
        order::existence(self, out);
        self.connected(kept, before, out);
        composition::offers::check(self, out);
        composition::types::finish(self);
    }

    /// Rings among the nodes, and what can be told of them where there is none: what refers round in a ring can't
    /// be looked at any further. `start` is where the file's own diagnostics begin.
    fn connected(&mut self, kept: Option<&Before<'_>>, start: usize, out: &mut Vec<Diagnostic>) {
        let is_ring = |d: &Diagnostic| matches!(d.code, "E4014" | "E4015");
        out.extend(order::check(&self.program, &self.nodes, &self.groups));
        if out.iter().skip(start).any(is_ring) {
            return;
        }
        // What a group tells, hangs on all of its members.
        let before = kept.filter(|_| self.groups.is_empty());
        let touched = before.and_then(|before| self.nodes.kept.touched(&before.nodes.kept));
        let (mut found, mut told) = self.verified(touched.as_ref());
        if told.is_none() && touched.is_some() {
            (found, told) = self.verified(None);
        }
        out.extend(found);
        self.nodes.kept.told = told;
    }

    /// What can be told of nodes that form no ring, and of which it was told: of all of them, or of some.
    fn verified(
        &self,
        some: Option<&BTreeSet<usize>>,
    ) -> (Vec<Diagnostic>, Option<BTreeSet<usize>>) {
        let mut found = Vec::new();
        let (over, said) = ((&self.groups, &self.policies), (&self.outputs, &self.workflows));
        let nodes = (&self.nodes, some);
        let told = verify::verify(&self.program, nodes, &self.selections, over, said, &mut found);
        (found, told)
    }

    /// The items of the blueprint that stand for themselves.
    fn items(&mut self, out: &mut Vec<Diagnostic>) {
        let file = self.file;
        let Some(module) = self.program.blueprint() else { return };
        for (index, item) in module.tree.items.iter().enumerate() {
            match &item.kind {
                ItemKind::Blueprint(blueprint) => {
                    let head = self.head(item, blueprint, out);
                    self.blueprint.get_or_insert(head);
                }
                ItemKind::Value(value) => {
                    let named = self.program.values.get(&(file, index));
                    let ty = named.map_or(Type::Unknown, |named| named.ty.clone());
                    let name = value.name.text.to_string();
                    match value.keyword {
                        ValueKeyword::Input => {
                            let made = values::input(&self.program, file, item, value, ty, out);
                            self.inputs.entry(name).or_insert(made);
                        }
                        ValueKeyword::Secret => {
                            let made = values::secret(&self.program, file, item, value, &ty, out);
                            self.secrets.entry(name).or_insert(made);
                        }
                        ValueKeyword::Const => {}
                    }
                }
                ItemKind::Select(select) => {
                    let made = selections::check(&self.program, select, out);
                    if let Some(made) = made {
                        self.selections.entry(select.name.text.to_string()).or_insert(made);
                    }
                }
                ItemKind::Requires(it) => {
                    self.composition.requires(&self.program, item, it, out);
                }
                _ => {}
            }
        }
    }

    /// Selections for what is left to the runtime, and may come from the inventory.
    fn left_to_inventory(&mut self) {
        let choices = self.nodes.nodes.values().flat_map(|checked| &checked.choices);
        for (name, selection) in choices.filter_map(|choice| choice.inventory.clone()) {
            self.selections.entry(name).or_insert(selection);
        }
    }

    fn head(
        &mut self,
        item: &ast::Item,
        blueprint: &ast::Blueprint,
        out: &mut Vec<Diagnostic>,
    ) -> Head {
        let file = self.file;
        let place = Place { file, span: blueprint.name.span };
        self.composition.substitutes(&self.program, blueprint, out);
        let mut head = Head {
            name: blueprint.name.text.to_string(),
            version: String::new(),
            documentation: item.documentation.to_string(),
            labels: BTreeMap::new(),
            substitutes: blueprint.substitutes.is_some(),
        };
        let scope = Scope::new(file);
        let mut places: BTreeMap<&str, Place> = BTreeMap::new();
        for entry in &blueprint.body.entries {
            let EntryKind::Assign { key, value } = &entry.kind else {
                let at = Place { file, span: entry.span };
                out.push(says_names::not_here(
                    at,
                    "this",
                    "a blueprint's head",
                    "`version` and `labels`",
                ));
                continue;
            };
            let here = Place { file, span: key.span };
            if let Some(first) = places.get(key.text.as_str()) {
                out.push(says::set_twice(here, &key.text, *first));
                continue;
            }
            places.insert(&key.text, here);
            let at = Place { file, span: value.span };
            match key.text.as_str() {
                "version" => {
                    let told = out.len();
                    let typed = check_expr(&self.program, &scope, value, Some(&Type::Version), out);
                    let is_name =
                        matches!(value.kind, ExprKind::Name(_)) && typed.ty == Type::Unknown;
                    out.iter_mut()
                        .skip(told)
                        .filter(|_| is_name)
                        .for_each(crate::diagnostics::types::no_version);
                    match typed.expr.as_value() {
                        Some(bp_plan::Value::Version(version)) => head.version.clone_from(version),
                        _ if typed.ty == Type::Unknown => "0.0.0".clone_into(&mut head.version),
                        _ => {
                            "0.0.0".clone_into(&mut head.version);
                            let words = members::words(typed.phase);
                            out.push(says::too_late(at, "the version", "when compiling", words));
                        }
                    }
                }
                "labels" => {
                    let map = Type::Map(Box::new(Type::String));
                    let typed = check_expr(&self.program, &scope, value, Some(&map), out);
                    blocks::in_time(typed.phase, Phase::Compile, "a blueprint's labels", at, out);
                    if let Some(bp_plan::Value::Map(entries)) = typed.expr.as_value() {
                        head.labels = entries
                            .iter()
                            .map(|(key, value)| (key.clone(), bp_plan::Expr::Value(value.clone())))
                            .collect();
                    }
                }
                other => {
                    let known = ["version", "labels"];
                    out.push(says_names::unknown_field(here, other, "a blueprint's head", &known));
                }
            }
        }
        if head.version.is_empty() {
            out.push(says::no_version(place));
        }
        head
    }

    /// What it offers, when the instances of its nodes are known.
    fn exposes(&mut self, out: &mut Vec<Diagnostic>) {
        let Some(module) = self.program.blueprint() else { return };
        for item in &module.tree.items {
            if let ItemKind::Expose(it) = &item.kind {
                self.composition.expose(&self.program, item, it, out);
            }
        }
    }

    fn outputs(&mut self, out: &mut Vec<Diagnostic>) {
        let file = self.file;
        let Some(module) = self.program.blueprint() else { return };
        for item in &module.tree.items {
            let ItemKind::Output(output) = &item.kind else { continue };
            let ty = output.ty.as_ref().map(|ty| check_type_expr(&self.program, file, ty, out));
            let mut scope = Scope::new(file);
            if let Some(ty) = &output.ty {
                let place = Place { file, span: ty.span };
                scope =
                    scope.because(Some(place), format!("`{}` is declared here", output.name.text));
            }
            let typed = check_expr(&self.program, &scope, &output.value, ty.as_ref(), out);
            let place = Place { file, span: output.value.span };
            let kind = ty.unwrap_or_else(|| typed.ty.clone());
            if ty_is_secret(&typed.ty) && !ty_is_secret(&kind)
                || output.ty.is_none() && ty_is_secret(&kind)
            {
                if !matches!(output.value.kind, ExprKind::Missing) {
                    let error = crate::diagnostics::types::secret_output(place, &typed.ty);
                    out.push(Way::into(&self.program, &scope, &typed.expr).shown(error));
                }
                continue;
            }
            // It leaves the deployment as data. What is open (`json`) is looked at when it is known.
            if holds_node(&self.program, &kind) {
                let at = output.ty.as_ref().map_or(place, |ty| Place { file, span: ty.span });
                out.push(crate::diagnostics::types::node_as_output(at, &output.name.text, &kind));
                continue;
            }
            let wheres = check_wheres(&self.program, &Scope::new(file), &kind, &output.wheres, out);
            if let Some(value) = typed.expr.as_value() {
                held(&wheres, value, place, None, out);
            }
            let made = Output {
                kind,
                value: typed.expr,
                constraints: wheres,
                phase: typed.phase,
                documentation: item.documentation.to_string(),
                span: self.program.span(place),
            };
            self.outputs.entry(output.name.text.to_string()).or_insert(made);
        }
    }
}

fn ty_is_secret(ty: &Type) -> bool {
    matches!(ty, Type::Secret(_))
}
