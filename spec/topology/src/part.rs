//! Parts of properties that are not known as a whole, or that have a secret part: what leads to a part as it is written,
//! leads to its value.

use bp_eval::{DataTypes, ErrorKind, EvalError, Outcome, Step};
use bp_plan::{Entry, Expr, Item, Type, Value};

use crate::topology::InstanceId;
use crate::world::{World, error};

impl World {
    /// A part of a property of an instance, by the steps that lead to it.
    pub(crate) fn part(
        &self,
        id: &InstanceId,
        path: &[Step],
    ) -> Option<Result<Outcome, EvalError>> {
        let (Step::Field(property), mut rest) = path.split_first()? else { return None };
        let node = self.plan.nodes.get(&id.node)?;
        let node_type = self.plan.node_types.get(&node.kind)?;
        let attribute = node_type.attributes.get(property);
        let made =
            attribute.and_then(|kind| Some((self.made_attribute(id, property, kind)?, kind)));
        let (mut expr, declared) = if let Some(made) = made {
            made
        } else {
            let declared = &node_type.properties.get(property)?.kind;
            // What is known only once it is reported may be waited for.
            if !self.is_expecting && !self.has_secret_part(id, property, declared) {
                return None;
            }
            (node.properties.get(property)?.value.clone(), declared)
        };
        let kind = path
            .iter()
            .skip(1)
            .try_fold(declared, |kind, step| inside(kind, step, &self.plan.data_types));
        while let ([step, further @ ..], Expr::Record(_) | Expr::List(_) | Expr::Held(_)) =
            (rest, &expr)
        {
            if let Expr::Held(held) = expr {
                expr = held.of;
                continue;
            }
            expr = match (step, &expr) {
                (Step::Field(key) | Step::Key(Value::String(key)), Expr::Record(entries)) => {
                    self.entry(id, entries, key)?
                }
                (Step::Key(Value::Int(at)), Expr::List(items)) => element(items, *at)?,
                _ => return None,
            };
            rest = further;
        }
        let whole = rest.iter().fold(expr, |of, step| {
            let (of, safe) = (Box::new(of), false);
            match step {
                Step::Field(name) => Expr::Field { of, name: name.clone(), safe },
                Step::Key(key) => Expr::Index { of, key: Box::new(Expr::Value(key.clone())), safe },
            }
        });
        let outcome = match (self.evaluate(id, &whole), kind) {
            (Ok(Outcome::Value(value)), Some(kind)) => {
                let made = bp_eval::conform(value, kind, &self.plan.data_types);
                made.map(Outcome::Value)
                    .map_err(|why| error(ErrorKind::Constraint, why.to_string()))
            }
            (outcome, _) => outcome,
        };
        Some(outcome)
    }

    /// Whether a property has parts that are secret, and is not declared to be secret as a whole.
    fn has_secret_part(&self, id: &InstanceId, property: &str, kind: &Type) -> bool {
        let mut kind = kind;
        while let Type::Optional(of) = kind {
            kind = of;
        }
        !matches!(kind, Type::Secret(_))
            && matches!(self.node_field(id, property, false), Ok(Some(Outcome::Secret(_))))
    }

    /// The entry of this name of a record as written; nothing where that isn't plain.
    fn entry(&self, id: &InstanceId, entries: &[Entry], key: &str) -> Option<Expr> {
        let mut all = Vec::new();
        flat(entries, &mut all);
        for entry in all.into_iter().rev() {
            match entry {
                Entry::One(known, value) if known == key => return Some(value.clone()),
                Entry::One(..) => {}
                Entry::Spread(of) => match self.evaluate(id, of) {
                    Ok(Outcome::Value(Value::Map(mut entries))) => {
                        if let Some(value) = entries.remove(key) {
                            return Some(Expr::Value(value));
                        }
                    }
                    _ => return None,
                },
            }
        }
        None
    }
}

/// The entries of a record, with those of records that are written out in it.
fn flat<'e>(entries: &'e [Entry], found: &mut Vec<&'e Entry>) {
    for entry in entries {
        match entry {
            Entry::Spread(Expr::Record(inner)) => flat(inner, found),
            other => found.push(other),
        }
    }
}

/// The element at this place of a list as written; nothing where that isn't plain.
fn element(items: &[Item], at: i64) -> Option<Expr> {
    let before = items.get(..=usize::try_from(at).ok()?)?;
    match before.last()? {
        Item::One(item) if before.iter().all(|it| matches!(it, Item::One(_))) => Some(item.clone()),
        _ => None,
    }
}

/// The type of what a step leads to in values of this type; nothing where that is open.
fn inside<'t>(kind: &'t Type, step: &Step, data_types: &'t DataTypes) -> Option<&'t Type> {
    let name = match step {
        Step::Field(name) | Step::Key(Value::String(name)) => Some(name),
        Step::Key(_) => None,
    };
    match kind {
        Type::Optional(of) | Type::Perhaps(of) | Type::Secret(of) => inside(of, step, data_types),
        Type::List(of) | Type::Map(of) => Some(of),
        Type::Record(fields) => fields.get(name?),
        Type::Data(of) => {
            let data = data_types.get(of)?;
            match &data.alias {
                Some(alias) => inside(alias, step, data_types),
                None => data.fields.get(name?).map(|field| &field.kind),
            }
        }
        _ => None,
    }
}
