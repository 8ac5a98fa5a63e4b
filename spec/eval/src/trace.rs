//! What an evaluation makes of secrets on its way, for those who keep it from being seen.

use std::collections::BTreeSet;

use bp_plan::{Expr, Value};

use crate::evaluator::{Eval, Evaluator, Stop};

/// Is told what the parts of expressions come to.
pub trait Tracer {
    /// A part that has this value, without any secret.
    fn plain(&self, value: &Value);
    /// A part that has none to be seen, since it depends on these secrets; with the values of the locals
    /// around it, as far as they have one.
    fn secret(&self, part: &Expr, names: &BTreeSet<String>, locals: &[(&str, Value)]);
}

impl Evaluator<'_> {
    pub(crate) fn trace(&self, tracer: &dyn Tracer, part: &Expr, came_to: &Eval) {
        match came_to {
            Ok(value) => tracer.plain(value),
            Err(Stop::Secret(names)) => {
                let known = self.locals.iter().filter_map(|(name, value)| {
                    let value = value.as_ref().ok()?;
                    Some((*name, value.clone()))
                });
                let locals: Vec<(&str, Value)> = known.collect();
                tracer.secret(part, names, &locals);
            }
            Err(Stop::Unknown | Stop::Error(_)) => {}
        }
    }
}
