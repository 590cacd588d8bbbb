//! Teams, templates, sizes and people as leads, auditors and admins look at them.

use std::collections::BTreeMap;

use app::api::ApiError;
use app::api::manage::{
    Belonging, GroupRole, Member, People, PersonView, SizeUse, TeamDetail, TeamSummary, TemplateDetail,
    TemplateSummary, Version, VersionUse,
};
use clock::hex;
use model::access::{Action, Actor, Target, authorize};
use model::diff;
use model::environment::Environment;
use model::name::{TeamName, TemplateName, UserId};
use model::quota::Holding;
use model::template::Size;
use model::time::Timestamp;
use model::units::Span;
use store::catalogue::{Catalogue, Grant, TeamRecord, TemplateRecord, VersionRecord};
use store::roster::{Membership, PersonRecord};

use super::error::fault;
use super::{Service, export};
use sha2::{Digest, Sha256};

/// Most people of one answer.
const PEOPLE_MAX: usize = 200;

/// What a form carries, so that its change is refused where the thing was changed since.
#[must_use]
pub fn revision_of_team(team: &TeamRecord) -> String {
    revision(&export::team(team))
}

#[must_use]
pub fn revision_of_size(size: &Size) -> String {
    revision(&export::size(size))
}

/// With the version: two versions can differ in the default of a secret alone, which is not in the text.
#[must_use]
pub fn revision_of_template(template: &TemplateRecord) -> String {
    revision(&format!("{}\n{}", template.version, export::template(template)))
}

fn revision(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}

impl Service {
    /// Whether `actor` reads what a team's leads read.
    fn looks_after(actor: &Actor, team: &TeamName) -> bool {
        authorize(actor, Action::Audit, Target::Team(team)).is_ok()
    }

    pub(super) async fn looked_after(&self, actor: &Actor) -> Result<Vec<TeamSummary>, ApiError> {
        let kept = self.kept().await?;
        let teams: Vec<&TeamRecord> =
            kept.catalogue.teams.iter().filter(|team| Self::looks_after(actor, &team.name)).collect();
        if teams.is_empty() {
            self.permit_installation(actor, Action::Audit)?;
        }
        let members = self.store.count_members().await.map_err(fault)?;
        let summary = |record: &TeamRecord| {
            let team = self.team_of(actor, &kept, record)?;
            Ok(TeamSummary { team, members: members.get(&record.name).copied().unwrap_or_default() })
        };
        teams.into_iter().map(summary).collect()
    }

    pub(super) async fn team_detail(&self, actor: &Actor, name: &TeamName) -> Result<TeamDetail, ApiError> {
        self.permit_team(actor, Action::Audit, name)?;
        let kept = self.kept().await?;
        let record = kept.catalogue.team(name).ok_or_else(|| ApiError::not_found("team"))?;
        let of_team = kept.environments.iter().filter(|stored| stored.environment.team == *name);
        let environments: Vec<Environment> = of_team.map(|stored| self.shown(stored.environment.clone())).collect();
        let people = self.store.members(name).await.map_err(fault)?;
        let groups = record.groups.iter().map(|(name, role)| GroupRole { name: name.clone(), role: *role });
        Ok(TeamDetail {
            team: self.team_of(actor, &kept, record)?,
            groups: groups.collect(),
            members: members(people, |id| kept.environments.holdings(name, id).member),
            text: export::team(record),
            revision: revision_of_team(record),
            environments,
        })
    }

    pub(super) async fn template_summaries(&self, actor: &Actor) -> Result<Vec<TemplateSummary>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let catalogue = self.kept().await?.catalogue;
        let uses = self.uses().await?;
        Ok(catalogue.templates.iter().map(|record| summary(record, &uses)).collect())
    }

    pub(super) async fn template_detail(&self, actor: &Actor, slug: &TemplateName) -> Result<TemplateDetail, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let catalogue = self.kept().await?.catalogue;
        let record = catalogue.template(slug).ok_or_else(|| ApiError::not_found("template"))?;
        let versions = self.store.versions(slug).await.map_err(fault)?;
        Ok(TemplateDetail {
            summary: summary(record, &self.uses().await?),
            text: export::template(record),
            revision: revision_of_template(record),
            versions: compared(&versions),
        })
    }

    async fn uses(&self) -> Result<BTreeMap<TemplateName, Vec<VersionUse>>, ApiError> {
        let mut uses: BTreeMap<TemplateName, Vec<VersionUse>> = BTreeMap::new();
        for used in self.store.versions_in_use().await.map_err(fault)? {
            let version = VersionUse { version: used.version, environments: used.environments, teams: used.teams };
            uses.entry(used.template).or_default().push(version);
        }
        Ok(uses)
    }

    pub(super) async fn size_uses(&self, actor: &Actor) -> Result<Vec<SizeUse>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let catalogue = self.kept().await?.catalogue;
        let held = self.store.sizes_in_use().await.map_err(fault)?;
        Ok(catalogue.sizes.iter().map(|size| size_use(size, &catalogue, &held)).collect())
    }

    pub(super) async fn people_with(
        &self,
        actor: &Actor,
        words: &str,
        after: Option<&UserId>,
    ) -> Result<People, ApiError> {
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
        Ok(People { people, more: u64::try_from(found.count()).unwrap_or(u64::MAX) })
    }

    fn vouched(&self) -> Vouched {
        Vouched { valid_for: self.settings.groups_valid_for, now: self.clock.now() }
    }

    pub(super) async fn one_person(&self, actor: &Actor, id: &UserId) -> Result<PersonView, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let record = self.store.person_record(id).await.map_err(fault)?;
        let record = record.ok_or_else(|| ApiError::not_found("person"))?;
        let ways = self.store.memberships_of(id).await.map_err(fault)?;
        Ok(person(&record, &ways, self.vouched()))
    }
}

/// How long the provider's word counts, if there is one, and what time it is.
#[derive(Clone, Copy)]
struct Vouched {
    valid_for: Option<Span>,
    now: Timestamp,
}

/// Those who belong to a team, leads first, then by name.
fn members(people: Vec<(PersonRecord, Vec<Membership>)>, used: impl Fn(&UserId) -> Holding) -> Vec<Member> {
    let member = |(record, memberships): (PersonRecord, Vec<Membership>)| {
        let by: Vec<Belonging> = memberships.iter().map(belonging).collect();
        Some(Member {
            role: by.iter().map(|one| one.role).max()?,
            used: used(&record.person.id),
            id: record.person.id,
            name: record.person.name,
            email: record.person.email,
            disabled: record.disabled,
            by,
        })
    };
    let mut members: Vec<Member> = people.into_iter().filter_map(member).collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.role));
    members
}

fn belonging(membership: &Membership) -> Belonging {
    Belonging { team: membership.team.clone(), role: membership.role, group: membership.group.clone() }
}

fn summary(record: &TemplateRecord, uses: &BTreeMap<TemplateName, Vec<VersionUse>>) -> TemplateSummary {
    TemplateSummary {
        slug: record.slug.clone(),
        version: record.version,
        label: record.template.label.clone(),
        summary: record.template.summary.clone(),
        image: record.template.image.clone(),
        teams: match &record.grant {
            Grant::Everyone => None,
            Grant::Teams(teams) => Some(teams.clone()),
        },
        deprecated: record.deprecated,
        in_use: uses.get(&record.slug).cloned().unwrap_or_default(),
    }
}

/// Each version against the one before it; the newest comes first.
fn compared(versions: &[VersionRecord]) -> Vec<Version> {
    let texts: Vec<String> = versions.iter().map(|version| export::recipe(&version.template)).collect();
    let version = |(at, record): (usize, &VersionRecord)| Version {
        version: record.version,
        created_at: record.created_at,
        changes: texts.get(at + 1).map(|before| diff::changes(before, &texts[at])).unwrap_or_default(),
        text: texts[at].clone(),
    };
    versions.iter().enumerate().map(version).collect()
}

/// A size with what keeps it from being removed.
pub(super) fn size_use(size: &Size, catalogue: &Catalogue, held: &[(model::name::SizeName, u64)]) -> SizeUse {
    let offering = catalogue.templates.iter().filter(|record| record.template.sizes.contains(&size.name));
    SizeUse {
        templates: offering.map(|record| record.slug.clone()).collect(),
        environments: held.iter().find(|(name, _)| *name == size.name).map_or(0, |(_, count)| *count),
        revision: revision_of_size(size),
        size: size.clone(),
    }
}

fn person(record: &PersonRecord, memberships: &[Membership], vouched: Vouched) -> PersonView {
    let PersonRecord { person, claim_role, hand_role, disabled, signed_in_at } = record.clone();
    let groups_valid_until = vouched.valid_for.map(|span| signed_in_at.after(span));
    let groups_lapsed = groups_valid_until.is_some_and(|until| until <= vouched.now);
    PersonView {
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

fn matches(person: &PersonView, words: &[String]) -> bool {
    let role = person.role.map_or("", model::access::InstallationRole::as_str);
    let disabled = if person.disabled { "disabled" } else { "" };
    let lapsed = if person.groups_lapsed { "lapsed" } else { "" };
    let teams: Vec<&str> = person.teams.iter().map(|one| one.team.as_str()).collect();
    let email = person.email.as_deref().unwrap_or_default();
    let all = format!("{} {email} {role} {disabled} {lapsed} {}", person.name, teams.join(" ")).to_lowercase();
    words.iter().all(|word| all.contains(word.as_str()))
}
