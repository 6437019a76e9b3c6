//! Reading flags: one, or a page of those that a filter leaves, each with the configurations the caller may see.

use std::collections::{BTreeMap, HashMap};

use super::configurations::{no_flag, view};
use super::error::ServiceError;
use super::request::Request;
use super::validation::stored;
use super::view::{ConfigurationView, FlagView, Page};
use super::{PAGE_LIMIT, Service};
use crate::domain::role::Permission;
use crate::store::environment;
use crate::store::flag::{self, Configuration, Flag};

/// What a list of flags is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct FlagFilter {
    /// The archived ones instead of the living.
    pub archived: bool,
    /// Keys or descriptions that contain this, whatever the case.
    pub text: Option<String>,
    /// Flags with this tag.
    pub tag: Option<String>,
}

impl Service {
    /// Reads a flag, archived or not.
    pub async fn flag(&self, request: &Request, project: &str, key: &str) -> Result<FlagView, ServiceError> {
        let project = self.project(request, project).await?;
        let row = flag::get(self.db(), &project.id, key).await?.ok_or_else(|| no_flag(key))?;
        let names = self.visible(request, &project.id, &project.key).await?;
        let rows = flag::configurations(self.db(), &row.id).await?;
        let mut configurations = by_environment(&row.key, rows.iter(), &names)?;
        self.flags_seen(&project.id, (&row.key, &row.key)).await?.note(&row.key, &names, &mut configurations);
        flag_view(row, configurations)
    }

    /// Reads a page of flags after a key. A filter by text or tag may give pages that are not full.
    pub async fn flags(
        &self,
        request: &Request,
        project: &str,
        filter: &FlagFilter,
        after: &str,
        limit: i64,
    ) -> Result<Page<FlagView>, ServiceError> {
        let project = self.project(request, project).await?;
        let names = self.visible(request, &project.id, &project.key).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let rows = flag::page(self.db(), &project.id, after, limit + 1, i64::from(filter.archived)).await?;
        let page = Page::cut(rows, limit, |flag| flag.key.clone());
        let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let rows = flag::configurations_between(
            self.db(),
            &project.id,
            (&first.key, &last.key),
            i64::from(filter.archived),
        )
        .await?;
        let mut by_flag: HashMap<&str, Vec<&Configuration>> = HashMap::new();
        for row in &rows {
            by_flag.entry(&row.flag_id).or_default().push(row);
        }
        let seen = self.flags_seen(&project.id, (&first.key, &last.key)).await?;
        let next = page.next.clone();
        let mut items = Vec::with_capacity(page.items.len());
        for flag in page.items {
            let own = by_flag.remove(flag.id.as_str()).unwrap_or_default();
            let mut configurations = by_environment(&flag.key, own.into_iter(), &names)?;
            seen.note(&flag.key, &names, &mut configurations);
            let item = flag_view(flag, configurations)?;
            if filter.matches(&item) {
                items.push(item);
            }
        }
        Ok(Page { items, next })
    }

    /// The environments of a project that the caller may see: id to key.
    pub(super) async fn visible(
        &self,
        request: &Request,
        project_id: &str,
        project_key: &str,
    ) -> Result<HashMap<String, String>, ServiceError> {
        let environments = environment::list(self.db(), project_id).await?;
        Ok(environments
            .into_iter()
            .filter(|one| request.caller.may(Permission::Read, project_key, Some(&one.key)).is_ok())
            .map(|one| (one.id, one.key))
            .collect())
    }
}

impl FlagFilter {
    fn matches(&self, flag: &FlagView) -> bool {
        let text_of = |name: &str| {
            flag.definition
                .get(name)
                .and_then(|text| serde_json::from_str::<String>(text).ok())
                .unwrap_or_default()
        };
        let by_text = self.text.as_deref().is_none_or(|text| {
            let text = text.to_lowercase();
            flag.key.to_lowercase().contains(&text) || text_of("description").to_lowercase().contains(&text)
        });
        let by_tag = self.tag.as_ref().is_none_or(|tag| {
            let tags =
                flag.definition.get("tags").and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
            tags.unwrap_or_default().contains(tag)
        });
        by_text && by_tag
    }
}

pub(super) fn by_environment<'a>(
    flag: &str,
    rows: impl Iterator<Item = &'a Configuration>,
    names: &HashMap<String, String>,
) -> Result<BTreeMap<String, ConfigurationView>, ServiceError> {
    rows.filter_map(|row| names.get(&row.environment_id).map(|name| (name, row)))
        .map(|(name, row)| Ok((name.clone(), view(flag, name, row)?)))
        .collect()
}

pub(super) fn flag_view(
    row: Flag,
    environments: BTreeMap<String, ConfigurationView>,
) -> Result<FlagView, ServiceError> {
    Ok(FlagView {
        definition: stored(&row.definition)?,
        key: row.key,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        archived_at: row.archived_at,
        environments,
    })
}
