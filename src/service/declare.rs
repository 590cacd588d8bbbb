//! One team, size or template declared by the form of a page: as a text that goes the way of `berth apply`, with its checks. A form
//! that showed something older is refused.

use app::api::ApiError;
use app::api::form::{NEW, Said};
use clock::hex;
use model::access::Actor;
use model::audit::Entry;
use model::name::{SizeName, TeamName, TemplateName};
use model::template::{FieldError, Size};
use sha2::{Digest, Sha256};
use store::catalogue::{Catalogue, TeamRecord, TemplateRecord};
use store::{Write, audit};

use super::apply::{ApplyError, Asked, Difference};
use super::error::fault;
use super::{Service, export};

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

/// The one thing that a form is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum One<'a> {
    Team(&'a TeamName),
    Size(&'a SizeName),
    Template(&'a TemplateName),
    NewTemplate,
}

impl Service {
    /// Tells of a change in its own transaction.
    pub(super) async fn log(&self, write: &mut Write, entry: Entry) -> Result<(), ApiError> {
        audit::record(write, &entry, self.clock.now()).await.map_err(fault)
    }

    /// Applies a text that declares one thing, all in one transaction. A template's name is returned with what became of it.
    pub(super) async fn declare(
        &self,
        actor: &Actor,
        one: One<'_>,
        revision: &str,
        text: &str,
    ) -> Result<(Said, Option<TemplateName>), ApiError> {
        self.write(async |write| {
            let asked = Asked::read(write, text).await.map_err(refused)?;
            let slug = asked.declared.templates.first().map(|entry| entry.slug.clone());
            one.alone(&asked)?;
            let first = one.unchanged_since(revision, &asked.before, slug.as_ref());
            let differences = asked.carry_out(write, &actor.into(), self.clock.now()).await.map_err(fault)?;
            let said = said(&differences);
            // What is there already needs no change, whoever was first: as when a form is sent twice. What was carried out for
            // somebody who was second is dropped with the transaction.
            if said != Said::Unchanged {
                first?;
            }
            Ok((said, slug))
        })
        .await
    }
}

fn said(differences: &[Difference]) -> Said {
    let changed =
        differences.iter().find(|difference| !matches!(difference, Difference::Kept(_) | Difference::Over(_)));
    match changed {
        None => Said::Unchanged,
        Some(Difference::NewVersion(_)) => Said::NewVersion,
        Some(_) => Said::Saved,
    }
}

fn refused(error: ApplyError) -> ApiError {
    match error {
        ApplyError::File(faults) => {
            let error = |fault: super::declared::Fault| FieldError::new(format!("line {}", fault.line), fault.message);
            ApiError::Invalid { errors: faults.into_iter().map(error).collect() }
        }
        ApplyError::Store(error) => fault(error),
    }
}

impl One<'_> {
    /// A form declares what it is about, and nothing else.
    fn alone(self, asked: &Asked) -> Result<(), ApiError> {
        let declared = &asked.declared;
        let counts = (declared.teams.len(), declared.sizes.len(), declared.templates.len());
        let is_it = match self {
            Self::Team(name) => counts == (1, 0, 0) && declared.teams[0].name == *name,
            Self::Size(name) => counts == (0, 1, 0) && declared.sizes[0].name == *name,
            Self::Template(slug) => counts == (0, 0, 1) && declared.templates[0].slug == *slug,
            Self::NewTemplate => counts == (0, 0, 1),
        };
        let what = match self {
            Self::Team(name) => format!("must be the team `{name}` and nothing else"),
            Self::Size(name) => format!("must be the size `{name}` and nothing else"),
            Self::Template(slug) => {
                format!("must be one [[template]] with the name `{slug}`; another name makes another template")
            }
            Self::NewTemplate => "must be one [[template]]".to_owned(),
        };
        if is_it { Ok(()) } else { Err(ApiError::invalid("text", what)) }
    }

    /// What is there is what the form showed.
    fn unchanged_since(
        self,
        revision: &str,
        before: &Catalogue,
        declared: Option<&TemplateName>,
    ) -> Result<(), ApiError> {
        let (name, now) = match self {
            Self::Team(name) => (name.as_str(), before.team(name).map(revision_of_team)),
            Self::Size(name) => (name.as_str(), before.size(name).map(revision_of_size)),
            Self::Template(slug) => (slug.as_str(), before.template(slug).map(revision_of_template)),
            Self::NewTemplate => {
                let known = declared.and_then(|slug| before.template(slug));
                (known.map_or("", |known| known.slug.as_str()), known.map(revision_of_template))
            }
        };
        match now {
            Some(now) if now == revision => Ok(()),
            None if revision == NEW => Ok(()),
            Some(_) if revision == NEW => Err(ApiError::invalid("name", format!("`{name}` already exists"))),
            Some(_) => Err(ApiError::Conflict {
                message: format!(
                    "Someone else changed `{name}` after you opened this page. What you typed is still in the form, and what is there now is shown beside it. Save again to replace it with yours."
                ),
            }),
            None => Err(ApiError::not_found("entry")),
        }
    }
}
