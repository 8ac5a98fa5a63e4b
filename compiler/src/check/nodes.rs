//! Node templates: their heads, their properties, what meets their requirements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_plan::{Constraint, Each, Expr, Node, Phase, Property, Type, Value};
use smol_str::SmolStr;

use super::annotations::{has, texts};
use super::blocks;
use super::choices::{self, Choice, Needs};
use super::expr::origin::Origin;
use super::expr::{
    Local, Looped, Scope, World, check_condition, check_each, check_expr, check_local, is_key,
};
use super::implementations;
use super::instances;
use super::kept::{Again, Before, Kept, Order};
use super::late::known_in_time;
use super::members::short;
use super::program::{Program, RequirementInfo, TypeInfo};
use super::requirements::{self, Meeting, can_meet};
use super::{capabilities, order, targets};
use crate::diagnostics::{Diagnostic, names as says_names, topology as says, types as says_types};
use crate::loader::Module;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, EntryKind, ExprKind, ItemKind, RecordEntry, TypeItemKind};

/// How many instances there may be.
pub(super) const MOST_INSTANCES: usize = 1_000_000;

/// A node that was checked, and where its item starts.
#[derive(Clone, Debug)]
pub(crate) struct CheckedNode {
    known: Arc<Known>,
    start: Place,
    /// Its place among the nodes of its file.
    at: usize,
}

/// What is known of a node, wherever its item stands; the plan's own spans are those of the first time.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) node: Node,
    /// Where its name stands, from the start of the item.
    name: Span,
    /// Where the targets of its requirements stand, beside [`Node::requirements`].
    targets: Vec<Span>,
    /// Where its properties' values stand, in the order of the names.
    values: Vec<(SmolStr, Span)>,
    /// What is left to the runtime to choose.
    pub(crate) choices: Vec<Choice>,
    /// The requirements that it leaves out.
    pub(crate) unmet: Vec<String>,
    /// When its properties, and those of its capabilities, are known, where that is later than when compiling.
    pub(crate) phases: BTreeMap<String, Phase>,
    /// Something that it is made of is read of itself.
    pub(crate) reads_itself: bool,
    /// The imports that it uses, where nothing was told of it and no file read.
    clean: Option<BTreeSet<String>>,
}

impl std::ops::Deref for CheckedNode {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

impl CheckedNode {
    /// Where its name stands.
    pub(crate) fn place(&self) -> Place {
        self.at(self.name)
    }

    /// Where the targets of its requirements stand, beside [`Node::requirements`].
    pub(crate) fn targets(&self) -> impl Iterator<Item = Place> {
        self.known.targets.iter().map(|target| self.at(*target))
    }

    /// Where the value of a property stands; its name where it sets none.
    pub(crate) fn value(&self, property: &str) -> Place {
        let found = self.values.binary_search_by_key(&property, |(name, _)| name.as_str());
        let value = found.ok().and_then(|found| self.values.get(found));
        value.map_or_else(|| self.place(), |(_, value)| self.at(*value))
    }

    fn at(&self, span: Span) -> Place {
        let start = self.start.span.start;
        let span = Span::new(span.start.wrapping_add(start), span.end.wrapping_add(start));
        Place { file: self.start.file, span }
    }

    /// The blueprint that stands for its type, and what that asks of it.
    pub(crate) fn substitute(&mut self, by: String, asks: Vec<Constraint>) {
        let node = &mut Arc::make_mut(&mut self.known).node;
        node.substituted_by = Some(by);
        node.constraints = asks;
    }

    /// The same node in an item of the same text, which stands there now; nothing where something was told of it.
    pub(crate) fn again(&self, now: Span) -> Option<Self> {
        let start = Place { file: self.start.file, span: now };
        self.clean.is_some().then(|| Self { known: Arc::clone(&self.known), start, at: self.at })
    }

    /// Whether nothing else is known of it than of that one.
    pub(crate) fn is_still(&self, before: &Self) -> bool {
        Arc::ptr_eq(&self.known, &before.known)
    }

    /// Its place among the nodes of its file.
    pub(crate) fn number(&self) -> usize {
        self.at
    }
}

/// What could be made of all nodes.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the nodes, and what is known beside them")]
pub(crate) struct Nodes {
    pub(crate) nodes: BTreeMap<String, CheckedNode>,
    /// What is right to check and keeps a plan from being made.
    pub(crate) unplanned: Vec<Diagnostic>,
    /// For the check after the next edit.
    pub(crate) kept: Kept,
}

/// Checks the nodes of a blueprint, each after those that it names. `before` is given where a node's body is
/// all that can have changed since.
pub(crate) fn check(
    program: &mut Program<'_>,
    before: Option<&Before<'_>>,
    out: &mut Vec<Diagnostic>,
) -> Nodes {
    let Some(module) = program.blueprint() else { return Nodes::default() };
    let items: Vec<(&ast::Item, &ast::Node)> = items(module).collect();
    // In the source's order diagnostics are easiest to follow; phases need the order of names.
    let plain: Vec<&ast::Node> = items.iter().map(|(_, node)| *node).collect();
    if plain.iter().any(|node| choices::may_choose(node)) {
        program.needs = Arc::new(Needs::of(&plain));
    }
    let again = before.map(|before| before.again(module));
    let order = match again.as_ref().and_then(Again::order) {
        Some(order) => order,
        None => Arc::new(Order::of(module, &plain)),
    };
    // What is known of a node before it is looked at, nobody sees, but those that are in a ring with it.
    let is_known = order.tangled.is_empty() && again.as_ref().is_some_and(Again::is_complete);
    if let Some(again) = again.as_ref().filter(|_| is_known) {
        program.phases = again.phases();
    }
    let mut all: Vec<Option<CheckedNode>> = vec![None; items.len()];
    // Those of which something is known at another time than before.
    let mut changed: BTreeSet<usize> = BTreeSet::new();
    for at in order.all.iter().copied() {
        let Some((whole, item)) = items.get(at).copied() else { continue };
        let is_tangled = order.tangled.contains(&at);
        let is_new =
            is_tangled || !changed.is_empty() && order.named(at).any(|to| changed.contains(&to));
        let kept = again.as_ref().filter(|_| !is_new).and_then(|again| again.node(at));
        let checked = match kept {
            Some(kept) => {
                program.use_imports(kept.clean.iter().flatten());
                Some(kept)
            }
            None => fresh(program, (at, is_tangled), (whole, item), out),
        };
        let Some(checked) = checked else {
            changed.insert(at);
            continue;
        };
        let name = item.name.text.as_str();
        for choice in &checked.choices {
            choice.note(name, Arc::make_mut(&mut program.needs));
        }
        let keyed = checked.node.each.as_ref();
        if let Some(keyed) = keyed.and_then(|each| instances::of(each, &program.instances)) {
            let all = Arc::make_mut(&mut program.instances);
            all.entry(name.to_owned()).or_insert(keyed);
        }
        let is_other = again.as_ref().is_some_and(|again| again.is_other(at, &checked));
        if is_other {
            changed.insert(at);
        }
        if is_other && is_known {
            let phases = Arc::make_mut(&mut program.phases);
            phases.insert(name.to_owned(), checked.phases.clone());
        } else if !is_known && !checked.phases.is_empty() {
            let phases = Arc::make_mut(&mut program.phases).entry(name.to_owned()).or_default();
            phases
                .extend(checked.phases.iter().map(|(property, phase)| (property.clone(), *phase)));
        }
        if let Some(slot) = all.get_mut(at) {
            *slot = Some(checked);
        }
    }
    let nodes = again.as_ref().and_then(|again| again.by_name(&all));
    let nodes = nodes.unwrap_or_else(|| by_name(&items, &order, &all));
    Nodes { nodes, unplanned: Vec::new(), kept: Kept { all, order, told: None } }
}

/// The nodes of a file.
pub(super) fn items(module: &Module) -> impl Iterator<Item = (&ast::Item, &ast::Node)> {
    module.tree.items.iter().map(|item| &**item).filter_map(|item| match &item.kind {
        ItemKind::Node(node) => Some((item, node)),
        _ => None,
    })
}

/// Of those that have the same name, the one that was looked at first.
fn by_name(
    items: &[(&ast::Item, &ast::Node)],
    order: &Order,
    all: &[Option<CheckedNode>],
) -> BTreeMap<String, CheckedNode> {
    let mut nodes = BTreeMap::new();
    for at in order.all.iter().copied() {
        if let (Some((_, item)), Some(Some(checked))) = (items.get(at), all.get(at)) {
            let name = item.name.text.as_str().to_owned();
            nodes.entry(name).or_insert_with(|| checked.clone());
        }
    }
    nodes
}

/// Checks a node, and notes what it took to do so.
fn fresh(
    program: &Program<'_>,
    (at, is_tangled): (usize, bool),
    (whole, item): (&ast::Item, &ast::Node),
    out: &mut Vec<Diagnostic>,
) -> Option<CheckedNode> {
    let told = out.len();
    let watch = program.watch();
    let known = Checker { program, file: program.file, out: &mut *out }.node(whole, item);
    let seen = watch.end();
    let mut known = known?;
    known.phases = phases(program, &known.node);
    known.reads_itself = order::reads_itself(&known.node);
    if !is_tangled && out.len() == told && known.choices.is_empty() && known.unmet.is_empty() {
        known.clean = seen;
    }
    let start = Place { file: program.file, span: whole.span };
    Some(CheckedNode { known: Arc::new(known), start, at })
}

/// When the properties of a node, those of its capabilities, and those of the nodes that it requires by name
/// are known. What is not noted is known when compiling. A requirement that is met by the inventory is noted by
/// its name: whatever is read of that, is a fact when deploying.
fn phases(program: &Program<'_>, node: &Node) -> BTreeMap<String, Phase> {
    let mut phases = capabilities::phases(program, node);
    let later = node.properties.iter().filter(|(_, set)| set.phase > Phase::Compile);
    phases.extend(later.map(|(property, set)| (property.clone(), set.phase)));
    for requirement in &node.requirements {
        if is_met_by_elements(program, node, &requirement.target) {
            phases.insert(requirement.name.clone(), Phase::Deploy);
        }
        let Some((target, capability)) = targets::plain(&requirement.target) else { continue };
        for (property, phase) in program.phases.get(target).into_iter().flatten() {
            let property = match capability {
                Some(of) => property.strip_prefix(of).and_then(|rest| rest.strip_prefix('.')),
                None => Some(property.as_str()).filter(|property| !property.contains('.')),
            };
            phases.extend(property.map(|it| (format!("{}.{it}", requirement.name), *phase)));
        }
    }
    phases
}

/// Whether a target is of the inventory.
fn is_met_by_elements(program: &Program<'_>, node: &Node, target: &Expr) -> bool {
    let mut bound = Vec::new();
    if let Some(each) = &node.each
        && let Some(name) = each.names.last()
    {
        bound.push((name.clone(), Origin::of(program, &Vec::new(), &each.over).element()));
    }
    // One, or each of a list.
    match Origin::of(program, &bound, target).element() {
        Origin::Of(all) => {
            let is_element = |one: &Expr| match one {
                Expr::Selection(_) => true,
                Expr::Index { of, .. } => matches!(**of, Expr::Selection(_)),
                _ => false,
            };
            !all.is_empty() && all.iter().all(is_element)
        }
        _ => false,
    }
}

struct Checker<'a, 's> {
    program: &'a Program<'s>,
    file: FileId,
    out: &'a mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn place(&self, span: Span) -> Place {
        Place { file: self.file, span }
    }

    /// Whether something is known when the node is deployed.
    fn in_time(&mut self, known: (&Expr, Phase), what: &str, at: Place) {
        known_in_time(self.program, known, Phase::Deploy, what, at, self.out);
    }

    fn node(&mut self, whole: &ast::Item, item: &ast::Node) -> Option<Known> {
        let place = self.place(item.name.span);
        let path = item.ty.as_ref()?;
        let full = self.program.names.expect_type(
            self.file,
            path,
            TypeItemKind::Node,
            // An unknown type was told with the node's head.
            &mut Vec::new(),
        )?;
        let info = self.program.types.get(&full)?;
        let outside = Scope::new(self.file);
        let condition = item.condition.as_ref().map(|condition| {
            let typed = check_condition(self.program, &outside, condition, self.out);
            let at = self.place(condition.span);
            self.in_time((&typed.expr, typed.phase), "whether there is a node", at);
            typed.expr
        });
        let outside = match &item.condition {
            Some(condition) => outside.given(condition, true),
            None => outside,
        };
        let looped = match &item.each {
            Some(each) => {
                let before = self.out.len();
                let looped = check_each(self.program, &outside, each, self.out);
                let is_told = self.out.iter().skip(before).any(says_types::is_secret_decision);
                if let Some(looped) = &looped {
                    self.each(each, looped, is_told);
                }
                looped
            }
            None => None,
        };
        let scope = around(item, outside, looped.as_ref());
        let scope = scope.with_self(Type::Node(full.clone()), Phase::Compile);
        let mut body = Body {
            properties: BTreeMap::new(),
            places: BTreeMap::new(),
            values: BTreeMap::new(),
            labels: None,
            capabilities: BTreeMap::new(),
            meetings: Vec::new(),
            met: BTreeMap::new(),
            is_open: false,
            scope,
        };
        for entry in &item.body.entries {
            self.entry(item, info, entry, &mut body);
        }
        let owner = item.name.text.as_str();
        if !body.is_open {
            blocks::missing(self.program, info, owner, &body.properties, place, self.out);
        }
        let choices = body.meetings.iter().filter_map(|met| met.choice.clone()).collect();
        let unmet = self.unmet(info, &body);
        capabilities::missing(self.program, info, owner, &body.capabilities, place, self.out);
        let operations =
            implementations::own(self.program, &body.scope, info, &item.body, self.out);
        let start = whole.span.start;
        let from_start =
            |span: Span| Span::new(span.start.wrapping_sub(start), span.end.wrapping_sub(start));
        // As large as they are: most of a large program is this.
        let targets = body.meetings.iter().map(|met| from_start(met.target.span)).collect();
        let mut requirements = Vec::with_capacity(body.meetings.len());
        requirements.extend(body.meetings.into_iter().map(|met| met.requirement));
        let each = item.each.as_ref().zip(looped).map(|(each, looped)| Each {
            names: each.names.iter().map(|name| name.text.to_string()).collect(),
            over: looped.over.expr,
            key: looped.key.map(|key| key.expr),
            filter: looped.filter.map(|filter| filter.expr),
            span: self.program.span(self.place(each.over.span)),
        });
        let node = Node {
            kind: full,
            // Told when all blueprints are known.
            substituted_by: None,
            constraints: Vec::new(),
            condition,
            each,
            properties: body.properties.into(),
            requirements,
            capabilities: body.capabilities,
            operations,
            labels: body.labels,
            protect: has(&whole.annotations, "protect"),
            was: texts(&whole.annotations, "was"),
            span: self.program.span(place),
        };
        let name = from_start(item.name.span);
        let values =
            body.values.into_iter().map(|(name, at)| (name, from_start(at.span))).collect();
        Some(Known {
            node,
            name,
            targets,
            values,
            choices,
            unmet,
            phases: BTreeMap::new(),
            reads_itself: false,
            clean: None,
        })
    }

    /// A loop's phase, and its keys as far as they are known.
    fn each(&mut self, each: &ast::Each, looped: &Looped, is_told: bool) {
        let at = self.place(each.over.span);
        let over = (&looped.over.expr, looped.over.phase);
        // A secret that decides was told at the place where it does.
        if !is_told {
            let before = self.out.len();
            self.in_time(over, "what a node goes through", at);
            if self.out.len() > before {
                // All that is made of its elements is as late.
                return;
            }
        }
        if let (Some(filter), Some(written)) = (&looped.filter, &each.filter) {
            let at = self.place(written.span);
            self.in_time((&filter.expr, filter.phase), "which elements count", at);
        }
        if let (Some(key), Some(written)) = (&looped.key, &each.key) {
            let at = self.place(written.span);
            self.in_time((&key.expr, key.phase), "an instance's key", at);
            if !is_key(self.program, &key.ty) {
                self.out.push(says::needs_by(at, &format!("`{}`", key.ty)));
            }
        } else {
            let is_list = matches!(looped.over.ty, Type::List(_));
            let key = if is_list { &looped.element } else { &looped.key_type };
            if !is_key(self.program, key) {
                self.out.push(says::needs_by(at, &format!("`{}`", looped.element)));
                return;
            }
        }
        let Some(value) = looped.over.expr.as_value() else { return };
        if let Value::Range(from, to) = value {
            let count = to.checked_sub(*from).and_then(|count| usize::try_from(count).ok());
            if from <= to && count.is_none_or(|count| count >= MOST_INSTANCES) {
                self.out.push(says::too_many_instances(at, MOST_INSTANCES));
            }
            return;
        }
        let Value::List(items) = value else { return };
        let mut seen = BTreeSet::new();
        for item in items {
            let key = match &looped.key {
                None => Some(item.clone()),
                Some(key) => {
                    let name = looped.locals.last().map_or("", |local| local.name.as_str());
                    let bound = [(name, item.clone())];
                    match bp_eval::evaluate_with(&key.expr, &bp_eval::Nowhere::default(), &bound) {
                        Ok(bp_eval::Outcome::Value(value)) => Some(value),
                        _ => None,
                    }
                }
            };
            let Some(Ok(text)) = key.map(|key| bp_eval::scalar_text(&key)) else { continue };
            if !seen.insert(text.clone()) && looped.filter.is_none() {
                self.out.push(says::key_twice(at, &text));
                return;
            }
        }
    }

    fn entry(
        &mut self,
        item: &ast::Node,
        info: &TypeInfo,
        entry: &ast::BodyEntry,
        body: &mut Body,
    ) {
        match &entry.kind {
            EntryKind::Assign { key, value } => {
                let name = key.text.as_str();
                let is_property = info.properties.contains_key(name);
                if !is_property && name == "labels" {
                    let at = self.place(key.span);
                    if let Some(first) = body.places.get(name).copied() {
                        self.out.push(says::set_twice(at, name, first));
                        return;
                    }
                    body.places.insert(key.text.clone(), at);
                    self.labels(value, body);
                } else if !is_property
                    && info.capabilities.contains_key(name)
                    && !capabilities::are_given(self.program, info)
                {
                    if body.capabilities.contains_key(name) {
                        let first = body.places.get(name).copied().unwrap_or_default();
                        self.out.push(says::set_twice(self.place(key.span), name, first));
                        return;
                    }
                    body.places.insert(key.text.clone(), self.place(key.span));
                    let set = capabilities::assigned(
                        self.program,
                        &body.scope,
                        info,
                        key,
                        value,
                        self.out,
                    );
                    body.capabilities.insert(name.to_owned(), set);
                } else if !is_property && info.requirements.contains_key(name) {
                    self.set_for_met(info, key, value, body);
                } else {
                    let value_place = self.place(value.span);
                    body.values.entry(key.text.clone()).or_insert(value_place);
                    let set = (&mut body.properties, &mut body.places);
                    blocks::property(self.program, &body.scope, info, key, value, set, self.out);
                }
            }
            EntryKind::Spread(value) => {
                let set = (&mut body.properties, &mut body.places);
                let scope = &body.scope;
                body.is_open |= !blocks::spread(self.program, scope, info, value, set, self.out);
            }
            EntryKind::Meets(meets) => self.meets(item, info, meets, body),
            EntryKind::Let { name, value } => {
                check_local(self.program, &body.scope, name, self.out);
                let typed = check_expr(self.program, &body.scope, value, None, self.out);
                body.scope = body.scope.clone().with(Local::alias(name.text.as_str(), typed));
            }
            // Once all locals are known.
            EntryKind::Operation(_) => {}
            EntryKind::Fixed { key, .. } => {
                let at = self.place(key.span);
                let allowed = "`property = value`; a node's values are its own";
                self.out.push(says_names::not_here(at, "`fixed`", "a node", allowed));
            }
            _ => {
                let at = self.place(entry.span);
                let allowed = "`property = value`, `requirement -> target`, `let` and operations";
                self.out.push(says_names::not_here(at, "this", "a node", allowed));
            }
        }
    }

    /// `requirement = target`: what stands there meets it all the same.
    fn set_for_met(
        &mut self,
        info: &TypeInfo,
        key: &ast::Name,
        value: &ast::Expr,
        body: &mut Body,
    ) {
        let at = self.place(key.span);
        let mark = self.mark_between(key.span, value.span, "=", "->");
        let wanted = info.requirements.get(key.text.as_str()).map(|of| &of.declared.target);
        let told = self.out.len();
        let typed = check_expr(self.program, &body.scope, value, None, self.out);
        let fits = wanted.is_some_and(|wanted| can_meet(self.program, &typed.ty, wanted));
        let mark = mark.filter(|_| fits && self.out.len() == told);
        self.out.push(says::set_for_met(at, &key.text, short(&info.full), mark));
        body.met.entry(key.text.clone()).or_insert(at);
    }

    /// `property -> value`: what stands there sets it all the same.
    fn met_for_set(&mut self, info: &TypeInfo, meets: &ast::Meets, body: &mut Body) {
        let name = &meets.name;
        let mark = self.mark_between(name.span, meets.target.span, "->", "=");
        let told = self.out.len();
        let set = (&mut body.properties, &mut body.places);
        blocks::property(self.program, &body.scope, info, name, &meets.target, set, self.out);
        let is_bare = meets.via.is_none() && meets.wheres.is_empty();
        let mark = mark.filter(|_| is_bare && self.out.len() == told);
        let at = self.place(name.span);
        self.out.push(says::met_for_set(at, &name.text, short(&info.full), mark));
    }

    /// The change of the mark between a name and its value.
    fn mark_between(
        &self,
        name: Span,
        value: Span,
        found: &str,
        meant: &str,
    ) -> Option<(Place, String)> {
        let between = Span::new(name.end, value.start);
        let source = self.program.sources.file(self.file)?;
        let text = source.slice(between);
        let at = u32::try_from(text.find(found)?).ok()?;
        let start = between.start + at;
        let length = u32::try_from(found.len()).ok()?;
        (text.trim() == found)
            .then(|| (self.place(Span::new(start, start + length)), meant.to_owned()))
    }

    /// `labels = …`: a map of text that is known when the node is deployed.
    fn labels(&mut self, value: &ast::Expr, body: &mut Body) {
        let map = Type::Map(Box::new(Type::String));
        let typed = check_expr(self.program, &body.scope, value, Some(&map), self.out);
        // Of a block, the label that comes too late is told.
        let mut late = false;
        if let ExprKind::Record(entries) = &value.kind
            && typed.phase > Phase::Deploy
        {
            for entry in entries {
                let RecordEntry::One { value, .. } = entry else { continue };
                let mut silent = Vec::new();
                let ty = Some(&Type::String);
                let one = check_expr(self.program, &body.scope, value, ty, &mut silent);
                let at = self.place(value.span);
                late |= one.phase > Phase::Deploy;
                self.in_time((&one.expr, one.phase), "a label", at);
            }
        }
        if !late {
            let at = self.place(value.span);
            self.in_time((&typed.expr, typed.phase), "a node's labels", at);
        }
        body.labels = Some(typed.expr);
    }

    fn meets(&mut self, item: &ast::Node, info: &TypeInfo, meets: &ast::Meets, body: &mut Body) {
        let name = meets.name.text.as_str();
        let at = self.place(meets.name.span);
        if let Some(first) = body.met.get(name).copied() {
            let declared = info.requirements.get(name);
            let takes_one = declared.is_some_and(|it| it.declared.cardinality.1 == Some(1));
            self.out.push(says::met_twice(at, name, first, takes_one));
            return;
        }
        body.met.insert(meets.name.text.clone(), at);
        let declared = info.requirements.get(name);
        if declared.is_none() && meets.via.is_none() {
            if self.program.names.is_open(&info.full) {
                if requirements::type_target(self.program, self.file, &meets.target).is_none() {
                    check_expr(self.program, &body.scope, &meets.target, None, self.out);
                }
                return;
            }
            if info.properties.contains_key(name) {
                self.met_for_set(info, meets, body);
                return;
            }
            let known: Vec<String> = info.requirements.keys().cloned().collect();
            self.out.push(says::unknown_requirement(at, name, short(&info.full), &known));
            return;
        }
        if declared.is_none()
            && let Some((what, first)) = member(info, name)
        {
            self.out.push(says::named_as_member(at, name, what, short(&info.full), first));
            return;
        }
        if let Some(notice) = self.program.notices.member(self.program.names, &info.full, name) {
            self.out.push(notice.told(at, name));
        }
        let met = requirements::check(
            self.program,
            &body.scope,
            (item.name.text.as_str(), &info.full),
            declared,
            meets,
            self.out,
        );
        body.meetings.extend(met);
    }

    /// Requirements that must be met and are not.
    fn unmet(&self, info: &TypeInfo, body: &Body) -> Vec<String> {
        // A name that was misspelt was told.
        let misspelt = body.met.keys().any(|name| !info.requirements.contains_key(name.as_str()))
            && self.out.last().is_some_and(|d| d.code == "E4005");
        let is_unmet = |name: &str, requirement: &RequirementInfo| {
            requirement.declared.cardinality.0 > 0 && !body.met.contains_key(name)
        };
        let all = info.requirements.iter().filter(|_| !misspelt);
        all.filter(|(name, of)| is_unmet(name, of)).map(|(name, _)| name.clone()).collect()
    }
}

/// What a type calls so that is no requirement, and where.
fn member(info: &TypeInfo, name: &str) -> Option<(&'static str, Place)> {
    if let Some(property) = info.properties.get(name) {
        return Some(("a property", property.place));
    }
    if let Some(capability) = info.capabilities.get(name) {
        return Some(("a capability", capability.place));
    }
    info.attributes.get(name).map(|(_, place)| ("an attribute", *place))
}

/// What a node's body sees: the names of its loop, and what holds where there is an instance.
fn around(item: &ast::Node, outside: Scope, looped: Option<&Looped>) -> Scope {
    let locals = looped.iter().flat_map(|looped| looped.locals.clone());
    let mut scope = locals.fold(outside, Scope::with);
    if item.each.is_some() && looped.is_none() {
        // The names are bound all the same, so that their uses are no mistakes.
        for name in item.each.iter().flat_map(|each| &each.names) {
            let local = Local::variable(name.text.as_str(), Type::Unknown, Phase::Deploy);
            scope = scope.with(local);
        }
    }
    match item.each.as_ref().and_then(|each| each.filter.as_ref()) {
        Some(filter) => scope.given(filter, true),
        None => scope,
    }
}

struct Body {
    properties: BTreeMap<String, Property>,
    places: BTreeMap<SmolStr, Place>,
    values: BTreeMap<SmolStr, Place>,
    labels: Option<Expr>,
    capabilities: BTreeMap<String, BTreeMap<String, Property>>,
    meetings: Vec<Meeting>,
    met: BTreeMap<SmolStr, Place>,
    /// Which properties are set is not known: a `...` has a mistake.
    is_open: bool,
    scope: Scope,
}
