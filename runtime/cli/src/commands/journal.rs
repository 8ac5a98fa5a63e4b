//! `bpr journal`: whether a journal is whole, copies of it, and putting one back.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bp_driver::{Keep, Verified, verify};
use bp_engine::Stream;
use bp_journal::sqlite::{FILE, Lock};
use bp_journal::{Append, BlobDigest, Envelope, Extent, SqliteStore, Store, StoreError};
use serde_json::json;

use crate::arguments::Journal as Asked;
use crate::journals::{self, Journal};
use crate::output::{Output, printable};
use crate::told::Told;
use crate::{DONE, FAILED, home};

pub(crate) async fn run(command: Asked, output: Output) -> Result<u8, Vec<Told>> {
    match command {
        Asked::Verify { name } => look(&name, output).await,
        Asked::Compact { name, keep, keep_runs, dry_run } => {
            let keep = keep_runs.map_or(Keep::Since(keep.as_millisecond()), Keep::Runs);
            super::compact::run(&name, keep, dry_run, output).await
        }
        Asked::Backup { name, file } => {
            backup(&name, &file, output).await.map_err(|told| vec![told])
        }
        Asked::Restore { name, file, replace } => {
            restore(&name, &file, replace, output).await.map_err(|told| vec![told])
        }
    }
}

async fn look(name: &str, output: Output) -> Result<u8, Vec<Told>> {
    home::check_name(name).map_err(|told| vec![told])?;
    let verified = in_its_place(name).await.map_err(|told| vec![told])?;
    output.json(&told(&verified));
    output.text(&format!("{name}: {}\n", counted(&verified)));
    if verified.flaws.is_empty() {
        return Ok(DONE);
    }
    for flaw in &verified.flaws {
        let at = flaw.event.map_or_else(String::new, |event| format!(", event {event}"));
        output.told(&Told::error(format!("`{}`{at}: {}", flaw.stream, printable(&flaw.message))));
    }
    let help = if journals::is_shared() {
        "keep this database, and go on with a copy of it that is whole (`pg_restore`)".to_owned()
    } else {
        format!(
            "keep this journal, and go on with a copy that is whole: `bpr journal restore {name} FILE --replace`"
        )
    };
    output.told(&Told::error(format!("`{name}`: its journal is not as it was written")).help(help));
    Ok(FAILED)
}

/// A deployment's journal, read to the last where it is.
async fn in_its_place(name: &str) -> Result<Verified, Told> {
    if !journals::is_shared() {
        // Whether it is a deployment's shows only where it can be read.
        return verified(name, &home::folder()?.join(name)).await;
    }
    let (journal, id) = home::existing(name).await?;
    let store: Arc<dyn Store> = Arc::new(OfDeployment { store: journal.store(), id });
    verify(store).await.map_err(|error| Told::first(name, &error))
}

/// What a journal's folder holds, read to the last.
async fn verified(name: &str, folder: &Path) -> Result<Verified, Told> {
    let store = SqliteStore::open_existing(folder).map_err(|error| Told::store(name, &error))?;
    let Some(store) = store else { return Err(home::unknown(name).await) };
    verify(Arc::new(store)).await.map_err(|error| Told::first(name, &error))
}

fn counted(verified: &Verified) -> String {
    let Verified { streams, events, blobs, flaws } = verified;
    let mut text = format!("{events} events in {streams} streams, {blobs} blobs");
    let _ = match flaws.len() {
        0 => write!(text, ": all as they were written"),
        1 => write!(text, ": 1 is not as it was written"),
        count => write!(text, ": {count} are not as they were written"),
    };
    text
}

fn told(verified: &Verified) -> serde_json::Value {
    let flaws: Vec<_> = verified
        .flaws
        .iter()
        .map(|flaw| json!({ "stream": flaw.stream, "event": flaw.event, "message": flaw.message }))
        .collect();
    json!({
        "streams": verified.streams,
        "events": verified.events,
        "blobs": verified.blobs,
        "flaws": flaws,
    })
}

/// Copies are of journals that are files.
fn in_files(what: &str, instead: &str) -> Result<(), Told> {
    if !journals::is_shared() {
        return Ok(());
    }
    let told = Told::error(format!(
        "`bpr journal {what}` is for journals that are files, and this one is in a database"
    ));
    Err(told.help(format!("{instead}, with all journals in it")))
}

async fn backup(name: &str, file: &Path, output: Output) -> Result<u8, Told> {
    in_files("backup", "`pg_dump` copies a database")?;
    let (Journal::File(store), _) = home::existing(name).await? else {
        return Err(home::unknown(name).await);
    };
    if file.exists() {
        return Err(Told::error(format!("{} is there already", file.display()))
            .help("name a new file: a copy is never written over another"));
    }
    store.copy_to(file).await.map_err(|error| Told::store(name, &error))?;
    let verified = of_copy(name, file).await?;
    if let Some(flaw) = verified.flaws.first() {
        return Err(Told::error(format!(
            "`{name}` was copied, and its journal is not as it was written: `{}`: {}",
            flaw.stream, flaw.message
        ))
        .help(format!("`bpr journal verify {name}` tells all of it")));
    }
    output.json(&told(&verified));
    output.text(&format!("{name}: {}, copied to {}\n", counted(&verified), file.display()));
    Ok(DONE)
}

/// What a copy holds, of which nothing is changed.
async fn of_copy(name: &str, file: &Path) -> Result<Verified, Told> {
    let folder = unpacked(file)?;
    let verified = verified(name, &folder).await;
    // It was made for this look alone.
    let _ = std::fs::remove_dir_all(&folder);
    verified
}

/// A folder of its own, beside the deployments', with a copy as a journal.
fn unpacked(file: &Path) -> Result<PathBuf, Told> {
    let failed = |what: &str, error: std::io::Error| {
        Told::error(format!("can't {what} {}: {error}", file.display()))
            .help("check that it is there, that it may be read, and that the disk has room")
    };
    let home = home::folder()?;
    let folder = home.with_file_name(format!("restoring-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| failed("make room for", error))?;
    let journal = folder.join(FILE);
    if let Err(error) = std::fs::copy(file, &journal) {
        let _ = std::fs::remove_dir_all(&folder);
        return Err(failed("read the copy", error));
    }
    Ok(folder)
}

async fn restore(name: &str, file: &Path, replace: bool, output: Output) -> Result<u8, Told> {
    in_files("restore", "`pg_restore` puts a copy of a database back")?;
    home::check_name(name)?;
    let own = home::folder()?.join(name);
    if own.join(FILE).is_file() && !replace {
        return Err(Told::error(format!("`{name}` has a journal"))
            .help("`--replace` puts it away and this copy in its place"));
    }
    let folder = unpacked(file)?;
    let done = put_back(name, &folder, &own).await.map_err(|told| {
        // A person knows the copy, and not where it was looked at.
        let inside = folder.join(FILE).display().to_string();
        Told { message: told.message.replace(&inside, &file.display().to_string()), ..told }
    });
    // Where it went well, it is the deployment's now.
    let _ = std::fs::remove_dir_all(&folder);
    let (verified, put_away) = done?;
    output.json(&json!({ "restored": told(&verified), "put_away": put_away }));
    output.text(&format!("{name}: {}\n", counted(&verified)));
    if let Some(old) = put_away {
        output.note(&format!("  what was there is kept in {}", old.display()));
    }
    output.note(&format!(
        "  what was done after it was copied is not in it: `bpr plan {name}` shows what an update would change"
    ));
    Ok(DONE)
}

/// Puts a folder's journal in a deployment's place; gives what it holds, and where the old one went.
async fn put_back(
    name: &str,
    folder: &Path,
    own: &Path,
) -> Result<(Verified, Option<PathBuf>), Told> {
    let another = |told: Told| told.help("take another copy; nothing was changed");
    let verified = verified(name, folder).await.map_err(another)?;
    if let Some(flaw) = verified.flaws.first() {
        return Err(another(Told::error(format!(
            "this copy is not as it was written: `{}`: {}",
            flaw.stream, flaw.message
        ))));
    }
    home::named(name, folder).await?;
    let failed = |error: std::io::Error| {
        Told::error(format!("`{name}`: the copy can't be put in its place: {error}"))
            .help("nothing was changed")
    };
    let mut put_away = None;
    if own.exists() {
        // Whoever works on it is not to lose what is written from now on.
        let _held = Lock::take(own).map_err(|error| Told::store(name, &error))?;
        let old = home::put_away(name)?;
        std::fs::rename(own, &old).map_err(failed)?;
        put_away = Some(old);
    } else if let Some(all) = own.parent() {
        std::fs::create_dir_all(all).map_err(failed)?;
    }
    std::fs::rename(folder, own).map_err(failed)?;
    Ok((verified, put_away))
}

/// The journal of one deployment, of a database that has those of others, too.
struct OfDeployment {
    store: Arc<dyn Store>,
    id: String,
}

#[async_trait]
impl Store for OfDeployment {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        self.store.append(append).await
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        self.store.read(stream, after).await
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let extents = self.extents(prefix).await?;
        Ok(extents.into_iter().map(|extent| (extent.stream, extent.end.sequence)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let mut extents = self.store.extents(prefix).await?;
        extents.retain(|extent| {
            Stream::parse(&extent.stream).is_some_and(|stream| stream.is_of(&self.id))
        });
        Ok(extents)
    }

    async fn snapshot(&self, stream: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.snapshot(stream).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<BlobDigest, StoreError> {
        self.store.put_blob(bytes).await
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.blob(digest).await
    }
}
