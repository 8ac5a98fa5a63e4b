//! Selections of the inventory: which elements fit, how they are spread, which come first.

use bp_plan::{Expr, Phase, Preference, Rank, Selection, Spread, Type, Value};

use super::expr::{
    Scope, Typed, World as _, check_expr, check_wheres, holds_secret, is_ordered, is_scalar,
};
use super::late::{known_in_time, late};
use super::program::Program;
use crate::diagnostics::{
    Diagnostic, names as says_names, selections as says, topology as says_topology,
    types as says_types,
};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, EntryKind, ExprKind, RecordEntry, TypeItemKind};

/// Checks a selection.
pub(crate) fn check(
    program: &Program<'_>,
    select: &ast::Placed,
    out: &mut Vec<Diagnostic>,
) -> Option<Selection> {
    let file = program.file;
    let kind = program.names.expect_type(file, &select.ty, TypeItemKind::Node, &mut Vec::new())?;
    let place = Place { file, span: select.name.span };
    let cardinality = match &select.cardinality {
        Some(written) => super::members::cardinality(program, file, written, out),
        None => (1, Some(1)),
    };
    let mut made = Selection::new(kind, cardinality, program.span(place));
    let mut reading = Reading { program, candidate: Type::Node(made.kind.clone()), out };
    let mut seen: Vec<(&str, Place)> = Vec::new();
    let mut places = Places { file, ..Places::default() };
    for entry in &select.body.entries {
        let at = Place { file, span: entry.span };
        let EntryKind::Assign { key, value } = &entry.kind else {
            let allowed = "`where`, `spread`, `prefer` and `count`";
            reading.out.push(says_names::not_here(at, "this", "a selection", allowed));
            continue;
        };
        let at = Place { file, span: key.span };
        let name = key.text.as_str();
        if let Some((_, first)) = seen.iter().find(|(before, _)| *before == name) {
            reading.out.push(says_topology::set_twice(at, name, *first));
            continue;
        }
        seen.push((name, at));
        match name {
            "where" => made.predicate = reading.predicate(value),
            "spread" => made.spread = reading.spread(value),
            "prefer" => {
                places.prefer = Some(at);
                made.prefer = reading.prefer(value);
            }
            "count" => {
                places.count = Some(Place { file, span: value.span });
                made.count = reading.count(value);
            }
            other => {
                let known = ["where", "spread", "prefer", "count"];
                reading.out.push(says_names::unknown_field(at, other, "a selection", &known));
            }
        }
    }
    counts(&mut made, select, &places, out);
    Some(made)
}

#[derive(Default)]
struct Places {
    file: FileId,
    prefer: Option<Place>,
    count: Option<Place>,
}

/// Whether `count`, `prefer` and the cardinality go together.
fn counts(made: &mut Selection, select: &ast::Placed, places: &Places, out: &mut Vec<Diagnostic>) {
    let constant = match made.count.as_ref().and_then(Expr::as_value) {
        Some(Value::Int(count)) => u64::try_from(*count).ok(),
        _ => None,
    };
    let Some(written) = &select.cardinality else {
        if made.count.is_some() {
            made.cardinality = (constant.unwrap_or(1), constant);
        }
        return;
    };
    let (fewest, most) = made.cardinality;
    if let Some((count, at)) = constant.zip(places.count)
        && (count < fewest || most.is_some_and(|most| count > most))
    {
        let declared = Place { file: places.file, span: written.span };
        out.push(says::count_outside(at, count, &super::targets::counted(fewest, most), declared));
    }
    if let Some(at) = places.prefer
        && !made.prefer.is_empty()
        && made.count.is_none()
        && made.spread.is_none()
        && most.is_none()
    {
        out.push(says::prefers_nothing(at));
    }
}

struct Reading<'a, 's> {
    program: &'a Program<'s>,
    candidate: Type,
    out: &'a mut Vec<Diagnostic>,
}

impl Reading<'_, '_> {
    fn place(&self, value: &ast::Expr) -> Place {
        Place { file: self.program.file, span: value.span }
    }

    fn predicate(&mut self, value: &ast::Expr) -> Option<bp_plan::Constraint> {
        let one = ast::Where { predicate: value.clone(), message: None };
        let scope = Scope::new(self.program.file);
        let one = std::slice::from_ref(&one);
        let made = check_wheres(self.program, &scope, &self.candidate, one, self.out);
        let made = made.into_iter().next()?;
        self.in_time(&made.predicate, "which elements fit", value);
        Some(made)
    }

    /// An expression over the candidate.
    fn by(&mut self, value: &ast::Expr, what: &str) -> Option<Typed> {
        let scope = Scope::new(self.program.file).with_self(self.candidate.clone(), Phase::Compile);
        let typed = check_expr(self.program, &scope, value, None, self.out);
        if typed.ty == Type::Unknown {
            return None;
        }
        if holds_secret(self.program, &typed.ty) {
            self.out.push(says_types::secret_decides(self.place(value), what));
            return None;
        }
        self.in_time(&typed.expr, what, value);
        Some(typed)
    }

    /// What is known of a candidate is known when deploying; what nodes report is not.
    fn in_time(&mut self, expr: &Expr, what: &str, value: &ast::Expr) {
        if late(self.program, expr) {
            let known = (expr, Phase::Run);
            known_in_time(self.program, known, Phase::Deploy, what, self.place(value), self.out);
        }
    }

    fn spread(&mut self, value: &ast::Expr) -> Option<Spread> {
        let at = self.place(value);
        let ExprKind::Record(entries) = &value.kind else {
            if !matches!(value.kind, ExprKind::Missing) {
                self.out.push(says::odd_spread(at));
            }
            return None;
        };
        let before = self.out.len();
        let (mut by, mut max) = (None, None);
        for entry in entries {
            match entry {
                RecordEntry::One { key, value } if key.text == "by" => {
                    by = Some((value, self.by(value, "what elements are spread by")));
                }
                RecordEntry::One { key, value } if key.text == "max" => {
                    max = Some(self.number(value, "how many of each there may be", 1));
                }
                RecordEntry::One { key, .. } => {
                    let at = Place { file: self.program.file, span: key.span };
                    let known = ["by", "max"];
                    let error = says_names::unknown_field(at, &key.text, "`spread`", &known);
                    self.out.push(error);
                }
                RecordEntry::Spread(value) => self.out.push(says::odd_spread(self.place(value))),
            }
        }
        let (Some((written, by)), Some(max)) = (by, max) else {
            if self.out.len() == before {
                self.out.push(says::odd_spread(at));
            }
            return None;
        };
        let by = by?;
        if !is_scalar(self.program, &by.ty) {
            let at = self.place(written);
            self.out.push(says::spread_by_no_scalar(at, &by.ty));
            return None;
        }
        let text = self.program.text(self.place(written));
        Some(Spread { by: by.expr, text, max: max?, span: self.program.span(at) })
    }

    fn odd_preference(&mut self, at: Place) {
        let written = self.program.text(at);
        self.out.push(says::odd_preference(at, &written));
    }

    fn prefer(&mut self, value: &ast::Expr) -> Vec<Preference> {
        match &value.kind {
            ExprKind::Paren(of) => self.prefer(of),
            ExprKind::Missing => Vec::new(),
            ExprKind::List(elements) => elements
                .iter()
                .filter_map(|element| {
                    if element.spread {
                        self.odd_preference(self.place(&element.value));
                        return None;
                    }
                    self.preference(&element.value)
                })
                .collect(),
            _ => {
                self.odd_preference(self.place(value));
                Vec::new()
            }
        }
    }

    fn preference(&mut self, value: &ast::Expr) -> Option<Preference> {
        let at = self.place(value);
        let (rank, by) = match &value.kind {
            ExprKind::Call { function, arguments } => {
                let rank = match function.segments.as_slice() {
                    [only] if only.text == "least" => Some(Rank::Least),
                    [only] if only.text == "most" => Some(Rank::Most),
                    _ => None,
                };
                let (Some(rank), [by]) = (rank, arguments.as_slice()) else {
                    self.odd_preference(at);
                    return None;
                };
                (rank, by)
            }
            ExprKind::Missing => return None,
            _ => {
                self.odd_preference(at);
                return None;
            }
        };
        let typed = self.by(by, "what elements are preferred by")?;
        if !is_ordered(self.program, &typed.ty) {
            self.out.push(says::prefers_no_order(self.place(by), &typed.ty));
            return None;
        }
        let text = self.program.text(at);
        Some(Preference { rank, by: typed.expr, text, span: self.program.span(at) })
    }

    fn count(&mut self, value: &ast::Expr) -> Option<Expr> {
        self.number(value, "how many are taken", 0)
    }

    /// A whole number that no candidate has a say in.
    fn number(&mut self, value: &ast::Expr, what: &str, least: i64) -> Option<Expr> {
        let at = self.place(value);
        let scope = Scope::new(self.program.file);
        let typed = check_expr(self.program, &scope, value, Some(&Type::Int), self.out);
        if typed.ty == Type::Unknown {
            return None;
        }
        let known = (&typed.expr, typed.phase);
        known_in_time(self.program, known, Phase::Deploy, what, at, self.out);
        if let Some(Value::Int(number)) = typed.expr.as_value()
            && *number < least
        {
            self.out.push(says::too_few(at, least));
            return None;
        }
        Some(typed.expr)
    }
}
