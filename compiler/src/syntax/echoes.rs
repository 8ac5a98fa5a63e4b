//! What is said of a text only because of what stands before it: one mistake is one error.
//!
//! Whoever reads past a forgotten mark meets what nobody meant. It looks at what was said and at the
//! text there, and at nothing of the grammar.

use super::scan::is_item_head;
use crate::diagnostics::{Diagnostic, Severity, syntax as says};
use crate::source::{Place, SourceFile, Span};

/// The same mistakes, in the order of the source, without their echoes.
pub(super) fn without(source: &SourceFile, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::new();
    // From where on in `kept` the mistakes are of the same item, and where the last of them stands.
    let mut of_item = 0;
    let mut last: Option<u32> = None;
    for said in diagnostics {
        if said.severity != Severity::Error || says::is_of_layout(&said) {
            kept.push(said);
            continue;
        }
        let at = said.place.span.start;
        let between = last.map(|last| source.slice(Span::new(last.min(at), at)));
        if between.is_none_or(|text| text.split('\n').skip(1).any(is_item_head))
            || is_item_head(source.slice(Span::new(source.line_start(at), line_end(source, at))))
        {
            of_item = kept.len();
            last = None;
        }
        let earlier = kept.get(of_item..).unwrap_or_default();
        let is_echo = last.is_some_and(|last| {
            says::is_stray(&said)
                // What is nearly a word that may stand there is a mistake of its own.
                || says::is_surprise(&said)
                    && said.fix.is_none()
                    && (earlier.iter().any(says::awaits_closing)
                        || earlier.iter().any(says::is_unclosed)
                            && is_on_next_line(source, last, at)
                        || is_first_of_next_line(source, last, at))
        });
        if last.is_some() {
            last = Some(at);
        }
        if is_echo {
            continue;
        }
        // Who closes something else leaves what is around it open.
        if said.code == "E1002"
            && has_closing(source, at)
            && let Some(around) = earlier.iter().position(|one| is_around(source, one))
        {
            kept.remove(of_item + around);
        }
        last = Some(at);
        kept.push(match said.code {
            "E1002" => at_culprit(source, said),
            _ => said,
        });
    }
    kept.sort_by_key(|said| said.place.span);
    kept
}

/// Whether something is closed behind this place, before the next item.
fn has_closing(source: &SourceFile, at: u32) -> bool {
    let rest = source.text().get(at as usize..).unwrap_or_default();
    let mut lines = rest.split('\n').skip(1).take_while(|line| !is_item_head(line));
    lines.any(|line| line.trim_start().starts_with(['}', ']', ')']))
}

/// An open block with the place of the one inside of it that lacks its end: that is where a bracket
/// closes which stands no deeper than the block around it begins.
fn at_culprit(source: &SourceFile, said: Diagnostic) -> Diagnostic {
    if !is_around(source, &said) {
        return said;
    }
    let start = said.place.span.start;
    let first = source.line_start(start);
    let mut open = vec![(start, indentation(source.slice(Span::new(first, start))))];
    let mut at = line_end(source, start) + 1;
    let rest = source.text().get(at as usize..).unwrap_or_default();
    for line in rest.split('\n').take_while(|line| !is_item_head(line)) {
        let trimmed = line.trim();
        let depth = indentation(line);
        if trimmed.starts_with(['}', ']', ')']) {
            let Some((last, deep)) = open.pop() else { break };
            if depth < deep {
                let place = Place { span: Span::new(last, last + 1), ..said.place };
                let opening = source.slice(place.span);
                let closing = match opening {
                    "(" => ")",
                    "[" => "]",
                    _ => "}",
                };
                return says::unclosed(place, opening, closing);
            }
        }
        if trimmed.ends_with(['{', '[', '(']) && !trimmed.starts_with("//") {
            let end = line.trim_end().len();
            open.push((at + u32::try_from(end).unwrap_or(1) - 1, depth));
        }
        at += u32::try_from(line.len()).unwrap_or(0) + 1;
    }
    said
}

/// How deep a line is indented.
fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn line_end(source: &SourceFile, at: u32) -> u32 {
    let rest = source.text().get(at as usize..).unwrap_or_default();
    let length = rest.find('\n').unwrap_or(rest.len());
    at + u32::try_from(length).unwrap_or(0)
}

/// Whether the line before this one has the last mistake.
fn is_on_next_line(source: &SourceFile, last: u32, at: u32) -> bool {
    let start = source.line_start(at);
    let between = source.slice(Span::new(line_end(source, last).min(start), start));
    last < start && between.trim().is_empty()
}

/// The same, of the first word of a line.
fn is_first_of_next_line(source: &SourceFile, last: u32, at: u32) -> bool {
    let before = source.slice(Span::new(source.line_start(at), at));
    before.trim().is_empty() && is_on_next_line(source, last, at)
}

/// Whether something is open whose entries stand in lines of their own.
fn is_around(source: &SourceFile, said: &Diagnostic) -> bool {
    let span = said.place.span;
    said.code == "E1002"
        && source.slice(Span::new(span.end, line_end(source, span.end))).trim().is_empty()
}
