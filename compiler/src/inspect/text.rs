//! A plan's summary, and one of its elements, as text for a person.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{Element, Summary};
use crate::shown;

/// Longer texts are cut in a list.
const LONGEST: usize = 60;

/// How it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Headings are made to stand out.
    pub bold: bool,
    /// How many columns there are; as many as are needed where nothing is said.
    pub width: Option<usize>,
}

/// The summary over several lines.
pub fn summary(of: &Summary, look: Look) -> String {
    let mut text = String::new();
    whole(of, &Style { look, indent: String::new() }, &mut text);
    text
}

struct Style {
    look: Look,
    indent: String,
}

impl Style {
    fn heading(&self, words: &str) -> String {
        if self.look.bold { format!("\x1b[1m{words}\x1b[0m") } else { words.to_owned() }
    }
}

fn whole(of: &Summary, style: &Style, text: &mut String) {
    let indent = &style.indent;
    let title = style.heading(&format!("{} {}", of.blueprint, of.version));
    let _ = writeln!(text, "{indent}{title}");
    for line in of.documentation.lines() {
        let _ = writeln!(text, "{indent}{}", printable(line));
    }
    let _ = writeln!(text, "{indent}plan     {}", of.identity);
    let _ = writeln!(text, "{indent}sources  {}", of.sources_digest);
    let _ = writeln!(text, "{indent}edition  {}, format {}", of.edition, of.format);
    if let Some(kind) = &of.substitutes {
        let _ = writeln!(text, "{indent}stands for {kind}");
    }
    let sources = of.sources.iter().map(|one| vec![one.path.clone(), digest(&one.digest)]);
    list(text, style, "Sources", sources);
    let inputs = of.inputs.iter().map(|one| {
        let mut first = format!("{}: {}", one.name, one.kind);
        if let Some(default) = &one.default {
            let _ = write!(first, " = {default}");
        }
        for constraint in &one.constraints {
            let _ = write!(first, " where {constraint}");
        }
        vec![first, first_line(&one.documentation), one.place.clone()]
    });
    list(text, style, "Inputs", inputs);
    let secrets = of.secrets.iter().map(|one| {
        let from = if one.from == one.name { String::new() } else { format!("from {}", one.from) };
        vec![format!("{}: {}", one.name, one.kind), from, one.place.clone()]
    });
    list(text, style, "Secrets", secrets);
    placed(text, style, "Selections", &of.selections, ": ");
    let nodes = of.nodes.iter().map(|one| {
        let each = one.each.as_ref().map(|each| format!(" for {each}")).unwrap_or_default();
        let on =
            if one.on.is_empty() { String::new() } else { format!("on {}", one.on.join(", ")) };
        vec![
            format!("{}: {}{each}", one.name, one.kind),
            match (&one.provider, one.has_operations) {
                (Some(provider), _) => provider.clone(),
                (None, true) => "operations".to_owned(),
                (None, false) => "logical".to_owned(),
            },
            on,
            format!(
                "{}, {}",
                shown::count(one.properties, "property"),
                shown::count(one.requirements, "requirement")
            ),
            one.place.clone(),
        ]
    });
    list(text, style, "Nodes", nodes);
    placed(text, style, "Required of others", &of.requirements, ": ");
    placed(text, style, "Exposed", &of.exposed, ": ");
    placed(text, style, "Groups", &of.groups, ": ");
    placed(text, style, "Policies", &of.policies, ": ");
    placed(text, style, "Workflows", &of.workflows, "");
    let outputs = of.outputs.iter().map(|one| {
        let name = format!("{}: {}", one.name, one.kind);
        vec![name, first_line(&one.documentation), one.place.clone()]
    });
    list(text, style, "Outputs", outputs);
    let artifacts = of.artifacts.iter().map(|one| {
        let paths =
            if one.paths.is_empty() { "(no name)".to_owned() } else { one.paths.join(", ") };
        vec![paths, size(one.size), digest(&one.digest)]
    });
    list(text, style, "Artifacts", artifacts);
    if !of.plans.is_empty() {
        let _ = writeln!(text, "\n{indent}{}", style.heading("Plans inside"));
    }
    for inner in &of.plans {
        let style = Style { look: style.look, indent: format!("{indent}  ") };
        whole(inner, &style, text);
    }
}

fn placed(text: &mut String, style: &Style, title: &str, all: &[super::Placed], between: &str) {
    let rows = all.iter().map(|one| {
        let details = one.details.join(", ");
        vec![format!("{}{between}{}", one.name, one.kind), details, one.place.clone()]
    });
    list(text, style, title, rows);
}

/// Rows below a heading, in columns; nothing where there are none.
fn list(text: &mut String, style: &Style, title: &str, rows: impl Iterator<Item = Vec<String>>) {
    let cut = |cell: &String| shown::clipped(&printable(cell), LONGEST);
    let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(cut).collect()).collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}{}", style.indent, style.heading(title));
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| unicode_width::UnicodeWidthStr::width(cell.as_str())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let needed = widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>();
    if let Some(room) = style.look.width.filter(|room| style.indent.len() + needed > *room) {
        stacked(text, style, room, &rows);
        return;
    }
    for row in &rows {
        let mut line = format!("{}  ", style.indent);
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let own = unicode_width::UnicodeWidthStr::width(cell.as_str());
            let _ = write!(line, "{cell}{}  ", " ".repeat(width.saturating_sub(own)));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// Where columns have no room beside each other: the first of a row, and the others below it.
fn stacked(text: &mut String, style: &Style, room: usize, rows: &[Vec<String>]) {
    for row in rows {
        let mut cells = row.iter().filter(|cell| !cell.is_empty());
        let first = cells.next().map(String::as_str).unwrap_or_default();
        let rest = cells.map(String::as_str).collect::<Vec<_>>().join("  ");
        for (words, indent, more) in [(first, "  ", "      "), (&rest, "    ", "    ")] {
            let (indent, more) =
                (format!("{}{indent}", style.indent), format!("{}{more}", style.indent));
            let options = textwrap::Options::new(room.max(20))
                .initial_indent(&indent)
                .subsequent_indent(&more);
            for line in textwrap::wrap(words, options) {
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
    }
}

/// An element: its source lines, and what the plan has of it.
pub fn element(of: &Element, look: Look) -> String {
    let style = Style { look, indent: String::new() };
    let mut text = format!("{}\n", style.heading(&of.name));
    let mut before: Option<(&str, u32)> = None;
    let digits = of.lines.iter().map(|one| one.line.to_string().len()).max().unwrap_or_default();
    for line in &of.lines {
        match before {
            Some((path, last)) if path == line.path && last + 1 == line.line => {}
            Some((path, _)) if path == line.path => {
                let _ = writeln!(text, "  {:>digits$} …", "");
            }
            _ => {
                let _ = writeln!(text, "\n  {}", line.path);
            }
        }
        let _ = writeln!(text, "  {:>digits$} │ {}", line.line, printable(&line.text));
        before = Some((&line.path, line.line));
    }
    text.push('\n');
    match &of.readable {
        whole @ (Json::Object(_) | Json::Array(_)) => outline(whole, 0, &mut text),
        // A value alone is no list of one.
        plain => {
            let _ = writeln!(text, "{}", word(plain));
        }
    }
    text
}

/// What an object holds, a line each; what is inside of others below them.
fn outline(value: &Json, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mut line = |key: &str, value: &Json| match value {
        Json::Object(inner) if !inner.is_empty() => {
            let _ = writeln!(text, "{indent}{key}");
            outline(value, depth + 1, text);
        }
        Json::Array(inner) if inner.iter().any(|one| one.is_object() || one.is_array()) => {
            let _ = writeln!(text, "{indent}{key}");
            outline(value, depth + 1, text);
        }
        plain => {
            let _ = writeln!(text, "{indent}{key} {}", word(plain));
        }
    };
    match value {
        Json::Object(entries) => {
            entries.iter().for_each(|(key, of)| line(&format!("{}:", printable(key)), of));
        }
        Json::Array(items) => items.iter().for_each(|item| line("-", item)),
        plain => line("-", plain),
    }
}

/// A value without more inside than words.
fn word(value: &Json) -> String {
    match value {
        Json::String(text) => printable(text),
        Json::Array(items) => items.iter().map(word).collect::<Vec<_>>().join(", "),
        Json::Object(_) => "{ }".to_owned(),
        other => other.to_string(),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Enough of a digest to compare by eye.
fn digest(whole: &str) -> String {
    whole.chars().take("sha256:".len() + 12).collect()
}

fn size(bytes: usize) -> String {
    let tenths = |unit: usize| {
        let all = bytes.saturating_mul(10) / unit;
        format!("{}.{}", all / 10, all % 10)
    };
    match bytes {
        small if small < 1 << 10 => format!("{small} B"),
        middle if middle < 1 << 20 => format!("{} KiB", tenths(1 << 10)),
        _ => format!("{} MiB", tenths(1 << 20)),
    }
}

/// Without what a terminal would obey.
fn printable(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\t', "?")
}
