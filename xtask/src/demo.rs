//! `cargo xtask demo`: the first blueprint, from source to running service, on embedded clusters or
//! on a person's own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use tempfile::TempDir;

use crate::{Outcome, workspace};

const BLUEPRINT: &str = "blueprints/hello-fleet/hello.bp";
const NAME: &str = "hello";
/// How many embedded clusters.
const CLUSTERS: &str = "3";

/// Compile and deploy the first blueprint to three embedded clusters, or to your own.
#[derive(Args)]
pub(crate) struct Demo {
    /// Leave clusters, state and programs in place, to try things out.
    #[arg(long)]
    keep: bool,
    /// Deploy to real clusters: every context of these files becomes a cluster labelled tier=demo.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    kubeconfig: Vec<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self) -> Outcome {
        say("building bpc and bpr (the first time takes a few minutes)");
        let build = ["build", "--quiet", "--locked", "--bins", "-p", "bp-compiler", "-p", "bp-cli"];
        workspace::run(&mut workspace::cargo(build))?;
        let place = TempDir::with_prefix("blueprint-demo-").map_err(|error| error.to_string())?;
        let stage =
            Stage { bin: workspace::target().join("debug"), folder: place.path().to_owned() };
        let mut clusters = None;
        let played = stage.play(&self.kubeconfig, &mut clusters);
        if played.is_ok() && self.keep {
            let folder = place.keep();
            stage.say_what_next(&folder, clusters.as_ref());
            return Ok(());
        }
        let cleaned = stage.clean_up(clusters);
        played.and(cleaned)
    }
}

/// Where a demo plays.
struct Stage {
    bin: PathBuf,
    folder: PathBuf,
}

impl Stage {
    fn play(&self, kubeconfigs: &[PathBuf], clusters: &mut Option<Child>) -> Outcome {
        let plan = self.plan();
        let clusters_of: Vec<String> = if kubeconfigs.is_empty() {
            say("starting three embedded clusters: API servers of their own, on loopback");
            *clusters = Some(self.serve()?);
            vec!["--inventory".into(), shown(&self.folder.join("clusters/inventory.yaml"))]
        } else {
            let mut arguments = Vec::new();
            for file in kubeconfigs {
                let file = file.canonicalize();
                let file =
                    file.map_err(|error| format!("the kubeconfig cannot be read: {error}"))?;
                arguments.extend(["--kubeconfig".to_owned(), shown(&file)]);
            }
            arguments.extend(["--label".to_owned(), "tier=demo".to_owned()]);
            arguments
        };
        self.tell("bpc", &["compile", BLUEPRINT, "-o", &shown(&plan)])?;
        let mut deploy = vec!["deploy".to_owned(), shown(&plan), "--name".into(), NAME.into()];
        deploy.extend(clusters_of);
        self.tell("bpr", &deploy)?;
        self.tell("bpr", &["status", "--name", NAME])?;
        self.tell("bpr", &["outputs", "--name", NAME])
    }

    /// Starts the embedded clusters, and waits until their inventory is there.
    fn serve(&self) -> Outcome<Child> {
        let folder = self.folder.join("clusters");
        let mut serve = self.program("bpr");
        serve.args(["sim", "serve", "--clusters", CLUSTERS, "--dir"]).arg(&folder);
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = serve.spawn().map_err(|error| format!("bpr did not start: {error}"))?;
        let inventory = folder.join("inventory.yaml");
        for _ in 0..600 {
            if inventory.is_file() {
                return Ok(child);
            }
            if child.try_wait().map_err(|error| error.to_string())?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let words = child.stderr.take().map(|stderr| {
            BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>().join("\n")
        });
        let _ = child.wait();
        Err(format!("the embedded clusters did not start: {}", words.unwrap_or_default()))
    }

    /// Shows a command, then runs it.
    fn tell<S: AsRef<str>>(&self, program: &str, arguments: &[S]) -> Outcome {
        let words: Vec<&str> = arguments.iter().map(S::as_ref).collect();
        say(&format!("{program} {}", words.join(" ")));
        workspace::run(self.program(program).args(&words))
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(workspace::root()).env("BPR_HOME", self.home());
        command
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    fn plan(&self) -> PathBuf {
        self.folder.join("hello.plan")
    }

    /// Removes what was deployed, and ends the clusters.
    fn clean_up(&self, clusters: Option<Child>) -> Outcome {
        let there = self.home().is_dir();
        let removed = if there { self.tell("bpr", &["uninstall", "--name", NAME]) } else { Ok(()) };
        if let Some(mut clusters) = clusters {
            clusters.kill().map_err(|error| format!("the clusters do not end: {error}"))?;
            clusters.wait().map_err(|error| error.to_string())?;
        }
        removed?;
        say("all is gone again. Keep it to try things out: cargo xtask demo --keep");
        Ok(())
    }

    fn say_what_next(&self, folder: &Path, clusters: Option<&Child>) {
        let (bin, folder) = (shown(&self.bin), shown(folder));
        say("it stays. Try next:");
        println!("  export PATH={bin}:$PATH BPR_HOME={folder}/home");
        println!("  bpr status --name {NAME} --output json");
        println!("  bpr history --name {NAME}");
        if clusters.is_some() {
            println!("  kubectl --kubeconfig {folder}/clusters/NAME.kubeconfig get deployments -A");
        }
        println!("  bpr uninstall --name {NAME}");
        if let Some(clusters) = clusters {
            println!("  kill {}   # the embedded clusters", clusters.id());
        }
        println!("  rm -r {folder}");
    }
}

fn say(text: &str) {
    println!("\n▸ {text}");
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
