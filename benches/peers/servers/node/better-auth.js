// better-auth with its store in memory: one user, and a comparison in place of the hash.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const port = Number(process.argv[2]);
const origin = `http://127.0.0.1:${port}`;
const store = { user: [], session: [], account: [], verification: [] };
const auth = betterAuth({
  baseURL: origin,
  secret: "a secret of a bench, of no worth elsewhere",
  database: memoryAdapter(store),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: "error" },
  emailAndPassword: {
    enabled: true,
    password: {
      hash: async (password) => `plain:${password}`,
      verify: async ({ hash, password }) => hash === `plain:${password}`,
    },
  },
});
await auth.api.signUpEmail({
  body: { name: "demo", email: "demo@example.com", password: "Ch4ng31t" },
});
createServer(toNodeHandler(auth)).listen(port, "127.0.0.1");
