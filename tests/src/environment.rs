//! What a test has to itself: a folder, a `$BPR_HOME`, embedded clusters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::aws::Aws;
use crate::clusters::{Cluster, Clusters};
use crate::run::{Ended, Running};

/// How long any one command may take before its test fails.
const PATIENCE: Duration = Duration::from_mins(3);

/// A test's own world; it ends with the value.
#[derive(Debug)]
pub struct Environment {
    folder: TempDir,
    /// Beside the test's own.
    variables: BTreeMap<String, String>,
    served: Vec<Running>,
}

impl Environment {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("blueprint-test-").expect("a folder for temporary files");
        Self { folder, variables: BTreeMap::new(), served: Vec::new() }
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
        let folder = path.parent().expect("it is in the test's folder");
        std::fs::create_dir_all(folder).expect("the test's folder can be written");
        std::fs::write(&path, content).expect("the test's folder can be written");
        path
    }

    /// Sets a variable for all programs that start from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Starts an AWS API server, which all programs find that start from now on.
    pub fn aws(&mut self) -> Aws {
        let aws = Aws::start(self.folder());
        for (name, value) in aws.variables() {
            self.set(name, value);
        }
        aws
    }

    /// Compiles a blueprint of the workspace.
    pub fn compile(&self, blueprint: &str) -> PathBuf {
        let source = root().join("blueprints").join(blueprint);
        let plan = self.folder().join(blueprint.replace('/', "-")).with_extension("plan");
        let _ = self
            .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
            .expect(0);
        plan
    }

    /// Compiles a source of the test's own.
    pub fn compile_text(&self, name: &str, source: &str) -> PathBuf {
        let source = self.write(&format!("{name}.bp"), source);
        let plan = self.folder().join(name).with_extension("plan");
        let _ = self
            .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
            .expect(0);
        plan
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
        // What its tests choose from.
        let inventory = root().join("blueprints/hello-fleet/tests/clusters.yaml");
        let inventory = std::fs::read(inventory).expect("the inventory of its tests is there");
        let _ = self.write("tests/clusters.yaml", inventory);
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
        self.deploy_with(plan, name, clusters, &[])
    }

    /// Deploys a plan with inputs, `name=value` each; `bpr` runs when this returns.
    pub fn deploy_with(
        &self,
        plan: &Path,
        name: &str,
        clusters: &[Cluster],
        inputs: &[&str],
    ) -> Running {
        let inventory = self.inventory(clusters);
        let mut arguments = vec![
            "deploy".as_ref(),
            plan.as_os_str(),
            "--name".as_ref(),
            name.as_ref(),
            "--inventory".as_ref(),
            inventory.as_os_str(),
        ];
        for input in inputs {
            arguments.extend(["--input".as_ref(), std::ffi::OsStr::new(input)]);
        }
        self.start_bpr(arguments)
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

    /// All that tells of a deployment what happened and why: events, an export and what it shows, and why these nodes and
    /// steps are as they are.
    pub fn looked_back(&self, name: &str, of: &[&str]) -> String {
        let file = format!("{name}.export");
        // One that was written before is none of this moment.
        let _ = std::fs::remove_file(self.folder().join(&file));
        let mut said = self.bpr(["export", name, "-o", &file]).expect(0).words();
        said += &std::fs::read_to_string(self.folder().join(&file)).expect("an export is text");
        for of_what in [name, &file] {
            for arguments in [["events", of_what], ["history", of_what]] {
                said += &self.bpr(arguments).expect(0).words();
                said +=
                    &self.bpr(arguments.into_iter().chain(["--output", "json"])).expect(0).words();
            }
            for one in of {
                said += &self.bpr(["why", of_what, one]).expect(0).words();
                said += &self.bpr(["why", of_what, one, "--output", "json"]).expect(0).words();
            }
        }
        said + &self.bpr(["replay", &file]).expect(0).words()
    }

    /// Fails where a file of the test's folder, or what commands said, holds a text that must not be seen.
    pub fn assert_unseen(&self, text: &str, said: &str) {
        assert!(text.len() > 8 && !said.contains(text), "a command tells the secret");
        let mut folders = vec![self.home()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry"))
            {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).expect("a file can be read");
                let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
                assert!(!found, "{} holds the secret", path.display());
                files += 1;
            }
        }
        assert!(files > 0, "nothing was written");
    }

    /// A built program, with this environment's state.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(self.folder()).env("BPR_HOME", self.home());
        command.env_remove("KUBECONFIG").env_remove("BPR_NOOP_LOG");
        for (name, _) in std::env::vars_os() {
            // What the machine's own accounts and databases are is no test's business.
            let is_own = ["AWS_", "PG", "BPR_JOURNAL", "BPR_LEASE", "BPR_SECRET", "BPR_AGE"];
            if is_own.iter().any(|own| name.to_string_lossy().starts_with(own)) {
                command.env_remove(name);
            }
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        // Nor are its configuration files.
        for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
            command.env(file, self.folder().join(file));
        }
        command.envs(&self.variables);
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
    // target/debug/deps/TEST, or target/release/BENCH
    let mut folders = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    let built = folders.find(|file| file.is_file()).unwrap_or_else(|| PathBuf::from(name));
    assert!(built.is_file(), "{} is not built: cargo build --workspace --bins", built.display());
    built
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}
