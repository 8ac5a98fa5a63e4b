//! The types of the built-in functions, read from the signatures that `bp_eval` lists them with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bp_plan::{Dimension, Type};

/// A type with variables (`T`) in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// A type as it is.
    Exactly(Type),
    /// Whatever the arguments say.
    Variable(String),
    /// `list<P>`.
    List(Box<Pattern>),
    /// `map<P>`.
    Map(Box<Pattern>),
    /// `{ a: P }`.
    Record(Vec<(String, Pattern)>),
    /// `P | Q`.
    Either(Vec<Pattern>),
}

/// One form of a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Signature {
    /// Names and types of the parameters.
    pub(super) parameters: Vec<(String, Pattern)>,
    /// Whether the last parameter may come again and again.
    pub(super) repeats: bool,
    /// How many may be left out.
    pub(super) optional: usize,
    /// What it gives.
    pub(super) result: Pattern,
}

impl Signature {
    /// Whether it takes so many arguments.
    pub(super) fn takes(&self, count: usize) -> bool {
        let most = self.parameters.len();
        count + self.optional >= most && (count <= most || self.repeats)
    }

    /// The parameter of the argument at this position.
    pub(super) fn parameter(&self, at: usize) -> Option<&(String, Pattern)> {
        self.parameters.get(at).or_else(|| if self.repeats { self.parameters.last() } else { None })
    }
}

/// The forms of each function by its name.
pub(super) static SIGNATURES: LazyLock<BTreeMap<&'static str, Vec<Signature>>> =
    LazyLock::new(|| {
        bp_eval::functions::NAMES
            .iter()
            .map(|(name, function)| {
                let forms = function
                    .signature
                    .split(" or ")
                    .filter_map(|form| Reader { rest: form.trim() }.signature());
                (*name, forms.collect())
            })
            .collect()
    });

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, mark: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> Option<&'t str> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn signature(&mut self) -> Option<Signature> {
        self.word()?;
        let mut found = Signature {
            parameters: Vec::new(),
            repeats: false,
            optional: 0,
            result: Pattern::Exactly(Type::Unknown),
        };
        if !self.eat("(") {
            return None;
        }
        while !self.eat(")") {
            if self.eat("…") {
                found.repeats = true;
                continue;
            }
            let name = self.word()?.to_owned();
            if !self.eat(":") {
                return None;
            }
            let pattern = self.pattern()?;
            if self.eat("=") {
                self.word()?;
                found.optional += 1;
            }
            found.parameters.push((name, pattern));
            self.eat(",");
        }
        if !self.eat("->") {
            return None;
        }
        found.result = self.pattern()?;
        Some(found)
    }

    fn pattern(&mut self) -> Option<Pattern> {
        let first = self.atom()?;
        let mut all = vec![first];
        while self.eat("|") {
            all.push(self.atom()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Pattern::Either(all)) }
    }

    fn atom(&mut self) -> Option<Pattern> {
        if self.eat("{") {
            let mut fields = Vec::new();
            while !self.eat("}") {
                let name = self.word()?.to_owned();
                if !self.eat(":") {
                    return None;
                }
                fields.push((name, self.pattern()?));
                self.eat(",");
            }
            return Some(Pattern::Record(fields));
        }
        let word = self.word()?;
        if matches!(word, "list" | "map") {
            if !self.eat("<") {
                return None;
            }
            let of = Box::new(self.pattern()?);
            if !self.eat(">") {
                return None;
            }
            return Some(if word == "list" { Pattern::List(of) } else { Pattern::Map(of) });
        }
        Some(match scalar(word) {
            Some(ty) => Pattern::Exactly(ty),
            None => Pattern::Variable(word.to_owned()),
        })
    }
}

/// The built-in type of this name.
pub(super) fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "string" => Type::String,
        "int" => Type::Int,
        "float" => Type::Float,
        "bool" => Type::Bool,
        "null" => Type::Null,
        "duration" => Type::Quantity(Dimension::Duration),
        "size" => Type::Quantity(Dimension::Size),
        "frequency" => Type::Quantity(Dimension::Frequency),
        "bitrate" => Type::Quantity(Dimension::Bitrate),
        "percent" => Type::Quantity(Dimension::Percent),
        "version" => Type::Version,
        "timestamp" => Type::Timestamp,
        "file" => Type::File,
        "json" => Type::Json,
        "range" => Type::Range,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_types() {
        for (name, function) in bp_eval::functions::NAMES.iter() {
            let forms = SIGNATURES.get(name).map(Vec::as_slice).unwrap_or_default();
            assert!(!forms.is_empty(), "{name}: {}", function.signature);
            for count in 0..6 {
                let takes = forms.iter().any(|form| form.takes(count));
                let may = count >= function.least && function.most.is_none_or(|most| count <= most);
                assert!(!takes || may, "{name} with {count}: {}", function.signature);
                // `merge(a)` evaluates, and is no use.
                assert!(takes || !may || *name == "merge", "{name} with {count}");
            }
        }
    }
}
