//! No text makes the compiler panic, run on or say the same mistake over and over: programs that
//! are changed at random, and programs that are made to be too much.
//!
//! Time is not measured: what is too much meets a bound that is counted, and its error says so.

use crate::common;

use std::fmt::Write as _;
use std::path::PathBuf;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Severity;
use bp_compiler::format::format;
use bp_compiler::loader::Overlay;
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;
use proptest::prelude::*;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

fn analysis(text: &str) -> Analysis {
    let root = PathBuf::from("/nowhere/x.bp");
    let overlay = Overlay::from([(root.clone(), text.to_owned())]);
    Analysis::load_with(&root, &overlay)
}

/// The codes of the errors of a program with this body.
fn errors(body: &str) -> Vec<&'static str> {
    let text = format!("{HEAD}{body}");
    analysis(&text)
        .diagnostics()
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(|d| d.code)
        .collect()
}

/// The programs of the repository.
fn programs() -> Vec<String> {
    let paths = common::programs(&["tests/cases", "blueprints", "stdlib"]);
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Words, numbers, runs of blanks and single marks.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        if last.is_some_and(|last| last != kind(c) || last == 2) {
            tokens.push(&text[start..at]);
            start = at;
        }
        last = Some(kind(c));
    }
    tokens.push(&text[start..]);
    tokens
}

/// A program in which a token or a line is gone, doubled, or takes another's place.
fn mutated() -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8);
    let several = proptest::collection::vec((any::<bool>(), change), 1..4);
    (proptest::sample::select(programs()), several).prop_map(|(text, several)| {
        let mut text = text;
        for (by_line, (at, other, how)) in several {
            let parts: Vec<&str> =
                if by_line { text.split_inclusive('\n').collect() } else { tokens(&text) };
            if parts.is_empty() {
                break;
            }
            let (at, other) = (at.index(parts.len()), other.index(parts.len()));
            let mut changed = parts.clone();
            match how {
                0 => _ = changed.remove(at),
                1 => changed.insert(at, parts[at]),
                2 => changed[at] = parts[other],
                _ => changed.insert(at, parts[other]),
            }
            text = changed.concat();
        }
        text
    })
}

/// The tree without its places; nothing where a block closes further down than it may, whose text is not read to
/// its end.
fn meaning(text: &str) -> Option<String> {
    let (tree, told) = syntax::parse(FileId(0), &SourceFile::new("x.bp", text));
    if told.iter().any(|one| one.code == "E1002") {
        return None;
    }
    let written = format!("{:?}", tree.items);
    let mut parts = written.split("Span {");
    let first = parts.next().unwrap().to_owned();
    Some(parts.fold(first, |whole, part| whole + part.split_once('}').unwrap().1))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_changed_program_is_checked_to_the_end(text in mutated()) {
        let checked = analysis(&text);
        for diagnostic in checked.diagnostics() {
            let file = checked.sources().file(diagnostic.place.file).unwrap();
            let length = file.text().len();
            for place in diagnostic.related.iter().map(|(place, _)| place).chain([&diagnostic.place]) {
                let of = checked.sources().file(place.file).unwrap();
                let (start, end) = (place.span.start as usize, place.span.end as usize);
                prop_assert!(of.text().get(start..end).is_some(), "{diagnostic:?}\n{text}");
            }
            prop_assert!(diagnostic.place.span.end as usize <= length);
        }
        let again = analysis(&text);
        prop_assert_eq!(checked.diagnostics(), again.diagnostics());
        prop_assert_eq!(checked.plan(), again.plan());
    }

    #[test]
    fn a_changed_program_is_laid_out_for_good(text in mutated()) {
        if let Ok(once) = format(&SourceFile::new("x.bp", text.as_str())) {
            let twice = format(&SourceFile::new("x.bp", once.as_str()));
            prop_assert_eq!(twice.as_ref(), Ok(&once), "not settled:\n{}", text);
            let after = meaning(&once);
            prop_assert!(after.is_some(), "not mended:\n{text}");
            if let Some(before) = meaning(&text) {
                prop_assert_eq!(Some(before), after, "another program:\n{}", text);
            }
        }
    }
}

/// `first`, then so many lines, each made of the number before it and its own.
fn chain(first: &str, count: usize, line: impl Fn(usize, usize) -> String) -> String {
    let mut text = first.to_owned();
    for at in 1..=count {
        text.push_str(&line(at - 1, at));
    }
    text
}

#[test]
fn more_than_can_be_gone_through() {
    let node = "node type T {\n  provider = \"noop\"\n}\n";
    for (body, code) in [
        (format!("{node}node n: T for i in 1..1_000_000_000 {{ }}\n"), "E4019"),
        ("const a = [i for i in 1..1_000_000_000]\n".to_owned(), "E3026"),
        ("const a = sum(x in 1..9_000_000_000_000_000_000, x)\n".to_owned(), "E3026"),
        (
            "const a = [[[i + j + k for i in 1..1000] for j in 1..1000] for k in 1..1000]\n"
                .to_owned(),
            "E3026",
        ),
    ] {
        assert_eq!(errors(&body), [code], "{body}");
    }
}

/// Each stands for ten of the one before it: one error, where it first is too much.
#[test]
fn more_than_can_be_held() {
    let ten = |of: &dyn Fn(usize) -> String, at: usize| vec![of(at); 10].join("");
    let text = chain("const a0 = \"0123456789\"\n", 20, |before, at| {
        format!("const a{at} = \"{}\"\n", ten(&|n| format!("${{a{n}}}"), before))
    });
    assert_eq!(errors(&text), ["E3026"]);
    let list = chain("const a0 = [1]\n", 12, |before, at| {
        format!("const a{at} = [{}]\n", ten(&|n| format!("...a{n}, "), before))
    });
    assert_eq!(errors(&list), ["E3026"]);
    let nested = chain("const a0 = [\"lol\"]\n", 14, |before, at| {
        format!("const a{at} = [{}]\n", ten(&|n| format!("a{n}, "), before))
    });
    assert_eq!(errors(&nested), ["E3026"]);
    let records = chain("const a0 = { x = 1 }\n", 39, |before, at| {
        format!("const a{at} = {{ a = a{before}, b = a{before}, c = a{before} }}\n")
    });
    assert_eq!(errors(&records), ["E3026"]);
    // Of what is known later, the types alone are too much.
    let later = chain("input q: int = 1\nconst a0 = { x = q }\n", 39, |before, at| {
        format!("const a{at} = {{ a = a{before}, b = a{before}, c = a{before} }}\n")
    });
    assert_eq!(errors(&later), ["E3026"]);
    let types = chain("data type T0 {\n  x: int = 1\n}\n", 39, |before, at| {
        format!("data type T{at} {{\n  a: T{before} = {{}}\n  b: T{before} = {{}}\n}}\n")
    });
    assert_eq!(errors(&format!("{types}input t: T39 = {{}}\noutput o: json = t\n")), ["E3026"]);
    let copies = "const a = [i for i in 1..10_000]\nconst b = [a for i in 1..100_000]\n";
    assert_eq!(errors(copies), ["E3026"]);
    // Each is little, all together they are too much.
    let large = chain("const a0 = \"0123456789\"\n", 5, |before, at| {
        format!("const a{at} = \"{}\"\n", ten(&|n| format!("${{a{n}}}"), before))
    });
    let many = chain(&large, 400, |_, at| format!("const b{at} = \"${{a5}} {at}\"\n"));
    assert_eq!(errors(&many), ["E3026"]);
    let twice = chain("fn f0(x: int) -> int = x + x\n", 40, |before, at| {
        format!("fn f{at}(x: int) -> int = f{before}(f{before}(x))\n")
    });
    let own = errors(&format!("input q: int = 1\n{twice}output o: int = f40(q)\n"));
    assert_eq!(own, ["E3038"]);
    let sums = chain("fn f0(x: int) -> int = x + 1\n", 59, |before, at| {
        format!("fn f{at}(x: int) -> int = f{before}(x) + f{before}(x)\n")
    });
    assert_eq!(errors(&format!("{sums}output o: int = f59(1)\n")), ["E3038"]);
    let lets = chain("  let a0 = \"lollol\"\n", 11, |before, at| {
        format!("  let a{at} = \"{}\"\n", ten(&|n| format!("${{a{n}}}"), before))
    });
    let node = "node type A { property x: string }\n";
    assert_eq!(errors(&format!("{node}node a: A {{\n{lets}  x = a11\n}}\n")), ["E3026"]);
}

#[test]
fn deeper_than_can_be_read() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{ a = ", " }"), ("f(", ")"), ("\"${", "}\"")] {
        let text = format!("const a = {}1{}\n", open.repeat(5_000), close.repeat(5_000));
        assert_eq!(errors(&text), ["E1015"], "{open}");
    }
    assert_eq!(errors(&format!("const a = {}1\n", "- ".repeat(5_000))), ["E1015"]);
    assert_eq!(errors(&format!("const a = {}1\n", "1 + ".repeat(5_000))), ["E1015"]);
    assert_eq!(errors(&format!("{}\nconst a = 1\n", "/*".repeat(5_000))), ["E1015"]);
    let (_, _, told) = syntax::parse_bytes(FileId(0), "x.bp", vec![b' '; 17 * 1024 * 1024]);
    assert_eq!(told.iter().map(|d| d.code).collect::<Vec<_>>(), ["E1016"]);
}

/// Each extends the one before it, or holds it.
#[test]
fn a_long_line_of_types() {
    let text =
        chain("node type T0\n", 3_000, |before, at| format!("node type T{at} extends T{before}\n"));
    assert_eq!(errors(&text), ["E2023"]);
    let held = chain("data type D0 { x: int }\n", 3_000, |before, at| {
        format!("data type D{at} {{ d: D{before} }}\n")
    });
    assert_eq!(errors(&format!("{held}input d: D3000\n")), Vec::<&str>::new());
}

#[test]
fn a_type_of_more_than_can_be_compared() {
    let mut text = "input a: \"v\"".to_owned();
    for at in 0..6_000 {
        write!(text, " | \"v{at}\"").unwrap();
    }
    assert_eq!(errors(&format!("{text}\n")), ["E1015"]);
}

/// What is in many groups of a group is in it once.
#[test]
fn groups_of_groups() {
    let head = "node type A\nnode a: A\ngroup g0: Group { members = [a] }\ngroup h0: Group { members = [a] }\n";
    let text = chain(head, 60, |before, at| {
        format!(
            "group g{at}: Group {{ members = [g{before}, h{before}] }}\ngroup h{at}: Group {{ members = [g{before}, h{before}] }}\n"
        )
    });
    assert_eq!(errors(&text), Vec::<&str>::new());
}

/// One error for a ring of many, told in few words.
#[test]
fn a_long_ring() {
    let head = "node type T {\n  property v: int\n  provider = \"noop\"\n}\n";
    let text =
        chain(head, 3_000, |_, at| format!("node n{at}: T {{ v = n{}.v }}\n", at % 3_000 + 1));
    let checked = analysis(&format!("{HEAD}{text}"));
    let told: Vec<_> =
        checked.diagnostics().iter().filter(|d| d.severity == Severity::Error).collect();
    assert_eq!(told.iter().map(|d| d.code).collect::<Vec<_>>(), ["E4015"]);
    let help = told[0].help.as_deref().unwrap();
    assert!(help.len() < 300 && help.contains("more"), "{help}");
    // Many small ones, too.
    let pairs = chain(head, 2_000, |_, at| {
        let other = if at % 2 == 0 { at - 1 } else { at + 1 };
        format!("node n{at}: T {{ v = n{other}.v }}\n")
    });
    assert_eq!(errors(&pairs).len(), 1_000);
}

#[test]
fn many_nodes_that_choose_among_each_other_are_too_much() {
    let choosing = |count: usize| {
        let mut body = "node type H {\n  property n: int\n  requires next: H[0..1]\n}\n".to_owned();
        for i in 0..count {
            let _ =
                writeln!(body, "node h{i}: H {{\n  n = {i}\n  next -> H where self.n > {i}\n}}");
        }
        errors(&body)
    };
    assert_eq!(choosing(100), Vec::<&str>::new());
    assert_eq!(choosing(800), ["E3026"]);
}
