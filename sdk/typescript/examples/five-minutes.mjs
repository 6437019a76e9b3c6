// The shortest program: PENNON_URL and PENNON_SDK_KEY say where flags come from.
import { flags } from "@pennon/sdk";

await flags.ready();
const flow = flags.isEnabled("new_checkout_flow", { userId: "user-1" }) ? "new" : "legacy";
console.log(`checkout: ${flow}`);
await flags.close();
