//! Where in a workflow a step stands, as a path: short, and the same in every run.
//!
//! `2` is the third step of the workflow. Inside of a step its blocks' steps follow a point: `2.0`; those
//! of an `if` the number of the arm first: `2.1.0`. `2#7` is the eighth turn of a `for`, or the eighth call
//! of one over a collection. What stands in `on failure` follows a `!`, in `on cancel` a `-`: `2#7!.0`.

use std::collections::BTreeMap;
use std::ops::Range;

use bp_plan::workflow::{Action, Block, Step};
use bp_plan::{Plan, Workflow};

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
    lead(&plan.workflows, workflow, path)
}

fn lead<'p>(
    workflows: &'p BTreeMap<String, Workflow>,
    workflow: &str,
    path: &str,
) -> Option<&'p Step> {
    let mut signs = Signs { rest: path };
    let mut block = &workflows.get(workflow)?.body;
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
            Action::Run(run) => &workflows.get(&run.workflow)?.body,
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

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use serde_json::{Value as Json, json};

    use super::*;

    /// A step on this line.
    fn at(line: u32, action: &Json) -> Json {
        json!({ "action": action, "span": [0, line, 1, line, 2] })
    }

    fn wait(line: u32) -> Json {
        at(line, &json!({ "wait": { "value": { "$duration": "1s" } } }))
    }

    fn block(steps: &[Json]) -> Json {
        json!({ "steps": steps })
    }

    fn workflows() -> BTreeMap<String, Workflow> {
        let value = |value: Json| json!({ "value": value });
        let call = json!({ "call": {
            "target": { "node": "db" }, "each": true, "interface": "i", "operation": "o",
        } });
        let mut turn = block(&[wait(4)]);
        turn["on_failure"] = json!({ "body": block(&[wait(5), at(6, &call)]) });
        let turns = json!({ "for": { "names": ["x"], "over": value(json!([1])), "body": turn } });
        let arm = json!({ "condition": value(json!(true)), "body": block(&[wait(8)]) });
        let choice = json!({ "if": { "arms": [arm], "otherwise": block(&[wait(9)]) } });
        let mut body = block(&[
            wait(1),
            at(2, &json!({ "parallel": block(&[wait(2), at(3, &turns)]) })),
            at(7, &choice),
            at(10, &json!({ "run": { "workflow": "inner" } })),
        ]);
        body["on_cancel"] = block(&[wait(11)]);
        let all = json!({
            "outer": { "body": body, "span": [0, 1, 1, 1, 2] },
            "inner": { "body": block(&[wait(20)]), "span": [0, 20, 1, 20, 2] },
        });
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn paths_lead_to_their_steps() {
        let workflows = workflows();
        for (path, line) in [
            ("0", 1),
            ("1", 2),
            ("1.0", 2),
            ("1.1", 3),
            ("1.1#12.0", 4),
            ("1.1#12!.0", 5),
            ("1.1#12!.1#3", 6),
            ("2", 7),
            ("2.0.0", 8),
            ("2.1.0", 9),
            ("3", 10),
            ("3.0", 20),
            ("-.0", 11),
        ] {
            let found = lead(&workflows, "outer", path).unwrap_or_else(|| panic!("no {path}"));
            assert_eq!(found.span.line, line, "{path}");
        }
        for path in ["", "4", "0.0.0", "!.0", "x", "1.1#", "3.7"] {
            assert_eq!(lead(&workflows, "outer", path), None, "{path}");
        }
    }

    #[test]
    fn paths_sort_as_steps_do() {
        let sorted =
            ["0", "1", "1.0", "1.1#2.0", "1.1#10.0", "1!.0", "2", "10", "10.0", "!.0", "-.0"];
        let mut mixed = sorted.map(str::to_owned).to_vec();
        mixed.sort();
        mixed.sort_by_cached_key(|path| order(path));
        assert_eq!(mixed, sorted);
    }

    #[test]
    fn what_is_inside_of_a_step_is_no_other_step() {
        let inside = inside("1");
        for path in ["1.0", "1#0", "1!.0", "1-.0", "1.0.0"] {
            assert!(inside.contains(&path.to_owned()), "{path}");
        }
        for path in ["1", "10", "10.0", "2", "0"] {
            assert!(!inside.contains(&path.to_owned()), "{path}");
        }
    }
}
