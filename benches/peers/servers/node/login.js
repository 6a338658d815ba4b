// The login of the benches as a machine of xstate: name, password, check, level, and three retries.
import { assign, setup } from "xstate";

const users = new Map([["demo", "Ch4ng31t"]]);

export const machine = setup({
  guards: {
    matches: ({ context, event }) => users.get(context.name) === event.value,
    again: ({ context }) => context.tries < 3,
  },
}).createMachine({
  context: { name: "", level: 0, tries: 0 },
  initial: "username",
  states: {
    username: {
      on: {
        ANSWER: { target: "password", actions: assign({ name: ({ event }) => event.value }) },
      },
    },
    password: {
      on: {
        ANSWER: [
          { guard: "matches", target: "level" },
          {
            guard: "again",
            target: "username",
            actions: assign({ tries: ({ context }) => context.tries + 1 }),
          },
          { target: "failure" },
        ],
      },
    },
    level: {
      always: {
        target: "success",
        actions: assign({ level: ({ context }) => context.level + 10 }),
      },
    },
    success: { type: "final" },
    failure: { type: "final" },
  },
});
