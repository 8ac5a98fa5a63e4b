//! The formatter over every program of the repository, and over these with their blanks changed.

use std::path::{Path, PathBuf};

use bp_compiler::format::format;
use bp_compiler::source::{FileId, SourceFile};
use bp_compiler::syntax;

fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in ["stdlib", "blueprints/hello-fleet", "tests/cases/accept"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "bp") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

fn formatted(text: &str) -> String {
    format(&SourceFile::new("x.bp", text)).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// The tree without its spans, and the comments.
fn tree(text: &str) -> (String, Vec<String>) {
    let source = SourceFile::new("x.bp", text.trim_start_matches('\u{FEFF}'));
    let (file, _) = syntax::parse(FileId(0), &source);
    let comments = file.comments.iter().map(|comment| comment.text.to_string()).collect();
    let mut bare = String::new();
    for (at, part) in format!("{:?}", file.items).split("Span {").enumerate() {
        bare.push_str(if at == 0 { part } else { part.split_once('}').unwrap().1 });
    }
    (bare, comments)
}

#[track_caller]
fn keeps(name: &str, text: &str) {
    let once = formatted(text);
    let twice = formatted(&once);
    assert_eq!(once, twice, "{name}: not settled");
    assert_eq!(tree(text), tree(&once), "{name}: another program:\n{once}");
}

#[test]
fn the_tree_and_the_comments_stay() {
    for (path, text) in programs() {
        keeps(&path.display().to_string(), &text);
    }
}

#[test]
fn the_library_and_the_examples_have_the_layout() {
    for (path, text) in programs() {
        if !path.to_string_lossy().contains("cases") {
            similar(&text, &formatted(&text), &path);
        }
    }
}

fn similar(text: &str, formatted: &str, path: &Path) {
    for (at, (a, b)) in text.lines().zip(formatted.lines()).enumerate() {
        assert_eq!(a, b, "{}:{}", path.display(), at + 1);
    }
    assert_eq!(text, formatted);
}

#[test]
fn a_messy_file_is_put_right() {
    let messy = "\u{FEFF}// head\r\n\r\n\r\n\r\nblueprint   x{version=\"1.0.0\"} // end
node type T{
property a:int=1   where self>0
      property longer : list< string >?
  /// doc
  @replace   property c: \"a\"|\"b\"=\"a\"
operation lifecycle.create=script(\"x\"){timeout=5m}
operation m.s=script(\"y\")

}
const v={a=1,bcd=-2, // why
  ef=[ 1,2 ,
3],...base}
const w = if a
then -1
else f( x )[ 0 ]
node n:T
for x in xs{
a=1
long=2

x->y via   R{p=1}
}
workflow w(a:int=1,b : string)->{r:int}{
if a>1{
wait 1s
}else{
fail \"no\"
}
for k,v in m{
call a.b.c{x=1}
}
}
";
    insta::assert_snapshot!(formatted(messy));
    keeps("messy", messy);
}

#[test]
fn a_keyword_s_word_may_be_a_name() {
    let words = ["wait", "until", "timeout", "fail", "return", "max", "check", "assert"];
    for word in words {
        let text = format!(
            "const {word} = [1]\nconst a = {word}[0]\nconst b = [{word}[0], {word}[0] - 1]\nfn g(n: int) -> int = n\nconst c = max(g(1), 2)\nconst d = {{ k = {word}[0] }}\nconst e = 1 +\n  {word}[0]\n"
        );
        keeps(word, &text);
        assert_eq!(formatted(&text), text);
    }
    // The words themselves, and members that are called as what is reserved.
    let text = "workflow w(n: int) {\n  for x in [1] max (n) {\n    wait until (n > 1) timeout (5m)\n    return (-1)\n  }\n  return -1\n}\nfn in_of(r: json) -> json = r.in[0] + r.by[1]\nconst m = timeout - 1\n";
    keeps("keywords", text);
    assert_eq!(formatted(text), text);
}

/// The comma goes, so what it parts from a declaration must document that before it goes, too.
#[test]
fn documentation_above_a_comma_is_of_what_follows() {
    for text in [
        "node type A {\n  /// x\n  ,/// y\n  attribute a: int\n}\n",
        "node type A {\n  property b: int\n  /// x\n  , attribute a: int\n}\n",
    ] {
        let tree = |text: &str| {
            let (tree, told) = syntax::parse(FileId(0), &SourceFile::new("x.bp", text));
            assert!(told.is_empty(), "{text}\n{told:?}");
            let syntax::ast::ItemKind::Type(item) = &tree.items[0].kind else { panic!() };
            item.body.entries.last().unwrap().documentation.clone()
        };
        assert_eq!(tree(text), tree(&formatted(text)), "{text}");
        assert!(tree(text).starts_with('x'), "{text}");
    }
}

#[test]
fn a_file_with_errors_is_left_alone() {
    let broken = SourceFile::new("x.bp", "node a: {\n");
    assert!(format(&broken).is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn blanks_and_newlines_do_not_matter(file in 0..29_usize, seed in proptest::collection::vec(0..6_u8, 400)) {
        let programs = programs();
        let (path, text) = &programs[file % programs.len()];
        let mut choices = seed.iter().cycle();
        let mut changed = String::new();
        for part in text.split_inclusive(' ') {
            changed.push_str(part);
            if part.ends_with(' ') && *choices.next().unwrap() == 0 && !part.contains(['"', '/']) {
                changed.push(' ');
            }
        }
        let (_, diagnostics) = syntax::parse(FileId(0), &SourceFile::new("x.bp", changed.as_str()));
        if diagnostics.is_empty() {
            keeps(&path.display().to_string(), &changed);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    /// Commas that part nothing, and blanks where something is put into a string.
    #[test]
    fn what_says_nothing_leaves_no_trace(file in 0..29_usize, places in proptest::collection::vec(0..400_usize, 1..6)) {
        let programs = programs();
        let (path, text) = &programs[file % programs.len()];
        let brackets: Vec<usize> = text.match_indices([')', ']', '}']).map(|(at, _)| at).collect();
        let mut places: Vec<usize> = places.iter().map(|at| brackets[at % brackets.len()]).collect();
        places.sort_unstable();
        places.dedup();
        let mut changed = text.clone();
        for at in places.into_iter().rev() {
            let start = text[..at].rfind("${").unwrap_or(at);
            let is_put = start < at && !text[start..at].contains(['"', '}', '\n']);
            changed.insert_str(at, if is_put { " " } else { ", " });
        }
        let (_, told) = syntax::parse(FileId(0), &SourceFile::new("x.bp", changed.as_str()));
        if told.is_empty() && tree(&changed) == tree(text) {
            assert_eq!(formatted(&changed), formatted(text), "{}: {changed}", path.display());
        }
    }
}

#[test]
fn entries_that_go_on_hide_no_other_mistake() {
    for text in [
        "blueprint b {,\n  version = \"1.0.0\"\n}\n\nus",
        "blueprint b {,\n  version = \"1.0.0\"\n}\n\nus\n",
        "blueprint b { version = \"1.0.0\" @@,\n  labels = {}\n}\n",
        "node type A { implements I\n  operation i.go == null\n}\n",
    ] {
        let made = format(&SourceFile::new("x.bp", text));
        assert!(made.is_err(), "{text}: {made:?}");
    }
}

#[test]
fn what_stands_between_angles_is_a_type_s_whatever_its_name() {
    let text = "data type Names = lst<string>\nfn first(of: lits<string>, n: int = 1) -> lst<int> = of\nnode type T {\n  property tags: mpa<secret lst<string>> = {}\n  property is_less: bool = 1 < 2 and self.a > 3\n}\n";
    assert_eq!(formatted(text), text);
}

#[test]
fn a_comma_on_a_line_of_its_own_parts_no_column() {
    let text = "blueprint x {\n  version = \"1.0.0\"\n ,labels  = { a = \"b\" }\n}\n";
    keeps("a comma before", text);
    assert!(formatted(text).contains("\n  labels  = { a"), "{}", formatted(text));
}

#[test]
fn commas_that_part_nothing_go() {
    for (text, wanted) in [
        ("const a = [\"a\", \"b\",]\n", "const a = [\"a\", \"b\"]\n"),
        ("const a = [1, 2, /* why */ ]\n", "const a = [1, 2 /* why */]\n"),
        ("const a = [1,\n  2,]\n", "const a = [1,\n  2]\n"),
        ("const a = [\n  1,\n  2,\n]\n", "const a = [\n  1,\n  2,\n]\n"),
        ("const a = { b = 1, c = 2, }\n", "const a = { b = 1, c = 2 }\n"),
        ("const a = { b = 1, c = [2,], }\n", "const a = { b = 1, c = [2] }\n"),
        ("const a = [[1], {\n  b = 1\n}, ]\n", "const a = [[1], {\n  b = 1\n}]\n"),
        ("const a = f(1, { b = 1, },)\n", "const a = f(1, { b = 1 })\n"),
        ("fn f(a: int,) -> int = a\n", "fn f(a: int) -> int = a\n"),
        ("use std.kubernetes { Cluster, Node, }\n", "use std.kubernetes { Cluster, Node }\n"),
        ("node a: T { b = 1, c = 2, }\n", "node a: T { b = 1, c = 2 }\n"),
    ] {
        assert_eq!(formatted(text), wanted, "{text}");
        keeps(text, text);
    }
}

#[test]
fn what_is_put_into_a_string_has_no_blanks_around() {
    for (text, wanted) in [
        ("const a = \"${ n } and ${n }, ${\tn}\"\n", "const a = \"${n} and ${n}, ${n}\"\n"),
        ("const a = \"${ f(\"${ b }\") }\"\n", "const a = \"${f(\"${b}\")}\"\n"),
        ("const a = \"${b+ -1}${max(1,2)}\"\n", "const a = \"${b + -1}${max(1, 2)}\"\n"),
        ("const a = \"${ { b = 1 }.b }\"\n", "const a = \"${{ b = 1 }.b}\"\n"),
        ("const a = \"\\${ n } } { ${ n }\"\n", "const a = \"\\${ n } } { ${n}\"\n"),
        ("const a = r\"${ n }\"\n", "const a = r\"${ n }\"\n"),
        (
            "const a = \"\"\"\n  ${ n }  x ${\n    n // c\n  }\n  \"\"\"\n",
            "const a = \"\"\"\n  ${n}  x ${\n    n // c\n  }\n  \"\"\"\n",
        ),
    ] {
        assert_eq!(formatted(text), wanted, "{text}");
        keeps(text, text);
    }
}

#[test]
fn comments_between_the_lines_of_an_expression_stand_as_these_do() {
    let text = "output p: int = n\n    + 1 // one\n// two\n\n // three\n  + 2\n// four\nconst a = 1\nnode b: T\n// five\n  for x in xs {\n  c = 1 +\n  // six\n 2\n  // seven\n  d = 3\n    // eight\n}\n";
    let wanted = "output p: int = n\n  + 1 // one\n  // two\n\n  // three\n  + 2\n// four\nconst a = 1\nnode b: T\n  // five\n  for x in xs {\n  c = 1 +\n    // six\n    2\n  // seven\n  d = 3\n  // eight\n}\n";
    assert_eq!(formatted(text), wanted);
    keeps("comments", text);
}

#[test]
fn a_block_that_closes_further_down_has_a_line_for_each_entry() {
    for (text, wanted) in [
        ("workflow w() { wait 1s\n wait 2s\n}\n", "workflow w() {\n  wait 1s\n  wait 2s\n}\n"),
        (
            "node type A { implements I\n  operation i.go = null\n}\n",
            "node type A {\n  implements I\n  operation i.go = null\n}\n",
        ),
        ("node a: T { b = 1\n  c = 2 }\n", "node a: T {\n  b = 1\n  c = 2\n}\n"),
        (
            "node type A { property p: int // why\n}\n",
            "node type A {\n  property p: int // why\n}\n",
        ),
        (
            "node a: T { b = { c = 1\n d = 2 }\n}\nnode e: T { b = 1\n}\n",
            "node a: T {\n  b = {\n    c = 1\n    d = 2\n  }\n}\nnode e: T {\n  b = 1\n}\n",
        ),
    ] {
        let (_, told) = syntax::parse(FileId(0), &SourceFile::new("x.bp", text));
        assert!(told.iter().any(|one| one.code == "E1002"), "{text}");
        assert_eq!(formatted(text), wanted, "{text}");
        assert_eq!(formatted(wanted), wanted);
    }
    for text in [
        "workflow w() { wait 1s\n wait 2s\n}\nconst a = \n",
        "node a: T { b = 1\n  c = 2\n",
        "node a: T { b = 1\n  c 2 }\n",
    ] {
        assert!(format(&SourceFile::new("x.bp", text)).is_err(), "{text}");
    }
}

/// A word that may stand before an operand is a function's name all the same.
#[test]
fn a_call_stays_a_call() {
    let text = "const a = max(1, 2)\nconst b = max(x in [1], x) - min(x in [2], x)\nfn check(n: int) -> int = n\nconst c = check(1)\n";
    assert_eq!(formatted(text), text);
}
