//! Nodes with their own operations, carried out by real scripts: in TOSCA's order, each once whatever
//! dies, with their failures told at the blueprint's line.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use bp_tests::{Ended, Environment, Running};
use rand::RngExt as _;

use crate::seeded;

/// A test's folder with scripts, and the file in which they write what they do.
struct Shop {
    environment: Environment,
}

impl Shop {
    fn new() -> Self {
        let environment = Environment::new();
        let shop = Self { environment };
        // Says what it is called for, with the argument `with` where there is one.
        shop.script(
            "step.sh",
            "echo \"$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION#*.}${with:+ $with}\" >> \"$LOG\"\n",
        );
        shop
    }

    fn script(&self, name: &str, text: &str) {
        self.environment.write(name, text);
    }

    fn log(&self) -> PathBuf {
        self.environment.folder().join("log")
    }

    /// What scripts did, oldest first.
    fn done(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn count(&self, line: &str) -> usize {
        self.done().iter().filter(|done| *done == line).count()
    }

    /// What scripts did since the last time.
    fn news(&self) -> Vec<String> {
        let done = self.done();
        // Nothing but these tests writes there.
        let _ = std::fs::remove_file(self.log());
        done
    }

    fn plan(&self, body: &str) -> PathBuf {
        let log = self.log();
        let text = format!("blueprint shop {{ version = \"1.0.0\" }}\n{body}")
            .replace("$ENV", &format!("env = {{ LOG = \"{}\" }}", log.display()));
        self.environment.compile_text("shop", &text)
    }

    fn start(&self, body: &str) -> Running {
        self.environment.deploy(&self.plan(body), "shop", &[])
    }

    fn deploy(&self, body: &str) -> Ended {
        self.start(body).wait(Duration::from_mins(2))
    }

    fn on(&self, verb: &str) -> Ended {
        self.environment.on(verb, "shop")
    }

    /// Until a script has written this line.
    fn wait_for(&self, line: &str) {
        self.wait_until(&format!("`{line}`"), || self.count(line) > 0);
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < Duration::from_mins(1), "no {what}: {:?}", self.done());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Every operation that there is, on both ends of a relationship.
const WHOLE: &str = r#"
relationship type Uses extends DependsOn {
  source: User
  target: Thing
  property name: string = "plain"
  attribute token: string
  operation configure.preconfigure_source = script("step.sh") { args = { with = target.name }, $ENV }
  operation configure.preconfigure_target = script("step.sh") { args = { with = source.name }, $ENV }
  operation configure.postconfigure_source = script("step.sh") { $ENV }
  operation configure.postconfigure_target = script("token.sh") {
    sets = { token = result.token }
    $ENV
  }
  operation configure.establish_source = script("step.sh") { args = { with = self.token }, $ENV }
  operation configure.establish_target = script("step.sh") { args = { with = self.name }, $ENV }
  operation configure.unlink_source = script("step.sh") { args = { with = self.token }, $ENV }
  operation configure.unlink_target = script("step.sh") { $ENV }
}
node type Thing {
  property name: string
  attribute path: string
  operation lifecycle.precreate = script("step.sh") { $ENV }
  operation lifecycle.create = script("create.sh") {
    args = { name = self.name }
    sets = { path = result.path }
    $ENV
  }
  operation lifecycle.configure = script("step.sh") { args = { with = self.path }, $ENV }
  operation lifecycle.start = script("step.sh") { $ENV }
  operation lifecycle.poststart = script("step.sh") { $ENV }
  operation lifecycle.prestop = script("step.sh") { $ENV }
  operation lifecycle.stop = script("step.sh") { $ENV }
  operation lifecycle.delete = script("step.sh") { args = { with = self.path }, $ENV }
  operation lifecycle.postdelete = script("step.sh") { $ENV }
}
node type User extends Thing { requires uses: Thing via Uses }
node base: Thing { name = "b" }
node user: User {
  name = "u"
  uses -> base via Uses { name = "own" }
}
output path: string = user.path
output token: string = user.uses.via.token
"#;

#[test]
fn a_life_goes_through_tosca_s_points_and_back() {
    let shop = Shop::new();
    shop.script("create.sh", ". ./step.sh; echo \"{ \\\"path\\\": \\\"/$name\\\" }\"\n");
    shop.script("token.sh", "sh step.sh; echo '{ \"token\": \"t1\" }'\n");
    // `files` lays what one script needs of another beside it.
    let whole = WHOLE
        .replace(
            "script(\"create.sh\") {",
            "script(\"create.sh\") {\n    files = { \"step.sh\" = file(\"step.sh\") }",
        )
        .replace(
            "script(\"token.sh\") {",
            "script(\"token.sh\") {\n    files = { \"step.sh\" = file(\"step.sh\") }",
        );
    let _ = shop.deploy(&whole).expect(0);
    let up = [
        "base precreate",
        "base create",
        "base configure /b",
        "base start",
        "base poststart",
        "user precreate",
        "user create",
        "user preconfigure_source b",
        "user preconfigure_target u",
        "user configure /u",
        "user postconfigure_source",
        "user postconfigure_target",
        "user start",
        "user establish_source t1",
        "user establish_target own",
        "user poststart",
    ];
    assert_eq!(shop.news(), up);
    let outputs = shop.environment.ask("outputs", "shop", 0).to_string();
    assert!(outputs.contains("\"/u\"") && outputs.contains("\"t1\""), "{outputs}");
    assert_eq!(shop.environment.ask("status", "shop", 0)["state"], "deployed");

    // The same again: nothing is done.
    let _ = shop.deploy(&whole).expect(0);
    assert!(shop.news().is_empty());

    // One of two is no longer wanted: it is taken away as it was when it was made.
    let base = whole.split("node user").next().unwrap();
    let _ = shop.deploy(base).expect(0);
    let down = [
        "user prestop",
        "user unlink_source t1",
        "user unlink_target",
        "user stop",
        "user delete /u",
        "user postdelete",
    ];
    assert_eq!(shop.news(), down);
    let _ = shop.on("uninstall").expect(0);
    let down = ["base prestop", "base stop", "base delete /b", "base postdelete"];
    assert_eq!(shop.news(), down);
    assert_eq!(shop.environment.ask("status", "shop", 0)["state"], "removed");
}

#[test]
fn the_example_of_three_tiers_is_deployed_and_removed() {
    let mut environment = Environment::new();
    let password = "correct horse battery";
    environment.set("BPR_SECRET_DB_PASSWORD", password);
    let plan = environment.compile("three-tier/three_tier.bp");
    let deployed = environment.deploy(&plan, "tiers", &[]).wait(Duration::from_mins(2)).expect(0);
    assert!(deployed.words().contains("4 nodes"), "{}", deployed.words());
    assert!(deployed.words().contains("web: configure: configure_web"), "{}", deployed.words());
    assert_eq!(environment.ask("status", "tiers", 0)["state"], "deployed");
    let outputs = environment.ask("outputs", "tiers", 0).to_string();
    assert!(outputs.contains("http://10.0.0.11:80"), "{outputs}");
    let removed = environment.on("uninstall", "tiers").expect(0);
    assert!(removed.words().contains("orders: delete: remove_postgres"), "{}", removed.words());
    environment.assert_unseen(password, &(deployed.words() + &removed.words()));
}

/// A chain of three nodes whose scripts take time, and one beside it.
const CHAIN: &str = r#"
node type Slow {
  property name: string
  attribute id: string
  operation lifecycle.create = script("slow.sh") { sets = { id = result.id }, $ENV }
  operation lifecycle.start = script("slow.sh") { $ENV }
  operation lifecycle.delete = script("slow.sh") { $ENV }
}
node a: Slow { name = "a" }
node b: Slow { name = a.id }
node c: Slow { name = b.id }
node beside: Slow { name = "beside" }
output last: string = c.id
"#;
/// It is seen to begin and to end; twice would be seen.
const SLOW: &str = r#"
echo "$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION#*.} begins" >> "$LOG"
sleep 0.2
echo "$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION#*.}" >> "$LOG"
echo "{ \"id\": \"id of $BLUEPRINT_INSTANCE\" }"
"#;

#[test]
fn killed_at_random_moments_each_script_still_runs_once() {
    let (seed, mut random) = seeded();
    let shop = Shop::new();
    shop.script("slow.sh", SLOW);
    let plan = shop.plan(CHAIN);
    for round in 0..6 {
        let name = format!("shop-{round}");
        let mut running = shop.environment.deploy(&plan, &name, &[]);
        let mut kills = 0;
        // Again and again, until it comes to its end.
        loop {
            let begin = Instant::now();
            let patience = Duration::from_millis(random.random_range(50..900));
            while !running.has_ended() && begin.elapsed() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            let ended = running.kill();
            if ended.code == Some(0) {
                break;
            }
            kills += 1;
            assert!(kills < 100, "{}", ended.words());
            // Killed before it had written anything down, there is nothing to resume.
            let nothing = ["there is no deployment", "was never deployed"];
            let words = ended.words();
            running = if nothing.iter().any(|nothing| words.contains(nothing)) {
                shop.environment.deploy(&plan, &name, &[])
            } else {
                assert_eq!(ended.code, None, "{words}");
                shop.environment.start_on("resume", &name)
            };
        }
        let what = format!("seed {seed}, round {round}, {kills} kills: {:?}", shop.done());
        assert_eq!(shop.environment.ask("status", &name, 0)["state"], "deployed", "{what}");
        for node in ["a", "b", "c", "beside"] {
            for operation in ["create", "start"] {
                for line in [format!("{node} {operation} begins"), format!("{node} {operation}")] {
                    assert_eq!(shop.count(&line), 1, "{line}: {what}");
                }
            }
        }
        // Removal is killed, too.
        let removing = shop.environment.start_on("uninstall", &name);
        std::thread::sleep(Duration::from_millis(random.random_range(50..600)));
        let _ = removing.kill();
        let _ = shop.environment.on("uninstall", &name).expect(0);
        for node in ["a", "b", "c", "beside"] {
            assert_eq!(shop.count(&format!("{node} delete begins")), 1, "{what}");
        }
        let _ = shop.news();
    }
}

/// One node whose one script is what a test is about, one that needs it, and one beside.
const ONE: &str = r#"
node type One {
  attribute id: string?
  operation lifecycle.create = script("one.sh") { $CLAUSES }
  operation lifecycle.delete = script("step.sh") { $ENV }
}
node type Other { operation lifecycle.create = script("step.sh") { $ENV } }
node one: One
node other: Other
node late: Other { after -> one }
"#;

fn one(clauses: &str) -> String {
    ONE.replace("$CLAUSES", clauses)
}

/// Tells who it runs under, then waits for the test's word before it has its effect.
const HELD: &str = r#"
echo "$PPID" > "${LOG%log}supervisor"
echo "one begins" >> "$LOG"
while [ ! -e "${LOG%log}go" ]; do sleep 0.05; done
echo "one effect" >> "$LOG"
"#;

/// `kill -9` of `bpr` and of the process that its script runs under: nobody can tell any more.
fn lose_both(shop: &Shop, running: Running) {
    shop.wait_for("one begins");
    let _ = running.kill();
    let id = std::fs::read_to_string(shop.environment.folder().join("supervisor")).unwrap();
    let killed = Command::new("kill").args(["-9", id.trim()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn where_nobody_can_tell_only_that_branch_stops() {
    let shop = Shop::new();
    shop.script("one.sh", HELD);
    lose_both(&shop, shop.start(&one("$ENV")));
    shop.environment.write("go", "");
    // The script itself goes on, and has its effect: it is waited for, and its end can't be told.
    let words = shop.on("resume").expect(3).words();
    assert!(words.contains("nobody knows whether lifecycle.create was carried out"), "{words}");
    assert!(words.contains("repeatable = true") && words.contains("shop.bp:"), "{words}");
    assert_eq!((shop.count("one begins"), shop.count("one effect")), (1, 1));
    assert_eq!((shop.count("other create"), shop.count("late create")), (1, 0));
    // However often it is asked.
    let _ = shop.on("resume").expect(3);
    assert_eq!(shop.count("one begins"), 1);
    // A blueprint that says that it may be called twice is the answer.
    let _ = shop.deploy(&one("repeatable = true, $ENV")).expect(0);
    assert_eq!((shop.count("one begins"), shop.count("late create")), (2, 1));
    let _ = shop.on("uninstall").expect(0);
    assert_eq!(shop.count("one delete"), 1);
}

#[test]
fn what_may_be_called_twice_is_called_again() {
    let shop = Shop::new();
    shop.script("one.sh", HELD);
    lose_both(&shop, shop.start(&one("repeatable = true, $ENV")));
    shop.environment.write("go", "");
    let _ = shop.on("resume").expect(0);
    assert_eq!(shop.count("one begins"), 2);
}

#[test]
fn what_can_be_looked_at_is_looked_at() {
    for (state, begins, id) in [("created", 1, "seen"), ("absent", 2, "made")] {
        let shop = Shop::new();
        shop.script("one.sh", &format!(r#"{HELD} echo '{{ "id": "made" }}'"#));
        let look = r#"echo looked >> "$LOG"; echo '{ "state": "STATE", "id": "seen" }'"#;
        shop.script("look.sh", &look.replace("STATE", state));
        let observe = r#"operation lifecycle.observe = script("look.sh") { $ENV }"#;
        let delete = "operation lifecycle.delete";
        let body = one("sets = { id = result.id }, $ENV")
            .replace(delete, &format!("{observe}\n  {delete}"))
            + "output id: string? = one.id\n";
        lose_both(&shop, shop.start(&body));
        shop.environment.write("go", "");
        let _ = shop.on("resume").expect(0);
        assert_eq!((shop.count("one begins"), shop.count("looked")), (begins, 1), "{state}");
        let outputs = shop.environment.ask("outputs", "shop", 0).to_string();
        assert!(outputs.contains(id), "{state}: {outputs}");
    }
}

#[test]
fn what_a_script_made_is_missed_and_made_again() {
    let shop = Shop::new();
    shop.script("make.sh", r#"touch "$LOG.thing"; echo made >> "$LOG""#);
    shop.script("drop.sh", r#"rm "$LOG.thing"; echo dropped >> "$LOG""#);
    let look =
        r#"[ -e "$LOG.thing" ] && state=created; echo "{ \"state\": \"${state:-absent}\" }""#;
    shop.script("look.sh", look);
    let body = r#"
node type Box {
  operation lifecycle.create = script("make.sh") { $ENV }
  operation lifecycle.observe = script("look.sh") { $ENV }
  operation lifecycle.delete = script("drop.sh") { $ENV }
}
node type Plain { operation lifecycle.create = script("step.sh") { $ENV } }
node box: Box
node plain: Plain
"#;
    let _ = shop.deploy(body).expect(0);
    let thing = shop.log().with_file_name("log.thing");
    let calls =
        || shop.environment.home().join("deployments/shop/calls").read_dir().unwrap().count();
    let before = (calls(), shop.done());
    let said = shop.on("drift").expect(0).words();
    let all = "shop: nothing of 1 has drifted; plain is kept by its own operations alone";
    assert!(said.contains(all), "{said}");
    std::fs::remove_file(&thing).unwrap();
    let found = shop.environment.ask("drift", "shop", 0);
    let node = &found["nodes"][0];
    let (action, reason) = (&node["action"], &node["reason"]);
    assert_eq!((action, reason), (&"create".into(), &"it is gone".into()), "{found:#}");
    let ill = shop.on("health").expect(3).words();
    assert!(ill.contains("it is absent, and not created"), "{ill}");
    // Who looks leaves nothing behind.
    assert_eq!((calls(), shop.done()), before);
    let _ = shop.on("heal").expect(0);
    assert_eq!((shop.count("made"), thing.exists()), (2, true));
    let said = shop.on("heal").expect(0).words();
    assert!(said.contains("nothing of 1 has drifted"), "{said}");
    assert_eq!(shop.count("made"), 2);
    let _ = shop.environment.bpr(["journal", "verify", "shop"]).expect(0);
    let _ = shop.on("uninstall").expect(0);
    assert_eq!((shop.count("dropped"), thing.exists()), (1, false));
}

#[test]
fn a_failure_is_told_with_its_last_words_at_the_blueprint_s_line() {
    let shop = Shop::new();
    let broken = r#"echo one >> "$LOG"; seq 1 20; echo 'no room left' >&2; exit 3"#;
    shop.script("one.sh", broken);
    let words = shop.deploy(&one("$ENV")).expect(3).words();
    for part in
        ["`one.sh` ended with the exit code 3", "no room left", "shop.bp:", "lifecycle.create"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(words.contains("it needs one"), "{words}");
    assert_eq!((shop.count("one"), shop.count("other create")), (1, 1));
    let status = shop.environment.ask("status", "shop", 3);
    assert_eq!(status["state"], "partial", "{status:#}");
    // Mended, it goes on where it stopped.
    shop.script("one.sh", r#"echo mended >> "$LOG""#);
    let _ = shop.deploy(&one("$ENV")).expect(0);
    assert_eq!((shop.count("mended"), shop.count("other create")), (1, 1));
}

#[test]
fn a_script_is_tried_again_as_often_as_the_blueprint_says() {
    let shop = Shop::new();
    shop.script("one.sh", r#"echo one >> "$LOG"; [ $(grep -c one "$LOG") -gt 2 ]"#);
    let _ = shop.deploy(&one("retries = 1, backoff = 10ms, $ENV")).expect(3);
    assert_eq!(shop.done().iter().filter(|line| *line == "one").count(), 2);
    let _ = shop.on("resume").expect(0);
    assert_eq!(shop.count("one"), 3);
}

#[test]
fn a_script_that_takes_too_long_is_stopped_with_all_that_it_began() {
    let shop = Shop::new();
    let long = r#"
sh -c 'echo $$ > "${LOG%log}child"; exec sleep 100' &
wait
"#;
    shop.script("one.sh", long);
    let words = shop.deploy(&one("timeout = 300ms, $ENV")).expect(3).words();
    assert!(words.contains("did not end within 300ms"), "{words}");
    let id = std::fs::read_to_string(shop.environment.folder().join("child")).unwrap();
    let process = PathBuf::from("/proc").join(id.trim());
    shop.wait_until("end of what the script began", || !process.exists());
}

#[test]
fn what_can_t_be_run_or_read_is_told() {
    let sets = "sets = { id = result.id }, $ENV";
    // Known only when it is deployed.
    let words = "env = { name = \"c\" for name in [\"${deployment.name}=B\"] }";
    for (script, clauses, part) in [
        ("#!/nowhere/python9\n", "$ENV", "needs `/nowhere/python9`, which is not on this machine"),
        ("echo hello", sets, "a result that is no JSON"),
        ("echo '{ \"id\": 7 }'", sets, "its result does not fit `id`"),
        ("echo '{}'", sets, "its result does not give `id`"),
        ("true", words, "can't be the name of a variable"),
    ] {
        let shop = Shop::new();
        shop.script("one.sh", script);
        let said = shop.deploy(&one(clauses)).expect(3).words();
        assert!(said.contains(part) && said.contains("shop.bp:"), "{part}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_removal_stops_what_still_runs_first() {
    let shop = Shop::new();
    shop.script("one.sh", r#"echo one begins >> "$LOG"; sleep 100; echo one effect >> "$LOG""#);
    let running = shop.start(&one("$ENV"));
    shop.wait_for("one begins");
    let _ = running.kill();
    let _ = shop.on("uninstall").expect(0);
    assert_eq!((shop.count("one delete"), shop.count("one effect")), (1, 0));
    assert_eq!(shop.environment.ask("status", "shop", 0)["state"], "removed");
}

#[test]
fn another_plan_waits_for_what_still_runs() {
    let shop = Shop::new();
    shop.script("one.sh", HELD);
    let running = shop.start(&one("$ENV"));
    shop.wait_for("one begins");
    let _ = running.kill();
    let other = shop.start(&one("args = { with = 1 }, $ENV"));
    shop.wait_for("other create");
    assert_eq!(shop.count("one begins"), 1);
    shop.environment.write("go", "");
    let _ = other.wait(Duration::from_mins(1)).expect(0);
    let of_one = shop.done().into_iter().filter(|line| line.starts_with("one "));
    let each = ["one begins", "one effect", "one begins", "one effect"];
    assert_eq!(of_one.collect::<Vec<_>>(), each);
}

#[test]
fn who_interrupts_leaves_the_script_to_its_end() {
    let shop = Shop::new();
    shop.script("one.sh", HELD);
    let running = shop.start(&one("$ENV"));
    shop.wait_for("one begins");
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let stopped = running.wait(Duration::from_mins(1));
    assert_eq!(stopped.code, Some(3), "{}", stopped.words());
    // It still waits for the test's word.
    assert_eq!((shop.count("one effect"), shop.count("late create")), (0, 0));
    shop.environment.write("go", "");
    let _ = shop.on("resume").expect(0);
    assert_eq!((shop.count("one begins"), shop.count("one effect")), (1, 1));
    assert_eq!(shop.count("late create"), 1);
}

const CHANGING: &str = r#"
node type Site {
  property port: int
  property note: string = "n"
  attribute where: string
  operation lifecycle.create = script("create.sh") { sets = { where = result.where }, $ENV }
  operation lifecycle.configure = script("step.sh") { args = { with = self.port }, $ENV }
  operation lifecycle.start = script("step.sh") { $ENV }
  $MORE
}
node type Client {
  operation lifecycle.create = script("step.sh") { $ENV }
  requires site: Site via Reads
}
relationship type Reads extends ConnectsTo {
  target: Site
  operation configure.establish_source = script("step.sh") { $ENV }
  operation configure.target_changed = script("step.sh") { args = { with = target.where }, $ENV }
}
node site: Site { port = $PORT }
node client: Client { site -> site }
"#;

#[test]
fn of_a_change_only_what_it_touches_is_done() {
    let shop = Shop::new();
    let create = r#"echo "$BLUEPRINT_INSTANCE create" >> "$LOG"; echo '{ "where": "x" }'"#;
    shop.script("create.sh", create);
    let body = |port: &str, more: &str| CHANGING.replace("$PORT", port).replace("$MORE", more);
    let _ = shop.deploy(&body("80", "")).expect(0);
    let _ = shop.news();
    // What is set up differently is set up again, and what follows it is done again.
    let _ = shop.deploy(&body("81", "")).expect(0);
    assert_eq!(shop.news(), ["site configure 81", "site start"]);
    // Another script is another way; what it reports is told to who asks for it.
    shop.script("create.sh", &create.replace('x', "y"));
    let _ = shop.deploy(&body("81", "")).expect(0);
    let all = ["site create", "site configure 81", "site start", "client target_changed y"];
    assert_eq!(shop.news(), all);
    // What can be changed in place is. That it can is no change by itself.
    let update =
        r#"operation lifecycle.update = script("step.sh") { args = { with = self.note }, $ENV }"#;
    let _ = shop.deploy(&body("81", update)).expect(0);
    assert!(shop.news().is_empty());
    let _ = shop.deploy(&body("82", update)).expect(0);
    assert_eq!(shop.news(), ["site update n"]);
    let update = update.replace("self.note", "\"m\"");
    let _ = shop.deploy(&body("82", &update)).expect(0);
    assert_eq!(shop.news(), ["site update m"]);
    let _ = shop.deploy(&body("82", &update)).expect(0);
    assert!(shop.news().is_empty());
}

const SAFE: &str = r#"
secret password: string
node type Safe {
  property password: secret string
  operation lifecycle.create = script("check.sh") {
    args = { pass = self.password }
    env  = { TOKEN = self.password, LOG = "$LOG" }
  }
  operation lifecycle.delete = script("check.sh") {
    args = { pass = $PASS }
    env  = { TOKEN = self.password, LOG = "$LOG" }
  }
}
node safe: Safe { password = password }
"#;

#[test]
fn scripts_get_secrets_and_nothing_keeps_them() {
    let secret = "s3cr3t-of-the-shop";
    let mut shop = Shop::new();
    shop.environment.set("BPR_SECRET_PASSWORD", secret);
    // It tells whether it was given the secret, and says it aloud.
    let check = r#"
[ "$TOKEN" = SECRET ] && [ "$pass" = SECRET ] && echo "$BLUEPRINT_OPERATION" >> "$LOG"
echo "it is $TOKEN"
cat >&2
"#;
    let check = check.replace("SECRET", &["s3cr3t", "-of-the-shop"].concat());
    shop.script("check.sh", &check);
    let body = SAFE.replace("$LOG", &shop.log().display().to_string());
    let deployed = shop.deploy(&body.replace("$PASS", "self.password")).expect(0);
    assert!(deployed.words().contains("it is ‹secret password›"), "{}", deployed.words());
    // To be taken away it is called with the secret, too, which has to be known then.
    let mut without = shop.environment.command("bpr");
    without.args(["uninstall", "shop"]).env_remove("BPR_SECRET_PASSWORD");
    let words = Running::start(without).wait(Duration::from_mins(1)).expect(1).words();
    assert!(words.contains("set the environment variable BPR_SECRET_PASSWORD"), "{words}");
    let removed = shop.on("uninstall").expect(0);
    assert_eq!(shop.done(), ["lifecycle.create", "lifecycle.delete"]);
    let history = shop.environment.ask("history", "shop", 0).to_string();
    // The test's own script has it; what is kept of it must not.
    let said = deployed.words() + &removed.words() + &history;
    assert!(!said.contains(secret), "{said}");

    // What takes a node away must be able to without a plan.
    let mixed = body.replace("$PASS", "\"x${self.password}\"");
    let words = shop.deploy(&mixed).expect(1).words();
    assert!(words.contains("give the secret by itself"), "{words}");
}

/// Everything here that is called `M…` is made of the secret on one way or another.
const MADE: &str = r#"
secret password: string
node type Made {
  property password: secret string
  property banner: string = "hello-plain-world"
  property conf: secret string = "user=plain-user\npass=${upper(self.password)}\n"
  operation lifecycle.create = script("say.sh") {
    args = { list = ["plain-in-a-list", replace(self.password, "-", "_")], banner = self.banner }
    env = {
      WHOLE = upper(self.password),
      CONF = self.conf,
      FILLED = template("conf.hbs", { password = replace(self.password, "e", "E") }),
      PARTS = json_encode(split(self.password, "-")),
      SHORT = "${length(self.password)}",
      PLAIN = "plain-beside-it"
    }
  }
}
node made: Made { password = password }
"#;

#[test]
fn what_is_made_of_a_secret_is_as_secret() {
    let mut shop = Shop::new();
    shop.environment.set("BPR_SECRET_PASSWORD", ["hunter2", "-canary-phrase"].concat());
    shop.environment.write("conf.hbs", "plain line of a template\nlogin {{password}}\n");
    let say = r#"
{ echo "$WHOLE"; echo "$CONF"; echo "$FILLED"; echo "$PARTS"; echo "n $SHORT"; echo "$PLAIN"; cat; } >&2
echo "$list $banner"
exit "${EXIT:-0}"
"#;
    shop.script("say.sh", say);
    let check = |shop: &Shop, words: &str| {
        let made = ["HUNTER2-CANARY-PHRASE", "hunter2_canary_phrase", "huntEr2-canary-phrasE"];
        for secret in made.into_iter().chain(["hunter2-canary-phrase", "\"hunter2\""]) {
            assert!(!words.contains(secret), "{words}");
            shop.environment.assert_unseen(secret, words);
        }
        for plain in [
            "user=plain-user\n",
            "pass=‹secret password›\n",
            "plain line of a template\n",
            "n 21\n",
            "plain-beside-it\n",
            "plain-in-a-list",
            "hello-plain-world\n",
        ] {
            assert!(words.contains(plain), "{plain:?} is not in {words}");
        }
    };
    let deployed = shop.deploy(MADE).expect(0);
    check(&shop, &deployed.words());
    // Of a script that fails the last lines are told once more.
    shop.script("say.sh", &say.replace("${EXIT:-0}", "3"));
    let failed = shop.environment.deploy(&shop.plan(MADE), "again", &[]);
    let failed = failed.wait(Duration::from_mins(2)).expect(1);
    let history = shop.environment.ask("history", "again", 0).to_string();
    check(&shop, &(failed.words() + &history));

    // A result that shows it is not kept either.
    shop.script("say.sh", "echo \"{ \\\"id\\\": \\\"$WHOLE\\\" }\"");
    let body = MADE.replace("property banner", "attribute id: string\n  property banner");
    let body = body.replace("args = {", "sets = { id = result.id }\n    args = {");
    let told = shop.environment.deploy(&shop.plan(&body), "result", &[]);
    let words = told.wait(Duration::from_mins(2)).expect(1).words();
    assert!(words.contains("a result that shows ‹secret password›"), "{words}");
    shop.environment.assert_unseen("HUNTER2-CANARY-PHRASE", &words);
}

#[test]
fn what_this_runtime_can_t_carry_out_is_refused_before_anything_is_done() {
    let shop = Shop::new();
    let create = r#"operation lifecycle.create = script("step.sh")"#;
    let compute = format!("node vm: Compute\nnode a: Software {{\n  host -> vm\n  {create}\n}}\n");
    let http = r#"
data type Http extends Implementation { address: string }
fn http(address: string) -> Http = { address = address }
node a: Root { operation lifecycle.create = http("x") }
"#;
    for (body, part) in [
        (compute.as_str(), "lifecycle.create is to run on `vm`"),
        (http, "has nothing that carries out a `Http`"),
    ] {
        let ended = shop.deploy(body).expect(1);
        // Long lines are drawn as several.
        let words = ended.words().replace("\n  │ ", " ");
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(shop.done().is_empty());
}

/// What hangs on what a script reports, and is not as the blueprint asks: by the node's own `check`, by that of
/// a node that nobody keeps, by the requirement of another, by a capability's type.
const HELD_LATE: [(&str, &str); 4] = [
    (
        "node type Late { property size: int, check self.size > 2, operation lifecycle.create = script(\"step.sh\") { $ENV } }\nnode late: Late { size = first.size }",
        "`late`: `check self.size > 2` does not hold",
    ),
    (
        "node type Late { property size: int, check self.size > 2 }\nnode late: Late { size = first.size }",
        "`late`: `check self.size > 2` does not hold",
    ),
    (
        "node type Size { property size: int }\nnode type Late { requires on: Size where self.size > 2, operation lifecycle.create = script(\"step.sh\") { $ENV } }\nnode size: Size { size = first.size }\nnode late: Late { on -> size }",
        "`late`: what meets `on` does not fit: `size` does not meet `where self.size > 2`",
    ),
    (
        "capability type Room { property size: int where self > 2 }\nnode type Late { property size: int, capability room: Room { size = self.size }, operation lifecycle.create = script(\"step.sh\") { $ENV } }\nnode late: Late { size = first.size }",
        "`late`: `room.size` does not meet `where self > 2`",
    ),
];

#[test]
fn what_is_asked_of_a_node_holds_of_what_others_report() {
    const FIRST: &str = "node type First { attribute size: int, operation lifecycle.create = script(\"size.sh\") { sets = { size = result.size } } }\nnode first: First\n";
    let shop = Shop::new();
    for (body, wanted) in HELD_LATE {
        shop.script("size.sh", "echo '{ \"size\": 1 }'\n");
        let small = shop.deploy(&format!("{FIRST}{body}"));
        assert_ne!(small.code, Some(0), "{body}");
        assert!(small.words().contains(wanted), "{body}: {}", small.words());
        assert_eq!(shop.count("late create"), 0, "{body}");
        assert_eq!(shop.on("uninstall").code, Some(0), "{body}");
        shop.script("size.sh", "echo '{ \"size\": 3 }'\n");
        let large = shop.deploy(&format!("{FIRST}{body}"));
        assert_eq!(large.code, Some(0), "{body}: {}", large.words());
        assert_eq!(shop.on("uninstall").code, Some(0), "{body}");
        shop.news();
    }
}
