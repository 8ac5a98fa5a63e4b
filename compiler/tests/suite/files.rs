//! Files that a program names: taken in as they are, travelling with the plan, refused with a reason.

use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;
use bp_plan::{Digest, from_bytes, to_bytes};

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\nnode type Stack {\n  property template: file | string\n  provider = \"noop\"\n}\n";

/// A package of these files; the first is the root.
fn package(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn plan_bytes(root: &Path) -> Vec<u8> {
    let analysis = Analysis::load(root);
    let plan = analysis.plan().unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics()));
    to_bytes(plan, analysis.artifacts()).unwrap()
}

#[test]
fn a_file_travels_with_the_plan() {
    let root = format!(
        "{HEAD}use \"./db/kinds.bp\" as kinds\nconst folder = \"cloud\"\nnode a: Stack {{ template = file(\"${{folder}}/a.yaml\") }}\nnode b: Stack {{ template = \"inline\" }}\nnode c: kinds.Kept\noutput note: string = read(\"cloud/note.txt\")\n"
    );
    let kinds = "node type Kept {\n  property script: file = file(\"./run.sh\")\n  property also: json = { list = [file(\"../cloud/a.yaml\")] }\n}\n";
    let files: &[(&str, &[u8])] = &[
        ("root.bp", root.as_bytes()),
        ("db/kinds.bp", kinds.as_bytes()),
        ("cloud/a.yaml", b"Resources: {}\n"),
        ("cloud/note.txt", "gr\u{fc}n\n".as_bytes()),
        ("db/run.sh", &[0xff, 0x00]),
        ("stray.txt", b"nobody names this"),
    ];
    let folder = package(files);
    let bytes = plan_bytes(&folder.path().join("root.bp"));
    let loaded = from_bytes(&bytes).unwrap();
    let template = serde_json::to_value(&loaded.plan.nodes["a"].properties["template"].value);
    let digest = Digest::of(b"Resources: {}\n");
    assert_eq!(
        template.unwrap(),
        serde_json::json!({ "value": { "$file": { "path": "cloud/a.yaml", "digest": digest } } })
    );
    assert_eq!(loaded.artifacts.len(), 2, "what is read is a text, what is named by nobody stays");
    assert_eq!(loaded.artifacts[&digest], b"Resources: {}\n");
    assert_eq!(loaded.artifacts[&Digest::of(&[0xff, 0x00])], [0xff, 0x00]);
    assert_eq!(loaded.plan.outputs["note"].value, bp_plan::Expr::string("gr\u{fc}n\n"));

    // The same sources elsewhere give the same bytes; another content gives another identity.
    let elsewhere = package(files);
    assert_eq!(plan_bytes(&elsewhere.path().join("root.bp")), bytes);
    std::fs::write(elsewhere.path().join("cloud/note.txt"), "rot\n").unwrap();
    let other = from_bytes(&plan_bytes(&elsewhere.path().join("root.bp"))).unwrap();
    assert_ne!(other.identity, loaded.identity);
    assert_ne!(other.plan.blueprint.sources, loaded.plan.blueprint.sources);
}

#[test]
fn an_editor_s_text_takes_the_place_of_the_file() {
    let root = format!("{HEAD}output note: string = read(\"note.txt\")\n");
    let folder = package(&[("root.bp", root.as_bytes()), ("note.txt", b"saved")]);
    let overlay = Overlay::from([(folder.path().join("note.txt"), "typed".to_owned())]);
    let analysis = Analysis::load_with(&folder.path().join("root.bp"), &overlay);
    let plan = analysis.plan().unwrap();
    assert_eq!(plan.outputs["note"].value, bp_plan::Expr::string("typed"));
}

/// What is said of a program that names a file: `CODE LINE:COLUMN` and a part of the message.
fn refused(root: &Path, line: &str) -> (String, String) {
    std::fs::write(root, format!("{HEAD}{line}\n")).unwrap();
    let analysis = Analysis::load(root);
    assert!(analysis.plan().is_none());
    let [error] = analysis.diagnostics() else {
        panic!("{line}: {:#?}", analysis.diagnostics());
    };
    assert!(error.help.is_some());
    let at = analysis.sources().file(error.place.file).unwrap().position(error.place.span.start);
    (format!("{} {}:{}", error.code, at.line, at.column), error.message.clone())
}

#[test]
fn what_can_t_be_taken_in_is_refused_at_the_argument() {
    let outside = tempfile::tempdir().unwrap();
    let folder = package(&[("plain.txt", b"x"), ("sub/plain.txt", b"x"), ("bytes", &[0xff])]);
    let root = folder.path().join("root.bp");
    let large = std::fs::File::create(folder.path().join("large")).unwrap();
    large.set_len((16 << 20) + 1).unwrap();
    let gone = folder.path().join("gone.txt").display().to_string();
    for (path, words) in [
        ("gone.txt", gone.as_str()),
        ("plain.txt/x", "there is no file"),
        ("sub", "is a folder"),
        ("", "is a folder"),
        ("../plain.txt", "outside of the package"),
        ("sub/../../x", "outside of the package"),
        ("/etc/passwd", "outside of the package"),
        ("large", "more than 16 MiB"),
    ] {
        let (place, message) = refused(&root, &format!("const f = file(\"{path}\")"));
        assert_eq!(place, "E3039 6:16", "{path}");
        assert!(message.contains(words), "{path}: {message}");
    }
    let (_, message) = refused(&root, "const f = read(\"bytes\")");
    assert!(message.contains("no text"), "{message}");
    for (line, wanted) in [
        ("input p: string\nconst f = file(p)", "E3039 7:16"),
        ("const f = file(1)", "E3002 6:16"),
        ("const f = file()", "E3009 6:11"),
        ("const f: string = file(\"plain.txt\")", "E3002 6:19"),
    ] {
        let (place, message) = refused(&root, line);
        assert_eq!(place, wanted, "{line}: {message}");
    }
    #[cfg(unix)]
    {
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("link"))
            .unwrap();
        std::os::unix::fs::symlink("plain.txt", folder.path().join("inside")).unwrap();
        let (_, message) = refused(&root, "const f = file(\"link\")");
        assert!(message.contains("leads out of the package"), "{message}");
        std::fs::write(&root, format!("{HEAD}const f = file(\"inside\")\n")).unwrap();
        assert!(!Analysis::load(&root).has_errors());
    }
}
