//! The node that lets the session to come manage the devices of its user.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, signature::Factor, value::Value},
    nodes::{failure::unfit, setting::constant},
};

/// What the session keeps it under.
const KEPT: &str = "deviceManagement";

/// Factors that a device of the user's stands behind.
const OF_DEVICES: [Factor; 4] = [Factor::Otp, Factor::Device, Factor::Push, Factor::Recovery];

/// Succeeds where a factor of a device was proved, or none need be.
#[derive(Debug)]
struct EnableDeviceManagement {
    strategy: Arc<str>,
    done: OutcomeId,
    refused: OutcomeId,
}

pub(super) fn devices(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let strategy: Arc<str> = constant(setup, "deviceEnforcementStrategy")?;
    if !["NONE", "ANY", "SAME"].contains(&&*strategy) {
        return Err(unfit(
            "`deviceEnforcementStrategy` is none of NONE, ANY and SAME",
        ));
    }
    Ok(Box::new(EnableDeviceManagement {
        strategy,
        done: setup.outcome("successOutcome")?,
        refused: setup.outcome("failureOutcome")?,
    }))
}

impl Prepared for EnableDeviceManagement {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let subject = cx.subject().map(|subject| subject.id.clone());
        let mut factors: Vec<Value> = Vec::new();
        for proof in cx.evidence() {
            let word = Value::from(proof.factor.word());
            let own = Some(&proof.subject) == subject.as_ref();
            if own && OF_DEVICES.contains(&proof.factor) && !factors.contains(&word) {
                factors.push(word);
            }
        }
        if factors.is_empty() && &*self.strategy != "NONE" {
            return Ok(Action::go(self.refused));
        }
        let kept = BTreeMap::from([
            (Arc::from("factors"), Value::List(factors.into())),
            (
                Arc::from("strategy"),
                Value::Text(Arc::clone(&self.strategy)),
            ),
        ]);
        cx.keep(KEPT, Value::Map(Arc::new(kept)));
        Ok(Action::go(self.done))
    }
}
