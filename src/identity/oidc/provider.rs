//! The identity provider: found when it is first needed, looked up anew every hour and when it signs with a key that we do
//! not know. It may be down when Berth starts, and later.

use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use model::sign_in::Problem;
use model::time::Timestamp;
use model::units::Span;
use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreJwsSigningAlgorithm};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndSessionUrl, IssuerUrl,
    LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, RedirectUrl,
    RequestTokenError, Scope, SubjectIdentifier, UserInfoError,
};
use secrecy::ExposeSecret;
use store::sign_ins::SignIn;
use tokio::sync::Mutex;
use url::Url;

use super::fetch::{FetchError, Fetcher, Tidying};
use super::id_token::ASYMMETRIC;
use super::protocol::{Client, Metadata, UserClaims};
use super::tokens::TokenAnswer;
use crate::address::{PublicUrl, is_loopback};
use crate::settings::Oidc;
use model::text::line;

/// How long one request to the provider may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long what the provider said of itself is good.
const GOOD_FOR: Span = Span::hours(1);
/// How long after a failure it is not asked again.
const LEAVE_ALONE: Span = Span::seconds(5);
/// How long after a look-up for an unknown key there is no other.
const KEYS_AGAIN_AFTER: Span = Span::seconds(60);
/// Longest `id_token_hint`, in bytes: it travels in an address, and proxies take 4 KiB of headers.
const HINT_MAX: usize = 2000;

/// Why the provider cannot sign anybody in: what the person reads, and what the log says.
#[derive(Debug, Clone)]
pub struct Fault {
    pub problem: Problem,
    pub reason: String,
}

impl Fault {
    pub fn new(problem: Problem, reason: impl std::fmt::Display) -> Self {
        Self { problem, reason: line(&reason.to_string()) }
    }
}

/// What the provider says of itself.
#[derive(Debug)]
pub struct Known {
    pub client: Client,
    /// What ID tokens may be signed with: what the provider announces, and never a shared secret.
    pub algorithms: Vec<CoreJwsSigningAlgorithm>,
    /// RFC 9207: an answer without `iss` is not its own.
    pub names_itself: bool,
    end_session: Option<EndSessionUrl>,
    at: Timestamp,
}

#[derive(Debug)]
pub struct Provider {
    pub config: Oidc,
    redirect_to: RedirectUrl,
    fetcher: Fetcher,
    clock: Clock,
    state: Mutex<Discovery>,
}

#[derive(Debug, Default)]
struct Discovery {
    known: Option<Arc<Known>>,
    /// The last failure, for [`LEAVE_ALONE`].
    failed: Option<(Timestamp, Fault)>,
    /// When an unknown key was last the reason.
    keys_at: Option<Timestamp>,
}

impl Provider {
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(config: Oidc, public_url: &PublicUrl, clock: Clock, patience: Duration) -> Result<Self, reqwest::Error> {
        let issuer = Url::parse(&config.issuer).expect("the configuration checked it");
        let redirect_to = RedirectUrl::new(public_url.at("/auth/callback")).expect("a public address makes a URL");
        let fetcher = Fetcher::new(&issuer, patience)?;
        Ok(Self { config, redirect_to, fetcher, clock, state: Mutex::default() })
    }

    /// What the provider says of itself, asked for if that is not known or too old.
    ///
    /// # Errors
    /// When it is not known, and the provider does not say it or says it wrongly.
    pub async fn known(&self) -> Result<Arc<Known>, Fault> {
        let mut state = self.state.lock().await;
        match &state.known {
            Some(known) if self.clock.now().since(known.at) < GOOD_FOR => Ok(Arc::clone(known)),
            Some(old) => {
                let old = Arc::clone(old);
                // What was good an hour ago is better than nobody signing in.
                Ok(self.look_up(&mut state).await.unwrap_or(old))
            }
            None => self.look_up(&mut state).await,
        }
    }

    /// What the provider says of itself now, because `seen` lacks a key; at most once a minute, however many ask.
    ///
    /// # Errors
    /// As [`Provider::known`].
    pub async fn with_new_keys(&self, seen: &Arc<Known>) -> Result<Arc<Known>, Fault> {
        let mut state = self.state.lock().await;
        if let Some(newer) = state.known.as_ref().filter(|known| !Arc::ptr_eq(known, seen)) {
            return Ok(Arc::clone(newer));
        }
        let now = self.clock.now();
        if state.keys_at.is_some_and(|at| now.since(at) < KEYS_AGAIN_AFTER) {
            return Ok(Arc::clone(seen));
        }
        state.keys_at = Some(now);
        tracing::info!("the identity provider signs with a key that is not known here; its keys are looked up anew");
        self.look_up(&mut state).await
    }

    async fn look_up(&self, state: &mut Discovery) -> Result<Arc<Known>, Fault> {
        let now = self.clock.now();
        if let Some((at, fault)) = &state.failed
            && now.since(*at) < LEAVE_ALONE
        {
            return Err(fault.clone());
        }
        match self.discover(now).await {
            Ok(known) => {
                let known = Arc::new(known);
                *state = Discovery { known: Some(Arc::clone(&known)), failed: None, keys_at: state.keys_at };
                Ok(known)
            }
            Err(fault) => {
                tracing::warn!(
                    issuer = self.config.issuer,
                    reason = fault.reason,
                    "the identity provider was not found"
                );
                state.failed = Some((now, fault.clone()));
                Err(fault)
            }
        }
    }

    async fn discover(&self, now: Timestamp) -> Result<Known, Fault> {
        let issuer = IssuerUrl::new(self.config.issuer.clone()).expect("the configuration checked it");
        let metadata = Metadata::discover_async(issuer, &self.fetcher).await.map_err(|error| match error {
            DiscoveryError::Request(error) => Fault::new(Problem::ProviderUnavailable, error),
            DiscoveryError::Parse(error) => {
                Fault::new(Problem::ProviderError, format!("discovery cannot be read at {}", error.path()))
            }
            // Neither text repeats the body.
            DiscoveryError::Response(_, _, what) | DiscoveryError::Validation(what) | DiscoveryError::Other(what) => {
                Fault::new(Problem::ProviderError, what)
            }
            error => Fault::new(Problem::ProviderError, error),
        })?;
        self.check_endpoints(&metadata)?;
        Ok(self.understand(metadata, now))
    }

    /// Where people and secrets are sent to is as safe as the issuer itself.
    fn check_endpoints(&self, metadata: &Metadata) -> Result<(), Fault> {
        let in_clear = self.config.issuer.starts_with("http:");
        let more = metadata.additional_metadata();
        let endpoints = [
            Some(metadata.authorization_endpoint().url()),
            Some(metadata.jwks_uri().url()),
            metadata.token_endpoint().map(|endpoint| endpoint.url()),
            metadata.userinfo_endpoint().map(|endpoint| endpoint.url()),
            more.end_session_endpoint.as_ref().map(|endpoint| endpoint.url()),
        ];
        let unsafe_one = endpoints
            .into_iter()
            .flatten()
            .find(|url| !(url.scheme() == "https" || (in_clear && url.scheme() == "http" && is_loopback(url))));
        match unsafe_one {
            Some(url) => Err(Fault::new(Problem::ProviderError, format!("discovery names an unsafe endpoint: {url}"))),
            None => Ok(()),
        }
    }

    fn understand(&self, metadata: Metadata, now: Timestamp) -> Known {
        let supported = metadata.id_token_signing_alg_values_supported();
        let algorithms = ASYMMETRIC.into_iter().filter(|algorithm| supported.contains(algorithm)).collect();
        let more = metadata.additional_metadata().clone();
        let methods = metadata.token_endpoint_auth_methods_supported();
        let has = |method| methods.is_some_and(|methods| methods.contains(&method));
        let in_body = has(CoreClientAuthMethod::ClientSecretPost) && !has(CoreClientAuthMethod::ClientSecretBasic);
        let secret =
            self.config.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client = Client::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), secret)
            .set_redirect_uri(self.redirect_to.clone())
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
        let (end_session, names_itself) =
            (more.end_session_endpoint, more.authorization_response_iss_parameter_supported);
        Known { client, algorithms, names_itself, end_session, at: now }
    }

    /// Where to send a person who signs in; `chooses`: as whom, they say there. Some providers refuse to be asked for that, so
    /// nobody is who does not want it.
    #[must_use]
    pub fn authorization_url(&self, known: &Known, state: String, sign_in: &SignIn, chooses: bool) -> Url {
        let verifier = PkceCodeVerifier::new(sign_in.verifier.clone());
        let nonce = sign_in.nonce.clone();
        let scopes = self.config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let mut request = known
            .client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(scopes);
        if chooses {
            request = request.add_prompt(CoreAuthPrompt::SelectAccount);
        }
        request.url().0
    }

    /// Gives the provider its code back, for tokens. Once: what fails is not tried again.
    ///
    /// # Errors
    /// When the provider does not take it or cannot be understood.
    pub async fn redeem(&self, known: &Known, code: String, verifier: String) -> Result<TokenAnswer, Fault> {
        let request = known
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Fault::new(Problem::ProviderError, "discovery names no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        request.request_async(&self.fetcher).await.map_err(|error| match error {
            RequestTokenError::Request(error) => unavailable("the token endpoint", &error),
            RequestTokenError::ServerResponse(answer) => {
                let error = answer.error().as_ref().to_owned();
                let problem = if error == "invalid_grant" { Problem::CodeRefused } else { Problem::ProviderError };
                Fault::new(problem, format!("the token endpoint answers {error}"))
            }
            // The body may hold tokens, and the error may repeat some of it.
            RequestTokenError::Parse(error, _) if error.path().to_string() == "id_token" => {
                Fault::new(Problem::ProviderError, format!("the ID token cannot be read: {}", error.inner()))
            }
            RequestTokenError::Parse(error, _) => {
                Fault::new(Problem::ProviderError, format!("tokens cannot be read at {}", error.path()))
            }
            RequestTokenError::Other(_) => {
                Fault::new(Problem::ProviderError, "the token endpoint answers with nothing")
            }
        })
    }

    /// What UserInfo says of the ID token's subject; `None` where the provider has no such endpoint.
    ///
    /// # Errors
    /// When it says something of another subject, or cannot be read.
    pub async fn user_info(
        &self,
        known: &Known,
        tokens: &TokenAnswer,
        subject: &SubjectIdentifier,
    ) -> Result<Option<UserClaims>, Fault> {
        let Ok(request) = known.client.user_info(tokens.access_token().clone(), Some(subject.clone())) else {
            return Ok(None);
        };
        request.request_async(&Tidying(self.fetcher.clone())).await.map(Some).map_err(|error| match error {
            UserInfoError::ClaimsVerification(error) => {
                Fault::new(Problem::AnswerRefused, format!("UserInfo: {error}"))
            }
            UserInfoError::Request(error) => unavailable("UserInfo", &error),
            UserInfoError::Parse(error) => {
                Fault::new(Problem::ProviderError, format!("UserInfo cannot be read at {}", error.path()))
            }
            _ => Fault::new(Problem::ProviderError, "UserInfo does not answer with claims"),
        })
    }

    /// Where to send somebody who signs out, so that the provider's session ends too; `None` where it offers nothing.
    #[must_use]
    pub fn end_session_url(&self, known: &Known, id_token: Option<&str>, back: String) -> Option<Url> {
        let back = PostLogoutRedirectUrl::new(back).expect("a public address makes a URL");
        let mut url = LogoutRequest::from(known.end_session.clone()?)
            .set_client_id(ClientId::new(self.config.client_id.clone()))
            .set_post_logout_redirect_uri(back)
            .http_get_url();
        if let Some(hint) = id_token.filter(|hint| hint.len() <= HINT_MAX) {
            url.query_pairs_mut().append_pair("id_token_hint", hint);
        }
        Some(url)
    }
}

fn unavailable(what: &str, error: &FetchError) -> Fault {
    Fault::new(Problem::ProviderUnavailable, format!("{what}: {error}"))
}
