//! Where words go: results to stdout, everything else to stderr.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use serde::Serialize;

use crate::arguments::Format;
use crate::told::Told;

/// How results and errors are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
    color: bool,
    /// Others write to stderr, too.
    is_shared: bool,
}

impl Output {
    pub(crate) fn new(format: Format, is_shared: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = std::io::stderr().is_terminal() && !no_color && !is_dumb;
        Self { format, color, is_shared }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether words for people may move and have colours.
    pub(crate) fn is_lively(self) -> bool {
        self.color && !self.is_json() && !self.is_shared
    }

    /// Whether what goes to stderr has colours.
    pub(crate) fn has_color(self) -> bool {
        self.color
    }

    /// Whether results for people have colours.
    pub(crate) fn paints(self) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        std::io::stdout().is_terminal() && !no_color && !is_dumb && !self.is_json()
    }

    /// A result for programs.
    pub(crate) fn json(self, value: &impl Serialize) {
        if self.is_json()
            && let Ok(text) = serde_json::to_string_pretty(value)
        {
            write_out(&format!("{text}\n"));
        }
    }

    /// A result for people.
    pub(crate) fn text(self, text: &str) {
        if !self.is_json() {
            write_out(text);
        }
    }

    /// Something to know by the way; programs are not told.
    pub(crate) fn note(self, text: &str) {
        if !self.is_json() {
            write_err(&format!("{text}\n"));
        }
    }

    /// An error or a warning.
    pub(crate) fn told(self, told: &Told) {
        if self.is_json() {
            let kind = if told.is_warning { "warning" } else { "error" };
            let place = told.place.as_ref().map(|place| {
                serde_json::json!({ "file": place.path, "line": place.line, "column": column(place) })
            });
            let line = serde_json::json!({
                kind: { "code": told.code, "message": told.message, "help": told.help, "at": place }
            });
            write_err(&format!("{line}\n"));
            return;
        }
        write_err(&drawn(told, self.color));
    }
}

fn column(place: &crate::told::Place) -> usize {
    place.text.get(..place.stretch.0).map_or(1, |before| before.chars().count() + 1)
}

/// An error drawn for people.
pub(crate) fn drawn(told: &Told, color: bool) -> String {
    let styles = if color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles,
    })
    .with_width(100)
    .with_links(false)
    .without_syntax_highlighting()
    .with_context_lines(0);
    let report = Report::of(told);
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

/// Writes to stdout; a closed pipe is no reason to fail.
pub(crate) fn write_out(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

pub(crate) fn write_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[derive(Debug)]
struct Report {
    message: String,
    help: Option<String>,
    is_warning: bool,
    source: Option<Line>,
    label: Option<LabeledSpan>,
}

impl Report {
    fn of(told: &Told) -> Self {
        let word = if told.is_warning { "warning" } else { "error" };
        let code = told.code.map(|code| format!("[{code}]")).unwrap_or_default();
        let mut report = Self {
            message: format!("{word}{code}: {}", printable(&told.message)),
            help: told.help.as_deref().map(printable),
            is_warning: told.is_warning,
            source: None,
            label: None,
        };
        if let Some(place) = &told.place {
            let (start, end) = place.stretch;
            report.label = Some(LabeledSpan::new_primary_with_span(None, (start, end - start)));
            report.source = Some(Line {
                path: place.path.clone(),
                text: printable(&place.text),
                number: usize::try_from(place.line).unwrap_or(1).saturating_sub(1),
                column: column(place).saturating_sub(1),
            });
        }
        report
    }
}

/// The one line of a source that is known.
#[derive(Debug)]
struct Line {
    path: String,
    text: String,
    /// From 0.
    number: usize,
    /// From 0: where the stretch begins, for the head of the picture.
    column: usize,
}

impl SourceCode for Line {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = SourceSpan::from((0, self.text.len()));
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            self.text.as_bytes(),
            whole,
            self.number,
            self.column,
            1,
        )))
    }
}

/// The text without what a terminal would obey, at the same offsets.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_control() && c != '\n' { ' ' } else { c }).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.is_warning { miette::Severity::Warning } else { miette::Severity::Error })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label
            .clone()
            .map(|label| Box::new(std::iter::once(label)) as Box<dyn Iterator<Item = _>>)
    }
}
