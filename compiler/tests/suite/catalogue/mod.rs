//! The catalogue holds: every code has a page, every page a code, and its examples say what it says.
//!
//! `cargo xtask gen` (or `UPDATE=1 cargo test -p bp-compiler --test suite catalogue`) writes what the
//! compiler says of each wrong example into its page, and the index.

mod examples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bp_compiler::catalogue::{self, Example, Page};
use bp_compiler::diagnostics::unused::is_of_unused;

use examples::{Folder, Said, said};

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn folder() -> PathBuf {
    workspace().join("spec/diagnostics")
}

fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Every `.rs` file below.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The codes that the product constructs, each with a file that does.
fn codes() -> BTreeMap<String, PathBuf> {
    let mut files = Vec::new();
    for part in ["compiler/src", "runtime", "spec"] {
        sources(&workspace().join(part), &mut files);
    }
    let mut codes = BTreeMap::new();
    for file in
        files.into_iter().filter(|file| file.components().any(|part| part.as_os_str() == "src"))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in text.split('"') {
            let is_code = word.len() == 5
                && word.starts_with(['E', 'W'])
                && word[1..].bytes().all(|byte| byte.is_ascii_digit());
            if is_code {
                codes.insert(word.to_owned(), file.clone());
            }
        }
    }
    codes
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes = codes();
    assert!(codes.len() > 100, "{}", codes.len());
    let pages: BTreeSet<&str> = catalogue::pages().iter().map(|page| page.code).collect();
    let without: Vec<String> = codes
        .iter()
        .filter(|(code, _)| !pages.contains(code.as_str()))
        .map(|(code, file)| format!("{code} ({})", file.display()))
        .collect();
    assert!(
        without.is_empty(),
        "write spec/diagnostics/CODE.md for these:\n{}",
        without.join("\n")
    );
    let idle: Vec<&str> = pages.into_iter().filter(|page| !codes.contains_key(*page)).collect();
    assert!(idle.is_empty(), "nothing tells of these codes; remove their pages: {idle:?}");
}

#[test]
fn pages_have_the_form() {
    for page in catalogue::pages() {
        let code = page.code;
        assert!(page.text.starts_with(&format!("# {code}: ")), "{code}: the title names the code");
        let digit = code.chars().nth(1).unwrap();
        assert!(catalogue::STAGES.iter().any(|(of, _)| *of == digit), "{code} has no stage");
        let first = page.title.chars().next().unwrap_or('X');
        assert!(!first.is_uppercase() && !page.title.ends_with('.'), "{code}: `{}`", page.title);
        let examples = page.examples();
        assert!(examples.iter().any(|it| it.is_wrong), "{code} has no wrong example");
        assert!(examples.iter().any(|it| !it.is_wrong), "{code} has no right example");
        assert!(page.text.ends_with("```\n"), "{code} ends with its right example");
    }
}

/// What is wrong with a page's examples; with `UPDATE`, the page is written anew.
fn examine(within: &Folder, page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut text: Vec<String> = page.text.lines().map(str::to_owned).collect();
    // From the last to the first, so that lines keep their numbers.
    for (at, example) in page.examples().iter().enumerate().rev() {
        let Said { codes, drawn, mended } =
            said(within, &format!("{}-{at}", page.code), page, example);
        let all: BTreeSet<&String> = codes.iter().collect();
        let errors: Vec<&str> =
            codes.iter().map(String::as_str).filter(|code| code.starts_with('E')).collect();
        let place = format!("{}, example {}", page.code, at + 1);
        if example.is_wrong {
            let may_be = |code: &str| code == page.code || example.also.as_deref() == Some(code);
            let others = errors.iter().any(|code| !may_be(code));
            let count = codes.iter().filter(|code| *code == page.code).count();
            if others || count != 1 {
                wrong.push(format!("{place}: says {all:?} ({count} of its own)\n{drawn}"));
                continue;
            }
            if let Some(files) = mended {
                let example = Example { files, ..example.clone() };
                let after = said(within, &format!("{}-{at}-mended", page.code), page, &example);
                if after.codes.iter().any(|code| code == page.code) {
                    wrong.push(format!("{place}: its fix does not mend it\n{:?}", example.files));
                }
            }
            if example.said.as_deref() != Some(drawn.as_str()) {
                if is_update() {
                    write(&mut text, example, &drawn);
                } else {
                    wrong.push(format!(
                        "{place}: is told otherwise; run `cargo xtask gen`\n{drawn}"
                    ));
                }
            }
        // A small example need not use what it declares.
        } else if codes.iter().any(|code| !is_of_unused(code)) {
            wrong.push(format!("{place}: the right program has {all:?}\n{drawn}"));
        }
    }
    if is_update() {
        let path = folder().join(format!("{}.md", page.code));
        std::fs::write(path, format!("{}\n", text.join("\n"))).unwrap();
    }
    wrong
}

/// Puts what the compiler says below the example.
fn write(page: &mut Vec<String>, example: &Example, drawn: &str) {
    let after = example.end + 1;
    if example.said.is_some() {
        let start = (after..page.len()).find(|at| page[*at] == "```text").unwrap();
        let end = (start..page.len()).find(|at| page[*at] == "```").unwrap();
        page.drain(after..=end);
    }
    let mut block = vec![String::new(), "```text".to_owned()];
    block.extend(drawn.lines().map(str::to_owned));
    block.push("```".to_owned());
    page.splice(after..after, block);
}

#[test]
fn examples_say_what_their_page_says() {
    let within = Folder::new();
    let pages = catalogue::pages();
    let (first, second) = pages.split_at(pages.len() / 2);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let half = |pages: Vec<&'static Page>| {
            let within = &within;
            scope.spawn(move || {
                pages.into_iter().flat_map(|page| examine(within, page)).collect::<Vec<_>>()
            })
        };
        let halves = [half(first.to_vec()), half(second.to_vec())];
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_index_is_fresh() {
    let path = folder().join("README.md");
    if is_update() {
        std::fs::write(&path, catalogue::index()).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == catalogue::index(),
        "spec/diagnostics/README.md is stale: run `cargo xtask gen`"
    );
}
