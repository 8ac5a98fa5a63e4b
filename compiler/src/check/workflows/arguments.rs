//! Arguments by name, against what is taken: of operations, of workflows, and of policies that run
//! one.

use std::collections::BTreeMap;

use bp_plan::{Property, Type};

use super::heads::Taken;
use crate::check::Program;
use crate::check::blocks::inner_spans;
use crate::check::expr::{Scope, World as _, check_expr, held};
use crate::diagnostics::{
    Diagnostic, names as says_names, topology as says_topology, workflows as says,
};
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind, RecordEntry};

/// What is given arguments.
#[derive(Clone, Debug)]
pub(crate) struct Callee<'a> {
    /// In words: "the workflow `clean`".
    pub(crate) what: String,
    pub(crate) parameters: &'a [Taken],
    /// Where it is declared.
    pub(crate) place: Option<Place>,
}

/// One argument: its name, its value.
pub(crate) type Given<'t> = (&'t ast::Name, &'t ast::Expr);

/// The arguments of a block `{ name = value }`; what else stands there is told.
pub(crate) fn given_by_body<'t>(
    scope: &Scope,
    body: &'t ast::Body,
    out: &mut Vec<Diagnostic>,
) -> Vec<Given<'t>> {
    let mut given = Vec::with_capacity(body.entries.len());
    for entry in &body.entries {
        if let EntryKind::Assign { key, value } = &entry.kind {
            given.push((key, value));
        } else {
            let at = Place { file: scope.file(), span: entry.span };
            out.push(says_names::not_here(at, "this", "arguments", "`parameter = value`"));
        }
    }
    given
}

/// The arguments of a value `{ name = value }`, as a policy's `with`; what else stands there is told.
pub(crate) fn given_by_record<'t>(
    scope: &Scope,
    value: &'t ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Vec<Given<'t>> {
    let told = |at: Place| says_names::not_here(at, "this", "arguments", "`parameter = value`");
    match &value.kind {
        ExprKind::Paren(of) => given_by_record(scope, of, out),
        ExprKind::Missing => Vec::new(),
        ExprKind::Record(entries) => {
            let mut given = Vec::with_capacity(entries.len());
            for entry in entries {
                match entry {
                    RecordEntry::One { key, value } => given.push((key, value)),
                    RecordEntry::Spread(of) => {
                        out.push(told(Place { file: scope.file(), span: of.span }));
                    }
                }
            }
            given
        }
        _ => {
            out.push(told(Place { file: scope.file(), span: value.span }));
            Vec::new()
        }
    }
}

/// Checks arguments: each is known, fits and keeps the constraints; none that is needed is left
/// out, which is told at `at`.
pub(crate) fn check_arguments(
    program: &Program<'_>,
    scope: &Scope,
    callee: &Callee<'_>,
    given: &[Given<'_>],
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Property> {
    let mut set: BTreeMap<String, Property> = BTreeMap::new();
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    let mut unknown = 0;
    for (key, value) in given {
        let name = key.text.as_str();
        let place = Place { file: scope.file(), span: key.span };
        let Some(taken) = callee.parameters.iter().find(|taken| taken.name == name) else {
            let known: Vec<&str> = callee.parameters.iter().map(|t| t.name.as_str()).collect();
            out.push(says::unknown_argument(place, name, &callee.what, &known, callee.place));
            unknown += 1;
            // What stands there is checked all the same.
            check_expr(program, scope, value, None, out);
            continue;
        };
        if let Some(first) = places.insert(name, place) {
            out.push(says_topology::set_twice(place, name, first));
            continue;
        }
        let property = argument(program, scope, taken, value, out);
        set.insert(name.to_owned(), property);
    }
    let missing: Vec<&Taken> = callee
        .parameters
        .iter()
        .filter(|taken| taken.is_required() && !places.contains_key(taken.name.as_str()))
        .collect();
    // A name that was misspelt was told.
    if missing.len() > unknown {
        let missing: Vec<(&str, &Type, Option<Place>)> =
            missing.iter().map(|taken| (taken.name.as_str(), &taken.ty, taken.place)).collect();
        out.push(says::missing_arguments(at, &callee.what, &missing));
    }
    set
}

fn argument(
    program: &Program<'_>,
    scope: &Scope,
    taken: &Taken,
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Property {
    let note = format!("`{}` is declared here", taken.name);
    let inside = scope.clone().because(taken.place, note.clone());
    let typed = check_expr(program, &inside, value, Some(&taken.ty), out);
    let place = Place { file: scope.file(), span: value.span };
    if let Some(known) = typed.expr.as_value().filter(|_| typed.ty != Type::Unknown) {
        held(&taken.constraints, known, place, taken.place.map(|at| (at, note)), out);
    }
    let mut inner = BTreeMap::new();
    inner_spans(program, scope, value, &taken.name, 0, &mut inner);
    Property { value: typed.expr, phase: typed.phase, span: program.span(place), inner }
}
