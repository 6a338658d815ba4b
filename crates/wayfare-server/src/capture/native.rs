//! The operations that run a flow.

use wayfare_wire::capture::{
    call::Native,
    client::Sender,
    error::{Code, Error},
    parameters::Parameters,
    reply::Answer,
};

use super::Turn;

impl Turn<'_> {
    pub(super) fn native(
        &self,
        call: &Native,
        sender: &Sender,
        _parameters: &Parameters,
    ) -> Result<Answer, Error> {
        self.by_name(call.operation, sender)?;
        Err(Error::new(
            Code::ApiFeatureDisabled,
            "no journey is bound to this operation",
        ))
    }
}
