// Callbacks: the classes by which scripts ask, with their constructors' overloads and their getters.
//
// A callback is a kind and what is in it. Those that were sent come back with their answers, and are the same
// classes then; `encoded` and `revived` are the way out and in.

import { beans, UnknownClass } from './core.js';
import { ArrayList, JavaError, fromJson, items, shown, toJson } from './collections.js';
import { JsonValue } from './json.js';
import { Chars, text } from './text.js';

export const packages = {};

const INFORMATION = 0, WARNING = 1, ERROR = 2, SCRIPT = 4;
const messages = { INFORMATION, WARNING, ERROR };

/** Common to all: what is in it, which only this file can reach. */
export class Callback {
  #data;
  constructor(kind, data) { this.#data = { kind, ...data }; }
  /** What is in a callback, or nothing where it is none. */
  static of(callback) { return callback !== null && typeof callback === 'object' && #data in callback ? callback.#data : undefined; }
  /** What a script asks to tell callbacks apart: names, and no more of a class. */
  getClass() {
    const simple = this.constructor.name;
    const home = Object.keys(packages).find((name) => simple in packages[name]()) ?? '';
    return { getSimpleName: () => simple, getName: () => `${home}.${simple}`, toString: () => `class ${home}.${simple}` };
  }
}
const of = (callback) => {
  const data = Callback.of(callback);
  if (!data) throw new TypeError('this is not a callback');
  return data;
};

const optional = (value) => (value === undefined || value === null ? '' : text(value));
const number = (value, what) => {
  const found = Number(value);
  if (!Number.isInteger(found)) throw new JavaError('java.lang.IllegalArgumentException', `${what} must be a whole number`);
  return found;
};
export const strings = (list) => Array.from(items(list), text);

class NameCallback extends Callback {
  constructor(prompt, name) { super('NameCallback', { prompt: optional(prompt), default: optional(name), value: null }); }
  getPrompt() { return of(this).prompt; }
  getDefaultName() { return of(this).default; }
  getName() { return of(this).value; }
  setName(value) { of(this).value = text(value); }
}
class PasswordCallback extends Callback {
  constructor(prompt, echo) { super('PasswordCallback', { prompt: optional(prompt), echo: echo === true, value: null }); }
  getPrompt() { return of(this).prompt; }
  isEchoOn() { return of(this).echo; }
  getPassword() { const { value } = of(this); return value === null ? null : Chars.of(value); }
  setPassword(value) { of(this).value = value === null ? null : text(value); }
  clearPassword() { of(this).value = null; }
}
class TextInputCallback extends Callback {
  constructor(prompt, value) { super('TextInputCallback', { prompt: optional(prompt), default: optional(value), value: null }); }
  getPrompt() { return of(this).prompt; }
  getDefaultText() { return of(this).default; }
  getText() { return of(this).value; }
  setText(value) { of(this).value = text(value); }
}
class TextOutputCallback extends Callback {
  constructor(type, message, kind = 'TextOutputCallback') { super(kind, { messageType: number(type, 'the type of a message'), message: optional(message) }); }
  getMessageType() { return of(this).messageType; }
  getMessage() { return of(this).message; }
}
Object.assign(TextOutputCallback, messages);
class ScriptTextOutputCallback extends TextOutputCallback {
  constructor(message) { super(SCRIPT, message); }
}
export class SuspendedTextOutputCallback extends TextOutputCallback {
  constructor(type, message) { super(type, message, 'SuspendedTextOutputCallback'); }
}
class ChoiceCallback extends Callback {
  constructor(prompt, choices, start, multiple) {
    super('ChoiceCallback', { prompt: optional(prompt), choices: strings(choices), default: number(start ?? 0, 'a default choice'), multiple: multiple === true, value: null });
  }
  getPrompt() { return of(this).prompt; }
  getChoices() { return of(this).choices.slice(); }
  getDefaultChoice() { return of(this).default; }
  allowMultipleSelections() { return of(this).multiple; }
  getSelectedIndexes() { const { value } = of(this); return value === null ? null : [value]; }
  setSelectedIndex(index) { of(this).value = number(index, 'a choice'); }
  setSelectedIndexes(indexes) { this.setSelectedIndex(items(indexes)[0]); }
}

/** The buttons of the kinds that have a number, with the numbers that they answer with. */
const OPTIONS = { 0: [['Yes', 0], ['No', 1]], 1: [['Yes', 0], ['No', 1], ['Cancel', 2]], 2: [['OK', 3], ['Cancel', 2]] };

class ConfirmationCallback extends Callback {
  constructor(...args) {
    const prompt = args.length === 4 || (args.length === 3 && typeof args[0] === 'string') ? args.shift() : '';
    const [type, options, start] = args;
    const own = typeof options === 'object' && options !== null;
    const optionType = own ? -1 : number(options, 'the kind of a confirmation');
    if (!own && !OPTIONS[optionType]) throw new JavaError('java.lang.IllegalArgumentException', `there is no kind ${optionType} of confirmations`);
    const labels = own ? strings(options) : OPTIONS[optionType].map(([label]) => label);
    const chosen = number(start ?? 0, 'a default option');
    const at = own ? chosen : OPTIONS[optionType].findIndex(([, answer]) => answer === chosen);
    super('ConfirmationCallback', {
      prompt: optional(prompt), messageType: number(type, 'the type of a message'), optionType, options: labels, default: Math.max(at, 0), value: null,
    });
  }
  getPrompt() { return of(this).prompt; }
  getMessageType() { return of(this).messageType; }
  getOptionType() { return of(this).optionType; }
  getOptions() { return of(this).options.slice(); }
  getDefaultOption() { return of(this).default; }
  getSelectedIndex() {
    const { value, optionType } = of(this);
    return value === null ? (optionType < 0 ? -1 : 0) : OPTIONS[optionType]?.[value]?.[1] ?? value;
  }
  setSelectedIndex(index) { of(this).value = number(index, 'an option'); }
}
Object.assign(ConfirmationCallback, messages, {
  UNSPECIFIED_OPTION: -1, YES_NO_OPTION: 0, YES_NO_CANCEL_OPTION: 1, OK_CANCEL_OPTION: 2, YES: 0, NO: 1, CANCEL: 2, OK: 3,
});

class LanguageCallback extends Callback {
  constructor() { super('LanguageCallback', { value: null }); }
  getLocale() { return of(this).value; }
  setLocale(value) { of(this).value = text(value); }
}
class HiddenValueCallback extends Callback {
  constructor(id, value) { super('HiddenValueCallback', { id: optional(id), default: optional(value), value: null }); }
  getId() { return of(this).id; }
  getDefaultValue() { return of(this).default; }
  getValue() { const data = of(this); return data.value ?? data.default; }
  setValue(value) { of(this).value = text(value); }
}
class MetadataCallback extends Callback {
  constructor(data) { super('MetadataCallback', { data: toJson(data ?? {}) }); }
  getOutputValue() { return new JsonValue(fromJson(of(this).data)); }
}
class RedirectCallback extends Callback {
  constructor(url, data, method) {
    super('RedirectCallback', { url: optional(url), data: data === undefined || data === null ? null : toJson(data), method: method ? text(method) : 'GET', tracking: false });
  }
  getRedirectUrl() { return of(this).url; }
  setRedirectUrl(url) { of(this).url = text(url); }
  getRedirectData() { return fromJson(of(this).data); }
  setRedirectData(data) { of(this).data = data === null ? null : toJson(data); }
  getMethod() { return of(this).method; }
  setMethod(method) { of(this).method = text(method); }
  getTrackingCookie() { return of(this).tracking; }
  setTrackingCookie(tracking) { of(this).tracking = tracking === true; }
}
class PollingWaitCallback extends Callback {
  constructor(wait, message) { super('PollingWaitCallback', { wait: optional(wait), message: optional(message) }); }
  static makeCallback() {
    let wait, message;
    const builder = {
      withWaitTime(given) { wait = given; return builder; },
      withMessage(given) { message = given; return builder; },
      asBuilder: () => builder,
      build: () => new PollingWaitCallback(wait, message),
    };
    return builder;
  }
  getWaitTime() { return of(this).wait; }
  getMessage() { return of(this).message; }
}

/** What validated callbacks have in common: `(…[, policies, validateOnly][, failedPolicies])`. */
class ValidatedCallback extends Callback {
  constructor(kind, data, rest) {
    const [first, second, third] = rest;
    const only = rest.length === 1 ? undefined : first;
    super(kind, { ...data, policies: toJson(only ?? {}), validateOnly: second === true, failed: strings((rest.length === 1 ? first : third) ?? []), value: null });
  }
  getPolicies() { return new JsonValue(fromJson(of(this).policies)); }
  getFailedPolicies() { return new ArrayList(of(this).failed); }
  getValidateOnly() { return of(this).validateOnly; }
  setValidateOnly(only) { of(this).validateOnly = only === true; }
  validateOnly() { return of(this).validateOnly; }
}
class AttributeInputCallback extends ValidatedCallback {
  constructor(kind, name, prompt, value, required, rest) {
    super(kind, { name: optional(name), prompt: optional(prompt), default: value ?? null, required: required === true }, rest);
  }
  getName() { return of(this).name; }
  getPrompt() { return of(this).prompt; }
  isRequired() { return of(this).required; }
  getInitialValue() { return of(this).default; }
  getValue() { const data = of(this); return data.value ?? data.default; }
  setValue(value) { of(this).value = value; }
}
class StringAttributeInputCallback extends AttributeInputCallback {
  constructor(name, prompt, value, required, ...rest) { super('StringAttributeInputCallback', name, prompt, optional(value), required, rest); }
}
class NumberAttributeInputCallback extends AttributeInputCallback {
  constructor(name, prompt, value, required, ...rest) { super('NumberAttributeInputCallback', name, prompt, value === null || value === undefined ? null : Number(value), required, rest); }
}
class BooleanAttributeInputCallback extends AttributeInputCallback {
  constructor(name, prompt, value, required, ...rest) { super('BooleanAttributeInputCallback', name, prompt, value === true, required, rest); }
}
class ValidatedUsernameCallback extends ValidatedCallback {
  constructor(prompt, ...rest) { super('ValidatedCreateUsernameCallback', { prompt: optional(prompt), default: '' }, rest); }
  getPrompt() { return of(this).prompt; }
  getUsername() { return of(this).value; }
  getName() { return of(this).value; }
  getValue() { return of(this).value; }
  setUsername(value) { of(this).value = text(value); }
}
class ValidatedPasswordCallback extends ValidatedCallback {
  constructor(prompt, echo, ...rest) { super('ValidatedCreatePasswordCallback', { prompt: optional(prompt), echo: echo === true }, rest); }
  getPrompt() { return of(this).prompt; }
  isEchoOn() { return of(this).echo; }
  getPassword() { const { value } = of(this); return value === null ? null : Chars.of(value); }
  getValue() { return of(this).value; }
  setPassword(value) { of(this).value = text(value); }
}
class KbaCreateCallback extends Callback {
  constructor(prompt, questions, own) {
    super('KbaCreateCallback', { prompt: optional(prompt), questions: strings(questions ?? []), own: own !== false, value: null });
  }
  getPrompt() { return of(this).prompt; }
  getPredefinedQuestions() { return new ArrayList(of(this).questions); }
  isAllowUserDefinedQuestions() { return of(this).own; }
  getSelectedQuestion() { return of(this).value?.question ?? null; }
  getSelectedAnswer() { return of(this).value?.answer ?? null; }
}
class TermsAndConditionsCallback extends Callback {
  constructor(version, terms, created) { super('TermsAndConditionsCallback', { version: optional(version), terms: optional(terms), created: optional(created), value: null }); }
  getVersion() { return of(this).version; }
  getTerms() { return of(this).terms; }
  getCreateDate() { return of(this).created; }
  getAccept() { return of(this).value === true; }
  isAccepted() { return of(this).value === true; }
}
class ConsentMappingCallback extends Callback {
  constructor(name, displayName, icon, level, fields, message, required) {
    super('ConsentMappingCallback', {
      name: optional(name), displayName: optional(displayName), icon: optional(icon), level: optional(level), fields: strings(fields ?? []),
      message: optional(message), required: required === true, value: null,
    });
  }
  getName() { return of(this).name; }
  getMessage() { return of(this).message; }
  getFields() { return new ArrayList(of(this).fields); }
  getValue() { return of(this).value === true; }
}
class DeviceProfileCallback extends Callback {
  constructor(metadata, location, message) { super('DeviceProfileCallback', { metadata: metadata === true, location: location === true, message: optional(message), value: null }); }
  isMetadata() { return of(this).metadata; }
  isLocation() { return of(this).location; }
  getMessage() { return of(this).message; }
  getValue() { return of(this).value; }
}
class SelectIdPCallback extends Callback {
  constructor(providers) { super('SelectIdPCallback', { providers: toJson(providers ?? []), value: null }); }
  getProviders() { return new JsonValue(fromJson(of(this).providers)); }
  getProvider() { return of(this).value; }
}
class IdPCallback extends Callback {
  constructor(provider, client, redirect, scopes, nonce, request, uri, acr) {
    super('IdPCallback', {
      provider: optional(provider), clientId: optional(client), redirectUri: optional(redirect), scopes: strings(scopes ?? []), nonce: optional(nonce),
      request: optional(request), requestUri: optional(uri), acrValues: strings(acr ?? []), value: null,
    });
  }
  getProvider() { return of(this).provider; }
  getToken() { return of(this).value?.token ?? null; }
  getTokenType() { return of(this).value?.token_type ?? null; }
}
class HttpCallback extends Callback {
  constructor() { super('HttpCallback', {}); }
}
class X509CertificateCallback extends Callback {
  constructor(prompt) { super('X509CertificateCallback', { prompt: optional(prompt) }); }
}

/** The classes by the kinds that callbacks have on the wire, for those that come back. */
const KINDS = {
  NameCallback, PasswordCallback, TextInputCallback, TextOutputCallback, ChoiceCallback, ConfirmationCallback, LanguageCallback,
  HiddenValueCallback, MetadataCallback, RedirectCallback, PollingWaitCallback, SuspendedTextOutputCallback, KbaCreateCallback,
  StringAttributeInputCallback, NumberAttributeInputCallback, BooleanAttributeInputCallback, TermsAndConditionsCallback,
  ConsentMappingCallback, DeviceProfileCallback, SelectIdPCallback, IdPCallback, HttpCallback, X509CertificateCallback,
  ValidatedCreateUsernameCallback: ValidatedUsernameCallback, ValidatedCreatePasswordCallback: ValidatedPasswordCallback,
};

/** The callback that was answered, as its class. */
export function revived(data) {
  const cls = data.kind === 'TextOutputCallback' && data.messageType === SCRIPT ? ScriptTextOutputCallback : KINDS[data.kind];
  if (!cls) throw new UnknownClass(data.kind);
  if (!beaned.has(cls)) beanAll(cls);
  return Reflect.construct(Callback, [data.kind, data], cls);
}

/** What a callback is to the host. */
export function encoded(callback) {
  const data = Callback.of(callback);
  if (!data) throw new TypeError(`only callbacks can be sent, and ${shown(callback).slice(0, 80)} is none`);
  return toJson(data);
}

const beaned = new Set();
/** Gives a class and those above it the properties of their getters. */
function beanAll(cls) {
  for (let at = cls; at && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (!beaned.has(at)) { beaned.add(at); beans(at.prototype); }
  }
}

packages['javax.security.auth.callback'] = (() => ({
  NameCallback, PasswordCallback, TextInputCallback, TextOutputCallback, ChoiceCallback, ConfirmationCallback, LanguageCallback, Callback,
}));
packages['com.sun.identity.authentication.callbacks'] = (() => ({ HiddenValueCallback, ScriptTextOutputCallback }));
packages['com.sun.identity.authentication.spi'] = (() => ({ RedirectCallback, MetadataCallback, HttpCallback, X509CertificateCallback }));
packages['org.forgerock.openam.authentication.callbacks'] = (() => ({
  PollingWaitCallback, StringAttributeInputCallback, NumberAttributeInputCallback, BooleanAttributeInputCallback, IdPCallback,
  ValidatedUsernameCallback, ValidatedPasswordCallback, ValidatedCreateUsernameCallback: ValidatedUsernameCallback,
  ValidatedCreatePasswordCallback: ValidatedPasswordCallback, KbaCreateCallback, TermsAndConditionsCallback, ConsentMappingCallback,
  DeviceProfileCallback, SelectIdPCallback, SuspendedTextOutputCallback,
}));
