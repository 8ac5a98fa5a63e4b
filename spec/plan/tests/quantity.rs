//! Quantities: one canonical text, which reads back as the same amount.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bp_plan::quantity::QuantityError;
use bp_plan::{Dimension, Quantity};
use proptest::prelude::*;

#[test]
fn canonical_texts() {
    for (text, canonical) in [
        ("90m", "1h30m"),
        ("1h30m", "1h30m"),
        ("1500ms", "1s500ms"),
        ("7d", "7d"),
        ("-90m", "-1h30m"),
        ("0s", "0s"),
        ("0.5GiB", "512MiB"),
        ("1536MiB", "1536MiB"),
        ("1.5GiB", "1536MiB"),
        ("1000MB", "1GB"),
        ("1_024KiB", "1MiB"),
        ("2.4GHz", "2400MHz"),
        ("10Gbps", "10Gbps"),
        ("12.50%", "12.5%"),
        ("-0.000001%", "-0.000001%"),
        ("100%", "100%"),
    ] {
        let quantity: Quantity = text.parse().unwrap();
        assert_eq!(quantity.to_string(), canonical, "{text}");
    }
}

#[test]
fn texts_that_are_none() {
    let error = |text: &str| text.parse::<Quantity>().unwrap_err();
    for text in
        ["", "-", "5", "GiB", "5 GiB", "1h30", "..5s", "1.s", ".5s", "1.2.3s", "--5s", "5s-"]
    {
        assert!(matches!(error(text), QuantityError::Malformed(_)), "{text}: {}", error(text));
    }
    assert!(matches!(error("5Gib"), QuantityError::UnknownUnit { nearest: Some("GiB"), .. }));
    assert!(matches!(error("5parsecs"), QuantityError::UnknownUnit { nearest: None, .. }));
    for (text, unit) in [("5min", "m"), ("30secs", "s"), ("2hours", "h"), ("10percent", "%")] {
        let is_told = matches!(error(text), QuantityError::UnknownUnit { nearest, .. } if nearest == Some(unit));
        assert!(is_told, "{text}");
    }
    assert!(matches!(error("1h5GiB"), QuantityError::MixedUnits { .. }));
    assert!(matches!(error("0.5B"), QuantityError::TooFine { smallest: "B" }));
    assert!(matches!(error("106752d"), QuantityError::TooLarge));
    assert!(matches!(error(&format!("{}s", "9".repeat(60))), QuantityError::TooLarge));
    assert!(matches!(error(&format!("0.{}1s", "0".repeat(60))), QuantityError::TooLarge));
}

proptest! {
    #[test]
    fn texts_read_back(
        dimension in prop::sample::select(vec![
            Dimension::Duration,
            Dimension::Size,
            Dimension::Frequency,
            Dimension::Bitrate,
            Dimension::Percent,
        ]),
        amount in any::<i64>(),
    ) {
        let quantity = Quantity::new(dimension, amount);
        let text = quantity.to_string();
        prop_assert_eq!(text.parse::<Quantity>(), Ok(quantity), "{}", text);
    }

    #[test]
    fn no_text_brings_it_down(text in "[-0-9._a-zA-Z%]{0,40}") {
        let _ = text.parse::<Quantity>();
    }
}
