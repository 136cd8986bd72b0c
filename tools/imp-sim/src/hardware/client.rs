//! Asks the control address of a running simulator, over one connection.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::http::request::JSON;

/// The simulator refused; the text says why.
#[derive(Debug)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A connection.
pub struct Control {
    host: String,
    path: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Control {
    /// Connects to `http://HOST:PORT/control`.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is no address"))?;
        let Some(host) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
            bail!("{url} is no control address; it looks like http://127.0.0.1:8080/control");
        };
        let stream = TcpStream::connect(host.as_str()).await;
        let stream = stream.with_context(|| format!("no simulator at {url}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { host: host.to_string(), path, sender })
    }

    /// Asks for something; the objects of the answer.
    pub async fn post(&mut self, what: &str, body: &Value) -> anyhow::Result<Vec<Value>> {
        let request = Request::post(format!("{}/{what}", self.path))
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, JSON)
            .body(Full::new(Bytes::from(body.to_string())))?;
        let lost = "the simulator ended the connection";
        self.sender.ready().await.context(lost)?;
        let answer = self.sender.send_request(request).await.context(lost)?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.context(lost)?.to_bytes();
        let objects: Result<Vec<Value>, _> =
            serde_json::Deserializer::from_slice(&bytes).into_iter().collect();
        let objects = objects.context("this is no simulator's answer")?;
        if status.is_success() {
            return Ok(objects);
        }
        let error = objects.first().and_then(|object| object["error"].as_str());
        Err(Refused(error.unwrap_or("the simulator refused").to_owned()).into())
    }
}
