//! What must be so at the end: the world is as it is wanted, and the journal is whole.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::{Event, Stream};
use bp_journal::{MemoryStore, Store};

use crate::blueprint::{At, Blueprint, Kind};
use crate::history::{Counts, Wish};
use crate::sim::Sim;
use crate::simulation::{ID, Lived};
use crate::world::World;

/// What is not as the wish wants it; where all is, the world remembers for which version.
pub(crate) fn fulfilled(sim: &Sim, blueprints: &[Blueprint], wish: Wish) -> Vec<String> {
    let blueprint = match wish {
        Wish::Deploy(version) | Wish::Back(Some(version)) => blueprints.get(version),
        Wish::Uninstall | Wish::Back(None) => None,
    };
    sim.with(|inner| {
        let world = &mut inner.world;
        let Some(blueprint) = blueprint else {
            let objects = world.objects.keys().map(|at| format!("{} is left", at.1));
            let machines = world.machines.keys().map(|at| format!("{} is left", at.1));
            return objects.chain(machines).collect();
        };
        let wanted = blueprint.instances();
        let mut found: Vec<String> =
            wanted.iter().filter_map(|at| world.is_whole(blueprint, at).err()).collect();
        let objects: BTreeSet<At> = wanted
            .iter()
            .filter(|at| blueprint.node_at(at).is_some_and(|n| n.kind.provider().is_some()))
            .map(|at| blueprint.object(at))
            .collect();
        let orphans = world.objects.keys().filter(|at| !objects.contains(*at));
        found.extend(orphans.map(|at| format!("{}@{} is an orphan", at.1, at.0)));
        let touched: BTreeSet<&At> = world.machines.keys().chain(&wanted).collect();
        for at in touched {
            let machine = world.machines.get(at);
            let is: BTreeSet<&String> = machine.iter().flat_map(|m| m.acts.keys()).collect();
            let acts = acts(blueprint, at);
            let acts: BTreeSet<&String> = acts.iter().collect();
            if is != acts {
                found.push(format!("{} has had {is:?}, and {acts:?} were wanted", at.1));
            }
        }
        if found.is_empty() {
            let version = blueprint.version;
            world.made_for = wanted.into_iter().map(|at| (at, version)).collect();
        }
        found
    })
}

/// The operations of an instance that count when it is whole.
fn acts(blueprint: &Blueprint, at: &At) -> Vec<String> {
    let Some(node) = blueprint.node_at(at) else { return Vec::new() };
    let own: &[&str] = match node.kind {
        Kind::Looked => &["create", "start"],
        Kind::Repeated => &["create", "configure", "start"],
        Kind::Around => &["precreate", "poststart"],
        _ => &[],
    };
    let mut acts: Vec<String> = own.iter().map(|act| format!("lifecycle.{act}")).collect();
    let linked = node.needs.iter().filter(|(_, is_linked)| **is_linked);
    for other in linked.filter_map(|(name, _)| blueprint.node(name)) {
        for place in blueprint.places(other) {
            if node.is_fleet && other.is_fleet && place.0 != at.0 {
                continue;
            }
            for act in ["preconfigure_source", "establish_target"] {
                acts.push(format!("configure.{act} of after -> {}", place.1));
            }
        }
    }
    acts
}

/// How often each effect came.
pub(crate) fn counts(world: &World) -> Counts {
    let mut counts = Counts::new();
    for effect in &world.effects {
        let (target, instance) = effect.at.clone();
        *counts.entry((target, instance, effect.what.clone())).or_default() += 1;
    }
    counts
}

/// What differs between how often effects came and how often they come undisturbed; but those that
/// may come more often, because nobody could know what came of them.
pub(crate) fn compare(lived: &Lived, calm: &Lived) -> Vec<String> {
    let mut found = Vec::new();
    let both: BTreeSet<_> = lived.counts.keys().chain(calm.counts.keys()).collect();
    for effect in both {
        let (target, instance, what) = effect;
        if lived.unsure.contains(&((target.clone(), instance.clone()), what.clone())) {
            continue;
        }
        let times = |of: &Lived| of.counts.get(effect).copied().unwrap_or(0);
        let (is, was) = (times(lived), times(calm));
        if is != was {
            found.push(format!("{instance}@{target} had {what} {is} times, undisturbed {was}"));
        }
    }
    found
}

/// Keys under which more than one effect came.
pub(crate) fn doubled(world: &World) -> Vec<String> {
    let mut seen: BTreeMap<(&str, &At), usize> = BTreeMap::new();
    for effect in &world.effects {
        // A change of a name is one change: the old object goes, the new one comes.
        if effect.what != "delete" {
            *seen.entry((&effect.key, &effect.at)).or_default() += 1;
        }
    }
    let twice = seen.into_iter().filter(|(_, times)| *times > 1);
    twice.map(|((key, at), n)| format!("{} was changed {n} times under {key}", at.1)).collect()
}

/// What is wrong with the chains of the journal.
pub(crate) async fn chains(memory: &MemoryStore) -> Vec<String> {
    let mut found = Vec::new();
    for (stream, _) in memory.streams("").await.unwrap_or_default() {
        let events = memory.read(&stream, 0).await.unwrap_or_default();
        if let Err(error) = bp_journal::check(&events) {
            found.push(error.to_string());
        }
    }
    found
}

/// All of the journal as text.
pub(crate) async fn text(memory: &MemoryStore) -> String {
    let mut text = String::new();
    for (stream, _) in memory.streams("").await.unwrap_or_default() {
        for envelope in memory.read(&stream, 0).await.unwrap_or_default() {
            text += &serde_json::to_string(&envelope).unwrap_or_default();
            text.push('\n');
        }
    }
    text
}

/// What the newest wish in the journal is.
pub(crate) async fn newest(sim: &Sim, memory: &MemoryStore) -> Option<Wish> {
    let stream = Stream::Requests(ID.to_owned()).to_string();
    let events = memory.read(&stream, 0).await.ok()?;
    events.iter().rev().find_map(|envelope| {
        let new = &envelope.event;
        match Event::decode(&new.kind, new.version, &new.payload).ok()? {
            Event::DeployRequested { plan, .. } => {
                let version = sim.with(|inner| inner.account.versions.get(&plan).copied());
                version.map(Wish::Deploy)
            }
            Event::RollbackRequested { plan, .. } => {
                let version = sim.with(|inner| inner.account.versions.get(&plan).copied());
                Some(Wish::Back(version))
            }
            Event::UninstallRequested { .. } => Some(Wish::Uninstall),
            _ => None,
        }
    })
}
