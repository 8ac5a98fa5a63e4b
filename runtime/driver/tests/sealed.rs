//! What nodes report and their types declare to be secret: given on, kept sealed, known again after any death; the
//! journal never holds it open.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use age::x25519::Identity;
use async_trait::async_trait;
use bp_driver::{DriverError, Runtime, SecretSource, Unsealed};
use bp_engine::event::Outcome;
use bp_journal::{MemoryStore, Store};
use bp_plan::{Expr, Plan, Type};
use bp_provider::{
    Call, Change, Discovery, Done, Failure, Handle, Health, Observation, Present, Progress,
    Provider, Record, Subject,
};
use bp_topology::Secrets;
use common::{Dying, World, deploy, plan_with, runtime};
use serde_json::{Value as Json, json};

/// What the journal must never hold.
const TOKEN: &str = "a-canary-of-the-vault";

/// Seals for a key of its own; no secret of a plan is known.
struct Key(Option<Identity>);

impl SecretSource for Key {
    fn secrets(&self, _: &Plan) -> Secrets {
        Secrets::new(b"a key of the hashes".to_vec())
    }

    fn can_seal(&self) -> Result<(), Unsealed> {
        self.0.as_ref().map(drop).ok_or_else(lost)
    }

    fn seal(&self, open: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let own = self.0.as_ref().ok_or_else(lost)?;
        Ok(age::encrypt(&own.to_public(), open).unwrap())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Unsealed> {
        age::decrypt(self.0.as_ref().ok_or_else(lost)?, sealed).map_err(|_| lost())
    }
}

fn lost() -> Unsealed {
    Unsealed { why: "the key is lost".to_owned(), help: "find it".to_owned() }
}

/// Reports a token and a login of each node, and remembers what each was applied with.
#[derive(Default)]
struct Vault {
    /// By node, newest last.
    applied: Mutex<BTreeMap<String, Vec<Json>>>,
    /// Its record tells the token, as none may.
    is_careless: bool,
}

impl Vault {
    fn done(&self, subject: &Subject) -> Progress {
        let token = format!("{TOKEN}-{}", subject.instance);
        let body = if self.is_careless { json!({ "token": token }) } else { json!({}) };
        let attributes = BTreeMap::from([
            ("token".to_owned(), json!(token)),
            ("login".to_owned(), json!({ "user": "me", "password": token })),
        ]);
        Progress::Done(Done { record: Some(Record { version: 1, body }), attributes })
    }

    fn calls(&self) -> BTreeMap<String, Vec<Json>> {
        self.applied.lock().unwrap().clone()
    }
}

#[async_trait]
impl Provider for Vault {
    fn name(&self) -> &'static str {
        "vault"
    }

    async fn observe(&self, _: &Call, subject: &Subject) -> Result<Observation, Failure> {
        let applied = self.applied.lock().unwrap();
        Ok(match applied.get(&subject.instance).and_then(|all| all.last()) {
            None => Observation::Absent,
            Some(live) => {
                let Progress::Done(Done { attributes, .. }) = self.done(subject) else { panic!() };
                Observation::Present(Present { live: live.clone(), attributes, owned: true })
            }
        })
    }

    fn diff(&self, subject: &Subject, observed: &Observation) -> Result<Change, Failure> {
        Ok(match observed {
            Observation::Present(there) if there.live == json!(subject.properties) => Change::None,
            Observation::Present(_) => Change::Update(vec![]),
            _ => Change::Create,
        })
    }

    async fn begin(
        &self,
        _: &Call,
        subject: &Subject,
        change: &Change,
        _: &str,
    ) -> Result<Progress, Failure> {
        let mut applied = self.applied.lock().unwrap();
        match change {
            Change::None => {}
            Change::Delete => drop(applied.remove(&subject.instance)),
            _ => {
                applied
                    .entry(subject.instance.clone())
                    .or_default()
                    .push(json!(subject.properties));
            }
        }
        Ok(self.done(subject))
    }

    async fn poll(&self, _: &Call, subject: &Subject, _: &Handle) -> Result<Progress, Failure> {
        Ok(self.done(subject))
    }

    async fn cancel(&self, _: &Call, _: &Subject, _: &Handle) -> Result<(), Failure> {
        Ok(())
    }

    async fn health(&self, _: &Call, _: &Subject) -> Result<Health, Failure> {
        Ok(Health::Healthy)
    }

    async fn discover(&self, call: &Call) -> Result<Discovery, Failure> {
        Ok(Discovery { identity: call.target.name.clone(), facts: BTreeMap::new() })
    }
}

/// `vault` reports a token and a login; `user` is made of both, `open` of what is open of the login.
fn plan(word: &str) -> Vec<u8> {
    let of = |node: &str, path: &[&str]| {
        let node = Expr::Node(node.to_owned());
        path.iter().fold(node, |of, name| Expr::Field {
            of: Box::new(of),
            name: (*name).to_owned(),
            safe: false,
        })
    };
    plan_with(word, |plan| {
        let mut kind = plan.node_types["Quick"].clone();
        kind.provider = Some("vault".into());
        let secret = || Type::Secret(Box::new(Type::String));
        let login = [("user".to_owned(), Type::String), ("password".to_owned(), secret())];
        kind.attributes = BTreeMap::from([
            ("token".to_owned(), secret()),
            ("login".to_owned(), Type::Record(login.into())),
        ]);
        for property in kind.properties.values_mut() {
            property.kind = Type::Optional(Box::new(secret()));
        }
        plan.node_types.insert("Vault".into(), kind);
        let node = |value: Expr| {
            let mut node = plan.nodes["registry"].clone();
            node.kind = "Vault".into();
            node.properties.get_mut("value").unwrap().value = value;
            node
        };
        let made = Expr::Interpolate(vec![
            Expr::string("db://"),
            of("vault", &["login", "user"]),
            Expr::string(":"),
            of("vault", &["login", "password"]),
            Expr::string("@"),
            of("vault", &["token"]),
        ]);
        plan.nodes = BTreeMap::from([
            ("vault".into(), node(Expr::string(word))),
            ("user".into(), node(made)),
            ("open".into(), node(of("vault", &["login", "user"]))),
        ]);
        plan.outputs.clear();
        plan.selections.clear();
    })
}

struct Ground {
    store: Arc<MemoryStore>,
    vault: Arc<Vault>,
    key: Identity,
}

impl Ground {
    fn new() -> Self {
        Self { store: Arc::default(), vault: Arc::default(), key: Identity::generate() }
    }

    fn with(&self, store: Arc<dyn Store>, key: Option<&Identity>) -> Runtime {
        let mut runtime = runtime(store, &Arc::new(World::default()));
        runtime.providers.insert("vault".into(), self.vault.clone());
        Runtime { secrets: Arc::new(Key(key.cloned())), ..runtime }
    }

    fn runtime(&self) -> Runtime {
        self.with(self.store.clone(), Some(&self.key))
    }

    async fn assert_sealed(&self, when: &str) {
        let mut whole = Vec::new();
        for (stream, _) in self.store.streams("").await.unwrap() {
            for envelope in self.store.read(&stream, 0).await.unwrap() {
                whole.extend(envelope.event.payload.into_bytes());
            }
        }
        let text = String::from_utf8_lossy(&whole).into_owned();
        let words = text.split(|c: char| !c.is_ascii_hexdigit());
        for digest in words.filter(|word| word.len() == 64) {
            whole.extend(self.store.blob(digest).await.unwrap().unwrap_or_default());
        }
        let is_seen = whole.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
        assert!(!is_seen, "{when}: {}", String::from_utf8_lossy(&whole));
        let count = whole.windows(22).filter(|part| part == b"age-encryption.org/v1\n").count();
        assert!(count > 0, "{when}: nothing is sealed");
    }

    /// Each node was applied once, with what it is to be made of.
    fn assert_applied(&self, word: &str, when: &str) {
        let token = format!("{TOKEN}-vault");
        let one = |value: &str| vec![json!({ "value": value })];
        let wanted = BTreeMap::from([
            ("vault".to_owned(), one(word)),
            ("user".to_owned(), one(&format!("db://me:{token}@{token}"))),
            ("open".to_owned(), one("me")),
        ]);
        assert_eq!(self.vault.calls(), wanted, "{when}");
    }
}

#[tokio::test]
async fn what_a_provider_reports_is_given_on_and_kept_sealed() {
    let ground = Ground::new();
    let deployed = deploy(&ground.runtime(), plan("one"), &[]).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Done);
    ground.assert_applied("one", "at first");
    ground.assert_sealed("at first").await;
    // Another process knows it, and that nothing has changed.
    let again = deploy(&ground.runtime(), plan("one"), &[]).await.unwrap();
    assert_eq!(again.outcome, Outcome::Done);
    ground.assert_applied("one", "again");
    // What reports the same anew changes nobody else.
    deploy(&ground.runtime(), plan("two"), &[]).await.unwrap();
    let calls = ground.vault.calls();
    assert_eq!((calls["vault"].len(), calls["user"].len()), (2, 1), "{calls:?}");
    ground.assert_sealed("after a change").await;
    let gone = ground.runtime().uninstall(common::ID, common::control()).await.unwrap();
    assert_eq!((gone.outcome, ground.vault.calls().len()), (Outcome::Done, 0));
}

#[tokio::test]
async fn death_at_any_append_leaves_it_sealed_and_known() {
    for writes_last in [false, true] {
        for at in 0.. {
            let ground = Ground::new();
            let dying = Arc::new(Dying::new(ground.store.clone(), at, writes_last));
            let mortal = ground.with(dying.clone(), Some(&ground.key));
            let first = deploy(&mortal, plan("one"), &[]).await;
            if dying.appends() <= at {
                assert_eq!(first.unwrap().outcome, Outcome::Done);
                assert!(at > 8, "only {at} appends");
                break;
            }
            let when = format!("after a death at append {at}, written: {writes_last}");
            let second = deploy(&ground.runtime(), plan("one"), &[]).await.unwrap();
            assert_eq!(second.outcome, Outcome::Done, "{when}");
            ground.assert_applied("one", &when);
            ground.assert_sealed(&when).await;
        }
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_begun_and_without_the_old_one_that_is_told() {
    let ground = Ground::new();
    let keyless = ground.with(ground.store.clone(), None);
    let Err(DriverError::Refused { problems, .. }) = deploy(&keyless, plan("one"), &[]).await
    else {
        panic!("it was begun");
    };
    let told = &problems[0];
    assert_eq!(told.message, "what this gives is secret, and can't be sealed: the key is lost");
    assert_eq!(told.help.as_deref(), Some("find it"));
    assert_eq!(ground.vault.calls().len(), 0);

    deploy(&ground.runtime(), plan("one"), &[]).await.unwrap();
    let other = Identity::generate();
    let stranger = ground.with(ground.store.clone(), Some(&other));
    deploy(&stranger, plan("one"), &[]).await.unwrap();
    let (status, _) =
        bp_driver::Deployments::new(ground.store.clone()).status(common::ID).await.unwrap();
    let told = serde_json::to_string(&status).unwrap();
    assert!(told.contains("can't be opened: the key is lost"), "{told}");
    assert!(!told.contains(TOKEN), "{told}");
}

#[tokio::test]
async fn what_shows_it_beside_is_not_written_down() {
    let careless = Arc::new(Vault { is_careless: true, ..Vault::default() });
    let ground = Ground { vault: careless, ..Ground::new() };
    let deployed = deploy(&ground.runtime(), plan("one"), &[]).await.unwrap();
    assert_eq!(deployed.outcome, Outcome::Failed);
    let (status, _) =
        bp_driver::Deployments::new(ground.store.clone()).status(common::ID).await.unwrap();
    let told = serde_json::to_string(&status).unwrap();
    assert!(told.contains("its record shows the secret `vault."), "{told}");
    assert!(!told.contains(TOKEN), "{told}");
}
