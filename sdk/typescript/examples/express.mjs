// Express: each request's user is around all that the request does, so that code far below need not be told.
import express from "express";
import { flags } from "@pennon/sdk";

const app = express();

app.use((request, _response, next) => {
  flags.withContext({ userId: request.get("x-user"), plan: request.get("x-plan") }, next);
});

app.get("/checkout", (_request, response) => {
  response.json(checkout());
});

// What a balancer asks: an instance without flags is ready too, it serves the code's defaults.
app.get("/health", (_request, response) => {
  const { state, revision } = flags.status();
  response.json({ flags: state, revision });
});

function checkout() {
  return { flow: flags.isEnabled("new_checkout_flow") ? "new" : "legacy" };
}

await flags.ready();
const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", () => {
  server.close(() => void flags.close());
});
