//! What a plan is made of: the files that its blueprint uses, with the lines that the plan shows.
//!
//! Of a package with several blueprints each has a plan, and no plan may change with a file that it
//! is not made of.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{Digest, Plan, Source};

use super::spans;
use crate::check::Program;
use crate::loader::Module;
use crate::source::FileId;

/// The file of the library's core, which every file may use without naming it.
const CORE: FileId = FileId(1);

/// Files, each with its place among all files of the analysis: that is what spans name until the plan
/// is whole.
type Files<'s> = BTreeMap<u32, &'s Module>;

/// The files that a blueprint uses, directly or not, itself and the core too.
pub(super) fn used(program: &Program<'_>) -> BTreeSet<FileId> {
    let mut used = BTreeSet::new();
    let mut open = vec![program.file, CORE];
    while let Some(file) = open.pop() {
        if used.insert(file)
            && let Some(module) = program.sources.modules.get(file.0 as usize)
        {
            open.extend(module.uses.values());
        }
    }
    used
}

/// Says in a plan what it is made of: the files that its blueprint uses and those that spans name
/// (a blueprint may stand for a node, and a data type for another, without a `use`). Spans then name
/// these files.
pub(super) fn fill(plan: &mut Plan, program: &Program<'_>, used: &BTreeSet<FileId>) {
    let mut lines: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    spans::each(plan, &mut |span| {
        let of = lines.entry(span.file).or_default();
        // What is long is shown by its beginning.
        of.extend(span.line..=span.end_line.min(span.line.saturating_add(20)));
    });
    let files: Files<'_> = program
        .sources
        .all()
        .filter_map(|(id, module)| {
            let place = *program.plan_files.get(id.0 as usize)?;
            (used.contains(&id) || lines.contains_key(&place)).then_some((place, module))
        })
        .collect();
    let numbers: BTreeMap<u32, u32> = files.keys().copied().zip(0..).collect();
    spans::each(plan, &mut |span| {
        span.file = numbers.get(&span.file).copied().unwrap_or_default();
    });
    plan.blueprint.sources = digest(program, &files);
    plan.sources = files
        .into_iter()
        .map(|(place, module)| Source {
            path: module.path.clone(),
            digest: Digest::of(module.source.text().as_bytes()),
            lines: lines
                .remove(&place)
                .unwrap_or_default()
                .into_iter()
                .map(|line| (line, module.source.line(line).to_owned()))
                .collect(),
        })
        .collect();
}

/// The digest over files and those that they name, by their paths.
fn digest(program: &Program<'_>, files: &Files<'_>) -> Digest {
    let paths: BTreeSet<&str> = files.values().map(|module| module.path.as_str()).collect();
    let mut all = program.files.digests(&paths);
    let texts = files.values();
    all.extend(texts.map(|m| (m.path.clone(), Digest::of(m.source.text().as_bytes()))));
    let mut bytes = Vec::new();
    for (path, digest) in all {
        bytes.extend(format!("{path}\0{digest}\n").into_bytes());
    }
    Digest::of(&bytes)
}
