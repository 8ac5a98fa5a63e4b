//! The plan as a file: a tar archive that is the same byte for byte for the same plan.
//!
//! Its entries, in this order: `blueprint-plan` (a line of JSON: the format, and the digest of the next),
//! `plan.json` (the plan in its canonical form; its digest is the plan's identity), and
//! `artifacts/<hex>`, sorted, each named by the SHA-256 of its content. Every entry has mode 0644,
//! owner 0 and time 0; the archive ends with two empty blocks and nothing after them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::FORMAT;
use crate::composition;
use crate::digest::Digest;
use crate::document::Plan;
use crate::error::PlanError;
use crate::validate::validate;

/// How deep `plan.json` may nest. An expression takes two levels for each of its own.
pub const MAX_DEPTH: usize = 124;

const HEAD: &str = "blueprint-plan";
const DOCUMENT: &str = "plan.json";
const ARTIFACTS: &str = "artifacts/";
const BLOCK: usize = 512;

/// A plan that was read and is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedPlan {
    /// The plan.
    pub plan: Plan,
    /// The digest of its canonical form.
    pub identity: Digest,
    /// The files that travel with it.
    pub artifacts: BTreeMap<Digest, Vec<u8>>,
    /// The plans inside of it, and those inside of them; each is an artifact, too.
    pub nested: BTreeMap<Digest, Plan>,
}

/// What stays the same of the container's first entry in every format.
#[derive(Deserialize)]
struct Format {
    format: u64,
}

/// The container's first entry.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u64,
    digest: Digest,
}

/// The canonical bytes of a plan: compact JSON. Their digest is the plan's identity.
pub fn canonical(plan: &Plan) -> Result<Vec<u8>, PlanError> {
    let json = serde_json::to_vec(plan).map_err(|error| PlanError::Malformed(error.to_string()))?;
    check_depth(&json)?;
    Ok(json)
}

/// The container's bytes. The artifacts are those that the plan names, no more and no fewer.
pub fn to_bytes(plan: &Plan, artifacts: &BTreeMap<Digest, Vec<u8>>) -> Result<Vec<u8>, PlanError> {
    check_artifacts(plan, artifacts)?;
    let json = canonical(plan)?;
    let head = Head { format: FORMAT.into(), digest: Digest::of(&json) };
    let head = serde_json::to_vec(&head).map_err(|e| PlanError::Malformed(e.to_string()))?;
    let mut archive = tar::Builder::new(Vec::with_capacity(json.len() + 4 * BLOCK));
    append(&mut archive, HEAD, &head).map_err(PlanError::Write)?;
    append(&mut archive, DOCUMENT, &json).map_err(PlanError::Write)?;
    for (digest, content) in artifacts {
        append(&mut archive, &format!("{ARTIFACTS}{}", digest.hex()), content)
            .map_err(PlanError::Write)?;
    }
    archive.into_inner().map_err(PlanError::Write)
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    archive.append(&header, content)
}

/// Writes the container so that the file is either as it was or whole: beside it first, then renamed.
pub fn write(
    plan: &Plan,
    artifacts: &BTreeMap<Digest, Vec<u8>>,
    path: &Path,
) -> Result<Digest, PlanError> {
    let at = |problem| PlanError::File { path: path.to_owned(), problem: Box::new(problem) };
    let bytes = to_bytes(plan, artifacts).map_err(at)?;
    write_whole(&bytes, path).map_err(|error| at(PlanError::Write(error)))?;
    Ok(Digest::of(&canonical(plan)?))
}

fn write_whole(bytes: &[u8], path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".plan-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}

/// Reads a container and checks all of it.
pub fn read(path: &Path) -> Result<LoadedPlan, PlanError> {
    let at = |problem| PlanError::File { path: path.to_owned(), problem: Box::new(problem) };
    let bytes = fs::read(path).map_err(|error| {
        at(match error.kind() {
            io::ErrorKind::NotFound => PlanError::Missing,
            _ => PlanError::Read(error),
        })
    })?;
    if path.extension().is_some_and(|extension| extension == "bp") {
        return Err(at(PlanError::Source));
    }
    from_bytes(&bytes).map_err(at)
}

/// As [`read`], from bytes.
pub fn from_bytes(bytes: &[u8]) -> Result<LoadedPlan, PlanError> {
    check_kind(bytes)?;
    let mut entries = Entries { bytes, at: 0 };
    let head = entries.named(HEAD)?;
    let format: Format = serde_json::from_slice(head).map_err(|_| PlanError::NotAPlan)?;
    if format.format > FORMAT.into() {
        return Err(PlanError::NewerFormat { found: format.format, known: FORMAT });
    }
    let head: Head = serde_json::from_slice(head).map_err(|_| PlanError::NotAPlan)?;
    let json = entries.named(DOCUMENT)?;
    let identity = Digest::of(json);
    if identity != head.digest {
        return Err(PlanError::Edited { expected: head.digest, found: identity });
    }
    let mut artifacts = BTreeMap::new();
    while let Some((name, content)) = entries.next()? {
        let digest = name
            .strip_prefix(ARTIFACTS)
            .and_then(|hex| Digest::try_from(format!("sha256:{hex}")).ok())
            .ok_or_else(|| PlanError::Container(format!("`{name}` does not belong there")))?;
        if Digest::of(content) != digest {
            return Err(PlanError::ArtifactEdited { expected: digest });
        }
        artifacts.insert(digest, content.to_vec());
    }
    let plan = document(json)?;
    if u64::from(plan.format) != head.format {
        return Err(PlanError::Container("its two format numbers differ".to_owned()));
    }
    check_artifacts(&plan, &artifacts)?;
    validate(&plan).map_err(PlanError::Invalid)?;
    let nested = composition::plans(&plan, &artifacts, |json| {
        let inner = document(json)?;
        if inner.format != plan.format {
            return Err(PlanError::Container("its format is another".to_owned()));
        }
        validate(&inner).map_err(PlanError::Invalid)?;
        Ok(inner)
    })?;
    Ok(LoadedPlan { plan, identity, artifacts, nested })
}

/// What kind of file it is, by its first bytes.
fn check_kind(bytes: &[u8]) -> Result<(), PlanError> {
    if bytes.is_empty() {
        return Err(PlanError::Empty);
    }
    let magic = HEAD.as_bytes();
    let shared = magic.len().min(bytes.len());
    if bytes.get(..shared) == magic.get(..shared) {
        return Ok(());
    }
    let start: Vec<u8> =
        bytes.iter().copied().skip_while(u8::is_ascii_whitespace).take(1).collect();
    if start == b"{" { Err(PlanError::JsonAlone) } else { Err(PlanError::NotAPlan) }
}

/// The entries of an archive, one after the other. Strict: what `to_bytes` writes and nothing else.
struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Entries<'a> {
    fn named(&mut self, name: &str) -> Result<&'a [u8], PlanError> {
        match self.next()? {
            Some((found, content)) if found == name => Ok(content),
            Some((found, _)) => {
                Err(PlanError::Container(format!("expected `{name}`, found `{found}`")))
            }
            None => Err(PlanError::Container(format!("there is no `{name}`"))),
        }
    }

    fn next(&mut self) -> Result<Option<(String, &'a [u8])>, PlanError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let block = rest.get(..BLOCK).ok_or(PlanError::Truncated)?;
        if block.iter().all(|b| *b == 0) {
            let end = [0; 2 * BLOCK];
            return match rest.len() {
                short if short < end.len() => Err(PlanError::Truncated),
                _ if rest == end.as_slice() => Ok(None),
                _ => Err(PlanError::Container("something stands after its end".to_owned())),
            };
        }
        let mut archive = tar::Archive::new(rest);
        let broken = |error: io::Error| PlanError::Container(error.to_string());
        let mut entries = archive.entries().map_err(broken)?;
        let entry = entries.next().ok_or(PlanError::Truncated)?.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        let size = usize::try_from(entry.size()).map_err(|_| PlanError::Truncated)?;
        if !entry.header().entry_type().is_file() || entry.raw_file_position() != BLOCK as u64 {
            return Err(PlanError::Container(format!("`{name}` is no plain file")));
        }
        let content = rest.get(BLOCK..).and_then(|r| r.get(..size)).ok_or(PlanError::Truncated)?;
        let padded = size.div_ceil(BLOCK).saturating_mul(BLOCK);
        if rest.len() < BLOCK.saturating_add(padded) {
            return Err(PlanError::Truncated);
        }
        self.at = self.at.saturating_add(BLOCK).saturating_add(padded);
        Ok(Some((name, content)))
    }
}

fn check_artifacts(plan: &Plan, artifacts: &BTreeMap<Digest, Vec<u8>>) -> Result<(), PlanError> {
    if let Some(missing) = plan.artifacts.iter().find(|digest| !artifacts.contains_key(*digest)) {
        return Err(PlanError::Container(format!("the artifact {} is missing", missing.short())));
    }
    if let Some(stray) = artifacts.keys().find(|digest| !plan.artifacts.contains(*digest)) {
        return Err(PlanError::Container(format!(
            "the artifact {} is none of the plan's",
            stray.short()
        )));
    }
    Ok(())
}

/// How deep brackets nest, seen without parsing: before anything recurses over them.
fn check_depth(json: &[u8]) -> Result<(), PlanError> {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = json;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'"' => rest = behind_string(rest),
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if deepest > MAX_DEPTH {
        return Err(PlanError::TooDeep { found: deepest, most: MAX_DEPTH });
    }
    Ok(())
}

/// What follows a string whose first quote was read.
fn behind_string(json: &[u8]) -> &[u8] {
    let mut rest = json;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let is_end = rest.get(at) == Some(&b'"');
        rest = rest.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return rest;
        }
    }
    &[]
}

/// Parses `plan.json` on a stack that holds the deepest one, whoever calls.
fn document(json: &[u8]) -> Result<Plan, PlanError> {
    check_depth(json)?;
    let parse = || serde_json::from_slice::<Plan>(json);
    let parsed = std::thread::scope(|scope| {
        let parser = std::thread::Builder::new().stack_size(16 << 20);
        let handle = parser.spawn_scoped(scope, parse).map_err(PlanError::Read)?;
        handle.join().map_err(|_| PlanError::Malformed("its parser failed".to_owned()))
    })?;
    parsed.map_err(|error| {
        let text = error.to_string();
        if text.contains("unknown variant")
            || text.contains("unknown field")
            || text.contains("no form of value that this version knows")
        {
            PlanError::UnknownElement(text)
        } else {
            PlanError::Malformed(text)
        }
    })
}
