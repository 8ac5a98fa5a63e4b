//! The tests of the blueprints that people copy bite: each of these mistakes turns one red.
//!
//! A mistake here is a plausible one that compiles. What a test can't see at all (a workflow's steps, the
//! waves of a policy) is listed in `spec/language/tests.md`.

use std::fs;
use std::path::{Path, PathBuf};

use bp_compiler::analysis::Analysis;
use bp_compiler::testing::{Suite, obstacles};

/// A file below `blueprints`, what stands there once, and what somebody wrote instead.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("hello-fleet/hello.bp", "port = 80 }]", "port = 81 }]"),
    ("hello-fleet/hello.bp", "{ app = web[cluster].name }", "{ app = \"front\" }"),
    ("hello-fleet/hello.bp", "  env_from  = [config[cluster].name]\n", "  env_from  = []\n"),
    ("hello-fleet/hello.bp", "tier == \"demo\"", "tier != \"lost\""),
    (
        "hello-fleet/hello.bp",
        "input replicas: int = 2 where self in 1..20",
        "input replicas: int = 2 where self in 1..200",
    ),
    ("shop/shop.bp", "where self in 0..900", "where self in 0..9000"),
    ("shop/shop.bp", "[json_encode(text) for text in texts]", "[text for text in texts]"),
    ("shop/shop.bp", "where length(self) >= 8", "where length(self) >= 3"),
    ("shop/shop.bp", "env_from  = [settings[cluster].name]", "env_from  = []"),
    (
        "three-tier/three_tier.bp",
        "  backends -> application[*].http",
        "  backends -> application[1].http",
    ),
    ("three-tier/three_tier.bp", "user = \"application_${i}\"", "user = \"application\""),
    ("three-tier/three_tier.bp", "where length(self) >= 12", "where length(self) >= 11"),
    (
        "three-tier/three_tier.bp",
        "http://${self.host.address}:${self.port}",
        "http://${self.host.address}",
    ),
    (
        "three-tier/three_tier.bp",
        "  port = port\n  host -> small",
        "  port = port\n  host -> large",
    ),
    ("substitution/gallery.bp", "  store -> originals", "  store -> thumbnails"),
    ("substitution/large.bp", "* 1TiB < amount then", "* 1TiB <= amount then"),
    ("substitution/large.bp", "then round(amount / 1TiB) + 1", "then round(amount / 1TiB)"),
    ("substitution/large.bp", "disks -> disk[*]", "disks -> disk[1]"),
    ("substitution/small.bp", "  size = size\n", "  size = 1GiB\n"),
    ("library/acme/web.bp", "starts_with(image, registry)", "contains(image, registry)"),
    (
        "library/acme/web.bp",
        "any(registry in registries,",
        "any(registry in [...registries, \"\"],",
    ),
    (
        "library/acme/web.bp",
        "self.tier != \"gold\" or self.replicas >= 3",
        "self.tier != \"gold\" or self.replicas >= 2",
    ),
    ("library/orders.bp", "  tier     = \"gold\"\n", ""),
    ("environments/environments.bp", "memory   = 2GiB", "memory   = 1GiB"),
    (
        "environments/environments.bp",
        "if environment == \"dev\" then",
        "if environment != \"dev\" then",
    ),
    ("environments/environments.bp", "  env_from  = [settings[cluster].name]\n", ""),
    ("gradual/gradual.bp", "max = 50 }", "max = 60 }"),
    (
        "gradual/gradual.bp",
        "  where = self.labels.ring == \"canary\"",
        "  where = self.labels.ring != \"lost\"",
    ),
    (
        "gradual/gradual.bp",
        "  name  = \"web\"\n  image = \"nginx:${tag}\"\n  host -> cluster\n}\n\ngroup",
        "  name  = \"web\"\n  image = \"nginx:1.27\"\n  host -> cluster\n}\n\ngroup",
    ),
    ("backup/backup.bp", "total >= 1MiB", "total <= 1MiB"),
    ("backup/backup.bp", "\"${into}/${name}\"", "into"),
    ("backup/backup.bp", "\"stock-${region}\"", "\"stock\""),
    ("telco/site.bp", "  spread = { by = self.labels.region, max = 1 }\n", ""),
    ("telco/site.bp", "and (self.version ?? \"1.0\") >= \"1.27\"", ""),
    ("telco/site.bp", "[least(int(self.labels.latency))]", "[most(int(self.labels.latency))]"),
    ("telco/site.bp", "[least(int(self.labels.latency))]", "[least(self.labels.latency)]"),
    ("telco/site.bp", "user_plane -> upf[cluster]", "user_plane -> network.Upf"),
    ("telco/site.bp", " and self.labels[\"feature/ptp\"] == \"true\"", ""),
    ("telco/site.bp", "  count  = sites\n", ""),
];

fn blueprints() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../blueprints")
}

/// The files of a folder and of those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// How many tests there are in a folder's files, and how many of them fail.
fn run(folder: &Path) -> (usize, usize) {
    let (mut count, mut failed) = (0, 0);
    for file in files(folder).iter().filter(|file| file.extension().is_some_and(|e| e == "bp")) {
        let analysis = Analysis::load(file);
        let wrong = obstacles(&analysis);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", file.display());
        let Some(suite) = Suite::new(&analysis) else { continue };
        for test in analysis.tests() {
            count += 1;
            failed += usize::from(!suite.run(test).is_empty());
        }
    }
    (count, failed)
}

/// A copy of an example, with what is changed in it; no lock, since that pins what the change changes.
fn copy(example: &str, to: &Path, changed: &Path, text: &str) {
    for file in files(&blueprints().join(example)) {
        let inside = file.strip_prefix(blueprints()).unwrap();
        let at = to.join(inside);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        if inside == changed {
            fs::write(at, text).unwrap();
        } else if file.file_name().is_some_and(|name| name != "bp.lock") {
            fs::copy(&file, at).unwrap();
        }
    }
}

#[test]
fn every_example_has_tests_and_they_pass() {
    for entry in fs::read_dir(blueprints()).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            let (count, failed) = run(&entry.path());
            let name = entry.file_name();
            assert!(count >= 3 && failed == 0, "{name:?}: {failed} of {count} fail");
        }
    }
}

#[test]
fn a_mistake_turns_a_test_red() {
    let mut unseen = Vec::new();
    for (file, old, new) in MISTAKES {
        let text = fs::read_to_string(blueprints().join(file)).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file}: `{old}` stands there once");
        let folder = tempfile::tempdir().unwrap();
        let example = file.split('/').next().unwrap();
        copy(example, folder.path(), Path::new(file), &text.replace(old, new));
        if run(folder.path()).1 == 0 {
            unseen.push(format!("{file}: `{old}` → `{new}`"));
        }
    }
    assert!(unseen.is_empty(), "no test sees\n{}", unseen.join("\n"));
}
