//! What others have changed since it was applied: a run that heals begins with what was found, as events of the
//! targets, so that it is known after a crash what is still to be healed.

use crate::event::Event;
use crate::state::State;

/// What the open run is to heal and has not begun with yet, as events of targets.
pub(crate) fn found(state: &State) -> Vec<(String, Event)> {
    let Some(run) = state.open_run().filter(|run| run.heals) else { return Vec::new() };
    let mut found = Vec::new();
    for (target, instance) in run.again.iter().flatten() {
        let there = state.targets.get(target).and_then(|there| there.instances.get(instance));
        let is_new = there.is_some_and(|is| is.drift.as_ref().is_none_or(|it| it.run != run.id));
        if is_new {
            let (run, instance) = (run.id.clone(), instance.clone());
            found.push((target.clone(), Event::DriftFound { run, instance }));
        }
    }
    found
}
