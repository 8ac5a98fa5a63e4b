//! `name -> Type where …`: what meets a requirement is left to the runtime. The candidates are the
//! nodes of the blueprint, by name, then the elements of the inventory.

mod needs;
mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_plan::{BinaryOp, Binder, Constraint, Expr, Item, Phase, Selection, Value};

use super::blocks::in_time;
use super::expr::World as _;
use super::late::late;
use super::members::short;
use super::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, types as says_types};
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind};

pub(crate) use needs::Needs;
use needs::{Candidate, Closing};
pub(crate) use verdict::verify;

/// What a candidate is called in the predicate; no name of the language has a dot.
const CANDIDATE: &str = "candidate.self";

/// How many candidates a choice writes out; more have a name in common with those of other choices.
const WRITTEN_OUT: usize = 16;

/// How many bytes a candidate takes that is written out.
const BYTES_OF_CANDIDATE: usize = 256;

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
    /// The nodes of the wanted type, the one that requires among them where it is of that type.
    candidates: Arc<Vec<Candidate>>,
    /// Those that need the node that requires: to choose one would close a ring.
    closing: Closing,
    /// Every candidate may be chosen: the expression names them together, as all choices of this type do.
    takes_all: bool,
    /// The selection of the inventory that is chosen from after the nodes, and its name.
    pub(crate) inventory: Option<(String, Selection)>,
    /// It was told that what is asked is known too late.
    is_late: bool,
    at: Place,
}

/// Whether what meets one of a node's requirements may be left to the runtime: by a type's name, which begins
/// with a capital letter.
pub(crate) fn may_choose(node: &ast::Node) -> bool {
    let is_type = |target: &ast::Expr| match &target.kind {
        ExprKind::Name(name) => name.starts_with(char::is_uppercase),
        // Of a module, or one of its capabilities.
        ExprKind::Field { of, name, .. } => {
            let of = match &of.kind {
                ExprKind::Name(name) => name,
                ExprKind::Field { name, .. } => &name.text,
                _ => return name.text.starts_with(char::is_uppercase),
            };
            name.text.starts_with(char::is_uppercase) || of.starts_with(char::is_uppercase)
        }
        _ => false,
    };
    node.body.entries.iter().any(|entry| match &entry.kind {
        EntryKind::Meets(meets) => is_type(&meets.target),
        _ => false,
    })
}

impl Choice {
    /// The type that is asked for, and what must hold of it: the node's own first.
    pub(crate) fn asks(&self) -> (&str, &[Constraint]) {
        (&self.wanted, &self.constraints)
    }

    /// The requirement's name.
    pub(crate) fn requirement(&self) -> &str {
        &self.requirement
    }

    /// The constant that stands for its candidates, where they are not written out.
    pub(crate) fn constant(&self) -> Option<String> {
        self.takes_all.then(|| name_of_all(&self.wanted))
    }

    /// The candidates, as a list.
    pub(crate) fn candidates(&self) -> Expr {
        Expr::List(self.candidates.iter().map(item).collect())
    }

    /// Notes that this node may come to need each of its candidates, so that none of them chooses
    /// it in its turn.
    pub(crate) fn note(&self, node: &str, needs: &mut Needs) {
        needs.chooses(node, &self.wanted, &self.closing);
    }
}

/// The choice as an expression: the first candidate that fits, or nothing.
pub(crate) fn choice(
    program: &Program<'_>,
    asks: Asks<'_>,
    wheres: &[ast::Where],
    out: &mut Vec<Diagnostic>,
) -> (Expr, Choice) {
    let candidates = program.needs.candidates(program, asks.wanted);
    // Once there were too many, which was told, no more are looked at.
    let is_full = program.keep(0).is_err();
    let closing = if asks.unordered || is_full {
        BTreeSet::new()
    } else {
        let reaching = program.needs.reaching(program, asks.node);
        let closing = candidates.iter().filter(|one| reaching.contains(one.name.as_str()));
        closing.map(|one| one.name.clone()).filter(|name| name != asks.node).collect()
    };
    let is_open = |one: &&Candidate| one.name != asks.node && !closing.contains(one.name.as_str());
    let open = candidates.iter().filter(is_open).count();
    // Written out for each, a thousand choices among a thousand nodes would take a million names.
    let takes_all = open > WRITTEN_OUT && open == candidates.len();
    let mut over: Vec<Item> = if is_full {
        Vec::new()
    } else if takes_all {
        vec![Item::Spread(Expr::Const(name_of_all(asks.wanted)))]
    } else {
        candidates.iter().filter(is_open).map(item).collect()
    };
    let is_open = open > 0;
    if over.len() > WRITTEN_OUT
        && let Err(Some(most)) = program.keep(over.len() * BYTES_OF_CANDIDATE)
    {
        out.push(says_types::too_many_candidates(asks.at, short(asks.wanted), most));
    }
    // What is reported of nodes is known too late; of the inventory it is known before.
    let is_late = asks.all.iter().any(|constraint| {
        late(program, &constraint.predicate)
            || reports(program, &constraint.predicate, &asks, is_open)
    });
    if is_late {
        // What the type asks is told where it is chosen.
        let at = wheres
            .first()
            .map_or(asks.at, |one| Place { file: asks.at.file, span: one.predicate.span });
        in_time(Phase::Run, Phase::Deploy, "which candidate fits", at, out);
    }
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
        closing: Arc::new(closing),
        takes_all,
        inventory,
        is_late,
        at: asks.at,
    };
    (expr, choice)
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

/// The constant of all nodes of a type; no name of the language has a bracket.
fn name_of_all(wanted: &str) -> String {
    format!("candidates({wanted})")
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
    expr.replaced(&|part| match part {
        Expr::This => Some(candidate.clone()),
        Expr::Source => Some(Expr::This),
        _ => None,
    })
}
