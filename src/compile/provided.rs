//! Nodes that act as another type: which, and with which signature.

use std::sync::Arc;

use crate::{
    codes,
    compile::{context::Cx, unit::Filled},
    diagnostic::Diagnostic,
    model::{
        catalog::TypeId,
        journey::SettingValue,
        provided::{NODE_TYPE, PROVIDER, provided_name, refusal},
        signature::Signature,
        value::Value,
    },
    source::Span,
    syntax::ast,
};

impl<'a> Cx<'a> {
    /// The type of a node with these settings: another than the one that is written where that one acts as
    /// others. `None` where a finding says why it cannot be known.
    pub(super) fn acting_as(
        &mut self,
        (ty, signature): (TypeId, &'a Arc<Signature>),
        filled: &Filled<'_>,
        node: &ast::Node,
    ) -> Option<(TypeId, &'a Arc<Signature>)> {
        if signature.name != PROVIDER {
            return Some((ty, signature));
        }
        let written = node.settings.iter().find(|s| s.key.text == NODE_TYPE);
        let span = written.map_or(node.name.span, |setting| setting.span);
        let wire = match filled.get(NODE_TYPE) {
            Some(SettingValue::Constant(Value::Text(wire))) => Arc::clone(wire),
            None if filled.broken => return None,
            _ => {
                let message = format!("`{NODE_TYPE}` says which outcomes there are");
                self.report(
                    Diagnostic::new(codes::WRONG_TYPE, span, message)
                        .expected("a text that is known where the node is written"),
                );
                return None;
            }
        };
        let of = self.catalog.find_wire(&wire);
        let of = of.and_then(|of| self.catalog.get(of));
        let Some(of) = of else {
            self.cannot_be(span, &wire, "there is no such type");
            return None;
        };
        if let Some(why) = refusal(of) {
            self.cannot_be(span, &wire, why);
            return None;
        }
        let found = self.catalog.find(&provided_name(signature, of))?;
        Some((found, self.catalog.get(found)?))
    }

    fn cannot_be(&mut self, span: Span, wire: &str, why: &str) {
        let wire = super::clip(wire);
        let message = format!("`{NODE_TYPE}` cannot be `\"{wire}\"`: {why}");
        self.report(
            Diagnostic::new(codes::OUT_OF_RANGE, span, message)
                .expected("a type whose outcomes are known from its settings"),
        );
    }
}
