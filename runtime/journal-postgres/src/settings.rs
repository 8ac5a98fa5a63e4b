//! How a journal's database is reached: what a person gave, with nothing of it shown that is secret.
//!
//! Over a network every connection is encrypted, and the server's certificate is verified, whatever the
//! URL says; a Unix socket needs neither. A password comes from the environment or from the password
//! file: on a command line every user of the machine could read it.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use bp_journal::StoreError;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{passfile, tls};

/// How long a lease goes on where nobody renews it.
pub const LEASE: Duration = Duration::from_mins(1);
/// How long a database that does not answer is waited for.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// Where a URL was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// On the command line, which is no place for a password.
    Argument,
    /// In the environment.
    Environment,
}

/// Is told when the database goes away and when it is back.
type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// How a database is reached.
#[derive(Clone)]
pub struct Settings {
    pub(crate) config: Config,
    /// None over a Unix socket.
    pub(crate) tls: Option<MakeRustlsConnect>,
    /// The URL, as people may see it.
    pub(crate) shown: String,
    pub(crate) lease: Duration,
    pub(crate) patience: Duration,
    tell: Tell,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Settings {
    /// What a URL says, and where it says nothing of it, the environment that all programs of PostgreSQL know:
    /// `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, `PGSSLROOTCERT`.
    pub fn new(url: &str, given: Given) -> Result<Self, StoreError> {
        let (url, asked) = asked_of_tls(url)?;
        let mut config = Config::from_str(&url).map_err(|error| {
            let why = std::error::Error::source(&error)
                .map_or_else(String::new, |why| format!(": {why}"));
            refused(format!("the journal's URL can't be read{why}; {FORM}"))
        })?;
        if given == Given::Argument && config.get_password().is_some() {
            return Err(refused(
                "a password on the command line can be read by everybody on this machine: give the URL without \
                 it, and the password in PGPASSWORD or in ~/.pgpass; or the whole URL in BPR_JOURNAL",
            ));
        }
        let is_local = is_local(&config)?;
        if config.get_user().is_none() {
            let user = ["PGUSER", "USER", "LOGNAME"].into_iter().find_map(variable);
            config.user(user.ok_or_else(|| {
                refused("the journal's URL names no user: write `postgres://USER@…`, or set PGUSER")
            })?);
        }
        let user = config.get_user().unwrap_or_default().to_owned();
        if config.get_dbname().is_none() {
            config.dbname(&user);
        }
        if config.get_password().is_none() {
            let password = match variable("PGPASSWORD") {
                Some(password) => Some(password),
                None => passfile::password(&config)?,
            };
            if let Some(password) = password {
                config.password(password);
            }
        }
        if config.get_application_name().is_none() {
            config.application_name("blueprint");
        }
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // A server that is cut off without a word is noticed.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(15));
        }
        config.keepalives_idle(config.get_keepalives_idle().min(Duration::from_secs(15)));
        let tls = if is_local {
            config.ssl_mode(SslMode::Disable);
            None
        } else {
            asked.check()?;
            config.ssl_mode(SslMode::Require);
            Some(tls::verified(asked.roots.as_deref().map(Path::new))?)
        };
        let shown = shown(&config);
        Ok(Self { config, tls, shown, lease: LEASE, patience: PATIENCE, tell: Arc::new(|_| {}) })
    }

    /// The URL, without what is secret.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Leases that go on for so long where nobody renews them.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// Waits for so long for a database that does not answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Tells this, once an outage, that the database does not answer, and that it answers again.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), ..self }
    }

    pub(crate) fn tell(&self, words: &str) {
        (self.tell)(words);
    }
}

const FORM: &str = "its form is `postgres://USER@HOST:PORT/DATABASE`, or \
                    `postgres://USER@/DATABASE?host=FOLDER` for the Unix socket in a folder";

pub(crate) fn refused(why: impl Into<String>) -> StoreError {
    StoreError::Refused(why.into())
}

/// A variable of the environment that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What a URL says of encryption, which the client of PostgreSQL does not know in these words.
#[derive(Default)]
struct Asked {
    mode: Option<String>,
    roots: Option<String>,
}

impl Asked {
    fn check(&self) -> Result<(), StoreError> {
        match self.mode.as_deref() {
            None | Some("require" | "verify-full") => Ok(()),
            Some(mode) => Err(refused(format!(
                "`sslmode={mode}` is not for a journal: over a network its connections are always encrypted, and \
                 the server's certificate is verified; leave it out, and name the authority's certificate by \
                 `sslrootcert=FILE` where it is your own"
            ))),
        }
    }
}

/// The URL without what it says of encryption, and that.
fn asked_of_tls(url: &str) -> Result<(String, Asked), StoreError> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(refused(format!("the journal's URL names no PostgreSQL; {FORM}")));
    }
    let mut asked = Asked { mode: None, roots: variable("PGSSLROOTCERT") };
    let Some((before, query)) = url.rsplit_once('?') else { return Ok((url.to_owned(), asked)) };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let value =
            form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned());
        match pair.split('=').next() {
            Some("sslmode") => asked.mode = value,
            Some("sslrootcert") => asked.roots = value,
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{before}{query}"), asked))
}

/// Whether all is on this machine, behind a Unix socket.
fn is_local(config: &Config) -> Result<bool, StoreError> {
    let hosts = config.get_hosts();
    let sockets = hosts.iter().filter(|host| matches!(host, Host::Unix(_))).count();
    let is_odd = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if hosts.iter().any(is_odd) {
        return Err(refused(
            "the journal's URL has more than one `@`: write that of a password as `%40`",
        ));
    }
    match (sockets, hosts.len().max(config.get_hostaddrs().len())) {
        (_, 0) => Err(refused(format!("the journal's URL names no host; {FORM}"))),
        (0, _) => Ok(false),
        (sockets, all) if sockets == all => Ok(true),
        _ => Err(refused("the journal's URL names hosts and Unix sockets: name one kind of them")),
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let of_port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", of_port(at)),
        Host::Unix(folder) => format!("{}:{}", folder.display(), of_port(at)),
    });
    let mut hosts: Vec<String> = hosts.collect();
    if hosts.is_empty() {
        hosts.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let (user, database) =
        (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
    format!("postgres://{user}@{}/{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_shown_holds_no_secret() {
        let url = "postgres://ann:hunter2@/journal?host=/run/pg&port=5433";
        let settings = Settings::new(url, Given::Environment).unwrap();
        assert_eq!(settings.shown(), "postgres://ann@/run/pg:5433/journal");
        assert!(settings.tls.is_none());
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn over_a_network_nothing_is_plain() {
        let settings =
            Settings::new("postgres://ann@db.example/journal?sslmode=verify-full", Given::Argument);
        let settings = settings.unwrap();
        assert!(settings.tls.is_some());
        assert_eq!(settings.config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn what_can_t_be_is_refused_with_a_sentence_that_tells_no_secret() {
        for (url, part) in [
            ("mysql://ann@db/journal", "names no PostgreSQL"),
            ("postgres://ann@db:port/journal", "port"),
            ("postgres:///journal", "names no host"),
            ("postgres://ann@db/journal?sslmode=disable", "always encrypted"),
            ("postgres://ann@db/journal?sslmode=prefer", "always encrypted"),
            ("postgres://ann@db/journal?colour=red", "colour"),
            ("postgres://ann@db,%2Frun/journal", "one kind of them"),
            ("postgres://ann:hunter2@ter2@db/journal", "%40"),
            ("postgres://ann@db/journal?sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ] {
            let error = Settings::new(url, Given::Environment).unwrap_err();
            assert!(matches!(error, StoreError::Refused(_)), "{url}: {error}");
            let said = error.to_string();
            assert!(said.contains(part) && !said.contains("ter2"), "{url}: {said}");
        }
        for url in
            ["postgres://ann:hunter2@db/journal", "postgres://ann@db/journal?password=hunter2"]
        {
            let said = Settings::new(url, Given::Argument).unwrap_err().to_string();
            assert!(said.contains("PGPASSWORD") && !said.contains("hunter2"), "{said}");
        }
    }
}
