//! The links that suspended runs are resumed by.

/// The link that leads back to a stop of a run.
pub(crate) fn of(run: u128, generation: u32) -> String {
    format!("https://login.example.com/?suspendedId={run:032x}.{generation}")
}
