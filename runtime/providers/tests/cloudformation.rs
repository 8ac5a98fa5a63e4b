//! The CloudFormation provider against a scripted endpoint: what no AWS API server at hand does. That
//! AWS itself answers so is not verified; `spec/providers.md` lists what is meant.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bp_provider::{
    Call, Change, Class, Connection, Failure, Observation, Progress, Provider, Record, Subject,
    Target,
};
use serde_json::{Value as Json, json};

const ID: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/shop/1";

/// What the endpoint is, between calls.
#[derive(Clone, Debug, Default)]
struct Script {
    /// The stack's status; none where there is no stack.
    status: Option<&'static str>,
    /// The change set's status and execution status.
    change_set: Option<(&'static str, &'static str)>,
    reason: &'static str,
    /// Newest first: id, type, status, reason, token.
    events: Vec<(&'static str, &'static str, &'static str, &'static str, &'static str)>,
    /// Actions that fail so: HTTP status, code, message.
    refusals: BTreeMap<&'static str, (u16, &'static str, &'static str)>,
    /// Actions that are done, and whose answer is lost.
    lost: Vec<&'static str>,
    has_no_tags: bool,
    /// All that was asked, in order.
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Script>>;

/// What the endpoint does when it is asked for a change.
fn effect(script: &mut Script, action: &str) {
    match action {
        "CreateChangeSet" => {
            script.status.get_or_insert("REVIEW_IN_PROGRESS");
            script.change_set.get_or_insert(("CREATE_COMPLETE", "AVAILABLE"));
        }
        "ExecuteChangeSet" => {
            let is_new = script.status == Some("REVIEW_IN_PROGRESS");
            let (now, began) = if is_new {
                ("CREATE_COMPLETE", "CREATE_IN_PROGRESS")
            } else {
                ("UPDATE_COMPLETE", "UPDATE_IN_PROGRESS")
            };
            script.status = Some(now);
            // Once executed, AWS has it no longer under its name.
            script.change_set = None;
            script.events.insert(0, ("shop", "AWS::CloudFormation::Stack", began, "", "key"));
        }
        "DeleteChangeSet" => script.change_set = None,
        "DeleteStack" => script.status = None,
        _ => {}
    }
}

fn tags() -> String {
    let tag = |key: &str, value: &str| {
        format!("<member><Key>blueprint:{key}</Key><Value>{value}</Value></member>")
    };
    tag("deployment", "d-1") + &tag("deployment-name", "shop") + &tag("instance", "orders")
}

fn answer(script: &Script, action: &str) -> String {
    let inner = match action {
        "GetCallerIdentity" => "<Account>123456789012</Account>".to_owned(),
        "DescribeStacks" => format!(
            "<Stacks><member><StackName>shop</StackName><StackId>{ID}</StackId>\
             <CreationTime>2026-01-01T00:00:00Z</CreationTime>\
             <StackStatus>{}</StackStatus><Tags>{}</Tags></member></Stacks>",
            script.status.unwrap_or_default(),
            if script.has_no_tags { String::new() } else { tags() }
        ),
        "ListChangeSets" if script.change_set.is_some() => "<Summaries><member>\
            <ChangeSetName>blueprint-key</ChangeSetName></member></Summaries>"
            .to_owned(),
        "DescribeChangeSet" => {
            let (status, execution) = script.change_set.unwrap_or_default();
            format!(
                "<StackId>{ID}</StackId><Status>{status}</Status>\
                 <StatusReason>{}</StatusReason><ExecutionStatus>{execution}</ExecutionStatus>\
                 <Tags>{}</Tags>",
                script.reason,
                tags()
            )
        }
        "DescribeStackEvents" => {
            let event = |(id, kind, status, reason, token): &(_, _, _, _, _)| {
                format!(
                    "<member><StackId>{ID}</StackId><StackName>shop</StackName><EventId>e</EventId>\
                     <Timestamp>2026-01-01T00:00:00Z</Timestamp>\
                     <LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
                     <ResourceStatus>{status}</ResourceStatus>\
                     <ResourceStatusReason>{reason}</ResourceStatusReason>\
                     <ClientRequestToken>{token}</ClientRequestToken></member>"
                )
            };
            let events: String = script.events.iter().map(event).collect();
            format!("<StackEvents>{events}</StackEvents>")
        }
        _ => String::new(),
    };
    format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>")
}

async fn serve(State(script): State<Shared>, body: Bytes) -> Response {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let action = fields.get("Action").cloned().unwrap_or_default();
    let mut script = script.lock().unwrap();
    script.asked.push(action.clone());
    let refuse = |status: u16, code: &str, message: &str| {
        let text = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error></ErrorResponse>"
        );
        (StatusCode::from_u16(status).unwrap(), text).into_response()
    };
    if let Some((status, code, message)) = script.refusals.get(action.as_str()) {
        return refuse(*status, code, message);
    }
    match action.as_str() {
        "DescribeStacks" if script.status.is_none() => {
            return refuse(400, "ValidationError", "Stack with id shop does not exist");
        }
        "DescribeChangeSet" if script.change_set.is_none() => {
            return refuse(404, "ChangeSetNotFound", "ChangeSet [x] does not exist");
        }
        _ => effect(&mut script, &action),
    }
    if let Some(at) = script.lost.iter().position(|lost| *lost == action) {
        script.lost.remove(at);
        return refuse(502, "", "");
    }
    answer(&script, &action).into_response()
}

struct Stage {
    script: Shared,
    provider: Arc<dyn Provider>,
    endpoint: String,
}

impl Stage {
    async fn with(script: Script) -> Self {
        let script = Arc::new(Mutex::new(script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(serve).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let provider = bp_providers::cloudformation::provider_with("test", "test");
        Self { script, provider, endpoint }
    }

    fn subject(&self) -> Subject {
        let properties = json!({ "stack_name": "shop", "template": "Resources: {}" });
        let Json::Object(properties) = properties else { panic!("an object") };
        Subject {
            deployment: "d-1".into(),
            deployment_name: "shop".into(),
            instance: "orders".into(),
            node_type: "std.aws.CloudFormationStack".into(),
            extends: Vec::new(),
            properties: properties.into_iter().collect(),
            account: BTreeMap::from([
                ("endpoint".to_owned(), json!(self.endpoint)),
                ("region".to_owned(), json!("eu-central-1")),
            ]),
            digest: "digest".into(),
            ..Subject::default()
        }
    }

    async fn begin(&self) -> Result<Progress, Failure> {
        self.provider.begin(&call(), &self.subject(), &Change::Create, "key").await
    }

    fn count(&self, action: &str) -> usize {
        self.script.lock().unwrap().asked.iter().filter(|asked| *asked == action).count()
    }
}

fn call() -> Call {
    let target = Target {
        id: "t".into(),
        name: String::new(),
        identity: None,
        connection: Connection::Local,
    };
    Call { target, deadline: Duration::from_secs(20) }
}

fn waiting(progress: &Progress) -> &str {
    let Progress::Accepted { waiting_for, .. } = progress else { panic!("{progress:?}") };
    waiting_for
}

#[tokio::test]
async fn a_stack_that_takes_minutes_says_what_it_is_at() {
    let stage = Stage::with(Script {
        status: Some("CREATE_IN_PROGRESS"),
        events: vec![
            ("Db", "AWS::RDS::DBInstance", "CREATE_IN_PROGRESS", "", "key"),
            ("Queue", "AWS::SQS::Queue", "CREATE_COMPLETE", "", "key"),
            ("shop", "AWS::CloudFormation::Stack", "CREATE_IN_PROGRESS", "User Initiated", "key"),
            ("shop", "AWS::CloudFormation::Stack", "DELETE_COMPLETE", "of another time", "old"),
        ],
        ..Script::default()
    })
    .await;
    let progress = stage.begin().await.unwrap();
    assert_eq!(waiting(&progress), "CREATE_IN_PROGRESS, 1 of 2 done: Db (AWS::RDS::DBInstance)");
    // A runtime that died meanwhile goes on with the handle alone.
    let Progress::Accepted { handle, .. } = progress else { panic!() };
    stage.script.lock().unwrap().status = Some("CREATE_COMPLETE");
    let done = stage.provider.poll(&call(), &stage.subject(), &handle).await.unwrap();
    assert!(matches!(done, Progress::Done(_)), "{done:?}");
    assert_eq!(stage.count("CreateChangeSet") + stage.count("ExecuteChangeSet"), 0);
}

#[tokio::test]
async fn a_resources_own_reason_is_the_failure() {
    let stack = "AWS::CloudFormation::Stack";
    let reason = "Resource handler returned message: \"Access denied for operation\"";
    let stage = Stage::with(Script {
        status: Some("ROLLBACK_COMPLETE"),
        events: vec![
            ("shop", stack, "ROLLBACK_COMPLETE", "", "key"),
            ("Topic", "AWS::SNS::Topic", "CREATE_FAILED", "Resource creation cancelled", "key"),
            ("Queue", "AWS::SQS::Queue", "CREATE_FAILED", reason, "key"),
            ("shop", stack, "CREATE_IN_PROGRESS", "User Initiated", "key"),
        ],
        ..Script::default()
    })
    .await;
    let failure = stage.begin().await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    assert_eq!(failure.property.as_deref(), Some("template"));
    assert!(failure.message.contains("`Queue` (AWS::SQS::Queue)"), "{failure}");
    assert!(failure.message.contains("Access denied for operation"), "{failure}");
    // Another effect clears it first.
    let again = stage.provider.begin(&call(), &stage.subject(), &Change::Create, "other").await;
    assert!(waiting(&again.unwrap()).contains("to be deleted"));
    assert_eq!(stage.count("DeleteStack"), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_out_and_nothing_is_done_twice() {
    for lost in ["CreateChangeSet", "ExecuteChangeSet"] {
        // The SDK itself asks a second time.
        let lost = vec![lost, lost];
        let stage = Stage::with(Script { lost: lost.clone(), ..Script::default() }).await;
        let failure = stage.begin().await.unwrap_err();
        assert_eq!(failure.class, Class::UnknownOutcome, "{lost:?}: {failure}");
        let mut progress = stage.begin().await.unwrap();
        while let Progress::Accepted { handle, .. } = &progress {
            progress = stage.provider.poll(&call(), &stage.subject(), handle).await.unwrap();
        }
        let events = stage.script.lock().unwrap().events.len();
        assert!(events <= 2, "executed more than once: {lost:?}");
        let executed = if lost[0] == "ExecuteChangeSet" { 2 } else { 1 };
        assert_eq!(stage.count("ExecuteChangeSet"), executed, "{lost:?}");
    }
}

#[tokio::test]
async fn a_change_set_without_changes_is_done_and_leaves_nothing() {
    let stage = Stage::with(Script {
        status: Some("UPDATE_COMPLETE"),
        change_set: Some(("FAILED", "UNAVAILABLE")),
        reason: "The submitted information didn't contain changes.",
        ..Script::default()
    })
    .await;
    let progress = stage.begin().await.unwrap();
    assert!(matches!(progress, Progress::Done(_)), "{progress:?}");
    assert_eq!((stage.count("DeleteChangeSet"), stage.count("ExecuteChangeSet")), (1, 0));
}

#[tokio::test]
async fn a_change_set_that_fails_takes_its_empty_stack_along() {
    let stage = Stage::with(Script {
        status: Some("REVIEW_IN_PROGRESS"),
        change_set: Some(("FAILED", "UNAVAILABLE")),
        reason: "Template error: resource Queue does not support attribute type Nmae",
        has_no_tags: true,
        ..Script::default()
    })
    .await;
    let failure = stage.begin().await.unwrap_err();
    assert!(failure.message.contains("attribute type Nmae"), "{failure}");
    assert_eq!(failure.property.as_deref(), Some("template"));
    assert_eq!((stage.count("DeleteChangeSet"), stage.count("DeleteStack")), (1, 1));
}

#[tokio::test]
async fn a_stack_under_review_without_tags_is_known_by_its_change_set() {
    let script = Script {
        status: Some("REVIEW_IN_PROGRESS"),
        change_set: Some(("CREATE_COMPLETE", "AVAILABLE")),
        has_no_tags: true,
        ..Script::default()
    };
    let stage = Stage::with(script.clone()).await;
    assert!(waiting(&stage.begin().await.unwrap()).contains("executed"));
    // Another effect goes on with it, and a removal takes it along: both have other keys.
    let other = Stage::with(script.clone()).await;
    let change = other.provider.begin(&call(), &other.subject(), &Change::Create, "other").await;
    assert!(matches!(change.unwrap(), Progress::Accepted { .. }));
    let gone = Stage::with(script.clone()).await;
    let removed = gone.provider.begin(&call(), &gone.subject(), &Change::Delete, "other").await;
    assert!(matches!(removed.unwrap(), Progress::Done(_)));
    assert_eq!(gone.count("DeleteStack"), 1);
    // Not so for another instance.
    let theirs = Subject { instance: "others".into(), ..gone.subject() };
    let third = Stage::with(script.clone()).await;
    let theirs = Subject { account: third.subject().account, ..theirs };
    let failure = third.provider.begin(&call(), &theirs, &Change::Create, "key").await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict);
    let stranger = Stage::with(Script { change_set: None, ..script }).await;
    let failure = stranger.begin().await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict);
    assert_eq!(stranger.count("CreateChangeSet"), 0);
}

#[tokio::test]
async fn a_stack_that_does_not_go_is_told_and_not_asked_for_ever() {
    let stack = "AWS::CloudFormation::Stack";
    let reason = "The bucket you tried to delete is not empty";
    let stage = Stage::with(Script {
        status: Some("DELETE_FAILED"),
        events: vec![
            ("Bucket", "AWS::S3::Bucket", "DELETE_FAILED", reason, "key-clear"),
            ("shop", stack, "DELETE_IN_PROGRESS", "User Initiated", "key-clear"),
        ],
        ..Script::default()
    })
    .await;
    // Under its old name it is in the way of the new one: `DescribeStacks` knows both by one answer.
    let failure = stage.begin().await.unwrap_err();
    assert!(failure.message.contains("not empty"), "{failure}");
    assert_eq!(stage.count("DeleteStack"), 0);
    let body = json!({ "stack_id": ID, "name": "old", "applied": "" });
    let renamed = Subject { record: Some(Record { version: 1, body }), ..stage.subject() };
    let failure = stage.provider.begin(&call(), &renamed, &Change::Create, "key").await;
    assert!(failure.unwrap_err().message.contains("not empty"));
    assert_eq!(stage.count("DeleteStack"), 0);
}

#[tokio::test]
async fn a_rollback_that_failed_needs_a_person() {
    let status = Some("UPDATE_ROLLBACK_FAILED");
    let stage = Stage::with(Script { status, ..Script::default() }).await;
    let failure = stage.begin().await.unwrap_err();
    assert_eq!(failure.class, Class::Permanent);
    assert!(failure.help.unwrap().contains("continue-update-rollback"));
    assert_eq!(stage.count("CreateChangeSet"), 0);
}

#[tokio::test]
async fn each_refusal_has_its_class_and_its_advice() {
    for (status, code, class, advice) in [
        (403, "ExpiredToken", Class::Permanent, "renew them"),
        (403, "InvalidClientTokenId", Class::Permanent, "does not take the credentials"),
        (403, "SignatureDoesNotMatch", Class::Permanent, "the clock"),
        (403, "AccessDenied", Class::Permanent, "the right that is named"),
        (400, "Throttling", Class::Transient, ""),
        (503, "ServiceUnavailable", Class::Transient, ""),
    ] {
        let refusals = BTreeMap::from([("DescribeStacks", (status, code, "no & more"))]);
        let refusals = refusals
            .into_iter()
            .map(|(action, (status, code, _))| (action, (status, code, "not so")))
            .collect();
        let stage = Stage::with(Script { refusals, ..Script::default() }).await;
        let failure = stage.begin().await.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
        assert!(failure.message.contains(code) && failure.message.contains("eu-central-1"));
        assert!(failure.help.unwrap_or_default().contains(advice), "{code}");
    }
    let refusals =
        BTreeMap::from([("CreateChangeSet", (400, "InsufficientCapabilitiesException", "IAM"))]);
    let stage = Stage::with(Script { refusals, ..Script::default() }).await;
    let failure = stage.begin().await.unwrap_err();
    assert_eq!(failure.property.as_deref(), Some("capabilities"));
}

#[tokio::test]
async fn with_another_account_nothing_is_taken_for_gone() {
    let stage = Stage::with(Script::default()).await;
    let mut subject = stage.subject();
    subject.account.insert("account_id".to_owned(), json!("999999999999"));
    let failure = stage.provider.observe(&call(), &subject).await.unwrap_err();
    assert!(failure.message.contains("belong to the account 123456789012"), "{failure}");
    let mut moved = stage.subject();
    let id = ID.replace("123456789012", "999999999999");
    let body = json!({ "stack_id": id, "name": "shop", "applied": "" });
    moved.record = Some(Record { version: 1, body });
    for failure in [
        stage.provider.observe(&call(), &moved).await.unwrap_err(),
        stage.provider.begin(&call(), &moved, &Change::Delete, "key").await.unwrap_err(),
    ] {
        assert!(failure.message.contains("lives in the account 999999999999"), "{failure}");
    }
    let gone = stage.provider.observe(&call(), &stage.subject()).await.unwrap();
    assert_eq!(gone, Observation::Absent);
}

#[tokio::test]
async fn a_stack_that_was_there_is_adopted_and_nothing_is_done_to_it() {
    let status = Some("CREATE_COMPLETE");
    let stage = Stage::with(Script { status, has_no_tags: true, ..Script::default() }).await;
    let subject = stage.subject();
    let adopted = stage.provider.adopt(&call(), &subject, Some("shop")).await.unwrap();
    assert_eq!((adopted.id.as_str(), &adopted.record.body["stack_id"]), ("shop", &json!(ID)));
    let known = Subject { record: Some(adopted.record), ..subject };
    let observed = stage.provider.observe(&call(), &known).await.unwrap();
    assert!(matches!(stage.provider.diff(&known, &observed).unwrap(), Change::Update(_)));
    assert_eq!(stage.count("CreateChangeSet"), 0);
}

#[tokio::test]
async fn a_stack_is_known_by_a_name_that_its_instance_had() {
    let status = Some("CREATE_COMPLETE");
    let stage = Stage::with(Script { status, ..Script::default() }).await;
    let renamed = Subject { instance: "sales".into(), ..stage.subject() };
    let failure = stage.provider.adopt(&call(), &renamed, None).await.unwrap_err();
    assert!(failure.message.contains("belongs to `orders` of this deployment"), "{failure}");
    assert_eq!(
        failure.help.as_deref(),
        Some("`orders` and `sales` cannot keep one stack: give one of them another `stack_name`")
    );
    let renamed = Subject { was: vec!["orders".into()], ..renamed };
    let Observation::Present(present) = stage.provider.observe(&call(), &renamed).await.unwrap()
    else {
        panic!("it is there");
    };
    assert!(present.owned);
}
