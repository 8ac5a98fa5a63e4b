//! Pauses: asked for by anybody, taken by the owner of the run.

use bp_engine::Event;
use bp_engine::state::Paused;

use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::runtime::Runtime;

impl Runtime {
    /// Asks whoever runs the open run to begin nothing more; the request is durable when this returns.
    pub async fn ask_to_pause(&self, id: &str) -> Result<(), DriverError> {
        let mut ledger = self.existing(id).await?;
        let name = ledger.state.name.clone();
        let Some((_, paused)) = open(&ledger) else {
            return Err(DriverError::NothingToPause(name));
        };
        if let Some(paused) = paused {
            return Err(DriverError::PausedAlready { name, by: paused.by.clone() });
        }
        self.request(&mut ledger, Event::PauseRequested {}, Vec::new()).await?;
        Ok(())
    }

    /// Takes the request to pause where no process does: what was interrupted is not gone on with by
    /// itself.
    pub async fn pause_here(&self, id: &str) -> Result<(), DriverError> {
        let mut ledger = self.existing(id).await?;
        let taken = ledger.state.requests_taken;
        let mut asked = ledger.requests.range(taken + 1..).rev();
        let asked = asked.find(|(_, asked)| asked.event == Event::PauseRequested {});
        let (Some((request, asked)), Some((run, None))) = (asked, open(&ledger)) else {
            // Whoever ran it took it, or has just ended it.
            return Ok(());
        };
        let (run, request) = (run.to_owned(), *request);
        let (by, at_ms) = (asked.by.clone(), asked.at_ms);
        let paused = vec![Event::RunPaused { run, request, by, at_ms }];
        ledger.own(&self.actor, &self.owner, paused).await
    }

    /// Asks whoever runs the open run to go on with it; the request is durable when this returns.
    pub async fn ask_to_go_on(&self, id: &str) -> Result<(), DriverError> {
        let mut ledger = self.existing(id).await?;
        self.request(&mut ledger, Event::ResumeRequested {}, Vec::new()).await?;
        Ok(())
    }
}

/// The run that is open, and who has paused it: that of the deployment, which a workflow waits for where both
/// are.
fn open(ledger: &Ledger) -> Option<(&str, Option<&Paused>)> {
    let run = ledger.state.open_run().map(|run| (run.id.as_str(), run.paused.as_ref()));
    let workflow = ledger.state.open_workflow();
    run.or_else(|| workflow.map(|run| (run.id.as_str(), run.paused.as_ref())))
}
