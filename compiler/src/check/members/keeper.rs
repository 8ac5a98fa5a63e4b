//! Who keeps a node: its type's provider, or operations of its life. Of the steps that a provider takes
//! itself, no other may be told to take one too.

use super::{Builder, Pass, short};
use crate::check::operations::path;
use crate::check::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, operations as says};
use crate::resolve::TypeDeclaration;
use crate::source::{FileId, Place, Span};
use crate::syntax::ast::{self, EntryKind};

/// What a provider does itself, with what stands before or after it.
const OWN_STEPS: [(&str, &str); 4] = [
    ("lifecycle.create", "`lifecycle.precreate` comes before it, `lifecycle.poststart` after"),
    ("lifecycle.update", "its provider changes what can be changed in place"),
    ("lifecycle.observe", "its provider tells what is there"),
    ("lifecycle.delete", "`lifecycle.prestop` comes before it, `lifecycle.postdelete` after"),
];

/// Of a type, where its body brings in one of the two.
pub(super) fn of_type(builder: &mut Builder<'_, '_>, info: &TypeInfo, item: &ast::TypeItem) {
    let Some(provider) = info.provider.as_deref().filter(|_| builder.pass == Pass::Signatures)
    else {
        return;
    };
    let own = provider_span(item);
    for (key, instead) in OWN_STEPS {
        let Some(operation) = info.operations.get(key).filter(|it| it.implemented) else {
            continue;
        };
        let written = item.body.entries.iter().find_map(|entry| match &entry.kind {
            EntryKind::Operation(it) if path(it) == key => Some(it.path.span),
            _ => None,
        });
        let (at, other) = match (written, own) {
            (Some(span), _) => {
                let place = provider_place(builder.program, builder.declared, item);
                (builder.place(span), place.unwrap_or(info.place))
            }
            // A type above implements it, and this one names a provider.
            (None, Some(span)) => (builder.place(span), operation.place),
            (None, None) => continue,
        };
        builder.out.push(says::two_keepers(at, short(&info.full), provider, key, instead, other));
    }
}

/// Of a node that carries an operation out in its own way.
pub(in crate::check) fn of_node(
    program: &Program<'_>,
    info: &TypeInfo,
    file: FileId,
    operation: &ast::Operation,
    out: &mut Vec<Diagnostic>,
) {
    let key = path(operation);
    let step = OWN_STEPS.iter().find(|(step, _)| *step == key);
    if let (Some(provider), Some((_, instead))) = (&info.provider, step) {
        let at = Place { file, span: operation.path.span };
        let declared = program.names.types.get(&info.full);
        let place = declared.and_then(|declared| {
            provider_place(program, declared, declared.item(program.sources)?)
        });
        let of = short(&info.full);
        out.push(says::two_keepers(at, of, provider, &key, instead, place.unwrap_or(info.place)));
    }
}

/// Where a type, or one that it extends, names the provider.
fn provider_place(
    program: &Program<'_>,
    declared: &TypeDeclaration,
    item: &ast::TypeItem,
) -> Option<Place> {
    let own = provider_span(item).map(|span| Place { file: declared.file, span });
    let mut above = declared.ancestors.iter().filter_map(|full| program.names.types.get(full));
    own.or_else(|| {
        above.find_map(|declared| {
            let span = provider_span(declared.item(program.sources)?)?;
            Some(Place { file: declared.file, span })
        })
    })
}

fn provider_span(item: &ast::TypeItem) -> Option<Span> {
    item.body.entries.iter().find_map(|entry| match &entry.kind {
        EntryKind::Assign { key, .. } if key.text == "provider" => Some(entry.span),
        _ => None,
    })
}
