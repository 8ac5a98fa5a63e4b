//! `bpc explain`.

use std::io::IsTerminal as _;

use super::output::Output;
use crate::catalogue;
use crate::diagnostics::near;
use crate::render::page;

/// Shows the pages of these codes, or lists all of them; whether there is a page for each.
pub(super) fn run(codes: &[String], output: &mut Output) -> bool {
    let style = output.style_of_answers();
    // A page that goes into a file or a pipe stays Markdown.
    let is_drawn = std::io::stdout().is_terminal() || style.color;
    if codes.is_empty() {
        output.answer(&page::list(style));
        return true;
    }
    let mut are_known = true;
    let mut shown = 0;
    for code in codes {
        let Some(found) = catalogue::page(code) else {
            are_known = false;
            output.note(&unknown(code));
            continue;
        };
        if shown > 0 {
            output.answer("\n");
        }
        shown += 1;
        let text = if is_drawn { page::text(found, style) } else { found.text.to_owned() };
        output.answer(&text);
    }
    are_known
}

fn unknown(code: &str) -> String {
    let pages = catalogue::pages();
    let letters = code.to_uppercase();
    // The letter is easily forgotten, or taken for the other.
    let digits = letters.trim_start_matches(|c: char| !c.is_ascii_digit());
    let same = pages.iter().map(|page| page.code).find(|code| code.get(1..) == Some(digits));
    let near = same.or_else(|| near(&letters, pages.iter().map(|page| page.code)));
    let shown: String = code.chars().filter(|c| !c.is_control()).take(40).collect();
    match near {
        Some(near) => format!("there is no code `{shown}`; did you mean `{near}`?"),
        None => format!("there is no code `{shown}`; `bpc explain` lists those that there are"),
    }
}
