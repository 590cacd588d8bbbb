//! Teams: with their room, as members see them; with all that belongs to them, for those who look after them; and their members by hand.

use app::api::ApiError;
use app::api::backend::Teams;
use app::api::form::{Edited, Said};
use app::api::teams::{Belonging, Declared, Edit, GroupRole, Member, TeamDetail, TeamSummary};
use async_trait::async_trait;
use model::access::{Action, Actor, Target, TeamRole, authorize};
use model::audit::Action::{ApplyCatalogue, ChangeRole};
use model::audit::Entry;
use model::environment::Environment;
use model::filter::Filter;
use model::name::{TeamName, UserId};
use model::quota::Holding;
use model::team::{Team, TeamLabel};
use model::units::shorten;
use store::catalogue::{self, Catalogue, TeamRecord};
use store::kept::Snapshot;
use store::roster::{self, Membership, PersonRecord};

use super::declare::{One, revision_of_team};
use super::error::fault;
use super::{Service, export};

#[async_trait]
impl Teams for Service {
    async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError> {
        let kept = self.kept().await?;
        self.visible(actor, &kept.catalogue).map(|team| self.team_of(actor, &kept, team)).collect()
    }

    async fn team_labels(&self, actor: &Actor) -> Result<Vec<TeamLabel>, ApiError> {
        let kept = self.kept().await?;
        let label = |team: &TeamRecord| TeamLabel {
            name: team.name.clone(),
            label: team.label.clone(),
            role: actor.role_in(&team.name),
        };
        Ok(self.visible(actor, &kept.catalogue).map(label).collect())
    }

    async fn team_room(&self, actor: &Actor, name: &TeamName) -> Result<Team, ApiError> {
        self.permit_team(actor, Action::See, name)?;
        let kept = self.kept().await?;
        let record = kept.catalogue.team(name).ok_or_else(|| ApiError::not_found("team"))?;
        self.team_of(actor, &kept, record)
    }

    async fn team_summaries(&self, actor: &Actor) -> Result<Vec<TeamSummary>, ApiError> {
        let kept = self.kept().await?;
        let teams: Vec<&TeamRecord> =
            kept.catalogue.teams.iter().filter(|team| looks_after(actor, &team.name)).collect();
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

    async fn team(&self, actor: &Actor, name: &TeamName) -> Result<TeamDetail, ApiError> {
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

    async fn edit_team(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = entry(actor, &edit);
        let changed = self.change_team(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed
    }
}

/// What somebody tries to change, as the log has it where that is refused.
fn entry(actor: &Actor, edit: &Edit) -> Entry {
    let by = |action| Entry::by(actor, action);
    match edit {
        Edit::Declare { team: Declared { name, .. }, .. } | Edit::DeclareText { name, .. } => {
            by(ApplyCatalogue).named(format!("team {name}"))
        }
        Edit::PutMember { team, who, .. } => by(ChangeRole).of_team(team).named(shorten(who)),
        Edit::RemoveMember { team, person } => by(ChangeRole).of_team(team).named(person),
    }
}

/// Whether `actor` reads what a team's leads read.
fn looks_after(actor: &Actor, team: &TeamName) -> bool {
    authorize(actor, Action::Audit, Target::Team(team)).is_ok()
}

impl Service {
    fn visible<'a>(&self, actor: &Actor, catalogue: &'a Catalogue) -> impl Iterator<Item = &'a TeamRecord> {
        catalogue.teams.iter().filter(|team| self.permit_team(actor, Action::See, &team.name).is_ok())
    }

    /// The team that a filter names, or the only one that the actor sees, with its room.
    pub(super) fn looked_at(&self, actor: &Actor, filter: &Filter, kept: &Snapshot) -> Result<Option<Team>, ApiError> {
        let mut seen = self.visible(actor, &kept.catalogue);
        let record = match &filter.team {
            Some(named) => seen.find(|team| team.name == *named),
            None => seen.next().filter(|_| seen.next().is_none()),
        };
        record.map(|team| self.team_of(actor, kept, team)).transpose()
    }

    pub(super) fn team_of(&self, actor: &Actor, kept: &Snapshot, team: &TeamRecord) -> Result<Team, ApiError> {
        Ok(Team {
            name: team.name.clone(),
            label: team.label.clone(),
            role: actor.role_in(&team.name),
            room: self.room_in(kept, actor, &team.name)?,
        })
    }

    async fn change_team(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        match edit {
            Edit::Declare { revision, team } => self.declare_team(actor, &revision, team).await,
            Edit::DeclareText { name, revision, text } => {
                let (said, _) = self.declare(actor, One::Team(&name), &revision, &text).await?;
                Ok(Edited::on(&format!("/teams/{name}"), said))
            }
            Edit::PutMember { team, who, role } => self.put_member(actor, &team, &who, role).await,
            Edit::RemoveMember { team, person } => self.remove_member(actor, &team, &person).await,
        }
    }

    async fn declare_team(&self, actor: &Actor, revision: &str, team: Declared) -> Result<Edited, ApiError> {
        let Declared { name, label, quota, per_member, groups } = team;
        let catalogue = self.kept().await?.catalogue;
        let there = catalogue.team(&name).cloned().unwrap_or_else(|| TeamRecord::named(name.clone()));
        let text = export::team(&TeamRecord { label, quota, per_member, groups, ..there });
        let (said, _) = self.declare(actor, One::Team(&name), revision, &text).await?;
        Ok(Edited::on(&format!("/teams/{name}"), said))
    }

    async fn put_member(&self, actor: &Actor, team: &TeamName, who: &str, role: TeamRole) -> Result<Edited, ApiError> {
        let person = self.somebody(who).await?;
        self.write(async |write| {
            let catalogue = catalogue::read(write).await.map_err(fault)?;
            catalogue.team(team).ok_or_else(|| ApiError::not_found("team"))?;
            roster::put_member(write, team, &person, role).await.map_err(fault)?;
            self.log(
                write,
                Entry::by(actor, ChangeRole).of_team(team).named(&person).because(format!("{role} by hand")),
            )
            .await?;
            Ok(Edited::on(&format!("/teams/{team}"), Said::Saved))
        })
        .await
    }

    /// Who is meant by an id, an e-mail address that is one's alone, or a name likewise.
    async fn somebody(&self, who: &str) -> Result<UserId, ApiError> {
        let all = self.store.roster().await.map_err(fault)?;
        let same = |text: &str| text.eq_ignore_ascii_case(who);
        let is = |record: &&PersonRecord| {
            let person = &record.person;
            // What people call themselves is no address, whatever it looks like.
            let by_name = !who.contains('@') && same(&person.name);
            same(person.id.as_str()) || person.email.as_deref().is_some_and(same) || by_name
        };
        let found: Vec<&PersonRecord> = all.iter().filter(is).collect();
        let who = model::units::shorten(who);
        match found.as_slice() {
            [one] => Ok(one.person.id.clone()),
            [] => Err(ApiError::invalid("who", format!("`{who}` is not a user who has signed in here"))),
            several => {
                let count = several.len();
                let message =
                    format!("`{who}` are {count} people: open the page of the one, and take the id from there");
                Err(ApiError::invalid("who", message))
            }
        }
    }

    async fn remove_member(&self, actor: &Actor, team: &TeamName, person: &UserId) -> Result<Edited, ApiError> {
        self.write(async |write| {
            if !roster::remove_member(write, team, person).await.map_err(fault)? {
                return Err(ApiError::not_found("membership by hand"));
            }
            self.log(
                write,
                Entry::by(actor, ChangeRole).of_team(team).named(person).because("no member by hand any more"),
            )
            .await?;
            Ok(Edited::on(&format!("/teams/{team}"), Said::Removed))
        })
        .await
    }
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

pub(super) fn belonging(membership: &Membership) -> Belonging {
    Belonging { team: membership.team.clone(), role: membership.role, group: membership.group.clone() }
}
