//! Where in a workflow a step stands, as a path: short, and the same in every run.
//!
//! `2` is the third step of the workflow. Inside of a step its blocks' steps follow a point: `2.0`; those
//! of an `if` the number of the arm first: `2.1.0`. `2#7` is the eighth turn of a `for`, or the eighth call
//! of one over a collection. What stands in `on failure` follows a `!`, in `on cancel` a `-`: `2#7!.0`.

use std::ops::Range;

use bp_plan::Plan;
use bp_plan::workflow::{Action, Block, Step};

/// The step of this number of a block.
pub(crate) fn child(block: &str, at: usize) -> String {
    if block.is_empty() { at.to_string() } else { format!("{block}.{at}") }
}

/// The turn, or the call, of this number.
pub(crate) fn turn(step: &str, at: usize) -> String {
    format!("{step}#{at}")
}

/// The `on failure` of a block.
pub(crate) fn failure(block: &str) -> String {
    format!("{block}!")
}

/// The `on cancel` of a block.
pub(crate) fn cancel(block: &str) -> String {
    format!("{block}-")
}

/// All paths that begin with this one and go on: every sign of a path but digits is in this range.
pub(crate) fn inside(step: &str) -> Range<String> {
    format!("{step}!")..format!("{step}/")
}

/// What sorts paths in the order of their steps; handlers come after the steps that they are for.
pub(crate) fn order(path: &str) -> Vec<(u8, usize)> {
    let mut order = Vec::new();
    let mut signs = Signs { rest: path };
    while !signs.rest.is_empty() {
        if signs.skip('!').is_some() {
            order.push((1, 0));
        } else if signs.skip('-').is_some() {
            order.push((2, 0));
        } else if signs.skip('.').is_none() && signs.skip('#').is_none() {
            match signs.number() {
                Some(number) => order.push((0, number)),
                None => break,
            }
        }
    }
    order
}

/// The step that a path leads to, in the workflow that a person ran; none where the plan has none.
pub fn step<'p>(plan: &'p Plan, workflow: &str, path: &str) -> Option<&'p Step> {
    let mut signs = Signs { rest: path };
    let mut block = &plan.workflows.get(workflow)?.body;
    loop {
        block = handled(block, &mut signs)?;
        let found = block.steps.get(signs.number()?)?;
        // The call of one element is the step's own.
        let is_call = matches!(found.action, Action::Call(_));
        if signs.rest.is_empty() || is_call {
            return Some(found);
        }
        block = match &found.action {
            Action::Parallel(inner) => inner,
            Action::For(each) => {
                signs.skip('#')?;
                signs.number()?;
                &each.body
            }
            Action::If { arms, otherwise } => {
                signs.skip('.')?;
                let arm = signs.number()?;
                arms.get(arm).map(|arm| &arm.body).or(otherwise.as_ref())?
            }
            Action::Run(run) => &plan.workflows.get(&run.workflow)?.body,
            _ => return None,
        };
        if signs.rest.is_empty() {
            return Some(found);
        }
    }
}

/// The block, or one of its handlers (which may have handlers of their own).
fn handled<'p>(mut block: &'p Block, signs: &mut Signs<'_>) -> Option<&'p Block> {
    loop {
        if signs.skip('!').is_some() {
            block = &block.on_failure.as_ref()?.body;
        } else if signs.skip('-').is_some() {
            block = block.on_cancel.as_ref()?;
        } else {
            let _ = signs.skip('.');
            return Some(block);
        }
    }
}

/// A path that is read.
struct Signs<'t> {
    rest: &'t str,
}

impl Signs<'_> {
    fn skip(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn number(&mut self) -> Option<usize> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number.parse().ok()
    }
}
