//! Sign-in with OpenID Connect: the authorization code flow with PKCE, and every check of the answer.
//!
//! Sources: OpenID Connect Core 1.0 §3.1, RFC 9700 (best current practice), RFC 9207 (`iss` in the answer).

pub mod claims;
mod fetch;
pub mod id_token;
pub mod protocol;
pub mod provider;
pub mod tokens;
