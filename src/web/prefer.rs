//! How long a request waits for its answer: the header `Prefer` with `wait` and `respond-async` (RFC 7240).

use std::time::Duration;

use axum::http::HeaderMap;

/// The longest that any request waits: proxies give up after a minute.
const LONGEST: Duration = Duration::from_secs(50);

/// What the client prefers: `wait=N` so many seconds, `respond-async` alone not at all; nothing, the longest.
#[must_use]
pub fn patience(headers: &HeaderMap) -> Duration {
    let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let preferences: Vec<(&str, &str)> = all.flat_map(|value| value.split(',')).map(preference).collect();
    let found = |name: &str| preferences.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let wait = found("wait").and_then(|(_, value)| value.parse().ok()).map(Duration::from_secs);
    let longest = if found("respond-async").is_some() { Duration::ZERO } else { LONGEST };
    wait.map_or(longest, |wait| wait.min(LONGEST))
}

/// Name and value, without parameters.
fn preference(text: &str) -> (&str, &str) {
    let text = text.split(';').next().unwrap_or(text);
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim(), value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_waits_longer_than_proxies_do() {
        for (headers, seconds) in [
            (&[][..], 50),
            (&["respond-async"], 0),
            (&["Respond-Async; x=y"], 0),
            (&["wait=10"], 10),
            (&["wait = \"10\""], 10),
            (&["respond-async, wait=10"], 10),
            (&["wait=10", "wait=20"], 10),
            (&["handling=lenient", "respond-async"], 0),
            (&["wait=86400"], 50),
            (&["wait=soon"], 50),
            (&["wait=-1, respond-async"], 0),
        ] {
            let mut all = HeaderMap::new();
            for value in headers {
                all.append("prefer", value.parse().expect("a value"));
            }
            assert_eq!(patience(&all), Duration::from_secs(seconds), "{headers:?}");
        }
    }
}
