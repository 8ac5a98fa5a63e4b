//! The values that constraints leave to one variable: between two bounds, among some, without some.

use std::cmp::Ordering;

use bp_eval::{compare, equal};
use bp_plan::{BinaryOp, Expr, Type, UnaryOp, Value};

/// How the path of a length ends.
const LENGTH: &str = ".length()";

/// How the path of an input begins.
pub(super) const INPUT: &str = "input ";

/// What a constraint says of a variable.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// At least this; above it where it does not belong.
    Low(Value, bool),
    /// At most this; below it where it does not belong.
    High(Value, bool),
    /// One of these.
    Among(Vec<Value>),
    /// None of these.
    Without(Vec<Value>),
    /// No value at all.
    Nothing,
}

/// What stands against a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// It stands against itself, or against the type.
    Itself,
    /// The constraint of this number.
    Other(usize),
}

impl Against {
    fn of(at: usize, by: usize) -> Self {
        if at == by { Self::Itself } else { Self::Other(at) }
    }
}

/// What is said of one variable, each with the number of the constraint that says it.
#[derive(Debug, Default)]
pub(super) struct Room {
    facts: Vec<(Fact, Option<usize>)>,
    /// The same, told in as few: of many bounds the closest.
    fewest: Vec<Fact>,
    /// Only whole numbers.
    is_whole: bool,
}

impl Room {
    /// What a type leaves.
    pub(super) fn of(kind: &Type) -> Self {
        let texts = |members: &[Type]| -> Option<Vec<Value>> {
            let text = |member: &Type| match member {
                Type::Literal(text) => Some(Value::String(text.clone())),
                _ => None,
            };
            members.iter().map(text).collect()
        };
        let among = match kind {
            Type::Literal(_) => texts(std::slice::from_ref(kind)),
            Type::Union(members) => texts(members),
            _ => None,
        };
        let mut room = Self { is_whole: *kind == Type::Int, ..Self::default() };
        if let Some(among) = among {
            room.take(Fact::Among(among), None);
        }
        room
    }

    /// What is left to a variable before anything is said of it.
    pub(super) fn at(path: &str) -> Self {
        if path.ends_with(LENGTH) {
            let mut room = Self { is_whole: true, ..Self::default() };
            room.take(Fact::Low(Value::Int(0), true), None);
            return room;
        }
        Self::default()
    }

    /// Takes in what a constraint says.
    pub(super) fn add(&mut self, fact: Fact, by: usize) {
        self.take(fact, Some(by));
    }

    fn take(&mut self, fact: Fact, by: Option<usize>) {
        self.facts.push((fact.clone(), by));
        // What is looser than one of the same kind adds nothing.
        let is_closer = |new: &Fact, old: &Fact| match (new, old) {
            (Fact::Low(new, belongs), Fact::Low(old, _)) => {
                closer(new, old, Ordering::Greater, *belongs)
            }
            (Fact::High(new, belongs), Fact::High(old, _)) => {
                closer(new, old, Ordering::Less, *belongs)
            }
            _ => None,
        };
        for old in &mut self.fewest {
            match is_closer(&fact, old) {
                Some(true) => {
                    *old = fact;
                    return;
                }
                Some(false) => return,
                None => {}
            }
            if let Fact::Among(values) = old
                && matches!(fact, Fact::Among(_) | Fact::Without(_))
            {
                values.retain(|value| admits(&fact, value));
                return;
            }
        }
        let mut fact = fact;
        if let Fact::Among(values) = &mut fact {
            let is_without = |other: &Fact| matches!(other, Fact::Without(_));
            values.retain(|value| self.fewest.iter().all(|other| admits(other, value)));
            self.fewest.retain(|other| !is_without(other));
        }
        self.fewest.push(fact);
    }

    /// Whether no value is left with this one, too; and which constraint stands against it.
    pub(super) fn closes(&self, fact: &Fact, by: usize) -> Option<Against> {
        if self.is_empty(&[fact]) {
            return Some(Against::Itself);
        }
        let together: Vec<&Fact> = self.fewest.iter().chain([fact]).collect();
        if !self.is_empty(&together) {
            return None;
        }
        let pair = self.facts.iter().find(|(other, _)| self.is_empty(&[other, fact]));
        if let Some((_, other)) = pair {
            return Some(other.map_or(Against::Itself, |at| Against::of(at, by)));
        }
        let mut all: Vec<&Fact> = self.facts.iter().map(|(fact, _)| fact).collect();
        all.push(fact);
        let last = self.facts.last().and_then(|(_, by)| *by);
        let against = last.map_or(Against::Itself, |at| Against::of(at, by));
        self.is_empty(&all).then_some(against)
    }

    fn is_empty(&self, facts: &[&Fact]) -> bool {
        let admits = |value: &Value| facts.iter().all(|fact| admits(fact, value));
        if facts.iter().any(|fact| matches!(fact, Fact::Nothing)) {
            return true;
        }
        let among = facts.iter().find_map(|fact| match fact {
            Fact::Among(values) => Some(values),
            _ => None,
        });
        if let Some(values) = among {
            return !values.iter().any(admits);
        }
        let lows = facts.iter().filter_map(|fact| match fact {
            Fact::Low(value, belongs) => Some(self.whole(value, *belongs, 1)),
            _ => None,
        });
        let lows: Vec<(Value, bool)> = lows.collect();
        facts.iter().any(|fact| {
            let Fact::High(value, belongs) = fact else { return false };
            let (high, high_belongs) = self.whole(value, *belongs, -1);
            lows.iter().any(|(low, low_belongs)| match compare(low, &high) {
                Ok(Ordering::Greater) => true,
                Ok(Ordering::Equal) => !(*low_belongs && high_belongs && admits(low)),
                // What has no order was told.
                Ok(Ordering::Less) | Err(_) => false,
            })
        })
    }

    /// A bound of whole numbers is one that belongs.
    fn whole(&self, value: &Value, belongs: bool, step: i64) -> (Value, bool) {
        match value {
            Value::Int(n) if self.is_whole && !belongs => match n.checked_add(step) {
                Some(n) => (Value::Int(n), true),
                None => (value.clone(), false),
            },
            _ => (value.clone(), belongs),
        }
    }
}

/// Whether a bound is closer than another; nothing where they have no order. `outside` is where what is closer lies.
fn closer(new: &Value, old: &Value, outside: Ordering, belongs: bool) -> Option<bool> {
    match compare(new, old) {
        Ok(Ordering::Equal) => Some(!belongs),
        Ok(order) => Some(order == outside),
        Err(_) => None,
    }
}

fn admits(fact: &Fact, value: &Value) -> bool {
    let stands = |bound: &Value, outside: Ordering, belongs: bool| match compare(value, bound) {
        Ok(Ordering::Equal) => belongs,
        Ok(order) => order != outside,
        Err(_) => true,
    };
    match fact {
        Fact::Low(bound, belongs) => stands(bound, Ordering::Less, *belongs),
        Fact::High(bound, belongs) => stands(bound, Ordering::Greater, *belongs),
        Fact::Among(values) => values.iter().any(|one| equal(one, value)),
        Fact::Without(values) => !values.iter().any(|one| equal(one, value)),
        Fact::Nothing => false,
    }
}

/// What a predicate says for certain, by variable.
pub(super) fn facts(predicate: &Expr) -> Vec<(String, Fact)> {
    let mut found = Vec::new();
    gather(predicate, true, &mut found);
    found
}

fn gather(predicate: &Expr, holds: bool, found: &mut Vec<(String, Fact)>) {
    match predicate {
        Expr::Value(Value::Bool(is)) if *is != holds => {
            found.push(("self".to_owned(), Fact::Nothing));
        }
        Expr::Unary { op: UnaryOp::Not, of } => gather(of, !holds, found),
        Expr::Binary { op: BinaryOp::And, left, right } if holds => {
            gather(left, true, found);
            gather(right, true, found);
        }
        // Neither holds where one of them may not.
        Expr::Binary { op: BinaryOp::Or, left, right } if !holds => {
            gather(left, false, found);
            gather(right, false, found);
        }
        Expr::Binary { op, left, right } => {
            let op = if holds { Some(*op) } else { opposite(*op) };
            let Some(op) = op else { return };
            let sides = [(left, right, Some(op)), (right, left, turned(op))];
            for (variable, value, op) in sides {
                if let (Some(path), Expr::Value(value), Some(op)) = (path(variable), &**value, op) {
                    found.extend(said(op, value).into_iter().map(|fact| (path.clone(), fact)));
                }
            }
        }
        other => {
            if let Some(path) = path(other) {
                found.push((path, Fact::Among(vec![Value::Bool(holds)])));
            }
        }
    }
}

/// What `variable op value` says.
fn said(op: BinaryOp, value: &Value) -> Vec<Fact> {
    let value = value.clone();
    match (op, value) {
        (BinaryOp::Equal, value) => vec![Fact::Among(vec![value])],
        (BinaryOp::NotEqual, value) => vec![Fact::Without(vec![value])],
        (BinaryOp::Less, value) => vec![Fact::High(value, false)],
        (BinaryOp::LessOrEqual, value) => vec![Fact::High(value, true)],
        (BinaryOp::Greater, value) => vec![Fact::Low(value, false)],
        (BinaryOp::GreaterOrEqual, value) => vec![Fact::Low(value, true)],
        (BinaryOp::In, Value::List(values)) => vec![Fact::Among(values)],
        (BinaryOp::NotIn, Value::List(values)) => vec![Fact::Without(values)],
        (BinaryOp::In, Value::Range(from, to)) if from > to => vec![Fact::Nothing],
        (BinaryOp::In, Value::Range(from, to)) => {
            vec![Fact::Low(Value::Int(from), true), Fact::High(Value::Int(to), true)]
        }
        _ => Vec::new(),
    }
}

fn opposite(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        BinaryOp::Less => BinaryOp::GreaterOrEqual,
        BinaryOp::LessOrEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessOrEqual,
        BinaryOp::GreaterOrEqual => BinaryOp::Less,
        BinaryOp::In => BinaryOp::NotIn,
        BinaryOp::NotIn => BinaryOp::In,
        _ => return None,
    })
}

/// The operator with its sides changed.
fn turned(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Equal | BinaryOp::NotEqual => op,
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        _ => return None,
    })
}

/// `self` or an input, what is read from it, or how long that is.
fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::This => Some("self".to_owned()),
        Expr::Input(name) => Some(format!("{INPUT}{name}")),
        Expr::Field { of, name, safe: false } => Some(format!("{}.{name}", path(of)?)),
        Expr::Call { function, arguments } if matches!(function.as_str(), "length" | "count") => {
            match arguments.as_slice() {
                [of] => Some(format!("{}{LENGTH}", path(of)?)),
                _ => None,
            }
        }
        _ => None,
    }
}
