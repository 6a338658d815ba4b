//! Expressions, computed as they are written.

use super::walker::Walker;
use crate::{
    engine::error::NodeError,
    model::{
        expr::{BinaryOp, Expr, Function, Slot},
        value::Value,
    },
};

fn wrong() -> NodeError {
    NodeError::new("a value is of the wrong type")
}

impl Walker<'_> {
    /// The value of an expression.
    pub(super) fn term(&self, expr: &Expr) -> Result<Value, NodeError> {
        Ok(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Read(slot, _) => self.slot(slot).ok_or_else(|| NodeError::new("missing"))?,
            Expr::Has(slot) => Value::Bool(self.slot(slot).is_some()),
            Expr::Not(inner) => Value::Bool(!self.truth(inner)?),
            Expr::Binary(BinaryOp::And, left, right) => {
                Value::Bool(self.truth(left)? && self.truth(right)?)
            }
            Expr::Binary(BinaryOp::Or, left, right) => {
                Value::Bool(self.truth(left)? || self.truth(right)?)
            }
            Expr::Binary(op, left, right) => binary(*op, &self.term(left)?, &self.term(right)?)?,
            Expr::Call(function, args) => {
                let args: Result<Vec<Value>, NodeError> =
                    args.iter().map(|arg| self.term(arg)).collect();
                call(*function, &args?)?
            }
            Expr::Join(parts) => {
                let mut whole = String::new();
                for part in parts {
                    match self.term(part)? {
                        Value::Text(text) => whole += &text,
                        Value::Int(number) => whole += &number.to_string(),
                        Value::Bool(truth) => whole += &truth.to_string(),
                        other => panic!("no random journey joins {other:?}"),
                    }
                }
                Value::from(whole)
            }
        })
    }

    pub(super) fn truth(&self, expr: &Expr) -> Result<bool, NodeError> {
        self.term(expr)?.as_bool().ok_or_else(wrong)
    }

    fn slot(&self, slot: &Slot) -> Option<Value> {
        let text = |text: &str| Value::from(text);
        let name = |key| self.kit.keys.name(key).unwrap().to_string();
        let hidden = &self.state.hidden;
        match slot {
            Slot::Shared(key) => self.state.shared.get(&name(*key)).cloned(),
            Slot::Transient(key) => hidden.transient.get(&name(*key)).cloned(),
            Slot::Secure(key) => hidden.secure.get(&name(*key)).cloned(),
            Slot::Object(name) => self.object_attribute(name).cloned(),
            Slot::Header(name) => self.request.header(name).next().map(text),
            Slot::Cookie(name) => self.request.cookie(name).map(text),
            Slot::Parameter(name) => self.request.parameter(name).next().map(text),
            Slot::ClientAddress => self.request.client.map(|ip| Value::from(ip.to_string())),
            Slot::Host => self.request.host.as_deref().map(text),
            Slot::Locale => self.request.locales.first().map(|locale| text(locale)),
            // A run is no question to a policy.
            Slot::Environment(_) => None,
            Slot::Session(name) => self.visit_at_hand().session.as_ref()?.get(&**name).cloned(),
            Slot::SessionLevel => {
                let session = self.start.session.as_ref()?;
                Some(Value::Int(i64::from(session.level.number())))
            }
            Slot::User(name) => self.visit_at_hand().user.as_ref()?.get(&**name).cloned(),
            Slot::Realm => Some(text(self.start.realm.as_str())),
            Slot::AuthLevel => Some(Value::Int(i64::from(self.state.level.number()))),
        }
    }
}

fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, NodeError> {
    if let (BinaryOp::In, Value::List(list)) = (op, right) {
        for item in list.iter() {
            if binary(BinaryOp::Equal, item, left)? == Value::Bool(true) {
                return Ok(Value::Bool(true));
            }
        }
        return Ok(Value::Bool(false));
    }
    let order = match (left, right) {
        (Value::Int(l), Value::Int(r)) => l.cmp(r),
        (Value::Text(l), Value::Text(r)) => l.cmp(r),
        (Value::Bool(l), Value::Bool(r)) if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) => {
            l.cmp(r)
        }
        (Value::Secret(_), _) | (_, Value::Secret(_))
            if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) =>
        {
            return Err(NodeError::new("secrets are not compared"));
        }
        _ => return Err(wrong()),
    };
    Ok(Value::Bool(match op {
        BinaryOp::Equal => order.is_eq(),
        BinaryOp::NotEqual => order.is_ne(),
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessOrEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        BinaryOp::GreaterOrEqual => order.is_ge(),
        other => panic!("no random journey has {other:?}"),
    }))
}

fn call(function: Function, args: &[Value]) -> Result<Value, NodeError> {
    let text = |at: usize| args[at].as_text().ok_or_else(wrong);
    Ok(match function {
        Function::Lower => Value::from(text(0)?.to_lowercase()),
        Function::Upper => Value::from(text(0)?.to_uppercase()),
        Function::Len => Value::Int(i64::try_from(text(0)?.chars().count()).unwrap()),
        Function::StartsWith => Value::Bool(text(0)?.starts_with(text(1)?)),
        Function::Contains => Value::Bool(text(0)?.contains(text(1)?)),
        other => panic!("no random journey calls {other:?}"),
    })
}
