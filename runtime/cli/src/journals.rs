//! Where journals are: a file in each deployment's folder, or a database that several machines share.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bp_driver::Deadlines;
use bp_journal::sqlite::Lock;
use bp_journal::{SqliteStore, Store, StoreError};
use bp_journal_postgres::{Given, Holder, Leased, PostgresStore, Settings};

use crate::arguments::duration;
use crate::home;
use crate::output::Output;
use crate::told::Told;

/// Names the database; the option `--journal` goes before it.
const JOURNAL: &str = "BPR_JOURNAL";
/// How long another machine waits before it takes over from one that is silent.
const LEASE: &str = "BPR_LEASE";

/// How long a command waits at its end for the database to take a lease back.
const RELEASE: Duration = Duration::from_secs(5);
/// By how much an answer may be late without a lease having been renewed.
const LATE: Duration = Duration::from_millis(500);

/// What the command line says of it.
struct Choice {
    url: Option<String>,
    output: Output,
}

static CHOICE: OnceLock<Choice> = OnceLock::new();
/// One connection for the whole command.
static SHARED: tokio::sync::OnceCell<PostgresStore> = tokio::sync::OnceCell::const_new();

/// Takes in what the command line says, before anything is asked for.
pub(crate) fn choose(url: Option<String>, output: Output) {
    // The command line is read once.
    let _ = CHOICE.set(Choice { url, output });
}

/// A deployment's journal.
#[derive(Clone)]
pub(crate) enum Journal {
    /// In a file of its own.
    File(Arc<SqliteStore>),
    /// In a database, with those of others.
    Shared(PostgresStore),
}

impl Journal {
    /// To read from, and for what anybody may write.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => store.clone(),
            Self::Shared(store) => Arc::new(store.clone()),
        }
    }

    /// Keeps others from working on this deployment. One whose process may have died is waited for, as long as
    /// its lease goes on.
    pub(crate) async fn hold(&self, name: &str) -> Result<Held, Told> {
        let failed = |error: StoreError| Told::store(name, &error);
        match self {
            Self::File(store) => {
                let lock = store.lock().map_err(failed)?;
                Ok(Held::by_lock(store, lock))
            }
            Self::Shared(store) => {
                let (lock, holder) = holder(name)?;
                let lease = patiently(store, name, &holder).await.map_err(failed)?;
                Ok(Held::by_lease(lease, lock))
            }
        }
    }

    /// Does so where nobody else works on it; none where somebody does.
    pub(crate) async fn try_hold(&self, name: &str) -> Result<Option<Held>, Told> {
        let failed = |error: StoreError| Told::store(name, &error);
        match self {
            Self::File(store) => Ok(store.lock().ok().map(|lock| Held::by_lock(store, lock))),
            Self::Shared(store) => {
                let Ok((lock, holder)) = holder(name) else { return Ok(None) };
                match store.hold(name, &holder).await {
                    Ok(lease) => Ok(Some(Held::by_lease(lease, lock))),
                    Err(StoreError::Held { .. }) => Ok(None),
                    Err(error) => Err(failed(error)),
                }
            }
        }
    }
}

/// A deployment that this process works on.
pub(crate) struct Held {
    store: Arc<dyn Store>,
    lease: Option<Arc<Leased>>,
    _lock: Lock,
}

impl Held {
    fn by_lock(store: &Arc<SqliteStore>, lock: Lock) -> Self {
        Self { store: store.clone(), lease: None, _lock: lock }
    }

    fn by_lease(lease: Leased, lock: Lock) -> Self {
        let lease = Arc::new(lease);
        Self { store: lease.clone(), lease: Some(lease), _lock: lock }
    }

    /// To write to.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Does something, and lets others work on it, however that ends.
    pub(crate) fn during<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        // A whole run is too large to be handed on by value.
        let work = Box::pin(work);
        async move {
            // All of it, the lock too, is kept until the work is over.
            let held = self;
            let done = work.await;
            if let Some(lease) = &held.lease {
                // One that can't be given back soon runs out by itself.
                let _ = tokio::time::timeout(RELEASE, lease.release()).await;
            }
            done
        }
    }
}

/// Who this process is, and the lock that keeps others of this machine away from the deployment.
fn holder(name: &str) -> Result<(Lock, Holder), Told> {
    let folder = home::folder()?.join(name);
    std::fs::create_dir_all(&folder).map_err(|error| {
        Told::error(format!("can't make the deployment's folder {}: {error}", folder.display()))
    })?;
    let lock = Lock::take(&folder).map_err(|error| Told::store(name, &error))?;
    let place = lock.place().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
    Ok((lock, Holder { name: owner(), place }))
}

/// This process, for people: `pid 7 on build-3`.
pub(crate) fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    match (is_shared(), host.trim()) {
        (true, host) if !host.is_empty() => format!("pid {} on {host}", std::process::id()),
        _ => format!("pid {}", std::process::id()),
    }
}

/// Who asks, for the journal: `operator:alice`.
pub(crate) fn operator() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    format!("operator:{}", if user.is_empty() { "unknown" } else { &user })
}

/// Takes the lease; waits for that of a holder which does not renew it.
async fn patiently(
    store: &PostgresStore,
    name: &str,
    holder: &Holder,
) -> Result<Leased, StoreError> {
    // The epoch that was seen first, and when that lease runs out.
    let mut first: Option<(u64, Instant)> = None;
    loop {
        let error = match store.hold(name, holder).await {
            Ok(lease) => return Ok(lease),
            Err(error) => error,
        };
        let StoreError::Held { epoch, left, holder: other, .. } = &error else { return Err(error) };
        let runs_out = Instant::now() + *left;
        match first {
            None => {
                let seconds = left.as_secs() + 1;
                note(&format!(
                    "{other} has the lease of `{name}`; unless it renews it, it is taken over in {seconds} s"
                ));
                first = Some((*epoch, runs_out));
            }
            // Whoever renews it is alive, and so is whoever took it over.
            Some((seen, was)) if seen != *epoch || runs_out > was + LATE => return Err(error),
            Some(_) => {}
        }
        tokio::time::sleep((*left).min(Duration::from_secs(1)) + Duration::from_millis(20)).await;
    }
}

fn note(words: &str) {
    if let Some(choice) = CHOICE.get() {
        choice.output.note(words);
    }
}

/// The database's URL, and where it was given.
fn url() -> Option<(String, Given)> {
    let argument = CHOICE.get().and_then(|choice| choice.url.clone());
    let argument = argument.map(|url| (url, Given::Argument));
    let variable = || std::env::var(JOURNAL).ok().filter(|url| !url.is_empty());
    argument.or_else(|| Some((variable()?, Given::Environment)))
}

/// Whether journals are in a database.
pub(crate) fn is_shared() -> bool {
    url().is_some()
}

/// How long a lease goes on.
fn lease() -> Result<Duration, Told> {
    let Ok(text) = std::env::var(LEASE) else { return Ok(bp_journal_postgres::settings::LEASE) };
    let wrong = |why: String| {
        Told::error(format!("{LEASE}: {why}")).help(
            "it says how long another machine waits before it takes over from one that is silent: 4s or more",
        )
    };
    let lease = duration(&text).map_err(wrong)?;
    if lease < Duration::from_secs(4) {
        return Err(wrong(format!("`{text}` is too short for a call and its answer")));
    }
    Ok(lease)
}

/// No call goes on for longer than the lease under which it was begun.
pub(crate) fn deadlines() -> Deadlines {
    let usual = Deadlines::default();
    match lease() {
        Ok(lease) if is_shared() => Deadlines { call: usual.call.min(lease / 2), ..usual },
        _ => usual,
    }
}

fn settings() -> Result<Option<Settings>, Told> {
    let Some((url, given)) = url() else { return Ok(None) };
    let settings = Settings::new(&url, given).map_err(|error| Told::error(error.to_string()))?;
    Ok(Some(settings.with_lease(lease()?).telling(note)))
}

/// The database of the journals; none where they are in files, or where it has none yet.
pub(crate) async fn shared() -> Result<Option<PostgresStore>, Told> {
    if let Some(store) = SHARED.get() {
        return Ok(Some(store.clone()));
    }
    let Some(settings) = settings()? else { return Ok(None) };
    let store = PostgresStore::open_existing(settings).await;
    let store = store.map_err(|error| Told::home(&error))?;
    if let Some(store) = &store {
        let _ = SHARED.set(store.clone());
    }
    Ok(store)
}

/// The journal for a deployment of this name, made if it is not there.
pub(crate) async fn open(name: &str, folder: &Path) -> Result<Journal, Told> {
    if let Some(store) = shared().await? {
        return Ok(Journal::Shared(store));
    }
    let Some(settings) = settings()? else {
        let store = SqliteStore::open(folder).map_err(|error| Told::store(name, &error))?;
        return Ok(Journal::File(Arc::new(store)));
    };
    let store = PostgresStore::open(settings).await.map_err(|error| Told::home(&error))?;
    let _ = SHARED.set(store.clone());
    Ok(Journal::Shared(store))
}

/// The journal in which a deployment of this name may be, where there is one. Nothing is made.
pub(crate) async fn existing(name: &str, folder: &Path) -> Result<Option<Journal>, Told> {
    if is_shared() {
        return Ok(shared().await?.map(Journal::Shared));
    }
    let store = SqliteStore::open_existing(folder).map_err(|error| Told::store(name, &error))?;
    Ok(store.map(|store| Journal::File(Arc::new(store))))
}
