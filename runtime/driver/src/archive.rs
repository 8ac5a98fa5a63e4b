//! One deployment's journal in one file: its streams with their hashes, and the blobs that they name. What is read
//! back is looked at to the last before anything is told of it.
//!
//! The form (`spec/engine.md` says it to others): JSON, a line each. The head; the events of each stream; the blobs;
//! the SHA-256 of all lines before. It holds what the journal holds, so no secret, and not the key of their hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bp_engine::retry::digest;
use bp_engine::{Event, Subject};
use bp_journal::chain::check_event;
use bp_journal::compaction::digests;
use bp_journal::{Append, BlobDigest, Envelope, Extent, Mark, Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::deployments::Deployments;
use crate::error::DriverError;
use crate::past::read_only;
use crate::timeline::Told;

/// The format of exports.
pub const FORMAT: &str = "bpr-export/1";
/// That of one whose first events were dropped when the journal was compacted. This program reads no others.
pub const COMPACTED: &str = "bpr-export/2";

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    head: Head,
    streams: BTreeMap<String, Vec<Envelope>>,
    blobs: BTreeMap<String, Vec<u8>>,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    name: String,
    id: String,
    /// The last event of each stream.
    streams: BTreeMap<String, End>,
    /// The digest of each blob, with the first event that names it.
    blobs: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    sequence: u64,
    hash: String,
    /// The last event that was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind: Option<Mark>,
}

/// Any other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Event(Envelope),
    Blob {
        digest: String,
        base64: String,
    },
    /// The SHA-256 of all lines before.
    End(String),
}

/// Why a file is not taken for what it says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Something else.
    #[error("it is no file that `bpr export` has written")]
    Foreign,
    /// Written by another version.
    #[error("it is of the format `{0}`, and this program reads `{FORMAT}` and `{COMPACTED}`")]
    Format(String),
    /// A line is none of ours.
    #[error("line {line}{of} can't be read: {why}")]
    Unreadable {
        /// Which line, from 1.
        line: usize,
        /// What it holds, as far as that can be told.
        of: String,
        /// Why.
        why: String,
    },
    /// An event is not the one that was written.
    #[error("event `{0}` is not what was written")]
    Changed(String),
    /// An event is not there.
    #[error("event `{0}` is missing")]
    Missing(String),
    /// A blob is not what was written, or not there.
    #[error("the blob {digest}, which event `{event}` names, {what}")]
    Blob {
        /// Its digest.
        digest: String,
        /// The event that names it.
        event: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The last line is not there.
    #[error("its end is gone: it is cut off behind line {0}")]
    CutOff(usize),
    /// Something that no event and no blob tells of.
    #[error("its first line, or the order of its lines, is not what was written")]
    Altered,
}

impl Deployments {
    /// All that is kept of a deployment, as it is at one moment, also while it is worked on.
    pub async fn archive(&self, id: &str) -> Result<Archive, DriverError> {
        let name = self.existing(id).await?.state.name;
        let newest = self.history(id).await?.last().map_or(0, |last| last.envelope.time_ms);
        // What was written by then is all there at a second look.
        let mut told = self.history(id).await?;
        told.retain(|one| one.envelope.time_ms <= newest);
        let named = self.named(&told).await?;
        let all = told.clone();
        let mut streams: BTreeMap<String, Vec<Envelope>> = BTreeMap::new();
        for one in told {
            streams.entry(one.envelope.stream.clone()).or_default().push(one.envelope);
        }
        let floor = self.floor(id, &all).await?;
        let floors = floor.map(|floor| floor.heads.clone()).unwrap_or_default();
        let format = if floors.is_empty() { FORMAT } else { COMPACTED }.to_owned();
        for stream in floors.keys() {
            streams.entry(stream.clone()).or_default();
        }
        let ends = streams.iter().map(|(stream, events)| {
            let behind = floors.get(stream).cloned();
            let Mark { sequence, hash } = match events.last() {
                Some(last) => Mark { sequence: last.sequence, hash: last.hash.clone() },
                None => behind.clone().unwrap_or_default(),
            };
            (stream.clone(), End { sequence, hash, behind })
        });
        let (mut blobs, mut by) = (BTreeMap::new(), BTreeMap::new());
        for (digest, (event, bytes)) in named {
            by.insert(digest.clone(), event);
            blobs.insert(digest, bytes);
        }
        let (id, ends) = (id.to_owned(), ends.collect());
        let head = Head { format, name, id, streams: ends, blobs: by };
        Ok(Archive { head, streams, blobs })
    }

    /// The blobs that are named, each with the first event that leads to it.
    async fn named(
        &self,
        told: &[Told],
    ) -> Result<BTreeMap<String, (String, Vec<u8>)>, DriverError> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for one in told {
            for digest in one.event.blobs() {
                if !seen.insert(digest.to_owned()) {
                    continue;
                }
                let bytes = self.store().blob(digest).await?;
                let bytes = bytes.ok_or_else(|| DriverError::MissingBlob(digest.to_owned()))?;
                let id = &one.envelope.id;
                let mut named: Vec<String> = match &one.event {
                    // Of a state, all that it names.
                    Event::CheckpointTaken { .. } => digests(&bytes).map(str::to_owned).collect(),
                    _ => files(&bytes),
                };
                while let Some(digest) = named.pop() {
                    if seen.insert(digest.clone())
                        && let Some(bytes) = self.store().blob(&digest).await?
                    {
                        named.extend(files(&bytes));
                        found.insert(digest, (id.clone(), bytes));
                    }
                }
                found.insert(digest.to_owned(), (id.clone(), bytes));
            }
        }
        Ok(found)
    }
}

/// A call says which files it takes along; they are blobs of their own.
fn files(bytes: &[u8]) -> Vec<String> {
    let subject = serde_json::from_slice::<Subject>(bytes).ok();
    let files = subject.iter().flat_map(|subject| subject.files.values());
    files.map(|file| file.digest.hex().to_owned()).collect()
}

impl Archive {
    /// The deployment's name.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The deployment's id.
    pub fn id(&self) -> &str {
        &self.head.id
    }

    /// How many events and blobs it has.
    pub fn counts(&self) -> (usize, usize) {
        (self.streams.values().map(Vec::len).sum(), self.blobs.len())
    }

    /// Writes it.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut hasher = Sha256::new();
        let mut line = |text: String| {
            let text = text + "\n";
            hasher.update(&text);
            out.write_all(text.as_bytes())
        };
        line(serde_json::to_string(&self.head)?)?;
        for event in self.streams.values().flatten() {
            line(serde_json::to_string(&Line::Event(event.clone()))?)?;
        }
        for (digest, bytes) in &self.blobs {
            let base64 = STANDARD.encode(bytes);
            line(serde_json::to_string(&Line::Blob { digest: digest.clone(), base64 })?)?;
        }
        let end = serde_json::to_string(&Line::End(hexadecimal(hasher)))?;
        out.write_all(format!("{end}\n").as_bytes())
    }

    /// Reads one back, to the last: every event is the one that was written, and nothing is missing.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let mut archive =
            Self { head: head(first)?, streams: BTreeMap::new(), blobs: BTreeMap::new() };
        let mut hasher = Sha256::new();
        hasher.update(first);
        let mut end = None;
        let mut count = 1;
        for text in lines {
            count += 1;
            match line(text, count)? {
                Line::End(sum) => {
                    end = Some(sum);
                    break;
                }
                Line::Event(event) => {
                    archive.streams.entry(event.stream.clone()).or_default().push(event);
                }
                Line::Blob { digest, base64 } => archive.take_blob(digest, &base64)?,
            }
            hasher.update(text);
        }
        archive.check_streams()?;
        let Some(end) = end else { return Err(ArchiveError::CutOff(count)) };
        archive.check_blobs()?;
        if end != hexadecimal(hasher) {
            return Err(ArchiveError::Altered);
        }
        Ok(archive)
    }

    fn take_blob(&mut self, named: String, base64: &str) -> Result<(), ArchiveError> {
        let bytes = STANDARD.decode(base64).ok().filter(|bytes| digest(bytes) == named);
        let Some(bytes) = bytes else {
            return Err(self.blob_error(&named, "is not what was written"));
        };
        self.blobs.insert(named, bytes);
        Ok(())
    }

    fn blob_error(&self, digest: &str, what: &'static str) -> ArchiveError {
        let event = self.head.blobs.get(digest).cloned().unwrap_or_else(|| "none".to_owned());
        ArchiveError::Blob { digest: digest.to_owned(), event, what }
    }

    /// Each stream is chained from its first event to the one that the head names.
    fn check_streams(&self) -> Result<(), ArchiveError> {
        for (stream, end) in &self.head.streams {
            let none = Vec::new();
            let events = self.streams.get(stream).unwrap_or(&none);
            let id = |sequence: u64| format!("{stream}#{sequence}");
            let behind = end.behind.clone().unwrap_or_default();
            let gap = (behind.sequence + 1..).zip(events);
            let gap = gap.into_iter().find(|(expected, event)| event.sequence != *expected);
            if let Some((expected, _)) = gap {
                return Err(ArchiveError::Missing(id(expected)));
            }
            let mut last = behind;
            for event in events {
                if check_event(&last.hash, event).is_err() {
                    return Err(ArchiveError::Changed(event.id.clone()));
                }
                last = Mark { sequence: event.sequence, hash: event.hash.clone() };
            }
            if last.sequence < end.sequence {
                return Err(ArchiveError::Missing(id(last.sequence + 1)));
            }
            if last.hash != end.hash {
                return Err(ArchiveError::Changed(id(last.sequence)));
            }
        }
        let is_named = |stream: &&String| !self.head.streams.contains_key(*stream);
        match self.streams.keys().find(is_named) {
            Some(_) => Err(ArchiveError::Altered),
            None => Ok(()),
        }
    }

    fn check_blobs(&self) -> Result<(), ArchiveError> {
        match self.head.blobs.keys().find(|digest| !self.blobs.contains_key(*digest)) {
            Some(missing) => Err(self.blob_error(missing, "is missing")),
            None => Ok(()),
        }
    }
}

fn head(text: &[u8]) -> Result<Head, ArchiveError> {
    let any: serde_json::Value = serde_json::from_slice(text).map_err(|_| ArchiveError::Foreign)?;
    match any.get("format").and_then(serde_json::Value::as_str) {
        Some(FORMAT | COMPACTED) => serde_json::from_value(any).map_err(|error| {
            ArchiveError::Unreadable { line: 1, of: String::new(), why: error.to_string() }
        }),
        Some(other) if other.starts_with("bpr-export/") => {
            Err(ArchiveError::Format(other.to_owned()))
        }
        _ => Err(ArchiveError::Foreign),
    }
}

fn line(text: &[u8], number: usize) -> Result<Line, ArchiveError> {
    serde_json::from_slice(text).map_err(|error| {
        // Its beginning may still say what it was.
        let text = String::from_utf8_lossy(text);
        let told =
            |mark: &str| text.split_once(mark)?.1.split_once('"').map(|(it, _)| it.to_owned());
        let of = match (told("\"id\":\""), told("\"digest\":\"")) {
            (Some(id), _) => format!(", event `{id}`,"),
            (None, Some(digest)) => format!(", the blob {digest},"),
            (None, None) => String::new(),
        };
        ArchiveError::Unreadable { line: number, of, why: error.to_string() }
    })
}

fn hexadecimal(hasher: Sha256) -> String {
    use std::fmt::Write as _;

    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[async_trait]
impl Store for Archive {
    async fn append(&self, append: Append) -> Result<Vec<Envelope>, StoreError> {
        Err(read_only(&append.stream))
    }

    async fn read(&self, stream: &str, after: u64) -> Result<Vec<Envelope>, StoreError> {
        let events = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let seen = events.partition_point(|event| event.sequence <= after);
        Ok(events.get(seen..).unwrap_or_default().to_vec())
    }

    async fn streams(&self, prefix: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let extents = self.extents(prefix).await?;
        Ok(extents.into_iter().map(|extent| (extent.stream, extent.end.sequence)).collect())
    }

    async fn extents(&self, prefix: &str) -> Result<Vec<Extent>, StoreError> {
        let begin = self.head.streams.range(prefix.to_owned()..);
        let named = begin.take_while(|(name, _)| name.starts_with(prefix));
        let extent = |(name, end): (&String, &End)| Extent {
            stream: name.clone(),
            floor: end.behind.clone().unwrap_or_default(),
            end: Mark { sequence: end.sequence, hash: end.hash.clone() },
        };
        Ok(named.map(extent).collect())
    }

    async fn put_blob(&self, _: Vec<u8>) -> Result<BlobDigest, StoreError> {
        Err(read_only("blobs"))
    }

    async fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.blobs.get(digest).cloned())
    }
}
