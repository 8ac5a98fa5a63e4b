//! What a group or a policy is over: nodes, collections, elements, groups, and lists of these.
//!
//! It knows how many there are as far as that is known when compiling, and why there are none.

use std::collections::BTreeSet;

use bp_eval::{Outcome, evaluate_with};
use bp_plan::{Expr, Item, Phase, Type, Value};

use super::amounts::Part;
use super::blocks::in_time;
use super::expr::{Scope, Typed, World as _, check_expr};
use super::groups::Groups;
use super::nodes::Nodes;
use super::program::Program;
use super::proposals;
use super::verify::{Known, Memo, gather, reference};
use crate::diagnostics::{Diagnostic, an, policies as says};
use crate::source::Place;
use crate::syntax::ast::{self, ExprKind};

/// What members and targets are sought among.
pub(crate) struct Around<'a, 's> {
    pub(crate) program: &'a Program<'s>,
    pub(crate) nodes: &'a Nodes,
    pub(crate) selections: &'a std::collections::BTreeMap<String, bp_plan::Selection>,
    pub(crate) groups: &'a Groups,
}

/// What is asked of members or targets.
pub(crate) struct Asked<'a> {
    /// `members` or `targets`.
    pub(crate) what: &'a str,
    /// The node type, by full name.
    pub(crate) of: &'a str,
    pub(crate) cardinality: (u64, Option<u64>),
    pub(crate) declared: Place,
}

/// Something that is named as a whole: a node or a selection, or one element of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) key: Option<String>,
}

impl Named {
    /// Whether all of the other is in it.
    fn holds(&self, other: &Self) -> bool {
        self.name == other.name && (self.key.is_none() || self.key == other.key)
    }

    /// As the language writes it.
    pub(crate) fn text(&self) -> String {
        match &self.key {
            Some(key) => format!("{}[\"{key}\"]", self.name),
            None => self.name.clone(),
        }
    }
}

/// One of the things that are named.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// What it is, of one; nothing where it is a group.
    pub(crate) of: Vec<String>,
    /// The nodes and selections in it, as far as they are known.
    pub(crate) named: Vec<Named>,
    pub(crate) fewest: u64,
    pub(crate) most: Option<u64>,
    /// Why there is none, where there is none.
    pub(crate) why: Option<String>,
    pub(crate) place: Place,
}

/// Everything that is named.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    pub(crate) expr: Expr,
    pub(crate) all: Vec<Target>,
    pub(crate) place: Place,
}

impl Targets {
    /// How many there are.
    pub(crate) fn bounds(&self) -> (u64, Option<u64>) {
        self.all.iter().fold((0, Some(0)), |(fewest, most), one| {
            let most = most.zip(one.most).map(|(a, b)| a.saturating_add(b));
            (fewest.saturating_add(one.fewest), most)
        })
    }
}

/// Checks what is named; nothing where a mistake makes it useless to ask any further.
pub(crate) fn check(
    around: &Around<'_, '_>,
    asked: &Asked<'_>,
    owner: &str,
    written: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> Option<Targets> {
    let place = Place { file: around.program.file, span: written.span };
    let before = out.len();
    let (items, all) = (Vec::new(), Vec::new());
    let mut walk = Walk { around, asked, items, all, is_lost: false, out };
    walk.one(written);
    let Walk { items, all, is_lost, .. } = walk;
    if is_lost || out.iter().skip(before).any(|d| d.place.file == place.file) {
        return None;
    }
    let mut targets = Targets { expr: Expr::List(items), all, place };
    let again = twice(asked, &mut targets);
    count(around, asked, owner, &targets, out);
    out.extend(again);
    Some(targets)
}

struct Walk<'a, 's> {
    around: &'a Around<'a, 's>,
    asked: &'a Asked<'a>,
    items: Vec<Item>,
    all: Vec<Target>,
    /// Something that is named has a mistake, which was told there.
    is_lost: bool,
    out: &'a mut Vec<Diagnostic>,
}

impl Walk<'_, '_> {
    fn one(&mut self, written: &ast::Expr) {
        match &written.kind {
            ExprKind::Paren(of) => self.one(of),
            ExprKind::List(elements) => {
                for element in elements {
                    if !element.spread || matches!(element.value.kind, ExprKind::List(_)) {
                        self.one(&element.value);
                    } else {
                        // What can be spread is said by lists.
                        let kind = ExprKind::List(vec![element.clone()]);
                        self.leaf(&ast::Expr { kind, span: element.value.span });
                    }
                }
            }
            _ => self.leaf(written),
        }
    }

    fn leaf(&mut self, written: &ast::Expr) {
        let place = Place { file: self.around.program.file, span: written.span };
        let scope = Scope::new(self.around.program.file);
        let before = self.out.len();
        let Typed { ty, expr, phase } =
            check_expr(self.around.program, &scope, written, None, self.out);
        let fits = |ty: &Type| {
            let of =
                element(ty).is_some_and(|of| self.around.program.names.may_be(&of, self.asked.of));
            of || matches!(ty, Type::Group(_))
        };
        let wanted = proposals::Wanted { kind: None, fits: &fits, but: None };
        proposals::suit(self.around.program, &scope, written, wanted, (self.out, before));
        if ty == Type::Unknown {
            self.is_lost = true;
            return;
        }
        let what = format!("what `{}` names", self.asked.what);
        in_time(phase, Phase::Deploy, &what, place, self.out);
        let Some(target) = self.around.target(&ty, &expr, place) else {
            self.unfit(&ty, |found| format!("`{found}`"), place);
            return;
        };
        let names = &self.around.program.names;
        let odd = target.of.iter().find(|of| !names.may_be(of, self.asked.of));
        if let Some(odd) = odd {
            match &expr {
                Expr::Group(group) => {
                    let with = |found: &str| format!("the group `{group}` with {}", an(found));
                    self.unfit(&Type::Node(odd.clone()), with, place);
                }
                _ => self.unfit(&ty, an, place),
            }
            return;
        }
        self.items.push(Item::One(expr));
        self.all.push(target);
    }

    /// What is of this type, which `told` tells by its name, is none.
    fn unfit(&mut self, found: &Type, told: impl Fn(&str) -> String, at: Place) {
        let Asked { what, of, declared, .. } = self.asked;
        let wanted = Type::Node((*of).to_owned());
        let [wanted, found] = self.around.program.apart(at.file, &wanted, found);
        self.out.push(says::unfit(at, what, &wanted, &told(&found), *declared));
    }
}

impl Around<'_, '_> {
    /// What a value of this type is as a target; nothing where it can't be one.
    fn target(&self, ty: &Type, expr: &Expr, place: Place) -> Option<Target> {
        let (fewest, most) = match ty {
            Type::Node(_) => (1, Some(1)),
            Type::Optional(_) => (0, Some(1)),
            Type::Never | Type::Null => (0, Some(0)),
            _ => (0, None),
        };
        let mut target =
            Target { of: Vec::new(), named: Vec::new(), fewest, most, why: None, place };
        match ty {
            Type::Group(_) => {
                let Expr::Group(name) = expr else { return Some(target) };
                let Some(group) = self.groups.get(name) else { return Some(target) };
                let (fewest, most) = group.targets.bounds();
                let all = group.targets.all.iter();
                // What is in several groups of a group is in it once: else the lists double with each group around.
                let of: BTreeSet<&String> = all.clone().flat_map(|one| &one.of).collect();
                let named: BTreeSet<&Named> = all.flat_map(|one| &one.named).collect();
                target.of = of.into_iter().cloned().collect();
                target.named = named.into_iter().cloned().collect();
                target.why = (most == Some(0)).then(|| format!("`{name}` has no members"));
                (target.fewest, target.most) = (fewest, most);
                return Some(target);
            }
            Type::Never | Type::Null => {
                target.why = Some("it is empty".to_owned());
                return Some(target);
            }
            _ => target.of.push(element(ty)?),
        }
        self.known(expr, &mut target);
        Some(target)
    }

    /// What an expression tells of how many there are.
    fn known(&self, expr: &Expr, target: &mut Target) {
        match expr {
            Expr::Node(name) | Expr::Selection(name) => {
                let (fewest, most, why) = self.bounds(name);
                (target.fewest, target.most, target.why) = (fewest, most, why);
                target.named.push(Named { name: name.clone(), key: None });
            }
            Expr::Splat { of, body } if matches!(&**body, Expr::Local(name) if name == "*") => {
                self.known(of, target);
            }
            Expr::Index { of, key, .. } => {
                let key = match key.as_value() {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Int(number)) => number.to_string(),
                    _ => return,
                };
                if let Expr::Node(name) | Expr::Selection(name) = &**of {
                    target.named.push(Named { name: name.clone(), key: Some(key) });
                }
            }
            Expr::Value(Value::List(items)) if items.is_empty() => {
                (target.fewest, target.most) = (0, Some(0));
                target.why = Some("the list is empty".to_owned());
            }
            other => {
                let (fewest, most) = self.how_many(other);
                if let Expr::Binder(_) = other {
                    (target.fewest, target.most) = (fewest, most);
                }
                if most == Some(0) {
                    (target.fewest, target.most) = (0, Some(0));
                    target.why = Some("it gives nothing".to_owned());
                }
            }
        }
    }

    /// How many targets an expression gives at the fewest, and at the most where that is known.
    pub(crate) fn how_many(&self, expr: &Expr) -> (u64, Option<u64>) {
        match expr {
            Expr::Node(name) | Expr::Selection(name) => {
                let (fewest, most, _) = self.bounds(name);
                (fewest, most)
            }
            Expr::Splat { of, body } if self.is_one_of_each(of, body) => self.how_many(of),
            Expr::Index { of, safe, .. } if matches!(**of, Expr::Node(_) | Expr::Selection(_)) => {
                (u64::from(!safe), Some(1))
            }
            // A capability of a node.
            Expr::Field { of, name, safe } if self.is_capability(of, name) => {
                let (fewest, most) = self.how_many(of);
                (if *safe { 0 } else { fewest }, most)
            }
            // What is listed twice counts once.
            Expr::List(items) => {
                let mut before = BTreeSet::new();
                let distinct = items.iter().filter(|(Item::One(one) | Item::Spread(one))| {
                    plain(one).is_none_or(|plain| before.insert(plain))
                });
                let all = distinct.map(|(Item::One(one) | Item::Spread(one))| self.how_many(one));
                all.fold((0, Some(0)), |(fewest, most), one| {
                    let most = most.zip(one.1).map(|(a, b)| a.saturating_add(b));
                    (fewest.saturating_add(one.0), most)
                })
            }
            Expr::If { then, otherwise, .. } => {
                let (a, b) = (self.how_many(then), self.how_many(otherwise));
                (a.0.min(b.0), a.1.zip(b.1).map(|(a, b)| a.max(b)))
            }
            // `[x for x in xs if c]`: one of each, or fewer.
            Expr::Binder(binder) if binder.function == "list" => {
                if let Some(count) = self.counted(expr) {
                    return (count, Some(count));
                }
                let (fewest, most) = self.how_many(&binder.over);
                match binder.filter.as_ref().map(Expr::as_value) {
                    None | Some(Some(Value::Bool(true))) => (fewest, most),
                    Some(Some(Value::Bool(false))) => (0, Some(0)),
                    Some(_) => (0, most),
                }
            }
            Expr::Value(Value::Null) => (0, Some(0)),
            Expr::Value(Value::List(items)) if items.is_empty() => (0, Some(0)),
            _ => (0, None),
        }
    }

    /// How many different nodes an expression gives, where all that it reads is known.
    fn counted(&self, expr: &Expr) -> Option<u64> {
        let memo = Memo::default();
        let known = Known::of((self.program, self.nodes, &memo), reference(""));
        let Ok(Outcome::Value(value)) = evaluate_with(expr, &known, &[]) else { return None };
        let mut found = Vec::new();
        gather(value, &mut found);
        found.sort();
        found.dedup();
        Some(found.len() as u64)
    }

    /// Whether something is made of each element, be it the element or a capability of it.
    fn is_one_of_each(&self, of: &Expr, body: &Expr) -> bool {
        match body {
            Expr::Local(name) => name == "*",
            Expr::Field { of: element, name, safe: false } => {
                matches!(&**element, Expr::Local(name) if name == "*")
                    && self.is_capability(of, name)
            }
            _ => false,
        }
    }

    fn is_capability(&self, of: &Expr, name: &str) -> bool {
        let node = Program::node_of(of).and_then(|node| self.nodes.nodes.get(node));
        let info = node.and_then(|node| self.program.types.get(&node.node.kind));
        info.is_some_and(|info| info.capabilities.contains_key(name))
    }

    /// How many instances or elements there are of this name, and why there are none.
    fn bounds(&self, name: &str) -> (u64, Option<u64>, Option<String>) {
        if let Some(selection) = self.selections.get(name) {
            let (fewest, most) = selection.cardinality;
            let none = most == Some(0);
            let why = none.then(|| format!("the selection `{name}` takes none: it is `[0]`"));
            return (fewest, most, why);
        }
        let Some(checked) = self.nodes.nodes.get(name) else { return (0, None, None) };
        let node = &checked.node;
        let condition = node.condition.as_ref().map(Expr::as_value);
        if condition == Some(Some(&Value::Bool(false))) {
            let why = format!("there is no `{name}`, since its `if` never holds");
            return (0, Some(0), Some(why));
        }
        let is_sure = matches!(condition, None | Some(Some(Value::Bool(true))));
        let Some(each) = &node.each else { return (u64::from(is_sure), Some(1), None) };
        let (fewest, most) = match &each.over {
            Expr::Value(Value::List(items)) => exactly(items.len()),
            Expr::Value(Value::Map(entries)) => exactly(entries.len()),
            Expr::Value(Value::Range(from, to)) => {
                exactly(usize::try_from(to - from + 1).unwrap_or(0))
            }
            Expr::Node(over) | Expr::Selection(over) if over != name => {
                let (fewest, most, _) = self.bounds(over);
                (fewest, most)
            }
            _ => (0, None),
        };
        let filter = each.filter.as_ref().map(Expr::as_value);
        if filter == Some(Some(&Value::Bool(false))) {
            let why = format!("there is no `{name}`, since its last `if` never holds");
            return (0, Some(0), Some(why));
        }
        let why = (most == Some(0))
            .then(|| format!("there is no `{name}`, since its `for` goes through nothing"));
        if let Some(keyed) = self.program.instances.get(name) {
            let (fewest, most) = exactly(keyed.len());
            let reason = || format!("there is no `{name}`, since nothing meets its last `if`");
            let why = why.or_else(|| (most == Some(0)).then(reason));
            return (if is_sure { fewest } else { 0 }, most, why);
        }
        let is_all = is_sure && filter.is_none();
        (if is_all { fewest } else { 0 }, most, why)
    }
}

/// The node that a target is, or the node and its capability, where it names one as it is.
pub(crate) fn plain(target: &Expr) -> Option<(&str, Option<&str>)> {
    match target {
        Expr::Node(name) => Some((name, None)),
        Expr::Field { of, name, .. } => match &**of {
            Expr::Node(node) => Some((node, Some(name))),
            _ => None,
        },
        _ => None,
    }
}

fn exactly(count: usize) -> (u64, Option<u64>) {
    (count as u64, Some(count as u64))
}

/// The node type of one element.
fn element(ty: &Type) -> Option<String> {
    match ty {
        Type::Optional(of) | Type::List(of) => element(of),
        Type::Node(full) | Type::Nodes(full) => Some(full.clone()),
        _ => None,
    }
}

/// Too many, too few, or surely none at all.
fn count(
    around: &Around<'_, '_>,
    asked: &Asked<'_>,
    owner: &str,
    targets: &Targets,
    out: &mut Vec<Diagnostic>,
) {
    let Asked { what, cardinality, declared, .. } = asked;
    let (least, largest) = targets.bounds();
    let (fewest, most) = *cardinality;
    if largest == Some(0) && fewest > 0 {
        let reasons: Vec<(Place, String)> = targets
            .all
            .iter()
            .map(|one| (one.place, one.why.clone().unwrap_or_else(|| "nothing".to_owned())))
            .collect();
        out.push(says::nothing(targets.place, owner, what, &reasons, *declared));
        return;
    }
    let found = if largest.is_some_and(|largest| largest < fewest) {
        largest.map(|largest| match largest {
            0 => "none".to_owned(),
            _ if least == largest => largest.to_string(),
            _ => format!("{largest} at most"),
        })
    } else if most.is_some_and(|most| least > most) {
        Some(if largest == Some(least) { least.to_string() } else { format!("{least} or more") })
    } else {
        None
    };
    if let Some(found) = found {
        let wanted = counted(fewest, most);
        let text = |one: &Target| (around.program.text(one.place), one.fewest, one.most);
        let parts: Vec<Part> = targets.all.iter().map(text).collect();
        let counted = around.amount(&parts, *cardinality);
        let counted = (counted.0.as_str(), counted.1);
        out.push(says::wrong_count(targets.place, what, &wanted, &found, counted, *declared));
        return;
    }
    if targets.all.is_empty() {
        out.push(says::never_there(targets.place, what, "the list is empty"));
    }
    for one in &targets.all {
        if let Some(why) = one.why.as_ref().filter(|_| one.most == Some(0)) {
            out.push(says::never_there(one.place, what, why));
        }
    }
}

/// `1 or more`, `exactly 2`, `2 to 4`.
pub(crate) fn counted(fewest: u64, most: Option<u64>) -> String {
    match most {
        None => format!("{fewest} or more"),
        Some(most) if most == fewest => format!("exactly {most}"),
        Some(most) => format!("{fewest} to {most}"),
    }
}

/// Tells what is among them already: it counts once.
fn twice(asked: &Asked<'_>, targets: &mut Targets) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut before: Vec<(Named, Place)> = Vec::new();
    for target in &mut targets.all {
        let is_before = |named: &Named| before.iter().find(|(first, _)| first.holds(named));
        let again = target.named.iter().find_map(|named| {
            let (_, place) = is_before(named)?;
            Some((named.text(), *place))
        });
        if let Some((name, first)) = again {
            told.push(says::named_twice(target.place, &name, asked.what, first));
            if target.named.iter().all(|named| is_before(named).is_some()) {
                (target.fewest, target.most) = (0, Some(0));
            }
        }
        before.extend(target.named.iter().map(|named| (named.clone(), target.place)));
    }
    told
}
