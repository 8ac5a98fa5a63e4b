//! What PostgreSQL and the network say, in the journal's words: what passes by itself, and what does not.

use std::error::Error as _;
use std::io;

use bp_journal::StoreError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::settings::{Settings, refused};

/// Why something was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It passes by itself: the database is away, starts, or was at odds with another writer. Why, for people.
    Passing(String),
    /// Waiting does not help.
    Lasting(StoreError),
}

/// States in which a server, or one in its place, soon does what was asked.
const PASSING: [&SqlState; 14] = [
    &SqlState::ADMIN_SHUTDOWN,
    &SqlState::CRASH_SHUTDOWN,
    &SqlState::CANNOT_CONNECT_NOW,
    &SqlState::TOO_MANY_CONNECTIONS,
    &SqlState::CONNECTION_EXCEPTION,
    &SqlState::CONNECTION_DOES_NOT_EXIST,
    &SqlState::CONNECTION_FAILURE,
    &SqlState::READ_ONLY_SQL_TRANSACTION,
    &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    &SqlState::T_R_SERIALIZATION_FAILURE,
    &SqlState::T_R_DEADLOCK_DETECTED,
    &SqlState::LOCK_NOT_AVAILABLE,
    &SqlState::QUERY_CANCELED,
    &SqlState::IN_FAILED_SQL_TRANSACTION,
];

/// What the error means for who attempted this.
pub(crate) fn of(settings: &Settings, doing: &str, error: &Error) -> Trouble {
    match error.code() {
        Some(code) if PASSING.contains(&code) => Trouble::Passing(words(error)),
        Some(code) => Trouble::Lasting(of_state(settings, doing, code, error)),
        None if is_of_the_way(error) => Trouble::Passing(words(error)),
        None => Trouble::Lasting(of_client(settings, doing, error)),
    }
}

/// Something else went wrong.
pub(crate) fn other(doing: impl Into<String>, why: impl Into<String>) -> StoreError {
    StoreError::Other { doing: doing.into(), source: why.into().into() }
}

fn of_state(settings: &Settings, doing: &str, code: &SqlState, error: &Error) -> StoreError {
    let (shown, words) = (settings.shown(), words(error));
    let user = settings.config.get_user().unwrap_or_default();
    if *code == SqlState::INVALID_PASSWORD {
        return refused(format!(
            "the database {shown} refuses the password of `{user}`: set the right one in PGPASSWORD, in \
             ~/.pgpass, or in the URL in BPR_JOURNAL"
        ));
    }
    if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return refused(format!(
            "the database {shown} does not let `{user}` in: {words}; see its roles, and its pg_hba.conf"
        ));
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        let database = settings.config.get_dbname().unwrap_or_default();
        return refused(format!(
            "there is no database `{database}` at {shown}: make it (`createdb {database}`), or name another"
        ));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::INVALID_SCHEMA_NAME {
        return refused(format!(
            "`{user}` may not keep a journal in {shown}: {words}; make it the owner of the database, or of a \
             schema that its search_path names"
        ));
    }
    if *code == SqlState::DISK_FULL {
        return StoreError::Full { path: shown.to_owned() };
    }
    if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        return StoreError::Corrupt(format!(
            "the database {shown} is damaged ({words}); restore it from a backup"
        ));
    }
    other(format!("can't {doing} in {shown}"), words)
}

/// What the client says before a server says anything.
fn of_client(settings: &Settings, doing: &str, error: &Error) -> StoreError {
    let (shown, words) = (settings.shown(), words(error));
    let user = settings.config.get_user().unwrap_or_default();
    if words.contains("password missing") {
        return refused(format!(
            "the database {shown} asks for the password of `{user}`, and there is none: set it in PGPASSWORD, \
             in ~/.pgpass, or in the URL in BPR_JOURNAL"
        ));
    }
    if is_tls(error) {
        return refused(format!(
            "no connection to {shown} that is encrypted and verified: {words}; the server needs TLS and a \
             certificate for the name in the URL, `sslrootcert=FILE` names an authority of your own, and a Unix \
             socket needs neither"
        ));
    }
    other(format!("can't {doing} in {shown}"), words)
}

fn is_tls(error: &Error) -> bool {
    error.to_string().contains("TLS")
}

/// Whether the way to the server is what failed.
fn is_of_the_way(error: &Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match source.map(io::Error::kind) {
        // A certificate that is not good, or a name that no certificate can have.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => !is_tls(error),
        Some(_) => true,
        None => error.to_string().contains("timeout"),
    }
}

/// What was said, without the words around it.
pub(crate) fn words(error: &Error) -> String {
    if let Some(told) = error.as_db_error() {
        return told.message().to_owned();
    }
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
