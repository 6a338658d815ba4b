//! Guards: their heads. What stands in their blocks are properties, as in journeys.

use crate::syntax::{
    ast::{Doc, RealmGuard},
    item::{Inner as _, Pair, Reader},
    parser::Rule,
};

impl Reader<'_> {
    /// A guard without its block.
    pub(in crate::syntax) fn realm_guard(
        &mut self,
        pair: Pair<'_>,
        doc: Option<Doc>,
    ) -> Option<RealmGuard> {
        let span = self.span(&pair);
        let mut inner = pair.inner();
        let name = self.quoted(&inner.next()?);
        let mut realm = None;
        let mut except = Vec::new();
        for part in inner {
            if part.as_rule() == Rule::string {
                realm = Some(self.quoted(&part));
            } else {
                except.push(self.word(&part));
            }
        }
        Some(RealmGuard {
            doc,
            name,
            realm,
            except,
            ensures: Vec::new(),
            open: span.after(),
            close: span.after(),
            span,
            head: span,
        })
    }
}
