//! Packages: found, named, locked; what is wrong with one is said once, where it is named.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;

use crate::common::{folder, write};

/// What is said, as `CODE FILE LINE:COLUMN`, with files by their paths from the folder.
fn said(analysis: &Analysis, folder: &Path) -> Vec<String> {
    let one = |diagnostic: &bp_compiler::diagnostics::Diagnostic| {
        let source = analysis.sources().file(diagnostic.place.file).unwrap();
        let at = source.position(diagnostic.place.span.start);
        let path = Path::new(source.path());
        let path = path.strip_prefix(folder).unwrap_or(path);
        format!("{} {} {}:{}", diagnostic.code, path.display(), at.line, at.column)
    };
    analysis.diagnostics().iter().map(one).collect()
}

const SHOP: &str = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n\n[dependencies]\nacme = { path = \"../acme\" }\n";
const ACME: &str = "[package]\nname = \"acme\"\nversion = \"1.2.0\"\nedition = \"2026\"\n";
const TELCO: &str = "use \"./parts/sizes.bp\" as sizes\n\nnode type Antenna {\n  property height: int = sizes.usual\n  property note: string = read(\"note.txt\")\n}\n";
const ROOT: &str =
    "blueprint shop { version = \"1.0.0\" }\n\nuse acme.telco as t\n\nnode mast: t.Antenna\n";

fn shop_and_acme() -> tempfile::TempDir {
    folder(&[
        ("shop/bp.toml", SHOP),
        ("shop/shop.bp", ROOT),
        ("acme/bp.toml", ACME),
        ("acme/telco.bp", TELCO),
        ("acme/parts/sizes.bp", "const usual = 30\n"),
        ("acme/note.txt", "tall"),
    ])
}

#[test]
fn a_package_s_types_have_its_name() {
    let folder = shop_and_acme();
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    assert_eq!(said(&analysis, folder.path()), Vec::<String>::new());
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.nodes["mast"].kind, "acme.telco.Antenna");
    let properties = &plan.node_types["acme.telco.Antenna"].properties;
    assert_eq!(properties["height"].default, Some(bp_plan::Expr::Value(30.into())));
    assert_eq!(properties["note"].default, Some(bp_plan::Expr::string("tall")));
    let paths: Vec<&str> = plan.sources.iter().map(|source| source.path.as_str()).collect();
    for path in ["acme@1.2.0/telco.bp", "acme@1.2.0/parts/sizes.bp", "shop.bp"] {
        assert!(paths.contains(&path), "{paths:?}");
    }

    // Seen from inside of the package they have the same names.
    let inside = folder.path().join("acme/site.bp");
    std::fs::write(&inside, ROOT.replace("acme.telco", "\"./telco.bp\"")).unwrap();
    let plan = Analysis::load(&inside).plan().unwrap().clone();
    assert_eq!(plan.nodes["mast"].kind, "acme.telco.Antenna");
    // And by its own name.
    std::fs::write(&inside, ROOT).unwrap();
    let plan = Analysis::load(&inside).plan().unwrap().clone();
    assert_eq!(plan.nodes["mast"].kind, "acme.telco.Antenna");
}

#[test]
fn a_package_begins_at_its_bp_toml() {
    let folder = folder(&[
        ("shop/bp.toml", "[package]\nname = \"shop\"\nversion = \"2.1.0\"\n"),
        ("shop/types.bp", "node type T\n"),
        (
            "shop/sites/north/main.bp",
            "blueprint n { version = \"1.0.0\" }\nuse \"../../types.bp\" { T }\nnode type Own\nnode a: T\nnode b: Own\n",
        ),
    ]);
    let analysis = Analysis::load(&folder.path().join("shop/sites/north/main.bp"));
    assert_eq!(said(&analysis, folder.path()), Vec::<String>::new());
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.nodes["a"].kind, "shop@2.types.T");
    assert_eq!(plan.nodes["b"].kind, "shop@2.sites.north.main.Own");
    // Where there is none, only the blueprint's own folder belongs to it.
    std::fs::remove_file(folder.path().join("shop/bp.toml")).unwrap();
    let analysis = Analysis::load(&folder.path().join("shop/sites/north/main.bp"));
    assert_eq!(said(&analysis, folder.path())[0], "E2003 shop/sites/north/main.bp 2:5");
}

#[test]
fn versions_from_two_on_stand_beside_the_first() {
    let folder = shop_and_acme();
    write(
        folder.path(),
        &[
            ("shop/bp.toml", &format!("{SHOP}base = {{ path = \"../base\" }}\n")),
            (
                "base/bp.toml",
                "[package]\nname = \"base\"\nversion = \"0.1.0\"\n[dependencies]\nacme = { path = \"../acme2\" }\n",
            ),
            ("base/base.bp", "use acme.telco as t\nnode type Pole extends t.Antenna\n"),
            ("acme2/bp.toml", "[package]\nname = \"acme\"\nversion = \"2.0.0\"\n"),
            ("acme2/telco.bp", "node type Antenna { property width: int = 1 }\n"),
            ("shop/shop.bp", &format!("{ROOT}use base\nnode pole: base.Pole {{ width = 2 }}\n")),
        ],
    );
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    assert_eq!(said(&analysis, folder.path()), Vec::<String>::new());
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.nodes["pole"].kind, "base.Pole");
    assert_eq!(plan.node_types["base.Pole"].extends[0], "acme@2.telco.Antenna");
    // With the same first number their types would have the same names.
    write(folder.path(), &[("acme2/bp.toml", "[package]\nname = \"acme\"\nversion = \"1.9.0\"\n")]);
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    assert_eq!(said(&analysis, folder.path())[0], "E6009 base/bp.toml 5:1");
    assert!(analysis.diagnostics()[0].message.contains("as 1.2.0 and as 1.9.0"));
}

#[test]
fn what_is_wrong_with_a_package_is_said_once_where_it_stands() {
    let package = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n";
    let cases: &[(&str, &str, &str)] = &[
        // (what stands in shop/bp.toml, what is said, a part of the sentence or the help)
        (
            package,
            "E6001 shop/shop.bp 3:5",
            "`acme = { path = \"../acme\" }` under `[dependencies]`",
        ),
        ("[package\n", "E6002 shop/bp.toml 1:9", "no TOML"),
        (
            "[package]\nname = 1\nversion = \"1.0.0\"\n",
            "E6003 shop/bp.toml 2:8",
            "found a whole number",
        ),
        (
            "[package]\nname = \"My Shop\"\nversion = \"1.0.0\"\n",
            "E6003 shop/bp.toml 2:8",
            "small letters",
        ),
        ("[package]\nname = \"std\"\nversion = \"1.0.0\"\n", "E6003 shop/bp.toml 2:8", "\"std\""),
        (
            "[package]\nname = \"shop\"\nversion = \"1.0\"\n",
            "E6003 shop/bp.toml 3:11",
            "such as \"1.0.0\"",
        ),
        (
            "[package]\nname = \"shop\"\nversion = \"1.0.0\"\nedition = \"1999\"\n",
            "E6003 shop/bp.toml 4:11",
            "\"2026\"",
        ),
        ("[package]\nname = \"shop\"\n", "E6004 shop/bp.toml 1:2", "version"),
        ("[dependencies]\n", "E6004 shop/bp.toml 1:1", "[package]"),
        (
            "[package]\nname = \"shop\"\nversion = \"1.0.0\"\nauthor = \"me\"\n",
            "E6005 shop/bp.toml 4:1",
            "`edition`",
        ),
        (
            "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependency]\n",
            "E6005 shop/bp.toml 4:2",
            "did you mean `dependencies`?",
        ),
    ];
    for (text, place, words) in cases {
        let folder = shop_and_acme();
        std::fs::write(folder.path().join("shop/bp.toml"), text).unwrap();
        let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
        let found = said(&analysis, folder.path());
        assert_eq!(found.first().map(String::as_str), Some(*place), "{text}\n{found:?}");
        let one = &analysis.diagnostics()[0];
        let whole = format!("{} {}", one.message, one.help.clone().unwrap());
        assert!(whole.contains(words), "{text}\n{whole}");
        assert_eq!(
            found.iter().filter(|one| one.starts_with("E6")).count(),
            1,
            "{text}\n{found:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_dependency_is_said_at_its_entry() {
    let package = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependencies]\n";
    let cases: &[(&str, &str, &str)] = &[
        ("acme = \"../acme\"\n", "E6003 shop/bp.toml 5:8", "`{ path = \"../acme\" }`"),
        ("acme = { path = 5 }\n", "E6003 shop/bp.toml 5:17", "a path"),
        ("acme = { path = \"/acme\" }\n", "E6003 shop/bp.toml 5:17", "\"/acme\""),
        ("acme = { }\n", "E6004 shop/bp.toml 5:1", "`path`"),
        ("acme = { pth = \"../acme\" }\n", "E6005 shop/bp.toml 5:10", "did you mean `path`?"),
        ("acme = { path = \"../gone\" }\n", "E6006 shop/bp.toml 5:17", "gone/bp.toml"),
        ("acme = { path = \"shop.bp\" }\n", "E6006 shop/bp.toml 5:17", "there is no"),
        (
            "acme = { path = \"../ring\" }\n",
            "E6007 ring/bp.toml 5:17",
            "`shop` depends on `acme` depends on `shop`",
        ),
        ("acme = { path = \".\" }\n", "E6007 shop/bp.toml 5:17", "`shop` depends on `shop`"),
        ("amce = { path = \"../acme\" }\n", "E6008 shop/bp.toml 5:1", "called `acme`"),
        ("acme = { path = \"../bytes\" }\n", "E6006 shop/bp.toml 5:17", "no text"),
        ("acme = { path = \"../large\" }\n", "E6006 shop/bp.toml 5:17", "more than 1 MiB"),
    ];
    for (text, place, words) in cases {
        let folder = shop_and_acme();
        write(
            folder.path(),
            &[
                ("shop/bp.toml", &format!("{package}{text}")),
                (
                    "ring/bp.toml",
                    "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n[dependencies]\nshop = { path = \"../shop\" }\n",
                ),
                ("bytes/x", ""),
                ("large/x", ""),
                ("ring/telco.bp", TELCO),
            ],
        );
        std::fs::write(folder.path().join("bytes/bp.toml"), [0xff, 0xfe]).unwrap();
        let large = std::fs::File::create(folder.path().join("large/bp.toml")).unwrap();
        large.set_len((1 << 20) + 1).unwrap();
        let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
        let found = said(&analysis, folder.path());
        assert_eq!(found.first().map(String::as_str), Some(*place), "{text}\n{found:?}");
        let one = &analysis.diagnostics()[0];
        let whole = format!("{} {}", one.message, one.help.clone().unwrap());
        assert!(whole.contains(words), "{text}\n{whole}");
        let others = found.iter().filter(|one| one.starts_with("E6")).count();
        assert_eq!(others, 1, "{text}\n{found:?}");
    }
}

#[test]
fn modules_of_a_package() {
    for (used, place, words) in [
        ("acme.telc", "E6010 shop/shop.bp 3:5", "did you mean `acme.telco`?"),
        ("acme.parts.size", "E6010 shop/shop.bp 3:5", "did you mean `acme.parts.sizes`?"),
        ("acme", "E6010 shop/shop.bp 3:5", "`use acme` is its file `acme.bp`; it has `acme."),
        ("acme.nope", "E6010 shop/shop.bp 3:5", "it has `acme.telco`"),
        ("acme.nope.more", "E6010 shop/shop.bp 3:5", "it has `acme.telco`"),
        ("acne.telco", "E6001 shop/shop.bp 3:5", "did you mean `acme`?"),
        ("std.kubernets", "E2001 shop/shop.bp 3:5", "did you mean `std.kubernetes`?"),
    ] {
        let folder = shop_and_acme();
        let root = folder.path().join("shop/shop.bp");
        std::fs::write(&root, ROOT.replace("acme.telco", used)).unwrap();
        let analysis = Analysis::load(&root);
        let found = said(&analysis, folder.path());
        assert_eq!(found[0], place, "{used}");
        assert!(analysis.diagnostics()[0].help.as_ref().unwrap().contains(words), "{used}");
    }
    // A file of a package sees nothing outside of it, not even what uses it.
    let folder = shop_and_acme();
    write(folder.path(), &[("acme/telco.bp", "use \"../shop/shop.bp\" as s\nnode type Antenna\n")]);
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    assert_eq!(said(&analysis, folder.path()), ["E2003 acme/telco.bp 1:5"]);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_a_package() {
    let folder = shop_and_acme();
    write(folder.path(), &[("secret.bp", "node type Antenna\n")]);
    std::fs::remove_file(folder.path().join("acme/telco.bp")).unwrap();
    std::os::unix::fs::symlink("../secret.bp", folder.path().join("acme/telco.bp")).unwrap();
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    let found = said(&analysis, folder.path());
    assert_eq!(found[0], "E6013 shop/bp.toml 6:1");
    assert!(found.contains(&"E2003 shop/shop.bp 3:5".to_owned()), "{found:?}");
    // What nobody can read to an end is not begun.
    std::fs::remove_file(folder.path().join("acme/telco.bp")).unwrap();
    std::os::unix::net::UnixListener::bind(folder.path().join("acme/socket")).unwrap();
    let analysis = Analysis::load(&folder.path().join("shop/shop.bp"));
    assert!(analysis.diagnostics()[0].message.contains("is no plain file"));
}

#[test]
fn an_editor_s_texts_count_for_packages_too() {
    let folder = shop_and_acme();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let root = at("shop/shop.bp");
    let overlay = Overlay::from([
        (root.clone(), ROOT.to_owned()),
        (at("acme/telco.bp"), "node type Antenna { property wide: bool = true }\n".to_owned()),
    ]);
    let plan = Analysis::load_with(&root, &overlay).plan().unwrap().clone();
    assert!(plan.node_types["acme.telco.Antenna"].properties.contains_key("wide"));
    let overlay = Overlay::from([(at("shop/bp.toml"), "[package]\nname = \"shop\"\n".to_owned())]);
    let analysis = Analysis::load_with(&root, &overlay);
    assert_eq!(said(&analysis, folder.path())[0], "E6004 shop/bp.toml 1:2");
    assert!(analysis.sources().on_disk(analysis.diagnostics()[0].place.file).is_some());
}

fn bpc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpc")).args(arguments).current_dir(folder).output().unwrap()
}

fn words(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn packages_are_locked_when_first_met_and_held_to_it() {
    let folder = shop_and_acme();
    let shop = folder.path().join("shop");
    let lock = shop.join("bp.lock");
    let (code, text) = words(&bpc(&shop, &["check", "shop.bp", "--locked"]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("error[E6016]: bp.lock is not up to date"), "{text}");
    assert!(!lock.exists());

    let (code, text) = words(&bpc(&shop, &["check", "shop.bp"]));
    assert_eq!((code, text.as_str()), (0, "bp.lock: 1 package locked\n"));
    let written = std::fs::read_to_string(&lock).unwrap();
    assert!(
        written.contains(
            "name = \"acme\"\nversion = \"1.2.0\"\npath = \"../acme\"\ndigest = \"sha256:"
        )
    );
    // The same whatever folder it is run in, and not written again.
    let (code, text) = words(&bpc(folder.path(), &["compile", "shop/shop.bp", "--locked"]));
    assert_eq!(code, 0, "{text}");
    assert_eq!(words(&bpc(&shop, &["lock", "--locked"])), (0, String::new()));

    // Plans, hidden files and packages of their own below it are no part of it.
    write(
        folder.path(),
        &[("acme/.git/HEAD", "x"), ("acme/x.plan", "x"), ("acme/inner/bp.toml", ACME)],
    );
    assert_eq!(words(&bpc(&shop, &["check"])), (0, String::new()));

    std::fs::write(folder.path().join("acme/note.txt"), "short").unwrap();
    let (code, text) = words(&bpc(&shop, &["compile", "shop.bp"]));
    assert_eq!(code, 1);
    assert!(
        text.contains("error[E6012]: the package `acme` has other files than when it was locked"),
        "{text}"
    );
    assert!(text.contains("`bpc lock` accepts it"), "{text}");
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), written, "nothing accepts it by itself");
    let (code, text) = words(&bpc(&shop, &["lock"]));
    assert_eq!((code, text.as_str()), (0, "bp.lock: 1 package locked\n"));
    assert_eq!(words(&bpc(&shop, &["check", "--locked"])), (0, String::new()));

    std::fs::write(folder.path().join("acme/bp.toml"), ACME.replace("1.2.0", "1.3.0")).unwrap();
    let (_, text) = words(&bpc(&shop, &["check"]));
    assert!(text.contains("the package `acme` is 1.3.0, and was locked as 1.2.0"), "{text}");
    // Its types have other names now, and it is the same package.
    let before = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(folder.path().join("acme/bp.toml"), ACME.replace("1.2.0", "2.0.0")).unwrap();
    let (code, text) = words(&bpc(&shop, &["check"]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("the package `acme` is 2.0.0, and was locked as 1.2.0"), "{text}");
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), before);
}

#[test]
fn a_broken_lock_is_said_and_written_anew_on_demand() {
    let folder = shop_and_acme();
    let shop = folder.path().join("shop");
    let entry = "name = \"acme\"\nversion = \"1.2.0\"\ndigest = \"x\"\n";
    for (text, why) in [
        ("version = 1\n[[package]\n", "bp.lock:2:"),
        ("version = 2\n", "version = 1"),
        ("version = 1\npackage = 5\n", "no list"),
        ("version = 1\n[[package]]\nname = \"acme\"\n", "a `digest`"),
        (&format!("version = 1\n[[package]]\n{entry}[[package]]\n{entry}"), "twice"),
    ] {
        std::fs::write(shop.join("bp.lock"), text).unwrap();
        let (code, said) = words(&bpc(&shop, &["check", "shop.bp"]));
        assert_eq!(code, 1);
        assert!(said.contains("error[E6011]") && said.contains(why), "{said}");
        assert!(said.contains("\n1 error\n"), "{said}");
        assert_eq!(words(&bpc(&shop, &["lock"])).0, 0);
        assert_eq!(words(&bpc(&shop, &["check", "--locked"])).0, 0);
    }
    // A folder in its place can't be written.
    std::fs::remove_file(shop.join("bp.lock")).unwrap();
    std::fs::create_dir(shop.join("bp.lock")).unwrap();
    let (code, said) = words(&bpc(&shop, &["lock"]));
    assert_eq!(code, 1);
    assert!(said.contains("error[E6017]"), "{said}");
}

#[test]
fn without_files_the_package_around_is_checked() {
    let folder = shop_and_acme();
    write(
        folder.path(),
        &[
            ("shop/types.bp", "node type T { property a: Missing }\n"),
            (
                "shop/other.bp",
                "blueprint other { version = \"1.0.0\" }\nuse \"./types.bp\" { T }\nnode a: T\n",
            ),
            (
                "shop/sub/third.bp",
                "blueprint third { version = \"1.0.0\" }\nuse \"../types.bp\" { T }\nnode a: T\n",
            ),
        ],
    );
    let output = bpc(&folder.path().join("shop/sub"), &["check", "--message-format", "short"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "said once, whoever uses it:\n{text}");
    assert!(text.contains("types.bp:1:27: error[E3029]"), "{text}");
    let (code, text) = words(&bpc(folder.path(), &["check"]));
    assert_eq!(code, 1);
    assert!(text.contains("error[E6019]"), "{text}");
}

#[test]
fn an_editor_offers_the_modules_of_packages() {
    let folder = shop_and_acme();
    let root = folder.path().join("shop/shop.bp");
    for (text, wanted) in [
        ("blueprint shop { version = \"1.0.0\" }\nuse $0\n", "acme"),
        ("blueprint shop { version = \"1.0.0\" }\nuse acme.$0\n", "telco"),
        ("blueprint shop { version = \"1.0.0\" }\nuse acme.parts.$0\n", "sizes"),
    ] {
        let at = text.find("$0").unwrap();
        let text = text.replace("$0", "");
        let overlay = Overlay::from([(root.clone(), text.clone())]);
        let analysis = Analysis::load_with(&root, &overlay);
        let offset = u32::try_from(at).unwrap();
        let found = bp_compiler::ide::complete(&analysis, &text, offset).items;
        assert!(found.iter().any(|one| one.label == wanted), "{text}: {found:#?}");
    }
}

/// The messages, labels and helps, a line each.
fn said_of(analysis: &Analysis) -> Vec<String> {
    let all = analysis.diagnostics().iter().filter(|told| !told.code.starts_with('W'));
    all.map(|told| {
        format!("{}; {}; {}", told.message, told.label, told.help.clone().unwrap_or_default())
    })
    .collect()
}

#[test]
fn two_types_of_one_name_are_told_apart() {
    let types = "data type P { x: int }\nnode type N { property p: P }\n";
    let root = "blueprint a { version = \"1.0.0\" }\nuse \"./m1.bp\" as m1\nuse \"./m2.bp\" as other\ninput p: m1.P = { x = 1 }\n";
    let words_of = |line: &str| {
        let folder =
            folder(&[("a.bp", &format!("{root}{line}\n")), ("m1.bp", types), ("m2.bp", types)]);
        said_of(&Analysis::check(&folder.path().join("a.bp")))
    };
    for (line, wanted) in [
        (
            "output q: other.P = p",
            "expected `other.P`, found `m1.P`; this is `m1.P`; give `other.P` here, or change the declared type",
        ),
        (
            "output q: list<other.P?> = [p, ...[p]]",
            "expected `other.P?`, found `m1.P`; this is `m1.P`; give `other.P?` here, or change the declared type",
        ),
        (
            "node k: other.N { p = { x = 1 } }\noutput q: bool = k.p == p",
            "`other.P` and `m1.P` are never the same; can't be compared; compare values of one type; `string(x)`, `int(x)` and `float(x)` convert",
        ),
        (
            "node k: other.N { p = { x = 1 } }\noutput q = if p.x == 1 then p else k.p",
            "`other.P` does not go with the other branch, which is `m1.P`; this is `other.P`; give both the same type",
        ),
        (
            "output q: int = p",
            "expected `int`, found `P`; this is `P`; give `int` here, or change the declared type",
        ),
    ] {
        let told = words_of(line);
        assert!(told.contains(&wanted.to_owned()), "{line}: {told:#?}");
    }

    // Two versions of one package: what has no name in the file has its whole one.
    let of = |name: &str, version: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}")
    };
    let files = folder(&[
        (
            "app/bp.toml",
            &of(
                "app",
                "1.0.0",
                "\n[dependencies]\nlib = { path = \"../lib1\" }\nmid = { path = \"../mid\" }\n",
            ),
        ),
        (
            "app/a.bp",
            "blueprint a { version = \"1.0.0\" }\nuse lib\nuse mid\ninput p: lib.P = { x = 1 }\noutput q: int = mid.h(p)\n",
        ),
        ("lib1/bp.toml", &of("lib", "1.2.0", "")),
        ("lib1/lib.bp", types),
        ("lib2/bp.toml", &of("lib", "2.0.0", "")),
        ("lib2/lib.bp", types),
        ("mid/bp.toml", &of("mid", "1.0.0", "\n[dependencies]\nlib = { path = \"../lib2\" }\n")),
        ("mid/mid.bp", "use lib\nfn h(p: lib.P) -> int = p.x\n"),
    ]);
    let told = said_of(&Analysis::check(&files.path().join("app/a.bp")));
    let [told] = told.as_slice() else { panic!("{told:#?}") };
    assert!(told.starts_with("expected `lib@2.P`, found `lib.P`;"), "{told}");
}
