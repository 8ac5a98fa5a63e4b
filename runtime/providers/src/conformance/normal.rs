//! Answers without what differs from run to run and from server to server for good reason.

use serde_json::{Map, Value as Json, json};

/// The identities and versions that were met, each by a name of its own.
#[derive(Debug, Default)]
pub(crate) struct Names {
    met: Vec<(String, String)>,
    /// Identity and version of the last object of a name.
    last: Map<String, Json>,
}

/// Who writes in the background.
const CONTROLLER: &str = "kube-controller-manager";
const REVISION: &str = "deployment.kubernetes.io/revision";

impl Names {
    /// The body of a request with `$uid:NAME` and `$rv:NAME` filled in.
    pub(crate) fn addressed(&self, body: &Json) -> Json {
        match body {
            Json::String(text) => {
                let part = text
                    .strip_prefix("$uid:")
                    .map(|name| ("uid", name))
                    .or_else(|| text.strip_prefix("$rv:").map(|name| ("resourceVersion", name)));
                let Some((field, name)) = part else { return body.clone() };
                self.last.get(name).and_then(|m| m.get(field)).cloned().unwrap_or_default()
            }
            Json::Array(items) => items.iter().map(|item| self.addressed(item)).collect(),
            Json::Object(fields) => Json::Object(
                fields.iter().map(|(name, value)| (name.clone(), self.addressed(value))).collect(),
            ),
            other => other.clone(),
        }
    }

    /// Notes identity and version of what was answered.
    pub(crate) fn remember(&mut self, answer: &Json) {
        if let Some(metadata) = answer.get("metadata")
            && let Some(name) = metadata.get("name").and_then(Json::as_str)
        {
            self.last.insert(name.to_owned(), metadata.clone());
        }
    }

    fn name(&mut self, prefix: &str, value: &str) -> String {
        if let Some((_, name)) = self.met.iter().find(|(met, _)| met == value) {
            return name.clone();
        }
        let count = self.met.iter().filter(|(_, name)| name.starts_with(prefix)).count();
        let name = format!("{prefix}{}", count + 1);
        self.met.push((value.to_owned(), name.clone()));
        name
    }

    /// The answer as it is compared.
    pub(crate) fn normal(&mut self, answer: &Json) -> Json {
        let mut answer = answer.clone();
        if let Some(Json::Array(causes)) = answer.pointer_mut("/details/causes") {
            // A real one names them in any order.
            causes.sort_by_key(ToString::to_string);
        }
        for object in objects(&mut answer) {
            without_controllers(object);
        }
        self.renamed(&answer, "")
    }

    fn renamed(&mut self, value: &Json, field: &str) -> Json {
        match value {
            Json::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by_key(|(name, _)| *name);
                Json::Object(
                    sorted
                        .into_iter()
                        .map(|(name, value)| (name.clone(), self.renamed(value, name)))
                        .collect(),
                )
            }
            Json::Array(items) => items.iter().map(|item| self.renamed(item, field)).collect(),
            Json::String(text) => match field {
                "uid" => json!(self.name("uid-", text)),
                "resourceVersion" => json!(self.name("version-", text)),
                "creationTimestamp" | "deletionTimestamp" | "time" => json!("TIME"),
                "clusterIP" | "clusterIPs" => json!("ADDRESS"),
                _ => json!(self.words(text)),
            },
            Json::Number(_) if field == "nodePort" => json!("PORT"),
            other => other.clone(),
        }
    }

    /// A message without times and identities.
    fn words(&mut self, text: &str) -> String {
        let known = self.met.clone();
        let mut out = Vec::new();
        for word in text.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_time = bare.len() >= 20
                && bare.get(4..5) == Some("-")
                && bare.get(10..11) == Some("T")
                && bare.get(19..20) == Some("Z");
            let is_uid = bare.len() == 36 && bare.matches('-').count() == 4;
            if is_time {
                let time = bare.get(..20).unwrap_or_default();
                out.push(word.replace(time, "TIME"));
            } else if is_uid {
                let name = self.name("uid-", bare);
                out.push(word.replace(bare, &name));
            } else if let Some((met, name)) = known
                .iter()
                .find(|(met, n)| word.starts_with('(') && met == bare && n.starts_with("version-"))
            {
                out.push(word.replace(met.as_str(), name));
            } else {
                out.push(word.to_owned());
            }
        }
        out.join(" ")
    }
}

/// The objects of an answer: itself, or the items of a list.
fn objects(answer: &mut Json) -> Vec<&mut Json> {
    if answer.get("items").is_some() {
        if let Some(metadata) = answer.get_mut("metadata") {
            // The whole server's version: others write, too.
            *metadata = json!({});
        }
        let items = answer.get_mut("items").and_then(Json::as_array_mut);
        return items.into_iter().flatten().collect();
    }
    vec![answer]
}

fn without_controllers(object: &mut Json) {
    let kind = object.get("kind").and_then(Json::as_str).unwrap_or_default().to_owned();
    let deployment = kind == "Deployment";
    if deployment && let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    let Some(Json::Object(metadata)) = object.get_mut("metadata") else { return };
    if deployment || kind == "Namespace" {
        // Their controllers move it at any time.
        metadata.shift_remove("resourceVersion");
    }
    if let Some(Json::Array(entries)) = metadata.get_mut("managedFields") {
        entries.retain(|e| e.get("manager").and_then(Json::as_str) != Some(CONTROLLER));
        // Entries of one second are in the order of their names, those of two are not.
        entries.sort_by_key(|entry| {
            let part = |name: &str| entry.get(name).and_then(Json::as_str).unwrap_or_default();
            (part("operation").to_owned(), part("manager").to_owned())
        });
    }
    if let Some(Json::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.shift_remove(REVISION);
        if annotations.is_empty() {
            metadata.shift_remove("annotations");
        }
    }
}
