//! Workflows: every kind of step is accepted and in the plan; every mistake is told once, where it is.

use std::fmt::Write as _;
use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::loader::Overlay;
use bp_plan::workflow::Action;
use bp_plan::{Expr, Phase, Type, Value, Workflow};

/// What the workflows of the tests have around them, on one line each, so that lines can be counted.
const AROUND: &str = r#"blueprint x { version = "1.0.0" }
interface type Maintenance {
  operation snapshot(bucket: string where self != "", timeout: duration = 10m) -> { bytes: size }
  operation send(password: secret string, note: string?)
}
node type Db {
  implements Maintenance
  property sites: list<string> = ["a"]
  attribute load: float
  operation maintenance.snapshot = script("snapshot.sh")
  operation maintenance.send = script("send.sh")
}
interface type Bare { operation ping() -> { ok: bool } }
node type Silent { implements Bare }
input replicas: int = 2 where self in 1..9
input has_spare: bool = false
secret password: string
node dbs: Db for z in ["a", "b"]
node single: Db
node spare: Db if has_spare
node silent: Silent
"#;

fn analysed(workflows: &str) -> Analysis {
    let text = format!("{AROUND}{workflows}");
    let path = Path::new("/workflows.bp");
    let mut overlay = Overlay::new();
    overlay.insert(path.to_path_buf(), text);
    for script in ["snapshot.sh", "send.sh", "p.sh"] {
        overlay.insert(path.with_file_name(script), "#!/bin/sh\n".to_owned());
    }
    Analysis::load_with(path, &overlay)
}

/// Code and line of everything told; the first line of the test's own text is 1.
fn told(workflows: &str) -> Vec<String> {
    let before = AROUND.lines().count();
    let analysis = analysed(workflows);
    // Workflows here are as small as can be: that something is never used is no matter.
    let matters = analysis.diagnostics().iter().filter(|d| !matches!(d.code, "W2010" | "W2011"));
    let shown = matters.map(|d| {
        let file = analysis.sources().file(d.place.file).unwrap();
        let line = file.position(d.place.span.start).line as usize;
        format!("{} {}: {}", d.code, line.saturating_sub(before), file.slice(d.place.span))
    });
    shown.collect()
}

/// Each of these is told exactly this.
fn each_is_told(cases: &[(&str, &[&str])]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, told(text), expected))
        .filter(|(_, found, expected)| found != *expected)
        .map(|(text, found, expected)| format!("{text}\n  {found:?}\n  {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "found, and expected:\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_step_is_accepted() {
    let text = r#"
workflow clean(days: int = 7 where self > 0, db: Db = single) {
  call db.maintenance.snapshot { bucket = "${days}" }
}
workflow all(bucket: string, only: Db?, many: list<Db>) -> { total: size, loads: list<float> } {
  let first = call single.maintenance.snapshot { bucket = bucket, timeout = 30m }
  let limit = first.bytes * 2
  let before = single.load
  parallel {
    let a = call dbs["a"].maintenance.snapshot { bucket = "a" }
    let b = call dbs["b"].maintenance.snapshot { bucket = "b" }
  }
  let each = call dbs[*].maintenance.snapshot { bucket = bucket }
  let some = call many[*].maintenance.snapshot { bucket = "all" }
  for one in dbs max 2 { call one.maintenance.snapshot { bucket = "x" } }
  for site in single.sites {
    call single.maintenance.snapshot { bucket = site }
    on failure { run clean { days = 1, db = single } }
  }
  for k, v in { x = 1 } { wait 1s }
  if only != null { call only.maintenance.snapshot { bucket = "only" } }
  if spare == null { fail "no spare before ${before}" }
  call spare.maintenance.send { password = password }
  if a.bytes > b.bytes {
    run scale { replicas = replicas + 1 }
  } else if count(each) > 1 {
    let drift = run check_drift
    if count(drift.drifted) > 0 { run heal { nodes = [single, ...dbs[*]] } }
  } else { run update }
  wait until single.load < 0.5 timeout 5m
  parallel {
    wait 1s
    fail "no"
    on failure {
      if error.class == "transient" { wait 5s }
      wait until error.message != "" timeout 1m
      recover
    }
    on cancel { run clean }
  }
  return { total = limit, loads = [n.load for n in many] }
  on failure { fail "failed: ${error.message} (${error.class})" }
}
workflow early(stop: bool) {
  for x in [1, 2] { if stop { return } }
  wait 1s
}
"#;
    assert_eq!(told(text), [""; 0]);
}

#[test]
fn arguments_are_checked_against_what_is_taken() {
    each_is_told(&[
        (
            "workflow w() { call single.maintenance.snapshot { buckt = \"x\" } }",
            &["E7040 1: buckt"],
        ),
        (
            "workflow w() { call single.maintenance.snapshot { bucket = \"x\", more = 1 } }",
            &["E7040 1: more"],
        ),
        ("workflow w() { call single.maintenance.snapshot }", &["E7041 1: snapshot"]),
        ("workflow w() { call single.maintenance.snapshot { bucket = 3 } }", &["E3002 1: 3"]),
        ("workflow w() { call single.maintenance.snapshot { bucket = \"\" } }", &["E3028 1: \"\""]),
        (
            "workflow w() {\n  call single.maintenance.snapshot {\n    bucket = \"a\"\n    bucket = \"b\"\n  }\n}",
            &["E4003 4: bucket"],
        ),
        ("workflow a(n: int) { wait 1s }\nworkflow w() { run a }", &["E7041 2: a"]),
        ("workflow a(n: int) { wait 1s }\nworkflow w() { run a { n = true } }", &["E3002 2: true"]),
        ("workflow w() { run scale { replicas = 10 } }", &["E3028 1: 10"]),
        ("workflow w() { run scale { replica = 3 } }", &["E7040 1: replica"]),
        ("workflow w() { run update { now = true } }", &["E7040 1: now"]),
        ("workflow w() { run heal { nodes = dbs } }", &["E3002 1: dbs"]),
        (
            "workflow a(db: Db) { wait 1s }\nworkflow w() { run a { db = silent } }",
            &["E3002 2: silent"],
        ),
        ("workflow a(db: Db) { wait 1s }\nworkflow w() { run a { db = dbs } }", &["E3019 2: dbs"]),
        (
            "workflow a(n: int where self > 0) { wait 1s }\nworkflow w() { run a { n = 0 } }",
            &["E3028 2: 0"],
        ),
        ("workflow w(n: int = 0 where self > 0) { wait 1s }", &["E3028 1: 0"]),
        ("workflow w(n: int, n: string) { wait 1s }", &["E3032 1: n"]),
        ("workflow w(single: int) { wait 1s }", &["E3032 1: single"]),
        ("workflow w() { run update { ...x } }", &["E2017 1: ...x"]),
    ]);
}

#[test]
fn a_call_names_a_node_and_an_operation_that_something_carries_out() {
    each_is_told(&[
        ("workflow w() { call sing.maintenance.snapshot }", &["E3001 1: sing"]),
        (
            "workflow w() { call single.maintenence.snapshot { bucket = \"x\" } }",
            &["E7048 1: maintenence"],
        ),
        ("workflow w() { call single.maintenance.snap { bucket = \"x\" } }", &["E7049 1: snap"]),
        ("workflow w() { call single.snapshot { bucket = \"x\" } }", &["E7047 1: single.snapshot"]),
        ("workflow w() { call single }", &["E7047 1: single"]),
        // What a workflow lacks, another may lack, too.
        (
            "workflow w() { call gone.i.go }\nworkflow v() { call gone.i.go }",
            &["E3001 1: gone", "E3001 2: gone"],
        ),
        ("workflow w() { call silent.bare.ping }", &["E7050 1: ping"]),
        ("workflow w() { call single.lifecycle.create }", &["E7051 1: lifecycle.create"]),
        ("workflow w() { call single.create }", &["E7051 1: create"]),
        ("workflow w() { call dbs.maintenance.snapshot { bucket = \"x\" } }", &["E7052 1: dbs"]),
        (
            "workflow w(many: list<Db>) { call many.maintenance.snapshot { bucket = \"x\" } }",
            &["E7052 1: many"],
        ),
        (
            "workflow w() { call dbs[\"c\"].maintenance.snapshot { bucket = \"x\" } }",
            &["E3024 1: dbs[\"c\"]"],
        ),
        (
            "workflow w() { call spare.maintenance.snapshot { bucket = \"x\" } }",
            &["E7053 1: spare"],
        ),
        ("workflow w(n: int) { call n.maintenance.snapshot }", &["E7054 1: n"]),
        // Something that extends the type of a parameter may carry it out.
        (
            "node type Loud extends Silent { operation bare.ping = script(\"p.sh\") }\nworkflow w(n: Silent) { call n.bare.ping }",
            &[],
        ),
        (
            "node loud: Silent { operation bare.ping = script(\"p.sh\") }\nworkflow w() { call loud.bare.ping }",
            &[],
        ),
        (
            "node mute: Db { operation maintenance.send = null }\nworkflow w() { call mute.maintenance.send { password = password } }",
            &["E7050 2: send"],
        ),
    ]);
}

#[test]
fn what_is_run_is_a_workflow_and_not_its_own_caller() {
    each_is_told(&[
        ("workflow clean() { wait 1s }\nworkflow w() { run claen }", &["E7043 2: claen"]),
        ("workflow w() { run nothing }", &["E7043 1: nothing"]),
        ("workflow w() { run single }", &["E7044 1: single"]),
        ("workflow w() { run single.maintenance }", &["E7044 1: single.maintenance"]),
        ("workflow w() { run w }", &["E7045 1: w"]),
        (
            "workflow a() { run b }\nworkflow b() { run c }\nworkflow c() { run a }\nworkflow d() { run a }",
            &["E7045 1: b"],
        ),
        ("workflow a() { wait 1s }\nworkflow w() { let r = run a }", &["E7046 2: r"]),
        ("workflow update() { wait 1s }", &["E7042 1: update"]),
    ]);
    let analysis =
        analysed("workflow a() { run b }\nworkflow b() { run c }\nworkflow c() { run a }\n");
    let help = analysis.diagnostics()[0].help.clone().unwrap();
    assert!(help.starts_with("a → b → c → a"), "{help}");
}

#[test]
fn results_are_given_on_every_way() {
    each_is_told(&[
        ("workflow w() -> { n: int } { wait 1s }", &["E7055 1: w"]),
        ("workflow w(c: bool) -> { n: int } { if c { return { n = 1 } } }", &["E7055 1: w"]),
        (
            "workflow w(c: bool) -> { n: int } { if c { return { n = 1 } } else { fail \"no\" } }",
            &[],
        ),
        (
            "workflow w(c: bool) -> { n: int } { for x in [1] { return { n = x } } }",
            &["E7055 1: w"],
        ),
        (
            "workflow w() -> { n: int } {\n  return { n = 1 }\n  on failure { recover }\n}",
            &["E7055 1: w"],
        ),
        ("workflow w() -> { n: int } { return { n = \"x\" } }", &["E3002 1: \"x\""]),
        ("workflow w() -> { n: int } { return }", &["E7056 1: return"]),
        ("workflow w() { return { n = 1 } }", &["E7057 1: { n = 1 }"]),
        ("workflow w() {\n  return\n  wait 1s\n  wait 2s\n}", &["W7040 3: wait 1s"]),
        ("workflow w() {\n  fail \"no\"\n  wait 2s\n}", &["W7040 3: wait 2s"]),
        ("workflow w() {\n  parallel {\n    return\n    wait 1s\n  }\n}", &["E7058 3: return"]),
        ("workflow w() { for x in [1, 2] max 2 { return } }", &["E7058 1: return"]),
        ("workflow w() { for x in [1, 2] max 1 { return } }", &[]),
    ]);
}

#[test]
fn handlers_stand_last_and_recover_ends_them() {
    each_is_told(&[
        (
            "workflow w() {\n  on failure { wait 1s }\n  wait 2s\n  wait 3s\n}",
            &["E7061 3: wait 2s"],
        ),
        (
            "workflow w() {\n  wait 1s\n  on failure { wait 1s }\n  on failure { wait 2s }\n}",
            &["E7062 4: on failure"],
        ),
        ("workflow w() { recover }", &["E7060 1: recover"]),
        (
            "workflow w() {\n  wait 1s\n  on failure {\n    recover\n    wait 1s\n  }\n}",
            &["E7060 4: recover"],
        ),
        (
            "workflow w() {\n  wait 1s\n  on failure { if error.class == \"conflict\" { recover } }\n}",
            &["E7060 3: recover"],
        ),
        ("workflow w() {\n  wait 1s\n  on cancel { recover }\n}", &["E7060 3: recover"]),
        ("workflow w() {\n  wait 1s\n  on failure { return }\n}", &["E7059 3: return"]),
        ("workflow w() { fail error.message }", &["E7063 1: error"]),
        ("workflow w() {\n  wait 1s\n  on cancel { fail error.message }\n}", &["E7063 3: error"]),
        ("workflow w() {\n  wait 1s\n  on failure { fail error.mesage }\n}", &["E3003 3: mesage"]),
        // What the steps bind is not known where one of them failed.
        (
            "workflow w() {\n  let r = call single.maintenance.snapshot { bucket = \"x\" }\n  on failure { fail \"${r.bytes}\" }\n}",
            &["E3001 3: r"],
        ),
    ]);
}

#[test]
fn waits_and_loops_are_bounded() {
    let deep =
        format!("workflow w() {{ {} wait 1s {} }}", "if has_spare { ".repeat(11), "}".repeat(11));
    each_is_told(&[
        ("workflow w() { wait until single.load < 1 }", &["E7064 1: wait until single.load < 1"]),
        ("workflow w() { wait until single.load timeout 5m }", &["E3002 1: single.load"]),
        ("workflow w() { wait 0s }", &["E7065 1: 0s"]),
        ("workflow w() { wait until has_spare timeout -5m }", &["E7065 1: -5m"]),
        ("workflow w() { wait 30 }", &["E3002 1: 30"]),
        ("workflow w() { for x in [1] max 0 { wait 1s } }", &["E7066 1: 0"]),
        ("workflow w() { for x in [1] max \"2\" { wait 1s } }", &["E3002 1: \"2\""]),
        ("workflow w() { for x in 1..1000000000 { wait 1s } }", &["E7067 1: 1..1000000000"]),
        ("workflow w() { for x in 3 { wait 1s } }", &["E3018 1: 3"]),
        ("workflow w() { fail 3 }", &["E3002 1: 3"]),
        (&deep, &["E7068 1: wait 1s"]),
    ]);
}

#[test]
fn names_are_bound_once_and_seen_only_afterwards() {
    each_is_told(&[
        ("workflow w() { let single = 1 }", &["E3032 1: single"]),
        ("workflow w(a: int) {\n  let a = 1\n}", &["E3032 2: a"]),
        ("workflow w() { for single in [1] { wait 1s } }", &["E3032 1: single"]),
        (
            "workflow w() {\n  if has_spare { let a = single.load }\n  fail \"${a}\"\n}",
            &["E3001 3: a"],
        ),
        (
            "workflow w() {\n  parallel {\n    let a = single.load\n    fail \"${a}\"\n  }\n}",
            &["E3001 4: a"],
        ),
        (
            "workflow w() {\n  parallel {\n    let a = single.load\n    let a = 2\n  }\n}",
            &["E3032 4: a"],
        ),
        (
            "workflow w() {\n  parallel {\n    let a = single.load\n    on failure { recover }\n  }\n  fail \"${a}\"\n}",
            &["E3001 6: a"],
        ),
    ]);
}

#[test]
fn secrets_go_to_what_takes_secrets() {
    each_is_told(&[
        ("workflow w() { call single.maintenance.send { password = password } }", &[]),
        (
            "workflow w() { call single.maintenance.send { password = password, note = password } }",
            &["E3021 1: password"],
        ),
        (
            "workflow w() {\n  let p = password\n  call single.maintenance.snapshot { bucket = p }\n}",
            &["E3021 3: p"],
        ),
        ("workflow w() { if password == \"x\" { wait 1s } }", &["E3020 1: password == \"x\""]),
        ("workflow w() { fail \"${password}\" }", &["E3021 1: \"${password}\""]),
        ("workflow w() -> { p: string } { return { p = password } }", &["E3021 1: password"]),
        ("workflow w() -> { p: secret string } { return { p = password } }", &[]),
    ]);
}

fn workflow(text: &str) -> Workflow {
    let text = format!(
        "blueprint x {{ version = \"1.0.0\" }}\nnode type T {{ attribute n: int }}\nnode t: T\ninput i: int = 1\n{text}"
    );
    let path = Path::new("/plan.bp");
    let mut overlay = Overlay::new();
    overlay.insert(path.to_path_buf(), text);
    let analysis = Analysis::load_with(path, &overlay);
    let plan = analysis
        .plan()
        .unwrap_or_else(|| panic!("{:#?}\n{:#?}", analysis.diagnostics(), analysis.unplanned()));
    plan.workflows["w"].clone()
}

#[test]
fn the_plan_has_the_whole_tree() {
    let found = workflow(
        "/// What it does.
workflow w(days: int = 7 where self > 0, only: T?) -> { n: int } {
  let before = t.n
  let twice = i * 2
  if before > 1 { wait 1s } else if before > 2 { wait 2s } else { fail \"x\" }
  for k, v in { a = 1 } max 3 { run install }
  parallel {
    run scale { i = 3 }
    on failure { recover }
    on cancel { wait 3s }
  }
  return { n = twice }
}
",
    );
    assert_eq!(found.documentation, "What it does.");
    assert_eq!(found.parameters[0].name, "days");
    assert_eq!(found.parameters[0].default, Some(Expr::Value(Value::Int(7))));
    assert_eq!(found.parameters[0].constraints[0].text, "self > 0");
    assert_eq!(found.parameters[1].kind, Type::Optional(Box::new(Type::Node("T".into()))));
    let steps = &found.body.steps;
    // What an input makes is the same whenever it is read; what a node reports is not.
    assert_eq!(steps.len(), 5);
    assert!(matches!(&steps[0].action, Action::Let { name, .. } if name == "before"));
    let Action::If { arms, otherwise: Some(last) } = &steps[1].action else { panic!("{steps:?}") };
    assert_eq!((arms.len(), last.steps.len()), (2, 1));
    let Action::For(each) = &steps[2].action else { panic!("{steps:?}") };
    assert_eq!((each.names.len(), &each.max), (2, &Some(Expr::Value(Value::Int(3)))));
    let Action::Parallel(block) = &steps[3].action else { panic!("{steps:?}") };
    assert!(block.on_failure.as_ref().unwrap().recovers && block.on_cancel.is_some());
    let Action::Run(run) = &block.steps[0].action else { panic!("{block:?}") };
    assert_eq!((run.workflow.as_str(), run.arguments.len()), ("scale", 1));
    let Action::Return(Some(value)) = &steps[4].action else { panic!("{steps:?}") };
    assert!(format!("{value:?}").contains("Input(\"i\")"), "{value:?}");
    assert_eq!((steps[1].span.line, steps[1].span.column), (9, 3));
}

#[test]
fn a_result_of_a_parallel_step_in_another_is_known_after_both() {
    let analysis = analysed(
        "workflow w(of: Db) -> { n: int, load: float } {
  parallel {
    wait 1s
    parallel {
      let load = of.load
      parallel { let all = call dbs[*].maintenance.snapshot { bucket = \"x\" } }
    }
  }
  return { n = length(all), load = load }
}
",
    );
    assert!(analysis.plan().is_some(), "{:#?}", analysis.unplanned());
}

#[test]
fn calls_are_in_the_plan_with_their_arguments() {
    let analysis = analysed(
        "workflow w(of: Db) -> { total: list<size> } {
  let all = call dbs[*].maintenance.snapshot { bucket = \"x\" }
  call of.maintenance.send { password = password }
  return { total = [one.bytes for one in all] }
}
",
    );
    let plan = analysis
        .plan()
        .unwrap_or_else(|| panic!("{:#?}\n{:#?}", analysis.diagnostics(), analysis.unplanned()));
    let steps = &plan.workflows["w"].body.steps;
    let Action::Call(each) = &steps[0].action else { panic!("{steps:?}") };
    assert_eq!(
        (each.interface.as_str(), each.operation.as_str(), each.each, each.result.as_deref()),
        ("maintenance", "snapshot", true, Some("all"))
    );
    assert!(matches!(&each.target, Expr::Splat { of, .. } if **of == Expr::Node("dbs".into())));
    // What is left out is the business of the node's own type.
    assert_eq!(each.arguments.keys().collect::<Vec<_>>(), ["bucket"]);
    let Action::Call(one) = &steps[1].action else { panic!("{steps:?}") };
    assert_eq!((&one.target, one.each), (&Expr::Local("of".into()), false));
    assert_eq!(one.arguments["password"].value, Expr::Secret("password".into()));
    assert_eq!(one.arguments["password"].phase, Phase::Run);
    let source = &plan.sources[steps[0].span.file as usize];
    assert!(source.lines[&steps[0].span.line].contains("let all = call"));
}

#[test]
fn values_that_double_from_line_to_line_stay_small() {
    let mut text = "workflow w() {\n  let a0 = i\n".to_owned();
    for at in 1..60 {
        let before = at - 1;
        writeln!(text, "  let a{at} = max([a{before}, a{before}])").unwrap();
    }
    text.push_str("  if a59 > 1 { wait 1s }\n}\n");
    let found = workflow(&text);
    let size = format!("{found:?}").len();
    assert!(size < 200_000, "{size}");
}
