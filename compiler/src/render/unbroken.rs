//! Lines break between words, never inside of code (`` `a b` ``), a path or a date.
//!
//! Whoever wraps the lines knows nothing of code: what must stay together is written to it in characters that are
//! never parted, and that nobody else uses; afterwards they are what they were.

/// Where those characters begin, in the last private plane of Unicode.
const FIRST: u32 = 0x10_0000;
/// How much of a line is left for what stands around: longer code may break between its words.
const AROUND: usize = 20;

/// The text with what must stay together in lines of this many columns.
pub(super) fn joined(text: &str, width: usize) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Where they are no pairs, nobody knows what is code.
    let are_pairs = parts.len() % 2 == 1;
    let mut made = String::with_capacity(text.len() * 2);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            made.push(joint('`'));
        }
        let is_code = at % 2 == 1 && are_pairs && part.chars().count() + AROUND <= width;
        made.extend(part.chars().map(|c| match c {
            ' ' if !is_code => c,
            c => joint(c),
        }));
    }
    made
}

/// The text as it was, once its lines are broken.
pub(super) fn parted(text: &str) -> String {
    let plain =
        |c: char| char::from_u32(u32::from(c).checked_sub(FIRST)?).filter(|c| is_parted(*c));
    text.chars().map(|c| plain(c).unwrap_or(c)).collect()
}

/// The character as one that is never parted from its neighbours.
fn joint(c: char) -> char {
    char::from_u32(FIRST + u32::from(c)).filter(|_| is_parted(c)).unwrap_or(c)
}

/// Whether a line may break beside it.
fn is_parted(c: char) -> bool {
    c == ' ' || c.is_ascii_punctuation() || matches!(c, '…' | '→')
}

#[cfg(test)]
mod tests {
    use super::{joined, parted};

    #[test]
    fn what_is_joined_is_parted_again() {
        for text in ["", "a b", "write `x -> y` in a-b/c", "one ` alone", "`é …`"] {
            assert_eq!(parted(&joined(text, 80)), text);
        }
    }

    #[test]
    fn only_blanks_outside_of_code_are_left() {
        let blanks = |text: &str, width| joined(text, width).matches(' ').count();
        assert_eq!(blanks("write `x -> y` here", 80), 2);
        assert_eq!(blanks("write `x -> y` here", 20), 4);
        assert_eq!(blanks("one ` alone", 80), 2);
    }
}
