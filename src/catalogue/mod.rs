//! The node types of the product, one reviewed table.
//!
//! Each family is a constant list of paragraphs: settings with the vendor's keys, outcomes, callbacks,
//! state, and what each outcome means for the proofs. What comes out is a [`Catalog`] of signatures; the
//! behaviours are elsewhere and may lag behind.
//!
//! How to read a paragraph: a setting without a default must be written unless it is `optional` or the
//! realm supplies it. A number is written with a unit in text where the vendor's unit is known, and stays
//! a plain number where it is not. `proves` stands only where a credential of that very subject was
//! verified. Counters that a vendor keeps in the state under the id of the node belong to the memory of
//! the run and are not listed. An unknown cell is read as the worst case by every check; a test counts
//! them. Where an outcome's id is not published, the author's arms define the outcomes.

mod backchannel;
mod cell;
mod cloud;
mod context;
mod credential;
mod device;
mod entry;
mod family;
mod federation;
mod flow;
mod ground;
mod identity;
mod keys;
mod meaning;
mod mfa;
mod otp;
mod partner;
mod risk;
mod session;

use std::sync::LazyLock;

pub use self::{
    family::{Family, families},
    partner::{PartnerType, partners},
};
use crate::model::{catalog::Catalog, provided::provider_of};

static STANDARD: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog = Catalog::default();
    for entry in families().iter().flat_map(Family::entries) {
        // No name is there twice: a test counts them.
        let _ = catalog.add(entry.signature());
    }
    catalog
});

/// Every node type of the product, and `Decision`, which is the language's own.
///
/// ```
/// let catalog = wayfare::catalogue::standard();
/// assert_eq!(catalog.find("PollingWait"), catalog.find_wire("PollingWaitNode"));
/// assert!(catalog.find("product-Captcha").is_some());
/// ```
pub fn standard() -> Catalog {
    STANDARD.clone()
}

/// Whether the id on the wire is that of a type of the product, or of the language's own.
pub(crate) fn is_of_product(wire: &str) -> bool {
    STANDARD.find_wire(provider_of(wire)).is_some()
}
