//! Each mistake gives one error, with its code, at its place.

use std::collections::BTreeSet;

use bp_compiler::check::expr::{Scope, check_wheres};
use bp_compiler::diagnostics::{Diagnostic, Severity};
use bp_compiler::source::FileId;
use bp_plan::{Phase, Type};

use super::world::{check, check_in};

/// An expression with one mistake: the code and what is underlined.
const MISTAKES: &[(&str, &str)] = &[
    // Names.
    ("limitt + 1", "E3001 limitt"),
    ("nothing_like_it", "E3001 nothing_like_it"),
    ("[x for x in listed if y == \"\"]", "E3001 y"),
    ("ops.limt", "E3001 limt"),
    ("\"a ${limitt} b\"", "E3001 limitt"),
    ("{ a = limitt, b = [limitt2(1)] }", "E3001 limitt, E3008 limitt2"),
    // Types that are not those expected.
    (": int = \"two\"", "E3002 \"two\""),
    (": int = 1.5", "E3002 1.5"),
    (": size = 5m", "E3002 5m"),
    (": size = 5", "E3002 5"),
    (": size = \"5GiB\"", "E3002 \"5GiB\""),
    (": string = 5", "E3002 5"),
    (": string = null", "E3002 null"),
    (": version = environment", "E3002 environment"),
    (": list<float> = 1..3", "E3002 1..3"),
    (": list<int> = 5", "E3002 5"),
    (": list<int> = [1, \"a\"]", "E3002 \"a\""),
    (": list<int> = [1, ...listed]", "E3002 listed"),
    (": map<int> = { a = true }", "E3002 true"),
    (": Server = clusters[\"a\"]", "E3002 clusters[\"a\"]"),
    (": BigServer = server", "E3002 server"),
    (": Service = { port = \"80\" }", "E3002 \"80\""),
    (": Service = [1]", "E3002 [1]"),
    (": Service = { ...base, port = 1 }", "E3003 base, E3003 base"),
    (": bool = if flag then 1 else true", "E3002 1"),
    (": int = maybe ?? 5", "E3002 maybe ?? 5"),
    (": string = maybe ?? 5", "E3002 5"),
    (": json = { a = server }", "E3002 server"),
    ("1 and true", "E3002 1"),
    ("not 3", "E3002 3"),
    ("if 1 then 2 else 3", "E3002 1"),
    ("1.5..3", "E3002 1.5"),
    ("[x for x in listed if x]", "E3002 x"),
    ("all(x in listed, x)", "E3002 x"),
    ("host(3)", "E3002 3"),
    // Fields.
    ("base.c", "E3003 c"),
    ("base[\"c\"]", "E3003 \"c\""),
    ("server.cpus", "E3003 cpus"),
    ("limit.x", "E3003 x"),
    ("services[0].prt", "E3003 prt"),
    (": Service = { port = 1, prt = 2 }", "E3003 prt"),
    ("services[*].prt", "E3003 prt"),
    ("deployment.nme", "E3003 nme"),
    // Operators.
    ("5m + 3GiB", "E3004 +"),
    ("5m * 3m", "E3004 *"),
    ("1 - true", "E3004 -"),
    ("base + 1", "E3004 +"),
    ("3 / 5m", "E3004 /"),
    ("-flag", "E3004 flag"),
    ("\"a\" + \"b\"", "E3005 \"a\" + \"b\""),
    ("environment + 1", "E3005 environment + 1"),
    ("listed + [\"z\"]", "E3005 listed + [\"z\"]"),
    // What may be unset.
    ("\"a ${maybe}\"", "E3006 maybe"),
    (": string = maybe", "E3006 maybe"),
    ("who.mail", "E3006 who"),
    ("perhaps.url", "E3006 perhaps"),
    ("upper(maybe)", "E3006 maybe"),
    ("1 + null", "E3006 null"),
    ("labels[maybe]", "E3006 maybe"),
    ("if maybe == null then \"${maybe}\" else \"\"", "E3006 maybe"),
    ("if maybe != null or flag then \"${maybe}\" else \"\"", "E3006 maybe"),
    ("null.x", "E3006 null"),
    ("[...if flag then [1] else null]", "E3006 if flag then [1] else null"),
    // Strings.
    ("\"a ${listed}\"", "E3007 listed"),
    ("\"${server}\"", "E3007 server"),
    ("\"${base}\"", "E3007 base"),
    // Functions.
    ("uper(\"a\")", "E3008 uper"),
    ("hots(\"a\")", "E3008 hots"),
    ("limit(1)", "E3008 limit"),
    ("[x(1) for x in listed]", "E3008 x"),
    ("ops.Thing", "E3033 Thing"),
    ("frobnicate(1)", "E3008 frobnicate"),
    ("length(x in listed, x)", "E3008 length"),
    ("upper()", "E3009 upper()"),
    ("upper(\"a\", \"b\")", "E3009 upper(\"a\", \"b\")"),
    ("host()", "E3009 host()"),
    ("host(\"a\", \"b\", \"c\")", "E3009 host(\"a\", \"b\", \"c\")"),
    ("all(listed)", "E3009 all(listed)"),
    ("all(x in listed)", "E3009 all(x in listed)"),
    ("upper(3)", "E3010 3"),
    ("keys(listed)", "E3010 listed"),
    ("sum(listed)", "E3010 listed"),
    ("sum(x in listed, x)", "E3010 x"),
    ("max([base])", "E3010 [base]"),
    ("contains(\"abc\", 1)", "E3010 1"),
    ("min(1, 5m)", "E3010 5m"),
    ("string(listed)", "E3010 listed"),
    ("merge(servers, {})", "E3010 servers"),
    ("[x for x in { a = server, b = 1 }]", "E3018 { a = server, b = 1 }"),
    ("{ a = server, b = 1 }[environment]", "E3017 { a = server, b = 1 }"),
    (": json = { a = password, b = 1..3 }[*]", "E3021 { a = password, b = 1..3 }[*]"),
    (": int = json_decode(\"[null]\")[0]", "E3028 json_decode(\"[null]\")[0]"),
    ("join([base], \",\")", "E3010 [base]"),
    ("abs(\"x\")", "E3010 \"x\""),
    // Records and lists.
    (": Service = { name = \"x\" }", "E3011 { name = \"x\" }"),
    (": list<Service> = [{ port = 1 }, { }]", "E3011 { }"),
    ("{ a = 1, b = 2, a = 3 }", "E3012 a"),
    ("[1, base]", "E3013 base"),
    ("if flag then 1 else [2]", "E3013 [2]"),
    ("maybe ?? [1]", "E3013 [1]"),
    // Comparisons.
    ("1 == \"1\"", "E3015 =="),
    ("5m < 3GiB", "E3015 <"),
    ("listed < listed", "E3015 <"),
    ("release > names[0]", "E3015 >"),
    ("1 in names", "E3015 in"),
    ("server == 1", "E3015 =="),
    ("true in 1..5", "E3015 in"),
    ("\"a\" in \"abc\"", "E3016 \"abc\""),
    ("1 in 1", "E3016 1"),
    // Elements.
    ("limit[0]", "E3017 limit"),
    ("listed[\"a\"]", "E3017 \"a\""),
    ("labels[true]", "E3017 true"),
    ("{ x = 1 for x in [listed] }", "E3017 x"),
    ("[x for x in limit]", "E3018 limit"),
    ("[x for x in server]", "E3018 server"),
    ("limit[*]", "E3018 limit"),
    ("[...base]", "E3018 base"),
    ("{ ...listed }", "E3018 listed"),
    ("servers.url", "E3019 url"),
    ("services.port", "E3019 port"),
    (": Server = servers", "E3019 servers"),
    // Secrets.
    ("if password == \"x\" then 1 else 2", "E3020 password == \"x\""),
    ("labels[password]", "E3020 password"),
    ("[x for x in listed if password == x]", "E3020 password == x"),
    ("1..length(password)", "E3020 length(password)"),
    ("{ password = 1, x = 2 }.x + { password = 1 for x in listed }[\"a\"]", "E3020 password"),
    (": string = password", "E3021 password"),
    (": string = \"a ${password}\"", "E3021 \"a ${password}\""),
    (": map<string> = { A = \"a\", P = password }", "E3021 password"),
    (": json = { a = [password] }", "E3021 password"),
    (": Service = { port = 1, name = token }", "E3021 token"),
    // Values.
    ("1 / 0", "E3022 1 / 0"),
    ("limit / (limit - 10)", "E3022 limit / (limit - 10)"),
    ("inverse(0)", "E3022 inverse(0)"),
    ("{ a = [1, 1 / 0] }", "E3022 1 / 0"),
    ("count_in / 0", "E3022 count_in / 0"),
    ("matches(maybe ?? \"\", \"[\")", "E3027 matches(maybe ?? \"\", \"[\")"),
    ("replace(environment, \"\", \"a\")", "E3027 replace(environment, \"\", \"a\")"),
    ("9223372036854775807 + 1", "E3023 9223372036854775807 + 1"),
    ("sum(x in [9223372036854775807], x + 1)", "E3023 sum(x in [9223372036854775807], x + 1)"),
    ("listed[2]", "E3024 listed[2]"),
    ("{ k = 1 for k in [\"a\", \"a\"] }", "E3025 { k = 1 for k in [\"a\", \"a\"] }"),
    ("[x for x in 1..100000000000]", "E3026 [x for x in 1..100000000000]"),
    ("int(\"two\")", "E3027 int(\"two\")"),
    ("matches(\"a\", \"(\")", "E3027 matches(\"a\", \"(\")"),
    (": int = json_decode(\"true\")", "E3028 json_decode(\"true\")"),
    ("[1 + json_decode(\"true\")]", "E3027 1 + json_decode(\"true\")"),
    (": Port = 0", "E3028 0"),
    ("small(11)", "E3028 11"),
    (": Service = { port = 99999 }", "E3028 99999"),
    (": Span = { min = 5, max = 1 }", "E3028 { min = 5, max = 1 }"),
    // Types as written.
    (": Sevice = 1", "E3029 Sevice"),
    (": integer = 1", "E3029 integer"),
    (": Nothing.At.All = 1", "E3029 Nothing.At.All"),
    (": list = [1]", "E3030 list"),
    (": map<string, int> = {}", "E3030 map<string, int>"),
    (": int<string> = 1", "E3030 int<string>"),
    (": int | list<int> = 1", "E3031 list<int>"),
    (": \"a\" | \"a\" = \"a\"", "E3031 \"a\""),
    (": Service | Span = 1", "E3031 Service, E3031 Span"),
    // Names in other places.
    ("[limit for limit in listed]", "E3032 limit"),
    ("[x for x in [y for y in [x for x in listed]]]", ""),
    ("[[x for x in listed] for x in listed]", "E3032 x"),
    ("[x for x, x in base]", "E3032 x"),
    ("all(limit in listed, true)", "E3032 limit"),
    ("[steady for steady in listed]", "E3032 steady"),
    ("labels[server]", "E3017 server"),
    ("steady", "E3033 steady"),
    ("ops", "E3033 ops"),
    ("upper", "E3033 upper"),
    ("host", "E3033 host"),
    ("Server", "E3033 Server"),
    ("self.x", "E3034 self"),
    ("source", "E3034 source"),
    ("target.x", "E3034 target"),
    // Lists of texts.
    (": \"dev\" | \"prod\" = \"test\"", "E3036 \"test\""),
    (": \"dev\" | \"prod\"? = \"prd\"", "E3036 \"prd\""),
    (": Service = { port = 1, kind = \"tpc\" }", "E3036 \"tpc\""),
    ("environment == \"prd\"", "E3036 \"prd\""),
    ("environment in [\"prod\", \"stagging\"]", "E3036 \"stagging\""),
    (": version = \"one\"", "E3037 \"one\""),
    (": timestamp = \"yesterday\"", "E3037 \"yesterday\""),
    ("release > \"x.y\"", "E3037 \"x.y\""),
    // Files.
    ("file(\"absent.txt\")", "E3039 \"absent.txt\""),
    ("file(environment)", "E3039 environment"),
    ("file()", "E3009 file()"),
];

fn told(text: &str, out: &[Diagnostic]) -> String {
    let whole = if text.starts_with(':') {
        format!("const it{text}")
    } else {
        format!("const it = {text}")
    };
    let at = |d: &Diagnostic| {
        let span = d.place.span;
        format!("{} {}", d.code, &whole[span.start as usize..span.end as usize])
    };
    out.iter().map(at).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_mistake_gives_one_error_at_its_place() {
    let mut wrong = Vec::new();
    for (text, expected) in MISTAKES {
        let (_, out, _) = check(text);
        let found = told(text, &out);
        if found != *expected {
            wrong.push(format!("{text}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_error_says_what_to_do() {
    for (text, _) in MISTAKES {
        let (_, out, _) = check(text);
        for error in out {
            assert_eq!(error.severity, Severity::Error);
            assert!(!error.label.is_empty(), "{text}: {error:?}");
            assert!(error.help.is_some(), "{text}: {error:?}");
            assert!(!error.message.ends_with('.'), "{text}: {error:?}");
        }
    }
}

#[test]
fn a_fix_mends_its_mistake() {
    let mut seen = BTreeSet::new();
    for (text, _) in MISTAKES {
        let (_, out, _) = check(text);
        let [error] = out.as_slice() else { continue };
        let Some(fix) = &error.fix else { continue };
        seen.insert(error.code);
        let prefix = if text.starts_with(':') { "const it" } else { "const it = " };
        let mut whole = format!("{prefix}{text}");
        for (place, new) in &fix.edits {
            whole.replace_range(place.span.start as usize..place.span.end as usize, new);
        }
        let (_, after, _) = check(&whole[prefix.len()..]);
        assert!(after.iter().all(|d| d.code != error.code), "{text}: mended to {whole}: {after:?}");
    }
    for code in ["E3001", "E3002", "E3003", "E3005", "E3006", "E3008", "E3029", "E3036"] {
        assert!(seen.contains(code), "{code} has no fix that a test sees");
    }
}

#[test]
fn what_is_own_needs_self() {
    let server = Type::Node("Server".into());
    let (_, out, _) = check_in("cpu + 1", |scope| scope.with_self(server, Phase::Compile));
    assert_eq!(told("cpu + 1", &out), "E3035 cpu");
    assert_eq!(out[0].fix.as_ref().unwrap().edits[0].1, "self.");
}

#[test]
fn what_is_too_deep_or_too_much_is_told() {
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let (_, out, _) = check(&deep);
    assert!(out.is_empty(), "{out:?}");
    let deep = "count_in".to_owned() + &" + 1".repeat(240);
    let (_, out, _) = check(&deep);
    assert_eq!(out.iter().map(|d| d.code).collect::<Vec<_>>(), ["E3038"]);
    // A `let` of many parts, used many times.
    let (large, out, _) = check(&format!("[{}]", "count_in + 1, ".repeat(1000)));
    assert!(out.is_empty(), "{out:?}");
    let many = format!("[{}]", "big_one, ".repeat(1000));
    let (_, out, _) = check_in(&many, |scope| {
        scope.with(bp_compiler::check::expr::Local::alias("big_one", large))
    });
    assert_eq!(out.iter().map(|d| d.code).collect::<Vec<_>>(), ["E3038"]);
}

#[test]
fn an_expectation_says_where_it_comes_from() {
    let place = bp_compiler::source::Place::default();
    let (_, out, _) =
        check_in(": int = \"x\"", |scope| scope.because(Some(place), "`cpu` is declared here"));
    assert_eq!(out[0].related, [(place, "`cpu` is declared here".to_owned())]);
    assert!(out[0].message.contains("`int`") && out[0].message.contains("\"x\""), "{out:?}");
}

#[test]
fn constraints_are_checked_and_lowered() {
    let text = "const it = 1 where self > \"a\" else 3 where selff > 1 where self in 1..9 else \"no ${self}\"";
    let source = bp_compiler::source::SourceFile::new("test.bp", text);
    let (tree, _) = bp_compiler::syntax::parse(FileId(0), &source);
    let bp_compiler::syntax::ast::ItemKind::Value(item) = &tree.items[0].kind else { panic!() };
    let world = super::world::Declarations::new(text);
    let mut out = Vec::new();
    let scope = Scope::new(FileId(0));
    let ty = Type::Optional(Box::new(Type::Int));
    let found = check_wheres(&world, &scope, &ty, &item.wheres, &mut out);
    let codes: Vec<&str> = out.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["E3015", "E3002", "E3001"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "self in 1..9");
    assert_eq!((found[0].span.line, found[0].span.column), (1, 60));
}

#[test]
fn every_code_has_a_test() {
    let source = concat!(
        include_str!("../../../src/diagnostics/types.rs"),
        include_str!("../../../src/diagnostics/types/names.rs"),
        include_str!("../../../src/diagnostics/types/values.rs")
    );
    let codes: BTreeSet<&str> = source
        .split('"')
        .filter(|word| {
            word.len() == 5 && word.starts_with("E3") && word[1..].parse::<u32>().is_ok()
        })
        .collect();
    let mut tested: BTreeSet<&str> = MISTAKES
        .iter()
        .flat_map(|(_, expected)| expected.split(", "))
        .filter_map(|one| one.split(' ').next())
        .collect();
    // What stands elsewhere than in an expression has its test in `suite/mistakes.rs` and `suite/meant.rs`.
    tested
        .extend(["E3035", "E3038", "E3046", "E3047", "E3048", "E3049", "E3051", "E3052", "E3053"]);
    let missing: Vec<_> = codes.difference(&tested).collect();
    assert!(missing.is_empty(), "{missing:?} have no test");
}

#[test]
fn a_record_of_known_fields_is_checked_field_by_field() {
    use bp_compiler::check::expr::check_expr;
    let text = "const it = { a = \"x\", c = 1 }";
    let source = bp_compiler::source::SourceFile::new("test.bp", text);
    let (tree, _) = bp_compiler::syntax::parse(FileId(0), &source);
    let bp_compiler::syntax::ast::ItemKind::Value(item) = &tree.items[0].kind else { panic!() };
    let world = super::world::Declarations::new(text);
    let fields = [("a", Type::Int), ("b", Type::Optional(Box::new(Type::Int)))];
    let ty = Type::Record(fields.map(|(name, ty)| (name.to_owned(), ty)).into());
    let mut out = Vec::new();
    let value = item.default.as_ref().unwrap();
    check_expr(&world, &Scope::new(FileId(0)), value, Some(&ty), &mut out);
    assert_eq!(told("{ a = \"x\", c = 1 }", &out), "E3002 \"x\", E3003 c");
}

/// The deepest trees that the parser lets through are checked on a thread's usual stack.
#[test]
fn deep_trees_are_checked() {
    let deep = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let chain = format!("count_in{}", " + count_in".repeat(240));
    for text in [
        deep("(", &chain, ")", 120),
        deep("[", &chain, "]", 120),
        deep("{ a = ", &chain, " }", 120),
        deep("upper(", "\"a\"", ")", 120),
        deep("if flag then 1 else ", "2", "", 240),
        deep("if (", "flag", ") then true else false", 120),
        deep("not ", "flag", "", 120),
        deep("all(v0 in names, ", "flag", ")", 1),
        deep("\"${", "1", "}\"", 60),
        deep("[1, ", "2", "][0]", 120),
        format!("open{}", ".a".repeat(240)),
        format!("open{}", "[0]".repeat(240)),
        format!("open{}", "[*].a".repeat(240)),
    ] {
        let source = bp_compiler::source::SourceFile::new("test.bp", format!("const it = {text}"));
        let (_, diagnostics) = bp_compiler::syntax::parse(FileId(0), &source);
        if diagnostics.is_empty() {
            check(&text);
        }
    }
}

/// The first item of a text, its world, and what is wrong with it.
fn item(text: &str) -> (bp_compiler::syntax::ast::ItemKind, super::world::Declarations) {
    let source = bp_compiler::source::SourceFile::new("test.bp", text);
    let (mut tree, diagnostics) = bp_compiler::syntax::parse(FileId(0), &source);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    (tree.items.remove(0).kind.clone(), super::world::Declarations::new(text))
}

#[test]
fn loops_of_nodes_bind_names() {
    for (text, expected) in [
        ("x in listed", ""),
        ("x in 1..3", ""),
        ("k, v in base", ""),
        ("c in clusters", ""),
        ("x in services by x.port", ""),
        ("x in services by x.port if x.name != null and x.name != \"\"", ""),
        ("x in limit", "E3018 limit"),
        ("x in services by x", "E3017 x"),
        ("x in services by x.name", "E3006 x.name"),
        ("x in listed if x", "E3002 x"),
        ("limit in listed", "E3032 limit"),
        ("x in [password]", "E3020 [password]"),
        ("x in listed by password", "E3020 password"),
        ("x in nothing_there if x > 1", "E3001 nothing_there"),
    ] {
        let whole = format!("node it: Server for {text}");
        let (found, world) = item(&whole);
        let bp_compiler::syntax::ast::ItemKind::Node(node) = &found else { panic!("{text}") };
        let mut out = Vec::new();
        let scope = Scope::new(FileId(0));
        let each = node.each.as_ref().unwrap();
        let checked = bp_compiler::check::expr::check_each(&world, &scope, each, &mut out);
        let spans = out.iter().map(|d| (d.code, d.place.span));
        let found = spans
            .map(|(code, at)| format!("{code} {}", &whole[at.start as usize..at.end as usize]));
        assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{text}");
        assert_eq!(
            checked.is_none(),
            ["E3018", "E3001", "E3020 ["].iter().any(|code| expected.starts_with(code)),
            "{text}"
        );
    }
}

#[test]
fn functions_are_checked() {
    for (text, expected) in [
        ("fn f(a: int, b: int = 2) -> int = a + b", ""),
        ("fn f(a: int) = a + 1", ""),
        ("fn f(a: int) -> string = a", "E3002 a"),
        ("fn f(a: int = \"x\") -> int = a", "E3002 \"x\""),
        ("fn f(a: int, a: int) -> int = a", "E3032 a"),
        ("fn f(limit: int) -> int = limit", "E3032 limit"),
        ("fn f(a: integer) -> int = a", "E3029 integer"),
        ("fn f(a: int) -> int = b", "E3001 b"),
        ("fn f(a: int) -> int = self", "E3034 self"),
        ("fn f(a: int where self > \"\") -> int = a", "E3015 >"),
    ] {
        let (found, world) = item(text);
        let bp_compiler::syntax::ast::ItemKind::Function(function) = &found else { panic!() };
        let mut out = Vec::new();
        let signature =
            bp_compiler::check::expr::check_signature(&world, FileId(0), function, &mut out);
        let whole =
            bp_compiler::check::expr::check_body(&world, FileId(0), function, signature, &mut out);
        let found = out.iter().map(|d| {
            format!("{} {}", d.code, &text[d.place.span.start as usize..d.place.span.end as usize])
        });
        assert_eq!(found.collect::<Vec<_>>().join(", "), expected, "{text}");
        if expected.is_empty() {
            assert_eq!(whole.result, Type::Int, "{text}");
            assert!(whole.body.is_some(), "{text}");
        }
    }
}
