//! A plan in its container, read once: whoever asks for secrets, prepares and keeps it shares what was read.

use std::sync::Arc;

use bp_plan::{Plan, PlanError};

use crate::error::DriverError;
use crate::ledger::Ledger;

/// A plan's container, with what is in it.
#[derive(Clone, Debug)]
pub struct Package {
    /// The container, as it was read.
    pub bytes: Vec<u8>,
    /// The plan.
    pub plan: Arc<Plan>,
    /// The files that travel with it.
    pub artifacts: Vec<Vec<u8>>,
}

impl Package {
    /// Reads a container. Fails where it is none, is of a newer format, or is not as it was written.
    pub fn read(bytes: Vec<u8>) -> Result<Self, PlanError> {
        let loaded = bp_plan::from_bytes(&bytes)?;
        let artifacts = loaded.artifacts.into_values().collect();
        Ok(Self { bytes, plan: Arc::new(loaded.plan), artifacts })
    }

    /// The one that the journal keeps under this digest.
    pub(crate) async fn stored(ledger: &Ledger, digest: &str) -> Result<Self, DriverError> {
        Ok(Self::read(ledger.blob(digest).await?)?)
    }
}
