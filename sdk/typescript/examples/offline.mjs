// Offline: serves a snapshot that was saved before, and needs neither a server nor a key. Save one with
//   curl -H "Authorization: Bearer $PENNON_SDK_KEY" $PENNON_URL/api/v1/sdk/snapshot > flags.json
import { readFileSync } from "node:fs";
import { createClient } from "@pennon/sdk";

const client = createClient({ bootstrap: readFileSync(process.argv[2] ?? "flags.json", "utf8") });
console.log(client.isEnabled("new_checkout_flow", { userId: "user-1" }), client.status().source);
