//! Where is this named?
//!
//! Places are sought by the word, and each is asked what it stands for.

use std::path::{Path, PathBuf};

use super::declared::{Meaning, meaning, source};
use super::find::find;
use super::hover::span;
use super::spot::Spot;
use super::{family, hover};
use crate::analysis::Analysis;
use crate::check::Program;
use crate::loader::{self, Overlay};
use crate::source::{FileId, Place, SourceFile, Span};
use crate::syntax::{ast::UseSource, snake_case};

/// The places of something in a file.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where the file lies; a standard module has its path in the library.
    pub path: PathBuf,
    /// Its text.
    pub source: SourceFile,
    /// In the order of the text.
    pub spans: Vec<Span>,
}

/// What is sought.
#[derive(Clone, Debug)]
pub(super) struct Sought {
    /// The word at the cursor.
    pub(super) word: String,
    /// Where that stands.
    pub(super) span: Span,
    /// The name as it is declared.
    pub(super) name: String,
    /// Where that is.
    pub(super) place: Place,
    /// Where that is in what its file says: in another analysis it may have another gap.
    at: Span,
    /// The file of that, by a name that all analyses have for it.
    pub(super) path: PathBuf,
    /// An interface type is called by its name in small letters, too.
    pub(super) small: Option<String>,
    /// Nothing in other files can name it.
    pub(super) is_local: bool,
}

const FILE: FileId = FileId(0);

/// What stands at an offset of the root, to be sought.
pub(super) fn sought(program: &Program<'_>, offset: u32) -> Option<Sought> {
    let root = program.sources.modules.first()?;
    let spot = find(program, &root.tree.items, offset)?;
    let meaning = meaning(program, &spot)?;
    // The fields of a record without a name are known by nothing but that.
    if let Meaning::Declared(place) = &meaning {
        source(program, *place)?;
    }
    let is_local = matches!(meaning, Meaning::Local { .. } | Meaning::Module(..));
    let place = family::first(program, declared(&meaning)?);
    let text = program.sources.file(place.file)?;
    let span = hover::span(&spot);
    let name = match &spot {
        // The name is a part of the path of the file.
        Spot::Value { name, .. } if matches!(meaning, Meaning::Module(..)) => name.to_string(),
        Spot::Type { path, at, .. } if matches!(meaning, Meaning::Module(..)) => {
            path.segments.get(*at)?.text.to_string()
        }
        _ => unquoted(text.slice(place.span)).to_owned(),
    };
    let small = family::is_interface(program, place).then(|| snake_case(&name));
    let word = unquoted(root.source.slice(span)).to_owned();
    let is_local = is_local && place.file == FILE;
    let (at, path) = (text.outside_span(place.span), path(program, place.file)?);
    Some(Sought { word, span, name, place, at, path, small, is_local })
}

/// Where a meaning is declared; nothing for what the language itself gives.
fn declared(meaning: &Meaning) -> Option<Place> {
    match meaning {
        Meaning::Declared(place) => Some(*place),
        Meaning::Local { at, .. } => *at,
        Meaning::Signature { place, .. } => *place,
        Meaning::Module(_, at) => at.map(|span| Place { file: FILE, span }),
        Meaning::Function(_) | Meaning::Given(..) | Meaning::Word { .. } => None,
    }
}

/// The name of a file for all analyses.
fn path(program: &Program<'_>, file: FileId) -> Option<PathBuf> {
    match program.sources.on_disk(file) {
        Some(path) => Some(path.to_owned()),
        None => Some(program.sources.modules.get(file.0 as usize)?.path.clone().into()),
    }
}

impl Sought {
    /// The words by which it may be named.
    pub(super) fn words(&self) -> Vec<&str> {
        let mut words = vec![self.name.as_str(), self.word.as_str()];
        words.extend(self.small.as_deref());
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Where it is named in the root of a program, in the order of the text.
    pub(super) fn places(&self, program: &Program<'_>) -> Vec<Span> {
        let Some(root) = program.sources.modules.first() else { return Vec::new() };
        let text = root.source.text();
        let mut found = Vec::new();
        for word in self.words() {
            for (at, _) in text.match_indices(word) {
                let end = at + word.len();
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let touches = text.get(..at).is_some_and(|t| t.ends_with(is_word))
                    || text.get(end..).is_some_and(|t| t.starts_with(is_word));
                let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(end)) else {
                    continue;
                };
                let own = Span::new(start, end);
                if !touches && self.is_meant(program, own) {
                    found.push(own);
                }
            }
        }
        found.sort_unstable_by_key(|span| span.start);
        found
    }

    /// Whether a word of the root stands for it.
    fn is_meant(&self, program: &Program<'_>, word: Span) -> bool {
        let Some(root) = program.sources.modules.first() else { return false };
        let Some(spot) = find(program, &root.tree.items, word.start) else { return false };
        let own = span(&spot);
        let is_quoted = own == Span::new(word.start.saturating_sub(1), word.end + 1)
            && root.source.slice(own).starts_with('"');
        if own != word && !is_quoted {
            return false;
        }
        let place = meaning(program, &spot).as_ref().and_then(declared);
        let Some(place) = place.map(|place| family::first(program, place)) else { return false };
        let said = program.sources.file(place.file).map(|source| source.outside_span(place.span));
        said == Some(self.at) && path(program, place.file).is_some_and(|path| path == self.path)
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Where the root names what stands at an offset of it.
pub fn highlights(analysis: &Analysis, offset: u32) -> Vec<Span> {
    let program = analysis.program();
    sought(&program, offset).map(|sought| sought.places(&program)).unwrap_or_default()
}

/// Where what stands at an offset of the root is named, in all files of its package and in those of an
/// editor's texts; the root comes first.
pub fn references(analysis: &Analysis, offset: u32, overlay: &Overlay) -> Vec<Places> {
    let program = analysis.program();
    let Some(sought) = sought(&program, offset) else { return Vec::new() };
    let mut found = Vec::new();
    for other in speaking(analysis, &sought, overlay) {
        let analysis = other.as_ref().unwrap_or(analysis);
        let program = analysis.program();
        let spans = sought.places(&program);
        found.extend(in_root(&program, spans));
    }
    // Where it is declared, if that is a file that none of these can be: the library, another package.
    if found.iter().all(|places: &Places| places.path != sought.path)
        && let Some(source) = program.sources.file(sought.place.file)
    {
        let (path, spans) = (sought.path.clone(), vec![sought.place.span]);
        found.push(Places { path, source: source.clone(), spans });
    }
    found
}

/// The places in the root of a program; nothing where there are none.
pub(super) fn in_root(program: &Program<'_>, spans: Vec<Span>) -> Option<Places> {
    let path = path(program, FILE)?;
    let source = program.sources.file(FILE)?.clone();
    (!spans.is_empty()).then_some(Places { path, source, spans })
}

/// The root's analysis, which is there already, and those of the other files that may speak of it.
pub(super) fn speaking(
    analysis: &Analysis,
    sought: &Sought,
    overlay: &Overlay,
) -> Vec<Option<Analysis>> {
    let mut all = vec![None];
    if let Some(root) = analysis.sources().on_disk(FILE).filter(|_| !sought.is_local) {
        let others = loader::files_with(Path::new(root), overlay, &sought.words());
        all.extend(others.iter().map(|at| Some(Analysis::check_with(at, overlay))));
    }
    all
}

/// Whether the name of a module is that of its file: nothing says another with `as`.
pub(super) fn is_by_file(program: &Program<'_>, sought: &Sought) -> bool {
    let items = program.sources.modules.first().map(|root| &root.tree.items);
    items.into_iter().flatten().any(|item| match &item.kind {
        crate::syntax::ast::ItemKind::Use(used) if used.alias.is_none() => match &used.from {
            UseSource::Path(path) => {
                path.segments.last().is_some_and(|last| last.span == sought.place.span)
            }
            UseSource::File(name) => name.span == sought.place.span,
        },
        _ => false,
    })
}
