//! Steps of workflows that may be reached, as far as what decides is known.

use bp_eval::{Outcome, evaluate_with};
use bp_plan::Expr;
use bp_plan::workflow::{Action, Arm, Block};

use super::Known;
use super::known::{World, reference};

/// Hands on what is done in a block, but for what surely is not; whether the workflow surely ends in there.
pub(super) fn reached(world: World<'_, '_>, block: &Block, visit: &mut dyn FnMut(&Action)) -> bool {
    let handlers = block.on_failure.iter().map(|handler| &*handler.body);
    for block in handlers.chain(block.on_cancel.as_deref()) {
        reached(world, block, visit);
    }
    block.steps.iter().any(|step| {
        visit(&step.action);
        ends(world, &step.action, visit)
    })
}

/// The same of what is inside of a step.
fn ends(world: World<'_, '_>, action: &Action, visit: &mut dyn FnMut(&Action)) -> bool {
    match action {
        Action::If { arms, otherwise } => chosen(world, (arms, otherwise.as_ref()), visit),
        Action::Return(_) | Action::Fail(_) => true,
        Action::For(each) if is_empty(world, &each.over) => false,
        other => {
            for block in other.blocks() {
                reached(world, block, visit);
            }
            false
        }
    }
}

/// The same of the arms of an `if`.
fn chosen(
    world: World<'_, '_>,
    (arms, otherwise): (&[Arm], Option<&Block>),
    visit: &mut dyn FnMut(&Action),
) -> bool {
    for (at, arm) in arms.iter().enumerate() {
        match holds(world, &arm.condition) {
            Some(false) => {}
            Some(true) => return reached(world, &arm.body, visit),
            None => {
                let end = reached(world, &arm.body, visit);
                let left = arms.get(at + 1..).unwrap_or_default();
                return chosen(world, (left, otherwise), visit) && end;
            }
        }
    }
    otherwise.is_some_and(|block| reached(world, block, visit))
}

/// Whether a condition holds, where that is known. A step is of no node.
fn holds(world: World<'_, '_>, condition: &Expr) -> Option<bool> {
    Known::of(world, reference("")).holds(condition)
}

/// Whether a loop surely goes through nothing.
fn is_empty(world: World<'_, '_>, over: &Expr) -> bool {
    match evaluate_with(over, &Known::of(world, reference("")), &[]) {
        Ok(Outcome::Value(value)) => bp_eval::elements(value).is_ok_and(|all| all.is_empty()),
        _ => false,
    }
}
