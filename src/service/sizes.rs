//! Sizes: what uses them, declared and removed by admins.

use app::api::ApiError;
use app::api::backend::Sizes;
use app::api::form::{Edited, Said};
use app::api::sizes::{Edit, SizeUse};
use async_trait::async_trait;
use model::access::{Action, Actor};
use model::audit::Action::{ApplyCatalogue, ChangeSize};
use model::audit::Entry;
use model::name::SizeName;
use model::template::Size;
use store::catalogue::{self, Catalogue};

use super::declare::{One, revision_of_size};
use super::error::fault;
use super::{Service, export};

#[async_trait]
impl Sizes for Service {
    async fn sizes(&self, _actor: &Actor) -> Result<Vec<Size>, ApiError> {
        Ok(self.kept().await?.catalogue.sizes.clone())
    }

    async fn sizes_in_use(&self, actor: &Actor) -> Result<Vec<SizeUse>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let catalogue = self.kept().await?.catalogue;
        let held = self.store.sizes_in_use().await.map_err(fault)?;
        Ok(catalogue.sizes.iter().map(|size| size_use(size, &catalogue, &held)).collect())
    }

    async fn edit_size(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = match &edit {
            Edit::Declare { size, .. } => Entry::by(actor, ApplyCatalogue).named(format!("size {}", size.name)),
            Edit::Remove { name } => Entry::by(actor, ChangeSize).named(name),
        };
        let changed = self.change_size(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed
    }
}

impl Service {
    async fn change_size(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        match edit {
            Edit::Declare { revision, size } => self.declare_size(actor, &revision, &size).await,
            Edit::Remove { name } => self.remove_size(actor, &name).await,
        }
    }

    async fn declare_size(&self, actor: &Actor, revision: &str, size: &Size) -> Result<Edited, ApiError> {
        let (said, _) = self.declare(actor, One::Size(&size.name), revision, &export::size(size)).await?;
        Ok(Edited::on("/sizes", said))
    }

    async fn remove_size(&self, actor: &Actor, name: &SizeName) -> Result<Edited, ApiError> {
        self.write(async |write| {
            let before = catalogue::read(write).await.map_err(fault)?;
            let size = before.size(name).ok_or_else(|| ApiError::not_found("size"))?;
            let held = catalogue::sizes_in_use(write).await.map_err(fault)?;
            if let Some(why) = size_use(size, &before, &held).kept_by() {
                return Err(ApiError::Conflict { message: format!("`{name}` was not removed: {why}.") });
            }
            catalogue::remove_size(write, name).await.map_err(fault)?;
            self.log(write, Entry::by(actor, ChangeSize).named(name).because("removed")).await?;
            Ok(Edited::on("/sizes", Said::Removed))
        })
        .await
    }
}

/// A size with what keeps it from being removed.
fn size_use(size: &Size, catalogue: &Catalogue, held: &[(SizeName, u64)]) -> SizeUse {
    let offering = catalogue.templates.iter().filter(|record| record.template.sizes.contains(&size.name));
    SizeUse {
        templates: offering.map(|record| record.slug.clone()).collect(),
        environments: held.iter().find(|(name, _)| *name == size.name).map_or(0, |(_, count)| *count),
        revision: revision_of_size(size),
        size: size.clone(),
    }
}
