//! A page of the catalogue for a person at a terminal: headings in bold, code set apart, no marks.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ink};

use super::human::Style;
use crate::catalogue::{self, Block, Fence, Page};

/// What code is set apart by.
const MARGIN: &str = "    ";

/// The page, with a newline at the end.
pub fn text(page: &Page, style: Style) -> String {
    let pen = Pen { style };
    let color = severity(page);
    let mut text = format!(
        "{}{}\n",
        pen.ink(&format!("{}[{}]", page.severity(), page.code), color.bold()),
        pen.ink(&format!(": {}", page.title), Ink::new().bold())
    );
    for block in &page.blocks {
        text.push('\n');
        match block {
            Block::Paragraph(words) => text.push_str(&pen.paragraph(words)),
            Block::Fence(fence) => text.push_str(&pen.fence(fence, color)),
        }
    }
    text
}

/// All codes with their titles, by stage.
pub fn list(style: Style) -> String {
    let pen = Pen { style };
    let mut text = String::new();
    for (digit, stage) in catalogue::STAGES {
        let mut lines = String::new();
        for page in catalogue::pages() {
            if page.code.chars().nth(1) == Some(*digit) {
                let code = pen.ink(page.code, severity(page));
                let _ = writeln!(lines, "  {code}  {}", page.title);
            }
        }
        if !lines.is_empty() {
            let blank = if text.is_empty() { "" } else { "\n" };
            let _ = write!(text, "{blank}{}\n{lines}", pen.ink(stage, Ink::new().bold()));
        }
    }
    text
}

fn severity(page: &Page) -> Ink {
    let color = if page.severity() == "error" { AnsiColor::Red } else { AnsiColor::Yellow };
    color.on_default()
}

/// Inks and lays out; writing to a string does not fail.
struct Pen {
    style: Style,
}

impl Pen {
    fn ink(&self, text: &str, ink: Ink) -> String {
        if self.style.color { format!("{ink}{text}{ink:#}") } else { text.to_owned() }
    }

    /// Wrapped, with what stands in backticks in a colour of its own.
    fn paragraph(&self, words: &str) -> String {
        let width = self.style.width.clamp(40, 100);
        let wrapped = textwrap::fill(words, width);
        let mut text = String::new();
        for (at, part) in wrapped.split('`').enumerate() {
            match at % 2 {
                0 => text.push_str(part),
                _ if self.style.color => {
                    text.push_str(&self.ink(part, AnsiColor::Cyan.on_default()));
                }
                _ => {
                    let _ = write!(text, "`{part}`");
                }
            }
        }
        text.push('\n');
        text
    }

    fn fence(&self, fence: &Fence, color: Ink) -> String {
        let is = |word: &str| fence.words.iter().any(|it| it == word);
        let green = AnsiColor::Green.on_default().bold();
        let file = fence.attributes.get("file").map(|name| format!("{name}:"));
        let mut head = match (is("wrong"), is("right")) {
            (true, _) => self.ink("Wrong:", color.bold()),
            (_, true) => self.ink("Right:", green),
            _ => String::new(),
        };
        if let Some(file) = file {
            let blank = if head.is_empty() { "" } else { " " };
            let _ = write!(head, "{blank}{}", self.ink(&file, Ink::new().bold()));
        }
        let mut text = if head.is_empty() { String::new() } else { format!("{head}\n\n") };
        for line in fence.text.lines() {
            let line =
                if fence.language == "text" { self.answer(line, color) } else { line.into() };
            text.push_str(format!("{MARGIN}{line}").trim_end());
            text.push('\n');
        }
        text
    }

    /// A line of what the compiler says.
    fn answer(&self, line: &str, color: Ink) -> String {
        match line.split_once("]: ") {
            Some((head, message)) if head.contains("error[") || head.contains("warning[") => {
                format!("{}: {message}", self.ink(&format!("{head}]"), color))
            }
            _ => line.to_owned(),
        }
    }
}
