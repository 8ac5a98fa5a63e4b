//! What a face of the runtime is told while a run goes on.

use bp_engine::engine::TargetProgress;
use bp_engine::{Event, Stream};
use bp_journal::Envelope;

/// Is told what happens. Calls must be quick: the run waits for them.
pub trait Watcher: Send + Sync {
    /// An event is durable.
    fn event(&self, _stream: &Stream, _envelope: &Envelope, _event: &Event) {}

    /// How far each target is; now and then, and at the end.
    fn progress(&self, _targets: &[TargetProgress]) {}

    /// What a step that takes time is waiting for: `1 of 3 replicas available`.
    fn waiting(&self, _target: &str, _instance: &str, _what: &str) {}

    /// A line that an operation of an instance (`lifecycle.create`) wrote.
    fn wrote(&self, _target: &str, _instance: &str, _operation: &str, _line: &str) {}
}

/// Is told and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Watcher for Silent {}
