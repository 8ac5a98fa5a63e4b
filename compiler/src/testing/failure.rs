//! Why an assertion does not hold: what it compares, with its values; which instances break it.

use bp_eval::Outcome;
use bp_plan::{Binder, Expr, Reference, UnaryOp, Value};
use bp_topology::Topology;

use super::{shown, text};
use crate::analysis::Analysis;
use crate::check::blueprint_tests::{Assertion, Parts, Shape, Side};
use crate::diagnostics::{Diagnostic, testing as says};
use crate::source::Place;

/// How many characters of an assertion are repeated in its message.
const MOST_TEXT: usize = 100;
/// How many instances are named.
const MOST_NAMES: usize = 5;

/// Why it does not hold; nothing where it does.
pub(super) fn of(
    analysis: &Analysis,
    topology: &Topology,
    assertion: &Assertion,
) -> Option<Diagnostic> {
    topology.revealing(|| {
        let (outcome, reads) = topology.evaluate(&assertion.predicate);
        let source = Source { analysis, topology };
        let whole = source.text(assertion.shape.place);
        let at = assertion.shape.place;
        match outcome {
            Ok(Outcome::Value(Value::Bool(true))) => None,
            Ok(Outcome::Value(_)) => {
                let message = assertion.message.as_ref().and_then(|it| text(topology, it));
                Some(source.broken(assertion, &whole, message.as_deref()))
            }
            Ok(Outcome::Unknown) => {
                let of: Vec<String> =
                    reads.missing.iter().take(MOST_NAMES).map(|id| format!("`{id}`")).collect();
                let set = "assert what is set, or a part of it that needs nothing reported";
                let (why, help) = if !of.is_empty() {
                    let of = of.join(", ");
                    (format!("it needs what {of} reports only once it is deployed"), set)
                } else if let Some(given) = given_from_outside(topology) {
                    let help = "assert what needs none of it, or test a blueprint that has a node of this one";
                    (format!("it needs what whoever uses the blueprint gives for {given}"), help)
                } else {
                    ("a part of it is known only at run time".to_owned(), set)
                };
                Some(says::assertion_open(at, &whole, &why, help))
            }
            Ok(Outcome::Secret(names)) => {
                let names: Vec<String> = names.into_iter().collect();
                let why = format!("it needs the secret `{}`", names.join("`, `"));
                let give = names.iter().map(|name| format!("{name} = …")).collect::<Vec<_>>();
                let help = format!("give it to the test: `secrets = {{ {} }}`", give.join(", "));
                Some(says::assertion_open(at, &whole, &why, &help))
            }
            Err(error) => {
                let help = "ask for what there is with these inputs and this inventory";
                Some(says::assertion_open(at, &whole, &error.message, help))
            }
        }
    })
}

/// The requirements of the blueprint that whoever uses it must meet; nothing where it has none.
fn given_from_outside(topology: &Topology) -> Option<String> {
    let required = topology.plan().requirements.iter();
    let must = required.filter(|(_, required)| required.requirement.cardinality.0 > 0);
    let names: Vec<String> = must.map(|(name, _)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

/// What an assertion is asked of.
struct Source<'a> {
    analysis: &'a Analysis,
    topology: &'a Topology,
}

impl Source<'_> {
    /// What stands there, on one line.
    fn text(&self, place: Place) -> String {
        let file = self.analysis.sources().file(place.file);
        let written = file.map(|file| file.slice(place.span)).unwrap_or_default();
        let line = written.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().nth(MOST_TEXT).is_some() {
            line.chars().take(MOST_TEXT).chain(['…']).collect()
        } else {
            line
        }
    }

    fn broken(&self, assertion: &Assertion, whole: &str, message: Option<&str>) -> Diagnostic {
        let (shape, expr) = self.culprit(&assertion.shape, &assertion.predicate);
        let label = match (&shape.parts, expr) {
            (Parts::Compared(sides), expr) => {
                let folded = || sides.each_ref().map(|side| side.expr.as_ref());
                let [left, right] = both(expr).map_or_else(folded, |both| both.map(Some));
                let is = |side: &Side, expr: Option<&Expr>| match expr {
                    Some(expr) if !side.says_itself => self.is(expr),
                    _ => String::new(),
                };
                let [first, second] = &**sides;
                let others = [(second.place, is(second, right))];
                let others = others.into_iter().filter(|(_, words)| !words.is_empty()).collect();
                return says::assertion_failed(
                    first.place,
                    whole,
                    message,
                    is(first, left),
                    others,
                );
            }
            (Parts::Mixed(sides), _) => self.mixed(sides),
            (Parts::Each(asked), Expr::Binder(binder)) => {
                self.breakers(expr).map(|of| format!("{of}{}", self.of_first(binder, asked)))
            }
            _ => self.breakers(expr),
        };
        let label = label.unwrap_or_else(|| "is false".to_owned());
        says::assertion_failed(shape.place, whole, message, label, Vec::new())
    }

    /// ``is false: `a` is 2, `b` is 3``, of what stands in it, each once.
    fn mixed(&self, sides: &[Side]) -> Option<String> {
        let mut said: Vec<String> = Vec::new();
        for side in sides.iter().filter(|side| !side.says_itself) {
            let is = self.is(side.expr.as_ref()?);
            let one = format!("`{}` {is}", self.text(side.place));
            if !is.is_empty() && !said.contains(&one) {
                said.push(one);
            }
        }
        (!said.is_empty()).then(|| format!("is false: {}", said.join(", ")))
    }

    /// The first part of `a and b` that does not hold.
    fn culprit<'e>(&self, shape: &'e Shape, expr: &'e Expr) -> (&'e Shape, &'e Expr) {
        let (mut shape, mut expr) = (shape, expr);
        while let Parts::Both(of) = &shape.parts {
            let parts = both(expr);
            let Some([left, right]) =
                parts.or_else(|| Some([of.0.expr.as_ref()?, of.1.expr.as_ref()?]))
            else {
                break;
            };
            let holds =
                matches!(self.topology.evaluate(left).0, Ok(Outcome::Value(Value::Bool(true))));
            (shape, expr) = if holds { (&of.1, right) } else { (&of.0, left) };
        }
        (shape, expr)
    }

    /// What is compared for each element of `all` or `any`, for the first that does not fit:
    /// ` (b.n is 2)`.
    fn of_first(&self, binder: &Binder, asked: &Shape) -> String {
        let Some(mut expr) = binder.body.as_ref() else { return String::new() };
        let mut asked = asked;
        while let (Parts::Both(of), Some([left, right])) = (&asked.parts, both(expr)) {
            let breaks = self.first(binder, left, None).is_some();
            (asked, expr) = if breaks { (&of.0, left) } else { (&of.1, right) };
        }
        let (Parts::Compared(sides), Some(compared)) = (&asked.parts, both(expr)) else {
            return String::new();
        };
        let said = sides.iter().zip(compared).filter(|(side, _)| !side.says_itself);
        let said = said.filter_map(|(side, of)| {
            let value = self.first(binder, expr, Some(of))?;
            Some(format!("`{}` is {}", self.text(side.place), shown::value(&value)))
        });
        let said: Vec<String> = said.collect();
        let name = self.first(binder, expr, None).and_then(|first| names(Value::List(vec![first])));
        match (said.is_empty(), name) {
            (true, _) => String::new(),
            (_, Some(name)) => format!("; of {name} {}", said.join(", ")),
            (_, None) => format!("; of the first {}", said.join(", ")),
        }
    }

    /// The first element of a loop that does not fit, or what something is for it.
    fn first(&self, binder: &Binder, fits: &Expr, what: Option<&Expr>) -> Option<Value> {
        let Expr::Binder(mut over) = filtered(binder, Some(negated(fits)))? else { return None };
        if let Some(what) = what {
            over.body = Some(what.clone());
        }
        match self.topology.evaluate(&Expr::Binder(over)).0 {
            Ok(Outcome::Value(Value::List(found))) => found.into_iter().next(),
            _ => None,
        }
    }

    /// `is 2`; of how many there are, with their names.
    fn is(&self, expr: &Expr) -> String {
        let Ok(Outcome::Value(value)) = self.topology.evaluate(expr).0 else {
            return String::new();
        };
        let shown = shown::value(&value);
        match self.counted(expr) {
            Some(names) => format!("is {shown}: {names}"),
            None => format!("is {shown}"),
        }
    }

    /// The names of the nodes or elements that an expression counts.
    fn counted(&self, expr: &Expr) -> Option<String> {
        let over = match expr {
            Expr::Call { function, arguments } if function == "count" || function == "length" => {
                let [over] = arguments.as_slice() else { return None };
                over.clone()
            }
            Expr::Binder(binder) if binder.function == "count" => {
                let filter = binder.body.clone().or_else(|| binder.filter.clone());
                filtered(binder, filter)?
            }
            _ => return None,
        };
        let Ok(Outcome::Value(value)) = self.topology.evaluate(&over).0 else { return None };
        names(value)
    }

    /// The elements that keep `all` or `any` from being true.
    fn breakers(&self, expr: &Expr) -> Option<String> {
        let Expr::Binder(binder) = expr else { return None };
        let body = binder.body.clone()?;
        let (of, word) = match binder.function.as_str() {
            "all" => (filtered(binder, Some(negated(&body)))?, "not of"),
            "any" => (filtered(binder, None)?, "of none of"),
            _ => return None,
        };
        let Ok(Outcome::Value(value)) = self.topology.evaluate(&of).0 else { return None };
        match names(value.clone()) {
            Some(names) => Some(format!("{word} {names}")),
            None => Some(format!("{word} {}", shown::value(&value))),
        }
    }
}

/// The two sides of an operator.
fn both(expr: &Expr) -> Option<[&Expr; 2]> {
    match expr {
        Expr::Binary { left, right, .. } => Some([left, right]),
        _ => None,
    }
}

fn negated(condition: &Expr) -> Expr {
    Expr::Unary { op: UnaryOp::Not, of: Box::new(condition.clone()) }
}

/// The elements of a loop that a condition lets through, as a list.
fn filtered(binder: &Binder, filter: Option<Expr>) -> Option<Expr> {
    let element = binder.names.last()?.clone();
    Some(Expr::Binder(Box::new(Binder {
        function: "list".to_owned(),
        names: binder.names.clone(),
        over: binder.over.clone(),
        filter,
        key: None,
        body: Some(Expr::Local(element)),
    })))
}

/// The names of nodes and elements; nothing where there are other values.
fn names(value: Value) -> Option<String> {
    let items: Vec<Value> = match value {
        Value::List(items) => items,
        Value::Map(entries) => entries.into_values().collect(),
        _ => return None,
    };
    let names: Option<Vec<String>> = items
        .iter()
        .map(|item| match item {
            Value::Reference(reference @ (Reference::Node { .. } | Reference::Element { .. })) => {
                Some(format!("`{}`", bp_eval::reference_text(reference)))
            }
            _ => None,
        })
        .collect();
    let names = names.filter(|names| !names.is_empty())?;
    let mut text = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMES {
        text = format!("{text} and {} more", names.len() - MOST_NAMES);
    }
    Some(text)
}
