//! What an editor offers at each position of each construct: `$0` is the cursor. Beside
//! `editor.rs`, which asks how it is offered.

use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::ide;

/// A text with the cursor, what is offered there, and what is not.
type Case = (&'static str, &'static [&'static str], &'static [&'static str]);

/// What every text begins with.
const HEAD: &str = r#"blueprint town { version = "1.0.0" }

use std.kubernetes as k8s
use "./store.bp" as store
use "./small.bp" as small
use "./database.bp" as db

input replicas: int = 2
input environment: "dev" | "prod" = "dev"
secret token: string

data type Door {
  side: "left" | "right"
  width: int = 1
}
const narrow: Door = { side = "left" }

capability type Http {
  property port: int
  property tls: bool = false
}
interface type Maintenance {
  operation snapshot(bucket: string, timeout: duration = 10m) -> { bytes: size }
  operation restore(bucket: string)
}
node type Host { property memory: size = 1GiB }
relationship type Mounted extends HostedOn {
  source: Volume
  target: Host
  property path: string
  attribute since: string
}
node type Volume {
  requires host: Host via Mounted
}
node type Server {
  implements Maintenance
  property icon: file
  property icons: map<file> = { }
  property door: Door = { side = "left" }
  attribute address: string
  attribute used: size
  capability http: Http
  requires host: Host via HostedOn
  operation maintenance.snapshot = script("snapshot.sh")
}
group type Site {
  members: Host[1..]
  property region: string
}
policy type Budget {
  targets: Server[0..]
  property monthly: float
}
policy type Guard {
  targets: Root[0..]
  run: Workflow
  property mode: "soft" | "hard" = "soft"
}

node one: Host
node many: Host for x in ["a", "b"]
node web: Server {
  icon = "icon.png"
  http = { port = 80 }
  host -> one
}
node volume: Volume {
  host -> one via Mounted { path = "/d" }
}
select clusters: k8s.Cluster[0..]
group hosts: Site {
  members = [one, many]
  region  = "eu"
}
workflow clean(bucket: string, days: int = 7) -> { removed: int } {
  return { removed = 0 }
}
"#;

/// The head of one that stands for another.
const STANDS: &str = r#"blueprint big substitutes store.Store { version = "1.0.0" }

use "./store.bp" as store

capability type Http { property port: int }
node type Disk {
  attribute url: string
  capability web: store.Http { port = 80 }
}
node disk: Disk
workflow copy(to: string) {
  wait 1s
}
"#;

/// Files beside the root, which lie nowhere.
const BESIDE: &[(&str, &str)] = &[
    (
        "store.bp",
        "capability type Http { property port: int }\n\
         interface type Backup {\n  operation save(to: string)\n}\n\
         abstract node type Store {\n  implements Backup\n  property size: size\n  attribute url: string\n  \
         capability http: Http\n}\n\
         abstract node type Queue\n",
    ),
    (
        "small.bp",
        "blueprint small substitutes store.Store { version = \"1.0.0\" }\nuse \"./store.bp\" as store\n\
         input size: size\noutput url: string = \"a\"\n",
    ),
    (
        "database.bp",
        "blueprint database { version = \"1.0.0\" }\ninput storage: size = 1GiB\noutput host: string = \"a\"\n",
    ),
];

fn labels(folder: &Path, head: &str, text: &str) -> Vec<String> {
    let text = format!("{head}{text}");
    let at = u32::try_from(text.find("$0").expect("the cursor")).unwrap();
    let text = text.replace("$0", "");
    let root = folder.join("town.bp");
    let mut overlay: std::collections::BTreeMap<PathBuf, String> =
        BESIDE.iter().map(|(name, text)| (folder.join(name), (*text).to_owned())).collect();
    overlay.insert(root.clone(), text.clone());
    let analysis = Analysis::check_with(&root, &overlay);
    ide::complete(&analysis, &text, at).items.into_iter().map(|found| found.label).collect()
}

/// All that is wrong with a table, at once.
#[track_caller]
fn hold(folder: &Path, head: &str, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (text, wanted, unwanted) in cases {
        let found = labels(folder, head, text);
        let is_offered = |name: &&&str| found.iter().any(|label| label == **name);
        let lacks: Vec<_> = wanted.iter().filter(|name| !is_offered(name)).collect();
        let odd: Vec<_> = unwanted.iter().filter(|name| is_offered(name)).collect();
        if !lacks.is_empty() || !odd.is_empty() {
            let shown: Vec<_> = found.iter().take(30).collect();
            wrong.push(format!("{text:?}\n  lacks {lacks:?}, has {odd:?}, of {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn nowhere() -> PathBuf {
    PathBuf::from("/nowhere")
}

#[test]
fn the_heads_have_no_mistake() {
    for (head, known) in [(HEAD, &[][..]), (STANDS, &["E4046"][..])] {
        let root = nowhere().join("town.bp");
        let mut overlay: std::collections::BTreeMap<PathBuf, String> =
            BESIDE.iter().map(|(name, text)| (nowhere().join(name), (*text).to_owned())).collect();
        overlay.insert(root.clone(), head.to_owned());
        let analysis = Analysis::check_with(&root, &overlay);
        let said: Vec<_> = analysis
            .diagnostics()
            .iter()
            .filter(|d| d.code.starts_with('E') && d.place.file.0 == 0 && !known.contains(&d.code))
            .map(|d| format!("{} {}", d.code, d.message))
            .collect();
        // The icon lies nowhere.
        assert!(said.iter().all(|said| said.contains("icon.png")), "{said:#?}");
    }
}

/// Where an operation is declared, carried out, and what its clauses take.
const OPERATIONS: &[Case] = &[
    ("node type X {\n  $0\n}", &["operation", "implements", "provider"], &["source", "members"]),
    ("node type X {\n  implements $0\n}", &["Maintenance", "store.Backup"], &["Host", "Door"]),
    (
        "node type X extends Server {\n  operation $0\n}",
        &["maintenance", "lifecycle"],
        &["configure", "snapshot", "length"],
    ),
    (
        "node type X extends Server {\n  operation maintenance.$0\n}",
        &["restore", "snapshot"],
        &["create", "maintenance"],
    ),
    ("node type X extends Server {\n  operation life$0.create = null\n}", &["lifecycle"], &[]),
    (
        "node type X {\n  operation lifecycle.$0 = script(\"a.sh\")\n}",
        &["create", "observe", "delete"],
        &["snapshot"],
    ),
    (
        "node type X {\n  operation lifecycle.create = script(\"a.sh\")\n  operation lifecycle.$0\n}",
        &["delete"],
        &["create"],
    ),
    (
        "node type X {\n  operation lifecycle.create = $0\n}",
        &["script", "null"],
        &["replicas", "length", "web", "true"],
    ),
    (
        "node type X {\n  operation lifecycle.create = script(\"a.sh\") {\n    $0\n  }\n}",
        &["args", "on", "env", "files", "timeout", "retries", "backoff", "repeatable", "sets"],
        &["path", "property"],
    ),
    (
        "node type X {\n  operation lifecycle.create = script(\"a.sh\") { timeout = 1m, $0 }\n}",
        &["retries"],
        &["timeout"],
    ),
    (
        "node type X extends Server {\n  operation lifecycle.create = script(\"a.sh\") { sets = { $0 } }\n}",
        &["address", "used"],
        &["icon", "host"],
    ),
    (
        "node type X extends Server {\n  operation lifecycle.create = script(\"a.sh\") { sets = { address = $0 } }\n}",
        &["result", "self"],
        &[],
    ),
    (
        "node type X extends Server {\n  operation maintenance.snapshot = script(\"a.sh\") { sets = { used = result.$0 } }\n}",
        &["bytes"],
        &[],
    ),
    (
        "node type X extends Server {\n  operation maintenance.snapshot = script(\"a.sh\") { args = { x = $0 } }\n}",
        &["bucket", "timeout", "self"],
        &[],
    ),
    (
        "node type X extends Server {\n  operation maintenance.snapshot = script(\"a.sh\") { on = self.$0 }\n}",
        &["host"],
        &[],
    ),
    (
        "node type X extends Server {\n  operation maintenance.snapshot = script(\"a.sh\") { repeatable = $0 }\n}",
        &["true", "false"],
        &[],
    ),
    (
        "node x: Server {\n  $0\n}",
        &["operation", "http", "host", "icon", "let"],
        &["property", "provider"],
    ),
    ("node x: Server {\n  operation $0\n}", &["lifecycle", "maintenance"], &["icon"]),
    ("node x: Server {\n  operation maintenance.$0\n}", &["snapshot", "restore"], &[]),
    (
        "node x: Server {\n  operation maintenance.restore = script(\"a.sh\") {\n    $0\n  }\n}",
        &["args", "on"],
        &["icon"],
    ),
    (
        "node x: Server {\n  operation maintenance.restore = script(\"a.sh\") {\n    on = $0\n  }\n}",
        &["one", "volume"],
        &["replicas", "true"],
    ),
    (
        "node x: Volume {\n  host -> one via Mounted {\n    $0\n  }\n}",
        &["path", "operation"],
        &["host"],
    ),
    (
        "node x: Volume {\n  host -> one via Mounted {\n    path = \"/\"\n    operation $0\n  }\n}",
        &["configure"],
        &["lifecycle"],
    ),
    (
        "node x: Volume {\n  host -> one via Mounted {\n    operation configure.$0\n  }\n}",
        &["establish_target"],
        &["create"],
    ),
    (
        "node x: Volume {\n  host -> one via Mounted {\n    operation configure.establish_target = script(\"a.sh\") { env = { a = $0 } }\n  }\n}",
        &["source", "target", "self"],
        &[],
    ),
    ("interface type I {\n  $0\n}", &["operation"], &["property", "check"]),
    ("interface type I {\n  operation x(a: $0)\n}", &["string", "Door"], &["Site"]),
];

#[test]
fn operations_and_what_carries_them_out() {
    hold(&nowhere(), HEAD, OPERATIONS);
}

#[test]
fn blocks_of_types() {
    let cases: &[Case] = &[
        (
            "relationship type R {\n  $0\n}",
            &[
                "source",
                "target",
                "property",
                "attribute",
                "operation",
                "implements",
                "fixed",
                "check",
            ],
            &["requires", "capability", "provider"],
        ),
        (
            "relationship type R extends Mounted {\n  source: $0\n}",
            &["Host", "Volume"],
            &["Door", "string", "Site"],
        ),
        ("relationship type R {\n  target: $0\n}", &["Host", "Http"], &["Door", "string", "Site"]),
        ("relationship type R {\n  source: Host\n  $0\n}", &["target"], &["source"]),
        (
            "policy type P {\n  $0\n}",
            &["targets", "run", "exclusive", "property", "fixed", "check"],
            &["members", "attribute"],
        ),
        ("policy type P {\n  targets: $0\n}", &["Host", "Server"], &["Door", "string", "Http"]),
        ("policy type P {\n  run: $0\n}", &["Workflow"], &["Host", "string"]),
        ("policy type P extends $0 {\n}", &["Guard", "Budget"], &["Host", "Site", "P"]),
        ("policy type P {\n  exclusive = $0\n}", &["true"], &["replicas", "length", "false"]),
        (
            "group type G {\n  $0\n}",
            &["members", "property", "fixed", "check"],
            &["targets", "run", "requires"],
        ),
        ("group type G {\n  members: $0\n}", &["Host", "Server"], &["Door", "string"]),
        (
            "capability type C {\n  $0\n}",
            &["property", "fixed", "check"],
            &["attribute", "requires"],
        ),
        ("node type X {\n  capability x: Http { $0 }\n}", &["port", "tls"], &[]),
        ("node type X {\n  provider = \"n$0\"\n}", &[], &["icon.png"]),
        ("group type G extends Site {\n  fixed $0\n}", &["region"], &[]),
        ("policy type P extends Guard {\n  fixed mode = \"$0\"\n}", &["soft", "hard"], &[]),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn groups_and_policies() {
    let cases: &[Case] = &[
        ("group g: $0", &["Site", "Group"], &["Budget", "Host"]),
        ("group g: Site {\n  $0\n}", &["members", "region"], &["targets", "run", "let"]),
        ("group g: Site {\n  members = [one]\n  $0\n}", &["region"], &["members"]),
        (
            "group g: Site {\n  members = $0\n}",
            &["one", "many", "hosts"],
            &["web", "replicas", "true", "length"],
        ),
        (
            "group g: Site {\n  members = [$0]\n}",
            &["one", "many", "hosts"],
            &["web", "g", "replicas", "deployment", "if"],
        ),
        ("group g: Site {\n  members = [one, $0]\n}", &["many"], &["replicas"]),
        ("policy p: $0", &["Budget", "Guard", "Policy"], &["Site", "Host"]),
        ("policy p: Budget {\n  $0\n}", &["targets", "monthly"], &["run", "with", "members"]),
        ("policy p: Guard {\n  $0\n}", &["targets", "run", "with", "mode"], &["members"]),
        (
            "policy p: Budget {\n  targets = [$0]\n}",
            &["web"],
            &["one", "replicas", "hosts", "clusters", "null"],
        ),
        (
            "policy p: Guard {\n  targets = [$0]\n}",
            &["web", "one", "many", "hosts", "clusters"],
            &["replicas", "clean", "p"],
        ),
        ("policy p: Guard {\n  targets = [many[$0]]\n}", &["replicas"], &[]),
        ("policy p: Guard {\n  run = $0\n}", &["clean", "heal"], &["replicas", "web", "length"]),
        (
            "policy p: Guard {\n  run  = clean\n  with = { $0 }\n}",
            &["bucket", "days"],
            &["removed"],
        ),
        (
            "policy p: Guard {\n  run  = clean\n  with = { bucket = \"a\", $0 }\n}",
            &["days"],
            &["bucket"],
        ),
        ("policy p: Guard {\n  with = {\n    $0\n  }\n  run  = clean\n}", &["bucket", "days"], &[]),
        ("policy p: Guard {\n  mode = \"$0\"\n}", &["soft", "hard"], &[]),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn selections() {
    let cases: &[Case] = &[
        (
            "select s: k8s.Cluster[0..] {\n  $0\n}",
            &["where", "spread", "prefer", "count"],
            &["let"],
        ),
        ("select s: k8s.Cluster[0..] {\n  spread = { $0 }\n}", &["by", "max"], &[]),
        ("select s: k8s.Cluster[0..] {\n  spread = { max = 1, $0 }\n}", &["by"], &["max"]),
        (
            "select s: k8s.Cluster[0..] {\n  spread = { by = self.$0 }\n}",
            &["labels", "version"],
            &[],
        ),
        (
            "select s: k8s.Cluster[0..] {\n  prefer = [$0]\n}",
            &["least", "most"],
            &["replicas", "length", "web", "true"],
        ),
        (
            "select s: k8s.Cluster[0..] {\n  prefer = [le$0(self.version)]\n}",
            &["least", "most"],
            &["length"],
        ),
        (
            "select s: k8s.Cluster[0..] {\n  prefer = [least(self.$0)]\n}",
            &["labels", "version"],
            &[],
        ),
        ("select s: k8s.Cluster[0..] {\n  where = $0\n}", &["self", "replicas", "true"], &[]),
        ("select s: k8s.Cluster[0..] {\n  count = $0\n}", &["replicas"], &[]),
    ];
    hold(&nowhere(), HEAD, cases);
    // They mean something there alone.
    hold(&nowhere(), HEAD, &[("const x = $0", &["length"], &["least", "most"])]);
}

#[test]
fn workflows_and_their_steps() {
    let cases: &[Case] = &[
        ("workflow w() {\n  run $0\n}", &["clean", "heal"], &["w", "replicas"]),
        ("workflow w() {\n  let r = run $0\n}", &["clean"], &["w"]),
        ("workflow w() {\n  run clean { $0 }\n}", &["bucket", "days"], &[]),
        (
            "workflow w() -> { total: int, more: string } {\n  return { $0 }\n}",
            &["total", "more"],
            &[],
        ),
        (
            "workflow w() -> { total: int, more: string } {\n  return { more = \"a\", $0 }\n}",
            &["total"],
            &["more"],
        ),
        ("workflow w() {\n  on $0\n}", &["failure", "cancel"], &["call", "replicas"]),
        ("workflow w() {\n  wait $0\n}", &["until", "replicas"], &["timeout"]),
        ("workflow w() {\n  wait until replicas > 1 $0\n}", &["timeout"], &["until", "max"]),
        ("workflow w() {\n  for x $0\n}", &["in"], &["max"]),
        ("workflow w() {\n  for x in many $0\n}", &["max"], &["by", "if", "timeout"]),
        ("workflow w() {\n  for x in $0 {\n  }\n}", &["many", "clusters"], &[]),
        ("workflow w() {\n  for x in many {\n    wait 1s\n    let y = $0\n  }\n}", &["x"], &[]),
        ("workflow w() {\n  if replicas > 1 {\n    wait 1s\n  } $0\n}", &["else"], &["for", "max"]),
        ("workflow w() {\n  if replicas > 1 {\n    wait 1s\n  } else $0\n}", &["if"], &["else"]),
        (
            "workflow w() {\n  if replicas > 1 {\n    $0\n  }\n}",
            &["call", "run", "on failure"],
            &["recover", "node"],
        ),
        ("workflow w() {\n  parallel {\n    $0\n  }\n}", &["call", "run"], &["recover"]),
        (
            "workflow w() {\n  wait 1s\n  on failure {\n    wait 1s\n    $0\n  }\n}",
            &["recover", "fail"],
            &[],
        ),
        (
            "workflow w() {\n  on failure {\n    wait 1s\n  }\n  if true {\n    $0\n  }\n}",
            &["call"],
            &["recover"],
        ),
        (
            "workflow w() {\n  wait 1s\n  on failure {\n    if error.class == \"$0\" {\n    }\n  }\n}",
            &["transient", "permanent"],
            &[],
        ),
        ("workflow w() {\n  call web.maintenance.snapshot { timeout = $0 }\n}", &["replicas"], &[]),
        ("workflow w(x: $0)", &["string", "Server", "int"], &["Site", "Budget"]),
        (
            "workflow w() {\n  let x = call web.maintenance.snapshot { bucket = \"a\" }\n  let y = x.$0\n}",
            &["bytes"],
            &[],
        ),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn values_in_blocks_of_nodes() {
    let cases: &[Case] = &[
        ("node x: Server {\n  http = { $0 }\n}", &["port", "tls"], &["host"]),
        ("node x: Server {\n  http = { port = 1, $0 }\n}", &["tls"], &["port"]),
        ("node x: Server {\n  http = { tls = $0 }\n}", &["true", "false"], &[]),
        ("node x: Server {\n  door = { ...$0 }\n}", &["narrow"], &[]),
        ("node x: Server {\n  door = { ...narrow, $0 }\n}", &["side", "width"], &[]),
        ("node x: Server {\n  ...$0\n}", &["narrow"], &[]),
        ("node x: Host {\n  after -> $0\n}", &["web", "one", "many"], &["replicas", "x"]),
        ("node x: Host {\n  after -> [one, $0]\n}", &["web"], &["replicas", "x"]),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn blueprints_as_types() {
    let cases: &[Case] = &[
        (
            "node x: $0",
            &["db.Blueprint", "small.Blueprint", "store.Store", "Server"],
            &["store.Queue", "Database"],
        ),
        ("node x: db.$0", &["Blueprint"], &[]),
        ("node x: db.Blueprint {\n  $0\n}", &["storage"], &["host"]),
        ("node x: db.Blueprint\noutput o = x.$0", &["host", "storage", "deployment"], &[]),
        (
            "node x: store.Store using $0 {\n}",
            &["small.Blueprint"],
            &["db.Blueprint", "Server", "store.Store"],
        ),
        ("node x: store.Store using small.$0 {\n}", &["Blueprint"], &[]),
        ("select s: $0", &["db.Blueprint", "k8s.Cluster"], &["Door"]),
        ("expose a = $0", &["web", "many"], &["replicas", "length", "true"]),
        ("expose a = web.$0", &["http"], &["icon", "address", "host"]),
        ("implement $0", &[], &["lifecycle", "replicas"]),
        ("requires r: $0", &["Host", "Http"], &["Door", "string"]),
        ("requires r: Host via $0", &["Mounted", "HostedOn"], &["Host"]),
        ("secret s: string $0", &["from", "where"], &["for"]),
    ];
    hold(&nowhere(), HEAD, cases);
    let cases: &[Case] = &[
        ("implement $0", &["backup"], &["lifecycle", "copy"]),
        ("implement backup.$0", &["save"], &["create"]),
        ("implement backup.save = $0", &["copy"], &["heal", "disk", "length"]),
        ("expose $0", &["http"], &["url", "size"]),
        ("expose http = disk.$0", &["web"], &["url"]),
        ("input $0", &["size"], &["url"]),
        ("input size: size\ninput $0", &[], &["size"]),
        ("output $0", &["url"], &["size"]),
        ("requires $0", &[], &["size", "after"]),
    ];
    hold(&nowhere(), STANDS, cases);
    let head = "use \"./store.bp\" as store\nuse \"./small.bp\" as small\nnode type Plain\n";
    let cases: &[Case] = &[
        ("blueprint a substitutes $0", &["store.Store", "Database"], &["Plain", "store.Http"]),
        ("blueprint a substitutes store.$0", &["Store", "Queue"], &["Http"]),
        ("blueprint a substitutes store.Store where self.$0 {\n}", &["size"], &[]),
        ("blueprint a substitutes store.Store $0", &["where"], &["substitutes"]),
    ];
    hold(&nowhere(), head, cases);
}

#[test]
fn tests_of_blueprints() {
    let cases: &[Case] = &[
        (
            "test \"t\" {\n  $0\n}",
            &["inputs", "secrets", "inventory", "let", "assert", "assert_fails"],
            &["where"],
        ),
        ("test \"t\" {\n  inputs = { $0 }\n}", &["replicas", "environment"], &["token"]),
        ("test \"t\" {\n  inputs = { replicas = 1, $0 }\n}", &["environment"], &["replicas"]),
        ("test \"t\" {\n  inputs = { environment = \"$0\" }\n}", &["dev", "prod"], &[]),
        ("test \"t\" {\n  secrets = { $0 }\n}", &["token"], &["replicas"]),
        ("test \"t\" {\n  inventory = $0\n}", &["file"], &[]),
        ("test \"t\" {\n  inventory = { $0 }\n}", &["clusters", "elements"], &["replicas"]),
        (
            "test \"t\" {\n  inventory = { clusters = [{ $0 }] }\n}",
            &["name", "version", "labels"],
            &["type"],
        ),
        ("test \"t\" {\n  inventory = { elements = [{ $0 }] }\n}", &["name", "type"], &[]),
        (
            "test \"t\" {\n  inventory = { elements = [{ type = \"$0\" }] }\n}",
            &["Host", "Server", "k8s.Cluster"],
            &["Door"],
        ),
        ("test \"t\" {\n  assert $0\n}", &["web", "count", "not"], &[]),
        ("test \"t\" {\n  assert web.$0\n}", &["icon"], &[]),
        ("test \"t\" {\n  let n = 1\n  assert $0\n}", &["n"], &[]),
        ("test \"t\" {\n  assert_fails $0\n}", &["E3028", "E7082", "E4011"], &["E1001", "web"]),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn annotations_are_offered_where_they_mean_something() {
    let cases: &[Case] = &[
        ("@$0\nnode x: Host", &["protect", "was"], &["replace", "label", "deprecated"]),
        (
            "@$0\ninput x: int = 1",
            &["label", "hidden", "deprecated", "experimental"],
            &["replace", "protect"],
        ),
        ("@$0\nsecret x: string", &["label", "hidden"], &["replace", "was"]),
        ("@$0\nconst x = 1", &["deprecated", "experimental"], &["label", "was"]),
        ("@$0\nnode type X", &["deprecated", "experimental"], &["protect", "was", "replace"]),
        (
            "node type X {\n  @$0\n  property a: int\n}",
            &["replace", "deprecated", "experimental"],
            &["protect", "was"],
        ),
        ("node type X {\n  @$0\n  attribute a: int\n}", &["deprecated"], &["replace"]),
        ("capability type X {\n  @$0\n  property a: int\n}", &["deprecated"], &["replace"]),
        ("data type X {\n  @$0\n  a: int\n}", &["deprecated"], &["replace"]),
        ("node type X {\n  @$0\n}", &["replace", "deprecated"], &["protect", "label"]),
        ("@$0", &["protect", "label", "deprecated", "was"], &["replace"]),
        ("@hidden @$0\ninput x: int = 1", &["label"], &["hidden"]),
        ("@$0\noutput x = 1", &[], &["protect", "label", "deprecated"]),
    ];
    hold(&nowhere(), HEAD, cases);
}

#[test]
fn files_and_modules() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "shop/bp.toml",
        "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependencies]\nacme = { path = \"../acme\" }\n",
    );
    write("acme/bp.toml", "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n");
    write(
        "acme/telco.bp",
        "node type Antenna { property height: int = 1 }\nfn twice(x: int) -> int = x * 2\n",
    );
    write("shop/icon.png", "");
    write("shop/snapshot.sh", "");
    write("shop/parts/deep.sh", "");
    write("shop/parts/net.bp", "const a = 1\n");
    let all = &["icon.png", "snapshot.sh", "parts/"][..];
    let cases: &[Case] = &[
        ("node x: Server {\n  icon = \"$0\"\n}", all, &[]),
        ("node x: Server {\n  icon = \"$0\n}", all, &[]),
        ("node x: Server {\n  icon = \"parts/$0\"\n}", &["parts/deep.sh"], &["icon.png"]),
        ("node x: Server {\n  icons = { a = \"$0\" }\n}", all, &[]),
        ("node x: Server {\n  door = { side = \"$0\" }\n}", &["left"], &["icon.png"]),
        ("node type X {\n  operation lifecycle.create = script(\"$0\")\n}", all, &[]),
        (
            "node type X {\n  operation lifecycle.create = script(\"a\") { files = { a = \"$0\" } }\n}",
            all,
            &[],
        ),
        ("test \"t\" {\n  inventory = file(\"$0\")\n}", all, &[]),
        ("use $0", &["std", "acme"], &["town"]),
        ("use acme.$0", &["telco"], &["kubernetes", "parts"]),
        ("use acme.telco { $0 }", &["Antenna", "twice"], &[]),
        ("use acme.telco { Antenna, $0 }", &["twice"], &["Antenna"]),
        ("use \"./small.bp\" $0", &["as"], &["for"]),
    ];
    hold(&folder.path().join("shop"), HEAD, cases);
}
