//! Where something is named, and what changes when it gets another name. `$0` is the cursor.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::diagnostics::Severity;
use bp_compiler::ide::{self, Changes, RenameError};
use bp_compiler::loader::Overlay;
use bp_compiler::source::{FileId, SourceFile, Span};

/// A blueprint with every construct that names something.
const TOWN: &str = r#"/// A town.
blueprint town { version = "1.0.0" }

use std.kubernetes as k8s
use std.fleet
use "./store.bp" as stores
use "./small.bp" as small
use "./sizes.bp" { narrow, Size, doubled }
use "./deep/net.bp"

input replicas: int = 2 where self in 1..20
input environment: "dev" | "prod" = "dev"
secret token: string

data type Door {
  side: "left" | "right"
  width: int = narrow
  check self.width > 0 else "a door has a width"
}
const wide: Door = { side = "left", width = doubled(4) }
fn label(of: string, index: int) -> string = "${of}-${index}-${environment}"

capability type Http {
  property port: int
  property tls: bool = false
}
/// What keeps the data safe.
interface type SafeKeeping {
  operation snapshot(bucket: string, timeout: duration = 10m) -> { bytes: size }
}
node type Host {
  property memory: Size = { value = 1 }
  property mode: "a" | "b" | "c" = "a"
}
node type BigHost extends Host {
  property mode: "a" | "b"
}
node type FixedHost extends BigHost {
  fixed mode = "b"
}
relationship type Mounted extends HostedOn {
  source: Volume
  target: Host
  property path: string
  operation configure.establish_target = script("mount.sh") { args = { to = self.path, mode = target.mode } }
}
node type Volume {
  property device: string = "${self.host.mode}:${self.host.via.path}"
  requires host: Host via Mounted
}
node type Server {
  implements SafeKeeping
  @replace
  property icon: file
  property door: Door = { side = "left" }
  property doors: list<Door> = []
  property secretly: secret string?
  attribute address: string
  attribute used: size
  capability http: Http { tls = true }
  requires host: Host via HostedOn where self.memory.value > 0
  requires peers: Server[0..] via ConnectsTo
  operation safe_keeping.snapshot = script("snapshot.sh") {
    args    = { to = bucket, wait = timeout, side = self.door.side }
    sets    = { used = result.bytes }
    timeout = 5m
  }
  check self.door.width < 100
}
node type Vault {
  implements SafeKeeping as vault
  operation vault.snapshot = script("snapshot.sh")
}
group type Site {
  members: Host[1..]
  property region: string
}
policy type Guard {
  targets: Root[0..]
  run: Workflow
  property strict: bool = false
}

node one: Host
node fixed: FixedHost
node many: BigHost for name in ["a", "b"] { mode = if name == "a" then "a" else "b" }
node web: Server {
  let size_of_it = replicas * 2
  icon     = "icon.png"
  door     = { ...wide, width = size_of_it }
  doors    = [{ side = "right" }, wide]
  secretly = token
  http     = { port = 80 }
  host -> one
  operation safe_keeping.snapshot = script("other.sh")
}
node also: Server if replicas > 1 {
  icon = file("icon.png")
  http = { port = web.http.port + 1 }
  host -> one
  peers -> [web]
}
node vault: Vault
node volume: Volume {
  host -> one via Mounted { path = "/d" }
}
node films: stores.Store using small.Blueprint { size = 2GiB }
node pictures: small.Blueprint { size = 1GiB }
node gate: net.Gate { height = net.tall }
select clusters: k8s.Cluster[0..] { where = self.labels.tier == environment }
node space: k8s.Namespace for cluster in clusters {
  name = "shop"
  host -> cluster
}
group hosts: Site {
  members = [one, many]
  region  = "eu"
}
policy gradual: fleet.Rollout {
  targets = [space]
}
policy guarded: Guard {
  targets = [hosts, web]
  run     = clean
  with    = { store = "a", days = 3 }
  strict  = true
}
workflow clean(store: string, days: int = 7) -> { removed: int } {
  return { removed = days }
}
workflow backup(to: string, of: Server) {
  let first = call web.safe_keeping.snapshot { bucket = to, timeout = 30m }
  call of.safe_keeping.snapshot { bucket = "b" }
  call vault.vault.snapshot { bucket = "c" }
  for part in ["x", "y"] max 2 {
    call web.safe_keeping.snapshot { bucket = part }
  }
  let again = run clean { store = to, days = 3 }
  if first.bytes > 1GiB and again.removed > 0 {
    wait until first.bytes > 1GiB timeout 5m
  } else {
    fail "no ${to}"
  }
  on failure {
    fail "${error.message} ${to}"
  }
}
expose http = web.http
output labels_of: list<string> = [label(each, replicas) for each in ["a"] if length(each) > 0]
output url: string = films.url
output all_wide: bool = all(door in web.doors, door.width > 1)
output pairs: map<string> = { key = value for key, value in { a = "b" } }
test "all is well" {
  let total = count(many)
  inputs  = { replicas = 3, environment = "prod" }
  secrets = { token = "x" }
  assert total == 2 and web.door.width == 6 else "not ${total}"
}
"#;

const BESIDE: &[(&str, &str)] = &[
    ("icon.png", "icon"),
    (
        "store.bp",
        "/// What every store is.\nabstract node type Store {\n  property size: size\n  attribute url: string\n}\n",
    ),
    (
        "small.bp",
        "blueprint little substitutes store.Store where self.size < 1TiB { version = \"1.0.0\" }\n\
         use \"./store.bp\" as store\ninput size: size\noutput url: string = \"a-${size}\"\n",
    ),
    (
        "sizes.bp",
        "const narrow = 1\ndata type Size { value: int }\nfn doubled(x: int) -> int = x * 2 * narrow\n",
    ),
    ("deep/net.bp", "const tall = 3\nnode type Gate { property height: int = tall }\n"),
];

fn root() -> PathBuf {
    PathBuf::from("/nowhere/town.bp")
}

fn overlay(town: &str) -> Overlay {
    let folder = Path::new("/nowhere");
    let mut overlay: Overlay =
        BESIDE.iter().map(|(name, text)| (folder.join(name), (*text).to_owned())).collect();
    overlay.insert(root(), town.to_owned());
    overlay
}

/// The text of a file, the cursor before the first of these words in it.
fn cursor(overlay: &Overlay, file: &str, marked: &str) -> (Analysis, u32) {
    let path = Path::new("/nowhere").join(file);
    let text = &overlay[&path];
    let plain = marked.replace("$0", "");
    let at = text.find(&plain).unwrap_or_else(|| panic!("no {plain}")) + marked.find("$0").unwrap();
    (Analysis::check_with(&path, overlay), u32::try_from(at).unwrap())
}

fn renamed(file: &str, marked: &str, name: &str) -> Result<Vec<Changes>, RenameError> {
    let overlay = overlay(TOWN);
    let (analysis, at) = cursor(&overlay, file, marked);
    ide::rename(&analysis, at, name, &overlay)
}

/// The lines that changed, as they are then, by file.
#[track_caller]
fn lines(file: &str, marked: &str, name: &str) -> Vec<String> {
    let changes = renamed(file, marked, name).unwrap_or_else(|error| panic!("{marked}: {error}"));
    let mut found = Vec::new();
    for one in changes {
        let own = one.path.file_name().unwrap().to_string_lossy().into_owned();
        let (old, new) = (one.source.text().to_owned(), one.changed());
        let differing = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
        found.extend(differing.map(|(_, new)| format!("{own}: {}", new.trim())));
    }
    found
}

#[test]
fn the_town_has_no_mistake() {
    let analysis = Analysis::check_with(&root(), &overlay(TOWN));
    let errors = analysis.diagnostics().iter().filter(|d| d.severity == Severity::Error);
    let said: Vec<_> = errors.map(|d| format!("{} {}", d.code, d.message)).collect();
    assert!(said.is_empty(), "{said:#?}");
}

#[test]
fn a_new_name_reaches_all_places() {
    assert_eq!(
        lines("town.bp", "input rep$0licas", "copies"),
        [
            "town.bp: input copies: int = 2 where self in 1..20",
            "town.bp: let size_of_it = copies * 2",
            "town.bp: node also: Server if copies > 1 {",
            "town.bp: output labels_of: list<string> = [label(each, copies) for each in [\"a\"] if length(each) > 0]",
            "town.bp: inputs  = { copies = 3, environment = \"prod\" }",
        ]
    );
    // A type with all that an interface is called by.
    assert_eq!(
        lines("town.bp", "type Safe$0Keeping", "Backup"),
        [
            "town.bp: interface type Backup {",
            "town.bp: implements Backup",
            "town.bp: operation backup.snapshot = script(\"snapshot.sh\") {",
            "town.bp: implements Backup as vault",
            "town.bp: operation backup.snapshot = script(\"other.sh\")",
            "town.bp: let first = call web.backup.snapshot { bucket = to, timeout = 30m }",
            "town.bp: call of.backup.snapshot { bucket = \"b\" }",
            "town.bp: call web.backup.snapshot { bucket = part }",
        ]
    );
    // An operation, its parameter, and the name that a node type gives to an interface.
    assert_eq!(lines("town.bp", "vault.snap$0shot {", "copy").len(), 8);
    assert_eq!(
        lines("town.bp", "{ bucket = pa$0rt", "piece"),
        [
            "town.bp: for piece in [\"x\", \"y\"] max 2 {",
            "town.bp: call web.safe_keeping.snapshot { bucket = piece }"
        ]
    );
    assert_eq!(
        lines("town.bp", "args    = { to = buc$0ket", "place"),
        [
            "town.bp: operation snapshot(place: string, timeout: duration = 10m) -> { bytes: size }",
            "town.bp: args    = { to = place, wait = timeout, side = self.door.side }",
            "town.bp: let first = call web.safe_keeping.snapshot { place = to, timeout = 30m }",
            "town.bp: call of.safe_keeping.snapshot { place = \"b\" }",
            "town.bp: call vault.vault.snapshot { place = \"c\" }",
            "town.bp: call web.safe_keeping.snapshot { place = part }",
        ]
    );
    assert_eq!(
        lines("town.bp", "as vau$0lt", "safe"),
        [
            "town.bp: implements SafeKeeping as safe",
            "town.bp: operation safe.snapshot = script(\"snapshot.sh\")",
            "town.bp: call vault.safe.snapshot { bucket = \"c\" }",
        ]
    );
    // A member with its refinements, from any of them.
    for marked in ["property mo$0de: \"a\" | \"b\"\n", "fixed mo$0de", "self.host.mo$0de"] {
        assert_eq!(lines("town.bp", marked, "kind").len(), 6, "{marked}");
    }
    assert_eq!(
        lines("town.bp", "sets    = { us$0ed", "taken"),
        ["town.bp: attribute taken: size", "town.bp: sets    = { taken = result.bytes }"]
    );
    // What runs it, with what.
    assert_eq!(
        lines("town.bp", "with    = { sto$0re", "shelf"),
        [
            "town.bp: with    = { shelf = \"a\", days = 3 }",
            "town.bp: workflow clean(shelf: string, days: int = 7) -> { removed: int } {",
            "town.bp: let again = run clean { shelf = to, days = 3 }",
        ]
    );
}

#[test]
fn a_new_name_reaches_other_files() {
    let narrow =
        ["town.bp: use \"./sizes.bp\" { slim, Size, doubled }", "town.bp: width: int = slim"];
    let own = ["sizes.bp: const slim = 1", "sizes.bp: fn doubled(x: int) -> int = x * 2 * slim"];
    assert_eq!(lines("town.bp", "int = nar$0row", "slim"), [narrow, own].concat());
    assert_eq!(lines("sizes.bp", "* nar$0row", "slim"), [own, narrow].concat());
    // The abstract type's property is the input of who stands for it, and what a node of it sets.
    assert_eq!(
        lines("town.bp", "using small.Blueprint { si$0ze", "room"),
        [
            "town.bp: node films: stores.Store using small.Blueprint { room = 2GiB }",
            "town.bp: node pictures: small.Blueprint { room = 1GiB }",
            "small.bp: blueprint little substitutes store.Store where self.room < 1TiB { version = \"1.0.0\" }",
            "small.bp: input room: size",
            "small.bp: output url: string = \"a-${room}\"",
            "store.bp: property room: size",
        ]
    );
    // A module's name is this file's own.
    assert_eq!(
        lines("town.bp", "sto$0res.Store", "shelves"),
        [
            "town.bp: use \"./store.bp\" as shelves",
            "town.bp: node films: shelves.Store using small.Blueprint { size = 2GiB }",
        ]
    );
    assert_eq!(
        lines("town.bp", "ne$0t.Gate", "web_net"),
        [
            "town.bp: use \"./deep/net.bp\" as web_net",
            "town.bp: node gate: web_net.Gate { height = web_net.tall }",
        ]
    );
    assert_eq!(
        lines("town.bp", "fle$0et.Rollout", "ships"),
        ["town.bp: use std.fleet as ships", "town.bp: policy gradual: ships.Rollout {"]
    );
}

#[test]
fn what_can_t_be_renamed_is_said() {
    let why = |marked: &str, name: &str| renamed("town.bp", marked, name).unwrap_err().to_string();
    assert!(why("k8s.Clus$0ter", "X").contains("the standard library"));
    assert!(why("web.safe_ke$0eping", "x").contains("rename `SafeKeeping` where it is declared"));
    assert!(why("small.Blue$0print {", "X").contains("rename `little`"));
    assert!(why("\"all is we$0ll\"", "x").contains("is a text"));
    assert!(why("input rep$0licas", "1x").contains("is not a name"));
    assert!(why("input rep$0licas", "a b").contains("is not a name"));
    assert!(why("vers$0ion", "x").contains("nothing stands here"));
    // A name that is taken, one of the wrong letters, a word of the language.
    assert!(why("input rep$0licas", "environment").contains("there would be a mistake in town.bp"));
    assert!(why("input rep$0licas", "Copies").contains("there would be a mistake"));
    assert!(why("input rep$0licas", "if").contains("there would be a mistake"));
    let narrow = renamed("sizes.bp", "* nar$0row", "web").unwrap_err();
    assert!(narrow.to_string().contains("in town.bp"), "{narrow}");
}

/// Whatever is declared has all of its places found: with a new name nothing is wrong.
#[test]
fn every_name_can_be_another() {
    let overlay = overlay(TOWN);
    let analysis = Analysis::check_with(&root(), &overlay);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut seen: BTreeSet<u32> = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut at = 0;
    for word in TOWN.split_inclusive(|c: char| !is_word(c)) {
        let start = u32::try_from(at).unwrap();
        at += word.len();
        let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_name || seen.contains(&start) || ide::nameable(&analysis, start).is_err() {
            continue;
        }
        let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
        let name = if upper { "ZzOther" } else { "zz_other" };
        seen.extend(ide::highlights(&analysis, start).iter().map(|span| span.start));
        match ide::rename(&analysis, start, name, &overlay) {
            Ok(changes) if changes.iter().any(|one| !one.edits.is_empty()) => {}
            Ok(_) => wrong.push(format!("{word} at {start}: no place")),
            Err(error) => wrong.push(format!("{word} at {start}: {error}")),
        }
    }
    assert!(seen.len() > 200, "{}", seen.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// While a long text is typed in, what is below has not moved, whatever its lines are.
#[test]
fn names_are_found_below_what_was_just_typed() {
    let library = |typed: &str| {
        let filler: Vec<String> =
            (0..600).map(|at| format!("const filler_{at} = {at}\n")).collect();
        let filler = filler.concat();
        format!("// {typed}\n{filler}\nnode type Late {{\n  property size: int = filler_599\n}}\n")
    };
    let other = "use \"./library.bp\" { Late }\n\nblueprint other {\n  version = \"1.0.0\"\n}\n\nnode late: Late\n";
    let path = Path::new("/nowhere/library.bp");
    let mut overlay = Overlay::from([
        (path.to_owned(), library("")),
        (Path::new("/nowhere/other.bp").to_owned(), other.to_owned()),
    ]);
    let mut analysis = Analysis::check_with(path, &overlay);
    for typed in ["a", "al", "all"] {
        overlay.insert(path.to_owned(), library(typed));
        analysis = analysis.check_again(path, &overlay);
    }
    let source = analysis.sources().file(FileId(0)).unwrap();
    let anew = SourceFile::new("library.bp", library("all"));
    assert!(source.text().len() > anew.text().len(), "there is a gap");
    for (word, name, files) in [("filler_599", "newest", 1), ("Late", "Newest", 2)] {
        let at = u32::try_from(source.text().find(word).unwrap()).unwrap();
        let lines: Vec<_> = ide::references(&analysis, at, &overlay)
            .iter()
            .filter(|places| places.path == path)
            .flat_map(|places| places.spans.iter().map(|at| places.source.positions(*at)))
            .collect();
        let wanted = library("all");
        let wanted = wanted.match_indices(word).map(|(at, _)| {
            let (start, end) =
                (u32::try_from(at).unwrap(), u32::try_from(at + word.len()).unwrap());
            anew.positions(Span::new(start, end))
        });
        assert_eq!(lines, wanted.collect::<Vec<_>>(), "{word}");
        let changes = ide::rename(&analysis, at, name, &overlay).unwrap();
        assert_eq!(changes.len(), files, "{word}");
        for one in changes {
            let old = &overlay[&one.path];
            assert_eq!(one.changed(), old.replace(word, name), "{word}");
        }
    }
}

#[test]
fn references_lead_to_files_and_declarations() {
    let overlay = overlay(TOWN);
    let (analysis, at) = cursor(&overlay, "town.bp", "k8s.Clus$0ter");
    let found = ide::references(&analysis, at, &overlay);
    let shown: Vec<(String, usize)> = found
        .iter()
        .map(|places| (places.path.display().to_string(), places.spans.len()))
        .collect();
    let own = root().display().to_string();
    assert_eq!(shown, [(own, 1), ("std/kubernetes.bp".to_owned(), 1)]);
    let declared = found[1].source.slice(found[1].spans[0]);
    assert_eq!(declared, "Cluster");
    // A word of another meaning is none of them.
    let (analysis, at) = cursor(&overlay, "town.bp", "data type Do$0or");
    let found = ide::references(&analysis, at, &overlay);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spans.len(), 4);
    let (analysis, at) = cursor(&overlay, "town.bp", "vers$0ion");
    assert!(ide::references(&analysis, at, &overlay).is_empty());
}

#[test]
fn a_package_is_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("bp.toml", "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n");
    write("lib/sizes.bp", "const small = 1\n");
    write("a/one.bp", "use \"../lib/sizes.bp\" as sizes\nconst x = sizes.small\n");
    write("a/two.bp", "use shop.lib.sizes\nconst small = sizes.small\n");
    write("a/three.bp", "const small = 3\n");
    // Another package has its own.
    write("b/bp.toml", "[package]\nname = \"other\"\nversion = \"1.0.0\"\n");
    write("b/four.bp", "const small = 4\n");
    let path = folder.path().join("lib/sizes.bp");
    let analysis = Analysis::check_with(&path, &Overlay::new());
    let changes = ide::rename(&analysis, 8, "tiny", &Overlay::new()).unwrap();
    let shown: Vec<String> = changes.iter().map(Changes::changed).collect();
    assert_eq!(
        shown,
        [
            "const tiny = 1\n",
            "use \"../lib/sizes.bp\" as sizes\nconst x = sizes.tiny\n",
            "use shop.lib.sizes\nconst small = sizes.tiny\n",
        ]
    );
}

/// Where the cursor is, how that is declared, words of what is told, and the name at its declaration.
const TOLD: &[(&str, &str, &str, &str)] = &[
    (
        "operation safe_keeping.snap$0shot = script(\"snapshot.sh\")",
        "safe_keeping.snapshot(bucket: string",
        "",
        "snapshot",
    ),
    (
        "operation safe_$0keeping.snapshot = script(\"snapshot.sh\")",
        "interface type SafeKeeping",
        "What keeps the data safe.",
        "SafeKeeping",
    ),
    (
        "operation configure.establish_$0target",
        "configure.establish_target()",
        "On the target",
        "establish_target",
    ),
    ("args    = { to = buc$0ket", "bucket: string", "", "bucket"),
    ("    se$0ts    =", "sets", "Attributes of the node", ""),
    ("    ti$0meout = 5m", "timeout: duration?", "How long it may take", "timeout"),
    ("sets    = { us$0ed", "used: size", "", "used"),
    ("sets    = { used = res$0ult", "result: { bytes: size }", "", ""),
    (
        "mode = target.mo$0de",
        "property mode: \"a\" | \"b\" | \"c\" = \"a\"",
        "property of `Host`",
        "mode",
    ),
    ("  ta$0rget: Host", "target", "What is required.", ""),
    ("  members: Ho$0st", "node type Host", "", "Host"),
    ("  ru$0n: Workflow", "run", "Policies of the type run a workflow.", ""),
    ("as vau$0lt", "implements SafeKeeping as vault", "interface of `Vault`", "vault"),
    (
        "  ht$0tp     = { port = 80 }",
        "capability http: Http { tls = true }",
        "capability of `Server`",
        "http",
    ),
    ("http     = { po$0rt = 80 }", "property port: int", "property of `Http`", "port"),
    (
        "using small.Blue$0print",
        "blueprint little substitutes store.Store where self.size < 1TiB",
        "",
        "little",
    ),
    ("using small.Blueprint { si$0ze", "property size: size", "property of `Store`", "size"),
    ("pictures: small.Blueprint { si$0ze", "input size: size", "", "size"),
    ("  mem$0bers = [one", "members", "Nodes, collections", ""),
    ("  reg$0ion  = \"eu\"", "property region: string", "property of `Site`", "region"),
    ("  ru$0n     = clean", "run", "The workflow that is run.", ""),
    (
        "  run     = cle$0an",
        "workflow clean(store: string, days: int = 7) -> { removed: int }",
        "",
        "clean",
    ),
    ("with    = { sto$0re", "store: string", "", "store"),
    ("targets = [hos$0ts", "group hosts: Site", "", "hosts"),
    ("let fir$0st = call", "first: { bytes: size }", "", "first"),
    ("if fir$0st.bytes", "first: { bytes: size }", "", "first"),
    ("for pa$0rt in", "part: \"x\" | \"y\"", "", "part"),
    ("error.mess$0age", "", "", ""),
    ("inputs  = { rep$0licas", "replicas: int", "", "replicas"),
    ("secrets = { tok$0en", "token: string", "", "token"),
    ("else \"not ${to$0tal", "total: int", "", "total"),
    ("use std.kubernetes as k$08s", "std.kubernetes", "`Deployment`", ""),
    ("sto$0res.Store", "store.bp", "`Store`", ""),
    ("  icon     = \"ic$0on.png\"", "", "", "file"),
    ("expose ht$0tp", "expose http = web.http", "", "http"),
    ("port = web.http.po$0rt", "property port: int", "property of `Http`", "port"),
    (
        "env$0ironment}\"",
        "input environment: \"dev\" | \"prod\" = \"dev\"",
        "Known when it is deployed.",
        "environment",
    ),
    ("width: int = nar$0row", "const narrow = 1", "Known when compiling.", "narrow"),
    (
        "output url: string = films.u$0rl",
        "attribute url: string",
        "Known only once other nodes are there.",
        "url",
    ),
];

#[test]
fn every_construct_is_told_of_and_leads_to_its_declaration() {
    let overlay = overlay(TOWN);
    let mut wrong = Vec::new();
    for (marked, code, words, name) in TOLD {
        let (analysis, at) = cursor(&overlay, "town.bp", marked);
        if !code.is_empty() {
            match ide::hover(&analysis, at) {
                Some(told) if told.code.contains(code) && told.text.contains(words) => {}
                told => wrong.push(format!("{marked}: told {told:?}")),
            }
        }
        let place = ide::definition(&analysis, at);
        let declared = place.map(|place| {
            let source = analysis.sources().file(place.file).unwrap();
            source.slice(place.span).to_owned()
        });
        let is_right = match (*name, &declared) {
            ("file", Some(_)) => true,
            (name, Some(declared)) => declared == name,
            (name, None) => name.is_empty(),
        };
        if !is_right {
            wrong.push(format!("{marked}: declared {declared:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn operations_and_implementations_are_symbols() {
    let analysis = Analysis::check_with(&root(), &overlay(TOWN));
    let found = ide::symbols(&analysis.sources().modules[0].tree);
    let of = |name: &str| found.iter().find(|symbol| symbol.name == name).unwrap();
    let inside = |name: &str| -> Vec<&str> {
        of(name).children.iter().map(|symbol| symbol.name.as_str()).collect()
    };
    assert_eq!(inside("SafeKeeping"), ["snapshot"]);
    assert!(inside("Server").contains(&"safe_keeping.snapshot"), "{:?}", inside("Server"));
    assert_eq!(inside("Mounted"), ["source", "target", "path", "configure.establish_target"]);
    assert_eq!(inside("guarded"), ["targets", "run", "with", "strict"]);
    assert_eq!(inside("all is well"), ["total", "inputs", "secrets"]);
    assert_eq!(of("clean").detail, "workflow");
}

/// The first text with one of the extractions made.
fn extracted(text: &str, of: &str, title: &str) -> Option<String> {
    let overlay: Overlay = [(root(), text.to_owned())].into();
    let analysis = Analysis::check_with(&root(), &overlay);
    let start = u32::try_from(text.find(of).unwrap()).unwrap();
    let span = bp_compiler::source::Span::new(start, start + u32::try_from(of.len()).unwrap());
    let found = ide::extractions(&analysis, span, &overlay);
    let one = found.into_iter().find(|one| one.title.contains(title))?;
    let mut text = text.to_owned();
    for (span, new) in one.edits.iter().rev() {
        text.replace_range(span.start as usize..span.end as usize, new);
    }
    let after = Analysis::check_with(&root(), &[(root(), text.clone())].into());
    assert!(!after.has_errors(), "{text}\n{:#?}", after.diagnostics());
    Some(text)
}

#[test]
fn a_value_becomes_a_constant_or_an_input() {
    let text = "blueprint a { version = \"1.0.0\" }\n\nconst small = 1\n\n/// A host.\nnode type Host {\n  property memory: size\n  property tags: list<string> = []\n  property mode: \"a\" | \"b\"\n}\n\n/// The one.\n@protect\nnode one: Host {\n  memory = 2GiB * small\n  tags = [\"a\", \"b\"]\n  mode = \"a\"\n}\n";
    let put = |head: &str, old: &str, new: &str| {
        Some(text.replace("/// The one.\n", &format!("{head}\n\n/// The one.\n")).replace(old, new))
    };
    assert_eq!(
        extracted(text, "2GiB * small", "constant"),
        put("const memory = 2GiB * small", "= 2GiB * small\n  tags", "= memory\n  tags")
    );
    assert_eq!(
        extracted(text, "2GiB", "constant"),
        put("const memory = 2GiB", "= 2GiB * small\n  tags", "= memory * small\n  tags")
    );
    assert_eq!(
        extracted(text, "2GiB * small", "input"),
        put("input memory: size = 2GiB * small", "= 2GiB * small\n  tags", "= memory\n  tags")
    );
    assert_eq!(
        extracted(text, "[\"a\", \"b\"]", "input"),
        put(
            "input tags: list<string> = [\"a\", \"b\"]",
            "  tags = [\"a\", \"b\"]",
            "  tags = tags"
        )
    );
    let head = "input mode: \"a\" | \"b\" = \"a\"";
    assert_eq!(extracted(text, "\"a\"\n}", "input"), None, "not an expression");
    let parted = text.replace("mode = \"a\"", "mode = (\"a\")");
    let made = extracted(&parted, "(\"a\")", "input").unwrap();
    assert!(made.contains(&head.replace("= \"a\"", "= (\"a\")")), "{made}");
    // What is not known here alone stays where it is.
    let looped = text
        .replace("one: Host {", "one: Host for x in [\"c\"] {")
        .replace("[\"a\", \"b\"]", "[x]");
    assert_eq!(extracted(&looped, "[x]", "constant"), None);
    // A name that is taken is not taken again.
    let taken = text.replace("const small", "const memory = 3\nconst small");
    assert!(extracted(&taken, "2GiB", "constant").unwrap().contains("const memory_2 = 2GiB"));
    // A module has no inputs.
    let module = "node type Host {\n  property memory: size = 2GiB\n}\n";
    assert_eq!(extracted(module, "2GiB", "input"), None);
    assert_eq!(
        extracted(module, "2GiB", "constant").unwrap(),
        "const memory = 2GiB\n\nnode type Host {\n  property memory: size = memory\n}\n"
    );
}
