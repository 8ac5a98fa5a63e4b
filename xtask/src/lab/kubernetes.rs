//! The Kubernetes servers, built from Debian's source package: some five minutes on two cores.
//!
//! Built with `make` rather than `go build`, because the deepcopy, conversion and openapi code is
//! generated first. Two corrections are needed, or the server is subtly broken while `/readyz` looks
//! fine: the vendored reflect2 1.0.1 panics on JSON maps with Go 1.18 or later, and server-side
//! apply refuses a Service's port without `protocol` (kubernetes/kubernetes#98576).

use std::fs::File;
use std::path::Path;
use std::process::Command;

use super::debian::Debian;
use super::home::Home;
use super::install::{SERVERS, VERSION, missing};
use crate::{Outcome, workspace};

const COMPILER: [&str; 2] = ["golang-1.19-go", "golang-1.19-src"];
const REFLECT2: &str = "golang-github-modern-go-reflect2-dev";

/// Builds the servers into their folder.
pub(super) fn build(home: &Home, debian: &Debian) -> Outcome {
    let root = nix::unistd::geteuid().is_root();
    for (program, package) in [("make", "make"), ("rsync", "rsync"), ("dpkg-source", "dpkg-dev")] {
        if workspace::find(program).is_some() {
            continue;
        }
        let why = "only root may install packages";
        if !root {
            return Err(missing(program, package, why));
        }
        let mut install = Command::new("apt-get");
        install.args(["install", "-qq", "-y", "--no-install-recommends", package]);
        install.env("DEBIAN_FRONTEND", "noninteractive");
        workspace::run(&mut install).map_err(|why| missing(program, package, &why))?;
    }
    let folder = home.build();
    let log = folder.join("build.log");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let parent = folder.join("go/src/k8s.io");
    std::fs::create_dir_all(&parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    eprintln!("lab: building Kubernetes {VERSION}; its log: {}", log.display());
    let go = compiler(home, debian)?;
    let source = debian.source("kubernetes", &folder)?;
    let tree = parent.join("kubernetes");
    std::fs::rename(&source, &tree).map_err(|error| format!("{}: {error}", source.display()))?;
    correct(&tree, &debian.unpack(REFLECT2)?)?;
    let out = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let errors = out.try_clone().map_err(|error| error.to_string())?;
    let what: Vec<String> = SERVERS.iter().map(|server| format!("cmd/{server}")).collect();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut make = Command::new("make");
    make.current_dir(&tree).arg(format!("WHAT={}", what.join(" "))).stdout(out).stderr(errors);
    make.env("PATH", format!("{}:{path}", go.join("bin").display()));
    make.env("GOROOT", &go).env("GOPATH", folder.join("go")).env_remove("GOFLAGS");
    make.env("GOCACHE", folder.join("cache")).env("GO111MODULE", "off").env("CGO_ENABLED", "0");
    make.env("KUBE_GIT_VERSION", format!("v{VERSION}")).env("KUBE_GIT_COMMIT", "debian");
    make.env("KUBE_GIT_TREE_STATE", "clean");
    workspace::run(&mut make).map_err(|why| format!("{why}; its log: {}", log.display()))?;
    let built = tree.join("_output/local/bin/linux").join(architecture());
    let servers = home.servers(VERSION);
    std::fs::create_dir_all(&servers).map_err(|error| format!("{}: {error}", servers.display()))?;
    for server in SERVERS {
        std::fs::rename(built.join(server), servers.join(server))
            .map_err(|error| format!("{}: {error}", built.join(server).display()))?;
    }
    // Half a gigabyte that nothing needs any more.
    for spent in COMPILER.map(|package| home.packages().join(package)).iter().chain([&folder]) {
        std::fs::remove_dir_all(spent).map_err(|error| format!("{}: {error}", spent.display()))?;
    }
    Ok(())
}

/// Go's name for this machine.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Go 1.19 in one tree: Debian keeps its programs and its library apart.
fn compiler(home: &Home, debian: &Debian) -> Outcome<std::path::PathBuf> {
    let tree = home.build().join("debian-go");
    std::fs::create_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
    for package in COMPILER {
        let unpacked = debian.unpack(package)?;
        workspace::run(Command::new("cp").arg("-a").arg(unpacked.join(".")).arg(&tree))?;
    }
    Ok(tree.join("usr/lib/go-1.19"))
}

fn correct(tree: &Path, reflect2: &Path) -> Outcome {
    let vendored = tree.join("vendor/github.com/modern-go/reflect2");
    std::fs::remove_dir_all(&vendored)
        .map_err(|error| format!("{}: {error}", vendored.display()))?;
    let newer = reflect2.join("usr/share/gocode/src/github.com/modern-go/reflect2");
    workspace::run(Command::new("cp").arg("-a").arg(newer).arg(&vendored))?;
    let types = tree.join("staging/src/k8s.io/api/core/v1/types.go");
    let failed = |error: std::io::Error| format!("{}: {error}", types.display());
    let text = std::fs::read_to_string(&types).map_err(failed)?;
    let corrected = with_default_protocol(&text)
        .ok_or_else(|| format!("{}: ServicePort does not look as expected", types.display()))?;
    std::fs::write(&types, corrected).map_err(failed)
}

/// Marks the protocol of a Service's port as `TCP` by default.
fn with_default_protocol(text: &str) -> Option<String> {
    let (before, after) = text.split_once("type ServicePort struct")?;
    let (head, tail) = after.split_once("// Default is TCP.\n")?;
    Some(format!(
        "{before}type ServicePort struct{head}// Default is TCP.\n\t// +default=\"TCP\"\n{tail}"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_marker_goes_to_the_port_of_a_service() {
        let text = "type Other struct {\n\t// Default is TCP.\n}\ntype ServicePort struct {\n\t// Default is TCP.\n\tProtocol\n}\n";
        let expected = "type Other struct {\n\t// Default is TCP.\n}\ntype ServicePort struct {\n\t// Default is TCP.\n\t// +default=\"TCP\"\n\tProtocol\n}\n";
        assert_eq!(super::with_default_protocol(text).as_deref(), Some(expected));
        assert_eq!(super::with_default_protocol("type Pod struct {}"), None);
    }
}
