//! Things that are never shown.

use std::fmt;

use zeroize::Zeroize;

/// A value that is wiped when dropped and whose `Debug` prints `_`.
///
/// There is no `Display` and no `Serialize`: whoever needs the value writes [`Secret::reveal`], which
/// reviews can search for.
///
/// ```
/// use wayfare::Secret;
/// let password = Secret::new(String::from("Ch4ng31t"));
/// assert_eq!(format!("{password:?}"), "_");
/// assert_eq!(password.reveal(), "Ch4ng31t");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value to the one place that needs it.
    ///
    /// Comparing two secrets goes through [`crate::Effect::Verify`], never through this.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}
