//! What stands between a checked program and its plan.

use super::Diagnostic;
use crate::source::Place;

/// A plan that its own checks refuse: a defect of the compiler, told as such.
pub fn refused(at: Place, why: &str) -> Diagnostic {
    Diagnostic::error("E7003", format!("the plan of this blueprint is not sound: {why}"), at)
        .help("this is a defect of the compiler; please report it with the blueprint")
}
