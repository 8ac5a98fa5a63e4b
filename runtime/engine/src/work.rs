//! What a run has to do: an item for each instance, what it waits for, and how it stands.
//!
//! It knows the graph alone; what to do with an item that is ready is the engine's.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bp_topology::{InstanceId, Inventory, Place, Topology};
use foldhash::HashMap;

use crate::event::{Event, Operation};
use crate::life::Limits;
use crate::pace::Pace;
use crate::retry::derived;
use crate::state::State;
use crate::subject::Subject;

/// How an item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Something that it needs is not done.
    Waiting,
    /// It is to be looked at.
    Ready,
    /// It may begin as soon as its target and the limits let it.
    Queued,
    /// Its step is under way.
    Running,
    /// It is tried again then.
    Backoff(i64),
    /// It is as wanted.
    Done,
    /// It was given up.
    Failed,
    /// It can't be begun in this run, and why.
    Held(String),
}

/// What is to be done to one instance.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) instance: String,
    /// Which instance of the topology; none for a deletion.
    pub(crate) id: Option<InstanceId>,
    pub(crate) target: usize,
    pub(crate) operation: Operation,
    /// None where nobody keeps it but its own operations, and for a logical node.
    pub(crate) provider: Option<String>,
    /// Its life calls operations.
    pub(crate) has_life: bool,
    pub(crate) standing: Standing,
    /// How many items it still waits for.
    pub(crate) waits: usize,
    /// Items that it needs.
    pub(crate) needs: BTreeSet<usize>,
    /// Items that need it.
    pub(crate) needed_by: Vec<usize>,
    /// What is wanted of it, between being ready and beginning.
    pub(crate) subject: Option<Box<Subject>>,
    /// The operation of its life that is under way.
    pub(crate) calling: Option<Calling>,
    /// How many steps of its way up were done, or looked at, in this run.
    pub(crate) checked: usize,
    /// How often it was looked in this run what came of a call.
    pub(crate) looks: u32,
    /// It counts as done, because a person said so.
    pub(crate) is_skipped: bool,
}

/// An operation that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Calling {
    pub(crate) limits: Limits,
    /// Whatever comes of it, the life goes on: another one is wanted by now.
    pub(crate) is_settling: bool,
    /// It was begun in this run, after a look at all that stands before it.
    pub(crate) is_fresh: bool,
}

/// How a target stands in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    /// Nobody needed it yet.
    None,
    /// It is being called.
    Calling,
    /// It is called again then.
    Backoff(i64),
    /// It answered, and is the one it was.
    Reached,
    /// It is given up for this run, and why.
    Unreached(String),
}

/// A target of a run.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) contact: Contact,
    /// How often it was called.
    pub(crate) calls: u32,
    /// Items that may begin, by provider; those of none under an empty name.
    pub(crate) queue: BTreeMap<String, BTreeSet<usize>>,
    pub(crate) running: usize,
    /// How much it takes at once.
    pub(crate) pace: Pace,
    /// Items that have not come to their end.
    pub(crate) open: usize,
    /// All items of it.
    pub(crate) items: Vec<usize>,
    /// How many of these somebody makes, and how they have ended.
    pub(crate) counts: Counts,
    /// The same by instance.
    index: HashMap<String, usize>,
    /// Its end is journaled.
    pub(crate) is_settled: bool,
}

/// How many items there are that somebody makes, and how they have ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) total: usize,
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) held: usize,
}

/// A run's work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    pub(crate) items: Vec<Item>,
    pub(crate) sites: Vec<Site>,
    site_index: BTreeMap<String, usize>,
    /// The items of the topology's instances, in their order; none where its target is not admitted.
    wanted: Vec<Option<usize>>,
    /// Items that are to be looked at.
    pub(crate) ready: VecDeque<usize>,
    /// Items that came to their end.
    pub(crate) ended: Vec<usize>,
}

impl Work {
    /// What it takes to get from what is there to what is wanted. Every target that it names is admitted.
    pub(crate) fn new(
        state: &State,
        topology: &Topology,
        target_of: &BTreeMap<Place, String>,
    ) -> Self {
        let mut work = Self::default();
        for (id, target) in &state.targets {
            work.site_index.insert(id.clone(), work.sites.len());
            work.sites.push(Site {
                id: id.clone(),
                name: target.name.clone(),
                contact: Contact::None,
                calls: 0,
                queue: BTreeMap::new(),
                running: 0,
                pace: Pace::default(),
                open: 0,
                items: Vec::new(),
                counts: Counts::default(),
                index: HashMap::default(),
                is_settled: false,
            });
        }
        work.items.reserve_exact(topology.instances().len());
        work.wanted.reserve_exact(topology.instances().len());
        for instance in topology.instances() {
            let Some(target) = target_of.get(&instance.place) else {
                work.wanted.push(None);
                continue;
            };
            let name = instance.id.to_string();
            let item = work.add(
                target,
                name.clone(),
                Operation::Converge,
                Some(instance.id.clone()),
                instance.provider.clone(),
            );
            let called = state.targets.get(target).and_then(|there| there.instances.get(&name));
            let has_life = instance.has_life || called.is_some_and(|is| is.life.is_some());
            if let Some(item) = item.and_then(|item| work.items.get_mut(item)) {
                item.has_life = has_life;
            }
            work.wanted.push(item);
        }
        for (at, instance) in topology.instances().iter().enumerate() {
            for need in &instance.needs {
                if let (Some(item), Some(need)) = (work.item_of(at), work.item_of(*need)) {
                    work.order(item, need);
                }
            }
        }
        work.add_deletions(state);
        for item in work.items.iter().filter(|item| !item.is_logical()) {
            if let Some(site) = work.sites.get_mut(item.target) {
                site.counts.total += 1;
            }
        }
        for item in 0..work.items.len() {
            if work.items.get(item).is_some_and(|i| i.waits == 0) {
                work.make_ready(item);
            }
        }
        work
    }

    /// What is there and no longer wanted goes, after all that needed it.
    fn add_deletions(&mut self, state: &State) {
        let mut deletions = BTreeSet::new();
        for (target, there) in &state.targets {
            for (instance, is) in &there.instances {
                if self.find(target, instance).is_none()
                    && let Some(item) = self.add(
                        target,
                        instance.clone(),
                        Operation::Delete,
                        None,
                        Some(is.provider.clone()).filter(|provider| !provider.is_empty()),
                    )
                {
                    deletions.insert(item);
                    if let Some(item) = self.items.get_mut(item) {
                        item.has_life = is.life.is_some();
                    }
                }
            }
        }
        for (target, there) in &state.targets {
            for (instance, is) in &there.instances {
                for (their, needed) in is.depends.iter().chain(&is.needed) {
                    if let (Some(dependent), Some(needed)) =
                        (self.find(target, instance), self.find(their, needed))
                        && deletions.contains(&needed)
                        && dependent != needed
                    {
                        self.order(needed, dependent);
                    }
                }
            }
        }
    }

    fn add(
        &mut self,
        target: &str,
        instance: String,
        operation: Operation,
        id: Option<InstanceId>,
        provider: Option<String>,
    ) -> Option<usize> {
        let at = *self.site_index.get(target)?;
        let item = self.items.len();
        self.items.push(Item {
            instance: instance.clone(),
            id,
            target: at,
            operation,
            provider,
            has_life: false,
            standing: Standing::Waiting,
            waits: 0,
            needs: BTreeSet::new(),
            needed_by: Vec::new(),
            subject: None,
            calling: None,
            checked: 0,
            looks: 0,
            is_skipped: false,
        });
        let site = self.sites.get_mut(at)?;
        site.open += 1;
        site.items.push(item);
        site.index.insert(instance, item);
        Some(item)
    }

    /// The item of an instance of the topology.
    pub(crate) fn item_of(&self, instance: usize) -> Option<usize> {
        self.wanted.get(instance).copied().flatten()
    }

    /// The item of an instance on a target.
    pub(crate) fn find(&self, target: &str, instance: &str) -> Option<usize> {
        self.sites.get(self.site(target)?)?.index.get(instance).copied()
    }

    /// The site of a target.
    pub(crate) fn site(&self, target: &str) -> Option<usize> {
        self.site_index.get(target).copied()
    }

    /// The target of this id.
    pub(crate) fn site_of(&mut self, target: &str) -> Option<&mut Site> {
        let at = self.site(target)?;
        self.sites.get_mut(at)
    }

    /// `item` comes after `need`. Whether that is new.
    pub(crate) fn order(&mut self, item: usize, need: usize) {
        let is_done = self.items.get(need).is_some_and(|i| i.standing == Standing::Done);
        let Some(waiting) = self.items.get_mut(item) else { return };
        if !waiting.needs.insert(need) || is_done {
            return;
        }
        waiting.waits += 1;
        if let Some(needed) = self.items.get_mut(need) {
            needed.needed_by.push(item);
        }
    }

    /// An item may begin as soon as there is room for it.
    pub(crate) fn queue(&mut self, item: usize) {
        let Some(it) = self.items.get(item) else { return };
        let Some(site) = self.sites.get_mut(it.target) else { return };
        let provider = it.provider.as_deref().unwrap_or_default();
        match site.queue.get_mut(provider) {
            Some(queue) => drop(queue.insert(item)),
            None => drop(site.queue.insert(provider.to_owned(), BTreeSet::from([item]))),
        }
    }

    /// An item is not among those that may begin.
    pub(crate) fn unqueue(&mut self, item: usize) {
        let Some(it) = self.items.get(item) else { return };
        let Some(site) = self.sites.get_mut(it.target) else { return };
        let provider = it.provider.as_deref().unwrap_or_default();
        let Some(queue) = site.queue.get_mut(provider) else { return };
        if queue.remove(&item) && queue.is_empty() {
            site.queue.remove(provider);
        }
    }

    pub(crate) fn make_ready(&mut self, item: usize) {
        if let Some(it) = self.items.get_mut(item) {
            it.standing = Standing::Ready;
            self.ready.push_back(item);
        }
    }

    /// An item is as wanted: what waited for it alone is ready.
    pub(crate) fn done(&mut self, item: usize) {
        for next in self.end(item, Standing::Done) {
            let Some(waiting) = self.items.get_mut(next) else { continue };
            waiting.waits = waiting.waits.saturating_sub(1);
            if waiting.waits == 0 && waiting.standing == Standing::Waiting {
                self.make_ready(next);
            }
        }
    }

    /// An item failed: what needs it is held.
    pub(crate) fn failed(&mut self, item: usize) {
        let needed_by = self.end(item, Standing::Failed);
        self.hold_dependents(item, needed_by);
    }

    /// An item can't be begun in this run; nor can what needs it.
    pub(crate) fn hold(&mut self, item: usize, why: &str) {
        let needed_by = self.end(item, Standing::Held(why.to_owned()));
        self.hold_dependents(item, needed_by);
    }

    fn hold_dependents(&mut self, cause: usize, first: Vec<usize>) {
        let Some(cause) = self.items.get(cause) else { return };
        let what = match cause.standing {
            Standing::Failed => "failed",
            _ => "was not tried",
        };
        let why = match cause.operation {
            Operation::Converge => format!("it needs {}, which {what}", cause.instance),
            Operation::Delete => format!("{} needs it, and its removal {what}", cause.instance),
        };
        let mut stack = first;
        while let Some(item) = stack.pop() {
            stack.extend(self.end(item, Standing::Held(why.clone())));
        }
    }

    /// The item comes to its end once; gives what needed it.
    fn end(&mut self, item: usize, standing: Standing) -> Vec<usize> {
        let Some(it) = self.items.get_mut(item) else { return Vec::new() };
        if it.has_ended() {
            return Vec::new();
        }
        it.standing = standing;
        it.subject = None;
        it.calling = None;
        let target = it.target;
        let needed_by = std::mem::take(&mut it.needed_by);
        if let Some(site) = self.sites.get_mut(target) {
            site.open = site.open.saturating_sub(1);
            let counts = &mut site.counts;
            let count = match &it.standing {
                _ if it.is_logical() => None,
                Standing::Done => Some(&mut counts.done),
                Standing::Failed => Some(&mut counts.failed),
                Standing::Held(_) => Some(&mut counts.held),
                _ => None,
            };
            if let Some(count) = count {
                *count += 1;
            }
        }
        self.unqueue(item);
        self.ended.push(item);
        needed_by
    }

    /// Items that wait for each other, as a sentence; none where nobody waits.
    pub(crate) fn ring(&self) -> Option<(Vec<usize>, String)> {
        let waiting: Vec<usize> = (0..self.items.len())
            .filter(|i| self.items.get(*i).is_some_and(|i| i.standing == Standing::Waiting))
            .collect();
        let mut at = *waiting.first()?;
        let mut seen = Vec::new();
        while !seen.contains(&at) {
            seen.push(at);
            let needs = self.items.get(at).map(|item| &item.needs);
            let next = needs.and_then(|needs| {
                needs.iter().find(|n| {
                    self.items.get(**n).is_some_and(|item| item.standing == Standing::Waiting)
                })
            });
            match next {
                Some(next) => at = *next,
                None => break,
            }
        }
        let start = seen.iter().position(|item| *item == at).unwrap_or(0);
        let ring: Vec<&str> = seen
            .get(start..)
            .unwrap_or_default()
            .iter()
            .chain(std::iter::once(&at))
            .filter_map(|item| self.items.get(*item).map(|item| item.instance.as_str()))
            .collect();
        Some((waiting, format!("these wait for each other: {}", ring.join(" → "))))
    }
}

impl Site {
    /// The items that may begin.
    pub(crate) fn queued(&self) -> Vec<usize> {
        self.queue.values().flatten().copied().collect()
    }

    /// The first of them whose provider has room.
    pub(crate) fn first(&self, has_room: impl Fn(&str) -> bool) -> Option<usize> {
        let open = self.queue.iter().filter(|(provider, _)| has_room(provider));
        open.filter_map(|(_, items)| items.first().copied()).min()
    }
}

impl Item {
    /// Nobody makes it.
    pub(crate) fn is_logical(&self) -> bool {
        self.provider.is_none() && !self.has_life
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.standing, Standing::Done | Standing::Failed | Standing::Held(_))
    }
}

/// The events by which the targets that a topology needs, and that the deployment does not have yet,
/// come to belong to it.
pub fn admissions(state: &State, topology: &Topology) -> Vec<Event> {
    let known = places(state);
    let strangers: BTreeSet<&Place> = topology
        .instances()
        .iter()
        .map(|instance| &instance.place)
        .filter(|place| !known.contains_key(place))
        .collect();
    strangers
        .into_iter()
        .map(|place| {
            let name = match place {
                Place::Local => String::new(),
                Place::Element(name) => name.clone(),
            };
            let mut id = derived(&[&state.seed, "target", &name]);
            id.truncate(12);
            Event::TargetAdmitted { id, name }
        })
        .collect()
}

/// The targets by place.
pub(crate) fn places(state: &State) -> BTreeMap<Place, String> {
    state
        .targets
        .iter()
        .map(|(id, target)| {
            let place = match target.name.as_str() {
                "" => Place::Local,
                name => Place::Element(name.to_owned()),
            };
            (place, id.clone())
        })
        .collect()
}

/// How a target is reached.
pub(crate) fn connection(inventory: &Inventory, name: &str) -> Option<serde_json::Value> {
    match name {
        "" => Some(serde_json::Value::String("local".to_owned())),
        name => inventory.element(name).map(|element| element.connection.clone()),
    }
}
