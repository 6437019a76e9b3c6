//! The harness itself: what the other tests take for granted.

use crate::support::{Home, Server, wait_until};

on_both! {
    fn a_server_starts_answers_and_hands_out_the_keys_of_its_first_run(server: Server) {
        server.anonymous().get("/health/ready").expect(200);
        server.owner().get("/api/v1/whoami").expect(200);
        server.anonymous().get("/api/v1/whoami").expect(401);
        let on = server.evaluate(&server.server_key, "new_checkout_flow", r#"{"targetingKey": "user-1"}"#);
        assert_eq!(on.status, 200, "{on}");
    }

    fn a_server_starts_again_on_the_same_data_at_the_same_address(given: Server) {
        let mut server = given;
        let before = server.address.clone();
        server.owner().post("/api/v1/projects/default/flags").json(r#"{"key": "kept"}"#).expect(201);
        server.kill();
        server.start();
        assert_eq!(server.address, before);
        server.owner().get("/api/v1/projects/default/flags/kept").expect(200);
        assert!(server.stop().success());
        server.start();
        server.owner().get("/api/v1/projects/default/flags/kept").expect(200);
    }

    fn a_server_that_is_stopped_for_a_while_goes_on(server: Server) {
        server.signal("STOP");
        assert!(server.anonymous().patient(std::time::Duration::from_millis(100)).get("/health/live").try_send().is_err());
        server.signal("CONT");
        server.anonymous().get("/health/ready").expect(200);
    }
}

#[test]
fn two_nodes_share_one_database() {
    let first = Server::on(Home::postgres());
    let mut second = first.beside("node-2", &[]);
    second.start();
    let made = first.owner().post("/api/v1/projects/default/flags").json(r#"{"key": "shared"}"#).expect(201);
    let there = wait_until("the other node serves the flag", || {
        Some(second.evaluate(&second.server_key, "shared", "{}")).filter(|answer| answer.status == 200)
    });
    assert_eq!(there.text_at("/key"), made.text_at("/key"));
}
