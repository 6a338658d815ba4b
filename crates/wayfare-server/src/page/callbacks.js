// One widget for each kind of callback: its elements, how it is filled in, what it checks.
//
// A widget is { elements, buttons?, fill?, check?, focus?, waits?, gathers? }. `fill` writes the answer into
// the callback, which goes back to the server as it came; `gathers` is what it waits for before it can.

import { profile } from "./device.js";

const output = (callback, name) => callback.output?.find((entry) => entry.name === name)?.value;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function set(callback, value, at = 0) {
  if (callback.input?.[at]) callback.input[at].value = value;
}

/** What a script would show that draws a QR code or lists recovery codes; the script itself is not run. */
function scripted(script, say) {
  const code = script.match(/^\/\/ QR code\n[^]*?var size = (\d{1,4});\n\s*var path = "([Mhvz\d -]+)";/);
  if (code) {
    const name = "http://www.w3.org/2000/svg";
    const image = document.createElementNS(name, "svg");
    image.setAttribute("viewBox", `0 0 ${code[1]} ${code[1]}`);
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", say.qrCode);
    image.setAttribute("class", "qr");
    const squares = document.createElementNS(name, "path");
    squares.setAttribute("d", code[2]);
    image.append(squares);
    return [image];
  }
  if (!/recovery codes/i.test(script)) return [];
  const codes = [...script.matchAll(/^ {2}"([A-Za-z0-9]+)\\n" \+$/gm)].map(([, one]) => one);
  const list = element("ul", { className: "codes" }, ...codes.map((one) => element("li", { textContent: one })));
  return [
    element("h2", { textContent: say.recoveryCodes }),
    element("p", { className: "message", textContent: say.keepCodes }),
    list,
  ];
}

/** The link that opens an authenticator app on the device at hand, and the key for those who type it. */
function authenticator(callback, say) {
  const address = String(output(callback, "value") ?? "");
  const isOne = output(callback, "id") === "mfaDeviceRegistration" && /^(otpauth|pushauth|mfauth):\/\//.test(address);
  if (!isOne) return [];
  const shown = [element("a", { className: "app", href: address, textContent: say.openApp })];
  const key = address.startsWith("otpauth:") && address.match(/[?&]secret=([A-Z2-7]+)/)?.[1];
  if (key) {
    const spaced = key.replace(/(.{4})(?=.)/g, "$1 ");
    shown.push(element("details", { className: "key" },
      element("summary", { textContent: say.typeKey }), element("code", { textContent: spaced })));
  }
  return [element("div", { className: "authenticator" }, ...shown)];
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
  return field(callback, at, input, say, required, failures(callback, say));
}

/** Names are asked for so, and codes too. */
function nameHints(prompt) {
  if (/recovery code/i.test(prompt)) return { autocomplete: "off" };
  if (/\bcode\b|one.?time|\botp\b/i.test(prompt)) return { autocomplete: "one-time-code", inputMode: "numeric" };
  return { autocomplete: "username" };
}

/** What the policies that were not met say. */
function failures(callback, say) {
  const failed = output(callback, "failedPolicies") ?? [];
  return failed.map((text) => {
    try {
      return say.policy(typeof text === "string" ? JSON.parse(text) : text);
    } catch {
      return String(text);
    }
  }).join(" ");
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
  return field(callback, at, input, say, true, failures(callback, say));
}

/** A value for an attribute of the profile: a text or a number. */
function attribute(callback, at, say, number) {
  const known = { mail: "email", givenname: "given-name", sn: "family-name", username: "username", telephonenumber: "tel",
    postaladdress: "street-address", city: "address-level2", stateprovince: "address-level1",
    postalcode: "postal-code", country: "country-name" };
  const name = String(output(callback, "name") ?? "").toLowerCase();
  const value = callback.input?.[0]?.value ?? output(callback, "value");
  const widget = textField(callback, at, say, {
    value: value === null || value === undefined ? "" : String(value),
    autocomplete: known[name] ?? "off",
    inputMode: number ? "decimal" : name === "mail" ? "email" : name === "telephonenumber" ? "tel" : "text",
    required: output(callback, "required") === true,
  }, output(callback, "required") === true);
  if (!number) return widget;
  const input = widget.elements[0].querySelector("input");
  const told = widget.elements[0].querySelector(".problem");
  // People write a number as their country does; on the wire it has a point.
  const typed = () => Number(input.value.trim().replace(",", "."));
  return {
    ...widget,
    fill: () => set(callback, input.value.trim() === "" ? null : typed()),
    check: () => {
      if (!widget.check()) return false;
      if (input.value.trim() === "" || Number.isFinite(typed())) return true;
      input.setAttribute("aria-invalid", "true");
      told.textContent = say.number;
      return false;
    },
  };
}

/** A box to tick, with a place for a problem; `must` where it may not be left empty. */
function tick(callback, at, text, say, must) {
  const box = element("input", { type: "checkbox", id: `field-${at}`, checked: callback.input?.[0]?.value === true });
  box.name = callback.input?.[0]?.name ?? box.id;
  const told = element("span", { className: "problem", id: `${box.id}-problem`, textContent: failures(callback, say) });
  box.setAttribute("aria-describedby", told.id);
  box.addEventListener("change", () => {
    box.removeAttribute("aria-invalid");
    told.textContent = "";
  });
  const label = element("label", { className: "tick", htmlFor: box.id }, box, element("span", { textContent: text }));
  return {
    elements: [element("div", { className: "field" }, label, told)],
    fill: () => set(callback, box.checked),
    focus: () => box.focus(),
    check: () => {
      if (!must || box.checked) return true;
      box.setAttribute("aria-invalid", "true");
      told.textContent = say.tick;
      return false;
    },
  };
}

function terms(callback, at, say) {
  const text = element("div", { className: "terms", tabIndex: 0, textContent: output(callback, "terms") ?? "" });
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", say.terms);
  const widget = tick(callback, at, say.accept, say, true);
  return { ...widget, elements: [text, ...widget.elements] };
}

function consent(callback, at, say) {
  const fields = output(callback, "fields") ?? [];
  const shown = [element("p", { className: "text", textContent: output(callback, "message") ?? "" })];
  const about = output(callback, "displayName") || output(callback, "name") || "";
  const level = output(callback, "accessLevel");
  if (fields.length) shown.push(element("ul", { className: "fields" }, ...fields.map((text) => element("li", { textContent: text }))));
  const widget = tick(callback, at, level ? `${about} (${level})` : about, say, output(callback, "isRequired") === true);
  return { ...widget, elements: [...shown, ...widget.elements] };
}

/** A security question of those offered, or one's own, and the answer. */
function question(callback, at, say, all) {
  const offered = output(callback, "predefinedQuestions") ?? [];
  const own = output(callback, "allowUserDefinedQuestions") !== false;
  const before = all.slice(0, at).filter(({ type }) => type === "KbaCreateCallback").length;
  const had = callback.input?.[0]?.value ?? "";
  const select = element("select", { id: `field-${at}` },
    ...offered.map((text) => element("option", { value: text, textContent: text })),
    ...(own ? [element("option", { value: "", textContent: say.ownQuestion })] : []));
  // Each of several begins with another question.
  select.selectedIndex = had ? offered.indexOf(had) : Math.min(before, select.options.length - 1);
  if (had && !offered.includes(had)) select.selectedIndex = select.options.length - 1;
  const typed = element("input", { type: "text", id: `field-${at}-own`, autocomplete: "off", maxLength: 256, value: offered.includes(had) ? "" : had });
  const answer = element("input", { type: "text", id: `field-${at}-answer`, autocomplete: "off", spellcheck: false });
  const told = element("span", { className: "problem", id: `field-${at}-problem` });
  typed.setAttribute("aria-describedby", told.id);
  answer.setAttribute("aria-describedby", told.id);
  const labelled = (text, input) => element("div", { className: "field" }, element("label", { htmlFor: input.id, textContent: text }), input);
  const ownField = labelled(say.ownQuestion, typed);
  const made = () => select.value === "";
  const show = () => { ownField.hidden = !made(); };
  select.addEventListener("change", show);
  show();
  for (const input of [typed, answer]) {
    input.addEventListener("input", () => {
      input.removeAttribute("aria-invalid");
      told.textContent = "";
    });
  }
  const prompt = output(callback, "prompt") || say.question;
  const missing = () => [made() ? typed : null, answer].find((input) => input && !input.value.trim());
  return {
    elements: [element("fieldset", {}, element("legend", { textContent: prompt }),
      labelled(say.question, select), ownField, labelled(say.answer, answer), told)],
    fill: () => {
      set(callback, made() ? typed.value.trim() : select.value, 0);
      set(callback, answer.value, 1);
    },
    focus: () => (missing() ?? select).focus(),
    check: () => {
      const input = missing();
      if (!input) return true;
      input.setAttribute("aria-invalid", "true");
      told.textContent = say.empty;
      return false;
    },
  };
}

/** The providers to go to, a button each. */
function providers(callback, say) {
  let pressed = "";
  const buttons = (output(callback, "providers") ?? []).map(({ provider, uiConfig }) => {
    const local = provider === "localAuthentication";
    const text = local ? say.local : say.provider.replace("{name}", uiConfig?.buttonDisplayName || provider);
    // The key for sending sends what was filled in here, and chooses no provider.
    const button = element("button", { type: local ? "submit" : "button", textContent: text, className: local ? "" : "second" });
    button.addEventListener("click", () => {
      pressed = provider;
      if (!local) button.form.requestSubmit();
    });
    return button;
  });
  // Whoever goes elsewhere need fill in nothing.
  return { elements: [], buttons, fill: () => set(callback, pressed), leaves: () => !["", "localAuthentication"].includes(pressed) };
}

/** What the browser says of the device, gathered while a message is shown. */
function device(callback, say) {
  const text = element("p", { className: "text wait", textContent: output(callback, "message") || say.wait });
  text.setAttribute("role", "status");
  const wants = { metadata: output(callback, "metadata") === true, location: output(callback, "location") === true };
  return {
    elements: [text],
    gathers: profile(wants).then((found) => set(callback, JSON.stringify(found))),
  };
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
export function widgetFor(callback, at, all, say) {
  switch (callback.type) {
    case "NameCallback":
      return textField(callback, at, say, {
        ...nameHints(output(callback, "prompt") ?? ""), value: callback.input?.[0]?.value ?? "",
      });
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
    case "StringAttributeInputCallback":
      return attribute(callback, at, say, false);
    case "NumberAttributeInputCallback":
      return attribute(callback, at, say, true);
    case "BooleanAttributeInputCallback":
      // An answer of no is an answer: that it is required does not mean that it must be ticked.
      return tick(callback, at, output(callback, "prompt") || output(callback, "name") || "", say, false);
    case "KbaCreateCallback":
      return question(callback, at, say, all);
    case "TermsAndConditionsCallback":
      return terms(callback, at, say);
    case "ConsentMappingCallback":
      return consent(callback, at, say);
    case "SelectIdPCallback":
      return providers(callback, say);
    case "DeviceProfileCallback":
      return device(callback, say);
    case "PollingWaitCallback":
      return polling(callback, say);
    case "TextOutputCallback":
      // Kind 4 is a script for the page, which this page does not run; of two kinds it reads what they show.
      if (String(output(callback, "messageType")) === "4") {
        return { elements: scripted(String(output(callback, "message") ?? ""), say) };
      }
      return { elements: [message(output(callback, "message"), output(callback, "messageType"))] };
    case "HiddenValueCallback":
      return { elements: authenticator(callback, say) };
    case "SuspendedTextOutputCallback":
      return { elements: [message(output(callback, "message"), output(callback, "messageType"))] };
    case "MetadataCallback":
    case "RedirectCallback":
      return { elements: [] };
    default:
      // A kind that this page does not know goes back as it came, and whoever looks at it is told so.
      return { elements: [message(say.elsewhere.replace("{kind}", callback.type.replace(/Callback$/, "")), 1)] };
  }
}
