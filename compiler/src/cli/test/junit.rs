//! Tests as `JUnit` XML, as CI systems read it: a suite a file, a case a test.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Tested;
use super::report::located;
use crate::diagnostics::Diagnostic;
use crate::render::human;
use crate::source::Place;

/// The whole report.
pub(super) fn text(files: &[Tested], took: Duration) -> String {
    let mut report = Report::new("bpc test");
    report.set_time(took);
    for tested in files {
        report.add_test_suite(suite(tested));
    }
    // Writing to memory cannot fail.
    report.to_string().unwrap_or_default()
}

fn suite(tested: &Tested) -> TestSuite {
    let path = tested.path.display().to_string();
    let mut suite = TestSuite::new(path.clone());
    suite.set_time(tested.took);
    suite.extra.insert("file".into(), path.as_str().into());
    if !tested.obstacles.is_empty() {
        let status = told(tested, NonSuccessKind::Error, &tested.obstacles);
        suite.add_test_case(case(tested, "compiles", Place::default(), tested.took, status));
    }
    for one in &tested.cases {
        let status = if one.found.is_empty() {
            TestCaseStatus::success()
        } else {
            told(tested, NonSuccessKind::Failure, &one.found)
        };
        suite.add_test_case(case(tested, &one.name, one.place, one.took, status));
    }
    suite
}

fn case(
    tested: &Tested,
    name: &str,
    place: Place,
    took: Duration,
    status: TestCaseStatus,
) -> TestCase {
    let (file, line) = located(tested, place);
    let mut case = TestCase::new(name, status);
    case.set_classname(class(tested));
    case.set_time(took);
    case.extra.insert("file".into(), file.as_str().into());
    case.extra.insert("line".into(), line.to_string().as_str().into());
    case
}

/// The blueprint's name, which has no dots: what is before the last one is taken for a package.
fn class(tested: &Tested) -> String {
    let own = tested.analysis.plan().map(|plan| plan.blueprint.name.clone());
    let file = || tested.path.file_stem().unwrap_or_default().to_string_lossy().replace('.', "_");
    own.unwrap_or_else(file)
}

/// Why a test did not pass: the first sentence, its code, and all of it as a person sees it.
fn told(tested: &Tested, kind: NonSuccessKind, found: &[Diagnostic]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    if let Some(first) = found.first() {
        status.set_message(first.message.as_str());
        status.set_type(first.code);
    }
    let style = human::Style::default();
    let all: Vec<String> =
        found.iter().map(|one| human::text(one, |id| tested.source(id), style)).collect();
    status.set_description(all.concat());
    status
}
