//! Functions as blueprints declare them: `fn name(a: T, b: T = v) -> T = expression`.

use std::sync::Arc;

use bp_plan::Type;

use super::{
    Function, Parameter, Scope, World, check_expr, check_type_expr, check_wheres, folding,
    parameter_scope,
};
use crate::diagnostics::{Diagnostic, types as says};
use crate::source::{FileId, Place};
use crate::syntax::ast;

/// How many parts the body of a function may have, since each call stands for all of them.
const MAX_PARTS: usize = 2_000;

/// What a function takes and gives, without its body: enough to check calls of it.
pub fn check_signature(
    world: &dyn World,
    file: FileId,
    function: &ast::Function,
    out: &mut Vec<Diagnostic>,
) -> Function {
    let mut parameters: Vec<Parameter> = Vec::with_capacity(function.parameters.len());
    for parameter in &function.parameters {
        let ty = check_type_expr(world, file, &parameter.ty, out);
        let name = &parameter.name;
        let at = Place { file, span: name.span };
        if parameters.iter().any(|known| known.name == name.text) {
            out.push(says::local_repeats(at, &name.text, None));
        } else if world.value(file, &name.text).is_some() {
            let place = world.value_place(file, &name.text);
            out.push(says::local_repeats(at, &name.text, place));
        }
        let note = format!("`{}` is declared here", name.text);
        let scope = Scope::new(file).because(Some(at), note);
        let default = parameter.default.as_ref().map(|default| {
            let typed = check_expr(world, &scope, default, Some(&ty), out);
            typed.expr
        });
        let constraints = check_wheres(world, &Scope::new(file), &ty, &parameter.wheres, out);
        parameters.push(Parameter { name: name.text.to_string(), ty, default, constraints });
    }
    let result =
        function.result.as_ref().map_or(Type::Unknown, |ty| check_type_expr(world, file, ty, out));
    Function { parameters, result, phase: bp_plan::Phase::Compile, body: None }
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
    let body = check_expr(world, &scope, &function.body, expected, out);
    if out.len() == before && folding::parts(&body.expr) > MAX_PARTS {
        let at = Place { file, span: function.body.span };
        out.push(says::too_many_parts(at, MAX_PARTS));
    }
    let result = if function.result.is_some() { signature.result } else { body.ty };
    let expr = (out.len() == before).then(|| Arc::new(body.expr));
    Function { parameters: signature.parameters, result, phase: body.phase, body: expr }
}
