//! Examples that people copy compile, and always to the same bytes.

use std::path::{Path, PathBuf};

use bp_tests::Environment;

fn blueprints(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(blueprints(&path));
        } else if path.extension().is_some_and(|end| end == "bp") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_blueprint_compiles_to_the_same_bytes_every_time() {
    let environment = Environment::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let all = blueprints(&root.join("blueprints"));
    assert!(!all.is_empty());
    for source in all {
        let compile = |name: &str| {
            let plan = environment.folder().join(name);
            let _ = environment
                .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
                .expect(0);
            std::fs::read(plan).unwrap()
        };
        assert_eq!(compile("first.plan"), compile("second.plan"), "{}", source.display());
    }
}
