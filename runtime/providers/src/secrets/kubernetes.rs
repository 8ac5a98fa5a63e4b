//! Secrets of a Kubernetes cluster: `SECRET/KEY` in its namespace, or `NAMESPACE/SECRET/KEY`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use async_trait::async_trait;
use bp_provider::{Connection, Failure, Target};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::{Lack, Source, Told, all, text};
use crate::kubernetes::{Attempt, Clients};

/// How long a cluster may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// The namespace, where neither the name nor the configuration says one.
const NAMESPACE: &str = "default";

/// See the module.
pub struct Kubernetes {
    /// What people call it.
    pub name: String,
    /// The kubeconfig's path.
    pub kubeconfig: String,
    /// The context; the current one when left out.
    pub context: Option<String>,
    /// Where Secrets are looked for whose names say nothing else.
    pub namespace: Option<String>,
}

/// Which part of which Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part<'n> {
    namespace: &'n str,
    secret: &'n str,
    key: &'n str,
}

type Data = BTreeMap<String, Vec<u8>>;

#[async_trait]
impl Source for Kubernetes {
    async fn read(&self, names: &[String]) -> Told {
        let target = Target {
            id: self.name.clone(),
            name: self.name.clone(),
            identity: None,
            connection: Connection::Kubeconfig {
                path: self.kubeconfig.clone(),
                context: self.context.clone(),
            },
        };
        let client = match Clients::default().of(&target).await {
            Ok(client) => client,
            Err(failure) => return all(names, &lack(failure)),
        };
        // Several names may be of one Secret, which is asked for once.
        let mut known: BTreeMap<(&str, &str), Result<Data, Lack>> = BTreeMap::new();
        let mut told = Told::new();
        for name in names {
            let part = match self.part(name) {
                Ok(part) => part,
                Err(lack) => {
                    told.insert(name.clone(), Err(lack));
                    continue;
                }
            };
            let at = (part.namespace, part.secret);
            let data = match known.entry(at) {
                Entry::Occupied(there) => there.get().clone(),
                Entry::Vacant(there) => {
                    let api = Api::namespaced(client.clone(), part.namespace);
                    there.insert(self.secret(api, part).await).clone()
                }
            };
            told.insert(name.clone(), data.and_then(|data| self.key(&data, part)));
        }
        told
    }
}

impl Kubernetes {
    fn part<'n>(&'n self, name: &'n str) -> Result<Part<'n>, Lack> {
        let parts: Vec<&str> = name.split('/').collect();
        let own = self.namespace.as_deref().unwrap_or(NAMESPACE);
        let part = match parts.as_slice() {
            [secret, key] => Some(Part { namespace: own, secret, key }),
            [namespace, secret, key] => Some(Part { namespace, secret, key }),
            _ => None,
        };
        let is_whole = |part: &Part<'_>| ![part.namespace, part.secret, part.key].contains(&"");
        part.filter(is_whole).ok_or_else(|| {
            Lack::failed(
                format!("`{name}` names no part of a Secret of `{}`", self.name),
                "say it as `SECRET/KEY` or `NAMESPACE/SECRET/KEY`: `secret x: string from \"db/password\"`",
            )
        })
    }

    async fn secret(&self, api: Api<Secret>, part: Part<'_>) -> Result<Data, Lack> {
        let on = format!("the Secret `{}/{}`", part.namespace, part.secret);
        let attempt =
            Attempt { verb: "read", on: &on, target: &self.name, mutating: false, sent: None };
        match tokio::time::timeout(DEADLINE, api.get(part.secret)).await {
            Err(_) => Err(lack(attempt.late(DEADLINE))),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => Err(Lack::absent(
                format!("`{}` has no Secret `{}/{}`", self.name, part.namespace, part.secret),
                format!(
                    "make it: `kubectl -n {} create secret generic {}`",
                    part.namespace, part.secret
                ),
            )),
            Ok(Err(error)) => Err(lack(attempt.failed(&error))),
            Ok(Ok(secret)) => {
                let data = secret.data.unwrap_or_default();
                Ok(data.into_iter().map(|(key, bytes)| (key, bytes.0)).collect())
            }
        }
    }

    fn key(&self, data: &Data, part: Part<'_>) -> Result<String, Lack> {
        let Part { namespace, secret, key } = part;
        let from = format!("the Secret `{namespace}/{secret}` of `{}`", self.name);
        if let Some(bytes) = data.get(key) {
            return text(bytes.clone(), &from);
        }
        let known = data.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Lack::absent(format!("{from} has no key `{key}`"), format!("its keys: {known}")))
    }
}

/// What the client tells of a failure: nothing of a kubeconfig, of a request or of an answer.
fn lack(failure: Failure) -> Lack {
    let help = failure.help.unwrap_or_else(|| "run the command again when it answers".to_owned());
    Lack::failed(failure.message, help)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn source(kubeconfig: &str) -> Kubernetes {
        Kubernetes {
            name: "east".to_owned(),
            kubeconfig: kubeconfig.to_owned(),
            context: None,
            namespace: Some("vault".to_owned()),
        }
    }

    #[test]
    fn a_name_is_a_key_of_a_secret() {
        let source = source("none");
        let part = source.part("db/password").unwrap();
        assert_eq!((part.namespace, part.secret, part.key), ("vault", "db", "password"));
        assert_eq!(source.part("own/db/password").unwrap().namespace, "own");
        for name in ["password", "a/b/c/d", "/password", "db/", ""] {
            let lack = source.part(name).unwrap_err();
            assert!(lack.help.contains("SECRET/KEY"), "{lack:?}");
        }
    }

    #[tokio::test]
    async fn a_cluster_that_can_t_be_reached_is_told() {
        let told = source("/no/such/kubeconfig").read(&["db/password".to_owned()]).await;
        let lack = told.into_values().next().unwrap().unwrap_err();
        assert!(lack.why.contains("there is no file") && !lack.is_absent, "{lack:?}");
    }
}
