//! A PostgreSQL server of a test's own, which can be stopped, killed and started again.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::environment::program;
use crate::run::Running;

/// How long the server may take to start, or to end.
const PATIENCE: Duration = Duration::from_mins(1);
/// PostgreSQL does not run as root: whose number it runs under there.
const NOBODY: u32 = 65534;
/// Its own user.
const USER: &str = "ann";
/// Who is asked for the password over the socket, too.
const GUEST: &str = "guest";

/// A server on a Unix socket and on loopback; it ends with the value.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    libraries: String,
    port: u16,
    server: Option<Child>,
}

impl Postgres {
    /// Starts a server that lets everybody in over its socket, and over loopback whoever has the password.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with these lines in its configuration.
    pub fn with(settings: &[&str]) -> Self {
        let mut install = Command::new(program("xtask"));
        install.args(["lab", "postgres"]);
        let installed = Running::start(install).wait(Duration::from_mins(5)).expect(0);
        let mut folders = installed.stdout.lines().map(str::to_owned);
        let programs = PathBuf::from(folders.next().expect("the folder of PostgreSQL's programs"));
        // Whoever runs the server must get through; its data are for it alone.
        let folder = TempDir::with_prefix("blueprint-pg-").expect("a folder for temporary files");
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).expect("our own folder");
        // Free now: nobody else is given it so soon.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let libraries = folders.collect::<Vec<_>>().join(":");
        let mut postgres = Self { folder, programs, libraries, port, server: None };
        postgres.make(settings);
        postgres.begin();
        postgres
    }

    /// A cluster of databases.
    fn make(&self, settings: &[&str]) {
        let place = self.folder.path().join("server");
        std::fs::create_dir(&place).expect("our own folder");
        std::fs::write(self.folder.path().join("password"), self.password())
            .expect("our own folder");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&place, Some(NOBODY), Some(NOBODY)).expect("root may do that");
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(self.data()).args([
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.arg("--pwfile").arg(self.folder.path().join("password"));
        let _ = Running::start(initdb).wait(PATIENCE).expect(0);
        self.configure(&[
            "listen_addresses = '127.0.0.1'",
            "max_connections = 60",
            "shared_buffers = 32MB",
            "jit = off",
        ]);
        self.configure(settings);
        let access = self.data().join("pg_hba.conf");
        let usual = std::fs::read_to_string(&access).expect("it was just made");
        std::fs::write(&access, format!("local all {GUEST} scram-sha-256\n{usual}"))
            .expect("it was just made");
    }

    /// Adds lines to the configuration, which count from the next start.
    pub fn configure(&self, lines: &[&str]) {
        let file = std::fs::File::options().append(true).open(self.data().join("postgresql.conf"));
        let mut file = file.expect("the configuration is there");
        for line in lines {
            writeln!(file, "{line}").expect("the configuration can be written");
        }
    }

    /// Puts a file among its data, for its own eyes.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        std::fs::write(&path, text).expect("its data can be written");
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, own).expect("a file that was just written");
        if nix::unistd::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may do that");
        }
    }

    /// Starts it, where it does not run.
    pub fn begin(&mut self) {
        let log = self.folder.path().join("log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut serve = self.command("postgres");
        serve.arg("-D").arg(self.data()).arg("-k").arg(self.socket());
        serve.args(["-p", &self.port.to_string()]);
        serve.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(serve.spawn().expect("PostgreSQL starts"));
        let begin = Instant::now();
        while !self.answers() {
            let ended =
                self.server.as_mut().is_some_and(|server| server.try_wait().unwrap().is_some());
            assert!(!ended && begin.elapsed() < PATIENCE, "no PostgreSQL:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        block_on(async { tokio_postgres::connect(&self.url_of("postgres"), NoTls).await.is_ok() })
    }

    /// Stops it as its administrator does: whoever is in the middle of something is told.
    pub fn stop(&mut self) {
        self.end("INT");
    }

    /// Ends it as a crash does.
    pub fn crash(&mut self) {
        self.end("QUIT");
    }

    fn end(&mut self, signal: &str) {
        let Some(mut server) = self.server.take() else { return };
        let id = server.id().to_string();
        // It may have ended by itself.
        let _ = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        let begin = Instant::now();
        while server.try_wait().unwrap().is_none() {
            if begin.elapsed() > PATIENCE {
                let _ = server.kill();
                panic!("PostgreSQL does not end:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The URL of a new, empty database, over the socket.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url_of(name)
    }

    /// The URL of a database over the socket, which needs no password.
    pub fn url_of(&self, database: &str) -> String {
        let (socket, port) = (self.socket(), self.port);
        format!("postgres://{USER}@/{database}?host={}&port={port}", socket.display())
    }

    /// Lets a guest in, who is asked for the password; the URL, without it.
    pub fn guest(&self, database: &str) -> String {
        let password = self.password();
        self.sql("postgres", &format!("CREATE ROLE {GUEST} LOGIN SUPERUSER PASSWORD '{password}'"));
        self.url_of(database).replacen(USER, GUEST, 1)
    }

    /// The URL of a database over loopback.
    pub fn url_over_loopback(&self, database: &str) -> String {
        format!("postgres://{USER}@localhost:{}/{database}", self.port)
    }

    /// The password that is asked for over loopback.
    pub fn password(&self) -> &'static str {
        "correct-horse-battery"
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("server/data")
    }

    /// Beside its data, where whoever runs it may write.
    fn socket(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// Does something with a client of the test's own.
    pub fn with_client<T>(&self, database: &str, work: impl AsyncFnOnce(Client) -> T) -> T {
        block_on(async {
            let connected = tokio_postgres::connect(&self.url_of(database), NoTls).await;
            let (client, connection) = connected.expect("PostgreSQL lets us in");
            tokio::spawn(connection);
            work(client).await
        })
    }

    /// Runs statements in a database.
    pub fn sql(&self, database: &str, statements: &str) {
        self.with_client(database, async |client| {
            client
                .batch_execute(statements)
                .await
                .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
        });
    }

    /// The one number that a query gives.
    pub fn number(&self, database: &str, query: &str) -> i64 {
        self.with_client(database, async |client| {
            client.query_one(query, &[]).await.unwrap().get(0)
        })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// One of its programs, under a number that is not root's.
    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={NOBODY}")).arg(format!("--regid={NOBODY}"));
            command.arg("--clear-groups");
            if !self.libraries.is_empty() {
                // What was unpacked lies in root's own cache, and is for others to run, too.
                command.args(["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override"]);
                command.arg("--ambient-caps=+dac_override");
            }
            command.arg("--");
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C");
        if !self.libraries.is_empty() {
            command.env("LD_LIBRARY_PATH", &self.libraries);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- PostgreSQL\n{}", self.log());
        }
        if let Some(server) = &mut self.server {
            // Nothing of it is kept.
            let _ = Command::new("kill").args(["-QUIT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}
