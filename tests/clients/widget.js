// An application with the published login widget: `widget.html?journey=…&server=…`.
//
// What the widget tells the application stands in `window.told`; a person does the rest.

import Widget, { configuration, journey, user } from "/clients/node_modules/@forgerock/login-widget/index.js";

const query = new URLSearchParams(location.search);
configuration().set({
  forgerock: {
    serverConfig: { baseUrl: `${query.get("server")}/am/`, timeout: 30000 },
    realmPath: "alpha",
  },
});
window.told = {};
window.logOut = () => user.logout();

new Widget({ target: document.getElementById("widget"), props: { type: "inline" } });
// There is no OAuth here, so neither tokens nor what they would open.
const events = journey({ oauth: false, user: false });
events.subscribe((event) => {
  const { completed, successful, error, response } = event.journey;
  window.told = { completed, successful, error: error?.message ?? null, realm: response?.realm ?? null };
  if (successful) document.body.id = "over";
});
events.start({ journey: query.get("journey") });
