//! What is kept from before an edit is as good as what is looked at anew: after every edit of a
//! blueprint the same is told.

use crate::common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::loader::Overlay;
use bp_compiler::source::Place;

/// A small generator of the same numbers each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
}

/// The text after an edit as people make them: a letter, a word, a line, a name for another.
fn edited(text: &str, dice: &mut Dice) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = dice.below(lines.len());
    let line = lines.get(at).copied().unwrap_or_default();
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let word = words.get(dice.below(words.len())).copied().unwrap_or("x");
    let changed = match dice.below(7) {
        0 => String::new(),
        1 => format!("{line}{line}"),
        2 => format!("\n{line}"),
        3 => line.replacen(|c: char| c.is_ascii_digit(), "7", 1),
        4 => {
            let mut own = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            match own.rfind(|own| !own.is_empty()) {
                Some(own) => line.replace(own, word),
                None => format!("{word}\n"),
            }
        }
        5 => format!("{line}// {word}\n"),
        _ => {
            let middle = line.char_indices().nth(dice.below(line.chars().count()));
            let (before, after) = line.split_at(middle.map_or(0, |(at, _)| at));
            format!("{before}{}{after}", ["x", " ", "\"", "}", "="].get(dice.below(5)).unwrap())
        }
    };
    let mut whole: Vec<&str> = lines.clone();
    if let Some(line) = whole.get_mut(at) {
        *line = &changed;
    }
    whole.concat()
}

/// What is told, as people see it: where the bytes of a file are counted from is nobody's concern.
fn told(analysis: &Analysis) -> Vec<String> {
    let at = |place: &Place| {
        let source = analysis.sources().file(place.file).unwrap();
        (place.file, source.positions(place.span))
    };
    let one = |d: &Diagnostic| {
        let related: Vec<_> = d.related.iter().map(|(place, note)| (at(place), note)).collect();
        let edits = d.fix.iter().flat_map(|fix| &fix.edits);
        let edits: Vec<_> = edits.map(|(place, text)| (at(place), text)).collect();
        format!(
            "{} {:?} {} {:?} {:?} {related:?} {edits:?}",
            d.code,
            at(&d.place),
            d.message,
            d.label,
            d.help
        )
    };
    analysis.diagnostics().iter().map(one).collect()
}

#[test]
fn after_each_edit_the_same_is_told_as_of_a_new_text() {
    let mut dice = Dice(7);
    for path in common::programs(&["blueprints", "tests/cases/accept"]) {
        let original = std::fs::read_to_string(&path).unwrap();
        let mut text = original.clone();
        let mut overlay = Overlay::from([(path.clone(), text.clone())]);
        let mut analysis = Analysis::check_with(&path, &overlay);
        for round in 0..12 {
            // Back to what is right from time to time, so that something is kept.
            text = if round % 3 == 2 { original.clone() } else { edited(&text, &mut dice) };
            overlay.insert(path.clone(), text.clone());
            analysis = analysis.check_again(&path, &overlay);
            let anew = Analysis::check_with(&path, &overlay);
            let (again, anew) = (told(&analysis), told(&anew));
            assert_eq!(again, anew, "{} in round {round}:\n{text}", path.display());
        }
    }
}

/// A text of many pieces, of which most stay where they are.
#[test]
fn in_a_long_text_the_same_is_told_after_each_edit() {
    let mut dice = Dice(11);
    let mut original = String::from(
        "blueprint long {\n  version = \"1.0.0\"\n}\n\ninput region: string = \"x\"\n\n/// An item.\nnode type Item {\n  \
         property size: int\n  requires parent: Item[0..1] via DependsOn\n  provider = \"noop\"\n}\n",
    );
    for i in 0..300 {
        let parent = if i == 0 { String::new() } else { format!("  parent -> n{}\n", i / 2) };
        let _ = write!(
            original,
            "\n/// Node {i}.\nnode n{}: Item {{\n  size = {i}\n{parent}}}\n",
            i + 1
        );
    }
    let original = original.replace("parent -> n0\n", "parent -> n1\n");
    let path = PathBuf::from("long.bp");
    let mut text = original.clone();
    let mut overlay = Overlay::from([(path.clone(), text.clone())]);
    let mut analysis = Analysis::check_with(&path, &overlay);
    let mut many = 0;
    for round in 0..60 {
        text = if round % 5 == 4 { original.clone() } else { edited(&text, &mut dice) };
        overlay.insert(path.clone(), text.clone());
        analysis = analysis.check_again(&path, &overlay);
        let anew = told(&Analysis::check_with(&path, &overlay));
        assert_eq!(told(&analysis), anew, "in round {round}:\n{text}");
        many += anew.len();
    }
    assert!(many > 20, "{many} things were told");
}

/// What is told of each text after each other one, with what was kept, and anew.
fn after_each_other(texts: &[String], beside: &str) {
    let path = Path::new("/nowhere/again.bp");
    let overlay = |text: &String| {
        let other = (PathBuf::from("/nowhere/beside.bp"), beside.to_owned());
        Overlay::from([(path.to_owned(), text.clone()), other])
    };
    for first in texts {
        for second in texts {
            let before = Analysis::check_with(path, &overlay(first));
            let again = before.check_again(path, &overlay(second));
            let anew = Analysis::check_with(path, &overlay(second));
            assert_eq!(told(&again), told(&anew), "after\n{first}\nthis\n{second}");
            let third = again.check_again(path, &overlay(first));
            assert_eq!(told(&third), told(&before), "back to\n{first}");
        }
    }
}

/// What is known of one node, and when, decides what is wrong with another.
#[test]
fn what_a_neighbour_tells_is_looked_at_again() {
    let text = |value: &str, other: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: string\n  attribute id: string\n  \
             provider = \"noop\"\n}}\nnode zero: A {{\n  a = \"\"\n}}\nnode one: A {{\n  a = {value}\n}}\n\
             node two: A {{\n  a = {other}\n  labels = {{ of = one.a }}\n}}\nnode three: A {{\n  a = two.a\n  \
             labels = {{ of = two.a }}\n}}\n"
        )
    };
    let early = text("\"early\"", "\"x\"");
    let late = text("zero.id", "\"x\"");
    let told = |text: &String| {
        let path = PathBuf::from("x.bp");
        let analysis = Analysis::check_with(&path, &Overlay::from([(path.clone(), text.clone())]));
        analysis.diagnostics().iter().filter(|d| d.code == "E4016").count()
    };
    assert_eq!((told(&early), told(&late)), (0, 1), "the texts differ in what matters");
    let texts = [
        early,
        late,
        text("zero.id", "one.a"),
        text("\"early\"", "one.a"),
        text("two.a", "one.a"),
        text("\"early\"", "one.b"),
        text("zero.a", "zero.id"),
    ];
    after_each_other(&texts, "");
}

/// An import is of use where only a node that was kept uses it.
#[test]
fn what_is_kept_uses_what_it_used() {
    let text = |value: &str, used: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nuse \"./beside.bp\" as beside\nnode type A {{\n  property a: string\n  \
             provider = \"noop\"\n}}\nnode one: A {{\n  a = {used}\n}}\nnode two: A {{\n  a = {value}\n}}\n"
        )
    };
    let texts = [
        text("\"x\"", "beside.name"),
        text("\"y\"", "beside.name"),
        text("\"y\"", "\"z\""),
        text("beside.name", "\"z\""),
        text("beside.nme", "beside.name"),
    ];
    after_each_other(&texts, "const name = \"n\"\n");
}

/// Which node is looked at first is decided anew when one names others than before.
#[test]
fn whoever_names_others_is_looked_at_after_those() {
    let text = |one: &str, two: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: string\n  attribute id: string\n  \
             provider = \"noop\"\n}}\nnode zero: A {{\n  a = \"\"\n}}\nnode one: A {{\n  a = {one}\n}}\n\
             node two: A {{\n  a = {two}\n}}\nnode three: A {{\n  a = \"\"\n  labels = {{ of = one.a, by = two.a }}\n}}\n"
        )
    };
    let texts = [
        text("two.a", "\"x\""),
        text("\"x\"", "one.a"),
        text("two.a", "zero.id"),
        text("zero.id", "one.a"),
        text("two.a", "one.a"),
        text("one.a", "zero.id"),
        text("two.b", "zero.id"),
        text("two.a", "\"${one.a}${zero.id}\""),
    ];
    after_each_other(&texts, "");
}

/// What an input is by default is nothing to a node; its type and what is asked of it may be.
#[test]
fn what_is_said_of_an_input_reaches_the_nodes() {
    let text = |input: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\n{input}\nnode type A {{\n  property a: int\n  provider = \"noop\"\n}}\n\
             node one: A {{\n  a = size\n}}\nnode two: A {{\n  a = one.a\n}}\n"
        )
    };
    let texts = [
        text("input size: int = 1"),
        text("/// How large.\ninput size: int = 2"),
        text("input size: int = \"many\""),
        text("input size: string = \"many\""),
        text("input size: int? = 1"),
        text("input size: int = 1 where self > 2"),
        text("input size: int"),
        text("@deprecated(\"large enough\")\ninput size: int = 1"),
        text("input large: int = 1"),
    ];
    let told = |text: &String| {
        let path = PathBuf::from("x.bp");
        let analysis = Analysis::check_with(&path, &Overlay::from([(path.clone(), text.clone())]));
        analysis.diagnostics().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let all: Vec<_> = texts.iter().map(told).collect();
    let differ = all.first().is_some_and(Vec::is_empty)
        && all.iter().filter(|told| told.contains(&"E3002")).count() == 2;
    assert!(differ, "the texts differ in what matters: {all:?}");
    after_each_other(&texts, "");
}

/// What one node has decides what another breaks, however far away, and who forms a ring with whom.
#[test]
fn what_nodes_are_connected_with_is_looked_at_again() {
    let text = |one: &str, two: &str, three: &str, up: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: int\n  property b: int = self.a\n  \
             requires up: A[0..1] via DependsOn\n  check self.b < 100 else \"too large\"\n  provider = \"noop\"\n}}\n\
             node one: A {{\n  a = {one}{up}\n}}\nnode two: A {{\n  a = {two}\n  up -> one\n}}\n\
             node three: A {{\n  a = {three}\n  up -> two where self.b < 50\n}}\nnode far: A {{\n  a = three.b\n}}\n"
        )
    };
    let texts = [
        text("1", "one.b", "two.b", ""),
        text("2", "one.b", "two.b", ""),
        text("70", "one.b", "two.b", ""),
        text("170", "one.b", "3", ""),
        text("170", "4", "3", ""),
        text("1", "one.b", "two.b + 99", ""),
        text("1", "one.b", "two.b", "\n  up -> three"),
        text("three.b", "one.b", "two.b", ""),
        text("one.b", "2", "3", ""),
        text("1", "one.b", "two.b / 0", ""),
        text("1", "one.c", "two.b", ""),
    ];
    let told = |text: &String| {
        let path = PathBuf::from("x.bp");
        let analysis = Analysis::check_with(&path, &Overlay::from([(path.clone(), text.clone())]));
        analysis.diagnostics().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    let all: std::collections::BTreeSet<_> = texts.iter().map(told).collect();
    assert!(all.len() >= 7, "the texts differ in what matters: {all:?}");
    after_each_other(&texts, "");
}

/// What a constant or a function leads to is looked at again, too.
#[test]
fn what_constants_lead_to_is_looked_at_again() {
    let text = |one: &str, two: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: int\n  check self.a < 100\n  \
             provider = \"noop\"\n}}\nconst of_one = one.a\nfn next(x: A) -> int = x.a + 1\nnode one: A {{\n  a = {one}\n}}\n\
             node two: A {{\n  a = of_one\n}}\nnode three: A {{\n  a = next(two) + {two}\n}}\n"
        )
    };
    let texts =
        [text("1", "1"), text("99", "1"), text("120", "1"), text("three.a", "1"), text("1", "200")];
    after_each_other(&texts, "");
}

/// A chain that is too long to be followed is looked at from one end, whoever was edited.
#[test]
fn a_long_chain_is_told_of_as_if_it_were_new() {
    let text = |first: &str, asked: &str| {
        let mut text = format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: int\n  provider = \"noop\"\n}}\n\
             node type B {{\n  property a: int\n  check self.a < 100\n  provider = \"noop\"\n}}\nnode n0: A {{\n  a = {first}\n}}\n"
        );
        for at in 1..60 {
            let _ = write!(text, "node n{at}: A {{\n  a = n{}.a\n}}\n", at - 1);
        }
        text + &format!(
            "node end: B {{\n  a = n59.a + {asked}\n}}\nnode near: B {{\n  a = n9.a\n}}\n"
        )
    };
    let texts = [text("1", "1"), text("1", "2"), text("200", "1"), text("200", "2")];
    after_each_other(&texts, "");
}

/// Who belongs to a group changes what the group tells.
#[test]
fn what_groups_and_choices_lead_to_is_looked_at_again() {
    let text = |one: &str, two: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\nnode type A {{\n  property a: int\n  requires up: B via DependsOn where self.b < 50\n  \
             provider = \"noop\"\n}}\nnode type B {{\n  property b: int\n  check self.b < 100\n  provider = \"noop\"\n}}\n\
             group type G {{\n  members: A[1..]\n  property sum: int\n}}\n\
             group all: G {{\n  members = [one, two]\n  sum = one.a\n}}\n\
             node one: A {{\n  a = {one}\n  up -> B\n}}\nnode two: A {{\n  a = {two}\n  up -> third\n}}\n\
             node other: B {{\n  b = all.sum + two.a\n}}\nnode third: B {{\n  b = 3\n}}\n"
        )
    };
    let texts = [
        text("1", "1"),
        text("2", "1"),
        text("1", "120"),
        text("120", "1"),
        text("other.b", "1"),
        text("60", "1"),
    ];
    after_each_other(&texts, "");
}
