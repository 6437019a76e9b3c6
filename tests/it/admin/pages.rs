//! Pages: every item once, in order, whatever the size.

use crate::support::paths::{configure, development, flag, make, project};
use crate::support::{Client, Server};

/// Reads every page; answers the member of each item, and how many pages there were.
fn walk(client: &Client, path: &str, limit: u32, member: &str) -> (Vec<String>, usize) {
    let mut found = Vec::new();
    let mut pages = 0;
    let mut cursor = String::new();
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = client.get(&format!("{path}{sign}limit={limit}&cursor={cursor}")).expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        found.extend(items.iter().map(|item| item.pointer(member).unwrap().to_string().replace('"', "")));
        pages += 1;
        match page.get("nextCursor") {
            None => return (found, pages),
            Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
        }
        assert!(pages < 100, "the pages do not end");
    }
}

on_both! {
    fn every_list_gives_each_item_once(server: Server) {
        let owner = server.owner();
        let keys = ["A", "a", "a-b", "a.b", "a_b", "b"];
        for key in keys {
            make(&owner, &format!(r#"{{"key": "{key}"}}"#));
            owner.post("/api/v1/projects").json(&format!(r#"{{"key": "p{key}"}}"#)).expect(201);
            for kind in ["segments", "layers"] {
                owner.post(&project(&format!("/{kind}"))).reason("r").json(&format!(r#"{{"key": "{key}"}}"#)).expect(201);
            }
            let body = format!(r#"{{"kind": "server", "name": "{key}", "environment": "development"}}"#);
            owner.post(&project("/keys")).json(&body).expect(201);
            let body = format!(r#"{{"kind": "api", "name": "{key}", "grants": [{{"role": "viewer"}}]}}"#);
            owner.post("/api/v1/keys").json(&body).expect(201);
        }
        // One order on both databases: by bytes.
        let mut want: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        want.sort();
        for limit in [1, 2, 3, 6, 7, 200] {
            let pages = |total: usize| total.div_ceil(limit as usize);
            for kind in ["segments", "layers"] {
                assert_eq!(walk(&owner, &project(&format!("/{kind}")), limit, "/key"), (want.clone(), pages(6)));
            }
            let (flags, _) = walk(&owner, &project("/flags"), limit, "/key");
            assert_eq!(flags, [want.clone(), vec!["new_checkout_flow".to_owned()]].concat());
            let (projects, _) = walk(&owner, "/api/v1/projects", limit, "/key");
            let prefixed = want.iter().map(|key| format!("p{key}"));
            assert_eq!(projects, std::iter::once("default".to_owned()).chain(prefixed).collect::<Vec<_>>());
            assert_eq!(walk(&owner, &project("/keys"), limit, "/name").0.len(), 8);
            assert_eq!(walk(&owner, "/api/v1/keys", limit, "/name").0[1..], keys);
        }
    }

    fn histories_and_the_audit_log_come_in_pages_newest_first(server: Server) {
        let owner = server.owner();
        make(&owner, r#"{"key": "f"}"#);
        for number in 1..=4 {
            configure(&owner, "f", &format!(r#"{{"fallthrough": {{"variant": null, "split": [{{"variant": "on", "weight": {number}}}, {{"variant": "off", "weight": {}}}]}}}}"#, 100_000 - number));
            owner.patch(&flag("f")).header("If-Match", "*").json(&format!(r#"{{"description": "{number}"}}"#)).expect(200);
        }
        let want = ["5", "4", "3", "2", "1"];
        for limit in [1, 2, 5, 6] {
            assert_eq!(walk(&owner, &development("f", "/history"), limit, "/version").0, want);
            assert_eq!(walk(&owner, &format!("{}/history", flag("f")), limit, "/version").0, want);
            let (audit, _) = walk(&owner, &project("/audit?key=f"), limit, "/seq");
            let numbers: Vec<i64> = audit.iter().map(|seq| seq.parse().unwrap()).collect();
            assert!(numbers.len() == 9 && numbers.windows(2).all(|pair| pair[0] > pair[1]), "{numbers:?}");
        }
    }

    fn a_page_that_cannot_be_is_refused(server: Server) {
        let owner = server.owner();
        for query in ["limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=9223372036854775808", "q=%00", "archived=maybe"] {
            owner.get(&project(&format!("/flags?{query}"))).refused(400, "invalid_query");
        }
        for path in [project("/audit"), format!("{}/history", flag("new_checkout_flow"))] {
            for query in ["cursor=x", "cursor=-1", "limit=0"] {
                owner.get(&format!("{path}?{query}")).refused(400, "invalid_query");
            }
        }
        assert_eq!(owner.get(&project("/flags?limit=200&cursor=zzz")).expect(200).text(), r#"{"items":[]}"#);
    }
}
