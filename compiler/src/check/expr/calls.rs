//! Calls, and the built-in functions by their signatures.

use std::collections::BTreeMap;

use bp_plan::{BinaryOp, Expr, Phase, Type};

use super::names::{nearest, of_module};
use super::signatures::{Pattern, SIGNATURES, Signature};
use super::{CLOSED, Checker, Part, Scope, World, files, fits, loops};
use crate::diagnostics::{Diagnostic, composition, selections::ranks_nothing, types as says};
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        function: &ast::Path,
        arguments: &[ast::Expr],
        span: Span,
    ) -> Part {
        let name = function.segments.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(".");
        if let Some(ast::ExprKind::Binary { op: BinaryOp::In, left, .. }) =
            arguments.first().map(|first| &first.kind)
            && let ast::ExprKind::Name(bound) = &left.kind
            && self.scope.local(bound).is_none()
            && self.world.value(self.scope.file(), bound).is_none()
        {
            self.report(says::no_binder(self.place(function.span), &name));
            return Part::broken();
        }
        if files::NAMES.contains(&name.as_str()) {
            return self.of_file(&name, arguments, span);
        }
        if let Some(forms) = SIGNATURES.get(name.as_str()) {
            return self.built_in(&name, forms, arguments, span);
        }
        if let Some(found) = self.world.function(self.scope.file(), &name) {
            if self.world.is_open(self.scope.file(), &name) {
                let declared = self.world.value_place(self.scope.file(), &name);
                self.report(composition::open_function(self.place(function.span), &name, declared));
                return Part::broken();
            }
            if let Some(notice) = self.world.function_notice(self.scope.file(), &name) {
                self.report(notice.told(self.place(function.span), &name));
            }
            return self.user(&name, &found, arguments, span);
        }
        let at = self.place(function.span);
        if matches!(name.as_str(), "least" | "most") {
            self.report(ranks_nothing(at, &name));
        } else if bp_eval::functions::BINDERS.contains(&name.as_str()) {
            self.report(says::binder_body(self.place(span), &name));
            return Part::broken();
        } else if self.scope.local(&name).is_some() || self.is_value(&name) {
            self.report(says::called_value(at, &name));
        } else if let Some(method) = self.method(function, arguments) {
            self.report(method);
            return Part::broken();
        } else {
            let own = if self.suggests() {
                self.world.function_names(self.scope.file())
            } else {
                Vec::new()
            };
            let known = own.iter().map(String::as_str);
            let built_in = SIGNATURES.keys().copied().chain(files::NAMES);
            // What stands before a dot would be lost.
            let is_path = |name: &str| name.contains('.');
            let alike =
                known.clone().chain(built_in).filter(|known| is_path(known) == is_path(&name));
            let near = of_module(&name, known).or_else(|| nearest(&name, alike));
            let near = near.map(str::to_owned);
            let place =
                near.as_deref().and_then(|near| self.world.value_place(self.scope.file(), near));
            self.report(says::unknown_function(at, &name, near.as_deref(), place));
        }
        for argument in arguments {
            self.infer(argument, None);
        }
        Part::broken()
    }

    /// `s.upper()`, as other languages call `upper(s)`.
    fn method(&mut self, path: &ast::Path, arguments: &[ast::Expr]) -> Option<Diagnostic> {
        let [of, name] = path.segments.as_slice() else { return None };
        let is_value = self.scope.local(&of.text).is_some() || self.is_value(&of.text);
        let is_function = SIGNATURES.contains_key(name.text.as_str())
            || self.world.function(self.scope.file(), &name.text).is_some();
        if !is_value {
            return None;
        }
        let written = &name.text;
        let name = if is_function {
            name.clone()
        } else {
            let near = nearest(written, SIGNATURES.keys().copied());
            let meant = says::foreign_function(written).or(near)?;
            ast::Name { text: meant.into(), span: name.span }
        };
        let first = ast::Expr { kind: ast::ExprKind::Name(of.text.clone()), span: of.span };
        let all: Vec<ast::Expr> = std::iter::once(first).chain(arguments.iter().cloned()).collect();
        let meant = ast::Path { segments: vec![name.clone()], span: path.span };
        // Only what is accepted is offered.
        let told = self.out.len();
        let is_good = !self.call(&meant, &all, path.span).is_broken() && self.out.len() == told;
        self.out.truncate(told);
        let bracket = Span::new(path.span.end, path.span.end + 1);
        let opened = match arguments {
            [] => format!("({}", of.text),
            _ => format!("({}, ", of.text),
        };
        let edits =
            vec![(self.place(path.span), name.text.to_string()), (self.place(bracket), opened)];
        let others = if arguments.is_empty() { "" } else { ", …" };
        let call = format!("{}({}{others})", name.text, of.text);
        let at = self.place(path.span);
        let path = format!("{}.{written}", of.text);
        Some(says::method(at, &path, &name.text, &call, is_good.then_some(edits)))
    }

    fn is_value(&self, path: &str) -> bool {
        matches!(self.world.value(self.scope.file(), path), Some(super::Declared::Value(_)))
    }

    fn built_in(
        &mut self,
        name: &str,
        forms: &[Signature],
        arguments: &[ast::Expr],
        span: Span,
    ) -> Part {
        let count = arguments.len();
        let text = bp_eval::functions::NAMES.get(name).map_or("", |function| function.signature);
        let Some(form) = forms.iter().find(|form| form.takes(count)) else {
            let at = self.place(span);
            let error = says::arity(at, name, &takes(forms), count, text);
            // What is computed of each element may name it.
            let binding = bp_eval::functions::form(name).filter(|_| count == 2);
            let own = if binding.is_some() { 1 } else { count };
            self.report(match binding {
                Some(form) => error.help(format!("name the elements: `{}`", form.signature)),
                None => error,
            });
            for argument in arguments.iter().take(own) {
                self.infer(argument, None);
            }
            return Part::broken();
        };
        let mut variables = BTreeMap::new();
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        let mut is_broken = false;
        for (at, argument) in arguments.iter().enumerate() {
            let Some((parameter, pattern)) = form.parameter(at) else { continue };
            let part = self.argument(pattern, argument);
            if part.is_broken() {
                is_broken = true;
            } else if !is_broken {
                let ty = fits::bare(self.as_record(&fits::bare(part.ty.clone())));
                let goes = match (name, at) {
                    ("join", 0) => self.elements(&ty).is_some_and(|(_, of)| self.is_scalar(&of)),
                    ("merge", _) if matches!(ty, Type::Nodes(_)) => false,
                    _ => self.matches(pattern, &ty, &mut variables),
                };
                if !goes {
                    self.bad_argument(name, parameter, &part.ty, argument, text);
                    is_broken = true;
                }
            }
            parts.push(part);
        }
        if is_broken {
            return Part::broken();
        }
        let Some(ty) = self.result(name, form, &parts, arguments, &variables, text) else {
            return Part::broken();
        };
        self.called(name, parts, ty, span)
    }

    /// An argument; what is secret may come in anywhere, and comes out as a secret.
    fn argument(&mut self, pattern: &Pattern, argument: &ast::Expr) -> Part {
        let hint = match pattern {
            Pattern::Exactly(ty @ (Type::Json | Type::String)) => Some(fits::secret(ty.clone())),
            _ => None,
        };
        self.because(None, |c| c.infer(argument, hint.as_ref()))
    }

    fn bad_argument(
        &mut self,
        name: &str,
        parameter: &str,
        found: &Type,
        argument: &ast::Expr,
        signature: &str,
    ) {
        let at = self.place(argument.span);
        let error = if matches!(found, Type::Optional(_) | Type::Null) {
            says::unsettled(at, found, &format!("as argument of `{name}`"))
        } else {
            says::argument(at, name, parameter, found, signature)
        };
        self.report(error);
    }

    /// Whether an argument of this type goes with the parameter; fills in variables.
    fn matches(
        &self,
        pattern: &Pattern,
        ty: &Type,
        variables: &mut BTreeMap<String, Type>,
    ) -> bool {
        match pattern {
            Pattern::Exactly(want) => fits::fits(self.world, ty, want),
            Pattern::Variable(name) => {
                if matches!(ty, Type::Optional(_) | Type::Null) {
                    return false;
                }
                let known = variables.get(name).cloned().unwrap_or(Type::Never);
                match fits::join(self.world, &known, ty) {
                    Some(both) => {
                        variables.insert(name.clone(), both);
                        true
                    }
                    None => false,
                }
            }
            Pattern::List(of) => match ty {
                Type::List(inner) => self.inside(of, inner, variables),
                Type::Range => self.inside(of, &Type::Int, variables),
                Type::Json | Type::Never => self.inside(of, ty, variables),
                _ => false,
            },
            Pattern::Map(of) => match ty {
                Type::Map(inner) => self.inside(of, inner, variables),
                Type::Nodes(node) => self.inside(of, &Type::Node(node.clone()), variables),
                Type::Record(_) => {
                    let any = self.elements(ty).map_or(Type::Json, |(_, of)| of);
                    self.inside(of, &any, variables)
                }
                Type::Json | Type::Never => self.inside(of, ty, variables),
                _ => false,
            },
            Pattern::Record(_) => false,
            Pattern::Either(all) => {
                all.iter().any(|one| self.matches(one, ty, variables))
                    || matches!(ty, Type::Union(members)
                    if members.iter().all(|ty| self.matches(pattern, ty, variables)))
            }
        }
    }

    /// As [`Self::matches`] for what is inside a collection, which may be unset.
    fn inside(&self, of: &Pattern, ty: &Type, variables: &mut BTreeMap<String, Type>) -> bool {
        match (of, ty) {
            (Pattern::Variable(name), Type::Optional(_) | Type::Null) => {
                let known = variables.get(name).cloned().unwrap_or(Type::Never);
                let both = fits::join(self.world, &known, ty);
                both.map(|both| variables.insert(name.clone(), both)).is_some()
            }
            _ => self.matches(of, ty, variables),
        }
    }

    /// What a call gives; the functions whose signatures don't say all are here.
    fn result(
        &mut self,
        name: &str,
        form: &Signature,
        parts: &[Part],
        arguments: &[ast::Expr],
        variables: &BTreeMap<String, Type>,
        signature: &str,
    ) -> Option<Type> {
        let variable = variables.get("T").cloned().unwrap_or(Type::Never);
        let first = parts.first().map(|part| self.as_record(&fits::bare(part.ty.clone())));
        let wrong = match name {
            "sum" | "abs" => self.summed(&variable).is_none().then_some(0),
            "min" | "max" | "sort" if self.is_ordered(&variable) => None,
            "min" | "max" | "sort" => {
                let types: Vec<Type> = parts.iter().map(|p| fits::bare(p.ty.clone())).collect();
                let odd = types
                    .iter()
                    .position(|ty| types.first().is_some_and(|first| !self.ordered(first, ty)));
                Some(odd.unwrap_or_default())
            }
            "contains" => {
                let sought = parts.get(1).map(|part| fits::bare(part.ty.clone()));
                let goes = match (&first, sought) {
                    (Some(Type::List(of)), Some(ty)) => {
                        self.contains(&Type::List(of.clone()), &ty).unwrap_or(false)
                    }
                    (Some(Type::Map(_) | Type::Record(_) | Type::Nodes(_)), Some(ty)) => {
                        self.is_key(&ty)
                    }
                    (Some(Type::Json | Type::Never), _) => true,
                    (_, Some(ty)) => fits::fits(self.world, &ty, &Type::String),
                    _ => true,
                };
                (!goes).then_some(1)
            }
            _ => None,
        };
        if let Some(at) = wrong {
            let (part, argument) = (parts.get(at)?, arguments.get(at)?);
            let parameter = form.parameter(at).map_or("x", |(name, _)| name.as_str());
            self.bad_argument(name, parameter, &part.ty, argument, signature);
            return None;
        }
        Some(match name {
            "sum" | "abs" => self.summed(&variable)?,
            "merge" => parts.iter().fold(Type::Never, |whole, part| {
                self.merged(&whole, &self.as_record(&fits::bare(part.ty.clone())))
            }),
            "sort" | "unique" => Type::List(Box::new(variable)),
            _ => filled(&form.result, variables),
        })
    }

    /// The type of two maps merged.
    fn merged(&self, a: &Type, b: &Type) -> Type {
        match (a, b) {
            (Type::Never, other) | (other, Type::Never) => other.clone(),
            (Type::Record(a), Type::Record(b)) => {
                let mut whole = a.clone();
                for (name, b) in b {
                    let both = match a.get(name) {
                        Some(a) => self.merged_fields(a, b),
                        None => b.clone(),
                    };
                    whole.insert(name.clone(), both);
                }
                Type::Record(whole)
            }
            (Type::Map(_) | Type::Record(_), Type::Map(_) | Type::Record(_)) => {
                let of = |ty: &Type| self.elements(ty).map_or(Type::Json, |(_, of)| of);
                let both = fits::join(self.world, &of(a), &of(b)).unwrap_or(Type::Json);
                Type::Map(Box::new(both))
            }
            (_, Type::Record(_) | Type::Map(_) | Type::Json) | (Type::Json, _) => Type::Json,
            (_, b) => b.clone(),
        }
    }

    /// The type of a field of two maps merged, of which each may lack it.
    fn merged_fields(&self, a: &Type, b: &Type) -> Type {
        let ((a, a_lacks), (b, b_lacks)) = (a.field(), b.field());
        let mut both = match a {
            Type::Record(_) | Type::Map(_) => self.merged(a, b),
            _ => b.clone(),
        };
        for (one, may_remain) in [(a, b_lacks), (b, a_lacks)] {
            if may_remain {
                both = fits::join(self.world, &both, one).unwrap_or(Type::Json);
            }
        }
        if a_lacks && b_lacks { both.perhaps() } else { both }
    }

    /// The type of a sum of these; nothing where they do not add up.
    pub(super) fn summed(&self, of: &Type) -> Option<Type> {
        match fits::plain(self.world, of) {
            Type::Never | Type::Int => Some(Type::Int),
            found @ (Type::Float | Type::Json | Type::Quantity(_)) => Some(found),
            Type::Union(members) => members
                .iter()
                .all(|of| matches!(fits::plain(self.world, of), Type::Int | Type::Float))
                .then_some(Type::Float),
            _ => None,
        }
    }

    /// Whether values of this type have an order among themselves.
    pub(super) fn is_ordered(&self, of: &Type) -> bool {
        match fits::plain(self.world, of) {
            Type::Optional(_) => false,
            plain => self.ordered(&plain, &plain),
        }
    }

    pub(super) fn is_scalar(&self, ty: &Type) -> bool {
        match fits::plain(self.world, ty) {
            Type::Union(members) => members.iter().all(|of| self.is_scalar(of)),
            Type::Never
            | Type::Json
            | Type::Bool
            | Type::Int
            | Type::Float
            | Type::String
            | Type::Literal(_)
            | Type::Quantity(_)
            | Type::Version
            | Type::Timestamp => true,
            _ => false,
        }
    }

    fn called(&mut self, name: &str, parts: Vec<Part>, ty: Type, span: Span) -> Part {
        let is_secret = parts.iter().any(|part| fits::holds_secret(self.world, &part.ty));
        let mut phase = Phase::Compile;
        let mut open = CLOSED;
        let mut arguments = Vec::with_capacity(parts.len());
        for part in parts {
            phase = phase.max(part.phase);
            open = open.min(part.open);
            arguments.push(part.expr);
        }
        let expr = match (loops::zero(name, &ty), arguments.as_slice()) {
            (Some(zero), [list]) => loops::sum_from(zero, list.clone()),
            _ => Expr::Call { function: name.to_owned(), arguments },
        };
        let ty = if is_secret { fits::secret(ty) } else { ty };
        self.settle(Part::new(ty, expr, phase, open), span)
    }
}

/// Whether values of this type have an order among themselves.
pub fn is_ordered(world: &dyn World, of: &Type) -> bool {
    Checker::new(world, &Scope::default(), &mut Vec::new()).is_ordered(&unset(of))
}

/// Whether a value of this type is a plain one: a text, a number, and so on.
pub fn is_scalar(world: &dyn World, of: &Type) -> bool {
    Checker::new(world, &Scope::default(), &mut Vec::new()).is_scalar(&unset(of))
}

/// The type of what is set.
fn unset(of: &Type) -> Type {
    match of {
        Type::Optional(of) => (**of).clone(),
        other => other.clone(),
    }
}

fn filled(pattern: &Pattern, variables: &BTreeMap<String, Type>) -> Type {
    match pattern {
        Pattern::Exactly(ty) => ty.clone(),
        Pattern::Variable(name) => variables.get(name).cloned().unwrap_or(Type::Never),
        Pattern::List(of) => Type::List(Box::new(filled(of, variables))),
        Pattern::Map(of) => Type::Map(Box::new(filled(of, variables))),
        Pattern::Record(fields) => Type::Record(
            fields.iter().map(|(name, of)| (name.clone(), filled(of, variables))).collect(),
        ),
        Pattern::Either(_) => Type::Json,
    }
}

fn takes(forms: &[Signature]) -> String {
    let least = forms.iter().map(|form| form.parameters.len() - form.optional).min();
    let mut most = forms.iter().map(|form| (!form.repeats).then_some(form.parameters.len()));
    let most = most.try_fold(0, |whole, most| Some(whole.max(most?)));
    counted(least.unwrap_or_default(), most)
}

pub(super) fn counted(least: usize, most: Option<usize>) -> String {
    let plural = |n: usize| if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") };
    match most {
        Some(0) => "no arguments".to_owned(),
        Some(most) if most == least => plural(least),
        Some(most) => format!("{least} to {most} arguments"),
        None => format!("{} or more", plural(least)),
    }
}
