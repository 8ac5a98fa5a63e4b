//! `operation i.o = script("x.sh") { … }`: what carries an operation out, in types, nodes and `via` blocks.
//!
//! What an implementation is and takes is said in the language: a data type derived from
//! `std.Implementation`, whose fields are the clauses of the block.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_plan::{DataType, Expr, Implementation, OwnOperation, Phase, Type, Value};

use super::expr::{Local, Scope, Typed, World, check_expr, fits, held};
use super::members::keeper;
use super::operations::{self, OperationSignature, is_off, path};
use super::program::{Program, TypeInfo};
use super::scripts;
use crate::diagnostics::{Diagnostic, names as says_names, operations as says, topology};
use crate::source::Place;
use crate::syntax::ast::{self, EntryKind, ExprKind, RecordEntry};

/// What all implementations derive from.
const IMPLEMENTATION: &str = "std.Implementation";
/// The clauses that are fields of it.
const FIELDS: [&str; 7] = ["args", "env", "files", "timeout", "retries", "backoff", "repeatable"];
/// The clauses of a block, in the order in which people are told of them.
const CLAUSES: [&str; 9] =
    ["args", "on", "env", "files", "timeout", "retries", "backoff", "repeatable", "sets"];

/// The operations that a body of a node, or of what meets a requirement, carries out in its own way.
pub(crate) fn own(
    program: &Program<'_>,
    scope: &Scope,
    info: &TypeInfo,
    body: &ast::Body,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, OwnOperation> {
    let mut made = BTreeMap::new();
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for entry in &body.entries {
        let EntryKind::Operation(operation) = &entry.kind else { continue };
        let file = scope.file();
        let at = Place { file, span: operation.path.span };
        if let Some(first) = seen.insert(path(operation), at) {
            out.push(says::operation_twice(at, &path(operation), first));
            continue;
        }
        let Some((key, signature)) = operations::known(program, info, file, operation, out) else {
            continue;
        };
        if operation.parameters.is_some() || operation.result.is_some() {
            out.push(says::declared_in_body(at, &key, signature.place));
            continue;
        }
        if is_off(operation) {
            made.insert(key, OwnOperation { implementation: None });
        } else if operation.implementation.is_none() {
            out.push(says::no_implementation(at, &key, signature.place));
        } else if let Some(implementation) = check(program, scope, info, signature, operation, out)
        {
            keeper::of_node(program, info, file, operation, out);
            made.insert(key, OwnOperation { implementation: Some(implementation) });
        }
    }
    made
}

/// What carries an operation out; `scope` has `self`, and for a relationship its ends.
pub(crate) fn check(
    program: &Program<'_>,
    scope: &Scope,
    info: &TypeInfo,
    signature: &OperationSignature,
    operation: &ast::Operation,
    out: &mut Vec<Diagnostic>,
) -> Option<Implementation> {
    let written = operation.implementation.as_ref()?;
    let parameters = signature.parameters.iter();
    let scope = parameters.fold(scope.clone().implementing(), |scope, parameter| {
        scope.with(Local::variable(parameter.name.as_str(), parameter.ty.clone(), Phase::Run))
    });
    let at = Place { file: scope.file(), span: written.span };
    let found = match &written.kind {
        // A path alone is the commonest slip.
        ExprKind::Literal(Value::String(text)) => {
            out.push(says::bare_path(at, text));
            None
        }
        _ => kind(program, &scope, written, at, out),
    };
    let data = program.data_type(found.as_ref().map_or(IMPLEMENTATION, |(kind, _)| kind))?;
    let clauses = clauses(program, &scope, (info, signature), &data, &operation.body, out);
    let (kind, value) = found?;
    let (value, own) = parted(value);
    let take = |name: &str| {
        let given = clauses.fields.get(name).or_else(|| own.get(name)).cloned();
        given.filter(|expr| !matches!(expr, Expr::Value(Value::Null)))
    };
    if !clauses.fields.contains_key("args") {
        defaulted(program, signature, &data, at, out);
    }
    let ancestors = program.names.types.get(&kind).map(|t| t.ancestors.clone());
    Some(Implementation {
        args: take("args"),
        env: take("env"),
        files: take("files"),
        timeout: take("timeout"),
        retries: take("retries"),
        backoff: take("backoff"),
        repeatable: take("repeatable"),
        on: clauses.on,
        sets: clauses.sets,
        extends: ancestors.unwrap_or_default(),
        kind,
        value,
        span: program.span(at),
    })
}

/// The data type and the value of what is written, which must be an implementation.
fn kind(
    program: &Program<'_>,
    scope: &Scope,
    written: &ast::Expr,
    at: Place,
    out: &mut Vec<Diagnostic>,
) -> Option<(String, Expr)> {
    let Typed { ty, expr, .. } = check_expr(program, scope, written, None, out);
    match ty {
        Type::Unknown => None,
        Type::Data(full) if program.names.is_subtype(&full, IMPLEMENTATION) => Some((full, expr)),
        other => {
            out.push(says::not_an_implementation(at, &other));
            None
        }
    }
}

/// The value without the clauses, and the clauses that it settles itself.
fn parted(value: Expr) -> (Expr, BTreeMap<String, Expr>) {
    let Expr::Value(Value::Map(mut fields)) = value else { return (value, BTreeMap::new()) };
    let own = FIELDS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Expr::Value(fields.remove(*name)?))))
        .collect();
    (Expr::Value(Value::Map(fields)), own)
}

/// Without `args` an implementation is given the parameters: those must be what it takes.
fn defaulted(
    program: &Program<'_>,
    signature: &OperationSignature,
    data: &DataType,
    at: Place,
    out: &mut Vec<Diagnostic>,
) {
    let Some(args) = data.fields.get("args") else { return };
    let given = signature.parameters.iter().map(|p| (p.name.clone(), p.ty.clone())).collect();
    let given = Type::Record(given);
    if !fits(program, &given, &args.kind) {
        out.push(says::args_by_default(at, &given, &args.kind));
    }
}

/// The clauses of a block.
#[derive(Default)]
struct Clauses {
    fields: BTreeMap<String, Expr>,
    on: Option<Expr>,
    sets: BTreeMap<String, Expr>,
}

fn clauses(
    program: &Program<'_>,
    scope: &Scope,
    of: (&TypeInfo, &OperationSignature),
    data: &Arc<DataType>,
    body: &ast::Body,
    out: &mut Vec<Diagnostic>,
) -> Clauses {
    let file = scope.file();
    let mut made = Clauses::default();
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for entry in &body.entries {
        let EntryKind::Assign { key, value } = &entry.kind else {
            let at = Place { file, span: entry.span };
            let found = super::members::described(&entry.kind);
            out.push(says_names::not_here(at, found, "an implementation", "`clause = value`"));
            continue;
        };
        let name = key.text.as_str();
        let at = Place { file, span: key.span };
        if let Some(first) = seen.insert(name, at) {
            out.push(topology::set_twice(at, name, first));
            continue;
        }
        match name {
            "on" => {
                let root = Type::Node("std.Root".to_owned());
                made.on = Some(check_expr(program, scope, value, Some(&root), out).expr);
            }
            "sets" => made.sets = sets(program, scope, of, value, out),
            _ if FIELDS.contains(&name) => {
                let Some(field) = data.fields.get(name) else { continue };
                let typed = check_expr(program, scope, value, Some(&field.kind), out);
                if let Some(value_of) = typed.expr.as_value() {
                    let place = Place { file, span: value.span };
                    held(&field.constraints, value_of, place, None, out);
                }
                scripts::check(file, name, value, &typed.expr, out);
                made.fields.insert(name.to_owned(), typed.expr);
            }
            _ => {
                out.push(says::unknown_clause(at, name, &CLAUSES));
                check_expr(program, scope, value, None, out);
            }
        }
    }
    made
}

/// `sets = { attribute = result.x }`.
fn sets(
    program: &Program<'_>,
    scope: &Scope,
    (info, signature): (&TypeInfo, &OperationSignature),
    value: &ast::Expr,
    out: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Expr> {
    let file = scope.file();
    let mut made = BTreeMap::new();
    let ExprKind::Record(entries) = &value.kind else {
        if !matches!(value.kind, ExprKind::Missing) {
            out.push(says::sets_no_block(Place { file, span: value.span }));
        }
        return made;
    };
    let result = signature.result.clone().unwrap_or(Type::Json);
    let scope = scope.clone().with(Local::variable("result", result, Phase::Run));
    for entry in entries {
        let RecordEntry::One { key, value } = entry else {
            out.push(says::sets_no_block(Place { file, span: value.span }));
            continue;
        };
        let at = Place { file, span: key.span };
        let Some((ty, declared)) = info.attributes.get(key.text.as_str()) else {
            if !program.names.is_open(&info.full) {
                let known: Vec<&str> = info.attributes.keys().map(String::as_str).collect();
                let of = super::members::short(&info.full);
                out.push(says::unknown_attribute(at, &key.text, of, &known));
            }
            check_expr(program, &scope, value, None, out);
            continue;
        };
        let note = format!("`{}` is declared here", key.text);
        let inside = scope.clone().because(Some(*declared), note);
        let typed = check_expr(program, &inside, value, Some(ty), out);
        made.insert(key.text.to_string(), typed.expr);
    }
    made
}

/// What only `check` lets pass: a plan needs the scripts that are not there.
pub(crate) fn needed(out: &[Diagnostic], unplanned: &mut Vec<Diagnostic>) {
    let missing = out.iter().filter(|d| d.code == "W7010");
    unplanned.extend(missing.map(|d| says::script_needed(d.place, &d.message)));
}
