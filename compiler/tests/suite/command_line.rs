//! `bpc` as people run it.

use std::path::Path;
use std::process::{Command, Output};

fn bpc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpc"))
        .args(arguments)
        .current_dir(folder)
        .env("LANG", "C.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn fmt_checks_and_then_formats() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bp");
    std::fs::write(&file, "const  a=1\n").unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("inner/b.bp"), "const b = 1\n").unwrap();

    let checked = bpc(folder.path(), &["fmt", "--check", "."]);
    assert_eq!(code(&checked), 1);
    assert_eq!(out(&checked), "a.bp\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "const  a=1\n");

    let formatted = bpc(folder.path(), &["fmt", "."]);
    assert_eq!((code(&formatted), err(&formatted)), (0, String::new()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "const a = 1\n");
    assert_eq!(code(&bpc(folder.path(), &["fmt", "--check", "."])), 0);
}

#[test]
fn fmt_leaves_a_broken_file_as_it_is_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.bp");
    std::fs::write(&file, "const  a = (1\nconst  b=2\n").unwrap();
    let output = bpc(folder.path(), &["fmt", "a.bp"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("a.bp: left as it is"), "{}", err(&output));
    assert!(err(&output).contains("error[E1002]: this `(` is never closed"), "{}", err(&output));
    assert!(err(&output).ends_with("1 error\nfor more: bpc explain E1002\n"), "{}", err(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "const  a = (1\nconst  b=2\n");
}

#[test]
fn a_missing_file_and_one_that_is_no_text_are_said_as_json() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bytes.bp"), b"const a = \xff\xfe").unwrap();
    for (file, expected) in [("absent.bp", "E1027"), ("bytes.bp", "E1017")] {
        let output = bpc(folder.path(), &["fmt", file, "--message-format", "json"]);
        assert_eq!((code(&output), err(&output)), (1, String::new()));
        let text = out(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["code"], expected);
        assert_eq!(line["file"], file);
        assert_eq!(line["severity"], "error");
    }
}

#[test]
fn short_messages_are_a_line_each_on_stdout() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bp"), "const a = missing\nconst b = absent\n").unwrap();
    let output = bpc(folder.path(), &["check", "a.bp", "--message-format", "short"]);
    assert_eq!((code(&output), err(&output).as_str()), (1, "2 errors\n"));
    let text = out(&output);
    let starts: Vec<&str> = text.lines().map(|line| line.split('[').next().unwrap()).collect();
    assert_eq!(starts, ["a.bp:1:11: error", "a.bp:2:11: error"], "{text}");
}

#[test]
fn wrong_usage_is_two() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["fmt"][..], &["frmt"], &[], &["fmt", "a.bp", "--color", "pink"]] {
        assert_eq!(code(&bpc(folder.path(), arguments)), 2, "{arguments:?}");
    }
    assert_eq!(code(&bpc(folder.path(), &["--help"])), 0);
    assert_eq!(code(&bpc(folder.path(), &["--version"])), 0);
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bp"), "const a = (\n").unwrap();
    assert!(!err(&bpc(folder.path(), &["fmt", "a.bp"])).contains('\u{1b}'));
    let coloured = bpc(folder.path(), &["fmt", "a.bp", "--color", "always"]);
    assert!(err(&coloured).contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_rights_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("real.bp");
    std::fs::write(&file, "const  a=1\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.bp", folder.path().join("link.bp")).unwrap();
    assert_eq!(code(&bpc(folder.path(), &["fmt", "link.bp"])), 0);
    assert!(std::fs::symlink_metadata(folder.path().join("link.bp")).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "const a = 1\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_code_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = bpc(folder.path(), &["explain", "e2001"]);
    assert_eq!((code(&output), err(&output)), (0, String::new()));
    // What goes into a file stays Markdown.
    assert!(out(&output).starts_with("# E2001: there is no such module\n"), "{}", out(&output));
    let drawn = out(&bpc(folder.path(), &["explain", "E2001", "E1002", "--color", "always"]));
    assert!(!drawn.contains("```") && !drawn.contains("# E"), "{drawn}");
    assert!(drawn.contains("Wrong:") && drawn.contains("Right:"), "{drawn}");
    assert!(drawn.contains("E2001") && drawn.contains("[E1002]"), "{drawn}");
    let all = out(&bpc(folder.path(), &["explain"]));
    assert!(all.starts_with("Syntax\n  E1001  "), "{all}");
    assert!(all.contains("\nTopology\n  E4001  "), "{all}");
}

#[test]
fn a_code_that_there_is_not_is_answered_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    for (wrong, near) in [("W2001", "E2001"), ("2001", "E2001"), ("E20001", "E2001")] {
        let output = bpc(folder.path(), &["explain", wrong, "E1002"]);
        assert_eq!(code(&output), 1);
        let words = format!("there is no code `{wrong}`; did you mean `{near}`?\n");
        assert_eq!(err(&output), words);
        assert!(out(&output).starts_with("# E1002"), "the others are shown all the same");
    }
    let output = bpc(folder.path(), &["explain", "nothing"]);
    assert!(err(&output).contains("`bpc explain` lists"), "{}", err(&output));
}

#[test]
fn github_sees_marks_at_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a,b.bp"), "const a = missing\nconst b = 10 % 3\n").unwrap();
    let output = bpc(folder.path(), &["check", "a,b.bp", "--message-format", "github"]);
    assert_eq!(code(&output), 1);
    let text = out(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines.iter().any(|line| line.starts_with(
            "::error file=a%2Cb.bp,line=1,col=11,endLine=1,endColumn=17,title=E3001::there is no `missing` here%0Ahelp: "
        )),
        "{text}"
    );
    assert!(text.contains("`10%25` without blanks is a percentage"), "{text}");
}

/// Whoever opens a pipe waits for somebody to write into it.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("x.bp")).status().unwrap();
    assert!(made.success());
    for arguments in [["check", "."], ["check", "x.bp"], ["fmt", "x.bp"], ["inspect", "x.bp"]] {
        let output = bpc(folder.path(), &arguments);
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(err(&output).contains("no file but a pipe"), "{}", err(&output));
    }
    // What a shell gives open is read.
    let script = "echo 'const a=1' | \"$0\" check /dev/stdin";
    let piped =
        Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_bpc")]).output().unwrap();
    assert_eq!((code(&piped), err(&piped)), (0, String::new()));
    std::fs::write(folder.path().join("uses.bp"), "use \"./x.bp\" as x\n").unwrap();
    assert_eq!(code(&bpc(folder.path(), &["check", "uses.bp"])), 1);
}

#[test]
fn a_folder_without_blueprints_is_not_fine() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("blueprnts")).unwrap();
    for command in ["check", "fmt"] {
        let output = bpc(folder.path(), &[command, "blueprnts"]);
        assert_eq!(code(&output), 1, "{command}");
        assert!(err(&output).contains("there is no `.bp` file in `blueprnts`"), "{}", err(&output));
    }
}

const HELLO: &str = "blueprint x {\n  version = \"1.0.0\"\n}\nnode a: Root\n";

/// Runs it with this on stdin and, where one is named, stdout into a file.
fn fed(folder: &Path, arguments: &[&str], stdin: &str, stdout: Option<&str>) -> Output {
    use std::io::Write as _;
    use std::process::Stdio;
    let to = stdout.map(|path| std::fs::File::options().write(true).open(path).unwrap());
    let mut program = Command::new(env!("CARGO_BIN_EXE_bpc"))
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(to.map_or_else(Stdio::piped, Stdio::from))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    program.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn an_output_that_is_a_link_or_no_file_stays_what_it_is() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("x.bp"), HELLO).unwrap();
    std::fs::write(at.join("real.json"), "old").unwrap();
    std::os::unix::fs::symlink("real.json", at.join("link.json")).unwrap();
    std::os::unix::fs::symlink("made.json", at.join("ahead.json")).unwrap();
    for link in ["link.json", "ahead.json"] {
        let made = bpc(at, &["compile", "x.bp", "--format", "json", "-o", link]);
        assert_eq!(code(&made), 0, "{}", err(&made));
        assert!(at.join(link).symlink_metadata().unwrap().is_symlink());
    }
    for file in ["real.json", "made.json"] {
        assert!(std::fs::read_to_string(at.join(file)).unwrap().starts_with('{'), "{file}");
    }
    // A pipe is written into; it is still one afterwards.
    nix::unistd::mkfifo(&at.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for arguments in [
        &["compile", "x.bp", "-o", "pipe"][..],
        &["compile", "x.bp", "--format", "json", "-o", "pipe"],
        &["graph", "x.bp", "-o", "pipe"],
    ] {
        let path = at.join("pipe");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        });
        let made = bpc(at, arguments);
        assert_eq!(code(&made), 0, "{}", err(&made));
        assert!(reader.join().unwrap().len() > 100);
        assert!(!at.join("pipe").symlink_metadata().unwrap().is_file());
    }
    let said = bpc(at, &["compile", "x.bp", "--format", "json", "-o", "/dev/stdout"]);
    assert!(out(&said).starts_with('{'), "{}", err(&said));
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_on_the_disk_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.bp"), HELLO).unwrap();
    for arguments in [
        &["compile", "x.bp", "--format", "json"][..],
        &["compile", "x.bp", "-o", "-"],
        &["graph", "x.bp"],
        &["test", "--message-format", "junit"],
        &["inspect", "x.bp", "--format", "json"],
        &["doc", "x.bp"],
        &["fmt", "-"],
        &["explain", "E2001"],
        &["completions", "bash"],
        &["check", "no.bp", "--message-format", "json"],
    ] {
        let output = fed(folder.path(), arguments, HELLO, Some("/dev/full"));
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(
            err(&output).contains("<stdout>: error[E1028]: "),
            "{arguments:?}: {}",
            err(&output)
        );
    }
    assert_eq!(code(&fed(folder.path(), &["--help"], "", Some("/dev/full"))), 1);
    assert_eq!(code(&fed(folder.path(), &["fmt", "-"], HELLO, Some("/dev/null"))), 0);
}

#[test]
fn no_output_replaces_what_it_is_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("parts")).unwrap();
    let text = format!("{HELLO}use \"./parts/y.bp\" as y\nconst b = y.a\n");
    std::fs::write(at.join("x.bp"), &text).unwrap();
    std::fs::write(at.join("parts/y.bp"), "const a = 1\n").unwrap();
    for (arguments, error) in [
        (&["compile", "x.bp", "-o", "x.bp"][..], "E7004"),
        (&["compile", "x.bp", "-o", "./parts/../parts/y.bp"], "E7004"),
        (&["compile", "x.bp", "--format", "json", "-o", "x.bp"], "E7004"),
        (&["graph", "x.bp", "-o", "x.bp", "--format", "dot"], "E6021"),
    ] {
        let refused = bpc(at, arguments);
        assert_eq!(code(&refused), 1, "{arguments:?}");
        assert!(err(&refused).contains(error), "{}", err(&refused));
        assert!(err(&refused).contains("it would replace `"), "{}", err(&refused));
    }
    assert_eq!(std::fs::read_to_string(at.join("x.bp")).unwrap(), text);
    assert_eq!(std::fs::read_to_string(at.join("parts/y.bp")).unwrap(), "const a = 1\n");
    // A plan is no picture of itself, either.
    assert_eq!(code(&bpc(at, &["compile", "x.bp"])), 0);
    let refused = bpc(at, &["graph", "x.plan", "--format", "dot", "-o", "x.plan"]);
    assert!(err(&refused).contains("it would replace `x.plan`"), "{}", err(&refused));
}

#[test]
fn a_file_s_name_moves_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("red\u{1b}[31m.bp"), "const a = b\n").unwrap();
    for form in ["human", "github", "short", "json"] {
        let said = bpc(at, &["check", "red\u{1b}[31m.bp", "--message-format", form]);
        assert_eq!(code(&said), 1);
        let all = format!("{}{}", out(&said), err(&said));
        assert!(all.contains("E2013") || all.contains("E3001"), "{form}: {all}");
        assert!(!all.contains('\u{1b}'), "{form}: {all}");
    }
}

#[test]
fn stdin_is_a_file_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("y.bp"), "const a = 1\n").unwrap();
    let text = format!("{HELLO}use \"./y.bp\" as y\noutput b: int = y.a\n");
    assert_eq!(code(&fed(at, &["check", "-"], &text, None)), 0);
    let tested =
        fed(at, &["test", "-"], &format!("{text}\ntest \"t\" {{ assert 1 == 2 }}\n"), None);
    assert_eq!(code(&tested), 1);
    assert!(out(&tested).contains("FAILED  t"), "{}", out(&tested));
    assert_eq!(code(&fed(at, &["test", "-", "--watch"], &text, None)), 2);
    let wrong = fed(at, &["check", "-", "--message-format", "short"], "const a = b\n", None);
    assert_eq!((code(&wrong), out(&wrong).split(' ').next()), (1, Some("<stdin>:1:11:")));
    let plan = fed(at, &["compile", "-"], &text, None);
    assert_eq!(code(&plan), 0, "{}", err(&plan));
    assert!(plan.stdout.starts_with(b"blueprint-plan"));
    let json = fed(at, &["compile", "-", "--format", "json", "-o", "-"], &text, None);
    assert!(out(&json).starts_with('{'), "{}", err(&json));
    assert!(!at.join("-").exists());
    std::fs::write(at.join("x.plan"), &plan.stdout).unwrap();
    assert_eq!(out(&fed(at, &["graph", "-"], &text, None)), out(&bpc(at, &["graph", "x.plan"])));
    assert!(out(&fed(at, &["doc", "-"], "/// One.\nconst a = 1\n", None)).contains("One."));
    assert_eq!(code(&fed(at, &["check", "-", "--watch"], &text, None)), 2);
    // Layout is told of, too.
    let laid = fed(at, &["fmt", "--check", "-"], "const  a=1\n", None);
    assert_eq!((code(&laid), out(&laid).as_str()), (1, "<stdin>\n"));
    assert!(err(&laid).contains("another layout"), "{}", err(&laid));
}

#[test]
fn a_file_is_told_of_once_under_its_plain_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bp"), "const a = missing\n").unwrap();
    for form in ["short", "github", "json"] {
        let arguments = ["check", "a.bp", "./a.bp", ".", "--message-format", form];
        let text = out(&bpc(folder.path(), &arguments));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("a.bp") && !text.contains("./a.bp"), "{text}");
    }
    let compiled = bpc(folder.path(), &["compile", "./a.bp", "--message-format", "github"]);
    assert!(out(&compiled).starts_with("::error file=a.bp,"), "{}", out(&compiled));
}

#[test]
fn layout_is_told_to_programs_in_their_form() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bp"), "const a = 1\nconst  b=1\n").unwrap();
    let run = |form| bpc(folder.path(), &["fmt", "--check", "a.bp", "--message-format", form]);
    let json: serde_json::Value = serde_json::from_str(&out(&run("json"))).unwrap();
    assert_eq!((&json["code"], &json["file"]), (&"E1030".into(), &"a.bp".into()));
    assert_eq!(json["range"]["start"], serde_json::json!({ "line": 2, "column": 1 }));
    assert!(out(&run("github")).starts_with("::error file=a.bp,line=2,"));
    assert!(out(&run("short")).starts_with("a.bp:2:1: error[E1030]: "));
    assert_eq!(out(&run("human")), "a.bp\n");
    assert_eq!(code(&run("json")), 1);
}

#[cfg(unix)]
#[test]
fn fmt_leaves_what_is_read_only_and_keeps_all_names() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("kept.bp"), "const  a=1\n").unwrap();
    std::fs::set_permissions(at("kept.bp"), std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::write(at("one.bp"), "const  a=1\n").unwrap();
    std::fs::hard_link(at("one.bp"), at("two.bp")).unwrap();
    let output = bpc(folder.path(), &["fmt", "kept.bp", "one.bp"]);
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("error[E1028]") && err(&output).contains("read-only"));
    assert_eq!(std::fs::read_to_string(at("kept.bp")).unwrap(), "const  a=1\n");
    assert_eq!(std::fs::read_to_string(at("two.bp")).unwrap(), "const a = 1\n");
    assert_eq!(at("one.bp").metadata().unwrap().ino(), at("two.bp").metadata().unwrap().ino());
}

#[test]
fn nothing_to_do_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for command in [
        &["check", "empty"][..],
        &["fmt", "empty"],
        &["fmt", "--check", "empty"],
        &["test", "empty"],
    ] {
        let output = bpc(folder.path(), command);
        assert_eq!(code(&output), 1, "{command:?}");
        assert!(
            err(&output).contains("error[E6023]: there is no `.bp` file in `empty`"),
            "{command:?}: {}",
            err(&output)
        );
    }
    // A path that was named is not called missing.
    let locked = bpc(folder.path(), &["lock", "nope"]);
    assert!(err(&locked).contains("nope: error[E6019]: there is no such file"), "{}", err(&locked));
}

#[test]
fn one_mistake_is_told_in_the_same_words_by_each_command() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["check", "fmt", "doc", "test", "compile"] {
        let output = bpc(folder.path(), &[command, "gone.bp"]);
        assert_eq!(code(&output), 1);
        let words = "gone.bp: error[E1027]: the file can't be read: there is no such file";
        assert!(err(&output).contains(words), "{command}: {}", err(&output));
    }
    // A file that uses itself is told of as that, and not as unused.
    std::fs::write(folder.path().join("a.bp"), "use \"./a.bp\" as me\nconst a = 1\n").unwrap();
    let output = bpc(folder.path(), &["check", "a.bp", "--message-format", "short"]);
    assert_eq!(out(&output).lines().count(), 1, "{}", out(&output));
    assert!(out(&output).contains("E2004"));
    std::fs::write(folder.path().join("empty.bp"), "").unwrap();
    let empty = bpc(folder.path(), &["doc", "empty.bp"]);
    assert_eq!((code(&empty), out(&empty).as_str()), (0, "# `empty`\n"), "{}", err(&empty));
}

#[test]
fn usage_is_coloured_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let run = |color: &str| err(&bpc(folder.path(), &["--color", color, "frmt"]));
    assert!(run("always").contains('\u{1b}') && !run("never").contains('\u{1b}'));
}

#[test]
fn thousands_of_mistakes_are_counted_not_drawn() {
    use std::fmt::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for at in 0..5000 {
        let _ = writeln!(text, "const c{at} = qq{at}zz");
    }
    std::fs::write(folder.path().join("a.bp"), text).unwrap();
    let output = bpc(folder.path(), &["check", "a.bp"]);
    assert_eq!(err(&output).matches("error[E3001]").count(), 100);
    assert!(
        err(&output).contains("4900 errors more are not shown; `--message-format short`"),
        "{}",
        err(&output).len()
    );
    assert!(err(&output).contains("\n5000 errors\n"));
    let short = out(&bpc(folder.path(), &["check", "a.bp", "--message-format", "short"]));
    assert_eq!(short.lines().count(), 5000);
}
