//! `name -> Type where …`: what meets a requirement is left to the runtime. The candidates are the
//! nodes of the blueprint, by name, then the elements of the inventory.

mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{BinaryOp, Binder, Constraint, Expr, Item, Phase, Selection, Type, Value};

use super::blocks::in_time;
use super::expr::World as _;
use super::late::late;
use super::program::{Program, TypeInfo};
use super::rewrite::replaced;
use crate::diagnostics::Diagnostic;
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind};
use crate::syntax::walk;

pub(crate) use verdict::verify;

/// What a candidate is called in the predicate; no name of the language has a dot.
const CANDIDATE: &str = "candidate.self";

/// What is asked for.
pub(crate) struct Asks<'a> {
    /// The node that requires, and its type by full name.
    pub(crate) node: &'a str,
    pub(crate) full: &'a str,
    pub(crate) requirement: &'a str,
    /// The type that is wanted, by full name.
    pub(crate) wanted: &'a str,
    /// What must hold of a candidate.
    pub(crate) all: Vec<Constraint>,
    /// Neither end waits for the other.
    pub(crate) unordered: bool,
    /// Where the type stands.
    pub(crate) at: Place,
}

/// A choice, for those who ask later whether anything fits at all.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    requirement: String,
    wanted: String,
    constraints: Vec<Constraint>,
    candidates: Vec<Candidate>,
    /// The selection of the inventory that is chosen from after the nodes, and its name.
    pub(crate) inventory: Option<(String, Selection)>,
    at: Place,
}

/// A node that may be chosen.
#[derive(Clone, Debug)]
struct Candidate {
    name: String,
    is_keyed: bool,
    /// There may be none.
    is_perhaps: bool,
    /// It needs the node that requires: to choose it would close a ring.
    closes: bool,
}

/// Which nodes of the root name which others: for a node, those that name it, or may choose it.
pub(crate) fn named_by(items: &[&ast::Node]) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeSet<&str> = items.iter().map(|node| node.name.text.as_str()).collect();
    let mut by: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in items {
        let mut see = |expr: &ast::Expr| {
            if let ExprKind::Name(name) = &expr.kind
                && names.contains(name.as_str())
            {
                by.entry(name.to_string()).or_default().insert(node.name.text.to_string());
            }
        };
        node.condition.iter().for_each(|e| walk::expressions(e, &mut see));
        node.each.iter().for_each(|each| walk::each(each, &mut see));
        walk::body(&node.body, &mut see);
    }
    by
}

/// Whether what meets one of a node's requirements may be left to the runtime: by a type's name, which begins
/// with a capital letter.
pub(crate) fn may_choose(node: &ast::Node) -> bool {
    let is_type = |target: &ast::Expr| match &target.kind {
        ExprKind::Name(name) => name.starts_with(char::is_uppercase),
        ExprKind::Field { name, .. } => name.text.starts_with(char::is_uppercase),
        _ => false,
    };
    node.body.entries.iter().any(|entry| match &entry.kind {
        EntryKind::Meets(meets) => is_type(&meets.target),
        _ => false,
    })
}

impl Choice {
    /// The requirement's name.
    pub(crate) fn requirement(&self) -> &str {
        &self.requirement
    }

    /// Notes that this node may come to need each of its candidates, so that none of them chooses
    /// it in its turn.
    pub(crate) fn note(&self, node: &str, by: &mut BTreeMap<String, BTreeSet<String>>) {
        for candidate in self.candidates.iter().filter(|candidate| !candidate.closes) {
            by.entry(candidate.name.clone()).or_default().insert(node.to_owned());
        }
    }
}

/// The choice as an expression: the first candidate that fits, or nothing.
pub(crate) fn choice(
    program: &Program<'_>,
    asks: Asks<'_>,
    wheres: &[ast::Where],
    out: &mut Vec<Diagnostic>,
) -> (Expr, Choice) {
    let candidates = candidates(program, &asks);
    let is_open = candidates.iter().any(|candidate| !candidate.closes);
    // What is reported of nodes is known too late; of the inventory it is known before.
    if let Some(one) = wheres.first()
        && asks.all.iter().any(|constraint| {
            late(program, &constraint.predicate)
                || reports(program, &constraint.predicate, &asks, is_open)
        })
    {
        let at = Place { file: asks.at.file, span: one.predicate.span };
        in_time(Phase::Run, Phase::Deploy, "which candidate fits", at, out);
    }
    let mut over: Vec<Item> = candidates.iter().filter(|c| !c.closes).map(item).collect();
    let inventory = discovered(program, asks.wanted).then(|| {
        let name = format!("{}.{}", asks.node, asks.requirement);
        let whole = Expr::Selection(name.clone());
        over.push(Item::Spread(all_of(whole)));
        let whole = Selection::new(asks.wanted, (0, None), program.span(asks.at));
        let selection = Selection { implicit: true, ..whole };
        (name, selection)
    });
    let candidate = Expr::Local(CANDIDATE.to_owned());
    let filter = asks
        .all
        .iter()
        .map(|one| seen_from(&one.predicate, &candidate))
        .reduce(|left, right| binary(BinaryOp::And, left, right));
    let expr = Expr::Binder(Box::new(Binder {
        function: "choose".to_owned(),
        names: vec![CANDIDATE.to_owned()],
        over: Expr::List(over),
        filter,
        key: None,
        body: None,
    }));
    let choice = Choice {
        requirement: asks.requirement.to_owned(),
        wanted: asks.wanted.to_owned(),
        constraints: asks.all,
        candidates,
        inventory,
        at: asks.at,
    };
    (expr, choice)
}

/// The nodes of the root of the wanted type, by name.
fn candidates(program: &Program<'_>, asks: &Asks<'_>) -> Vec<Candidate> {
    let closing =
        if asks.unordered { BTreeSet::new() } else { reaching(&program.named_by, asks.node) };
    let items = program.blueprint().into_iter().flat_map(|m| m.tree.items.iter());
    let mut found: Vec<Candidate> = items
        .enumerate()
        .filter_map(|(index, item)| {
            let ItemKind::Node(node) = &item.kind else { return None };
            let name = node.name.text.as_str();
            let (full, is_keyed) = match &program.values.get(&(program.file, index))?.ty {
                Type::Node(full) => (full, false),
                Type::Nodes(full) => (full, true),
                Type::Optional(of) => match &**of {
                    Type::Node(full) => (full, false),
                    _ => return None,
                },
                _ => return None,
            };
            (name != asks.node && program.names.is_subtype(full, asks.wanted)).then(|| Candidate {
                name: name.to_owned(),
                is_keyed,
                is_perhaps: node.condition.is_some(),
                closes: closing.contains(name),
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The nodes that need this one, each by way of others or not; `by` is what [`named_by`] gives.
pub(crate) fn reaching<'b>(
    by: &'b BTreeMap<String, BTreeSet<String>>,
    node: &str,
) -> BTreeSet<&'b str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = by.get(node).into_iter().flatten().map(String::as_str).collect();
    while let Some(name) = next.pop() {
        if found.insert(name) {
            next.extend(by.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

/// Whether the inventory can have elements of this type: nobody here makes them.
fn discovered(program: &Program<'_>, wanted: &str) -> bool {
    let is_made = |info: &TypeInfo| {
        info.provider.is_some() || info.operations.values().any(|operation| operation.implemented)
    };
    program.types.get(wanted).is_some_and(|info| !is_made(info))
}

/// Whether a predicate reads what candidates or the node that requires report.
fn reports(program: &Program<'_>, expr: &Expr, asks: &Asks<'_>, is_open: bool) -> bool {
    if let Expr::Field { of, name, .. } = expr {
        let full = match &**of {
            Expr::This if is_open => Some(asks.wanted),
            Expr::Source => Some(asks.full),
            _ => None,
        };
        if let Some(info) = full.and_then(|full| program.types.get(full))
            && info.attributes.contains_key(name)
            && !info.properties.contains_key(name)
        {
            return true;
        }
    }
    let mut found = false;
    expr.parts(&mut |part| found = found || reports(program, part, asks, is_open));
    found
}

/// A candidate among all: of a collection each instance.
fn item(candidate: &Candidate) -> Item {
    let node = Expr::Node(candidate.name.clone());
    if !candidate.is_keyed {
        return Item::One(node);
    }
    if !candidate.is_perhaps {
        return Item::Spread(all_of(node));
    }
    Item::Spread(Expr::If {
        condition: Box::new(binary(BinaryOp::NotEqual, node.clone(), Expr::Value(Value::Null))),
        then: Box::new(all_of(node)),
        otherwise: Box::new(Expr::List(Vec::new())),
    })
}

fn all_of(collection: Expr) -> Expr {
    Expr::Splat { of: Box::new(collection), body: Box::new(Expr::Local("*".to_owned())) }
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

/// A predicate over candidates as the node that requires sees it: `self` is the candidate, and
/// `source` is the node itself.
pub(crate) fn seen_from(expr: &Expr, candidate: &Expr) -> Expr {
    replaced(expr, &|part| match part {
        Expr::This => Some(candidate.clone()),
        Expr::Source => Some(Expr::This),
        _ => None,
    })
}
