//! Forms that are borrowed from other languages where ours differ by a mark or a word: names with a `-`, a node
//! that is given in `( )`, `list(string)`, an operation or a block that is set by a path.
//!
//! It looks at what was said and at the line there, and at nothing of the grammar.

use super::called::closing;
use super::here::{Here, is_word, last_word, word_of};
use super::lowering::offset;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::slips::{between, foreign_form, misspelt};
use crate::source::SourceFile;

/// Words that begin items with a name.
const NAMED: [&str; 14] = [
    "blueprint",
    "node",
    "input",
    "secret",
    "const",
    "select",
    "policy",
    "group",
    "output",
    "expose",
    "workflow",
    "fn",
    "property",
    "attribute",
];

/// What the words of members are called elsewhere.
const MEMBERS: [(&str, &str); 6] = [
    ("prop", "property"),
    ("attr", "attribute"),
    ("cap", "capability"),
    ("req", "requires"),
    ("need", "requires"),
    ("needs", "requires"),
];

/// Units of text that a version is made of.
fn is_of_version(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The mistake as such a form, where it is one.
pub(super) fn form(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let here = Here::of(source, said)?;
    if said.code != "E1001" {
        return here.hyphenated().filter(|_| said.code == "E1006");
    }
    here.hyphenated()
        .or_else(|| here.version())
        .or_else(|| here.set_by_path())
        .or_else(|| here.member_word())
        .or_else(|| here.node_head())
        .or_else(|| here.type_in_parentheses())
        .or_else(|| here.block_of_target())
        .or_else(|| here.second_for())
        .or_else(|| here.locals())
        .or_else(|| here.parted_quantity())
}

impl Here<'_> {
    /// `blueprint my-shop`, `node web-1: T`.
    fn hyphenated(&self) -> Option<Diagnostic> {
        let line = format!("{}{}", self.before, self.rest);
        let head = line.trim_start();
        let word = word_of(head);
        let after = head.get(word.len()..)?;
        let name = after.trim_start();
        let length = name.find(|c| !is_of_name(c) && c != '-').unwrap_or(name.len());
        let shown = name.get(..length)?;
        let is_name = shown.starts_with(|c: char| c.is_ascii_lowercase())
            && shown.contains('-')
            && shown.ends_with(is_of_name);
        let ends = name.get(length..)?.trim_start();
        let is_head = ends.is_empty() || ends.starts_with([':', '{', '(', '=']);
        if !NAMED.contains(&word) || !is_name || !is_head {
            return None;
        }
        let start = line.len() - name.len();
        let at = self.in_line(start, start + length);
        let better = shown.replace('-', "_");
        // Wherever it is used, it is another name then.
        let is_alone = self.source.text().matches(shown).count() == 1;
        let edits = is_alone.then(|| vec![(at, better.clone())]);
        let help = format!("write `{better}`, here and wherever it is used");
        Some(foreign_form(at, "a name has letters, digits and `_`, and no `-`", &help, edits))
    }

    /// `version = 1.0.0`.
    fn version(&self) -> Option<Diagnostic> {
        if !self.awaits("a name after `.`") {
            return None;
        }
        let head = self.before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let first = self.before.get(head.len()..)?;
        let length = self.rest.find(|c| !is_of_version(c)).unwrap_or(self.rest.len());
        let written = format!("{first}{}", self.rest.get(..length)?);
        if !first.starts_with(|c: char| c.is_ascii_digit()) || !first.contains('.') {
            return None;
        }
        let start = head.len();
        let at = self.in_line(start, start + written.len());
        let quoted = format!("\"{written}\"");
        let help = format!("write `{quoted}`");
        let message = "a version stands between quotes";
        Some(foreign_form(at, message, &help, Some(vec![(at, quoted)])))
    }

    /// `lifecycle.create = script("x.sh")`, `endpoint.port = 80`.
    fn set_by_path(&self) -> Option<Diagnostic> {
        if !self.awaits("`=`, `:` or `->` after") || !self.rest.starts_with('.') {
            return None;
        }
        let first = last_word(self.before);
        let length = self.rest.find(|c| !is_of_name(c) && c != '.').unwrap_or(self.rest.len());
        let (path, after) = self.rest.split_at_checked(length)?;
        let value = after.trim_start().strip_prefix('=')?.trim_start();
        let start = self.before.len() - first.len();
        let at = self.in_line(start, self.before.len() + length);
        let name = path.trim_start_matches('.');
        if value.starts_with('=') || first.is_empty() || name.is_empty() {
            return None;
        }
        if first == "lifecycle" || value.starts_with("script(") {
            let edits = vec![(self.in_line(start, start), "operation ".to_owned())];
            let help = format!("write `operation {first}{path} = …`");
            let message = "an operation is given behind the word `operation`";
            return Some(foreign_form(at, message, &help, Some(edits)));
        }
        let help = format!("write `{first} = {{ {name} = … }}`, with all that is set of it");
        Some(foreign_form(at, "what is in a block is set with the block", &help, None))
    }

    /// `prop name: type`.
    fn member_word(&self) -> Option<Diagnostic> {
        let word = self.entry().trim_end();
        let (_, ours) = MEMBERS.iter().find(|(theirs, _)| *theirs == word)?;
        let after = self.rest.get(word_of(self.rest).len()..)?.trim_start();
        let awaits = format!("`=`, `:` or `->` after `{word}`");
        if !self.awaits(&awaits) || !after.starts_with(':') {
            return None;
        }
        let end = self.before.trim_end().len();
        Some(misspelt(self.in_line(end - word.len(), end), word, ours))
    }

    /// `node n = T { … }`, `node n: T with { … }`, `node n: T(p = 1)`, `node n: T[3]`.
    fn node_head(&self) -> Option<Diagnostic> {
        let line = format!("{}{}", self.before, self.rest);
        let head = line.trim_start();
        if !is_word(head, "node") {
            return None;
        }
        let name = word_of(head.get("node".len()..)?.trim_start());
        let ty = self.before.split_once(':').map_or("", |(_, ty)| ty.trim());
        let ty = if !ty.is_empty() && ty.chars().all(|c| is_of_name(c) || c == '.') {
            ty
        } else {
            "Type"
        };
        let form = format!("write `node {name}: {ty} {{ … }}`");
        if self.awaits("`node name") && name.starts_with(|c: char| c.is_ascii_uppercase()) {
            let after = head.get("node".len()..)?.trim_start().get(name.len()..)?.trim_start();
            let is_type = after.is_empty() || after.starts_with('{') || is_word(after, "extends");
            let at = self.in_line(line.len() - head.len(), line.len() - head.len() + "node".len());
            let edits = vec![(at, "node type".to_owned())];
            let message = "a type of nodes is declared with the word `type`";
            let help = format!("write `node type {name} {{ … }}`");
            return is_type.then(|| foreign_form(at, message, &help, Some(edits)));
        }
        if self.awaits("`node name") {
            let equals = line.find(" =")?;
            let after = line.get(equals + " =".len()..)?.trim_start();
            let is_typed = after.starts_with(|c: char| c.is_ascii_uppercase())
                && line.get(..equals)?.ends_with(name);
            let at = self.in_line(equals, equals + " =".len());
            let edits = vec![(at, ":".to_owned())];
            let message = "a node's type stands behind a `:`";
            return is_typed.then(|| foreign_form(at, message, &form, Some(edits)));
        }
        if !self.awaits("an item such as") || !self.before.contains(':') {
            return None;
        }
        let at = self.place(0, 1);
        if word_of(self.rest) == "with" {
            let at = self.with_blanks("with".len());
            let is_block = self.rest.get("with".len()..)?.trim_start().starts_with('{');
            let edits = is_block.then(|| vec![(at, String::new())]);
            return Some(foreign_form(at, "a node's block follows its type", &form, edits));
        }
        if self.rest.starts_with('(') {
            let end = closing(self.rest)?;
            let inner = self.rest.get(1..end)?.trim();
            let is_set = inner.contains('=') && self.rest.get(end + 1..)?.trim().is_empty();
            let edits =
                is_set.then(|| vec![(self.with_blanks(end + 1), format!(" {{ {inner} }}"))]);
            return Some(foreign_form(at, "a node is given a block, not `( )`", &form, edits));
        }
        let many = self.rest.strip_prefix('[')?.split_once(']')?.0.trim();
        let range = if many.chars().all(|c| c.is_ascii_digit()) && !many.is_empty() {
            format!("1..{many}")
        } else {
            "1..3".to_owned()
        };
        let help = format!("write `node {name}: {ty} for i in {range} {{ … }}`: one node for each");
        let at = self.place(0, many.len() + 2);
        Some(foreign_form(at, "a node has no cardinality", &help, None))
    }

    /// `list(string)`.
    fn type_in_parentheses(&self) -> Option<Diagnostic> {
        let word = last_word(self.before);
        let ours = match word {
            "list" | "set" => "list",
            "map" => "map",
            _ => return None,
        };
        let is_type = self.before.strip_suffix(word)?.trim_end().ends_with(':');
        if !self.rest.starts_with('(') || !is_type {
            return None;
        }
        let end = closing(self.rest)?;
        let inner = self.rest.get(1..end)?.trim();
        let is_plain = inner.starts_with(|c: char| c.is_ascii_alphabetic())
            && inner.chars().all(|c| is_of_name(c) || c == '.');
        let start = self.before.len() - word.len();
        let at = self.in_line(start, self.before.len() + end + 1);
        let meant = if is_plain { format!("{ours}<{inner}>") } else { format!("{ours}<type>") };
        let edits = is_plain.then(|| vec![(at, meant.clone())]);
        let message = "the type of what is in it stands between `<` and `>`";
        Some(foreign_form(at, message, &format!("write `{meant}`"), edits))
    }

    /// `disk -> d { path = "/x" }`.
    fn block_of_target(&self) -> Option<Diagnostic> {
        let entry = self.entry().trim_end();
        let (name, target) = entry.split_once("->")?;
        let is_plain = |text: &str| text.trim().chars().all(|c| is_of_name(c) || c == '.');
        if !self.awaits("the end of the line")
            || !self.rest.starts_with('{')
            || !is_plain(name)
            || !is_plain(target)
        {
            return None;
        }
        let help = format!("write `{entry} via Relationship {{ … }}`");
        let message =
            "a block behind a target is one of the relationship, which is named before it";
        Some(foreign_form(self.place(0, 1), message, &help, None))
    }

    /// `[f(x, y) for x in xs for y in ys]`.
    fn second_for(&self) -> Option<Diagnostic> {
        let is_inner = self.awaits("`,` or `]`") && word_of(self.rest) == "for";
        let has_first = self.before.contains(" for ") && self.before.contains(" in ");
        let help = "write `flatten([[f(x, y) for y in ys] for x in xs])`";
        let message = "one `for` goes through one collection";
        (is_inner && has_first)
            .then(|| foreign_form(self.place(0, "for".len()), message, help, None))
    }

    /// `1h 30m`.
    fn parted_quantity(&self) -> Option<Diagnostic> {
        let is_quantity = |text: &str| {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
            unit.len() < text.len() && matches!(unit, "d" | "h" | "m" | "s" | "ms")
        };
        let (first, next) = (last_word(self.before.trim_end()), word_of(self.rest));
        if !self.is_behind_value() || !is_quantity(first) || !is_quantity(next) {
            return None;
        }
        let help = format!("write `{first}{next}`");
        let edits = vec![(self.with_blanks(0), String::new())];
        let message = "a duration is written without blanks";
        Some(foreign_form(self.place(0, next.len()), message, &help, Some(edits)))
    }

    /// `locals { … }`.
    fn locals(&self) -> Option<Diagnostic> {
        let word = word_of(self.rest);
        let is_block = self.rest.get(word.len()..)?.trim_start().starts_with('{');
        let is_word = matches!(word, "locals" | "variables" | "inputs" | "outputs");
        if !self.awaits("an item such as")
            || !self.before.trim().is_empty()
            || !is_block
            || !is_word
        {
            return None;
        }
        let form = match word {
            "outputs" => "output name: type = value",
            "locals" => "const name = value",
            _ => "input name: type = value",
        };
        let start = self.at.span.start;
        let at = between(self.at, start, start + offset(word.len()));
        let help = format!("write `{form}`, an item for each");
        Some(foreign_form(at, &format!("`{word}` begins nothing here"), &help, None))
    }
}
