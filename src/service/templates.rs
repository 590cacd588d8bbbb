//! Templates: what a team may launch of them; their versions and use; declared, deprecated and pinned by admins.

use std::collections::BTreeMap;

use app::api::ApiError;
use app::api::backend::Templates;
use app::api::environments::LaunchOptions;
use app::api::form::Edited;
use app::api::templates::{Edit, TemplateDetail, TemplateSummary, Version, VersionUse};
use async_trait::async_trait;
use model::access::{Action, Actor};
use model::audit::Action::ApplyCatalogue;
use model::audit::Entry;
use model::day::Day;
use model::name::{TeamName, TemplateName};
use model::template::Offer;
use model::time::Timestamp;
use model::{diff, image};
use store::catalogue::{Catalogue, Grant, TemplateRecord, VersionRecord};

use super::declare::{One, revision_of_template};
use super::error::fault;
use super::{Service, export};

#[async_trait]
impl Templates for Service {
    async fn offers(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError> {
        self.permit_team(actor, Action::See, team)?;
        Ok(offered(&self.kept().await?.catalogue, team, self.clock.now()))
    }

    async fn launch_options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError> {
        self.permit_team(actor, Action::Launch, team)?;
        let kept = self.kept().await?;
        let record = kept.catalogue.team(team).ok_or_else(|| ApiError::not_found("team"))?;
        Ok(LaunchOptions {
            team: self.team_of(actor, &kept, record)?,
            offers: offered(&kept.catalogue, team, self.clock.now()),
            idempotency_key: clock::hex(&self.clock.random::<16>()),
        })
    }

    async fn templates(&self, actor: &Actor) -> Result<Vec<TemplateSummary>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let catalogue = self.kept().await?.catalogue;
        let uses = self.uses().await?;
        Ok(catalogue.templates.iter().map(|record| summary(record, &uses)).collect())
    }

    async fn template(&self, actor: &Actor, slug: &TemplateName) -> Result<TemplateDetail, ApiError> {
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

    async fn edit_template(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = entry(actor, &edit);
        let changed = self.change_template(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed
    }
}

/// What somebody tries to change, as the log has it where that is refused.
fn entry(actor: &Actor, edit: &Edit) -> Entry {
    let by = Entry::by(actor, ApplyCatalogue);
    match edit {
        Edit::Declare { slug: None, .. } => by.named("a new template"),
        Edit::Declare { slug: Some(slug), .. } | Edit::Deprecate { slug, .. } | Edit::Pin { slug, .. } => {
            by.named(format!("template {slug}"))
        }
    }
}

impl Service {
    async fn uses(&self) -> Result<BTreeMap<TemplateName, Vec<VersionUse>>, ApiError> {
        let mut uses: BTreeMap<TemplateName, Vec<VersionUse>> = BTreeMap::new();
        for used in self.store.versions_in_use().await.map_err(fault)? {
            let version = VersionUse { version: used.version, environments: used.environments, teams: used.teams };
            uses.entry(used.template).or_default().push(version);
        }
        Ok(uses)
    }

    async fn change_template(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        match edit {
            Edit::Declare { slug, revision, text } => self.declare_template(actor, slug, &revision, &text).await,
            Edit::Deprecate { slug, revision, day } => self.deprecate(actor, &slug, &revision, day).await,
            Edit::Pin { slug, revision } => self.pin(actor, &slug, &revision).await,
        }
    }

    async fn declare_template(
        &self,
        actor: &Actor,
        slug: Option<TemplateName>,
        revision: &str,
        text: &str,
    ) -> Result<Edited, ApiError> {
        let one = slug.as_ref().map_or(One::NewTemplate, One::Template);
        let (said, after) = self.declare(actor, one, revision, text).await?;
        let page = after.map_or_else(|| "/templates".to_owned(), |slug| format!("/templates/{slug}"));
        Ok(Edited::on(&page, said))
    }

    async fn deprecate(
        &self,
        actor: &Actor,
        slug: &TemplateName,
        revision: &str,
        day: Option<Day>,
    ) -> Result<Edited, ApiError> {
        let record = TemplateRecord { deprecated: day, ..self.template_now(slug).await? };
        let (said, _) = self.declare(actor, One::Template(slug), revision, &export::template(&record)).await?;
        Ok(Edited::on(&format!("/templates/{slug}"), said))
    }

    /// What the engine has under the image's name now is what it stays.
    async fn pin(&self, actor: &Actor, slug: &TemplateName, revision: &str) -> Result<Edited, ApiError> {
        let mut record = self.template_now(slug).await?;
        let reference = &record.template.image;
        record.template.image = self.digest_of(reference).await?;
        let (said, _) = self.declare(actor, One::Template(slug), revision, &export::template(&record)).await?;
        Ok(Edited::on(&format!("/templates/{slug}"), said))
    }

    /// The reference by the digest that one of the hosts knows it by.
    async fn digest_of(&self, reference: &str) -> Result<String, ApiError> {
        let mut message = format!(
            "`{reference}` has no digest on any host: only an image that came from a registry has one. Pull or push it first."
        );
        for runner in self.hosts.iter() {
            match runner.engine().digests(reference).await {
                Ok(digests) => {
                    if let Some(pinned) = digests.and_then(|digests| image::pinned(reference, &digests)) {
                        return Ok(pinned);
                    }
                }
                Err(error) => {
                    message =
                        format!("The engine of host {} cannot tell what `{reference}` is: {error}.", runner.name());
                }
            }
        }
        Err(ApiError::Conflict { message })
    }

    async fn template_now(&self, slug: &TemplateName) -> Result<TemplateRecord, ApiError> {
        let catalogue = self.kept().await?.catalogue;
        catalogue.template(slug).cloned().ok_or_else(|| ApiError::not_found("template"))
    }
}

fn offered(catalogue: &Catalogue, team: &TeamName, now: Timestamp) -> Vec<Offer> {
    let mine = catalogue.templates.iter().filter(|template| template.is_offered_to(team, now));
    let rule = catalogue.team(team).map(|team| team.lifetime).unwrap_or_default();
    let offer = |t: &TemplateRecord| Offer {
        deprecated: t.deprecated,
        ..Offer::of(t.slug.clone(), t.version, &t.template, &catalogue.sizes).within(rule)
    };
    mine.map(offer).collect()
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
