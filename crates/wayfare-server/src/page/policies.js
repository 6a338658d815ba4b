// What a policy that was not met asks, by the name clients know it by; `{…}` is a parameter of it.

const policies = {
  en: {
    REQUIRED: "Please fill this in.",
    VALID_TYPE: "This must be {types}.",
    UNIQUE: "This is taken already.",
    VALID_USERNAME: "This name is taken already.",
    MIN_LENGTH: "At least {minLength} characters, please.",
    MAX_LENGTH: "At most {maxLength} characters, please.",
    AT_LEAST_X_CAPITAL_LETTERS: "Capital letters needed: at least {numCaps}.",
    AT_LEAST_X_NUMBERS: "Digits needed: at least {numNums}.",
    CANNOT_CONTAIN_OTHERS: "This must not contain: {disallowedFields}.",
    CANNOT_CONTAIN_CHARACTERS: "These may not be in it: {forbiddenChars}",
    VALID_EMAIL_ADDRESS_FORMAT: "This is no email address.",
    VALID_NAME_FORMAT: "This has signs that no name has.",
    VALID_PHONE_FORMAT: "This is no telephone number.",
    VALID_DATE: "Please write a date such as 2026-11-22.",
    VALID_NUMBER: "Please write a number.",
    MIN_NUMBER_VALUE: "This must be at least {minimum}.",
    MAX_NUMBER_VALUE: "This must be at most {maximum}.",
    MATCH_REGEXP: "This does not have the expected form: {regexp}",
    READ_ONLY: "This cannot be changed.",
    UNKNOWN_ATTRIBUTE: "This is not kept here.",
    VALID_STATUS: "This is no status of an account.",
    PASSWORD_QUALITY: "This password is too simple, or was used before.",
  },
  de: {
    REQUIRED: "Bitte ausfüllen.",
    VALID_TYPE: "Hier gehört hin: {types}.",
    UNIQUE: "Das ist schon vergeben.",
    VALID_USERNAME: "Dieser Name ist schon vergeben.",
    MIN_LENGTH: "Bitte mindestens {minLength} Zeichen.",
    MAX_LENGTH: "Bitte höchstens {maxLength} Zeichen.",
    AT_LEAST_X_CAPITAL_LETTERS: "Nötige Großbuchstaben: mindestens {numCaps}.",
    AT_LEAST_X_NUMBERS: "Nötige Ziffern: mindestens {numNums}.",
    CANNOT_CONTAIN_OTHERS: "Das darf nicht enthalten sein: {disallowedFields}.",
    CANNOT_CONTAIN_CHARACTERS: "Diese Zeichen dürfen nicht vorkommen: {forbiddenChars}",
    VALID_EMAIL_ADDRESS_FORMAT: "Das ist keine E-Mail-Adresse.",
    VALID_NAME_FORMAT: "Das enthält Zeichen, die in keinem Namen stehen.",
    VALID_PHONE_FORMAT: "Das ist keine Telefonnummer.",
    VALID_DATE: "Bitte ein Datum wie 2026-11-22 eingeben.",
    VALID_NUMBER: "Bitte eine Zahl eingeben.",
    MIN_NUMBER_VALUE: "Der kleinste Wert ist {minimum}.",
    MAX_NUMBER_VALUE: "Der größte Wert ist {maximum}.",
    MATCH_REGEXP: "Das hat nicht die erwartete Form: {regexp}",
    READ_ONLY: "Das kann nicht geändert werden.",
    UNKNOWN_ATTRIBUTE: "Das wird hier nicht gespeichert.",
    VALID_STATUS: "Das ist kein Status eines Kontos.",
    PASSWORD_QUALITY: "Dieses Passwort ist zu einfach oder wurde schon benutzt.",
  },
  fr: {
    REQUIRED: "Veuillez remplir ce champ.",
    VALID_TYPE: "Valeur attendue : {types}.",
    UNIQUE: "Cette valeur est déjà prise.",
    VALID_USERNAME: "Ce nom est déjà pris.",
    MIN_LENGTH: "Au moins {minLength} caractères.",
    MAX_LENGTH: "Au plus {maxLength} caractères.",
    AT_LEAST_X_CAPITAL_LETTERS: "Majuscules : au moins {numCaps}.",
    AT_LEAST_X_NUMBERS: "Chiffres : au moins {numNums}.",
    CANNOT_CONTAIN_OTHERS: "Ne doit pas contenir : {disallowedFields}.",
    CANNOT_CONTAIN_CHARACTERS: "Caractères interdits : {forbiddenChars}",
    VALID_EMAIL_ADDRESS_FORMAT: "Ce n’est pas une adresse électronique.",
    VALID_NAME_FORMAT: "Cela contient des signes qu’aucun nom ne contient.",
    VALID_PHONE_FORMAT: "Ce n’est pas un numéro de téléphone.",
    VALID_DATE: "Veuillez saisir une date comme 2026-11-22.",
    VALID_NUMBER: "Veuillez saisir un nombre.",
    MIN_NUMBER_VALUE: "La valeur minimale est {minimum}.",
    MAX_NUMBER_VALUE: "La valeur maximale est {maximum}.",
    MATCH_REGEXP: "Cela n’a pas la forme attendue : {regexp}",
    READ_ONLY: "Cela ne peut pas être modifié.",
    UNKNOWN_ATTRIBUTE: "Cela n’est pas conservé ici.",
    VALID_STATUS: "Ce n’est pas l’état d’un compte.",
    PASSWORD_QUALITY: "Ce mot de passe est trop simple ou a déjà servi.",
  },
};

// What stands for names in parameters; others stand as they are.
const names = {
  en: {
    string: "text", number: "a number", integer: "a whole number", boolean: "yes or no", array: "a list", object: "an object",
    userName: "the user name", givenName: "the first name", sn: "the last name", mail: "the email address",
  },
  de: {
    string: "Text", number: "eine Zahl", integer: "eine ganze Zahl", boolean: "Ja oder Nein", array: "eine Liste", object: "ein Objekt",
    userName: "der Benutzername", givenName: "der Vorname", sn: "der Nachname", mail: "die E-Mail-Adresse",
  },
  fr: {
    string: "du texte", number: "un nombre", integer: "un nombre entier", boolean: "oui ou non", array: "une liste", object: "un objet",
    userName: "le nom d’utilisateur", givenName: "le prénom", sn: "le nom", mail: "l’adresse électronique",
  },
};

/** What a policy that was not met says in a language; of one that is not known here, its name and parameters. */
export function policyText(language, policy) {
  const requirement = String(policy.policyRequirement ?? "");
  const params = policy.params ?? {};
  const text = Object.hasOwn(policies[language], requirement) ? policies[language][requirement] : undefined;
  if (text === undefined) {
    const name = requirement.toLowerCase().replaceAll("_", " ");
    const values = Object.values(params).join(", ");
    return values ? `${name}: ${values}` : name;
  }
  const known = names[language];
  const one = (value) => Object.hasOwn(known, value) ? known[value] : String(value);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = params[name] ?? "";
    // A pattern and signs are what they are; a text may be a list of names too.
    if (name === "regexp") return String(value);
    if (name === "forbiddenChars") return [value].flat().join(" ");
    return (Array.isArray(value) ? value : String(value).split(",")).map((part) => one(String(part).trim())).join(", ");
  });
}
