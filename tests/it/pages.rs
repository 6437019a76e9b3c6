//! What operators and curious people open: metrics, the API's page and document, and what the logs do not say.

use crate::support::{Home, Server, wait_until};

on_both! {
    fn metrics_tell_how_the_node_is(server: Server) {
        server.evaluate(&server.server_key, "new_checkout_flow", "{}");
        server.owner().post("/api/v1/projects/default/flags/new_checkout_flow/environments/development/off").json("{}").expect(200);
        let answer = server.anonymous().get("/metrics").expect(200);
        assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"), "{answer}");
        let text = answer.text();
        for line in [
            "pennon_evaluations_total{kind=\"single\"} 1",
            "pennon_database_up 1",
            "pennon_environment_revision{project=\"default\",environment=\"development\"} 1",
            "pennon_keys 3",
            "# HELP pennon_build_info Always 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        // A label never carries what a caller typed: paths that are not there share one name.
        server.anonymous().get("/no/such/path").expect(404);
        let text = server.anonymous().get("/metrics").expect(200).text();
        assert!(text.contains("route=\"unmatched\"") && !text.contains("/no/such/path"), "{text}");
    }
}

#[test]
fn the_page_of_the_api_shows_every_operation_and_loads_nothing_from_elsewhere() {
    let server = Server::with(Home::sqlite(), &[("PENNON_BASE_PATH", "/flags")]);
    let page = server.anonymous().get("/docs").expect(200);
    assert!(page.header("content-type").starts_with("text/html"), "{page}");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"), "{page}");
    let text = page.text();
    assert!(
        !text.contains("://") && !text.contains("<script"),
        "the page refers to another host or runs a script"
    );
    let document = server.anonymous().get("/openapi.json").expect(200).json();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(text.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
    }
}

#[test]
fn the_logs_tell_what_happened_and_never_a_key_a_context_or_a_query() {
    let server =
        Server::with(Home::sqlite(), &[("PENNON_LOG_FORMAT", "json"), ("PENNON_LOG_LEVEL", "debug")]);
    server.evaluate(
        &server.server_key,
        "new_checkout_flow",
        r#"{"targetingKey": "person-4711", "email": "a@example.com"}"#,
    );
    server.owner().get("/api/v1/projects/default/flags?q=secret-search").expect(200);
    server.anonymous().with("authorization", "Bearer pnn_api_guessed").get("/api/v1/whoami").expect(401);
    let log = wait_until("the last request is logged", || {
        Some(server.log()).filter(|log| log.contains("/api/v1/whoami"))
    });
    for secret in
        ["person-4711", "a@example.com", "secret-search", "pnn_api_", "pnn_srv_", "pnn_cli_", "Bearer"]
    {
        assert!(!log.contains(secret), "the log holds {secret}:\n{log}");
    }
    let lines: Vec<serde_json::Value> =
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let request = lines
        .iter()
        .find(|line| line["http.route"] == "/api/v1/projects/{project}/flags")
        .expect("a line of the request");
    assert_eq!(request["http.status"], 200);
    assert!(request["request.id"].as_str().is_some_and(|id| !id.is_empty()), "{request}");
}
