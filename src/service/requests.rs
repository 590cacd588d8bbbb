//! Requests for more than a quota allows, and the loans that come of them. A loan is nothing but a row with a time:
//! whoever admits a launch asks which are out at that moment, so that none has to be ended by anybody.

use app::api::ApiError;
use app::api::backend::Requests;
use app::api::requests::{RequestAsk, SeenRequest, SeenRequests};
use async_trait::async_trait;
use model::access::{Action, Actor, Denied, TeamRole};
use model::audit::{self, Entry};
use model::name::{RequestId, TeamName};
use model::quota::{Holding, Room};
use model::request::{Decision, LENT_MAX, OPEN_MAX, Raised, Request, RequestState, Step, WORDS_MAX};
use model::template::FieldError;
use model::time::Timestamp;
use store::kept::Snapshot;
use store::limits::{Limits, limits};
use store::requests::{self, Whose};

use super::Service;
use super::error::fault;

#[async_trait]
impl Requests for Service {
    async fn requests(&self, actor: &Actor) -> Result<SeenRequests, ApiError> {
        let at = self.clock.now();
        let mut all = Vec::new();
        if actor.role.is_some() {
            all = self.store.requests(Whose::Everybody).await.map_err(fault)?;
        } else {
            all.extend(self.store.requests(Whose::Asker(&actor.id)).await.map_err(fault)?);
            for (team, _) in actor.teams.iter().filter(|(_, role)| **role == TeamRole::Lead) {
                all.extend(self.store.requests(Whose::Team(team)).await.map_err(fault)?);
            }
            all.sort_by(|one, other| other.id.cmp(&one.id));
            all.dedup_by(|one, other| one.id == other.id);
            // A stable sort: the newest stay first within each half.
            all.sort_by_key(|request| request.state != RequestState::Open);
        }
        let seen = all.into_iter().filter(|request| request.is_seen_by(actor));
        Ok(SeenRequests { at, items: seen.map(|request| seen_by(actor, request, at)).collect() })
    }

    async fn waiting_requests(&self, actor: &Actor) -> Result<u64, ApiError> {
        let decides = actor.acts_as_admin() || actor.teams.values().any(|role| *role == TeamRole::Lead);
        if !decides {
            return Ok(0);
        }
        let now = self.clock.now();
        let kept = self.kept().await?;
        let count = kept.requests.iter().filter(|request| steps(actor, request, now).contains(&Step::Approve)).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn ask_for_more(&self, actor: &Actor, ask: RequestAsk) -> Result<Request, ApiError> {
        let asked = Entry::by(actor, audit::Action::Request).of_team(&ask.team);
        let begun = self.begin_request(actor, ask).await;
        self.note_refused(asked, &begun).await;
        begun
    }

    async fn decide_request(&self, actor: &Actor, id: &RequestId, step: Step, word: &str) -> Result<Request, ApiError> {
        let taken = self.take_step(actor, id, step, word).await;
        self.note_refused(Entry::by(actor, step.into()).named(id), &taken).await;
        taken
    }
}

impl Service {
    /// What `actor` may hold of a team's, now: what the launch page shows and what a launch is refused by, unless there is
    /// room after all when it is reserved.
    pub(super) fn room_in(&self, kept: &Snapshot, actor: &Actor, team: &TeamName) -> Result<Room, ApiError> {
        let now = self.clock.now();
        let (limits, held) = kept.limits(team, &actor.id, now).ok_or_else(|| ApiError::not_found("team"))?;
        Ok(limits.room(&held, self.open_hosts(&kept.catalogue, team, None), now))
    }

    async fn begin_request(&self, actor: &Actor, ask: RequestAsk) -> Result<Request, ApiError> {
        self.permit_team(actor, Action::Launch, &ask.team)?;
        self.write(async |write| {
            let now = self.clock.now();
            let limits = limits(write, &ask.team, &actor.id, now).await.map_err(fault)?;
            let limits = limits.ok_or_else(|| ApiError::not_found("team"))?;
            let until = ask.until.from(now);
            let reason = words(&ask.reason);
            let problems = problems(&ask, &limits, &reason, until, now);
            if !problems.is_empty() {
                return Err(ApiError::Invalid { errors: problems });
            }
            let waiting = requests::waiting(write, &actor.id, now).await.map_err(fault)?;
            // A second click asks for nothing more.
            if let Some(same) = waiting.iter().find(|known| asks_the_same(known, &ask, &reason, until, now)) {
                return Ok(same.clone());
            }
            if waiting.len() >= OPEN_MAX {
                let message =
                    format!("{OPEN_MAX} of your requests wait for a decision; withdraw one before you ask again.");
                return Err(ApiError::Conflict { message });
            }
            let request = Request {
                id: self.clock.request_id(),
                team: ask.team,
                asker: actor.name.clone(),
                asker_id: actor.id.clone(),
                raises: ask.raises,
                more: ask.more,
                reason,
                until,
                created_at: now,
                state: RequestState::Open,
            };
            requests::insert(write, &request).await.map_err(fault)?;
            let entry = Entry::by(actor, audit::Action::Request).of_team(&request.team).because(&request.reason);
            self.log(write, entry.named(format!("{} more", request.more.words()))).await?;
            Ok(request)
        })
        .await
    }

    /// One step of a request. It is read, decided and written in one transaction: of two who decide at the same time, the
    /// second is told who was first.
    async fn take_step(&self, actor: &Actor, id: &RequestId, step: Step, word: &str) -> Result<Request, ApiError> {
        self.write(async |write| {
            let found = requests::find(write, id).await.map_err(fault)?;
            let mut request = found.ok_or_else(|| ApiError::not_found("request"))?;
            request.permits(actor, step).map_err(|denied| match denied {
                Denied::Hidden => ApiError::not_found("request"),
                Denied::Rule(rule) => ApiError::Forbidden { rule: rule.to_owned() },
            })?;
            // As on a second click.
            if request.state.is_by(step, &actor.id) {
                return Ok(request);
            }
            let word = words(word);
            let said = word.clone();
            let decision = Decision { by: actor.name.clone(), by_id: actor.id.clone(), at: self.clock.now(), word };
            let word_missing = step == Step::Decline && decision.word.is_empty();
            let too_long = decision.word.chars().count() > WORDS_MAX;
            request.state = request.after(step, decision).map_err(|message| ApiError::Conflict { message })?;
            if word_missing {
                return Err(ApiError::invalid("word", "is required to decline: say why"));
            }
            if too_long {
                return Err(ApiError::invalid("word", format!("has at most {WORDS_MAX} characters")));
            }
            requests::update(write, &request).await.map_err(fault)?;
            let about = format!("{} more for {}", request.more.words(), request.asker);
            let entry = Entry::by(actor, step.into()).of_team(&request.team).named(about);
            self.log(write, entry.because(&said)).await?;
            Ok(request)
        })
        .await
    }
}

fn seen_by(actor: &Actor, request: Request, now: Timestamp) -> SeenRequest {
    SeenRequest { standing: request.standing(now), steps: steps(actor, &request, now), request }
}

/// What `actor` may do with it that leads somewhere now.
fn steps(actor: &Actor, request: &Request, now: Timestamp) -> Vec<Step> {
    let decision = Decision { by: actor.name.clone(), by_id: actor.id.clone(), at: now, word: String::new() };
    let possible =
        |step: &Step| request.permits(actor, *step).is_ok() && request.after(*step, decision.clone()).is_ok();
    Step::ALL.into_iter().filter(possible).collect()
}

/// What people wrote, on one line and without control characters.
fn words(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `ask` is what waits already: until the same moment, or for as long.
fn asks_the_same(known: &Request, ask: &RequestAsk, reason: &str, until: Timestamp, now: Timestamp) -> bool {
    let as_long = known.until.millis_since(known.created_at) == until.millis_since(now);
    let same = known.team == ask.team && known.raises == ask.raises && known.more == ask.more && known.reason == reason;
    same && (as_long || known.until == until)
}

fn problems(ask: &RequestAsk, limits: &Limits, reason: &str, until: Timestamp, now: Timestamp) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if ask.more == Holding::default() {
        errors.push(FieldError::new("more", "asks for nothing: fill in at least one amount"));
    }
    let declared = match ask.raises {
        Raised::Team => limits.team,
        Raised::Member => limits.member,
    };
    for (limit, asked) in declared.limits().into_iter().zip(ask.more.amounts()) {
        if asked.size() == 0 {
            continue;
        }
        match limit {
            None => {
                errors.push(FieldError::new(asked.dimension(), "has no limit there, so there is nothing to ask for"))
            }
            Some(_) if i64::try_from(asked.size()).is_err() => {
                errors.push(FieldError::new(asked.dimension(), "is more than there can be"));
            }
            Some(_) => {}
        }
    }
    if reason.is_empty() {
        errors.push(FieldError::new("reason", "is required: the people who decide read it"));
    }
    if reason.chars().count() > WORDS_MAX {
        errors.push(FieldError::new("reason", format!("has at most {WORDS_MAX} characters")));
    }
    if until <= now {
        errors.push(FieldError::new("until", "is in the past"));
    }
    if until > now.after(LENT_MAX) {
        errors.push(FieldError::new("until", format!("is at most {} from now", LENT_MAX.words())));
    }
    errors
}
