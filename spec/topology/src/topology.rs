//! Which instances there are, where each is, and what it needs: a plan with its inputs and an inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use bp_eval::{ErrorKind, EvalError, Outcome};
use bp_plan::{Each, Expr, Output, Plan, Reference, Requirement, Span, Value};
use foldhash::HashMap;
use serde_json::Value as Json;

use crate::calls::Own;
use crate::inventory::Inventory;
use crate::placement::Placement;
use crate::problem::{Problem, code_of};
use crate::resolved::{Flaw, Partly, Resolved};
use crate::secrets::Secrets;
pub use crate::world::Identity;
use crate::world::{Met, Reads, World, error, known};
use crate::{groups, inputs, life, outputs, policies, resolved, rings, secrets, selection};

/// How many rings are told, and how many names of each.
const MOST_RINGS: usize = 3;
const MOST_NAMES: usize = 12;

/// How many instances a deployment may have.
const MOST_INSTANCES: usize = 1_000_000;

/// An instance of a node: what people see as `config["east"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId {
    /// The node's name.
    pub node: String,
    /// Its key, where the node has a `for`.
    pub key: Option<String>,
}

impl InstanceId {
    /// The only instance of a node.
    pub fn one(node: &str) -> Self {
        Self { node: node.to_owned(), key: None }
    }

    /// One of a collection.
    pub fn keyed(node: &str, key: &str) -> Self {
        Self { node: node.to_owned(), key: Some(key.to_owned()) }
    }

    /// As a value refers to it.
    pub fn reference(&self) -> Reference {
        Reference::Node { node: self.node.clone(), key: self.key.clone() }
    }

    /// The instance that a reference leads to, if it leads to one.
    pub fn of(reference: &Reference) -> Option<Self> {
        match reference {
            Reference::Node { node, key } => Some(Self { node: node.clone(), key: key.clone() }),
            Reference::Capability { of, .. } | Reference::Relationship { of, .. } => Self::of(of),
            Reference::Element { .. } | Reference::Group { .. } => None,
        }
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            None => f.write_str(&self.node),
            Some(key) => write!(f, "{}[{key:?}]", self.node),
        }
    }
}

/// The names that a node's loop binds, with their values.
pub(crate) type Locals = Vec<(String, Value)>;

/// Which instances of a node there are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Existence {
    None,
    One,
    Keyed(BTreeMap<String, Locals>),
}

impl Existence {
    pub(crate) fn locals(&self, key: Option<&str>) -> &[(String, Value)] {
        match (self, key) {
            (Self::Keyed(keys), Some(key)) => keys.get(key).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }
}

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// With the runtime itself.
    Local,
    /// On an element of the inventory.
    Element(String),
}

/// An instance that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Which.
    pub id: InstanceId,
    /// Its provider; none for a logical node.
    pub provider: Option<String>,
    /// Its life calls operations: it is not logical, even without a provider.
    pub has_life: bool,
    /// Where it is.
    pub place: Place,
    /// Indices of the instances that its requirements and what it reads order it after.
    pub needs: Vec<usize>,
}

/// All that is wanted.
#[derive(Debug)]
pub struct Topology {
    pub(crate) world: World,
    instances: Vec<Instance>,
    index: HashMap<InstanceId, usize>,
}

/// What could be made of a plan with these inputs and this inventory.
#[derive(Debug)]
pub struct Expanded {
    /// All that is wanted; none where there is an error.
    pub topology: Option<Topology>,
    /// Errors and warnings.
    pub problems: Vec<Problem>,
}

impl Instance {
    /// Nobody makes it: it is ready as soon as what it needs is.
    pub fn is_logical(&self) -> bool {
        self.provider.is_none() && !self.has_life
    }
}

impl Topology {
    /// Nothing is wanted (of this plan): what an uninstallation brings about. It takes the secrets
    /// that operations of the way down are called with.
    pub fn nothing(plan: Arc<Plan>, identity: Identity, secrets: Secrets) -> Self {
        let given = BTreeMap::new();
        let world = World::new(plan, given, Arc::default(), identity, secrets);
        Self { world, instances: Vec::new(), index: HashMap::default() }
    }

    /// Works out the instances, checks all that can be known before anything runs.
    pub fn expand(
        plan: &Arc<Plan>,
        given: &BTreeMap<String, Value>,
        inventory: Arc<Inventory>,
        identity: Identity,
        secrets: Secrets,
    ) -> Expanded {
        let world = World::new(plan.clone(), given.clone(), inventory, identity, secrets);
        Self::of(world, given)
    }

    /// The same of a plan that a node of another is made of. The node gives `given` now, `open` once it is known, and
    /// meets what the plan requires: what needs these is left open, and no mistake.
    pub fn expand_within(
        plan: &Arc<Plan>,
        (given, open): (&BTreeMap<String, Value>, BTreeSet<String>),
        inventory: Arc<Inventory>,
        identity: Identity,
        secrets: Secrets,
    ) -> Expanded {
        let world = World::new(plan.clone(), given.clone(), inventory, identity, secrets);
        Self::of(world.within(open), given)
    }

    fn of(world: World, given: &BTreeMap<String, Value>) -> Expanded {
        let mut problems = inputs::check(&world, given);
        problems.extend(secrets::check(&world));
        problems.extend(selection::check(&world));
        world.leave_open(&mut problems);
        if problems.iter().any(|problem| !problem.is_warning) {
            return Expanded { topology: None, problems };
        }
        let plan = world.plan.clone();
        let mut topology = Self { world, instances: Vec::new(), index: HashMap::default() };
        topology.enlist(&plan, &mut problems);
        topology.world.make_room(topology.slots());
        for at in 0..topology.instances.len() {
            topology.connect(at, &mut problems);
        }
        problems.extend(groups::check(&topology.world));
        problems.extend(policies::check(&topology.world));
        topology.world.leave_open(&mut problems);
        if problems.iter().all(|problem| problem.is_warning) {
            topology.rehearse(&mut problems);
            problems.extend(topology.waiting());
            problems.extend(outputs::check(&topology.world));
            topology.world.leave_open(&mut problems);
        }
        let is_good = problems.iter().all(|problem| problem.is_warning);
        Expanded { topology: is_good.then_some(topology), problems }
    }

    /// What a selection takes, and why not the others.
    pub fn placement(&self, selection: &str) -> Result<Placement, EvalError> {
        selection::placement(&self.world, selection)
    }

    /// All instances, by node and key.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.world.plan
    }

    /// The secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.world.secrets
    }

    /// The secrets, to learn what operations gave and nodes report.
    pub fn secrets_mut(&mut self) -> &mut Secrets {
        &mut self.world.secrets
    }

    /// The inventory.
    pub fn inventory(&self) -> &Inventory {
        &self.world.inventory
    }

    /// Which of the instances this is.
    pub fn find(&self, id: &InstanceId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// This instance is as wanted, and reports this.
    pub fn report(&mut self, instance: InstanceId, attributes: BTreeMap<String, Json>) {
        self.world.report(instance, attributes);
    }

    /// The instance as far as it is known: `None` where it still needs what others report. Beside
    /// it what it read of others.
    pub fn resolve(&self, id: &InstanceId) -> (Result<Option<Resolved>, Flaw>, Reads) {
        self.world.reading(|| resolved::whole(self, id))
    }

    /// The instance as far as it is known, with what each of its other properties waits for. Beside it
    /// what it read of others.
    pub fn resolve_partly(&self, id: &InstanceId) -> (Result<Partly, Flaw>, Reads) {
        self.world.reading(|| resolved::partly(self, id))
    }

    /// From now on what nobody has reported is read as it is set: for those who look ahead.
    pub fn expect(&mut self) {
        self.world.expect();
    }

    /// What `work` does with secrets as their values, as far as they were given.
    pub fn revealing<T>(&self, work: impl FnOnce() -> T) -> T {
        self.world.revealing(work)
    }

    /// An expression that stands outside all nodes. Beside it what it read of instances.
    pub fn evaluate(&self, expr: &Expr) -> (Result<Outcome, EvalError>, Reads) {
        self.world.reading(|| bp_eval::evaluate(expr, &self.world.outside()))
    }

    /// An output of the plan: of its type, and within its constraints. Beside it what it read of instances.
    pub fn output(&self, output: &Output) -> (Result<Outcome, EvalError>, Reads) {
        self.world.reading(|| outputs::value(&self.world, output))
    }

    fn enlist(&mut self, plan: &Plan, problems: &mut Vec<Problem>) {
        for (name, node) in &plan.nodes {
            let existence = match self.world.existence(name) {
                Ok(existence) => existence,
                Err(error) => {
                    let at = node.each.as_ref().map_or(node.span, |each| each.span);
                    let code = match error.kind {
                        ErrorKind::DuplicateKey => "E4017",
                        ErrorKind::TooLarge => "E4019",
                        _ => code_of(&error),
                    };
                    problems.push(problem(code, format!("`{name}`: {error}"), at));
                    continue;
                }
            };
            let provider = plan.node_types.get(&node.kind).and_then(|kind| kind.provider.clone());
            let has_life = life::has_life(plan, node);
            let ids: Vec<InstanceId> = match &*existence {
                Existence::None => Vec::new(),
                Existence::One => vec![InstanceId::one(name)],
                Existence::Keyed(keys) => {
                    keys.keys().map(|key| InstanceId::keyed(name, key)).collect()
                }
            };
            if self.instances.len() + ids.len() > MOST_INSTANCES {
                problems.push(problem(
                    "E4019",
                    format!("with `{name}` there are more than {MOST_INSTANCES} instances"),
                    node.span,
                ));
                return;
            }
            for id in ids {
                self.index.insert(id.clone(), self.instances.len());
                let provider = provider.clone();
                let place = Place::Local;
                self.instances.push(Instance { id, provider, has_life, place, needs: vec![] });
            }
        }
    }

    /// How many answers are likely to be remembered: where the instances of loops are, and what meets them.
    fn slots(&self) -> usize {
        let nodes = &self.world.plan.nodes;
        let keyed = self.instances.iter().filter(|instance| instance.id.key.is_some());
        let each = |node: &bp_plan::Node| 1 + node.requirements.len();
        keyed.filter_map(|instance| nodes.get(&instance.id.node).map(each)).sum()
    }

    /// Where an instance is, and what its requirements lead to.
    fn connect(&mut self, at: usize, problems: &mut Vec<Problem>) {
        let Some(id) = self.instances.get(at).map(|instance| instance.id.clone()) else { return };
        let plan = self.world.plan.clone();
        let Some(node) = plan.nodes.get(&id.node) else { return };
        let mut needs = BTreeSet::new();
        let before = problems.len();
        for requirement in &node.requirements {
            match self.meets(&id, requirement) {
                // What is called on both ends needs both.
                Ok(targets)
                    if !requirement.unordered || life::links_are_called(&plan, requirement) =>
                {
                    if targets.contains(&at) && !requirement.unordered {
                        let name = &requirement.name;
                        let message = format!(
                            "`{id}` waits for itself: its requirement `{name}` leads to it"
                        );
                        problems.push(problem("E4014", message, requirement.span));
                    }
                    needs.extend(targets);
                }
                Ok(_) => {}
                Err((code, message)) => problems.push(problem(code, message, requirement.span)),
            }
        }
        // Where it is, what it lacks would tell once more.
        if problems.len() > before {
            return;
        }
        needs.remove(&at);
        let place = match self.world.place(&id) {
            Ok(place) => place,
            Err(error) => {
                let code = match error.kind {
                    ErrorKind::BadArgument => "E7084",
                    _ => code_of(&error),
                };
                problems.push(problem(code, format!("`{id}`: {error}"), node.span));
                return;
            }
        };
        if let Some(instance) = self.instances.get_mut(at) {
            instance.place = place;
            instance.needs = needs.into_iter().collect();
        }
    }

    /// The instances that meet a requirement, after the requirement's own conditions.
    fn meets(&self, id: &InstanceId, requirement: &Requirement) -> Result<Vec<usize>, Unmet> {
        let name = &requirement.name;
        let say =
            |error: EvalError| (code_of(&error), format!("`{id}`: what meets `{name}`: {error}"));
        let Met::By(targets) = self.world.requirement(id, name).map_err(say)? else {
            return Ok(Vec::new());
        };
        let declared = self
            .world
            .plan
            .nodes
            .get(&id.node)
            .and_then(|node| self.world.plan.node_types.get(&node.kind))
            .and_then(|kind| kind.requirements.get(name));
        if let Some((fewest, most)) = declared.map(|declared| declared.cardinality) {
            let count = targets.len() as u64;
            if count < fewest || most.is_some_and(|most| count > most) {
                let wanted = selection::cardinality(fewest, most);
                let code = if count == 0 { "E4008" } else { "E4009" };
                return Err((code, format!("`{id}` needs {wanted} for `{name}` and has {count}")));
            }
        }
        self.world.fit(id, requirement, &targets)?;
        Ok(targets
            .iter()
            .filter_map(InstanceId::of)
            .filter_map(|target| self.find(&target))
            .collect())
    }

    /// The instances that wait for each other, so that none of them can be first.
    fn waiting(&self) -> Vec<Problem> {
        let all = self.instances.iter().enumerate();
        let edges: Vec<(usize, usize)> =
            all.flat_map(|(at, one)| one.needs.iter().map(move |need| (at, *need))).collect();
        let rings = rings::rings(self.instances.len(), edges.iter().copied());
        let told = rings.iter().filter_map(|ring| {
            let inside: BTreeSet<usize> = ring.iter().copied().collect();
            let within =
                |(from, to): &&(usize, usize)| inside.contains(from) && inside.contains(to);
            let inside: Vec<(usize, usize)> = edges.iter().filter(within).copied().collect();
            let way = rings::way_round(&inside, *inside.first()?);
            let names = way.iter().filter_map(|at| self.instances.get(*at));
            let names: Vec<String> = names.map(|one| format!("`{}`", one.id)).collect();
            let first = &self.instances.get(*way.first()?)?.id;
            let message = "these nodes wait for each other: none can be first";
            let help = elided(names).join(" → ");
            let problem = Problem::error(message).code("E4014").help(help);
            Some(match blame(&self.world.plan, &first.node, None) {
                Some(span) => problem.at(span),
                None => problem,
            })
        });
        // The instances of one loop may form many rings, all for one reason.
        told.take(MOST_RINGS).collect()
    }

    /// Evaluates every instance as far as it is known before anything runs, so that what is wrong shows now.
    /// What an instance reads of others, it needs.
    fn rehearse(&mut self, problems: &mut Vec<Problem>) {
        for at in 0..self.instances.len() {
            let Some(instance) = self.instances.get(at) else { continue };
            let id = instance.id.clone();
            let (resolved, reads) = self.resolve(&id);
            let mut flaws: Vec<Flaw> = resolved.err().into_iter().collect();
            let mut read = reads.instances;
            for act in self.life(&id).acts() {
                let (call, reads) = self.call(&id, act, Own::Ahead);
                flaws.extend(call.err());
                read.extend(reads.instances);
            }
            for failure in flaws {
                let span = blame(&self.world.plan, &id.node, failure.property.as_deref());
                let mut problem = Problem::error(failure.message).code(failure.code);
                problem.span = span;
                problem.help = failure.help;
                problems.push(problem);
            }
            let needs: Vec<usize> =
                read.iter().filter_map(|id| self.find(id)).filter(|n| *n != at).collect();
            if let Some(instance) = self.instances.get_mut(at) {
                instance.needs.extend(needs);
                instance.needs.sort_unstable();
                instance.needs.dedup();
            }
        }
    }
}

/// The line of the blueprint that set a property (`ports[0].port`) of a node: that of the innermost
/// part with a line of its own, else the property's, else the node's. Of an operation
/// (`lifecycle.create`) that which says what carries it out.
pub fn blame(plan: &Plan, node: &str, property: Option<&str>) -> Option<Span> {
    let node = plan.nodes.get(node)?;
    let Some(path) = property else { return Some(node.span) };
    let name = path.split(['.', '[']).next().unwrap_or(path);
    let Some(property) = node.properties.get(name) else {
        return life::blame(plan, node, path).or(Some(node.span));
    };
    let mut inner = path;
    loop {
        if let Some(span) = property.inner.get(inner) {
            return Some(*span);
        }
        match inner.rfind(['.', '[']).and_then(|at| inner.get(..at)) {
            Some(shorter) => inner = shorter,
            None => return Some(property.span),
        }
    }
}

/// A long way by its start and its end.
fn elided(mut names: Vec<String>) -> Vec<String> {
    if names.len() > MOST_NAMES {
        let left_out = format!("… {} more …", names.len() - MOST_NAMES);
        names.splice(MOST_NAMES / 2..names.len() - MOST_NAMES / 2, [left_out]);
    }
    names
}

/// Why a requirement is not met: a code, and a sentence.
pub(crate) type Unmet = (&'static str, String);

fn problem(code: &'static str, message: String, span: Span) -> Problem {
    Problem::error(message).code(code).at(span)
}

/// Which instances of a node there are.
pub(crate) fn existence(world: &World, name: &str) -> Result<Existence, EvalError> {
    let Some(node) = world.plan.nodes.get(name) else {
        return Err(error(ErrorKind::Unavailable, format!("the plan has no node `{name}`")));
    };
    let site = world.outside();
    if let Some(condition) = &node.condition
        && known(bp_eval::evaluate(condition, &site)?)? != Value::Bool(true)
    {
        // A collection is empty: who goes through it goes through nothing.
        return Ok(match node.each {
            None => Existence::None,
            Some(_) => Existence::Keyed(BTreeMap::new()),
        });
    }
    match &node.each {
        None => Ok(Existence::One),
        Some(each) => keyed(world, each).map(Existence::Keyed),
    }
}

fn keyed(world: &World, each: &Each) -> Result<BTreeMap<String, Locals>, EvalError> {
    let site = world.outside();
    let mut keys = BTreeMap::new();
    for (key, element) in elements(known(bp_eval::evaluate(&each.over, &site)?)?)? {
        let mut locals = Vec::new();
        let mut names = each.names.iter();
        if let (Some(first), 2) = (names.clone().next(), each.names.len()) {
            locals.push((first.clone(), key.clone()));
            names.next();
        }
        locals.extend(names.next().map(|name| (name.clone(), element.clone())));
        let bound: Vec<(&str, Value)> =
            locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if let Some(filter) = &each.filter
            && known(bp_eval::evaluate_with(filter, &site, &bound)?)? != Value::Bool(true)
        {
            continue;
        }
        let key = match &each.key {
            Some(by) => known(bp_eval::evaluate_with(by, &site, &bound)?)?,
            None => key,
        };
        let Ok(text) = bp_eval::scalar_text(&key) else {
            return Err(error(ErrorKind::WrongType, "a key is a text or a whole number"));
        };
        if keys.insert(text.clone(), locals).is_some() {
            return Err(error(
                ErrorKind::DuplicateKey,
                format!("two elements have the key {text:?}"),
            ));
        }
    }
    Ok(keys)
}

/// What a loop goes through, each with its key.
fn elements(over: Value) -> Result<Vec<(Value, Value)>, EvalError> {
    match over {
        Value::Map(entries) => {
            Ok(entries.into_iter().map(|(key, value)| (Value::String(key), value)).collect())
        }
        Value::List(items) => Ok(items.into_iter().map(|item| (item.clone(), item)).collect()),
        Value::Range(from, to) => {
            let count = to.checked_sub(from).and_then(|count| usize::try_from(count).ok());
            if from <= to && count.is_none_or(|count| count >= MOST_INSTANCES) {
                return Err(error(
                    ErrorKind::TooLarge,
                    format!("more than {MOST_INSTANCES} instances"),
                ));
            }
            Ok((from..=to).map(|i| (Value::Int(i), Value::Int(i))).collect())
        }
        _ => Err(error(ErrorKind::WrongType, "`for` goes through a list, a map or a collection")),
    }
}

/// Where an instance is: where its host is.
pub(crate) fn place(world: &World, id: &InstanceId) -> Result<Place, EvalError> {
    let mut place: Option<Place> = None;
    let Some(node) = world.plan.nodes.get(&id.node) else { return Ok(Place::Local) };
    for requirement in node.requirements.iter().filter(|requirement| requirement.hosts) {
        let Met::By(targets) = world.requirement(id, &requirement.name)? else { continue };
        for target in &*targets {
            // What has a capability is where the capability is.
            let target = match target {
                Reference::Capability { of, .. } => of,
                target => target,
            };
            let there = match target {
                Reference::Element { name, .. } => Place::Element(name.clone()),
                other => match InstanceId::of(other) {
                    Some(host) => world.place(&host)?,
                    None => continue,
                },
            };
            match &place {
                Some(before) if *before != there => {
                    return Err(error(
                        ErrorKind::BadArgument,
                        "it is hosted in two places at once; give it one host",
                    ));
                }
                _ => place = Some(there),
            }
        }
    }
    Ok(place.unwrap_or(Place::Local))
}
