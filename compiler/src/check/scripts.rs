//! What a script is given by name: files in its folder, variables of its environment. What no folder and no
//! environment can have is told when compiling, where the names are written out.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use bp_plan::{Entry, Expr, Value};

use crate::diagnostics::{Diagnostic, operations as says};
use crate::source::{FileId, Place};
use crate::syntax::ast::{self, ExprKind, RecordEntry};

/// Tells the names of a clause (`files`, `env`) that can't be; `made` is what its value became.
pub(super) fn check(
    file: FileId,
    clause: &str,
    written: &ast::Expr,
    made: &Expr,
    out: &mut Vec<Diagnostic>,
) {
    let wrong: fn(&str, &[&str]) -> Option<String> = match clause {
        "files" => no_path,
        "env" => no_variable,
        _ => return,
    };
    let names: Vec<&str> = match made {
        Expr::Value(Value::Map(entries)) => entries.keys().map(String::as_str).collect(),
        Expr::Record(entries) => entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::One(name, _) => Some(name.as_str()),
                Entry::Spread(_) => None,
            })
            .collect(),
        _ => return,
    };
    let mut told = BTreeSet::new();
    for name in &names {
        if let Some(why) = wrong(name, &names)
            && told.insert(*name)
        {
            let span = entry(written, name).map_or(written.span, |key| key.span);
            out.push(says::no_such_name(Place { file, span }, clause, name, &why));
        }
    }
}

/// The name of an entry where it is written.
fn entry<'t>(written: &'t ast::Expr, name: &str) -> Option<&'t ast::Name> {
    let ExprKind::Record(entries) = &written.kind else { return None };
    entries.iter().find_map(|entry| match entry {
        RecordEntry::One { key, .. } if key.text == name => Some(key),
        _ => None,
    })
}

/// Why a script's folder can have no file of this path.
fn no_path(path: &str, all: &[&str]) -> Option<String> {
    if path.is_empty() {
        return Some("it is empty".to_owned());
    }
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        return Some("it leads out of the script's folder".to_owned());
    }
    let inside = |other: &&&str| **other != path && Path::new(other).starts_with(path);
    all.iter().find(inside).map(|other| format!("`{other}` makes it a folder"))
}

/// Why no variable can be called so.
fn no_variable(name: &str, _: &[&str]) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    name.contains(['=', '\0']).then(|| "it has a `=` or a zero byte".to_owned())
}
