//! A file in pieces: runs of items that are parsed by themselves, on all processors, and kept
//! where an edit left them alone.
//!
//! A piece ends where the scan is sure that nothing is open and an item's head follows, as every
//! head ends what is open before it. What it is parsed with behind its end, the next head, is what
//! its own mistakes can see. Where a mistake may reach further all the same, the file is parsed
//! as a whole: pieces and whole give the same, and a test holds it.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smol_str::SmolStr;

use super::ast::{Comment, Item};
use super::grammar::Rule;
use super::lowering::{Lowering, offset};
use super::moved::Moved as _;
use super::peg::{self, Failed};
use super::scan::{Scan, Seam};
use super::{MAX_ERRORS, MAX_NESTING, STACK};
use crate::diagnostics::{Diagnostic, Severity, syntax as says};
use crate::source::{FileId, Place, Span};

/// How long a piece is, at least: an edit costs one, and a parser is made for each.
pub(super) const PIECE: u32 = 4 * 1024;
/// A text below this is parsed sooner than threads start.
const MANY: usize = 256 * 1024;

/// A stretch of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
    /// What it is parsed with: to the end of the head that follows.
    pub(super) seen: u32,
}

/// What was made of a stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    pub(super) head: SmolStr,
    pub(super) items: Vec<Arc<Item>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Cuts the text between two seams, or the file's start and end.
pub(super) fn cut(text: &str, seams: &[Seam], from: u32, to: u32, least: u32) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = from;
    let first = seams.partition_point(|seam| seam.start <= from);
    for seam in seams.get(first..).unwrap_or_default() {
        if seam.start > to {
            break;
        }
        if seam.start == to || seam.start - start >= least && to - seam.start >= least {
            pieces.push(Piece { start, end: seam.start, seen: line_end(text, seam.head) });
            start = seam.start;
        }
    }
    if start < to {
        pieces.push(Piece { start, end: to, seen: to });
    }
    pieces
}

/// Where the line ends that starts here, with its newline.
fn line_end(text: &str, start: u32) -> u32 {
    let rest = text.get(start as usize..).unwrap_or_default();
    start + offset(rest.find('\n').map_or(rest.len(), |newline| newline + 1))
}

/// The whole text.
pub(super) fn whole(file: FileId, text: &str, scan: &Scan) -> Parsed {
    let mut lowering = Lowering::new(file, text, &scan.documentation);
    if let Some(open) = scan.open_comment {
        lowering.report(says::unclosed_comment(Place { file, span: open }));
    }
    match peg::parse(Rule::file, text) {
        Ok(tree) => {
            let items = tree.pairs().next().map(|pair| lowering.file(pair)).unwrap_or_default();
            Parsed {
                items: items.into_iter().map(Arc::new).collect(),
                head: std::mem::take(&mut lowering.head),
                diagnostics: lowering.finish(),
            }
        }
        // The grammar takes every text that is not too deep.
        Err(failed) => {
            let at = match failed {
                Failed::TooDeep(at) => offset(at),
                Failed::Absent => 0,
            };
            let place = Place { file, span: Span::new(at, at) };
            lowering.report(says::too_deep(place, MAX_NESTING));
            Parsed { diagnostics: lowering.finish(), ..Parsed::default() }
        }
    }
}

/// One piece; nothing where it can't be told from the piece alone.
fn one(file: FileId, text: &str, documentation: &[Comment], piece: Piece) -> Option<Parsed> {
    let own = text.get(piece.start as usize..piece.seen as usize)?;
    let from = documentation.partition_point(|line| line.span.start < piece.start);
    let to = documentation.partition_point(|line| line.span.start < piece.end);
    let mut documentation = documentation.get(from..to).unwrap_or_default().to_vec();
    documentation.move_by(piece.start.wrapping_neg());
    let mut lowering = Lowering::new(file, own, &documentation);
    lowering.is_start = piece.start == 0;
    lowering.end = piece.end - piece.start;
    let tree = peg::parse(Rule::file, own).ok()?;
    let mut items = tree.pairs().next().map(|pair| lowering.file(pair)).unwrap_or_default();
    let head = std::mem::take(&mut lowering.head);
    let mut diagnostics = lowering.finish();
    let has_errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    // Junk sees a comment where the scan saw a string: it may reach over any seam.
    if lowering.is_odd || lowering.is_full() || has_errors && own.contains("/*") {
        return None;
    }
    if piece.start > 0 {
        items.move_by(piece.start);
        diagnostics.move_by(piece.start);
    }
    let items = items.into_iter().map(Arc::new).collect();
    Some(Parsed { head, items, diagnostics })
}

/// All of these pieces; nothing where one of them needs the whole file.
pub(super) fn all(
    file: FileId,
    text: &str,
    documentation: &[Comment],
    pieces: &[Piece],
) -> Option<Vec<Parsed>> {
    let length: usize = pieces.iter().map(|piece| (piece.end - piece.start) as usize).sum();
    let threads = if length < MANY {
        1
    } else {
        std::thread::available_parallelism().map_or(1, NonZero::get).min(pieces.len())
    };
    if threads < 2 {
        return pieces.iter().map(|piece| one(file, text, documentation, *piece)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { return Some(done) };
            let Some(parsed) = one(file, text, documentation, *piece) else {
                // The others need not go on.
                next.store(pieces.len(), Ordering::Relaxed);
                return None;
            };
            done.push((at, parsed));
        }
    };
    let parts: Option<Vec<_>> = std::thread::scope(|scope| {
        let spawn = || std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        // Where no thread is to be had, this one does it all.
        let others: Vec<_> = (1..threads).map_while(|_| spawn().ok()).collect();
        let own = work();
        let mut parts = vec![own];
        for other in others {
            match other.join() {
                Ok(part) => parts.push(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parts.into_iter().collect()
    });
    let mut parts: Vec<(usize, Parsed)> = parts?.into_iter().flatten().collect();
    parts.sort_by_key(|(at, _)| *at);
    Some(parts.into_iter().map(|(_, parsed)| parsed).collect())
}

/// Whether the pieces' diagnostics are those of the whole: nothing is said or left unsaid for what
/// another piece said.
pub(super) fn agree(pieces: &[Parsed]) -> bool {
    let all = || pieces.iter().flat_map(|piece| &piece.diagnostics);
    let errors = all().filter(|d| d.severity == Severity::Error).count();
    let unclosed = all().any(says::is_unclosed);
    errors <= MAX_ERRORS && !(unclosed && all().any(says::is_stray))
}
