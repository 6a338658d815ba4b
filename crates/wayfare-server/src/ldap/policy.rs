//! What a bind came to: the result, the control of the password-policy draft, the numbers of Active
//! Directory.
//!
//! The control is read byte by byte with nothing but short lengths, as directories write it; whatever is
//! not understood says nothing.

use std::{sync::Arc, time::Duration};

use wayfare::engine::{
    callback::FailedPolicy,
    effect::{LdapPolicy, Unmet},
};
use wayfare_profile::PASSWORD;

use super::LdapError;

/// The control by which a bind asks for the policy, and is answered.
pub(super) const CONTROL: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// What the control of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer {
    /// What is to come.
    pub warning: Option<Warning>,
    /// What is wrong, by the number of the draft.
    pub error: Option<u8>,
}

/// What is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// The password lapses in so many seconds.
    Expires(u32),
    /// It has lapsed, and lets in so many times more.
    Grace(u32),
}

/// What came of a bind.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// The password is right.
    Right,
    /// It is wrong, or there is nobody.
    Wrong,
    /// The account is locked.
    Locked,
    /// The password has lapsed.
    Expired,
    /// It is right and must be changed.
    MustChange,
    /// It is right and lapses in this time.
    Expires(Duration),
    /// It is right, has lapsed, and lets in so many times more.
    Grace(u32),
    /// It is right, and the new one is not taken.
    Refused(Vec<Unmet>),
}

/// Reads the value of the control.
pub fn read_control(value: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let Some((0x30, mut rest, _)) = part(value) else {
        return answer;
    };
    // BOUND: each part takes at least two bytes.
    while let Some((tag, inner, behind)) = part(rest) {
        match tag {
            0xa0 => {
                answer.warning = match part(inner) {
                    Some((0x80, number, _)) => number_of(number).map(Warning::Expires),
                    Some((0x81, number, _)) => number_of(number).map(Warning::Grace),
                    _ => None,
                };
            }
            0x81 => answer.error = number_of(inner).and_then(|number| number.try_into().ok()),
            _ => {}
        }
        rest = behind;
    }
    answer
}

/// The tag and the bytes of what begins here, and what is behind it.
fn part(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *length >= 0x80 {
        return None;
    }
    let (inner, behind) = rest.split_at_checked(usize::from(*length))?;
    Some((*tag, inner, behind))
}

fn number_of(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 5 || bytes.first().is_some_and(|first| *first >= 0x80) {
        return None;
    }
    let number = (bytes.iter()).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    number.try_into().ok()
}

const SUCCESS: u32 = 0;
const CONSTRAINT: u32 = 19;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;
const ACCESS: u32 = 50;
const UNWILLING: u32 = 53;

/// What came of a bind, as one word; what is none of these is a failure of the directory.
///
/// # Errors
/// The directory refused for another reason than the account.
pub fn said(
    policy: LdapPolicy,
    code: u32,
    text: &str,
    answer: Answer,
) -> Result<&'static str, LdapError> {
    Ok(match bound(policy, code, text, answer)? {
        Bound::Right => "right",
        Bound::Wrong => "wrong",
        Bound::Locked => "locked",
        Bound::Expired => "expired",
        Bound::MustChange => "must change",
        Bound::Expires(_) => "expires",
        Bound::Grace(_) => "grace",
        Bound::Refused(_) => "refused",
    })
}

pub(super) fn bound(
    policy: LdapPolicy,
    code: u32,
    text: &str,
    answer: Answer,
) -> Result<Bound, LdapError> {
    let refused = || {
        Err(LdapError::Refused {
            code,
            text: text.to_owned(),
        })
    };
    let answer = match policy {
        LdapPolicy::Control => answer,
        LdapPolicy::None | LdapPolicy::ActiveDirectory => Answer::default(),
    };
    match (code, answer) {
        (SUCCESS, Answer { error: Some(1), .. }) => Ok(Bound::Locked),
        (SUCCESS, Answer { error: Some(2), .. }) => Ok(Bound::MustChange),
        (SUCCESS, Answer { warning, error }) => Ok(match (warning, error) {
            (Some(Warning::Grace(left)), _) => Bound::Grace(left),
            (_, Some(0)) => Bound::Grace(0),
            (Some(Warning::Expires(seconds)), _) => {
                Bound::Expires(Duration::from_secs(u64::from(seconds)))
            }
            (None, _) => Bound::Right,
        }),
        (_, Answer { error: Some(1), .. }) => Ok(Bound::Locked),
        (_, Answer { error: Some(0), .. }) => Ok(Bound::Expired),
        (INVALID_CREDENTIALS, _) if policy == LdapPolicy::ActiveDirectory => {
            Ok(active_directory(text))
        }
        (INVALID_CREDENTIALS | NO_SUCH_OBJECT, _) => Ok(Bound::Wrong),
        _ => refused(),
    }
}

/// The number behind `data` in the message of Active Directory, in which it says why.
fn active_directory(text: &str) -> Bound {
    let number = text.split("data ").nth(1).unwrap_or_default();
    let number: String = (number.chars())
        .take_while(char::is_ascii_hexdigit)
        .collect();
    match number.to_ascii_lowercase().as_str() {
        // At this time, from this machine, disabled, the account lapsed, locked.
        "530" | "531" | "533" | "701" | "775" => Bound::Locked,
        "532" => Bound::Expired,
        "773" => Bound::MustChange,
        _ => Bound::Wrong,
    }
}

/// What came of a change by somebody whose old password was right.
pub(super) fn changed(code: u32, text: &str, answer: Answer) -> Result<Bound, LdapError> {
    let requirement = match (code, answer.error) {
        (SUCCESS, _) => return Ok(Bound::Right),
        (_, Some(6)) => "MIN_LENGTH",
        (_, Some(7)) => "PASSWORD_TOO_YOUNG",
        (_, Some(8)) => "PASSWORD_IN_HISTORY",
        (_, Some(3)) | (ACCESS, _) => "READ_ONLY",
        (_, Some(4 | 5)) | (CONSTRAINT, _) => "PASSWORD_QUALITY",
        // The old one, which the directory compares once more.
        (INVALID_CREDENTIALS, _) => return Ok(Bound::Wrong),
        (UNWILLING, _) if text.contains("old password") || text.contains("verify") => {
            return Ok(Bound::Wrong);
        }
        _ => {
            return Err(LdapError::Refused {
                code,
                text: text.to_owned(),
            });
        }
    };
    Ok(Bound::Refused(vec![unmet(requirement)]))
}

/// What came of a change in Active Directory, which compares the old one in the change itself.
pub(super) fn changed_there(code: u32, text: &str) -> Result<Bound, LdapError> {
    let upper = text.to_ascii_uppercase();
    match code {
        CONSTRAINT if upper.contains("00000056") => Ok(Bound::Wrong),
        CONSTRAINT if upper.contains("00000775") => Ok(Bound::Locked),
        _ => changed(code, text, Answer::default()),
    }
}

/// The password does not meet this.
pub(crate) fn unmet(requirement: &str) -> Unmet {
    Unmet {
        attribute: Arc::from(PASSWORD),
        failed: vec![FailedPolicy {
            requirement: Arc::from(requirement),
            params: serde_json::json!({}),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_is_read_as_the_draft_has_it() {
        let read = |bytes: &[u8]| {
            let answer = read_control(bytes);
            (answer.warning, answer.error)
        };
        assert_eq!(read(&[0x30, 0]), (None, None));
        assert_eq!(read(&[0x30, 3, 0x81, 1, 2]), (None, Some(2)));
        assert_eq!(
            read(&[0x30, 5, 0xa0, 3, 0x81, 1, 3]),
            (Some(Warning::Grace(3)), None)
        );
        assert_eq!(
            read(&[0x30, 6, 0xa0, 4, 0x80, 2, 0x0e, 0x10]),
            (Some(Warning::Expires(3600)), None)
        );
        assert_eq!(
            read(&[0x30, 8, 0xa0, 3, 0x81, 1, 0, 0x81, 1, 0]),
            (Some(Warning::Grace(0)), Some(0))
        );
        for broken in [
            &[][..],
            &[0x30],
            &[0x30, 9, 0x81],
            &[0x31, 3, 0x81, 1, 2],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 3, 0x81, 9, 2],
            &[0x30, 2, 0x81, 0],
            &[0x30, 3, 0x81, 1, 0xff],
            &[0x30, 9, 0xa0, 7, 0x80, 5, 1, 1, 1, 1, 1],
        ] {
            assert_eq!(read(broken), (None, None), "{broken:?}");
        }
    }

    #[test]
    fn a_bind_comes_to_one_thing() {
        let control = LdapPolicy::Control;
        let at = |warning, error| Answer { warning, error };
        for (code, answer, expected) in [
            (0, at(None, None), "right"),
            (49, at(None, None), "wrong"),
            (32, at(None, None), "wrong"),
            (49, at(None, Some(1)), "locked"),
            (49, at(None, Some(0)), "expired"),
            (0, at(None, Some(2)), "must change"),
            (0, at(Some(Warning::Grace(1)), None), "grace"),
            (0, at(Some(Warning::Grace(1)), Some(0)), "grace"),
            (0, at(Some(Warning::Expires(9)), None), "expires"),
            (0, at(Some(Warning::Expires(9)), Some(2)), "must change"),
        ] {
            assert_eq!(said(control, code, "", answer).unwrap(), expected, "{code}");
        }
        // Whoever did not ask for the policy is not told.
        let locked = at(None, Some(1));
        assert_eq!(said(LdapPolicy::None, 49, "", locked).unwrap(), "wrong");
        for code in [1, 2, 8, 10, 50, 51, 52, 53, 80] {
            assert!(said(control, code, "", at(None, None)).is_err(), "{code}");
        }
    }

    #[test]
    fn active_directory_says_it_in_numbers() {
        let text = |data: &str| {
            format!(
                "80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data {data}, v4563"
            )
        };
        let ad = LdapPolicy::ActiveDirectory;
        for (data, expected) in [
            ("52e", "wrong"),
            ("525", "wrong"),
            ("530", "locked"),
            ("532", "expired"),
            ("533", "locked"),
            ("701", "locked"),
            ("773", "must change"),
            ("775", "locked"),
            ("", "wrong"),
        ] {
            let said = said(ad, 49, &text(data), Answer::default()).unwrap();
            assert_eq!(said, expected, "{data}");
        }
        assert_eq!(
            said(ad, 49, "no number", Answer::default()).unwrap(),
            "wrong"
        );
        assert_eq!(changed_there(19, "00000056: x").unwrap(), Bound::Wrong);
        assert!(matches!(
            changed_there(19, "0000052D: x").unwrap(),
            Bound::Refused(_)
        ));
    }
}
