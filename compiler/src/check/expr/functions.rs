//! Functions as blueprints declare them: `fn name(a: T, b: T = v) -> T = expression`.

use std::sync::Arc;

use bp_plan::{Entry, Expr, Phase, Type, Value};

use super::calls::counted;
use super::origin::Origin;
use super::scope::Because;
use super::{
    CLOSED, Checker, Function, Local, OPEN, Parameter, Part, Scope, World, check_expr,
    check_type_expr, check_wheres, fits, folding, has_error, held, held_later, loops,
};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{FileId, Place, Span};
use crate::syntax::ast;

/// The local that holds the arguments while a function's body is evaluated. No one can write it.
pub(super) const ARGUMENTS: &str = "()";
/// How many parts the body of a function may have, since each call stands for all of them.
const MAX_PARTS: usize = 2_000;

/// What a function takes and gives, without its body: enough to check calls of it.
pub fn check_signature(
    world: &dyn World,
    file: FileId,
    function: &ast::Function,
    out: &mut Vec<Diagnostic>,
) -> Function {
    let before = out.len();
    let mut parameters: Vec<Parameter> = Vec::with_capacity(function.parameters.len());
    for (number, parameter) in function.parameters.iter().enumerate() {
        let ty = check_type_expr(world, file, &parameter.ty, out);
        let name = &parameter.name;
        let at = Place { file, span: name.span };
        let mut earlier = function.parameters.iter().take(number).map(|one| &one.name);
        if let Some(first) = earlier.find(|one| one.text == name.text) {
            let first = Place { file, span: first.span };
            out.push(says::parameter_repeats(at, &name.text, first));
        } else if world.value(file, &name.text).is_some() {
            let place = world.value_place(file, &name.text);
            out.push(says::local_repeats(at, &name.text, place));
        }
        let note = format!("`{}` is declared here", name.text);
        let scope = Scope::new(file).because(Some(at), note);
        let constraining = Scope::new(file).constraining(&name.text);
        let constraints = check_wheres(world, &constraining, &ty, &parameter.wheres, out);
        let earlier = function.parameters.iter().zip(&parameters);
        let optional = earlier.take(parameters.len()).find(|(_, known)| known.default.is_some());
        if parameter.default.is_none()
            && let Some((before, _)) = optional
        {
            let place = Place { file, span: before.name.span };
            out.push(says::default_before(at, &name.text, (&before.name.text, place)));
        }
        let default = parameter.default.as_ref().map(|default| {
            let before = out.len();
            let typed = check_expr(world, &scope, default, Some(&ty), out);
            of_parameters(world, function, before, out);
            if let Some(value) = typed.expr.as_value() {
                let place = Place { file, span: default.span };
                held(&constraints, value, place, None, out);
            }
            let what = format!("`{}` of `{}`", name.text, function.name.text);
            held_later(world, &what, (typed.expr, &typed.ty), &ty, &constraints)
        });
        let name = name.text.to_string();
        parameters.push(Parameter { name, ty, default, constraints, place: at });
    }
    let result =
        function.result.as_ref().map_or(Type::Unknown, |ty| check_type_expr(world, file, ty, out));
    once(before, out);
    Function { parameters, result, phase: Phase::Compile, body: None, reads: Vec::new() }
}

/// Of what was told since, each unknown type once: a signature may name it several times.
fn once(before: usize, out: &mut Vec<Diagnostic>) {
    let mut unknown = std::collections::BTreeSet::new();
    let mut at = 0;
    out.retain(|told| {
        at += 1;
        at <= before || told.code != "E3029" || unknown.insert(told.message.clone())
    });
}

/// Of what was told of a default since: a name that is not there may be a parameter's.
fn of_parameters(
    world: &dyn World,
    function: &ast::Function,
    before: usize,
    out: &mut [Diagnostic],
) {
    for told in out.iter_mut().skip(before).filter(|told| told.code == "E3001") {
        let name = world.text(told.place);
        if function.parameters.iter().any(|parameter| parameter.name.text == name) {
            *told = says::parameter_in_default(told.place, &name);
        }
    }
}

/// The function with its body, which must give what the signature says; where that says nothing, what it gives.
pub fn check_body(
    world: &dyn World,
    file: FileId,
    function: &ast::Function,
    signature: Function,
    out: &mut Vec<Diagnostic>,
) -> Function {
    let before = out.len();
    let mut scope = parameter_scope(file, &signature.parameters);
    let mut expected = None;
    if let Some(result) = &function.result {
        let at = Place { file, span: result.span };
        scope = scope.because(Some(at), "the function gives this");
        expected = Some(&signature.result);
    }
    let mut checker = Checker::new(world, &scope, out);
    let body = checker.typed(function.body.span, |c| c.whole(&function.body, expected));
    let reads = std::mem::take(&mut checker.reads);
    if !has_error(out, before) && folding::parts(&body.expr) > MAX_PARTS {
        let at = Place { file, span: function.body.span };
        out.push(says::too_many_parts(at, MAX_PARTS));
    }
    // What has no type has a mistake that was told where it is.
    let is_whole = !has_error(out, before) && body.ty != Type::Unknown && !body.is_lost();
    let what = format!("what `{}` gives", function.name.text);
    let gives = |given| match expected {
        Some(result) => held_later(world, &what, given, result, &[]),
        None => given.0,
    };
    let expr = is_whole.then(|| Arc::new(gives((body.expr, &body.ty))));
    let result = if function.result.is_some() { signature.result } else { body.ty };
    Function { parameters: signature.parameters, result, phase: body.phase, body: expr, reads }
}

/// The scope in which the body of a function is checked.
pub fn parameter_scope(file: FileId, parameters: &[Parameter]) -> Scope {
    let arguments = Expr::Local(ARGUMENTS.to_owned());
    let whole = Local {
        origin: Arc::new(Origin::Of(vec![arguments.clone()])),
        ..Local::variable(ARGUMENTS, Type::Unknown, Phase::Compile)
    };
    parameters.iter().fold(Scope::new(file).with(whole), |scope, parameter| {
        let of = Box::new(arguments.clone());
        scope.with(Local {
            name: parameter.name.clone(),
            ty: parameter.ty.clone(),
            phase: Phase::Compile,
            expr: Expr::Field { of, name: parameter.name.clone(), safe: false },
            origin: Arc::default(),
        })
    })
}

impl Checker<'_> {
    /// A function that a blueprint declares.
    pub(super) fn user(
        &mut self,
        name: &str,
        function: &Function,
        arguments: &[ast::Expr],
        span: Span,
    ) -> Part {
        let most = function.parameters.len();
        let least = function.parameters.iter().filter(|p| p.default.is_none()).count();
        let text = declared(name, function);
        let count = arguments.len();
        if count < least || count > most {
            let takes = counted(least, Some(most));
            let mut error = says::arity(self.place(span), name, &takes, count, &text);
            if let Some(place) = self.world.value_place(self.scope.file(), name) {
                error = error.related(place, format!("`{name}` is declared here"));
            }
            self.report(error);
            for argument in arguments {
                self.infer(argument, None);
            }
            return Part::broken();
        }
        let mut phase = function.phase;
        let mut open = CLOSED;
        let (mut is_broken, mut is_secret) = (false, false);
        let mut entries = Vec::with_capacity(most);
        for (at, parameter) in function.parameters.iter().enumerate() {
            let mut expr = parameter.default.clone().unwrap_or(Expr::Value(Value::Null));
            if let Some(argument) = arguments.get(at) {
                let note = format!("`{}` is a parameter of `{text}`", parameter.name);
                let because = Some(Because::said((parameter.place, note.clone())));
                let want = fits::secret(parameter.ty.clone());
                let part = self.because(because, |c| c.check(argument, &want));
                if let Some(constant) = part.expr.as_value()
                    && !part.is_broken()
                {
                    let because = Some((parameter.place, note));
                    let at = self.place(argument.span);
                    let before = self.out.len();
                    held(&parameter.constraints, constant, at, because, self.out);
                    is_broken |= self.out.len() > before;
                }
                is_broken |= part.is_broken();
                is_secret |= fits::has_secret(&part.ty) && !fits::has_secret(&parameter.ty);
                phase = phase.max(part.phase);
                open = open.min(part.open);
                let what = format!("`{}` of `{name}`", parameter.name);
                let given = (part.expr, &part.ty);
                expr = held_later(self.world, &what, given, &parameter.ty, &parameter.constraints);
            } else if parameter.default.is_none() {
                // It stands after one that may be left out, which was told where it is declared.
                is_broken = true;
            } else if needs_more(&expr) {
                open = OPEN;
            } else if expr.as_value() == Some(&Value::Null) {
                // A default with a mistake is null, which was told where it stands.
                is_broken |= !fits::fits(self.world, &Type::Null, &parameter.ty);
            }
            entries.push(Entry::One(parameter.name.clone(), expr));
        }
        let Some(body) = &function.body else { return Part::broken() };
        if is_broken || function.result == Type::Unknown || !self.spend(body, span) {
            return Part::broken();
        }
        if needs_more(body) {
            open = OPEN;
        }
        let result = function.result.clone();
        let ty = if is_secret { fits::secret(result.clone()) } else { result.clone() };
        let phase = self.reads_of(function, &entries, phase);
        let expr = loops::applied(entries, (**body).clone());
        let part = self.settle(Part::new(ty, expr, phase, open), span);
        // What is known by now must be as the function says.
        if self.certain { self.whole_value(part, &result, span) } else { part }
    }
}

impl Checker<'_> {
    /// When the body of a function is known with these arguments.
    fn reads_of(&mut self, function: &Function, arguments: &[Entry], phase: Phase) -> Phase {
        if function.reads.is_empty() {
            return phase;
        }
        let given =
            Origin::among(self.world, &self.scope.locals, &Expr::Record(arguments.to_vec()));
        let bound = vec![(ARGUMENTS.to_owned(), given)];
        function.reads.iter().fold(phase, |phase, (read, of)| {
            // An element of a parameter is noted as the parameter.
            let origin = Origin::of(self.world, &bound, of).nodes();
            phase.max(self.read_of(read, &origin))
        })
    }
}

/// Whether an expression names something that no evaluation by itself knows.
fn needs_more(expr: &Expr) -> bool {
    match expr {
        Expr::Input(_)
        | Expr::Secret(_)
        | Expr::Const(_)
        | Expr::This
        | Expr::Source
        | Expr::Target
        | Expr::Deployment
        | Expr::Node(_)
        | Expr::Selection(_)
        | Expr::Group(_)
        | Expr::Requirement(_) => true,
        other => {
            let mut found = false;
            other.parts(&mut |part| found = found || needs_more(part));
            found
        }
    }
}

/// The function as it is declared.
fn declared(name: &str, function: &Function) -> String {
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| {
            let default = if parameter.default.is_some() { " = …" } else { "" };
            format!("{}: {}{default}", parameter.name, parameter.ty)
        })
        .collect();
    format!("{name}({}) -> {}", parameters.join(", "), function.result)
}
