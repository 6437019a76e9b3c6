//! An environment that is archived ends its streams, and says so.

use super::Lively;
use super::endings::streams_of;
use crate::support::Opening;
use crate::support::paths::project;

on_both! {
    fn streams_of_an_archived_environment_end(lively: Lively) {
        let server = lively.0;
        let openings = streams_of(&server, "server", &server.server_key);
        let mut streams: Vec<_> = openings.iter().map(Opening::listen).collect();
        let body = r#"{"kind": "server", "name": "p", "environment": "production"}"#;
        let other = server.owner().post(&project("/keys")).json(body).expect(201).text_at("/secret");
        let mut other = server.stream_with(&other).listen();
        server.owner().delete(&project("/environments/development")).if_match(1).expect(200);
        for stream in &mut streams {
            stream.next_event().expect("the first event");
            stream.goodbye("environment");
        }
        for opening in openings {
            opening.refused(401);
        }
        other.event("put");
        other.heartbeats(2);
    }
}
