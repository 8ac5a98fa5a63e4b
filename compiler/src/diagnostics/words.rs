//! Words that sentences are put together of: lists of names, and names with their articles.

/// `` one of `a`, `b` ``.
pub(crate) fn one_of<N: AsRef<str>>(names: &[N]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    format!("one of {}", quoted.join(", "))
}

/// `` an `E` ``, `` a `Cluster` ``: as the name is read aloud, letter by letter where it has no small ones.
pub(crate) fn an(name: &str) -> String {
    let mut letters = name.chars().take_while(|c| c.is_alphanumeric());
    let first = letters.next().unwrap_or('x');
    let is_spelt = first.is_uppercase() && letters.next().is_none_or(char::is_uppercase);
    let is_open = if is_spelt {
        "AEFHILMNORSX".contains(first)
    } else {
        "aeio".contains(first.to_ascii_lowercase())
    };
    format!("{} `{name}`", if is_open { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::an;

    #[test]
    fn articles_go_by_the_sound() {
        for (name, wanted) in [
            ("E", "an `E`"),
            ("Cluster", "a `Cluster`"),
            ("k8s.Object", "a `k8s.Object`"),
            ("Endpoint", "an `Endpoint`"),
            ("User", "a `User`"),
            ("VM", "a `VM`"),
            ("SQL", "an `SQL`"),
        ] {
            assert_eq!(an(name), wanted);
        }
    }
}
