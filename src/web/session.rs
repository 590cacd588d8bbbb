//! The cookie by which a browser's session is known.

use axum::http::HeaderValue;
use identity::session::Rows;
use identity::{Auth, PublicUrl};
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// The layer that knows a browser by its cookie. `actor::read` goes inside it.
#[must_use]
pub fn layer(auth: &Auth) -> SessionManagerLayer<Rows> {
    SessionCookie::of(auth.public_url()).layer(auth.rows())
}

/// The session's cookie. Under https its name binds it to this very host; on loopback in clear, where browsers would
/// refuse that, it is named after the port: a cookie goes to every port of its host, and another server there has its own.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    name: String,
    secure: bool,
}

impl SessionCookie {
    #[must_use]
    pub fn of(public_url: &PublicUrl) -> Self {
        let secure = public_url.is_https();
        let name = if secure { "__Host-berth".to_owned() } else { format!("berth-{}", public_url.port()) };
        Self { name, secure }
    }

    #[must_use]
    pub fn layer(&self, rows: Rows) -> SessionManagerLayer<Rows> {
        SessionManagerLayer::new(rows)
            .with_name(self.name.clone())
            .with_secure(self.secure)
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_path("/")
    }

    /// The `Set-Cookie` that removes it. The library's own lacks `Secure`, and browsers ignore that for a `__Host-` name.
    #[must_use]
    pub fn removal(&self) -> HeaderValue {
        let cookie = Cookie::build((self.name.as_str(), ""))
            .path("/")
            .secure(self.secure)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::ZERO);
        cookie.to_string().parse().expect("a cookie without a value is a header")
    }
}
