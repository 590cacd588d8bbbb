//! The ID token: issuer, audience and nonce are openidconnect's to check, and so is a signature by its key; what it leaves to
//! its caller is here.
//!
//! Source: OpenID Connect Core 1.0 §3.1.3.7.

use chrono::{DateTime, Utc};
use model::time::Timestamp;
use model::units::Span;
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;
use openidconnect::{
    AccessTokenHash, Audience, ClaimsVerificationError, JsonWebKey, Nonce, OAuth2TokenResponse,
    SignatureVerificationError,
};

use super::protocol::IdClaims;
use super::provider::Known;
use super::tokens::TokenAnswer;

/// How far the provider's clock may be from ours.
const SKEW: Span = Span::seconds(60);
/// Longest subject that OpenID Connect allows.
const SUBJECT_MAX: usize = 255;

/// Signatures that only the provider can make. With a shared secret, whoever knows it could.
pub const ASYMMETRIC: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Why an ID token is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is signed with a key that the provider had not announced when it was last asked.
    UnknownKey(String),
    Wrong(String),
}

impl From<SignatureVerificationError> for Refused {
    fn from(cause: SignatureVerificationError) -> Self {
        use SignatureVerificationError::{CryptoError, NoMatchingKey};
        let why = format!("the signature: {cause}");
        if matches!(cause, NoMatchingKey | CryptoError(_)) { Self::UnknownKey(why) } else { Self::Wrong(why) }
    }
}

impl From<ClaimsVerificationError> for Refused {
    fn from(error: ClaimsVerificationError) -> Self {
        Self::Wrong(error.to_string())
    }
}

/// The claims of an ID token that passes every check.
///
/// # Errors
/// [`Refused`] with the first check that it fails.
pub fn verified<'a>(
    known: &Known,
    tokens: &'a TokenAnswer,
    nonce: &str,
    trusted_audiences: &[String],
    now: Timestamp,
) -> Result<&'a IdClaims, Refused> {
    let signed = tokens.signed_id_token().ok_or_else(|| wrong("there is no ID token"))?;
    let id_token = signed.tidied();
    // The signature is of the claims as they came, and is checked here; openidconnect would look for one of those it reads.
    let verifier = known
        .client
        .id_token_verifier()
        .insecure_disable_signature_check()
        .set_other_audience_verifier_fn(|other| trusted_audiences.iter().any(|trusted| trusted == other.as_str()))
        .set_time_fn(|| moment(now.before(SKEW)))
        .set_issue_time_verifier_fn(|issued| not_in_the_future("iat", issued.timestamp(), now));
    let algorithm = id_token.signing_alg()?;
    if !known.algorithms.contains(algorithm) {
        return Err(wrong("the signature: its algorithm is not announced, or anybody could sign by it"));
    }
    let key = id_token.signing_key(&verifier)?;
    let (message, signature) = signed.signed();
    key.verify_signature(algorithm, message, signature)?;
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    check_party(known, claims).map_err(Refused::Wrong)?;
    check_not_before(claims, now).map_err(Refused::Wrong)?;
    check_subject(claims.subject()).map_err(Refused::Wrong)?;
    if let Some(expected) = claims.access_token_hash() {
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if actual.map_err(|error| wrong(&error.to_string()))? != *expected {
            return Err(wrong("at_hash is not the access token's"));
        }
    }
    Ok(claims)
}

fn wrong(what: &str) -> Refused {
    Refused::Wrong(what.to_owned())
}

fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millis()).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn not_in_the_future(claim: &str, seconds: i64, now: Timestamp) -> Result<(), String> {
    let latest = now.after(SKEW).as_millis().div_euclid(1000);
    if seconds > latest { Err(format!("{claim} is in the future: {seconds} after {latest}")) } else { Ok(()) }
}

/// `azp` is who the token was issued to; with several audiences it must say so.
fn check_party(known: &Known, claims: &IdClaims) -> Result<(), String> {
    let us = known.client.client_id();
    let audiences: &Vec<Audience> = claims.audiences();
    match claims.authorized_party() {
        Some(party) if party != us => Err(format!("azp is `{}`", party.as_str())),
        None if audiences.len() > 1 => Err("there are several audiences and no azp".to_owned()),
        _ => Ok(()),
    }
}

fn check_not_before(claims: &IdClaims, now: Timestamp) -> Result<(), String> {
    match claims.additional_claims().claims.get("nbf") {
        None => Ok(()),
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second is within the skew")]
        Some(nbf) => match nbf.as_i64().or_else(|| nbf.as_f64().map(|seconds| seconds as i64)) {
            Some(seconds) => not_in_the_future("nbf", seconds, now),
            None => Err("nbf is no time".to_owned()),
        },
    }
}

/// A subject is half of an account's name, so it is never cut or cleaned: it fits, or it is refused.
fn check_subject(subject: &str) -> Result<(), String> {
    let fits = !subject.is_empty() && subject.len() <= SUBJECT_MAX && !subject.chars().any(char::is_control);
    if fits { Ok(()) } else { Err("sub is empty, too long or has control characters".to_owned()) }
}
