//! What the functions of the grammar call, and the tree that they leave: the parser itself, without
//! knowledge of the language.
//!
//! A rule that stands at a place appends itself and what is in it to the tree; where it turns out not
//! to stand there, the tree is cut back. A part that fails has taken nothing.

#[cfg(test)]
mod tests;

use std::fmt;

use super::grammar::Rule;

/// How many rules that may hold themselves can be open at once. Deeper texts are refused: each takes
/// some of the stack, and a level of brackets has about ten.
const MOST_OPEN: u32 = 3_000;
/// What stands where the text ends: no byte of UTF-8.
const END: u8 = u8::MAX;

/// One rule that was found: those in it follow, up to `after`.
#[derive(Clone, Copy, Debug)]
struct Node {
    rule: Rule,
    start: u32,
    end: u32,
    after: u32,
}

/// What was found in a text, in the order of their starts.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Node>,
}

/// Why there is no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The rule does not stand there.
    Absent,
    /// Too many rules were open here.
    TooDeep(usize),
}

/// What stands at the start of the text; it may end before the text does.
pub(crate) fn parse(rule: Rule, text: &str) -> Result<Tree<'_>, Failed> {
    let mut parser = Parser {
        text,
        at: 0,
        // A rule for each eight bytes is usual.
        nodes: Vec::with_capacity(text.len() / 8),
        ahead: 0,
        is_atomic: false,
        open: 0,
        too_deep: None,
    };
    let found = rule.of(&mut parser);
    match parser.too_deep {
        Some(at) => Err(Failed::TooDeep(at)),
        None if found => Ok(Tree { text, nodes: parser.nodes }),
        None => Err(Failed::Absent),
    }
}

/// A text on its way to a tree.
pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    nodes: Vec<Node>,
    /// How many look-aheads are open: what they find is not kept.
    ahead: u32,
    /// Whether what stands in the rule is not kept.
    is_atomic: bool,
    /// How many rules are open that may hold themselves.
    open: u32,
    /// Where there were too many of them.
    too_deep: Option<usize>,
}

impl Parser<'_> {
    /// The next byte.
    #[inline]
    pub(super) fn next(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(END)
    }

    /// Takes the next byte, where it is one of those that were looked for.
    #[inline]
    pub(super) fn byte(&mut self, is: bool) -> bool {
        self.at += usize::from(is);
        is
    }

    /// Takes all bytes that are so.
    #[inline]
    pub(super) fn bytes(&mut self, is: impl Fn(u8) -> bool) -> bool {
        while is(self.next()) {
            self.at += 1;
        }
        true
    }

    /// Whether this text stands here.
    #[inline]
    pub(super) fn stands(&self, text: &str) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        rest.starts_with(text.as_bytes())
    }

    /// Takes the next character, where it is one from the first of these to the last.
    #[inline]
    pub(super) fn character(&mut self, from: &str, to: &str) -> bool {
        let Some(next) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return false;
        };
        let bound = |text: &str| text.chars().next();
        let is =
            bound(from).is_some_and(|from| from <= next) && bound(to).is_some_and(|to| next <= to);
        if is {
            self.at += next.len_utf8();
        }
        is
    }

    /// Takes this text.
    #[inline]
    pub(super) fn text(&mut self, text: &str) -> bool {
        let is = self.stands(text);
        if is {
            self.at += text.len();
        }
        is
    }

    /// Takes all up to the first of these texts, or to the end.
    pub(super) fn skip(&mut self, until: &[&str]) -> bool {
        while self.next() != END && !until.iter().any(|text| self.stands(text)) {
            self.any();
        }
        true
    }

    /// Takes any character.
    #[inline]
    pub(super) fn any(&mut self) -> bool {
        // How many bytes a character has, its first one tells.
        self.at += match self.next() {
            END => return false,
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        true
    }

    /// Whether nothing was taken yet.
    pub(super) fn start(&self) -> bool {
        self.at == 0
    }

    /// Whether nothing is left.
    pub(super) fn end(&mut self) -> bool {
        self.next() == END && self.rule(Rule::EOI, |_| true)
    }

    /// Whether it stands here, without taking it.
    #[inline]
    pub(super) fn ahead(&mut self, part: impl FnOnce(&mut Self) -> bool) -> bool {
        let at = self.at;
        self.ahead += 1;
        let found = part(self);
        self.ahead -= 1;
        self.at = at;
        found
    }

    /// All of several parts, or none of them.
    #[inline]
    pub(super) fn sequence(&mut self, parts: impl FnOnce(&mut Self) -> bool) -> bool {
        let (at, length) = (self.at, self.nodes.len());
        let found = parts(self);
        if !found {
            self.at = at;
            self.nodes.truncate(length);
        }
        found
    }

    /// A rule, with the rules in it as the rule around it has them.
    #[inline]
    pub(super) fn rule(&mut self, rule: Rule, inner: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.ahead > 0 || self.is_atomic {
            return inner(self);
        }
        let (start, own) = (self.offset(), self.nodes.len());
        self.nodes.push(Node { rule, start, end: start, after: 0 });
        let found = inner(self);
        if found {
            let (end, after) = (self.offset(), u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
            if let Some(node) = self.nodes.get_mut(own) {
                node.end = end;
                node.after = after;
            }
        } else {
            self.nodes.truncate(own);
        }
        found
    }

    /// A rule without those in it.
    #[inline]
    pub(super) fn atomic(&mut self, rule: Rule, inner: impl FnOnce(&mut Self) -> bool) -> bool {
        self.rule(rule, |p| p.kept(true, inner))
    }

    /// A rule with those in it, wherever it stands.
    #[inline]
    pub(super) fn compound(&mut self, rule: Rule, inner: impl FnOnce(&mut Self) -> bool) -> bool {
        self.kept(false, |p| p.rule(rule, inner))
    }

    #[inline]
    fn kept(&mut self, is_atomic: bool, inner: impl FnOnce(&mut Self) -> bool) -> bool {
        let around = std::mem::replace(&mut self.is_atomic, is_atomic);
        let found = inner(self);
        self.is_atomic = around;
        found
    }

    /// A rule that may hold itself.
    #[inline]
    pub(super) fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.open == MOST_OPEN {
            self.too_deep.get_or_insert(self.at);
            // Nothing more stands anywhere: all that is open ends soon.
            self.text = "";
            return false;
        }
        self.open += 1;
        let found = inner(self);
        self.open -= 1;
        found
    }

    fn offset(&self) -> u32 {
        super::lowering::offset(self.at)
    }
}

/// One rule that was found in a text.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'t> {
    tree: &'t Tree<'t>,
    node: Node,
    /// Where it stands in the tree.
    own: usize,
}

impl<'t> Pair<'t> {
    pub(crate) fn as_rule(&self) -> Rule {
        self.node.rule
    }

    pub(crate) fn as_str(&self) -> &'t str {
        let range = self.node.start as usize..self.node.end as usize;
        self.tree.text.get(range).unwrap_or_default()
    }

    /// Where it starts, in bytes.
    pub(crate) fn start(&self) -> u32 {
        self.node.start
    }

    /// Where it ends, in bytes.
    pub(crate) fn end(&self) -> u32 {
        self.node.end
    }

    /// The rules that stand in it.
    pub(crate) fn into_inner(self) -> Pairs<'t> {
        Pairs { tree: self.tree, next: self.own + 1, end: self.node.after as usize }
    }
}

impl fmt::Debug for Pair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.as_rule(), self.as_str())?;
        f.debug_list().entries(self.into_inner()).finish()
    }
}

/// Rules that follow each other.
#[derive(Clone)]
pub(crate) struct Pairs<'t> {
    tree: &'t Tree<'t>,
    next: usize,
    end: usize,
}

impl<'t> Pairs<'t> {
    /// The next of them, which stays.
    pub(crate) fn peek(&self) -> Option<Pair<'t>> {
        if self.next >= self.end {
            return None;
        }
        let node = *self.tree.nodes.get(self.next)?;
        Some(Pair { tree: self.tree, node, own: self.next })
    }
}

impl<'t> Iterator for Pairs<'t> {
    type Item = Pair<'t>;

    fn next(&mut self) -> Option<Pair<'t>> {
        let pair = self.peek()?;
        self.next = pair.node.after as usize;
        Some(pair)
    }
}

impl Tree<'_> {
    /// The rules of which no other holds them.
    pub(crate) fn pairs(&self) -> Pairs<'_> {
        Pairs { tree: self, next: 0, end: self.nodes.len() }
    }
}
