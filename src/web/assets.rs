//! The site inside the binary: the browser bundle under its hash, for ever; the public files, for an hour.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

/// In a release the files are in the binary; while developing they are read from the folder.
#[derive(Debug, Clone, Copy, RustEmbed)]
#[folder = "../../target/site"]
#[allow_missing = true]
struct Site;

/// The folder of the browser bundle, `pkg/HASH`. `pkg` where no bundle has been built: pages work without it.
#[must_use]
pub fn bundle() -> String {
    let stylesheet = Site::iter().find(|path| path.starts_with("pkg/") && path.ends_with("/berth.css"));
    let folder = stylesheet.and_then(|path| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
    folder.unwrap_or_else(|| "pkg".to_owned())
}

pub async fn bundled(Path(path): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("pkg/{path}"), &headers, "public, max-age=31536000, immutable")
}

/// The public files at the top: the favicon and its like.
#[must_use]
pub fn public_files() -> Vec<String> {
    let top = Site::iter().filter(|path| !path.starts_with("pkg/") && !path.ends_with(".br") && !path.ends_with(".gz"));
    top.map(|path| path.into_owned()).collect()
}

pub async fn public(uri: axum::http::Uri, headers: HeaderMap) -> Response {
    serve(uri.path().trim_start_matches('/'), &headers, "public, max-age=3600")
}

fn serve(path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    let Some((file, encoding)) = best(path, headers) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let mut response = Response::new(Body::from(file.data));
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind.as_ref()).expect("a media type is a header value"));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The file in the smallest form that the client takes.
fn best(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes =
        |name: &str| accepted.split(',').any(|item| item.split(';').next().is_some_and(|word| word.trim() == name));
    for (name, ending) in [("br", "br"), ("gzip", "gz")] {
        if takes(name)
            && let Some(file) = Site::get(&format!("{path}.{ending}"))
        {
            return Some((file, Some(name)));
        }
    }
    Site::get(path).map(|file| (file, None))
}
