//! Source files and places in them.
//!
//! Knows text and offsets only. A [`Span`] is in bytes of its file; lines and columns are counted
//! when a person or another program is to see them.
//!
//! The text of a file that is being typed in has a gap: blank lines that are not there, between two
//! items, which an edit above makes longer or shorter, so that all below stays where it is. Who counts
//! bytes sees it; who counts lines, or takes spans apart, does not.

use std::sync::Arc;

/// Which file of the analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of a file, in bytes; the end is the first byte after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

impl Span {
    /// From one byte to before another.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// From the start of this to the end of that.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A stretch of a certain file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which file.
    pub file: FileId,
    /// Where in it.
    pub span: Span,
}

/// A line and a column, from 1; columns count Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// A file's text, with its line starts.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: String,
    text: Arc<str>,
    line_starts: Vec<u32>,
    /// Lines that are not there; empty where there are none.
    gap: Span,
}

impl SourceFile {
    /// The file at `path` (as it is to be shown to a person) with this text.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let mut line_starts =
            Vec::with_capacity(1 + memchr::memchr_iter(b'\n', text.as_bytes()).count());
        line_starts.push(0);
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        line_starts.extend(ends.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        Self { path: path.into(), text, line_starts, gap: Span::default() }
    }

    /// The same with a gap of this length before the line that starts at a byte. It must have none yet.
    pub(crate) fn parted(&self, at: u32, length: u32) -> Self {
        let Some((before, behind)) = self.text.split_at_checked(at as usize) else {
            return self.clone();
        };
        let mut text = String::with_capacity(self.text.len() + length as usize);
        text.push_str(before);
        text.extend(std::iter::repeat_n('\n', length as usize));
        text.push_str(behind);
        let mut line_starts = self.line_starts.clone();
        for start in line_starts.iter_mut().rev().take_while(|start| **start >= at) {
            *start += length;
        }
        let gap = Span::new(at, at + length);
        Self { path: self.path.clone(), text: text.into(), line_starts, gap }
    }

    /// Where the gap is; empty where there is none.
    pub(crate) fn gap(&self) -> Span {
        self.gap
    }

    /// The text before the gap, and the text behind it: what the file says.
    pub(crate) fn parts(&self) -> (&str, &str) {
        let part = |from: u32, to: usize| self.text.get(from as usize..to).unwrap_or_default();
        (part(0, self.gap.start as usize), part(self.gap.end, self.text.len()))
    }

    /// Whether the file says this.
    pub(crate) fn says(&self, text: &str) -> bool {
        let (before, behind) = self.parts();
        text.strip_prefix(before) == Some(behind)
    }

    /// Which byte of what the file says it is.
    pub(crate) fn outside(&self, offset: u32) -> u32 {
        match offset {
            _ if offset >= self.gap.end => offset - (self.gap.end - self.gap.start),
            _ => offset.min(self.gap.start),
        }
    }

    /// Which bytes of what the file says they are.
    pub(crate) fn outside_span(&self, span: Span) -> Span {
        Span::new(self.outside(span.start), self.outside(span.end))
    }

    /// What the file says with other texts in the place of some; they are in the order of the source.
    pub(crate) fn replaced(&self, edits: &[(Span, String)]) -> String {
        let (before, behind) = self.parts();
        let mut text = [before, behind].concat();
        for (span, new) in edits.iter().rev() {
            let span = self.outside_span(*span);
            text.replace_range(span.start as usize..span.end as usize, new);
        }
        text
    }

    /// A byte of a line that is there: what is in the gap is the end of the line before, but for its start,
    /// where the line behind starts.
    fn there(&self, offset: u32) -> u32 {
        match offset {
            _ if offset >= self.gap.end || offset < self.gap.start => offset,
            _ if offset == self.gap.start => self.gap.end,
            _ => self.gap.start.saturating_sub(1),
        }
    }

    /// Where it lies, as shown to a person.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text, with its gap.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole text, to be kept, with its gap.
    pub(crate) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The text of a span, with the gap where that is in it; nothing where the span does not fit the file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The line and column of a byte.
    pub fn position(&self, offset: u32) -> Position {
        let offset = self.there(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Position { line, column: characters(self.slice(Span::new(start, offset))) + 1 }
    }

    /// The line and column of the start and of the end of a span.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let span = Span::new(self.there(span.start), self.there(span.end));
        let start = self.position(span.start);
        let next = self.line_starts.get(start.line as usize).copied().unwrap_or(u32::MAX);
        if span.end >= next || span.end < span.start {
            return (start, self.position(span.end));
        }
        // Most spans end on the line that they start on.
        let columns = characters(self.slice(span));
        (start, Position { line: start.line, column: start.column.saturating_add(columns) })
    }

    /// The byte at a line and column, as a position counts them; the end of the line where it has fewer columns.
    pub fn offset(&self, line: u32, column: u32) -> u32 {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let at = (line as usize).saturating_sub(1);
        let Some(start) = self.line_starts.get(at).copied() else { return end };
        let text = self.line(line);
        let before = (column as usize).saturating_sub(1);
        let within = text.char_indices().nth(before).map_or(text.len(), |(at, _)| at);
        start.saturating_add(u32::try_from(within).unwrap_or(u32::MAX))
    }

    /// Where the line of a byte starts.
    pub fn line_start(&self, offset: u32) -> u32 {
        let offset = self.there(offset);
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        self.line_starts.get(line - 1).copied().unwrap_or_default()
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        u32::try_from(self.line_starts.len()).unwrap_or(u32::MAX)
    }

    /// The text of a line (from 1), without its end.
    pub fn line(&self, line: u32) -> &str {
        let at = |line: usize| self.line_starts.get(line).copied();
        let start = at((line as usize).saturating_sub(1));
        let end = at(line as usize).unwrap_or(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        let whole = start.map(|start| self.slice(Span::new(start, end))).unwrap_or_default();
        whole.trim_end_matches(['\n', '\r'])
    }
}

/// How many characters a text of a line has.
fn characters(text: &str) -> u32 {
    // Whatever goes on with a character begins with the bits 10.
    text.bytes().map(|byte| u32::from(byte & 0xC0 != 0x80)).sum()
}
