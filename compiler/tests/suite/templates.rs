//! Templates: what they become, and what is wrong with them, at their own lines.

use std::collections::BTreeSet;
use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::loader::Overlay;
use bp_compiler::source::FileId;
use bp_compiler::testing::Suite;
use bp_plan::{Expr, Phase, Type, from_bytes, to_bytes};

/// A program whose `text` is the template with every kind of data.
const PROGRAM: &str = r#"blueprint x { version = "1.0.0" }
data type Server {
  name: string
  port: int = 80
  note: string?
  tags: list<string> = []
}
input names: list<string>
input maybe: string?
input servers: list<Server>
input main: Server
input labels: map<string>
input open: json
input spare: Server?
input many: list<int>?
input two: int | string
secret password: string
node type Vm { attribute address: string, provider = "noop" }
node vm: Vm
output text: string = template("t.hbs", {
  title = "fleet", count = 3, wait = 5m, on = true
  names = names, maybe = maybe, servers = servers, main = main, labels = labels, open = open
  spare = spare, many = many, two = two, address = vm.address
  nested = { deep = { end = "x" } }, pairs = { a = { v = 1 }, b = { v = 2 } }
})
"#;

fn folder(template: impl AsRef<[u8]>, program: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("root.bp"), program).unwrap();
    std::fs::write(folder.path().join("t.hbs"), template).unwrap();
    folder
}

fn analyse(template: &str, program: &str) -> Analysis {
    Analysis::load(&folder(template, program).path().join("root.bp"))
}

/// What is said: the code, the name of the file, and the text that is underlined.
fn said(analysis: &Analysis) -> Vec<String> {
    let one = |d: &bp_compiler::diagnostics::Diagnostic| {
        let source = analysis.sources().file(d.place.file).unwrap();
        let name = Path::new(source.path()).file_name().unwrap().to_string_lossy().into_owned();
        let line = source.position(d.place.span.start).line;
        format!("{} {name}:{line} {}", d.code, source.slice(d.place.span))
    };
    // The program is as small as can be: that something in it is never used is no matter.
    let matters = |d: &&Diagnostic| !matches!(d.code, "W2010" | "W2011");
    analysis.diagnostics().iter().filter(matters).map(one).collect()
}

#[test]
fn every_use_of_data_that_is_there_is_accepted() {
    for template in [
        "plain",
        "{{title}} {{count}} {{wait}} {{on}} {{two}} {{address}} {{nested.deep.end}} {{@root.title}}",
        "{{#each names}}{{this}}{{@index}}{{@first}}{{@last}}{{../title}}{{/each}}",
        "{{#each servers as |s i|}}{{s.name}}{{i}}{{port}}{{#each tags}}{{this}}{{../name}}{{../../title}}{{/each}}{{/each}}",
        "{{#each labels}}{{@key}}={{this}}{{/each}} {{labels.zone}} {{lookup labels \"zone\"}}",
        "{{#each pairs as |pair name|}}{{name}}{{pair.v}}{{/each}}{{#each main}}{{@key}}{{/each}}",
        "{{#with main}}{{name}}{{#with ../nested}}{{deep.end}}{{/with}}{{/with}}",
        "{{#if maybe}}{{maybe}}{{else}}none{{/if}}{{#unless maybe}}{{else}}{{maybe}}{{/unless}}",
        "{{#if main.note}}{{main.note}}{{#with main}}{{note}}{{/with}}{{/if}}",
        "{{#if spare}}{{spare.port}}{{#if spare.note}}{{spare.note}}{{/if}}{{/if}}",
        "{{#with spare}}{{name}}{{else}}none{{/with}}{{#each many}}{{this}}{{else}}none{{/each}}",
        "{{#each servers}}{{#if note}}{{note}}{{this.note}}{{/if}}{{/each}}",
        "{{open}} {{open.a.b}} {{#each open}}{{@key}}{{x}}{{/each}} {{#if (lookup open \"a\")}}{{/if}}",
        "{{servers.0.name}} {{lookup names 0}} {{lookup main \"name\"}} {{lookup (lookup servers 0) \"name\"}}",
        "{{#if count includeZero=true}}{{else if on}}{{else}}{{/if}}",
        "\\{{not_there}} {{!-- {{not_there}} --}} {{{{raw}}}}{{not_there}}{{{{/raw}}}}",
    ] {
        let analysis = analyse(template, PROGRAM);
        assert_eq!(said(&analysis), Vec::<String>::new(), "{template}");
        let output = &analysis.plan().unwrap().outputs["text"];
        assert_eq!((&output.kind, output.phase), (&Type::String, Phase::Run));
        assert!(matches!(&output.value, Expr::Template(of) if of.text == template));
    }
}

/// A template, and what is said of it: each mistake alone, where it stands.
const MISTAKES: &[(&str, &[&str])] = &[
    // It is no template.
    ("ok\n{{title", &["E3040 t.hbs:2 {{"]),
    ("ok\n{{#if on}}\n", &["E3040 t.hbs:2 {{#if on}}"]),
    ("{{#if on}}\n{{/each}}", &["E3040 t.hbs:2 {{/each}}"]),
    ("a\n\n{{title count=}}", &["E3040 t.hbs:3 {{title count=}}"]),
    // It uses what there is not.
    ("{{> part}}", &["E3041 t.hbs:1 {{> part}}"]),
    ("{{* deco}}", &["E3041 t.hbs:1 {{* deco}}"]),
    ("x\n{{upper title}}", &["E3041 t.hbs:2 upper"]),
    ("{{#repeat 3}}{{/repeat}}", &["E3041 t.hbs:1 {{#repeat 3}}"]),
    // The data does not have it.
    ("a\nb {{titel}}", &["E3042 t.hbs:2 titel"]),
    ("{{nested.deep.edn}}", &["E3042 t.hbs:1 edn"]),
    ("{{#if onn}}x{{/if}}", &["E3042 t.hbs:1 onn"]),
    ("{{#if on}}\n{{titel}}\n{{/if}}", &["E3042 t.hbs:2 titel"]),
    ("{{#if on}}\n{{else}}\n{{titel}}{{/if}}", &["E3042 t.hbs:3 titel"]),
    ("{{#if on}}{{else if\nonn}}{{/if}}", &["E3042 t.hbs:2 onn"]),
    ("{{#unless onn}}{{/unless}}", &["E3042 t.hbs:1 onn"]),
    ("{{#each nams}}{{this}}{{/each}}", &["E3042 t.hbs:1 nams"]),
    ("{{#each servers}}\n{{nam}}{{/each}}", &["E3042 t.hbs:2 nam"]),
    ("{{#each servers}}{{title}}{{/each}}", &["E3042 t.hbs:1 title"]),
    ("{{#each servers as |s|}}{{s.nam}}{{/each}}", &["E3042 t.hbs:1 nam"]),
    ("{{#each names}}{{else}}{{titel}}{{/each}}", &["E3042 t.hbs:1 titel"]),
    ("{{#with main}}{{title}}{{/with}}", &["E3042 t.hbs:1 title"]),
    ("{{#with main}}{{../titel}}{{/with}}", &["E3042 t.hbs:1 titel"]),
    ("{{@root.titel}}", &["E3042 t.hbs:1 titel"]),
    ("{{lookup main \"nam\"}}", &["E3042 t.hbs:1 \"nam\""]),
    ("{{titel}}\n{{conut}}", &["E3042 t.hbs:1 titel", "E3042 t.hbs:2 conut"]),
    // It is there, and is not for this.
    ("{{main}}", &["E3043 t.hbs:1 main"]),
    ("{{names}}", &["E3043 t.hbs:1 names"]),
    ("{{maybe}}", &["E3043 t.hbs:1 maybe"]),
    ("{{#if on}}{{maybe}}{{/if}}", &["E3043 t.hbs:1 maybe"]),
    ("{{#if maybe}}{{else}}{{maybe}}{{/if}}", &["E3043 t.hbs:1 maybe"]),
    ("{{main.note}}", &["E3043 t.hbs:1 main.note"]),
    ("{{spare.name}}", &["E3043 t.hbs:1 spare.name"]),
    ("{{#if main.note}}{{#with spare}}{{note}}{{else}}{{/with}}{{/if}}", &["E3043 t.hbs:1 note"]),
    ("{{#each title}}{{/each}}", &["E3043 t.hbs:1 title"]),
    ("{{#each many}}{{/each}}", &["E3043 t.hbs:1 many"]),
    ("{{#with spare}}{{/with}}", &["E3043 t.hbs:1 spare"]),
    ("{{title.x}}", &["E3043 t.hbs:1 x"]),
    ("{{names.first}}", &["E3043 t.hbs:1 first"]),
    ("{{lookup names \"a\"}}", &["E3043 t.hbs:1 \"a\""]),
    ("{{lookup title 0}}", &["E3043 t.hbs:1 0"]),
    // It means nothing here.
    ("{{../title}}", &["E3044 t.hbs:1 ../title"]),
    ("{{@index}}", &["E3044 t.hbs:1 @index"]),
    ("{{#each names}}{{@key}}{{/each}}", &["E3044 t.hbs:1 @key"]),
];

#[test]
fn one_mistake_is_one_error_at_the_template_s_line() {
    let mut wrong = Vec::new();
    for (template, wanted) in MISTAKES {
        let analysis = analyse(template, PROGRAM);
        assert!(analysis.plan().is_none(), "{template}");
        let found = said(&analysis);
        if found != *wanted {
            wrong.push(format!("{template}\n  wanted {wanted:?}\n  found {found:?}"));
        }
        for error in analysis.diagnostics() {
            assert!(error.help.is_some(), "{template}: {} has no help", error.code);
            let [(call, note)] = error.related.as_slice() else { panic!("{template}: no call") };
            let source = analysis.sources().file(call.file).unwrap();
            assert!(source.slice(call.span).starts_with("template(\"t.hbs\""), "{note}");
            // Whoever shows it finds the file.
            let path = analysis.sources().on_disk(error.place.file).unwrap();
            assert!(path.ends_with("t.hbs"), "{}", path.display());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_test() {
    let source = include_str!("../../src/diagnostics/types/templates.rs");
    let codes: BTreeSet<&str> =
        source.split('"').filter(|word| word.len() == 5 && word.starts_with("E3")).collect();
    let tests = include_str!("templates.rs");
    let missing: Vec<_> =
        codes.iter().filter(|code| !tests.contains(&format!("{code} "))).collect();
    assert!(codes.len() > 5 && missing.is_empty(), "{missing:?} have no test");
}

#[test]
fn fixes_mend_the_template() {
    let mut mended = 0;
    for (template, _) in MISTAKES {
        let analysis = analyse(template, PROGRAM);
        let Some(fix) = analysis
            .diagnostics()
            .iter()
            .filter(|d| d.place.file != FileId(0))
            .find_map(|d| d.fix.clone())
        else {
            continue;
        };
        let mut fixed = (*template).to_owned();
        for (place, new) in fix.edits {
            assert_ne!(place.file, FileId(0));
            fixed.replace_range(place.span.start as usize..place.span.end as usize, &new);
        }
        let left = said(&analyse(&fixed, PROGRAM)).len();
        assert!(left < said(&analysis).len(), "{template} -> {fixed}: {left}");
        mended += 1;
    }
    assert!(mended >= 10, "only {mended} had a fix");
}

fn program(output: &str) -> String {
    format!(
        "blueprint x {{ version = \"1.0.0\" }}\nsecret password: string\ninput open: json\n{output}\n"
    )
}

#[test]
fn constants_are_filled_in_when_compiling() {
    let text =
        "output t: string = template(\"t.hbs\", { name = \"a & b\", open = json_decode(\"{}\") })";
    let analysis = analyse("{{name}}!", &program(text));
    assert_eq!(analysis.plan().unwrap().outputs["t"].value, Expr::string("a & b!"));
    let lacks = analyse("x\n{{name}} {{open.k}}", &program(text));
    assert_eq!(said(&lacks), ["E3045 t.hbs:2 k"]);
    let large = analyse(&"{{name}}".repeat(10_001), &program(text));
    assert_eq!(said(&large), ["E3026 t.hbs:1 {{"]);
}

#[test]
fn whatever_has_a_secret_part_is_secret() {
    let to = |ty: &str| {
        program(&format!("output t: {ty} = template(\"t.hbs\", {{ p = password, q = 1 }})"))
    };
    let kept = analyse("{{p}}", &to("secret string"));
    assert_eq!(said(&kept), Vec::<String>::new());
    // Even where it prints only what is no secret: who reads the template later need not look.
    for template in ["{{p}}", "{{q}}", "{{#if p}}x{{/if}}"] {
        let out = said(&analyse(template, &to("string")));
        assert!(out.len() == 1 && out[0].starts_with("E3021 root.bp:4"), "{out:?}");
    }
}

#[test]
fn the_call_is_checked_too() {
    for (call, wanted) in [
        ("template(\"t.hbs\")", "E3009 root.bp:4 template(\"t.hbs\")"),
        ("template(\"gone.hbs\", {})", "E3039 root.bp:4 \"gone.hbs\""),
        ("template(\"../t.hbs\", {})", "E3039 root.bp:4 \"../t.hbs\""),
        ("template(\".\", {})", "E3039 root.bp:4 \".\""),
        ("template(1, {})", "E3002 root.bp:4 1"),
        ("template(string(open), {})", "E3039 root.bp:4 string(open)"),
        ("template(\"t.hbs\", { a = nobody })", "E3001 root.bp:4 nobody"),
        ("tmplate(\"t.hbs\", {})", "E3008 root.bp:4 tmplate"),
    ] {
        let analysis = analyse("x", &program(&format!("const c = {call}")));
        assert_eq!(said(&analysis), [wanted], "{call}");
    }
    let folder = folder([0xff, 0xfe], &program("const c = template(\"t.hbs\", {})"));
    let analysis = Analysis::load(&folder.path().join("root.bp"));
    assert_eq!(said(&analysis), ["E3039 root.bp:4 \"t.hbs\""]);
    assert!(analysis.diagnostics()[0].message.contains("no text"));
    // Nodes are no data.
    let node = "node type T { provider = \"noop\" }\nnode n: T\noutput o: string = template(\"t.hbs\", { n = n })";
    assert_eq!(said(&analyse("x", &program(node))), ["E3010 root.bp:6 { n = n }"]);
}

#[test]
fn a_template_that_is_used_twice_is_wrong_once() {
    let twice = "const a = template(\"t.hbs\", {})\nconst b = template(\"t.hbs\", {})";
    assert_eq!(said(&analyse("{{#if", &program(twice))), ["E3040 t.hbs:1 {{"]);
}

#[test]
fn an_editor_s_template_takes_the_place_of_the_file() {
    let folder = folder("{{title}}", PROGRAM);
    let overlay = Overlay::from([(folder.path().join("t.hbs"), "{{titel}}".to_owned())]);
    let analysis = Analysis::load_with(&folder.path().join("root.bp"), &overlay);
    assert_eq!(said(&analysis), ["E3042 t.hbs:1 titel"]);
}

/// A field that a record may lack is null in a template, as it is where an expression reads it.
#[test]
fn what_a_record_may_lack_is_tested_before_it_is_printed() {
    let program = |data: &str| {
        format!(
            "blueprint x {{ version = \"1.0.0\" }}\ninput n: string\n\
             const known = [{{ name = \"a\", class = \"x\" }}, {{ name = \"b\" }}]\n\
             const open = [...known, {{ name = n }}]\n\
             fn named(of: string) = [{{ name = of }}, {{ name = of, class = of }}]\n\
             node type T {{ property text: string }}\n\
             node t: T {{ text = template(\"t.hbs\", {{ all = {data} }}) }}\n"
        )
    };
    let tested = "{{#each all}}{{name}}{{#if class}}({{class}}){{/if}}{{#unless class}}-{{/unless}}{{/each}}";
    for (data, wanted) in [
        ("known", "a(x)b-"),
        ("open", "a(x)b-q-"),
        ("named(n)", "q-q(q)"),
        ("named(\"k\")", "k-k(k)"),
    ] {
        let test = format!(
            "test \"t\" {{\n  inputs = {{ n = \"q\" }}\n  assert t.text == \"{wanted}\"\n}}\n"
        );
        let analysis = analyse(tested, &(program(data) + &test));
        assert_eq!(said(&analysis), [""; 0], "{data}");
        let suite = Suite::new(&analysis).unwrap();
        let found: Vec<_> = analysis.tests().iter().flat_map(|test| suite.run(test)).collect();
        assert!(found.is_empty(), "{data}: {found:?}");
        let untested = analyse("{{#each all}}{{class}}{{/each}}", &program(data));
        assert_eq!(said(&untested), ["E3043 t.hbs:1 class"], "{data}");
        // Who goes through a record meets what it has, unless the template asks for what it lacks.
        let through = "{{#each all}}{{#each this}}{{@key}}={{this}} {{/each}}{{/each}}";
        assert_eq!(said(&analyse(through, &program(data))), [""; 0], "{data}");
        let both = format!("{through}{tested}");
        assert_eq!(said(&analyse(&both, &program(data))), ["E3043 t.hbs:1 this"], "{data}");
    }
}

#[test]
fn the_plan_holds_the_template_and_its_identity() {
    let bytes = |template: &str| {
        let folder = folder(template, PROGRAM);
        let analysis = Analysis::load(&folder.path().join("root.bp"));
        to_bytes(analysis.plan().unwrap(), analysis.artifacts()).unwrap()
    };
    let first = bytes("{{title}}\r\n{{address}}");
    assert_eq!(bytes("{{title}}\r\n{{address}}"), first);
    let loaded = from_bytes(&first).unwrap();
    let Expr::Template(template) = &loaded.plan.outputs["text"].value else { panic!() };
    assert_eq!(
        (template.path.as_str(), template.text.as_str()),
        ("t.hbs", "{{title}}\r\n{{address}}")
    );
    assert!(loaded.artifacts.is_empty());
    assert!(loaded.plan.sources.iter().all(|source| source.path != "t.hbs"), "it is no module");
    assert_ne!(from_bytes(&bytes("{{title}}")).unwrap().identity, loaded.identity);
}
