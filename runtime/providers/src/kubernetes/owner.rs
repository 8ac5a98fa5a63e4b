//! Whose an object is: written on it, and read from it.

use bp_provider::{Class, Failure, Subject};
use serde_json::{Map, Value as Json, json};

use super::kinds::Place;

/// Under this name the provider owns fields.
pub(crate) const FIELD_MANAGER: &str = "blueprint";
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The prefix of the labels and annotations that are the provider's own.
pub(crate) const PREFIX: &str = "blueprint/";
pub(crate) const DEPLOYMENT: &str = "blueprint/deployment";
pub(crate) const DEPLOYMENT_NAME: &str = "blueprint/deployment-name";
pub(crate) const INSTANCE: &str = "blueprint/instance";
/// On an object that was there before: it is released, never deleted.
pub(crate) const ADOPTED: &str = "blueprint/adopted";

/// Whose an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This very instance.
    Ours,
    /// Another instance of the same deployment.
    Instance(String),
    /// Another deployment, by what people call it.
    Deployment(String),
    /// No deployment.
    Nobody,
}

fn text<'a>(live: &'a Json, part: &str, key: &str) -> Option<&'a str> {
    live.get("metadata")?.get(part)?.get(key)?.as_str()
}

/// The labels that say whose an object is.
pub(crate) fn labels(subject: &Subject) -> Map<String, Json> {
    let mut labels = Map::new();
    labels.insert(MANAGED_BY.to_owned(), json!(FIELD_MANAGER));
    labels.insert(DEPLOYMENT.to_owned(), json!(subject.deployment));
    labels
}

/// The annotations that say whose an object is.
pub(crate) fn annotations(subject: &Subject) -> Map<String, Json> {
    let mut annotations = Map::new();
    annotations.insert(DEPLOYMENT_NAME.to_owned(), json!(subject.deployment_name));
    annotations.insert(INSTANCE.to_owned(), json!(subject.instance));
    annotations
}

/// Whose a live object is.
pub(crate) fn owner(live: &Json, subject: &Subject) -> Owner {
    match text(live, "labels", DEPLOYMENT) {
        None => Owner::Nobody,
        Some(id) if id != subject.deployment => {
            let name = text(live, "annotations", DEPLOYMENT_NAME).unwrap_or(id);
            Owner::Deployment(name.to_owned())
        }
        Some(_) => match text(live, "annotations", INSTANCE) {
            Some(instance)
                if instance != subject.instance
                    && !subject.was.iter().any(|was| was == instance) =>
            {
                Owner::Instance(instance.to_owned())
            }
            _ => Owner::Ours,
        },
    }
}

/// Whether the object was there before this deployment.
pub(crate) fn is_adopted(live: &Json) -> bool {
    text(live, "annotations", ADOPTED).is_some()
}

/// Refuses an object that is somebody else's.
pub(crate) fn refuse_foreign(live: &Json, subject: &Subject, place: &Place) -> Result<(), Failure> {
    let (message, help) = match owner(live, subject) {
        Owner::Ours | Owner::Nobody => return Ok(()),
        Owner::Deployment(name) => (
            format!("{place} is there already and belongs to the deployment `{name}`"),
            "give it another name, or uninstall that deployment first".to_owned(),
        ),
        Owner::Instance(instance) => (
            format!("{place} is there already and is kept by `{instance}` of this deployment"),
            format!(
                "`{instance}` and `{}` cannot keep one object: give one of them another `name` or `namespace`",
                subject.instance
            ),
        ),
    };
    let mut failure = Failure::new(Class::Permanent, message).help(help);
    failure.property = Some("name".to_owned());
    Err(failure)
}
