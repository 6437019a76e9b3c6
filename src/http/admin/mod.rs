//! The admin API: one file per resource. Wire types stand beside the handlers that use them.

pub mod audit;
pub mod audit_stream;
pub mod configurations;
pub mod environments;
pub mod flags;
pub mod instances;
pub mod keys;
mod patched;
pub mod projects;
pub mod schema;
pub mod shared;
pub mod usage;
pub mod versions;
pub mod whoami;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

/// Every route of the admin API.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(whoami::whoami))
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(projects::get_project, projects::edit_project, projects::archive_project))
        .routes(routes!(environments::list_environments, environments::create_environment))
        .routes(routes!(
            environments::get_environment,
            environments::edit_environment,
            environments::archive_environment
        ))
        .routes(routes!(environments::new_epoch))
        .routes(routes!(flags::list_flags, flags::create_flag))
        .routes(routes!(flags::get_flag, flags::edit_flag, flags::archive_flag))
        .routes(routes!(flags::restore_flag))
        .routes(routes!(flags::revert_flag))
        .routes(routes!(flags::flag_history))
        .routes(routes!(configurations::get_configuration, configurations::edit_configuration))
        .routes(routes!(configurations::turn_on))
        .routes(routes!(configurations::turn_off))
        .routes(routes!(configurations::roll_out))
        .routes(routes!(configurations::set_weights))
        .routes(routes!(configurations::set_targets))
        .routes(routes!(configurations::edit_rules))
        .routes(routes!(configurations::copy_configuration))
        .routes(routes!(configurations::revert_configuration))
        .routes(routes!(configurations::explain))
        .routes(routes!(configurations::configuration_history))
        .routes(routes!(shared::list_segments, shared::create_segment))
        .routes(routes!(shared::get_segment, shared::edit_segment, shared::archive_segment))
        .routes(routes!(shared::restore_segment))
        .routes(routes!(shared::revert_segment))
        .routes(routes!(shared::segment_history))
        .routes(routes!(shared::list_layers, shared::create_layer))
        .routes(routes!(shared::get_layer, shared::edit_layer, shared::archive_layer))
        .routes(routes!(shared::restore_layer))
        .routes(routes!(shared::revert_layer))
        .routes(routes!(shared::layer_history))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::get_key, keys::revoke_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(keys::list_tokens, keys::create_token))
        .routes(routes!(keys::get_token, keys::revoke_token))
        .routes(routes!(keys::rotate_token))
        .routes(routes!(instances::list_instances))
        .routes(routes!(usage::get_usage))
        .routes(routes!(usage::list_unknown_flags))
        .routes(routes!(audit::project_audit))
        .routes(routes!(audit::project_audit_head))
        .routes(routes!(audit::installation_audit))
        .routes(routes!(audit::installation_audit_head))
        .routes(routes!(audit_stream::stream_project_audit))
        .routes(routes!(audit_stream::stream_installation_audit))
}
