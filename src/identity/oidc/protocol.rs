//! openidconnect's types, named once for what we use of them.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, EndSessionUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    ProviderMetadata, StandardErrorResponse,
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::tokens::TokenAnswer;

/// What openidconnect does not know of the discovery document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoreMetadata {
    #[serde(default, deserialize_with = "address_or_none")]
    pub end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 9207: whether every answer names the issuer.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}
impl AdditionalProviderMetadata for MoreMetadata {}

/// Some say by an empty text that there is none.
fn address_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EndSessionUrl>, D::Error> {
    let address = Option::<String>::deserialize(deserializer)?;
    Ok(address.and_then(|address| EndSessionUrl::new(address).ok()))
}

/// Claims beyond the standard ones, as they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoreClaims {
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}
impl AdditionalClaims for MoreClaims {}

pub type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub type IdToken =
    openidconnect::IdToken<MoreClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// From a discovery document: there is an authorization endpoint, and perhaps a token and a UserInfo endpoint.
pub type Client = openidconnect::Client<
    MoreClaims,
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

pub type IdClaims = openidconnect::IdTokenClaims<MoreClaims, CoreGenderClaim>;
pub type UserClaims = openidconnect::UserInfoClaims<MoreClaims, CoreGenderClaim>;
