//! CloudFormation stacks alone, against an AWS API server: what goes wrong, and what comes after.

use std::time::Duration;

use bp_tests::{Aws, Ended, Environment};

/// A blueprint with one stack.
fn blueprint(stack: &str) -> String {
    format!(
        "blueprint stacks {{ version = \"1.0.0\" }}\nuse std.aws\n\
         input delay: int = 1\nsecret key: string = null\n\
         node orders: aws.CloudFormationStack {{\n{stack}\n}}\n\
         output url: string = orders.outputs.Url\n"
    )
    .replace("secret key: string = null\n", "secret key: string?\n")
}

const TEMPLATE: &str = r#"
  stack_name = "shop-orders"
  template = """
    Parameters:
      Delay: { Type: Number }
    Resources:
      Queue:
        Type: AWS::SQS::Queue
        Properties: { DelaySeconds: !Ref Delay }
    Outputs:
      Url: { Value: !Ref Queue }
    """
  parameters = { Delay = delay }
"#;

/// A wait that nobody ends: its stack fails, and is rolled back.
const FAILING: &str = r#"
  stack_name = "shop-orders"
  template = """
    Resources:
      Handle: { Type: AWS::CloudFormation::WaitConditionHandle }
      Wait:
        Type: AWS::CloudFormation::WaitCondition
        Properties: { Handle: !Ref Handle, Timeout: "1" }
    """
"#;

fn deploy(environment: &Environment, name: &str, stack: &str) -> Ended {
    let plan = environment.compile_text(name, &blueprint(stack));
    environment.deploy(&plan, name, &[]).wait(Duration::from_mins(2))
}

/// The deployment fails with these words, at this line of the source, and leaves no stack.
fn refused(environment: &Environment, aws: &Aws, stack: &str, line: &str, words: &[&str]) {
    let ended = deploy(environment, "refused", stack);
    let said = ended.words();
    assert!(ended.code == Some(1) || ended.code == Some(3), "{said}");
    for word in words {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
    assert!(said.contains(line), "not at `{line}`:\n{said}");
    assert!(aws.stacks().is_empty(), "something is left: {:#?}", aws.stacks());
    let _ = environment.on("uninstall", "refused").expect(0);
}

#[test]
fn a_template_that_does_not_fit_is_told_at_its_line_and_leaves_nothing() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let broken = TEMPLATE.replace("      Queue:\n", "      Queue: [\n");
    refused(&environment, &aws, &broken, "template = ", &["Template format error"]);
    let unknown = TEMPLATE.replace("{ Delay = delay }", "{ Delay = delay, Dealy = 2 }");
    refused(&environment, &aws, &unknown, "Dealy = 2", &["no parameter `Dealy`", "`Delay`"]);
    let missing = TEMPLATE.replace("{ Delay = delay }", "{}");
    refused(&environment, &aws, &missing, "parameters = {}", &["Delay"]);
    let wrong = TEMPLATE.replace("{ Delay = delay }", "{ Delay = \"soon\" }");
    refused(&environment, &aws, &wrong, "Delay = \"soon\"", &["Number", "\"soon\""]);
    let shape = TEMPLATE.replace("{ Delay = delay }", "{ Delay = { a = 1 } }");
    refused(&environment, &aws, &shape, "Delay = { a = 1 }", &["a parameter takes a text"]);
}

#[test]
fn a_secret_never_goes_where_it_would_be_shown() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    environment.set("BPR_SECRET_KEY", "correct-horse-battery");
    let open = TEMPLATE
        .replace("Delay: { Type: Number }", "Delay: { Type: Number }\n      Key: { Type: String }")
        .replace("{ Delay = delay }", "{ Delay = delay, Key = key }");
    refused(&environment, &aws, &open, "Key = key", &["`Key`", "NoEcho: true"]);
    let kind = open.replace("Key: { Type: String }", "Key: { Type: Number, NoEcho: true }");
    let ended = deploy(&environment, "refused", &kind);
    assert!(ended.words().contains("a Number") && !ended.words().contains("correct-horse"));
}

#[test]
fn an_output_that_is_not_there_is_told_where_it_is_read() {
    let mut environment = Environment::new();
    let _aws = environment.aws();
    let source = blueprint(TEMPLATE).replace("orders.outputs.Url", "second.outputs.Url")
        + "node second: aws.CloudFormationStack {\n  stack_name = \"second\"\n  template = \"x\"\n  \
           parameters = { Url = orders.outputs.Ulr }\n}\n";
    let plan = environment.compile_text("misread", &source);
    let ended = environment.deploy(&plan, "misread", &[]).wait(Duration::from_mins(1));
    let said = ended.words();
    assert_eq!(ended.code, Some(3), "{said}");
    assert!(said.contains("Ulr") && said.contains("parameters = { Url"), "{said}");
    // The entry itself is to blame, and not the whole map.
    let underlined = format!(" {}\n", "─".repeat("orders.outputs.Ulr".len()));
    assert!(said.contains(&underlined), "{said}");
    let _ = environment.on("uninstall", "misread").expect(0);
}

#[test]
fn a_name_that_is_taken_stays_with_its_owner() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let _ = deploy(&environment, "first", TEMPLATE).expect(0);
    let before = aws.stacks();
    let second = deploy(&environment, "second", TEMPLATE);
    assert_eq!(second.code, Some(1), "{}", second.words());
    let said = second.words();
    assert!(said.contains("`first`") && said.contains("stack_name = \"shop-orders\""), "{said}");
    assert_eq!(aws.stacks(), before);
    // Its removal removes nothing of the other.
    let _ = environment.on("uninstall", "second").expect(0);
    assert_eq!(aws.stacks(), before);
    let _ = environment.on("uninstall", "first").expect(0);
    assert!(aws.stacks().is_empty());
    // Nor is one touched that nobody here made.
    aws.with(async |client| {
        let template = "{\"Resources\":{\"Q\":{\"Type\":\"AWS::SQS::Queue\"}}}";
        let made = client.create_stack().stack_name("shop-orders").template_body(template);
        let _ = made.send().await.unwrap();
    });
    let third = deploy(&environment, "third", TEMPLATE);
    assert!(third.words().contains("somebody else"), "{}", third.words());
    let _ = environment.on("uninstall", "third").expect(0);
    assert_eq!(aws.stacks().len(), 1);
}

#[test]
fn a_stack_that_was_rolled_back_is_cleared_and_made_again() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let failed = deploy(&environment, "again", FAILING);
    let said = failed.words();
    assert_eq!(failed.code, Some(1), "{said}");
    assert!(said.contains("ROLLBACK_COMPLETE") && said.contains("`Wait`"), "{said}");
    assert!(said.contains("template = "), "{said}");
    assert_eq!(aws.stacks()["shop-orders"].status, "ROLLBACK_COMPLETE");
    let old = aws.stacks()["shop-orders"].id.clone();
    // The same again is another try, not the old answer.
    let again = environment.on("resume", "again");
    assert_eq!(again.code, Some(1), "{}", again.words());
    assert_ne!(aws.stacks()["shop-orders"].id, old);
    let _ = deploy(&environment, "again", TEMPLATE).expect(0);
    let stack = aws.stacks()["shop-orders"].clone();
    assert_eq!(stack.status, "CREATE_COMPLETE");
    let outputs = environment.ask("outputs", "again", 0);
    assert_eq!(outputs["url"], stack.outputs["Url"].as_str());
    let _ = environment.on("uninstall", "again").expect(0);
    assert!(aws.stacks().is_empty());
}

#[test]
fn another_name_is_another_stack() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let _ = deploy(&environment, "moving", TEMPLATE).expect(0);
    let _ =
        deploy(&environment, "moving", &TEMPLATE.replace("shop-orders", "new-orders")).expect(0);
    let names: Vec<String> = aws.stacks().into_keys().collect();
    assert_eq!(names, ["new-orders"]);
}

/// Names that were begun and given up are cleared with the rest, however often that happened.
#[test]
fn no_stack_of_another_name_is_forgotten() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let renamed = |stack: &str, name: &str| stack.replace("shop-orders", name);
    let names = || aws.stacks().into_keys().collect::<Vec<_>>();
    // One that fails under its new name.
    let _ = deploy(&environment, "renamed", TEMPLATE).expect(0);
    let failed = deploy(&environment, "renamed", &renamed(FAILING, "second"));
    assert_eq!(failed.code, Some(1), "{}", failed.words());
    assert_eq!(names(), ["second"]);
    let _ = deploy(&environment, "renamed", &renamed(TEMPLATE, "third")).expect(0);
    assert_eq!(names(), ["third"]);
    let _ = deploy(&environment, "renamed", &renamed(FAILING, "fourth"));
    let _ = environment.on("uninstall", "renamed").expect(0);
    assert!(names().is_empty(), "{:#?}", aws.stacks());
    // One that is killed on its way, again and again, each time under another name.
    let _ = deploy(&environment, "killed", TEMPLATE).expect(0);
    for round in 0..8 {
        let stack = blueprint(&renamed(TEMPLATE, &format!("killed-{round}")));
        let plan = environment.compile_text("killed", &stack);
        let running = environment.deploy(&plan, "killed", &[]);
        std::thread::sleep(Duration::from_millis(60 + 70 * round));
        let _ = running.kill();
    }
    let _ = environment.on("uninstall", "killed").expect(0);
    assert!(names().is_empty(), "{:#?}", aws.stacks());
}

#[test]
fn a_new_name_that_is_taken_costs_nothing() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let _ = deploy(&environment, "here", TEMPLATE).expect(0);
    let _ = deploy(&environment, "there", &TEMPLATE.replace("shop-orders", "taken")).expect(0);
    let before = aws.stacks();
    let refused = deploy(&environment, "here", &TEMPLATE.replace("shop-orders", "taken"));
    assert!(refused.words().contains("belongs to the deployment `there`"), "{}", refused.words());
    assert_eq!(aws.stacks(), before);
}

#[test]
fn an_output_of_the_blueprint_without_a_value_is_told_when_all_is_done() {
    let mut environment = Environment::new();
    let _aws = environment.aws();
    let source = blueprint(TEMPLATE).replace("orders.outputs.Url", "orders.outputs.Ulr");
    let plan = environment.compile_text("hollow", &source);
    let ended = environment.deploy(&plan, "hollow", &[]).wait(Duration::from_mins(1)).expect(3);
    let said = ended.words();
    for part in ["the output `url` has no value", "Ulr", "output url: string"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let asked = environment.on("outputs", "hollow").expect(3);
    assert!(asked.words().contains("`url` has no value"), "{}", asked.words());
}

#[test]
fn parameters_are_a_map_and_the_runtimes_tags_its_own() {
    let environment = Environment::new();
    for (wrong, word) in [
        (TEMPLATE.replace("{ Delay = delay }", "[1, 2]"), "parameters"),
        (
            format!("{TEMPLATE}  tags = {{ \"blueprint:instance\" = \"mine\" }}"),
            "the runtime's own",
        ),
    ] {
        let source = environment.write("wrong.bp", blueprint(&wrong));
        let ended = environment.bpc(["check".as_ref(), source.as_os_str()]).expect(1);
        assert!(ended.words().contains(word), "{}", ended.words());
    }
}

#[test]
fn credentials_and_endpoints_that_are_not_there_are_told() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    let _ = deploy(&environment, "creds", TEMPLATE).expect(0);
    let before = aws.stacks();
    // Without credentials nothing is touched, and the stack is not taken for gone.
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        environment.set(name, "");
    }
    let ended = environment.on("uninstall", "creds");
    assert_eq!(ended.code, Some(1), "{}", ended.words());
    assert!(ended.words().contains("there are no AWS credentials"), "{}", ended.words());
    assert_eq!(aws.stacks(), before);
    // Elsewhere the stack would seem to be gone.
    for (name, value) in aws.variables() {
        environment.set(name, value);
    }
    environment.set("AWS_REGION", "us-east-1");
    let ended = environment.on("resume", "creds");
    assert_eq!(ended.code, Some(1), "{}", ended.words());
    assert!(ended.words().contains("lives in the region eu-central-1"), "{}", ended.words());
    assert_eq!(aws.stacks(), before);
    environment.set("AWS_REGION", "eu-central-1");
    let down = aws.endpoint();
    drop(aws);
    let ended = environment.on("resume", "creds");
    assert_eq!(ended.code, Some(1), "{}", ended.words());
    let said = ended.words();
    assert!(said.contains("no answer came") && said.contains("eu-central-1"), "{said} at {down}");
    environment.set("AWS_REGION", "");
    let ended = environment.on("resume", "creds");
    assert!(ended.words().contains("no AWS region is known"), "{}", ended.words());
}

#[test]
fn an_account_says_where_and_as_whom() {
    let mut environment = Environment::new();
    let aws = environment.aws();
    for name in ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        environment.set(name, "");
    }
    // Where the SDKs look for it.
    let profile = "[shop]\naws_access_key_id = test\naws_secret_access_key = test\n";
    let _ = environment.write("AWS_SHARED_CREDENTIALS_FILE", profile);
    let account = format!(
        "node prod: aws.Account {{\n  region = \"eu-central-1\"\n  profile = \"shop\"\n  \
         endpoint = \"{}\"\n}}\n",
        aws.endpoint()
    );
    let stack = format!("{TEMPLATE}  account -> prod");
    let plan = environment.compile_text("account", &(blueprint(&stack) + &account));
    let _ = environment.deploy(&plan, "account", &[]).wait(Duration::from_mins(1)).expect(0);
    assert_eq!(aws.stacks().len(), 1);
    let _ = environment.on("uninstall", "account").expect(0);
    assert!(aws.stacks().is_empty());
    // It goes before the environment: there, whatever is set is another account's.
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        environment.set(name, "333333333333");
    }
    let profile = profile.replace("aws_access_key_id = test", "aws_access_key_id = 111111111111");
    let _ = environment.write("AWS_SHARED_CREDENTIALS_FILE", profile);
    let told = blueprint(&stack).replace("orders.outputs.Url", "orders.stack_id") + &account;
    let plan = environment.compile_text("profile", &told);
    let _ = environment.deploy(&plan, "profile", &[]).wait(Duration::from_mins(1)).expect(0);
    let id = environment.ask("outputs", "profile", 0)["url"].to_string();
    assert!(id.contains(":111111111111:"), "{id}");
    let _ = environment.on("uninstall", "profile").expect(0);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        environment.set(name, "");
    }
    // Somebody else's number: nothing is touched.
    let guarded = account.replace("profile = ", "account_id = \"999999999999\"\n  profile = ");
    let plan = environment.compile_text("guarded", &(blueprint(&stack) + &guarded));
    let ended = environment.deploy(&plan, "guarded", &[]).wait(Duration::from_mins(1));
    assert_eq!(ended.code, Some(1), "{}", ended.words());
    assert!(ended.words().contains("and the blueprint wants 999999999999"), "{}", ended.words());
    assert!(aws.stacks().is_empty());
    // A profile that is not there.
    let nobody = account.replace("\"shop\"", "\"shpo\"");
    let plan = environment.compile_text("nobody", &(blueprint(&stack) + &nobody));
    let ended = environment.deploy(&plan, "nobody", &[]).wait(Duration::from_mins(1));
    assert!(ended.words().contains("there are no AWS credentials"), "{}", ended.words());
}
