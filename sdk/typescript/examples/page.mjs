// Server-side rendering: the page gets its flags with its HTML, and begins with them instead of asking first.
import { createServer } from "node:http";
import { flags } from "@pennon/sdk";

/** JSON that may stand in a script: what looks like a tag is escaped. */
const inScript = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");

await flags.ready();
const server = createServer((_request, response) => {
  const context = { targetingKey: "user-1", plan: "pro" };
  const title = flags.isEnabled("new_checkout_flow", context) ? "The new checkout" : "Checkout";
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(`<!doctype html>
<title>${title}</title>
<script type="application/json" id="flags">${inScript({ context, bootstrap: flags.bootstrap(context) })}</script>
<script type="module" src="/page.js"></script>
`);
});

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", () => {
  server.close(() => void flags.close());
});
