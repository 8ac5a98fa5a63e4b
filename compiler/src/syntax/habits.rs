//! Habits of other languages in what an item, an entry, a step or a value is made of: told with the form that
//! is meant here, and a fix where it is sure.
//!
//! It looks at what was said and at the text there, and asks the grammar only how far a condition goes.

use super::grammar::Rule;
use super::here::{Here, is_word, last_word, word_of};
use super::lowering::offset;
use super::peg;
use super::scan::is_item_head;
use crate::diagnostics::slips::{between, foreign_form, foreign_list, made_name};
use crate::diagnostics::{Diagnostic, syntax as says};
use crate::source::{Place, SourceFile};

/// Words behind a member, an input or a head that say here what a mark or another word says: the word, what
/// is wrong, how it is written, and what stands in its place where that is sure.
const WORDS: &[(&str, &str, &str, Option<&str>)] = &[
    ("default", "a default stands behind a `=`", "name: type = value", Some("=")),
    ("required", "what has no default is required", "name: type", Some("")),
    ("optional", "what may be unset has a `?` behind its type", "name: type?", None),
    ("derived_from", "`derived_from` is no word here", "extends Type", Some("extends")),
    ("inherits", "`inherits` is no word here", "extends Type", Some("extends")),
    ("count", "there is no `count`", "node name: Type for i in 1..3", None),
    ("for_each", "there is no `for_each`", "node name: Type for x in xs", None),
];

/// Words that begin steps elsewhere, and what does the same here.
const STEPS: &[(&str, &str)] = &[
    ("try", "let the block end in `on failure { … }`, and that in `recover` where it goes on"),
    ("catch", "let the block that may fail end in `on failure { … }`"),
    ("retry", "write the tries into the operation's block: `script(\"…\") { retries = 3 }`"),
    ("while", "write `wait until c timeout 5m`, or `for x in xs { … }`"),
    ("foreach", "write `for x in xs { … }`"),
    ("sleep", "write `wait 30s`"),
    ("throw", "write `fail \"…\"`"),
    ("raise", "write `fail \"…\"`"),
];

/// Blocks that a type or a node has elsewhere: how one of what is in them is written in a type, and in a node.
const SECTIONS: &[(&str, &str, &str)] = &[
    ("properties", "`property name: type`", "`name = value`"),
    ("attributes", "`attribute name: type`", "`name = value`"),
    ("requirements", "`requires name: Type`", "`name -> node`"),
    ("capabilities", "`capability name: Type`", "`name = { property = value }`"),
    ("interfaces", OPERATION, OPERATION),
    ("operations", OPERATION, OPERATION),
    ("lifecycle", LIFECYCLE, LIFECYCLE),
];
const OPERATION: &str = "`operation interface.name = script(\"…\")`";
const LIFECYCLE: &str = "`operation lifecycle.create = script(\"…\")`";

/// Units of time as others write them.
const UNITS: &[(&str, &str)] = &[
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("hr", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
];

/// The mistake as a habit, where it is one.
pub(super) fn habit(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    let here = Here::of(source, said)?;
    match said.code {
        "E1002" => here.bracket(),
        "E1001" => here.form(),
        "E1006" if here.rest.starts_with('{') => here.record_type(),
        "E1006" => here.list_type(),
        _ => None,
    }
}

/// The mistake as a comma that is missing in a list, where nothing else is meant.
pub(super) fn comma(source: &SourceFile, said: &Diagnostic) -> Option<Diagnostic> {
    Here::of(source, said).filter(|here| here.awaits("`,` or `]`"))?.comma()
}

impl Here<'_> {
    fn form(&self) -> Option<Diagnostic> {
        let word = word_of(self.rest);
        if self.awaits("a step") {
            return self.step(word);
        }
        if self.awaits("`workflow name(") {
            return self.workflow();
        }
        if self.awaits("`,` or `)`") && !word.is_empty() {
            return self.parameter(word);
        }
        if self.awaits("`=` and a value") && self.rest.starts_with(':') {
            let edits = vec![(self.with_blanks(1), " ->".to_owned())];
            let help = "write `fn name(a: type) -> type = value`";
            return Some(foreign_form(
                self.place(0, 1),
                "what a function gives stands behind a `->`",
                help,
                Some(edits),
            ));
        }
        if self.awaits("`=` and a value") && self.rest.starts_with('{') {
            return self.body_in_braces();
        }
        if self.awaits("`=`, `:` or `->` after `where`") {
            let is_select = self.item().is_some_and(|item| item.starts_with("select "));
            let edits = is_select.then(|| vec![(self.place(0, 0), "= ".to_owned())]);
            let help = "write `where = self.p == \"x\"`";
            let message = "a selection's `where` is given with a `=`";
            return Some(foreign_form(self.place(0, word.len().max(1)), message, help, edits));
        }
        if self.awaits("`=`, `:` or `->` after") && self.rest.starts_with('{') {
            let name = last_word(self.before.trim_end());
            if name.is_empty() {
                return None;
            }
            if let Some(told) = self.section(name) {
                return Some(told);
            }
            let edits = vec![(self.place(0, 0), "= ".to_owned())];
            let message = format!("the value of `{name}` stands behind a `=`");
            let help = format!("write `{name} = {{ … }}`");
            return Some(foreign_form(self.place(0, 1), &message, &help, Some(edits)));
        }
        if self.awaits("`=`, `:` or `->` after `set`") {
            let given = self.rest.get(word.len()..)?.trim_start();
            let is_given = given.starts_with('=') && !given.starts_with("==");
            let from = self.before.len() - self.before.trim_end().strip_suffix("set")?.len();
            let start = self.at.span.start;
            let place = between(self.at, start - offset(from), start);
            let edits = is_given.then(|| vec![(place, String::new())]);
            let message = "a property is set by its name alone";
            return Some(foreign_form(place, message, &format!("write `{word} = …`"), edits));
        }
        if self.awaits("`=` after `for`") && self.before.trim_end().ends_with("for") {
            let opening = self.before.rfind('{')?;
            let text = format!("{}{}", self.before.get(opening..)?, self.rest);
            let start = self.at.span.start - offset(self.before.len() - opening);
            return Some(comprehension(between(self.at, start, start + 1), &text));
        }
        if self.awaits("an entry such as") && self.rest.starts_with('"') {
            return self.message();
        }
        if self.awaits("the end of the line") || self.awaits("an item such as") {
            return self.behind(word);
        }
        None
    }

    /// A word or a mark behind what could have ended.
    fn behind(&self, word: &str) -> Option<Diagnostic> {
        let entry = self.entry();
        if entry.is_empty() {
            return None;
        }
        if word == "from" && entry.starts_with("secret ") {
            let text = self.rest.get("from".len()..)?;
            let from = "from".len() + text.len() - text.trim_start().len();
            let text = text.trim();
            let is_made = text.starts_with('"') && text.contains("${");
            return is_made.then(|| made_name(self.place(from, text.len())));
        }
        if self.rest.starts_with('[') && entry.contains(": ") {
            return self.cardinality(entry);
        }
        if self.rest.starts_with('{')
            && ["input ", "secret ", "const "].iter().any(|word| entry.starts_with(word))
        {
            let help = "write `input name: type = value where self > 0`";
            return Some(foreign_form(self.place(0, 1), "this has no block", help, None));
        }
        if self.rest.starts_with(':') && entry.contains("type ") {
            let edits = vec![(self.with_blanks(1), " extends".to_owned())];
            let edits = self.rest.starts_with(": ").then_some(edits);
            let message = "a type says with `extends` what it extends";
            return Some(foreign_form(self.place(0, 1), message, "write `extends Type`", edits));
        }
        if let Some(told) = self.required(word) {
            return Some(told);
        }
        if let Some((_, message, form, ours)) = WORDS.iter().find(|(theirs, ..)| *theirs == word) {
            let edits = ours.map(|ours| match ours {
                "" => vec![(self.with_blanks(word.len()), String::new())],
                ours => vec![(self.place(0, word.len()), ours.to_owned())],
            });
            let help = format!("write `{form}`");
            return Some(foreign_form(self.place(0, word.len()), message, &help, edits));
        }
        let (_, unit) = UNITS.iter().find(|(theirs, _)| *theirs == word)?;
        let is_number = self.before.trim_end().ends_with(|c: char| c.is_ascii_digit());
        let edits = vec![(self.with_blanks(word.len()), (*unit).to_owned())];
        let help = format!("write `{unit}`, right behind the number");
        let message = format!("`{word}` is no unit");
        let place = self.place(0, word.len());
        is_number.then(|| foreign_form(place, &message, &help, Some(edits)))
    }

    /// `n: int required false`, `n: int optional true`.
    fn required(&self, word: &str) -> Option<Diagnostic> {
        let rest = self.rest.get(word.len()..)?;
        let said = rest.trim_start().trim_start_matches(['=', ':']).trim_start();
        let must_be = match (word, word_of(said)) {
            ("required", "true") | ("optional", "false") => true,
            ("required", "false") | ("optional", "true") => false,
            _ => return None,
        };
        let length = self.rest.len() - said.len() + word_of(said).len();
        let is_typed = self.entry().contains(':') && !self.entry().contains('=');
        let (message, form, mark) = if must_be {
            ("what has no default is required", "name: type", "")
        } else {
            ("what may be unset has a `?` behind its type", "name: type?", "?")
        };
        let is_marked = self.before.trim_end().ends_with('?');
        let mark = if is_marked { "" } else { mark };
        let edits = is_typed.then(|| vec![(self.with_blanks(length), mark.to_owned())]);
        let help = format!("write `{form}`");
        Some(foreign_form(self.place(0, length), message, &help, edits))
    }

    /// `properties { … }`, `lifecycle { … }`: what is in them stands by itself here.
    fn section(&self, name: &str) -> Option<Diagnostic> {
        let is_type = self.item().is_some_and(|item| {
            let head = item.split('{').next().unwrap_or_default();
            head.contains(" type ")
        });
        let (_, of_type, of_node) = SECTIONS.iter().find(|(section, ..)| *section == name)?;
        let form = if is_type { of_type } else { of_node };
        let start = self.before.trim_end().len() - name.len();
        let place = self.in_line(start, start + name.len());
        let message = format!("there is no block `{name}`: what would be in it stands here itself");
        Some(foreign_form(place, &message, &format!("write {form}, for each"), None))
    }

    /// `[1 2]`: with the commas that are missing from here on, where it has plain elements.
    fn comma(&self) -> Option<Diagnostic> {
        let is_element = |c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '_' | '{' | '[');
        let joins = |word: &str| {
            matches!(word, "for" | "if" | "in" | "and" | "or" | "not" | "then" | "else" | "where")
        };
        if !self.rest.starts_with(is_element) || joins(word_of(self.rest)) {
            return None;
        }
        let inner = self.rest.get(..self.rest.find(']')?)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ' ' | ',');
        let said = self.said.clone().help("part the elements of a list by commas: `[a, b]`");
        let is_sure = inner.chars().all(is_plain) && !inner.split([' ', ',']).any(joins);
        let edits = is_sure.then(|| {
            let gaps = inner.match_indices(' ').map(|(at, _)| at).filter(|at| {
                let (before, after) = inner.split_at(*at);
                let after = after.trim_start();
                !before.ends_with([' ', ',']) && !after.is_empty() && !after.starts_with(',')
            });
            let end = self.at.span.start;
            let first = end - offset(self.before.len() - self.before.trim_end().len());
            let places = std::iter::once(between(self.at, first, first));
            let places = places.chain(gaps.map(|at| self.place(at, 0)));
            places.map(|place| (place, ",".to_owned())).collect()
        });
        Some(match edits {
            Some(edits) => said.fix("put the commas", edits),
            None => said,
        })
    }

    /// `fn f() -> int { 1 }`.
    fn body_in_braces(&self) -> Option<Diagnostic> {
        if !self.before.trim_start().starts_with("fn ") {
            return None;
        }
        let message = "a function's value stands behind a `=`, without braces";
        let help = "write `fn name(a: type) -> type = value`";
        let edits = self.in_braces().map(|value| {
            let length = self.rest.trim_end().len();
            vec![(self.place(0, length), format!("= {value}"))]
        });
        Some(foreign_form(self.place(0, 1), message, help, edits))
    }

    /// The one value between the braces that the rest of the line is.
    fn in_braces(&self) -> Option<&str> {
        let inner = self.rest.trim_end().strip_prefix('{')?.strip_suffix('}')?.trim();
        let value = inner.strip_prefix("return ").unwrap_or(inner).trim();
        let tree = peg::parse(Rule::expr, value).ok()?;
        let is_whole = tree.pairs().next()?.end() as usize == value.len();
        is_whole.then_some(value)
    }

    /// `[int]` as a type.
    fn list_type(&self) -> Option<Diagnostic> {
        let inner = self.rest.strip_prefix('[')?;
        let end = inner.find(']')?;
        let of = inner.get(..end)?.trim();
        let is_type =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '<' | '>' | '?');
        let is_good = of.starts_with(|c: char| c.is_ascii_alphabetic()) && of.chars().all(is_type);
        is_good.then(|| foreign_list(self.place(0, end + 2), of))
    }

    /// `{ a: int }` as a type.
    fn record_type(&self) -> Option<Diagnostic> {
        let inner = self.rest.strip_prefix('{')?.trim_start();
        let field = word_of(inner);
        let is_field = inner.get(field.len()..)?.trim_start().starts_with(':');
        let message = "the type of a record has a name";
        let help = "declare `data type Name { field: type }`, and write `Name` here";
        (!field.is_empty() && is_field).then(|| foreign_form(self.place(0, 1), message, help, None))
    }

    /// `T[*]`, `T via R[0..1]`.
    fn cardinality(&self, entry: &str) -> Option<Diagnostic> {
        let end = self.rest.find(']')? + 1;
        if self.rest.starts_with("[*]") {
            let edits = vec![(self.place(0, end), "[0..]".to_owned())];
            let help = "write `[0..]` for any number, `[1..]` for at least one";
            return Some(foreign_form(
                self.place(0, end),
                "`*` is no cardinality",
                help,
                Some(edits),
            ));
        }
        let via = self.before.rfind(" via ").filter(|_| entry.starts_with("requires "))?;
        let start = self.at.span.start - offset(self.before.len() - via);
        let edits = vec![
            (between(self.at, start, start), self.rest.get(..end)?.to_owned()),
            (self.place(0, end), String::new()),
        ];
        let message = "a cardinality stands right behind the type";
        let help = "write `requires name: Type[0..1] via Relationship`";
        Some(foreign_form(self.place(0, end), message, help, Some(edits)))
    }

    /// `assert c, "message"`, or `where c, "message"`.
    fn message(&self) -> Option<Diagnostic> {
        let condition = self.before.trim_end().strip_suffix(',')?;
        let entry = condition.rsplit('{').next().unwrap_or_default().trim_start();
        let entry_word = ["assert", "check"].into_iter().find(|word| is_word(entry, word));
        let word = match entry_word {
            Some(word) => word,
            None if condition.contains(" where ") => "where",
            None => return None,
        };
        let comma = self.at.span.start - offset(self.before.len() - condition.len());
        let place = between(self.at, comma, comma + 1);
        let edits = vec![(place, " else".to_owned())];
        let help = format!("write `{word} c else \"message\"`");
        Some(foreign_form(place, "a message stands behind `else`", &help, Some(edits)))
    }

    /// `workflow w { … }`.
    fn workflow(&self) -> Option<Diagnostic> {
        let after = self.rest.strip_prefix("workflow")?.trim_start();
        let name = word_of(after);
        let is_block = after.get(name.len()..)?.trim_start().starts_with('{');
        let end = self.rest.len() - after.len() + name.len();
        let edits = vec![(self.place(end, 0), "()".to_owned())];
        let message = "a workflow has `( )` behind its name, though it takes nothing";
        let help = format!("write `workflow {name}() {{ … }}`");
        is_block.then(|| {
            foreign_form(self.place(end - name.len(), name.len()), message, &help, Some(edits))
        })
    }

    /// `fn f(x) = x`.
    fn parameter(&self, name: &str) -> Option<Diagnostic> {
        let head = self.before.trim_start();
        let is_head = ["fn ", "workflow ", "operation "].iter().any(|word| head.starts_with(word));
        let is_name = self.before.trim_end().ends_with(['(', ','])
            && self.rest.get(name.len()..)?.trim_start().starts_with([',', ')', '=']);
        let message = format!("`{name}` has no type");
        let help = format!("write `{name}: type`, such as `{name}: int`");
        (is_head && is_name).then(|| foreign_form(self.place(0, name.len()), &message, &help, None))
    }

    /// `fn f(a, b)`, which was read as a bracket that is not closed.
    fn untyped_parameters(&self) -> Option<Diagnostic> {
        let head = self.before.trim_start();
        let is_head = ["fn ", "workflow ", "operation "].iter().any(|word| head.starts_with(word));
        let inner = self.rest.strip_prefix('(').filter(|_| is_head)?.split_once(')')?.0;
        let name = inner.split(',').map(str::trim).find(|one| !one.contains(':'))?;
        let is_name = !name.is_empty() && word_of(name) == name;
        let from = 1 + inner.find(name).filter(|_| is_name)?;
        let message = format!("`{name}` has no type");
        let help = format!("write `{name}: type`, such as `{name}: int`");
        Some(foreign_form(self.place(from, name.len()), &message, &help, None))
    }

    /// What begins no step, or is none that was read.
    fn step(&self, word: &str) -> Option<Diagnostic> {
        if let Some(told) = self.on_failure(word) {
            return Some(told);
        }
        if let Some((_, help)) = STEPS.iter().find(|(theirs, _)| *theirs == word) {
            let message = format!("`{word}` begins no step");
            return Some(foreign_form(self.place(0, word.len()), &message, help, None));
        }
        let (from, block) = match word {
            "if" => (word.len(), "if c { … }"),
            "for" => (self.rest.find(" in ")? + " in ".len(), "for x in xs { … }"),
            _ => return None,
        };
        let blanks = |text: &str| text.len() - text.trim_start().len();
        let from = from + blanks(self.rest.get(from..)?);
        let text = self.rest.get(from..)?;
        let tree = peg::parse(Rule::expr, text).ok()?;
        let end = from + tree.pairs().next()?.end() as usize;
        let end = end + blanks(self.rest.get(end..)?);
        let after = self.rest.get(end..)?;
        if after.starts_with('=') {
            return Some(crate::diagnostics::slips::equals_compared(self.place(end, 1), true));
        }
        if let Some((theirs, ours)) = super::marks::identity(after) {
            return Some(says::foreign_operator(self.place(end, theirs.len()), theirs, ours));
        }
        let found = word_of(after);
        let help = match (word, found) {
            ("for", "parallel") => {
                "write `for x in xs max 5 { … }`: at most 5 elements at once".to_owned()
            }
            ("for", "if") => {
                "put the condition into the block: `for x in xs { if c { … } }`".to_owned()
            }
            _ => format!("write `{block}`"),
        };
        let shown = match after.chars().next() {
            None => "the end of the line".to_owned(),
            Some(first) if found.is_empty() => format!("`{first}`"),
            Some(_) => format!("`{found}`"),
        };
        let place = self.place(end, found.len());
        Some(says::unexpected(place, "`{`", &shown).help(help))
    }

    /// `on error { … }`, `on_failure { … }`.
    fn on_failure(&self, word: &str) -> Option<Diagnostic> {
        let rest = self.rest.get(word.len()..)?;
        let length = match word {
            "on_failure" | "on_error" | "onfailure" => word.len(),
            "on" => {
                let event = word_of(rest.trim_start());
                let is_failure =
                    matches!(event, "error" | "errors" | "fail" | "failed" | "failures");
                Some(self.rest.len() - rest.trim_start().len() + event.len())
                    .filter(|_| is_failure)?
            }
            _ => return None,
        };
        let written = self.rest.get(..length)?;
        let is_block = self.rest.get(length..)?.trim_start().starts_with('{');
        let edits = is_block.then(|| vec![(self.place(0, length), "on failure".to_owned())]);
        let message = format!("`{written}` begins no step");
        let help = "write `on failure { … }`";
        Some(foreign_form(self.place(0, length), &message, help, edits))
    }

    /// The item around.
    fn item(&self) -> Option<&str> {
        let text = self.source.text();
        let before = text.get(..self.at.span.start as usize)?;
        let starts = before.rmatch_indices('\n').map(|(at, _)| at + 1).chain([0]);
        let mut items = starts.filter_map(|start| text.get(start..));
        items.find(|item| is_item_head(item))
    }

    /// A bracket that is closed on its line, behind what does not belong into it.
    fn bracket(&self) -> Option<Diagnostic> {
        let place = self.place(0, 1);
        let inner = self.rest.get(1..)?.trim_start();
        if self.rest.starts_with('[') && inner.starts_with("for ") {
            return Some(comprehension(place, self.rest));
        }
        if let Some(told) = self.untyped_parameters() {
            return Some(told);
        }
        let (commas, end) = parts(self.rest, &[","])?;
        let is_value = self.before.trim_end().ends_with(['=', '(', '[', ',', ':'])
            || self.before.trim_end().ends_with(" in");
        if !self.rest.starts_with('(') || commas.is_empty() || !is_value {
            return None;
        }
        let edits = vec![(place, "[".to_owned()), (self.place(end, 1), "]".to_owned())];
        let message = "there are no tuples";
        Some(foreign_form(place, message, "write a list: `[1, 2]`", Some(edits)))
    }
}

/// `[for x in xs : v]`, `{ for k, v in m : k => v }`, from its bracket on.
fn comprehension(at: Place, text: &str) -> Diagnostic {
    let is_list = text.starts_with('[');
    let help = if is_list { "write `[v for x in xs]`" } else { "write `{ k = v for k, v in m }`" };
    let meant = parts(text, &[" : ", ": ", "=>"]).and_then(|(marks, end)| {
        let inner = |from: usize, to: usize| text.get(from..to).map(str::trim);
        let (each, value) = match (is_list, marks.as_slice()) {
            (true, [colon]) => (inner(1, *colon)?, inner(colon + 1, end)?.to_owned()),
            (false, [colon, arrow]) => {
                let (key, value) = (inner(colon + 1, *arrow)?, inner(arrow + 2, end)?);
                (inner(1, *colon)?, format!("{key} = {value}"))
            }
            _ => return None,
        };
        let value = value.trim_start_matches(':').trim();
        let (value, filter) = value
            .split_once(" if ")
            .map_or((value, String::new()), |(of, only)| (of, format!(" if {only}")));
        let start = at.span.start;
        let place = between(at, start, start + offset(end) + 1);
        let ours = if is_list {
            format!("[{value} {each}{filter}]")
        } else {
            format!("{{ {value} {each}{filter} }}")
        };
        Some(vec![(place, ours)])
    });
    foreign_form(at, "what is made for each stands before its `for`", help, meant)
}

/// Where one of these marks stands between the text's first bracket and the one that closes it, and where that
/// one stands; nothing where it is not on this line, or there are strings.
fn parts(text: &str, marks: &[&str]) -> Option<(Vec<usize>, usize)> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut next = 0;
    for (at, character) in text.char_indices() {
        match character {
            '"' => return None,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((found, at));
                }
            }
            _ if depth == 1 && at >= next => {
                let rest = text.get(at..)?;
                if let Some(mark) = marks.iter().find(|mark| rest.starts_with(**mark)) {
                    found.push(at);
                    next = at + mark.len();
                }
            }
            _ => {}
        }
    }
    None
}
