//! A deployment that is only looked at: the one of a name, or that of a file of `bpr export`.

use std::path::Path;
use std::sync::Arc;

use bp_driver::{Archive, ArchiveError, Deployments, Timeline, Told as Entry};
use bp_engine::Event;
use bp_engine::state::Compacted;
use bp_journal::Store;

use crate::home;
use crate::moment::{self, When};
use crate::output::Output;
use crate::told::Told;

/// See the module.
pub(crate) struct Reading {
    /// What it is called.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: String,
    /// Its journal.
    pub(crate) store: Arc<dyn Store>,
}

/// The deployment that `what` names. No name can be taken for a file's, which has a point or a `/` in it.
pub(crate) async fn open(what: &str) -> Result<Reading, Vec<Told>> {
    if what.contains(['.', '/']) {
        return exported(Path::new(what)).map_err(|told| vec![told]);
    }
    let (journal, id) = home::existing(what).await.map_err(|told| vec![told])?;
    Ok(Reading { name: what.to_owned(), id, store: journal.store() })
}

/// The deployment of a file of `bpr export`.
pub(crate) fn exported(path: &Path) -> Result<Reading, Told> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        Told::error(format!("the export {shown} can't be read: {why}"))
            .help("`bpr export NAME -o FILE` writes one; a deployment's name has no `.` and no `/`")
    })?;
    let archive = Archive::from_bytes(&bytes).map_err(|error| {
        let told = Told::error(format!("{shown}: {error}"));
        match error {
            ArchiveError::Foreign => told.help("`bpr export NAME -o FILE` writes one"),
            ArchiveError::Format(_) => told.help("take the program that wrote it, or a newer one"),
            _ => told.help(
                "nothing in it is to be relied on: take another copy, or write it again where the journal is: `bpr export NAME -o FILE`",
            ),
        }
    })?;
    let (name, id) = (archive.name().to_owned(), archive.id().to_owned());
    Ok(Reading { name, id, store: Arc::new(archive) })
}

impl Reading {
    /// As it is now, or as it was at a moment; of what is past, people are told which event was the last.
    pub(crate) async fn at(
        &self,
        when: Option<When>,
        output: Output,
    ) -> Result<Deployments, Vec<Told>> {
        let now = Deployments::new(self.store.clone());
        let Some(when) = when else { return Ok(now) };
        let moment = when.moment().map_err(|told| vec![told])?;
        let past =
            now.at(&self.id, moment).await.map_err(|error| moment::told(&self.name, &error))?;
        let (number, events) = (past.last.number, past.events);
        let time = moment::time(past.last.envelope.time_ms);
        output.note(&format!("{}: as of event {number} of {events}, {time}", self.name));
        Ok(past.deployments)
    }

    /// All that happened to it, and where in it a moment begins.
    pub(crate) async fn since(&self, when: Option<When>) -> Result<Since, Vec<Told>> {
        let deployments = Deployments::new(self.store.clone());
        let story = deployments.story(&self.id).await;
        let (timeline, told) = story.map_err(|error| Told::driver(&self.name, &error))?;
        let mut from = told.first().map_or(1, |first| first.number);
        if let Some(when) = when {
            let moment = when.moment().map_err(|told| vec![told])?;
            let at = deployments.since(&self.id, &told, moment).await;
            from += at.map_err(|error| moment::told(&self.name, &error))? as u64;
        }
        Ok(Since { told, timeline, from })
    }
}

/// All that happened.
pub(crate) struct Since {
    pub(crate) told: Vec<Entry>,
    /// How far that is.
    pub(crate) timeline: Timeline,
    /// The number of the first event that was asked for.
    pub(crate) from: u64,
}

/// What can't be told any more of all that happened; none where nothing was dropped.
pub(crate) fn compacted(told: &[Entry]) -> Option<Compacted> {
    told.first().filter(|first| first.number > 1)?;
    told.iter().rev().find_map(|one| match &one.event {
        Event::CheckpointTaken { events, until_ms, by, at_ms, .. } => {
            let (events, until_ms, at_ms) = (*events, *until_ms, *at_ms);
            Some(Compacted { events, until_ms, by: by.clone(), at_ms })
        }
        _ => None,
    })
}

/// That it can't, in a sentence.
pub(crate) fn dropped(name: &str, compacted: &Compacted) -> String {
    let Compacted { events, until_ms, by, at_ms } = compacted;
    format!(
        "{name}: what happened up to event {events}, {}, is not in its journal any more: {by} compacted it, {}",
        moment::time(*until_ms),
        moment::time(*at_ms)
    )
}
