//! Templates: what they give, and what they refuse at which place.

use std::collections::BTreeSet;

use bp_eval::template::{MAX_TAGS, MAX_TEXT, MistakeKind, Template};
use bp_eval::{ErrorKind, Outcome};
use bp_plan::{Entry, Expr, Value};
use proptest::prelude::*;

use crate::common::*;

fn data() -> Value {
    let item = |name: &str, port: i64| map(&[("name", name.into()), ("port", Value::Int(port))]);
    map(&[
        ("name", "shop <&> \"co\"".into()),
        ("count", Value::Int(3)),
        ("zero", Value::Int(0)),
        ("share", Value::Float(1.0)),
        ("wait", quantity("90m")),
        ("on", Value::Bool(true)),
        ("unset", Value::Null),
        ("none", Value::List(vec![])),
        ("items", Value::List(vec![item("a", 1), item("b", 2)])),
        ("labels", map(&[("zone", "z1".into()), ("tier", "web".into())])),
        ("deep", map(&[("x", map(&[("y", "end".into())]))])),
        ("if", "a word".into()),
        ("len", Value::Int(7)),
    ])
}

fn filled(text: &str) -> String {
    match Template::parse(text) {
        Ok(template) => template.render(&data()).unwrap_or_else(|e| panic!("{text}: {e:?}")),
        Err(mistake) => panic!("{text}: {mistake:?}"),
    }
}

#[test]
fn what_templates_give() {
    for (text, wanted) in [
        ("", ""),
        ("plain {text}\n", "plain {text}\n"),
        // Configuration, not pages: nothing is escaped.
        ("{{name}}|{{{name}}}|{{&name}}", "shop <&> \"co\"|shop <&> \"co\"|shop <&> \"co\""),
        ("{{count}} {{share}} {{wait}} {{on}}", "3 1.0 1h30m true"),
        ("{{deep.x.y}} {{deep/x/y}} {{this.count}} {{@root.count}}", "end end 3 3"),
        ("{{this.if}} {{len}}", "a word 7"),
        ("{{#if on}}yes{{else}}no{{/if}}", "yes"),
        ("{{#if zero}}yes{{else}}no{{/if}}", "no"),
        ("{{#if zero includeZero=true}}yes{{else}}no{{/if}}", "yes"),
        ("{{#if unset}}a{{else if none}}b{{else if on}}c{{else}}d{{/if}}", "c"),
        ("{{#unless on}}a{{else}}b{{/unless}}", "b"),
        ("{{#each items}}{{name}}:{{port}}{{#unless @last}}, {{/unless}}{{/each}}", "a:1, b:2"),
        ("{{#each items}}{{@index}}{{@first}} {{/each}}", "0true 1false "),
        ("{{#each labels}}{{@key}}={{this}};{{/each}}", "tier=web;zone=z1;"),
        ("{{#each items as |item at|}}{{at}}{{item.name}}{{../count}}{{/each}}", "0a31b3"),
        ("{{#each labels as |value key|}}{{key}}{{value}} {{/each}}", "tierweb zonez1 "),
        ("{{#each none}}x{{else}}nothing{{/each}}", "nothing"),
        ("{{#each none}}x{{/each}}", ""),
        ("{{#with deep.x}}{{y}}{{/with}}{{#with unset}}a{{else}}b{{/with}}", "endb"),
        ("{{#with deep as |d|}}{{d.x.y}}{{../count}}{{/with}}", "end3"),
        ("{{#each items}}{{#with ../deep}}{{x.y}}{{@index}}{{/with}}{{/each}}", "end0end1"),
        ("{{items.0.name}}{{items.[1].name}}", "ab"),
        ("{{lookup labels \"zone\"}}", "z1"),
        ("{{#if (lookup labels \"gone\")}}a{{else}}b{{/if}}", "b"),
        ("{{#each items}}{{lookup (lookup ../items @index) \"name\"}}{{/each}}", "ab"),
        (
            "\\{{x}} {{!-- {{nothing}} --}}{{! nor this }}{{{{raw}}}}{{x}}{{{{/raw}}}}",
            "{{x}} {{x}}",
        ),
        ("a:\n  {{#if on}}\n  b: 1\n  {{/if}}\nc: 2\n", "a:\n  b: 1\nc: 2\n"),
        ("a {{~#if on~}} b {{~/if~}} c", "abc"),
        ("a\r\n{{count}}\r\n", "a\r\n3\r\n"),
    ] {
        assert_eq!(filled(text), wanted, "{text}");
    }
}

/// A template, the part of it that is underlined, and a part of what is said.
const BROKEN: &[(&str, MistakeKind, &str, &str)] = &[
    ("a {{name", MistakeKind::Syntax, "{{", "never closed"),
    ("{{name}", MistakeKind::Syntax, "{{", "never closed"),
    ("{{!-- x }}", MistakeKind::Syntax, "{{", "comment is never closed"),
    ("{{#if on}}\nx", MistakeKind::Syntax, "{{#if on}}", "`{{#if}}` is never closed"),
    ("{{#if on}}{{/each}}", MistakeKind::Syntax, "{{/each}}", "`{{#if}}` is open"),
    ("x{{/if}}", MistakeKind::Syntax, "{{/if}}", "no block is open"),
    ("{{else}}", MistakeKind::Syntax, "{{else}}", "in no block"),
    ("{{#if a}}{{else}}{{else}}{{/if}}", MistakeKind::Syntax, "{{else}}", "already"),
    ("{{}}", MistakeKind::Syntax, "{{}}", "no tag"),
    ("{{a..b}}", MistakeKind::Syntax, "{{a..b}}", "no tag"),
    ("ok {{on}}\n{{a b=}}", MistakeKind::Syntax, "{{a b=}}", "no tag"),
    ("{{#if}}x{{/if}}", MistakeKind::Syntax, "{{#if}}", "takes one argument"),
    ("{{#if a b}}x{{/if}}", MistakeKind::Syntax, "{{#if a b}}", "takes one argument"),
    ("{{{{raw}}}} x", MistakeKind::Syntax, "{{{{raw}}}}", "never closed"),
    ("{{> part}}", MistakeKind::Unsupported, "{{> part}}", "no partials"),
    ("{{#> part}}x{{/part}}", MistakeKind::Unsupported, "{{#> part}}", "no partials"),
    ("{{* deco}}", MistakeKind::Unsupported, "{{* deco}}", "no decorators"),
    ("{{upper name}}", MistakeKind::Unsupported, "upper", "no helper `upper`"),
    ("{{#repeat 3}}x{{/repeat}}", MistakeKind::Unsupported, "{{#repeat 3}}", "no helper `repeat`"),
    ("{{#if (eq a b)}}x{{/if}}", MistakeKind::Unsupported, "eq", "no helper `eq`"),
    ("{{#if a x=1}}x{{/if}}", MistakeKind::Unsupported, "{{#if a x=1}}", "takes no `x=…`"),
    ("{{#if a as |b|}}x{{/if}}", MistakeKind::Unsupported, "{{#if a as |b|}}", "gives nothing"),
    ("{{each}}", MistakeKind::Unsupported, "each", "is a helper"),
    ("{{lookup a}}", MistakeKind::Unsupported, "lookup", "a collection and a key"),
    ("{{@nope}}", MistakeKind::Unsupported, "@nope", "there is no `@nope`"),
    ("{{(lookup a b)}}", MistakeKind::Unsupported, "{{(lookup a b)}}", "can't be printed"),
];

#[test]
fn what_is_no_template_is_said_at_its_place() {
    for (text, kind, part, words) in BROKEN {
        let mistake = match Template::parse(text) {
            Err(mistake) => mistake,
            Ok(template) => panic!("{text}: {:?}", template.nodes),
        };
        assert_eq!(mistake.kind, *kind, "{text}: {mistake:?}");
        assert_eq!(&text[mistake.span.clone()], *part, "{text}: {mistake:?}");
        assert!(mistake.message.contains(words), "{text}: {mistake:?}");
        assert!(!mistake.help.is_empty());
    }
}

#[test]
fn what_the_data_lacks_is_said_at_its_place() {
    for (text, part, kind, words) in [
        ("{{gone}}", "gone", ErrorKind::MissingKey, "there is no `gone`"),
        ("{{deep.x.z}}", "z", ErrorKind::MissingKey, "there is `y`"),
        ("{{#if gone}}x{{/if}}", "gone", ErrorKind::MissingKey, "there is no `gone`"),
        ("{{#unless labels.gone}}x{{/unless}}", "gone", ErrorKind::MissingKey, "`tier`, `zone`"),
        ("{{#if zero}}{{else if gone}}x{{/if}}", "gone", ErrorKind::MissingKey, "no `gone`"),
        ("{{#each gone}}x{{/each}}", "gone", ErrorKind::MissingKey, "no `gone`"),
        ("{{#each items}}{{nam}}{{/each}}", "nam", ErrorKind::MissingKey, "no `nam`"),
        ("{{#with gone}}x{{/with}}", "gone", ErrorKind::MissingKey, "no `gone`"),
        ("{{items.2}}", "2", ErrorKind::MissingKey, "the list has 2"),
        ("{{items.name}}", "name", ErrorKind::MissingKey, "no element"),
        ("{{name.x}}", "x", ErrorKind::MissingKey, "in a string"),
        ("{{lookup labels \"x\"}}", "lookup labels \"x\"", ErrorKind::MissingKey, "no element"),
        ("{{lookup labels name}}", "lookup labels name", ErrorKind::MissingKey, "that `name` has"),
        ("{{unset}}", "unset", ErrorKind::WrongType, "null"),
        ("{{items}}", "items", ErrorKind::WrongType, "a list of 2 elements"),
        ("{{labels}}", "labels", ErrorKind::WrongType, "a map"),
        ("{{#each name}}x{{/each}}", "name", ErrorKind::WrongType, "expected a list or a map"),
        ("{{#each unset}}x{{/each}}", "unset", ErrorKind::WrongType, "null"),
        (
            "{{#each (lookup labels 1)}}{{/each}}",
            "lookup labels 1",
            ErrorKind::MissingKey,
            "no `{{else}}`",
        ),
        ("{{#with unset}}x{{/with}}", "unset", ErrorKind::WrongType, "nothing to go into"),
        ("{{../name}}", "../name", ErrorKind::MissingKey, "leads out"),
        ("{{@index}}", "@index", ErrorKind::MissingKey, "no `@index`"),
        ("{{#each items}}{{@key}}{{/each}}", "@key", ErrorKind::MissingKey, "no `@key`"),
    ] {
        let mistake = Template::parse(text).unwrap().render(&data()).unwrap_err();
        assert_eq!(&text[mistake.span.clone()], part, "{text}: {mistake:?}");
        assert_eq!(mistake.error.kind, kind, "{text}: {mistake:?}");
        assert!(mistake.error.message.contains(words), "{text}: {mistake:?}");
    }
}

#[test]
fn no_mistake_tells_a_value_as_it_may_be_a_secret() {
    let data = map(&[
        ("pin", Value::Int(471_147)),
        ("word", "hunter2".into()),
        ("sure", Value::Bool(true)),
        ("open", map(&[])),
    ]);
    for text in [
        "{{lookup open word}}",
        "{{lookup open pin}}",
        "{{word.x}}",
        "{{pin.x}}",
        "{{sure.x}}",
        "{{#each word}}x{{/each}}",
        "{{#each pin}}x{{/each}}",
        "{{#each sure}}x{{/each}}",
        "{{#with (lookup open word)}}x{{/with}}",
        "{{#each (lookup open word)}}x{{/each}}",
    ] {
        let told = Template::parse(text).unwrap().render(&data).unwrap_err().error.message;
        for secret in ["471", "hunter", "true"] {
            assert!(!told.contains(secret), "{text}: {told}");
        }
    }
}

#[test]
fn a_part_that_is_not_reached_needs_no_data() {
    assert_eq!(filled("{{#if zero}}{{labels.gone}}{{/if}}{{#each none}}{{x}}{{/each}}"), "");
}

#[test]
fn templates_are_bounded() {
    let large = Template::parse(&"x".repeat(MAX_TEXT + 1)).unwrap_err();
    assert_eq!(large.kind, MistakeKind::TooLarge);
    let many = Template::parse(&"{{x}}".repeat(MAX_TAGS + 1)).unwrap_err();
    assert_eq!(many.kind, MistakeKind::TooLarge);
    for (open, close) in [("{{#if on}}", "{{/if}}"), ("{{#each items}}", "{{/each}}")] {
        let deep = format!("{}{}", open.repeat(1000), close.repeat(1000));
        assert_eq!(Template::parse(&deep).unwrap_err().kind, MistakeKind::TooLarge);
    }
    let chain = format!("{{{{#if on}}}}{}{{{{/if}}}}", "{{else if on}}".repeat(1000));
    assert_eq!(Template::parse(&chain).unwrap_err().kind, MistakeKind::TooLarge);
    let brackets = format!("{{{{#if {}}}}}{{{{/if}}}}", "(lookup ".repeat(1000));
    assert_eq!(Template::parse(&brackets).unwrap_err().kind, MistakeKind::TooLarge);
    // A small text over small data, and more output than there may be.
    let list = Value::List((0..1000).map(Value::Int).collect());
    let rounds = "{{#each this}}{{#each @root}}{{#each @root}}x{{/each}}{{/each}}{{/each}}";
    let rounds = rounds.replace("@root", "@root.all").replace("this", "all");
    let error = Template::parse(&rounds).unwrap().render(&map(&[("all", list)])).unwrap_err();
    assert_eq!(error.error.kind, ErrorKind::TooLarge);
}

fn template(text: &str, data: Expr) -> Expr {
    let template = bp_plan::Template { path: "t/a.hbs".into(), text: text.into(), data };
    Expr::Template(Box::new(template))
}

#[test]
fn a_template_is_an_expression() {
    let entry = |name: &str, value| Expr::Record(vec![Entry::One(name.into(), value)]);
    let known = template("v={{x}}", entry("x", Expr::Value(Value::Int(1))));
    assert_eq!(value(&known), "v=1".into());
    let secret = template("v={{x}}", entry("x", Expr::Secret("password".into())));
    assert_eq!(outcome(&secret), Outcome::Secret(BTreeSet::from(["password".to_owned()])));
    let late = template("v={{x}}", entry("x", Expr::Value(Value::Null)));
    assert!(error(&late).message.starts_with("t/a.hbs, line 1: "), "{}", error(&late).message);
    let lacks = template("a\nb {{x}}\n", Expr::Value(map(&[])));
    let mistake = error(&lacks);
    assert_eq!(mistake.kind, ErrorKind::MissingKey);
    assert_eq!(mistake.message, "t/a.hbs, line 2: there is no `x`: it is empty");
    let json = serde_json::to_value(&known).unwrap();
    assert_eq!(json["template"]["text"], "v={{x}}");
    assert_eq!(serde_json::from_value::<Expr>(json).unwrap(), known);
}

/// Templates whose blocks match, with every form of tag that there is.
fn well_formed() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "x",
        "\n",
        "  ",
        "\r\n",
        "\\ ",
        "é",
        "{{name}}",
        "{{~count~}}",
        "{{{name}}}",
        "{{~{name}~}}",
        "{{&on}}",
        "{{this}}",
        "{{@index}}",
        "{{@key}}",
        "{{../name}}",
        "{{@../index}}",
        "{{lookup labels \"zone\"}}",
        "{{lookup ../labels 'zone'}}",
        "{{deep.x.y}}",
        "{{deep.[x].y}}",
        "{{items.0.port}}",
        "{{! c }}",
        "{{!-- {{c}} --}}",
        "\\{{x}}",
        "\\\\{{count}}",
        "{{{{raw}}}}{{x}}{{{{/raw}}}}",
        "{{{{raw}}}} {{{{/raw}}}}",
        "{{@root.count}}",
        "{{this.len}}",
        "{{v}}",
        "{{v.name}}",
    ])
    .prop_map(str::to_owned);
    let open = prop::sample::select(vec![
        ("{{#if on}}", "{{/if}}"),
        ("{{~#if zero includeZero=true~}}", "{{~/if~}}"),
        ("{{#unless unset}}", "{{/unless}}"),
        ("{{#each items}}", "{{/each}}"),
        ("{{#each labels as |v k|}}", "{{/each}}"),
        ("{{#each (lookup this \"items\") as |v|}}", "{{/each}}"),
        ("{{#each [1, 2]}}", "{{/each}}"),
        ("{{#with deep.x as |v|}}", "{{/with}}"),
        ("{{#with (lookup @root.items 0)}}", "{{/with}}"),
        ("{{#if (lookup labels \"gone\")}}", "{{/if}}"),
    ]);
    let other = prop::sample::select(vec![
        "",
        "{{else}}",
        "{{~else~}}",
        "{{^}}",
        "{{else if on}}",
        "{{~else if zero~}}",
        "{{else with deep}}",
        "{{else each none}}",
        "{{^if unset}}",
    ]);
    leaf.prop_recursive(6, 40, 4, move |inner| {
        let parts = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        let block = (open.clone(), parts.clone(), other.clone(), parts.clone()).prop_map(
            |((open, close), body, other, rest)| format!("{open}{body}{other}{rest}{close}"),
        );
        prop_oneof![parts, block]
    })
}

proptest! {
    /// What is well-formed is a template; what the walk lets through is rendered, and nothing panics.
    #[test]
    fn what_is_well_formed_is_rendered_or_refused_at_a_place(text in well_formed()) {
        let template = Template::parse(&text);
        prop_assert!(template.is_ok(), "{text}: {template:?}");
        if let Ok(template) = template
            && let Err(mistake) = template.render(&data()) {
            prop_assert!(mistake.span != (0..0), "{text}: {mistake:?}");
        }
    }

    /// Whatever is put together of the parts of templates: an answer, never a panic, and what the walk
    /// lets through is rendered.
    #[test]
    fn no_template_makes_it_fail_otherwise(parts in prop::collection::vec(prop::sample::select(vec![
        "{{", "}}", "{{{", "}}}", "{{#if on}}", "{{/if}}", "{{else}}", "{{^}}", "{{else if zero}}",
        "{{#each items}}", "{{/each}}", "{{name}}", "{{~name~}}", "{{../count}}", "{{@index}}", "{{this}}",
        "{{#with deep.x}}", "{{/with}}", "{{lookup labels \"zone\"}}", "\\", "\n", " ", "x", "{{!-- c --}}", "{{! c }}",
        "{{{{raw}}}}", "{{{{/raw}}}}", "{{> p}}", "{{#> p}}", "{{/p}}", "{{*d}}", "{{#*d}}", "{{/d}}",
        "(", ")", "\"", "'", "as |a b|", "a.[b c]", "[", "]", "#", "/", "~", "@root.count", "é", "\u{feff}", "{{/}}",
        "{{~#if on~}}", "{{~/if~}}", "{{~else~}}", "{{~^~}}", "{{#if (lookup labels \"x\")}}", "{{#unless on}}", "{{/unless}}",
    ]), 0..12)) {
        let text = parts.concat();
        if let Ok(template) = Template::parse(&text)
            && let Err(mistake) = template.render(&data()) {
            prop_assert!(mistake.span != (0..0), "{text}: {mistake:?}");
        }
    }
}

#[test]
fn the_names_that_are_used_of_the_data() {
    let text = "{{a}} {{b.c}} {{#if d}}{{e}}{{/if}} {{#each f as |x|}}{{g}} {{../h}} {{x.y}} {{@root.i}} {{@index}}\
                {{else}}{{j}}{{/each}} {{#with k}}{{#unless l}}{{../m}}{{/unless}}{{/with}} {{lookup n o}}";
    let found = Template::parse(text).unwrap().variables();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["a", "b", "d", "e", "f", "h", "i", "j", "k", "m", "n", "o"]);
}
