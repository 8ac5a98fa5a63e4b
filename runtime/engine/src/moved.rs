//! Nodes that have other names now (`@was`): what was done under the old name goes on under the new one.
//!
//! The move is an event of the target's stream. Nothing in the world changes by it; a provider is told the
//! names that an instance had, so that it knows its objects again.

use bp_topology::{InstanceId, Place, Topology};

use crate::event::Event;
use crate::life::LifeState;
use crate::state::State;
use crate::status::is_at;

/// The names that an instance may have had, newest word of the plan first.
pub(crate) fn names_before<'t>(
    topology: &'t Topology,
    id: &'t InstanceId,
) -> impl Iterator<Item = String> + 't {
    let was = topology.plan().nodes.get(&id.node).map_or(&[][..], |node| node.was.as_slice());
    let id_of = |name: &String| InstanceId { node: name.clone(), key: id.key.clone() };
    // A name that is in use again is another node's.
    was.iter().map(id_of).filter(|old| topology.find(old).is_none()).map(|old| old.to_string())
}

/// The moves that a plan leads to, as events of targets: what is there under an old name only.
pub fn moves(state: &State, topology: &Topology) -> Vec<(String, Event)> {
    let mut moves = Vec::new();
    for instance in topology.instances() {
        let node = topology.plan().nodes.get(&instance.id.node);
        if node.is_none_or(|node| node.was.is_empty()) {
            continue;
        }
        let name = instance.id.to_string();
        let Some((target, there)) = at(state, &instance.place) else { continue };
        if there.instances.contains_key(&name) {
            continue;
        }
        let old = names_before(topology, &instance.id)
            .find(|old| there.instances.get(old).is_some_and(|is| !is.is_going()));
        if let Some(was) = old {
            moves.push((target.clone(), Event::InstanceRenamed { instance: name, was }));
        }
    }
    moves
}

fn at<'s>(state: &'s State, place: &Place) -> Option<(&'s String, &'s crate::state::TargetState)> {
    state.targets.iter().find(|(_, target)| is_at(target, place))
}

/// Takes in a move.
pub(crate) fn fold(state: &mut State, target: &str, instance: &str, was: &str) {
    let Some(there) = state.targets.get_mut(target) else { return };
    let Some(mut is) = there.instances.remove(was) else { return };
    is.was.push(was.to_owned());
    // What only its own operations keep bears no name that anybody would have to be told.
    is.is_renamed = !is.provider.is_empty();
    there.instances.insert(instance.to_owned(), is);
    if let Some(failed) = there.failures.remove(was) {
        there.failures.insert(instance.to_owned(), failed);
    }
    if let Some(set) = there.set.remove(was) {
        there.set.insert(instance.to_owned(), set);
    }
    for is in state.targets.values_mut().flat_map(|there| there.instances.values_mut()) {
        for (on, needed) in &mut is.depends {
            if on == target && needed == was {
                instance.clone_into(needed);
            }
        }
        if let Some(life) = &mut is.life {
            rename(life, instance, was);
        }
    }
}

/// The relationships of a life lead to the new name. What was called is compared under the old one, so that
/// a name alone calls nothing again.
fn rename(life: &mut LifeState, instance: &str, was: &str) {
    let mut named = life.named.clone();
    let before = std::mem::take(&mut life.named);
    life.for_each_act(|act| {
        let Some(via) = &mut act.via else { return };
        let rest = match via.target.strip_prefix(was) {
            Some(rest) if rest.is_empty() || rest.starts_with('.') => rest,
            _ => return,
        };
        let new = format!("{instance}{rest}");
        let first = before.get(&via.target).unwrap_or(&via.target);
        named.remove(&via.target);
        named.insert(new.clone(), first.clone());
        via.target = new;
    });
    life.named = named;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::BTreeMap;

    use bp_topology::Act;
    use bp_topology::life::Via;

    use super::*;
    use crate::life::Done;

    #[test]
    fn a_relationship_is_compared_under_the_first_name_of_its_end() {
        let to = |target: &str| Act {
            operation: "configure.establish_source".into(),
            via: Some(Via { requirement: "db".into(), target: target.into() }),
        };
        let done =
            |act| Done { act: Some(act), inputs: String::new(), attributes: BTreeMap::default() };
        let done = vec![done(to("a.sql")), done(to("a.sql")), done(to("ab.sql"))];
        let mut life = LifeState { done, ..LifeState::default() };
        for (instance, was) in [("b", "a"), ("c", "b")] {
            rename(&mut life, instance, was);
        }
        let acts: Vec<Act> = life.done.iter().filter_map(|done| done.act.clone()).collect();
        assert_eq!(acts, [to("c.sql"), to("c.sql"), to("ab.sql")]);
        let compared: Vec<Act> = acts.iter().map(|act| life.named(act)).collect();
        assert_eq!(compared, [to("a.sql"), to("a.sql"), to("ab.sql")]);
        // One that is called as the first was is another one.
        assert_eq!(life.named(&to("b.sql")), to("b.sql"));
    }
}
