(function (sent) {
'use strict';
const text = (value) => (value === null || value === undefined ? '' : String(value));
const texts = (value, what) => { if (!Array.isArray(value)) throw new TypeError(`${what} is a list`); return value.map(text); };
const whole = (value, what) => { if (!Number.isInteger(value)) throw new TypeError(`${what} is a whole number`); return value; };
const send = (kind, data) => { sent.push({ kind, ...data }); };
/** `…, policies, validateOnly[, failedPolicies]`, or `…, failedPolicies`. */
const checked = (rest) => {
  if (rest.length === 1) return { policies: {}, validateOnly: false, failed: rest[0] ?? [] };
  const [policies = {}, validateOnly = false, failed = []] = rest;
  return { policies: policies ?? {}, validateOnly: validateOnly === true, failed: failed ?? [] };
};
const attribute = (kind, read) => (name, prompt, value, required, ...rest) => {
  send(kind, { name: text(name), prompt: text(prompt), default: read(value), required: required === true, ...checked(rest) });
};
const OPTIONS = { 0: [['Yes', 0], ['No', 1]], 1: [['Yes', 0], ['No', 1], ['Cancel', 2]], 2: [['OK', 3], ['Cancel', 2]] };
return {
  nameCallback(prompt, name) { send('NameCallback', { prompt: text(prompt), default: text(name) }); },
  passwordCallback(prompt, echo) { send('PasswordCallback', { prompt: text(prompt), echo: echo === true }); },
  textInputCallback(prompt, value) { send('TextInputCallback', { prompt: text(prompt), default: text(value) }); },
  textOutputCallback(type, message) { send('TextOutputCallback', { messageType: whole(type, 'the type of a message'), message: text(message) }); },
  suspendedTextOutputCallback(type, message) { send('SuspendedTextOutputCallback', { messageType: whole(type, 'the type of a message'), message: text(message) }); },
  scriptTextOutputCallback(message) { send('TextOutputCallback', { messageType: 4, message: text(message) }); },
  hiddenValueCallback(id, value) { send('HiddenValueCallback', { id: text(id), default: text(value) }); },
  choiceCallback(prompt, choices, start, multiple) {
    send('ChoiceCallback', { prompt: text(prompt), choices: texts(choices, 'what can be chosen'), default: whole(start ?? 0, 'a default choice'), multiple: multiple === true });
  },
  confirmationCallback(...args) {
    const prompt = args.length > 3 || typeof args[0] === 'string' ? text(args.shift()) : '';
    const [type, options, start = 0] = args;
    const own = Array.isArray(options);
    const optionType = own ? -1 : whole(options, 'the kind of a confirmation');
    if (!own && !OPTIONS[optionType]) throw new TypeError(`there is no kind ${optionType} of confirmations`);
    const at = own ? whole(start, 'a default option') : OPTIONS[optionType].findIndex(([, answer]) => answer === start);
    send('ConfirmationCallback', { prompt, messageType: whole(type, 'the type of a message'), optionType, options: own ? texts(options, 'the options') : OPTIONS[optionType].map(([label]) => label), default: Math.max(at, 0) });
  },
  languageCallback(language, country) { send('LanguageCallback', { language: text(language), country: text(country) }); },
  redirectCallback(url, data, method, ...rest) {
    const tracking = rest.length === 1 || rest.length === 3 ? rest[rest.length - 1] === true : false;
    send('RedirectCallback', { url: text(url), data: data ?? null, method: text(method || 'GET'), tracking });
  },
  metadataCallback(data) { send('MetadataCallback', { data: data ?? {} }); },
  stringAttributeInputCallback: attribute('StringAttributeInputCallback', text),
  numberAttributeInputCallback: attribute('NumberAttributeInputCallback', (value) => (value === null || value === undefined ? null : Number(value))),
  booleanAttributeInputCallback: attribute('BooleanAttributeInputCallback', (value) => value === true),
  idPCallback(provider, clientId, redirectUri, scopes, nonce, request, requestUri, acrValues, acceptsJSON, token, tokenType) {
    send('IdPCallback', { provider: text(provider), clientId: text(clientId), redirectUri: text(redirectUri), scopes: scopes ?? [], nonce: text(nonce), request: text(request), requestUri: text(requestUri), acrValues: acrValues ?? [], acceptsJSON: acceptsJSON === true, token: text(token), tokenType: text(tokenType) });
  },
  pollingWaitCallback(wait, message) { send('PollingWaitCallback', { wait: text(wait), message: text(message) }); },
  validatedPasswordCallback(prompt, echo, ...rest) { send('ValidatedCreatePasswordCallback', { prompt: text(prompt), echo: echo === true, ...checked(rest) }); },
  validatedUsernameCallback(prompt, ...rest) { send('ValidatedCreateUsernameCallback', { prompt: text(prompt), default: '', ...checked(rest) }); },
  httpCallback() { send('HttpCallback', {}); },
  x509CertificateCallback(prompt) { send('X509CertificateCallback', { prompt: text(prompt) }); },
  consentMappingCallback(...args) {
    const [name, displayName, icon, level, fields, message, required] = args.length === 3
      ? [args[0].name, args[0].displayName, args[0].icon, args[0].accessLevel, args[0].titles ?? args[0].fields, args[1], args[2]] : args;
    send('ConsentMappingCallback', { name: text(name), displayName: text(displayName), icon: text(icon), level: text(level), fields: texts(fields ?? [], 'the fields'), message: text(message), required: required === true });
  },
  deviceProfileCallback(metadata, location, message) { send('DeviceProfileCallback', { metadata: metadata === true, location: location === true, message: text(message) }); },
  kbaCreateCallback(prompt, questions, own) { send('KbaCreateCallback', { prompt: text(prompt), questions: texts(questions ?? [], 'the questions'), own: own === true }); },
  selectIdPCallback(providers) { send('SelectIdPCallback', { providers: providers ?? [] }); },
  termsAndConditionsCallback(version, terms, created) { send('TermsAndConditionsCallback', { version: text(version), terms: text(terms), created: text(created) }); },
};
})
