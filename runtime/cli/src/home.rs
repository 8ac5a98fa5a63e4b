//! Where state is kept: a folder for each deployment, with its journal where that is a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bp_driver::Deployments;
use bp_journal::{SqliteStore, Store};

use crate::journals::{self, Journal};
use crate::told::{Told, near};

/// The longest name of a deployment.
const LONGEST: usize = 40;

/// A deployment's journal.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    /// The deployment's id; none where it is new.
    pub(crate) id: Option<String>,
}

/// The folder of all deployments.
pub(crate) fn folder() -> Result<PathBuf, Told> {
    let own = std::env::var_os("BPR_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = own.or_else(|| {
        directories::ProjectDirs::from("", "", "blueprint").map(|dirs| dirs.data_dir().to_owned())
    });
    let Some(home) = home else {
        let told = Told::error("there is no home folder to keep state in");
        return Err(told.help("say where: set BPR_HOME"));
    };
    Ok(home.join("deployments"))
}

/// Whether a name can be a deployment's.
pub(crate) fn check_name(name: &str) -> Result<(), Told> {
    let is_good = !name.is_empty()
        && name.len() <= LONGEST
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if is_good {
        return Ok(());
    }
    Err(Told::error(format!("`{name}` can't be the name of a deployment")).help(format!(
        "take up to {LONGEST} lower-case letters, digits and `-`, such as `hello-1`"
    )))
}

/// The names of all deployments.
pub(crate) async fn names() -> Result<Vec<String>, Told> {
    if journals::is_shared() {
        return names_shared().await;
    }
    let folder = folder()?;
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join(bp_journal::sqlite::FILE).is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Those in the database that several machines share.
async fn names_shared() -> Result<Vec<String>, Told> {
    let Some(store) = journals::shared().await? else { return Ok(Vec::new()) };
    let listed = Deployments::new(Arc::new(store)).list().await;
    let listed = listed.map_err(|error| Told::error(error.to_string()))?;
    Ok(listed.into_iter().map(|deployment| deployment.name).collect())
}

/// The journal of a deployment that is there.
pub(crate) async fn existing(name: &str) -> Result<(Journal, String), Told> {
    match there(name).await? {
        Some(found) => Ok(found),
        None => Err(unknown(name).await),
    }
}

/// The journal of a deployment and its id, where there is one. Nothing is made.
pub(crate) async fn there(name: &str) -> Result<Option<(Journal, String)>, Told> {
    check_name(name)?;
    let Some(journal) = journals::existing(name, &folder()?.join(name)).await? else {
        return Ok(None);
    };
    Ok(id(&journal, name).await?.map(|id| (journal, id)))
}

/// The journal of a deployment, made if it is not there.
pub(crate) async fn open(name: &str) -> Result<Opened, Told> {
    check_name(name)?;
    let journal = journals::open(name, &folder()?.join(name)).await?;
    let id = id(&journal, name).await?;
    Ok(Opened { journal, id })
}

/// The id of the journal's deployment, which must have this name.
async fn id(journal: &Journal, name: &str) -> Result<Option<String>, Told> {
    let store = journal.store();
    let deployments = Deployments::new(store.clone());
    let failed = |error| Told::first(name, &error);
    if let Some(id) = deployments.find(name).await.map_err(failed)? {
        return Ok(Some(id));
    }
    let Journal::File(_) = journal else { return Ok(None) };
    let Some(own) = first_name(&store, name).await? else { return Ok(None) };
    Err(Told::error(format!("the journal in the folder of `{name}` is that of `{own}`")).help(
        format!("put it back where `{own}` has its folder; a deployment's folder can't be renamed"),
    ))
}

/// What the journal's first deployment is called; nothing where it has none.
async fn first_name(store: &Arc<dyn Store>, name: &str) -> Result<Option<String>, Told> {
    let failed = |error| Told::first(name, &error);
    let deployments = Deployments::new(store.clone());
    let ids = deployments.ids().await.map_err(failed)?;
    let Some(id) = ids.into_iter().next() else { return Ok(None) };
    // One whose events can't be read has its id for a name.
    let own = deployments.name(&id).await.ok().flatten();
    Ok(Some(own.unwrap_or(id)))
}

/// Checks that a folder's journal is that of a deployment of this name.
pub(crate) async fn named(name: &str, folder: &Path) -> Result<(), Told> {
    let store = SqliteStore::open_existing(folder).map_err(|error| Told::store(name, &error))?;
    let Some(store) = store else { return Err(unknown(name).await) };
    let store: Arc<dyn Store> = Arc::new(store);
    let Some(own) = first_name(&store, name).await? else {
        return Err(Told::error("this copy is of no deployment").help("take another copy"));
    };
    if own == name {
        return Ok(());
    }
    Err(Told::error(format!("this is a copy of `{own}`, and not of `{name}`")).help(format!(
        "`bpr journal restore {own} FILE` puts it back; a deployment can't be renamed"
    )))
}

/// A new place, outside of the deployments' folder, for what is put away.
pub(crate) fn put_away(name: &str) -> Result<PathBuf, Told> {
    let all = folder()?.with_file_name("put-away");
    std::fs::create_dir_all(&all)
        .map_err(|error| Told::error(format!("can't make {}: {error}", all.display())))?;
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let places = (1..).map(|n| match n {
        1 => all.join(format!("{name}-{now}")),
        n => all.join(format!("{name}-{now}-{n}")),
    });
    let mut free = places.filter(|place| !place.exists());
    free.next().ok_or_else(|| Told::error(format!("there is no room in {}", all.display())))
}

pub(crate) async fn unknown(name: &str) -> Told {
    let told = Told::error(format!("there is no deployment `{name}`"));
    let names = names().await.unwrap_or_default();
    match near(name, names.iter().map(String::as_str)) {
        Some(near) => told.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => told.help("there is none at all; `bpr deploy` makes one"),
        None => told.help("`bpr list` shows those that there are"),
    }
}
