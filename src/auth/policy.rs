//! What a caller may do where. Pure: grants and a place in, yes or no out.

use std::collections::BTreeSet;

use crate::domain::key::Key;
use crate::domain::role::{Grant, Permission, Role};

/// Who makes a change, as the audit log tells it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// A stable id, such as `token:0190…` or `system`.
    pub id: String,
    /// The name, for people.
    pub name: String,
    /// What was granted.
    pub grants: Vec<Grant>,
    /// The address the request came from, "" for the system itself.
    pub address: String,
    /// The id of the request, "" for the system itself.
    pub request_id: String,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// Outside the caller's scope: it is told that there is no such thing (404).
    Hidden,
    /// Inside the scope, without the permission (403).
    Lacks {
        /// The lowest role that may.
        needs: Role,
        /// What was asked for, for messages.
        what: &'static str,
    },
}

impl Caller {
    /// The server itself: first run, migrations, pruning.
    #[must_use]
    pub fn system() -> Caller {
        Caller {
            id: "system".to_owned(),
            name: "pennon".to_owned(),
            grants: vec![Grant::owner()],
            address: String::new(),
            request_id: String::new(),
        }
    }

    /// May this caller do this in this project (all of it, when no environment is named)?
    ///
    /// Reading what a project shares needs any grant in the project; changing it needs one for the whole project.
    pub fn may(&self, what: Permission, project: &str, environment: Option<&str>) -> Result<(), Denied> {
        let in_project = |grant: &&Grant| grant.project.as_ref().is_none_or(|key| key.as_str() == project);
        let in_scope = |grant: &&Grant| match (environment, &grant.environment) {
            (Some(wanted), Some(granted)) => wanted == granted.as_str(),
            (None, Some(_)) => what == Permission::Read,
            (_, None) => true,
        };
        let visible = match environment {
            Some(_) => self.grants.iter().filter(in_project).any(|grant| in_scope(&grant)),
            None => self.grants.iter().any(|grant| in_project(&grant)),
        };
        if !visible {
            return Err(Denied::Hidden);
        }
        let best = self.grants.iter().filter(in_project).filter(in_scope).map(|grant| grant.role).max();
        if best.is_some_and(|role| role >= what.needs()) {
            return Ok(());
        }
        Err(Denied::Lacks { needs: what.needs(), what: what.describe() })
    }

    /// May this caller do this for the whole installation?
    pub fn may_everywhere(&self, what: Permission) -> Result<(), Denied> {
        let best = self
            .grants
            .iter()
            .filter(|grant| grant.project.is_none() && grant.environment.is_none())
            .map(|grant| grant.role)
            .max();
        if best.is_some_and(|role| role >= what.needs()) {
            return Ok(());
        }
        Err(Denied::Lacks { needs: what.needs(), what: what.describe() })
    }

    /// Does this caller see this project at all?
    #[must_use]
    pub fn sees_project(&self, project: &str) -> bool {
        self.may(Permission::Read, project, None).is_ok()
    }

    /// The projects this caller sees, in order; None is all of them.
    #[must_use]
    pub fn projects(&self) -> Option<BTreeSet<&str>> {
        self.grants.iter().map(|grant| grant.project.as_ref().map(Key::as_str)).collect()
    }

    /// Does this caller read all of this project, every environment of it?
    pub fn may_read_whole(&self, project: &str) -> Result<(), Denied> {
        if !self.sees_project(project) {
            return Err(Denied::Hidden);
        }
        let whole = |grant: &Grant| {
            grant.environment.is_none() && grant.project.as_ref().is_none_or(|key| key.as_str() == project)
        };
        if self.grants.iter().any(whole) {
            return Ok(());
        }
        Err(Denied::Lacks { needs: Role::Viewer, what: "reading the audit log of every environment" })
    }

    /// Does this caller hold at least these grants themselves? Nobody gives away more than they have.
    #[must_use]
    pub fn holds(&self, wanted: &Grant) -> bool {
        self.grants.iter().any(|own| {
            own.role >= wanted.role
                && (own.project.is_none() || own.project == wanted.project)
                && (own.environment.is_none() || own.environment == wanted.environment)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Denied, Grant, Permission, Role};
    use crate::domain::key::Key;

    fn caller(grants: &[(Role, Option<&str>, Option<&str>)]) -> Caller {
        let key = |text: &str| Key::parse(text).unwrap();
        let grants = grants
            .iter()
            .map(|(role, project, environment)| Grant {
                role: *role,
                project: project.map(key),
                environment: environment.map(key),
            })
            .collect();
        Caller { grants, ..Caller::system() }
    }

    #[test]
    fn outside_the_scope_is_hidden_and_inside_without_the_permission_is_told() {
        let viewer = caller(&[(Role::Viewer, Some("shop"), None)]);
        assert_eq!(viewer.may(Permission::Read, "shop", Some("production")), Ok(()));
        assert_eq!(viewer.may(Permission::Read, "bank", None), Err(Denied::Hidden));
        let lacks = viewer.may(Permission::Edit, "shop", None).unwrap_err();
        assert_eq!(lacks, Denied::Lacks { needs: Role::Editor, what: "editing" });
    }

    #[test]
    fn a_grant_for_one_environment_edits_there_and_reads_what_is_shared() {
        let editor = caller(&[(Role::Editor, Some("shop"), Some("development"))]);
        assert_eq!(editor.may(Permission::Edit, "shop", Some("development")), Ok(()));
        assert_eq!(editor.may(Permission::Edit, "shop", Some("production")), Err(Denied::Hidden));
        assert_eq!(editor.may(Permission::Read, "shop", None), Ok(()));
        assert!(matches!(editor.may(Permission::Edit, "shop", None), Err(Denied::Lacks { .. })));
    }

    #[test]
    fn the_highest_of_several_grants_counts_and_each_role_may_what_lower_ones_may() {
        let mixed = caller(&[(Role::Viewer, None, None), (Role::Admin, Some("shop"), None)]);
        assert_eq!(mixed.may(Permission::EditProtected, "shop", Some("production")), Ok(()));
        assert_eq!(mixed.may(Permission::TurnOff, "shop", Some("production")), Ok(()));
        assert!(mixed.may(Permission::Edit, "bank", Some("production")).is_err());
        assert!(mixed.may_everywhere(Permission::ManageKeys).is_err());
        assert_eq!(mixed.may_everywhere(Permission::Read), Ok(()));
    }

    #[test]
    fn a_caller_sees_the_projects_of_their_grants() {
        let two = caller(&[(Role::Viewer, Some("shop"), Some("dev")), (Role::Admin, Some("bank"), None)]);
        assert_eq!(two.projects().unwrap().into_iter().collect::<Vec<_>>(), ["bank", "shop"]);
        assert_eq!(
            caller(&[(Role::Viewer, Some("shop"), None), (Role::Viewer, None, None)]).projects(),
            None
        );
        assert!(caller(&[]).projects().unwrap().is_empty());
    }

    #[test]
    fn nobody_gives_away_more_than_they_have() {
        let admin = caller(&[(Role::Admin, Some("shop"), None)]);
        let shop = Some(Key::parse("shop").unwrap());
        assert!(admin.holds(&Grant { role: Role::Editor, project: shop.clone(), environment: None }));
        assert!(!admin.holds(&Grant { role: Role::Owner, project: shop, environment: None }));
        assert!(!admin.holds(&Grant { role: Role::Viewer, project: None, environment: None }));
    }
}
