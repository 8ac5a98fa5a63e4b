//! Bad input: each kind ends in its own sentence and a non-zero exit code, never in a panic.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bp_tests::{Clusters, Ended, Environment, Running};

use rand::{RngExt as _, rngs::StdRng};

use crate::unique;

/// What a mistake must end in: this exit code, and words that hold all of these.
fn refused(ended: &Ended, code: i32, words: &[&str]) {
    let all = ended.words();
    assert_eq!(ended.code, Some(code), "{}:\n{all}", ended.command);
    assert!(!all.contains("panicked"), "{}:\n{all}", ended.command);
    for word in words {
        let found = all.to_lowercase().contains(&word.to_lowercase());
        assert!(found, "no `{word}` in what {} says:\n{all}", ended.command);
    }
}

fn check(environment: &Environment, name: &str, source: impl AsRef<[u8]>) -> Ended {
    let path = environment.write(name, source);
    environment.bpc(["check".as_ref(), path.as_os_str()])
}

const HEAD: &str = "blueprint sample {\n  version = \"1.0.0\"\n}\n\nuse std.kubernetes as k8s\n\nselect all: k8s.Cluster[1..]\n\n";

#[test]
fn a_missing_file() {
    let environment = Environment::new();
    refused(&environment.bpc(["check", "missing.bp"]), 1, &["missing.bp"]);
    refused(&environment.bpr(["deploy", "missing.plan", "--name", "x"]), 1, &["missing.plan"]);
}

#[test]
fn a_file_that_is_not_utf_8() {
    let environment = Environment::new();
    refused(&check(&environment, "latin.bp", b"blueprint caf\xe9 {}"), 1, &["latin.bp", "UTF-8"]);
}

#[test]
fn an_empty_file() {
    let environment = Environment::new();
    refused(&check(&environment, "empty.bp", ""), 1, &["empty"]);
    let plan = environment.write("empty.plan", "");
    let ended = environment.deploy(&plan, "empty", &[]).wait(Duration::from_mins(1));
    refused(&ended, 1, &["empty.plan"]);
}

#[test]
fn ten_megabytes_of_garbage() {
    let environment = Environment::new();
    let mut bytes = vec![0_u8; 10 << 20];
    rand::make_rng::<StdRng>().fill(&mut bytes[..]);
    let text: String = bytes.iter().map(|byte| char::from(b' ' + byte % 95)).collect();
    refused(&check(&environment, "noise.bp", text), 1, &["noise.bp"]);
    let braces = "{".repeat(10 << 20);
    refused(&check(&environment, "braces.bp", braces), 1, &["braces.bp"]);
    let plan = environment.write("noise.plan", &bytes);
    let ended = environment.deploy(&plan, "noise", &[]).wait(Duration::from_mins(1));
    refused(&ended, 1, &["noise.plan"]);
}

#[test]
fn an_unknown_type() {
    let environment = Environment::new();
    let source = format!("{HEAD}node a: k8s.Depolyment for c in all {{ host -> c }}\n");
    refused(&check(&environment, "type.bp", source), 1, &["Depolyment", "Deployment", "type.bp"]);
}

#[test]
fn a_missing_property() {
    let environment = Environment::new();
    let source = format!(
        "{HEAD}node a: k8s.Deployment for c in all {{\n  name = \"web\"\n  host -> c\n}}\n"
    );
    refused(&check(&environment, "property.bp", source), 1, &["image", "property.bp"]);
}

#[test]
fn a_wrong_type() {
    let environment = Environment::new();
    let source = format!(
        "{HEAD}node a: k8s.Deployment for c in all {{\n  name = \"web\"\n  image = \"nginx\"\n  replicas = \"two\"\n  host -> c\n}}\n"
    );
    refused(&check(&environment, "wrong.bp", source), 1, &["replicas", "int", "wrong.bp"]);
}

#[test]
fn a_cyclic_reference() {
    let environment = Environment::new();
    let node = |name: &str, other: &str| {
        format!(
            "node {name}: k8s.ConfigMap for c in all {{\n  name = \"{name}\"\n  data = {{ other = {other}[c].uid }}\n  host -> c\n}}\n"
        )
    };
    let source = format!("{HEAD}{}{}", node("first", "second"), node("second", "first"));
    refused(&check(&environment, "cycle.bp", source), 1, &["first", "second", "cycle.bp"]);
}

#[test]
fn two_nodes_that_would_keep_the_same_object() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(1);
    let node = |node: &str, name: &str| {
        format!("node {node}: k8s.ConfigMap for c in all {{\n  name = {name}\n  host -> c\n}}\n")
    };
    let source = format!(
        "{HEAD}input name: string = \"web\"\n{}{}",
        node("first", "name"),
        node("second", "\"web\"")
    );
    let plan = environment.compile_text("twins", &source);
    let deploy = |name: &str| environment.deploy_with(&plan, "twins", &clusters, &[name]);
    let cluster = &clusters[0].name;
    let words = [
        "same ConfigMap",
        &format!("first[\"{cluster}\"]"),
        &format!("second[\"{cluster}\"]"),
        "twins.bp",
        "another `name`",
    ];
    refused(&deploy("name=web").wait(Duration::from_mins(1)), 1, &words);
    // With names of their own both are there.
    let _ = deploy("name=other").wait(Duration::from_mins(1)).expect(0);
}

/// Refuses a plan made from the real one's bytes.
fn refused_plan(name: &str, words: &[&str], change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let environment = Environment::new();
    let good = environment.hello("plan");
    let bad = environment.write(name, change(std::fs::read(good).unwrap()));
    let ended = environment.deploy(&bad, "plan", &[]).wait(Duration::from_mins(1));
    refused(&ended, 1, words);
}

#[test]
fn a_plan_that_is_cut_off() {
    refused_plan("cut.plan", &["cut.plan"], |mut bytes| {
        bytes.truncate(bytes.len() / 2);
        bytes
    });
}

#[test]
fn a_plan_that_was_edited_by_hand() {
    refused_plan("edited.plan", &["edited.plan"], |bytes| {
        replace(&bytes, b"nginx:1.27", b"nginx:1.28")
    });
}

#[test]
fn a_plan_of_a_newer_format() {
    refused_plan("newer.plan", &["newer.plan", "format is 9"], |bytes| {
        replace(&bytes, b"{\"format\":1,", b"{\"format\":9,")
    });
}

#[test]
fn a_plan_without_its_container() {
    let environment = Environment::new();
    let source = environment.hello("alone").with_extension("bp");
    let arguments = ["compile".as_ref(), source.as_os_str(), "--format".as_ref(), "json".as_ref()];
    let json = environment.bpc(arguments).expect(0).stdout;
    let alone = environment.write("plan.json", json);
    let ended = environment.deploy(&alone, "alone", &[]).wait(Duration::from_mins(1));
    refused(&ended, 1, &["plan.json"]);
}

#[test]
fn an_unreachable_cluster() {
    let mut environment = Environment::new();
    let cluster = &environment.embedded(1)[0];
    let (behind, gate) = cluster.behind_gate(environment.folder());
    gate.shut();
    let plan = environment.hello("unreachable");
    let ended = environment
        .deploy(&plan, "unreachable", std::slice::from_ref(&behind))
        .wait(Duration::from_mins(3));
    refused(&ended, 1, &[&behind.name]);
}

#[test]
fn an_expired_credential() {
    let environment = Environment::new();
    let [cluster] = &Clusters::real()[..1] else { panic!("no real cluster") };
    let expired = cluster.with_expired_token(environment.folder());
    let plan = environment.hello(&unique("expired"));
    let ended = environment
        .deploy(&plan, "expired", std::slice::from_ref(&expired))
        .wait(Duration::from_mins(3));
    refused(&ended, 1, &[&expired.name, "credential"]);
}

#[test]
fn an_inventory_that_is_none() {
    let environment = Environment::new();
    let plan = environment.hello("inventory");
    for (text, word) in [
        ("clusters: [{ name: a", "inventory"),
        ("clusters: [{ labels: {} }]", "name"),
        ("clusters: [{ name: a, kubeconfig: none.kubeconfig }]", "none.kubeconfig"),
    ] {
        let inventory = environment.write("bad-inventory.yaml", text);
        let ended = environment.bpr([
            "deploy".as_ref(),
            plan.as_os_str(),
            "--name".as_ref(),
            "inventory".as_ref(),
            "--inventory".as_ref(),
            inventory.as_os_str(),
        ]);
        refused(&ended, 1, &[word]);
    }
}

#[test]
fn an_input_that_breaks_its_rule() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(1);
    let plan = environment.hello("rule");
    let inventory = environment.inventory(&clusters);
    let deploy = |input: &str| {
        environment.bpr([
            "deploy".as_ref(),
            plan.as_os_str(),
            "--name".as_ref(),
            "rule".as_ref(),
            "--inventory".as_ref(),
            inventory.as_os_str(),
            "--input".as_ref(),
            input.as_ref(),
        ])
    };
    refused(&deploy("replicas=99"), 1, &["replicas", "between 1 and 20"]);
    refused(&deploy("replicas=many"), 1, &["replicas", "int"]);
    refused(&deploy("replcas=3"), 1, &["replcas", "replicas"]);
}

#[test]
fn a_journal_that_is_another_deployment_s() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(1);
    let plan = environment.hello("first");
    let _ = environment.deploy(&plan, "first", &clusters).wait(Duration::from_mins(1)).expect(0);
    let journals = journals(&environment.home());
    assert!(!journals.is_empty(), "no journal in {}", environment.home().display());
    for (number, journal) in journals.iter().enumerate() {
        let folder = journal.parent().unwrap();
        // A journal of one deployment, put where another's would be.
        let name = folder.strip_prefix(environment.home()).unwrap();
        let elsewhere = environment.home().join(name.to_string_lossy().replace("first", "second"));
        assert_ne!(elsewhere, folder, "journal {number} is not kept by its deployment's name");
        copy(folder, &elsewhere);
    }
    let ended = environment.on("status", "second");
    refused(&ended, 1, &["second", "first"]);
    let ended = environment.on("resume", "second");
    refused(&ended, 1, &["second", "first"]);
}

#[test]
fn a_full_disk() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(1);
    let plan = environment.hello("full");
    let inventory = environment.inventory(&clusters);
    std::fs::create_dir_all(environment.home()).unwrap();
    // A small file system of its own over $BPR_HOME, filled but for what a few events need.
    let script = "mount -t tmpfs -o size=256k tmpfs \"$BPR_HOME\" && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(bp_tests::program("bpr"));
    command.arg("deploy").arg(&plan).args(["--name", "full", "--inventory"]).arg(&inventory);
    command.current_dir(environment.folder()).env("BPR_HOME", environment.home());
    let ended = Running::start(command).wait(Duration::from_mins(1));
    refused(&ended, 1, &["full"]);
    assert!(ended.words().contains("disk") || ended.words().contains("space"), "{}", ended.words());
}

#[test]
fn two_at_once_on_one_deployment() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(3);
    let (behind, gate) = clusters[0].behind_gate(environment.folder());
    let clusters = [behind, clusters[1].clone(), clusters[2].clone()];
    let plan = environment.hello("both");
    // The first cannot end before the gate opens.
    gate.shut();
    let first = environment.deploy(&plan, "both", &clusters);
    std::thread::sleep(Duration::from_millis(700));
    let second = environment.deploy(&plan, "both", &clusters).wait(Duration::from_mins(1));
    gate.open();
    let first = first.wait(Duration::from_mins(2));
    refused(&second, 1, &["both", "another"]);
    assert!(matches!(first.code, Some(0 | 3)), "{}", first.words());
    let _ = environment.on("resume", "both").expect(0);
}

#[test]
fn wrong_usage() {
    let environment = Environment::new();
    refused(&environment.bpr(["deploi"]), 2, &["deploi"]);
    refused(&environment.bpr(["deploy"]), 2, &["PLAN"]);
    refused(&environment.bpc(["chekc"]), 2, &["chekc"]);
    refused(&environment.on("status", "nobody"), 1, &["nobody"]);
}

fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let place = bytes.windows(old.len()).position(|window| window == old).unwrap();
    [&bytes[..place], new, &bytes[place + old.len()..]].concat()
}

fn journals(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(journals(&path));
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3")) {
            found.push(path);
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().map(Result::unwrap) {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_type_of_which_the_provider_keeps_nothing() {
    let environment = Environment::new();
    let plan = environment.compile_text(
        "own",
        "blueprint own { version = \"1.0.0\" }\nnode type Deployment { provider = \"kubernetes\" }\nnode other: Root\nnode web: Deployment\n",
    );
    let ended = environment.deploy(&plan, "own", &[]).wait(Duration::from_mins(1));
    refused(
        &ended,
        1,
        &["keeps no objects of node type `Deployment`", "own.bp:4", "extend one of"],
    );
}
