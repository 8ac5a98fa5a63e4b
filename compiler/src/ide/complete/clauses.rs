//! Words that go on behind what is whole: `for`, `where`, `via` and their like.
//!
//! Goes by words alone: what is broken there has no tree to ask.

use super::{Completion, CompletionKind, List};
use crate::ide::draft::Inside;
use crate::syntax::scan::{Open, scan};

/// A word behind one of these is something else than a clause.
const AWAITING: &[&str] = &[
    "for",
    "if",
    "in",
    "by",
    "where",
    "else",
    "then",
    "and",
    "or",
    "not",
    "via",
    "using",
    "extends",
    "as",
    "substitutes",
    "from",
    "implements",
    "check",
    "assert",
];

/// What begins a line that goes on with the one above.
const GOES_ON: &[&str] = &["for", "if", "using", "where", "else", "via", "extends", "by"];

/// What is known of the text before the cursor.
#[derive(Debug, PartialEq, Eq)]
struct Before {
    /// The innermost bracket that is open.
    open: Option<char>,
    /// What stands before the cursor in it, on its line: strings are `""` and closed brackets `()`.
    line: String,
    /// What stands before each bracket that is open, on its line.
    heads: Vec<String>,
}

/// Whether a block around the cursor has this head.
pub(super) fn is_in_block(inside: &Inside, head: &str) -> bool {
    let text = inside.item.get(..(inside.at as usize).saturating_sub(1)).unwrap_or_default();
    let found = before(text);
    found.is_some_and(|found| found.heads.iter().any(|own| own.trim().ends_with(head)))
}

impl List<'_, '_> {
    /// Words that go on behind what is whole on its line.
    pub(super) fn clauses(&mut self, inside: &Inside) {
        let before = inside.item.get(..(inside.at as usize).saturating_sub(1)).unwrap_or_default();
        let Some(Before { open, line, .. }) = self::before(before) else { return };
        let is_workflow = before.trim_start().starts_with("workflow ");
        let found =
            if is_workflow && open == Some('{') { steps(&line) } else { words(open, &line) };
        for word in found {
            let made =
                Completion::new(word, CompletionKind::Keyword, 0).snippet(&format!("{word} "));
            self.found.push(made);
        }
    }
}

/// Nothing in strings.
fn before(text: &str) -> Option<Before> {
    let found = scan(text);
    if found.open.iter().any(|open| !matches!(open, Open::Bracket(_))) {
        return None;
    }
    let mut out = String::new();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut at = 0;
    let comments = found.comments.iter().chain(&found.documentation);
    let mut passed: Vec<(usize, usize, &str)> =
        comments.map(|it| (it.span.start as usize, it.span.end as usize, "")).collect();
    passed.extend(found.strings.iter().map(|it| (it.start as usize, it.end as usize, "\"\"")));
    passed.sort_unstable();
    let mut passed = passed.into_iter().peekable();
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        // What is in a string that was passed is passed with it.
        while passed.next_if(|(start, ..)| *start < at).is_some() {}
        if let Some((_, end, stands)) = passed.next_if(|(start, ..)| *start == at) {
            out.push_str(stands);
            at = end.max(at + c.len_utf8());
            continue;
        }
        at += c.len_utf8();
        match c {
            '(' | '[' | '{' => {
                out.push(c);
                open.push((c, out.len()));
            }
            ')' | ']' | '}' => {
                if let Some((_, start)) = open.pop() {
                    out.truncate(start.saturating_sub(1));
                    out.push_str("()");
                }
            }
            c => out.push(c),
        }
    }
    let (bracket, start) = open.last().copied().map_or((None, 0), |(c, at)| (Some(c), at));
    let own = out.get(start..).unwrap_or_default();
    let heads = open.iter().map(|(_, at)| {
        let text = out.get(..at.saturating_sub(1)).unwrap_or_default();
        text.rsplit(['\n', '{']).next().unwrap_or_default().to_owned()
    });
    let heads = heads.collect();
    let steps = text.trim_start().starts_with("workflow ");
    Some(Before { open: bracket, line: last_line(own, bracket == Some('{'), steps), heads })
}

/// The last line, with those above that it goes on with.
fn last_line(text: &str, is_block: bool, are_steps: bool) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.rsplit('\n') {
        lines.push(line);
        let first = line.split_whitespace().next().unwrap_or_default();
        // The word at the cursor may be all of its line, and go on with the one above.
        // A workflow's `for` and `if` begin a step.
        let goes_on = if are_steps {
            first == "else"
        } else {
            GOES_ON.contains(&first) || lines.len() == 1 && first.is_empty()
        };
        if !goes_on {
            break;
        }
    }
    lines.reverse();
    let line = lines.join(" ");
    let own = if is_block { line.rsplit(',').next().unwrap_or_default() } else { &line };
    own.to_owned()
}

fn words(open: Option<char>, line: &str) -> Vec<&'static str> {
    let is_apart = line.is_empty() || line.ends_with([' ', '\t', ')', '"']);
    // `:` stands by its name, `=` where it likes.
    let parted = line.replace(':', " : ").replace(',', " , ");
    let words: Vec<&str> = parted.split_whitespace().collect();
    let Some(last) = words.last().copied().filter(|_| is_apart) else { return Vec::new() };
    if binds(&words) {
        return vec!["in"];
    }
    if AWAITING.contains(&last) || is_operator(last) {
        return Vec::new();
    }
    match open {
        None | Some('{') => behind(&words),
        Some('[') => in_list(&words),
        Some(_) => Vec::new(),
    }
}

/// Behind a step.
fn steps(line: &str) -> Vec<&'static str> {
    let is_apart = line.ends_with([' ', '\t', ')', '"']);
    let parted = line.replace(',', " , ");
    let words: Vec<&str> = parted.split_whitespace().collect();
    let Some(last) = words.last().copied().filter(|_| is_apart) else { return Vec::new() };
    let has = |word: &str| words.contains(&word);
    match words.as_slice() {
        ["on"] => vec!["failure", "cancel"],
        ["if", .., "else"] => vec!["if"],
        ["if", .., "()"] if words.len() > 2 && !is_last_else(&words) => vec!["else"],
        _ if binds(&words) => vec!["in"],
        _ if AWAITING.contains(&last) || is_operator(last) => Vec::new(),
        ["for", ..] if has("in") && !has("max") => vec!["max"],
        ["wait", "until", _, ..] if !has("timeout") => vec!["timeout"],
        _ => Vec::new(),
    }
}

/// Whether nothing goes on behind the last block: it is an `else`'s.
fn is_last_else(words: &[&str]) -> bool {
    matches!(words, [.., "else", "()"])
}

/// `for c`, `for k, v`: the names are there, and what they go over is not.
fn binds(words: &[&str]) -> bool {
    match words {
        [.., "for", a, ",", b] => is_name(a) && is_name(b),
        [.., "for", a] => is_name(a),
        _ => false,
    }
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !AWAITING.contains(&word)
}

/// What waits for an operand: `=`, `->`, `>`, `a ==`; a type's own `>` and `?` end something.
fn is_operator(word: &str) -> bool {
    word.ends_with(['=', '+', '-', '*', '/', '|', ':', ',', '.', '<', '@', '&'])
        || word.chars().all(|c| matches!(c, '>' | '?' | '-' | '='))
}

/// In a comprehension.
fn in_list(words: &[&str]) -> Vec<&'static str> {
    let from = words.iter().rposition(|word| *word == ",").map_or(0, |at| at + 1);
    let own = words.get(from..).unwrap_or_default();
    // `for k, v in x` has a comma of its own.
    match words.iter().rposition(|word| *word == "for") {
        Some(at) if words.get(at..).is_some_and(|of| of.contains(&"if")) => Vec::new(),
        Some(_) => vec!["if"],
        None if own.is_empty() || own.first().is_some_and(|word| word.starts_with("...")) => {
            Vec::new()
        }
        None => vec!["for"],
    }
}

/// Behind an item or an entry.
fn behind(words: &[&str]) -> Vec<&'static str> {
    let has = |word: &str| words.contains(&word);
    let kind = match words {
        ["abstract", "node", "type", ..] => "type",
        [kind, "type", ..] if *kind != "data" => "type",
        ["data", "type", ..] => "data",
        [first, ..] => first,
        [] => return Vec::new(),
    };
    let is_typed = has(":") || has("=");
    match kind {
        "node" if has(":") => node(words),
        "type" if words.len() > 2 && !has("extends") => vec!["extends"],
        "data" if has("=") => wheres(words),
        "secret" if is_typed && !has("from") && !has("=") && !has("where") => {
            vec!["from", "where"]
        }
        "input" | "secret" | "output" | "property" | "attribute" | "capability" if is_typed => {
            wheres(words)
        }
        "requires" if has(":") => requirement(words),
        "check" | "assert" if !has("else") => vec!["else"],
        "use" if !has("as") && !words.contains(&"()") => vec!["as"],
        "implements" if !has("as") => vec!["as"],
        "blueprint" if has("substitutes") => wheres(words),
        "blueprint" => vec!["substitutes"],
        _ if has("->") => requirement(words),
        // A field of a data type.
        _ if words.get(1) == Some(&":") => wheres(words),
        _ => Vec::new(),
    }
}

/// The head of a node template: `T [using x] [if e] [for x in xs [by k] [if e]]`.
fn node(words: &[&str]) -> Vec<&'static str> {
    let head = words.iter().position(|word| *word == ":").unwrap_or(0);
    let words = words.get(head..).unwrap_or_default();
    let has = |word: &str| words.contains(&word);
    if words.contains(&"()") && words.last() == Some(&"()") && !has("for") && !has("if") {
        return Vec::new();
    }
    let mut found = Vec::new();
    match words.iter().position(|word| *word == "for") {
        None => {
            found.push("for");
            if !has("if") {
                found.push("if");
            }
        }
        Some(at) => {
            let behind = words.get(at..).unwrap_or_default();
            if !behind.contains(&"by") && !behind.contains(&"if") {
                found.push("by");
            }
            if !behind.contains(&"if") {
                found.push("if");
            }
        }
    }
    if !has("using") {
        found.push("using");
    }
    found
}

/// `[via R] [where e [else m]]`.
fn requirement(words: &[&str]) -> Vec<&'static str> {
    let is_plain = !words.contains(&"via") && !words.contains(&"where");
    let via = is_plain.then_some("via");
    via.into_iter().chain(wheres(words)).collect()
}

/// `[where e [else m]]`, any number of them.
fn wheres(words: &[&str]) -> Vec<&'static str> {
    let last = words.iter().rev().find(|word| matches!(**word, "where" | "else"));
    match last {
        Some(&"where") => vec!["else", "where"],
        _ => vec!["where"],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn told(text: &str) -> Vec<&'static str> {
        before(text).map(|found| words(found.open, &found.line)).unwrap_or_default()
    }

    #[test]
    fn strings_and_closed_brackets_are_one_word() {
        let found = before("a { b = [1, { c = \"} ${d}\" }] ").unwrap();
        assert_eq!(
            found,
            Before { open: Some('{'), line: " b = () ".into(), heads: vec!["a ".into()] }
        );
        assert_eq!(before("a \"b "), None);
        let found = before("f(\"${a /* b */}\", \"(\") ").unwrap();
        assert_eq!(found, Before { open: None, line: "f() ".into(), heads: Vec::new() });
        assert_eq!(
            before("a // {\nb ").unwrap(),
            Before { open: None, line: "b ".into(), heads: Vec::new() }
        );
    }

    #[test]
    fn nothing_goes_on_behind_what_waits() {
        for text in [
            "node q: T for ",
            "node q: T if ",
            "input a: int = ",
            "a -> ",
            "input a: int where x > ",
        ] {
            assert_eq!(told(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn each_kind_has_its_own() {
        for (text, wanted) in [
            ("node q: T for c ", &["in"][..]),
            ("node q: T for k, v ", &["in"]),
            ("node q: T for c in cs ", &["by", "if", "using"]),
            ("node q: T\n  for c in cs\n  ", &["by", "if", "using"]),
            ("node q: T if a ", &["for", "using"]),
            ("input a: list<int> ", &["where"]),
            ("input a: int? = 2 ", &["where"]),
            ("input a: int where self > 1 ", &["else", "where"]),
            ("input a: string where matches(self, r\"^a$\") ", &["else", "where"]),
            ("input a: int where a else \"b\" ", &["where"]),
            ("x {\n  host -> a ", &["via", "where"]),
            ("x {\n  host -> a via R { b = 1 } ", &["where"]),
            ("x {\n  a = 1\n  host -> a where b ", &["else", "where"]),
            ("const x = [a ", &["for"]),
            ("const x = [a for a ", &["in"]),
            ("const x = [a for a in b ", &["if"]),
            ("const x = [f(a) ", &["for"]),
            ("const x = f(a ", &[]),
            ("use \"./a.bp\" ", &["as"]),
            ("node type T ", &["extends"]),
            ("node type T extends U ", &[]),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }
}
