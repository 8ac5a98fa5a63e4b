//! Journals in a real PostgreSQL, shared by several machines: each is a `$BPR_HOME` of its own.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bp_tests::{Cluster, Ended, Environment, Objects, Postgres, Running};
use rand::RngExt as _;

use crate::{SEED, seeded, unique};

/// How long a lease goes on in these tests.
const LEASE: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_mins(2);

/// Clusters, a database, and machines that share it.
struct Office {
    environment: Environment,
    postgres: Postgres,
    clusters: Vec<Cluster>,
}

impl Office {
    fn new() -> Self {
        let (mut environment, postgres) = (Environment::new(), Postgres::start());
        environment.set("BPR_JOURNAL", postgres.database("journal"));
        environment.set("BPR_LEASE", format!("{}s", LEASE.as_secs()));
        let clusters = environment.embedded(2);
        Self { environment, postgres, clusters }
    }

    /// Starts `bpr` on a machine.
    fn start(&self, machine: &str, arguments: &[&str]) -> Running {
        let mut command = self.environment.command("bpr");
        command.args(arguments).env("BPR_HOME", self.environment.folder().join(machine));
        Running::start(command)
    }

    fn on(&self, machine: &str, arguments: &[&str]) -> Ended {
        self.start(machine, arguments).wait(PATIENCE)
    }

    fn deploy(&self, machine: &str, name: &str, plan: &Path) -> Running {
        let inventory = self.environment.inventory(&self.clusters);
        let (plan, inventory) = (plan.to_str().unwrap(), inventory.to_str().unwrap());
        self.start(machine, &["deploy", plan, "--name", name, "--inventory", inventory])
    }

    fn objects(&self, name: &str) -> Vec<Objects> {
        self.clusters.iter().map(|cluster| Objects::of(cluster, name)).collect()
    }

    /// Until something of it is on the first cluster.
    fn wait_for(&self, name: &str) {
        let begin = Instant::now();
        while Objects::of(&self.clusters[0], name).is_empty() {
            assert!(begin.elapsed() < PATIENCE, "nothing is deployed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn state(&self, machine: &str, name: &str) -> String {
        let status = self.on(machine, &["status", name, "--output", "json"]);
        status.json()["state"].as_str().unwrap().to_owned()
    }
}

/// What it said, with long lines that were drawn as several made whole.
fn unfolded(ended: &Ended) -> String {
    ended.words().replace("\n  │ ", " ").replace("\n        ", " ")
}

fn signal(process: &Running, name: &str) {
    let done = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
    assert!(done.unwrap().success());
}

#[test]
fn one_machine_is_killed_and_another_goes_on() {
    let (seed, mut random) = seeded();
    let office = Office::new();
    let name = unique("shared");
    let plan = office.environment.hello(&name);
    let begin = Instant::now();
    let _ = office.deploy("east", &name, &plan).wait(PATIENCE).expect(0);
    let whole = begin.elapsed();
    let reference = office.objects(&name);
    let _ = office.on("west", &["uninstall", &name]).expect(0);
    assert!(office.objects(&name).iter().all(Objects::is_empty));

    for (round, next) in ["west", "east", "west"].into_iter().enumerate() {
        let name = unique("shared");
        let plan = office.environment.hello(&name);
        let moment = whole.mul_f64(random.random_range(0.3..0.9));
        let what = format!("{SEED}={seed}, round {round}, killed after {moment:?} of {whole:?}");
        let running = office.deploy("east", &name, &plan);
        std::thread::sleep(moment);
        let _ = running.kill();
        let before = office.objects(&name);
        let resumed = office.on(next, &["resume", &name]);
        if resumed.code != Some(0) {
            // Killed before anything was written down: there is nothing to resume, and nothing happened.
            assert!(before.iter().all(Objects::is_empty), "{what}: {}", resumed.words());
            assert!(resumed.words().contains(&name), "{what}: {}", resumed.words());
            continue;
        }
        // Who has the dead one's own place need not wait for its lease.
        let has_waited = resumed.stderr.contains("taken over in");
        assert!(next != "east" || !has_waited, "{what}: {}", resumed.words());
        assert_eq!(office.state("north", &name), "deployed", "{what}");
        for ((objects, before), reference) in
            office.objects(&name).iter().zip(&before).zip(&reference)
        {
            assert_eq!(objects.wanted(), reference.wanted(), "{what}");
            objects.assert_applied_once(before, &what);
        }
        let verified = office.on("north", &["journal", "verify", &name]).expect(0);
        assert!(verified.stdout.contains("all as they were written"), "{}", verified.words());
        let history = office.on("north", &["history", &name]).expect(0).stdout;
        assert!(
            history.contains("deployment-created") && history.contains("run-closed"),
            "{history}"
        );
    }
    let listed = office.on("north", &["list"]).expect(0).stdout;
    assert!(listed.lines().count() >= 2 && listed.contains(&name), "{listed}");
}

/// How long the server lets a session idle within a transaction.
const SERVERS_PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn of_two_on_one_deployment_one_goes_on_and_the_other_is_told() {
    let office = Office::new();
    let name = unique("shared");
    let plan = office.environment.hello(&name);
    let first = office.deploy("east", &name, &plan);
    office.wait_for(&name);
    let begin = Instant::now();
    signal(&first, "STOP");

    // Its lease has not run out: on its own machine it is its lock that says so.
    let refused = unfolded(&office.on("east", &["resume", &name]).expect(1));
    assert!(refused.contains("another process"), "{refused}");
    // The other machine waits for the lease, and takes over.
    let second = office.on("west", &["resume", &name]).expect(0);
    // One that was stopped within a transaction holds its rows for longer than its lease: until the server ends it.
    let is_late = begin.elapsed() > SERVERS_PATIENCE;
    assert!(is_late || second.stderr.contains("taken over in"), "{}", second.words());

    signal(&first, "CONT");
    let told = unfolded(&first.wait(PATIENCE).expect(1));
    assert!(
        told.contains("no longer has the lease") || told.contains("another process wrote"),
        "{told}"
    );
    assert!(told.contains("has taken the deployment over"), "{told}");
    assert_eq!(office.state("west", &name), "deployed");
}

#[test]
fn who_is_alive_is_not_taken_over() {
    let office = Office::new();
    // A script that goes on until the test lets it end.
    office.environment.write("step.sh", "while [ ! -e \"$GO\" ]; do sleep 0.05; done\n");
    let go = office.environment.folder().join("go");
    let text = format!(
        "blueprint held {{ version = \"1.0.0\" }}\n\
         node one: Root {{\n  operation lifecycle.create = script(\"step.sh\") {{ env = {{ GO = \"{}\" }} }}\n}}\n",
        go.display()
    );
    let plan = office.environment.compile_text("held", &text);
    let plan = plan.to_str().unwrap();
    let first = office.start("east", &["deploy", plan, "--name", "held"]);
    let begin = Instant::now();
    while !office.on("west", &["history", "held"]).stdout.contains("step-started") {
        assert!(begin.elapsed() < PATIENCE, "nothing is begun");
    }
    let second = office.on("west", &["resume", "held"]).expect(1);
    let told = unfolded(&second);
    assert!(told.contains("is working on `held`") && told.contains("pid "), "{told}");
    assert!(told.contains("bpr status held"), "{told}");
    office.environment.write("go", "");
    let _ = first.wait(PATIENCE).expect(0);
}

#[test]
fn a_database_that_goes_away_in_the_middle_is_waited_for() {
    let mut office = Office::new();
    let name = unique("shared");
    let plan = office.environment.hello(&name);
    let running = office.deploy("east", &name, &plan);
    office.wait_for(&name);
    office.postgres.crash();
    std::thread::sleep(Duration::from_secs(1));
    office.postgres.begin();
    let ended = running.wait(PATIENCE).expect(0);
    assert_eq!(ended.stderr.matches("does not answer").count(), 1, "{}", ended.words());
    assert_eq!(ended.stderr.matches("answers again").count(), 1, "{}", ended.words());
    assert_eq!(office.state("west", &name), "deployed");
}

#[test]
fn a_password_is_never_on_the_command_line_and_a_wrong_one_is_told() {
    let (mut environment, postgres) = (Environment::new(), Postgres::start());
    postgres.database("journal");
    let url = postgres.guest("journal");
    let with = |password: &str| url.replacen("guest@", &format!("guest:{password}@"), 1);
    let said =
        unfolded(&environment.bpr(["list", "--journal", &with("wrong-horse-battery")]).expect(1));
    assert!(said.contains("can be read by everybody") && said.contains("PGPASSWORD"), "{said}");
    assert!(!said.contains("wrong-horse"), "{said}");

    let said = unfolded(&environment.bpr(["list", "--journal", &url]).expect(1));
    assert!(said.contains("asks for the password of `guest`"), "{said}");
    environment.set("PGPASSWORD", "wrong-horse-battery");
    let said = unfolded(&environment.bpr(["list", "--journal", &url]).expect(1));
    assert!(
        said.contains("refuses the password of `guest`") && !said.contains("wrong-horse"),
        "{said}"
    );

    // Each way in which it may be given.
    environment.set("PGPASSWORD", postgres.password());
    let _ = environment.bpr(["list", "--journal", &url]).expect(0);
    environment.set("PGPASSWORD", "");
    let file = environment.write("pgpass", format!("*:*:journal:guest:{}\n", postgres.password()));
    environment.set("PGPASSFILE", file.display().to_string());
    let said = unfolded(&environment.bpr(["list", "--journal", &url]).expect(1));
    assert!(said.contains("chmod 600"), "{said}");
    let chmod = Command::new("chmod").arg("600").arg(&file).status();
    assert!(chmod.unwrap().success());
    let _ = environment.bpr(["list", "--journal", &url]).expect(0);
    environment.set("PGPASSFILE", "");
    environment.set("BPR_JOURNAL", with(postgres.password()));
    let _ = environment.bpr(["list"]).expect(0);

    // What it kept does not hold it.
    let plan = environment
        .compile_text("empty", "blueprint empty { version = \"1.0.0\" }\nnode one: Root\n");
    let plan = plan.to_str().unwrap();
    let said = unfolded(&environment.bpr(["deploy", plan, "--name", "empty"]).expect(0));
    environment.assert_unseen(postgres.password(), &said);
    let rows =
        "SELECT count(*) FROM journal_events WHERE payload LIKE '%horse%' OR actor LIKE '%horse%'";
    assert_eq!(postgres.number("journal", rows), 0);
}

#[test]
fn what_can_t_be_done_with_a_database_is_told() {
    let (mut environment, postgres) = (Environment::new(), Postgres::start());
    environment.set("BPR_JOURNAL", postgres.database("journal"));
    let said = unfolded(&environment.bpr(["status", "nothing"]).expect(1));
    assert!(said.contains("there is no deployment `nothing`"), "{said}");
    assert_eq!(
        postgres
            .number("journal", "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'journal%'"),
        0
    );
    let said = unfolded(&environment.bpr(["journal", "backup", "one", "copy"]).expect(1));
    assert!(said.contains("for journals that are files") && said.contains("pg_dump"), "{said}");
    let said = unfolded(&environment.bpr(["journal", "restore", "one", "copy"]).expect(1));
    assert!(said.contains("for journals that are files") && said.contains("pg_restore"), "{said}");
    environment.set("BPR_LEASE", "1s");
    let said = unfolded(&environment.bpr(["status", "one"]).expect(1));
    assert!(said.contains("BPR_LEASE") && said.contains("too short"), "{said}");
    environment.set("BPR_JOURNAL", "mysql://db/journal");
    let said = unfolded(&environment.bpr(["list"]).expect(1));
    assert!(
        said.contains("names no PostgreSQL") && said.contains("postgres://USER@HOST"),
        "{said}"
    );
}
