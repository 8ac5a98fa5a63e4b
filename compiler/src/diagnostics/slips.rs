//! `E1001`, `E1007`, `E1022`: slips of the pen, where it can be told what was meant.

use super::{Diagnostic, Fix};
use crate::source::{Place, Span};

/// What a fix writes, and where.
pub type Edits = Vec<(Place, String)>;

/// A form of another language; the edits write ours, where they are sure to.
pub fn foreign_form(at: Place, message: &str, help: &str, edits: Option<Edits>) -> Diagnostic {
    let error = Diagnostic::error("E1007", message, at).label("not written like this").help(help);
    with(error, edits.map(|edits| fix("write it in the form of here", edits)))
}

/// A diagnostic with a fix, where there is one.
fn with(error: Diagnostic, fix: Option<Fix>) -> Diagnostic {
    Diagnostic { fix, ..error }
}

fn fix(title: impl Into<String>, edits: Vec<(Place, String)>) -> Fix {
    Fix { title: title.into(), edits, is_draft: false }
}

/// A word that is nearly a keyword; `what` says how what it begins is written.
pub fn misspelt(at: Place, word: &str, meant: &str) -> Diagnostic {
    Diagnostic::error("E1001", format!("`{word}` begins nothing here"), at)
        .label(format!("did you mean `{meant}`?"))
        .help(format!("write `{meant}`"))
        .fix(format!("replace `{word}` by `{meant}`"), vec![(at, meant.to_owned())])
}

/// Whether this is what [`misspelt`] says.
pub fn is_misspelt(error: &Diagnostic) -> bool {
    error.code == "E1001" && error.label.starts_with("did you mean")
}

/// Something at file level that begins no item.
pub fn no_item(said: Diagnostic) -> Diagnostic {
    said.help("an item begins with a word such as `blueprint`, `use`, `input`, `const`, `node`, `policy` or `output`")
}

/// `[1,, 2]`; `whole` has the blanks that go with it.
pub fn extra_comma(at: Place, whole: Place) -> Diagnostic {
    Diagnostic::error("E1001", "a comma is too much here", at)
        .label("parts nothing")
        .help("remove it")
        .fix("remove the comma", vec![(whole, String::new())])
}

/// Whether this is what [`extra_comma`] says.
pub fn is_extra_comma(error: &Diagnostic) -> bool {
    error.code == "E1001" && error.message == "a comma is too much here"
}

/// `5 m`; `blank` is what stands between.
pub fn spaced_unit(at: Place, number: &str, unit: &str, blank: Place) -> Diagnostic {
    Diagnostic::error("E1001", "a unit stands right behind its number", at)
        .label("no blank before a unit")
        .help(format!("write `{number}{unit}`"))
        .fix(format!("write `{number}{unit}`"), vec![(blank, String::new())])
}

/// `f (x)`, `xs [0]`; `blank` is what stands between.
pub fn spaced_bracket(at: Place, bracket: char, blank: Place) -> Diagnostic {
    let of = if bracket == '(' { "a call" } else { "an index" };
    Diagnostic::error("E1001", format!("the `{bracket}` of {of} stands right behind its name"), at)
        .label("no blank before it")
        .help("remove the blank")
        .fix("remove the blank", vec![(blank, String::new())])
}

/// `a = b` where a value is computed.
pub fn equals_compared(at: Place, is_mendable: bool) -> Diagnostic {
    let edits = vec![(at, "==".to_owned())];
    let error = Diagnostic::error("E1007", "`=` compares nothing here", at)
        .label("write `==`")
        .help("write `==` to compare; `=` gives a name its value");
    with(error, is_mendable.then(|| fix("replace `=` by `==`", edits)))
}

/// `0x1F`, `1e5`; `decimal` is the number as it is written here, where it fits.
pub fn foreign_number(at: Place, number: &str, decimal: Option<String>) -> Diagnostic {
    let message = format!("`{number}` is no number here: numbers are written out in decimal");
    let error = Diagnostic::error("E1007", message, at).label("not in decimal");
    match decimal {
        Some(decimal) => error
            .help(format!("write `{decimal}`"))
            .fix(format!("write `{decimal}`"), vec![(at, decimal)]),
        None => error.help("write all of its digits, such as `100_000`"),
    }
}

/// `name == value` where a value is given.
pub fn compared_for_given(at: Place) -> Diagnostic {
    Diagnostic::error("E1007", "`==` gives no value here: it compares", at)
        .label("write `=`")
        .help("write `=` to give a value")
        .fix("replace `==` by `=`", vec![(at, "=".to_owned())])
}

/// `node n: T = { … }`; `whose` block it is, and `after` what it stands.
pub fn block_behind_mark(
    at: Place,
    whose: &str,
    after: &str,
    mark: &str,
    edits: Edits,
) -> Diagnostic {
    let message = format!("{whose} block follows its {after} without `{mark}`");
    Diagnostic::error("E1007", message, at)
        .label("not before a block")
        .help(format!("remove the `{mark}`"))
        .fix(format!("remove the `{mark}`"), edits)
}

/// `f(a = 1)`.
pub fn named_argument(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E1007", "arguments have no names here", at)
        .label(format!("leave `{name} =` out"))
        .help("give the values alone, in the order of the function's parameters")
}

/// `call n.i.o(a = 1)`; `form` is how it is written.
pub fn called_like_a_function(
    at: Place,
    word: &str,
    form: &str,
    edits: Option<Edits>,
) -> Diagnostic {
    let what = if word == "run" { "a workflow" } else { "an operation" };
    let error = Diagnostic::error("E1007", format!("{what} is given a block, not `( )`"), at)
        .label("not written like this")
        .help(format!("write `{form}`"));
    with(error, edits.map(|edits| fix(format!("write `{form}`"), edits)))
}

/// `secret s: T from "a/${b}"`.
pub fn made_name(at: Place) -> Diagnostic {
    Diagnostic::error(
        "E1001",
        "a secret is read from a name as it stands: nothing is put into it",
        at,
    )
    .label("has a `${ }`")
    .help("write the whole name, such as `from \"db/password\"`")
}

/// `f(x -> x.name)`; `form` is how it is written here.
pub fn lambda(at: Place, arrow: &str, form: Option<&str>, edits: Option<Edits>) -> Diagnostic {
    let error = Diagnostic::error("E1007", format!("`{arrow}` makes no function here"), at)
        .label("not in an argument");
    let error = match form {
        Some(form) => error.help(format!("write `{form}`")),
        None => error.help(
            "bind a name over what is gone through: `all(x in xs, x > 0)`, `[x.name for x in xs]`",
        ),
    };
    with(error, edits.map(|edits| fix("bind a name over what is gone through", edits)))
}

/// `f"text"`; `at` is the prefix.
pub fn prefixed_string(at: Place, prefix: &str) -> Diagnostic {
    Diagnostic::error("E1007", format!("a string has no `{prefix}` before it"), at)
        .label("leave it out")
        .help("every string takes `${value}`; a raw one is `r\"…\"`")
        .fix(format!("remove the `{prefix}`"), vec![(at, String::new())])
}

/// A word directly behind a closing quote.
pub fn quote_too_many(at: Place) -> Diagnostic {
    Diagnostic::error("E1003", "the string before this has already ended", at)
        .label("stands outside of it")
        .help("see whether a `\"` is missing further left; inside of a string it is written `\\\"`")
}

/// `#`; `edits` are of all lines of the comment.
pub fn foreign_comment(at: Place, edits: Vec<(Place, String)>) -> Diagnostic {
    Diagnostic::error("E1007", "`#` begins no comment here", at)
        .label("comments begin with `//`")
        .help("write `//`; `///` documents the declaration below it")
        .fix("write `//`", edits)
}

/// `elif` and its like.
pub fn foreign_else_if(at: Place, word: &str) -> Diagnostic {
    Diagnostic::error("E1007", format!("`{word}` is no word of the language"), at)
        .label("write `else if`")
        .help("write `else if`")
        .fix(format!("replace `{word}` by `else if`"), vec![(at, "else if".to_owned())])
}

/// `if c { a }` as an expression; `edits` take the braces out.
pub fn braces_of_if(at: Place, edits: Option<Edits>) -> Diagnostic {
    let error = Diagnostic::error("E1007", "an `if` that gives a value has no `{ }`", at)
        .label("no block")
        .help("write `if condition then a else b`");
    with(error, edits.map(|edits| fix("leave the braces out", edits)))
}

/// `a if c else b`; `form` says how it is written.
pub fn if_behind_value(at: Place, form: &str, edits: Edits) -> Diagnostic {
    Diagnostic::error("E1007", "an `if` stands before its values", at)
        .label("stands behind one")
        .help(form)
        .fix("write the `if` first", edits)
}

/// `node n T`, `input x int`; `end` is where the name ends, and `at` the type.
pub fn untyped_name(at: Place, name: &str, ty: &str, end: Place) -> Diagnostic {
    Diagnostic::error("E1001", format!("the `:` between `{name}` and its type is missing"), at)
        .label("a `:` stands before a type")
        .help(format!("write `{name}: {ty}`"))
        .fix("write the `:`", vec![(end, ":".to_owned())])
}

/// `int[]`; `at` is all of it.
pub fn foreign_list(at: Place, of: &str) -> Diagnostic {
    Diagnostic::error("E1007", format!("a list of `{of}` is written `list<{of}>`"), at)
        .label("no type")
        .help(format!("write `list<{of}>`"))
        .fix(format!("write `list<{of}>`"), vec![(at, format!("list<{of}>"))])
}

/// `(A | B)?`; `edits` take the parentheses out.
pub fn type_in_parentheses(at: Place, edits: Option<Vec<(Place, String)>>) -> Diagnostic {
    let error = Diagnostic::error("E1007", "types have no parentheses", at)
        .label("not needed")
        .help("leave them out: a `?` at the end belongs to the whole type");
    with(error, edits.map(|edits| fix("leave the parentheses out", edits)))
}

/// An item behind another on its line; `blank` is what stands between.
pub fn two_items_on_a_line(at: Place, blank: Place) -> Diagnostic {
    Diagnostic::error("E1022", "an item begins on the line of another", at)
        .label("begins a new item")
        .help("give every item a line of its own")
        .fix("break the line", vec![(blank, "\n".to_owned())])
}

/// `for x xs`, `for x of xs`; `edit` puts the word in.
pub fn for_without_in(at: Place, edit: (Place, &str)) -> Diagnostic {
    Diagnostic::error("E1001", "this `for` has no `in`", at)
        .label("`in` is missing")
        .help("write `for x in xs`")
        .fix("write `in`", vec![(edit.0, edit.1.to_owned())])
}

/// `select a: T where c`; `edit` puts it into a block.
pub fn where_behind_select(at: Place, edit: Option<(Place, String)>) -> Diagnostic {
    let error = Diagnostic::error("E1001", "a selection's `where` stands in its block", at)
        .label("belongs into `{ }`")
        .help("write `{ where = … }`");
    with(error, edit.map(|edit| fix("put it into a block", vec![edit])))
}

/// `[-1..2]`.
pub fn negative_cardinality(at: Place) -> Diagnostic {
    Diagnostic::error("E1001", "a cardinality has whole numbers from 0", at)
        .label("no cardinality")
        .help("write `[n]`, `[n..m]` or `[n..]`")
}

/// A character that cannot be seen, or looks like a blank.
pub fn unseen_character(at: Place, character: char, edits: Vec<(Place, String)>) -> Diagnostic {
    let what = if character.is_whitespace() { "looks like a blank" } else { "can't be seen" };
    let code = u32::from(character);
    let instead = if character.is_whitespace() { "write plain blanks" } else { "remove it" };
    Diagnostic::error(
        "E1001",
        format!("the character U+{code:04X} {what} and belongs nowhere here"),
        at,
    )
    .label(what)
    .help(instead)
    .fix(instead, edits)
}

/// A word with letters that no name has; `better` is how it can be written.
pub fn foreign_letters(
    at: Place,
    word: &str,
    character: char,
    better: Option<String>,
) -> Diagnostic {
    let code = u32::from(character);
    let error = no_name(at, word).label(format!("`{character}` is U+{code:04X}"));
    match better {
        Some(better) => error
            .help(format!("call it `{better}`, here and wherever it is used"))
            .fix(format!("rename it to `{better}`"), vec![(at, better)]),
        None => error.help("give it a name of the letters `a` to `z`; strings have any"),
    }
}

/// A word with letters that only look like those of names; `twins` are one of them, and the one of ASCII.
pub fn twin_letters(at: Place, word: &str, twins: (char, char), better: &str) -> Diagnostic {
    let (theirs, ours) = twins;
    let code = u32::from(theirs);
    no_name(at, word)
        .label(format!("`{theirs}` is U+{code:04X}, and only looks like `{ours}`"))
        .help(format!("write `{better}`: it only looks the same"))
        .fix(format!("write `{better}`"), vec![(at, better.to_owned())])
}

/// Whether this is what [`twin_letters`] says.
pub fn has_twins(error: &Diagnostic) -> bool {
    is_strange_name(error) && error.label.contains(", and only looks like ")
}

fn no_name(at: Place, word: &str) -> Diagnostic {
    let message = format!("`{word}` is no name: names have letters of ASCII, digits and `_` only");
    Diagnostic::error("E1001", message, at)
}

/// Whether this is what [`foreign_letters`] or [`twin_letters`] says.
pub fn is_strange_name(error: &Diagnostic) -> bool {
    error.code == "E1001" && error.message.contains("` is no name: ")
}

/// Quotes of typography.
pub fn typographic_quotes(at: Place, quote: char, ours: Option<String>) -> Diagnostic {
    let error = Diagnostic::error("E1007", format!("`{quote}` is no quote here"), at)
        .label("strings stand between `\"`")
        .help("write the string between `\"`");
    with(error, ours.map(|ours| fix(format!("write `{ours}`"), vec![(at, ours)])))
}

/// `${x}` outside of a text; `bare` is what stands in it.
pub fn outside_of_text(at: Place, bare: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E1007", "`${ }` puts a value into a text, and this is none", at)
        .label("not in a text");
    match bare {
        Some(bare) => error
            .help(format!("write `{bare}`"))
            .fix(format!("write `{bare}`"), vec![(at, bare.to_owned())]),
        None => error.help("write what stands in it without `${` and `}`"),
    }
}

/// `<<EOF`.
pub fn heredoc(at: Place) -> Diagnostic {
    Diagnostic::error("E1007", "no text of several lines begins so here", at)
        .label("not written like this")
        .help("write the lines between `\"\"\"` and `\"\"\"`, each of which has the end or the beginning of a line for itself")
}

/// `x ** 2`, `x++`.
pub fn no_operator(at: Place, written: &str) -> Diagnostic {
    let help = match written {
        "**" => "there is no power: write `x * x`, or give the number",
        "++" | "--" => {
            "a value stays what it is: give the new one a name of its own, `let next = x + 1`"
        }
        _ => "numbers are not shifted: multiply or divide them",
    };
    Diagnostic::error("E1007", format!("`{written}` is no operator here"), at)
        .label("not written like this")
        .help(help)
}

/// A character that turns the direction of the text behind it, so that it reads as what it is not.
pub fn turned_text(at: Place, character: char) -> Diagnostic {
    let code = u32::from(character);
    Diagnostic::warning(
        "W1003",
        format!("the character U+{code:04X} turns the direction of the text behind it"),
        at,
    )
    .label("can't be seen here")
    .help(format!("remove it, or write `\\u{{{code:04X}}}` in a string where it is meant"))
}

/// Lines that end in a carriage return alone; `edits` are of all of them.
pub fn lone_return(at: Place, edits: Edits) -> Diagnostic {
    Diagnostic::error("E1007", "a carriage return (U+000D) alone ends no line here", at)
        .label("no end of a line")
        .help("save the file with line ends of U+000A, or of U+000D U+000A")
        .fix("end all lines in U+000A", edits)
}

/// The place between two bytes of a file.
pub(crate) fn between(at: Place, start: u32, end: u32) -> Place {
    Place { file: at.file, span: Span::new(start, end) }
}
