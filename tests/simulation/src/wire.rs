//! The way from a process to what is outside: calls and answers that are delayed, refused, lost and
//! doubled.

use std::sync::Arc;
use std::time::Duration;

use bp_provider::{Class, Failure};

use crate::blueprint::At;
use crate::process::Process;
use crate::sim::{Inner, Sim};

/// How long nobody answers before a call is given up.
const DEADLINE: Duration = Duration::from_secs(30);

/// A call on its way.
pub(crate) struct Message<'m> {
    /// Whose.
    pub(crate) process: &'m Process,
    /// To which target.
    pub(crate) target: &'m str,
    /// By which provider; empty for none.
    pub(crate) provider: &'m str,
    /// About which instance; empty for none.
    pub(crate) instance: &'m str,
    /// What it asks, for people.
    pub(crate) what: String,
}

/// What befalls a call.
enum Luck {
    Good,
    Refused(Failure),
    LostOnTheWay,
    LostOnTheWayBack,
    Doubled,
}

impl Message<'_> {
    /// Sends it: `effect` is what happens where it arrives, once or twice.
    pub(crate) async fn send<T: Send>(
        &self,
        mut effect: impl FnMut(&mut Inner) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        let Self { process, target, .. } = self;
        let sim = &process.sim;
        if process.is_fenced() {
            sim.violated(format!("{} was fenced and calls: {}", process.name, self.what));
        }
        process.instant("before a call").await;
        let _busy = self.busy();
        sim.passes(20).await;
        process.instant("while it calls").await;
        let now = sim.now_ms();
        let luck = sim.with(|inner| luck(inner, target, now));
        if let Some(early) = self.is_early(now) {
            sim.violated(format!("{} calls {early} ms too early: {}", process.name, self.what));
        }
        let answer = match luck {
            Luck::Refused(failure) => {
                self.told("is refused");
                self.was_refused(now, &failure);
                Err(failure)
            }
            Luck::LostOnTheWay => {
                self.told("never arrives");
                tokio::time::sleep(DEADLINE).await;
                Err(lost())
            }
            Luck::LostOnTheWayBack => {
                let done = self.arrives(&mut effect);
                self.told(if done.is_ok() { "is done, and the answer is lost" } else { "fails" });
                process.instant("while it waits for an answer").await;
                tokio::time::sleep(DEADLINE).await;
                Err(lost())
            }
            Luck::Doubled => {
                self.told("arrives twice");
                let first = self.arrives(&mut effect);
                let _ = self.arrives(&mut effect);
                first
            }
            Luck::Good => {
                let done = self.arrives(&mut effect);
                self.told(if done.is_ok() { "is done" } else { "fails" });
                done
            }
        };
        process.instant("before an answer").await;
        sim.passes(20).await;
        process.instant("after an answer").await;
        answer
    }

    fn arrives<T>(
        &self,
        effect: &mut (impl FnMut(&mut Inner) -> Result<T, Failure> + Send),
    ) -> Result<T, Failure> {
        let sim = &self.process.sim;
        let now = sim.now_ms();
        let before = sim.with(|inner| inner.violations.len());
        let done = sim.with(|inner| {
            inner.world.comes_to(now);
            effect(inner)
        });
        let found = sim.with(|inner| inner.violations.get(before..).map(<[_]>::to_vec));
        for what in found.unwrap_or_default() {
            sim.tell("ORACLE", || what.clone());
        }
        done
    }

    fn told(&self, how: &str) {
        self.process.sim.tell(&self.process.name, || format!("{}: {how}", self.what));
    }

    fn at(&self) -> (String, At) {
        (self.process.name.clone(), (self.target.to_owned(), self.instance.to_owned()))
    }

    /// How many milliseconds too early it is for what the target asked to wait. A clock that is set
    /// knows no better.
    fn is_early(&self, now: i64) -> Option<i64> {
        if self.instance.is_empty() || self.process.fate.jump.is_some() {
            return None;
        }
        let at = self.at();
        let not_before = self.process.sim.with(|inner| inner.waits.remove(&at))?;
        (now < not_before).then_some(not_before - now)
    }

    fn was_refused(&self, now: i64, failure: &Failure) {
        let Some(wait) = failure.retry_after.and_then(|wait| i64::try_from(wait.as_millis()).ok())
        else {
            return;
        };
        // A clock that goes fast, too, sees to most of the wait.
        let not_before = now + wait * 9 / 10;
        let at = self.at();
        self.process.sim.with(|inner| inner.waits.insert(at, not_before));
    }

    /// One call more between a process and a target, and by a provider, for as long as this lives.
    fn busy(&self) -> Busy {
        let sim = self.process.sim.clone();
        let mut keys = vec![(format!("to `{}`", self.target), None)];
        if !self.provider.is_empty() {
            keys.push((format!("by `{}`", self.provider), Some(self.provider)));
        }
        for (way, provider) in &keys {
            let (busy, most) = sim.with(|inner| {
                let busy = inner.busy.entry((self.process.name.clone(), way.clone())).or_default();
                *busy += 1;
                let most = match provider {
                    None => Some(inner.at_once),
                    Some(provider) => inner.at_once_by.get(*provider).copied(),
                };
                (*busy, most)
            });
            if most.is_some_and(|most| busy > most) {
                sim.violated(format!("{} makes {busy} calls at once {way}", self.process.name));
            }
        }
        let keys = keys.into_iter().map(|(way, _)| (self.process.name.clone(), way)).collect();
        Busy { sim, keys }
    }
}

/// A call under way.
struct Busy {
    sim: Arc<Sim>,
    keys: Vec<(String, String)>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.sim.with(|inner| {
            for key in &self.keys {
                if let Some(busy) = inner.busy.get_mut(key) {
                    *busy -= 1;
                }
            }
        });
    }
}

fn lost() -> Failure {
    Failure::new(Class::UnknownOutcome, "no answer came")
}

fn luck(inner: &mut Inner, target: &str, now: i64) -> Luck {
    let faults = &inner.faults;
    let is_down =
        faults.down.iter().any(|(name, from, to)| name == target && *from <= now && now < *to);
    let random = &mut inner.random;
    if is_down {
        let message = format!("`{target}` does not answer");
        let failure = Failure::new(Class::Transient, message);
        return Luck::Refused(Failure { unreachable: true, ..failure });
    }
    if random.happens(faults.throttles) {
        let failure = Failure::new(Class::Transient, "too many requests");
        let retry_after = Some(Duration::from_millis(random.between(200, 3_000)));
        return Luck::Refused(Failure { retry_after, ..failure });
    }
    if random.happens(faults.refuses) {
        return Luck::Refused(Failure::new(Class::Transient, "not now"));
    }
    if random.happens(faults.loses_calls) {
        return Luck::LostOnTheWay;
    }
    if random.happens(faults.loses_replies) {
        return Luck::LostOnTheWayBack;
    }
    if random.happens(faults.doubles) { Luck::Doubled } else { Luck::Good }
}
