//! Guards in their one form.

use crate::syntax::{
    ast::{Ensure, RealmGuard},
    format::{Class, Part, Printer, What},
    layout::Doc,
};

impl<'a> Printer<'a> {
    pub(super) fn realm_guard(&self, guard: &'a RealmGuard) -> Part<'a> {
        let mut head = format!("guard {}", self.slice(guard.name.span));
        if let Some(realm) = &guard.realm {
            head.push_str(" for ");
            head.push_str(self.slice(realm.span));
        }
        for (at, name) in guard.except.iter().enumerate() {
            head.push_str(if at == 0 { " except " } else { ", " });
            head.push_str(&name.text);
        }
        Part {
            class: Class::Block,
            span: guard.span,
            what: What::Body {
                head: Doc::text(head),
                open: guard.open,
                close: guard.close,
                parts: guard.ensures.iter().map(|e| self.ensure_part(e)).collect(),
            },
        }
    }

    pub(super) fn ensure_part(&self, ensure: &'a Ensure) -> Part<'a> {
        Part {
            class: Class::Ensure,
            span: ensure.span,
            what: What::Line(self.ensure(ensure)),
        }
    }
}
