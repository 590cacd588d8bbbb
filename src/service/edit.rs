//! What admins change by the pages' forms. Teams, sizes and templates are declared as a text that goes the way of
//! `berth apply`, with its checks; a form that showed something older is refused.

use app::api::ApiError;
use app::api::edit::{Edit, Edited, NEW, Said, TeamEdit};
use model::access::{Action, Actor, InstallationRole, TeamRole};
use model::address::Address;
use model::audit::Action::{ApplyCatalogue, ChangePerson, ChangeRole, ChangeSize, CheckIsolation};
use model::audit::Entry;
use model::day::Day;
use model::image;
use model::name::{SizeName, TeamName, TemplateName, UserId};
use model::template::{FieldError, Size};
use model::units::shorten;
use store::catalogue::{self, Catalogue, TeamRecord, TemplateRecord};
use store::roster::{self, PersonRecord};
use store::{Write, audit};

use super::apply::{ApplyError, Asked, Difference};
use super::error::fault;
use super::manage::{revision_of_size, revision_of_team, revision_of_template, size_use};
use super::{Service, export};

/// The one thing that a form is about.
#[derive(Debug, Clone, Copy)]
enum One<'a> {
    Team(&'a TeamName),
    Size(&'a SizeName),
    Template(&'a TemplateName),
    NewTemplate,
}

/// What somebody tries to change, as the log has it where that is refused.
pub(super) fn entry(actor: &Actor, edit: &Edit) -> Entry {
    let by = |action| Entry::by(actor, action);
    match edit {
        Edit::Team { team: TeamEdit { name, .. }, .. } | Edit::TeamText { name, .. } => {
            by(ApplyCatalogue).named(format!("team {name}"))
        }
        Edit::PutMember { team, who, .. } => by(ChangeRole).of_team(team).named(shorten(who)),
        Edit::RemoveMember { team, person } => by(ChangeRole).of_team(team).named(person),
        Edit::Template { slug: None, .. } => by(ApplyCatalogue).named("a new template"),
        Edit::Template { slug: Some(slug), .. } | Edit::Deprecate { slug, .. } | Edit::Pin { slug, .. } => {
            by(ApplyCatalogue).named(format!("template {slug}"))
        }
        Edit::Size { size, .. } => by(ApplyCatalogue).named(format!("size {}", size.name)),
        Edit::RemoveSize { name } => by(ChangeSize).named(name),
        Edit::Role { person, .. } => by(ChangeRole).named(person),
        Edit::CheckIsolation => by(CheckIsolation),
        Edit::Disable { person } | Edit::Enable { person } => by(ChangePerson).named(person),
    }
}

impl Service {
    pub(super) async fn change(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        match edit {
            Edit::Team { revision, team } => self.declare_team(actor, &revision, team).await,
            Edit::TeamText { name, revision, text } => {
                let (said, _) = self.declare(actor, One::Team(&name), &revision, &text).await?;
                Ok(edited(&format!("/teams/{name}"), said))
            }
            Edit::PutMember { team, who, role } => self.put_member(actor, &team, &who, role).await,
            Edit::RemoveMember { team, person } => self.remove_member(actor, &team, &person).await,
            Edit::Template { slug, revision, text } => self.declare_template(actor, slug, &revision, &text).await,
            Edit::Deprecate { slug, revision, day } => self.deprecate(actor, &slug, &revision, day).await,
            Edit::Pin { slug, revision } => self.pin(actor, &slug, &revision).await,
            Edit::Size { revision, size } => self.declare_size(actor, &revision, &size).await,
            Edit::RemoveSize { name } => self.remove_size(actor, &name).await,
            Edit::Role { person, role } => self.give_role(actor, &person, role).await,
            Edit::Disable { person } => self.disable(actor, &person).await,
            Edit::Enable { person } => self.enable(actor, &person).await,
            Edit::CheckIsolation => {
                self.isolation_checked_by(actor).await?;
                Ok(edited("/host", Said::Checked))
            }
        }
    }

    async fn declare_team(&self, actor: &Actor, revision: &str, team: TeamEdit) -> Result<Edited, ApiError> {
        let TeamEdit { name, label, quota, per_member, groups } = team;
        let catalogue = self.kept().await?.catalogue;
        let there = catalogue.team(&name).cloned().unwrap_or_else(|| TeamRecord::named(name.clone()));
        let text = export::team(&TeamRecord { label, quota, per_member, groups, ..there });
        let (said, _) = self.declare(actor, One::Team(&name), revision, &text).await?;
        Ok(edited(&format!("/teams/{name}"), said))
    }

    async fn declare_size(&self, actor: &Actor, revision: &str, size: &Size) -> Result<Edited, ApiError> {
        let (said, _) = self.declare(actor, One::Size(&size.name), revision, &export::size(size)).await?;
        Ok(edited("/sizes", said))
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
        Ok(edited(&page, said))
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
        Ok(edited(&format!("/templates/{slug}"), said))
    }

    /// Tells of a change in its own transaction.
    pub(super) async fn log(&self, write: &mut Write, entry: Entry) -> Result<(), ApiError> {
        audit::record(write, &entry, self.clock.now()).await.map_err(fault)
    }

    /// What the engine has under the image's name now is what it stays.
    async fn pin(&self, actor: &Actor, slug: &TemplateName, revision: &str) -> Result<Edited, ApiError> {
        let mut record = self.template_now(slug).await?;
        let reference = &record.template.image;
        let digests = self.engine.digests(reference).await.map_err(|error| ApiError::Conflict {
            message: format!("The engine cannot tell what `{reference}` is: {error}."),
        })?;
        let pinned = digests.and_then(|digests| image::pinned(reference, &digests));
        record.template.image = pinned.ok_or_else(|| ApiError::Conflict {
            message: format!(
                "`{reference}` has no digest on this host: only an image that came from a registry has one. Pull or push it first."
            ),
        })?;
        let (said, _) = self.declare(actor, One::Template(slug), revision, &export::template(&record)).await?;
        Ok(edited(&format!("/templates/{slug}"), said))
    }

    async fn template_now(&self, slug: &TemplateName) -> Result<TemplateRecord, ApiError> {
        let catalogue = self.kept().await?.catalogue;
        catalogue.template(slug).cloned().ok_or_else(|| ApiError::not_found("template"))
    }

    /// Applies a text that declares one thing, all in one transaction. A template's name is returned with what became of it.
    async fn declare(
        &self,
        actor: &Actor,
        one: One<'_>,
        revision: &str,
        text: &str,
    ) -> Result<(Said, Option<TemplateName>), ApiError> {
        let mut write = self.store.write().await.map_err(fault)?;
        let asked = Asked::read(&mut write, text).await.map_err(refused)?;
        let slug = asked.declared.templates.first().map(|entry| entry.slug.clone());
        one.alone(&asked)?;
        let first = one.unchanged_since(revision, &asked.before, slug.as_ref());
        let differences = asked.carry_out(&mut write, &actor.into(), self.clock.now()).await.map_err(fault)?;
        let said = said(&differences);
        // What is there already needs no change, whoever was first: as when a form is sent twice. What was carried out for
        // somebody who was second is dropped with the transaction.
        if said != Said::Unchanged {
            first?;
        }
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok((said, slug))
    }

    async fn remove_size(&self, actor: &Actor, name: &SizeName) -> Result<Edited, ApiError> {
        let mut write = self.store.write().await.map_err(fault)?;
        let before = catalogue::read(&mut write).await.map_err(fault)?;
        let size = before.size(name).ok_or_else(|| ApiError::not_found("size"))?;
        let held = catalogue::sizes_in_use(&mut write).await.map_err(fault)?;
        if let Some(why) = size_use(size, &before, &held).kept_by() {
            return Err(ApiError::Conflict { message: format!("`{name}` was not removed: {why}.") });
        }
        catalogue::remove_size(&mut write, name).await.map_err(fault)?;
        self.log(&mut write, Entry::by(actor, ChangeSize).named(name).because("removed")).await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited("/sizes", Said::Removed))
    }

    async fn put_member(&self, actor: &Actor, team: &TeamName, who: &str, role: TeamRole) -> Result<Edited, ApiError> {
        let person = self.somebody(who).await?;
        let mut write = self.store.write().await.map_err(fault)?;
        let catalogue = catalogue::read(&mut write).await.map_err(fault)?;
        catalogue.team(team).ok_or_else(|| ApiError::not_found("team"))?;
        roster::put_member(&mut write, team, &person, role).await.map_err(fault)?;
        self.log(
            &mut write,
            Entry::by(actor, ChangeRole).of_team(team).named(&person).because(format!("{role} by hand")),
        )
        .await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited(&format!("/teams/{team}"), Said::Saved))
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
        let mut write = self.store.write().await.map_err(fault)?;
        if !roster::remove_member(&mut write, team, person).await.map_err(fault)? {
            return Err(ApiError::not_found("membership by hand"));
        }
        self.log(
            &mut write,
            Entry::by(actor, ChangeRole).of_team(team).named(person).because("no member by hand any more"),
        )
        .await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited(&format!("/teams/{team}"), Said::Removed))
    }

    async fn give_role(
        &self,
        actor: &Actor,
        person: &UserId,
        role: Option<InstallationRole>,
    ) -> Result<Edited, ApiError> {
        let mut write = self.store.write().await.map_err(fault)?;
        let record = one_of_them(&mut write, person).await?;
        let after = record.claim_role.max(role);
        if *person == actor.id && after != Some(InstallationRole::Admin) {
            return Err(ApiError::Conflict {
                message: "You would no longer be an admin. Another admin can take this from you.".to_owned(),
            });
        }
        roster::set_hand_role(&mut write, person, role).await.map_err(fault)?;
        self.log(
            &mut write,
            Entry::by(actor, ChangeRole)
                .named(&record.person.name)
                .because(role.map_or("none by hand", InstallationRole::as_str)),
        )
        .await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited(&format!("/people/{person}"), Said::Saved))
    }

    async fn disable(&self, actor: &Actor, person: &UserId) -> Result<Edited, ApiError> {
        if *person == actor.id {
            let message = "You cannot disable yourself. Another admin can.".to_owned();
            return Err(ApiError::Conflict { message });
        }
        let mut write = self.store.write().await.map_err(fault)?;
        let record = one_of_them(&mut write, person).await?;
        roster::disable(&mut write, person).await.map_err(fault)?;
        self.log(&mut write, Entry::by(actor, ChangePerson).named(&record.person.name).because("disabled")).await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited(&format!("/people/{person}"), Said::Disabled))
    }

    async fn enable(&self, actor: &Actor, person: &UserId) -> Result<Edited, ApiError> {
        let mut write = self.store.write().await.map_err(fault)?;
        let record = one_of_them(&mut write, person).await?;
        roster::enable(&mut write, person).await.map_err(fault)?;
        self.log(&mut write, Entry::by(actor, ChangePerson).named(&record.person.name).because("enabled")).await?;
        write.commit().await.map_err(|error| fault(error.into()))?;
        Ok(edited(&format!("/people/{person}"), Said::Enabled))
    }
}

async fn one_of_them(write: &mut Write, person: &UserId) -> Result<PersonRecord, ApiError> {
    let record = roster::person_record(write, person).await.map_err(fault)?;
    record.ok_or_else(|| ApiError::not_found("person"))
}

fn edited(page: &str, said: Said) -> Edited {
    Edited { page: Address::of(page).with("said", said.code()), said }
}

fn said(differences: &[Difference]) -> Said {
    let changed =
        differences.iter().find(|difference| !matches!(difference, Difference::Kept(_) | Difference::Over(_)));
    match changed {
        None => Said::Unchanged,
        Some(Difference::Changed(what)) if what.contains(": version ") => Said::NewVersion,
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
