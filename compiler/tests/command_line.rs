//! `bpc` as people run it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests run the program"
)]

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
    assert_eq!(out(&checked), "./a.bp\n");
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
        assert!(err(&output).contains("there is no `.bp` file in this folder"), "{}", err(&output));
    }
}
