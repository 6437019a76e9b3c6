// Fastify: the same with a hook, and a decorated request instead of what is around it.
import Fastify from "fastify";
import { flags } from "@pennon/sdk";

const app = Fastify();

app.addHook("onRequest", (request, _reply, done) => {
  flags.withContext({ userId: request.headers["x-user"], plan: request.headers["x-plan"] }, done);
});

app.get("/checkout", async () => ({ flow: flags.isEnabled("new_checkout_flow") ? "new" : "legacy" }));

app.addHook("onClose", () => flags.close());

await flags.ready();
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" }));

process.once("SIGTERM", () => void app.close());
