//! Teams with their room, and what they are offered.

use app::api::ApiError;
use app::api::environments::LaunchOptions;
use model::access::{Action, Actor};
use model::filter::Filter;
use model::name::TeamName;
use model::team::{Team, TeamLabel};
use model::template::Offer;
use model::time::Timestamp;
use store::catalogue::{Catalogue, TeamRecord, TemplateRecord};
use store::kept::Snapshot;

use super::Service;
use super::error::fault;

impl Service {
    /// What is kept in memory, as it is now.
    pub(super) async fn kept(&self) -> Result<Snapshot, ApiError> {
        self.store.snapshot(self.clock.now()).await.map_err(fault)
    }

    fn visible<'a>(&self, actor: &Actor, catalogue: &'a Catalogue) -> impl Iterator<Item = &'a TeamRecord> {
        catalogue.teams.iter().filter(|team| self.permit_team(actor, Action::See, &team.name).is_ok())
    }

    pub(super) async fn visible_teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError> {
        let kept = self.kept().await?;
        self.visible(actor, &kept.catalogue).map(|team| self.team_of(actor, &kept, team)).collect()
    }

    pub(super) async fn labels(&self, actor: &Actor) -> Result<Vec<TeamLabel>, ApiError> {
        let kept = self.kept().await?;
        let label = |team: &TeamRecord| TeamLabel {
            name: team.name.clone(),
            label: team.label.clone(),
            role: actor.role_in(&team.name),
        };
        Ok(self.visible(actor, &kept.catalogue).map(label).collect())
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

    /// One of the teams that the actor sees, with its room.
    pub(super) async fn visible_team(&self, actor: &Actor, name: &TeamName) -> Result<Team, ApiError> {
        self.permit_team(actor, Action::See, name)?;
        let kept = self.kept().await?;
        let record = kept.catalogue.team(name).ok_or_else(|| ApiError::not_found("team"))?;
        self.team_of(actor, &kept, record)
    }

    pub(super) fn team_of(&self, actor: &Actor, kept: &Snapshot, team: &TeamRecord) -> Result<Team, ApiError> {
        Ok(Team {
            name: team.name.clone(),
            label: team.label.clone(),
            role: actor.role_in(&team.name),
            room: self.room_in(kept, actor, &team.name)?,
        })
    }

    pub(super) async fn offered(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError> {
        self.permit_team(actor, Action::See, team)?;
        Ok(offers(&self.kept().await?.catalogue, team, self.clock.now()))
    }

    pub(super) async fn options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError> {
        self.permit_team(actor, Action::Launch, team)?;
        let kept = self.kept().await?;
        let record = kept.catalogue.team(team).ok_or_else(|| ApiError::not_found("team"))?;
        Ok(LaunchOptions {
            team: self.team_of(actor, &kept, record)?,
            offers: offers(&kept.catalogue, team, self.clock.now()),
            idempotency_key: clock::hex(&self.clock.random::<16>()),
        })
    }
}

fn offers(catalogue: &Catalogue, team: &TeamName, now: Timestamp) -> Vec<Offer> {
    let mine = catalogue.templates.iter().filter(|template| template.is_offered_to(team, now));
    let rule = catalogue.team(team).map(|team| team.lifetime).unwrap_or_default();
    let offer = |t: &TemplateRecord| Offer {
        deprecated: t.deprecated,
        ..Offer::of(t.slug.clone(), t.version, &t.template, &catalogue.sizes).within(rule)
    };
    mine.map(offer).collect()
}
