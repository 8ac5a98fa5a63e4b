//! The catalogue of diagnostics: a page for each code, the same for `bpc explain`, for the editor's
//! links and for those who read `spec/diagnostics`.
//!
//! Knows the form of a page and nothing of checks: what a page shows is held to the compiler by the
//! tests.

mod page;

use std::fmt::Write as _;
use std::sync::LazyLock;

pub use page::{Block, Example, Fence, Page};

/// The pages as they were written, by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What the first digit of a code says: the stage that finds the mistake.
pub const STAGES: &[(char, &str)] = &[
    ('1', "Syntax"),
    ('2', "Names and files"),
    ('3', "Types and values"),
    ('4', "Topology"),
    ('5', "Policies and groups"),
    ('6', "Packages"),
    ('7', "Plans, operations, workflows and tests"),
];

static PARSED: LazyLock<Vec<Page>> =
    LazyLock::new(|| PAGES.iter().map(|(code, text)| Page::parse(code, text)).collect());

/// All pages, by stage: the errors of each in the order of their numbers, then its warnings.
pub fn pages() -> Vec<&'static Page> {
    let mut pages: Vec<&Page> = PARSED.iter().collect();
    pages.sort_by_key(|page| (page.code.get(1..2), page.code));
    pages
}

/// The page of a code, in letters of either case.
pub fn page(code: &str) -> Option<&'static Page> {
    PARSED.iter().find(|page| page.code.eq_ignore_ascii_case(code))
}

/// The index of all pages, in Markdown: what `spec/diagnostics/README.md` holds.
pub fn index() -> String {
    let mut text = String::from(
        "# Diagnostics\n\n\
         Every mistake that the compiler tells of has a code, and every code a page here with a wrong and a right\n\
         example. `bpc explain CODE` shows the same page; in an editor, the code is a link to it. `E` is an error: the\n\
         program is refused. `W` is a warning.\n\n\
         The examples are compiled by the tests, and what the compiler says of each stands below it. This file and\n\
         those answers are written by `cargo xtask gen`.\n",
    );
    for (digit, stage) in STAGES {
        let of: Vec<&Page> =
            pages().into_iter().filter(|page| page.code.chars().nth(1) == Some(*digit)).collect();
        if of.is_empty() {
            continue;
        }
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n## {stage}\n\n| code | severity | what it says |\n| --- | --- | --- |\n"
        );
        for page in of {
            let (code, severity, title) = (page.code, page.severity(), &page.title);
            let _ = writeln!(text, "| [{code}]({code}.md) | {severity} | {title} |");
        }
    }
    text
}
