//! Journeys beside a run, in a world without a second visitor.
//!
//! A transaction that is opened here is taken up and confirmed by somebody as a matter of course: the first
//! time it is asked about nobody has come, the second time somebody is at it, and from then on it has
//! succeeded. What else can become of it, a test says for the node that asks.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    EffectReply, Value,
    engine::effect::{Backchannel, BackchannelReply, BackchannelState},
};

use crate::world::World;

/// A transaction of this world.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Transaction {
    asked: u32,
    told: Option<Value>,
}

impl World {
    pub(crate) fn backchannel(&mut self, asked: &Backchannel) -> EffectReply {
        EffectReply::Backchannel(Box::new(match asked {
            Backchannel::Open(open) => {
                let id: Arc<str> = Arc::from(format!("transaction-{}", self.transactions.len()));
                let page = open.page.as_deref().unwrap_or("/");
                let address = Arc::from(format!("{page}?authIndexValue={id}"));
                let transaction = Transaction::default();
                self.transactions.insert(Arc::clone(&id), transaction);
                BackchannelReply::Opened {
                    transaction: id,
                    address,
                }
            }
            Backchannel::Ask { transaction } => {
                let Some(known) = self.transactions.get_mut(transaction) else {
                    return EffectReply::Backchannel(Box::new(BackchannelReply::Stands {
                        state: BackchannelState::Unknown,
                        properties: BTreeMap::new(),
                        told: None,
                    }));
                };
                let state = match known.asked {
                    0 => BackchannelState::Pending,
                    1 => BackchannelState::InProgress,
                    _ => BackchannelState::Success,
                };
                known.asked = known.asked.saturating_add(1);
                BackchannelReply::Stands {
                    state,
                    properties: BTreeMap::new(),
                    told: known.told.clone(),
                }
            }
            // The run at hand is for a transaction of whoever plays it.
            Backchannel::Tell { transaction, data } => {
                let known = self.transactions.entry(Arc::clone(transaction));
                known.or_default().told = Some(data.clone());
                BackchannelReply::Told(true)
            }
        }))
    }
}
