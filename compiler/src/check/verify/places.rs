//! Where what breaks stands: the one target of a list, the `where` of a node.

use bp_plan::{Constraint, Expr, Item, Requirement};

use crate::check::nodes::{CheckedNode, items};
use crate::check::program::Program;
use crate::source::Place;
use crate::syntax::ast::{EntryKind, ExprKind};

/// The targets of a requirement, each where it is written, where they are listed one by one; `whole` is where all
/// of them stand.
pub(super) fn listed(
    program: &Program<'_>,
    checked: &CheckedNode,
    requirement: &Requirement,
    whole: Place,
) -> Vec<Place> {
    let Expr::List(made) = &requirement.target else { return Vec::new() };
    if !made.iter().all(|item| matches!(item, Item::One(_))) {
        return Vec::new();
    }
    let written = program.blueprint().and_then(|module| items(module).nth(checked.number()));
    let entries = written.into_iter().flat_map(|(_, node)| &node.body.entries);
    let mut targets = entries.filter_map(|entry| match &entry.kind {
        EntryKind::Meets(meets) if meets.target.span == whole.span => Some(&meets.target),
        _ => None,
    });
    match targets.next().map(|target| &target.kind) {
        Some(ExprKind::List(elements)) => {
            let at = |span| Place { file: whole.file, span };
            elements.iter().map(|element| at(element.value.span)).collect()
        }
        _ => Vec::new(),
    }
}

/// Where a constraint stands: with the requirement's declaration, else where the node has written it.
pub(super) fn of_constraint(
    program: &Program<'_>,
    constraint: &Constraint,
    requirement: &Requirement,
    declared: Place,
) -> Place {
    let is_own = requirement.constraints.iter().any(|own| std::ptr::eq(own, constraint));
    let own = is_own.then(|| program.place_of(constraint.span)).flatten();
    own.unwrap_or(declared)
}
