//! Whether a code is one that an authenticator app makes about now.

use wayfare::{
    Secret, Timestamp,
    engine::effect::{OathHash, OathKey, OathMoving, OathWindow},
};

use crate::{Key, Token, Window};

/// The counter, or step of time, whose code was typed; `None` where the code is not right, or was used.
///
/// A device whose clock goes wrong is followed: how far off it was when it was used last, at `accessed`,
/// says where its codes are looked for, as far as the window allows.
pub fn find(
    kept: &OathKey,
    window: &OathWindow,
    accessed: Option<Timestamp>,
    typed: &Secret<String>,
    now: Timestamp,
) -> Option<u64> {
    if kept.moving != window.moving {
        return None;
    }
    let key = Key::from_base32(kept.key.reveal()).ok()?;
    let hash = match kept.moving {
        OathMoving::Counter => OathHash::Sha1,
        OathMoving::Time { hash, .. } => hash,
    };
    let token = Token::new(key, hash, kept.digits)?
        .with_checksum(kept.checksum)
        .at(kept.offset)?;
    let unused = kept.used.map_or(Some(0), |used| used.checked_add(1))?;
    let range = match kept.moving {
        OathMoving::Counter => Window::by_counter(unused, window.window.checked_sub(1)?),
        OathMoving::Time { step, .. } => {
            let step = step.max(1);
            let here = now.seconds() / step;
            let there = match (kept.used, accessed) {
                // Where the clock of the device stands if it goes wrong by as much as then.
                (Some(used), Some(accessed)) => {
                    let then = accessed.seconds() / step;
                    here.saturating_add(used).saturating_sub(then)
                }
                _ => here,
            };
            let (earliest, latest) = (
                here.saturating_sub(window.drift),
                here.saturating_add(window.drift),
            );
            let first = there
                .saturating_sub(window.window)
                .max(earliest)
                .max(unused);
            let last = there.saturating_add(window.window).min(latest);
            Window::between(first, last)
        }
    };
    token.find(typed.reveal(), range)
}
