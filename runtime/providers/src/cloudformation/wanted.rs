//! The stack that a subject wants, and whether its template takes what it is given.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{
    Capability, Parameter, ParameterConstraints, ParameterDeclaration, Tag,
};
use bp_provider::{Class, Failure, Subject, file};
use serde_json::Value as Json;

use super::account::Session;
use super::failure::Attempt;
use super::owner;

/// How many bytes of template a call takes.
const LARGEST_TEMPLATE: usize = 51_200;

/// See the module.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) template: String,
    parameters: BTreeMap<String, String>,
    /// The names of the parameters that hold secrets.
    secret: BTreeSet<String>,
    tags: BTreeMap<String, String>,
    capabilities: Vec<String>,
    role: Option<String>,
}

fn refuse(property: impl Into<String>, message: impl Into<String>) -> Failure {
    let mut failure = Failure::new(Class::Permanent, message);
    failure.property = Some(property.into());
    failure
}

/// The stack's name.
pub(crate) fn stack_name(subject: &Subject) -> Result<String, Failure> {
    let name = subject.properties.get("stack_name").and_then(Json::as_str);
    name.map(str::to_owned).ok_or_else(|| refuse("stack_name", "the stack has no name"))
}

impl Wanted {
    pub(crate) fn of(subject: &Subject) -> Result<Self, Failure> {
        let given = subject.properties.get("parameters");
        if given.is_some_and(|given| !given.is_object()) {
            return Err(refuse("parameters", "parameters are a map, from names to values"));
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in object(subject, "parameters") {
            let property = format!("parameters.{name}");
            if let Some(text) = parameter(&property, value)? {
                parameters.insert(name.clone(), text);
            }
        }
        let secret = subject.secret.iter().filter_map(|path| match path.split_once('.') {
            Some(("parameters", name)) => Some(name.to_owned()),
            _ => None,
        });
        let secret = if subject.secret.contains("parameters") {
            parameters.keys().cloned().collect()
        } else {
            secret.collect()
        };
        let mut tags: BTreeMap<String, String> = object(subject, "tags")
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        tags.extend(owner::tags(subject));
        let capabilities = subject.properties.get("capabilities").and_then(Json::as_array);
        let capabilities = capabilities.into_iter().flatten();
        let role = subject.properties.get("role_arn").and_then(Json::as_str);
        Ok(Self {
            name: stack_name(subject)?,
            template: template(subject)?,
            parameters,
            secret,
            tags,
            capabilities: capabilities.filter_map(Json::as_str).map(str::to_owned).collect(),
            role: role.map(str::to_owned),
        })
    }

    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        let one = |(key, value): (&String, &String)| {
            Parameter::builder().parameter_key(key).parameter_value(value).build()
        };
        self.parameters.iter().map(one).collect()
    }

    pub(crate) fn tags(&self) -> Vec<Tag> {
        let one = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        self.tags.iter().map(one).collect()
    }

    pub(crate) fn capabilities(&self) -> Vec<Capability> {
        self.capabilities.iter().map(|name| Capability::from(name.as_str())).collect()
    }

    pub(crate) fn role(&self) -> Option<String> {
        self.role.clone()
    }

    /// Whether the template takes what it is given, before anything is changed.
    pub(crate) async fn check(&self, session: &Session) -> Result<(), Failure> {
        let what = format!("read the template of the stack `{}`", self.name);
        let summary =
            session.client.get_template_summary().template_body(&self.template).send().await;
        let summary = summary.map_err(|error| {
            let mut failure = Attempt::to_read(&what, &session.region).failed(&error);
            if error.as_service_error().is_some() && failure.class == Class::Permanent {
                failure.property.get_or_insert_with(|| "template".to_owned());
            }
            failure
        })?;
        self.check_parameters(summary.parameters())?;
        self.check_capabilities(summary.capabilities(), summary.capabilities_reason())
    }

    fn check_parameters(&self, declared: &[ParameterDeclaration]) -> Result<(), Failure> {
        let declared: BTreeMap<&str, &ParameterDeclaration> = declared
            .iter()
            .filter_map(|parameter| Some((parameter.parameter_key()?, parameter)))
            .collect();
        let all = declared.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for (name, value) in &self.parameters {
            let property = format!("parameters.{name}");
            let Some(declaration) = declared.get(name.as_str()) else {
                let message = format!("the template has no parameter `{name}`");
                let there = if declared.is_empty() {
                    "it takes none".to_owned()
                } else {
                    format!("it has {all}")
                };
                return Err(refuse(property, message).help(there));
            };
            let is_secret = self.secret.contains(name);
            if is_secret && declaration.no_echo() != Some(true) {
                let message = format!(
                    "the parameter `{name}` takes a secret, and the template would show it to \
                     everybody who may look at the stack"
                );
                return Err(refuse(property, message)
                    .help("declare it with `NoEcho: true` in the template"));
            }
            let kind = declaration.parameter_type().unwrap_or("String");
            if let Some(wrong) = mismatch(kind, value) {
                let shown = if is_secret { "a secret".to_owned() } else { format!("{wrong:?}") };
                let message = format!("the parameter `{name}` is a {kind}, and is given {shown}");
                return Err(refuse(property, message));
            }
            let allowed =
                declaration.parameter_constraints().map(ParameterConstraints::allowed_values);
            let allowed = allowed.filter(|allowed| !allowed.is_empty() && !is_secret);
            if let Some(allowed) = allowed.filter(|allowed| !allowed.contains(value)) {
                let message = format!("the parameter `{name}` can't be {value:?}");
                let allowed = allowed.join(", ");
                return Err(refuse(property, message).help(format!("it takes {allowed}")));
            }
        }
        let missing: Vec<String> = declared
            .iter()
            .filter(|(name, declaration)| {
                declaration.default_value().is_none() && !self.parameters.contains_key(**name)
            })
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("the template wants a value for {}", missing.join(", "));
        Err(refuse("parameters", message).help("add it to `parameters`"))
    }

    fn check_capabilities(
        &self,
        needed: &[Capability],
        reason: Option<&str>,
    ) -> Result<(), Failure> {
        let has = |name: &str| self.capabilities.iter().any(|given| given == name);
        for needed in needed.iter().map(Capability::as_str) {
            // It is of no concern to change sets.
            let is_given = needed == "CAPABILITY_AUTO_EXPAND"
                || has(needed)
                || (needed == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM"));
            if !is_given {
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                let message = format!("the template does what must be acknowledged{reason}");
                return Err(refuse("capabilities", message)
                    .help(format!("if it is meant: `capabilities = [\"{needed}\"]`")));
            }
        }
        Ok(())
    }
}

fn object<'s>(
    subject: &'s Subject,
    name: &str,
) -> impl Iterator<Item = (&'s String, &'s Json)> + use<'s> {
    subject.properties.get(name).and_then(Json::as_object).into_iter().flatten()
}

/// The template's text.
fn template(subject: &Subject) -> Result<String, Failure> {
    let Some(text) = subject.properties.get("template").and_then(file::text) else {
        return Err(refuse("template", "the stack has no template that can be read as text"));
    };
    if text.len() > LARGEST_TEMPLATE {
        let size = text.len();
        let message = format!(
            "the template has {size} bytes, and CloudFormation takes {LARGEST_TEMPLATE} in a call"
        );
        return Err(refuse("template", message).help("split it into several stacks"));
    }
    Ok(text)
}

/// Where the template declares a resource, as `templates/orders.yaml:12`, or `line 12 of the template`:
/// where its name is a key once.
pub(crate) fn place_of(subject: &Subject, id: &str) -> Option<String> {
    let template = subject.properties.get("template")?;
    let text = file::text(template)?;
    let is_key = |line: &str| {
        let key = line.trim_start().trim_start_matches(['"', '{', ' ']);
        key.strip_prefix(id)
            .is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with(':'))
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| is_key(line));
    let (Some((at, _)), None) = (lines.next(), lines.next()) else { return None };
    let line = at + 1;
    Some(match file::File::read(template) {
        Some(file) => format!("{}:{line}", file.path),
        None => format!("line {line} of the template"),
    })
}

/// A parameter as CloudFormation takes it; lists are joined by commas.
fn parameter(property: &str, value: &Json) -> Result<Option<String>, Failure> {
    let wrong = || {
        refuse(property, "a parameter takes a text, a number, true or false, or a list of these")
    };
    Ok(Some(match value {
        Json::Null => return Ok(None),
        Json::String(text) => text.clone(),
        Json::Bool(yes) => yes.to_string(),
        Json::Number(number) => number.to_string(),
        Json::Array(items) => {
            let mut texts = Vec::new();
            for item in items {
                let is_plain = !matches!(item, Json::Array(_) | Json::Object(_));
                match parameter(property, item)? {
                    Some(text) if text.contains(',') => {
                        return Err(refuse(
                            property,
                            "commas separate the items of a list: an item can't hold one",
                        ));
                    }
                    Some(text) if is_plain => texts.push(text),
                    _ => return Err(wrong()),
                }
            }
            texts.join(",")
        }
        Json::Object(_) => return Err(wrong()),
    }))
}

/// The part of a value that is not of the parameter's type.
fn mismatch<'v>(kind: &str, value: &'v str) -> Option<&'v str> {
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    match kind {
        "Number" => (!is_number(value)).then_some(value),
        "List<Number>" => value.split(',').find(|part| !is_number(part)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn wanted(parameters: &Json, secret: &[&str]) -> Result<Wanted, Failure> {
        let properties = json!({
            "stack_name": "shop", "template": "Resources: {}", "parameters": parameters,
        });
        let Json::Object(properties) = properties else { unreachable!() };
        Wanted::of(&Subject {
            properties: properties.into_iter().collect(),
            secret: secret.iter().map(|path| (*path).to_owned()).collect(),
            ..Subject::default()
        })
    }

    fn declared(name: &str, kind: &str) -> ParameterDeclaration {
        ParameterDeclaration::builder().parameter_key(name).parameter_type(kind).build()
    }

    #[test]
    fn parameters_are_texts_and_lists_are_joined() {
        let all = wanted(&json!({ "A": 3, "B": true, "C": ["x", 1], "D": null }), &[]).unwrap();
        let texts: Vec<&str> = all.parameters.values().map(String::as_str).collect();
        assert_eq!(texts, ["3", "true", "x,1"]);
        for wrong in [json!({ "A": {} }), json!({ "A": [["x"]] }), json!({ "A": ["x,y"] })] {
            let failure = wanted(&wrong, &[]).err().unwrap();
            assert_eq!(failure.property.as_deref(), Some("parameters.A"), "{wrong}");
        }
    }

    #[test]
    fn what_the_template_does_not_take_stands_at_its_parameter() {
        let refused = |parameters: Json, secret: &[&str], declared: &[ParameterDeclaration]| {
            wanted(&parameters, secret).unwrap().check_parameters(declared).unwrap_err()
        };
        let unknown = refused(json!({ "Sise": "1" }), &[], &[declared("Size", "Number")]);
        assert_eq!(unknown.property.as_deref(), Some("parameters.Sise"));
        assert_eq!(unknown.help.as_deref(), Some("it has `Size`"));
        let missing = refused(json!({}), &[], &[declared("Size", "Number")]);
        assert!(missing.message.contains("`Size`"), "{missing}");
        let text = refused(json!({ "Size": "big" }), &[], &[declared("Size", "Number")]);
        assert!(text.message.contains("Number") && text.message.contains("big"), "{text}");
        let part = refused(json!({ "S": [1, "b"] }), &[], &[declared("S", "List<Number>")]);
        assert!(part.message.contains("\"b\""), "{part}");
        let constraints = ParameterConstraints::builder().allowed_values("a").build();
        let one = ParameterDeclaration::builder()
            .parameter_key("Size")
            .parameter_constraints(constraints)
            .build();
        let other = refused(json!({ "Size": "b" }), &[], &[one]);
        assert_eq!(other.help.as_deref(), Some("it takes a"));
    }

    #[test]
    fn a_secret_goes_only_where_it_is_not_echoed() {
        let secret = wanted(&json!({ "Key": "hunter2" }), &["parameters.Key"]).unwrap();
        let failure = secret.check_parameters(&[declared("Key", "String")]).unwrap_err();
        assert!(failure.help.unwrap().contains("NoEcho"));
        let hidden = ParameterDeclaration::builder().parameter_key("Key").no_echo(true);
        secret.check_parameters(&[hidden.clone().build()]).unwrap();
        let number = hidden.parameter_type("Number").build();
        let failure = secret.check_parameters(&[number]).unwrap_err();
        assert!(!failure.message.contains("hunter2"), "{failure}");
    }

    #[test]
    fn a_resource_is_found_where_the_template_declares_it() {
        let place = |template: &str, id: &str| {
            let properties = BTreeMap::from([("template".to_owned(), json!(template))]);
            place_of(&Subject { properties, ..Subject::default() }, id)
        };
        let yaml = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n  QueueTwo: {}\n";
        assert_eq!(place(yaml, "Queue").as_deref(), Some("line 2 of the template"));
        let json = "{\n \"Resources\": {\n  \"Queue\" : {}\n}}";
        assert_eq!(place(json, "Queue").as_deref(), Some("line 3 of the template"));
        assert_eq!(place("A:\n  Queue: 1\nB:\n  Queue: 2\n", "Queue"), None);
        assert_eq!(place(yaml, "Nothing"), None);
    }

    #[test]
    fn what_must_be_acknowledged_is_named() {
        let plain = wanted(&json!({}), &[]).unwrap();
        let failure = plain.check_capabilities(&[Capability::CapabilityIam], Some("Role"));
        let failure = failure.unwrap_err();
        assert!(failure.help.unwrap().contains("CAPABILITY_IAM"));
        let named = Wanted { capabilities: vec!["CAPABILITY_NAMED_IAM".to_owned()], ..plain };
        named.check_capabilities(&[Capability::CapabilityIam], None).unwrap();
    }
}
