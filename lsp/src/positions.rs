//! Places of the compiler as the protocol has them and back: lines from 0, columns in the units
//! that the editor counts in.

use bp_compiler::source::{SourceFile, Span};
use tower_lsp::ls_types as lsp;

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every editor knows.
    #[default]
    Utf16,
}

impl Encoding {
    /// The best one of those that an editor offers.
    pub(crate) fn of(capabilities: &lsp::ClientCapabilities) -> Self {
        let offered = capabilities.general.as_ref().and_then(|it| it.position_encodings.as_ref());
        let is_offered =
            |kind: &lsp::PositionEncodingKind| offered.is_some_and(|of| of.contains(kind));
        if is_offered(&lsp::PositionEncodingKind::UTF8) { Self::Utf8 } else { Self::Utf16 }
    }

    /// As the protocol calls it.
    pub(crate) fn kind(self) -> lsp::PositionEncodingKind {
        match self {
            Self::Utf8 => lsp::PositionEncodingKind::UTF8,
            Self::Utf16 => lsp::PositionEncodingKind::UTF16,
        }
    }

    fn units(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }

    /// The range of a span of a file.
    pub(crate) fn range(self, source: &SourceFile, span: Span) -> lsp::Range {
        let position = |offset: u32| {
            let start = source.line_start(offset);
            let line = source.position(offset).line.saturating_sub(1);
            self.at(line, source.slice(Span::new(start, offset)))
        };
        lsp::Range { start: position(span.start), end: position(span.end) }
    }

    /// The range of a span of a text; a part that is outside of it is its end.
    pub(crate) fn range_in(self, text: &str, span: Span) -> lsp::Range {
        let position = |offset: u32| {
            let before = text.get(..offset as usize).unwrap_or(text);
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = before.bytes().filter(|byte| *byte == b'\n').count();
            self.at(count(line), before.get(start..).unwrap_or_default())
        };
        lsp::Range { start: position(span.start), end: position(span.end) }
    }

    fn at(self, line: u32, before: &str) -> lsp::Position {
        let units = match self {
            Self::Utf8 => before.len(),
            Self::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        lsp::Position { line, character: count(units) }
    }

    /// The byte of a position, and whether the text has such a line. Behind the end of a line is
    /// its end, in the midst of a character its start, behind the last line the end of all.
    pub(crate) fn offset(self, text: &str, position: lsp::Position) -> (u32, bool) {
        let mut start = 0;
        for _ in 0..position.line {
            match text.get(start..).and_then(|rest| rest.find('\n')) {
                Some(at) => start += at + 1,
                None => return (count(text.len()), false),
            }
        }
        let line = text.get(start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default();
        (count(start + self.within(line, position.character)), true)
    }

    /// The byte of a position in a file that was analysed; what is outside of it is held as in a text.
    pub(crate) fn offset_in(self, source: &SourceFile, position: lsp::Position) -> u32 {
        let line = position.line.saturating_add(1);
        if line > source.lines() {
            return count(source.text().len());
        }
        source.offset(line, 1) + count(self.within(source.line(line), position.character))
    }

    /// The byte of a column in a line; the end of the line where that is shorter.
    fn within(self, line: &str, character: u32) -> usize {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut left = character as usize;
        for (at, c) in line.char_indices() {
            let units = self.units(c);
            if left < units {
                return at;
            }
            left -= units;
        }
        line.len()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aé😀b\r\nsecond\n";

    fn at(line: u32, character: u32) -> lsp::Position {
        lsp::Position { line, character }
    }

    #[test]
    fn positions_are_bytes_and_back() {
        for (encoding, columns) in [
            (Encoding::Utf16, [(0, 0), (1, 1), (2, 3), (4, 7), (5, 8)]),
            (Encoding::Utf8, [(0, 0), (1, 1), (3, 3), (7, 7), (8, 8)]),
        ] {
            let source = SourceFile::new("", TEXT);
            for (character, offset) in columns {
                assert_eq!(encoding.offset(TEXT, at(0, character)), (offset, true));
                assert_eq!(encoding.offset_in(&source, at(0, character)), offset);
                let span = Span::new(offset, offset);
                assert_eq!(encoding.range(&source, span).start, at(0, character));
                assert_eq!(encoding.range_in(TEXT, span).start, at(0, character));
            }
            assert_eq!(encoding.range(&source, Span::new(10, 16)).end, at(1, 6));
            assert_eq!(encoding.range_in(TEXT, Span::new(10, 16)).end, at(1, 6));
        }
    }

    #[test]
    fn what_is_outside_is_held() {
        let encoding = Encoding::Utf16;
        assert_eq!(encoding.offset(TEXT, at(0, 3)), (3, true), "in the midst of a character");
        assert_eq!(encoding.offset(TEXT, at(0, 99)), (8, true), "behind the line, before its end");
        assert_eq!(encoding.offset(TEXT, at(2, 5)), (17, true));
        assert_eq!(encoding.offset(TEXT, at(9, 0)), (17, false));
        let source = SourceFile::new("", TEXT);
        for (line, character) in [(0, 3), (0, 99), (2, 5), (9, 0)] {
            let at = at(line, character);
            assert_eq!(encoding.offset_in(&source, at), encoding.offset(TEXT, at).0);
        }
        assert_eq!(encoding.range_in(TEXT, Span::new(90, 91)).start, at(2, 0));
    }
}
