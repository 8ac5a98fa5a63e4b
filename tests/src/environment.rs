//! What a test has to itself: a folder, a `$BPR_HOME`, embedded clusters.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::clusters::{Cluster, Clusters};
use crate::run::{Ended, Running};

/// How long any one command may take before its test fails.
const PATIENCE: Duration = Duration::from_mins(3);

/// A test's own world; it ends with the value.
#[derive(Debug)]
pub struct Environment {
    folder: TempDir,
    served: Vec<Running>,
}

impl Environment {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("blueprint-test-").expect("a folder for temporary files");
        Self { folder, served: Vec::new() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where `bpr` keeps its state.
    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    /// Writes a file into its folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, content).expect("the test's folder can be written");
        path
    }

    /// Embedded clusters in a process of their own, labelled tier=demo.
    pub fn embedded(&mut self, count: usize) -> Vec<Cluster> {
        let folder = self.folder().join(format!("embedded-{}", self.served.len()));
        let mut serve = self.command("bpr");
        serve.args(["sim", "serve", "--clusters", &count.to_string(), "--dir"]).arg(&folder);
        let mut serving = Running::start(serve);
        let begin = Instant::now();
        // Written last, when everything listens.
        while !folder.join("pid").is_file() {
            let waiting = !serving.has_ended() && begin.elapsed() < PATIENCE;
            assert!(waiting, "no embedded clusters: {}", serving.kill().words());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.served.push(serving);
        let clusters = Clusters::read(&folder.join("inventory.yaml")).clusters;
        assert_eq!(clusters.len(), count);
        clusters.into_iter().map(|cluster| cluster.label("tier", "demo")).collect()
    }

    /// An inventory of these clusters.
    pub fn inventory(&self, clusters: &[Cluster]) -> PathBuf {
        let inventory = Clusters { clusters: clusters.to_vec() };
        self.write("inventory.json", serde_json::to_string_pretty(&inventory).expect("JSON"))
    }

    /// The plan of the first blueprint, with a namespace of the test's own.
    pub fn hello(&self, namespace: &str) -> PathBuf {
        let source = root().join("blueprints/hello-fleet/hello.bp");
        let text = std::fs::read_to_string(&source).expect("the first blueprint is there");
        let own = text.replace("name = \"hello\"", &format!("name = \"{namespace}\""));
        assert_ne!(text, own, "the first blueprint no longer names its namespace as expected");
        let own = self.write(&format!("{namespace}.bp"), own);
        let plan = self.folder().join(format!("{namespace}.plan"));
        let _ = self
            .bpc(["compile".as_ref(), own.as_os_str(), "-o".as_ref(), plan.as_os_str()])
            .expect(0);
        plan
    }

    /// Runs `bpc` to its end.
    pub fn bpc<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        let mut command = self.command("bpc");
        command.args(arguments);
        Running::start(command).wait(PATIENCE)
    }

    /// Runs `bpr` to its end.
    pub fn bpr<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        self.start_bpr(arguments).wait(PATIENCE)
    }

    /// Starts `bpr`.
    pub fn start_bpr<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Running {
        let mut command = self.command("bpr");
        command.args(arguments);
        Running::start(command)
    }

    /// Deploys a plan to these clusters; `bpr` runs when this returns.
    pub fn deploy(&self, plan: &Path, name: &str, clusters: &[Cluster]) -> Running {
        let inventory = self.inventory(clusters);
        self.start_bpr([
            "deploy".as_ref(),
            plan.as_os_str(),
            "--name".as_ref(),
            name.as_ref(),
            "--inventory".as_ref(),
            inventory.as_os_str(),
        ])
    }

    /// Runs `bpr VERB` on a deployment to its end.
    pub fn on(&self, verb: &str, name: &str) -> Ended {
        self.start_on(verb, name).wait(PATIENCE)
    }

    /// Starts `bpr VERB` on a deployment.
    pub fn start_on(&self, verb: &str, name: &str) -> Running {
        self.start_bpr([verb, name])
    }

    /// What `bpr VERB` says of a deployment, as JSON, where it ends with this code.
    pub fn ask(&self, verb: &str, name: &str, code: i32) -> Json {
        self.bpr([verb, name, "--output", "json"]).expect(code).json()
    }

    /// A built program, with this environment's state.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(self.folder()).env("BPR_HOME", self.home());
        command.env_remove("KUBECONFIG").env_remove("BPR_NOOP_LOG");
        command
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        for serving in self.served.drain(..) {
            let ended = serving.kill();
            if std::thread::panicking() {
                eprintln!("--- embedded clusters\n{}", ended.words());
            }
        }
    }
}

/// A program of the workspace, as it was built with the tests.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    // target/debug/deps/TEST
    let built = test.ancestors().nth(2).expect("a test is in the build folder").join(name);
    assert!(built.is_file(), "{} is not built: cargo build --workspace --bins", built.display());
    built
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}
