//! Roles, what each may do, and where it is granted.

use serde::{Deserialize, Serialize};

use super::key::Key;

/// What a role lets somebody do, in rising order: each may all that the ones before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase", try_from = "String")]
pub enum Role {
    /// Reads flags and their history.
    Viewer,
    /// Edits in open environments; turns off anywhere.
    Editor,
    /// Edits in protected environments too; keys of a project.
    Admin,
    /// Everything, environments and other owners included.
    Owner,
}

/// One thing somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read flags, configurations, history, audit.
    Read,
    /// Turn a flag off, anywhere.
    TurnOff,
    /// Change what an open environment serves, or what no environment serves.
    Edit,
    /// Change what a protected environment serves.
    EditProtected,
    /// Create, rotate and revoke keys.
    ManageKeys,
    /// Create, change and archive projects and environments; begin a new epoch.
    ManageEnvironments,
}

impl Permission {
    /// The lowest role that has this permission.
    #[must_use]
    pub fn needs(self) -> Role {
        match self {
            Permission::Read => Role::Viewer,
            Permission::TurnOff | Permission::Edit => Role::Editor,
            Permission::EditProtected | Permission::ManageKeys => Role::Admin,
            Permission::ManageEnvironments => Role::Owner,
        }
    }

    /// For messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Permission::Read => "reading",
            Permission::TurnOff => "turning a flag off",
            Permission::Edit => "editing",
            Permission::EditProtected => "changing what a protected environment serves",
            Permission::ManageKeys => "managing keys",
            Permission::ManageEnvironments => "managing projects and environments",
        }
    }
}

/// From its name alone: what is derived would take `{"owner": null}` too.
impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(name: String) -> Result<Role, String> {
        [Role::Viewer, Role::Editor, Role::Admin, Role::Owner]
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| format!("there is no role \"{name}\": viewer, editor, admin or owner"))
    }
}

impl Role {
    /// The role's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }
}

impl Grant {
    /// Everything, everywhere.
    #[must_use]
    pub fn owner() -> Grant {
        Grant { role: Role::Owner, project: None, environment: None }
    }
}

/// A role and where it holds: everywhere, in one project, or in one environment of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Only in this project; absent: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub project: Option<Key>,
    /// Only in this environment of the project; absent: in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub environment: Option<Key>,
}

#[cfg(test)]
mod tests {
    use super::{Grant, Role};

    #[test]
    fn a_role_is_read_from_its_name_alone() {
        assert_eq!(serde_json::from_str::<Role>("\"editor\"").unwrap(), Role::Editor);
        for bad in ["{\"editor\":null}", "\"Editor\"", "\"root\"", "1"] {
            assert!(serde_json::from_str::<Role>(bad).is_err(), "{bad}");
        }
        let grant = Grant { role: Role::Admin, project: None, environment: None };
        assert_eq!(serde_json::to_string(&grant).unwrap(), r#"{"role":"admin"}"#);
    }
}
