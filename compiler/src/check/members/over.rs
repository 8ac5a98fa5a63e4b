//! What group types and policy types say beside properties: `members: T[n..m]`, `targets: T[n..m]`,
//! `run: Workflow`, `exclusive = true`.

use bp_plan::{Type, Value};

use super::{Builder, Pass, short};
use crate::check::program::TypeInfo;
use crate::diagnostics::{policies as says, topology as says_topology};
use crate::syntax::ast::{self, ExprKind, TypeKind};

/// `members: T[n..m]` of a group type, `targets: T[n..m]` of a policy type.
pub(super) fn members(builder: &mut Builder<'_, '_>, info: &mut TypeInfo, member: &ast::Member) {
    let name = member.name.text.as_str();
    let (of, optional) = match builder.type_of(&member.ty) {
        Type::Optional(of) => (*of, true),
        other => (other, false),
    };
    let at = builder.place(member.ty.span);
    let Type::Node(of) = of else {
        if builder.pass == Pass::Signatures && of != Type::Unknown {
            builder.out.push(says::not_of_nodes(at, name, &of));
        }
        return;
    };
    let cardinality = match &member.cardinality {
        Some(written) => builder.cardinality(written),
        None if optional => (0, Some(1)),
        None => (1, Some(1)),
    };
    if let Some((inherited, (fewest, most), place)) = &info.over.members
        && builder.pass == Pass::Signatures
    {
        if !builder.program.names.may_be(&of, inherited) {
            let (old, new) = (format!("`{}`", short(inherited)), format!("`{}`", short(&of)));
            builder.out.push(says_topology::widened(at, name, &old, &new, *place));
        } else if cardinality.0 < *fewest
            || most.is_some_and(|most| cardinality.1.is_none_or(|new| new > most))
        {
            let (old, new) = (written((*fewest, *most)), written(cardinality));
            builder.out.push(says_topology::widened(at, name, &old, &new, *place));
        }
    }
    info.over.members = Some((of, cardinality, builder.place(member.name.span)));
}

/// As the language writes a cardinality.
fn written((fewest, most): (u64, Option<u64>)) -> String {
    match most {
        None => format!("`[{fewest}..]`"),
        Some(most) if most == fewest => format!("`[{fewest}]`"),
        Some(most) => format!("`[{fewest}..{most}]`"),
    }
}

/// `run: Workflow`, or `run: Workflow?`.
pub(super) fn run(builder: &mut Builder<'_, '_>, info: &mut TypeInfo, member: &ast::Member) {
    let (ty, optional) = match &member.ty.kind {
        TypeKind::Optional(of) => (&of.kind, true),
        other => (other, false),
    };
    let is_workflow = matches!(ty, TypeKind::Named { path, arguments }
        if arguments.is_empty() && matches!(path.segments.as_slice(), [only] if only.text == "Workflow"));
    let place = builder.place(member.name.span);
    if !is_workflow {
        if builder.pass == Pass::Signatures && !matches!(ty, TypeKind::Missing) {
            builder.out.push(says::run_is_a_workflow(builder.place(member.ty.span)));
        }
        return;
    }
    let inherited = info.over.run.is_some_and(|(must, _)| must);
    info.over.run = Some((!optional || inherited, place));
}

/// `exclusive = true`.
pub(super) fn exclusive(builder: &mut Builder<'_, '_>, info: &mut TypeInfo, value: &ast::Expr) {
    let place = builder.place(value.span);
    match &value.kind {
        ExprKind::Literal(Value::Bool(true)) => info.over.exclusive = Some(place),
        ExprKind::Missing => {}
        _ if builder.pass == Pass::Signatures => builder.out.push(says::exclusive_is_true(place)),
        _ => {}
    }
}
