//! A diagnostic for a person: the sentence, the place underlined, the advice; drawn by miette.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity as MietteSeverity,
    ThemeCharacters, ThemeStyles,
};

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place, SourceFile};

/// A line of source longer than this is told of, not shown.
const LONGEST_LINE: usize = 500;

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// With lines of Unicode; of ASCII without.
    pub unicode: bool,
    /// How many columns there are.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, unicode: true, width: 100 }
    }
}

/// The diagnostic over several lines, with a newline at the end.
pub fn text<'a>(
    diagnostic: &'a Diagnostic,
    sources: impl Fn(FileId) -> Option<&'a SourceFile>,
    style: Style,
) -> String {
    let report = Report::new(diagnostic, &sources);
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: styles(diagnostic.severity, style.color),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .without_syntax_highlighting()
        .with_context_lines(1);
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &report).is_err() {
        drawn = format!("{report}\n");
    }
    // miette leaves blanks at the ends of lines.
    let mut text = String::with_capacity(drawn.len());
    for line in drawn.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// The main underline in the colour of the severity, others in that of advice.
fn styles(severity: Severity, color: bool) -> ThemeStyles {
    if !color {
        return ThemeStyles::none();
    }
    let mut styles = ThemeStyles::ansi();
    let main = if severity == Severity::Error { styles.error } else { styles.warning };
    styles.highlights = vec![main, styles.help];
    styles
}

/// What miette draws: labels in the file of the error, and notes on other files below.
#[derive(Debug)]
struct Report {
    message: String,
    severity: MietteSeverity,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<NamedSource<String>>,
    notes: Vec<Report>,
}

impl Report {
    fn new<'a>(
        diagnostic: &'a Diagnostic,
        sources: &impl Fn(FileId) -> Option<&'a SourceFile>,
    ) -> Self {
        let (word, severity) = match diagnostic.severity {
            Severity::Error => ("error", MietteSeverity::Error),
            Severity::Warning => ("warning", MietteSeverity::Warning),
        };
        let mut report = Self {
            message: format!("{word}[{}]: {}", diagnostic.code, diagnostic.message),
            severity,
            help: diagnostic.help.clone(),
            labels: Vec::new(),
            source: None,
            notes: Vec::new(),
        };
        let label = Some(diagnostic.label.as_str()).filter(|label| !label.is_empty());
        report.show(sources(diagnostic.place.file), diagnostic.place, label, true);
        for (place, note) in &diagnostic.related {
            let here = place.file == diagnostic.place.file && report.source.is_some();
            if here && sources(place.file).is_some_and(|source| is_shown(source, *place)) {
                report.show(sources(place.file), *place, Some(note), false);
                continue;
            }
            let mut other = Self {
                message: note.clone(),
                severity: MietteSeverity::Advice,
                help: None,
                labels: Vec::new(),
                source: None,
                notes: Vec::new(),
            };
            other.show(sources(place.file), *place, None, true);
            report.notes.push(other);
        }
        report
    }

    /// Underlines the place; where the line can't be shown, says where it is.
    fn show(&mut self, source: Option<&SourceFile>, place: Place, label: Option<&str>, main: bool) {
        let Some(source) = source else { return };
        if source.text().is_empty() {
            self.message = format!("{}: {}", source.path(), self.message);
            return;
        }
        if !is_shown(source, place) {
            let at = source.position(place.span.start);
            self.message =
                format!("{} (at {}:{}:{})", self.message, source.path(), at.line, at.column);
            return;
        }
        let start = (place.span.start as usize).min(source.text().len());
        let end = (place.span.end as usize).clamp(start, source.text().len());
        let label = label.map(ToOwned::to_owned);
        let span = (start, end - start);
        self.labels.push(if main {
            LabeledSpan::new_primary_with_span(label, span)
        } else {
            LabeledSpan::new_with_span(label, span)
        });
        if self.source.is_none() {
            self.source = Some(NamedSource::new(source.path(), printable(source.text())));
        }
    }
}

/// Whether the lines around the place fit a terminal.
fn is_shown(source: &SourceFile, place: Place) -> bool {
    let line = source.position(place.span.start).line;
    (line.saturating_sub(1)..=line + 1).all(|line| source.line(line).len() <= LONGEST_LINE)
}

/// The text without what a terminal would obey, at the same offsets.
fn printable(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' => ' ',
            c if c.is_control() && c.len_utf8() == 1 => '?',
            c if c.is_control() => '¿',
            c => c,
        })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<MietteSeverity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() { None } else { Some(Box::new(self.labels.iter().cloned())) }
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.notes.is_empty() {
            return None;
        }
        Some(Box::new(self.notes.iter().map(|note| note as &dyn miette::Diagnostic)))
    }
}
