//! A cluster's API server, as far as the lab itself talks to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::Outcome;

/// A client of one API server.
pub(super) struct Api {
    agent: Agent,
    url: String,
    token: String,
}

impl Api {
    /// The API server of the cluster in this folder, with its administrator's token.
    pub(super) fn of(folder: &Path, port: u16) -> Outcome<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let pem = read(super::cluster::CERTIFICATE)?;
        let roots: Vec<Certificate<'static>> = parse_pem(pem.as_bytes())
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        let token = read(super::cluster::TOKEN)?.trim().to_owned();
        Ok(Self { agent, url: format!("https://127.0.0.1:{port}"), token })
    }

    /// What is at a path; nothing where nothing is there.
    pub(super) fn get(&self, path: &str) -> Outcome<Option<Json>> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let sent = request.header("Authorization", self.bearer()).call();
        read(sent).map_err(|why| format!("GET {path}: {why}"))
    }

    /// Whether a path answers well, whatever it says.
    pub(super) fn answers(&self, path: &str) -> bool {
        let request = self.agent.get(format!("{}{path}", self.url));
        let sent = request.header("Authorization", self.bearer()).call();
        sent.is_ok_and(|response| response.status().is_success())
    }

    /// Server-side apply, over whoever owns the fields. Nothing where the object is gone meanwhile.
    pub(super) fn apply(&self, path: &str, manager: &str, object: &Json) -> Outcome<Option<Json>> {
        let url = format!("{}{path}?fieldManager={manager}&force=true", self.url);
        let request = self.agent.patch(url).header("Authorization", self.bearer());
        let request = request.header("Content-Type", "application/apply-patch+yaml");
        read(request.send(object.to_string())).map_err(|why| format!("PATCH {path}: {why}"))
    }

    /// Deletes an object, unless another one has its name by now.
    pub(super) fn delete(&self, path: &str, uid: &str) -> Outcome {
        let options = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
            "preconditions": { "uid": uid },
        });
        let request = self.agent.delete(format!("{}{path}", self.url)).force_send_body();
        let request = request.header("Authorization", self.bearer());
        let request = request.header("Content-Type", "application/json");
        let reply = read(request.send(options.to_string()));
        reply.map(drop).map_err(|why| format!("DELETE {path}: {why}"))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn read(sent: Result<Response<Body>, ureq::Error>) -> Outcome<Option<Json>> {
    let response = sent.map_err(|error| error.to_string())?;
    let status = response.status();
    let mut body = response.into_body();
    let text = body.with_config().limit(64 << 20).read_to_string();
    let text = text.map_err(|error| error.to_string())?;
    let reply: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    match status.as_u16() {
        200..300 => Ok(Some(reply)),
        // Gone, or changed by somebody else meanwhile: the next round sees it.
        404 | 409 => Ok(None),
        code => {
            let words = reply.pointer("/message").and_then(Json::as_str).unwrap_or(&text);
            Err(format!("{code} {words}"))
        }
    }
}
