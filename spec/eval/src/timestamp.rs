//! Points in time as RFC 3339 writes them, and their order.

use jiff::Timestamp;

use crate::EvalError;

/// The point in time that this text stands for.
pub(crate) fn instant(text: &str) -> Result<Timestamp, EvalError> {
    text.parse().map_err(|_| {
        EvalError::bad_argument(format!(
            "`{}` is no timestamp: expected one such as 2026-01-31T08:00:00Z",
            crate::text::shorten(text)
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn instants_are_those_of_utc() {
        assert_eq!(
            instant("2026-01-31T10:00:00+02:00").unwrap(),
            instant("2026-01-31T08:00:00Z").unwrap()
        );
        let half = instant("2026-01-31T08:00:00.5Z").unwrap();
        assert!(half > instant("2026-01-31T08:00:00Z").unwrap());
    }

    #[test]
    fn what_is_no_timestamp_says_so() {
        for text in ["", "yesterday", "2026-02-29T00:00:00Z", "2026-01-01"] {
            assert!(instant(text).unwrap_err().message.contains("is no timestamp"), "{text}");
        }
    }
}
