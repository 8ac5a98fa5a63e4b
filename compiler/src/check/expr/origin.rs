//! Where nodes come from: which nodes and selections of a blueprint a value is one of, or has inside of it.
//!
//! When a member is known hangs on that: what an element of the inventory tells is known when deploying, what
//! a node reports only later. It knows expressions as the plan carries them, and no types.

use std::collections::BTreeMap;

use bp_plan::{Binder, Entry, Expr, Item, Reference, Value};

use super::{Local, World};

/// From how many a value may come; where there are more, nothing is known of them.
const MOST: usize = 256;

/// Where the nodes come from that a value is, or has inside of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Origin {
    /// That can't be told.
    #[default]
    Unknown,
    /// It is, or goes through, nodes of these: nodes, selections, parameters, what meets a requirement of
    /// such. None where it is no node.
    Of(Vec<Expr>),
    /// A list or a map whose elements are this.
    Each(Box<Origin>),
    /// A record, or a map of which the keys are known.
    Fields(BTreeMap<String, Origin>),
}

/// Names that are bound around an expression, with where they come from.
pub(crate) type Bound = Vec<(String, Origin)>;

impl Origin {
    /// That of an expression. `locals` are what is bound around it.
    pub(super) fn among(world: &dyn World, locals: &[Local], expr: &Expr) -> Self {
        Walk { world, locals, inner: Vec::new() }.of(expr)
    }

    /// That of an expression around which these names are bound.
    pub(crate) fn of(world: &dyn World, bound: &Bound, expr: &Expr) -> Self {
        Walk { world, locals: &[], inner: bound.clone() }.of(expr)
    }

    /// That of a value: the instances that it refers to.
    pub(crate) fn of_value(value: &Value) -> Self {
        of_value(value)
    }

    /// No node.
    fn nothing() -> Self {
        Self::Of(Vec::new())
    }

    /// An element of it.
    pub(crate) fn element(self) -> Self {
        match self {
            Self::Each(of) => *of,
            Self::Fields(fields) => fields.into_values().fold(Self::nothing(), Self::or),
            // What goes through all of a collection goes through its nodes.
            same => same,
        }
    }

    /// All nodes of it, however deep inside.
    pub(super) fn nodes(self) -> Self {
        match self {
            of @ (Self::Each(_) | Self::Fields(_)) => of.element().nodes(),
            same => same,
        }
    }

    /// What is read of it under a name.
    fn field(self, name: &str) -> Self {
        match self {
            Self::Of(all) => {
                let field = |of| Expr::Field { of: Box::new(of), name: name.into(), safe: false };
                Self::Of(all.into_iter().map(field).collect())
            }
            Self::Each(of) => *of,
            Self::Fields(mut fields) => fields.remove(name).unwrap_or_default(),
            Self::Unknown => Self::Unknown,
        }
    }

    /// One or the other.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of(none), other) | (other, Self::Of(none)) if none.is_empty() => other,
            (Self::Of(mut all), Self::Of(more)) => {
                for one in more {
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
                if all.len() > MOST { Self::Unknown } else { Self::Of(all) }
            }
            (Self::Each(one), Self::Each(other)) => Self::each(one.or(*other)),
            (Self::Fields(mut all), Self::Fields(more)) => {
                for (name, one) in more {
                    let before = all.remove(&name).unwrap_or_else(Self::nothing);
                    all.insert(name, before.or(one));
                }
                Self::Fields(all)
            }
            (Self::Each(of), fields @ Self::Fields(_))
            | (fields @ Self::Fields(_), Self::Each(of)) => Self::each(of.or(fields.element())),
            _ => Self::Unknown,
        }
    }

    fn each(of: Self) -> Self {
        Self::Each(Box::new(of))
    }
}

struct Walk<'a> {
    world: &'a dyn World,
    locals: &'a [Local],
    /// What is bound inside of the expression, the innermost last.
    inner: Bound,
}

impl Walk<'_> {
    fn of(&mut self, expr: &Expr) -> Origin {
        match expr {
            Expr::Node(_)
            | Expr::Selection(_)
            | Expr::Group(_)
            | Expr::Requirement(_)
            | Expr::This
            | Expr::Source
            | Expr::Target => Origin::Of(vec![expr.clone()]),
            Expr::Value(value) => of_value(value),
            Expr::Local(name) => self.local(name),
            Expr::Field { of, name, .. } => self.of(of).field(name),
            // An instance is told from the others by its key.
            Expr::Index { of, .. } if matches!(**of, Expr::Node(_) | Expr::Selection(_)) => {
                Origin::Of(vec![expr.clone()])
            }
            Expr::Index { of, key, .. } => match (self.of(of), key.as_value()) {
                (fields @ Origin::Fields(_), Some(Value::String(key))) => fields.field(key),
                (of, _) => of.element(),
            },
            Expr::Splat { of, body } => {
                let element = self.of(of).element();
                Origin::each(self.within(&["*".to_owned()], element, body))
            }
            Expr::List(items) => {
                let all = items.iter().map(|item| match item {
                    Item::One(of) => self.of(of),
                    Item::Spread(of) => self.of(of).element(),
                });
                let all: Vec<Origin> = all.take(MOST + 1).collect();
                if all.len() > MOST {
                    return Origin::Unknown;
                }
                Origin::each(all.into_iter().fold(Origin::nothing(), Origin::or))
            }
            Expr::Record(entries) => self.record(entries),
            Expr::If { then, otherwise, .. } => self.of(then).or(self.of(otherwise)),
            Expr::Binary { op: bp_plan::BinaryOp::Coalesce, left, right } => {
                self.of(left).or(self.of(right))
            }
            Expr::Binary { .. } | Expr::Unary { .. } | Expr::Interpolate(_) => Origin::nothing(),
            Expr::Call { function, arguments } => self.call(function, arguments),
            Expr::Binder(binder) => self.binder(binder),
            Expr::Held(held) => self.of(&held.of),
            Expr::Const(name) => self.constant(name),
            Expr::Input(_) | Expr::Secret(_) | Expr::Deployment | Expr::Template(_) => {
                Origin::Unknown
            }
        }
    }

    /// That of a constant, which sees nothing of what is around.
    fn constant(&self, name: &str) -> Origin {
        match self.world.constant(name) {
            Some((_, expr)) => Walk { world: self.world, locals: &[], inner: Vec::new() }.of(expr),
            None => Origin::Unknown,
        }
    }

    fn local(&self, name: &str) -> Origin {
        if let Some((_, found)) = self.inner.iter().rev().find(|(inner, _)| inner == name) {
            return found.clone();
        }
        let found = self.locals.iter().rev().find(|local| local.name == name);
        found.map(|local| (*local.origin).clone()).unwrap_or_default()
    }

    /// That of a body in which the last of the names is an element of what is gone through.
    fn within(&mut self, names: &[String], element: Origin, body: &Expr) -> Origin {
        let before = self.inner.len();
        if let [key, _] = names {
            self.inner.push((key.clone(), Origin::nothing()));
        }
        self.inner.extend(names.last().map(|name| (name.clone(), element)));
        let found = self.of(body);
        self.inner.truncate(before);
        found
    }

    fn record(&mut self, entries: &[Entry]) -> Origin {
        let mut all = Origin::Fields(BTreeMap::new());
        for entry in entries {
            match entry {
                Entry::One(name, of) => {
                    let of = self.of(of);
                    if let Origin::Fields(fields) = &mut all {
                        fields.insert(name.clone(), of);
                    } else {
                        all = all.or(Origin::each(of));
                    }
                }
                Entry::Spread(of) => all = all.or(self.of(of)),
            }
        }
        all
    }

    fn binder(&mut self, binder: &Binder) -> Origin {
        let over = self.of(&binder.over);
        match binder.function.as_str() {
            "sort" | "unique_by" => Origin::each(over.element()),
            "group_by" => Origin::each(Origin::each(over.element())),
            "choose" => over.element(),
            "list" | "map" => {
                let Some(body) = &binder.body else { return Origin::each(over.element()) };
                Origin::each(self.within(&binder.names, over.element(), body))
            }
            "all" | "any" | "count" | "sum" => Origin::nothing(),
            _ => Origin::Unknown,
        }
    }

    fn call(&mut self, function: &str, arguments: &[Expr]) -> Origin {
        match (function, arguments) {
            ("sort" | "unique" | "values", [of]) => Origin::each(self.of(of).element()),
            ("flatten", [of]) => Origin::each(self.of(of).element().element()),
            ("merge", [one, other]) => self.of(one).or(self.of(other)),
            _ => Origin::Unknown,
        }
    }
}

fn of_value(value: &Value) -> Origin {
    match value {
        Value::Reference(Reference::Node { node, key }) => {
            let whole = Expr::Node(node.clone());
            Origin::Of(vec![match key {
                None => whole,
                Some(key) => Expr::Index {
                    of: Box::new(whole),
                    key: Box::new(Expr::string(key)),
                    safe: false,
                },
            }])
        }
        // Nothing large that is known when compiling has nodes inside.
        Value::List(items) if items.len() <= MOST => {
            Origin::each(items.iter().map(of_value).fold(Origin::nothing(), Origin::or))
        }
        Value::Map(entries) if entries.len() <= MOST => Origin::Fields(
            entries.iter().map(|(name, value)| (name.clone(), of_value(value))).collect(),
        ),
        Value::Reference(_) | Value::List(_) | Value::Map(_) => Origin::Unknown,
        _ => Origin::nothing(),
    }
}
