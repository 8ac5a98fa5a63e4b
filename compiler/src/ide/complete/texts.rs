//! The strings that a type allows.

use bp_plan::Type;

use super::{Completion, CompletionKind, List};
use crate::check::expr::plain;
use crate::ide::find::settled;

impl List<'_, '_> {
    /// Between quotes.
    pub(super) fn texts(&mut self, expected: &Type) {
        for text in self.choices(expected) {
            let made = Completion::new(&text, CompletionKind::Choice, 0);
            self.found.push(made);
        }
    }

    /// The strings that a type allows, where it is a choice of them.
    pub(super) fn choices(&self, expected: &Type) -> Vec<String> {
        match settled(plain(self.program, &settled(expected.clone()))) {
            Type::Literal(text) => vec![text],
            Type::Union(members) => members
                .into_iter()
                .filter_map(|member| match member {
                    Type::Literal(text) => Some(text),
                    _ => None,
                })
                .collect(),
            // `x in ["a", "b"]`, `xs == ["a"]`.
            Type::List(of) => self.choices(&of),
            _ => Vec::new(),
        }
    }
}
