//! What is measured for one size of the tree, and what must hold of the figures.

use std::fs;
use std::path::{Path, PathBuf};

use crate::measure::{Job, Taken};
use crate::{events, tree};

/// Terraform is run up to this size: an apply of more takes many minutes.
const TERRAFORM_MOST: usize = 1_000;

/// What was measured for one size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Point {
    pub(crate) nodes: usize,
    pub(crate) check: Taken,
    pub(crate) compile: Taken,
    pub(crate) deploy: Taken,
    /// Events of steps in the journal after the deployment.
    pub(crate) step_events: usize,
    /// Calls of the provider that change something.
    pub(crate) provider_calls: usize,
    pub(crate) validate: Option<Taken>,
    pub(crate) apply: Option<Taken>,
}

/// The programs that are measured.
pub(crate) struct Programs {
    pub(crate) bpc: PathBuf,
    pub(crate) bpr: PathBuf,
    pub(crate) terraform: Option<PathBuf>,
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
    let check = bpc(&["check", "tree.bp"]).repeat(5, || Ok(()))?;
    let compile = bpc(&["compile", "tree.bp", "-o", "tree.plan"]).repeat(3, || Ok(()))?;

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
    let deploy = bpr(&["deploy", "tree.plan", "--name", "bench"]).repeat(3, fresh)?;
    let step_events = events::count(&bpr(&["history", "bench", "--output", "json"]))?;
    let provider_calls = fs::read_to_string(&calls).map_err(io)?.lines().count();

    let (validate, apply) = match &programs.terraform {
        Some(terraform) if nodes <= TERRAFORM_MOST => {
            let (validate, apply) = with_terraform(terraform, &folder.join("terraform"))?;
            (Some(validate), Some(apply))
        }
        _ => (None, None),
    };
    Ok(Point { nodes, check, compile, deploy, step_events, provider_calls, validate, apply })
}

fn with_terraform(program: &Path, folder: &Path) -> Result<(Taken, Taken), String> {
    let job = |arguments: &[&str]| Job {
        program,
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        folder,
        environment: vec![
            ("CHECKPOINT_DISABLE", "1".into()),
            ("TF_IN_AUTOMATION", "1".into()),
            ("NO_COLOR", "1".into()),
        ],
    };
    for state in ["terraform.tfstate", "terraform.tfstate.backup"] {
        match fs::remove_file(folder.join(state)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error.to_string());
            }
            _ => {}
        }
    }
    job(&["init", "-input=false"]).run()?;
    let validate = job(&["validate"]).repeat(3, || Ok(()))?;
    let apply = job(&["apply", "-input=false", "-auto-approve"]).run()?;
    Ok((validate, apply))
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
        findings.push(Finding {
            claim: format!("two durable events for each of {} nodes", point.nodes),
            found: point.step_events.to_string(),
            holds: point.step_events == 2 * point.nodes,
        });
        findings.push(Finding {
            claim: format!("one provider call for each of {} nodes", point.nodes),
            found: point.provider_calls.to_string(),
            holds: point.provider_calls == point.nodes,
        });
    }
    if let Some(point) = points.iter().find(|point| point.nodes == TERRAFORM_MOST) {
        if let Some(validate) = point.validate {
            findings.push(at_most(
                "processor time of `bpc check` at 1,000 nodes, of that of `terraform validate`",
                point.check.cpu,
                validate.cpu,
                0.1,
            ));
        }
        if let Some(apply) = point.apply {
            findings.push(at_most(
                "wall time of `bpr deploy` at 1,000 nodes, of that of `terraform apply`",
                point.deploy.wall,
                apply.wall,
                0.02,
            ));
        }
    }
    for (what, of) in [
        ("bpc check", (|p: &Point| p.check.cpu) as fn(&Point) -> f64),
        ("bpr deploy", |p: &Point| p.deploy.wall),
    ] {
        findings.extend(growth(points, of).map(|exponent| Finding {
            claim: format!("`{what}` grows with the number of nodes (exponent at most 1.15)"),
            found: format!("{exponent:.2}"),
            holds: exponent <= 1.15,
        }));
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

/// The exponent of growth between the two largest sizes; what the smallest takes is the start of
/// the program and does not count.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn growth(points: &[Point], of: fn(&Point) -> f64) -> Option<f64> {
    let [start, .., smaller, larger] = points else { return None };
    let (low, high) = (of(smaller) - of(start), of(larger) - of(start));
    let sizes = larger.nodes as f64 / smaller.nodes as f64;
    (low > 0.0 && high > 0.0).then(|| (high / low).ln() / sizes.ln())
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
                let theirs = (nodes <= 1_000).then_some(Taken { wall: 40.0, cpu: 0.5 });
                let nodes = usize::try_from(nodes).unwrap();
                Point {
                    nodes,
                    check: taken,
                    compile: taken,
                    deploy: taken,
                    step_events: 2 * nodes,
                    provider_calls: nodes,
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
        assert!(failed.iter().any(|claim| claim.contains("`bpc check` grows")), "{failed:?}");
        assert!(failed.iter().any(|claim| claim.contains("`bpr deploy` grows")), "{failed:?}");
    }

    #[test]
    fn what_is_missing_shows() {
        let mut points = points(1.0);
        if let Some(last) = points.last_mut() {
            last.step_events -= 1;
            last.provider_calls += 1;
        }
        assert_eq!(findings(&points).iter().filter(|finding| !finding.holds).count(), 2);
    }

    #[test]
    fn slow_figures_show() {
        let mut points = points(1.0);
        for point in &mut points {
            point.check.cpu += 1.0;
            point.deploy.wall += 1.0;
        }
        assert_eq!(findings(&points).iter().filter(|finding| !finding.holds).count(), 2);
    }
}
