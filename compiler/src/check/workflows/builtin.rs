//! The workflows that every deployment has: what they take and give.
//!
//! What they do is the runtime's; here is only what a step or a policy can hand them.

use std::collections::BTreeMap;

use bp_plan::{Expr, Type};

use super::heads::{Taken, WorkflowHead};
use crate::check::Program;
use crate::check::expr::{Scope, check_wheres};
use crate::source::Place;
use crate::syntax::ast::{ItemKind, ValueKeyword};

/// What each takes, and gives, and does.
pub(super) fn heads(program: &Program<'_>) -> BTreeMap<String, WorkflowHead> {
    let names = |field: &str| {
        let list = Type::List(Box::new(Type::String));
        Some(Type::Record(BTreeMap::from([(field.to_owned(), list)])))
    };
    let all = [
        ("install", vec![], None, "Makes what the blueprint says, in the order of its graph."),
        ("update", vec![], None, "Compares what is there with the blueprint, and does the least."),
        ("heal", vec![nodes()], None, "Makes what has drifted or is gone as it should be."),
        ("scale", inputs(program), None, "Sets inputs of the blueprint, and updates."),
        (
            "check_drift",
            vec![nodes()],
            names("drifted"),
            "Compares what is there with what was applied; gives the nodes that differ.",
        ),
        (
            "check_health",
            vec![nodes()],
            names("unhealthy"),
            "Asks how the nodes are; gives those that are not well.",
        ),
        ("uninstall", vec![], None, "Takes everything away, in the reverse order."),
        ("rollback", vec![], None, "Goes back to the last plan that was healthy."),
    ];
    all.into_iter()
        .map(|(name, parameters, result, documentation)| {
            let head = WorkflowHead {
                name: name.to_owned(),
                place: None,
                parameters,
                result,
                documentation: documentation.to_owned(),
            };
            (name.to_owned(), head)
        })
        .collect()
}

/// Which nodes; all of them where nothing is said.
fn nodes() -> Taken {
    let list = Type::List(Box::new(Type::Node("std.Root".to_owned())));
    Taken {
        name: "nodes".to_owned(),
        ty: Type::Optional(Box::new(list)),
        default: None,
        constraints: Vec::new(),
        place: None,
    }
}

/// The inputs of the blueprint: one that is left out stays as it is.
fn inputs(program: &Program<'_>) -> Vec<Taken> {
    let file = program.file;
    let items = program.blueprint().map(|module| &module.tree.items);
    let mut found: Vec<Taken> = Vec::new();
    for (index, item) in items.into_iter().flatten().enumerate() {
        let ItemKind::Value(value) = &item.kind else { continue };
        let name = value.name.text.as_str();
        if value.keyword != ValueKeyword::Input || found.iter().any(|known| known.name == name) {
            continue;
        }
        let Some(named) = program.values.get(&(file, index)) else { continue };
        let ty = named.ty.clone();
        // Their mistakes are told with the inputs.
        let silent = &mut Vec::new();
        let constraints = check_wheres(program, &Scope::new(file), &ty, &value.wheres, silent);
        found.push(Taken {
            name: name.to_owned(),
            ty,
            default: Some(Expr::Input(name.to_owned())),
            constraints,
            place: Some(Place { file, span: value.name.span }),
        });
    }
    found
}
