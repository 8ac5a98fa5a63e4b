//! What the journal costs, and what it gives: steps a second in both homes, bytes a step, what a look that finds nothing
//! adds, and how soon a runtime decides again after it was killed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bp_tests::Postgres;
use rusqlite::{Connection, OpenFlags};

use crate::measure::Job;
use crate::series::{Finding, Point, Programs};

/// How many steps a second must be durable in a file, and in a database.
const LEAST_IN_FILE: f64 = 5_000.0;
const LEAST_IN_DATABASE: f64 = 2_000.0;
/// How many nodes are deployed with their journal in a database.
const IN_DATABASE: usize = 10_000;
/// How many bytes a step may take, from so many nodes on.
const MOST_BYTES: f64 = 1_024.0;
const BYTES_FROM: usize = 1_000;
/// How many seconds of processors a plan may take that finds nothing, for so many nodes.
const MOST_PLAN: f64 = 10.0;
const PLANNED: usize = 100_000;
/// How many targets are open when a runtime is killed, how many nodes each has, and how many seconds the next one may
/// take until it has decided something.
const TARGETS: u32 = 10_000;
const NODES_EACH: usize = 8;
const MOST_RESTART: f64 = 2.0;
/// How long anything may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// All of it; the trees were deployed before, and their journals are still there.
pub(crate) fn findings(
    programs: &Programs,
    work: &Path,
    points: &[Point],
) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    if let Some(point) = points.iter().rev().find(|point| point.deployed.is_some()) {
        let path = journal(&work.join(point.nodes.to_string()), "bench");
        let place = ("in a file", "from its first to its last, by the journal's own times");
        findings.push(rate(place, point.nodes, sustained(&look(&path)?)?, LEAST_IN_FILE));
    }
    for point in points.iter().filter(|p| p.deployed.is_some() && p.nodes >= BYTES_FROM) {
        findings.push(bytes(&journal(&work.join(point.nodes.to_string()), "bench"), point.nodes)?);
    }
    if let Some(point) = points.iter().find(|p| p.deployed.is_some() && p.nodes == PLANNED) {
        findings.extend(planned(programs, &work.join(point.nodes.to_string()), point.nodes)?);
    }
    if points.iter().any(|point| point.nodes == IN_DATABASE) {
        println!("{IN_DATABASE} nodes, with the journal in PostgreSQL …");
        findings.push(in_database(programs, &work.join(IN_DATABASE.to_string()))?);
        println!("{TARGETS} targets, and a kill …");
        findings.push(restart(programs, &work.join("restart"))?);
    }
    Ok(findings)
}

/// The journal of a deployment.
fn journal(folder: &Path, name: &str) -> PathBuf {
    folder.join("home/deployments").join(name).join("journal.db")
}

fn failed(error: &rusqlite::Error) -> String {
    format!("the journal can't be read: {error}")
}

fn number(journal: &Connection, sql: &str) -> Result<i64, String> {
    journal.query_row(sql, [], |row| row.get(0)).map_err(|error| failed(&error))
}

/// A connection that only looks.
fn look(journal: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(journal, flags).map_err(|e| failed(&e))?;
    connection.busy_timeout(PATIENCE).map_err(|error| failed(&error))?;
    Ok(connection)
}

/// How many seconds there are between the begin of the first step and the end of the last.
#[expect(clippy::cast_precision_loss, reason = "no deployment takes so long")]
fn sustained(journal: &Connection) -> Result<f64, String> {
    let sql = "SELECT coalesce(max(time_ms) - min(time_ms), 0) FROM events WHERE kind IN ('step-started', 'step-succeeded')";
    Ok(number(journal, sql)? as f64 / 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn rate((home, over): (&str, &str), nodes: usize, seconds: f64, least: f64) -> Finding {
    let found = nodes as f64 / seconds;
    Finding {
        claim: format!(
            "durable steps a second {home}, over a deployment of {nodes} nodes {over}: at least {least:.0}"
        ),
        found: format!("{found:.0}"),
        holds: found >= least,
    }
}

/// What is left of a journal without its blobs and its snapshot, which is a cache.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn bytes(path: &Path, nodes: usize) -> Result<Finding, String> {
    let journal = look(path)?;
    // Whether others still read it does not matter: nobody does.
    let _ = journal.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    let all = number(
        &journal,
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name NOT LIKE '%blobs%' AND name NOT LIKE '%snapshots%'",
    )?;
    let each = all as f64 / nodes as f64;
    Ok(Finding {
        claim: format!(
            "bytes of journal a step at {nodes} nodes, indices included, without blobs and the snapshot: at most {MOST_BYTES:.0}"
        ),
        found: format!("{each:.0}"),
        holds: each <= MOST_BYTES,
    })
}

/// A plan of what is there already.
fn planned(programs: &Programs, folder: &Path, nodes: usize) -> Result<Vec<Finding>, String> {
    let count = "SELECT coalesce(max(position), 0) + (SELECT count(*) FROM blobs) FROM events";
    let path = journal(folder, "bench");
    let before = number(&look(&path)?, count)?;
    let environment = vec![
        ("BPR_HOME", folder.join("home").display().to_string()),
        ("BPR_NOOP_LOG", folder.join("calls.log").display().to_string()),
    ];
    let arguments = ["plan", "bench", "--detailed-exitcode"].map(str::to_owned).to_vec();
    let taken =
        Job { program: &programs.bpr, arguments, folder, environment }.repeat(3, || Ok(()))?;
    let added = number(&look(&path)?, count)? - before;
    Ok(vec![
        Finding {
            claim: format!(
                "processor time of `bpr plan` of {nodes} nodes that are as wanted: at most {MOST_PLAN:.0} s"
            ),
            found: format!("{:.2} s", taken.cpu),
            holds: taken.cpu <= MOST_PLAN,
        },
        Finding {
            claim: "what such a look adds to the journal: nothing".to_owned(),
            found: added.to_string(),
            holds: added == 0,
        },
    ])
}

/// The same tree, with the journal in a database that syncs its disk.
fn in_database(programs: &Programs, folder: &Path) -> Result<Finding, String> {
    let postgres = Postgres::with(&["fsync = on", "synchronous_commit = on"]);
    let mut walls = Vec::new();
    for round in 1..=3 {
        let database = format!("bench{round}");
        let home = folder.join(format!("shared-home-{round}"));
        let calls = folder.join(format!("shared-calls-{round}.log"));
        // What is left of a bench before.
        let _ = (std::fs::remove_dir_all(&home), std::fs::remove_file(&calls));
        let environment = vec![
            ("BPR_HOME", home.display().to_string()),
            ("BPR_NOOP_LOG", calls.display().to_string()),
            ("BPR_JOURNAL", postgres.database(&database)),
        ];
        let arguments = ["deploy", "tree.plan", "--name", "bench"].map(str::to_owned).to_vec();
        let taken = Job { program: &programs.bpr, arguments, folder, environment }.run()?;
        walls.push(taken.wall);
    }
    walls.sort_by(f64::total_cmp);
    let middle = walls.get(walls.len() / 2).copied().unwrap_or_default();
    let place = ("in PostgreSQL (`fsync = on`)", "from start to exit");
    Ok(rate(place, IN_DATABASE, middle, LEAST_IN_DATABASE))
}

/// A runtime is killed in the middle of a run over many targets; the next one goes on.
fn restart(programs: &Programs, folder: &Path) -> Result<Finding, String> {
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    // What is left of a bench before.
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(io)?;
    std::fs::write(folder.join("fleet.bp"), fleet()).map_err(io)?;
    std::fs::write(folder.join("clusters.yaml"), inventory()).map_err(io)?;
    std::fs::write(folder.join("kubeconfig"), KUBECONFIG).map_err(io)?;
    let arguments = ["compile", "fleet.bp", "-o", "fleet.plan"].map(str::to_owned).to_vec();
    Job { program: &programs.bpc, arguments, folder, environment: vec![] }.run()?;
    let path = journal(folder, "fleet");
    let inventory = ["deploy", "fleet.plan", "--name", "fleet", "--inventory", "clusters.yaml"];
    let mut running = start(programs, folder, &inventory)?;
    let first_seen = wait(&mut running, || {
        if !path.is_file() {
            return Ok(None);
        }
        let sql = "SELECT count(*) FROM events WHERE kind = 'step-succeeded'";
        // The tables may not be there yet.
        Ok(number(&look(&path)?, sql).ok().filter(|steps| *steps >= i64::from(TARGETS)))
    });
    let killed = running.kill().and_then(|()| running.wait());
    first_seen?;
    killed.map_err(io)?;
    let journal = look(&path)?;
    let settled = number(&journal, "SELECT count(*) FROM events WHERE kind = 'target-settled'")?;
    let last = number(&journal, "SELECT max(position) FROM events")?;
    let open = i64::from(TARGETS) - settled;
    let begin = Instant::now();
    let mut running = start(programs, folder, &["resume", "fleet"])?;
    let decided = wait(&mut running, || {
        let sql = format!(
            "SELECT count(*) FROM events WHERE position > {last} AND (stream LIKE '%/target/%' OR stream LIKE 'run/%')"
        );
        Ok(Some(number(&journal, &sql)?).filter(|count| *count > 0))
    });
    let taken = begin.elapsed().as_secs_f64();
    running.kill().and_then(|()| running.wait()).map_err(io)?;
    decided?;
    Ok(Finding {
        claim: format!(
            "`bpr resume` after a kill, from its start to its first decision, with {TARGETS} targets: at most {MOST_RESTART:.0} s"
        ),
        found: format!("{taken:.2} s, {open} of them open"),
        holds: taken <= MOST_RESTART,
    })
}

fn start(programs: &Programs, folder: &Path, arguments: &[&str]) -> Result<Child, String> {
    Command::new(&programs.bpr)
        .args(arguments)
        .current_dir(folder)
        .env("BPR_HOME", folder.join("home"))
        .env("BPR_NOOP_LOG", folder.join("calls.log"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", programs.bpr.display()))
}

/// Until something is found.
fn wait<T>(running: &mut Child, find: impl Fn() -> Result<Option<T>, String>) -> Result<T, String> {
    let begin = Instant::now();
    loop {
        if let Some(found) = find()? {
            return Ok(found);
        }
        let has_ended = running.try_wait().map_err(|error| error.to_string())?.is_some();
        if has_ended || begin.elapsed() > PATIENCE {
            let why = if has_ended { "it has ended" } else { "it takes too long" };
            return Err(format!("`bpr` did not get as far as it should: {why}"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\nclusters: [{ name: c, cluster: { server: \"https://127.0.0.1:1\" } }]\n\
                          users: [{ name: u, user: {} }]\ncontexts: [{ name: c, context: { cluster: c, user: u } }]\n";

/// A chain of nodes on every cluster, which their provider never calls.
fn fleet() -> String {
    let mut text = "blueprint fleet {\n  version = \"1.0.0\"\n}\n\nuse std.kubernetes as k8s\n\n\
                    select all: k8s.Cluster[1..] {\n  where = true\n}\n\n\
                    node type Item {\n  property label: string\n  requires host: k8s.Cluster via HostedOn\n  \
                    requires after: Item[0..1] via DependsOn\n  provider = \"noop\"\n}\n"
        .to_owned();
    for at in 0..NODES_EACH {
        let after = match at.checked_sub(1) {
            None => String::new(),
            Some(before) => format!("  after -> n{before}[cluster]\n"),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\nnode n{at}: Item for cluster in all {{\n  label = \"n{at} of ${{cluster.name}}\"\n{after}  host -> cluster\n}}\n"
        );
    }
    text
}

fn inventory() -> String {
    let mut text = "clusters:\n".to_owned();
    for at in 0..TARGETS {
        let _ = writeln!(text, "  - {{ name: c{at}, kubeconfig: kubeconfig, context: c }}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_rate_holds_from_its_least_on() {
        let place = ("in a file", "from start to exit");
        assert!(rate(place, 10_000, 2.0, 5_000.0).holds);
        let slow = rate(place, 10_000, 2.1, 5_000.0);
        assert!(!slow.holds && slow.found == "4762", "{slow:?}");
    }

    #[test]
    fn from_the_first_step_to_the_last() {
        let journal = Connection::open_in_memory().unwrap();
        journal
            .execute_batch(
                "CREATE TABLE events (kind TEXT, time_ms INTEGER); INSERT INTO events VALUES
                 ('run-started', 1000), ('step-started', 3000), ('step-succeeded', 5500), ('run-ended', 9000);",
            )
            .unwrap();
        assert!((sustained(&journal).unwrap() - 2.5).abs() < 1e-9);
    }

    #[test]
    fn every_node_of_a_target_but_the_first_comes_after_another() {
        let text = fleet();
        assert_eq!(text.matches("for cluster in all").count(), NODES_EACH);
        assert_eq!(text.matches("after -> n").count(), NODES_EACH - 1);
        assert_eq!(inventory().matches("name: c").count(), usize::try_from(TARGETS).unwrap());
    }

    #[test]
    fn blobs_and_snapshots_do_not_count_as_bytes_of_steps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = Connection::open(&path).unwrap();
        journal
            .execute_batch(
                "CREATE TABLE events (payload TEXT); CREATE TABLE blobs (digest TEXT PRIMARY KEY, bytes BLOB);
                 CREATE TABLE snapshots (bytes BLOB); INSERT INTO events VALUES ('one');
                 INSERT INTO blobs VALUES ('d', zeroblob(500000)); INSERT INTO snapshots VALUES (zeroblob(500000));",
            )
            .unwrap();
        let found = bytes(&path, 10).unwrap();
        let each: u32 = found.found.parse().unwrap();
        assert!((1..2_000).contains(&each), "{found:?}");
    }
}
