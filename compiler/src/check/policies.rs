//! Policies: what they are over, with which values, and which workflow they run.

use std::collections::BTreeMap;

use bp_plan::policy::Run;
use bp_plan::{Expr, Policy};

use super::Checked;
use super::expr::{Scope, World as _};
use super::members::short;
use super::program::{Program, TypeInfo};
use super::settings::{self, Settings};
use super::targets::{self, Around, Asked, Named, Targets};
use super::workflows::{WorkflowHead, check_arguments, given_by_record, signature};
use crate::diagnostics::{
    Diagnostic, names as says_names, near, policies as says, topology as says_topology,
    workflows as says_workflows,
};
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, TypeItemKind};

/// The keys of a policy that are no properties.
const KEYS: [&str; 3] = ["targets", "run", "with"];

/// A policy that was checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedPolicy {
    pub(crate) policy: Policy,
    /// Where its name stands, unless something is wrong with what it sets.
    pub(crate) sound: Option<Place>,
}

/// All policies, by name.
pub(crate) type Policies = BTreeMap<String, CheckedPolicy>;

/// Checks the policies of the root.
pub(crate) fn check(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) -> Policies {
    let program = &checked.program;
    let around = Around {
        program,
        nodes: &checked.nodes,
        selections: &checked.selections,
        groups: &checked.groups,
    };
    let mut policies = Policies::new();
    let mut over: Vec<(&str, String, Targets)> = Vec::new();
    let items = program.blueprint().into_iter().flat_map(|m| m.tree.items.iter());
    for item in items {
        let ItemKind::Policy(placed) = &item.kind else { continue };
        let Some((mut made, targets)) = policy(&around, placed, out) else { continue };
        made.policy.documentation = item.documentation.to_string();
        if let Some(targets) = targets {
            over.push((&placed.name.text, made.policy.kind.clone(), targets));
        }
        policies.entry(placed.name.text.to_string()).or_insert(made);
    }
    conflicts(program, &over, out);
    policies
}

/// Two policies for one target, of a type of which each target has at most one: each policy is told once, with
/// the first that it contradicts.
fn conflicts(program: &Program<'_>, over: &[(&str, String, Targets)], out: &mut Vec<Diagnostic>) {
    // By the type that says so, and by what is named.
    let mut taken: BTreeMap<(&str, &str), Taken> = BTreeMap::new();
    for (at, (second, kind, targets)) in over.iter().enumerate() {
        let Some(rule) = rule(program, kind) else { continue };
        // What is never there contradicts nothing.
        let there = targets.all.iter().filter(|one| one.most != Some(0));
        let named = there.flat_map(|one| one.named.iter().map(|named| (named, one.place)));
        let before = named.clone().filter_map(|(named, place)| {
            let (first, there) = taken.get(&(rule, named.name.as_str()))?.by(named)?;
            Some((first, there, named, place))
        });
        if let Some((first, there, named, place)) = before.min_by_key(|(first, ..)| *first)
            && let Some((first, other, _)) = over.get(first)
            && let Some((shared, declared)) = exclusive(program, kind, other)
        {
            let (both, kind) = ([*second, *first], short(&shared));
            out.push(says::conflict(place, both, kind, &named.text(), there, declared));
        }
        for (named, place) in named {
            taken.entry((rule, named.name.as_str())).or_default().add(named, (at, place));
        }
    }
}

/// A policy by its place among all, and where it names something.
type By = (usize, Place);

/// The first policies over something: over any of it, over all of it, over each element.
#[derive(Default)]
struct Taken<'t> {
    any: Option<By>,
    whole: Option<By>,
    elements: BTreeMap<&'t str, By>,
}

impl<'t> Taken<'t> {
    /// The first that is over this, or over a part of it.
    fn by(&self, named: &Named) -> Option<By> {
        let Some(key) = named.key.as_deref() else { return self.any };
        let both = [self.whole, self.elements.get(key).copied()];
        both.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn add(&mut self, named: &'t Named, by: By) {
        self.any.get_or_insert(by);
        match named.key.as_deref() {
            None => self.whole.get_or_insert(by),
            Some(key) => self.elements.entry(key).or_insert(by),
        };
    }
}

/// The type by which policies of this type exclude each other: the farthest that it derives from and that says so.
fn rule<'p>(program: &'p Program<'_>, kind: &'p str) -> Option<&'p str> {
    let ancestors = &program.names.types.get(kind)?.ancestors;
    let mut line = ancestors.iter().map(String::as_str).rev().chain([kind]);
    line.find(|of| program.types.get(*of).is_some_and(|info| info.over.exclusive.is_some()))
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
) -> Option<(CheckedPolicy, Option<Targets>)> {
    let program = around.program;
    let file = program.file;
    let place = Place { file, span: item.name.span };
    // An unknown type was told with the policy's head.
    let kind = program.names.expect_type(file, &item.ty, TypeItemKind::Policy, &mut Vec::new())?;
    let info = program.types.get(&kind)?;
    let owner = item.name.text.as_str();
    let scope = Scope::new(file);
    let before = out.len();
    let mut settings = Settings::new(program, &scope, info, ("a policy", &KEYS));
    let mut is_odd = false;
    let mut special: BTreeMap<&str, (Place, &ast::Expr)> = BTreeMap::new();
    for entry in &item.body.entries {
        let EntryKind::Assign { key, value } = &entry.kind else {
            is_odd |= settings::names(&entry.kind, "targets");
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
    let targets =
        if over_told || is_odd { None } else { over(around, info, owner, place, written, out) };
    let run = if run_told { None } else { runs(program, info, owner, place, &special, out) };
    let sound = (out.len() == before).then_some(place);
    let expr = targets.as_ref().map_or(Expr::List(Vec::new()), |targets| targets.expr.clone());
    let span = program.span(place);
    let documentation = String::new();
    let policy = Policy { kind, targets: expr, properties: set, run, documentation, span };
    Some((CheckedPolicy { policy, sound }, targets))
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
            Some((at, _)) => out.push(says::with_alone(at)),
            None if must => out.push(says::missing_run(place, owner, declared)),
            None => {}
        }
        return None;
    };
    let at = Place { file: program.file, span: written.span };
    let head = workflow(program, written, at, out)?;
    let scope = Scope::new(program.file);
    let given = with.map(|(_, given)| given_by_record(&scope, given, out)).unwrap_or_default();
    let with = check_arguments(program, &scope, &head.callee(), &given, at, out);
    Some(Run { workflow: head.name.clone(), with, span: program.span(at) })
}

/// The workflow that is named: the blueprint's own, or a built-in one.
fn workflow<'p>(
    program: &'p Program<'_>,
    written: &ast::Expr,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> Option<&'p WorkflowHead> {
    match &written.kind {
        ExprKind::Missing => None,
        ExprKind::Name(name) => {
            let found = signature(program, name);
            if found.is_none() && program.value_declaration(at.file, name).is_some() {
                out.push(says_workflows::no_workflow(at, &format!("`{name}`")));
            } else if found.is_none() {
                let known = program.workflows.keys().map(String::as_str);
                let own = program.workflows.values().filter(|head| head.place.is_some());
                let own: Vec<&str> = own.map(|head| head.name.as_str()).collect();
                let error = says_workflows::unknown_workflow(at, name, near(name, known), &own);
                out.push(error);
            }
            found
        }
        _ => {
            let text = format!("`{}`", program.text(at));
            out.push(says_workflows::no_workflow(at, &text));
            None
        }
    }
}
