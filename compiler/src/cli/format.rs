//! `bpc fmt`.

use std::path::{Path, PathBuf};

use super::output::Output;
use super::{files, stdin, write};
use crate::diagnostics::{Diagnostic, syntax as says};
use crate::source::{FileId, Place, SourceFile, Span};
use crate::{loader, syntax};

/// Formats the paths; whether all is well.
pub(super) fn run(paths: &[PathBuf], check: bool, output: &mut Output) -> bool {
    if let [path] = paths
        && stdin::is_meant(path)
    {
        return standard_input(check, output);
    }
    let Some(files) = files::sources(paths, output) else { return false };
    let mut other_layout = 0;
    for path in &files {
        let Some((source, formatted)) = formatted(path, output) else { continue };
        if formatted == source.text() {
            continue;
        }
        other_layout += 1;
        if check {
            tell(&source, &formatted, output);
        } else if let Err(error) = write::rewrite(path, formatted.as_bytes()) {
            output.failure(
                "E1028",
                &path.display().to_string(),
                &format!("the file can't be written: {error}"),
                "check that you may write it and that the disk has room; it is as it was",
            );
        }
    }
    output.summary();
    if check && other_layout > 0 {
        let files = if other_layout == 1 { "file has" } else { "files have" };
        output
            .note(&format!("{other_layout} {files} another layout; run `bpc fmt` without --check"));
    }
    let is_right = other_layout == 0 || !check;
    is_right && !output.has_errors()
}

fn standard_input(check: bool, output: &mut Output) -> bool {
    let Some(bytes) = stdin::read(syntax::MAX_FILE, output) else { return false };
    let Some((source, formatted)) = lay_out(stdin::NAME.to_owned(), bytes, output) else {
        output.summary();
        return false;
    };
    if !check {
        output.answer(&formatted);
        return true;
    }
    let is_right = formatted == source.text();
    if !is_right {
        tell(&source, &formatted, output);
        output.note("stdin has another layout; run `bpc fmt -` without --check");
    }
    is_right
}

/// Says that a file has another layout: its name for a person, the first such line for a program.
fn tell(source: &SourceFile, formatted: &str, output: &mut Output) {
    if output.is_drawn() {
        output.line(source.path());
        return;
    }
    let same = source.text().bytes().zip(formatted.bytes()).take_while(|(is, to_be)| is == to_be);
    let at = u32::try_from(same.count()).unwrap_or(u32::MAX);
    let start = source.line_start(at);
    let length = u32::try_from(source.line(source.position(at).line).len()).unwrap_or(u32::MAX);
    let place = Place { file: FileId(0), span: Span::new(start, start.saturating_add(length)) };
    let told: [Diagnostic; 1] = [says::other_layout(place)];
    output.diagnostics(&told, |_| Some(source));
}

/// A file and its text in the one layout; nothing where it has errors, which are written.
fn formatted(path: &Path, output: &mut Output) -> Option<(SourceFile, String)> {
    match read(path) {
        Ok(bytes) => lay_out(path.display().to_string(), bytes, output),
        Err(error) => {
            files::unreadable(path, &error, output);
            None
        }
    }
}

/// The file's bytes; of one that is too large, enough to see that.
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    loader::bytes_of(path, syntax::MAX_FILE + 1)
}

fn lay_out(path: String, bytes: Vec<u8>, output: &mut Output) -> Option<(SourceFile, String)> {
    let (source, refused) = syntax::decode(FileId(0), path, bytes);
    let result = match refused {
        Some(refused) => Err(vec![refused]),
        None => crate::format::format(&source),
    };
    match result {
        Ok(formatted) => Some((source, formatted)),
        Err(diagnostics) => {
            output.diagnostics(&diagnostics, |_| Some(&source));
            output.note(&format!("{}: left as it is", source.path()));
            None
        }
    }
}
