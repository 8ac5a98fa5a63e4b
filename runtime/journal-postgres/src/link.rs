//! A connection that is made anew where it breaks, told once an outage.
//!
//! Nothing is asked of a server that could forget what it has answered: it is looked at when the
//! connection is made.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bp_journal::StoreError;
use tokio::time::Instant;
use tokio_postgres::{Client, Error, NoTls, Statement};

use crate::failure::{self, Trouble};
use crate::schema;
use crate::settings::{Settings, refused};

/// How long is waited before the first further try, and how long at most.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// How long a database is waited for by who has just begun.
const AT_FIRST: Duration = Duration::from_secs(30);

/// What holds for a connection: nobody is held up for long by a process that was stopped in the middle, and
/// an answer that never comes is no answer.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; \
                       SET idle_in_transaction_session_timeout = '10s'; \
                       SET lock_timeout = '20s'; \
                       SET statement_timeout = '60s'; \
                       SET client_min_messages = 'warning'";

/// An open connection.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// The form of the journal's tables there; none where there are none.
    pub(crate) form: Option<i32>,
    statements: Mutex<BTreeMap<&'static str, Statement>>,
}

impl Session {
    /// The statement, prepared when it is first asked for.
    pub(crate) async fn prepared(&self, sql: &'static str) -> Result<Statement, Error> {
        let known =
            self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

/// Whether the database is away, for all connections to it: it is told once.
pub(crate) struct Outage {
    settings: Arc<Settings>,
    is_told: AtomicBool,
}

impl Outage {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, is_told: AtomicBool::new(false) }
    }

    fn begins(&self, why: &str, patience: Duration) {
        if !self.is_told.swap(true, Ordering::SeqCst) {
            let (shown, patience) = (self.settings.shown(), patience.as_secs());
            self.settings.tell(&format!(
                "the journal's database {shown} does not answer ({why}); trying for up to {patience} s, nothing is lost"
            ));
        }
    }

    fn ends(&self) {
        if self.is_told.swap(false, Ordering::SeqCst) {
            self.settings
                .tell(&format!("the journal's database {} answers again", self.settings.shown()));
        }
    }
}

/// How long something is tried again.
pub(crate) struct Tries {
    patience: Duration,
    until: Instant,
    wait: Duration,
}

impl Tries {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::within(settings.patience)
    }

    /// For who has just begun: a person waits, and nothing is under way.
    pub(crate) fn at_first(settings: &Settings) -> Self {
        Self::within(settings.patience.min(AT_FIRST))
    }

    fn within(patience: Duration) -> Self {
        Self { patience, until: Instant::now() + patience, wait: FIRST }
    }
}

/// See the module.
pub(crate) struct Link {
    settings: Arc<Settings>,
    outage: Arc<Outage>,
    session: tokio::sync::Mutex<Option<Arc<Session>>>,
}

impl Link {
    pub(crate) fn new(settings: Arc<Settings>, outage: Arc<Outage>) -> Self {
        Self { settings, outage, session: tokio::sync::Mutex::default() }
    }

    /// The connection: the one that is open, or another one.
    pub(crate) async fn session(&self, tries: &mut Tries) -> Result<Arc<Session>, StoreError> {
        let mut held = self.session.lock().await;
        if let Some(session) = held.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(session.clone());
        }
        *held = None;
        loop {
            match connect(&self.settings).await {
                Ok(session) => {
                    let session = Arc::new(session);
                    *held = Some(session.clone());
                    self.outage.ends();
                    return Ok(session);
                }
                Err(Trouble::Passing(why)) => self.again(&why, tries).await?,
                Err(Trouble::Lasting(error)) => return Err(error),
            }
        }
    }

    /// Makes the connection anew when it is next asked for.
    pub(crate) async fn close(&self) {
        *self.session.lock().await = None;
    }

    /// Waits before a further try, as far as there is patience.
    pub(crate) async fn again(&self, why: &str, tries: &mut Tries) -> Result<(), StoreError> {
        let now = Instant::now();
        if now >= tries.until {
            return Err(StoreError::Away(format!(
                "the journal's database {} did not answer for {} s ({why}): when it is back, go on; nothing is lost",
                self.settings.shown(),
                tries.patience.as_secs()
            )));
        }
        if tries.wait > FIRST {
            // What passes at once is nobody's business.
            self.outage.begins(why, tries.patience);
        }
        // Not all at once: many may have been cut off together.
        let wait = tries.wait.mul_f64(rand::random_range(0.5..1.0));
        tokio::time::sleep_until((now + wait).min(tries.until)).await;
        tries.wait = (tries.wait * 2).min(LONGEST);
        Ok(())
    }

    /// Does something that can be done again, until it is done or fails for good.
    pub(crate) async fn with<T, F: Future<Output = Result<T, Error>>>(
        &self,
        doing: &str,
        work: impl Fn(Arc<Session>) -> F,
    ) -> Result<T, StoreError> {
        let mut tries = Tries::new(&self.settings);
        loop {
            let session = self.session(&mut tries).await?;
            match work(session).await {
                Ok(done) => return Ok(done),
                Err(error) => match failure::of(&self.settings, doing, &error) {
                    Trouble::Passing(why) => self.again(&why, &mut tries).await?,
                    Trouble::Lasting(error) => return Err(error),
                },
            }
        }
    }
}

/// A new connection to a server on which what is committed stays.
async fn connect(settings: &Settings) -> Result<Session, Trouble> {
    let failed = |error: Error| failure::of(settings, "reach the journal", &error);
    // Whoever asks is told why a connection ended.
    let client = if let Some(tls) = &settings.tls {
        let (client, connection) = settings.config.connect(tls.clone()).await.map_err(failed)?;
        tokio::spawn(async move { drop(connection.await) });
        client
    } else {
        let (client, connection) = settings.config.connect(NoTls).await.map_err(failed)?;
        tokio::spawn(async move { drop(connection.await) });
        client
    };
    client.batch_execute(SESSION).await.map_err(failed)?;
    keeps(settings, &client).await?;
    let form = schema::form(&client).await.map_err(failed)?;
    if let Some(form) = form {
        schema::check(settings, form).map_err(Trouble::Lasting)?;
    }
    Ok(Session { client, form, statements: Mutex::default() })
}

/// Checks that what is committed stays, and pins it for this connection.
async fn keeps(settings: &Settings, client: &Client) -> Result<(), Trouble> {
    const ASKED: &str = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
                         current_setting('server_encoding')";
    let failed = |error: Error| failure::of(settings, "reach the journal", &error);
    let row = client.query_one(ASKED, &[]).await.map_err(failed)?;
    let text = |at: usize| row.try_get::<_, String>(at).map_err(failed);
    let (fsync, commit, encoding) = (text(0)?, text(1)?, text(2)?);
    let shown = settings.shown();
    let refuse = |why: String| Err(Trouble::Lasting(refused(why)));
    if fsync == "off" {
        return refuse(format!(
            "the database {shown} runs with `fsync = off`: a power cut would take back what a journal has been \
             promised; set `fsync = on` in its postgresql.conf"
        ));
    }
    if commit == "off" {
        return refuse(format!(
            "the database {shown} runs with `synchronous_commit = off`: a crash would take back what a journal has \
             been promised; set `synchronous_commit = on` for it, or for this role (`ALTER ROLE … SET \
             synchronous_commit = on`)"
        ));
    }
    if encoding != "UTF8" {
        return refuse(format!(
            "the database {shown} keeps text as {encoding}, and a journal needs UTF8: make one with `createdb -E UTF8 \
             -T template0`"
        ));
    }
    // A setting that is changed while we are connected does not change what we were promised.
    client.batch_execute(&format!("SET synchronous_commit = '{commit}'")).await.map_err(failed)
}
