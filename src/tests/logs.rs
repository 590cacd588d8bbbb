//! What the log holds after people and strangers were here: enough to find the cause, and no secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::provider::{Mood, Pair};

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test has panicked here").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Everything that is logged on this thread, however little it matters, goes here.
    fn kept() -> (Self, DefaultGuard) {
        let log = Self::default();
        let everything = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(everything))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no test has panicked here")).into_owned()
    }
}

#[tokio::test]
async fn no_code_token_or_cookie_is_ever_logged() {
    let (log, _guard) = Log::kept();
    let pair = Pair::start().await;
    pair.provider.mind().access_token = "very-secret-access-token".to_owned();
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    let mut secrets: Vec<String> = vec!["very-secret-access-token".to_owned(), super::provider::SECRET.to_owned()];
    secrets.extend(back.split(['=', '&']).filter(|value| value.len() > 40).map(str::to_owned));
    secrets.push("code=code-1".to_owned());
    secrets.extend(browser.cookies.values().cloned());
    browser.get(&back).await;
    secrets.extend(browser.cookies.values().cloned());

    // Answers that cannot be read hold secrets too.
    let odd = json!({"access_token": ["very-secret-access-token"], "token_type": "Bearer"}).to_string();
    pair.provider.mind().moods.insert("token", Mood::Says(odd));
    pair.refuses("provider_error").await;
    let odd = r#"{"access_token": "x", "token_type": "Bearer", "id_token": "very-secret-access-token"}"#;
    pair.provider.mind().moods.insert("token", Mood::Says(odd.to_owned()));
    pair.refuses("provider_error").await;

    let text = log.text();
    assert!(text.contains("signed in") && text.contains("nobody was signed in"), "the log has the story:\n{text}");
    for secret in secrets {
        assert!(!text.contains(&secret), "«{secret}» is in the log:\n{text}");
    }
}

#[tokio::test]
async fn nothing_of_a_stranger_begins_a_new_line_or_colours_the_log() {
    let (log, _guard) = Log::kept();
    let pair = Pair::start().await;
    let forged = "x\n2026-11-21 INFO berth: all is well\r\u{1b}[31m\u{202e}";
    for (name, value) in [("error", forged), ("error_description", forged)] {
        pair.provider.mind().answer.insert(name, value.to_owned());
    }
    pair.refuses("provider_error").await;
    pair.provider.mind().answer.clear();
    pair.provider.mind().answer.insert("iss", forged.to_owned());
    pair.refuses("answer_refused").await;
    pair.provider.mind().answer.clear();
    pair.provider.claims(json!({"iss": forged, "aud": forged, "azp": forged, "name": forged}));
    pair.provider.claims(json!({"iss": pair.provider.issuer}));
    pair.refuses("answer_refused").await;
    pair.provider.claims(json!({"aud": "berth", "azp": null, "groups": null, "sub": "x\u{202e}y"}));
    pair.provider.mind().user_info.insert("sub".to_owned(), json!("x\u{202e}y"));
    pair.refuses("not_admitted").await;
    let mut browser = pair.browser();
    let origin = Request::post("/change").header("origin", "https://evil.example\t\u{9b}31m");
    browser.send(origin.body(Body::empty()).expect("a request")).await;

    let text = log.text();
    assert!(text.contains("all is well"), "it is logged, on the line where it belongs");
    let plain = |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
    assert!(text.chars().all(plain), "{text:?}");
    assert!(text.lines().all(|line| !line.starts_with("2026-11-21 INFO berth: all is well")), "{text}");
}
