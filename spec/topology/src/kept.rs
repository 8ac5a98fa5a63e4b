//! Expressions in the place of values: what has a secret part is kept as the expression that makes it, with
//! all that is known in it and secrets by their names. So it can be written down, and given on.
//!
//! Invariants:
//! - what is kept is a value wherever that is known and open;
//! - no sentence tells anything of a secret's value.

use std::collections::BTreeSet;

use bp_eval::{
    DataTypes, ErrorKind, EvalError, Nowhere, Outcome, ValueError, Verdict, check_constraint,
};
use bp_plan::{Constraint, DataType, Entry, Expr, Held, Item, Span, Type, Value};

use crate::topology::Topology;
use crate::world::{Reads, World, error};

/// How many parts an expression may have that is kept. Each use of a name repeats what it stands for.
pub(crate) const MOST_PARTS: usize = 10_000;

impl Topology {
    /// An expression that stands outside all nodes, with these locals of what it is a part of: expressions that
    /// read no other. Beside it what it read of instances.
    pub fn evaluate_with(
        &self,
        expr: &Expr,
        locals: &[(String, Expr)],
    ) -> (Result<Outcome, EvalError>, Reads) {
        self.world.reading(|| evaluate(&self.world, expr, locals))
    }

    /// The same, as it may be kept: its value; where it has a secret part, the expression that makes it. Nothing
    /// where it is not known.
    pub fn kept(
        &self,
        expr: &Expr,
        locals: &[(String, Expr)],
    ) -> (Result<Option<Expr>, EvalError>, Reads) {
        self.world.reading(|| match evaluate(&self.world, expr, locals)? {
            Outcome::Value(value) => Ok(Some(Expr::Value(value))),
            Outcome::Unknown => Ok(None),
            Outcome::Secret(names) => folded(&self.world, expr, locals, &names),
        })
    }

    /// The elements of what is kept, each with its key: which there are is no secret, though parts of them may
    /// be. Nothing where they are not known.
    pub fn kept_elements(&self, over: &Expr) -> Result<Option<Vec<(Value, Expr)>>, EvalError> {
        if let Expr::Value(over) = over {
            let all = bp_eval::elements(over.clone())?.into_iter();
            return Ok(Some(all.map(|(key, element)| (key, Expr::Value(element))).collect()));
        }
        if let Some(all) = written(over) {
            return Ok(Some(all));
        }
        let world = &self.world;
        let whole = world.revealing(|| bp_eval::evaluate(over, &world.outside()));
        // What is wrong with it could say what the secret is.
        let Ok(Outcome::Value(whole)) = whole else { return Ok(None) };
        let one = |(key, _): (Value, Value)| {
            let of = Box::new(over.clone());
            let by = Expr::Index { of, key: Box::new(Expr::Value(key.clone())), safe: false };
            let (element, _) = self.kept(&by, &[]);
            Ok(element?.map(|element| (key, element)))
        };
        bp_eval::elements(whole)?.into_iter().map(one).collect()
    }
}

/// The elements of a list as written, where all of them are.
fn written(over: &Expr) -> Option<Vec<(Value, Expr)>> {
    match over {
        Expr::Held(held) => written(&held.of),
        Expr::List(items) => (0..)
            .zip(items)
            .map(|(at, item)| match item {
                Item::One(item) => Some((Value::Int(at), item.clone())),
                Item::Spread(_) => None,
            })
            .collect(),
        _ => None,
    }
}

fn evaluate(world: &World, expr: &Expr, locals: &[(String, Expr)]) -> Result<Outcome, EvalError> {
    let made: Vec<(&str, &Expr)> = locals
        .iter()
        .filter(|(_, of)| of.as_value().is_none())
        .map(|(name, of)| (name.as_str(), of))
        .collect();
    let open: Vec<(&str, Value)> = locals
        .iter()
        .filter_map(|(name, of)| Some((name.as_str(), of.as_value()?.clone())))
        .collect();
    if made.is_empty() {
        return bp_eval::evaluate_with(expr, &world.outside(), &open);
    }
    bp_eval::evaluate_with(&expr.with_locals(&made), &world.outside(), &open)
}

/// What is kept of an expression that has parts of these secrets.
fn folded(
    world: &World,
    expr: &Expr,
    locals: &[(String, Expr)],
    names: &BTreeSet<String>,
) -> Result<Option<Expr>, EvalError> {
    let all: Vec<(&str, &Expr)> = locals.iter().map(|(name, of)| (name.as_str(), of)).collect();
    let folded = bp_eval::fold(&expr.with_locals(&all), &world.outside())?;
    if folded.size() > MOST_PARTS {
        return Err(error(
            ErrorKind::TooLarge,
            format!(
                "what is made with the secret {} has more than {MOST_PARTS} parts, and is kept as it is made: make it of fewer",
                listed(names)
            ),
        ));
    }
    let outside = |expr: &Expr| bp_eval::evaluate(expr, &world.outside());
    let is_known =
        sound(world, &folded, names, &outside).map_err(|why| error(ErrorKind::Constraint, why))?;
    Ok(is_known.then_some(folded))
}

/// Whether an expression with parts of these secrets is known, as far as the secrets are; else why it has no
/// value, without a word of the secrets'.
pub(crate) fn sound(
    world: &World,
    expr: &Expr,
    names: &BTreeSet<String>,
    evaluate: &dyn Fn(&Expr) -> Result<Outcome, EvalError>,
) -> Result<bool, String> {
    let why = match world.revealing(|| evaluate(expr)) {
        Ok(outcome) => return Ok(outcome != Outcome::Unknown),
        Err(why) => why,
    };
    // What the secret itself is held against says nothing of it; any other mistake may.
    if let Expr::Held(held) = expr
        && matches!(held.kind, Type::Secret(_))
        && world.revealing(|| evaluate(&held.of)).is_ok()
    {
        let own = why.message.strip_prefix(&held.what).unwrap_or(&why.message);
        return Err(own.trim_start_matches(": ").to_owned());
    }
    Err(format!("it has no value with the secret {}", listed(names)))
}

pub(crate) fn listed(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// An expression that must be of this type and within these constraints: a literal part by part, so that each
/// part is held by itself.
pub(crate) fn held(
    expr: &Expr,
    kind: &Type,
    constraints: &[Constraint],
    data_types: &DataTypes,
) -> Result<Expr, ValueError> {
    if let (Expr::Value(value), []) = (expr, constraints) {
        return bp_eval::conform(value.clone(), kind, data_types).map(Expr::Value);
    }
    let bare = bare(kind);
    if matches!(bare, Type::Json | Type::Unknown) && constraints.is_empty() {
        return Ok(expr.clone());
    }
    let shaped = Shaper { data_types }.shaped(expr, bare)?;
    if let (Some(shaped), []) = (&shaped, constraints) {
        return Ok(shaped.clone());
    }
    Ok(Expr::Held(Box::new(Held {
        of: shaped.unwrap_or_else(|| expr.clone()),
        what: "it".to_owned(),
        kind: Type::Secret(Box::new(kind.clone())),
        constraints: constraints
            .iter()
            .map(|one| Constraint { span: Span::default(), ..one.replaced(&of_value) })
            .collect(),
    })))
}

/// The value that a constraint is of, where it stands beside other values.
fn of_value(part: &Expr) -> Option<Expr> {
    matches!(part, Expr::This).then(|| Expr::Local("self".to_owned()))
}

fn bare(kind: &Type) -> &Type {
    match kind {
        Type::Optional(of) | Type::Secret(of) => bare(of),
        other => other,
    }
}

/// Holds the parts of literals.
struct Shaper<'t> {
    data_types: &'t DataTypes,
}

impl Shaper<'_> {
    /// The literal with each of its parts held; nothing where it is none, or what is asked is not asked of its
    /// parts alone.
    fn shaped(&self, expr: &Expr, kind: &Type) -> Result<Option<Expr>, ValueError> {
        match (kind, expr) {
            (Type::List(of), Expr::List(items)) => {
                let all = items.iter().map(|item| match item {
                    Item::One(item) => Some(item),
                    Item::Spread(_) => None,
                });
                let Some(all) = all.collect::<Option<Vec<&Expr>>>() else { return Ok(None) };
                let parts: Result<_, ValueError> = (0..)
                    .zip(all)
                    .map(|(at, item)| {
                        let part = held(item, of, &[], self.data_types);
                        part.map(Item::One).map_err(|error| within(error, &format!("[{at}]")))
                    })
                    .collect();
                parts.map(|parts| Some(Expr::List(parts)))
            }
            (Type::Map(of), Expr::Record(entries)) => self.entries(entries, |_| Some((of, &[]))),
            (Type::Record(fields), Expr::Record(entries)) => {
                let is_whole = fields.iter().all(|(name, kind)| {
                    matches!(kind, Type::Optional(_)) || keys(entries).any(|key| key == name)
                });
                if !is_whole {
                    return Ok(None);
                }
                self.entries(entries, |name| Some((fields.get(name)?, &[])))
            }
            (Type::Data(name), Expr::Record(entries)) => match self.data_types.get(name) {
                Some(data) if data.alias.is_none() && data.constraints.is_empty() => {
                    self.data(entries, data)
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn data(&self, entries: &[Entry], data: &DataType) -> Result<Option<Expr>, ValueError> {
        let mut whole = entries.to_vec();
        let left_out =
            data.fields.iter().filter(|(name, _)| !keys(entries).any(|key| key == *name));
        for (name, field) in left_out {
            match (&field.default, &field.kind) {
                (Some(Expr::Value(default)), _) => {
                    whole.push(Entry::One(name.clone(), Expr::Value(default.clone())));
                }
                (None, Type::Optional(_)) => {
                    whole.push(Entry::One(name.clone(), Expr::Value(Value::Null)));
                }
                // It is made of the others, or missing.
                _ => return Ok(None),
            }
        }
        self.entries(&whole, |name| {
            let field = data.fields.get(name)?;
            Some((&field.kind, field.constraints.as_slice()))
        })
    }

    /// Each entry by what is asked of it; nothing where one is spread, or nothing is known of it.
    fn entries<'t>(
        &self,
        entries: &[Entry],
        asked: impl Fn(&str) -> Option<(&'t Type, &'t [Constraint])>,
    ) -> Result<Option<Expr>, ValueError> {
        let mut parts = Vec::with_capacity(entries.len());
        for entry in entries {
            let Entry::One(name, of) = entry else { return Ok(None) };
            let Some((kind, constraints)) = asked(name) else { return Ok(None) };
            let part = self.part(of, kind, constraints);
            let part = part.map_err(|error| within(error, &format!(".{name}")))?;
            parts.push(Entry::One(name.clone(), part));
        }
        Ok(Some(Expr::Record(parts)))
    }

    fn part(&self, of: &Expr, kind: &Type, constraints: &[Constraint]) -> Result<Expr, ValueError> {
        let Expr::Value(value) = of else { return held(of, kind, constraints, self.data_types) };
        let value = bp_eval::conform(value.clone(), kind, self.data_types)?;
        for constraint in constraints {
            let nowhere = Nowhere { data_types: Some(self.data_types) };
            if let Ok(Verdict::Broken(message)) = check_constraint(constraint, &value, &nowhere) {
                return Err(ValueError { path: String::new(), message });
            }
        }
        Ok(Expr::Value(value))
    }
}

/// What is wrong with a part, as of the whole.
fn within(error: ValueError, step: &str) -> ValueError {
    ValueError { path: format!("{step}{}", error.path), ..error }
}

fn keys(entries: &[Entry]) -> impl Iterator<Item = &String> {
    entries.iter().filter_map(|entry| match entry {
        Entry::One(name, _) => Some(name),
        Entry::Spread(_) => None,
    })
}
