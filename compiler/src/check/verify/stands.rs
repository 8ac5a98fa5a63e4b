//! What the blueprint that stands for a node asks of its inputs and of what meets its requirements, and the node does
//! not give.

use bp_plan::Constraint;

use super::known::World;
use super::properties::{asked, wrong};
use super::{Known, instances, meets};
use crate::check::members::short;
use crate::check::nodes::CheckedNode;
use crate::check::program::TypeInfo;
use crate::diagnostics::Diagnostic;

/// Tells what is known of a node and is not as the blueprint asks that stands for it. What the node's own type asks is
/// told elsewhere.
pub(super) fn verify(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    let Some(blueprint) = &checked.node.substituted_by else { return };
    let (Some(of), Some(own)) =
        (program.types.get(blueprint), program.types.get(&checked.node.kind))
    else {
        return;
    };
    inputs(world, (name, checked), (of, own), out);
    targets(world, (name, checked), (of, own), out);
}

/// Tells the properties that an input does not take.
fn inputs(
    world: World<'_, '_>,
    (name, checked): (&str, &CheckedNode),
    (of, own): (&TypeInfo, &TypeInfo),
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    for (input, declared) in &of.properties {
        let Some(asked_of_own) = own.properties.get(input) else { continue };
        let of_own = &asked_of_own.declared.constraints;
        let mut asked = asked(program, declared);
        asked.retain(|one| !of_own.contains(one));
        if asked.is_empty() {
            continue;
        }
        for one in instances(world, name, checked) {
            let known = Known::of(world, one.clone());
            let Some(wrong) = wrong(&known, &one, input, &asked) else { continue };
            let is_set = checked.node.properties.contains_key(input);
            let at = if is_set { checked.value(input) } else { checked.place() };
            let about = format!("`{}`: ", bp_eval::reference_text(&one));
            let by = short(of.full.trim_end_matches(".Blueprint"));
            let stands = format!("`{by}`, which stands for this node, asks it here");
            out.push(wrong.told(at, &about, (declared.place, stands)));
            break;
        }
    }
}

/// Tells the targets that the blueprint's own requirements do not take.
fn targets(
    world: World<'_, '_>,
    node: (&str, &CheckedNode),
    (of, own): (&TypeInfo, &TypeInfo),
    out: &mut Vec<Diagnostic>,
) {
    for (requirement, place) in node.1.node.requirements.iter().zip(node.1.targets()) {
        let (Some(declared), Some(of_own)) =
            (of.requirements.get(&requirement.name), own.requirements.get(&requirement.name))
        else {
            continue;
        };
        let of_own = &of_own.declared.constraints;
        let asked = declared.declared.constraints.iter().filter(|one| !of_own.contains(one));
        let asked: Vec<&Constraint> = asked.collect();
        meets(world, node, (requirement, place), (&asked, declared.place), out);
    }
}
