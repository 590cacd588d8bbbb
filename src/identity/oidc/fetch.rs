//! Requests to the provider: no redirects, no unbounded wait, no unbounded answer.

use std::error::Error;
use std::time::Duration;

use futures::future::BoxFuture;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use serde_json::{Map, Value};
use thiserror::Error;
use url::Url;

use super::tokens::tidy;
use crate::address::is_loopback;
use model::text::line;

/// Largest answer that is read, in bytes: thousands of groups fit.
const ANSWER_MAX: usize = 4 << 20;

#[derive(Debug, Error)]
pub enum FetchError {
    #[error("{0}")]
    Failed(String),
    #[error("it answers with status {0}")]
    Status(http::StatusCode),
    #[error("its answer is longer than {ANSWER_MAX} bytes")]
    TooLong,
}

#[derive(Debug, Clone)]
pub struct Fetcher {
    http: reqwest::Client,
}

impl Fetcher {
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(issuer: &Url, patience: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(patience)
            .timeout(patience)
            .user_agent(concat!("berth/", env!("CARGO_PKG_VERSION")));
        // What is on this machine is not behind the proxy that the environment may name.
        let http = if is_loopback(issuer) { http.no_proxy() } else { http };
        Ok(Self { http: http.build()? })
    }

    /// Sends a request as openidconnect makes it. A provider that is too busy or broken is a failure here, since its
    /// answer says nothing about the request.
    ///
    /// # Errors
    /// When there is no answer, or none that can be used.
    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut response = self.http.execute(request).await.map_err(failed)?;
        let status = response.status();
        if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
            return Err(FetchError::Status(status));
        }
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = status;
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.body().len() + chunk.len() > ANSWER_MAX {
                return Err(FetchError::TooLong);
            }
            answer.body_mut().extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = BoxFuture<'c, Result<HttpResponse, FetchError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

/// For claims that come as plain JSON, as `UserInfo` answers with them: what is not read of them may be odd.
#[derive(Debug)]
pub struct Tidying(pub Fetcher);

impl<'c> AsyncHttpClient<'c> for Tidying {
    type Error = FetchError;
    type Future = BoxFuture<'c, Result<HttpResponse, FetchError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut answer = self.0.fetch(request).await?;
            if let Ok(mut claims) = serde_json::from_slice::<Map<String, Value>>(answer.body()) {
                tidy(&mut claims);
                *answer.body_mut() = Value::Object(claims).to_string().into_bytes();
            }
            Ok(answer)
        })
    }
}

/// The whole chain of causes, without the address: it may carry a code.
fn failed(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    FetchError::Failed(line(&text))
}
