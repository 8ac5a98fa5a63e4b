//! The lines around places of a source, as a terminal has room for them.
//!
//! Only these lines are looked at, however large the source is: a file with thousands of mistakes is
//! told of in no more time than it takes to write them. Lines that are too long lose what is far from
//! the places; places keep standing below their letters.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use unicode_width::UnicodeWidthChar as _;

use super::obeyed;
use crate::source::{SourceFile, Span};

/// How many lines are shown around a place.
const AROUND: u32 = 1;
/// A place over more lines than this is shown by its first.
const MOST_LINES: u32 = 12;
/// No line of a source is shown in less room than this.
const LEAST_ROOM: usize = 20;
/// How wide miette draws a tab.
const TAB: usize = 4;

/// Lines of a source that follow each other, and places in them.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// The number of the first line, from 0.
    first: usize,
    lines: usize,
    /// The places, in bytes of the text, in the order in which they were given.
    places: Vec<Range<usize>>,
    /// Their columns in the source, from 0.
    columns: Vec<usize>,
}

/// The lines that a place touches, from 1.
fn touched(source: &SourceFile, place: Span) -> (u32, u32) {
    let start = source.position(place.start).line;
    let end = source.position(place.end.max(place.start)).line;
    // A place that ends before the first letter of a line has nothing of it.
    let end = if source.line_start(place.end) == place.end { end.saturating_sub(1) } else { end };
    let end = end.max(start);
    if end - start >= MOST_LINES { (start, start) } else { (start, end) }
}

/// Whether the lines around both places meet, so that they are shown as one.
pub(super) fn meet(source: &SourceFile, one: Span, other: Span) -> bool {
    let (one, other) = (touched(source, one), touched(source, other));
    let (upper, lower) = if one <= other { (one, other) } else { (other, one) };
    upper.1.saturating_add(2 * AROUND + 1) >= lower.0
}

impl Excerpt {
    /// Of these places, whose lines meet; no line is wider than `width`, which the drawing around it
    /// is a part of. `dots` stand for what is left out.
    pub(super) fn new(source: &SourceFile, places: &[Span], width: usize, dots: &str) -> Self {
        let touched: Vec<(u32, u32)> = places.iter().map(|at| touched(source, *at)).collect();
        let upper = touched.iter().map(|(start, _)| *start).min().unwrap_or(1);
        let lower = touched.iter().map(|(_, end)| *end).max().unwrap_or(1);
        let all = source.position(u32::try_from(source.text().len()).unwrap_or(u32::MAX)).line;
        let last = (lower + AROUND).min(all);
        // What follows the last newline is no line, unless it is pointed at.
        let last = if last > lower && source.line(last).is_empty() && last == all {
            last - 1
        } else {
            last
        };
        let first = upper.saturating_sub(AROUND).max(1);
        let is_over_lines = touched.iter().any(|(start, end)| start != end);
        let frame = last.to_string().len() + 4 + if is_over_lines { 4 } else { 0 };
        let mut excerpt = Self {
            name: super::visible(source.path()),
            text: String::new(),
            first: first.saturating_sub(1) as usize,
            lines: (last + 1 - first) as usize,
            places: vec![0..0; places.len()],
            columns: places
                .iter()
                .map(|at| source.position(at.start).column as usize - 1)
                .collect(),
        };
        for number in first..=last {
            let begin = source.offset(number, 1);
            let line = source.line(number);
            let within = |at: u32| (at.saturating_sub(begin) as usize).min(line.len());
            let here = places.iter().zip(&touched).enumerate();
            let marks: Vec<(usize, Range<usize>)> = here
                .filter(|(_, (_, (start, end)))| (*start..=*end).contains(&number))
                .map(|(at, (place, _))| {
                    let start = within(place.start);
                    (at, start..within(place.end).max(start))
                })
                .collect();
            let room = width.saturating_sub(frame).max(LEAST_ROOM);
            let shown = Line::cut(line, marks.iter().map(|(_, mark)| mark.clone()), room, dots);
            let start = excerpt.text.len();
            for (at, mark) in marks {
                let (from, to) = (start + shown.place(mark.start), start + shown.place(mark.end));
                let (upper, lower) = touched.get(at).copied().unwrap_or_default();
                if let Some(place) = excerpt.places.get_mut(at) {
                    if number == upper {
                        place.start = from;
                    }
                    if number == lower {
                        place.end = to.max(place.start);
                    }
                }
            }
            excerpt.text.push_str(&shown.text);
            excerpt.text.push('\n');
        }
        excerpt
    }

    /// A place, in bytes of what is shown.
    pub(super) fn place(&self, at: usize) -> Range<usize> {
        self.places.get(at).cloned().unwrap_or_default()
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (mut start, mut line, mut column) = (0, self.first, 0);
        if before == 0 {
            // Only where a place is, is asked for.
            start = span.offset();
            let above = self.text.get(..start).ok_or(MietteError::OutOfBounds)?;
            line += above.matches('\n').count();
            let at = self.places.iter().position(|place| place.start == start);
            column = at.and_then(|at| self.columns.get(at)).copied().unwrap_or_default();
        }
        let data = self.text.as_bytes().get(start..).ok_or(MietteError::OutOfBounds)?;
        let all = (start, data.len()).into();
        let name = self.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, data, all, line, column, self.lines)))
    }
}

/// A line as it is shown.
struct Line {
    text: String,
    /// For each letter of it where it begins in the source's line and in the text; then the ends.
    letters: Vec<(usize, usize)>,
}

impl Line {
    /// The part of a line around the marks that there is room for.
    fn cut(line: &str, marks: impl Iterator<Item = Range<usize>>, room: usize, dots: &str) -> Self {
        let marks: Vec<Range<usize>> = marks.collect();
        let from = marks.iter().map(|mark| mark.start).min().unwrap_or_default();
        let until = marks.iter().map(|mark| mark.end).max().unwrap_or_default();
        let (whole, is_whole) = fitting(line, 0, room);
        let dotted = room.saturating_sub(2 * dots.chars().count());
        let start = if is_whole || until <= whole || from == 0 {
            0
        } else {
            // A third of the room for what stands before.
            let before = line.get(..from).unwrap_or_default().char_indices().rev();
            let mut left = dotted / 3;
            let fits = before.take_while(|(_, c)| {
                let fits = left >= width(*c);
                left = left.saturating_sub(width(*c));
                fits
            });
            fits.last().map_or(from, |(at, _)| at)
        };
        let (end, _) = if is_whole { (whole, true) } else { fitting(line, start, dotted) };
        let mut shown = Self { text: String::new(), letters: Vec::new() };
        if start > 0 {
            shown.text.push_str(dots);
        }
        for (at, c) in line.get(start..end).unwrap_or_default().char_indices() {
            shown.letters.push((start + at, shown.text.len()));
            shown.text.push(if obeyed(c) && c != '\t' { '?' } else { c });
        }
        shown.letters.push((end, shown.text.len()));
        if end < line.len() {
            shown.text.push_str(dots);
        }
        shown
    }

    /// Where a byte of the source's line stands; what is left out stands at the nearest end.
    fn place(&self, at: usize) -> usize {
        let next = self.letters.partition_point(|(letter, _)| *letter < at);
        let last = self.letters.len().saturating_sub(1);
        self.letters.get(next.min(last)).map_or(0, |(_, shown)| *shown)
    }
}

/// Where the part that fits into the room ends, and whether that is the end of the line.
fn fitting(line: &str, start: usize, room: usize) -> (usize, bool) {
    let rest = line.get(start..).unwrap_or_default();
    let mut left = room;
    for (at, c) in rest.char_indices() {
        if left < width(c) {
            return (start + at, false);
        }
        left -= width(c);
    }
    (line.len(), true)
}

fn width(c: char) -> usize {
    if c == '\t' { TAB } else { c.width().unwrap_or(1) }
}
