//! Sizes, and what uses them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::form::{Fields, known};
use super::json::Json;
use model::name::{SizeName, TemplateName};
use model::template::{FieldError, Size};

/// A size with who stands in the way of its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeUse {
    #[serde(flatten)]
    pub size: Size,
    pub templates: Vec<TemplateName>,
    pub environments: u64,
    pub revision: String,
}

impl SizeUse {
    /// Why it cannot be removed.
    #[must_use]
    pub fn kept_by(&self) -> Option<String> {
        match (self.templates.as_slice(), self.environments) {
            ([], 0) => None,
            ([], 1) => Some("1 environment has it".to_owned()),
            ([], count) => Some(format!("{count} environments have it")),
            ([one], _) => Some(format!("the template {one} offers it")),
            (several, _) => {
                let names: Vec<&str> = several.iter().map(TemplateName::as_str).collect();
                Some(format!("the templates {} offer it", names.join(", ")))
            }
        }
    }
}

/// One change of a size. `revision` is that of what the form showed: where somebody else was first, the change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Declare { revision: String, size: Size },
    Remove { name: SizeName },
}

impl Edit {
    /// What a form of the page of all sizes asks for.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read; not found where there is no such form.
    pub(super) fn read(fields: &Fields) -> Result<Self, ApiError> {
        match fields.form() {
            "size" => declared(fields),
            "remove-size" => Ok(Self::Remove { name: known("size", fields.get("name"), SizeName::parse)? }),
            _ => Err(ApiError::not_found("form")),
        }
    }
}

fn declared(fields: &Fields) -> Result<Edit, ApiError> {
    let mut errors = Vec::new();
    let name = fields.read("name", &mut errors);
    let cpus = fields.read("cpus", &mut errors);
    let memory = fields.read("memory", &mut errors);
    let pids = fields.get("pids").trim().parse().ok();
    if pids.is_none() {
        errors.push(FieldError::new("pids", "must be a whole number"));
    }
    let disk = fields.limit("disk", &mut errors);
    match (name, cpus, memory, pids) {
        (Some(name), Some(cpus), Some(memory), Some(pids)) if errors.is_empty() => {
            let size = Size { name, cpus, memory, pids, disk };
            Ok(Edit::Declare { revision: fields.revision().to_owned(), size })
        }
        _ => Err(ApiError::Invalid { errors }),
    }
}

/// All sizes, with what uses them.
#[server(endpoint = "sizes/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_sizes() -> Result<Vec<SizeUse>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.sizes_in_use(&actor).await)
}
