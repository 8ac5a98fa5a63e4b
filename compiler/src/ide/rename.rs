//! What changes when this gets another name?
//!
//! A new name that makes a mistake is refused with that mistake: it is made, looked at, and only then told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::references::{Sought, in_root, is_by_file, sought, speaking};
use crate::analysis::Analysis;
use crate::diagnostics::Severity;
use crate::loader::Overlay;
use crate::source::{FileId, SourceFile, Span};
use crate::syntax::snake_case;

/// What changes in a file.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text as it is.
    pub source: SourceFile,
    /// What stands instead of what, in the order of the text.
    pub edits: Vec<(Span, String)>,
}

/// Why something can't be renamed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// There is no name.
    #[error(
        "nothing stands here that has a name of this blueprint: put the cursor on a name that it declares"
    )]
    Nothing,
    /// It is not one's own.
    #[error(
        "`{0}` is declared in {1}, which is not a part of this package: it can be renamed only there"
    )]
    Elsewhere(String, String),
    /// The language gives the name.
    #[error("`{0}` is how the language calls `{1}` here: rename `{1}` where it is declared")]
    Derived(String, String),
    /// The old name is no word.
    #[error("`{0}` is a text and not a name: change it where it stands")]
    Text(String),
    /// The new name is none.
    #[error(
        "`{0}` is not a name: a name is made of letters, digits and `_`, and begins with a letter"
    )]
    NotAName(String),
    /// The new name makes a mistake.
    #[error("with the name `{0}` there would be a mistake in {1}: {2}")]
    Breaks(String, String, String),
}

const FILE: FileId = FileId(0);

/// What would be renamed at an offset of the root: where the name stands.
pub fn nameable(analysis: &Analysis, offset: u32) -> Result<Span, RenameError> {
    let program = analysis.program();
    let sought = sought(&program, offset).ok_or(RenameError::Nothing)?;
    own(analysis, &sought)?;
    Ok(sought.span)
}

/// Whether it may be renamed from here.
fn own(analysis: &Analysis, sought: &Sought) -> Result<(), RenameError> {
    let sources = analysis.sources();
    let home = |file: FileId| sources.modules.get(file.0 as usize);
    if let (Some(root), Some(there)) = (home(FILE), home(sought.place.file))
        && (there.is_library || there.package.name != root.package.name)
    {
        let whose = if there.is_library {
            "the standard library".to_owned()
        } else {
            format!("the package `{}`", there.package.name)
        };
        return Err(RenameError::Elsewhere(sought.name.clone(), whose));
    }
    if !is_name(&sought.name) {
        return Err(RenameError::Text(sought.name.clone()));
    }
    if sought.word != sought.name {
        return Err(RenameError::Derived(sought.word.clone(), sought.name.clone()));
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_word)
}

/// What changes when what stands at an offset of the root is called `name`: in all files of its package,
/// and in those of an editor's texts.
pub fn rename(
    analysis: &Analysis,
    offset: u32,
    name: &str,
    overlay: &Overlay,
) -> Result<Vec<Changes>, RenameError> {
    let program = analysis.program();
    let sought = sought(&program, offset).ok_or(RenameError::Nothing)?;
    own(analysis, &sought)?;
    if !is_name(name) {
        return Err(RenameError::NotAName(name.to_owned()));
    }
    let all = speaking(analysis, &sought, overlay);
    let mut changes = Vec::new();
    for other in &all {
        let program = other.as_ref().unwrap_or(analysis).program();
        let places = in_root(&program, sought.places(&program));
        changes.extend(places.map(|places| Changes {
            edits: places.spans.iter().map(|at| edit(&sought, name, &places.source, *at)).collect(),
            path: places.path,
            source: places.source,
        }));
    }
    if is_by_file(&program, &sought)
        && let Some(own) = changes.first_mut()
    {
        let at = Span::new(sought.place.span.end, sought.place.span.end);
        own.edits.retain(|(span, _)| *span != sought.place.span);
        own.edits.push((at, format!(" as {name}")));
        own.edits.sort_by_key(|(span, _)| span.start);
    }
    let before: Vec<&Analysis> =
        all.iter().map(|other| other.as_ref().unwrap_or(analysis)).collect();
    holds(&before, name, &changes, overlay)?;
    Ok(changes)
}

fn edit(sought: &Sought, name: &str, source: &SourceFile, at: Span) -> (Span, String) {
    let is_small = sought.small.as_deref() == Some(source.slice(at));
    (at, if is_small { snake_case(name) } else { name.to_owned() })
}

/// Whether all files are as good with the changes as they were.
fn holds(
    before: &[&Analysis],
    name: &str,
    changes: &[Changes],
    overlay: &Overlay,
) -> Result<(), RenameError> {
    let mut texts = overlay.clone();
    for one in changes {
        texts.insert(one.path.clone(), one.changed());
    }
    for old in before {
        let Some(root) = old.sources().on_disk(FILE) else { continue };
        let new = Analysis::check_with(root, &texts);
        let count = |analysis: &Analysis| {
            let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
            let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
            errors.for_each(|d| *codes.entry(d.code).or_default() += 1);
            codes
        };
        let known = count(old);
        for (code, many) in count(&new) {
            if many <= known.get(code).copied().unwrap_or(0) {
                continue;
            }
            let told = new.diagnostics().iter().rfind(|d| d.code == code);
            let message = told.map(|d| d.message.clone()).unwrap_or_default();
            let file = told.and_then(|d| new.sources().file(d.place.file));
            let file = file.map_or(root, |file| Path::new(file.path()));
            let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(RenameError::Breaks(name.to_owned(), file, message));
        }
    }
    Ok(())
}

impl Changes {
    /// The text with the changes.
    pub fn changed(&self) -> String {
        self.source.replaced(&self.edits)
    }
}
