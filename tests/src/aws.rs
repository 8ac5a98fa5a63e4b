//! An AWS API server of a test's own, and what it says of stacks.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::types::{ExecutionStatus, StackStatus};

use crate::environment::program;
use crate::run::Running;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A real implementation of the AWS APIs on loopback; it ends with the value.
#[derive(Debug)]
pub struct Aws {
    server: std::process::Child,
    port: u16,
}

/// A stack, as the API tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSeen {
    /// Its unique id.
    pub id: String,
    /// Its status.
    pub status: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// How often it was asked to be made, changed or deleted, by the tokens of its events.
    pub operations: Vec<(String, String)>,
}

impl Aws {
    /// Starts the server; it is installed where it is missing.
    pub fn start(folder: &Path) -> Self {
        let mut install = Command::new(program("xtask"));
        install.args(["lab", "aws"]);
        let installed = Running::start(install).wait(Duration::from_mins(5)).expect(0);
        // Free now: nobody else is given it so soon.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(folder.join(format!("aws-{port}.log"))).unwrap();
        let mut serve = Command::new(installed.stdout.trim());
        serve.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        serve.current_dir(folder).stdin(Stdio::null());
        serve.stdout(log.try_clone().unwrap()).stderr(log);
        let server = serve.spawn().expect("the AWS API server starts");
        let mut aws = Self { server, port };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let is_alive = aws.server.try_wait().unwrap().is_none();
            assert!(is_alive && begin.elapsed() < PATIENCE, "no AWS API server; see its log");
            std::thread::sleep(Duration::from_millis(20));
        }
        aws
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of [`Aws::endpoint`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The environment in which the SDKs find it.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// Work with a client of the test's own.
    pub fn with<T>(&self, work: impl AsyncFnOnce(Client) -> T) -> T {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .region(Region::new("eu-central-1"))
            .endpoint_url(self.endpoint())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work(Client::from_conf(config)))
    }

    /// All stacks that are there, by name.
    pub fn stacks(&self) -> BTreeMap<String, StackSeen> {
        self.with(async |client| {
            let mut seen = BTreeMap::new();
            let stacks = client.describe_stacks().send().await.expect("stacks can be listed");
            for stack in stacks.stacks() {
                let name = stack.stack_name().unwrap().to_owned();
                if stack.stack_status() == Some(&StackStatus::DeleteComplete) {
                    continue;
                }
                let id = stack.stack_id().unwrap().to_owned();
                let events = client.describe_stack_events().stack_name(&id).send().await.unwrap();
                let operations = events
                    .stack_events()
                    .iter()
                    .filter(|event| event.resource_type() == Some("AWS::CloudFormation::Stack"))
                    .filter_map(|event| {
                        let status = event.resource_status()?.as_str();
                        let begins = ["CREATE", "UPDATE", "DELETE"]
                            .iter()
                            .any(|word| status == format!("{word}_IN_PROGRESS"));
                        let token = event.client_request_token().unwrap_or_default();
                        begins.then(|| (status.to_owned(), token.to_owned()))
                    })
                    .collect();
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let stack = StackSeen {
                    status: stack.stack_status().unwrap().as_str().to_owned(),
                    parameters: stack
                        .parameters()
                        .iter()
                        .map(|p| (text(p.parameter_key()), text(p.parameter_value())))
                        .collect(),
                    outputs: stack
                        .outputs()
                        .iter()
                        .map(|o| (text(o.output_key()), text(o.output_value())))
                        .collect(),
                    operations,
                    id,
                };
                seen.insert(name, stack);
            }
            seen
        })
    }

    /// The names of the change sets that a stack still has and that were not executed.
    pub fn pending_change_sets(&self, stack: &str) -> Vec<String> {
        self.with(async |client| {
            let listed = client.list_change_sets().stack_name(stack).send().await.unwrap();
            let is_pending = |status: Option<&str>| status != Some("EXECUTE_COMPLETE");
            listed
                .summaries()
                .iter()
                .filter(|set| is_pending(set.execution_status().map(ExecutionStatus::as_str)))
                .map(|set| set.change_set_name().unwrap_or_default().to_owned())
                .collect()
        })
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
