//! Inside of blueprints that nodes are made of: what breaks there with the values that a node gives.
//!
//! What breaks whatever is given was told with that blueprint. What a node inside gives on is followed as well, however
//! deep that goes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use bp_eval::{Environment as _, Outcome, evaluate_with};
use bp_plan::composition::MOST_NESTED;
use bp_plan::{Each, Expr, Value};

use super::known::{World, reference};
use super::{Known, Memo, gather, looked_at, own, placed};
use crate::check::composition::made_of;
use crate::check::instances::{self, Keyed};
use crate::check::nodes::CheckedNode;
use crate::check::program::Program;
use crate::check::{Checked, order};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place};

/// How many nodes are looked into, for each blueprint and for each mistake in it.
const MOST: usize = 200;

/// How many mistakes are told of a node.
const MOST_TOLD: usize = 5;

/// Values of inputs and secrets.
type Given = BTreeMap<String, Value>;

/// Tells the nodes of all blueprints that can't be made of the blueprints that they name, with what they give.
pub(crate) fn verify(checked: &Checked<'_>, out: &mut Vec<Diagnostic>) {
    if checked.others.is_empty() || out.iter().any(|told| told.severity == Severity::Error) {
        return;
    }
    let by_file = checked.others.iter().map(|one| (one.file, one)).collect();
    let parts = Parts { by_file, always: RefCell::default(), left: Cell::default() };
    let known = program_of(checked, Arc::clone(&checked.program.instances));
    parts.start(checked, &known, out);
    for one in &checked.others {
        parts.start(one, &program_of(one, Arc::clone(&one.instances)), out);
    }
}

/// What is told of a blueprint with what stands for its nodes, and was not before that was known.
pub(crate) fn substituted(checked: &Checked<'_>, program: &Program<'_>, out: &mut Vec<Diagnostic>) {
    let is_ring = |told: &Diagnostic| matches!(told.code, "E4014" | "E4015");
    if out.iter().any(|told| is_ring(told) && told.place.file == checked.file) {
        return;
    }
    let mut found = Vec::new();
    verified(checked, program, Given::new(), &mut found);
    let before: BTreeSet<(&str, Place)> = out.iter().map(|one| (one.code, one.place)).collect();
    found.retain(|one| !before.contains(&(one.code, one.place)));
    out.append(&mut found);
}

/// What is known of the program where a blueprint is looked at.
fn program_of<'s>(part: &Checked<'s>, instances: Arc<BTreeMap<String, Keyed>>) -> Program<'s> {
    let mut program = part.program.clone();
    program.instances = instances;
    program
}

/// What is known of nodes, with these inputs.
fn memo_of<'p>(part: &'p Checked<'_>, program: &'p Program<'_>, given: Given) -> Memo<'p> {
    Memo::among(placed::places(program, &part.groups, &part.policies)).given(given)
}

/// Tells what is broken in a blueprint with these inputs.
fn verified(part: &Checked<'_>, program: &Program<'_>, given: Given, out: &mut Vec<Diagnostic>) {
    let memo = memo_of(part, program, given);
    let world = (program, &part.nodes, &memo);
    let there = there(world, part);
    let over = (&part.groups, &part.policies);
    let said = (&part.outputs, &part.workflows);
    looked_at((world, there.as_ref()), &part.selections, over, said, out);
}

/// Something that breaks inside.
struct Broken {
    /// The nodes that lead to it.
    way: Vec<String>,
    /// The blueprint that it breaks in.
    made_of: String,
    /// As it is told there.
    told: Diagnostic,
}

impl Broken {
    fn is_same(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.told.code, one.told.place);
        of(self) == of(other) && self.way == other.way
    }
}

/// The blueprints that nodes may be made of.
struct Parts<'c, 's> {
    by_file: BTreeMap<FileId, &'c Checked<'s>>,
    /// What breaks in each, whatever it is given.
    always: RefCell<BTreeMap<FileId, Rc<Vec<Broken>>>>,
    /// How many nodes are still looked into.
    left: Cell<usize>,
}

/// A node, the blueprint that it is made of, and what it gives that.
type Made<'n, 'c, 's> = ((&'n str, &'n CheckedNode), &'c Checked<'s>, &'n Given);

impl<'c, 's> Parts<'c, 's> {
    /// Tells the nodes of one that can't be made of their blueprints, with nothing given to it.
    fn start(&self, part: &Checked<'s>, program: &Program<'s>, out: &mut Vec<Diagnostic>) {
        self.left.set(MOST);
        let memo = memo_of(part, program, Given::new());
        self.nodes((program, &part.nodes, &memo), 0, &mut |made, broken| {
            // What one value brings about is one mistake.
            let mut places = BTreeSet::new();
            for one in broken.iter().take(MOST_TOLD) {
                let told = self.told(made, one);
                if places.insert(told.place) {
                    out.push(told);
                }
            }
        });
    }

    /// Hands on what breaks in the blueprints of nodes, each for one instance. They lie so deep.
    fn nodes(
        &self,
        world: World<'_, '_>,
        depth: usize,
        tell: &mut dyn FnMut(Made<'_, 'c, 's>, Vec<Broken>),
    ) {
        let (program, nodes, _) = world;
        for (name, node) in &nodes.nodes {
            let Some(inner) = self.made_of(program, node) else { continue };
            for given in all_given(world, (name, node), inner) {
                let Some(left) = self.left.get().checked_sub(1) else { return };
                self.left.set(left);
                let broken = self.broken(inner, &given, depth);
                if !broken.is_empty() {
                    tell(((name, node), inner, &given), broken);
                    break;
                }
            }
        }
    }

    /// The blueprint that a node is made of, if it is of one.
    fn made_of(&self, program: &Program<'_>, node: &CheckedNode) -> Option<&'c Checked<'s>> {
        let file = program.names.blueprints.get(made_of(&node.node))?;
        self.by_file.get(file).copied()
    }

    /// What breaks with these inputs, and not without.
    fn broken(&self, inner: &Checked<'s>, given: &Given, depth: usize) -> Vec<Broken> {
        let always = self.always(inner);
        let mut found = self.found(inner, given.clone(), depth);
        found.retain(|one| !always.iter().any(|told| told.is_same(one)));
        found
    }

    /// What breaks in a blueprint whatever it is given.
    fn always(&self, inner: &Checked<'s>) -> Rc<Vec<Broken>> {
        if let Some(known) = self.always.borrow().get(&inner.file) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.apart(|| self.found(inner, Given::new(), 0)));
        self.always.borrow_mut().insert(inner.file, Rc::clone(&found));
        found
    }

    /// What some work finds that may look into as many nodes as any other.
    fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let left = self.left.replace(MOST);
        let found = work();
        self.left.set(left);
        found
    }

    /// What breaks with these inputs in a blueprint that lies so deep.
    fn found(&self, inner: &Checked<'s>, given: Given, depth: usize) -> Vec<Broken> {
        let mut program = program_of(inner, Arc::clone(&inner.instances));
        program.instances = Arc::new(with_open(&program, inner, &given));
        let mut told = order::check(&program, &inner.nodes, &inner.groups);
        let is_ring = !told.is_empty();
        if !is_ring {
            verified(inner, &program, given.clone(), &mut told);
        }
        told.retain(|told| told.severity == Severity::Error);
        let made_of = inner.blueprint.as_ref().map_or("", |head| head.name.as_str());
        let here = |told| Broken { way: Vec::new(), made_of: made_of.to_owned(), told };
        let mut found: Vec<Broken> = told.into_iter().map(here).collect();
        if !is_ring && depth < MOST_NESTED {
            let memo = memo_of(inner, &program, given);
            self.nodes((&program, &inner.nodes, &memo), depth + 1, &mut |made, broken| {
                let (name, _) = made.0;
                found.extend(broken.into_iter().map(|mut one| {
                    one.way.push(name.to_owned());
                    one
                }));
            });
        }
        found
    }

    /// What breaks inside, told at the value that brings it about.
    fn told(&self, ((name, node), inner, given): Made<'_, 'c, 's>, first: &Broken) -> Diagnostic {
        let heals = |input: &&String| {
            let mut others = given.clone();
            others.remove(*input);
            !self.apart(|| self.broken(inner, &others, 0)).iter().any(|one| one.is_same(first))
        };
        let mut set = given.keys().filter(|input| node.node.properties.contains_key(input));
        let at: Place = set.find(heals).map_or_else(|| node.place(), |input| node.value(input));
        let made_of = inner.blueprint.as_ref().map_or("", |head| head.name.as_str());
        let Broken { made_of: within, told, .. } = first;
        let message = format!("`{name}` can't be made of `{made_of}` with this: {}", told.message);
        let error = Diagnostic::error(told.code, message, at)
            .related(told.place, format!("breaks here, in `{within}`"));
        match told.help {
            Some(_) => error.help(format!("give another value, or change `{within}`")),
            None => error,
        }
    }
}

/// What each instance of a node gives for sure, with the defaults of what it leaves out: those of its own type come
/// before the blueprint's.
fn all_given(world: World<'_, '_>, node: (&str, &CheckedNode), inner: &Checked<'_>) -> Vec<Given> {
    let (program, ..) = world;
    let own_type = program.types.get(&node.1.node.kind);
    let has_default = |input: &str| {
        let declared = own_type.and_then(|info| info.properties.get(input));
        declared.is_some_and(|declared| declared.declared.default.is_some())
    };
    let inputs = inner.inputs.iter().map(|(name, input)| (name, input.default.as_ref()));
    let secrets = inner.secrets.keys().map(|name| (name, None));
    let all: Vec<(&String, Option<&Expr>)> = inputs.chain(secrets).collect();
    let of = |own| {
        let known = Known::of(world, own);
        let value = |(input, default): &(&String, Option<&Expr>)| {
            let is_said = node.1.node.properties.contains_key(input) || has_default(input);
            let value = match known.field(&known.this, input) {
                Ok(Some(Outcome::Value(value))) if is_said => Some(value),
                _ if is_said => None,
                _ => default.and_then(Expr::as_value).cloned(),
            };
            Some(((*input).clone(), value?))
        };
        all.iter().filter_map(value).collect()
    };
    own(world, node.0, node.1).into_iter().map(|(own, _)| of(own)).collect()
}

/// The nodes that are there, by their places, where what is given leaves some out: of what is not there nothing breaks.
fn there(world: World<'_, '_>, part: &Checked<'_>) -> Option<BTreeSet<usize>> {
    let (program, nodes, _) = world;
    let is_absent = |(name, node): (&String, &CheckedNode)| {
        let condition = node.node.condition.as_ref().filter(|it| it.as_value().is_none());
        condition.is_some_and(|it| Known::of(world, reference(name)).holds(it) == Some(false))
            || !part.instances.contains_key(name)
                && program.instances.get(name).is_some_and(|all| all.is_empty())
    };
    if !nodes.nodes.iter().any(is_absent) {
        return None;
    }
    let there = nodes.nodes.iter().filter(|one| !is_absent(*one));
    Some(there.map(|(_, node)| node.number()).collect())
}

/// The instances of a blueprint's collections, those that are known with these inputs among them.
fn with_open(program: &Program<'_>, part: &Checked<'_>, given: &Given) -> BTreeMap<String, Keyed> {
    let mut all = BTreeMap::clone(&part.instances);
    let is_open = |name: &str| !part.instances.contains_key(name);
    let open = part.nodes.nodes.iter().filter(|(name, _)| is_open(name));
    let open: BTreeMap<usize, (&String, &Each)> = open
        .filter_map(|(name, node)| Some((node.number(), (name, node.node.each.as_ref()?))))
        .collect();
    if open.is_empty() {
        return all;
    }
    let memo = memo_of(part, program, given.clone());
    let known = Known::of((program, &part.nodes, &memo), reference(""));
    // Each after those that it goes through.
    for (name, each) in part.nodes.kept.order.all.iter().filter_map(|at| open.get(at)) {
        if let Some(keyed) = instances::of(&filled(program, &known, each, given), &all) {
            all.insert((*name).clone(), keyed);
        }
    }
    all
}

/// A loop, with what is given in the place of the inputs.
fn filled(program: &Program<'_>, known: &Known<'_, '_>, each: &Each, given: &Given) -> Each {
    let over = match evaluate_with(&each.over, known, &[]) {
        Ok(Outcome::Value(value)) if is_data(&value) => Expr::Value(value),
        _ => each.over.clone(),
    };
    let of = |expr: &Expr| with(program, expr, given);
    Each {
        over,
        key: each.key.as_ref().map(of),
        filter: each.filter.as_ref().map(of),
        ..each.clone()
    }
}

/// Whether a value leads to nothing.
fn is_data(value: &Value) -> bool {
    let mut found = Vec::new();
    gather(value.clone(), &mut found);
    found.is_empty()
}

/// An expression, with what is given in the place of the inputs.
fn with(program: &Program<'_>, expr: &Expr, given: &Given) -> Expr {
    expr.replaced(&|part| match part {
        Expr::Input(name) => given.get(name).cloned().map(Expr::Value),
        Expr::Const(name) => program.constants.get(name).map(|value| with(program, value, given)),
        _ => None,
    })
}
