//! What is proposed for a misspelt target: something that can be one, rather than whatever has the nearest name.
//!
//! Expressions are checked without regard to what takes them; this looks at their errors afterwards.

use bp_plan::Type;

use super::expr::{Scope, World, check_expr};
use super::program::Program;
use super::requirements::nodes_and_requirements;
use crate::diagnostics::{Diagnostic, near, types as says};
use crate::source::Place;
use crate::syntax::ast::{self, ExprKind};

/// What can be a target.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The node type that is wanted, where it is one.
    pub(crate) kind: Option<&'a str>,
    /// Whether a value of a type can be it.
    pub(crate) fits: &'a dyn Fn(&Type) -> bool,
    /// The node that requires it, which is none itself.
    pub(crate) but: Option<&'a str>,
}

/// Gives the errors of a target since so many a proposal that fits, or none.
pub(crate) fn suit(
    program: &Program<'_>,
    scope: &Scope,
    written: &ast::Expr,
    wanted: Wanted<'_>,
    (out, before): (&mut [Diagnostic], usize),
) {
    if out.len() == before {
        return;
    }
    match &written.kind {
        ExprKind::Paren(of) => suit(program, scope, of, wanted, (out, before)),
        ExprKind::List(elements) => {
            for element in elements.iter().filter(|element| !element.spread) {
                suit(program, scope, &element.value, wanted, (&mut *out, before));
            }
        }
        ExprKind::Name(name) if !name.starts_with(char::is_uppercase) => {
            let at = Place { file: scope.file(), span: written.span };
            if let Some(told) = told_at(out, before, "E3001", at)
                && !is_fit(program, scope, written, told, wanted.fits)
            {
                let known = nodes_and_requirements(program);
                let known: Vec<&str> = known
                    .filter(|(name, ty, _)| (wanted.fits)(ty) && wanted.but != Some(*name))
                    .map(|(name, ..)| name)
                    .collect();
                let near = near(name, known.iter().copied());
                let place = near.and_then(|near| program.value_place(scope.file(), near));
                *told = match near {
                    Some(_) => says::unknown_name(at, name, near, place),
                    None => says::unknown_target(at, name, wanted.kind, &known),
                };
            }
        }
        ExprKind::Field { name, .. } => {
            let at = Place { file: scope.file(), span: name.span };
            if let Some(told) = told_at(out, before, "E3003", at)
                && !is_fit(program, scope, written, told, wanted.fits)
            {
                says::propose_nothing(told);
            }
        }
        _ => {}
    }
}

/// The error of a name that nothing has.
fn told_at<'o>(
    out: &'o mut [Diagnostic],
    before: usize,
    code: &str,
    at: Place,
) -> Option<&'o mut Diagnostic> {
    out.iter_mut().skip(before).find(|told| told.code == code && told.place == at)
}

/// Whether the target would be one with the name that is proposed.
fn is_fit(
    program: &Program<'_>,
    scope: &Scope,
    written: &ast::Expr,
    told: &Diagnostic,
    fits: &dyn Fn(&Type) -> bool,
) -> bool {
    let edits = told.fix.iter().flat_map(|fix| &fix.edits);
    let Some(better) = edits.map(|(_, better)| better.as_str()).next() else { return false };
    let kind = match &written.kind {
        ExprKind::Field { of, name, safe } => ExprKind::Field {
            of: of.clone(),
            name: ast::Name { text: better.into(), span: name.span },
            safe: *safe,
        },
        _ => ExprKind::Name(better.into()),
    };
    let renamed = ast::Expr { kind, span: written.span };
    fits(&check_expr(program, scope, &renamed, None, &mut Vec::new()).ty)
}
