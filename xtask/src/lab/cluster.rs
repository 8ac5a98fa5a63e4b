//! One cluster: its settings, its programs, its kubeconfig.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::api::Api;
use super::home::{Home, write_private};
use super::install::VERSION;
use super::kubelet::Nodes;
use super::{ports, process};
use crate::Outcome;

/// The file that makes a folder a cluster.
pub(super) const SETTINGS: &str = "cluster.json";
/// The API server signs its own certificate at its first start.
pub(super) const CERTIFICATE: &str = "certs/apiserver.crt";
/// The administrator's token.
pub(super) const TOKEN: &str = "admin.token";
/// Signs the tokens of service accounts.
const KEY: &str = "service-accounts.key";
const PUBLIC_KEY: &str = "service-accounts.pub";
/// What stands before the point of a P-256 key in a `SubjectPublicKeyInfo` (RFC 5480).
const P256_PUBLIC_KEY: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const TOKENS: &str = "tokens.csv";
const KUBECONFIG: &str = "kubeconfig";

/// In the order in which they are stopped.
const PROGRAMS: [&str; 5] =
    ["kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"];

/// A cluster.
pub(super) struct Cluster {
    folder: PathBuf,
    name: String,
    settings: Settings,
}

/// What is decided when a cluster is made, and stays.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    version: String,
    /// kube-apiserver, etcd's clients, etcd's peers.
    ports: [u16; 3],
    nodes: Nodes,
}

impl Settings {
    pub(super) fn read(folder: &std::path::Path) -> Outcome<Self> {
        let path = folder.join(SETTINGS);
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        serde_json::from_str(&text).map_err(|error| failed(&error))
    }

    pub(super) fn port(&self) -> u16 {
        self.ports[0]
    }

    pub(super) fn nodes(&self) -> &Nodes {
        &self.nodes
    }
}

impl Cluster {
    /// A cluster that is there, running or not.
    pub(super) fn open(home: &Home, name: &str) -> Outcome<Self> {
        check_name(name)?;
        let folder = home.cluster(name);
        if !folder.join(SETTINGS).is_file() {
            return Err(format!("there is no cluster `{name}`; `cargo xtask lab list` shows all"));
        }
        let settings = Settings::read(&folder)?;
        Ok(Self { folder, name: name.to_owned(), settings })
    }

    /// The cluster of this name; made where there is none, with these nodes.
    pub(super) fn open_or_create(home: &Home, name: &str, nodes: Nodes) -> Outcome<Self> {
        check_name(name)?;
        let folder = home.cluster(name);
        if folder.join(SETTINGS).is_file() {
            return Self::open(home, name);
        }
        let _lock = home.lock("ports")?;
        let mut taken = BTreeSet::new();
        for other in home.clusters()? {
            taken.extend(Self::open(home, &other)?.settings.ports);
        }
        let mut ports = [0; 3];
        for port in &mut ports {
            *port = ports::free(&taken)?;
            taken.insert(*port);
        }
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let secret = random_token()?;
        write_private(&folder.join(TOKEN), &secret)?;
        write_private(&folder.join(TOKENS), &format!("{secret},admin,admin,\"system:masters\"\n"))?;
        let (private, public) = keys()?;
        write_private(&folder.join(KEY), &private)?;
        write_private(&folder.join(PUBLIC_KEY), &public)?;
        let settings = Settings { version: VERSION.to_owned(), ports, nodes };
        let text = serde_json::to_string_pretty(&settings).map_err(|error| error.to_string())?;
        // Last: it makes the folder a cluster.
        write_private(&folder.join(SETTINGS), &text)?;
        Ok(Self { folder, name: name.to_owned(), settings })
    }

    /// Starts what does not run, waits until the cluster works; returns its kubeconfig.
    pub(super) fn start(&self, home: &Home) -> Outcome<PathBuf> {
        let etcd = home.etcd().ok_or("etcd is not installed: cargo xtask lab install")?;
        let servers = home.servers(&self.settings.version);
        if !servers.is_dir() {
            return Err(format!(
                "Kubernetes {} is not installed: cargo xtask lab install",
                self.settings.version
            ));
        }
        let [port, client, peer] = self.settings.ports;
        let store = format!("http://127.0.0.1:{client}");
        let mut command = Command::new(etcd);
        command.arg("--data-dir").arg(self.folder.join("etcd"));
        command.args(["--listen-client-urls", &store, "--advertise-client-urls", &store]);
        command.args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")]);
        command.args(["--unsafe-no-fsync", "--logger", "zap", "--log-level", "warn"]);
        process::spawn(&self.folder, "etcd", &mut command)?;
        let mut command = Command::new(servers.join("kube-apiserver"));
        self.configure_api_server(&mut command, port, &store);
        process::spawn(&self.folder, "kube-apiserver", &mut command)?;
        self.wait("kube-apiserver", "/readyz", Duration::from_mins(3))?;
        let kubeconfig = self.write_kubeconfig()?;
        for program in ["kube-controller-manager", "kube-scheduler"] {
            let mut command = Command::new(servers.join(program));
            command.arg("--kubeconfig").arg(&kubeconfig).env("GOGC", "50");
            command.args(["--leader-elect=false", "--port=0", "--secure-port=0"]);
            if program == "kube-controller-manager" {
                command.arg("--service-account-private-key-file").arg(self.folder.join(KEY));
                command.arg("--root-ca-file").arg(self.folder.join(CERTIFICATE));
            }
            process::spawn(&self.folder, program, &mut command)?;
        }
        // Not by its path: a build may have put a newer program there meanwhile.
        let mut kubelet = Command::new("/proc/self/exe");
        kubelet.args(["lab", "kubelet"]).arg(&self.folder);
        process::spawn(&self.folder, "kubelet", &mut kubelet)?;
        let account = "/api/v1/namespaces/default/serviceaccounts/default";
        self.wait("kube-controller-manager", account, Duration::from_mins(2))?;
        self.wait_for_nodes()?;
        Ok(kubeconfig)
    }

    /// Ends its programs; its data too, unless they are to be kept.
    pub(super) fn stop(&self, keep: bool) -> Outcome {
        for program in PROGRAMS {
            // Open watches would hold the API server for a minute.
            let patience = if program == "kube-apiserver" { 1 } else { 5 };
            process::end(&self.folder, program, Duration::from_secs(patience))?;
        }
        if keep {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.folder)
            .map_err(|error| format!("{}: {error}", self.folder.display()))
    }

    /// Its programs, and the process of each where it runs.
    pub(super) fn programs(&self) -> Vec<(&'static str, Option<u32>)> {
        let running = |program| (program, process::running(&self.folder, program));
        PROGRAMS.into_iter().map(running).collect()
    }

    pub(super) fn version(&self) -> &str {
        &self.settings.version
    }

    pub(super) fn port(&self) -> u16 {
        self.settings.port()
    }

    fn configure_api_server(&self, command: &mut Command, port: u16, store: &str) {
        command.args(["--etcd-servers", store, "--bind-address", "127.0.0.1"]);
        command.args(["--secure-port", &port.to_string(), "--advertise-address", "127.0.0.1"]);
        command.args(["--endpoint-reconciler-type", "none", "--allow-privileged"]);
        command.arg("--cert-dir").arg(self.folder.join("certs"));
        command.arg("--token-auth-file").arg(self.folder.join(TOKENS));
        command.args(["--authorization-mode", "RBAC"]);
        command.args(["--service-cluster-ip-range", "10.96.0.0/16"]);
        command.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
        command.arg("--service-account-key-file").arg(self.folder.join(PUBLIC_KEY));
        command.arg("--service-account-signing-key-file").arg(self.folder.join(KEY));
        // A fifth less memory, for some more CPU time.
        command.env("GOGC", "50");
    }

    fn wait(&self, program: &str, path: &str, patience: Duration) -> Outcome {
        self.until(program, patience, || {
            // Its certificate is there only once it runs.
            Api::of(&self.folder, self.port()).is_ok_and(|api| api.answers(path))
        })
    }

    fn wait_for_nodes(&self) -> Outcome {
        let api = Api::of(&self.folder, self.port())?;
        let count = self.settings.nodes.count as usize;
        self.until("kubelet", Duration::from_mins(1), || {
            let Ok(Some(list)) = api.get("/api/v1/nodes") else { return false };
            let nodes = list.get("items").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
            nodes.iter().filter(|node| super::kubelet::is_ready(node)).count() >= count
        })
    }

    fn until(&self, program: &str, patience: Duration, mut ready: impl FnMut() -> bool) -> Outcome {
        let begin = Instant::now();
        while !ready() {
            let dead = process::running(&self.folder, program).is_none();
            if dead || begin.elapsed() > patience {
                let what = if dead { "ended" } else { "did not become ready in time" };
                let log = self.folder.join(format!("{program}.log"));
                let words = process::last_words(&self.folder, program);
                return Err(format!(
                    "{program} of `{}` {what}; its log is {}:\n{words}",
                    self.name,
                    log.display()
                ));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn write_kubeconfig(&self) -> Outcome<PathBuf> {
        let certificate = self.folder.join(CERTIFICATE);
        let certificate = std::fs::read(&certificate)
            .map_err(|error| format!("{}: {error}", certificate.display()))?;
        let token = self.folder.join(TOKEN);
        let token = std::fs::read_to_string(&token)
            .map_err(|error| format!("{}: {error}", token.display()))?;
        let (name, port) = (&self.name, self.port());
        let authority = BASE64_STANDARD.encode(certificate);
        let text = format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - {{name: {name}, cluster: {{server: \"https://127.0.0.1:{port}\", certificate-authority-data: {authority}}}}}\n\
             users:\n\
             - {{name: {name}, user: {{token: \"{token}\"}}}}\n\
             contexts:\n\
             - {{name: {name}, context: {{cluster: {name}, user: {name}}}}}\n\
             current-context: {name}\n"
        );
        let path = self.folder.join(KUBECONFIG);
        write_private(&path, &text)?;
        Ok(path)
    }
}

fn check_name(name: &str) -> Outcome {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edge = |c: Option<char>| c.is_some_and(|c| c != '-');
    if name.chars().all(allowed) && edge(name.chars().next()) && edge(name.chars().last()) {
        return Ok(());
    }
    Err(format!("`{name}` cannot be a cluster's name: it has lower-case letters, digits and `-`"))
}

fn random_token() -> Outcome<String> {
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no random numbers")?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A private key and its public key, in PEM.
fn keys() -> Outcome<(String, String)> {
    let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let document = EcdsaKeyPair::generate_pkcs8(kind, &random).map_err(|_| "no key was made")?;
    let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random);
    let pair = pair.map_err(|error| format!("no key was made: {error}"))?;
    let public = [&P256_PUBLIC_KEY[..], pair.public_key().as_ref()].concat();
    Ok((pem("PRIVATE KEY", document.as_ref()), pem("PUBLIC KEY", &public)))
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (place, letter) in text.char_indices() {
        if place > 0 && place % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem + &format!("\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_that_are_no_names_are_refused() {
        assert!(super::check_name("east-2").is_ok());
        for bad in ["", "-a", "a-", "A", "a/b", "..", "a b"] {
            assert!(super::check_name(bad).is_err(), "`{bad}` passed");
        }
    }
}
