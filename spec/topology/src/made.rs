//! What is made of secrets on the way to a value: `upper(password)` is as secret as the password, and no
//! text of the secret itself.
//!
//! Of a value with secret parts every text that depends on a secret counts, the innermost too: of
//! `"user=a\npw=${upper(password)}"` the whole, and what stands behind `pw=`. What is plain beside it
//! does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bp_eval::scalar_text;
use bp_plan::{Expr, Value};

/// Texts that are made of secrets, each with the secrets' names: never to be written or shown.
#[derive(Clone, Default, PartialEq)]
pub struct Made {
    /// Whole values of expressions and of their parts.
    pub texts: BTreeMap<String, BTreeSet<String>>,
    /// Lines of those that no part tells more exactly.
    pub lines: BTreeMap<String, BTreeSet<String>>,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("texts", &self.texts.len()).finish_non_exhaustive()
    }
}

impl Made {
    /// These, too.
    pub fn extend(&mut self, other: Self) {
        for (text, names) in other.texts {
            self.texts.entry(text).or_default().extend(names);
        }
        for (line, names) in other.lines {
            self.lines.entry(line).or_default().extend(names);
        }
    }
}

/// Notes of an evaluation that is gone through for what it makes of secrets.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    made: Made,
    /// Texts inside of what a function gave: some may be as plain as what it was given.
    inside: BTreeMap<String, BTreeSet<String>>,
    /// Texts and lines that came without a secret.
    plain: BTreeSet<String>,
    /// What was gone through.
    begun: BTreeSet<String>,
}

impl Trace {
    /// Whether this is gone through for the first time.
    pub(crate) fn begins(&mut self, what: &str) -> bool {
        self.begun.insert(what.to_owned())
    }

    pub(crate) fn plain(&mut self, value: &Value) {
        texts(value, &mut |text| {
            self.plain.extend(lines(text));
            self.plain.insert(text.to_owned());
        });
    }

    /// A part of an expression has this value, by these secrets.
    pub(crate) fn secret(&mut self, part: &Expr, value: &Value, names: &BTreeSet<String>) {
        let is_inside = matches!(value, Value::List(_) | Value::Map(_));
        if let Expr::Template(template) = part {
            self.plain.extend(lines(&template.text));
        }
        texts(value, &mut |text| match is_inside {
            false => {
                self.made.texts.entry(text.to_owned()).or_default().extend(names.clone());
                if is_made_by(part) {
                    for line in lines(text) {
                        self.made.lines.entry(line).or_default().extend(names.clone());
                    }
                }
            }
            true if is_made_by(origin(part)) => {
                self.inside.entry(text.to_owned()).or_default().extend(names.clone());
            }
            true => {}
        });
    }

    /// All that is made of secrets.
    pub(crate) fn made(self) -> Made {
        let Self { mut made, inside, plain, .. } = self;
        made.lines.retain(|line, _| !plain.contains(line));
        let texts = inside.into_iter().filter(|(text, _)| !plain.contains(text)).collect();
        made.extend(Made { texts, lines: BTreeMap::new() });
        made
    }
}

/// Whether it makes something of its parts that none of them tells; what joins them or hands one on does not.
fn is_made_by(part: &Expr) -> bool {
    matches!(
        part,
        Expr::Call { .. }
            | Expr::Binder(_)
            | Expr::Splat { .. }
            | Expr::Template(_)
            | Expr::Unary { .. }
            | Expr::Binary { .. }
    )
}

/// What a field or an element is taken from.
fn origin(mut part: &Expr) -> &Expr {
    while let Expr::Field { of, .. } | Expr::Index { of, .. } = part {
        part = of;
    }
    part
}

fn texts(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::Null | Value::Bool(_) | Value::File(_) | Value::Reference(_) => {}
        Value::Range(from, to) => see(&format!("{from}..{to}")),
        Value::List(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Map(entries) => entries.values().for_each(|entry| texts(entry, see)),
        scalar => {
            if let Ok(text) = scalar_text(scalar) {
                see(&text);
            }
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| line.trim().to_owned())
}
