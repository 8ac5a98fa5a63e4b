//! Diagnostics as people and programs see them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use bp_compiler::render::{Counts, human, json, short};
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;

const BROKEN: &str = "/// Shop.
blueprint shop {
  version = \"1.4.0\"
}

const a = 1 < 2 < 3
const b = 20Gib
const c = \"never closed
const d = a && b

node web: Server {
  cpu = 2
  ports = [80, 443

node type server { property a: int = 1 }
";

fn drawn(text: &str, style: human::Style) -> String {
    let source = SourceFile::new("shop.bp", text);
    let (_, diagnostics) = syntax::parse(FileId(0), &source);
    let mut all: String =
        diagnostics.iter().map(|d| human::text(d, |_| Some(&source), style)).collect();
    all.push_str(&Counts::of(&diagnostics).summary().unwrap_or_default());
    all
}

#[test]
fn people_see_the_place_and_the_advice() {
    insta::assert_snapshot!(drawn(BROKEN, human::Style::default()));
}

#[test]
fn a_narrow_terminal_wraps() {
    let style = human::Style { width: 40, unicode: false, ..human::Style::default() };
    insta::assert_snapshot!(drawn(BROKEN, style));
}

#[test]
fn programs_see_one_object_a_line() {
    let source = SourceFile::new("shop.bp", BROKEN);
    let (_, diagnostics) = syntax::parse(FileId(0), &source);
    let lines: Vec<String> = diagnostics.iter().map(|d| json::line(d, |_| Some(&source))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_problem_matcher_sees_one_line_each() {
    let source = SourceFile::new("shop.bp", BROKEN);
    let (_, diagnostics) = syntax::parse(FileId(0), &source);
    let lines: Vec<String> =
        diagnostics.iter().map(|d| short::line(d, |_| Some(&source))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_short_line_stays_one_line() {
    let source = SourceFile::new("two\nlines\u{1b}[31m.bp", "const a = 1 < 2 < 3\n");
    let (_, diagnostics) = syntax::parse(FileId(0), &source);
    let line = short::line(&diagnostics[0], |_| Some(&source));
    assert!(line.starts_with("two lines [31m.bp:1:17: error[E"), "{line}");
    assert!(!line.contains(char::is_control), "{line}");
}

#[test]
fn colours_come_only_when_wanted() {
    assert!(!drawn(BROKEN, human::Style::default()).contains('\u{1b}'));
    let style = human::Style { color: true, ..human::Style::default() };
    assert!(drawn(BROKEN, style).contains('\u{1b}'));
}

#[test]
fn a_source_does_not_command_the_terminal() {
    let text = "blueprint x { version = \u{1b}[31m\u{9b}2J }\r\n";
    assert!(!drawn(text, human::Style::default()).contains(['\u{1b}', '\u{9b}', '\r']));
}

#[test]
fn an_endless_line_is_told_of_not_shown() {
    let text = format!("const a = {} b", "1".repeat(100_000));
    let shown = drawn(&text, human::Style::default());
    assert!(shown.len() < 1_000, "{}", shown.len());
    assert!(shown.contains("shop.bp:1:11"), "{shown}");
}
