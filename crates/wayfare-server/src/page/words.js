// The words of the page itself; prompts and messages come from the journey.

import { policyText } from "./policies.js";

const words = {
  en: {
    signIn: "Sign in", next: "Next", show: "Show", hide: "Hide", signedIn: "You are signed in",
    user: "User", realm: "Realm", logOut: "Log out", loggedOut: "You are logged out.", again: "Sign in again",
    refused: "That did not work. Check what you typed and try again.",
    denied: "Signing in this way did not work.",
    expired: "This page was open for too long, or the journey has changed. Please start again.",
    link: "This link was used already, or is too old. Please start again.",
    unknown: "There is no such journey here. Check the address of this page.",
    busy: "The server is busy. Trying again in {n} s.", offline: "The server cannot be reached.",
    retry: "Try again", empty: "Please fill this in.", odd: "The server gave an answer that this page does not understand.",
    wait: "Please wait…", proceed: "You may close this page.", noSession: "Done. No session was made.",
    number: "Please write a number.", tick: "Please tick this to go on.", terms: "Terms and conditions",
    accept: "I accept the terms and conditions", question: "Security question", ownQuestion: "My own question",
    answer: "Answer", local: "Sign in here", provider: "Continue with {name}",
    qrCode: "QR code for your authenticator app", openApp: "Open the app on this device", typeKey: "Type the key instead",
    recoveryCodes: "Your recovery codes",
    keepCodes: "Keep them in a safe place. Each of them signs you in once if you do not have your device.",
    elsewhere: "This step is for an app or for a page of your own: this page cannot take it ({kind}).",
  },
  de: {
    signIn: "Anmelden", next: "Weiter", show: "Zeigen", hide: "Verbergen", signedIn: "Sie sind angemeldet",
    user: "Benutzer", realm: "Bereich", logOut: "Abmelden", loggedOut: "Sie sind abgemeldet.", again: "Wieder anmelden",
    refused: "Das hat nicht geklappt. Bitte prüfen Sie Ihre Angaben und versuchen Sie es noch einmal.",
    denied: "Die Anmeldung auf diesem Weg ist nicht gelungen.",
    expired: "Diese Seite war zu lange offen, oder der Ablauf hat sich geändert. Bitte beginnen Sie neu.",
    link: "Dieser Link wurde schon benutzt oder ist zu alt. Bitte beginnen Sie neu.",
    unknown: "Diesen Ablauf gibt es hier nicht. Bitte prüfen Sie die Adresse dieser Seite.",
    busy: "Der Server ist beschäftigt. Neuer Versuch in {n} s.", offline: "Der Server ist nicht erreichbar.",
    retry: "Noch einmal", empty: "Bitte ausfüllen.", odd: "Der Server gab eine Antwort, die diese Seite nicht versteht.",
    wait: "Bitte warten…", proceed: "Sie können diese Seite schließen.", noSession: "Fertig. Es gibt keine Sitzung.",
    number: "Bitte eine Zahl eingeben.", tick: "Bitte ankreuzen, um weiterzugehen.", terms: "Bedingungen",
    accept: "Ich stimme den Bedingungen zu", question: "Sicherheitsfrage", ownQuestion: "Eigene Frage",
    answer: "Antwort", local: "Hier anmelden", provider: "Weiter mit {name}",
    qrCode: "QR-Code für Ihre Authenticator-App", openApp: "App auf diesem Gerät öffnen", typeKey: "Schlüssel abtippen",
    recoveryCodes: "Ihre Wiederherstellungscodes",
    keepCodes: "Bewahren Sie sie sicher auf. Jeder von ihnen gilt einmal, wenn Sie Ihr Gerät nicht haben.",
    elsewhere: "Dieser Schritt ist für eine App oder eine eigene Seite: diese Seite kann ihn nicht gehen ({kind}).",
  },
  fr: {
    signIn: "Connexion", next: "Continuer", show: "Afficher", hide: "Masquer", signedIn: "Vous êtes connecté",
    user: "Utilisateur", realm: "Domaine", logOut: "Se déconnecter", loggedOut: "Vous êtes déconnecté.", again: "Se reconnecter",
    refused: "Cela n’a pas fonctionné. Vérifiez votre saisie et réessayez.",
    denied: "La connexion par cette voie n’a pas abouti.",
    expired: "Cette page est restée ouverte trop longtemps, ou le parcours a changé. Veuillez recommencer.",
    link: "Ce lien a déjà servi ou est trop ancien. Veuillez recommencer.",
    unknown: "Ce parcours n’existe pas ici. Vérifiez l’adresse de cette page.",
    busy: "Le serveur est occupé. Nouvel essai dans {n} s.", offline: "Le serveur est injoignable.",
    retry: "Réessayer", empty: "Veuillez remplir ce champ.", odd: "Le serveur a donné une réponse que cette page ne comprend pas.",
    wait: "Veuillez patienter…", proceed: "Vous pouvez fermer cette page.", noSession: "Terminé. Aucune session n’a été créée.",
    number: "Veuillez saisir un nombre.", tick: "Veuillez cocher cette case pour continuer.", terms: "Conditions",
    accept: "J’accepte les conditions", question: "Question de sécurité", ownQuestion: "Ma propre question",
    answer: "Réponse", local: "Se connecter ici", provider: "Continuer avec {name}",
    qrCode: "Code QR pour votre application d’authentification", openApp: "Ouvrir l’application sur cet appareil", typeKey: "Saisir la clé à la main",
    recoveryCodes: "Vos codes de secours",
    keepCodes: "Gardez-les en lieu sûr. Chacun vous connecte une fois si vous n’avez pas votre appareil.",
    elsewhere: "Cette étape est destinée à une application ou à une page à vous : cette page ne peut pas la suivre ({kind}).",
  },
};

/** The words for the first language that there are words for. */
export function wordsFor(languages) {
  const known = languages.map((language) => language?.toLowerCase().split(/[-_]/)[0]);
  const language = known.find((language) => Object.hasOwn(words, language)) ?? "en";
  return { ...words[language], policy: (policy) => policyText(language, policy) };
}
