//! What stands between a checked program and its plan.

use super::Diagnostic;
use crate::source::Place;

/// A construct that this compiler checks and does not plan yet.
pub fn not_planned(at: Place, what: &str) -> Diagnostic {
    Diagnostic::error("E7001", format!("{what} can't be compiled into a plan by this version"), at)
        .help("leave it out for now; `bpc check` accepts it")
}

/// A plan that its own checks refuse: a defect of the compiler, told as such.
pub fn refused(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E7003", format!("the plan of this blueprint is not sound: {why}"), at)
        .help("this is a defect of the compiler; please report it with the blueprint")
}
