//! Who owns which field: server-side apply, and the bookkeeping of every other write.
//!
//! This module must not know of storage, defaults or validation.

use serde_json::{Value as Json, json};

use crate::fields::{FieldSet, display};
use crate::kinds::{Kind, at, put, take, text};
use crate::merge::{check, compare, fields_of, merge, remove};
use crate::schema::Schema;
use crate::status::{Cause, Refusal};

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq)]
struct Manager {
    name: String,
    operation: String,
    api_version: String,
    time: String,
    fields: FieldSet,
}

/// What somebody asks to be applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Application<'a> {
    pub(crate) object: &'a Json,
    pub(crate) manager: &'a str,
    pub(crate) force: bool,
    /// Now, as objects have it.
    pub(crate) time: &'a str,
}

fn read(object: &Json) -> Vec<Manager> {
    let entries = at(object, &["metadata", "managedFields"]).and_then(Json::as_array);
    entries
        .into_iter()
        .flatten()
        .map(|entry| Manager {
            name: text(entry, &["manager"]).to_owned(),
            operation: text(entry, &["operation"]).to_owned(),
            api_version: text(entry, &["apiVersion"]).to_owned(),
            time: text(entry, &["time"]).to_owned(),
            fields: entry.get("fieldsV1").map(FieldSet::from_json).unwrap_or_default(),
        })
        .collect()
}

fn write(object: &mut Json, mut managers: Vec<Manager>) {
    managers.retain(|m| !m.fields.is_empty());
    managers
        .sort_by(|a, b| (&a.operation, &a.time, &a.name).cmp(&(&b.operation, &b.time, &b.name)));
    let entries: Vec<Json> = managers
        .iter()
        .map(|m| {
            json!({
                "manager": m.name, "operation": m.operation, "apiVersion": m.api_version,
                "time": m.time, "fieldsType": "FieldsV1", "fieldsV1": m.fields.to_json(),
            })
        })
        .collect();
    take(object, &["metadata", "managedFields"]);
    if !entries.is_empty() {
        put(object, &["metadata", "managedFields"], Json::Array(entries));
    }
}

fn bare(object: &Json) -> Json {
    let mut object = object.clone();
    take(&mut object, &["metadata", "managedFields"]);
    object
}

/// Applies to what is live, or to nothing. Nothing changes where all is as it was applied.
pub(crate) fn apply(
    kind: &Kind,
    live: Option<&Json>,
    wanted: &Application<'_>,
) -> Result<Json, Refusal> {
    let schema = Schema::of_kind(kind.kind);
    if at(wanted.object, &["metadata", "managedFields"]).is_some_and(|m| *m != json!([])) {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let applied = bare(wanted.object);
    let wrong = check(schema, &applied);
    if !wrong.is_empty() {
        return Err(Refusal::untyped(&wrong));
    }
    let mut managers = live.map(read).unwrap_or_default();
    let before = live.map_or_else(|| kind.blank(), bare);
    let is_self = |m: &Manager| m.name == wanted.manager && m.operation == "Apply";

    let mut after = merge(schema, &before, &applied);
    let named = fields_of(schema, &applied);
    if let Some(last) = managers.iter().find(|m| is_self(m)) {
        let mut gone = last.fields.with_parents();
        gone.0.retain(|path| {
            !named.reaches(path) && !managers.iter().any(|m| !is_self(m) && m.fields.reaches(path))
        });
        remove(schema, &mut after, &gone);
    }

    let difference = compare(schema, &before, &after);
    let touched = difference.added.union(&difference.modified);
    refuse_conflicts(&managers, &touched, wanted)?;
    let fields = named.stripped();
    let known = managers.iter().find(|m| is_self(m)).map(|m| m.fields.clone());
    if let Some(live) = live
        && difference.is_empty()
        && known.as_ref() == Some(&fields)
    {
        return Ok(live.clone());
    }
    for manager in managers.iter_mut().filter(|m| !is_self(m)) {
        manager.fields = manager.fields.minus(&touched).minus(&difference.removed);
    }
    managers.retain(|m| !is_self(m));
    managers.push(Manager {
        name: wanted.manager.to_owned(),
        operation: "Apply".to_owned(),
        api_version: kind.api_version(),
        time: wanted.time.to_owned(),
        fields,
    });
    write(&mut after, managers);
    Ok(after)
}

fn refuse_conflicts(
    managers: &[Manager],
    touched: &FieldSet,
    wanted: &Application<'_>,
) -> Result<(), Refusal> {
    let mut owners: Vec<(String, FieldSet)> = managers
        .iter()
        .filter(|m| m.name != wanted.manager || m.operation != "Apply")
        .map(|m| (described(m), m.fields.both(touched)))
        .filter(|(_, fields)| !fields.is_empty())
        .collect();
    if wanted.force || owners.is_empty() {
        return Ok(());
    }
    owners.sort_by(|a, b| a.0.cmp(&b.0));
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for (owner, fields) in &owners {
        lines.push(format!("conflicts with {owner}:"));
        for path in fields.in_order() {
            lines.push(format!("- {}", display(path)));
            causes.push(Cause {
                reason: "FieldManagerConflict",
                field: display(path),
                message: format!("conflict with {owner}"),
            });
        }
    }
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        many => format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n")),
    };
    Err(Refusal::conflicts(message, &causes))
}

fn described(manager: &Manager) -> String {
    if manager.operation == "Apply" {
        format!("{:?}", manager.name)
    } else {
        format!("{:?} using {}", manager.name, manager.api_version)
    }
}

/// Notes who wrote what changed from `old` to `new` by a plain write.
pub(crate) fn track(kind: &Kind, old: Option<&Json>, new: &mut Json, manager: &str, time: &str) {
    let schema = Schema::of_kind(kind.kind);
    let mut managers = old.map(read).unwrap_or_default();
    let before = old.map_or_else(|| kind.blank(), bare);
    let difference = compare(schema, &before, &bare(new));
    let touched = difference.added.union(&difference.modified);
    for other in &mut managers {
        other.fields = other.fields.minus(&touched).minus(&difference.removed);
    }
    let taken = touched.stripped();
    if !taken.is_empty() {
        let is_self = |m: &Manager| m.name == manager && m.operation == "Update";
        let before =
            managers.iter().find(|m| is_self(m)).map(|m| m.fields.clone()).unwrap_or_default();
        managers.retain(|m| !is_self(m));
        managers.push(Manager {
            name: manager.to_owned(),
            operation: "Update".to_owned(),
            api_version: kind.api_version(),
            time: time.to_owned(),
            fields: before.union(&taken),
        });
    }
    write(new, managers);
}
