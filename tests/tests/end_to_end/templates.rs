//! Files and templates, from the source to what is really there: with values that are known at run time only.

use std::time::Duration;

use bp_tests::{Environment, Objects, Running};

const CONFIG: &str = "# {{app.name}} & friends\nnamespace: {{space.uid}}\n{{#each servers}}\nserver {{@index}}: {{host}}:{{port}}\n{{/each}}\n{{#if note}}\nnote: {{note}}\n{{else}}\nno note\n{{/if}}\n";

fn program(namespace: &str) -> String {
    format!(
        r#"
blueprint configured {{ version = "1.0.0" }}
use std.kubernetes as k8s
input hosts: list<string>
input note: string?
select demo: k8s.Cluster[1..] {{ where = self.labels.tier == "demo" }}
node space: k8s.Namespace for cluster in demo {{
  name = "{namespace}"
  host -> cluster
}}
node config: k8s.ConfigMap for cluster in demo {{
  name = "config"
  namespace = space[cluster].name
  data = {{
    "app.conf" = template("files/app.conf.hbs", {{
      app = {{ name = "shop" }}
      space = {{ uid = space[cluster].uid }}
      servers = [{{ host = h, port = 80 }} for h in hosts]
      note = note
    }})
    "plain.txt" = read("files/plain.txt")
  }}
  host -> cluster
}}
"#
    )
}

#[test]
fn a_configmap_is_filled_in_with_what_its_cluster_reports() {
    let mut environment = Environment::new();
    let clusters = environment.embedded(2);
    std::fs::create_dir(environment.folder().join("files")).unwrap();
    let template = environment.write("files/app.conf.hbs", CONFIG);
    let text = environment.write("files/plain.txt", "{{not a template}}\n");
    let source = environment.write("configured.bp", program("configured"));
    let plan = environment.folder().join("configured.plan");
    let _ = environment
        .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
        .expect(0);
    // What the plan needs is in it.
    std::fs::remove_file(template).unwrap();
    std::fs::remove_file(text).unwrap();
    let inventory = environment.inventory(&clusters);
    let _ = environment
        .start_bpr([
            "deploy".as_ref(),
            plan.as_os_str(),
            "--name".as_ref(),
            "configured".as_ref(),
            "--inventory".as_ref(),
            inventory.as_os_str(),
            "--input".as_ref(),
            "hosts=[\"a\", \"b\"]".as_ref(),
        ])
        .wait(Duration::from_mins(2))
        .expect(0);
    let mut seen = Vec::new();
    for cluster in &clusters {
        let objects = Objects::of(cluster, "configured");
        let uid = objects.0["Namespace/"].uid.clone();
        let data = &objects.0["ConfigMap/config"].wanted;
        let wanted = format!(
            "# shop & friends\nnamespace: {uid}\nserver 0: a:80\nserver 1: b:80\nno note\n"
        );
        assert_eq!(data["app.conf"], wanted.as_str(), "on {}", cluster.name);
        assert_eq!(data["plain.txt"], "{{not a template}}\n");
        seen.push(uid);
    }
    assert_ne!(seen[0], seen[1], "each cluster's own");
}

#[test]
fn a_mistake_in_a_template_is_drawn_at_its_line() {
    let environment = Environment::new();
    std::fs::create_dir(environment.folder().join("files")).unwrap();
    let _ = environment.write("files/app.conf.hbs", CONFIG.replace("{{host}}", "{{hots}}"));
    let _ = environment.write("files/plain.txt", "x");
    let source = environment.write("configured.bp", program("configured"));
    let ended = environment.bpc(["check".as_ref(), source.as_os_str()]);
    assert_eq!(ended.code, Some(1));
    let words = ended.words();
    for part in ["E3042", "files/app.conf.hbs:4", "{{hots}}", "host", "configured.bp:15"] {
        assert!(words.contains(part), "{part} in {words}");
    }
}

#[test]
fn a_file_reaches_its_provider_and_a_changed_one_changes_the_node() {
    let environment = Environment::new();
    let log = environment.folder().join("noop.log");
    let source = environment.write(
        "stack.bp",
        "blueprint stack { version = \"1.0.0\" }\nnode type Stack {\n  property template: file | string\n  provider = \"noop\"\n}\nnode one: Stack { template = file(\"stack.yaml\") }\nnode two: Stack { template = \"in place\" }\n",
    );
    let plan = environment.folder().join("stack.plan");
    for content in ["Resources: {}\n", "Resources: {}\n", "Resources: { a: 1 }\n"] {
        let _ = environment.write("stack.yaml", content);
        let _ = environment
            .bpc(["compile".as_ref(), source.as_os_str(), "-o".as_ref(), plan.as_os_str()])
            .expect(0);
        let mut command = environment.command("bpr");
        command.args(["deploy".as_ref(), plan.as_os_str(), "--name".as_ref(), "stack".as_ref()]);
        command.env("BPR_NOOP_LOG", &log);
        let _ = Running::start(command).wait(Duration::from_mins(1)).expect(0);
    }
    let lines = std::fs::read_to_string(&log).unwrap();
    let done: Vec<&str> =
        lines.lines().filter_map(|line| line.rsplit_once(' ')).map(|(done, _)| done).collect();
    assert_eq!(done.len(), 3, "{lines}");
    assert!(done.contains(&"one create") && done.contains(&"two create"), "{lines}");
    assert_eq!(done.last(), Some(&"one update"), "{lines}");
}
