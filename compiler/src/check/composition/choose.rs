//! Which blueprint stands for a node of an abstract type.
//!
//! Candidates are the blueprints of all files that the root uses, directly or not; the root itself
//! is none, since nothing can contain it.

use bp_eval::Verdict;

use super::types::closed;
use super::written;
use crate::check::Checked;
use crate::check::members::short;
use crate::check::program::Program;
use crate::check::verify;
use crate::diagnostics::{Diagnostic, Severity, composition as says, topology};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, TypeItemKind};

/// A blueprint that stands for nodes of an abstract type.
pub(super) struct Candidate {
    /// Its type, by full name.
    pub(super) full: String,
    /// How people are shown it.
    name: String,
    /// Where it is named.
    place: Place,
    /// What it stands for, and when.
    kind: String,
    constraints: Vec<bp_plan::Constraint>,
}

/// All blueprints but the root that stand for something.
pub(super) fn candidates(others: &[Checked<'_>], program: &Program<'_>) -> Vec<Candidate> {
    others
        .iter()
        .filter_map(|one| {
            let full = super::type_of(program.names, one.file)?.clone();
            let substitutes = one.composition.substitutes.as_ref()?;
            let place = program.names.types.get(&full)?.place;
            Some(Candidate {
                name: one.blueprint.as_ref()?.name.clone(),
                place,
                kind: substitutes.kind.clone(),
                constraints: substitutes.constraints.clone(),
                full,
            })
        })
        .collect()
}

/// What a blueprint, by the full name of its type, asks of the nodes that it stands for, as far as that means the
/// same outside of it.
pub(super) fn asks(
    program: &Program<'_>,
    candidates: &[Candidate],
    full: &str,
) -> Vec<bp_plan::Constraint> {
    let chosen = candidates.iter().find(|one| one.full == full);
    chosen.map_or_else(Vec::new, |one| closed(program, &one.constraints, None))
}

/// How a candidate goes with a node.
enum Match {
    Fits,
    /// What decides is known later.
    Perhaps(String),
    Not(String),
}

/// The blueprint that stands for a node of an abstract type, by the full name of its type.
pub(super) fn choose(
    checked: &Checked<'_>,
    program: &Program<'_>,
    candidates: &[Candidate],
    (name, item): (&str, &ast::Node),
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let file = checked.file;
    let kind = &checked.nodes.nodes.get(name)?.node.kind;
    let info = program.types.get(kind)?;
    let span = item.ty.as_ref().map_or(item.name.span, |path| path.span);
    let at = Place { file, span };
    let of_kind: Vec<&Candidate> =
        candidates.iter().filter(|one| program.names.is_subtype(&one.kind, kind)).collect();
    if let Some(using) = &item.using {
        return chosen(checked, program, &of_kind, (name, using), short(kind), out);
    }
    if of_kind.is_empty() {
        out.push(topology::abstract_type(at, short(kind), info.place));
        return None;
    }
    let mut possible: Vec<&Candidate> = Vec::new();
    let mut why: Vec<(String, String, Place)> = Vec::new();
    for candidate in of_kind {
        match goes(checked, program, name, candidate) {
            Match::Fits => possible.push(candidate),
            Match::Perhaps(reason) | Match::Not(reason) => {
                why.push((candidate.name.clone(), reason, candidate.place));
            }
        }
    }
    match possible.as_slice() {
        [only] => return Some(only.full.clone()),
        // What a mistake in the node leaves open can't decide.
        _ if is_told(file, item, out) => {}
        [] => out.push(says::none_fits(at, short(kind), &why, item.each.is_some())),
        several => {
            let fits: Vec<(String, Place)> =
                several.iter().map(|one| (known_as(program, file, one), one.place)).collect();
            out.push(says::several_fit(at, short(kind), &fits));
        }
    }
    None
}

/// Whether a mistake in the node was told.
fn is_told(file: FileId, item: &ast::Node, out: &[Diagnostic]) -> bool {
    let end = item.body.span.map_or(item.name.span.end, |body| body.end);
    out.iter().any(|told| {
        let at = told.place;
        told.severity == Severity::Error
            && at.file == file
            && at.span.start >= item.name.span.start
            && at.span.end <= end
    })
}

/// The one that `using` names.
fn chosen(
    checked: &Checked<'_>,
    program: &Program<'_>,
    of_kind: &[&Candidate],
    (name, using): (&str, &ast::Path),
    kind: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<String> {
    let file = checked.file;
    let full = program.names.expect_type(file, using, TypeItemKind::Node, out)?;
    let at = Place { file, span: using.span };
    let Some(candidate) = of_kind.iter().find(|one| one.full == full) else {
        let fits: Vec<String> = of_kind.iter().map(|one| known_as(program, file, one)).collect();
        out.push(says::using_other(at, &written(using), kind, &fits));
        return None;
    };
    if let Match::Not(why) = goes(checked, program, name, candidate) {
        out.push(says::chosen_unfit(at, &written(using), &why, candidate.place));
        return None;
    }
    Some(full)
}

/// Whether a candidate's `where` holds of a node.
fn goes(checked: &Checked<'_>, program: &Program<'_>, node: &str, candidate: &Candidate) -> Match {
    let mut later = None;
    for constraint in &candidate.constraints {
        match verify::holds(program, &checked.nodes, node, constraint) {
            Ok(Verdict::Holds) => {}
            Ok(Verdict::Broken(message)) => {
                return Match::Not(message);
            }
            Ok(Verdict::Open) => {
                later = Some(format!("`where {}` can't be told when compiling", constraint.text));
            }
            Err(error) => return Match::Not(format!("`where {}`: {error}", constraint.text)),
        }
    }
    later.map_or(Match::Fits, Match::Perhaps)
}

/// The name by which a file can use a blueprint.
fn known_as(program: &Program<'_>, file: FileId, candidate: &Candidate) -> String {
    let known = program.names.names_of_types(file);
    let fits = known.into_iter().find(|name| {
        program.names.type_name(file, name).is_some_and(|full| full == candidate.full)
    });
    fits.unwrap_or_else(|| candidate.full.clone())
}
