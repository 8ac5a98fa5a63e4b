//! Instances that another collection's instances need, and that there are not: `a[i - 1]` of the first.
//! A key that is a constant is told where the expression is checked.

use bp_plan::{BinaryOp, Expr, Value};

use crate::check::instances::{self, Locals};
use crate::check::mentions::mentions;
use crate::check::nodes::CheckedNode;
use crate::check::program::Program;
use crate::diagnostics::{Diagnostic, types as says};

/// Tells, once for each property and requirement of a node, which instance is missing for which of its own.
pub(super) fn instances(
    program: &Program<'_>,
    name: &str,
    checked: &CheckedNode,
    out: &mut Vec<Diagnostic>,
) {
    let Some(own) = program.instances.get(name) else { return };
    let properties = checked.node.properties.iter();
    let properties = properties.map(|(name, set)| (&set.value, checked.value(name)));
    let targets = checked.node.requirements.iter().map(|one| &one.target).zip(checked.targets());
    for (expr, place) in properties.chain(targets) {
        if !mentions(expr, &is_open) {
            continue;
        }
        let missing = own.iter().find_map(|(key, locals)| {
            let (node, missing) = first_missing(program, expr, locals)?;
            Some((key, node, missing))
        });
        let Some((key, node, missing)) = missing else { continue };
        let known = program.instances.get(&node);
        let known: Vec<&str> =
            known.iter().flat_map(|all| all.keys()).map(String::as_str).collect();
        let by = format!("{name}[{key:?}]");
        out.push(says::missing_instance(place, &node, &missing, &known, Some(&by)));
    }
}

/// An instance under a key that is not a constant.
fn is_open(expr: &Expr) -> bool {
    matches!(expr, Expr::Index { of, key, safe: false }
        if matches!(**of, Expr::Node(_)) && key.as_value().is_none())
}

/// The first instance that is surely read and is not there: its node and its key.
fn first_missing(program: &Program<'_>, expr: &Expr, locals: &Locals) -> Option<(String, String)> {
    let sure = match expr {
        Expr::Index { of, key, .. } if is_open(expr) => {
            if let Expr::Node(node) = &**of
                && let Some(known) = program.instances.get(node)
                && let Some(key) = instances::value(key, locals).as_ref().and_then(instances::key)
                && !known.contains_key(&key)
            {
                return Some((node.clone(), key));
            }
            return None;
        }
        Expr::If { condition, then, otherwise } => match instances::value(condition, locals) {
            Some(Value::Bool(true)) => then,
            Some(Value::Bool(false)) => otherwise,
            _ => condition,
        },
        Expr::Binary { op: BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce, left, .. } => left,
        // There may be no turn.
        Expr::Splat { of, .. } => of,
        Expr::Binder(binder) => &binder.over,
        other => {
            let mut found = None;
            other.parts(&mut |part| {
                found = found.take().or_else(|| first_missing(program, part, locals));
            });
            return found;
        }
    };
    first_missing(program, sure, locals)
}
