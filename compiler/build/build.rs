//! What is made before the compiler is compiled: the parser, and the list of the diagnostics' pages.

mod pages;
mod parser;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    let variable = |name: &str| {
        env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("cargo sets no {name}"))
    };
    let (manifest, out) = (variable("CARGO_MANIFEST_DIR")?, variable("OUT_DIR")?);
    let root = manifest.parent().unwrap_or(Path::new("."));
    fs::write(out.join("pages.rs"), pages::list(&root.join("spec/diagnostics"))?)?;
    fs::write(out.join("grammar.rs"), parser::code()?)?;
    Ok(())
}
