//! Codes for tokens.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use wayfare::Secret;

use super::{
    BOUNDS,
    authorize::{encoded, form},
};
use crate::json::{Ignored, read};

/// How a client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
    /// `none`: there is no secret.
    None,
}

/// What the token endpoint is asked (RFC 6749, section 4.1.3).
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// Who asks.
    pub client: &'a str,
    /// The secret of the client.
    pub secret: Option<&'a Secret<String>>,
    /// How it is shown.
    pub method: AuthMethod,
    /// The code.
    pub code: &'a Secret<String>,
    /// Where it came, as it was asked for.
    pub redirect: &'a str,
    /// The verifier, where the server asked for the code itself.
    pub verifier: Option<&'a Secret<String>>,
}

impl TokenRequest<'_> {
    /// The form.
    pub fn body(&self) -> Secret<String> {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.reveal().as_str()),
            ("redirect_uri", self.redirect),
        ];
        parameters.extend(
            self.verifier
                .map(|verifier| ("code_verifier", verifier.reveal().as_str())),
        );
        if self.method != AuthMethod::Basic {
            parameters.push(("client_id", self.client));
        }
        if let (AuthMethod::Post, Some(secret)) = (self.method, self.secret) {
            parameters.push(("client_secret", secret.reveal()));
        }
        Secret::new(form(&parameters))
    }

    /// The header `Authorization`; both parts encoded as a form has them (RFC 6749, section 2.3.1).
    pub fn authorization(&self) -> Option<Secret<String>> {
        let (AuthMethod::Basic, Some(secret)) = (self.method, self.secret) else {
            return None;
        };
        let pair = format!("{}:{}", encoded(self.client), encoded(secret.reveal()));
        Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))))
    }
}

/// What the token endpoint answers.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The token for claims.
    pub access: Option<Secret<String>>,
    /// The token for tokens.
    pub refresh: Option<Secret<String>>,
    /// The token that says who it is.
    pub id: Option<Secret<String>>,
}

/// There are no tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// The provider says why.
    #[error("the provider says `{0}`")]
    Error(String),
    /// It cannot be read.
    #[error("the answer of the provider cannot be read")]
    Unreadable,
}

#[derive(Deserialize)]
struct Answered {
    access_token: Option<String>,
    refresh_token: Option<String>,
    id_token: Option<String>,
    token_type: Option<String>,
    error: Option<String>,
}

impl TokenAnswer {
    /// What stands in an answer with this status.
    ///
    /// # Errors
    /// There are no tokens in it.
    pub fn read(status: u16, bytes: &[u8]) -> Result<Self, BadAnswer> {
        let answered = read::<Ignored>(bytes, BOUNDS)
            .ok()
            .and_then(|_| serde_json::from_slice::<Answered>(bytes).ok())
            .ok_or(BadAnswer::Unreadable)?;
        if let Some(error) = answered.error {
            let shown = error.chars().filter(char::is_ascii_graphic).take(64);
            return Err(BadAnswer::Error(shown.collect()));
        }
        let bearer = |ty: &str| ty.eq_ignore_ascii_case("bearer");
        if status != 200 || !answered.token_type.as_deref().is_none_or(bearer) {
            return Err(BadAnswer::Unreadable);
        }
        let there = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
        Ok(Self {
            access: there(answered.access_token),
            refresh: there(answered.refresh_token),
            id: there(answered.id_token),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(
        secret: &'a Secret<String>,
        code: &'a Secret<String>,
        method: AuthMethod,
    ) -> TokenRequest<'a> {
        TokenRequest {
            client: "way:fare",
            secret: Some(secret),
            method,
            code,
            redirect: "https://login.example/",
            verifier: Some(code),
        }
    }

    #[test]
    fn the_secret_goes_where_the_method_says() {
        let (secret, code) = (Secret::from("s%t"), Secret::from("c+d"));
        let basic = request(&secret, &code, AuthMethod::Basic);
        let header = basic.authorization().unwrap();
        assert_eq!(
            header.reveal(),
            &format!("Basic {}", STANDARD.encode("way%3Afare:s%25t"))
        );
        assert!(!basic.body().reveal().contains("client_secret"));
        let post = request(&secret, &code, AuthMethod::Post);
        assert!(post.authorization().is_none());
        assert_eq!(
            post.body().reveal(),
            "grant_type=authorization_code&code=c%2Bd&redirect_uri=https%3A%2F%2Flogin.example%2F&\
             code_verifier=c%2Bd&client_id=way%3Afare&client_secret=s%25t"
        );
        let none = request(&secret, &code, AuthMethod::None);
        assert!(none.authorization().is_none());
        assert!(none.body().reveal().ends_with("client_id=way%3Afare"));
    }

    #[test]
    fn errors_and_odd_answers_are_no_tokens() {
        let good = br#"{"access_token":"a","token_type":"Bearer","id_token":"b","expires_in":1}"#;
        assert!(TokenAnswer::read(200, good).unwrap().id.is_some());
        assert!(TokenAnswer::read(400, good).is_err());
        let error = br#"{"error":"invalid_grant"}"#;
        let said = TokenAnswer::read(400, error).unwrap_err();
        assert_eq!(said, BadAnswer::Error("invalid_grant".to_owned()));
        for odd in [
            &b"access_token=a"[..],
            b"[]",
            br#"{"access_token":"a","token_type":"mac"}"#,
        ] {
            assert_eq!(
                TokenAnswer::read(200, odd).unwrap_err(),
                BadAnswer::Unreadable
            );
        }
    }
}
