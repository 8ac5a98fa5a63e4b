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
    let (all, modules): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().any(|line| line.starts_with("blueprint "))
    });
    assert!(all.len() >= 9, "{all:?}");
    for module in modules {
        let _ = environment.bpc(["check".as_ref(), module.as_os_str()]).expect(0);
    }
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

#[test]
fn every_blueprint_passes_its_own_tests() {
    let environment = Environment::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.join("blueprints");
    let _ = environment.bpc(["fmt".as_ref(), "--check".as_ref(), folder.as_os_str()]).expect(0);
    let ended = environment
        .bpc(["test".as_ref(), folder.as_os_str(), "--message-format".as_ref(), "json".as_ref()])
        .expect(0);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for example in ["hello-fleet/hello.bp", "shop/shop.bp"] {
        let of = |line: &&serde_json::Value| {
            line["file"].as_str().is_some_and(|file| file.ends_with(example))
        };
        assert!(lines.iter().filter(of).count() >= 4, "{example}: {}", ended.stdout);
    }
}

/// What the compiler makes of paths along requirements, functions, optional values and loops is what the
/// engine understands.
#[test]
fn expressions_mean_to_the_engine_what_they_mean_to_the_compiler() {
    let environment = Environment::new();
    let source = environment.write(
        "walk.bp",
        r#"
blueprint walk { version = "1.0.0" }
relationship type Mounted extends HostedOn { property path: string }
fn joined(a: string, b: string = "z") -> string = "${a}-${b}"
input names: list<string> = ["b", "a"]
input note: string?
node type Vm { property address: string }
node type Volume {
  property device: string = "${self.vm.address}:${self.vm.via.path}"
  requires vm: Vm via Mounted
}
node vm: Vm for name in names { address = joined(name) }
node vol: Volume { vm -> vm["a"] via Mounted { path = "/data" } }
output device: string = vol.device
output all: list<string> = [joined(v.address, note ?? "none") for v in vm]
output total: duration = sum(n in names, 5m)
output noted: bool = note != null and starts_with(note, "x")
"#,
    );
    let plan = environment.folder().join("walk.plan");
    let _ = environment
        .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
        .expect(0);
    let deploy = ["deploy".as_ref(), "--name".as_ref(), "walk".as_ref(), plan.as_os_str()];
    let _ = environment.bpr(deploy).expect(0);
    let outputs = environment.ask("outputs", "walk", 0).to_string();
    for found in [r#""a-z:/data""#, r#"["a-z-none","b-z-none"]"#, r#""10m""#, "false"] {
        assert!(outputs.contains(found), "{found} in {outputs}");
    }
}
