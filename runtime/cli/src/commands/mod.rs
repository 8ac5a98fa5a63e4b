//! One file a command.

pub(crate) mod deploy;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod outputs;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod workflow;
