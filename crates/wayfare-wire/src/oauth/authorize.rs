//! The request for an authorization, and the way back to the client.
//!
//! A request is read in two steps. Until the client and its address are known, an error is shown where it
//! happens; from then on it goes to the client, with the state and the issuer (RFC 6749 §4.1.2.1, RFC 9207).

use ring::digest::{SHA256, digest};

use super::{Client, Code, Grant, OauthError, one, page, pairs, words};
use crate::{am::reply::Reply, query::Query};

/// How many characters a parameter that is only handed through may have.
const HANDED_CHARS_MAX: usize = 1_024;

/// How a response goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the query of the address.
    Query,
    /// In a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
}

impl Mode {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }
}

/// What a client wants of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prompt {
    /// Nothing: not a page is to be shown.
    pub none: bool,
    /// A login, whatever the session.
    pub login: bool,
    /// A consent, whatever was consented to before.
    pub consent: bool,
}

/// The way back to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// The address.
    pub redirect_uri: String,
    /// How.
    pub mode: Mode,
    /// What the client gave along.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: String,
}

/// A request for an authorization, by a client that is known, with an address that is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// The way back.
    pub back: Back,
    /// Whether the address stood in the request, so that it must stand in the exchange too.
    pub redirect_given: bool,
    /// What is asked for.
    pub scope: Vec<String>,
    /// What goes into the ID token.
    pub nonce: Option<String>,
    /// The challenge of PKCE, by S256.
    pub challenge: Option<String>,
    /// What the user is to be asked.
    pub prompt: Prompt,
    /// How long ago the login may be, in seconds.
    pub max_age: Option<u64>,
    /// How well the user is to be known, the best liked first.
    pub acr: Vec<String>,
    /// Whom the client expects.
    pub login_hint: Option<String>,
    /// An ID token of whom the client expects.
    pub id_token_hint: Option<String>,
}

/// Where an error goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is shown: nobody is sent anywhere.
    Shown(OauthError),
    /// It goes back to the client.
    Sent(Box<Back>, OauthError),
}

/// The id of the client that asks.
///
/// # Errors
/// There is none, or more than one.
pub fn client_id(query: &Query) -> Result<&str, OauthError> {
    one(query, "client_id")?.ok_or_else(|| OauthError::invalid("client_id is missing"))
}

impl Authorize {
    /// Reads a request of a client.
    ///
    /// # Errors
    /// Something is wrong with it; where that is told.
    pub fn read(query: &Query, client: &Client, issuer: &str) -> Result<Self, Refused> {
        let (redirect_uri, redirect_given) = redirect(query, client).map_err(Refused::Shown)?;
        let mut back = Back {
            redirect_uri,
            mode: Mode::Query,
            state: None,
            issuer: issuer.to_owned(),
        };
        // First, so that every later error has both. What cannot be handed through is not handed through.
        let mode = one(query, "response_mode").and_then(mode);
        if let Ok(mode) = &mode {
            back.mode = *mode;
        }
        let state = handed(query, "state");
        back.state = state.clone().ok().flatten();
        let read = || {
            mode?;
            state?;
            Self::checked(query, client, back.clone(), redirect_given)
        };
        read().map_err(|error| Refused::Sent(Box::new(back.clone()), error))
    }

    fn checked(
        query: &Query,
        client: &Client,
        back: Back,
        redirect_given: bool,
    ) -> Result<Self, OauthError> {
        for (name, code) in [
            ("request", Code::RequestNotSupported),
            ("request_uri", Code::RequestUriNotSupported),
            ("registration", Code::RegistrationNotSupported),
        ] {
            if one(query, name)?.is_some() {
                return Err(OauthError::new(code, format!("{name} is not taken")));
            }
        }
        untargeted(query)?;
        // RFC 9449 §10: whoever binds a code to a key must not be given one that is bound to nothing.
        if one(query, "dpop_jkt")?.is_some() {
            return Err(OauthError::invalid("dpop_jkt is not taken"));
        }
        // OpenID Connect Core §3.1.2.1: how the pages look is their own business, but no word is passed over.
        if !matches!(
            one(query, "display")?,
            None | Some("page" | "popup" | "touch" | "wap")
        ) {
            return Err(OauthError::invalid("display is not known"));
        }
        match one(query, "response_type")? {
            Some("code") => {}
            Some(_) => {
                return Err(OauthError::new(
                    Code::UnsupportedResponseType,
                    "the only response type is code",
                ));
            }
            None => return Err(OauthError::invalid("response_type is missing")),
        }
        if !client.grants.contains(&Grant::AuthorizationCode) {
            return Err(OauthError::new(
                Code::UnauthorizedClient,
                "the client may not ask for a code",
            ));
        }
        let prompt = prompt(one(query, "prompt")?)?;
        Ok(Self {
            redirect_given,
            scope: scope(one(query, "scope")?, client)?,
            nonce: handed(query, "nonce")?,
            challenge: challenge(query, client)?,
            prompt,
            max_age: match one(query, "max_age")? {
                None => None,
                Some(text) => Some(
                    seconds(text)
                        .ok_or_else(|| OauthError::invalid("max_age is no number of seconds"))?,
                ),
            },
            acr: words(one(query, "acr_values")?.unwrap_or_default()),
            login_hint: handed(query, "login_hint")?,
            id_token_hint: one(query, "id_token_hint")?.map(str::to_owned),
            back,
        })
    }
}

/// RFC 8707 §2: tokens are for whom the client's settings say, and one for another is not given silently.
pub(super) fn untargeted(query: &Query) -> Result<(), OauthError> {
    if query.iter().any(|(name, _)| name == "resource") {
        return Err(OauthError::new(
            Code::InvalidTarget,
            "resource is not taken: the client's settings say whom its tokens are for",
        ));
    }
    Ok(())
}

fn mode(word: Option<&str>) -> Result<Mode, OauthError> {
    match word {
        None | Some("query") => Ok(Mode::Query),
        Some("form_post") => Ok(Mode::FormPost),
        Some(_) => Err(OauthError::invalid(
            "response_mode must be query or form_post",
        )),
    }
}

fn redirect(query: &Query, client: &Client) -> Result<(String, bool), OauthError> {
    match one(query, "redirect_uri")? {
        Some(uri) if client.redirects_to(uri) => Ok((uri.to_owned(), true)),
        Some(_) => Err(OauthError::invalid(
            "redirect_uri is not one that the client has registered",
        )),
        // RFC 6749 §3.1.2.3: it may be left out where there is one. Not for OpenID Connect.
        None => match &*client.redirect_uris {
            [only]
                if !words(one(query, "scope")?.unwrap_or_default())
                    .iter()
                    .any(|word| word == "openid") =>
            {
                Ok((only.clone(), false))
            }
            _ => Err(OauthError::invalid("redirect_uri is missing")),
        },
    }
}

fn handed(query: &Query, name: &'static str) -> Result<Option<String>, OauthError> {
    let value = one(query, name)?;
    if value
        .is_some_and(|value| value.len() > HANDED_CHARS_MAX || value.chars().any(char::is_control))
    {
        return Err(OauthError::new(
            Code::InvalidRequest,
            format!("{name} is longer than {HANDED_CHARS_MAX} bytes, or holds controls"),
        ));
    }
    Ok(value.map(str::to_owned))
}

fn seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn prompt(text: Option<&str>) -> Result<Prompt, OauthError> {
    let mut prompt = Prompt::default();
    let all = words(text.unwrap_or_default());
    for word in &all {
        match word.as_str() {
            "none" => prompt.none = true,
            // There is one account in a browser at a time: choosing another is a login.
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err(OauthError::invalid("prompt has a word that is not known")),
        }
    }
    if prompt.none && all.len() > 1 {
        return Err(OauthError::invalid("prompt none stands alone"));
    }
    Ok(prompt)
}

/// The scopes that a client is given for what it asks.
pub(super) fn scope(asked: Option<&str>, client: &Client) -> Result<Vec<String>, OauthError> {
    let asked = words(asked.unwrap_or_default());
    if asked.is_empty() {
        // RFC 6749 §3.3: a default that is known beforehand, or an error. Who has no scopes at all has that.
        if client.default_scopes.is_empty() && !client.scopes.is_empty() {
            return Err(OauthError::new(
                Code::InvalidScope,
                "no scope is asked for, and the client has no default",
            ));
        }
        return Ok(client.default_scopes.clone());
    }
    if asked.iter().any(|scope| !client.scopes.contains_key(scope)) {
        return Err(OauthError::new(
            Code::InvalidScope,
            "a scope is none that the client may ask for",
        ));
    }
    Ok(asked)
}

/// RFC 7636 §4.3 and RFC 9700 §2.1.1; `plain` is not taken.
fn challenge(query: &Query, client: &Client) -> Result<Option<String>, OauthError> {
    let method = one(query, "code_challenge_method")?;
    let Some(challenge) = one(query, "code_challenge")? else {
        if method.is_some() || client.is_public() || client.pkce {
            return Err(OauthError::invalid("code_challenge is missing"));
        }
        return Ok(None);
    };
    if method != Some("S256") {
        return Err(OauthError::invalid("code_challenge_method must be S256"));
    }
    let url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if challenge.len() != 43 || !challenge.bytes().all(url) {
        return Err(OauthError::invalid(
            "code_challenge is no SHA-256 in base 64",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

/// Whether a verifier is the one of a challenge (RFC 7636 §4.6).
pub fn verifies(verifier: &str, challenge: &str) -> bool {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let fits = (43..=128).contains(&verifier.len()) && verifier.bytes().all(plain);
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    crate::same(&hash, challenge) && fits
}

impl Back {
    /// Sends the user back with a code.
    pub fn code(&self, code: &str) -> Reply {
        self.reply(&[("code", code)])
    }

    /// Sends the user back with an error.
    pub fn error(&self, error: &OauthError) -> Reply {
        self.reply(&[
            ("error", error.code.word()),
            ("error_description", &error.description),
        ])
    }

    fn reply(&self, own: &[(&str, &str)]) -> Reply {
        let mut all = own.to_vec();
        if let Some(state) = &self.state {
            all.push(("state", state));
        }
        all.push(("iss", &self.issuer));
        match self.mode {
            Mode::Query => redirect_to(&with_query(&self.redirect_uri, &pairs(all))),
            Mode::FormPost => page::form_post(&self.redirect_uri, &all),
        }
    }
}

/// An address with more in its query.
pub fn with_query(uri: &str, query: &str) -> String {
    if query.is_empty() {
        return uri.to_owned();
    }
    let (before, between) = match uri.split_once('?') {
        Some((_, "")) => (uri, ""),
        Some((_, rest)) if rest.ends_with('&') => (uri, ""),
        Some(_) => (uri, "&"),
        None => (uri, "?"),
    };
    format!("{before}{between}{query}")
}

/// Sends the browser elsewhere; what stood in the address it came from goes nowhere.
pub fn redirect_to(address: &str) -> Reply {
    super::fresh(302)
        .header("location", address.to_owned())
        .header("referrer-policy", "no-referrer")
}
