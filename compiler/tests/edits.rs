//! What is kept from before an edit is as good as what is looked at anew: after every edit of a
//! blueprint the same is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;

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

fn blueprints() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders = vec![root.join("blueprints"), root.join("tests/cases/accept")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bp") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
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

#[test]
fn after_each_edit_the_same_is_told_as_of_a_new_text() {
    let mut dice = Dice(7);
    for path in blueprints() {
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
            let (again, anew) = (analysis.diagnostics(), anew.diagnostics());
            assert_eq!(again, anew, "{} in round {round}:\n{text}", path.display());
        }
    }
}

/// Nodes that name each other, where what is known of one changes what is wrong with another.
#[test]
fn what_a_neighbour_tells_is_looked_at_again() {
    let path = Path::new("again.bp");
    let text = |value: &str, used: &str, import: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\n{import}input late: string\nnode type A {{\n  property a: string\n  \
             property labels_of: map<string> = {{}}\n  provider = \"noop\"\n}}\nnode one: A {{\n  a = {value}\n}}\n\
             node two: A {{\n  a = one.a\n}}\nnode three: A {{\n  a = {used}\n}}\noutput o: string = \"${{two.a}}${{three.a}}${{late}}\"\n"
        )
    };
    let texts = [
        text("\"early\"", "\"x\"", ""),
        text("late", "\"x\"", ""),
        text("late", "two.a", ""),
        text("\"early\"", "two.a", ""),
        text("three.a", "two.a", ""),
        text("\"early\"", "two.b", ""),
        text("\"early\"", "\"\"", "use std.fleet\n"),
        text("\"late\"", "\"\"", "use std.fleet\n"),
    ];
    let overlay = |text: &String| Overlay::from([(path.to_owned(), text.clone())]);
    for first in &texts {
        for second in &texts {
            let before = Analysis::check_with(path, &overlay(first));
            let again = before.check_again(path, &overlay(second));
            let anew = Analysis::check_with(path, &overlay(second));
            assert_eq!(again.diagnostics(), anew.diagnostics(), "after\n{first}\nthis\n{second}");
            let third = again.check_again(path, &overlay(first));
            assert_eq!(third.diagnostics(), before.diagnostics(), "back to\n{first}");
        }
    }
}
