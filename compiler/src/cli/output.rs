//! Where a command's words go: diagnostics and notes, in the form that was asked for.

use std::io::{IsTerminal as _, Write as _};

use super::{Color, MessageFormat};
use crate::catalogue;
use crate::diagnostics::{Diagnostic, Severity};
use crate::inspect::Look;
use crate::render::{Counts, github, human, json, short};
use crate::source::{FileId, Place, SourceFile};

/// More codes than this are not listed at the end of a run.
const MOST_EXPLAINED: usize = 5;

/// More errors than this, and more warnings, are counted and not drawn.
const MOST_DRAWN: usize = 100;

/// What a command writes to.
pub(super) struct Output {
    format: MessageFormat,
    style: human::Style,
    counts: Counts,
    /// What was drawn of them.
    drawn: Counts,
    /// Why no more can be written to stdout.
    lost: Option<std::io::Error>,
    /// Codes that were told of, in the order in which they came.
    codes: Vec<&'static str>,
    wants_color: Color,
}

impl Output {
    pub(super) fn new(format: MessageFormat, color: Color) -> Self {
        let wants_color = color;
        let color = is_coloured(color, std::io::stderr().is_terminal());
        let terminal = terminal_size::terminal_size_of(std::io::stderr());
        let width = width_of(terminal.map(|(width, _)| usize::from(width.0)));
        let style = human::Style { color, unicode: speaks_unicode(), width };
        Self {
            format,
            style,
            counts: Counts::default(),
            drawn: Counts::default(),
            lost: None,
            codes: Vec::new(),
            wants_color,
        }
    }

    /// How what a person asked for is drawn on stdout.
    pub(super) fn style_of_answers(&self) -> human::Style {
        let stdout = std::io::stdout();
        let color = is_coloured(self.wants_color, stdout.is_terminal());
        let terminal = terminal_size::terminal_size_of(stdout);
        let width = width_of(terminal.map(|(width, _)| usize::from(width.0)));
        human::Style { color, width, ..self.style }
    }

    /// How lists on stdout are laid out: into a file or a pipe they are as wide as they are.
    pub(super) fn look(&self) -> Look {
        let style = self.style_of_answers();
        let is_limited = std::io::stdout().is_terminal() || std::env::var_os("COLUMNS").is_some();
        Look { bold: style.color, width: is_limited.then_some(style.width) }
    }

    /// Writes the diagnostics.
    pub(super) fn diagnostics<'a>(
        &mut self,
        diagnostics: &'a [Diagnostic],
        sources: impl Fn(FileId) -> Option<&'a SourceFile>,
    ) {
        let counts = Counts::of(diagnostics);
        self.counts.errors += counts.errors;
        self.counts.warnings += counts.warnings;
        for diagnostic in diagnostics {
            if !self.codes.contains(&diagnostic.code) {
                self.codes.push(diagnostic.code);
            }
            match self.format {
                MessageFormat::Human | MessageFormat::Junit => {
                    if self.has_room(diagnostic.severity) {
                        write_err(&human::text(diagnostic, &sources, self.style));
                    }
                }
                MessageFormat::Json => self.line(&json::line(diagnostic, &sources)),
                MessageFormat::Github => self.line(&github::line(diagnostic, &sources)),
                MessageFormat::Short => self.line(&short::line(diagnostic, &sources)),
            }
        }
    }

    /// Whether diagnostics are drawn for a person.
    pub(super) fn is_drawn(&self) -> bool {
        matches!(self.format, MessageFormat::Human | MessageFormat::Junit)
    }

    /// The diagnostics as a person sees them, for where they are written later.
    pub(super) fn drawn<'a>(
        &mut self,
        diagnostics: &'a [Diagnostic],
        sources: impl Fn(FileId) -> Option<&'a SourceFile>,
    ) -> String {
        let mut text = String::new();
        for diagnostic in diagnostics {
            if self.has_room(diagnostic.severity) {
                text.push_str(&human::text(diagnostic, &sources, self.style));
            }
        }
        text
    }

    /// Whether one more is drawn: nobody reads thousands.
    fn has_room(&mut self, severity: Severity) -> bool {
        let drawn = match severity {
            Severity::Error => &mut self.drawn.errors,
            Severity::Warning => &mut self.drawn.warnings,
        };
        *drawn += 1;
        *drawn <= MOST_DRAWN
    }

    /// How many were left out where diagnostics are drawn, as a line.
    pub(super) fn left_out(&self) -> Option<String> {
        let more = |all: usize| all.saturating_sub(MOST_DRAWN);
        let more = Counts { errors: more(self.drawn.errors), warnings: more(self.drawn.warnings) };
        let how = "more are not shown; `--message-format short` has a line for each";
        more.summary().map(|more| format!("{more} {how}"))
    }

    /// Writes what was asked for, to stdout. What can't be written is told of at the end of the run; a closed
    /// pipe is no reason to fail.
    pub(super) fn answer(&mut self, text: &str) {
        self.answer_bytes(text.as_bytes());
    }

    /// The same of what is no text.
    pub(super) fn answer_bytes(&mut self, bytes: &[u8]) {
        if self.lost.is_none() {
            let mut out = std::io::stdout().lock();
            self.lost = out.write_all(bytes).and_then(|()| out.flush()).err();
        }
    }

    /// Writes a line to stdout.
    pub(super) fn line(&mut self, line: &str) {
        self.answer(&format!("{line}\n"));
    }

    /// The end of the run: whether all that was to be written to stdout is, or nobody reads it any more.
    pub(super) fn is_whole(&self) -> bool {
        match &self.lost {
            Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let why = format!("it can't be written: {error}");
                let source = SourceFile::new("<stdout>", "");
                let lost = Diagnostic::error("E1028", why, Place::default())
                    .help("check that the disk has room; what was written is not whole");
                // In any form: stdout is where the others would go.
                write_err(&human::text(&lost, |_| Some(&source), self.style));
                false
            }
            _ => true,
        }
    }

    /// The word in the colour of what is fine, or of what is not, for stdout.
    pub(super) fn painted(&self, word: &str, is_fine: bool) -> String {
        let color = if is_fine { 32 } else { 31 };
        if self.style_of_answers().color {
            format!("\u{1b}[{color}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        }
    }

    /// Says something to a person; a program that reads JSON is not told.
    pub(super) fn note(&self, text: &str) {
        if self.format != MessageFormat::Json {
            write_err(&format!("{text}\n"));
        }
    }

    /// Says that something failed that is no mistake of a source.
    pub(super) fn failure(&mut self, code: &'static str, path: &str, why: &str, help: &str) {
        let place = Place::default();
        let source = SourceFile::new(path, "");
        let failure = [Diagnostic::error(code, why, place).help(help)];
        self.diagnostics(&failure, |_| Some(&source));
    }

    /// Says that something failed with a file, not with what stands in it.
    pub(super) fn failed(&mut self, path: &std::path::Path, failure: Diagnostic) {
        let source = SourceFile::new(path.display().to_string(), "");
        self.diagnostics(&[failure], |_| Some(&source));
    }

    /// The last lines: how many errors and warnings there were, and where they are explained.
    pub(super) fn summary(&self) {
        if let Some(left_out) = self.left_out() {
            self.note(&left_out);
        }
        if let Some(summary) = self.counts.summary() {
            self.note(&summary);
        }
        let codes = self.codes.iter().filter(|code| catalogue::page(code).is_some());
        let codes: Vec<&str> = codes.copied().take(MOST_EXPLAINED).collect();
        if self.format == MessageFormat::Human && !codes.is_empty() {
            let line = format!("for more: bpc explain {}", codes.join(" "));
            let dim = anstyle::Style::new().dimmed();
            let line = if self.style.color { format!("{dim}{line}{dim:#}") } else { line };
            write_err(&format!("{line}\n"));
        }
    }

    /// Whether there was an error.
    pub(super) fn has_errors(&self) -> bool {
        self.counts.errors > 0
    }
}

/// Writes to stderr; a closed pipe is no reason to fail.
pub(super) fn write_err(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether what is written to a terminal, or to something else, has colours.
fn is_coloured(wanted: Color, is_terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match wanted {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto if is_set("CLICOLOR_FORCE") => {
            std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0")
        }
        Color::Auto if std::env::var_os("CLICOLOR").is_some_and(|value| value == "0") => false,
        Color::Auto => is_terminal && !is_dumb,
    }
}

/// How wide lines are: as `COLUMNS` says, else as the terminal is.
fn width_of(terminal: Option<usize>) -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    columns.or(terminal).unwrap_or(100).clamp(40, 160)
}

/// Whether the locale has lines to draw with.
fn speaks_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match set {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(not(unix)),
    }
}
