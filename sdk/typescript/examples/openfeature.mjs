// OpenFeature: the same flags behind the vendor-neutral API, with its events and its tracking.
import { OpenFeature, ProviderEvents } from "@openfeature/server-sdk";
import { PennonProvider } from "@pennon/sdk/openfeature";

// Without options the provider has the client of PENNON_URL and PENNON_SDK_KEY.
await OpenFeature.setProviderAndWait(new PennonProvider());
const client = OpenFeature.getClient();
client.addHandler(ProviderEvents.ConfigurationChanged, (details) => {
  console.log("changed:", details?.flagsChanged?.join(", "));
});

const context = { targetingKey: "user-1" };
console.log(await client.getBooleanValue("new_checkout_flow", false, context));
client.track("checkout", context, { value: 9.5 });
await OpenFeature.close();
