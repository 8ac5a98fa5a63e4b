//! One thread, and time that jumps to the next timer when nothing else is to be done.

use bp_simulation::{Lived, Living};

/// Runs it to its end.
pub(crate) fn run(living: Living<'_>) -> Lived {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(living),
        Err(error) => {
            let mut lived = Lived::default();
            lived.violations.push(error.to_string());
            lived
        }
    }
}
