//! Policies: what they are over, with which values, and which workflow they run.

use std::collections::BTreeMap;

use bp_plan::{Expr, Phase, Policy, Property, Run};

use super::Checked;
use super::expr::{Scope, World as _, check_expr, check_type_expr, check_wheres, held};
use super::known::Whole;
use super::members::short;
use super::program::{Program, TypeInfo};
use super::settings::Settings;
use super::targets::{self, Around, Asked, Targets};
use crate::diagnostics::{
    Diagnostic, names as says_names, policies as says, topology as says_topology,
};
use crate::source::{FileId, Place};
use crate::syntax::ast::{
    self, EntryKind, ExprKind, ItemKind, RecordEntry, TypeItemKind, TypeKind,
};

/// The keys of a policy that are no properties.
const KEYS: [&str; 3] = ["targets", "run", "with"];

/// Checks the policies of the root.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Policy> {
    let program = &checked.program;
    let around = Around {
        program,
        nodes: &checked.nodes,
        selections: &checked.selections,
        groups: &checked.groups,
    };
    let mut policies = BTreeMap::new();
    let mut over: Vec<(&str, String, Targets)> = Vec::new();
    let items = program.sources.modules.first().into_iter().flat_map(|m| m.tree.items.iter());
    for item in items {
        let ItemKind::Policy(placed) = &item.kind else { continue };
        let Some((mut made, targets)) = policy(&around, placed, out) else { continue };
        made.documentation = item.documentation.to_string();
        if let Some(targets) = targets {
            over.push((&placed.name.text, made.kind.clone(), targets));
        }
        policies.entry(placed.name.text.to_string()).or_insert(made);
    }
    conflicts(program, &over, out);
    policies
}

/// Two policies for one target, of a type of which each target has at most one.
fn conflicts(program: &Program<'_>, over: &[(&str, String, Targets)], out: &mut Vec<Diagnostic>) {
    for (at, (second, kind, targets)) in over.iter().enumerate() {
        for (first, other, before) in over.iter().take(at) {
            let Some((shared, declared)) = exclusive(program, kind, other) else { continue };
            // What is never there contradicts nothing.
            let there = |one: &&targets::Target| one.most != Some(0);
            let pairs = targets.all.iter().filter(there).flat_map(|one| {
                before.all.iter().filter(there).filter_map(move |other| {
                    let all = one.named.iter();
                    let named = all
                        .filter(|named| other.named.iter().any(|other| other.meets(named)))
                        .map(super::targets::Named::text)
                        .next()?;
                    Some((one.place, other.place, named))
                })
            });
            if let Some((place, there, named)) = pairs.into_iter().next() {
                let kind = short(&shared);
                let error = says::conflict(place, [second, first], kind, &named, there, declared);
                out.push(error);
                break;
            }
        }
    }
}

/// The exclusive type that both are or derive from, and where it says so.
fn exclusive(program: &Program<'_>, a: &str, b: &str) -> Option<(String, Place)> {
    let shared = program.common_type(a, b)?;
    let declared = program.types.get(&shared)?.over.exclusive?;
    Some((shared, declared))
}

fn policy(
    around: &Around<'_, '_>,
    item: &ast::Placed,
    out: &mut Vec<Diagnostic>,
) -> Option<(Policy, Option<Targets>)> {
    let program = around.program;
    let file = FileId(0);
    let place = Place { file, span: item.name.span };
    // An unknown type was told with the policy's head.
    let kind = program.names.expect_type(file, &item.ty, TypeItemKind::Policy, &mut Vec::new())?;
    let info = program.types.get(&kind)?;
    let owner = item.name.text.as_str();
    let scope = Scope::new(file);
    let before = out.len();
    let mut settings = Settings::new(program, &scope, info, ("a policy", &KEYS));
    let mut special: BTreeMap<&str, (Place, &ast::Expr)> = BTreeMap::new();
    for entry in &item.body.entries {
        let EntryKind::Assign { key, value } = &entry.kind else {
            let at = Place { file, span: entry.span };
            let allowed = "`targets = [ … ]`, `run`, `with` and properties";
            out.push(says_names::not_here(at, "this", "a policy", allowed));
            continue;
        };
        let name = key.text.as_str();
        let is_special = KEYS.contains(&name)
            && !info.properties.contains_key(name)
            && (name == "targets" || info.over.run.is_some());
        if !is_special {
            settings.take(key, value, out);
            continue;
        }
        let at = Place { file, span: key.span };
        match special.get(name) {
            Some((first, _)) => out.push(says_topology::set_twice(at, name, *first)),
            None => {
                special.insert(name, (at, value));
            }
        }
    }
    let misspelt = KEYS.map(|key| settings.is_misspelt(key));
    let set = settings.done(owner, place, out);
    let written = special.get("targets").map(|(_, e)| *e);
    let [over_told, run_told, _] = misspelt;
    let targets = if over_told { None } else { over(around, info, owner, place, written, out) };
    let run = if run_told { None } else { runs(program, info, owner, place, &special, out) };
    if out.len() == before
        && let Some((message, at)) = Whole::new(program, info, &set).broken()
    {
        out.push(says::breaks(place, owner, &message, at));
    }
    let expr = targets.as_ref().map_or(Expr::List(Vec::new()), |targets| targets.expr.clone());
    let span = program.span(place);
    let documentation = String::new();
    Some((Policy { kind, targets: expr, properties: set, run, documentation, span }, targets))
}

/// What it is over.
fn over(
    around: &Around<'_, '_>,
    info: &TypeInfo,
    owner: &str,
    place: Place,
    written: Option<&ast::Expr>,
    out: &mut Vec<Diagnostic>,
) -> Option<Targets> {
    let (of, cardinality, declared) = info.over.members.as_ref()?;
    let (cardinality, declared) = (*cardinality, *declared);
    let Some(written) = written else {
        if cardinality.0 > 0 {
            let wanted = targets::counted(cardinality.0, cardinality.1);
            let wanted = format!("{wanted} nodes of `{}`", short(of));
            out.push(says::missing(place, owner, "targets", &wanted, declared));
        }
        return None;
    };
    let asked = Asked { what: "targets", of, cardinality, declared };
    targets::check(around, &asked, owner, written, out)
}

/// What it runs.
fn runs(
    program: &Program<'_>,
    info: &TypeInfo,
    owner: &str,
    place: Place,
    special: &BTreeMap<&str, (Place, &ast::Expr)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Run> {
    let (must, declared) = info.over.run?;
    let with = special.get("with").copied();
    let Some((_, written)) = special.get("run").copied() else {
        match with {
            Some((at, _)) => out.push(says::odd_with(at, true)),
            None if must => out.push(says::missing_run(place, owner, declared)),
            None => {}
        }
        return None;
    };
    let at = Place { file: FileId(0), span: written.span };
    let workflow = workflow(program, written, out)?;
    let given = with.map(|(_, given)| given);
    let with = arguments(program, workflow, at, given, out);
    Some(Run { workflow: workflow.name.text.to_string(), with, span: program.span(at) })
}

/// The workflow that is named.
fn workflow<'s>(
    program: &Program<'s>,
    written: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Option<&'s ast::Workflow> {
    let file = FileId(0);
    if let ExprKind::Name(name) = &written.kind
        && let Some(declared) = program.value_declaration(file, name)
        && let Some(ItemKind::Workflow(workflow)) = program.item(declared)
    {
        return Some(workflow);
    }
    let items = program.sources.modules.first().into_iter().flat_map(|m| m.tree.items.iter());
    let known: Vec<String> = items
        .filter_map(|item| match &item.kind {
            ItemKind::Workflow(workflow) => Some(workflow.name.text.to_string()),
            _ => None,
        })
        .collect();
    let at = Place { file, span: written.span };
    if !matches!(written.kind, ExprKind::Missing) {
        let text = format!("`{}`", program.text(at));
        out.push(says::no_workflow(at, &text, &known));
    }
    None
}

/// Its arguments: each is checked against the workflow's parameter.
fn arguments(
    program: &Program<'_>,
    workflow: &ast::Workflow,
    run: Place,
    given: Option<&ast::Expr>,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Property> {
    let file = FileId(0);
    let name = workflow.name.text.as_str();
    let declared = Place { file, span: workflow.name.span };
    let mut with: BTreeMap<String, Property> = BTreeMap::new();
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    let entries = match given.map(|given| (&given.kind, given.span)) {
        None => &[][..],
        Some((ExprKind::Record(entries), _)) => entries.as_slice(),
        Some((ExprKind::Missing, _)) => return with,
        Some((_, span)) => {
            out.push(says::odd_with(Place { file, span }, false));
            return with;
        }
    };
    for entry in entries {
        let (key, value) = match entry {
            RecordEntry::One { key, value } => (key, value),
            RecordEntry::Spread(value) => {
                out.push(says::odd_with(Place { file, span: value.span }, false));
                continue;
            }
        };
        let at = Place { file, span: key.span };
        let Some(parameter) = workflow.parameters.iter().find(|p| p.name.text == key.text) else {
            let known: Vec<String> =
                workflow.parameters.iter().map(|p| p.name.text.to_string()).collect();
            out.push(says::unknown_argument(at, &key.text, name, &known, declared));
            check_expr(program, &Scope::new(file), value, None, out);
            places.insert("", at);
            continue;
        };
        if let Some(first) = places.insert(&key.text, at) {
            out.push(says_topology::set_twice(at, &key.text, first));
            continue;
        }
        with.insert(key.text.to_string(), argument(program, parameter, value, out));
    }
    let missing: Vec<(String, Place)> = workflow
        .parameters
        .iter()
        .filter(|p| p.default.is_none() && !matches!(p.ty.kind, TypeKind::Optional(_)))
        .filter(|p| !places.contains_key(p.name.text.as_str()))
        .map(|p| (p.name.text.to_string(), Place { file, span: p.name.span }))
        .collect();
    // A name that was misspelt was told.
    if !missing.is_empty() && !(missing.len() == 1 && places.contains_key("")) {
        out.push(says::missing_arguments(run, name, &missing));
    }
    with
}

fn argument(
    program: &Program<'_>,
    parameter: &ast::Member,
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Property {
    let file = FileId(0);
    // What is wrong with the parameter itself is told with its workflow.
    let silent = &mut Vec::new();
    let ty = check_type_expr(program, file, &parameter.ty, silent);
    let wheres = check_wheres(program, &Scope::new(file), &ty, &parameter.wheres, silent);
    let declared = Place { file, span: parameter.name.span };
    let note = format!("`{}` is declared here", parameter.name.text);
    let scope = Scope::new(file).because(Some(declared), note.clone());
    let typed = check_expr(program, &scope, value, Some(&ty), out);
    let place = Place { file, span: value.span };
    if let Some(known) = typed.expr.as_value() {
        held(&wheres, known, place, Some((declared, note)), out);
    }
    let phase: Phase = typed.phase;
    Property { value: typed.expr, phase, span: program.span(place), inner: BTreeMap::new() }
}
