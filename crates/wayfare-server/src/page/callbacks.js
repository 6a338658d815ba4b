// One widget for each kind of callback: its elements, how it is filled in, what it checks.
//
// A widget is { elements, buttons?, fill?, check?, focus?, waits? }. `fill` writes the answer into the
// callback, which goes back to the server as it came.

const output = (callback, name) => callback.output?.find((entry) => entry.name === name)?.value;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function set(callback, value, at = 0) {
  if (callback.input?.[at]) callback.input[at].value = value;
}

/** A labelled field with a place for a problem. */
function field(callback, at, input, say, required, problem = "") {
  const id = `field-${at}`;
  const told = element("span", { className: "problem", id: `${id}-problem`, textContent: problem });
  input.id = id;
  input.name = callback.input?.[0]?.name ?? id;
  input.setAttribute("aria-describedby", told.id);
  if (problem) input.setAttribute("aria-invalid", "true");
  const prompt = output(callback, "prompt") || callback.type.replace(/Callback$/, "");
  const label = element("label", { htmlFor: id, textContent: prompt });
  const inner = input.type === "password" ? secret(input, say) : input;
  input.addEventListener("input", () => {
    input.removeAttribute("aria-invalid");
    told.textContent = "";
  });
  return {
    elements: [element("div", { className: "field" }, label, inner, told)],
    fill: () => set(callback, input.value),
    focus: () => input.focus(),
    check: () => {
      if (!required || input.value) return true;
      input.setAttribute("aria-invalid", "true");
      told.textContent = say.empty;
      return false;
    },
  };
}

/** A password field with a button that shows what was typed. */
function secret(input, say) {
  const button = element("button", { type: "button", textContent: say.show });
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? say.hide : say.show;
    button.setAttribute("aria-pressed", String(shown));
    input.focus();
  });
  return element("div", { className: "secret" }, input, button);
}

function textField(callback, at, say, properties, required = true) {
  const input = element("input", { type: "text", spellcheck: false, autocapitalize: "none", ...properties });
  return field(callback, at, input, say, required, failures(callback));
}

/** What the policies that were not met say. */
function failures(callback) {
  const failed = output(callback, "failedPolicies") ?? [];
  return failed.map((text) => {
    try {
      const policy = typeof text === "string" ? JSON.parse(text) : text;
      const params = Object.values(policy.params ?? {}).join(", ");
      const name = String(policy.policyRequirement ?? "").toLowerCase().replaceAll("_", " ");
      return params ? `${name}: ${params}` : name;
    } catch {
      return String(text);
    }
  }).join("; ");
}

function passwordField(callback, at, say, fresh) {
  const code = /one.?time|otp|\bcode\b|\bpin\b/i.test(output(callback, "prompt") ?? "");
  const input = element("input", {
    type: code ? "text" : "password",
    autocomplete: code ? "one-time-code" : fresh ? "new-password" : "current-password",
    spellcheck: false,
    autocapitalize: "none",
  });
  if (code) input.inputMode = "numeric";
  return field(callback, at, input, say, true, failures(callback));
}

function choice(callback, at) {
  const choices = output(callback, "choices") ?? [];
  const chosen = Number(callback.input?.[0]?.value ?? output(callback, "defaultChoice") ?? 0);
  const prompt = output(callback, "prompt") ?? "";
  if (choices.length > 6) {
    const select = element("select", { id: `field-${at}` },
      ...choices.map((text, index) => element("option", { value: index, textContent: text, selected: index === chosen })));
    return {
      elements: [element("div", { className: "field" },
        element("label", { htmlFor: select.id, textContent: prompt }), select)],
      fill: () => set(callback, Number(select.value)),
      focus: () => select.focus(),
    };
  }
  const radios = choices.map((text, index) => {
    const radio = element("input", { type: "radio", name: `field-${at}`, value: index, checked: index === chosen });
    return [radio, element("label", { className: "radio" }, radio, text)];
  });
  return {
    elements: [element("fieldset", {}, element("legend", { textContent: prompt }), ...radios.map(([, label]) => label))],
    fill: () => set(callback, Math.max(radios.findIndex(([radio]) => radio.checked), 0)),
    focus: () => radios[0]?.[0].focus(),
  };
}

function confirmation(callback) {
  const options = output(callback, "options") ?? [];
  const preset = Number(output(callback, "defaultOption") ?? 0);
  let pressed = callback.input?.[0]?.value ?? preset;
  const prompt = output(callback, "prompt");
  const buttons = options.map((text, index) => {
    const button = element("button", { type: "submit", textContent: text, value: index });
    if (options.length > 1 && index > 0) button.className = "second";
    button.addEventListener("click", () => { pressed = index; });
    return button;
  });
  return {
    elements: prompt ? [message(prompt, output(callback, "messageType"))] : [],
    buttons,
    fill: () => set(callback, pressed),
  };
}

function message(text, kind) {
  const names = { 0: "", 1: "warning", 2: "error" };
  return element("p", { className: `text ${names[Number(kind)] ?? ""}`.trim(), textContent: text ?? "" });
}

function polling(callback, say) {
  const text = output(callback, "message") || say.wait;
  const wait = Math.min(Math.max(Number(output(callback, "waitTime")) || 1000, 100), 3_600_000);
  const element_ = element("p", { className: "text wait", textContent: text });
  element_.setAttribute("role", "status");
  return { elements: [element_], waits: wait };
}

/** The widget for a callback; kinds that are only data have no elements. */
export function widgetFor(callback, at, _all, say) {
  switch (callback.type) {
    case "NameCallback":
      return textField(callback, at, say, { autocomplete: "username", value: callback.input?.[0]?.value ?? "" });
    case "ValidatedCreateUsernameCallback":
      return textField(callback, at, say, { autocomplete: "username", value: callback.input?.[0]?.value ?? "" });
    case "PasswordCallback":
      return passwordField(callback, at, say, false);
    case "ValidatedCreatePasswordCallback":
      return passwordField(callback, at, say, true);
    case "TextInputCallback":
      return textField(callback, at, say, { value: callback.input?.[0]?.value || output(callback, "defaultText") || "" });
    case "ChoiceCallback":
      return choice(callback, at);
    case "ConfirmationCallback":
      return confirmation(callback);
    case "PollingWaitCallback":
      return polling(callback, say);
    case "TextOutputCallback":
      // Kind 4 is a script for the page, which this page does not run.
      if (String(output(callback, "messageType")) === "4") return { elements: [] };
      return { elements: [message(output(callback, "message"), output(callback, "messageType"))] };
    case "SuspendedTextOutputCallback":
      return { elements: [message(output(callback, "message"), output(callback, "messageType"))] };
    default:
      // Hidden values, metadata and redirects show nothing; kinds this page does not know go back as they came.
      return { elements: [] };
  }
}
