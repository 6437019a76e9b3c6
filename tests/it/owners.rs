//! Owners: their token is told or nothing is made, one of them is always left, and there is a way back for a lost one.

use crate::support::{Home, Server};

on_both! {
    fn a_first_run_whose_keys_cannot_be_written_makes_nothing(home: Home) {
        let nowhere = home.path("a-file");
        std::fs::write(&nowhere, "").unwrap();
        let mut server = Server::not_started(home, &[("PENNON_BOOTSTRAP_FILE", nowhere.join("keys.json").to_str().unwrap())]);
        server.launch();
        assert!(!server.wait_for_exit().success());
        assert!(server.log().contains("--bootstrap-file"), "{}", server.log());
        // Nothing was made: the next start, told a better place, is the first run.
        let mut server = server.beside("node-2", &[]);
        server.start();
        server.owner().get("/api/v1/whoami").expect(200);
        // Later starts have nothing to write, so the place does not matter.
        server.kill();
        let mut server = server.beside("node-3", &[("PENNON_BOOTSTRAP_FILE", nowhere.join("keys.json").to_str().unwrap())]);
        server.start();
        server.owner().get("/api/v1/whoami").expect(200);
    }
}
