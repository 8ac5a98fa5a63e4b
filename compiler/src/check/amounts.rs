//! How many targets or members there are, told by what is written: which of them has how many, and what helps.

use bp_plan::{Expr, Item, Value};

use super::targets::Around;

/// Something that is written as a target: its text, and how many it stands for at the fewest and at the most.
pub(crate) type Part = (String, u64, Option<u64>);

impl Around<'_, '_> {
    /// The targets as they are written, where they are names, elements and capabilities.
    pub(crate) fn parts(&self, targets: &Expr) -> Vec<Part> {
        match targets {
            Expr::List(items) => items
                .iter()
                .flat_map(|item| match item {
                    Item::One(one) | Item::Spread(one) => self.parts(one),
                })
                .collect(),
            Expr::Value(Value::List(items)) if items.is_empty() => Vec::new(),
            one => {
                let (fewest, most) = self.how_many(one);
                vec![(written(one).unwrap_or_default(), fewest, most)]
            }
        }
    }

    /// How many there are in words for the place where they stand, and what to do that they are as many as are wanted.
    pub(crate) fn amount(
        &self,
        parts: &[Part],
        (fewest, most): (u64, Option<u64>),
    ) -> (String, String) {
        let least = parts.iter().fold(0_u64, |all, part| all.saturating_add(part.1));
        let largest = parts.iter().try_fold(0_u64, |all, part| Some(all.saturating_add(part.2?)));
        let help = match (largest, most) {
            (Some(largest), _) if largest < fewest => match fewest - largest {
                1 if largest == 0 => "name one".to_owned(),
                missing if largest == 0 => format!("name {missing}"),
                missing => format!("name {missing} more"),
            },
            (_, Some(most)) => self.leave_out(parts, least, most),
            _ => String::new(),
        };
        (told(parts), help)
    }

    fn leave_out(&self, parts: &[Part], least: u64, most: u64) -> String {
        let Some((name, ..)) = parts.iter().find(|(_, fewest, _)| *fewest > 1) else {
            return match least.saturating_sub(most) {
                0 => "name each of them".to_owned(),
                more => format!("leave out {more}"),
            };
        };
        let keys = self.program.instances.get(name).into_iter().flat_map(|all| all.keys());
        let few = usize::try_from(most.min(2)).unwrap_or(2);
        let some: Vec<String> = keys.take(few).map(|key| format!("`{name}[{key:?}]`")).collect();
        let which = match some.as_slice() {
            [] => "name elements of it".to_owned(),
            some => format!("name elements of it, such as {}", some.join(" and ")),
        };
        format!("`{name}` stands for all of its elements: {which}")
    }
}

/// `` the 3 of `h`, `a` ``.
fn told(parts: &[Part]) -> String {
    let one = |(text, fewest, most): &Part| {
        let text = if text.is_empty() { "this".to_owned() } else { format!("`{text}`") };
        match (fewest, most) {
            (1, Some(1)) => text,
            (0, Some(0)) => format!("none of {text}"),
            (fewest, Some(most)) if fewest == most => format!("the {fewest} of {text}"),
            (0, Some(most)) => format!("{most} of {text} at most"),
            (fewest, _) => format!("{fewest} or more of {text}"),
        }
    };
    if parts.is_empty() {
        return "this is empty".to_owned();
    }
    parts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A target as it is written, where it is a name, an element, or a capability of such.
fn written(target: &Expr) -> Option<String> {
    match target {
        Expr::Node(name) | Expr::Selection(name) => Some(name.clone()),
        Expr::Index { of, key, .. } => match key.as_value()? {
            Value::String(key) => Some(format!("{}[{key:?}]", written(of)?)),
            Value::Int(key) => Some(format!("{}[{key}]", written(of)?)),
            _ => None,
        },
        Expr::Field { of, name, .. } => Some(format!("{}.{name}", written(of)?)),
        Expr::Splat { of, .. } => written(of),
        _ => None,
    }
}
