//! ID tokens put together by hand, so that anything can be wrong with them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};

use super::{Mind, changed};

/// A key pair, by the name that the JWKS gives it.
#[derive(Clone)]
pub struct Key {
    kid: &'static str,
    pem: &'static str,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kid)
    }
}

impl Key {
    pub const fn first() -> Self {
        Self { kid: "first", pem: include_str!("first.pem") }
    }

    pub const fn second() -> Self {
        Self { kid: "second", pem: include_str!("second.pem") }
    }

    /// The second key under the first one's name.
    pub const fn impostor() -> Self {
        Self { kid: "first", pem: include_str!("second.pem") }
    }

    fn private(&self) -> CoreRsaPrivateSigningKey {
        CoreRsaPrivateSigningKey::from_pem(self.pem, Some(JsonWebKeyId::new(self.kid.to_owned()))).expect("a key")
    }

    pub fn public(&self) -> Value {
        serde_json::to_value(self.private().as_verification_key()).expect("a JWK")
    }
}

/// How an ID token is signed.
#[derive(Debug, Clone, Copy)]
pub enum Signing {
    WithKey,
    /// `alg: none`, and nothing behind the last dot.
    Not,
    /// HS256 with what everybody can read: the public key.
    WithPublicKey,
    /// HS256 with the client's secret.
    WithSecret,
    /// Signed, and then one character of this part changed.
    Changed {
        part: usize,
        at: usize,
    },
}

pub(super) fn assemble(mind: &Mind, claims: &Value) -> String {
    let algorithm = match mind.signing {
        Signing::WithKey | Signing::Changed { .. } => "RS256",
        Signing::Not => "none",
        Signing::WithPublicKey | Signing::WithSecret => "HS256",
    };
    let header = changed(json!({"alg": algorithm, "kid": mind.key.kid, "typ": "JWT"}), &mind.header);
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = match mind.signing {
        Signing::WithKey | Signing::Changed { .. } => {
            let key = mind.key.private();
            key.sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, signed.as_bytes()).expect("a signature")
        }
        Signing::Not => Vec::new(),
        Signing::WithPublicKey => hmac(mind.key.public()["n"].as_str().expect("a modulus"), &signed),
        Signing::WithSecret => hmac(super::SECRET, &signed),
    };
    let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
    match mind.signing {
        Signing::Changed { part, at } => with_a_change(&token, part, at),
        _ => token,
    }
}

fn hmac(secret: &str, signed: &str) -> Vec<u8> {
    let key = CoreHmacKey::new(secret);
    key.sign(&CoreJwsSigningAlgorithm::HmacSha256, signed.as_bytes()).expect("a signature")
}

/// Another letter at one place of the header (0), the claims (1) or the signature (2).
fn with_a_change(token: &str, part: usize, at: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let old = parts[part].as_bytes()[at];
    let new = if old == b'A' { "B" } else { "A" };
    parts[part].replace_range(at..=at, new);
    parts.join(".")
}
