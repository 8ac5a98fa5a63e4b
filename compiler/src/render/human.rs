//! A diagnostic for a person: the sentence, the place underlined, the advice; drawn by miette.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity as MietteSeverity,
    ThemeCharacters, ThemeStyles,
};

use super::excerpt::{self, Excerpt};
use super::{unbroken, visible};
use crate::diagnostics::{Diagnostic, Severity};
use crate::source::{FileId, Place, SourceFile, Span};

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

/// The diagnostic over several lines, with a newline at the end. What it is about comes first, in the colour of
/// its severity; other places stand in the same lines where these meet, else below.
pub fn text<'a>(
    diagnostic: &'a Diagnostic,
    sources: impl Fn(FileId) -> Option<&'a SourceFile>,
    style: Style,
) -> String {
    let (word, severity) = match diagnostic.severity {
        Severity::Error => ("error", MietteSeverity::Error),
        Severity::Warning => ("warning", MietteSeverity::Warning),
    };
    let lines = |text: &str| unbroken::joined(&lines(text), style.width);
    let mut main = Report::new(
        format!("{word}[{}]: {}", diagnostic.code, lines(&diagnostic.message)),
        severity,
    );
    main.help = diagnostic.help.as_deref().map(lines);
    let label = Some(lines(&diagnostic.label)).filter(|label| !label.is_empty());
    let mut here = vec![(diagnostic.place, label)];
    let mut notes = Vec::new();
    for (place, note) in &diagnostic.related {
        let source = sources(place.file).filter(|source| !source.text().is_empty());
        let meets = place.file == diagnostic.place.file
            && source.is_some_and(|source| {
                here.iter().any(|(at, _)| excerpt::meet(source, at.span, place.span))
            });
        if meets {
            here.push((*place, Some(lines(note))));
        } else {
            let mut other = Report::new(lines(note), MietteSeverity::Advice);
            other.show(sources(place.file), &[(*place, None)], style);
            notes.push(other);
        }
    }
    main.show(sources(diagnostic.place.file), &here, style);
    let mut drawn = draw(&main, style);
    for note in &notes {
        drawn.push_str("\nAdvice:\n");
        drawn.push_str(draw(note, style).trim_start_matches('\n'));
    }
    // miette leaves blanks at the ends of lines.
    let mut text = String::with_capacity(drawn.len());
    for line in unbroken::parted(&drawn).lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A text of several lines without what a terminal would obey.
fn lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn draw(report: &Report, style: Style) -> String {
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: report.styles(style.color),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        .without_syntax_highlighting()
        .with_context_lines(1);
    let mut drawn = String::new();
    match handler.render_report(&mut drawn, report) {
        Ok(()) => drawn,
        Err(_) => format!("{report}\n"),
    }
}

/// What miette draws.
#[derive(Debug)]
struct Report {
    message: String,
    severity: MietteSeverity,
    help: Option<String>,
    /// In the order in which they stand.
    labels: Vec<LabeledSpan>,
    source: Option<Excerpt>,
}

impl Report {
    fn new(message: String, severity: MietteSeverity) -> Self {
        Self { message, severity, help: None, labels: Vec::new(), source: None }
    }

    /// Underlines the places, of which the first is the main one. Where there is no text, only says where it is.
    fn show(
        &mut self,
        source: Option<&SourceFile>,
        places: &[(Place, Option<String>)],
        style: Style,
    ) {
        let Some(source) = source else { return };
        if source.text().is_empty() {
            self.message = format!("{}: {}", visible(source.path()), self.message);
            return;
        }
        let spans: Vec<Span> = places.iter().map(|(place, _)| place.span).collect();
        let dots = if style.unicode { "…" } else { "..." };
        let excerpt = Excerpt::new(source, &spans, style.width.max(40), dots);
        for (at, (_, label)) in places.iter().enumerate() {
            let shown = excerpt.place(at);
            let span = (shown.start, shown.len());
            self.labels.push(if at == 0 {
                LabeledSpan::new_primary_with_span(label.clone(), span)
            } else {
                LabeledSpan::new_with_span(label.clone(), span)
            });
        }
        self.labels.sort_by_key(LabeledSpan::offset);
        self.source = Some(excerpt);
    }

    /// The main underline in the colour of the severity, others in that of advice.
    fn styles(&self, color: bool) -> ThemeStyles {
        if !color {
            return ThemeStyles::none();
        }
        let mut styles = ThemeStyles::ansi();
        let main = match self.severity {
            MietteSeverity::Error => styles.error,
            MietteSeverity::Warning => styles.warning,
            MietteSeverity::Advice => styles.advice,
        };
        // miette gives labels these in turn, in the order in which they stand.
        let of = |label: &LabeledSpan| if label.primary() { main } else { styles.help };
        let highlights: Vec<_> = self.labels.iter().map(of).collect();
        if !highlights.is_empty() {
            styles.highlights = highlights;
        }
        styles
    }
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
}
