//! `bpc graph`.

use std::io::IsTerminal as _;
use std::path::Path;

use clap::ValueEnum;

use super::output::Output;
use super::{files, plans, stdin, write};
use crate::diagnostics::packages as says;
use crate::graph::{Diagram, MOST_IN_PICTURE, dot, mermaid, svg};

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
    let is_stdout = to.is_some_and(stdin::is_meant);
    let to = to.filter(|to| !stdin::is_meant(to));
    let Some(format) = format.or_else(|| to.map_or(Some(PictureFormat::Svg), by_ending)) else {
        let why = "its ending names no kind of picture";
        let help =
            "end it with `.svg`, `.dot`, `.gv`, `.mmd` or `.mermaid`, or say which with `--format`";
        output.failed(to.unwrap_or(path), says::picture_unwritable(why, help));
        return false;
    };
    let Some(plans::Read { plan, files }) = plans::load(path, locked, output) else { return false };
    let diagram = Diagram::of(&plan.plan);
    if format == PictureFormat::Svg && diagram.is_too_large() {
        let (items, edges) = (diagram.items.len(), diagram.edges.len());
        let (most, most_edges) = MOST_IN_PICTURE;
        let why = format!(
            "{items} nodes and choices with {edges} links are too many to be looked at (at most {most} with {most_edges})"
        );
        let help = "`--format dot` and `--format mermaid` have no limit; `bpc inspect` lists what there is";
        output.failed(path, says::picture_unwritable(&why, help));
        return false;
    }
    let text = match format {
        PictureFormat::Svg => svg(&diagram),
        PictureFormat::Dot => dot(&diagram),
        PictureFormat::Mermaid => mermaid(&diagram),
    };
    // Nobody reads a picture's text on a terminal.
    let is_looked_at = format == PictureFormat::Svg && std::io::stdout().is_terminal();
    let beside = path.with_extension("svg");
    let is_beside = is_looked_at && !is_stdout && !stdin::is_meant(path);
    let Some(to) = to.or(is_beside.then_some(beside.as_path())) else {
        output.answer(&text);
        return true;
    };
    let written = match files::is_among(to, &files) {
        Some(read) => Err(write::over_its_source(read)),
        None => write::replace(to, text.as_bytes())
            .map_err(|error| (error.to_string(), write::help(&error).to_owned())),
    };
    match written {
        Ok(()) => {
            output.note(&format!("{}: drawn to {}", diagram.title, to.display()));
            true
        }
        Err((why, help)) => {
            output.failed(to, says::picture_unwritable(&why, &help));
            false
        }
    }
}

/// What a file of this name holds; nothing where its ending is none of a picture.
fn by_ending(to: &Path) -> Option<PictureFormat> {
    let Some(ending) = to.extension() else { return Some(PictureFormat::Svg) };
    match ending.to_str()? {
        "svg" => Some(PictureFormat::Svg),
        "dot" | "gv" => Some(PictureFormat::Dot),
        "mmd" | "mermaid" => Some(PictureFormat::Mermaid),
        _ => None,
    }
}
