//! Who somebody is: signed in by the identity provider or the operator's link, known by a session or a token, admitted by a rule,
//! with the rights of this moment. How it is asked over HTTP is the web's matter.

pub mod actor;
pub mod address;
pub mod auth;
mod oidc;
pub mod operator;
pub mod rates;
pub mod session;
pub mod settings;
pub mod sign_in;

pub use actor::Credential;
pub use address::PublicUrl;
pub use auth::{Auth, AuthError};
/// What every token of ours begins with.
pub use store::tokens::PREFIX as TOKEN_PREFIX;

pub use oidc::provider::{PATIENCE, Provider};
