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
use crate::source::{FileId, Place, SourceFile, Span};

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
    kept: Vec<Kept>,
}

/// A piece, and what of the tree was made of it.
#[derive(Clone, Debug)]
struct Kept {
    piece: Piece,
    items: std::ops::Range<usize>,
    diagnostics: Vec<Diagnostic>,
}

/// A text that was parsed, and what was made of it.
#[derive(Clone, Copy, Debug)]
pub struct Before<'b> {
    /// The text.
    pub source: &'b SourceFile,
    /// How it was cut.
    pub pieces: &'b Pieces,
    /// What it says.
    pub tree: &'b ast::File,
}

impl Parse {
    /// Of a text that was not seen before.
    pub fn new(file: FileId, source: &SourceFile) -> Self {
        Self::fresh(file, source, PIECE)
    }

    /// Of the text after an edit: what the edit left alone is taken from the tree before it. The source
    /// that is given back says the same, and has a gap, so that what is below the edit has not moved. The
    /// parse is the same as [`Parse::new`] of that, sooner.
    pub fn edited(file: FileId, source: &SourceFile, before: Before<'_>) -> (SourceFile, Self) {
        Self::again(file, source, before, PIECE)
    }

    /// In pieces of at least this length.
    fn fresh(file: FileId, source: &SourceFile, least: u32) -> Self {
        let text = source.text();
        let scan = match scanned(file, source) {
            Ok(scan) => scan,
            Err(refused) => return refused,
        };
        let made = cut(file, text, &scan, least).unwrap_or_else(|| {
            let end = offset(text.len());
            let all = Piece { start: 0, end, seen: end };
            (vec![all], vec![pieces::whole(file, text, &scan)], None)
        });
        Self::of(file, source, scan, made)
    }

    fn again(
        file: FileId,
        source: &SourceFile,
        before: Before<'_>,
        least: u32,
    ) -> (SourceFile, Self) {
        let edit = Edit::between(before.source, source.text());
        let parted = match before.pieces.gap(&edit) {
            Some((at, length)) => source.parted(at, length),
            None => source.clone(),
        };
        let again = scanned(file, &parted).ok().and_then(|scan| {
            let edit = Edit { now: parted.gap(), ..edit };
            let made =
                before.pieces.edited(file, parted.text(), &scan, before.tree, &edit, least)?;
            Some(Self::of(file, &parted, scan, made))
        });
        match again {
            Some(again) => (parted, again),
            None => (source.clone(), Self::fresh(file, source, least)),
        }
    }

    /// What was made of the pieces, together.
    fn of(
        file: FileId,
        source: &SourceFile,
        mut scan: Scan,
        (pieces, mut parsed, documentation): Made,
    ) -> Self {
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
        characters::turned(file, source.text(), &mut whole.diagnostics);
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

/// A text in pieces, and what was made of each. The documentation of the file is known where its first
/// piece was kept.
type Made = (Vec<Piece>, Vec<Parsed>, Option<smol_str::SmolStr>);

/// The scan of a text; what is told of one that is too large or too deep.
fn scanned(file: FileId, source: &SourceFile) -> Result<Scan, Parse> {
    let text = source.text();
    let length = text.len() as u64;
    if length > MAX_FILE {
        let diagnostics = vec![says::too_large(file, length, MAX_FILE)];
        return Err(Parse { diagnostics, ..Parse::default() });
    }
    let scan = scan::scan(text);
    if let Some(deep) = scan.too_deep {
        let tree = ast::File { comments: scan.comments, ..ast::File::default() };
        let place = Place { file, span: deep };
        let diagnostics = vec![says::too_deep(place, MAX_NESTING)];
        return Err(Parse { tree, diagnostics, pieces: Pieces::default() });
    }
    Ok(scan)
}

/// Nothing where the text must be parsed as a whole.
fn cut(file: FileId, text: &str, scan: &Scan, least: u32) -> Option<Made> {
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

/// An edit; what it says of places is meant without gaps, but for the gaps themselves.
#[derive(Clone, Copy, Debug)]
struct Edit<'b> {
    before: &'b SourceFile,
    /// So much is as before.
    ahead: u32,
    /// Where what has changed ended before.
    end: u32,
    /// How far what is behind has moved; it wraps around.
    by: u32,
    /// The gap now.
    now: Span,
}

impl<'b> Edit<'b> {
    fn between(before: &'b SourceFile, now: &str) -> Self {
        let (front, back) = before.parts();
        let old = front.len() + back.len();
        let shorter = old.min(now.len());
        let mut ahead = alike_ahead(front.as_bytes(), now.as_bytes());
        if ahead == front.len() {
            let rest = now.as_bytes().get(ahead..).unwrap_or_default();
            ahead += alike_ahead(back.as_bytes(), rest);
        }
        let mut behind = alike_behind(back.as_bytes(), now.as_bytes());
        if behind == back.len() {
            let rest = now.as_bytes().get(..now.len() - behind).unwrap_or_default();
            behind += alike_behind(front.as_bytes(), rest);
        }
        let behind = behind.min(shorter - ahead);
        Self {
            before,
            ahead: offset(ahead),
            end: offset(old - behind),
            by: offset(now.len()).wrapping_sub(offset(old)),
            now: Span::default(),
        }
    }

    /// Where a piece starts or ends now that has moved so far. A gap is a part of the piece behind it.
    fn edge(&self, at: u32, by: u32) -> u32 {
        let at = self.before.outside(at).wrapping_add(by);
        if at <= self.now.start { at } else { at + (self.now.end - self.now.start) }
    }
}

/// Where the text of a piece begins: behind the gap, where that is before it.
fn behind(gap: Span, start: u32) -> u32 {
    if start == gap.start { start.max(gap.end) } else { start }
}

/// How long a gap is made: so much can be typed before it is made anew, and all below it moves.
const GAP: u32 = 1024;
/// How many pieces may move so that a gap stays.
const MOST_MOVED: usize = 3;

impl Pieces {
    /// Before which byte of the text after an edit a gap is to be, and how long; none where nothing is behind.
    fn gap(&self, edit: &Edit<'_>) -> Option<(u32, u32)> {
        let mut behind = self
            .kept
            .iter()
            .map(|kept| edit.before.outside(kept.piece.start))
            .filter(|at| *at >= edit.end);
        let next = behind.next()?;
        let gap = edit.before.gap();
        let then = gap.start;
        // What was taken away makes it longer.
        let length = (gap.end - then).wrapping_sub(edit.by);
        let is_near = then == next || behind.take(MOST_MOVED).any(|at| at == then);
        if gap != Span::default() && is_near && (1..=2 * GAP).contains(&length) {
            return Some((then.wrapping_add(edit.by), length));
        }
        Some((next.wrapping_add(edit.by), GAP))
    }

    /// The pieces of a changed text, with what is kept of the text before.
    fn edited(
        &self,
        file: FileId,
        text: &str,
        scan: &Scan,
        tree: &ast::File,
        edit: &Edit<'_>,
        least: u32,
    ) -> Option<Made> {
        if scan.open_comment.is_some() || self.kept.is_empty() {
            return None;
        }
        let is_seam = |at: u32| scan.seams.binary_search_by_key(&at, |seam| seam.start).is_ok();
        let front = self
            .kept
            .iter()
            .take_while(|kept| {
                let Piece { end, seen, .. } = kept.piece;
                edit.before.outside(seen) <= edit.ahead && is_seam(edit.edge(end, 0))
            })
            .count();
        let back = self
            .kept
            .iter()
            .rev()
            .take_while(|kept| {
                let start = kept.piece.start;
                edit.before.outside(start) >= edit.end && is_seam(edit.edge(start, edit.by))
            })
            .count();
        let back = back.min(self.kept.len() - front);
        let (before, rest) = self.kept.split_at_checked(front)?;
        let (_, after) = rest.split_at_checked(rest.len() - back)?;
        // The file's documentation hangs on its first item.
        let before =
            if before.first().is_some_and(|first| first.items.is_empty()) { &[] } else { before };
        let from = before.last().map_or(0, |kept| edit.edge(kept.piece.end, 0));
        let to =
            after.first().map_or(offset(text.len()), |kept| edit.edge(kept.piece.start, edit.by));
        let middle = pieces::cut(text, &scan.seams, from, to, least);
        let parsed = pieces::all(file, text, &scan.documentation, &middle)?;
        let mut all = Vec::with_capacity(before.len() + middle.len() + after.len());
        for kept in before {
            all.push(kept.again(tree, edit, 0)?);
        }
        all.extend(middle.into_iter().zip(parsed));
        for kept in after {
            all.push(kept.again(tree, edit, edit.by)?);
        }
        let (pieces, parsed): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        // A gap in the midst of something would be a part of it.
        let is_apart = edit.now == Span::default()
            || pieces.binary_search_by_key(&edit.now.start, |piece| piece.start).is_ok();
        let documentation = (!before.is_empty()).then(|| tree.documentation.clone());
        (is_apart && pieces.len() > 1 && pieces::agree(&parsed)).then_some((
            pieces,
            parsed,
            documentation,
        ))
    }
}

/// How many bytes are compared at once.
const TOGETHER: usize = 256;

/// How many bytes are the same, from the start on.
fn alike_ahead(old: &[u8], new: &[u8]) -> usize {
    alike(old.chunks(TOGETHER).zip(new.chunks(TOGETHER)), |(a, b)| {
        a.iter().zip(b).position(|(a, b)| a != b)
    })
}

/// How many bytes are the same, from the end on.
fn alike_behind(old: &[u8], new: &[u8]) -> usize {
    alike(old.rchunks(TOGETHER).zip(new.rchunks(TOGETHER)), |(a, b)| {
        a.iter().rev().zip(b.iter().rev()).position(|(a, b)| a != b)
    })
}

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
    /// The same piece after an edit, by which it has moved so far, but for gaps.
    fn again(&self, tree: &ast::File, edit: &Edit<'_>, by: u32) -> Option<(Piece, Parsed)> {
        let Piece { start, end, seen } = self.piece;
        let piece = Piece {
            start: edit.edge(start, by),
            end: edit.edge(end, by),
            seen: edit.edge(seen, by),
        };
        let items: &[Arc<Item>] = tree.items.get(self.items.clone())?;
        let by = behind(edit.now, piece.start).wrapping_sub(behind(edit.before.gap(), start));
        let (mut items, mut diagnostics) = (items.to_vec(), self.diagnostics.clone());
        if by != 0 {
            items.move_by(by);
            diagnostics.move_by(by);
        }
        Some((piece, Parsed { items, diagnostics, ..Parsed::default() }))
    }
}
