//! What would be done, drawn for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_engine::outlook::{Action, Field, NodeOutlook, Outlook, Shown};
use bp_plan::Plan;
use bp_topology::topology::blame;
use serde_json::Value as Json;

use crate::output::{Output, printable};
use crate::told::Told;

/// How many groups of instances are drawn.
const MOST: usize = 60;
/// The longest value that is drawn.
const LONGEST: usize = 72;

/// The whole; the last line says how much of what.
pub(crate) fn drawn(name: &str, outlook: &Outlook, paints: bool) -> String {
    let mut text = changes(outlook, paints);
    let _ = writeln!(text, "{}", summary(name, outlook));
    text
}

/// What would be done to which nodes.
pub(crate) fn changes(outlook: &Outlook, paints: bool) -> String {
    let paint = Paint(paints);
    let mut text = String::new();
    let moves = outlook.nodes.iter().filter(|node| node.action != Action::None);
    let mut groups = groups(moves);
    // What is certain comes first.
    groups.sort_by_key(|group| group.first.action >= Action::Unknown);
    for group in groups.iter().take(MOST) {
        draw(&mut text, group, paint);
    }
    if groups.len() > MOST {
        let more = groups.len() - MOST;
        let _ = writeln!(text, "and {more} more; `--output json` has all\n");
    }
    text
}

/// What would fail, each with its line of the blueprint.
pub(crate) fn failures(outlook: &Outlook, plan: &Plan, output: Output) {
    for group in groups(outlook.nodes.iter().filter(|node| node.action == Action::Fail)) {
        let node = group.first;
        let reason = node.reason.as_deref().unwrap_or("no reason is known");
        let mut told = Told::error(format!("{}: {reason}", group.shown()));
        told.help.clone_from(&node.help);
        output.told(&told.at(plan, blame(plan, &node.node, node.property.as_deref())));
    }
}

/// Colours, or none.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }
}

/// Its mark, its colour, and what it is called.
fn style(action: Action) -> (&'static str, &'static str, &'static str) {
    match action {
        Action::Create => ("+", "32", "create"),
        Action::Change => ("~", "33", "change"),
        Action::Replace => ("±", "35", "replace"),
        Action::Delete => ("-", "31", "delete"),
        Action::Move => ("→", "36", "rename"),
        Action::Unknown => ("?", "33", "perhaps change"),
        Action::Fail => ("✗", "31", "fail"),
        Action::Held => ("·", "31", "not known"),
        Action::None => ("=", "0", "no change"),
    }
}

/// Instances to which the same would be done, but for their targets.
struct Group<'o> {
    first: &'o NodeOutlook,
    targets: Vec<&'o str>,
}

impl Group<'_> {
    /// `web on east, north and 7 more`.
    fn shown(&self) -> String {
        let node = &self.first.node;
        match self.targets.as_slice() {
            ["local"] | [] => self.first.id.clone(),
            [target] => format!("{} on {target}", self.first.id),
            [first, second] => format!("{node} on {first} and {second}"),
            [first, second, third] => format!("{node} on {first}, {second} and {third}"),
            [first, second, rest @ ..] => {
                format!("{node} on {first}, {second} and {} more", rest.len())
            }
        }
    }
}

fn groups<'o>(nodes: impl Iterator<Item = &'o NodeOutlook>) -> Vec<Group<'o>> {
    let mut groups: Vec<Group<'o>> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes {
        let is_own = node.id == format!("{}[{:?}]", node.node, node.target);
        let lines: Vec<String> =
            node.fields.iter().map(|f| format!("{} {}", f.path, line(f, node.action))).collect();
        let operations: Vec<&String> = node.operations.iter().map(|o| &o.operation).collect();
        let key = (&node.node, node.action, &node.reason, &node.was, lines, operations);
        let key = format!("{key:?}").replace("\\\"", "\"");
        // Several on one target are told one by one.
        let key = if is_own { alike(&key, &node.target) } else { format!("{} {key}", node.id) };
        if let Some(group) = index.get(&key).and_then(|at| groups.get_mut(*at)) {
            group.targets.push(&node.target);
            continue;
        }
        index.insert(key, groups.len());
        groups.push(Group { first: node, targets: vec![&node.target] });
    }
    groups
}

/// What differs from target to target is the target's own name.
fn alike(text: &str, target: &str) -> String {
    text.replace(&format!("[{target:?}]"), "").replace(&format!("`{target}`"), "the target")
}

fn draw(text: &mut String, group: &Group<'_>, paint: Paint) {
    let node = group.first;
    let (mark, color, word) = style(node.action);
    let mark = paint.with(color, mark);
    let what = paint.with("1", &printable(&group.shown()));
    let told = |text: &str| match group.targets.len() {
        0 | 1 => printable(text),
        _ => alike(&printable(text), &node.target),
    };
    let mut notes = Vec::new();
    if let Some(was) = &node.was {
        notes.push(told(&format!("was {was}")));
    }
    notes.extend(node.reason.as_deref().map(told));
    if node.protection.is_some() {
        notes
            .push(if node.needs_approval { "protected" } else { "protected, approved" }.to_owned());
    }
    let notes = if notes.is_empty() { String::new() } else { format!(": {}", notes.join("; ")) };
    let _ = writeln!(text, "{mark} {what}  {}{notes}", paint.with(color, word));
    let width = node.fields.iter().map(|field| field.path.chars().count()).max().unwrap_or(0);
    for field in &node.fields {
        let line = told(&line(field, node.action));
        let _ = writeln!(text, "    {:<width$}  {line}", printable(&field.path));
    }
    for called in &node.operations {
        let perhaps = if called.perhaps { "perhaps " } else { "" };
        let line = format!("    {perhaps}call {}", told(&called.operation));
        let _ = writeln!(text, "{}", paint.faint(&line));
    }
    text.push('\n');
}

/// `2 → 3 (live 5)`.
pub(super) fn line(field: &Field, action: Action) -> String {
    let desired = field.desired.as_ref().map_or_else(|| "(none)".to_owned(), value);
    if action == Action::Create {
        return desired;
    }
    let before = field.applied.as_ref().or(field.live.as_ref());
    if let (Some(Shown::Secret(a)), Some(Shown::Secret(b))) = (before, &field.desired)
        && a == b
    {
        return format!("{desired}, changed");
    }
    if let (Some(desired), Some(applied), Some(live)) =
        (&field.desired, &field.applied, &field.live)
        && desired == applied
        && applied != live
    {
        return format!("{} → {}  (others changed it)", value(live), value(desired));
    }
    let drifted = match (&field.applied, &field.live) {
        (Some(applied), Some(live)) if applied != live => format!("  (live {})", value(live)),
        _ => String::new(),
    };
    let forces = if field.replaces { "  (replaces)" } else { "" };
    let before = before.map_or_else(|| "(none)".to_owned(), value);
    format!("{before} → {desired}{drifted}{forces}")
}

pub(super) fn value(shown: &Shown) -> String {
    match shown {
        Shown::Value(value) => short(value),
        Shown::Secret(of) => {
            let names: Vec<&str> = of.iter().map(String::as_str).collect();
            format!("(secret {})", names.join(", "))
        }
        Shown::KnownAfter(after) => match after.as_slice() {
            [] => "(known later)".to_owned(),
            [one] => format!("(known after {one})"),
            [first, rest @ ..] => format!("(known after {first} and {} more)", rest.len()),
        },
        Shown::Hidden => "(not shown: it takes secrets)".to_owned(),
    }
}

fn short(value: &Json) -> String {
    let text = printable(&value.to_string());
    if text.chars().count() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    format!("{cut}…")
}

/// `shop: 1 to create, 2 to change, 3 unchanged`.
fn summary(name: &str, outlook: &Outlook) -> String {
    let counts = outlook.counts();
    let count = |action: Action| counts.get(&action).copied().unwrap_or(0);
    let words = [
        (Action::Create, "to create"),
        (Action::Change, "to change"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
        (Action::Move, "to rename"),
        (Action::Unknown, "perhaps to change"),
        (Action::Fail, "would fail"),
        (Action::Held, "not known"),
    ];
    let mut parts: Vec<String> = words
        .iter()
        .filter(|(action, _)| count(*action) > 0)
        .map(|(action, word)| format!("{} {word}", count(*action)))
        .collect();
    let unchanged = count(Action::None);
    if parts.is_empty() {
        let nodes = if unchanged == 1 { "1 node is" } else { "nodes are" };
        return match unchanged {
            0 => format!("{name}: nothing is wanted, and nothing is there"),
            1 => format!("{name}: no change, {nodes} as wanted"),
            _ => format!("{name}: no change, {unchanged} {nodes} as wanted"),
        };
    }
    if unchanged > 0 {
        parts.push(format!("{unchanged} unchanged"));
    }
    format!("{name}: {}", parts.join(", "))
}
