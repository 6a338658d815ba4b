(function (given, list, map) {
'use strict';
const of = (kind) => given.filter((it) => it.kind === kind);
const values = (kind, read = (it) => it.value) => () => list(of(kind).map(read));
const numbered = { 0: [0, 1], 1: [0, 1, 2], 2: [3, 2] };
const attribute = (it) => map({ name: it.name, value: it.value ?? it.default, validateOnly: it.validateOnly === true });
const validated = (it) => map({ value: it.value, validateOnly: it.validateOnly === true });
return {
  isEmpty: () => given.length === 0,
  getNameCallbacks: values('NameCallback'),
  getPasswordCallbacks: values('PasswordCallback'),
  getHiddenValueCallbacks() { const all = {}; for (const it of of('HiddenValueCallback')) all[it.id] = it.value; return map(all); },
  getTextInputCallbacks: values('TextInputCallback'),
  getStringAttributeInputCallbacks: values('StringAttributeInputCallback', attribute),
  getNumberAttributeInputCallbacks: values('NumberAttributeInputCallback', attribute),
  getBooleanAttributeInputCallbacks: values('BooleanAttributeInputCallback', attribute),
  getChoiceCallbacks: values('ChoiceCallback', (it) => list([it.value])),
  getConfirmationCallbacks: values('ConfirmationCallback', (it) => numbered[it.optionType]?.[it.value] ?? it.value),
  getLanguageCallbacks: values('LanguageCallback', (it) => it.value?.Language ?? it.value),
  getIdpCallbacks: values('IdPCallback', (it) => map({ provider: it.provider, token: it.value?.token ?? null, tokenType: it.value?.token_type ?? null })),
  getValidatedPasswordCallbacks: values('ValidatedCreatePasswordCallback', validated),
  getValidatedUsernameCallbacks: values('ValidatedCreateUsernameCallback', validated),
  getHttpCallbacks: values('HttpCallback'),
  getX509CertificateCallbacks: values('X509CertificateCallback'),
  getConsentMappingCallbacks: values('ConsentMappingCallback', (it) => it.value === true),
  getDeviceProfileCallbacks: values('DeviceProfileCallback'),
  getKbaCreateCallbacks: values('KbaCreateCallback', (it) => map({ selectedQuestion: it.value?.question ?? null, selectedAnswer: it.value?.answer ?? null })),
  getSelectIdPCallbacks: values('SelectIdPCallback'),
  getTermsAndConditionsCallbacks: values('TermsAndConditionsCallback', (it) => it.value === true),
};
})
