/** What the types say: this file compiles, and the lines that must not compile do not. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createClient, flags, type Client } from "../../src/server/index.js";
import { createTestClient, type TestClient } from "../../src/testing/index.js";

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- how the compiler compares types
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? unknown : never;
/** Takes a value of exactly this type. */
const exactly =
  <T>() =>
  <V>(value: V & Same<T, V>): V =>
    value;

interface Limits {
  readonly perMinute: number;
}

interface Flags {
  new_checkout_flow: boolean;
  upload_limit: number;
  theme: "dark" | "light";
  limits: Limits;
}

const limits: Limits = { perMinute: 3 };

/** Never run; only the compiler reads it. */
export function compiled(typed: Client<Flags>): void {
  exactly<number>()(flags.value("k", 3));
  exactly<string>()(flags.value("k", "x"));
  exactly<boolean>()(flags.value("k", true));
  exactly<{ a: number }>()(flags.value("k", { a: 1 }));
  exactly<Limits>()(flags.value("k", limits, { userId: 1, anything: { at: ["all"] } }));
  exactly<number>()(flags.details("k", 3).value);
  // @ts-expect-error any number may be served, not only the default
  exactly<3>()(flags.value("k", 3));
  // @ts-expect-error null is no value of a flag
  flags.value("k", null);

  typed.isEnabled("new_checkout_flow", { userId: "u" });
  // @ts-expect-error there is no such flag
  typed.isEnabled("new_checkout_flo");
  // @ts-expect-error it is no boolean
  typed.isEnabled("upload_limit");
  exactly<"dark" | "light">()(typed.value("theme", "dark"));
  // @ts-expect-error that is no theme
  typed.value("theme", "blue");
  exactly<Limits>()(typed.details("limits", { perMinute: 1 }).value);
  // @ts-expect-error it is a number
  typed.value("upload_limit", "3");
  typed.variant("theme");
  typed.onChange("theme", ({ flag, revision }) => flag + revision);
  // @ts-expect-error there is no such flag
  typed.onChange("them", () => undefined);
  // @ts-expect-error a function is no user
  flags.isEnabled("k", { userId: () => 1 });

  exactly<TestClient<Flags>>()(createTestClient<Flags>({ theme: "dark" }));
  // @ts-expect-error that is no theme
  createTestClient<Flags>({ theme: "blue" });
  const takes = (_: Client): void => undefined;
  takes(createTestClient({ anything: true }));
  exactly<Client<Flags>>()(createClient<Flags>({}));
}

it("compiles, and the lines that must not compile do not", () => {
  assert.equal(typeof compiled, "function");
});
