//! Versions, ordered as `SemVer` orders them, also in the loose forms that people and servers write:
//! `1.27`, `v1.29.3+k3s1`, `16`.

use std::cmp::Ordering;

use semver::Version;

use crate::{ErrorKind, EvalError};

/// The version that this text stands for: missing minor and patch are 0, a leading `v` is dropped.
pub fn parse_version(text: &str) -> Result<Version, EvalError> {
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let split = bare.find(['-', '+']).unwrap_or(bare.len());
    let (numbers, rest) = bare.split_at(split);
    let padded = match numbers.matches('.').count() {
        0 => format!("{numbers}.0.0{rest}"),
        1 => format!("{numbers}.0{rest}"),
        _ => bare.to_owned(),
    };
    Version::parse(&padded).map_err(|error| {
        EvalError::new(
            ErrorKind::BadArgument,
            format!(
                "`{}` is no version ({error}): expected one such as 1.27 or 2.0.1-rc.1",
                crate::text::shorten(text)
            ),
        )
    })
}

/// Which of two versions comes first. What stands after `+` does not count.
pub fn compare_versions(left: &str, right: &str) -> Result<Ordering, EvalError> {
    Ok(parse_version(left)?.cmp_precedence(&parse_version(right)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn loose_forms_order_as_semver_does() {
        for (low, high) in [
            ("1.9", "1.27"),
            ("1.27-rc.1", "1.27"),
            ("1.27-alpha", "1.27-beta"),
            ("v1.29.2+k3s1", "1.29.3"),
            ("9", "10"),
        ] {
            assert_eq!(compare_versions(low, high).unwrap(), Ordering::Less, "{low} {high}");
        }
        for (a, b) in [("1.27", "1.27.0"), ("v2", "2.0.0"), ("1.0.0+a", "1.0.0+b")] {
            assert_eq!(compare_versions(a, b).unwrap(), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_version_says_so() {
        for text in ["", "one", "1.2.3.4", "1..2", "1.-2", "01.2"] {
            let error = parse_version(text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadArgument, "{text}");
            assert!(error.message.contains("is no version"), "{error}");
        }
    }
}
