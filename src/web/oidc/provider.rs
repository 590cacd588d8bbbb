//! The identity provider: found when it is first needed, asked in bounded time, believed only after every check.

use std::sync::Arc;
use std::time::Duration;

use app::model::sign_in::Problem;
use app::model::time::Timestamp;
use app::model::units::Span;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse,
};
use openidconnect::{
    AccessToken, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenVerifier, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    StandardErrorResponse, TokenResponse, UserInfoError,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use url::Url;

use super::claims::{Claims, Extra, Groups, InfoClaims, Known, Token, TokenAnswer, kept, not_before};
use super::metadata::Metadata;
use crate::clock::Clock;
use crate::config::{Oidc, PublicUrl};

/// One request to the provider may take this long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What the provider tells of itself is asked again after this.
const FRESH: Span = Span::hours(1);
/// An unknown key is looked for at most this often.
const REFETCH: Span = Span::seconds(60);
/// Clocks may differ by this much.
const SKEW: Span = Span::seconds(60);

/// Signatures that are believed: none of them can be made with what the provider publishes.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type OidcClient = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[derive(Debug)]
pub struct Provider {
    settings: Oidc,
    redirect: RedirectUrl,
    after_sign_out: String,
    http: reqwest::Client,
    clock: Clock,
    found: Mutex<Option<Found>>,
}

#[derive(Debug, Clone)]
struct Found {
    metadata: Arc<Metadata>,
    at: Timestamp,
}

/// Where to send the browser, and what its answer is checked against.
pub struct Request {
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

impl Provider {
    /// Asks nothing yet: a provider that is away delays no start.
    #[must_use]
    pub fn new(settings: &Oidc, public_url: &PublicUrl, clock: &Clock) -> Self {
        // No redirects: the provider's addresses are those that it publishes.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build();
        Self {
            settings: settings.clone(),
            redirect: RedirectUrl::new(public_url.at("/auth/callback")).expect("a path under a URL is a URL"),
            after_sign_out: public_url.at("/sign-in"),
            http: http.expect("a client with the system's certificates can be built"),
            clock: clock.clone(),
            found: Mutex::new(None),
        }
    }

    /// What the provider tells of itself; asked again when older than `oldest`.
    async fn metadata(&self, oldest: Span) -> Result<Arc<Metadata>, Problem> {
        let mut found = self.found.lock().await;
        let now = self.clock.now();
        if let Some(found) = found.as_ref().filter(|found| now.since(found.at) < oldest) {
            return Ok(Arc::clone(&found.metadata));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|_| Problem::ProviderError)?;
        let asked = Metadata::discover_async(issuer, &self.http).await;
        let metadata = Arc::new(asked.map_err(|error| {
            tracing::warn!(error = %chain(&error), "the identity provider cannot be asked about itself");
            Problem::ProviderUnavailable
        })?);
        *found = Some(Found { metadata: Arc::clone(&metadata), at: now });
        Ok(metadata)
    }

    fn client(&self, metadata: &Metadata) -> OidcClient {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = self.settings.client_secret.as_ref().map(|s| ClientSecret::new(s.expose_secret().to_owned()));
        OidcClient::from_provider_metadata(metadata.clone(), id, secret).set_redirect_uri(self.redirect.clone())
    }

    /// A new sign-in. Its secrets come from the clock's randomness.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn request(&self) -> Result<Request, Problem> {
        let metadata = self.metadata(FRESH).await?;
        let (state, nonce) = (self.clock.secret(), self.clock.secret());
        let verifier = PkceCodeVerifier::new(self.clock.secret());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let (asked_state, asked_nonce) = (state.clone(), nonce.clone());
        let client = self.client(&metadata);
        let flow = AuthenticationFlow::<openidconnect::core::CoreResponseType>::AuthorizationCode;
        let request = client.authorize_url(flow, move || CsrfToken::new(asked_state), move || Nonce::new(asked_nonce));
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, _, _) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok(Request { url: url.into(), state, nonce, verifier: verifier.into_secret() })
    }

    /// RFC 9207: an answer that names another issuer, or none where the provider always names itself, is refused.
    ///
    /// # Errors
    /// [`Problem::AnswerRefused`], or that the provider does not answer.
    pub async fn check_issuer(&self, named: Option<&str>) -> Result<(), Problem> {
        let metadata = self.metadata(FRESH).await?;
        let always = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match named {
            Some(named) if named != self.settings.issuer => Err(refused("the answer names another issuer")),
            None if always => Err(refused("the answer does not name its issuer, as it promised")),
            Some(_) | None => Ok(()),
        }
    }

    /// Turns a code into somebody the provider vouches for, once every check has passed.
    ///
    /// # Errors
    /// The [`Problem`] that the person is told; the log has the failed check.
    pub async fn redeem(&self, code: &str, verifier: &str, nonce: &str) -> Result<Known, Problem> {
        let metadata = self.metadata(FRESH).await?;
        let client = self.client(&metadata);
        let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let exchange = exchange.map_err(|_| refused("the provider has no token endpoint"))?;
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let answer: TokenAnswer = exchange.request_async(&self.http).await.map_err(|error| exchange_problem(&error))?;
        let token = answer.id_token().ok_or_else(|| refused("the provider gave no ID token"))?;
        let claims = self.verified(token, nonce).await?;
        let info = self.more(&client, &claims, answer.access_token()).await?;
        Ok(self.known(token, &claims, info.as_ref()))
    }

    /// The ID token's claims. A key that is not known is looked for once more, but not again and again.
    async fn verified(&self, token: &Token, nonce: &str) -> Result<Claims, Problem> {
        match self.checked(&*self.metadata(FRESH).await?, token, nonce) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let renewed = self.metadata(REFETCH).await?;
                self.checked(&renewed, token, nonce)
            }
            checked => checked,
        }
        .map_err(|error| refused(&chain(&error)))
    }

    fn checked(&self, metadata: &Metadata, token: &Token, nonce: &str) -> Result<Claims, ClaimsVerificationError> {
        let client = self.client(metadata);
        let now = self.clock.now();
        let (late, early) = (instant(now.before(SKEW)), instant(now.after(SKEW)));
        let verifier: IdTokenVerifier<'_, CoreJsonWebKey> = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || late)
            .set_issue_time_verifier_fn(move |issued| {
                if issued <= early { Ok(()) } else { Err("it was issued in the future".to_owned()) }
            });
        let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?.clone();
        let own = self.settings.client_id.as_str();
        if claims.authorized_party().is_some_and(|party| party.as_str() != own) {
            return Err(ClaimsVerificationError::Other("`azp` names another client".to_owned()));
        }
        if claims.audiences().len() > 1 && claims.authorized_party().is_none() {
            return Err(ClaimsVerificationError::Other("several audiences and no `azp`".to_owned()));
        }
        if not_before(claims.additional_claims()).is_some_and(|from| from > early.timestamp()) {
            return Err(ClaimsVerificationError::Other("`nbf` lies in the future".to_owned()));
        }
        Ok(claims)
    }

    /// UserInfo, asked only where the ID token leaves out what we show or decide by; of the same subject, or refused.
    async fn more(
        &self,
        client: &OidcClient,
        claims: &Claims,
        access: &AccessToken,
    ) -> Result<Option<InfoClaims>, Problem> {
        let groups = claims.additional_claims().rest.contains_key(&self.settings.groups_claim);
        if claims.name().is_some() && claims.email().is_some() && groups {
            return Ok(None);
        }
        let Ok(request) = client.user_info(access.clone(), Some(claims.subject().clone())) else { return Ok(None) };
        match request.request_async(&self.http).await {
            Ok(info) => Ok(Some(info)),
            Err(UserInfoError::ClaimsVerification(error)) => Err(refused(&chain(&error))),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the provider does not tell more of somebody who signs in");
                Err(Problem::ProviderUnavailable)
            }
        }
    }

    fn known(&self, token: &Token, claims: &Claims, info: Option<&InfoClaims>) -> Known {
        let group_claim = self.settings.groups_claim.as_str();
        let listed = claims.additional_claims().rest.get(group_claim);
        let listed = listed.or_else(|| info.and_then(|info| info.additional_claims().rest.get(group_claim)));
        let name = claims.name().or_else(|| info.and_then(InfoClaims::name));
        let name = name.and_then(|name| name.get(None)).and_then(|name| kept(name));
        let own_email = claims.email().map(|email| (email, claims.email_verified()));
        let email =
            own_email.or_else(|| info.and_then(|info| info.email().map(|email| (email, info.email_verified()))));
        let email = email.filter(|(_, verified)| *verified == Some(true)).and_then(|(email, _)| kept(email));
        let subject = claims.subject().to_string();
        Known {
            issuer: self.settings.issuer.clone(),
            name: name.or_else(|| email.clone()).or_else(|| kept(&subject)).unwrap_or_else(|| "somebody".to_owned()),
            subject,
            email,
            groups: Groups::read(listed),
            sid: claims.additional_claims().rest.get("sid").and_then(|sid| sid.as_str()).map(str::to_owned),
            id_token: token.to_string(),
        }
    }

    /// Whether these groups make an admin: only the claim itself does.
    #[must_use]
    pub fn is_admin(&self, groups: &Groups) -> bool {
        match (groups, &self.settings.admin_group) {
            (Groups::Listed(groups), Some(admin)) => groups.contains(admin),
            _ => false,
        }
    }

    /// Where to go on to sign out at the provider too; `None` where it offers no such thing, or does not answer.
    pub async fn sign_out_address(&self, id_token: &str) -> Option<String> {
        let metadata = self.metadata(FRESH).await.ok()?;
        let mut url = Url::parse(metadata.additional_metadata().end_session_endpoint.as_deref()?).ok()?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", &self.after_sign_out);
        Some(url.into())
    }
}

fn instant(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millis()).unwrap_or_default()
}

fn refused(why: &str) -> Problem {
    tracing::warn!(why, "the identity provider's answer was refused");
    Problem::AnswerRefused
}

fn exchange_problem<E: std::error::Error + 'static>(
    error: &RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> Problem {
    match error {
        RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
            tracing::info!("the provider did not take its code back");
            Problem::CodeRefused
        }
        RequestTokenError::Request(_) => {
            tracing::warn!(error = %chain(error), "the identity provider does not answer");
            Problem::ProviderUnavailable
        }
        RequestTokenError::Parse(_, _) => refused("its token answer cannot be read"),
        RequestTokenError::ServerResponse(answer) => {
            tracing::warn!(error = ?answer.error(), "the identity provider refused to redeem a code");
            Problem::ProviderError
        }
        RequestTokenError::Other(_) => refused("its token answer cannot be read"),
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(400).collect()
}
