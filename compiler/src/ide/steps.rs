//! What the names in steps stand for: operations, workflows, and their arguments.

use bp_plan::Type;

use super::declared::{Meaning, Source, source};
use crate::check::operations::OperationSignature;
use crate::check::workflows::{self, Taken, WorkflowHead};
use crate::check::{Program, TypeInfo};
use crate::source::{FileId, Place};
use crate::syntax::ast::{BodyEntry, EntryKind, Member};

/// An interface of a node type, or an operation of it.
pub(super) fn operation(
    program: &Program<'_>,
    full: &str,
    interface: Option<&str>,
    name: &str,
) -> Option<Meaning> {
    let info = program.types.get(full)?;
    let Some(interface) = interface else {
        let place = alias(program, full, name)
            .or_else(|| Some(program.names.types.get(info.interfaces.get(name)?)?.place));
        return place.map(Meaning::Declared);
    };
    let path = format!("{interface}.{name}");
    let signature = info.operations.get(&path)?;
    Some(Meaning::Signature {
        code: of_operation(&path, signature),
        text: signature.documentation.clone(),
        place: Some(declared(program, info, interface, name).unwrap_or(signature.place)),
    })
}

/// Where an interface type declares an operation that a type has.
fn declared(program: &Program<'_>, info: &TypeInfo, interface: &str, name: &str) -> Option<Place> {
    let interface = program.types.get(info.interfaces.get(interface)?)?;
    Some(interface.operations.get(name)?.place)
}

/// Where a type, or one that it derives from, says what an interface is called: `implements I as name`.
fn alias(program: &Program<'_>, full: &str, name: &str) -> Option<Place> {
    let own = program.names.types.get(full)?;
    let line = std::iter::once(own)
        .chain(own.ancestors.iter().filter_map(|ancestor| program.names.types.get(ancestor)));
    line.filter_map(|of| Some((of.file, &of.item(program.sources)?.body))).find_map(
        |(file, body)| {
            body.entries.iter().find_map(|entry| match &entry.kind {
                EntryKind::Implements { alias: Some(alias), .. } if alias.text == name => {
                    Some(Place { file, span: alias.span })
                }
                _ => None,
            })
        },
    )
}

/// What an operation of a type takes, each where the operation's declaration names it.
pub(super) fn parameters(
    program: &Program<'_>,
    info: &TypeInfo,
    (interface, name): &(String, String),
    signature: &OperationSignature,
) -> Vec<Taken> {
    // Who carries an operation out need not say again what it takes.
    let places = declared(program, info, interface, name).into_iter().chain([signature.place]);
    let written: Vec<(FileId, &[Member])> = places
        .filter_map(|place| match source(program, place)? {
            Source::Entry(BodyEntry { kind: EntryKind::Operation(it), .. }, _) => {
                Some((place.file, it.parameters.as_deref()?))
            }
            _ => None,
        })
        .collect();
    let place = |name: &str| {
        written.iter().find_map(|(file, parameters)| {
            let found = parameters.iter().find(|one| one.name.text == name)?;
            Some(Place { file: *file, span: found.name.span })
        })
    };
    let taken = workflows::parameters(signature).into_iter();
    taken.map(|taken| Taken { place: place(&taken.name), ..taken }).collect()
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
    Some(Meaning::Local { name: taken.name.clone(), ty: taken.ty.clone(), at: taken.place })
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
