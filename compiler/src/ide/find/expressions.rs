//! Expressions: what a part is to become, and what is known around it.

use bp_plan::{BinaryOp, Type, Value};

use super::{Finder, bool, joined, parameter, type_of};
use crate::check::Program;
use crate::check::expr::{OF_FILES, World as _, plain};
use crate::ide::spot::{Around, Expected, Spot};
use crate::syntax::ast::{Each, Expr, ExprKind, Name, Path, RecordEntry};

impl Finder<'_, '_> {
    pub(super) fn expr<'t>(
        &self,
        expr: &'t Expr,
        around: &Around,
        wanted: &Expected,
    ) -> Option<Spot<'t>> {
        if !self.is_in(expr.span) {
            return None;
        }
        if self.whole == Some(expr.span) {
            return Some(Spot::Whole { expr, expected: wanted.clone() });
        }
        let any = Expected::Anything;
        match &expr.kind {
            ExprKind::Literal(Value::String(path)) if self.is_file(wanted) => {
                Some(Spot::File { span: expr.span, path: path.clone() })
            }
            ExprKind::Literal(Value::String(_)) => {
                Some(Spot::Text { span: expr.span, expected: wanted.ty() })
            }
            ExprKind::Literal(_) | ExprKind::Element | ExprKind::Missing => None,
            ExprKind::Interpolation(parts) => {
                parts.iter().find_map(|part| self.expr(part, around, &any))
            }
            ExprKind::Name(name) => Some(Spot::Value {
                name: name.clone(),
                span: expr.span,
                around: around.clone(),
                expected: wanted.clone(),
            }),
            ExprKind::Field { of, name, safe } if self.is_in(name.span) => Some(Spot::Member {
                of,
                name,
                safe: *safe,
                around: around.clone(),
                expected: wanted.clone(),
            }),
            ExprKind::Field { of, .. } | ExprKind::Unary { of, .. } => self.expr(of, around, &any),
            ExprKind::Index { of, key, .. } => {
                self.expr(of, around, &any).or_else(|| self.expr(key, around, &any))
            }
            ExprKind::Splat { of, body } => self.splat(of, body, around),
            ExprKind::Call { function, arguments } => {
                self.call(function, arguments, around, wanted)
            }
            ExprKind::Binder { function, names, over, body } => {
                if self.is_in(function.span) {
                    let (name, span) = (function.text.to_string(), function.span);
                    return Some(Spot::Function { name, span, expected: wanted.clone() });
                }
                self.bound(names, over, body.as_deref(), around)
            }
            ExprKind::List(elements) => {
                let of = self.element(wanted);
                elements.iter().find_map(|element| {
                    let wanted = if element.spread { wanted } else { &of };
                    self.expr(&element.value, around, wanted)
                })
            }
            ExprKind::ListFor { body, each } => {
                let (found, inside) = self.each(each, around.clone());
                found.or_else(|| self.expr(body, &inside, &self.element(wanted)))
            }
            ExprKind::Record(entries) => self.record(entries, around, wanted),
            ExprKind::RecordFor { key, value, each } => {
                let (found, inside) = self.each(each, around.clone());
                found
                    .or_else(|| self.expr(key, &inside, &any))
                    .or_else(|| self.expr(value, &inside, &self.field("", wanted)))
            }
            ExprKind::Binary { op, left, right, .. } => {
                self.binary(*op, left, right, around, wanted)
            }
            ExprKind::If { condition, then, otherwise } => {
                let given = |holds| {
                    let mut around = around.clone();
                    around.scope = around.scope.given(condition, holds);
                    around
                };
                self.expr(condition, around, &bool())
                    .or_else(|| self.expr(then, &given(true), wanted))
                    .or_else(|| self.expr(otherwise, &given(false), wanted))
            }
            ExprKind::Paren(of) => self.expr(of, around, wanted),
        }
    }

    fn binary<'t>(
        &self,
        op: BinaryOp,
        left: &'t Expr,
        right: &'t Expr,
        around: &Around,
        wanted: &Expected,
    ) -> Option<Spot<'t>> {
        let any = Expected::Anything;
        let like = |other: &Expr| Expected::Value(type_of(self.program, &around.scope, other));
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                // Each side is to be what the other one is.
                if self.is_in(left.span) {
                    self.expr(left, around, &like(right))
                } else {
                    self.expr(right, around, &like(left))
                }
            }
            BinaryOp::In | BinaryOp::NotIn => self.expr(left, around, &any).or_else(|| {
                let of = type_of(self.program, &around.scope, left);
                self.expr(right, around, &Expected::Value(Type::List(Box::new(of))))
            }),
            BinaryOp::And | BinaryOp::Or => {
                let mut inside = around.clone();
                inside.scope = inside.scope.given(left, op == BinaryOp::And);
                self.expr(left, around, &bool()).or_else(|| self.expr(right, &inside, &bool()))
            }
            BinaryOp::Coalesce => {
                self.expr(left, around, wanted).or_else(|| self.expr(right, around, wanted))
            }
            _ => self.expr(left, around, &any).or_else(|| self.expr(right, around, &any)),
        }
    }

    fn call<'t>(
        &self,
        function: &'t Path,
        arguments: &'t [Expr],
        around: &Around,
        wanted: &Expected,
    ) -> Option<Spot<'t>> {
        if let Some(segment) = function.segments.iter().rev().find(|s| self.is_in(s.span)) {
            let is_module = function.segments.last().is_some_and(|last| last != segment);
            if is_module {
                let (around, expected) = (around.clone(), wanted.clone());
                return Some(Spot::Value {
                    name: segment.text.clone(),
                    span: segment.span,
                    around,
                    expected,
                });
            }
            let (name, span) = (joined(function), segment.span);
            return Some(Spot::Function { name, span, expected: wanted.clone() });
        }
        let name = joined(function);
        if OF_FILES.contains(&name.as_str()) {
            return self.of_file(&name, arguments, around);
        }
        arguments.iter().enumerate().find_map(|(at, argument)| {
            self.expr(argument, around, &argument_of(self.program, &name, at))
        })
    }

    /// The arguments of a function that takes a file in: its path, and what a template is to be given.
    fn of_file<'t>(&self, name: &str, arguments: &'t [Expr], around: &Around) -> Option<Spot<'t>> {
        let (first, others) = arguments.split_first()?;
        if let ExprKind::Literal(Value::String(path)) = &first.kind {
            if self.is_in(first.span) {
                return Some(Spot::File { span: first.span, path: path.clone() });
            }
            let data = others.first().filter(|_| name == "template");
            if let Some(data) = data.filter(|data| self.is_in(data.span)) {
                let wanted = self.variables(path).map_or(Expected::Anything, Expected::Value);
                return self.expr(data, around, &wanted);
            }
        }
        arguments.iter().find_map(|argument| self.expr(argument, around, &Expected::Anything))
    }

    /// What a template is to be given, by the names that it uses.
    fn variables(&self, path: &str) -> Option<Type> {
        let file = self.program.text_file(super::FILE, path).ok()?;
        let template = bp_eval::template::Template::parse(&file.text).ok()?;
        let fields = template.variables().into_iter().map(|name| (name, Type::Unknown));
        Some(Type::Record(fields.collect()))
    }

    fn bound<'t>(
        &self,
        names: &'t [Name],
        over: &'t Expr,
        body: Option<&'t Expr>,
        around: &Around,
    ) -> Option<Spot<'t>> {
        let each = Each { names: names.to_vec(), over: over.clone(), key: None, filter: None };
        let (_, inside) = self.each(&each, around.clone());
        if let Some(name) = names.iter().find(|name| self.is_in(name.span)) {
            return Some(Spot::Local { name, around: inside });
        }
        self.expr(over, around, &Expected::Collection)
            .or_else(|| self.perhaps(body, &inside, &Expected::Anything))
    }

    fn splat<'t>(&self, of: &'t Expr, body: &'t Expr, around: &Around) -> Option<Spot<'t>> {
        if let Some(found) = self.expr(of, around, &Expected::Anything) {
            return Some(found);
        }
        let element = Name { text: "*".into(), span: of.span };
        let each = Each { names: vec![element], over: of.clone(), key: None, filter: None };
        let (_, inside) = self.each(&each, around.clone());
        self.expr(body, &inside, &Expected::Anything)
    }

    fn record<'t>(
        &self,
        entries: &'t [RecordEntry],
        around: &Around,
        wanted: &Expected,
    ) -> Option<Spot<'t>> {
        entries.iter().find_map(|entry| match entry {
            RecordEntry::One { key: name, .. } if self.is_in(name.span) => {
                Some(Spot::Field { expected: wanted.clone(), entries, name })
            }
            RecordEntry::One { key, value } => {
                self.expr(value, around, &self.field(&key.text, wanted))
            }
            RecordEntry::Spread(value) => self.expr(value, around, wanted),
        })
    }

    /// Whether a string is the path of a file there.
    fn is_file(&self, wanted: &Expected) -> bool {
        match settled(plain(self.program, &wanted.ty())) {
            Type::File => true,
            Type::Union(members) => members.contains(&Type::File),
            _ => false,
        }
    }

    /// What the elements of a list are to become.
    fn element(&self, wanted: &Expected) -> Expected {
        match wanted {
            // Each of several targets meets the requirement.
            Expected::Target { wanted, node, .. } => {
                Expected::Target { wanted: wanted.clone(), node: node.clone(), many: false }
            }
            Expected::Over { .. } | Expected::Preference => wanted.clone(),
            _ => match settled(plain(self.program, &wanted.ty())) {
                Type::List(of) => Expected::Value(*of),
                _ => Expected::Anything,
            },
        }
    }

    /// What a field of a literal is to become.
    fn field(&self, name: &str, wanted: &Expected) -> Expected {
        if let Expected::Entries(taken) = wanted {
            let taken = taken.iter().find(|taken| taken.name == name);
            return taken.map_or(Expected::Anything, |taken| Expected::Value(taken.ty.clone()));
        }
        let ty = match settled(plain(self.program, &wanted.ty())) {
            Type::Map(of) => Some(*of),
            Type::Record(fields) => fields.get(name).cloned(),
            Type::Data(data) => self
                .program
                .data_type(&data)
                .and_then(|data| data.fields.get(name).map(|field| field.kind.clone())),
            Type::Capability(full) => self
                .info(Some(&full))
                .and_then(|info| info.properties.get(name))
                .map(|property| property.declared.kind.clone()),
            _ => None,
        };
        ty.map_or(Expected::Anything, Expected::Value)
    }
}

/// What an argument of a function is to be.
fn argument_of(program: &Program<'_>, function: &str, at: usize) -> Expected {
    if let Some(wanted) = parameter(program, function, at) {
        return Expected::Value(wanted);
    }
    if at == 0 && bp_eval::functions::BINDERS.contains(&function) {
        return Expected::Collection;
    }
    let signature = bp_eval::functions::NAMES.get(function).map(|found| found.signature);
    let parameters = signature.and_then(|signature| signature.split_once('('));
    let parameter = parameters.and_then(|(_, all)| all.split(": ").nth(at + 1));
    match parameter {
        Some(ty) if ty.starts_with("list<") || ty.starts_with("map<") => Expected::Collection,
        _ => Expected::Anything,
    }
}

/// Without `?` and `secret`.
pub(in crate::ide) fn settled(ty: Type) -> Type {
    match ty {
        Type::Optional(of) | Type::Perhaps(of) | Type::Secret(of) => settled(*of),
        other => other,
    }
}
