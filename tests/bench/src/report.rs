//! The figures, to be read by people.

use std::fmt::Write as _;

use crate::editor::{self, Server, Wait};
use crate::measure::Taken;
use crate::series::{Finding, Point};

/// The machine that was measured on.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) filesystem: String,
    pub(crate) date: String,
    pub(crate) terraform: Option<String>,
    pub(crate) load: String,
}

fn seconds(taken: Option<Taken>) -> String {
    taken.map_or("–".to_owned(), |t| format!("{:.3} ({:.3})", t.cpu, t.wall))
}

fn count(of: Option<usize>) -> String {
    of.map_or("–".to_owned(), |count| count.to_string())
}

/// `tests/bench/README.md`.
pub(crate) fn readme(
    machine: &Machine,
    points: &[Point],
    edited: &editor::Point,
    findings: &[Finding],
) -> String {
    let mut text = String::from(
        "# How long it takes\n\nWritten by `cargo xtask bench`, which builds `bpc` and `bpr` for release and measures them beside \
         terraform, KCL and yaml-language-server, where those are on the machine (KCL as `kcl-lib` of PyPI in \
         `$PEERS_HOME/venv/kcl`, the server from npm in `$PEERS_HOME/npm`; `~/.cache/peers` where that is not set).\n\nThe work: N nodes in a binary tree, each with four properties, one of them its parent's \
         name, and a provider that does nothing (`noop`; for terraform `terraform_data`). `bpr deploy` has its durable journal: every node is \
         one provider call between two events that are on the disk before it goes on. Each figure is the middle one of several runs (`terraform apply`: \
         one run), from the start of the process to its end.\n\n",
    );
    let _ = write!(
        text,
        "Machine `{}`: {}, {} processors, journal on {}; {}; load before {}. Terraform: {}.\n\n",
        machine.name,
        machine.processor,
        machine.processors,
        machine.filesystem,
        machine.date,
        machine.load,
        machine.terraform.as_deref().unwrap_or("not on this machine"),
    );
    text.push_str(
        "Seconds of processor time (wall time in brackets):\n\n| N | `bpc check` | `terraform validate` | KCL | `bpc compile` | `bpr deploy` | \
         `terraform apply` | step events | provider calls |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for p in points {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            p.nodes,
            seconds(Some(p.check)),
            seconds(p.validate),
            seconds(p.kcl),
            seconds(Some(p.compile)),
            seconds(p.deployed.map(|d| d.taken)),
            seconds(p.apply),
            count(p.deployed.map(|d| d.step_events)),
            count(p.deployed.map(|d| d.provider_calls)),
        );
    }
    text.push_str(&recorded(points));
    text.push_str(&waits(edited));
    text.push_str("\n| what must hold | found | holds |\n|---|---|---|\n");
    for finding in findings {
        let holds = if finding.holds { "yes" } else { "**no**" };
        let _ = writeln!(text, "| {} | {} | {holds} |", finding.claim, finding.found);
    }
    text
}

/// What others took for the same tree of 1,000 nodes, in seconds of processor time: recorded once, on a
/// machine of two processors that had other work, and not run again here.
const RECORDED: [(&str, f64); 4] = [
    ("Cloudify 7.0 `blueprints validate`", 50.8),
    ("puccini 0.21, TOSCA 2.0", 47.7),
    ("opera 0.7 `validate`", 1.41),
    ("tosca-parser", 0.70),
];

/// Ours beside figures that were recorded, for tools that are not at hand.
fn recorded(points: &[Point]) -> String {
    let Some(point) = points.iter().find(|point| point.nodes == 1_000) else {
        return String::new();
    };
    let mut text = String::from(
        "\nOthers that check the same tree of 1,000 nodes, by figures that were recorded once on a busy machine of this kind (on an \
         idle one take half of them) and are not taken again; seconds of processor time:\n\n| | recorded | `bpc check`, of half of it |\n|---|---|---|\n",
    );
    for (name, seconds) in RECORDED {
        let part = seconds / 2.0 / point.check.cpu;
        let _ = writeln!(text, "| {name} | {seconds:.2} | 1/{part:.0} |");
    }
    text
}

/// What a person waits for a language server.
fn waits(edited: &editor::Point) -> String {
    let wait = |wait: Wait| format!("{:.1} / {:.1}", wait.p50, wait.p95);
    let none = || "–".to_owned();
    let yaml =
        |of: fn(&Server) -> Option<Wait>| edited.yaml.as_ref().and_then(of).map_or_else(none, wait);
    let names = edited.ours.names;
    format!(
        "\nThe same tree in an editor, {} lines as a blueprint; beside it as YAML with a JSON schema that says the same. \
         Milliseconds from a key, over stdio: the middle one / the slowest of 95 in 100.\n\n\
         | | `bpls` | `yaml-language-server` |\n|---|---|---|\n\
         | to what is wrong | {} | {} |\n| to what can stand there: entries | {} | {} |\n\
         | to what can stand there: names | {} | {} |\n",
        edited.lines,
        wait(edited.ours.diagnostics),
        yaml(|server| Some(server.diagnostics)),
        wait(edited.ours.completion),
        yaml(|server| Some(server.completion)),
        names.map_or_else(none, wait),
        yaml(|server| server.names),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_findings_stand_in_it() {
        let machine = Machine {
            name: "anvil".into(),
            processor: "Some CPU".into(),
            processors: 2,
            filesystem: "ext4".into(),
            date: "2026-01-31".into(),
            terraform: None,
            load: "0.1".into(),
        };
        let check = Taken { wall: 0.5, cpu: 0.25 };
        let point = Point { nodes: 10, check, ..Point::default() };
        let large = Point { nodes: 1_000, check, ..Point::default() };
        let finding = Finding { claim: "it is fast".into(), found: "no".into(), holds: false };
        let wait = Wait { p50: 1.25, p95: 9.0 };
        let names = Some(Wait { p50: 2.0, p95: 3.0 });
        let ours = Server { diagnostics: wait, completion: Wait::default(), names };
        let edited = editor::Point { lines: 1_000, ours, yaml: None };
        let text = readme(&machine, &[point, large], &edited, &[finding]);
        for part in [
            "| to what is wrong | 1.2 / 9.0 | – |",
            "names | 2.0 / 3.0 | – |",
            "`anvil`",
            "| 10 | 0.250 (0.500) | – |",
            "| it is fast | no | **no** |",
            "| opera 0.7 `validate` | 1.41 | 1/3 |",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
