//! `E1xxx`, `W1xxx`: what can be wrong with a text before any name is resolved.

use super::Diagnostic;
use crate::source::{FileId, Place, Span};

fn place(file: FileId, start: u32, end: u32) -> Place {
    Place { file, span: Span::new(start, end) }
}

/// Something else stands where the grammar awaits `expected`.
pub fn unexpected(at: Place, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error("E1001", format!("expected {expected}, found {found}"), at)
        .label(format!("expected {expected}"))
}

/// A `(`, `[`, `{`, `<` or `${` that nothing closes.
pub fn unclosed(at: Place, opening: &str, closing: &str) -> Diagnostic {
    Diagnostic::error("E1002", format!("this `{opening}` is never closed"), at)
        .label("opened here")
        .help(format!("add the missing `{closing}`"))
}

/// A `{` with an entry on its line that is closed on a later one, with what could not be read in between.
pub fn closed_below(at: Place) -> Diagnostic {
    let after = Place { file: at.file, span: Span::new(at.span.end, at.span.end) };
    Diagnostic::error("E1002", "this `{` is not closed on its line", at)
        .label("has an entry on its line, so it closes there")
        .help("put all entries on this line, or give every entry a line of its own; `bpc fmt` does so")
        .fix("break the line after `{`", vec![(after, "\n".to_owned())])
}

/// A `{` with an entry on its line, not closed there; `missing` is where its `}` belongs.
pub fn unclosed_on_line(at: Place, missing: Option<Place>) -> Diagnostic {
    let error = Diagnostic::error("E1002", "this `{` is not closed on its line", at)
        .label("opened here")
        .help("add the missing `}` to this line, or give every entry a line of its own");
    match missing {
        Some(at) => error.fix("write the missing `}`", vec![(at, " }".to_owned())]),
        None => error,
    }
}

/// A `{` with an entry on its line, and more of them on the next.
pub fn entries_go_on(at: Place) -> Diagnostic {
    let after = Place { file: at.file, span: Span::new(at.span.end, at.span.end) };
    Diagnostic::error("E1029", "the entries of this `{` stand partly on its line", at)
        .label("has an entry on its line, so it closes there")
        .help("put all entries on this line, or give every entry a line of its own; `bpc fmt` does so")
        .fix("break the line after `{`", vec![(after, "\n".to_owned())])
}

/// A string without its closing quote.
pub fn unclosed_string(at: Place, quote: &str) -> Diagnostic {
    let closed = if quote == "\"\"\"" {
        "close the block with `\"\"\"` at the start of a line of its own"
    } else {
        "close the string with `\"` on the same line; text of several lines stands between `\"\"\"`"
    };
    Diagnostic::error("E1003", "this string is never closed", at).label("opened here").help(closed)
}

/// A `/*` without its `*/`.
pub fn unclosed_comment(at: Place) -> Diagnostic {
    Diagnostic::error("E1004", "this comment is never closed, so it hides the rest of the file", at)
        .label("opened here")
        .help("close it with `*/`; comments nest, so each `/*` inside needs its own")
}

/// No expression where one must stand.
pub fn missing_expression(at: Place, found: &str) -> Diagnostic {
    Diagnostic::error("E1005", format!("expected a value, found {found}"), at)
        .label("a value is missing here")
        .help("write a value here, or remove what awaits it")
}

/// No type where one must stand.
pub fn missing_type(at: Place, found: &str) -> Diagnostic {
    Diagnostic::error("E1006", format!("expected a type, found {found}"), at)
        .label("a type is missing here")
        .help("name a type after the `:`, such as `string`, `int` or a node type")
}

/// An input or secret without a type; `of` is that of its default.
pub fn untyped(at: Place, what: &str, name: &str, of: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E1006", format!("{what} `{name}` has no type"), at)
        .label("a type is missing after this")
        .help(format!("say its type: `{what} {name}: {}`", of.unwrap_or("string")));
    match of {
        Some(of) => {
            let end = Place { file: at.file, span: Span::new(at.span.end, at.span.end) };
            error.fix(format!("write `: {of}`"), vec![(end, format!(": {of}"))])
        }
        None => error,
    }
}

/// An operator of another language.
pub fn foreign_operator(at: Place, foreign: &str, ours: &str) -> Diagnostic {
    Diagnostic::error("E1007", format!("`{foreign}` is not an operator here"), at)
        .label(format!("write `{ours}`"))
        .help(format!("write `{ours}` instead of `{foreign}`"))
        .fix(format!("replace `{foreign}` by `{ours}`"), vec![(at, ours.to_owned())])
}

/// `||` between what may be conditions or values.
pub fn foreign_or(at: Place) -> Diagnostic {
    Diagnostic::error("E1007", "`||` is not an operator here", at)
        .label("write `or`, or `??`")
        .help("write `or` between conditions, and `??` where the right side stands for a left one that is unset")
}

/// `name: value`; `edit` puts a `=` in the place of the `:`.
pub fn foreign_colon(
    at: Place,
    name: &str,
    value: &str,
    edit: Option<(Place, String)>,
) -> Diagnostic {
    let error = Diagnostic::error("E1007", "`:` gives no value here", at)
        .label("write `=`")
        .help(format!("write `{name} = {value}`; what follows a `:` is a type"));
    match edit {
        Some(edit) => error.fix("replace `:` by `=`", vec![edit]),
        None => error,
    }
}

/// `name: T = value`, where the type is declared elsewhere.
pub fn typed_value(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error("E1007", format!("`{name}` is declared elsewhere: no type is given here"), at)
        .label("a type")
        .help(format!("write `{name} = …`"))
        .fix("leave the type out", vec![(at, String::new())])
}

/// `a % b`.
pub fn foreign_modulus(at: Place) -> Diagnostic {
    Diagnostic::error("E1007", "`%` is not an operator here", at).label("no such operator").help(
        "write `mod(a, b)` for what is left of a division; `10%` without blanks is a percentage",
    )
}

/// `c ? a : b`.
pub fn foreign_ternary(at: Place) -> Diagnostic {
    Diagnostic::error("E1007", "`? :` is not an operator here", at)
        .label("no such operator")
        .help("write `if condition then a else b`")
}

/// `'text'`; `ours` is the string that was meant, where it can be told.
pub fn foreign_quotes(at: Place, ours: Option<String>) -> Diagnostic {
    let error = Diagnostic::error("E1007", "`'` is no quote here", at)
        .label("strings stand between `\"`")
        .help(
            "write the string between `\"`; a raw one, with backslashes as they are, is `r\"…\"`",
        );
    match ours {
        Some(ours) => error.fix(format!("write `{ours}`"), vec![(at, ours)]),
        None => error,
    }
}

/// A `;` that ends something.
pub fn foreign_end(at: Place, instead: &str) -> Diagnostic {
    let title = match instead {
        "," => "put a comma",
        "\n" => "break the line",
        _ => "remove the `;`",
    };
    Diagnostic::error("E1007", "`;` ends nothing here", at)
        .label("a newline ends it")
        .help("remove it: entries and items end with their line, entries of one line are parted by commas")
        .fix(title, vec![(at, instead.to_owned())])
}

/// A word that begins an item in another language. `ours` may stand in its place.
pub fn foreign_word(at: Place, word: &str, form: &str, ours: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error("E1007", format!("`{word}` begins nothing here"), at)
        .label("a word of another language")
        .help(format!("write `{form}`"));
    match ours {
        Some(ours) => {
            error.fix(format!("replace `{word}` by `{ours}`"), vec![(at, ours.to_owned())])
        }
        None => error,
    }
}

/// `a < b < c`, `a..b..c`.
pub fn chained(at: Place, operator: &str) -> Diagnostic {
    let help = if operator == ".." {
        "a range has two ends: `1..9`".to_owned()
    } else {
        "compare twice and join with `and`: `a < b and b < c`".to_owned()
    };
    Diagnostic::error("E1008", format!("`{operator}` can't be chained"), at)
        .label("second of a chain")
        .help(help)
}

/// A number with a unit that doesn't exist; `like` are those that look like it, where none is nearest.
pub fn unknown_unit(
    at: Place,
    unit: &str,
    nearest: Option<&str>,
    fixed: Option<String>,
    like: &[&str],
) -> Diagnostic {
    let error = Diagnostic::error("E1009", format!("there is no unit `{unit}`"), at);
    match (nearest, fixed) {
        (Some(nearest), Some(fixed)) => error
            .label(format!("did you mean `{nearest}`?"))
            .help(format!("write `{fixed}`"))
            .fix(format!("replace `{unit}` by `{nearest}`"), vec![(at, fixed)]),
        _ if !like.is_empty() => {
            let like: Vec<String> = like.iter().map(|unit| format!("`{unit}`")).collect();
            error.label("unknown unit").help(format!("units like it are {}", like.join(", ")))
        }
        _ => error.label("unknown unit").help(
            "units are d h m s ms us ns, B kB MB GB TB PB KiB MiB GiB TiB PiB, Hz kHz MHz GHz, bps kbps Mbps Gbps Tbps and %",
        ),
    }
}

/// `20G`.
pub fn unit_without_measure(at: Place, text: &str, unit: &str) -> Diagnostic {
    let number = text.strip_suffix(unit).unwrap_or(text);
    let (small, large) = (if unit == "K" { "k" } else { unit }, unit.to_uppercase());
    let zeros = match large.as_str() {
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => 5,
    };
    let (decimal, binary) = (zeros * 3, zeros * 10);
    Diagnostic::error("E1009", format!("there is no unit `{unit}`"), at).label("of what?").help(format!(
        "write `{number}{small}B` for {number} times 10^{decimal} bytes, `{number}{large}iB` for {number} times 2^{binary}"
    ))
}

/// A number that can't be kept.
pub fn bad_number(at: Place, number: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E1010", format!("`{number}` is no usable number: {why}"), at)
        .label("this number")
        .help("whole numbers reach from -9223372036854775808 to 9223372036854775807; quantities count in whole smallest units")
}

/// `\q` and its like.
pub fn bad_escape(at: Place, escape: &str) -> Diagnostic {
    Diagnostic::error("E1011", format!("`{escape}` is no escape"), at)
        .label("unknown escape")
        .help(r#"escapes are \n \t \r \\ \" \$ and \u{1F600}; in r"…" a backslash is just itself"#)
}

/// A type whose name starts with a small letter.
pub fn lower_case_type(at: Place, name: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E1012", format!("the type `{name}` must start with a capital letter"), at)
        .label("the first letter tells types from values")
        .help(format!("call it `{better}`"))
        .fix(format!("rename it to `{better}`"), vec![(at, better.to_owned())])
}

/// A value whose name starts with a capital.
pub fn upper_case_value(at: Place, name: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E1013", format!("the name `{name}` must start with a small letter"), at)
        .label("the first letter tells types from values")
        .help(format!("call it `{better}`"))
        .fix(format!("rename it to `{better}`"), vec![(at, better.to_owned())])
}

/// A name that is allowed, and written otherwise than names are: `fooBar`, `Foo_Bar`.
pub fn unusual_name(at: Place, name: &str, better: &str) -> Diagnostic {
    let form = if better.starts_with(|c: char| c.is_ascii_uppercase()) {
        "types are written in `PascalCase`"
    } else {
        "names of values are written in `snake_case`"
    };
    Diagnostic::warning("W1002", format!("`{name}` would be `{better}` elsewhere: {form}"), at)
        .label("another way to write names")
        .help(format!("call it `{better}`, here and wherever it is used"))
}

/// A reserved word as a name.
pub fn reserved_name(at: Place, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E1014",
        format!("`{name}` is a word of the language and can't be a name"),
        at,
    )
    .label("reserved word")
    .help(format!("choose another name, such as `{name}_`"))
}

/// Brackets, comments or operators nested past the limit.
pub fn too_deep(at: Place, limit: usize) -> Diagnostic {
    Diagnostic::error("E1015", format!("this is nested more than {limit} levels deep"), at)
        .label("the level that is too deep")
        .help("give inner parts names of their own with `const` or `let`; after this place the file was not read")
}

/// A union of too many types or literals.
pub fn too_many_alternatives(at: Place, limit: usize) -> Diagnostic {
    Diagnostic::error("E1015", format!("this type has more than {limit} alternatives"), at)
        .label("too long")
        .help("make it a `string`, and keep the known values in a `const` list: `where self in known`")
}

/// One expression of too many operators.
pub fn too_long(at: Place, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "E1015",
        format!("this expression has more than {limit} operators in a row"),
        at,
    )
    .label("too long")
    .help("split it with `const` or `let`, or use a list with `sum`, `all`, `any` or `join`")
}

/// One `if` of too many arms.
pub fn too_many_arms(at: Place, limit: usize) -> Diagnostic {
    Diagnostic::error("E1015", format!("this `if` has more than {limit} arms"), at)
        .label("too long")
        .help("keep what differs between them in a `const` map, and look it up: `known[key]`")
}

/// A file past the size limit.
pub fn too_large(file: FileId, bytes: u64, limit: u64) -> Diagnostic {
    Diagnostic::error(
        "E1016",
        format!("the file has {bytes} bytes; a blueprint file has at most {limit} (16 MiB)"),
        place(file, 0, 0),
    )
    .help("check that this is the file you meant; split a large blueprint with `use`")
}

/// Bytes that are no UTF-8.
pub fn not_utf8(file: FileId, valid_up_to: u64) -> Diagnostic {
    let at = u32::try_from(valid_up_to).unwrap_or(u32::MAX);
    Diagnostic::error(
        "E1017",
        format!("the file is not UTF-8 text: its byte {} begins no character", valid_up_to + 1),
        place(file, at, at),
    )
    .help("save the file as UTF-8; if it is no text at all, check the path")
}

/// A file with nothing in it.
pub fn empty(file: FileId) -> Diagnostic {
    Diagnostic::error("E1018", "the file declares nothing", place(file, 0, 0)).help(
        "begin with `blueprint name { version = \"1.0.0\" }`, or with types for others to use",
    )
}

/// A block's `{` on a line of its own.
pub fn brace_on_own_line(at: Place) -> Diagnostic {
    Diagnostic::error("E1019", "the `{` of a block stands on the line of what it belongs to", at)
        .label("belongs to the end of the line above")
        .help("move this `{` to the end of the line above")
}

/// An operand that needs parentheses.
pub fn needs_parentheses(at: Place, what: &str, text: &str) -> Diagnostic {
    let error = Diagnostic::error("E1020", format!("{what} stands in parentheses here"), at)
        .label("put this in parentheses")
        .help("put `(` and `)` around it, so that a reader sees what belongs together");
    let open = Place { file: at.file, span: Span::new(at.span.start, at.span.start) };
    let close = Place { file: at.file, span: Span::new(at.span.end, at.span.end) };
    if text.is_empty() {
        return error;
    }
    error.fix("add the parentheses", vec![(open, "(".to_owned()), (close, ")".to_owned())])
}

/// A call of something that is no function's name.
pub fn not_callable(at: Place) -> Diagnostic {
    Diagnostic::error("E1021", "only a function can be called, by its name", at)
        .label("not the name of a function")
        .help("write `f(x)` or `module.f(x)`; operations are called by `call` in a workflow")
}

/// Two entries on a line with nothing between.
pub fn two_on_a_line(at: Place, found: &str) -> Diagnostic {
    let before = Place { file: at.file, span: Span::new(at.span.start, at.span.start) };
    Diagnostic::error("E1022", format!("expected the end of the line, found {found}"), at)
        .label("begins a new entry")
        .help("put a comma here, or give every entry a line of its own")
        .fix("put a comma between the entries", vec![(before, ", ".to_owned())])
}

/// A closing bracket that closes nothing.
pub fn stray_closing(at: Place, bracket: &str) -> Diagnostic {
    Diagnostic::error("E1023", format!("this `{bracket}` closes nothing"), at)
        .label("nothing is open here")
        .help(format!("remove it, or add the `{}` that it should close", opening_of(bracket)))
        .fix(format!("remove the `{bracket}`"), vec![(at, String::new())])
}

/// Whether a bracket or string was found to be open: what it should have closed is said once.
pub(crate) fn is_unclosed(diagnostic: &Diagnostic) -> bool {
    let is_item = diagnostic.code == "E1025" && diagnostic.label == "begins an item";
    matches!(diagnostic.code, "E1002" | "E1003") || is_item
}

/// Whether all was read in spite of it: nothing follows from it, and the layout mends it.
pub(crate) fn is_of_layout(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.code, "E1018" | "E1029")
}

/// Where the line is broken for what [`closed_below`] says.
pub(crate) fn break_of(diagnostic: &Diagnostic) -> Option<Place> {
    let fix = diagnostic.fix.as_ref().filter(|_| diagnostic.code == "E1002")?;
    match fix.edits.as_slice() {
        [(place, text)] if text == "\n" => Some(*place),
        _ => None,
    }
}

/// Whether something stood where something else was awaited.
pub(crate) fn is_surprise(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.code, "E1001" | "E1005")
}

/// Whether a closing bracket was awaited in the place of what stood there.
pub(crate) fn awaits_closing(diagnostic: &Diagnostic) -> bool {
    let expects = |closing: &str| diagnostic.message.starts_with(closing);
    diagnostic.code == "E1001" && (expects("expected `,` or `)`") || expects("expected `,` or `]`"))
}

/// Whether a closing bracket was found to close nothing.
pub(crate) fn is_stray(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == "E1023"
}

fn opening_of(bracket: &str) -> &'static str {
    match bracket {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}

/// A computed key in a plain `{ … }`.
pub fn computed_key(at: Place) -> Diagnostic {
    Diagnostic::error("E1024", "the key of an entry is a name or a plain string", at)
        .label("this is computed")
        .help("computed keys stand in a comprehension: `{ key = value for x in xs }`")
}

/// A word that may not stand where it does, though it is one of the language.
pub fn misplaced(at: Place, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E1025", format!("{what} can't stand here"), at).label("not here").help(help)
}

/// `T?[1]`; `mark` is the `?`, and `is_optional` whether `T?` says all of it.
pub fn optional_with_cardinality(
    at: Place,
    mark: Place,
    ty: &str,
    is_optional: bool,
) -> Diagnostic {
    let message = format!("`{ty}?` says how many there may be: it is `{ty}[0..1]`");
    let error = Diagnostic::error("E1025", message, at).label("says it again");
    if is_optional {
        let help = format!("write `{ty}?`; one that must be there is `{ty}`");
        error.help(help).fix("leave the cardinality out", vec![(at, String::new())])
    } else {
        let help = "leave the `?` out, and let the cardinality begin at 0 where there may be none";
        error.help(help).fix("leave the `?` out", vec![(mark, String::new())])
    }
}

/// An item in the block of another.
pub fn item_in_block(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E1025", format!("{what} can't stand in a block"), at)
        .label("begins an item")
        .help("move it out of the `{ }`: items stand side by side in a file")
}

/// A `///` with no declaration below.
pub fn idle_documentation(at: Place) -> Diagnostic {
    Diagnostic::warning("W1001", "this `///` documents nothing", at)
        .label("no declaration follows")
        .help("move it above a declaration, or make it a `//` comment")
}

/// More mistakes than are shown.
pub fn too_many(at: Place, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "E1026",
        format!("more than {limit} mistakes: the rest of the file was not read"),
        at,
    )
    .help("mend those above first; check that this is a blueprint file")
}

/// A file that can't be read.
pub fn unreadable(file: FileId, why: &str) -> Diagnostic {
    Diagnostic::error("E1027", format!("the file can't be read: {why}"), place(file, 0, 0))
        .help("check the path and that you may read it")
}

/// A file whose layout is not the one that `bpc fmt` gives it.
pub fn other_layout(at: Place) -> Diagnostic {
    Diagnostic::error("E1030", "the file has another layout from here on", at)
        .help("run `bpc fmt` without `--check`")
}
