//! `bpc graph`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::output::{self, Output};
use super::{files, plans};
use crate::diagnostics::packages as says;
use crate::graph::{Diagram, dot, mermaid, svg};

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PictureFormat {
    Svg,
    Dot,
    Mermaid,
}

/// Draws a blueprint or a plan; whether it did.
pub(super) fn run(
    path: &Path,
    format: Option<PictureFormat>,
    to: Option<&Path>,
    locked: bool,
    output: &mut Output,
) -> bool {
    let Some(loaded) = plans::load(path, locked, output) else { return false };
    let diagram = Diagram::of(&loaded.plan);
    let ending = to.and_then(Path::extension).and_then(|ending| ending.to_str());
    let format = format.unwrap_or(match ending {
        Some("dot" | "gv") => PictureFormat::Dot,
        Some("mmd" | "mermaid") => PictureFormat::Mermaid,
        _ => PictureFormat::Svg,
    });
    let text = match format {
        PictureFormat::Svg => svg(&diagram),
        PictureFormat::Dot => dot(&diagram),
        PictureFormat::Mermaid => mermaid(&diagram),
    };
    let to: Option<PathBuf> = match to {
        Some(to) if to == Path::new("-") => None,
        Some(to) => Some(to.to_owned()),
        // Nobody reads a picture's text on a terminal.
        None if format == PictureFormat::Svg && std::io::stdout().is_terminal() => {
            Some(path.with_extension("svg"))
        }
        None => None,
    };
    let Some(to) = to else {
        output::write_out(&text);
        return true;
    };
    match files::replace(&to, text.as_bytes()) {
        Ok(()) => {
            output.note(&format!("{}: drawn to {}", diagram.title, to.display()));
            true
        }
        Err(error) => {
            output.failed(&to, says::picture_unwritable(&error.to_string()));
            false
        }
    }
}
