//! `cargo xtask demo`: the first blueprint, from source to running service, on embedded clusters or
//! on a person's own.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
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
        self.tell("bpr", &["status", NAME])?;
        self.tell("bpr", &["outputs", NAME])
    }

    /// Starts the embedded clusters, and waits until they listen.
    fn serve(&self) -> Outcome<Child> {
        let folder = self.folder.join("clusters");
        let log = self.folder.join("clusters.log");
        let failed =
            |error: std::io::Error| format!("the embedded clusters did not start: {error}");
        let file = File::create(&log).map_err(failed)?;
        let mut serve = self.program("bpr");
        serve.args(["sim", "serve", "--clusters", CLUSTERS, "--dir"]).arg(&folder);
        serve.stdin(Stdio::null()).stdout(file.try_clone().map_err(failed)?).stderr(file);
        // A group of its own: with --keep they go on when this ends.
        let mut child = serve.process_group(0).spawn().map_err(failed)?;
        let begin = Instant::now();
        // Written last, when all of them listen.
        while !folder.join("pid").is_file() {
            let ended = child.try_wait().map_err(failed)?.is_some();
            if ended || begin.elapsed() > Duration::from_secs(30) {
                end(&mut child)?;
                let words = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("the embedded clusters did not start: {}", words.trim()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(child)
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
        let removed = if there { self.tell("bpr", &["uninstall", NAME]) } else { Ok(()) };
        if let Some(mut clusters) = clusters {
            end(&mut clusters)?;
        }
        removed?;
        say("all is gone again. Try next:");
        println!("  cargo xtask demo --keep                # the same, left in place to look at");
        println!("  cargo xtask demo --kubeconfig FILE     # on clusters of your own");
        println!(
            "  README.md, \"Five minutes on your own cluster\": kill it in the middle, and resume"
        );
        Ok(())
    }

    fn say_what_next(&self, folder: &Path, clusters: Option<&Child>) {
        let (bin, folder) = (shown(&self.bin), shown(folder));
        say("it stays. Try next:");
        println!("  export PATH={bin}:$PATH BPR_HOME={folder}/home");
        println!("  bpr status {NAME} --output json");
        println!("  bpr history {NAME}");
        if clusters.is_some() {
            println!(
                "  kubectl --kubeconfig {folder}/clusters/cluster-east.kubeconfig get deployments -A"
            );
        }
        println!("  bpr uninstall {NAME}");
        if let Some(clusters) = clusters {
            println!("  kill {}   # the embedded clusters", clusters.id());
        }
        println!("  rm -r {folder}");
    }
}

/// Tells a program to end, and waits until it has.
fn end(child: &mut Child) -> Outcome {
    let ended = |error: std::io::Error| format!("a program does not end: {error}");
    let number = i32::try_from(child.id()).map_err(|error| error.to_string())?;
    let begin = Instant::now();
    // It may have ended by itself.
    let _ = kill(Pid::from_raw(number), Signal::SIGTERM);
    while child.try_wait().map_err(ended)?.is_none() {
        if begin.elapsed() > Duration::from_secs(5) {
            child.kill().map_err(ended)?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn say(text: &str) {
    println!("\n▸ {text}");
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
