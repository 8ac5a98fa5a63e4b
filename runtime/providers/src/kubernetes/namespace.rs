//! A namespace goes only when nothing that others made is in it.

use bp_provider::{Class, Failure, Subject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value as Json;

use super::kinds::Place;
use super::owner::DEPLOYMENT;
use super::session::Session;

/// The kinds by which people notice that something is gone.
const KINDS: [(&str, &str, &str); 9] = [
    ("", "ConfigMap", "configmaps"),
    ("", "Secret", "secrets"),
    ("", "Service", "services"),
    ("", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("", "Pod", "pods"),
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("batch", "Job", "jobs"),
];

/// Refuses where something else is in the namespace.
pub(crate) async fn refuse_inhabited(
    session: &Session,
    subject: &Subject,
    place: &Place,
) -> Result<(), Failure> {
    let mut others = Vec::new();
    for (group, kind, plural) in KINDS {
        let gvk = GroupVersionKind::gvk(group, "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        let Some(objects) = session.list(&resource, &place.name, None).await? else { continue };
        others.extend(objects.iter().filter(|object| is_foreign(object, kind, subject)).map(
            |object| {
                let name = object.pointer("/metadata/name").and_then(Json::as_str);
                format!("{kind} `{}`", name.unwrap_or_default())
            },
        ));
    }
    if others.is_empty() {
        return Ok(());
    }
    let shown = others.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let more = others.len().saturating_sub(5);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Failure::new(
        Class::Conflict,
        format!(
            "{place} on `{}` is not deleted: it holds what this deployment did not make: \
             {shown}{more}",
            session.target()
        ),
    )
    .help("move or delete these, and run the command again"))
}

fn is_foreign(object: &Json, kind: &str, subject: &Subject) -> bool {
    let at = |pointer: &str| object.pointer(pointer);
    let text = |pointer: &str| at(pointer).and_then(Json::as_str).unwrap_or_default();
    let made_by_server = match kind {
        "ConfigMap" => text("/metadata/name") == "kube-root-ca.crt",
        "Secret" => text("/type") == "kubernetes.io/service-account-token",
        _ => false,
    };
    let ours = at("/metadata/labels").and_then(|l| l.get(DEPLOYMENT)).and_then(Json::as_str)
        == Some(subject.deployment.as_str());
    let follows =
        at("/metadata/ownerReferences").and_then(Json::as_array).is_some_and(|o| !o.is_empty());
    let going = at("/metadata/deletionTimestamp").is_some();
    !(made_by_server || ours || follows || going)
}
