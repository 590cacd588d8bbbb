//! Errors as scripts read them: RFC 9457, `application/problem+json`, with our stable `code`.

use app::api::ApiError;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::access::TooMany;
use model::quota::{Amount, Refusal};
use serde_json::{Value, json};

use super::limits::BODY_WORDS;

/// An error on its way out of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(pub ApiError);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self(match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge { status: 413, most: BODY_WORDS.to_owned() },
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedType,
            _ => malformed(&rejection.body_text()),
        })
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self(malformed(&rejection.body_text()))
    }
}

/// What of a request cannot be read, in one line.
#[must_use]
pub fn malformed(message: &str) -> ApiError {
    let message = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    ApiError::Malformed { message }
}

impl From<TooMany> for Problem {
    fn from(error: TooMany) -> Self {
        Self(error.into())
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl Problem {
    /// `type, title, status, detail, code`, and what belongs to the code: `scope, dimension, limit, used, requested,
    /// decided_by` of the first limit that is broken (CPU in cores, memory in bytes) and `errors` with the same of each;
    /// `errors` of wrong fields.
    fn body(&self) -> Value {
        let Self(error) = self;
        let mut body = json!({
            "type": "about:blank",
            "title": title(error),
            "status": error.status(),
            "detail": error.to_string(),
            "code": error.code(),
        });
        match error {
            ApiError::QuotaExceeded { refusal } => {
                if let (Value::Object(body), Value::Object(first)) = (&mut body, broken(&refusal.first)) {
                    body.extend(first);
                }
                body["errors"] = refusal.all().map(broken).collect();
            }
            ApiError::Invalid { errors } => body["errors"] = json!(errors),
            _ => {}
        }
        body
    }
}

/// One limit that would be broken, and who can change it.
fn broken(refusal: &Refusal) -> Value {
    let mut told = json!({
        "scope": refusal.scope,
        "dimension": refusal.limit.dimension(),
        "limit": amount(refusal.limit),
        "used": amount(refusal.used),
        "requested": amount(refusal.requested),
        "decided_by": refusal.scope.decided_by(),
    });
    if let Some(at) = refusal.loan_ended_at {
        told["loan_ended_at"] = json!(at);
    }
    told
}

fn amount(amount: Amount) -> Value {
    match amount {
        Amount::Environments(count) | Amount::Running(count) => json!(count),
        Amount::Cpus(cpus) => json!(cpus),
        Amount::Memory(memory) => json!(memory),
    }
}

fn title(error: &ApiError) -> &'static str {
    match error {
        ApiError::SignedOut => "Not signed in",
        ApiError::NotFound { .. } => "Not found",
        ApiError::Forbidden { .. } => "Not allowed",
        ApiError::Invalid { .. } => "Wrong fields",
        ApiError::QuotaExceeded { .. } => "Quota exceeded",
        ApiError::Conflict { .. } => "Not possible now",
        ApiError::EngineUnavailable { .. } => "The Docker Engine does not answer",
        ApiError::TooMany { .. } => "Too many requests",
        ApiError::Malformed { .. } => "Cannot be read",
        ApiError::TooLarge { .. } => "Too large",
        ApiError::UnsupportedType => "Not JSON",
        ApiError::WrongMethod => "Wrong method",
        ApiError::Outdated => "Not understood",
        ApiError::Offline => "Not reached",
        ApiError::ServerFull => "The disk of the server is full",
        ApiError::Internal { .. } => "A fault of the server",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let ApiError::TooMany { retry_after_seconds } = self.0 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
        }
        if self.0 == ApiError::SignedOut {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
