//! What the blueprint that stands for a node asks of its inputs, and the node does not give.

use super::properties::{asked, wrong};
use super::{Known, Memo, instances};
use crate::check::members::short;
use crate::check::nodes::Nodes;
use crate::check::program::Program;
use crate::diagnostics::Diagnostic;

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
        let of_own = &asked_of_own.declared.constraints;
        let mut asked = asked(program, declared);
        asked.retain(|one| !of_own.contains(one));
        if asked.is_empty() {
            continue;
        }
        for of in instances((program, nodes, &memo), name, checked) {
            let known = Known::of((program, nodes, &memo), of.clone());
            let Some(wrong) = wrong(&known, &of, input, &asked) else { continue };
            let is_set = checked.node.properties.contains_key(input);
            let at = if is_set { checked.value(input) } else { checked.place() };
            let about = format!("`{}`: ", bp_eval::reference_text(&of));
            let by = short(blueprint.trim_end_matches(".Blueprint"));
            let stands = format!("`{by}`, which stands for this node, asks it here");
            out.push(wrong.told(at, &about, (declared.place, stands)));
            break;
        }
    }
}
