//! The tree of a file, from nothing or from the tree of the text before an edit.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::ast::{self, Item};
use super::lowering::offset;
use super::moved::Moved as _;
use super::pieces::{self, PIECE, Parsed, Piece};
use super::scan::{self, Scan};
use super::{MAX_FILE, MAX_NESTING};
use super::{characters, echoes, foreign, renames};
use crate::diagnostics::{Diagnostic, Severity, syntax as says};
use crate::source::{FileId, Place, SourceFile};

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct Parse {
    /// What the text says.
    pub tree: ast::File,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// How the text was cut: what the parse of the next text can keep.
    pub pieces: Pieces,
}

/// What is known of each piece of a text that was parsed.
#[derive(Clone, Debug, Default)]
pub struct Pieces {
    text: Arc<str>,
    kept: Vec<Kept>,
}

/// A piece, and what of the tree was made of it.
#[derive(Clone, Debug)]
struct Kept {
    piece: Piece,
    items: std::ops::Range<usize>,
    diagnostics: Vec<Diagnostic>,
}

impl Parse {
    /// Of a text that was not seen before.
    pub fn new(file: FileId, source: &SourceFile) -> Self {
        Self::cut(file, source, None, PIECE)
    }

    /// Of the text after an edit: what the edit left alone is taken from the tree before it. The
    /// same as [`Parse::new`], sooner.
    pub fn edited(file: FileId, source: &SourceFile, pieces: &Pieces, tree: &ast::File) -> Self {
        Self::cut(file, source, Some((pieces, tree)), PIECE)
    }

    /// In pieces of at least this length.
    fn cut(
        file: FileId,
        source: &SourceFile,
        before: Option<(&Pieces, &ast::File)>,
        least: u32,
    ) -> Self {
        let text = source.text();
        let length = text.len() as u64;
        if length > MAX_FILE {
            let diagnostics = vec![says::too_large(file, length, MAX_FILE)];
            return Self { diagnostics, ..Self::default() };
        }
        let mut scan = scan::scan(text);
        if let Some(deep) = scan.too_deep {
            let tree = ast::File { comments: scan.comments, ..ast::File::default() };
            let place = Place { file, span: deep };
            let diagnostics = vec![says::too_deep(place, MAX_NESTING)];
            return Self { tree, diagnostics, pieces: Pieces::default() };
        }
        let made = match before {
            Some((pieces, tree)) => pieces.edited(file, text, &scan, tree, least),
            None => None,
        };
        let made = made.or_else(|| fresh(file, text, &scan, least));
        let (pieces, mut parsed, documentation) = made.unwrap_or_else(|| {
            let end = offset(text.len());
            let all = Piece { start: 0, end, seen: end };
            (vec![all], vec![pieces::whole(file, text, &scan)], None)
        });
        let documentation = documentation.unwrap_or_else(|| documentation_of(&mut parsed));
        let is_cut = pieces.len() > 1;
        let comments = std::mem::take(&mut scan.comments);
        let mut whole = Self {
            tree: ast::File { documentation, items: Vec::new(), comments },
            ..Self::default()
        };
        for (piece, parsed) in pieces.into_iter().zip(parsed) {
            whole.add(piece, parsed, is_cut);
        }
        if is_cut {
            whole.pieces.text = source.shared_text();
        }
        let told = echoes::without(source, std::mem::take(&mut whole.diagnostics));
        whole.diagnostics = foreign::recognised(source, told);
        let comments = whole.tree.comments.iter().chain(&scan.documentation);
        renames::everywhere(
            source,
            &scan,
            [&whole.tree.comments, &scan.documentation],
            &mut whole.diagnostics,
        );
        characters::lone_returns(source, file, &scan.strings, comments, &mut whole.diagnostics);
        characters::turned(file, text, &mut whole.diagnostics);
        let has_errors = whole.diagnostics.iter().any(|d| d.severity == Severity::Error);
        if whole.tree.items.is_empty() && !has_errors {
            whole.diagnostics.push(says::empty(file));
        }
        whole
    }

    fn add(&mut self, piece: Piece, parsed: Parsed, is_cut: bool) {
        let items = &mut self.tree.items;
        let from = items.len();
        items.extend(parsed.items);
        self.diagnostics.extend(parsed.diagnostics.iter().cloned());
        if is_cut {
            let items = from..items.len();
            self.pieces.kept.push(Kept { piece, items, diagnostics: parsed.diagnostics });
        }
    }
}

/// A text in pieces, and what was made of each; nothing where it must be parsed as a whole. The
/// documentation of the file is known where its first piece was kept.
type Made = Option<(Vec<Piece>, Vec<Parsed>, Option<smol_str::SmolStr>)>;

fn fresh(file: FileId, text: &str, scan: &Scan, least: u32) -> Made {
    if scan.open_comment.is_some() {
        return None;
    }
    let pieces = pieces::cut(text, &scan.seams, 0, offset(text.len()), least);
    if pieces.len() < 2 {
        return None;
    }
    let parsed = pieces::all(file, text, &scan.documentation, &pieces)?;
    pieces::agree(&parsed).then_some((pieces, parsed, None))
}

/// The file's own documentation. A `use` has nothing of its own to say: what stands above the first
/// one is about the file.
fn documentation_of(parsed: &mut [Parsed]) -> smol_str::SmolStr {
    let own = parsed.first_mut().map(|first| std::mem::take(&mut first.head)).unwrap_or_default();
    match parsed.iter_mut().find_map(|part| part.items.first_mut()) {
        Some(first) if own.is_empty() && matches!(first.kind, ast::ItemKind::Use(_)) => {
            std::mem::take(&mut Arc::make_mut(first).documentation)
        }
        _ => own,
    }
}

impl Pieces {
    /// The pieces of a changed text, with what is kept of the text before.
    fn edited(&self, file: FileId, text: &str, scan: &Scan, tree: &ast::File, least: u32) -> Made {
        let (old, new) = (self.text.as_bytes(), text.as_bytes());
        if scan.open_comment.is_some() || self.kept.is_empty() {
            return None;
        }
        let shorter = old.len().min(new.len());
        let ahead = alike(old.chunks(TOGETHER).zip(new.chunks(TOGETHER)), |(a, b)| {
            a.iter().zip(b).position(|(a, b)| a != b)
        });
        let behind = alike(old.rchunks(TOGETHER).zip(new.rchunks(TOGETHER)), |(a, b)| {
            a.iter().rev().zip(b.iter().rev()).position(|(a, b)| a != b)
        });
        let behind = behind.min(shorter - ahead);
        let by = offset(new.len()).wrapping_sub(offset(old.len()));
        let is_seam = |at: u32| scan.seams.binary_search_by_key(&at, |seam| seam.start).is_ok();
        let front = self
            .kept
            .iter()
            .take_while(|kept| kept.piece.seen as usize <= ahead && is_seam(kept.piece.end))
            .count();
        let back = self
            .kept
            .iter()
            .rev()
            .take_while(|kept| {
                let start = kept.piece.start;
                old.len() - start as usize <= behind && is_seam(start.wrapping_add(by))
            })
            .count();
        let back = back.min(self.kept.len() - front);
        let (before, rest) = self.kept.split_at_checked(front)?;
        let (_, after) = rest.split_at_checked(rest.len() - back)?;
        // The file's documentation hangs on its first item.
        let before =
            if before.first().is_some_and(|first| first.items.is_empty()) { &[] } else { before };
        let from = before.last().map_or(0, |kept| kept.piece.end);
        let to = after.first().map_or(offset(new.len()), |kept| kept.piece.start.wrapping_add(by));
        let middle = pieces::cut(text, &scan.seams, from, to, least);
        let parsed = pieces::all(file, text, &scan.documentation, &middle)?;
        let mut all: Vec<(Piece, Parsed)> =
            before.iter().map(|kept| kept.again(tree, 0)).collect::<Option<_>>()?;
        all.extend(middle.into_iter().zip(parsed));
        for kept in after {
            all.push(kept.again(tree, by)?);
        }
        let (pieces, parsed): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let documentation = (!before.is_empty()).then(|| tree.documentation.clone());
        (pieces.len() > 1 && pieces::agree(&parsed)).then_some((pieces, parsed, documentation))
    }
}

/// How many bytes are compared at once.
const TOGETHER: usize = 256;

/// How many bytes are the same, of two texts in chunks; `end` is where those of two chunks differ.
fn alike<'t>(
    mut chunks: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    end: impl Fn((&'t [u8], &'t [u8])) -> Option<usize>,
) -> usize {
    let mut same = 0;
    loop {
        match chunks.next() {
            Some((a, b)) if a == b => same += a.len(),
            Some((a, b)) => return same + end((a, b)).unwrap_or(a.len().min(b.len())),
            None => return same,
        }
    }
}

impl Kept {
    /// The same piece in a text in which it has moved.
    fn again(&self, tree: &ast::File, by: u32) -> Option<(Piece, Parsed)> {
        let Piece { start, end, seen } = self.piece;
        let piece = Piece {
            start: start.wrapping_add(by),
            end: end.wrapping_add(by),
            seen: seen.wrapping_add(by),
        };
        let items: &[Arc<Item>] = tree.items.get(self.items.clone())?;
        let (mut items, mut diagnostics) = (items.to_vec(), self.diagnostics.clone());
        if by != 0 {
            items.move_by(by);
            diagnostics.move_by(by);
        }
        Some((piece, Parsed { items, diagnostics, ..Parsed::default() }))
    }
}
