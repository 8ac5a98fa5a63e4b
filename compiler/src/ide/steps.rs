//! What the names in steps stand for: operations, workflows, and their arguments.

use bp_plan::Type;

use super::declared::Meaning;
use crate::check::Program;
use crate::check::operations::OperationSignature;
use crate::check::workflows::{self, Taken, WorkflowHead};
use crate::source::FileId;

/// An interface of a node type, or an operation of it.
pub(super) fn operation(
    program: &Program<'_>,
    full: &str,
    interface: Option<&str>,
    name: &str,
) -> Option<Meaning> {
    let info = program.types.get(full)?;
    let Some(interface) = interface else {
        let declared = program.names.types.get(info.interfaces.get(name)?)?;
        return Some(Meaning::Declared(declared.place));
    };
    let path = format!("{interface}.{name}");
    let signature = info.operations.get(&path)?;
    Some(Meaning::Signature {
        code: of_operation(&path, signature),
        text: signature.documentation.clone(),
        place: Some(signature.place),
    })
}

/// A workflow of the blueprint, or a built-in one.
pub(super) fn workflow(program: &Program<'_>, name: &str) -> Option<Meaning> {
    let head = workflows::signature(program, name)?;
    Some(Meaning::Signature {
        code: of_workflow(head),
        text: head.documentation.clone(),
        place: head.place,
    })
}

/// An argument: the parameter that it is for.
pub(super) fn argument(taken: &[Taken], name: &str) -> Option<Meaning> {
    let taken = taken.iter().find(|taken| taken.name == name)?;
    let at = taken.place.filter(|place| place.file == FileId(0)).map(|place| place.span);
    Some(Meaning::Local { name: taken.name.clone(), ty: taken.ty.clone(), at })
}

/// `interface.operation(a: T, b: U = …) -> R`.
pub(super) fn of_operation(path: &str, signature: &OperationSignature) -> String {
    written(path, &workflows::parameters(signature), signature.result.as_ref())
}

/// `workflow name(a: T, b: U = …) -> R`.
pub(super) fn of_workflow(head: &WorkflowHead) -> String {
    written(&format!("workflow {}", head.name), &head.parameters, head.result.as_ref())
}

fn written(name: &str, parameters: &[Taken], result: Option<&Type>) -> String {
    let shown = parameters.iter().map(|taken| {
        let default = match taken.default.as_ref().map(|default| default.as_value()) {
            None => String::new(),
            Some(Some(value)) => {
                bp_eval::scalar_text(value).map_or(" = …".to_owned(), |text| format!(" = {text}"))
            }
            Some(None) => " = …".to_owned(),
        };
        format!("{}: {}{default}", taken.name, taken.ty)
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let result = result.map(|ty| format!(" -> {ty}")).unwrap_or_default();
    format!("{name}({shown}){result}")
}
