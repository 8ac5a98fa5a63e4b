//! Secrets in workflows, with real scripts: given on in every way, whatever dies; nothing that is kept holds one.

use std::time::{Duration, Instant};

use bp_tests::{Environment, Running};
use rand::RngExt as _;
use serde_json::json;

use crate::seeded;

/// What must never be seen.
const CANARY: &str = "tr0ub4dor-and-4-canary";

/// Writes down what it is given, outside of `$BPR_HOME`, and shows it to who watches.
const TAKE: &str = r#"
sleep 0.05
echo "$BLUEPRINT_INSTANCE/$user/$key" >> "$LOG"
echo "it was given $key" >&2
echo '{ "bytes": 3 }'
"#;

const PLACE: &str = r#"
blueprint place { version = "1.0.0" }
secret canary: string
data type Login {
  user: string
  key: secret string
}
interface type Care {
  operation take(key: secret string, user: string = "") -> { bytes: int }
  operation enter(login: Login)
}
node type Db {
  property key: secret string
  implements Care
  operation care.take = script("take.sh") { $ENV }
  operation care.enter = script("take.sh") {
    $ENV
    args = { user = login.user, key = login.key }
  }
}
node one: Db { key = "one of ${canary}" }
node part: Db for zone in ["a", "b"] { key = canary }

workflow inner(a: secret string where length(self) > 8 else "it is too short", login: Login) -> { made: secret string, user: string } {
  call one.care.take { key = a }
  call one.care.enter { login = login }
  if login.user != "me" {
    fail "not reached"
  }
  return { made = "<${upper(a)}>", user = login.user }
}

workflow tend() -> { made: secret string, user: string } {
  call one.care.take { key = canary }
  let first = call one.care.take { key = "x-${canary}" }
  let made = "${first.bytes} ${canary} ${one.key}"
  call part[*].care.take { key = made, user = "each" }
  let done = run inner { a = made, login = { user = "me", key = canary } }
  wait 50ms
  for login in [{ user = "u1", key = done.made }, { user = "u2", key = canary }] {
    call one.care.enter { login = login }
  }
  return { made = done.made, user = done.user }
}

workflow short() {
  run inner { a = replace(canary, "dor-and-4-canary", ""), login = { user = "me", key = canary } }
}
"#;

/// What `tend` gives to scripts: the instance, the user, the key.
fn given() -> Vec<String> {
    let made = format!("3 {CANARY} one of {CANARY}");
    let shouted = format!("<{}>", made.to_uppercase());
    let all = [
        ("one", "", CANARY.to_owned()),
        ("one", "", format!("x-{CANARY}")),
        ("part[\"a\"]", "each", made.clone()),
        ("part[\"b\"]", "each", made.clone()),
        ("one", "", made),
        ("one", "me", CANARY.to_owned()),
        ("one", "u1", shouted),
        ("one", "u2", CANARY.to_owned()),
    ];
    all.iter().map(|(instance, user, key)| format!("{instance}/{user}/{key}")).collect()
}

struct Place(Environment);

impl Place {
    fn new() -> Self {
        let mut environment = Environment::new();
        environment.set("BPR_SECRET_CANARY", CANARY);
        environment.set("BPR_LOG", "trace");
        environment.write("take.sh", TAKE);
        let log = environment.folder().join("log");
        let text = PLACE.replace("$ENV", &format!("env = {{ LOG = \"{}\" }}", log.display()));
        let plan = environment.compile_text("place", &text);
        let _ = environment.deploy(&plan, "place", &[]).wait(Duration::from_mins(2)).expect(0);
        Self(environment)
    }

    fn start(&self, workflow: &str) -> Running {
        self.0.start_bpr(["run", "place", workflow])
    }

    /// What scripts were given, in order; the two at once by their names.
    fn given(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.0.folder().join("log")).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if let Some(both) = lines.get_mut(2..4) {
            both.sort();
        }
        lines
    }

    fn assert_tended(&self, said: &str, what: &str) {
        assert_eq!(self.given(), given(), "{what}");
        let workflow = &self.0.ask("status", "place", 0)["workflow"];
        assert_eq!(workflow["state"], "done", "{what}");
        assert_eq!(workflow["result"], json!({ "made": "(secret)", "user": "me" }), "{what}");
        let mut said = said.to_owned();
        for verb in ["status", "history"] {
            said += &self.0.on(verb, "place").expect(0).words();
            said += &self.0.ask(verb, "place", 0).to_string();
        }
        said += &self.0.looked_back("place", &["one", "part", "tend", "0", "6"]);
        assert!(said.contains("run{deployment=\"place\"") && said.contains("call-succeeded"));
        for text in [CANARY.to_owned(), CANARY.to_uppercase()] {
            self.0.assert_unseen(&text, &said);
        }
    }
}

#[test]
fn a_workflow_gives_a_secret_on_and_nothing_holds_it() {
    let place = Place::new();
    let said = place.start("tend").wait(Duration::from_mins(2)).expect(0).words();
    assert!(said.contains("made = (secret)") && said.contains("user = me"), "{said}");
    // What a script says of it is told without it.
    assert!(said.contains("it was given "), "{said}");
    place.assert_tended(&said, "without a disturbance");
    let history = place.0.on("history", "place").expect(0).stdout;
    assert!(
        history.contains("is \"(secret)\"") && history.contains("a = \"(secret)\""),
        "{history}"
    );
}

#[test]
fn killed_at_random_moments_each_script_is_given_it_once() {
    let (seed, mut random) = seeded();
    for round in 0..3 {
        let place = Place::new();
        let mut running = place.start("tend");
        let (mut kills, mut said) = (0, String::new());
        loop {
            let begin = Instant::now();
            let patience = Duration::from_millis(random.random_range(50..700));
            while !running.has_ended() && begin.elapsed() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            let ended = running.kill();
            said += &ended.words();
            if ended.code == Some(0) {
                break;
            }
            kills += 1;
            assert!(kills < 100 && ended.code.is_none(), "{said}");
            running = match place.0.ask("status", "place", 0).get("workflow") {
                None => place.start("tend"),
                Some(workflow) if workflow["state"] == "done" => break,
                Some(_) => place.0.start_on("resume", "place"),
            };
        }
        place.assert_tended(&said, &format!("seed {seed}, round {round}, {kills} kills"));
    }
}

#[test]
fn a_secret_that_does_not_fit_is_told_without_it() {
    let place = Place::new();
    let said = place.start("short").wait(Duration::from_mins(1)).expect(1).words();
    assert!(said.contains("the input `a`: it is too short"), "{said}");
    assert!(!said.contains("tr0ub4") && place.given().is_empty(), "{said}");
    let said =
        place.0.bpr(["run", "place", "inner", "-i", "a=by-hand-it-is-seen"]).expect(1).words();
    assert!(said.contains("what a person gives a workflow is written down"), "{said}");
    place.0.assert_unseen("by-hand-it-is-seen", "");
}

/// Gives what is no word of its own text.
const GIVE: &str = r#"
token=$(echo znqr-ol-n-fpevcg | tr a-z n-za-m)
echo "made $token" >&2
echo "{ \"token\": \"$token\", \"user\": \"me\" }"
"#;

/// What [`GIVE`] gives.
const MADE: &str = "made-by-a-script";

const GIVEN: &str = r#"
blueprint give { version = "1.0.0" }
input word: string = "one"
interface type Keys {
  operation make() -> { token: secret string, user: string }
  operation take(key: secret string)
}
node type Db {
  attribute token: secret string
  attribute user: string
  implements Keys
  operation lifecycle.create = script("give.sh") { sets = { token = result.token, user = result.user } }
  operation keys.make = script("give.sh")
  operation keys.take = script("note.sh") { $ENV }
}
node type User {
  property key: secret string
  property word: string
  operation lifecycle.create = script("note.sh") { args = { key = self.key, word = self.word }, $ENV }
  operation lifecycle.delete = script("note.sh") { args = { key = self.key }, $ENV }
}
node db: Db
node user: User { key = db.token, word = word }
workflow again() {
  let new = call db.keys.make
  if new.user == "me" {
    call db.keys.take { key = "<${new.token}>" }
  }
}
"#;

fn giving() -> (Environment, std::path::PathBuf) {
    let environment = Environment::new();
    environment.write("give.sh", GIVE);
    environment.write("note.sh", "echo \"$BLUEPRINT_OPERATION $key\" >> \"$LOG\"\n");
    let log = environment.folder().join("log");
    let text = GIVEN.replace("$ENV", &format!("env = {{ LOG = \"{}\" }}", log.display()));
    let plan = environment.compile_text("give", &text);
    (environment, plan)
}

#[test]
fn what_an_operation_gives_is_kept_sealed_and_used_again_after_a_restart() {
    let (environment, plan) = giving();
    let wait = Duration::from_mins(1);
    let mut said = environment.deploy(&plan, "give", &[]).wait(wait).expect(0).words();
    let given = || std::fs::read_to_string(environment.folder().join("log")).unwrap();
    assert_eq!(given(), format!("lifecycle.create {MADE}\n"));
    // Another process knows what was made, and that nothing of it has changed.
    said += &environment.deploy(&plan, "give", &[]).wait(wait).expect(0).words();
    assert_eq!(given(), format!("lifecycle.create {MADE}\n"));
    let update = environment.deploy_with(&plan, "give", &[], &["word=two"]).wait(wait);
    said += &update.expect(0).words();
    said += &environment.bpr(["run", "give", "again"]).expect(0).words();
    let text = given();
    let last: Vec<&str> = text.lines().rev().take(2).collect();
    assert_eq!(last, [format!("keys.take <{MADE}>"), format!("lifecycle.create {MADE}")]);
    // What scripts said was told without it.
    assert!(!said.contains(MADE), "{said}");
    said += &environment.looked_back("give", &["db", "user"]);
    said += &environment.on("uninstall", "give").expect(0).words();
    assert!(given().ends_with(&format!("lifecycle.delete {MADE}\n")), "{}", given());
    environment.assert_unseen(MADE, &said);
}

#[test]
fn without_its_key_what_is_sealed_is_not_used_and_that_is_told() {
    let (mut environment, plan) = giving();
    let wait = Duration::from_mins(1);
    let _ = environment.deploy(&plan, "give", &[]).wait(wait).expect(0);
    let key = environment.home().join("age.key");
    let own = std::fs::read_to_string(&key).unwrap();
    assert!(own.contains("AGE-SECRET-KEY-1"), "it is a key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // Who only looks needs none.
    std::fs::remove_file(&key).unwrap();
    let _ = environment.on("status", "give").expect(0);
    let _ = environment.on("outputs", "give").expect(0);
    let words =
        |ended: bp_tests::Ended| ended.words().split_whitespace().collect::<Vec<_>>().join(" ");
    let update = |environment: &Environment| {
        environment.deploy_with(&plan, "give", &[], &["word=two"]).wait(wait)
    };
    let said = words(update(&environment));
    assert!(
        said.contains("it is sealed in the journal, and can't be opened: this home has no key"),
        "{said}"
    );
    assert!(said.contains("$BPR_AGE_IDENTITY_FILE"), "{said}");
    let other = environment.write("other.txt", bp_providers::secrets::seal::new_identity());
    environment.set("BPR_AGE_IDENTITY_FILE", other.display().to_string());
    let said = words(update(&environment));
    assert!(said.contains("can't be opened: it is sealed for another key"), "{said}");
    environment.set("BPR_AGE_IDENTITY", "no key at all");
    let said = words(update(&environment));
    assert!(said.contains("what this gives is secret, and can't be sealed"), "{said}");
    environment.set("BPR_AGE_IDENTITY", own);
    let _ = environment.on("retry", "give");
    let _ = update(&environment).expect(0);
    environment.assert_unseen(MADE, &said);
}

#[test]
fn what_a_look_would_tell_again_is_refused_before_anything_runs() {
    let environment = Environment::new();
    environment.write("give.sh", "echo made > made; echo '{ \"token\": \"t\" }'\n");
    let text = "blueprint look { version = \"1.0.0\" }\nnode type Db {\n  attribute token: secret string\n  \
                operation lifecycle.create = script(\"give.sh\") { sets = { token = result.token } }\n  \
                operation lifecycle.observe = script(\"give.sh\")\n}\nnode db: Db\n";
    let plan = environment.compile_text("look", text);
    let said = environment.deploy(&plan, "look", &[]).wait(Duration::from_mins(1)).expect(1);
    let said = said.words().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("`lifecycle.create` of `Db` gives a secret"), "{said}");
    assert!(said.contains("leave `lifecycle.observe` out"), "{said}");
}
