//! A canary in every kind of secret, through every path: nothing that is kept, told or logged holds one, and no other
//! process is shown one.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bp_tests::{Cluster, Clusters, Environment, Objects};

use crate::secret_sources::{Vault, keep_in_cluster};
use crate::unique;

/// What the environment holds.
const GIVEN: &str = "tr0ub4dor-canary-of-the-environment";
/// What is in the file that is encrypted with age.
const FILED: &str = "tr0ub4dor-canary-of-the-file";
/// What a command tells.
const TOLD: &str = "tr0ub4dor-canary-of-the-command";
/// What a cluster's Secret holds.
const KEPT: &str = "tr0ub4dor-canary-of-the-cluster";
/// What scripts make of themselves: it stands in none of them.
const MADE: [&str; 3] =
    ["made-by-create-it-was", "made-by-rotate-it-was", "made-by-rotate-and-more"];

/// Makes a token, says so, and writes down what it was given, outside of `$BPR_HOME`.
const CREATE: &str = r#"
sleep 0.6
token=$(echo znqr-ol-perngr-vg-jnf | tr a-z n-za-m)
echo "$BLUEPRINT_OPERATION $given $filed $told $kept" >> "$LOG"
echo "it was given $given, and made $token" >&2
echo "{ \"token\": \"$token\" }"
"#;

const ROTATE: &str = r#"
sleep 0.3
one=$(echo znqr-ol-ebgngr-vg-jnf | tr a-z n-za-m)
other=$(echo znqr-ol-ebgngr-naq-zber | tr a-z n-za-m)
echo "rotated: $one $other" >&2
echo "{ \"token\": \"$one\", \"keys\": [\"$other\"], \"count\": 2 }"
"#;

/// Says what it is given to who watches, and writes it down.
const TAKE: &str = r#"
sleep 0.3
echo "$BLUEPRINT_INSTANCE ${BLUEPRINT_OPERATION} $key" >> "$LOG"
echo "it was given $key" >&2
"#;

const PLACE: &str = r#"
blueprint canary { version = "1.0.0" }
use std.kubernetes as k8s
input word: string = "one"
secret given: string
secret filed: string from "team/db/password"
secret told: string from "vault/api"
secret kept: string from "cluster/$VAULT/db/password"
select demo: k8s.Cluster[1..] {
  where = self.labels.tier == "demo"
}

interface type Keys {
  operation rotate() -> { token: secret string, keys: list<secret string>, count: int }
  operation take(key: secret string)
}
data type Login {
  user: string
  password: secret string
}
node type Db {
  property word: string
  property given: secret string
  property filed: secret string
  property told: secret string
  property kept: secret string
  attribute token: secret string
  attribute login: Login
  attribute url: secret string
  attribute path: string
  implements Keys
  operation lifecycle.create = script("create.sh") {
    args = { given = self.given, filed = self.filed, told = self.told, kept = self.kept, word = self.word }
    $ENV
    sets = {
      token = result.token
      path = "/orders"
      login = { user = "orders", password = result.token }
      url = "db://${self.given}:${result.token}@db"
    }
  }
  operation lifecycle.delete = script("take.sh") { args = { key = self.token }, $ENV }
  operation keys.rotate = script("rotate.sh") { $ENV, sets = { token = result.token } }
  operation keys.take = script("take.sh") { $ENV }
}
node type User {
  property key: secret string
  implements Keys
  operation lifecycle.create = script("take.sh") { args = { key = self.key }, $ENV }
  operation keys.rotate = script("rotate.sh") { $ENV }
  operation keys.take = script("take.sh") { $ENV }
}
node db: Db {
  word = word
  given = given
  filed = filed
  told = told
  kept = kept
}
node by_token: User { key = db.token }
node by_url: User { key = upper(db.url) }
node space: k8s.Namespace for cluster in demo {
  host -> cluster
  name = "$NAMESPACE"
}
node settings: k8s.ConfigMap for cluster in demo {
  host -> cluster
  namespace = space[cluster].name
  name = "settings"
  data = { path = db.path, user = db.login.user }
}
workflow tend() -> { token: secret string, count: int } {
  let new = call db.keys.rotate
  call by_token.keys.take { key = new.token }
  call by_url.keys.take { key = "<${new.keys[0]}>" }
  call by_url.keys.take { key = db.token }
  wait 50ms
  return { token = new.token, count = new.count }
}
output token: secret string = db.token
output path: string = db.path
"#;

/// All that must never be seen.
fn canaries() -> Vec<String> {
    let all = [GIVEN, FILED, TOLD, KEPT].into_iter().chain(MADE);
    all.flat_map(|text| [text.to_owned(), text.to_uppercase()]).collect()
}

/// Looks at all processes of the machine, as anybody may, for as long as it lives.
struct Onlooker {
    is_over: Arc<AtomicBool>,
    looking: Option<JoinHandle<(usize, BTreeSet<String>)>>,
}

impl Onlooker {
    fn new() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let looking = std::thread::spawn(move || {
            let (mut scripts, mut seen) = (0, BTreeSet::new());
            while !over.load(Ordering::SeqCst) {
                for process in Path::new("/proc").read_dir().unwrap().flatten() {
                    scripts += usize::from(look(&process.path(), &mut seen));
                }
                std::thread::sleep(Duration::from_millis(15));
            }
            (scripts, seen)
        });
        Self { is_over, looking: Some(looking) }
    }

    /// Ends it; fails where a canary was seen, or no script was.
    fn end(mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let (scripts, seen) = self.looking.take().unwrap().join().unwrap();
        assert!(scripts > 3, "no script was seen at work");
        assert_eq!(seen, BTreeSet::new());
    }
}

/// What a process shows; whether it is a script that was given a secret.
fn look(process: &Path, seen: &mut BTreeSet<String>) -> bool {
    let read = |name: &str| {
        let bytes = std::fs::read(process.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (line, environment) = (read("cmdline"), read("environ"));
    // A script finds what it is given in its environment; whoever runs `bpr` has said what is in that.
    let is_script = environment.contains("BLUEPRINT_INSTANCE=");
    let words: Vec<&str> = line.split('\0').collect();
    let is_runtime = words[0].ends_with("/bpr") && !words.contains(&"supervise");
    for canary in canaries() {
        if line.contains(&canary) {
            seen.insert(format!("the arguments of `{}`", line.replace('\0', " ")));
        }
        if environment.contains(&canary) && !is_script && !(is_runtime && canary == GIVEN) {
            seen.insert(format!("the environment of `{}`", line.replace('\0', " ")));
        }
    }
    is_script && canaries().iter().any(|canary| environment.contains(canary))
}

struct Place {
    environment: Environment,
    clusters: Vec<Cluster>,
    namespace: String,
    /// Where the cluster's Secret is.
    vault_namespace: String,
}

impl Place {
    fn new() -> Self {
        let clusters = Clusters::real();
        let namespace = unique("canary");
        let vault_namespace = unique("vault");
        keep_in_cluster(&clusters[0], &vault_namespace, "db", "password", KEPT);
        let mut environment = Environment::new();
        environment.set("BPR_SECRET_GIVEN", GIVEN);
        environment.set("BPR_LOG", "trace");
        let vault = Vault::new(&environment);
        vault.file("team.age", &format!("db/password: {FILED}\n"));
        environment.write("vault/api", format!("{TOLD}\n"));
        let words = format!(
            "sources:\n- {{ prefix: team/, age: team.age, identity: key.txt }}\n\
             - {{ prefix: vault/, command: [cat, \"vault/{{name}}\"], timeout: 20s }}\n\
             - {{ prefix: cluster/, kubernetes: {{ kubeconfig: \"{}\", context: {} }} }}\n",
            clusters[0].kubeconfig.display(),
            clusters[0].name,
        );
        environment.write("home/secrets.yaml", words);
        environment.write("create.sh", CREATE);
        environment.write("rotate.sh", ROTATE);
        environment.write("take.sh", TAKE);
        Self { environment, clusters, namespace, vault_namespace }
    }

    fn plan(&self) -> std::path::PathBuf {
        let log = self.environment.folder().join("log");
        let text = PLACE
            .replace("$ENV", &format!("env = {{ LOG = \"{}\" }}", log.display()))
            .replace("$NAMESPACE", &self.namespace)
            .replace("$VAULT", &self.vault_namespace);
        self.environment.compile_text("canary", &text)
    }

    fn bpr(&self, code: i32, arguments: &[&str]) -> String {
        self.environment.bpr(arguments).expect(code).words()
    }

    fn given(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.environment.folder().join("log")).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_canary_in_every_secret_is_seen_by_those_alone_for_whom_it_is() {
    let place = Place::new();
    let wait = Duration::from_mins(2);
    let plan = place.plan();
    // From here on, only `bpr` and what it begins.
    let onlooker = Onlooker::new();
    let mut said =
        place.environment.deploy(&plan, "canary", &place.clusters).wait(wait).expect(0).words();
    let [create, rotate, more] = MADE;
    let mut given = place.given();
    given[1..].sort();
    let url = format!("db://{GIVEN}:{create}@db").to_uppercase();
    assert_eq!(
        given,
        [
            format!("lifecycle.create {GIVEN} {FILED} {TOLD} {KEPT}"),
            format!("by_token lifecycle.create {create}"),
            format!("by_url lifecycle.create {url}"),
        ]
    );
    for cluster in &place.clusters {
        let settings = &Objects::of(cluster, &place.namespace).0["ConfigMap/settings"].wanted;
        assert_eq!((&settings["path"], &settings["user"]), (&"/orders".into(), &"orders".into()));
    }
    // The same again, in another process, knows what was made, and that nothing of it has changed.
    let unchanged = place.bpr(0, &["plan", "canary", "--detailed-exitcode"]);
    said += &unchanged;
    said +=
        &place.environment.deploy(&plan, "canary", &place.clusters).wait(wait).expect(0).words();
    assert_eq!(place.given().len(), 3, "{:?}", place.given());
    // Steps of a workflow are given what others gave.
    let ran = place.bpr(0, &["run", "canary", "tend", "--log-format", "json"]);
    assert!(ran.contains("token = (secret)") && ran.contains("count = 2"), "{ran}");
    said += &ran;
    assert_eq!(
        place.given()[3..],
        [
            format!("by_token keys.take {rotate}"),
            format!("by_url keys.take <{more}>"),
            format!("by_url keys.take {rotate}"),
        ]
    );
    for arguments in [
        &["plan", "canary", "--input", "word=two"][..],
        &["plan", "canary", "--input", "word=two", "--output", "json"],
        &["plan", "canary", "--input", "word=two", "-o", "home/kept.json"],
        &["update", "canary", "--input", "word=three", "--log-format", "json"],
        &["status", "canary"],
        &["status", "canary", "--at", "r2"],
        &["outputs", "canary"],
        &["outputs", "canary", "--output", "json"],
        &["status", "canary", "--output", "json"],
        &["journal", "verify", "canary"],
        &["journal", "backup", "canary", "home/copy.db"],
        &["rollback", "canary", "--dry-run"],
        &["rollback", "canary"],
        &["list"],
    ] {
        let code = place.environment.bpr(arguments);
        assert!([Some(0), Some(2)].contains(&code.code), "{arguments:?}: {}", code.words());
        said += &code.words();
    }
    let outputs = place.bpr(0, &["outputs", "canary"]);
    assert!(outputs.contains("/orders") && !outputs.contains("$made"), "{outputs}");
    said += &place.environment.looked_back("canary", &["db", "by_token", "by_url", "settings"]);
    // What takes it away is given what was made, too.
    said += &place.bpr(0, &["uninstall", "canary"]);
    let removed = place.given().last().unwrap().clone();
    assert!(removed.starts_with("db lifecycle.delete made-by-"), "{removed}");
    onlooker.end();
    assert!(said.contains("it was given ‹secret"), "nothing was told of what scripts said");
    assert!(said.contains("step{operation="), "nothing was logged");
    for canary in canaries() {
        place.environment.assert_unseen(&canary, &said);
    }
}
