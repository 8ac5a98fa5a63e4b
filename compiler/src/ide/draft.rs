//! The item around the cursor as it would read with a name at the cursor: `prop = ` becomes
//! `prop = cursor`, so that the parser has something to hang the question on.
//!
//! Knows text and brackets only. One item is taken, however broken the rest of the file is.

use crate::source::Span;
use crate::syntax::scan::{Open, Scan, is_item_head, scan};

/// What stands at the cursor for the parser.
const NAME: &str = "cursor_";

/// What can be completed at a place of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Draft {
    /// The head of an item: nothing stands before it.
    Head(Span),
    /// The name after `@`, with what it stands before.
    Annotation(Inside),
    /// Something inside of an item.
    Inside(Inside),
}

/// See [`Draft::Inside`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inside {
    /// The item with the name in it.
    pub(super) item: String,
    /// An offset of the item that is inside of the name.
    pub(super) at: u32,
    /// What the completion takes the place of, in the whole text.
    pub(super) word: Span,
    /// The entry has no value yet: what is completed has to bring it.
    pub(super) is_bare: bool,
    /// An item's head can stand here, too.
    pub(super) is_head: bool,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The draft for this cursor; nothing in comments, and where the text has no such offset.
pub(super) fn draft(text: &str, cursor: u32) -> Option<Draft> {
    let cursor = cursor as usize;
    let (before, after) = text.split_at_checked(cursor)?;
    let start = item_start(before);
    let own = before.get(start..)?;
    let found = scan(own);
    if found.too_deep.is_some() || in_comment(own, &found) {
        return None;
    }
    let end = cursor + item_end(after);
    let cut = Cut { text, start, end, cursor };
    match found.open.last() {
        Some(Open::Line) => cut.in_string(found.strings.last()?.start),
        Some(Open::Block) => None,
        open => cut.in_code(open.copied()),
    }
}

/// Where the item around the end of this text begins: the last line that is an item's head.
fn item_start(before: &str) -> usize {
    let mut end = before.len();
    loop {
        let start = before.get(..end).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
        if is_item_head(before.get(start..).unwrap_or_default()) {
            return start;
        }
        match start.checked_sub(1) {
            Some(newline) => end = newline,
            None => return 0,
        }
    }
}

/// Where the next item begins.
fn item_end(after: &str) -> usize {
    let mut lines = after.match_indices('\n').map(|(at, _)| at + 1);
    lines.find(|at| is_item_head(after.get(*at..).unwrap_or_default())).unwrap_or(after.len())
}

fn in_comment(text: &str, found: &Scan) -> bool {
    let ends = |comment: &crate::syntax::ast::Comment| {
        comment.span.end as usize == text.trim_end_matches([' ', '\t']).len()
            && comment.text.starts_with("//")
    };
    found.open_comment.is_some()
        || found.comments.last().is_some_and(ends)
        || found.documentation.last().is_some_and(ends)
}

struct Cut<'t> {
    text: &'t str,
    start: usize,
    end: usize,
    cursor: usize,
}

impl Cut<'_> {
    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The word around the cursor.
    fn word(&self) -> (usize, usize) {
        let before = self.part(self.start, self.cursor);
        let from = self.start + before.trim_end_matches(is_word).len();
        let after = self.part(self.cursor, self.end);
        let rest = after.trim_start_matches(is_word);
        (from, self.end - rest.len())
    }

    fn inside(&self, from: usize, to: usize, put: &str) -> Inside {
        let mut item = String::with_capacity(self.end - self.start + put.len());
        item.push_str(self.part(self.start, from));
        let at = item.len() + put.find(NAME).unwrap_or(0) + 1;
        item.push_str(put);
        item.push_str(self.part(to, self.end));
        let word = Span::new(offset(from), offset(to));
        Inside { item, at: offset(at), word, is_bare: false, is_head: false }
    }

    /// The line of the cursor, so much of it before the word, and the item behind it.
    fn before_item(&self, line: usize) -> Self {
        let (from, _) = self.word();
        let after = self.text.get(self.end..).unwrap_or_default();
        let head = after.find('\n').map_or(after.len(), |at| at + 1);
        let rest = after.get(head..).unwrap_or_default();
        Self { start: from - line, end: self.end + head + item_end(rest), ..*self }
    }

    /// The rest of the line behind a place.
    fn rest(&self, from: usize) -> &str {
        self.part(from, self.end).split('\n').next().unwrap_or_default().trim_end_matches('\r')
    }

    /// Between quotes: all of what stands there is completed.
    fn in_string(&self, open: u32) -> Option<Draft> {
        // The scan began at the item, so the string's place is counted from there.
        let open = self.start + open as usize;
        let from = open + 1;
        if self.part(open, open + 2).starts_with("r\"")
            || self.part(from, self.cursor).contains("${")
        {
            return None;
        }
        let rest = self.rest(self.cursor);
        let close = rest.find('"').filter(|at| !rest.get(..*at).is_some_and(|t| t.contains("${")));
        let (to, put) = match close {
            Some(at) => (self.cursor + at, NAME.to_owned()),
            None => (self.cursor, format!("{NAME}\"")),
        };
        Some(Draft::Inside(self.inside(from, to, &put)))
    }

    fn in_code(&self, open: Option<Open>) -> Option<Draft> {
        let (from, to) = self.word();
        let word = Span::new(offset(from), offset(to));
        let before = self.part(self.start, from);
        let line = before.rsplit('\n').next().unwrap_or_default();
        if before.ends_with('@') {
            // Items and the members of types have them; entries of other blocks don't.
            return (open.is_none() || is_type(before)).then(|| {
                Draft::Annotation(match open {
                    None => self.before_item(line.len()).inside(from, to, NAME),
                    Some(_) => self.inside(from, to, NAME),
                })
            });
        }
        let goes_on = awaits(before);
        let is_head = line.trim().is_empty() && !goes_on;
        if is_head && open.is_none() {
            return Some(Draft::Head(word));
        }
        let rest = self.rest(to).trim_start();
        let in_block = open == Some(Open::Bracket(b'{'));
        let opens = line.trim().is_empty() || line.trim_end().ends_with(['{', ',']);
        let is_entry = in_block && !goes_on && (opens || line.trim() == "fixed");
        let is_bare =
            is_entry && (rest.is_empty() || rest.starts_with(['}', ',']) || rest.starts_with("//"));
        let is_workflow = before.trim_start().starts_with("workflow ");
        let put = if is_bare {
            format!("{NAME} = null")
        } else if is_workflow && !before.contains('{') && !self.rest(to).contains('{') {
            // Of what has no block yet nothing is known.
            format!("{NAME}{}", closing(before))
        } else if open == Some(Open::Interpolation) && !rest.starts_with('}') {
            let quote = if rest.contains('"') { "" } else { "\"" };
            format!("{NAME}}}{quote}")
        } else {
            NAME.to_owned()
        };
        let inside = self.inside(from, to, &put);
        Some(Draft::Inside(Inside { is_bare, is_head: is_head && line.is_empty(), ..inside }))
    }
}

/// What closes the parameters that are open, and the block of their workflow.
fn closing(before: &str) -> &'static str {
    match scan(before).open.last() {
        Some(Open::Bracket(b'(')) => ") { }",
        _ => " { }",
    }
}

/// Whether an item declares a type.
fn is_type(item: &str) -> bool {
    let mut words = item.split_whitespace();
    let first = words.next();
    let second = if first == Some("abstract") { words.nth(1) } else { words.next() };
    second == Some("type")
}

/// Whether the text, which a line may have ended, waits for an operand.
fn awaits(before: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = before.rsplit('\n').next().unwrap_or_default();
    let before = before.trim_end();
    let line = before.rsplit('\n').next().unwrap_or_default();
    // What waits in a line above that is not indented less was left for later.
    if own.trim().is_empty() && own.len() <= indent(line) {
        return false;
    }
    let last = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    let words = ["and", "or", "not", "in", "then", "else", "if", "where", "via"];
    before.ends_with(['=', '+', '-', '*', '/', '(', '[', ':', '|', '.']) && !before.ends_with("*/")
        || before.ends_with("->")
        || before.ends_with("??")
        || words.contains(&last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::*;

    fn inside(marked: &str) -> Inside {
        let at = marked.find("$0").unwrap();
        match draft(&marked.replace("$0", ""), offset(at)).unwrap() {
            Draft::Inside(inside) => inside,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_item_is_taken() {
        let found = inside("node a: T {\n  x = 1\n\nnode b: T {\n  y$0\n\nnode c: T { }\n");
        assert_eq!(found.item, "node b: T {\n  cursor_ = null\n\n");
        assert!(found.is_bare);
    }

    #[test]
    fn what_has_a_value_keeps_it() {
        let found = inside("node b: T {\n  na$0me = 1\n}\n");
        assert_eq!(found.item, "node b: T {\n  cursor_ = 1\n}\n");
        assert!(!found.is_bare);
        assert_eq!((found.word.start, found.word.end), (14, 18));
    }

    #[test]
    fn strings_are_closed() {
        assert_eq!(inside("const a = \"b$0\n").item, "const a = \"cursor_\"\n");
        assert_eq!(inside("const a = \"b$0c\" ").item, "const a = \"cursor_\" ");
        assert_eq!(inside("const a = \"x ${b$0\n").item, "const a = \"x ${cursor_}\"\n");
        assert_eq!(inside("const a = \"x ${b$0} y\"\n").item, "const a = \"x ${cursor_} y\"\n");
    }

    #[test]
    fn heads_annotations_and_comments() {
        assert_eq!(draft("no", 2), Some(Draft::Head(Span::new(0, 2))));
        let Some(Draft::Annotation(found)) = draft("node type T {\n  @re", 19) else {
            panic!("an annotation")
        };
        assert_eq!(
            (found.item.as_str(), found.word),
            ("node type T {\n  @cursor_", Span::new(17, 19))
        );
        let text = "const a = 1\n@re\nnode b: T\n\nconst c = 2\n";
        let Some(Draft::Annotation(found)) = draft(text, 15) else { panic!("an annotation") };
        assert_eq!(found.item, "@cursor_\nnode b: T\n\n");
        assert_eq!(draft("// no", 5), None);
        assert_eq!(draft("/// no", 6), None);
        assert_eq!(draft("/* no", 5), None);
        assert_eq!(draft("é", 1), None);
    }
}
