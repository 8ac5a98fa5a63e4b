//! `kill -9` at random moments of a whole life: install, update, rollback and removal of 200 nodes of all kinds, with the
//! journal in a file and in PostgreSQL. Always the same end, every effect as without a crash, no hand needed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bp_tests::{Cluster, Environment, Objects, Postgres};
use rand::RngExt as _;
use serde_json::Value as Json;

use crate::{SEED, seeded};

/// How many lives are lived, each with a kill, where nobody says so.
const LIVES: u32 = 20;
const KILLS: &str = "BLUEPRINT_TEST_KILLS";
const PATIENCE: Duration = Duration::from_mins(3);

/// What is deployed: objects on each of three clusters, nodes that are only counted, and scripts.
const CLUSTERS: usize = 3;
const MAPS: usize = 19;
const ITEMS: usize = 120;
const SCRIPTS: usize = 20;

/// The phases of a life: what is asked for, and the revision that is then there.
const PHASES: [Phase; 4] = [
    Phase { verb: "deploy", revision: 1, state: "deployed" },
    Phase { verb: "update", revision: 2, state: "deployed" },
    Phase { verb: "rollback", revision: 3, state: "deployed" },
    Phase { verb: "uninstall", revision: 4, state: "removed" },
];

#[derive(Clone, Copy, Debug)]
struct Phase {
    verb: &'static str,
    revision: u64,
    state: &'static str,
}

/// What there is after a phase.
#[derive(Debug, PartialEq)]
struct Seen {
    /// How often each effect took place, of items and of scripts, by the instance and what was done to it.
    effects: BTreeMap<String, usize>,
    /// What is wanted of each object, cluster by cluster, with the number of times that it was changed.
    objects: Vec<BTreeMap<String, (Json, Option<i64>)>>,
}

fn blueprint(name: &str, log: &str) -> String {
    let mut text = format!(
        r#"blueprint mixed {{ version = "1.0.0" }}
use std.kubernetes as k8s
input size: int = 1
select demo: k8s.Cluster[1..] {{ where = self.labels.tier == "demo" }}
node type Item {{
  property label: string
  property size: int = 0
  requires after: Item[0..1] via DependsOn
  provider = "noop"
}}
node type Box {{
  requires after: Item[0..1] via DependsOn
  operation lifecycle.create = script("note.sh") {{ env = {{ LOG = "{log}", DID = "create" }} }}
  operation lifecycle.delete = script("note.sh") {{ env = {{ LOG = "{log}", DID = "delete" }} }}
}}
node space: k8s.Namespace for cluster in demo {{
  name = "{name}"
  host -> cluster
}}
"#
    );
    // Writing to a String cannot fail.
    for at in 0..MAPS {
        let size = if at % 2 == 0 { "${size}" } else { "1" };
        let _ = writeln!(
            text,
            "node map{at}: k8s.ConfigMap for cluster in demo {{\n  name = \"map{at}\"\n  namespace = space[cluster].name\n  \
             data = {{ size = \"{size}\", on = cluster.name }}\n  host -> cluster\n}}"
        );
    }
    for at in 0..ITEMS {
        let size = if at % 3 == 0 { "size" } else { "1" };
        let after =
            if at == 0 { String::new() } else { format!("  after -> item{}\n", (at - 1) / 2) };
        let _ = writeln!(
            text,
            "node item{at}: Item {{\n  label = \"item {at}\"\n  size = {size}\n{after}}}"
        );
    }
    for at in 0..SCRIPTS {
        let _ = writeln!(text, "node box{at}: Box {{\n  after -> item{}\n}}", at * 5);
    }
    text
}

/// One life of a deployment, in a home of its own, on clusters that others share.
struct Life<'w> {
    environment: Environment,
    clusters: &'w [Cluster],
    name: String,
    plan: PathBuf,
}

impl<'w> Life<'w> {
    fn new(clusters: &'w [Cluster], name: &str, journal: Option<&str>) -> Self {
        let mut environment = Environment::new();
        if let Some(url) = journal {
            environment.set("BPR_JOURNAL", url);
        }
        environment.set("BPR_NOOP_LOG", environment.folder().join("items.log").to_string_lossy());
        environment.write("note.sh", "echo \"$BLUEPRINT_INSTANCE $DID\" >> \"$LOG\"\n");
        let log = environment.folder().join("boxes.log");
        let plan = environment.compile_text("mixed", &blueprint(name, &log.to_string_lossy()));
        Self { environment, clusters, name: name.to_owned(), plan }
    }

    fn arguments(&self, phase: Phase) -> Vec<String> {
        let inventory = || self.environment.inventory(self.clusters).to_string_lossy().into_owned();
        let plan = self.plan.to_string_lossy().into_owned();
        let words: Vec<String> = match phase.verb {
            "deploy" => {
                vec![plan, "--name".into(), self.name.clone(), "--inventory".into(), inventory()]
            }
            "update" => vec![self.name.clone(), "--input".into(), "size=2".into()],
            _ => vec![self.name.clone()],
        };
        std::iter::once(phase.verb.to_owned()).chain(words).collect()
    }

    /// Goes through a phase; where it is killed after this time, goes on as a person does who knows nothing but its
    /// name. How long its process took, where it came to its end by itself.
    fn pass(&self, phase: Phase, kill_after: Option<Duration>, what: &str) -> Option<Duration> {
        let arguments = self.arguments(phase);
        let begin = Instant::now();
        let mut running = self.environment.start_bpr(&arguments);
        let Some(moment) = kill_after else {
            let _ = running.wait(PATIENCE).expect(0);
            let took = begin.elapsed();
            self.assert_there(phase, what);
            return Some(took);
        };
        while begin.elapsed() < moment && !running.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let took = begin.elapsed();
        let was_killed = running.kill().code.is_none();
        let resumed = self.environment.on("resume", &self.name);
        let revision = self.revision();
        if revision < phase.revision {
            // It was killed before anything of it was written down, and nothing of it happened.
            assert_eq!(revision, phase.revision - 1, "{what}: {}", resumed.words());
            let _ = self.environment.bpr(&arguments).expect(0);
        } else {
            let _ = resumed.expect(0);
        }
        self.assert_there(phase, what);
        (!was_killed).then_some(took)
    }

    /// The newest revision; 0 where there is none.
    fn revision(&self) -> u64 {
        let status = self.environment.bpr(["status", &self.name, "--output", "json"]);
        if status.code == Some(1) { 0 } else { status.json()["revision"].as_u64().unwrap_or(0) }
    }

    fn assert_there(&self, phase: Phase, what: &str) {
        let status = self.environment.ask("status", &self.name, 0);
        assert_eq!(
            (&status["state"], &status["revision"]),
            (&phase.state.into(), &phase.revision.into()),
            "{what}: {status:#}"
        );
    }

    fn seen(&self) -> Seen {
        let mut effects = BTreeMap::new();
        for (log, has_key) in [("items.log", true), ("boxes.log", false)] {
            let text = std::fs::read_to_string(self.environment.folder().join(log));
            for line in text.unwrap_or_default().lines() {
                let effect = if has_key { line.rsplit_once(' ').unwrap().0 } else { line };
                *effects.entry(effect.to_owned()).or_insert(0) += 1;
            }
        }
        let objects = self.clusters.iter().map(|cluster| {
            let all = Objects::of(cluster, &self.name).0.into_iter();
            all.map(|(name, object)| (name, (object.wanted, object.generation))).collect()
        });
        Seen { effects, objects: objects.collect() }
    }

    fn verify(&self) {
        let verified = self.environment.bpr(["journal", "verify", &self.name]).expect(0).stdout;
        assert!(verified.contains("all as they were written"), "{verified}");
    }
}

/// Lives one life without a kill, and then each of the others with one.
fn live(journal: &dyn Fn(u32) -> Option<String>) {
    let (seed, mut random) = seeded();
    let lives = std::env::var(KILLS).map_or(LIVES, |text| text.parse().unwrap());
    let mut serving = Environment::new();
    let clusters = serving.embedded(CLUSTERS);

    let life = Life::new(&clusters, "mixed", journal(0).as_deref());
    let mut took = Vec::new();
    let mut reference = Vec::new();
    for phase in PHASES {
        took.extend(life.pass(phase, None, "without a kill"));
        reference.push(life.seen());
    }
    let first = &reference[0];
    let objects: usize = first.objects.iter().map(BTreeMap::len).sum();
    assert_eq!(first.effects.len() + objects, 200, "nodes of all kinds");
    drop(life);

    let mut in_the_middle = 0_u32;
    for round in 1..=lives {
        let at = usize::try_from(random.random_range(0..4_u32)).unwrap();
        let moment = took[at].mul_f64(random.random_range(0.0..1.0));
        let what =
            format!("{SEED}={seed}, life {round}, {} killed after {moment:?}", PHASES[at].verb);
        let life = Life::new(&clusters, "mixed", journal(round).as_deref());
        for (number, (phase, reference)) in PHASES.into_iter().zip(&reference).enumerate() {
            let kill_after = (phase.verb == PHASES[at].verb).then_some(moment);
            match life.pass(phase, kill_after, &what) {
                // A machine is not always as fast as it was.
                Some(time) => took[number] = time,
                None => in_the_middle += 1,
            }
            assert_eq!(&life.seen(), reference, "{what}, after {}", phase.verb);
        }
        life.verify();
    }
    println!("{in_the_middle} of {lives} kills met a process that worked");
    assert!(in_the_middle >= lives / 2, "too few kills met a process that worked");
}

#[test]
fn killed_at_random_moments_of_a_life_with_the_journal_in_a_file() {
    live(&|_| None);
}

#[test]
fn killed_at_random_moments_of_a_life_with_the_journal_in_a_database() {
    let postgres = Postgres::start();
    live(&|round| Some(postgres.database(&format!("life{round}"))));
}
