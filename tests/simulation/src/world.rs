//! What is outside: objects that providers keep, machines that operations change, and what must hold
//! of each effect on them.

use std::collections::{BTreeMap, BTreeSet};

use bp_engine::event::Operation;
use serde_json::{Value as Json, json};

use crate::account::Announced;
use crate::blueprint::{At, Blueprint, Kind, id};

/// See the module.
#[derive(Default)]
pub(crate) struct World {
    /// Every version of the blueprint.
    pub(crate) blueprints: Vec<Blueprint>,
    /// Objects, by target and name.
    pub(crate) objects: BTreeMap<At, Object>,
    /// What operations have made of instances, by target and instance.
    pub(crate) machines: BTreeMap<At, Machine>,
    /// Keys of changes that were taken on.
    pub(crate) answered: BTreeSet<String>,
    /// Calls by key and turn.
    pub(crate) calls: BTreeMap<(String, u32), Call>,
    /// Everything that changed anything, oldest first.
    pub(crate) effects: Vec<Effect>,
    /// Operations of which nobody knows what came, and that may not be called twice, by instance: until
    /// it is looked at.
    pub(crate) lost: BTreeMap<At, String>,
    /// Effects that may come more often than once: nobody knows what came of them.
    pub(crate) unsure: BTreeSet<(At, String)>,
    /// The world's time, as of the last look.
    pub(crate) now_ms: i64,
    /// Instances whose steps count as done, because a person said so.
    pub(crate) skipped: BTreeSet<At>,
    /// Machines that others have stopped: they need not be made again.
    pub(crate) stopped: BTreeSet<At>,
    /// Which version each instance was last made for, or found to be as.
    pub(crate) made_for: BTreeMap<At, usize>,
}

/// An object that a provider keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    /// Of which instance.
    pub(crate) instance: String,
    /// Its value.
    pub(crate) value: String,
    /// When it works.
    pub(crate) ready_at: i64,
    /// When it is gone.
    pub(crate) gone_at: Option<i64>,
}

/// What the operations of an instance have made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Machine {
    /// 0 absent, 1 created, 2 configured, 3 started.
    pub(crate) stage: usize,
    /// What it was made with.
    pub(crate) value: String,
    /// Operations that count, with what they were called with.
    pub(crate) acts: BTreeMap<String, Json>,
}

/// A call of an operation, which goes on by itself.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// When it ends.
    pub(crate) ends_at: i64,
    /// What came of it.
    pub(crate) came: Came,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// This result.
    Result(Json),
    /// It failed, and did nothing.
    Failed,
    /// Nobody knows.
    Lost,
}

/// Something that changed something.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// Of which instance.
    pub(crate) at: At,
    /// `create`, `update`, `delete`, or an operation.
    pub(crate) what: String,
    /// The key that stands for it, with the turn of a call.
    pub(crate) key: String,
}

/// The states that `lifecycle.observe` tells.
const STATES: [&str; 4] = ["absent", "created", "configured", "started"];

impl World {
    /// Time has come so far.
    pub(crate) fn comes_to(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.objects.retain(|_, object| object.gone_at.is_none_or(|gone| gone > now_ms));
    }

    /// Whether an instance is there, works, and is as a blueprint wants it.
    pub(crate) fn is_whole(&self, blueprint: &Blueprint, at: &At) -> Result<(), String> {
        let Some(node) = blueprint.node_at(at) else {
            return Err(format!("{} is not wanted", at.1));
        };
        let wanted = blueprint.value(at);
        if node.kind.provider().is_some() {
            let Some(object) = self.objects.get(&blueprint.object(at)) else {
                return Err(format!("{} is not there", at.1));
            };
            if object.gone_at.is_some() {
                return Err(format!("{} is going", at.1));
            }
            if object.ready_at > self.now_ms {
                return Err(format!("{} does not work yet", at.1));
            }
            if object.value != wanted {
                let is = &object.value;
                return Err(format!("{} is `{is}` and not `{wanted}`", at.1));
            }
        }
        let nothing = Machine::default();
        let machine = self.machines.get(at).unwrap_or(&nothing);
        let is_up = match node.kind {
            Kind::Looked | Kind::Repeated => machine.stage == 3 && machine.value == wanted,
            Kind::Around => {
                machine.acts.contains_key("lifecycle.poststart") && machine.value == wanted
            }
            _ => true,
        };
        if is_up { Ok(()) } else { Err(format!("{} is {machine:?}", at.1)) }
    }

    /// Whether a step of a provider has done what it was for.
    pub(crate) fn is_so(&self, step: &Announced) -> Result<(), String> {
        match (step.operation, step.version.and_then(|version| self.blueprints.get(version))) {
            (Operation::Converge, Some(blueprint)) => {
                let Some(object) = self.objects.get(&blueprint.object(&step.at)) else {
                    return Err("it is not there".to_owned());
                };
                let wanted = blueprint.value(&step.at);
                if object.value != wanted || object.ready_at > self.now_ms {
                    return Err(format!("it is {object:?}, and `{wanted}` was wanted"));
                }
                Ok(())
            }
            (Operation::Converge, None) => Err("its revision wants nothing".to_owned()),
            (Operation::Delete, _) => {
                let is_own = |(name, object): (&At, &Object)| {
                    name.0 == step.at.0 && object.instance == step.at.1
                };
                match self.objects.iter().find(|(name, object)| is_own((name, object))) {
                    None => Ok(()),
                    Some((name, _)) => Err(format!("{} is still there", name.1)),
                }
            }
        }
    }

    /// Whether a step may have its effect now, by the order that blueprints ask for.
    pub(crate) fn may_act(&self, step: &Announced) -> Result<(), String> {
        let blueprint = step.version.and_then(|version| self.blueprints.get(version));
        match (step.operation, blueprint) {
            (Operation::Converge, None) => Err("its revision wants nothing".to_owned()),
            (Operation::Converge, Some(blueprint)) => {
                if !blueprint.instances().contains(&step.at) {
                    return Err("it is not wanted".to_owned());
                }
                let mut needs = blueprint.needs(&step.at).into_iter();
                needs.try_for_each(|need| {
                    let is_skipped = self.skipped.contains(&need);
                    if is_skipped { Ok(()) } else { self.is_whole(blueprint, &need) }
                })
            }
            (Operation::Delete, blueprint) => self.may_go(&step.at, blueprint),
        }
    }

    /// Whether nothing is left that needs an instance.
    fn may_go(&self, at: &At, blueprint: Option<&Blueprint>) -> Result<(), String> {
        let is_there = |other: &At| {
            let is_object =
                |(name, object): (&At, &Object)| name.0 == other.0 && object.instance == other.1;
            self.machines.contains_key(other) || self.objects.iter().any(is_object)
        };
        for (other, version) in &self.made_for {
            let needed = self.blueprints.get(*version).map(|then| then.needs(other));
            let is_passed_over = other == at || self.skipped.contains(other);
            if is_passed_over || !needed.is_some_and(|needs| needs.contains(at)) || !is_there(other)
            {
                continue;
            }
            let is_settled = blueprint.is_some_and(|blueprint| {
                blueprint.node_at(other).is_some() && self.is_whole(blueprint, other).is_ok()
            });
            if !is_settled {
                return Err(format!("{} needs it, and is still there", other.1));
            }
        }
        let link = format!("-> {}", at.1);
        let linked = self.machines.iter().find(|(other, machine)| {
            *other != at
                && !self.skipped.contains(*other)
                && machine.acts.keys().any(|act| act.ends_with(&link))
        });
        match linked {
            Some((other, _)) => Err(format!("{} is still linked to it", other.1)),
            None => Ok(()),
        }
    }

    /// Something changed something.
    pub(crate) fn has_effect(&mut self, step: &Announced, what: &str, key: &str) {
        self.effects.push(Effect {
            at: step.at.clone(),
            what: what.to_owned(),
            key: key.to_owned(),
        });
        if let (Operation::Converge, Some(version)) = (step.operation, step.version) {
            self.made_for.insert(step.at.clone(), version);
        }
    }

    /// Others change an object or stop a machine, or take it away; which, and how, by this number.
    pub(crate) fn tampered(&mut self, number: usize) -> Option<String> {
        let objects = self.objects.keys().cloned().map(|at| (at, true));
        let machines =
            self.machines.keys().filter(|at| self.tells(at)).cloned().map(|at| (at, false));
        let all: Vec<(At, bool)> = objects.chain(machines).collect();
        let (at, is_object) = all.get((number / 2) % all.len().max(1))?.clone();
        let is_gone = !number.is_multiple_of(2);
        let what = if is_gone { "delete" } else { "change" };
        let told = |instance: &str| Some(format!("{what} {instance}@{}", at.0));
        if is_object {
            let object = self.objects.get_mut(&at)?;
            let instance = object.instance.clone();
            "by others".clone_into(&mut object.value);
            if is_gone {
                self.objects.remove(&at);
            }
            return told(&instance);
        }
        self.machines.get_mut(&at)?.stage = 1;
        if is_gone {
            self.machines.remove(&at);
        } else {
            self.stopped.insert(at.clone());
        }
        told(&at.1)
    }

    /// Where the operations of an instance have made something of it.
    pub(crate) fn place_of(&self, instance: &str) -> At {
        let known = self.machines.keys().find(|at| at.1 == instance);
        known.cloned().unwrap_or_else(|| (String::new(), instance.to_owned()))
    }

    /// Whether an instance is one that tells itself what is there of it, and works.
    fn tells(&self, at: &At) -> bool {
        let made_for = self.made_for.get(at).and_then(|version| self.blueprints.get(*version));
        let node = made_for.and_then(|blueprint| blueprint.node_at(at));
        node.is_some_and(|node| node.kind == Kind::Looked)
            && self.machines.get(at).is_some_and(|machine| machine.stage == 3)
    }

    /// An instance is said to be as a version wants it; where it is, it needs what that version says.
    pub(crate) fn is_found_as(&mut self, at: At, version: usize) {
        let blueprint = self.blueprints.get(version);
        if blueprint.is_some_and(|blueprint| self.is_whole(blueprint, &at).is_ok()) {
            self.made_for.insert(at, version);
        }
    }

    /// An operation does what it does; gives its result.
    pub(crate) fn carry_out(&mut self, at: &At, act: &str, args: &Json) -> Json {
        let machine = self.machines.entry(at.clone()).or_default();
        let value = args.get("value").and_then(Json::as_str).map(str::to_owned);
        let (operation, via) = match act.split_once(" of ") {
            Some((operation, via)) => (operation, Some(via)),
            None => (act, None),
        };
        match operation {
            "lifecycle.create" => machine.stage = 1,
            "lifecycle.configure" => machine.stage = 2,
            "lifecycle.start" => {
                machine.stage = 3;
                self.stopped.remove(at);
            }
            "lifecycle.stop" => machine.stage = machine.stage.min(2),
            "lifecycle.delete" | "lifecycle.postdelete" => {
                *machine = Machine::default();
                self.stopped.remove(at);
            }
            "lifecycle.prestop" => drop(machine.acts.remove("lifecycle.poststart")),
            "configure.unlink_source" => {
                let via = via.map(|via| format!(" of {via}")).unwrap_or_default();
                machine.acts.retain(|act, _| !act.ends_with(&via));
            }
            _ => {}
        }
        let is_up = ["create", "configure", "start", "precreate", "poststart"]
            .iter()
            .any(|up| operation.strip_prefix("lifecycle.") == Some(*up));
        let is_link = via.is_some() && operation != "configure.unlink_source";
        if is_up || is_link {
            machine.acts.insert(act.to_owned(), args.clone());
        }
        if let Some(value) = value.filter(|_| is_up) {
            machine.value = value;
        }
        let state = STATES.get(machine.stage).copied().unwrap_or_default();
        let result = json!({ "state": state, "id": id(&at.1, &machine.value) });
        if machine.stage == 0 && machine.acts.is_empty() {
            self.machines.remove(at);
        }
        result
    }

    /// Whether `lifecycle.observe` would tell that an operation was not carried out, were it so.
    pub(crate) fn would_tell(&self, at: &At, act: &str) -> bool {
        let stage = self.machines.get(at).map_or(0, |machine| machine.stage);
        match act {
            "lifecycle.create" => stage == 0,
            "lifecycle.start" => stage < 3,
            "lifecycle.stop" => stage == 3,
            "lifecycle.delete" => stage > 0,
            _ => true,
        }
    }
}
