//! The tags of a template's text, before it is parsed: their places, and whether blocks match.
//!
//! So mistakes of blocks stand at the block, and no text makes the parser's stack deep.

use super::{MAX_NESTING, MAX_TAGS, MAX_TEXT, Mistake, MistakeKind, Span};

/// How deep brackets of one tag may nest.
const MAX_BRACKETS: usize = 16;

/// A tag that stands for a node of the tree: what prints, opens a block or goes on with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// With its braces.
    pub(super) span: Span,
}

struct Open {
    name: String,
    span: Span,
    /// Its `{{else if}}`s nest, too.
    levels: usize,
    /// Nothing but the end may follow a plain `{{else}}`.
    has_else: bool,
}

/// The tags in the order of the text, or the first mistake that needs no grammar to see.
pub(super) fn tags(text: &str) -> Result<Vec<Tag>, Mistake> {
    if text.len() > MAX_TEXT {
        let message = format!("a template has at most {} MiB of text", MAX_TEXT >> 20);
        let help = "make several templates of it, or take what is fixed in with `read(\"…\")`";
        return Err(mistake(0..0, MistakeKind::TooLarge, message, help));
    }
    let mut scan = Scan { text, tags: Vec::new(), open: Vec::new(), count: 0 };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find("{{")) {
        at = scan.tag(at + found)?;
    }
    if let Some(open) = scan.open.pop() {
        let message = format!("`{{{{#{}}}}}` is never closed", open.name);
        let help = format!("write `{{{{/{}}}}}` where it ends", open.name);
        return Err(mistake(open.span, MistakeKind::Syntax, message, help));
    }
    Ok(scan.tags)
}

pub(super) fn mistake(
    span: Span,
    kind: MistakeKind,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Mistake {
    Mistake { span, kind, message: message.into(), help: help.into() }
}

struct Scan<'t> {
    text: &'t str,
    tags: Vec<Tag>,
    open: Vec<Open>,
    count: usize,
}

impl Scan<'_> {
    /// Takes the tag that begins here in; gives where the text goes on.
    fn tag(&mut self, start: usize) -> Result<usize, Mistake> {
        let before = self.text.get(..start).unwrap_or_default();
        let rest = self.text.get(start..).unwrap_or_default();
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        if backslashes == 1 {
            // `\{{` is text.
            return Ok(start + if rest.starts_with("{{{{") { 4 } else { 2 });
        }
        self.count += 1;
        if self.count > MAX_TAGS {
            let message = format!("a template has at most {MAX_TAGS} tags");
            let help = "make several templates of it, or go through lists with `{{#each}}`";
            return Err(mistake(start..start + 2, MistakeKind::TooLarge, message, help));
        }
        if rest.starts_with("{{!") {
            let end = if rest.starts_with("{{!--") { "--}}" } else { "}}" };
            return match rest.find(end) {
                Some(found) => Ok(start + found + end.len()),
                None => Err(unclosed(start, "this comment", end)),
            };
        }
        if rest.starts_with("{{{{") {
            return self.raw(start);
        }
        let end = self.end(start)?;
        let inside = self.text.get(start + 2..end - 2).unwrap_or_default();
        let inside = inside.trim_matches(|c: char| c == '~' || c == '{' || c == '}').trim();
        let span = start..end;
        match inside.chars().next() {
            Some('#') => {
                self.tags.push(Tag { span: span.clone() });
                let name = word(inside.trim_start_matches(['#', '*', '>', ' ']));
                self.open.push(Open { name: name.to_owned(), span, levels: 1, has_else: false });
            }
            Some('/') => self.close(word(inside.trim_start_matches('/').trim()), span.clone())?,
            _ if is_else(inside) => self.otherwise(inside, span.clone())?,
            _ => self.tags.push(Tag { span: span.clone() }),
        }
        let levels: usize = self.open.iter().map(|open| open.levels).sum();
        if levels > MAX_NESTING {
            let message = format!("blocks nest more than {MAX_NESTING} deep here");
            let help = "work the value out in the blueprint, and give the template the result";
            return Err(mistake(start..end, MistakeKind::TooLarge, message, help));
        }
        Ok(end)
    }

    /// Where the tag that begins here ends.
    fn end(&self, start: usize) -> Result<usize, Mistake> {
        let rest = self.text.get(start..).unwrap_or_default();
        let mut quote = None;
        let mut depth = 0_usize;
        let mut escaped = false;
        for (at, byte) in rest.bytes().enumerate().skip(2) {
            match (quote, byte) {
                (Some(_), _) if escaped => escaped = false,
                (Some(_), b'\\') => escaped = true,
                (Some(open), _) => quote = (open != byte).then_some(open),
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'(' | b'[') => {
                    depth += 1;
                    if depth > MAX_BRACKETS {
                        let message = format!("brackets nest more than {MAX_BRACKETS} deep here");
                        let help = "work the value out in the blueprint";
                        let span = start..start + at + 1;
                        return Err(mistake(span, MistakeKind::TooLarge, message, help));
                    }
                }
                (None, b')' | b']') => depth = depth.saturating_sub(1),
                (None, b'{') if at > 3 => {
                    let message = "there is a `{` inside of this tag";
                    let help = "close the tag before with `}}`; what a template needs is computed in the blueprint";
                    return Err(mistake(start..start + at, MistakeKind::Syntax, message, help));
                }
                (None, b'}') => {
                    let braces = rest.bytes().skip(at).take_while(|b| *b == b'}').count();
                    let wanted =
                        if rest.starts_with("{{{") || rest.starts_with("{{~{") { 3 } else { 2 };
                    let tilde = rest.get(at..).is_some_and(|rest| rest.starts_with("}~}}"));
                    return match braces {
                        _ if tilde => Ok(start + at + 4),
                        _ if braces >= wanted => Ok(start + at + wanted),
                        _ => {
                            Err(unclosed(start, "this tag", if wanted == 3 { "}}}" } else { "}}" }))
                        }
                    };
                }
                _ => {}
            }
        }
        Err(unclosed(start, "this tag", "}}"))
    }

    /// `{{{{raw}}}} … {{{{/raw}}}}`: nothing in it is a tag.
    fn raw(&mut self, start: usize) -> Result<usize, Mistake> {
        let rest = self.text.get(start..).unwrap_or_default();
        let head = rest.find("}}}}").ok_or_else(|| unclosed(start, "this tag", "}}}}"))? + 4;
        let body = rest.get(head..).unwrap_or_default();
        let close = body.find("{{{{").map(|at| at + head);
        let end = close.and_then(|at| rest.get(at..)?.find("}}}}").map(|found| at + found + 4));
        let Some(end) = end else {
            let message = "this raw block is never closed";
            let help = "write `{{{{/raw}}}}` where it ends";
            return Err(mistake(start..start + head, MistakeKind::Syntax, message, help));
        };
        self.tags.push(Tag { span: start..start + head });
        Ok(start + end)
    }

    fn close(&mut self, name: &str, span: Span) -> Result<(), Mistake> {
        match self.open.pop() {
            Some(open) if open.name == name || name.is_empty() => Ok(()),
            Some(open) => {
                let message =
                    format!("`{{{{/{name}}}}}` closes nothing: `{{{{#{}}}}}` is open", open.name);
                let help = format!("write `{{{{/{}}}}}`, or close it before", open.name);
                Err(mistake(span, MistakeKind::Syntax, message, help))
            }
            None => {
                let message = format!("`{{{{/{name}}}}}` closes nothing: no block is open");
                let help = format!("remove it, or open a block with `{{{{#{name} …}}}}`");
                Err(mistake(span, MistakeKind::Syntax, message, help))
            }
        }
    }

    fn otherwise(&mut self, inside: &str, span: Span) -> Result<(), Mistake> {
        let is_chain = !inside.trim_start_matches("else").trim_start_matches('^').trim().is_empty();
        let Some(open) = self.open.last_mut() else {
            let help = "open a block with `{{#if x}}`, or remove it";
            return Err(mistake(span, MistakeKind::Syntax, "`{{else}}` stands in no block", help));
        };
        if open.has_else {
            let help = "one `{{else}}` is the last part of a block";
            return Err(mistake(
                span,
                MistakeKind::Syntax,
                "this block has an `{{else}}` already",
                help,
            ));
        }
        if is_chain {
            open.levels += 1;
            self.tags.push(Tag { span });
        } else {
            open.has_else = true;
        }
        Ok(())
    }
}

fn unclosed(start: usize, what: &str, end: &str) -> Mistake {
    let help = format!("write `{end}` where it ends, or `\\{{{{` for braces that are text");
    mistake(start..start + 2, MistakeKind::Syntax, format!("{what} is never closed"), help)
}

/// The first word.
fn word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == '~').next().unwrap_or_default()
}

fn is_else(inside: &str) -> bool {
    let after = inside.strip_prefix("else");
    let is_word = after.is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace));
    inside.starts_with('^') || is_word
}
