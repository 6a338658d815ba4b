//! Numbers drawn from the randomness of the host, each as likely as any other.

use crate::{
    engine::{context::Context, error::NodeError},
    nodes::failure,
};

/// How often bytes are drawn before the source counts as broken.
const ROUNDS: usize = 8;

/// This many numbers below `bound`, which is at most 256.
///
/// Bytes that would favour small numbers are dropped, so that no number is likelier than another.
pub(super) fn below(cx: &mut Context<'_>, bound: u8, count: usize) -> Result<Vec<u8>, NodeError> {
    let fair = u16::from(bound) * (256 / u16::from(bound).max(1));
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..ROUNDS {
        let mut bytes = [0; 32];
        cx.random(&mut bytes)?;
        for byte in bytes {
            if numbers.len() < count && u16::from(byte) < fair {
                numbers.push(byte % bound);
            }
        }
        if numbers.len() == count {
            return Ok(numbers);
        }
    }
    Err(failure::UNFAIR_RANDOMNESS.error())
}
