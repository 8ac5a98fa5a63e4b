//! One file a command.

pub(crate) mod adopt;
pub(crate) mod compact;
pub(crate) mod deploy;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod journal;
pub(crate) mod list;
pub(crate) mod outlook;
pub(crate) mod outputs;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod update;
pub(crate) mod wanted;
pub(crate) mod why;
pub(crate) mod workflow;
