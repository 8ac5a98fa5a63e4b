//! Groups and policies: what is known of them when compiling, and breaks what their types ask.

use bp_eval::{Verdict, check_constraint};
use bp_plan::{Reference, Value};

use super::Known;
use super::known::{Placed, Places, World};
use super::properties::{Wrong, asked_of_made, declared_here, wrong};
use crate::check::groups::Groups;
use crate::check::policies::Policies;
use crate::diagnostics::{Diagnostic, policies as says};
use crate::source::Place;

/// Tells what is broken for sure.
pub(crate) fn verify(
    world: World<'_, '_>,
    groups: &Groups,
    policies: &Policies,
    out: &mut Vec<Diagnostic>,
) {
    let (program, ..) = world;
    let mut places = Places::new();
    let mut sound = Vec::new();
    for (name, checked) in groups {
        let Some(info) = program.types.get(&checked.group.kind) else { continue };
        let members = Some(&checked.group.members);
        places.insert(name, Placed { info, set: &checked.group.properties, members });
        sound.extend(checked.sound.map(|at| (name.as_str(), at)));
    }
    for (name, checked) in policies {
        let Some(info) = program.types.get(&checked.policy.kind) else { continue };
        places.insert(name, Placed { info, set: &checked.policy.properties, members: None });
        sound.extend(checked.sound.map(|at| (name.as_str(), at)));
    }
    for (name, at) in sound {
        let of = Reference::Group { group: name.to_owned() };
        let known = Known::of(world, of.clone()).among(&places);
        if let Some(placed) = places.get(name)
            && !properties(&known, &of, *placed, at, out)
        {
            whole(&known, (name, of), *placed, at, out);
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
    known: &Known<'_, '_>,
    (name, of): (&str, Reference),
    placed: Placed<'_>,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let this = Value::Reference(of);
    for (constraint, declared) in &placed.info.constraints {
        if let Ok(Verdict::Broken(message)) = check_constraint(constraint, &this, known) {
            out.push(says::breaks(at, name, &message, *declared));
            return;
        }
    }
}
