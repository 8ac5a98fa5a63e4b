//! What the API server says when it refuses: `Status` objects, in its own words.

use serde_json::{Value as Json, json};

use crate::kinds::Kind;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Json>,
}

/// One reason for which an object is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn invalid(field: impl Into<String>, value: &str, why: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message: format!("Invalid value: {value}: {why}"),
        }
    }

    pub(crate) fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {why}")
        };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|k| format!("{k:?}")).collect();
        Self {
            reason: "FieldValueNotSupported",
            field: field.into(),
            message: format!("Unsupported value: {value}: supported values: {}", known.join(", ")),
        }
    }

    fn to_json(&self) -> Json {
        json!({ "reason": self.reason, "message": self.message, "field": self.field })
    }
}

fn details(kind: &Kind, name: &str, word: &str) -> Json {
    let mut details = json!({ "name": name });
    if let Some(details) = details.as_object_mut() {
        if !kind.group.is_empty() {
            details.insert("group".into(), kind.group.into());
        }
        details.insert("kind".into(), word.into());
    }
    details
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: String, details: Option<Json>) -> Self {
        Self { code, reason, message, details }
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified_plural());
        Self::new(404, "NotFound", message, Some(details(kind, name, kind.plural)))
    }

    pub(crate) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(404, "NotFound", message, Some(json!({})))
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified_plural());
        Self::new(409, "AlreadyExists", message, Some(details(kind, name, kind.plural)))
    }

    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::cannot_be_fulfilled(kind, name, why)
    }

    pub(crate) fn cannot_be_fulfilled(kind: &Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified_plural());
        Self::new(409, "Conflict", message, Some(details(kind, name, kind.plural)))
    }

    /// A deletion whose precondition does not hold; it names the kind, not the resource.
    pub(crate) fn precondition(
        kind: &Kind,
        name: &str,
        what: &str,
        wanted: &str,
        is: &str,
    ) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: the {what} in the precondition \
             ({wanted}) does not match the {what} in record ({is}). The object might have been \
             {}",
            kind.qualified_kind(),
            if what == "UID" { "deleted and then recreated" } else { "modified" }
        );
        Self::new(409, "Conflict", message, Some(details(kind, name, kind.kind)))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into(), None)
    }

    /// An apply of another kind than the path's. (The real one names addresses in its memory here.)
    pub(crate) fn other_kind(kind: &Kind, found: &str) -> Self {
        let message = format!(
            "failed to merge config: expected objects of the same type, but got {} and {found}",
            kind.kind
        );
        Self::new(500, "", message, None)
    }

    pub(crate) fn unsupported_media(found: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/merge-patch+json, application/apply-patch+yaml (found \
             {found:?})"
        );
        Self::new(415, "UnsupportedMediaType", message, Some(json!({})))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(405, "MethodNotAllowed", message, Some(json!({})))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    pub(crate) fn gone(from: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {from} ({oldest})"), None)
    }

    /// An object that is not as its kind has it, found while fields are taken apart.
    pub(crate) fn untyped(wrong: &[String]) -> Self {
        // The real one names one of them, whichever it meets first.
        let list = wrong.first().map_or("", String::as_str);
        Self::new(500, "", format!("failed to create typed patch object: {list}"), None)
    }

    pub(crate) fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        Self::invalid_as(&kind.qualified_kind(), details(kind, name, kind.kind), name, causes)
    }

    pub(crate) fn no_field_manager() -> Self {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        let details = json!({ "group": "meta.k8s.io", "kind": "PatchOptions" });
        Self::invalid_as("PatchOptions.meta.k8s.io", details, "", &[cause])
    }

    fn invalid_as(what: &str, mut details: Json, name: &str, causes: &[Cause]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for cause in causes {
            let text = format!("{}: {}", cause.field, cause.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        if let Some(details) = details.as_object_mut() {
            details.insert("causes".into(), causes.iter().map(Cause::to_json).collect());
        }
        Self::new(422, "Invalid", format!("{what} {name:?} is invalid: {list}"), Some(details))
    }

    /// Somebody else owns what is applied.
    pub(crate) fn conflicts(message: String, causes: &[Cause]) -> Self {
        let causes: Json = causes.iter().map(Cause::to_json).collect();
        Self::new(409, "Conflict", message, Some(json!({ "causes": causes })))
    }

    pub(crate) fn terminating(kind: &Kind, name: &str, namespace: &str) -> Self {
        let cause = Cause {
            reason: "NamespaceTerminating",
            field: "metadata.namespace".to_owned(),
            message: format!("namespace {namespace} is being terminated"),
        };
        let message = format!(
            "{} {name:?} is forbidden: unable to create new content in namespace {namespace} \
             because it is being terminated",
            kind.qualified_plural()
        );
        let mut details = details(kind, name, kind.plural);
        if let Some(details) = details.as_object_mut() {
            details.insert("causes".into(), json!([cause.to_json()]));
        }
        Self::new(403, "Forbidden", message, Some(details))
    }

    pub(crate) fn kept_namespace(kind: &Kind, name: &str) -> Self {
        let message =
            format!("namespaces {name:?} is forbidden: this namespace may not be deleted");
        Self::new(403, "Forbidden", message, Some(details(kind, name, kind.plural)))
    }

    /// A fault that was asked for.
    pub(crate) fn too_many_requests(retry_after: u32) -> Self {
        let message = "Too many requests, please try again later.".to_owned();
        let details = json!({ "retryAfterSeconds": retry_after });
        Self::new(429, "TooManyRequests", message, Some(details))
    }

    /// A fault that was asked for.
    pub(crate) fn internal() -> Self {
        let message = "Internal error occurred: the storage does not answer".to_owned();
        let cause = json!({ "causes": [{ "message": "the storage does not answer" }] });
        Self::new(500, "InternalError", message, Some(cause))
    }

    /// As it goes over the wire.
    pub(crate) fn to_json(&self) -> Json {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {},
            "status": "Failure", "message": self.message,
        });
        if let Some(status) = status.as_object_mut() {
            if !self.reason.is_empty() {
                status.insert("reason".into(), self.reason.into());
            }
            if let Some(details) = &self.details {
                status.insert("details".into(), details.clone());
            }
            status.insert("code".into(), self.code.into());
        }
        status
    }
}
