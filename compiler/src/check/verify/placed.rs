//! Groups and policies: what is known of them when compiling, and breaks what their types ask.

use bp_eval::{Verdict, check_constraint};
use bp_plan::{Reference, Value};

use super::known::{Placed, Places, World};
use super::properties::{Wrong, asked_of_made, declared_here, wrong};
use super::{Known, Memo};
use crate::check::groups::Groups;
use crate::check::policies::Policies;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, policies as says};
use crate::source::Place;

/// The groups and policies by name.
pub(super) fn places<'p>(
    program: &'p Program<'_>,
    groups: &'p Groups,
    policies: &'p Policies,
) -> Places<'p> {
    let mut places = Places::new();
    for (name, checked) in groups {
        let Some(info) = program.types.get(&checked.group.kind) else { continue };
        let over = ("members", &checked.group.members);
        places.insert(name, Placed { info, set: &checked.group.properties, over });
    }
    for (name, checked) in policies {
        let Some(info) = program.types.get(&checked.policy.kind) else { continue };
        let over = ("targets", &checked.policy.targets);
        places.insert(name, Placed { info, set: &checked.policy.properties, over });
    }
    places
}

/// Tells what is broken for sure.
pub(super) fn verify(
    world: World<'_, '_>,
    groups: &Groups,
    policies: &Policies,
    out: &mut Vec<Diagnostic>,
) {
    let (.., memo) = world;
    let groups = groups.iter().filter_map(|(name, checked)| Some((name, checked.sound?)));
    let policies = policies.iter().filter_map(|(name, checked)| Some((name, checked.sound?)));
    for (name, at) in groups.chain(policies) {
        let of = Reference::Group { group: name.clone() };
        let known = Known::of(world, of.clone());
        if let Some(placed) = memo.place(name)
            && !properties(&known, &of, placed, at, out)
        {
            whole((&known, memo), (name, of), placed, at, out);
        }
    }
}

/// Tells the properties that are known, though not written down, and break what is asked of them; whether
/// there is one.
fn properties(
    known: &Known<'_, '_>,
    of: &Reference,
    placed: Placed<'_>,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> bool {
    let before = out.len();
    for (name, declared) in &placed.info.properties {
        let set = placed.set.get(name).map(|set| &set.value);
        let asked = asked_of_made(known.program, declared, set);
        let wrong = wrong(known, of, name, &asked);
        let told =
            |wrong: Wrong| wrong.told(at, &format!("`{name}`: "), declared_here(name, declared));
        out.extend(wrong.map(told));
    }
    out.len() > before
}

/// Tells the first `check` that does not hold of it as a whole.
fn whole(
    (known, memo): (&Known<'_, '_>, &Memo<'_>),
    (name, of): (&str, Reference),
    placed: Placed<'_>,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let this = Value::Reference(of);
    for (constraint, declared) in &placed.info.constraints {
        let (verdict, reported) = memo.reading(|| check_constraint(constraint, &this, known));
        match (verdict, reported) {
            (Ok(Verdict::Broken(message)), _) => {
                out.push(says::breaks(at, name, &message, *declared));
                return;
            }
            // It is held before anything runs, and not again.
            (Ok(Verdict::Open), Some((node, attribute))) => {
                out.push(says::check_too_late(at, name, [&node, &attribute], *declared));
                return;
            }
            _ => {}
        }
    }
}
