//! Signing in at the provider: from the mark of a browser to the person that its answer is about, believed only after every check,
//! and only once.

use std::sync::Arc;
use std::time::Duration;

use model::name::UserId;
use model::sign_in::{Problem, Stranger};
use model::text::{clean, line};
use serde::Deserialize;
use store::people::Identity;
use store::sessions::SignedIn;
use store::sign_ins::SignIn;
use tower_sessions::Session;
use url::Url;

use super::oidc::claims::{GROUPS_MAX, Groups, Profile};
use super::oidc::id_token::{self, Refused};
use super::oidc::protocol::IdClaims;
use super::oidc::provider::{Known, Provider};
use super::oidc::tokens::{SignedIdToken, TokenAnswer};
use super::session::{SIGN_IN_TIME, keep_cookie_for};
use super::settings::WhenAbsent;
use super::{Auth, AuthError};

pub use super::oidc::provider::Fault;

/// What the session holds: a mark of this browser, which its sign-ins belong to.
const BROWSER: &str = "browser";

/// Under which the session keeps who was refused, for the page that says so.
pub const STRANGER: &str = "stranger";

/// A sign-in that somebody begins.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// Where they want to go on to, back from the provider.
    pub return_to: &'a str,
    /// Whether they choose at the provider as whom.
    pub chooses: bool,
    /// Whether they are signed in already: their session's cookie is kept as long as before.
    pub signed_in: bool,
}

/// Longest value of the answer that is looked at, in bytes.
const VALUE_MAX: usize = 4096;

/// The answer as it stands in the address.
#[derive(Debug, Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub enum Refusal {
    /// Nothing that this browser began: 400, before anybody is asked.
    NotBegun(&'static str),
    Fault(Fault),
    /// Somebody whom nothing lets in, as they are told.
    Stranger(Stranger, Fault),
    Broken(AuthError),
}

impl Refusal {
    /// As the audit log has it: what failed on our side is the server log's matter.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NotBegun(reason) => reason,
            Self::Fault(Fault { reason, .. }) | Self::Stranger(_, Fault { reason, .. }) => reason,
            Self::Broken(_) => "a fault of the server",
        }
    }
}

const NO_PROVIDER: Refusal = Refusal::NotBegun("there is no provider");

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<E: Into<AuthError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

fn refused(problem: Problem, reason: impl std::fmt::Display) -> Refusal {
    Refusal::Fault(Fault::new(problem, reason))
}

impl Auth {
    /// Where the browser goes to be signed in at the provider.
    ///
    /// # Errors
    /// When the provider is not found, or the database fails.
    pub async fn begin_sign_in(&self, session: &Session, begin: Begin<'_>) -> Result<String, Refusal> {
        let Begin { return_to, chooses, signed_in } = begin;
        let Some(provider) = &self.provider else { return Err(NO_PROVIDER) };
        let known = provider.known().await?;
        if !signed_in {
            keep_cookie_for(session, SIGN_IN_TIME);
        }
        let browser = self.mark(session).await?;
        let (state, nonce, verifier) = (self.clock.secret(), self.clock.secret(), self.clock.secret());
        let sign_in = SignIn { nonce, verifier, return_to: return_to.to_owned() };
        self.store.begin_sign_in(&state, &browser, &sign_in, self.clock.now()).await?;
        Ok(provider.authorization_url(&known, state, &sign_in, chooses).into())
    }

    /// The browser's mark, in a session that is there for good.
    async fn mark(&self, session: &Session) -> Result<String, AuthError> {
        let browser = match session.get(BROWSER).await? {
            Some(browser) => browser,
            None => {
                let browser = self.clock.secret();
                session.insert(BROWSER, &browser).await?;
                browser
            }
        };
        session.save().await?;
        Ok(browser)
    }

    /// Signs in whom the provider's answer is about. Gives where the browser wanted to go on to, also where nobody was signed in.
    ///
    /// # Errors
    /// [`Refusal`]. Of a stranger, the session keeps who it was.
    pub async fn finish_sign_in(&self, session: &Session, answer: Answer) -> (Result<(), Refusal>, String) {
        let sign_in = match self.take_sign_in(session, &answer).await {
            Ok(sign_in) => sign_in,
            Err(refusal) => return (Err(refusal), String::new()),
        };
        let return_to = sign_in.return_to.clone();
        let signed_in = self.believe(session, sign_in, answer).await;
        if let Err(Refusal::Stranger(stranger, _)) = &signed_in
            && let Err(error) = session.insert(STRANGER, stranger).await
        {
            tracing::error!(%error, "a stranger is not told who they are");
        }
        (signed_in, return_to)
    }

    async fn believe(&self, session: &Session, sign_in: SignIn, answer: Answer) -> Result<(), Refusal> {
        let Some(provider) = &self.provider else { return Err(NO_PROVIDER) };
        let known = provider.known().await?;
        let code = checked_code(provider, &known, answer)?;
        let tokens = provider.redeem(&known, code, sign_in.verifier).await?;
        let claims = self.believed(provider, &known, &tokens, &sign_in.nonce).await?;
        let profile = described(provider, &known, &tokens, claims).await?;
        let user = self.admit(provider, claims, profile).await?;
        let sid = claims.additional_claims().claims.get("sid").and_then(|sid| sid.as_str()).map(|sid| clean(sid, 255));
        let id_token = tokens.signed_id_token().map(SignedIdToken::text);
        let who = SignedIn { user: &user, sid: sid.as_deref(), id_token };
        self.open_session(session, who).await?;
        tracing::info!(user = user.as_str(), "signed in");
        Ok(())
    }

    /// What this browser began with this state. It is gone then, whatever comes of it.
    async fn take_sign_in(&self, session: &Session, answer: &Answer) -> Result<SignIn, Refusal> {
        let state = answer.state.as_deref().filter(|state| !state.is_empty() && state.len() <= VALUE_MAX);
        let state = state.ok_or(Refusal::NotBegun("it has no state"))?;
        let browser: Option<String> = session.get(BROWSER).await?;
        let browser = browser.ok_or(Refusal::NotBegun("this browser began no sign-in"))?;
        let begun_after = self.clock.now().before(SIGN_IN_TIME);
        let sign_in = self.store.take_sign_in(state, &browser, begun_after).await?;
        sign_in.ok_or(Refusal::NotBegun("its state is unknown, used, too old or another browser's"))
    }

    /// The ID token's claims after every check. For a key that is not known, the provider is asked for its keys once.
    async fn believed<'a>(
        &self,
        provider: &Provider,
        known: &Arc<Known>,
        tokens: &'a TokenAnswer,
        nonce: &str,
    ) -> Result<&'a IdClaims, Refusal> {
        let now = self.clock.now();
        let trusted = &provider.config.trusted_audiences;
        let verified = match id_token::verified(known, tokens, nonce, trusted, now) {
            Err(Refused::UnknownKey(_)) => {
                let known = provider.with_new_keys(known).await?;
                id_token::verified(&known, tokens, nonce, trusted, now)
            }
            verified => verified,
        };
        verified.map_err(|(Refused::UnknownKey(reason) | Refused::Wrong(reason))| {
            refused(Problem::AnswerRefused, format!("the ID token is refused: {reason}"))
        })
    }

    /// The person's id, with what the provider says of them kept; or why nobody may come in. Nobody does without a rule
    /// that admits them: the admins' or auditors' group, an allowed group, a group that belongs to a team, or an admin's hand.
    async fn admit(&self, provider: &Provider, claims: &IdClaims, profile: Profile) -> Result<UserId, Refusal> {
        let (issuer, subject) = (&provider.config.issuer, claims.subject().as_str());
        let before = self.store.known_person(issuer, subject).await?;
        let stranger = stranger(&profile, subject);
        if before.as_ref().is_some_and(|person| person.disabled) {
            let fault = Fault::new(Problem::Disabled, format!("the account {} is disabled", line(subject)));
            return Err(Refusal::Stranger(stranger, fault));
        }
        let kept = || before.as_ref().map(|person| person.groups.clone()).unwrap_or_default();
        let (groups, role) = match profile.groups {
            Groups::Listed { groups, left_out } => {
                if left_out > 0 {
                    tracing::warn!(
                        subject = line(subject),
                        left_out,
                        "some groups have names that are none, or too long, and are left out"
                    );
                }
                let role = provider.config.role_of(subject, &groups);
                (self.most_telling(groups).await?, role)
            }
            // Nobody gets a group, nor a role by one, by what is not said.
            Groups::Absent => {
                let keeps = provider.config.groups_when_absent == WhenAbsent::Keep;
                tracing::warn!(
                    subject = line(subject),
                    claim = line(&provider.config.groups_claim),
                    keeps,
                    "the provider says nothing about groups; some do only for a scope, such as `groups` in oidc.scopes"
                );
                (if keeps { kept() } else { Vec::new() }, provider.config.role_of(subject, &[]))
            }
            Groups::Unreadable(what) => {
                return Err(refused(Problem::GroupsUnreadable, format!("the groups claim is {what}")));
            }
        };
        let by_hand = before.as_ref().is_some_and(|person| person.by_hand);
        if !(role.is_some() || by_hand || self.admits(&groups).await?) {
            if let Some(person) = before {
                self.store.withdraw(&person.id, &groups).await?;
            }
            let near = near_misses(&groups, &self.rules(provider).await?);
            let reason = format!(
                "no rule admits {} with {} groups{}{near}",
                line(subject),
                groups.len(),
                listed(&stranger.groups)
            );
            return Err(Refusal::Stranger(stranger, Fault::new(Problem::NotAdmitted, reason)));
        }
        let name = profile.name.or_else(|| profile.email.clone()).unwrap_or_else(|| clean(subject, 40));
        let identity =
            Identity { issuer: issuer.clone(), subject: subject.to_owned(), name, email: profile.email, role };
        Ok(self.store.sign_in_person(&identity, &groups, &self.clock.user_id(), self.clock.now()).await?)
    }

    /// Every group that some rule names.
    async fn rules(&self, provider: &Provider) -> Result<Vec<String>, AuthError> {
        let config = &provider.config;
        let named = [&config.admin_group, &config.auditor_group].into_iter().flatten().chain(&config.allowed_groups);
        let mut rules: Vec<String> = named.cloned().collect();
        rules.extend(self.store.team_groups().await?);
        Ok(rules)
    }

    /// As many groups as are kept of one person, those first that some rule names.
    async fn most_telling(&self, mut groups: Vec<String>) -> Result<Vec<String>, AuthError> {
        if groups.len() > GROUPS_MAX {
            let of_teams = self.store.team_groups().await?;
            let is_named = |group: &String| self.allowed_groups.contains(group) || of_teams.contains(group);
            groups.sort_by_key(|group| !is_named(group));
            tracing::warn!(left_out = groups.len() - GROUPS_MAX, "some groups are too many, and left out");
            groups.truncate(GROUPS_MAX);
        }
        Ok(groups)
    }

    async fn admits(&self, groups: &[String]) -> Result<bool, AuthError> {
        if groups.iter().any(|group| self.allowed_groups.contains(group)) {
            return Ok(true);
        }
        let of_teams = self.store.team_groups().await?;
        Ok(groups.iter().any(|group| of_teams.contains(group)))
    }

    /// Where the provider's own session ends, for whoever signs out; `None` where it cannot be, or the provider does not answer
    /// within `patience`.
    pub async fn end_session_url(&self, id_token: &str, patience: Duration) -> Option<Url> {
        let provider = self.provider.as_ref()?;
        match tokio::time::timeout(patience, provider.known()).await {
            Ok(Ok(known)) => provider.end_session_url(&known, Some(id_token), self.public_url.at("/sign-in")),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("signed out here only: the identity provider does not answer");
                None
            }
        }
    }
}

/// Who somebody is whom nothing lets in, as the provider describes them.
fn stranger(profile: &Profile, subject: &str) -> Stranger {
    let groups = match &profile.groups {
        Groups::Listed { groups, .. } => groups.as_slice(),
        Groups::Absent | Groups::Unreadable(_) => &[],
    };
    Stranger {
        name: profile.name.clone().unwrap_or_else(|| clean(subject, 40)),
        email: profile.email.clone(),
        groups: groups.iter().take(Stranger::GROUPS).map(|group| clean(group, 60)).collect(),
        more: groups.len().saturating_sub(Stranger::GROUPS),
    }
}

/// Beside a count, for the log.
fn listed(groups: &[String]) -> String {
    if groups.is_empty() { String::new() } else { format!(" ({})", groups.join(", ")) }
}

/// Groups that differ from what a rule names by letter case, blanks or a leading slash only, or that are several in one text.
fn near_misses(groups: &[String], rules: &[String]) -> String {
    let plain = |text: &str| text.trim().trim_start_matches('/').to_lowercase();
    let pieces = groups.iter().flat_map(|group| group.split([';', ',']).map(move |piece| (group, piece)));
    let near = pieces.filter_map(|(group, piece)| {
        let rule = rules.iter().find(|rule| plain(rule) == plain(piece))?;
        Some(format!("; `{}` is nearly `{}`, which a rule names", clean(group, 60), clean(rule, 60)))
    });
    near.take(3).collect()
}

/// The code, of an answer that is the provider's own and no error.
fn checked_code(provider: &Provider, known: &Known, answer: Answer) -> Result<String, Refusal> {
    match &answer.iss {
        Some(iss) if *iss != provider.config.issuer => {
            return Err(refused(Problem::AnswerRefused, format!("the answer is from another issuer: {iss}")));
        }
        None if known.names_itself => {
            return Err(refused(Problem::AnswerRefused, "the answer does not name its issuer"));
        }
        _ => {}
    }
    if let Some(error) = answer.error {
        let description = answer.error_description.unwrap_or_default();
        return Err(refused(meaning(&error), format!("the provider answers {error}: {description}")));
    }
    let code = answer.code.filter(|code| !code.is_empty() && code.len() <= VALUE_MAX);
    code.ok_or_else(|| refused(Problem::ProviderError, "the answer has no code"))
}

/// RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6.
fn meaning(error: &str) -> Problem {
    match error {
        "access_denied" => Problem::Denied,
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            Problem::LoginRequired
        }
        "temporarily_unavailable" => Problem::ProviderUnavailable,
        _ => Problem::ProviderError,
    }
}

/// The person, described by the ID token, and by UserInfo where that leaves something out.
async fn described(
    provider: &Provider,
    known: &Known,
    tokens: &TokenAnswer,
    claims: &IdClaims,
) -> Result<Profile, Refusal> {
    let groups_claim = &provider.config.groups_claim;
    let profile = Profile::of_id_token(claims, groups_claim);
    if profile.is_whole() {
        return Ok(profile);
    }
    match provider.user_info(known, tokens, claims.subject()).await {
        Ok(Some(more)) => Ok(profile.or(Profile::of_user_info(&more, groups_claim))),
        Ok(None) => Ok(profile),
        // A name can be done without; who lies about the subject, or would have known the groups, cannot.
        Err(fault) if fault.problem == Problem::AnswerRefused || profile.groups == Groups::Absent => Err(fault.into()),
        Err(fault) => {
            tracing::warn!(reason = fault.reason, "UserInfo was not read; the ID token's claims do");
            Ok(profile)
        }
    }
}
