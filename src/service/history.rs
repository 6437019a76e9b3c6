//! Histories: every version of a definition, a configuration, a segment or a layer, newest first.

use super::configurations::{Place, no_flag};
use super::error::ServiceError;
use super::request::Request;
use super::shared::SharedPlace;
use super::validation::stored;
use super::view::{Page, VersionView};
use super::{PAGE_LIMIT, Service};
use crate::domain::role::Permission;
use crate::store::version::{self, Version};
use crate::store::{environment, flag, shared};

/// A part of a history.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Only versions below this one.
    pub below: Option<i64>,
    /// How many.
    pub limit: i64,
}

impl Service {
    /// The history of a flag's definition.
    pub async fn definition_history(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        span: Span,
    ) -> Result<Page<VersionView>, ServiceError> {
        let project = self.project(request, project).await?;
        let row = flag::get(self.db(), &project.id, key).await?.ok_or_else(|| no_flag(key))?;
        self.versions(&row.id, "", span).await
    }

    /// The history of a flag's configuration in one environment.
    pub async fn configuration_history(
        &self,
        request: &Request,
        place: Place<'_>,
        span: Span,
    ) -> Result<Page<VersionView>, ServiceError> {
        let project = self.project(request, place.project).await?;
        let allowed = request.caller.may(Permission::Read, place.project, Some(place.environment));
        allowed.map_err(|denied| ServiceError::denied(&denied, "environment", place.environment))?;
        let found = environment::get(self.db(), place.project, place.environment).await?;
        let found = found.ok_or_else(|| ServiceError::NotFound {
            kind: "environment",
            key: place.environment.to_owned(),
        })?;
        let row = flag::get(self.db(), &project.id, place.flag).await?.ok_or_else(|| no_flag(place.flag))?;
        self.versions(&row.id, &found.id, span).await
    }

    /// The history of a segment or a layer.
    pub async fn shared_history(
        &self,
        request: &Request,
        place: SharedPlace<'_>,
        span: Span,
    ) -> Result<Page<VersionView>, ServiceError> {
        let project = self.project(request, place.project).await?;
        let row = shared::get(self.db(), &project.id, place.kind, place.key).await?;
        let row = row
            .ok_or_else(|| ServiceError::NotFound { kind: place.kind.as_str(), key: place.key.to_owned() })?;
        self.versions(&row.id, "", span).await
    }

    async fn versions(
        &self,
        resource: &str,
        environment: &str,
        span: Span,
    ) -> Result<Page<VersionView>, ServiceError> {
        let limit = span.limit.clamp(1, PAGE_LIMIT);
        let below = span.below.unwrap_or(i64::MAX);
        let rows = version::page(self.db(), resource, environment, below, limit + 1).await?;
        let page = Page::cut_within(rows, limit, |row| row.document.len(), |row| row.version.to_string());
        let items = page.items.iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }
}

fn view(row: &Version) -> Result<VersionView, ServiceError> {
    Ok(VersionView {
        version: row.version,
        action: row.action.clone(),
        actor: row.actor.clone(),
        reason: row.reason.clone(),
        revision: (row.revision > 0).then_some(row.revision),
        at: row.created_at,
        document: stored(&row.document)?,
    })
}
