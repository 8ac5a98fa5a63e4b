//! VS Code and a browser, from npm and from Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::system::{self, Need};
use crate::{Outcome, extension, npm, workspace};

/// Under what names a Chromium may be there already.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// The packages of code-server that have to be compiled. The others are for windows of its own, for
/// other systems, and for what the tests do not do.
const COMPILED: [&str; 2] = ["@vscode/spdlog", "@vscode/native-watchdog"];

/// The browser.
pub(super) fn browser() -> Outcome<PathBuf> {
    let find = || BROWSERS.iter().find_map(|name| workspace::find(name));
    let font = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf";
    let mut needs = vec![Need { what: font, package: "fonts-dejavu-core" }];
    if find().is_none() {
        needs.push(Need { what: "chromium", package: "chromium" });
    }
    system::need("the editor's test", &needs)?;
    find().ok_or_else(|| "there is no Chromium on the PATH".to_owned())
}

/// The folder of code-server and of what drives the browser.
pub(super) fn code() -> Outcome<PathBuf> {
    npm::packages("code", &workspace::root().join("tests/editor"), finish)
}

/// code-server's own packages are those of its shrinkwrap; two of them are compiled here.
fn finish(folder: &Path) -> Outcome {
    let compiler = [("g++", "g++"), ("make", "make"), ("python3", "python3")];
    let needs = compiler.map(|(what, package)| Need { what, package });
    system::need("building VS Code's native modules", &needs)?;
    let node = npm::node(&extension::tools()?)?;
    let inner = folder.join("node_modules/code-server/lib/vscode");
    let on_node = |npm: &mut Command| {
        let bin = node.parent().unwrap_or(Path::new("."));
        let path = std::env::var("PATH").unwrap_or_default();
        npm.env("PATH", format!("{}:{path}", bin.display())).current_dir(&inner);
        // Its headers, so that none have to be downloaded.
        if let Some(home) = bin.parent().filter(|home| home.join("include/node/node.h").is_file()) {
            npm.env("npm_config_nodedir", home);
        }
        workspace::run(npm)
    };
    on_node(&mut npm::npm(&["install", "--omit=dev", "--ignore-scripts"]))?;
    on_node(npm::npm(&["rebuild"]).args(COMPILED).env("npm_config_jobs", "max"))
}
