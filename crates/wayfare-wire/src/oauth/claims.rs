//! Which scope shows what of a user (OpenID Connect Core §5.1 and §5.4).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json, json};
use wayfare::Value;

/// Where claims come from, and which scopes show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMap {
    /// The attribute of each claim.
    claims: BTreeMap<String, Arc<str>>,
    /// The claims of each scope.
    scopes: BTreeMap<String, BTreeSet<String>>,
}

/// The claims of the standard that a user of the product has, with their attributes.
const CLAIMS: &[(&str, &str)] = &[
    ("name", "cn"),
    ("given_name", "givenName"),
    ("family_name", "sn"),
    ("preferred_username", "userName"),
    ("picture", "profileImage"),
    ("locale", "preferredLanguage"),
    ("email", "mail"),
    ("phone_number", "telephoneNumber"),
];

const SCOPES: &[(&str, &[&str])] = &[
    ("openid", &[]),
    (
        "profile",
        &[
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "picture",
            "locale",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("address", &["address"]),
];

/// The parts of an address (OpenID Connect Core §5.1.1), with their attributes.
const ADDRESS: &[(&str, &str)] = &[
    ("street_address", "postalAddress"),
    ("locality", "city"),
    ("region", "stateProvince"),
    ("postal_code", "postalCode"),
    ("country", "country"),
];

/// Claims that say who it is, when and for whom; no attribute becomes one of them.
pub const RESERVED: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "sid",
    "client_id",
    "scope",
    "active",
    "token_type",
    "username",
    "cnf",
    "act",
];

impl Default for ClaimMap {
    fn default() -> Self {
        let claims = CLAIMS.iter();
        let scopes = SCOPES.iter();
        Self {
            claims: claims
                .map(|(claim, attribute)| ((*claim).to_owned(), Arc::from(*attribute)))
                .collect(),
            scopes: scopes
                .map(|(scope, claims)| {
                    let claims = claims.iter().map(|claim| (*claim).to_owned());
                    ((*scope).to_owned(), claims.collect())
                })
                .collect(),
        }
    }
}

impl ClaimMap {
    /// Has a claim come from an attribute; `false` for one that no attribute becomes.
    pub fn claim(&mut self, claim: &str, attribute: &str) -> bool {
        if RESERVED.contains(&claim) {
            return false;
        }
        self.claims.insert(claim.to_owned(), Arc::from(attribute));
        true
    }

    /// Has a scope show these claims.
    pub fn scope(&mut self, scope: &str, claims: impl IntoIterator<Item = String>) {
        self.scopes
            .insert(scope.to_owned(), claims.into_iter().collect());
    }

    /// The scopes that are known here.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.keys().map(String::as_str)
    }

    /// All claims that there may be.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.claims.keys().map(String::as_str)
    }

    /// The claims that scopes show.
    fn shown<'s>(&'s self, scope: &[String]) -> BTreeSet<&'s str> {
        let known = scope.iter().filter_map(|scope| self.scopes.get(scope));
        known.flatten().map(String::as_str).collect()
    }

    /// The attributes that have to be read for these scopes.
    pub fn attributes(&self, scope: &[String]) -> Vec<Arc<str>> {
        let shown = self.shown(scope);
        let own = shown.iter().filter_map(|claim| self.claims.get(*claim));
        let mut wanted: Vec<Arc<str>> = own.map(Arc::clone).collect();
        if shown.contains("address") && !self.claims.contains_key("address") {
            wanted.extend(ADDRESS.iter().map(|(_, attribute)| Arc::from(*attribute)));
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// What these scopes show of a user with these attributes.
    pub fn of(
        &self,
        scope: &[String],
        attributes: &BTreeMap<Arc<str>, Value>,
    ) -> Map<String, Json> {
        let find = |wanted: &str| {
            let mut found = attributes
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.next().and_then(|(_, value)| plain(value))
        };
        let mut claims = Map::new();
        for claim in self.shown(scope) {
            let value = match self.claims.get(claim) {
                Some(attribute) => find(attribute),
                None if claim == "address" => {
                    let parts = ADDRESS.iter();
                    let parts: Map<String, Json> = parts
                        .filter_map(|(part, attribute)| {
                            Some(((*part).to_owned(), find(attribute)?))
                        })
                        .collect();
                    (!parts.is_empty()).then_some(Json::Object(parts))
                }
                None => None,
            };
            if let Some(value) = value {
                // RFC and Core ask for these to be what they are, whatever the store calls them.
                let value = match (claim, &value) {
                    ("email_verified" | "phone_number_verified", Json::String(text)) => {
                        json!(text.eq_ignore_ascii_case("true"))
                    }
                    _ => value,
                };
                claims.insert(claim.to_owned(), value);
            }
        }
        claims
    }
}

/// A value that may be shown, with a list of one as the one.
fn plain(value: &Value) -> Option<Json> {
    match value.to_json() {
        Json::Null => None,
        Json::String(text) if text.is_empty() => None,
        Json::Array(mut list) if list.len() < 2 => list.pop(),
        other => Some(other),
    }
}
