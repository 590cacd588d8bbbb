//! Teams with their room, and what they are offered.

use app::api::ApiError;
use app::api::environments::LaunchOptions;
use app::model::access::{Action, Actor};
use app::model::name::TeamName;
use app::model::team::Team;
use app::model::template::Offer;
use app::model::time::Timestamp;

use super::Service;
use super::error::fault;
use crate::store::catalogue::{Catalogue, TeamRecord, TemplateRecord};

impl Service {
    pub(super) async fn visible_teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError> {
        let catalogue = self.store.catalogue().await.map_err(fault)?;
        let mut teams = Vec::new();
        for team in catalogue.teams.iter().filter(|team| self.permit_team(actor, Action::See, &team.name).is_ok()) {
            teams.push(self.team_of(actor, team).await?);
        }
        Ok(teams)
    }

    pub(super) async fn team_of(&self, actor: &Actor, team: &TeamRecord) -> Result<Team, ApiError> {
        Ok(Team {
            name: team.name.clone(),
            label: team.label.clone(),
            role: actor.role_in(&team.name),
            room: self.room(actor, &team.name).await?,
        })
    }

    pub(super) async fn offered(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError> {
        self.permit_team(actor, Action::See, team)?;
        let catalogue = self.store.catalogue().await.map_err(fault)?;
        Ok(offers(&catalogue, team, self.clock.now()))
    }

    pub(super) async fn options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError> {
        self.permit_team(actor, Action::Launch, team)?;
        let catalogue = self.store.catalogue().await.map_err(fault)?;
        let record = catalogue.team(team).ok_or_else(|| ApiError::not_found("team"))?;
        Ok(LaunchOptions {
            team: self.team_of(actor, record).await?,
            offers: offers(&catalogue, team, self.clock.now()),
            idempotency_key: crate::clock::hex(&self.clock.random::<16>()),
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
