//! What can be launched, by whom and how much of it: teams, sizes, templates and their versions.

use app::model::access::TeamRole;
use app::model::lifetime::TeamLifetime;
use app::model::name::{TeamName, TemplateName};
use app::model::quota::Quota;
use app::model::template::{Size, Template};
use app::model::time::Timestamp;
use app::model::units::{Memory, MilliCpu};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::{amount, json, read_json, signed, small};
use super::{Store, StoreError, Write};

/// A team as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRecord {
    pub name: TeamName,
    pub label: String,
    pub quota: Quota,
    /// The cap on what each member holds.
    pub per_member: Quota,
    pub lifetime: TeamLifetime,
    /// The provider's groups whose people belong, and what each makes them.
    pub groups: Vec<(String, TeamRole)>,
}

/// Who is offered a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    Everyone,
    Teams(Vec<TeamName>),
}

/// A template in its current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRecord {
    pub slug: TemplateName,
    pub version: u32,
    pub template: Template,
    pub grant: Grant,
}

impl TemplateRecord {
    #[must_use]
    pub fn is_offered_to(&self, team: &TeamName) -> bool {
        match &self.grant {
            Grant::Everyone => true,
            Grant::Teams(teams) => teams.contains(team),
        }
    }
}

/// All that is declared, in the order of declaration (teams by name).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub teams: Vec<TeamRecord>,
    pub sizes: Vec<Size>,
    pub templates: Vec<TemplateRecord>,
}

impl Catalogue {
    #[must_use]
    pub fn team(&self, name: &TeamName) -> Option<&TeamRecord> {
        self.teams.iter().find(|team| team.name == *name)
    }
}

impl Store {
    pub async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        read(&mut *self.readers.acquire().await?).await
    }

    /// A template as it was in `version`.
    pub async fn template(&self, slug: &TemplateName, version: u32) -> Result<Option<Template>, StoreError> {
        let text: Option<String> =
            sqlx::query_scalar("SELECT document FROM template_versions WHERE slug = $1 AND version = $2")
                .bind(slug.as_str())
                .bind(i64::from(version))
                .fetch_optional(&self.readers)
                .await?;
        text.as_deref().map(read_json).transpose()
    }
}

/// The catalogue as it is on this connection, inside a transaction or not.
pub async fn read(connection: &mut SqliteConnection) -> Result<Catalogue, StoreError> {
    let teams = sqlx::query("SELECT * FROM teams ORDER BY name").fetch_all(&mut *connection).await?;
    let groups = sqlx::query("SELECT * FROM team_groups ORDER BY team, name").fetch_all(&mut *connection).await?;
    let sizes = sqlx::query("SELECT * FROM sizes ORDER BY position, name").fetch_all(&mut *connection).await?;
    let templates = sqlx::query(
        "SELECT t.*, v.document FROM templates t JOIN template_versions v ON v.slug = t.slug AND v.version = t.version
         ORDER BY t.position, t.slug",
    )
    .fetch_all(&mut *connection)
    .await?;
    let grants = sqlx::query("SELECT * FROM template_teams ORDER BY team").fetch_all(&mut *connection).await?;
    Ok(Catalogue {
        teams: teams.iter().map(|row| team(row, &groups)).collect::<Result<_, _>>()?,
        sizes: sizes.iter().map(size).collect::<Result<_, _>>()?,
        templates: templates.iter().map(|row| template(row, &grants)).collect::<Result<_, _>>()?,
    })
}

fn team(row: &SqliteRow, groups: &[SqliteRow]) -> Result<TeamRecord, StoreError> {
    let name: String = row.try_get("name")?;
    let mut ours = Vec::new();
    for group in groups {
        if group.try_get::<String, _>("team")? == name {
            let role: String = group.try_get("role")?;
            ours.push((group.try_get("name")?, TeamRole::parse(&role).ok_or_else(|| StoreError::unreadable(role))?));
        }
    }
    Ok(TeamRecord {
        name: name.parse().map_err(StoreError::unreadable)?,
        label: row.try_get("label")?,
        quota: read_json(row.try_get("quota")?)?,
        per_member: read_json(row.try_get("per_member")?)?,
        lifetime: read_json(row.try_get("lifetime")?)?,
        groups: ours,
    })
}

fn size(row: &SqliteRow) -> Result<Size, StoreError> {
    Ok(Size {
        name: row.try_get::<String, _>("name")?.parse().map_err(StoreError::unreadable)?,
        cpus: MilliCpu::new(amount(row, "cpus")?),
        memory: Memory::bytes(amount(row, "memory")?),
        pids: small(row, "pids")?,
    })
}

fn template(row: &SqliteRow, grants: &[SqliteRow]) -> Result<TemplateRecord, StoreError> {
    let slug: String = row.try_get("slug")?;
    let grant = if row.try_get("everyone")? {
        Grant::Everyone
    } else {
        let mut teams = Vec::new();
        for grant in grants {
            if grant.try_get::<String, _>("slug")? == slug {
                teams.push(grant.try_get::<String, _>("team")?.parse().map_err(StoreError::unreadable)?);
            }
        }
        Grant::Teams(teams)
    };
    Ok(TemplateRecord {
        slug: slug.parse().map_err(StoreError::unreadable)?,
        version: small(row, "version")?,
        template: read_json(row.try_get("document")?)?,
        grant,
    })
}

/// Makes a team as declared, or brings it to that.
pub async fn put_team(write: &mut Write, team: &TeamRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO teams (name, label, quota, per_member, lifetime) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE SET label = excluded.label, quota = excluded.quota, per_member = excluded.per_member,
             lifetime = excluded.lifetime",
    )
    .bind(team.name.as_str())
    .bind(&team.label)
    .bind(json(&team.quota))
    .bind(json(&team.per_member))
    .bind(json(&team.lifetime))
    .execute(&mut **write)
    .await?;
    sqlx::query("DELETE FROM team_groups WHERE team = $1").bind(team.name.as_str()).execute(&mut **write).await?;
    for (group, role) in &team.groups {
        sqlx::query("INSERT INTO team_groups (team, name, role) VALUES ($1, $2, $3)")
            .bind(team.name.as_str())
            .bind(group)
            .bind(role.as_str())
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

pub async fn put_size(write: &mut Write, size: &Size, position: u32) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sizes (name, position, cpus, memory, pids) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE SET position = excluded.position, cpus = excluded.cpus, memory = excluded.memory,
             pids = excluded.pids",
    )
    .bind(size.name.as_str())
    .bind(i64::from(position))
    .bind(signed(size.cpus.as_milli()))
    .bind(signed(size.memory.as_bytes()))
    .bind(i64::from(size.pids))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Makes a template's version current; the version is written where it is new, and never changed after.
pub async fn put_template(
    write: &mut Write,
    record: &TemplateRecord,
    position: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let slug = record.slug.as_str();
    sqlx::query(
        "INSERT INTO templates (slug, position, version, everyone) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug) DO UPDATE SET position = excluded.position, version = excluded.version,
             everyone = excluded.everyone",
    )
    .bind(slug)
    .bind(i64::from(position))
    .bind(i64::from(record.version))
    .bind(record.grant == Grant::Everyone)
    .execute(&mut **write)
    .await?;
    sqlx::query(
        "INSERT INTO template_versions (slug, version, document, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug, version) DO NOTHING",
    )
    .bind(slug)
    .bind(i64::from(record.version))
    .bind(json(&record.template))
    .bind(now.as_millis())
    .execute(&mut **write)
    .await?;
    sqlx::query("DELETE FROM template_teams WHERE slug = $1").bind(slug).execute(&mut **write).await?;
    if let Grant::Teams(teams) = &record.grant {
        for team in teams {
            sqlx::query("INSERT INTO template_teams (slug, team) VALUES ($1, $2)")
                .bind(slug)
                .bind(team.as_str())
                .execute(&mut **write)
                .await?;
        }
    }
    Ok(())
}
