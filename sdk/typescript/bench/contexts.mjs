// Contexts as a web application makes them, one for each of so many users, and the numbers that every system shares.

/** How many users take turns, so that nothing is remembered from the call before. */
export const USERS = 64;
export const IDS = 10_000;
export const FLAGS = 500;
export const COUNTRIES = ["de", "at", "ch", "fr", "it", "es", "pt", "nl", "be", "lu"];

/** The user's id: one of those in the list of ids. */
const idOf = (user) => `user-${(user * 151) % IDS}`;

/** The attributes of each user; `key` is what the system calls the user's id. */
export function contexts(key) {
  return Array.from({ length: USERS }, (_, user) => ({
    [key]: idOf(user),
    country: COUNTRIES[user % COUNTRIES.length],
    appVersion: `2.${10 + (user % 8)}.3`,
    age: 42,
    plan: "pro",
    email: "ada@example.com",
    beta: false,
  }));
}

/** The ids of a long list. */
export const ids = Array.from({ length: IDS }, (_, number) => `user-${number}`);

/** The least age of each of ten rules: only the last holds for anybody, and all three conditions of each are looked at. */
export const leastAges = Array.from({ length: 10 }, (_, rule) => (rule === 9 ? 18 : 1_000 + rule));

/** What the flags of an environment are: most are simple, some rolled out, some targeted. */
export const kindOf = (number) => (number % 5 === 0 ? "rollout" : number % 5 === 1 ? "targeted" : "simple");
