//! Diagnostics as people and programs see them.

use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::render::{Counts, human, json, short};
use bp_compiler::source::{FileId, Place, SourceFile, Span};
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

#[test]
fn a_long_line_is_cut_so_that_marks_stand_below_their_letters() {
    let text = format!("const a = [{}] % 2 + [{}]\n", "\"é\", ".repeat(200), "1, ".repeat(200));
    let at = text.find('%').unwrap();
    let column = text[..at].chars().count() + 1;
    for width in [40, 100] {
        let shown = drawn(&text, human::Style { width, ..human::Style::default() });
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{shown}");
        assert!(shown.contains(&format!("shop.bp:1:{column}")), "{shown}");
        let source = lines.iter().position(|line| line.starts_with(" 1 │ …")).unwrap();
        assert!(lines[source].ends_with('…'), "{shown}");
        let mark = lines[source + 1].chars().position(|c| "┬─".contains(c)).unwrap();
        assert_eq!(lines[source].chars().nth(mark), Some('%'), "{shown}");
    }
}

#[test]
fn the_mistake_comes_first_and_is_the_red_one() {
    let said = |text: &str, color| {
        let source = SourceFile::new("shop.bp", text);
        let find = |word: &str| {
            let at = u32::try_from(text.find(word).unwrap()).unwrap();
            let end = at + u32::try_from(word.len()).unwrap();
            Place { file: FileId(0), span: Span::new(at, end) }
        };
        let found = Diagnostic::error("E3001", "no such thing", find("wrong"))
            .label("mistake")
            .related(find("right"), "declared here");
        human::text(&found, |_| Some(&source), human::Style { color, ..human::Style::default() })
    };
    // Far apart, the mistake is drawn first; close together, its place is the one that is named.
    let far = said(&format!("right\n{}wrong\n", "x\n".repeat(30)), false);
    assert!(far.find("shop.bp:32:1").unwrap() < far.find("shop.bp:1:1").unwrap(), "{far}");
    assert!(!far.contains("\n 15 │"), "{far}");
    let near = said("right\nwrong\n", false);
    assert!(near.contains("[shop.bp:2:1]") && !near.contains("shop.bp:1:1"), "{near}");
    let red = said("right\nwrong\n", true);
    let is_red = |label: &str| {
        let line = red.lines().find(|line| line.contains(label)).unwrap();
        line.contains("\u{1b}[31m")
    };
    assert!(is_red("mistake") && !is_red("declared"), "{red:?}");
}
