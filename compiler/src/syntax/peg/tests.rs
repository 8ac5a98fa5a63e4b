//! The parser against pest's own, which is made of the same grammar: both find the same rules at the
//! same places, of whole texts and of broken ones.

#![allow(missing_docs, reason = "pest's generated code")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use pest::Parser as _;

use super::{Failed, Pairs, parse};
use crate::syntax::grammar::Rule as Ours;

#[derive(pest_derive::Parser)]
#[grammar = "syntax/grammar.pest"]
struct Pest;

type Found = Vec<(String, usize, usize)>;

fn ours(pairs: Pairs<'_>, found: &mut Found) {
    for pair in pairs {
        found.push((format!("{:?}", pair.as_rule()), pair.start() as usize, pair.end() as usize));
        ours(pair.into_inner(), found);
    }
}

fn theirs(pairs: pest::iterators::Pairs<'_, Rule>, found: &mut Found) {
    for pair in pairs {
        let at = pair.as_span();
        found.push((format!("{:?}", pair.as_rule()), at.start(), at.end()));
        theirs(pair.into_inner(), found);
    }
}

/// Compares what both find; tells how many rules that was.
fn same(text: &str, of: &Path) -> usize {
    let (mut own, mut pests) = (Found::new(), Found::new());
    let tree = parse(Ours::file, text);
    assert!(tree.is_ok(), "{}: {text}", of.display());
    if let Ok(tree) = &tree {
        ours(tree.pairs(), &mut own);
    }
    match Pest::parse(Rule::file, text) {
        Ok(pairs) => theirs(pairs, &mut pests),
        Err(error) => panic!("{}: {error}", of.display()),
    }
    let first = own.iter().zip(&pests).position(|(a, b)| a != b);
    if let Some(at) = first {
        panic!("{}: {:?} and not {:?} in\n{text}", of.display(), own.get(at), pests.get(at));
    }
    assert_eq!(own.len(), pests.len(), "{}", of.display());
    own.len()
}

fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|end| end == "bp") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn all() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["tests/cases", "stdlib", "blueprints"] {
        texts(&root.join(folder), &mut found);
    }
    found.sort();
    assert!(found.len() > 80, "only {} texts", found.len());
    found
}

/// Longer texts would be looked at too many times.
const SHORT: usize = 4_000;

#[test]
fn both_find_the_same_in_all_texts() {
    let rules: usize = all().iter().map(|(path, text)| same(text, path)).sum();
    assert!(rules > 10_000, "only {rules} rules");
}

/// One character left out, doubled, or swapped for a mark: at places spread over each text.
#[test]
fn both_find_the_same_in_broken_texts() {
    const MARKS: [&str; 14] =
        ["{", "}", "\"", "(", ")", "\n", ":", "=", ",", "ä", "/*", "${", "if ", "\0"];
    let mut tried = 0;
    for (path, text) in all().iter().filter(|(_, text)| text.len() < SHORT) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (turn, at) in places.iter().step_by(17).enumerate() {
            let (before, after) = text.split_at(*at);
            let mut rest = after.chars();
            let left_out = rest.next();
            let mark = MARKS.get(turn % MARKS.len()).copied().unwrap_or_default();
            same(&format!("{before}{}", rest.as_str()), path);
            same(&format!("{before}{mark}{after}"), path);
            same(&format!("{before}{}{after}", left_out.unwrap_or(' ')), path);
            tried += 3;
        }
        let half = text.floor_char_boundary(text.len() / 2);
        same(text.get(..half).unwrap_or_default(), path);
    }
    assert!(tried > 5_000, "only {tried} texts");
}

#[test]
fn what_is_too_deep_is_told_with_its_place() {
    let text = format!("const a = {}1", "(".repeat(10_000));
    assert!(matches!(parse(Ours::file, &text), Err(Failed::TooDeep(at)) if at > 100));
    let comments = format!("{}\n", "/*".repeat(10_000));
    assert!(parse(Ours::file, &comments).is_err());
}

#[test]
fn what_does_not_stand_there_is_no_tree() {
    assert_eq!(parse(Ours::item_head, "nod x: T").err(), Some(Failed::Absent));
    assert!(parse(Ours::item_head, "node x: T").is_ok());
}
