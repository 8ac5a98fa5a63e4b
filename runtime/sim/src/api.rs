//! A request about objects, from its path to its answer.
//!
//! This module must not know of sockets: it sees a request that was read, and gives an answer.

use serde_json::{Value as Json, json};

use crate::kinds::{Kind, at, text};
use crate::selector::Selector;
use crate::status::Refusal;
use crate::store::{Change, Store, Write};

/// A request as it was read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) content_type: String,
    /// The first word of the user agent, which owns fields where no manager is named.
    pub(crate) agent: String,
    pub(crate) body: Vec<u8>,
}

/// What a path is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Subject<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) status: bool,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// One object.
    Object(u16, Json),
    /// A text, where there is no API at all.
    Text(u16, &'static str),
    /// Changes as they come.
    Watch(Watch),
}

/// A watch that was asked for.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) kind: &'static Kind,
    pub(crate) namespace: Option<String>,
    pub(crate) selector: Selector,
    pub(crate) after: u64,
    /// What is there at the start, when the watch begins with it.
    pub(crate) first: Vec<Json>,
    pub(crate) seconds: u64,
}

impl Asked {
    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("true" | "1" | ""))
    }

    fn json(&self) -> Result<Json, Refusal> {
        if self.content_type.contains("protobuf") {
            return Err(Refusal::unsupported_media(&self.content_type));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::bad_request(format!("the object provided is unrecognized: {error}"))
        })
    }

    fn selector(&self) -> Result<Selector, Refusal> {
        let part = |name: &str| self.param(name).unwrap_or_default().to_owned();
        Selector::read(&part("labelSelector"), &part("fieldSelector"))
    }
}

/// The path's parts that say something.
pub(crate) fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// What a path is about; `None` where it is about nothing that is served.
pub(crate) fn subject<'a>(path: &[&'a str]) -> Option<Subject<'a>> {
    let (group, version, rest) = match path {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let of = |plural: &str| Kind::served(group, version, plural);
    let (plural, namespace, rest) = match rest {
        ["namespaces", namespace, plural, rest @ ..] if *plural != "status" => {
            (*plural, Some(*namespace), rest)
        }
        [plural, rest @ ..] => (*plural, None, rest),
        [] => return None,
    };
    let kind = of(plural).filter(|k| k.namespaced || namespace.is_none())?;
    let (name, status) = match rest {
        [] => (None, false),
        [name] if !kind.namespaced || namespace.is_some() => (Some(*name), false),
        [name, "status"] if kind.has_status => (Some(*name), true),
        _ => return None,
    };
    Some(Subject { kind, namespace, name, status })
}

/// The answer where nothing is served: an API server speaks JSON of its own groups alone.
pub(crate) fn nothing(path: &[&str]) -> Result<Answer, Refusal> {
    match path {
        ["api", ..] | ["apis", "apps", ..] => Err(Refusal::no_such_resource()),
        _ => Ok(Answer::Text(404, "404 page not found")),
    }
}

/// Answers a request about objects.
pub(crate) fn answer(
    store: &mut Store,
    asked: &Asked,
    about: Subject<'_>,
    time: &str,
) -> Result<Answer, Refusal> {
    let manager = asked.param("fieldManager").filter(|m| !m.is_empty());
    let mut write = Write {
        kind: about.kind,
        namespace: about.namespace.unwrap_or_default(),
        name: about.name.unwrap_or_default(),
        manager: manager.unwrap_or(&asked.agent),
        time,
        dry_run: asked.param("dryRun") == Some("All"),
    };
    match (asked.method.as_str(), about.name) {
        ("GET", Some(name)) => {
            let object = store.get(about.kind, write.namespace, name)?;
            Ok(Answer::Object(200, object.clone()))
        }
        ("GET", None) if asked.flag("watch") => watch(store, asked, about),
        ("GET", None) => Ok(Answer::Object(200, list(store, asked, about)?)),
        ("POST", None) => {
            let object = asked.json()?;
            let name = text(&object, &["metadata", "name"]).to_owned();
            if about.kind.namespaced && about.namespace.is_none() {
                return Err(Refusal::method_not_allowed());
            }
            refuse_other_namespace(&write, &object)?;
            write.name = &name;
            Ok(Answer::Object(201, store.create(&write, object)?))
        }
        ("PUT", Some(_)) => {
            let object = asked.json()?;
            refuse_other_name(&write, &object)?;
            Ok(Answer::Object(200, store.update(&write, object, about.status)?))
        }
        ("PATCH", Some(_)) => patch(store, asked, about, &write, manager.is_some()),
        ("DELETE", Some(_)) => delete(store, asked, &mut write),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn refuse_other_name(write: &Write<'_>, object: &Json) -> Result<(), Refusal> {
    let name = text(object, &["metadata", "name"]);
    if !name.is_empty() && name != write.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            write.name
        )));
    }
    let namespace = text(object, &["metadata", "namespace"]);
    if write.kind.namespaced && !namespace.is_empty() && namespace != write.namespace {
        return Err(Refusal::bad_request(format!(
            "the namespace of the object ({namespace}) does not match the namespace on the request \
             ({})",
            write.namespace
        )));
    }
    Ok(())
}

fn refuse_other_namespace(write: &Write<'_>, object: &Json) -> Result<(), Refusal> {
    let namespace = text(object, &["metadata", "namespace"]);
    if write.kind.namespaced && !namespace.is_empty() && namespace != write.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn patch(
    store: &mut Store,
    asked: &Asked,
    about: Subject<'_>,
    write: &Write<'_>,
    has_manager: bool,
) -> Result<Answer, Refusal> {
    let existed = store.get(about.kind, write.namespace, write.name).is_ok();
    match asked.content_type.as_str() {
        "application/apply-patch+yaml" => {
            if !has_manager {
                return Err(Refusal::no_field_manager());
            }
            let written = String::from_utf8_lossy(&asked.body);
            let object: Json = serde_saphyr::from_str(&written)
                .map_err(|error| Refusal::bad_request(format!("error decoding YAML: {error}")))?;
            refuse_other_type(write, &object)?;
            refuse_other_name(write, &object)?;
            if !existed && text(&object, &["metadata", "name"]).is_empty() {
                return Err(Refusal::bad_request(format!(
                    "the name of the object ({} based on URL) was undeterminable: name must be \
                     provided",
                    write.name
                )));
            }
            let applied = store.apply(write, object, asked.flag("force"))?;
            Ok(Answer::Object(if existed { 200 } else { 201 }, applied))
        }
        "application/merge-patch+json" => {
            let mut object = store.get(about.kind, write.namespace, write.name)?.clone();
            merge_patch(&mut object, &asked.json()?);
            refuse_other_name(write, &object)?;
            Ok(Answer::Object(200, store.update(write, object, about.status)?))
        }
        other => Err(Refusal::unsupported_media(other)),
    }
}

fn refuse_other_type(write: &Write<'_>, object: &Json) -> Result<(), Refusal> {
    let (version, expected) = (text(object, &["apiVersion"]), write.kind.api_version());
    if version != expected {
        return Err(Refusal::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {version}, \
             expected: {expected}"
        )));
    }
    let kind = text(object, &["kind"]);
    if kind == write.kind.kind { Ok(()) } else { Err(Refusal::other_kind(write.kind, kind)) }
}

fn merge_patch(into: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    let Json::Object(fields) = into else { return };
    for (name, value) in changes {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            merge_patch(fields.entry(name.clone()).or_insert(Json::Null), value);
        }
    }
}

fn delete(store: &mut Store, asked: &Asked, write: &mut Write<'_>) -> Result<Answer, Refusal> {
    let options = if asked.body.is_empty() { json!({}) } else { asked.json()? };
    let live = store.get(write.kind, write.namespace, write.name)?;
    for (field, what) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let wanted = text(&options, &["preconditions", field]);
        let found = text(live, &["metadata", field]);
        if !wanted.is_empty() && wanted != found {
            return Err(Refusal::precondition(write.kind, write.name, what, wanted, found));
        }
    }
    write.dry_run |= at(&options, &["dryRun"]).is_some_and(|d| *d == json!(["All"]));
    let (last, gone) = store.delete(write)?;
    if !gone {
        return Ok(Answer::Object(200, last));
    }
    let mut details = json!({ "name": write.name });
    if let Some(details) = details.as_object_mut() {
        if !write.kind.group.is_empty() {
            details.insert("group".into(), write.kind.group.into());
        }
        details.insert("kind".into(), write.kind.plural.into());
        details.insert("uid".into(), text(&last, &["metadata", "uid"]).into());
    }
    let done = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    });
    Ok(Answer::Object(200, done))
}

fn list(store: &Store, asked: &Asked, about: Subject<'_>) -> Result<Json, Refusal> {
    let selector = asked.selector()?;
    let items: Vec<Json> = store
        .list(about.kind, about.namespace)
        .into_iter()
        .filter(|object| selector.fits(object))
        .map(|object| {
            let mut item = object.clone();
            crate::kinds::take(&mut item, &["kind"]);
            crate::kinds::take(&mut item, &["apiVersion"]);
            item
        })
        .collect();
    Ok(json!({
        "kind": format!("{}List", about.kind.kind),
        "apiVersion": about.kind.api_version(),
        "metadata": { "resourceVersion": store.revision.to_string() },
        "items": items,
    }))
}

fn watch(store: &Store, asked: &Asked, about: Subject<'_>) -> Result<Answer, Refusal> {
    let selector = asked.selector()?;
    let from = asked.param("resourceVersion").unwrap_or_default();
    let fresh = from.is_empty() || from == "0";
    let after = if fresh {
        store.revision
    } else {
        from.parse().map_err(|_| {
            Refusal::bad_request(format!("invalid resource version {from:?}: not a number"))
        })?
    };
    store.changes_after(after)?;
    let there = store.list(about.kind, about.namespace).into_iter();
    let first = there.filter(|object| fresh && selector.fits(object)).cloned().collect();
    let seconds = asked.param("timeoutSeconds").and_then(|s| s.parse().ok()).unwrap_or(1800);
    let namespace = about.namespace.map(str::to_owned);
    Ok(Answer::Watch(Watch { kind: about.kind, namespace, selector, after, first, seconds }))
}

impl Watch {
    /// The event by which a watcher learns of a change; `None` where it is none of its.
    pub(crate) fn event(&self, change: &Change) -> Option<Json> {
        if change.key.0 != self.kind.plural
            || self.namespace.as_ref().is_some_and(|n| *n != change.key.1)
        {
            return None;
        }
        let was = change.old.as_ref().is_some_and(|old| self.selector.fits(old));
        let is = change.new.as_ref().is_some_and(|new| self.selector.fits(new));
        let name = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(json!({ "type": name, "object": change.last }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    #[test]
    fn paths_say_what_they_are_about() {
        let about = |path: &'static str| subject(&parts(path));
        let web = about("/apis/apps/v1/namespaces/shop/deployments/web").unwrap();
        assert_eq!(
            (web.kind.kind, web.namespace, web.name),
            ("Deployment", Some("shop"), Some("web"))
        );
        let space = about("/api/v1/namespaces/shop").unwrap();
        assert_eq!(
            (space.kind.kind, space.namespace, space.name),
            ("Namespace", None, Some("shop"))
        );
        assert!(about("/api/v1/namespaces/shop/status").unwrap().status);
        let all = about("/api/v1/configmaps").unwrap();
        assert_eq!((all.kind.kind, all.namespace, all.name), ("ConfigMap", None, None));
        assert_eq!(about("/api/v1/namespaces/shop/pods"), None);
        assert_eq!(about("/apis/foo/v1/foos"), None);
    }
}
