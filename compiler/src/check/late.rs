//! Why something is known later than it is needed: the part that makes it so, wherever it stands.

use std::collections::BTreeSet;

use bp_plan::{Expr, Phase, Type};

use super::blocks::in_time;
use super::expr::World as _;
use super::program::Program;
use crate::diagnostics::{Diagnostic, topology as says};
use crate::source::Place;

/// What makes something late: where it is declared, and in words.
struct Because {
    place: Place,
    note: String,
    is_secret: bool,
}

/// As [`in_time`], with the place of what comes too late.
pub(crate) fn known_in_time(
    program: &Program<'_>,
    (expr, phase): (&Expr, Phase),
    latest: Phase,
    what: &str,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let told = out.len();
    in_time(phase, latest, what, at, out);
    if out.len() == told {
        return;
    }
    let because = part(program, expr, latest, &mut BTreeSet::new());
    if let Some(Because { place, note, is_secret }) = because
        && let Some(error) = out.pop()
    {
        let error = if is_secret { says::secret_too_late(at, what) } else { error };
        out.push(error.related(place, note));
    }
}

/// The first part that is known later: where it is declared, and why it is late.
fn part<'e>(
    program: &'e Program<'_>,
    expr: &'e Expr,
    latest: Phase,
    seen: &mut BTreeSet<&'e str>,
) -> Option<Because> {
    let place = |name: &str| program.value_place(program.file, name);
    let because = |place, note| Some(Because { place, note, is_secret: false });
    match expr {
        Expr::Secret(name) if latest < Phase::Run => {
            let note = format!("`{name}` is a secret: it is known last");
            return Some(Because { place: place(name)?, note, is_secret: true });
        }
        Expr::Input(name) if latest < Phase::Deploy => {
            return because(place(name)?, format!("`{name}` is given when it is deployed"));
        }
        Expr::Field { of, name, .. } if latest < Phase::Run => {
            if let Some(node) = Program::node_of(of)
                && program.reports(node, name)
            {
                let ty = Type::Node(program.node_type(node)?.to_owned());
                let note = format!("`{name}` is reported, once `{node}` is there");
                return because(program.type_place(&ty, Some(name))?, note);
            }
        }
        Expr::Const(name) => {
            if let Some((name, of)) = program.constants.get_key_value(name)
                && seen.insert(name)
            {
                return part(program, of, latest, seen);
            }
        }
        _ => {}
    }
    let mut parts = Vec::new();
    expr.parts(&mut |inner| parts.push(inner));
    parts.into_iter().find_map(|inner| part(program, inner, latest, seen))
}

/// Whether something is known only while a deployment runs: what nodes report, secrets.
pub(crate) fn late(program: &Program<'_>, expr: &Expr) -> bool {
    is_late(program, expr, &mut BTreeSet::new())
}

fn is_late<'e>(program: &'e Program<'_>, expr: &'e Expr, seen: &mut BTreeSet<&'e str>) -> bool {
    match expr {
        Expr::Secret(_) => return true,
        Expr::Field { of, name, .. }
            if Program::node_of(of).is_some_and(|node| program.reports(node, name)) =>
        {
            return true;
        }
        Expr::Const(name) => {
            return program
                .constants
                .get_key_value(name)
                .is_some_and(|(name, of)| seen.insert(name) && is_late(program, of, seen));
        }
        _ => {}
    }
    let mut parts = Vec::new();
    expr.parts(&mut |inner| parts.push(inner));
    parts.into_iter().any(|inner| is_late(program, inner, seen))
}
