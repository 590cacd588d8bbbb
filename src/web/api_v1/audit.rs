//! `/api/v1/audit` and what became of one environment: pages of JSON, or all of it as a file.

use std::collections::BTreeMap;
use std::io;

use app::api::ApiError;
use app::api::backend::{Audit, Environments};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{Stream, StreamExt, stream};
use identity::Credential;
use identity::rates::{Counted, Place};
use model::access::Actor;
use model::audit::{Excerpt, Recorded, Search};
use model::history::History;
use service::error::fault;

use super::{Answer, Caller, List, PAGE, PAGE_MAX, known};
use crate::Web;
use crate::problem::Problem;

/// Most entries of one file.
const EXPORT_MAX: i64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    /// JSON, an entry a line.
    Lines,
}

impl Format {
    /// What the address names, or else what the client takes.
    fn asked(named: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match named {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::Lines),
            Some(_) => Err(Problem(ApiError::invalid("format", "must be json, csv or jsonl"))),
            None if accept.contains("text/csv") => Ok(Self::Csv),
            None if ["application/jsonl", "application/x-ndjson"].iter().any(|kind| accept.contains(kind)) => {
                Ok(Self::Lines)
            }
            None => Ok(Self::Json),
        }
    }

    /// Its media type, and how the file is called.
    const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application/json", "attachment; filename=\"berth-audit.json\""),
            Self::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"berth-audit.csv\""),
            Self::Lines => ("application/jsonl", "attachment; filename=\"berth-audit.jsonl\""),
        }
    }

    fn head(self) -> String {
        if self == Self::Csv { Recorded::COLUMNS.join(",") + "\r\n" } else { String::new() }
    }

    fn line(self, entry: &Recorded) -> String {
        match self {
            Self::Csv => entry.csv(),
            Self::Json | Self::Lines => serde_json::to_string(entry).expect("an entry is JSON") + "\n",
        }
    }
}

/// `GET /audit`: entries newest first, by `person`, `team`, `environment`, `action`, `outcome`, `q`, `from`, `to`; `cursor` and
/// `limit`; all of it with `format=csv` or `jsonl`.
pub async fn audit(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<BTreeMap<String, String>>, QueryRejection>,
    credential: Option<Extension<Credential>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let search = Search::from_query(|name| query.get(name).cloned());
    let search = search.map_err(|errors| Problem(ApiError::Invalid { errors }))?;
    let format = Format::asked(query.get("format").map(String::as_str), &headers)?;
    if format != Format::Json {
        let credential = credential.ok_or(Problem(ApiError::SignedOut))?;
        return export(web, actor, credential.0, search, format).await;
    }
    let limit = query.get("limit").map(|limit| limit.parse::<usize>()).transpose();
    let limit = limit.map_err(|_| Problem(ApiError::invalid("limit", "must be a number")))?;
    let found = web.service.audit(&actor, &search, limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)).await?;
    Ok(Json(List { items: found.items, next: found.next.map(|next| next.to_string()) }).into_response())
}

/// Whole or not at all: what would be cut is refused before it begins, and what breaks off breaks the connection.
async fn export(
    web: Web,
    actor: Actor,
    credential: Credential,
    search: Search,
    format: Format,
) -> Result<Response, Problem> {
    let search = Search { cursor: None, ..search };
    if web.service.count_audit(&actor, &search, EXPORT_MAX + 1).await? > EXPORT_MAX {
        let message = format!("finds more than {EXPORT_MAX} entries: name a shorter time with `from` and `to`");
        return Err(Problem(ApiError::invalid("search", message)));
    }
    let (kind, name) = format.kind();
    let place = web.streams.take(Counted::from(&actor))?;
    let body = Body::from_stream(lines(Reading { web, credential, search, _place: place }, format));
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// Reads on as the client takes it, some hundred entries at a time, with the rights of that moment.
fn lines(reading: Reading, format: Format) -> impl Stream<Item = Result<String, io::Error>> {
    let first = stream::iter([Ok(format.head())]);
    let rest = stream::unfold(Some(reading), move |reading| async move {
        let mut reading = reading?;
        match reading.more().await {
            Ok(found) => {
                let text = found.items.iter().map(|entry| format.line(entry)).collect();
                let rest = found.next.map(|next| {
                    reading.search = reading.search.after(next);
                    reading
                });
                Some((Ok(text), rest))
            }
            Err(error) => Some((Err(io::Error::other(error)), None)),
        }
    });
    // Whoever compresses it asks once more after its end.
    first.chain(rest).fuse()
}

/// Whoever reads a file, and what is left of it.
struct Reading {
    web: Web,
    credential: Credential,
    search: Search,
    _place: Place<Counted>,
}

impl Reading {
    async fn more(&self) -> Result<Excerpt, ApiError> {
        let actor = self.credential.actor(&self.web.auth, false).await.map_err(fault)?.ok_or(ApiError::SignedOut)?;
        self.web.service.audit(&actor, &self.search, PAGE_MAX).await
    }
}

/// `GET /environments/{id}/activity`: what became of it, also after its removal.
pub async fn activity(State(web): State<Web>, Caller(actor): Caller, Path(id): Path<String>) -> Answer<History> {
    Ok(Json(web.service.history(&actor, &known(&id)?).await?))
}
