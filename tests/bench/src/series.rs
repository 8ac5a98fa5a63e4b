//! What is measured for one size of the tree, and what must hold of the figures.

use std::fs;
use std::path::{Path, PathBuf};

use crate::measure::{Job, Taken, in_turns};
use crate::{events, growth, tree};

/// Terraform is run up to this size: an apply of more takes many minutes.
const TERRAFORM_MOST: usize = 1_000;
/// A deployment of so many is run once, and no longer than this; it has so much memory.
const DEPLOY_MOST: usize = 100_000;
const MOST_DEPLOY: f64 = 30.0;
const MOST_MEMORY: u64 = 1 << 30;

/// Evaluates a file as KCL's own program does.
const KCL: &str = "import sys, kcl_lib.api as a\n\
                   r = a.API().exec_program(a.ExecProgramArgs(k_filename_list=[sys.argv[1]]))\n\
                   sys.exit(r.err_message or 0)";

/// What was measured for one size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Point {
    pub(crate) nodes: usize,
    pub(crate) check: Taken,
    /// The most memory of any program up to that check, in bytes.
    pub(crate) memory: u64,
    pub(crate) compile: Taken,
    pub(crate) deployed: Option<Deployed>,
    pub(crate) kcl: Option<Taken>,
    pub(crate) validate: Option<Taken>,
    pub(crate) apply: Option<Taken>,
}

/// What was measured of a deployment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deployed {
    pub(crate) taken: Taken,
    /// Events of steps in the journal after the deployment.
    pub(crate) step_events: usize,
    /// Calls of the provider that change something.
    pub(crate) provider_calls: usize,
    /// The most memory that it had at once, in bytes; of a small one it is not asked.
    pub(crate) memory: Option<u64>,
}

/// The programs that are measured.
pub(crate) struct Programs {
    pub(crate) bpc: PathBuf,
    pub(crate) bpr: PathBuf,
    pub(crate) terraform: Option<PathBuf>,
    /// A Python with `kcl-lib`.
    pub(crate) kcl: Option<PathBuf>,
}

/// Where programs are installed that ours are compared with.
pub(crate) fn peers() -> Option<PathBuf> {
    let set = std::env::var_os("PEERS_HOME").map(PathBuf::from);
    set.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/peers")))
}

/// The Python with `kcl-lib`, if it is among what was installed to be compared with.
pub(crate) fn kcl() -> Option<PathBuf> {
    Some(peers()?.join("venv/kcl/bin/python")).filter(|file| file.is_file())
}

/// Measures one size in a folder of its own.
pub(crate) fn measure(programs: &Programs, folder: &Path, nodes: usize) -> Result<Point, String> {
    let folder = &folder.join(nodes.to_string());
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    tree::write(folder, nodes).map_err(io)?;
    let bpc = |arguments: &[&str]| Job {
        program: &programs.bpc,
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        folder,
        environment: vec![],
    };
    // What takes a few milliseconds is as often disturbed as not.
    let times = if nodes <= 100 { 31 } else { 5 };
    let check = bpc(&["check", "tree.bp"]);
    let memory = check.memory()?;
    let python = programs.kcl.as_ref().filter(|_| nodes <= TERRAFORM_MOST);
    let arguments = ["-c", KCL, "main.k"].map(str::to_owned).to_vec();
    let kcl = python.map(|program| Job { program, arguments, folder, environment: vec![] });
    let own = folder.join("terraform");
    let terraform = programs.terraform.as_ref().filter(|_| nodes <= TERRAFORM_MOST);
    let terraform = terraform.map(|program| Terraform { program, folder: &own });
    let validate = match &terraform {
        Some(terraform) => Some(terraform.begun()?),
        None => None,
    };
    let others: Vec<&Job<'_>> = kcl.iter().chain(&validate).collect();
    let is_compared = nodes == TERRAFORM_MOST;
    let turns =
        in_turns(&[&[&check], others.as_slice()].concat(), if is_compared { 15 } else { 3 })?;
    let mut taken = turns.into_iter();
    let beside_others = taken.next().filter(|_| is_compared);
    let check = match beside_others {
        Some(taken) => taken,
        None => check.repeat(times, || Ok(()))?,
    };
    let kcl = kcl.and_then(|_| taken.next());
    let validate = validate.and_then(|_| taken.next());
    let compile = bpc(&["compile", "tree.bp", "-o", "tree.plan"]).repeat(3, || Ok(()))?;
    let deployed = match nodes {
        ..=DEPLOY_MOST => Some(deploy(programs, folder, nodes)?),
        _ => None,
    };
    let apply = match &terraform {
        Some(terraform) => Some(terraform.job(&["apply", "-input=false", "-auto-approve"]).run()?),
        None => None,
    };
    Ok(Point { nodes, check, memory, compile, deployed, kcl, validate, apply })
}

/// Deploys the compiled tree.
fn deploy(programs: &Programs, folder: &Path, nodes: usize) -> Result<Deployed, String> {
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (home, calls) = (folder.join("home"), folder.join("calls.log"));
    let environment = || {
        vec![
            ("BPR_HOME", home.display().to_string()),
            ("BPR_NOOP_LOG", calls.display().to_string()),
        ]
    };
    let bpr = |arguments: &[&str]| Job {
        program: &programs.bpr,
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        folder,
        environment: environment(),
    };
    let fresh = || {
        for gone in [fs::remove_dir_all(&home), fs::remove_file(&calls)] {
            match gone {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.to_string());
                }
                _ => {}
            }
        }
        Ok(())
    };
    let job = bpr(&["deploy", "tree.plan", "--name", "bench"]);
    let is_large = nodes == DEPLOY_MOST;
    let memory = if is_large {
        fresh()?;
        Some(job.memory()?)
    } else {
        None
    };
    let taken = job.repeat(if is_large { 1 } else { 3 }, fresh)?;
    let step_events = events::count(&bpr(&["history", "bench", "--output", "json"]))?;
    let provider_calls = fs::read_to_string(&calls).map_err(io)?.lines().count();
    Ok(Deployed { taken, step_events, provider_calls, memory })
}

/// Terraform in a folder.
struct Terraform<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl<'a> Terraform<'a> {
    fn job(&self, arguments: &[&str]) -> Job<'a> {
        Job {
            program: self.program,
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            folder: self.folder,
            environment: vec![
                ("CHECKPOINT_DISABLE", "1".into()),
                ("TF_IN_AUTOMATION", "1".into()),
                ("NO_COLOR", "1".into()),
            ],
        }
    }

    /// With nothing applied; gives what validates it.
    fn begun(&self) -> Result<Job<'a>, String> {
        for state in ["terraform.tfstate", "terraform.tfstate.backup"] {
            match fs::remove_file(self.folder.join(state)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.to_string());
                }
                _ => {}
            }
        }
        self.job(&["init", "-input=false"]).run()?;
        Ok(self.job(&["validate"]))
    }
}

/// Something that must hold, and whether it does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) claim: String,
    pub(crate) found: String,
    pub(crate) holds: bool,
}

/// What must hold of these figures, as far as there are figures for it.
pub(crate) fn findings(points: &[Point]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for point in points {
        let Some(deployed) = point.deployed else { continue };
        findings.push(Finding {
            claim: format!("two durable events for each of {} nodes", point.nodes),
            found: deployed.step_events.to_string(),
            holds: deployed.step_events == 2 * point.nodes,
        });
        findings.push(Finding {
            claim: format!("one provider call for each of {} nodes", point.nodes),
            found: deployed.provider_calls.to_string(),
            holds: deployed.provider_calls == point.nodes,
        });
    }
    if let Some(point) = points.iter().find(|point| point.nodes == TERRAFORM_MOST) {
        findings.extend(beside_others(point));
    }
    for (nodes, most) in [(10_000, 0.3), (100_000, 4.0)] {
        findings.extend(points.iter().find(|point| point.nodes == nodes).map(|point| Finding {
            claim: format!("`bpc check` of {nodes} nodes: at most {most} s"),
            found: format!("{:.3} s", point.check.wall),
            holds: point.check.wall <= most,
        }));
    }
    if let Some(point) = points.iter().find(|point| point.nodes == 100_000) {
        findings.push(Finding {
            claim: "memory of `bpc check` of 100000 nodes: at most 2 GiB".to_owned(),
            found: format!("at most {} MiB", point.memory >> 20),
            holds: point.memory <= 2 << 30,
        });
    }
    findings.extend(points.iter().filter_map(large).flatten());
    let deploy: Vec<(usize, f64)> =
        points.iter().filter_map(|p| Some((p.nodes, p.deployed?.taken.wall))).collect();
    findings.extend(growth::exponent(&deploy).map(|it| growth::finding("bpr deploy", it)));
    findings
}

/// What must hold of a large deployment.
fn large(point: &Point) -> Option<[Finding; 2]> {
    let deployed = point.deployed.filter(|_| point.nodes == DEPLOY_MOST)?;
    let memory = deployed.memory?;
    Some([
        Finding {
            claim: format!("`bpr deploy` of {DEPLOY_MOST} nodes: at most {MOST_DEPLOY:.0} s"),
            found: format!("{:.1} s", deployed.taken.wall),
            holds: deployed.taken.wall <= MOST_DEPLOY,
        },
        Finding {
            claim: format!("memory of `bpr deploy` of {DEPLOY_MOST} nodes: at most 1 GiB"),
            found: format!("{} MiB", memory >> 20),
            holds: memory <= MOST_MEMORY,
        },
    ])
}

/// What must hold beside other tools, of those that are there.
fn beside_others(point: &Point) -> Vec<Finding> {
    let check = "processor time of `bpc check` at 1,000 nodes, of that of";
    let of = [(point.validate, "`terraform validate`", 25.0), (point.kcl, "KCL", 10.0)];
    let mut findings: Vec<Finding> = of
        .into_iter()
        .filter_map(|(taken, name, part)| {
            Some(at_most(&format!("{check} {name}"), point.check.cpu, taken?.cpu, 1.0 / part))
        })
        .collect();
    if let (Some(apply), Some(deployed)) = (point.apply, point.deployed) {
        findings.push(at_most(
            "wall time of `bpr deploy` at 1,000 nodes, of that of `terraform apply`",
            deployed.taken.wall,
            apply.wall,
            0.02,
        ));
    }
    findings
}

fn at_most(what: &str, ours: f64, theirs: f64, most: f64) -> Finding {
    Finding {
        claim: format!("{what}: at most 1/{:.0}", 1.0 / most),
        found: format!("{ours:.3} s of {theirs:.3} s, 1/{:.0}", theirs / ours),
        holds: ours <= theirs * most,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn points(exponent: f64) -> Vec<Point> {
        [10_u32, 100, 1_000, 10_000]
            .map(|nodes| {
                let time = 0.01 + f64::from(nodes).powf(exponent) * 1e-5;
                let taken = Taken { wall: time, cpu: time };
                let theirs = (nodes <= 1_000).then_some(Taken { wall: 40.0, cpu: 0.6 });
                let nodes = usize::try_from(nodes).unwrap();
                let step_events = 2 * nodes;
                Point {
                    nodes,
                    check: taken,
                    memory: 1 << 20,
                    compile: taken,
                    deployed: Some(Deployed {
                        taken,
                        step_events,
                        provider_calls: nodes,
                        memory: None,
                    }),
                    kcl: theirs,
                    validate: theirs,
                    apply: theirs,
                }
            })
            .to_vec()
    }

    #[test]
    fn straight_growth_holds_and_square_does_not() {
        assert!(findings(&points(1.0)).iter().all(|finding| finding.holds));
        let failed: Vec<String> = findings(&points(2.0))
            .into_iter()
            .filter(|finding| !finding.holds)
            .map(|finding| finding.claim)
            .collect();
        assert!(failed.iter().any(|claim| claim.contains("`bpr deploy` grows")), "{failed:?}");
    }

    #[test]
    fn what_is_missing_shows() {
        let mut points = points(1.0);
        if let Some(last) = points.last_mut().and_then(|last| last.deployed.as_mut()) {
            last.step_events -= 1;
            last.provider_calls += 1;
        }
        assert_eq!(findings(&points).iter().filter(|finding| !finding.holds).count(), 2);
    }

    #[test]
    fn a_large_deployment_is_quick_and_small() {
        let taken = Taken { wall: 29.0, cpu: 29.0 };
        let deployed =
            Deployed { taken, step_events: 0, provider_calls: 0, memory: Some(MOST_MEMORY) };
        let point = Point { nodes: DEPLOY_MOST, deployed: Some(deployed), ..Point::default() };
        assert!(large(&point).unwrap().iter().all(|finding| finding.holds));
        let slow = Deployed {
            taken: Taken { wall: 31.0, cpu: 1.0 },
            memory: Some(MOST_MEMORY + 1),
            ..deployed
        };
        let point = Point { deployed: Some(slow), ..point };
        assert!(large(&point).unwrap().iter().all(|finding| !finding.holds));
    }

    #[test]
    fn slow_figures_show() {
        let mut points = points(1.0);
        for point in &mut points {
            point.check.cpu += 1.0;
            point.check.wall += 1.0;
            if let Some(deployed) = &mut point.deployed {
                deployed.taken.wall += 1.0;
            }
        }
        assert_eq!(findings(&points).iter().filter(|finding| !finding.holds).count(), 4);
    }
}
