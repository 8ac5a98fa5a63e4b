//! Accounts: where calls go, and as whom. A session for each, kept.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_cloudformation::Client;
use aws_smithy_http_client::tls;
use bp_provider::{Call, Class, Failure, Subject};
use serde_json::Value as Json;
use tokio::sync::{Mutex, OnceCell};

use super::failure::Attempt;

/// How often the SDK itself tries a call that was throttled or got no answer.
const TRIES: u32 = 2;
/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(10);

/// Sessions by the account's properties.
#[derive(Default)]
pub(crate) struct Accounts {
    /// In the place of those that the SDK finds.
    credentials: Option<Credentials>,
    sessions: Mutex<BTreeMap<String, std::sync::Arc<Session>>>,
}

/// An account in a region.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) region: String,
    sts: aws_sdk_sts::Client,
    number: OnceCell<String>,
}

impl Accounts {
    /// With these credentials for all.
    #[cfg(feature = "conformance")]
    pub(crate) fn with(access_key_id: &str, secret_access_key: &str) -> Self {
        let given = Credentials::new(access_key_id, secret_access_key, None, None, "given");
        Self { credentials: Some(given), ..Self::default() }
    }

    /// The session of a subject's account.
    pub(crate) async fn session(
        &self,
        call: &Call,
        subject: &Subject,
    ) -> Result<std::sync::Arc<Session>, Failure> {
        let account = &subject.account;
        let key = serde_json::to_string(account).unwrap_or_default();
        let mut sessions = self.sessions.lock().await;
        let session = if let Some(session) = sessions.get(&key) {
            session.clone()
        } else {
            let opened = Session::open(account, call.deadline, self.credentials.clone()).await?;
            let session = std::sync::Arc::new(opened);
            sessions.insert(key, session.clone());
            session
        };
        drop(sessions);
        if let Some(wanted) = text(account, "account_id") {
            let number = session.number().await?;
            if number != wanted {
                let message = format!(
                    "the credentials belong to the account {number}, and the blueprint wants {wanted}"
                );
                return Err(Failure::new(Class::Permanent, message)
                    .help("choose the profile or credentials of the account that is meant"));
            }
        }
        Ok(session)
    }
}

fn text<'a>(account: &'a BTreeMap<String, Json>, name: &str) -> Option<&'a str> {
    account.get(name).and_then(Json::as_str)
}

impl Session {
    async fn open(
        account: &BTreeMap<String, Json>,
        deadline: Duration,
        credentials: Option<Credentials>,
    ) -> Result<Self, Failure> {
        // Named, because a second crypto library in the program makes rustls refuse to choose.
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ONE_TRY.min(deadline))
            .operation_timeout(deadline)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(timeouts);
        if let Some(credentials) = credentials {
            loader = loader.credentials_provider(credentials);
        }
        if let Some(region) = text(account, "region") {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = text(account, "profile") {
            // What the blueprint says goes before what the environment says.
            let surroundings = ProviderConfig::default().with_http_client(http);
            let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile);
            let credentials = credentials.configure(&surroundings).build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        if let Some(endpoint) = text(account, "endpoint") {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await;
        let Some(region) = config.region().filter(|region| !region.as_ref().is_empty()) else {
            return Err(Failure::new(Class::Permanent, "no AWS region is known")
                .help("set `region` in the node's account, or the environment's AWS_REGION"));
        };
        Ok(Self {
            region: region.to_string(),
            client: Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            number: OnceCell::new(),
        })
    }

    /// The account's number.
    pub(crate) async fn number(&self) -> Result<&str, Failure> {
        let ask = || async {
            let attempt = Attempt::to_read("ask whose the credentials are", &self.region);
            let who = self.sts.get_caller_identity().send().await;
            let who = who.map_err(|error| attempt.failed(&error))?;
            who.account().map(str::to_owned).ok_or_else(|| {
                Failure::new(Class::Transient, "AWS did not say whose the credentials are")
            })
        };
        self.number.get_or_try_init(ask).await.map(String::as_str)
    }
}
