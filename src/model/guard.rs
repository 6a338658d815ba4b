//! What every journey of a realm must meet, whoever writes it.

use std::sync::Arc;

use crate::{
    model::{journey::JourneyId, property::Ensure, realm::Realm},
    source::Span,
};

/// A guard: properties that stand in a file of their own, and hold for journeys written elsewhere.
///
/// No journey can allow them away. Runs do not depend on guards, and neither does any hash: a program is
/// refused where one does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RealmGuard {
    /// What it is called.
    pub name: Arc<str>,
    /// The realm it names; none where it is for every realm.
    pub realm: Option<Realm>,
    /// The journeys that it leaves alone.
    pub except: Vec<JourneyId>,
    /// By journey that can be started, what must hold of it.
    pub holds: Vec<(JourneyId, Ensure)>,
    /// The guard where it is declared.
    pub span: Span,
}
