//! Groups: nodes under one name, with properties.

use std::collections::BTreeMap;

use bp_plan::{Expr, Group};

use super::expr::{Scope, World as _};
use super::members::short;
use super::nodes::Nodes;
use super::program::Program;
use super::settings::{self, Settings};
use super::targets::{self, Around, Asked, Targets};
use crate::diagnostics::{
    Diagnostic, names as says_names, policies as says, topology as says_topology,
};
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, TypeItemKind};
use crate::syntax::walk;

/// A group that was checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedGroup {
    pub(crate) group: Group,
    pub(crate) targets: Targets,
    /// Where its name stands, unless something is wrong with what it sets.
    pub(crate) sound: Option<Place>,
}

/// All groups, by name.
pub(crate) type Groups = BTreeMap<String, CheckedGroup>;

/// Checks the groups of the root, each after those that are its members.
pub(crate) fn check(
    program: &Program<'_>,
    nodes: &Nodes,
    selections: &BTreeMap<String, bp_plan::Selection>,
    out: &mut Vec<Diagnostic>,
) -> Groups {
    let mut groups = Groups::new();
    let Some(module) = program.blueprint() else { return groups };
    let items: Vec<(&str, &ast::Placed)> = module
        .tree
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Group(group) => Some((item.documentation.as_str(), group)),
            _ => None,
        })
        .collect();
    for at in order(program, &items, out) {
        let Some((documentation, item)) = items.get(at) else { continue };
        let around = Around { program, nodes, selections, groups: &groups };
        if let Some(checked) = group(&around, item, documentation, out) {
            groups.entry(item.name.text.to_string()).or_insert(checked);
        }
    }
    groups
}

/// An order in which a group comes after those that it names; groups in a ring are told and left out.
fn order(
    program: &Program<'_>,
    items: &[(&str, &ast::Placed)],
    out: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let index: BTreeMap<&str, usize> =
        items.iter().enumerate().map(|(at, (_, item))| (item.name.text.as_str(), at)).collect();
    let mut edges = Vec::new();
    for (at, (_, item)) in items.iter().enumerate() {
        walk::body(&item.body, &mut |expr| {
            if let ExprKind::Name(name) = &expr.kind
                && let Some(to) = index.get(name.as_str())
            {
                edges.push((at, *to));
            }
        });
    }
    let rings = bp_topology::rings::rings(items.len(), edges.iter().copied());
    for ring in &rings {
        let inside = edges.iter().copied();
        let inside: Vec<(usize, usize)> =
            inside.filter(|(from, to)| ring.contains(from) && ring.contains(to)).collect();
        // Items stand in the order of the file: the ring is told from its first.
        let Some(begins) = inside.iter().min() else { continue };
        let way = bp_topology::rings::way_round(&inside, *begins);
        let names = way.iter().filter_map(|at| items.get(*at));
        let names: Vec<String> = names.map(|(_, it)| format!("`{}`", it.name.text)).collect();
        if let Some((_, first)) = items.get(begins.0) {
            let at = Place { file: program.file, span: first.name.span };
            out.push(says::group_ring(at, &names));
        }
    }
    bp_topology::rings::groups(items.len(), edges)
        .into_iter()
        .flatten()
        .filter(|at| !rings.iter().any(|ring| ring.contains(at)))
        .collect()
}

fn group(
    around: &Around<'_, '_>,
    item: &ast::Placed,
    documentation: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<CheckedGroup> {
    let program = around.program;
    let file = program.file;
    let place = Place { file, span: item.name.span };
    // An unknown type was told with the group's head.
    let kind = program.names.expect_type(file, &item.ty, TypeItemKind::Group, &mut Vec::new())?;
    let info = program.types.get(&kind)?;
    let (of, cardinality, declared) = info.over.members.as_ref()?;
    let asked = Asked { what: "members", of, cardinality: *cardinality, declared: *declared };
    let owner = item.name.text.as_str();
    let scope = Scope::new(file);
    let before = out.len();
    let mut settings = Settings::new(program, &scope, info, ("a group", &["members"]));
    let mut is_odd = false;
    let mut members: Option<(Place, Option<Targets>)> = None;
    for entry in &item.body.entries {
        let EntryKind::Assign { key, value } = &entry.kind else {
            is_odd |= settings::names(&entry.kind, "members");
            let at = Place { file, span: entry.span };
            out.push(says_names::not_here(
                at,
                "this",
                "a group",
                "`members = [ … ]` and properties",
            ));
            continue;
        };
        let at = Place { file, span: key.span };
        if key.text != "members" {
            settings.take(key, value, out);
        } else if let Some((first, _)) = &members {
            out.push(says_topology::set_twice(at, "members", *first));
        } else {
            members = Some((at, targets::check(around, &asked, owner, value, out)));
        }
    }
    let is_misspelt = is_odd || settings.is_misspelt("members");
    let set = settings.done(owner, place, out);
    let targets = match members {
        Some((_, targets)) => targets?,
        None if is_misspelt => return None,
        None if cardinality.0 > 0 => {
            let wanted = targets::counted(cardinality.0, cardinality.1);
            let wanted = format!("{wanted} nodes of `{}`", short(of));
            out.push(says::missing(place, owner, "members", &wanted, *declared));
            return None;
        }
        None => Targets { expr: Expr::List(Vec::new()), all: Vec::new(), place },
    };
    let sound = (out.len() == before).then_some(place);
    let group = Group {
        kind,
        members: targets.expr.clone(),
        properties: set,
        documentation: documentation.to_owned(),
        span: program.span(place),
    };
    Some(CheckedGroup { group, targets, sound })
}
