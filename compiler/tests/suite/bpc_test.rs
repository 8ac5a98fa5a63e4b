//! What `bpc test` says of the tests of blueprints: to a person, to programs, as `JUnit`.

use serde_json::Value as Json;

use crate::blueprint_tests::{BOXES, Folder, text};

/// Two files in a folder: one with a failure, one that is wrong itself.
fn mixed() -> Folder {
    let folder = Folder::with(&format!(
        "{BOXES}test \"passes <&> well\" {{ inputs = {{ env = \"dev\" }}, assert count(box) == 1 }}\n\
         test \"fails\" {{\n  inputs = {{ env = \"prod\" }}\n  assert count(box) == 1\n}}\n"
    ));
    folder.write("sub/broken.bp", "blueprint b { version = \"1.0.0\" }\nnode a: Rot\n");
    folder.write("sub/module.bp", "node type T\n");
    folder
}

#[test]
fn bpc_test_tells_a_person() {
    let folder = mixed();
    let output = folder.bpc(&["test"]);
    assert_eq!(output.status.code(), Some(1));
    let out = format!("{}{}", text(&output.stdout), text(&output.stderr));
    for part in [
        "root.bp\n",
        "  ok      passes <&> well  (",
        "  FAILED  fails  (",
        "test \"fails\" (root.bp:26)",
        "error[E7079]: `count(box) == 1` does not hold",
        "is 3: `box[\"1\"]`",
        "sub/broken.bp\n  FAILED  no sound blueprint",
        "error[E2013]",
        "1 passed, 1 failed, 1 file is no sound blueprint in ",
    ] {
        assert!(out.contains(part), "{part}\n{out}");
    }
    assert!(!out.contains("module.bp"), "{out}");

    let output = folder.bpc(&["test", "root.bp", "--filter", "well"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("1 passed in "));
    // Whoever names tests that there are not is told, in each form.
    for form in ["human", "json", "junit", "short"] {
        let arguments = ["test", "root.bp", "--filter", "nothing", "--message-format", form];
        let output = folder.bpc(&arguments);
        assert_eq!(output.status.code(), Some(1), "{form}");
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(told.contains("E6023") && told.contains("no test has"), "{told}");
    }
    let output = folder.bpc(&["test", "gone.bp"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn names_do_not_command_the_terminal_and_colours_are_those_of_stdout() {
    let folder = Folder::with(
        "blueprint b { version = \"1.0.0\" }\ntest \"red\\u{1b}[31m\" { assert 1 == 1 }\n",
    );
    let output = folder.bpc(&["test"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let out = text(&output.stdout);
    assert!(out.contains("red\\u{1b}[31m") && !out.contains('\u{1b}'), "{out}");
    let coloured = folder.bpc(&["test", "--color", "always"]);
    assert!(text(&coloured.stdout).contains("\u{1b}[32mok"), "{}", text(&coloured.stdout));
}

#[test]
fn bpc_test_tells_programs() {
    let folder = mixed();
    let output = folder.bpc(&["test", "--message-format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Json> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let results: Vec<&str> = lines.iter().filter_map(|line| line["result"].as_str()).collect();
    assert_eq!(results, ["passed", "failed", "refused"]);
    assert_eq!(lines[1]["line"], 26);
    assert_eq!(lines[1]["diagnostics"][0]["code"], "E7079");
    assert_eq!(lines[3]["summary"]["failed"], 1);

    let output = folder.bpc(&["test", "--message-format", "short", "root.bp"]);
    let out = text(&output.stdout);
    assert!(out.starts_with("root.bp:28:10: error[E7079]: "), "{out}");
}

#[test]
fn bpc_test_writes_junit_that_reads_back() {
    let folder = mixed();
    let output = folder.bpc(&["test", "--message-format", "junit"]);
    assert_eq!(output.status.code(), Some(1));
    let report = quick_junit::Report::deserialize_from_str(&text(&output.stdout)).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (3, 1, 1));
    let [boxes, broken] = report.test_suites.as_slice() else { panic!("{report:?}") };
    assert!(boxes.name.as_str().ends_with("root.bp") && boxes.time.is_some());
    let [passed, failed] = boxes.test_cases.as_slice() else { panic!("{boxes:?}") };
    assert_eq!(passed.name.as_str(), "passes <&> well");
    // What stands before a dot would be taken for a package.
    let class = |case: &quick_junit::TestCase| case.classname.clone().unwrap();
    assert!(!class(passed).as_str().contains(['.', '/']), "{passed:?}");
    assert!(!class(&broken.test_cases[0]).as_str().contains(['.', '/']), "{broken:?}");
    assert!(matches!(passed.status, quick_junit::TestCaseStatus::Success { .. }));
    let quick_junit::TestCaseStatus::NonSuccess { message, ty, description, .. } = &failed.status
    else {
        panic!("{failed:?}")
    };
    assert_eq!(ty.as_ref().unwrap().as_str(), "E7079");
    assert_eq!(message.as_ref().unwrap().as_str(), "`count(box) == 1` does not hold");
    assert!(description.as_ref().unwrap().as_str().contains("is 3: "));
    assert_eq!(failed.extra["line"].as_str(), "26");
    assert!(failed.time.is_some());
    assert_eq!(broken.errors, 1);

    // No other command has tests to tell of.
    assert_eq!(
        folder.bpc(&["check", "root.bp", "--message-format", "junit"]).status.code(),
        Some(2)
    );
}

#[test]
fn an_inventory_of_the_command_line_is_for_tests_that_name_none() {
    let folder = Folder::with(&format!(
        "{BOXES}test \"t\" {{ inputs = {{ env = \"dev\" }}, assert count(shops) == 1 }}\n"
    ));
    let _ =
        folder.write("all.json", r#"{"clusters": [{"name": "a", "labels": {"tier": "shop"}}]}"#);
    assert_eq!(folder.bpc(&["test"]).status.code(), Some(1));
    let output = folder.bpc(&["test", "--inventory", "all.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    for (content, code) in
        [("{\"clusters\": 1}", "E7074"), ("{\"clusters\": [{\"name\": \"a\", \"x\": 1}]}", "E7075")]
    {
        let _ = folder.write("all.json", content);
        let output = folder.bpc(&["test", "--inventory", "all.json"]);
        assert_eq!(output.status.code(), Some(1));
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(told.contains(code) && told.contains("all.json"), "{told}");
    }
    let output = folder.bpc(&["test", "--inventory", "gone.json"]);
    assert!(text(&output.stderr).contains("gone.json"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
}
