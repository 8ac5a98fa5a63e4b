//! From a plan to what is drawn of it.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::workflow::{Action, Parameter};
use bp_plan::{Expr, Node, Plan, Property, Workflow};

use super::leads::{Leads, Led, Target, groups_of, mentioned};
use super::{Diagram, Edge, Item, Need, Note, Role};
use crate::shown;

/// Longer texts are cut: a picture is no listing.
const LONGEST: usize = 44;
/// So many of the things that a workflow does are told of.
const MOST_DONE: usize = 6;

pub(super) fn read(plan: &Plan) -> Diagram {
    let mut reader = Reader {
        plan,
        diagram: Diagram::default(),
        places: BTreeMap::new(),
        leads: Leads::of(plan),
    };
    reader.items();
    for (name, node) in &plan.nodes {
        reader.needs(name, node);
    }
    reader.notes();
    reader.head();
    reader.diagram
}

struct Reader<'p> {
    plan: &'p Plan,
    diagram: Diagram,
    places: BTreeMap<Target, usize>,
    leads: Leads<'p>,
}

impl<'p> Reader<'p> {
    fn head(&mut self) {
        let plan = self.plan;
        self.diagram.title = format!("{} {}", plan.blueprint.name, plan.blueprint.version);
        let selections = plan.selections.values().filter(|one| !one.implicit).count();
        let parts = [
            (plan.nodes.len(), "node"),
            (selections, "selection"),
            (plan.groups.len(), "group"),
            (plan.policies.len(), "policy"),
            (plan.workflows.len(), "workflow"),
        ];
        let parts = parts.iter().filter(|(number, what)| *number > 0 || *what == "node");
        let parts: Vec<String> = parts.map(|(number, what)| shown::count(*number, what)).collect();
        self.diagram.subtitle = parts.join(", ");
    }

    /// In the order of the source, which is the one that people think in.
    fn items(&mut self) {
        let plan = self.plan;
        let mut order = Vec::new();
        for (name, selection) in &plan.selections {
            let card = shown::cardinality(selection.cardinality);
            let mut details = Vec::new();
            if let Some(predicate) = &selection.predicate {
                details.push(shown::clipped(&format!("where {}", predicate.text), 2 * LONGEST));
            }
            if let Some(spread) = &selection.spread {
                details.push(shown::clipped(&format!("spread by {}", spread.text), LONGEST));
            }
            let item = Item {
                role: Role::Selection,
                name: if selection.implicit { "inventory".to_owned() } else { name.clone() },
                kind: format!("{} {card}", shown::short(&selection.kind)).trim().to_owned(),
                family: String::new(),
                is_many: true,
                details,
                inside: None,
                notes: Vec::new(),
            };
            order.push((selection.span, Target::Selection(name.clone()), item));
        }
        for (name, required) in &plan.requirements {
            let card = shown::cardinality(required.requirement.cardinality);
            let item = Item {
                role: Role::Required,
                name: name.clone(),
                kind: format!("{} {card}", required.requirement.target).trim().to_owned(),
                family: String::new(),
                is_many: false,
                details: vec!["given by whoever uses the blueprint".to_owned()],
                inside: None,
                notes: Vec::new(),
            };
            order.push((required.span, Target::Required(name.clone()), item));
        }
        for (name, node) in &plan.nodes {
            order.push((node.span, Target::Node(name.clone()), self.node(name, node)));
        }
        order.sort_by(|(a, one, _), (b, other, _)| (a, one).cmp(&(b, other)));
        for (_, target, item) in order {
            self.places.insert(target, self.diagram.items.len());
            self.diagram.items.push(item);
        }
    }

    fn node(&self, name: &str, node: &Node) -> Item {
        let plan = self.plan;
        let mut details = Vec::new();
        if let Some(each) = &node.each {
            let over = shown::expression(plan, &each.over, each.span);
            let names = each.names.join(", ");
            details.push(shown::clipped(&format!("for {names} in {over}"), LONGEST));
        }
        if node.condition.is_some() {
            details.push("only if a condition holds".to_owned());
        }
        let made_of = node.substituted_by.as_ref().unwrap_or(&node.kind);
        if let Some(of) = plan.node_types.get(made_of).and_then(|kind| kind.blueprint.as_ref()) {
            details.push(shown::clipped(&format!("blueprint {} {}", of.name, of.version), LONGEST));
        }
        let provider = plan.node_types.get(&node.kind).and_then(|kind| kind.provider.clone());
        Item {
            role: Role::Node,
            name: name.to_owned(),
            kind: shown::short(&node.kind).to_owned(),
            family: provider.unwrap_or_default(),
            is_many: node.each.is_some(),
            details,
            inside: None,
            notes: Vec::new(),
        }
    }

    /// What a node requires, where it stands, and what it reads.
    fn needs(&mut self, name: &'p str, node: &'p Node) {
        let Some(from) = self.places.get(&Target::Node(name.to_owned())).copied() else { return };
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        for requirement in &node.requirements {
            let led = self.leads.requirement(name, node, requirement);
            let to: Vec<usize> =
                led.to.iter().filter_map(|target| self.places.get(target).copied()).collect();
            if requirement.hosts
                && !led.is_choice
                && let [host] = to.as_slice()
                && self.fits_inside(from, *host)
            {
                if let Some(item) = self.diagram.items.get_mut(from) {
                    item.inside = Some(*host);
                }
                seen.insert(*host);
                continue;
            }
            let need = if led.is_choice { Need::Choice } else { Need::Requirement };
            let relationship = shown::short(&requirement.relationship);
            let label = match relationship {
                "DependsOn" | "HostedOn" => requirement.name.clone(),
                other => format!("{} · {other}", requirement.name),
            };
            let label = shown::clipped(&label, 30);
            for to in to.into_iter().filter(|to| *to != from) {
                seen.insert(to);
                self.diagram.edges.push(Edge { from, to, need, label: label.clone() });
            }
        }
        let mut read = Led::default();
        let met = node.requirements.iter().flat_map(|requirement| requirement.properties.values());
        let set = node.properties.values().chain(met).map(|property| &property.value);
        for expr in set.chain(&node.condition) {
            self.leads.reads(name, node, expr, &mut read);
        }
        // What a loop goes through is there, whatever it says of itself.
        node.each.iter().for_each(|each| mentioned(&each.over, &mut read));
        for target in read.to {
            let Some(to) = self.places.get(&target).copied() else { continue };
            let is_node = matches!(target, Target::Node(_));
            if is_node && to != from && !seen.contains(&to) && !self.is_around(to, from) {
                let label = String::new();
                self.diagram.edges.push(Edge { from, to, need: Need::Reference, label });
            }
        }
    }

    /// Whether an item can stand in a host: nothing stands in itself, however far around.
    fn fits_inside(&self, item: usize, host: usize) -> bool {
        item != host && !self.is_around(item, host)
    }

    /// Whether an item stands in another, however far around that is.
    fn is_around(&self, around: usize, item: usize) -> bool {
        let next = |at: &usize| self.diagram.items.get(*at).and_then(|item| item.inside);
        std::iter::successors(next(&item), next).any(|at| at == around)
    }

    fn notes(&mut self) {
        let plan = self.plan;
        for (name, group) in &plan.groups {
            let settings = self.settings(&group.properties);
            self.note("group", name, &group.kind, &group.members, Vec::new(), settings);
        }
        for (name, policy) in &plan.policies {
            let mut properties = policy.properties.clone();
            let waves = match properties.remove("waves").map(|waves| waves.value) {
                Some(Expr::Value(bp_plan::Value::List(waves))) => {
                    waves.iter().map(shown::value).collect()
                }
                _ => Vec::new(),
            };
            let mut settings = self.settings(&properties);
            if let Some(run) = &policy.run {
                settings.push(format!("run = {}", run.workflow));
            }
            self.note("policy", name, &policy.kind, &policy.targets, waves, settings);
        }
        for (name, workflow) in &plan.workflows {
            self.workflow(name, workflow);
        }
    }

    /// A workflow, with what it calls and what it runs; it is about the nodes that it calls.
    fn workflow(&mut self, name: &str, workflow: &Workflow) {
        let mut about = Led::default();
        let mut does: Vec<String> = Vec::new();
        workflow.body.walk(&mut |step| {
            let done = match &step.action {
                Action::Call(call) => {
                    mentioned(&call.target, &mut about);
                    format!("calls {}.{}", call.interface, call.operation)
                }
                Action::Run(run) => format!("runs {}", run.workflow),
                Action::For(each) => {
                    mentioned(&each.over, &mut about);
                    return;
                }
                _ => return,
            };
            if !does.contains(&done) && does.len() < MOST_DONE {
                does.push(done);
            }
        });
        let parameter = |one: &Parameter| format!("{}: {}", one.name, one.kind);
        let takes: Vec<String> = workflow.parameters.iter().map(parameter).collect();
        let mut kind = format!("({})", takes.join(", "));
        if let Some(result) = &workflow.result {
            kind = format!("{kind} -> {result}");
        }
        self.mark(&about, self.diagram.notes.len());
        self.diagram.notes.push(Note {
            what: "workflow",
            name: name.to_owned(),
            kind: shown::clipped(&kind, LONGEST),
            over: names(&about),
            waves: Vec::new(),
            settings: does,
        });
    }

    fn settings(&self, properties: &BTreeMap<String, Property>) -> Vec<String> {
        let text = |(name, property): (&String, &Property)| {
            let value = shown::expression(self.plan, &property.value, property.span);
            shown::clipped(&format!("{name} = {value}"), LONGEST)
        };
        properties.iter().map(text).collect()
    }

    fn note(
        &mut self,
        what: &'static str,
        name: &str,
        kind: &str,
        over: &'p Expr,
        waves: Vec<String>,
        settings: Vec<String>,
    ) {
        let plan = self.plan;
        let place = self.diagram.notes.len();
        let mut led = Led::default();
        mentioned(over, &mut led);
        let mut groups = Vec::new();
        groups_of(over, &mut groups);
        let mut names: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        // A group stands for its members, however far inside of other groups they are.
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        while let Some(group) = groups.pop() {
            if seen.insert(group)
                && let Some(group) = plan.groups.get(group)
            {
                let mut inner = Led::default();
                mentioned(&group.members, &mut inner);
                groups_of(&group.members, &mut groups);
                self.mark(&inner, place);
            }
        }
        names.extend(self::names(&led));
        self.mark(&led, place);
        let kind = shown::short(kind).to_owned();
        let name = name.to_owned();
        self.diagram.notes.push(Note { what, name, kind, over: names, waves, settings });
    }

    fn mark(&mut self, led: &Led, note: usize) {
        for target in &led.to {
            let Some(at) = self.places.get(target) else { continue };
            if let Some(item) = self.diagram.items.get_mut(*at)
                && !item.notes.contains(&note)
            {
                item.notes.push(note);
            }
        }
    }
}

fn names(led: &Led) -> Vec<String> {
    led.to.iter().map(|target| target.name().to_owned()).collect()
}
