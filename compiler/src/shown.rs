//! How the elements of a plan read to a person: a span's own text, a type's short name, a count.
//!
//! Knows plans only: what a plan does not say can't be shown.

use bp_plan::{Expr, Plan, Span, Value};

/// The text at a span, on one line; nothing where the plan has not its lines.
pub(crate) fn text(plan: &Plan, span: Span) -> Option<String> {
    let source = plan.sources.get(span.file as usize)?;
    let mut text = String::new();
    for number in span.line..=span.end_line.min(span.line.saturating_add(20)) {
        let line = source.lines.get(&number)?;
        let from = if number == span.line { span.column.saturating_sub(1) as usize } else { 0 };
        let to = if number == span.end_line {
            (span.end_column.saturating_sub(1) as usize).max(from)
        } else {
            usize::MAX
        };
        let part: String = line.chars().skip(from).take(to.saturating_sub(from)).collect();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part.trim());
    }
    Some(text)
}

/// `FILE:LINE`.
pub(crate) fn place(plan: &Plan, span: Span) -> String {
    let path = plan.sources.get(span.file as usize).map_or("?", |source| source.path.as_str());
    format!("{path}:{}", span.line)
}

/// A type's name with its module: `kubernetes.Deployment` of `std.kubernetes.Deployment`, and without
/// that of the core: `Compute`.
pub(crate) fn short(full: &str) -> &str {
    if let Some(core) = full.strip_prefix("std.")
        && !core.contains('.')
    {
        return core;
    }
    let mut dots = full.rmatch_indices('.').skip(1);
    dots.next().and_then(|(at, _)| full.get(at + 1..)).unwrap_or(full)
}

/// `[1..]`, as the language writes it; nothing for exactly one.
pub(crate) fn cardinality((fewest, most): (u64, Option<u64>)) -> String {
    match most {
        Some(most) if most == fewest && most == 1 => String::new(),
        Some(most) if most == fewest => format!("[{most}]"),
        Some(most) => format!("[{fewest}..{most}]"),
        None => format!("[{fewest}..]"),
    }
}

/// `1 node`, `2 nodes`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        many if one.ends_with('y') => {
            format!("{many} {}ies", one.strip_suffix('y').unwrap_or(one))
        }
        many => format!("{many} {one}s"),
    }
}

/// A value as the language writes it, where it is short enough to be looked at.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Int(it) => it.to_string(),
        Value::Float(it) => it.to_string(),
        Value::String(it) | Value::Version(it) | Value::Timestamp(it) => format!("{it:?}"),
        Value::Quantity(it) => it.to_string(),
        Value::Range(from, to) => format!("{from}..{to}"),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, of)| format!("{key} = {}", self::value(of))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::File(file) => format!("file(\"{}\")", file.path),
        Value::Reference(_) => "…".to_owned(),
    }
}

/// An expression: its own text where the plan has that, else its value.
pub(crate) fn expression(plan: &Plan, of: &Expr, span: Span) -> String {
    match (text(plan, span), of.as_value()) {
        (Some(text), _) if !text.is_empty() => text,
        (_, Some(found)) => value(found),
        _ => "…".to_owned(),
    }
}

/// The first letters of a text, with `…` where there are more.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(most.saturating_sub(1)).collect();
    clipped.truncate(clipped.trim_end().len());
    clipped.push('…');
    clipped
}

#[cfg(test)]
mod tests {
    use super::{cardinality, clipped, count, short};

    #[test]
    fn names_are_as_short_as_they_are_clear() {
        assert_eq!(short("std.kubernetes.Deployment"), "kubernetes.Deployment");
        assert_eq!(short("std.Compute"), "Compute");
        assert_eq!(short("acme@2.net.vpc.Subnet"), "vpc.Subnet");
        assert_eq!(short("Own"), "Own");
        assert_eq!(cardinality((1, None)), "[1..]");
        assert_eq!(cardinality((1, Some(1))), "");
        assert_eq!(count(2, "policy"), "2 policies");
        assert_eq!(clipped("abcdef", 4), "abc…");
    }
}
