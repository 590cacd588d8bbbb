//! What the token endpoint answers: of it, what is used here. What a provider writes otherwise than the standard keeps nobody
//! out where nobody here reads it.
//!
//! Source: RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3 and §5.1, RFC 7515 §7.1.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::CoreTokenType;
use openidconnect::{AccessToken, OAuth2TokenResponse, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::protocol::IdToken;

/// Standard claims that are read nowhere here: of the person (§5.1), and of how they signed in (§2, §3.3.2.11).
const UNREAD: [&str; 19] = [
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "auth_time",
    "acr",
    "amr",
    "c_hash",
];

/// Takes from claims what is not read, and what of the rest describes a person in another shape than the standard's: they
/// are known without it. Whether an address is verified is said by true and by the text "true" alone.
pub fn tidy(claims: &mut Map<String, Value>) {
    claims.retain(|name, value| {
        // `name#de` is the German one (§5.2).
        let name = name.split('#').next().unwrap_or_default();
        match name {
            "name" | "preferred_username" | "email" => value.is_string(),
            "email_verified" => !value.is_null(),
            name => !UNREAD.contains(&name),
        }
    });
    if let Some(verified) = claims.get_mut("email_verified") {
        let says_so = verified.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
        *verified = Value::Bool(says_so || *verified == Value::Bool(true));
    }
}

/// The answer to a code.
#[derive(Debug, Serialize, Deserialize)]
pub struct TokenAnswer {
    access_token: AccessToken,
    #[serde(deserialize_with = "bearer")]
    token_type: CoreTokenType,
    id_token: Option<SignedIdToken>,
}

/// A token of another type is not to be used (RFC 6749 §7.1).
fn bearer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CoreTokenType, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.eq_ignore_ascii_case("bearer") {
        Ok(CoreTokenType::Bearer)
    } else {
        Err(serde::de::Error::custom("it is no bearer token"))
    }
}

impl TokenAnswer {
    #[must_use]
    pub const fn signed_id_token(&self) -> Option<&SignedIdToken> {
        self.id_token.as_ref()
    }
}

impl OAuth2TokenResponse for TokenAnswer {
    type TokenType = CoreTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &CoreTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl
    TokenResponse<
        super::protocol::MoreClaims,
        openidconnect::core::CoreGenderClaim,
        openidconnect::core::CoreJweContentEncryptionAlgorithm,
        openidconnect::core::CoreJwsSigningAlgorithm,
    > for TokenAnswer
{
    fn id_token(&self) -> Option<&IdToken> {
        self.id_token.as_ref().map(SignedIdToken::tidied)
    }
}

/// An ID token as it came, and with its claims tidied. The signature is of what came.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignedIdToken {
    text: String,
    signature: Vec<u8>,
    tidied: IdToken,
}

impl SignedIdToken {
    /// Its header is that of the token that came; its signature is not to be checked.
    #[must_use]
    pub const fn tidied(&self) -> &IdToken {
        &self.tidied
    }

    /// What is signed, and the signature.
    #[must_use]
    pub fn signed(&self) -> (&[u8], &[u8]) {
        let end = self.text.rfind('.').unwrap_or_default();
        (&self.text.as_bytes()[..end], &self.signature)
    }

    /// As it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for SignedIdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIdToken")
    }
}

impl From<SignedIdToken> for String {
    fn from(token: SignedIdToken) -> Self {
        token.text
    }
}

impl TryFrom<String> for SignedIdToken {
    /// What is wrong with it, without any of its values.
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, claims, signature] = parts.as_slice() else {
            return Err("it has not the three parts of a signed token; an encrypted one cannot be read".to_owned());
        };
        let decoded =
            |part: &str, what| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| format!("its {what} cannot be decoded"));
        let signature_bytes = decoded(signature, "signature")?;
        let mut read: Map<String, Value> = serde_json::from_slice(&decoded(claims, "claims")?)
            .map_err(|_| "its claims are no JSON object".to_owned())?;
        tidy(&mut read);
        let again = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(read.clone()).to_string());
        let tidied = format!("{header}.{again}.{signature}").parse().map_err(|_| blamed(&read))?;
        Ok(Self { signature: signature_bytes, tidied, text })
    }
}

/// What of an ID token's claims, or else its header, is not as it must be.
fn blamed(claims: &Map<String, Value>) -> String {
    const ODD: &str = "is of another kind";
    let fault = |name: &str| match (name, claims.get(name)) {
        ("iss" | "sub" | "exp" | "iat", None) => Some("is missing"),
        (_, None) => None,
        ("exp" | "iat", Some(claim)) => (!claim.is_number()).then_some(ODD),
        ("aud", Some(Value::Array(all))) => (!all.iter().all(Value::is_string)).then_some(ODD),
        (_, Some(claim)) => (!claim.is_string()).then_some(ODD),
    };
    let read = ["iss", "sub", "exp", "iat", "aud", "nonce", "azp", "at_hash"];
    let found = read.into_iter().find_map(|name| Some(format!("the claim `{name}` {}", fault(name)?)));
    found.unwrap_or_else(|| "its header cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(header: &Value, claims: &Value) -> Result<SignedIdToken, String> {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        SignedIdToken::try_from(format!("{}.{}.c2ln", part(header), part(claims)))
    }

    #[test]
    fn what_of_an_id_token_cannot_be_read_is_named_without_its_value() {
        let (header, good) =
            (json!({"alg": "RS256"}), json!({"iss": "https://id", "sub": "a", "aud": "b", "exp": 2, "iat": 1}));
        assert!(read(&header, &good).is_ok());
        for (name, value, said) in [
            ("sub", json!(null), "the claim `sub` is of another kind"),
            ("iss", json!(7), "the claim `iss` is of another kind"),
            ("exp", json!("secret"), "the claim `exp` is of another kind"),
            ("nonce", json!(["secret"]), "the claim `nonce` is of another kind"),
            ("aud", json!({"secret": 1}), "the claim `aud` is of another kind"),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            assert_eq!(read(&header, &claims).expect_err("refused"), said);
        }
        let Value::Object(mut less) = good.clone() else { panic!("an object") };
        less.remove("sub");
        assert_eq!(read(&header, &Value::Object(less)).expect_err("refused"), "the claim `sub` is missing");
        assert_eq!(read(&json!({"alg": 7}), &good).expect_err("refused"), "its header cannot be read");
        assert_eq!(read(&header, &json!([])).expect_err("refused"), "its claims are no JSON object");
        for bad in ["", "a.b", "a.b.c.d.e", "e30.*.c2ln", "e30.e30.*"] {
            assert!(SignedIdToken::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_verified_by_true_and_by_its_text_alone() {
        for (said, is) in [
            (json!(true), Some(true)),
            (json!("True"), Some(true)),
            (json!("true"), Some(true)),
            (json!(false), Some(false)),
            (json!("yes"), Some(false)),
            (json!(1), Some(false)),
            (json!([true]), Some(false)),
            (json!(null), None),
        ] {
            let mut claims = Map::from_iter([("email_verified".to_owned(), said.clone())]);
            tidy(&mut claims);
            assert_eq!(claims.get("email_verified").and_then(Value::as_bool), is, "{said}");
        }
    }
}
