//! Expressions: operands, and what stands behind them.

use super::peg::Pair;
use bp_plan::{BinaryOp, Value};
use smol_str::SmolStr;

use super::ast::{Each, Element, Expr, ExprKind, Name, Path, RecordEntry};
use super::grammar::Rule;
use super::lowering::{Lowering, MAX_CHAIN, Parts, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

/// Functions that take a binder: `all(n in xs, p)`.
const BINDERS: &[&str] =
    &["all", "any", "count", "sum", "min", "max", "sort", "unique_by", "group_by"];

impl Lowering<'_> {
    /// The expression inside a pair that has one.
    pub(super) fn only_expr(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        while let Some(rule) = parts.peek()
            && !matches!(rule, Rule::expr | Rule::missing_expr)
        {
            parts.next();
        }
        self.next_expr(&mut parts, at)
    }

    /// The expression that comes next.
    pub(super) fn next_expr(&mut self, parts: &mut Parts<'_>, within: Span) -> Expr {
        match parts.peek() {
            Some(Rule::expr | Rule::missing_expr) => match parts.next() {
                Some(part) => self.expression(part),
                None => Expr { kind: ExprKind::Missing, span: within },
            },
            _ => Expr { kind: ExprKind::Missing, span: within },
        }
    }

    /// An `expr`, a `card_bound` or what is missing.
    pub(super) fn expression(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        if pair.as_rule() == Rule::missing_expr {
            return self.missing(&pair);
        }
        // A rough count of the levels: an operator is at least one byte beside its operands.
        let levels = 1 + pair
            .into_inner()
            .take(MAX_CHAIN + 1)
            .skip(1)
            .filter(|part| is_operator(part.as_rule()))
            .count();
        let missing = Expr { kind: ExprKind::Missing, span: at };
        self.deeper(levels, at, |this| this.operators(pair)).unwrap_or(missing)
    }

    fn missing(&mut self, pair: &P<'_>) -> Expr {
        let (found, place) = self.awaited(span(pair).start);
        self.report(says::missing_expression(self.at(place), &found));
        Expr { kind: ExprKind::Missing, span: place }
    }

    /// An operand.
    pub(super) fn primary(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        match pair.as_rule() {
            Rule::missing_expr => self.missing(&pair),
            Rule::number => self.number(&pair),
            Rule::name => {
                let kind = match pair.as_str() {
                    "true" => ExprKind::Literal(Value::Bool(true)),
                    "false" => ExprKind::Literal(Value::Bool(false)),
                    "null" => ExprKind::Literal(Value::Null),
                    name => ExprKind::Name(self.word(name, at, true)),
                };
                Expr { kind, span: at }
            }
            Rule::list => self.list(pair),
            Rule::braced => self.braced(pair),
            Rule::paren => {
                let mut parts = Parts::of(pair);
                let inner = self.next_expr(&mut parts, at);
                match parts.next() {
                    Some(junk) if junk.as_rule() == Rule::junk_in => {
                        self.junk_inside(&junk, "an operator or `)`");
                    }
                    Some(_) => self.unclosed(at, "(", ")"),
                    None => {}
                }
                Expr { kind: ExprKind::Paren(Box::new(inner)), span: at }
            }
            Rule::if_expr => self.if_expr(pair),
            _ => self.string(pair),
        }
    }

    /// `if c then a else if d then b else e`.
    fn if_expr(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let condition = self.next_expr(&mut parts, at);
        let mut arms = vec![(condition, self.then(&mut parts, at), at)];
        while let Some(arm) = parts.take(Rule::else_if) {
            let start = arm.as_str().find("if").unwrap_or(0);
            let here = Span::new(span(&arm).start + super::lowering::offset(start), at.end);
            let mut inner = Parts::of(arm);
            let condition = self.next_expr(&mut inner, here);
            arms.push((condition, self.then(&mut inner, here), here));
        }
        if arms.len() > MAX_CHAIN {
            self.report(says::too_many_arms(self.at(at), MAX_CHAIN));
            return Expr { kind: ExprKind::Missing, span: at };
        }
        let mut otherwise = match parts.take(Rule::missing_else) {
            Some(missing) => {
                let (found, place) = self.found(span(&missing).start);
                self.report(says::unexpected(self.at(place), "`else`", &found));
                Expr { kind: ExprKind::Missing, span: place }
            }
            None => self.next_expr(&mut parts, at),
        };
        while let Some((condition, then, here)) = arms.pop() {
            let kind = ExprKind::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            };
            otherwise = Expr { kind, span: here };
        }
        otherwise
    }

    fn then(&mut self, parts: &mut Parts<'_>, at: Span) -> Expr {
        let Some(missing) = parts.take(Rule::missing_then) else {
            return self.next_expr(parts, at);
        };
        let (found, place) = self.found(span(&missing).start);
        self.report(says::unexpected(self.at(place), "`then`", &found));
        Expr { kind: ExprKind::Missing, span: place }
    }

    fn list(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut elements = Vec::new();
        let mut each = None;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::comp_tail => each = Some(self.comprehension(part)),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::missing_bracket => self.unclosed(at, "[", "]"),
                Rule::junk_in => self.junk_inside(&part, "`,` or `]`"),
                _ => elements.push(self.element(part)),
            }
        }
        let Some(each) = each else {
            return Expr { kind: ExprKind::List(elements), span: at };
        };
        let mut elements = elements.into_iter();
        let body = match (elements.next(), elements.next()) {
            (Some(Element { spread: false, value }), None) => value,
            (first, second) => {
                let odd = second.or(first).map_or(at, |element| element.value.span);
                self.report(says::misplaced(
                    self.at(odd),
                    "a spread or a further element in a comprehension",
                    "write the comprehension alone, and spread it: `[...[f(x) for x in xs], last]`",
                ));
                Expr { kind: ExprKind::Missing, span: at }
            }
        };
        Expr { kind: ExprKind::ListFor { body: Box::new(body), each: Box::new(each) }, span: at }
    }

    fn element(&mut self, pair: P<'_>) -> Element {
        if pair.as_rule() == Rule::spread {
            Element { spread: true, value: self.only_expr(pair) }
        } else {
            Element { spread: false, value: self.expression(pair) }
        }
    }

    /// `for x in xs if p`.
    fn comprehension(&mut self, pair: P<'_>) -> Each {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let names = parts.take(Rule::binders).map(|binders| self.binders(binders));
        let over = self.next_expr(&mut parts, at);
        let filter = parts.take(Rule::comp_if).map(|filter| self.only_expr(filter));
        Each { names: names.unwrap_or_default(), over, key: None, filter }
    }

    /// One or two names.
    pub(super) fn binders(&mut self, pair: P<'_>) -> Vec<Name> {
        let at = span(&pair);
        pair.into_inner()
            .filter(|part| part.as_rule() == Rule::name)
            .map(|name| self.value_name(Some(name), at))
            .collect()
    }

    fn braced(&mut self, pair: P<'_>) -> Expr {
        let had_members = std::mem::take(&mut self.block.has_members);
        let value = self.braced_value(pair);
        self.block.has_members = had_members;
        value
    }

    fn braced_value(&mut self, pair: P<'_>) -> Expr {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut entries = Vec::new();
        let mut start = at.start;
        let mut whole = None;
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::braced_entry => {
                    start = span(&part).start;
                    match self.braced_entry(part) {
                        (key, value, Some(each)) => whole = Some((key, value, each)),
                        (key, value, None) => entries.extend(self.record_entry(key, value)),
                    }
                }
                Rule::junk_rest => self.junk_rest(&part, start),
                Rule::value_junk => self.junk_value(&part),
                Rule::extra_comma => self.extra_comma(&part),
                Rule::late_line => self.late_line(at),
                _ => self.unclosed(at, "{", "}"),
            }
        }
        let Some((key, value, each)) = whole else {
            return Expr { kind: ExprKind::Record(entries), span: at };
        };
        if !entries.is_empty() {
            self.report(says::misplaced(
                self.at(value.span),
                "a comprehension beside other entries",
                "write it alone, and spread it: `{ ...{ k = v for k, v in m }, last = 1 }`",
            ));
        }
        let key = match key {
            Some(Key::Literal(name)) => Expr { kind: ExprKind::Name(name.text), span: name.span },
            Some(Key::Quoted(name)) => {
                let text = Value::String(name.text.to_string());
                Expr { kind: ExprKind::Literal(text), span: name.span }
            }
            Some(Key::Computed(key)) => key,
            None => Expr { kind: ExprKind::Missing, span: at },
        };
        let kind = ExprKind::RecordFor {
            key: Box::new(key),
            value: Box::new(value),
            each: Box::new(each),
        };
        Expr { kind, span: at }
    }

    fn braced_entry(&mut self, pair: P<'_>) -> (Option<Key>, Expr, Option<Each>) {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let key = match parts.peek() {
            Some(Rule::word) => parts.next().map(|key| Key::Literal(self.name(&key))),
            Some(Rule::key_string) => parts.next().map(|key| Key::Quoted(self.name(&key))),
            Some(Rule::comp_key) => parts.next().map(|key| Key::Computed(self.only_expr(key))),
            _ => None,
        };
        let colon = parts.take(Rule::colon);
        let value = match parts.take(Rule::spread) {
            Some(spread) => self.only_expr(spread),
            None => self.next_expr(&mut parts, at),
        };
        if let (Some(_), Some(Key::Literal(name) | Key::Quoted(name))) = (colon, &key)
            && value.kind != ExprKind::Missing
        {
            self.colon(name, value.span, true);
        }
        let each = parts.take(Rule::comp_tail).map(|tail| self.comprehension(tail));
        (key, value, each)
    }

    fn record_entry(&mut self, key: Option<Key>, value: Expr) -> Option<RecordEntry> {
        match key {
            None => Some(RecordEntry::Spread(value)),
            Some(Key::Literal(key) | Key::Quoted(key)) => Some(RecordEntry::One { key, value }),
            Some(Key::Computed(key)) => {
                self.report(says::computed_key(self.at(key.span)));
                None
            }
        }
    }

    /// `.name`, `[i]`, `[*]`, `(…)` behind an operand; behind a `[*]` they belong to each element.
    pub(super) fn postfix(&mut self, of: Expr, op: P<'_>) -> Expr {
        let at = of.span.to(span(&op));
        if let ExprKind::Splat { of: list, body } = of.kind {
            let body = Box::new(self.postfix(*body, op));
            return Expr { kind: ExprKind::Splat { of: list, body }, span: at };
        }
        let whole = span(&op);
        let rule = op.as_rule();
        if rule == Rule::call_args {
            return self.call(&of, op);
        }
        let mut parts = Parts::of(op);
        let kind = match rule {
            Rule::splat => {
                let element = Expr { kind: ExprKind::Element, span: whole };
                ExprKind::Splat { of: Box::new(of), body: Box::new(element) }
            }
            Rule::index => {
                let safe = parts.take(Rule::safe_index).is_some();
                let key = self.next_expr(&mut parts, whole);
                match parts.next() {
                    Some(junk) if junk.as_rule() == Rule::junk_in => {
                        self.junk_inside(&junk, "an operator or `]`");
                    }
                    Some(_) => self.unclosed(whole, "[", "]"),
                    None => {}
                }
                ExprKind::Index { of: Box::new(of), key: Box::new(key), safe }
            }
            Rule::field => {
                let safe = parts.take(Rule::safe).is_some();
                match parts.next() {
                    Some(name) if name.as_rule() != Rule::missing_name => {
                        let name = self.name(&name);
                        ExprKind::Field { of: Box::new(of), name, safe }
                    }
                    _ => {
                        let (found, place) = self.awaited(whole.end);
                        let expected = match of.kind {
                            ExprKind::Literal(Value::Int(_)) => "a digit after `.`",
                            _ => "a name after `.`",
                        };
                        self.report(says::unexpected(self.at(place), expected, &found));
                        ExprKind::Missing
                    }
                }
            }
            _ => {
                self.report(says::foreign_ternary(self.at(whole)));
                ExprKind::Missing
            }
        };
        Expr { kind, span: at }
    }

    fn call(&mut self, of: &Expr, pair: P<'_>) -> Expr {
        let at = of.span.to(span(&pair));
        let arguments = self.plain_arguments(pair);
        let Some(function) = function_path(of) else {
            if !matches!(of.kind, ExprKind::Missing) {
                self.report(says::not_callable(self.at(of.span)));
            }
            return Expr { kind: ExprKind::Missing, span: at };
        };
        let kind = match function.segments.as_slice() {
            [name] if BINDERS.contains(&name.text.as_str()) => binder(name, arguments)
                .unwrap_or_else(|arguments| ExprKind::Call { function, arguments }),
            _ => ExprKind::Call { function, arguments },
        };
        Expr { kind, span: at }
    }

    /// `(a, b)`.
    pub(super) fn plain_arguments(&mut self, pair: P<'_>) -> Vec<Expr> {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut arguments = Vec::new();
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::spread => {
                    self.report(says::misplaced(
                        self.at(span(&part)),
                        "`...` among arguments",
                        "write out the arguments, or give the function a list",
                    ));
                }
                Rule::extra_comma => self.extra_comma(&part),
                Rule::missing_paren => self.unclosed(at, "(", ")"),
                Rule::junk_in => self.junk_inside(&part, "`,` or `)`"),
                _ => arguments.push(self.expression(part)),
            }
        }
        arguments
    }
}

/// The key of an entry in `{ … }`.
enum Key {
    Literal(Name),
    Quoted(Name),
    Computed(Expr),
}

fn is_operator(rule: Rule) -> bool {
    !matches!(rule, Rule::line_comment | Rule::block_comment | Rule::open_comment)
}

/// `f` or `module.f`.
fn function_path(of: &Expr) -> Option<Path> {
    let name = |text: &SmolStr, span: Span| Name { text: text.clone(), span };
    let segments = match &of.kind {
        ExprKind::Name(text) => vec![name(text, of.span)],
        ExprKind::Field { of: module, name: function, safe: false } => match &module.kind {
            ExprKind::Name(text) => vec![name(text, module.span), function.clone()],
            _ => return None,
        },
        _ => return None,
    };
    Some(Path { segments, span: of.span })
}

/// `all(n in xs, p)`, `any(k, v in m, p)`; the arguments back where it is none.
fn binder(function: &Name, arguments: Vec<Expr>) -> Result<ExprKind, Vec<Expr>> {
    let names = |at: usize| -> Option<Vec<Name>> {
        let ExprKind::Binary { op: BinaryOp::In, left, .. } = &arguments.get(at)?.kind else {
            return None;
        };
        let mut names = Vec::new();
        for part in arguments.iter().take(at).chain([left.as_ref()]) {
            let ExprKind::Name(text) = &part.kind else { return None };
            names.push(Name { text: text.clone(), span: part.span });
        }
        Some(names)
    };
    let (names, at) = match (names(0), names(1)) {
        (Some(one), _) => (one, 0),
        (None, Some(two)) => (two, 1),
        (None, None) => return Err(arguments),
    };
    if arguments.len() > at + 2 {
        return Err(arguments);
    }
    let mut rest = arguments.into_iter().skip(at);
    let Some(ExprKind::Binary { right: over, .. }) = rest.next().map(|binding| binding.kind) else {
        return Err(Vec::new());
    };
    let body = rest.next().map(Box::new);
    Ok(ExprKind::Binder { function: function.clone(), names, over, body })
}
