//! People who have signed in: found and seen, and their rights by an admin's hand.

use app::api::ApiError;
use app::api::backend::People;
use app::api::form::{Edited, Said};
use app::api::people::{Edit, Found, Person};
use async_trait::async_trait;
use model::access::{Action, Actor, InstallationRole};
use model::audit::Action::{ChangePerson, ChangeRole};
use model::audit::Entry;
use model::name::UserId;
use model::time::Timestamp;
use model::units::Span;
use store::Write;
use store::roster::{self, Membership, PersonRecord};

use super::Service;
use super::error::fault;
use super::teams::belonging;

/// Most people of one answer.
const PEOPLE_MAX: usize = 200;

#[async_trait]
impl People for Service {
    async fn people(&self, actor: &Actor, words: &str, after: Option<&UserId>) -> Result<Found, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let memberships = self.store.memberships().await.map_err(fault)?;
        let roster = self.store.roster().await.map_err(fault)?;
        let words: Vec<String> = words.split_whitespace().take(8).map(str::to_lowercase).collect();
        let vouched = self.vouched();
        let ways = |record: &PersonRecord| memberships.get(&record.person.id).map(Vec::as_slice).unwrap_or_default();
        let rest = match after.and_then(|after| roster.iter().position(|record| record.person.id == *after)) {
            Some(last) => &roster[last + 1..],
            None => &roster[..],
        };
        let mut found =
            rest.iter().map(|record| person(record, ways(record), vouched)).filter(|person| matches(person, &words));
        let people = found.by_ref().take(PEOPLE_MAX).collect();
        Ok(Found { people, more: u64::try_from(found.count()).unwrap_or(u64::MAX) })
    }

    async fn person(&self, actor: &Actor, id: &UserId) -> Result<Person, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let record = self.store.person_record(id).await.map_err(fault)?;
        let record = record.ok_or_else(|| ApiError::not_found("person"))?;
        let ways = self.store.memberships_of(id).await.map_err(fault)?;
        Ok(person(&record, &ways, self.vouched()))
    }

    async fn edit_person(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = match &edit {
            Edit::Role { person, .. } => Entry::by(actor, ChangeRole).named(person),
            Edit::Disable { person } | Edit::Enable { person } => Entry::by(actor, ChangePerson).named(person),
        };
        let changed = self.change_person(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed
    }
}

impl Service {
    async fn change_person(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        match edit {
            Edit::Role { person, role } => self.give_role(actor, &person, role).await,
            Edit::Disable { person } => self.disable(actor, &person).await,
            Edit::Enable { person } => self.enable(actor, &person).await,
        }
    }

    fn vouched(&self) -> Vouched {
        Vouched { valid_for: self.settings.groups_valid_for, now: self.clock.now() }
    }

    async fn give_role(
        &self,
        actor: &Actor,
        person: &UserId,
        role: Option<InstallationRole>,
    ) -> Result<Edited, ApiError> {
        self.write(async |write| {
            let record = one_of_them(write, person).await?;
            let after = record.claim_role.max(role);
            if *person == actor.id && after != Some(InstallationRole::Admin) {
                return Err(ApiError::Conflict {
                    message: "You would no longer be an admin. Another admin can take this from you.".to_owned(),
                });
            }
            roster::set_hand_role(write, person, role).await.map_err(fault)?;
            self.log(
                write,
                Entry::by(actor, ChangeRole)
                    .named(&record.person.name)
                    .because(role.map_or("none by hand", InstallationRole::as_str)),
            )
            .await?;
            Ok(Edited::on(&format!("/people/{person}"), Said::Saved))
        })
        .await
    }

    async fn disable(&self, actor: &Actor, person: &UserId) -> Result<Edited, ApiError> {
        if *person == actor.id {
            let message = "You cannot disable yourself. Another admin can.".to_owned();
            return Err(ApiError::Conflict { message });
        }
        self.write(async |write| {
            let record = one_of_them(write, person).await?;
            roster::disable(write, person).await.map_err(fault)?;
            self.log(write, Entry::by(actor, ChangePerson).named(&record.person.name).because("disabled")).await?;
            Ok(Edited::on(&format!("/people/{person}"), Said::Disabled))
        })
        .await
    }

    async fn enable(&self, actor: &Actor, person: &UserId) -> Result<Edited, ApiError> {
        self.write(async |write| {
            let record = one_of_them(write, person).await?;
            roster::enable(write, person).await.map_err(fault)?;
            self.log(write, Entry::by(actor, ChangePerson).named(&record.person.name).because("enabled")).await?;
            Ok(Edited::on(&format!("/people/{person}"), Said::Enabled))
        })
        .await
    }
}

async fn one_of_them(write: &mut Write, person: &UserId) -> Result<PersonRecord, ApiError> {
    let record = roster::person_record(write, person).await.map_err(fault)?;
    record.ok_or_else(|| ApiError::not_found("person"))
}

/// How long the provider's word counts, if there is one, and what time it is.
#[derive(Clone, Copy)]
struct Vouched {
    valid_for: Option<Span>,
    now: Timestamp,
}

fn person(record: &PersonRecord, memberships: &[Membership], vouched: Vouched) -> Person {
    let PersonRecord { person, claim_role, hand_role, disabled, signed_in_at } = record.clone();
    let groups_valid_until = vouched.valid_for.map(|span| signed_in_at.after(span));
    let groups_lapsed = groups_valid_until.is_some_and(|until| until <= vouched.now);
    Person {
        teams: memberships.iter().map(belonging).collect(),
        id: person.id,
        name: person.name,
        email: person.email,
        role: if groups_lapsed { hand_role } else { person.role },
        claim_role,
        hand_role,
        disabled,
        signed_in_at,
        groups_valid_until,
        groups_lapsed,
    }
}

fn matches(person: &Person, words: &[String]) -> bool {
    let role = person.role.map_or("", InstallationRole::as_str);
    let disabled = if person.disabled { "disabled" } else { "" };
    let lapsed = if person.groups_lapsed { "lapsed" } else { "" };
    let teams: Vec<&str> = person.teams.iter().map(|one| one.team.as_str()).collect();
    let email = person.email.as_deref().unwrap_or_default();
    let all = format!("{} {email} {role} {disabled} {lapsed} {}", person.name, teams.join(" ")).to_lowercase();
    words.iter().all(|word| all.contains(word.as_str()))
}
