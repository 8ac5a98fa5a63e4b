//! Clients of clusters, made once for each connection and as long as its file stays as it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bp_provider::{Class, Connection, Failure, Target};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

/// How long a cluster may take to answer the telephone.
const CONNECT: Duration = Duration::from_secs(5);

type Key = (String, Option<String>);

/// The clients that were made.
#[derive(Default)]
pub(crate) struct Clients(Mutex<BTreeMap<Key, (Option<SystemTime>, Client)>>);

fn broken(target: &Target, why: &str, help: &str) -> Failure {
    let message = format!("the connection of `{}` cannot be used: {why}", target.name);
    Failure::new(Class::Permanent, message).help(help)
}

impl Clients {
    /// The client of a target.
    pub(crate) async fn of(&self, target: &Target) -> Result<Client, Failure> {
        let Connection::Kubeconfig { path, context } = &target.connection else {
            return Err(broken(
                target,
                "it is the runtime's own machine, not a cluster",
                "place Kubernetes nodes on clusters: `host -> cluster`",
            ));
        };
        let key = (path.clone(), context.clone());
        // A renewed credential is in a file that changed.
        let changed = std::fs::metadata(path).and_then(|m| m.modified()).ok();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, client)) = known.get(&key)
                && *at == changed
            {
                return Ok(client.clone());
            }
        }
        let client = connect(target, path, context.as_deref()).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, (changed, client.clone()));
        Ok(client)
    }
}

async fn connect(target: &Target, path: &str, context: Option<&str>) -> Result<Client, Failure> {
    let kubeconfig = read(target, path)?;
    let contexts: Vec<String> = kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let wanted = context.map(str::to_owned).or_else(|| kubeconfig.current_context.clone());
    let known = format!("`{path}` has {}", listed(&contexts));
    let Some(wanted) = wanted else {
        let why = format!("`{path}` has no current context, and none is named");
        return Err(broken(target, &why, &format!("name a context: {known}")));
    };
    if !contexts.contains(&wanted) {
        let why = format!("`{path}` has no context `{wanted}`");
        return Err(broken(target, &why, &format!("name another context: {known}")));
    }
    let options =
        KubeConfigOptions { context: Some(wanted.clone()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| unusable(target, path, &wanted, &error))?;
    config.connect_timeout = Some(CONNECT);
    // The runtime decides what is tried again, and when.
    config.default_retry = false;
    Client::try_from(config).map_err(|_| {
        let why = format!("the certificates or credentials of `{wanted}` in `{path}` are broken");
        broken(target, &why, "renew the kubeconfig")
    })
}

fn read(target: &Target, path: &str) -> Result<Kubeconfig, Failure> {
    Kubeconfig::read_from(Path::new(path)).map_err(|error| {
        // What a parser quotes may be a token: its words stay out.
        let (why, help) = match &error {
            KubeconfigError::ReadConfig(io, _) if io.kind() == std::io::ErrorKind::NotFound => {
                (format!("there is no file `{path}`"), "name the kubeconfig's path")
            }
            KubeconfigError::ReadConfig(io, _) => {
                (format!("`{path}` cannot be read: {io}"), "make the file readable")
            }
            _ => (
                format!("`{path}` is not a kubeconfig"),
                "renew the file: it is not valid YAML of this form",
            ),
        };
        broken(target, &why, help)
    })
}

fn unusable(target: &Target, path: &str, context: &str, error: &KubeconfigError) -> Failure {
    let part = match error {
        KubeconfigError::LoadClusterOfContext(_) => "its cluster is not in the file",
        KubeconfigError::MissingClusterUrl => "its cluster has no server address",
        KubeconfigError::ParseClusterUrl(_) => "its cluster's server address is not a URL",
        KubeconfigError::LoadCertificateAuthority(_) | KubeconfigError::ParseCertificates(_) => {
            "its certificate authority cannot be loaded"
        }
        KubeconfigError::LoadClientCertificate(_) => "its client certificate cannot be loaded",
        KubeconfigError::LoadClientKey(_) => "its client key cannot be loaded",
        _ => "it is incomplete",
    };
    let why = format!("the context `{context}` of `{path}` is broken: {part}");
    broken(target, &why, "mend or renew the kubeconfig")
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
    use super::*;

    async fn failed(written: Option<&str>, context: Option<&str>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kubeconfig");
        if let Some(written) = written {
            std::fs::write(&path, written).unwrap();
        }
        let target = Target {
            id: "t".to_owned(),
            name: "east".to_owned(),
            identity: None,
            connection: Connection::Kubeconfig {
                path: path.display().to_string(),
                context: context.map(str::to_owned),
            },
        };
        let failure = Clients::default().of(&target).await.err().unwrap();
        assert_eq!(failure.class, Class::Permanent);
        assert!(failure.message.contains("`east`"), "{failure}");
        assert!(failure.help.is_some());
        format!("{} {}", failure.message, failure.help.unwrap())
    }

    const GOOD: &str = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "none", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "s3cr3t"}}], "clusters": []}"#;

    #[tokio::test]
    async fn a_bad_kubeconfig_says_what_is_wrong_with_it() {
        assert!(failed(None, None).await.contains("there is no file"));
        assert!(failed(Some(GOOD), Some("b")).await.contains("has no context `b`"));
        assert!(failed(Some(GOOD), Some("b")).await.contains("has `a`"));
        assert!(failed(Some(GOOD), None).await.contains("its cluster is not in the file"));
        let none = "apiVersion: v1\nkind: Config\n";
        assert!(failed(Some(none), None).await.contains("no current context"));
    }

    #[tokio::test]
    async fn no_token_is_ever_quoted() {
        let text = failed(Some("users:\n- name: u\n  user: {token: [s3cr3t\n"), None).await;
        assert!(text.contains("is not a kubeconfig"), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }

    #[tokio::test]
    async fn the_own_machine_is_no_cluster() {
        let target = Target {
            id: "t".to_owned(),
            name: "here".to_owned(),
            identity: None,
            connection: Connection::Local,
        };
        let failure = Clients::default().of(&target).await.err().unwrap();
        assert!(failure.message.contains("own machine"), "{failure}");
    }
}
