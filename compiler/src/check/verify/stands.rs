//! What the blueprint that stands for a node asks of its inputs, and the node does not give.

use bp_eval::{Environment as _, Outcome};
use bp_plan::Constraint;

use super::{Known, Memo, broken, constraints, instances};
use crate::check::members::short;
use crate::check::nodes::Nodes;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, types as says};

/// Tells the properties of a node that are known and that an input of the blueprint (by the full name of its type)
/// does not take. What the node's own type asks of them is told elsewhere.
pub(crate) fn verify(
    (program, nodes): (&Program<'_>, &Nodes),
    name: &str,
    blueprint: &str,
    out: &mut Vec<Diagnostic>,
) {
    let Some(checked) = nodes.nodes.get(name) else { return };
    let (Some(of), Some(own)) =
        (program.types.get(blueprint), program.types.get(&checked.node.kind))
    else {
        return;
    };
    let memo = Memo::default();
    for (input, declared) in &of.properties {
        let Some(asked_of_own) = own.properties.get(input) else { continue };
        let asked: Vec<&Constraint> = constraints(program, &declared.declared.kind)
            .chain(&declared.declared.constraints)
            .filter(|one| !asked_of_own.declared.constraints.contains(one))
            .collect();
        if asked.is_empty() {
            continue;
        }
        for of in instances(program, name, checked) {
            let known = Known::of((program, nodes, &memo), of.clone());
            let Ok(Some(Outcome::Value(value))) = known.field(&of, input) else { continue };
            let Some((constraint, message)) = broken(&asked, &value, &known) else { continue };
            let is_set = checked.node.properties.contains_key(input);
            let at = if is_set { checked.value(input) } else { checked.place() };
            let message = format!("`{}`: {message}", bp_eval::reference_text(&of));
            let by = short(blueprint.trim_end_matches(".Blueprint"));
            let stands = format!("`{by}`, which stands for this node, asks it here");
            let text = constraint.message.is_none().then_some(constraint.text.as_str());
            out.push(says::constraint_broken(at, &message, text, Some((declared.place, stands))));
            break;
        }
    }
}
