//! `bp.toml`: what a package is called and what it depends on.
//!
//! Knows the text of one such file; where it lies and what is there is the business of `packages`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Diagnostic, packages as says};
use crate::source::{FileId, Place, SourceFile, Span};

/// What the file of a package is called.
pub(crate) const NAME: &str = "bp.toml";
/// More is no such file.
pub(super) const MOST: u64 = 1 << 20;

/// What a `bp.toml` says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) name: Option<(String, Place)>,
    pub(super) version: String,
    pub(super) dependencies: Vec<Dependency>,
    /// Something is wrong with it, and told of.
    pub(super) is_broken: bool,
}

/// An entry of `[dependencies]`.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Where the name stands.
    pub(super) at: Place,
    /// The folder, from the file's; nothing where it is wrong, which is told of.
    pub(super) path: Option<(String, Place)>,
}

/// Reads the text.
pub(super) fn parse(file: FileId, source: &SourceFile, out: &mut Vec<Diagnostic>) -> Manifest {
    let before = out.len();
    let mut manifest = Manifest::default();
    match DeTable::parse(source.text()) {
        Ok(table) => manifest.fill(&Reader { file }, table.get_ref(), out),
        Err(error) => out.push(says::not_toml(broken_at(file, source, &error), error.message())),
    }
    manifest.is_broken = out.len() > before;
    manifest
}

/// Where the TOML is broken; something can be underlined there.
pub(super) fn broken_at(file: FileId, source: &SourceFile, error: &toml::de::Error) -> Place {
    let length = source.text().len();
    let found = error.span().unwrap_or(length..length);
    let start = found.start.min(length.saturating_sub(1));
    Place { file, span: span(start..found.end.max(start + 1).min(length)) }
}

fn span(range: std::ops::Range<usize>) -> Span {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(place(range.start), place(range.end))
}

/// Turns what TOML has into what is wanted, or says why it can't.
pub(super) struct Reader {
    pub(super) file: FileId,
}

impl Reader {
    pub(super) fn at<T>(&self, of: &Spanned<T>) -> Place {
        Place { file: self.file, span: span(of.span()) }
    }

    pub(super) fn text(
        &self,
        value: &Spanned<DeValue<'_>>,
        what: &str,
        expected: &str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(String, Place)> {
        let at = self.at(value);
        let found = value.get_ref().as_str();
        if found.is_none() {
            let found = kind(value.get_ref());
            out.push(says::wrong_entry(at, what, expected, found));
        }
        found.map(|text| (text.to_owned(), at))
    }

    pub(super) fn table<'t, 'i>(
        &self,
        value: &'t Spanned<DeValue<'i>>,
        what: &str,
        expected: &str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<&'t DeTable<'i>> {
        let found = value.get_ref().as_table();
        if found.is_none() {
            let found = kind(value.get_ref());
            out.push(says::wrong_entry(self.at(value), what, expected, found));
        }
        found
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

impl Manifest {
    fn fill(&mut self, reader: &Reader, table: &DeTable<'_>, out: &mut Vec<Diagnostic>) {
        let known = ["package", "dependencies"];
        let mut has_package = false;
        for (key, value) in table {
            match &**key.get_ref() {
                "package" => {
                    has_package = true;
                    self.package(reader, key, value, out);
                }
                "dependencies" => self.dependencies(reader, value, out),
                other => out.push(says::unknown_entry(reader.at(key), other, "`bp.toml`", &known)),
            }
        }
        if !has_package && !is_misspelt(reader, "package", out) {
            let at = Place { file: reader.file, span: Span::new(0, 0) };
            let example = "[package]\nname = \"shop\"\nversion = \"1.0.0\"".replace('\n', "`, `");
            out.push(says::missing_entry(at, "`bp.toml`", "[package]", &example));
        }
        // A table has no order; the file has one.
        self.dependencies.sort_by_key(|one| one.at.span.start);
        out.sort_by_key(|one| (one.place.file, one.place.span.start));
    }

    fn package(
        &mut self,
        reader: &Reader,
        head: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        out: &mut Vec<Diagnostic>,
    ) {
        let Some(table) = reader.table(value, "`package`", "a table: `[package]`", out) else {
            return;
        };
        let mut has = (false, false);
        for (key, value) in table {
            match &**key.get_ref() {
                "name" => {
                    has.0 = true;
                    let expected =
                        "a name such as \"shop\": small letters, digits and `_`, other than `std`";
                    let found = reader.text(value, "the package's name", expected, out);
                    if let Some((text, at)) = &found
                        && !is_name(text)
                    {
                        let found = format!("\"{text}\"");
                        out.push(says::wrong_entry(*at, "the package's name", expected, &found));
                    }
                    self.name = found;
                }
                "version" => {
                    has.1 = true;
                    let expected = "a version such as \"1.0.0\"";
                    let found = reader.text(value, "the package's version", expected, out);
                    if let Some((text, at)) = found {
                        if !is_version(&text) {
                            let found = format!("\"{text}\"");
                            let what = "the package's version";
                            out.push(says::wrong_entry(at, what, expected, &found));
                        }
                        self.version = text;
                    }
                }
                "edition" => {
                    let expected = format!("\"{}\"", bp_plan::EDITION);
                    let found = reader.text(value, "the edition", &expected, out);
                    if let Some((text, at)) = found.filter(|(text, _)| text != bp_plan::EDITION) {
                        let found = format!("\"{text}\"");
                        out.push(says::wrong_entry(at, "the edition", &expected, &found));
                    }
                }
                other => {
                    let known = ["name", "version", "edition"];
                    out.push(says::unknown_entry(reader.at(key), other, "`[package]`", &known));
                }
            }
        }
        for (has, what, example) in
            [(has.0, "name", "name = \"shop\""), (has.1, "version", "version = \"1.0.0\"")]
        {
            if !has && !is_misspelt(reader, what, out) {
                out.push(says::missing_entry(reader.at(head), "`[package]`", what, example));
            }
        }
    }

    fn dependencies(
        &mut self,
        reader: &Reader,
        value: &Spanned<DeValue<'_>>,
        out: &mut Vec<Diagnostic>,
    ) {
        let expected = "a table: `[dependencies]`";
        let Some(table) = reader.table(value, "`dependencies`", expected, out) else { return };
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let at = reader.at(key);
            let expected = "a name of small letters, digits and `_`, other than `std`";
            if !is_name(&name) {
                let found = format!("`{name}`");
                out.push(says::wrong_entry(at, "a dependency's name", expected, &found));
                continue;
            }
            let path = dependency(reader, &name, at, value, out);
            self.dependencies.push(Dependency { name, at, path });
        }
    }
}

fn dependency(
    reader: &Reader,
    name: &str,
    at: Place,
    value: &Spanned<DeValue<'_>>,
    out: &mut Vec<Diagnostic>,
) -> Option<(String, Place)> {
    let what = format!("the dependency `{name}`");
    let expected = format!("`{{ path = \"../{name}\" }}`");
    let table = reader.table(value, &what, &expected, out)?;
    let mut path = None;
    let mut is_told = false;
    for (key, value) in table {
        if key.get_ref() == "path" {
            let expected = format!("a path from this file such as \"../{name}\"");
            path = reader.text(value, &what, &expected, out);
            is_told = path.is_none();
            if let Some((text, at)) = &path
                && (text.is_empty()
                    || text.contains('\\')
                    || std::path::Path::new(text).is_absolute())
            {
                out.push(says::wrong_entry(*at, &what, &expected, &format!("\"{text}\"")));
                is_told = true;
                path = None;
            }
        } else {
            let found = key.get_ref().to_string();
            out.push(says::unknown_entry(reader.at(key), &found, &what, &["path"]));
            is_told = true;
        }
    }
    if path.is_none() && !is_told {
        out.push(says::missing_entry(at, &what, "path", &format!("path = \"../{name}\"")));
    }
    path
}

/// Whether it was told of an entry that this was meant by it.
fn is_misspelt(reader: &Reader, what: &str, out: &[Diagnostic]) -> bool {
    out.iter().any(|told| {
        let edits = told.fix.iter().flat_map(|fix| &fix.edits);
        told.code == "E6005"
            && told.place.file == reader.file
            && edits.map(|(_, text)| text.as_str()).eq([what])
    })
}

/// Whether a package may be called so; `std` is the standard library.
fn is_name(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && text.len() <= 64
        && text != "std"
}

/// `1.0.0`, with what Semantic Versioning lets stand behind it.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |n: &&str| {
        !n.is_empty()
            && n.len() <= 18
            && n.bytes().all(|b| b.is_ascii_digit())
            && (n.len() == 1 || !n.starts_with('0'))
    };
    let rest = text.get(core.len()..).unwrap_or_default();
    numbers.len() == 3
        && numbers.iter().all(is_number)
        && text.len() <= 64
        && (rest.is_empty() || rest.len() > 1)
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
}
