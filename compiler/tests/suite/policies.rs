//! Groups, policies, selections and choices: what is right is accepted and in the plan; every mistake is
//! told once, where it is.

use std::fmt::Write as _;
use std::path::Path;

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Diagnostic;
use bp_compiler::loader::Overlay;
use bp_plan::{Expr, Item, Plan, Rank, Value};

use crate::common::placed;

const HEAD: &str = "blueprint x { version = \"1.0.0\" }\n";

fn analysed(text: &str) -> Analysis {
    let path = Path::new("/policies.bp");
    let mut overlay = Overlay::new();
    overlay.insert(path.to_path_buf(), format!("{HEAD}{text}\n"));
    Analysis::load_with(path, &overlay)
}

fn said(analysis: &Analysis) -> Vec<String> {
    let place = |d: &Diagnostic| placed(analysis, d);
    // These blueprints are as small as can be: that something in them is never used is no matter.
    let matters = |d: &&Diagnostic| !matches!(d.code, "W2010" | "W2011" | "W3051");
    analysis.diagnostics().iter().filter(matters).map(place).collect()
}

fn plan(text: &str) -> Plan {
    let analysis = analysed(text);
    assert_eq!(said(&analysis), [""; 0], "{:#?}", analysis.diagnostics());
    analysis.plan().unwrap_or_else(|| panic!("{:#?}", analysis.unplanned())).clone()
}

/// Each of these is told exactly this; the blueprint's head is line 1.
fn told(all: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (text, wanted) in all {
        let analysis = analysed(text);
        let found = said(&analysis);
        if found != *wanted {
            let words: Vec<&str> =
                analysis.diagnostics().iter().map(|d| d.message.as_str()).collect();
            wrong.push(format!("{text}\n  wanted {wanted:?}, found {found:?} {words:?}"));
        }
        for diagnostic in analysis.diagnostics() {
            assert!(diagnostic.help.is_some() || !diagnostic.related.is_empty(), "{diagnostic:?}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_groups_and_policies_are_over_is_checked() {
    let rollout =
        |rest: &str| format!("use std.fleet\nnode a: Root\nnode b: Root if 1 == 2\n{rest}");
    let site = |rest: &str| {
        format!("group type S {{ members: Compute[1..2] }}\nnode a: Compute\nnode r: Root\n{rest}")
    };
    told(&[
        (&site("group g: S { members = [a, r] }"), &["E5001 5:28"]),
        (&site("group g: S { members = [a, \"a\"] }"), &["E5001 5:28"]),
        (&site("group h: Group { members = [r] }\ngroup g: S { members = [h] }"), &["E5001 6:25"]),
        (&site("node c: Compute for x in 1..3\ngroup g: S { members = [c] }"), &["E5002 6:24"]),
        (&site("group g: S"), &["E5008 5:7"]),
        (&site("group g: S { memebrs = [a] }"), &["E4001 5:14"]),
        (&site("group g: S { members = [a], x = 1 }"), &["E4001 5:29"]),
        (&site("group g: S { members = [a], members = [a] }"), &["E4003 5:29"]),
        (&site("group g: S { members = [h] }\ngroup h: S { members = [g] }"), &["E5006 5:7"]),
        (&site("group g: S { members = [a, a] }"), &["W5005 5:28"]),
        (&site("node d: Compute\ngroup g: S { members = [...[a, d][*]] }"), &[]),
        (&site("group g: S { members = [...a] }"), &["E3018 5:28"]),
        (&site("group g: S { members -> a }"), &["E2017 5:14"]),
        (&rollout("policy p: fleet.Rollout { targets = [] }"), &["E5003 5:37"]),
        (&rollout("policy p: fleet.Rollout { targets = [b] }"), &["E5003 5:37"]),
        (&rollout("policy p: fleet.Rollout { targets = [x for x in [b]] }"), &["E5003 5:37"]),
        (&rollout("policy p: fleet.Rollout { targets = [a, b] }"), &["W5004 5:41"]),
        (&rollout("policy p: fleet.Rollout { targets = a.x }"), &["E3003 5:39"]),
        (&rollout("policy p: fleet.Rollout"), &["E5008 5:8"]),
        (&rollout("policy p: fleet.Rollout { targets = [gone] }"), &["E3001 5:38"]),
        (
            &rollout(
                "policy p: fleet.Rollout { targets = [a] }\npolicy q: fleet.Canary { targets = [a] }",
            ),
            &["E5007 6:37"],
        ),
        (
            &rollout(
                "group g: Group { members = [a] }\npolicy p: fleet.Rollout { targets = [g] }\npolicy q: fleet.Rollout { targets = [a] }",
            ),
            &["E5007 7:38"],
        ),
    ]);
}

#[test]
fn why_nothing_is_there_is_told() {
    let why = |rest: &str| {
        let text = format!("use std.fleet\n{rest}\npolicy p: fleet.Rollout {{ targets = [n] }}");
        let analysis = analysed(&text);
        assert_eq!(said(&analysis).last().unwrap()[..5], *"E5003", "{rest}");
        analysis.diagnostics().last().unwrap().related[1].1.clone()
    };
    assert_eq!(why("node n: Root if false"), "there is no `n`, since its `if` never holds");
    assert_eq!(
        why("node n: Root for x in [1, 2] if false"),
        "there is no `n`, since its last `if` never holds"
    );
    assert_eq!(
        why("node n: Root for x in []"),
        "there is no `n`, since its `for` goes through nothing"
    );
    let none = why("select s: Compute[0] { }\nnode n: Root for x in s");
    assert_eq!(none, "there is no `n`, since its `for` goes through nothing");
    assert_eq!(why("select n: Compute[0] { }"), "the selection `n` takes none: it is `[0]`");
    assert_eq!(why("group n: Group { members = [] }"), "`n` has no members");
}

#[test]
fn two_that_do_not_meet_do_not_contradict() {
    plan(
        "use std.fleet\nuse std.drift\nnode a: Root\nnode b: Root for x in [\"x\", \"y\"]\n\
         policy p: fleet.Rollout { targets = [a, b[\"x\"]] }\n\
         policy q: fleet.Rollout { targets = [b[\"y\"]] }\n\
         policy r: drift.Correct { targets = [a, b] }\n\
         policy type Note { property text: string }\n\
         policy s: Note { targets = [a], text = \"one\" }\n\
         policy t: Note { targets = [a], text = \"two\" }",
    );
}

#[test]
fn the_types_of_groups_and_policies_are_checked() {
    told(&[
        ("policy type P { targets: string }", &["E5012 2:26"]),
        ("group type G { members: list<Compute> }", &["E5012 2:25"]),
        ("policy type P { run: string }", &["E5013 2:22"]),
        ("policy type P { exclusive = 1 }", &["E5014 2:29"]),
        ("policy type P { exclusiv = true }", &["E2018 2:17"]),
        ("policy type P { attribute a: int }", &["E2017 2:17"]),
        ("policy type P { other: Compute }", &["E2017 2:17"]),
        (
            "policy type P { targets: Compute[1..2] }\npolicy type Q extends P { targets: Root[1..2] }",
            &["E4012 3:36"],
        ),
        (
            "policy type P { targets: Compute[1..2] }\npolicy type Q extends P { targets: Compute[1..3] }",
            &["E4012 3:36"],
        ),
        (
            "policy type P { property a: int, property b: int = 3, check self.a < self.b else \"below\" }\npolicy p: P { a = 5 }",
            &["E5011 3:8"],
        ),
        (
            "group type G { property a: int, check self.a < 3 else \"small\" }\ngroup g: G { a = 5 }",
            &["E5011 3:7"],
        ),
        (
            "policy type P { property a: int where self < 3 }\npolicy p: P { a = 5 }",
            &["E3028 3:19"],
        ),
        ("policy type P { property a: int }\npolicy p: P", &["E4002 3:8"]),
        (
            "policy type P { property a: string }\nnode c: Compute\npolicy p: P { a = c.address }",
            &["E4016 4:19"],
        ),
    ]);
}

#[test]
fn what_a_policy_runs_is_checked() {
    let with = |rest: &str| {
        format!("use std.schedule\nworkflow w(n: int, m: string = \"\") {{ wait 1s }}\n{rest}")
    };
    told(&[
        (&with("policy p: schedule.Every { every = 1h }"), &["E5009 4:8"]),
        (&with("policy p: schedule.Every { every = 1h, run = v }"), &["E7043 4:46"]),
        (&with("policy p: schedule.Every { every = 1h, run = p }"), &["E7044 4:46"]),
        (&with("policy p: schedule.Every { every = 1h, run = \"w\" }"), &["E7044 4:46"]),
        (&with("policy p: schedule.Every { every = 1h, run = w }"), &["E7041 4:46"]),
        (
            &with("policy p: schedule.Every { every = 1h, run = w, with = { n = 1, o = 2 } }"),
            &["E7040 4:65"],
        ),
        (
            &with("policy p: schedule.Every { every = 1h, run = w, with = { n = \"1\" } }"),
            &["E3002 4:62"],
        ),
        ("policy type P { run: Workflow? }\npolicy p: P { with = { n = 1 } }", &["E5010 3:15"]),
    ]);
    let plan = plan(&with(
        "node c: Compute\npolicy p: schedule.Every { every = 1h, run = w, with = { n = 1, m = c.address } }\n\
         policy q: schedule.Every { every = 1h, run = heal }",
    ));
    let run = plan.policies["p"].run.as_ref().unwrap();
    assert_eq!(run.workflow, "w");
    assert_eq!(run.with["n"].value, Expr::Value(1.into()));
    assert_eq!(run.with["m"].phase, bp_plan::Phase::Run);
    assert_eq!(plan.policies["q"].run.as_ref().unwrap().workflow, "heal");
}

/// What the constraints of the library say of a property's value.
fn takes(kind: &str, around: &str, property: &str, values: &[&str], is_fine: bool) {
    for value in values {
        let text = format!(
            "use std.fleet\nuse std.drift\nuse std.schedule\nnode a: Root\npolicy p: {kind} {{\n{around}\n{property} = {value}\n}}"
        );
        let analysis = analysed(&text);
        let found: Vec<String> =
            said(&analysis).into_iter().filter(|told| !told.starts_with('W')).collect();
        let wanted = if is_fine { vec![] } else { vec![format!("E3028 8:{}", property.len() + 4)] };
        assert_eq!(found, wanted, "{value}: {:?}", analysis.diagnostics());
    }
}

#[test]
fn waves_ascend_and_reach_all() {
    let fine = ["[100%]", "[1, 10%, 50%, 100%]", "[1, 5, 100%]", "[0.5%, 12.5%, 100%]"];
    let wrong =
        ["[]", "[1]", "[1, 50%]", "[10%, 5%, 100%]", "[5, 5, 100%]", "[0, 100%]", "[100%, 120%]"];
    takes("fleet.Rollout", "targets = [a]", "waves", &fine, true);
    takes("fleet.Rollout", "targets = [a]", "waves", &wrong, false);
    takes("fleet.Canary", "targets = [a]", "waves", &["[100%]"], false);
    takes("fleet.Rollout", "targets = [a]", "max_parallel", &["1", "100%"], true);
    takes("fleet.Rollout", "targets = [a]", "max_parallel", &["0", "0%", "101%"], false);
    takes("fleet.Rollout", "targets = [a]", "failure_budget", &["0", "0%", "2%", "5"], true);
    takes("fleet.Rollout", "targets = [a]", "failure_budget", &["-1", "101%"], false);
    takes("drift.Correct", "targets = [a]", "every", &["1s"], false);
    takes("drift.Correct", "targets = [a]", "stop_above", &["0%", "101%"], false);
}

#[test]
fn a_cron_expression_has_five_fields_that_can_come() {
    let fine = [
        "0 2 * * *",
        "*/5 2-4 1,15 jan-mar MON",
        "59 23 31 12 7",
        "0 0 29 2 *",
        "0 0 31 1,2 *",
        "0  0  30  2  mon",
        "*/15 8-17 * * mon-fri",
        "0 0 * * fri-sun",
        "0 0 5-7,2-4/2 JAN-feb 1",
        "0 0 30-31 2,mar-apr *",
    ];
    let wrong = [
        "",
        "0 2 * *",
        "0 2 * * * *",
        "60 2 * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "a b c d e",
        "@daily",
        "0 0 30 2 *",
        "0 0 31 feb,apr *",
        "*/0 * * * *",
        "5-2 * * * *",
        "0 22-4 * * *",
        "0 0 1,9-3 * *",
        "0 0 * nov-feb *",
        "0 0 * * fri-mon",
        "0 0 30-31 feb *",
        "0 0 31/2 4,6,9,11 *",
    ];
    let quoted = |all: &[&str]| all.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>();
    let texts = quoted(&fine);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    takes("schedule.Cron", "run = update", "cron", &texts, true);
    let texts = quoted(&wrong);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    takes("schedule.Cron", "run = update", "cron", &texts, false);
    let zone = "run = update, cron = \"0 2 * * *\"";
    takes("schedule.Cron", zone, "time_zone", &["\"Europe/Berlin\"", "\"UTC\""], true);
    takes("schedule.Cron", zone, "time_zone", &["\"Europe/Berlinn\"", "\"\""], false);
}

#[test]
fn groups_and_policies_are_in_the_plan() {
    let plan = plan(
        "use std.fleet\nuse std.kubernetes as k8s\n\
         select retail: k8s.Cluster[1..] { }\n\
         node shop: k8s.Namespace for c in retail {\n  name = site.region\n  host -> c\n}\n\
         node db: Root if deployment.name == \"x\"\nnode free: Root\n\
         /// Places.\ngroup type Site { members: Root[1..], property region: string }\n\
         /// One of them.\ngroup site: Site { members = [shop, db], region = \"eu\" }\n\
         group all: Group { members = [site, retail] }\n\
         policy slow: fleet.Rollout { targets = [all, ...[free]], soak = 1h }\n\
         output n: int = count(all.members)",
    );
    let site = &plan.groups["site"];
    assert_eq!(site.kind, "Site");
    assert_eq!(site.documentation, "One of them.");
    let node = |name: &str| Item::One(Expr::Node(name.into()));
    assert_eq!(site.members, Expr::List(vec![node("shop"), node("db")]));
    assert_eq!(site.properties["region"].value, Expr::string("eu"));
    let kind = &plan.group_types["Site"];
    assert_eq!((kind.members.as_str(), kind.cardinality), ("std.Root", (1, None)));
    assert_eq!(kind.extends, ["std.Group"]);
    let slow = &plan.policies["slow"];
    assert_eq!(slow.kind, "std.fleet.Rollout");
    assert_eq!(slow.targets, Expr::List(vec![Item::One(Expr::Group("all".into())), node("free")]));
    let kind = &plan.policy_types["std.fleet.Rollout"];
    assert!(kind.exclusive && kind.properties.contains_key("waves"));
    assert!(plan.sources.iter().any(|source| source.path == "std/fleet.bp"));
    let name = &plan.nodes["shop"].properties["name"];
    assert_eq!(name.phase, bp_plan::Phase::Deploy);
}

#[test]
fn selections_are_checked() {
    let of = |rest: &str| format!("select s: Compute{rest}");
    told(&[
        (&of("[1..] { spread = 3 }"), &["E4070 2:35"]),
        (&of("[1..] { spread = { by = self.address } }"), &["E4070 2:35"]),
        (&of("[1..] { spread = { by = self.address, max = 1, x = 2 } }"), &["E2018 2:65"]),
        (&of("[1..2] { count = 3 }"), &["E4071 2:35"]),
        (&of("[1..2] { prefer = [self.address] }"), &["E4072 2:37"]),
        (&of("[1..2] { prefer = least(self.address) }"), &["E4072 2:36"]),
        (&of("[1..2] { prefer = [least(self)] }"), &["E4073 2:43"]),
        (&of("[1..] { spread = { by = self, max = 1 } }"), &["E4074 2:42"]),
        (&of("[1..] { spread = { by = self.address, max = 0 } }"), &["E4075 2:62"]),
        (&of("[0..] { count = -1 }"), &["E4075 2:34"]),
        (&of("[1..] { prefer = [most(self.address)] }"), &["W4076 2:26"]),
        ("output o: int = least([1])", &["E4077 2:17"]),
        (
            &of("[0..] { count = n.k }\nnode type T { attribute k: int }\nnode n: T"),
            &["E4016 2:34"],
        ),
        (&of("[0..] { where = self.address == n.address }\nnode n: Compute"), &["E4016 2:34"]),
        (&of("[0..] { where = true, where = true }"), &["E4003 2:40"]),
    ]);
    let plan = plan(
        "use std.kubernetes as k8s\ninput most_of_each: int = 2\n\
         select s: k8s.Cluster {\n  where  = self.labels.tier == \"a\"\n  \
         spread = { by = self.labels.region, max = most_of_each }\n  \
         prefer = [most(self.version), least(self.labels.cost)]\n  count = 3\n}",
    );
    let selection = &plan.selections["s"];
    assert_eq!(selection.cardinality, (3, Some(3)));
    assert_eq!(selection.count, Some(Expr::Value(3.into())));
    let spread = selection.spread.as_ref().unwrap();
    assert_eq!(spread.max, Expr::Input("most_of_each".into()));
    assert_eq!(spread.text, "self.labels.region");
    let ranks: Vec<Rank> = selection.prefer.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [Rank::Most, Rank::Least]);
}

/// Hosts and what runs on them; a provider makes both, so that none comes from the inventory.
const HOSTS: &str = "node type Host { property zone: string = \"a\", property memory: size = 1GiB, provider = \"noop\" }
node type App {
  property memory: size = 1GiB
  requires host: Host via HostedOn
  requires peer: App? via DependsOn
  provider = \"noop\"
}
";

#[test]
fn a_choice_that_nothing_fits_tells_the_nearest() {
    let analysis = analysed(&format!(
        "{HOSTS}node h1: Host {{ memory = 8GiB }}\nnode h2: Host {{ zone = \"b\" }}\nnode h3: Host if false\n\
         node app: App {{\n  memory = 16GiB\n  host -> Host where self.zone == \"a\" and self.memory >= source.memory\n}}"
    ));
    assert_eq!(said(&analysis), ["E4078 14:11"]);
    let error = analysis.diagnostics().iter().find(|d| d.code == "E4078").unwrap();
    assert_eq!(error.help.as_deref(), Some("nearest is `h1`, whose memory is 8GiB"));
    let misses: Vec<&str> = error.related.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        misses,
        [
            "the nearest",
            "`h2`, whose zone is \"b\", and whose memory is 1GiB",
            "`h3`, which is never there: its `if` does not hold"
        ]
    );
    let ring = analysed(
        "node type Host { requires app: App[0..1], provider = \"noop\" }\nnode type App { requires host: Host via HostedOn, provider = \"noop\" }\n\
         node h: Host { app -> a }\nnode a: App { host -> Host }",
    );
    assert_eq!(said(&ring), ["E4078 5:23"]);
    assert!(ring.diagnostics()[0].help.as_deref().unwrap().contains("that would be a ring"));
}

#[test]
fn choices_take_what_may_fit() {
    let with = |rest: &str| format!("{HOSTS}{rest}");
    told(&[
        (
            &with(
                "node h: Host for z in [\"a\", \"q\"] { zone = z }\nnode a: App { host -> Host where self.zone == \"q\" }",
            ),
            &[],
        ),
        (
            &with(
                "node h: Host for z in [\"a\", \"b\"] { zone = z }\nnode a: App { host -> Host where self.zone == \"q\" }",
            ),
            &["E4078 10:23"],
        ),
        (
            &with(
                "input z: string\nnode h: Host { zone = z }\nnode a: App { host -> Host where self.zone == \"q\" }",
            ),
            &[],
        ),
        (&with("node h: Host if deployment.name == \"x\"\nnode a: App { host -> Host }"), &[]),
        // Nothing has to be chosen.
        (
            &with(
                "node h: Host\nnode a: App {\n  host -> h\n  peer -> App where self.memory > 5GiB\n}",
            ),
            &[],
        ),
        // The inventory may have it; where there are nodes of that type, that is perhaps not meant.
        (
            "node type A { requires on: Compute }\nnode a: A { on -> Compute where self.address == \"x\" }",
            &[],
        ),
        (
            "node type H { property z: int }\nnode type A { requires on: H }\nnode h: H { z = 1 }\nnode a: A { on -> H where self.z == 2 }",
            &["W4079 5:19"],
        ),
        // Each instance asks for something else.
        (
            "node type H { property z: int }\nnode type A { requires on: H }\nnode h: H for x in [1, 2] { z = x }\nnode a: A for y in [1, 3] { on -> H where self.z == y }",
            &["W4079 5:35"],
        ),
        (
            "node type H { property z: int }\nnode type A { requires on: H }\nnode h: H for x in [1, 2] { z = x }\nnode a: A for y in [1, 2] { on -> H where self.z == y }",
            &[],
        ),
        (
            "node type H { property z: int, provider = \"noop\" }\nnode type A { property z: int, requires on: H where self.z == source.z }\nnode h: H for x in [1, 2] { z = x }\nnode a: A for y in [1, 3] { z = y, on -> H }",
            &["E4078 5:42"],
        ),
        (
            "node type A { requires on: Compute }\nnode c: Compute\nnode a: A { on -> Compute where self.address == \"x\" }",
            &["E4016 4:33"],
        ),
    ]);
}

#[test]
fn candidates_are_nodes_by_name_then_the_inventory() {
    let plan = plan(
        "node type App { requires on: Compute }\nnode z: Compute\nnode b: Compute for x in [1]\n\
         node c: Compute for x in [1] if deployment.name == \"x\"\n\
         node d: Compute if deployment.name == \"x\" for x in [1]\nnode app: App { on -> Compute }",
    );
    let Expr::Binder(choose) = &plan.nodes["app"].requirements[0].target else { panic!() };
    assert_eq!((choose.function.as_str(), &choose.filter), ("choose", &None));
    let Expr::List(over) = &choose.over else { panic!() };
    let all = |of: Expr| Expr::Splat { of: Box::new(of), body: Box::new(Expr::Local("*".into())) };
    let node = |name: &str| Expr::Node(name.into());
    assert_eq!(over.len(), 5);
    assert_eq!(over[0], Item::Spread(all(node("b"))));
    assert_eq!(over[1], Item::Spread(all(node("c"))));
    assert!(matches!(&over[2], Item::Spread(Expr::If { .. })));
    assert_eq!(over[3], Item::One(node("z")));
    assert_eq!(over[4], Item::Spread(all(Expr::Selection("app.on".into()))));
    assert!(plan.selections["app.on"].implicit);
    assert_eq!(plan.selections["app.on"].kind, "std.Compute");
}

#[test]
fn of_two_that_could_choose_each_other_the_first_does() {
    let peers = "node type P { property n: int, requires peer: P[0..1], provider = \"noop\" }\n\
                 node a: P {\n  n = 1\n  peer -> P\n}\nnode b: P {\n  n = 2\n  peer -> P\n}";
    let plan = plan(peers);
    let candidates = |name: &str| {
        let Expr::Binder(choose) = &plan.nodes[name].requirements[0].target else { panic!() };
        let Expr::List(over) = &choose.over else { panic!() };
        over.len()
    };
    assert_eq!(candidates("a") + candidates("b"), 1);
    assert!(matches!(plan.nodes["a"].properties["n"].value, Expr::Value(Value::Int(1))));
}

/// Else a thousand choices among a thousand nodes would take a million names.
#[test]
fn choices_among_many_share_their_candidates() {
    let mut text =
        "node type H { property size: int }\nnode type A { requires host: H }\n".to_owned();
    for i in 0..20 {
        let _ = write!(
            text,
            "node h{i}: H {{ size = {i} }}\nnode a{i}: A {{ host -> H where self.size > {i} - 1 }}\n"
        );
    }
    let plan = plan(&text);
    let [Expr::List(all)] = plan.constants.values().collect::<Vec<_>>()[..] else {
        panic!("{:?}", plan.constants)
    };
    assert_eq!(all.len(), 20);
    assert!(plan.nodes.values().all(|node| {
        let written = serde_json::to_string(&node.requirements).unwrap();
        node.requirements.is_empty() || !written.contains("\"h19\"")
    }));
}
