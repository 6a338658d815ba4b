//! The groups in which the documents list the types.

use super::{
    backchannel, cloud, context, credential, device, entry::Entry, federation, flow, identity, mfa,
    otp, risk, session,
};

/// Types that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// One word for it, as in the name of its page.
    pub word: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What its types do, in a sentence.
    pub about: &'static str,
    entries: &'static [Entry],
}

impl Family {
    /// The names of its types as the language calls them, those first that are wanted first.
    pub fn types(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.entries.iter().map(Entry::name)
    }

    pub(super) fn entries(&self) -> &'static [Entry] {
        self.entries
    }
}

/// The groups of types, those first that are wanted first.
pub fn families() -> &'static [Family] {
    FAMILIES
}

const fn family(
    word: &'static str,
    title: &'static str,
    about: &'static str,
    entries: &'static [Entry],
) -> Family {
    Family {
        word,
        title,
        about,
        entries,
    }
}

const FAMILIES: &[Family] = &[
    family(
        "flow",
        "Pages and ways",
        "Where a run goes, and what is said to the user on the way.",
        flow::TYPES,
    ),
    family(
        "passwords",
        "Names and passwords",
        "Names and passwords are asked for and compared.",
        credential::TYPES,
    ),
    family(
        "codes",
        "One-time codes",
        "Codes are made, sent and asked for, and apps that make them are registered.",
        otp::TYPES,
    ),
    family(
        "factors",
        "Second factors",
        "Passkeys, push messages and recovery codes, and what is said about them.",
        mfa::TYPES,
    ),
    family(
        "devices",
        "Devices",
        "What a device tells of itself, keys that are bound to it, and things.",
        device::TYPES,
    ),
    family(
        "profiles",
        "Profiles",
        "Users are found, made and changed, asked what is missing, and told apart by what is known of them.",
        identity::TYPES,
    ),
    family(
        "providers",
        "Other identity providers",
        "Logins elsewhere, and accounts that go with them.",
        federation::TYPES,
    ),
    family(
        "accounts",
        "Accounts, levels and risk",
        "Whether an account is active, how much was proved, and whether a person is there.",
        risk::TYPES,
    ),
    family(
        "connection",
        "Cookies and certificates",
        "What comes with the connection, and what is left in the browser.",
        context::TYPES,
    ),
    family(
        "state",
        "State, session and replies",
        "The state of a run, the session to come, and what the last reply says.",
        session::TYPES,
    ),
    family(
        "backchannel",
        "Back channel",
        "A second journey runs for somebody beside this one.",
        backchannel::TYPES,
    ),
    family(
        "cloud",
        "Cloud services",
        "Services of the product in the cloud; a handler of yours calls them.",
        cloud::TYPES,
    ),
];
