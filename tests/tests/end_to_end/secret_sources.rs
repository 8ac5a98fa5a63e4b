//! Where secrets are kept: a file that is encrypted with age, a command, a cluster's Secrets. What does not tell one
//! is told in a sentence with what to do, and nothing is begun.

use std::path::PathBuf;
use std::time::Duration;

use bp_providers::secrets::seal::{Identities, new_identity, seal};
use bp_tests::{Cluster, Clusters, Environment};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use crate::unique;

/// What must never be seen.
const CANARY: &str = "tr0ub4dor-and-6-canary";

/// Files that are encrypted for the key in `key.txt`.
pub(crate) struct Vault<'e> {
    environment: &'e Environment,
    identity: String,
}

impl<'e> Vault<'e> {
    pub(crate) fn new(environment: &'e Environment) -> Self {
        let identity = new_identity();
        environment.write("key.txt", &identity);
        environment.write("home/key.txt", &identity);
        Self { environment, identity }
    }

    /// A file that holds this, encrypted, in the home.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let own = Identities::parse(&self.identity).unwrap().recipient().unwrap();
        let sealed = seal(text.as_bytes(), &own).unwrap();
        self.environment.write(&format!("home/{name}"), sealed)
    }
}

/// A Secret of a cluster, in a namespace that is made for it.
pub(crate) fn keep_in_cluster(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    key: &str,
    value: &str,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = cluster.client().await;
        let own = json!({ "metadata": { "name": namespace } });
        let own: Namespace = serde_json::from_value(own).unwrap();
        let made = Api::all(client.clone()).create(&PostParams::default(), &own).await;
        made.unwrap();
        let secret = json!({ "metadata": { "name": name }, "stringData": { key: value } });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let api: Api<Secret> = Api::namespaced(client, namespace);
        api.create(&PostParams::default(), &secret).await.unwrap();
    });
}

const PLACE: &str = r#"
blueprint place { version = "1.0.0" }
secret key: string from "$FROM"
secret perhaps: string? from "$FROM-or-none"
node type Taker {
  property key: secret string
  property perhaps: secret string?
  operation lifecycle.create = script("take.sh") { args = { key = self.key, perhaps = self.perhaps } }
}
node taker: Taker { key = key, perhaps = perhaps }
"#;

struct Place(Environment);

impl Place {
    fn new() -> Self {
        let environment = Environment::new();
        environment.write("take.sh", "echo \"$key/$perhaps\" > \"$HOME/given\"\n");
        Self(environment)
    }

    /// What comes of a deployment of a secret of this name, where this says where it is.
    fn told(&mut self, from: &str, sources: &str, code: i32) -> String {
        self.0.set("HOME", self.0.folder().display().to_string());
        let plan = self.0.compile_text("place", &PLACE.replace("$FROM", from));
        self.0.write("where.yaml", format!("sources: {sources}\n"));
        let mut command = self.0.command("bpr");
        command.args(["deploy"]).arg(plan).args(["--name", "place", "--secrets", "where.yaml"]);
        command.arg("--inventory").arg(self.0.inventory(&[]));
        let ended = bp_tests::Running::start(command).wait(Duration::from_mins(1)).expect(code);
        let words = ended.words();
        assert!(!words.contains(CANARY), "{words}");
        // A sentence may go on in another line.
        words.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    }

    fn given(&self) -> String {
        std::fs::read_to_string(self.0.folder().join("given")).unwrap_or_default()
    }
}

#[test]
fn a_file_that_is_encrypted_with_age_tells_them_to_who_has_the_key() {
    let mut place = Place::new();
    let sealed = {
        let vault = Vault::new(&place.0);
        let file = vault.file("team.age", &format!("db/password: {CANARY}\n"));
        file.display().to_string()
    };
    let of_age = |more: &str| format!("[{{ prefix: team/, age: \"{sealed}\"{more} }}]");
    place.told("team/db/password", &of_age(", identity: key.txt"), 0);
    assert_eq!(place.given(), format!("{CANARY}/\n"));
    place.0.assert_unseen(CANARY, "");

    let said = place.told("team/db/other", &of_age(", identity: key.txt"), 1);
    assert!(said.contains("has none of the name `db/other`"), "{said}");
    assert!(said.contains("add `db/other: …`"), "{said}");
    assert!(said.contains("secret key: string from \"team/db/other\""), "{said}");
    place.0.write("other.txt", new_identity());
    let said = place.told("team/db/password", &of_age(", identity: other.txt"), 1);
    assert!(
        said.contains("it is sealed for another key") && said.contains("age -r age1"),
        "{said}"
    );
    let said = place.told("team/db/password", &of_age(", identity: none.txt"), 1);
    assert!(said.contains("none.txt can't be read") && said.contains("age-keygen"), "{said}");
    place.0.set("BPR_AGE_IDENTITY", CANARY);
    let said = place.told("team/db/password", &of_age(""), 1);
    assert!(said.contains("there is no identity of age in it"), "{said}");
    let said =
        place.told("team/db/password", "[{ prefix: team/, age: none.age, identity: key.txt }]", 1);
    assert!(said.contains("there is no file"), "{said}");
    // The key may be in the environment, as a text or as a file.
    let identity = std::fs::read_to_string(place.0.folder().join("key.txt")).unwrap();
    place.0.set("BPR_AGE_IDENTITY", identity);
    place.told("team/db/password", &of_age(""), 0);
}

#[test]
fn a_command_tells_them_and_one_that_fails_is_told() {
    let mut place = Place::new();
    place.0.write("vault.sh", format!("[ \"$1\" = api ] && echo {CANARY}\n"));
    place.0.set("BPR_SECRET_OTHER", "of-no-business-of-a-command");
    let command = |words: &str| format!("[{{ prefix: vault/, command: [{words}] }}]");
    let said = place.told("vault/api", &command("sh, vault.sh, \"{name}\""), 1);
    // The command does not tell an optional one, and nobody can tell why.
    assert!(said.contains("`perhaps`") && said.contains("ended with the exit code 1"), "{said}");
    place
        .0
        .write("vault.sh", format!("env > seen; [ \"$1\" = api ] && echo {CANARY} || echo none\n"));
    place.told("vault/api", &command("sh, vault.sh, \"{name}\""), 0);
    assert_eq!(place.given(), format!("{CANARY}/none\n"));
    let seen = std::fs::read_to_string(place.0.folder().join("seen")).unwrap();
    assert!(seen.contains("BPR_HOME=") && !seen.contains("of-no-business"), "{seen}");
    place.0.assert_unseen(CANARY, "");
    for (words, told) in [
        ("no-such-program-at-all", "is not on this machine"),
        ("sh, -c, \"echo {name} >&2; exit 7\"", "the exit code 7"),
        ("\"true\"", "gave nothing"),
    ] {
        let said = place.told("vault/api", &command(words), 1);
        assert!(said.contains(told) && said.contains("the secret `key` is not known"), "{said}");
    }
    let slow = "[{ prefix: vault/, command: [sleep, \"60\"], timeout: 300ms }]";
    assert!(place.told("vault/api", slow, 1).contains("did not end within 300ms"));
    let said = place.told("vault/api", "[{ prefix: vault/ }]", 1);
    assert!(said.contains("says nothing of where they are"), "{said}");
}

#[test]
fn a_cluster_s_secret_tells_them_and_one_that_refuses_is_told() {
    let cluster = Clusters::real().remove(0);
    let namespace = unique("vault");
    keep_in_cluster(&cluster, &namespace, "db", "password", CANARY);
    let mut place = Place::new();
    let of = |kubeconfig: &std::path::Path, namespace: &str| {
        format!(
            "[{{ prefix: k8s/, kubernetes: {{ kubeconfig: \"{}\", context: {}, namespace: {namespace} }} }}]",
            kubeconfig.display(),
            cluster.name
        )
    };
    place.told("k8s/db/password", &of(&cluster.kubeconfig, &namespace), 0);
    assert_eq!(place.given(), format!("{CANARY}/\n"));
    place.0.assert_unseen(CANARY, "");
    for (from, told) in [
        ("k8s/db/passwort", "has no key `passwort`"),
        ("k8s/none/password", "has no Secret"),
        ("k8s/password", "names no part of a Secret"),
    ] {
        let said = place.told(from, &of(&cluster.kubeconfig, &namespace), 1);
        assert!(said.contains(told), "{said}");
    }
    let expired = cluster.with_expired_token(place.0.folder()).kubeconfig;
    let said = place.told("k8s/db/password", &of(&expired, &namespace), 1);
    assert!(said.contains("the credential is refused") && said.contains("renew it"), "{said}");
    let (gated, gate) = cluster.behind_gate(place.0.folder());
    gate.shut();
    let said = place.told("k8s/db/password", &of(&gated.kubeconfig, &namespace), 1);
    assert!(said.contains("the secret `key` is not known"), "{said}");
}
