//! A request, read as a whole, before anything is looked up.

use crate::{
    am::request::Parts,
    capture::{
        call::{self, Call},
        client::Sender,
        error::Error,
        operation::Operation,
        parameters::Parameters,
    },
    json::Bounds,
};

/// A request that can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The operation.
    pub operation: Operation,
    /// Who sends it, as it says.
    pub sender: Sender,
    /// What it asks for.
    pub call: Call,
    /// All that it says; the fields of forms are among it.
    pub parameters: Parameters,
}

/// A request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The operation, where the path tells one.
    pub operation: Option<Operation>,
    /// Who sends it, where that could be read: whether they are who they say comes before what they ask for.
    pub sender: Option<Box<Sender>>,
    /// What is wrong.
    pub error: Box<Error>,
}

impl Request {
    /// Reads a request; `mount` is the path at which Capture is served, and the path of `parts` begins
    /// after it.
    ///
    /// # Errors
    /// There is no such operation, it does not take the method, or something cannot be read.
    pub fn read(parts: &Parts<'_>, mount: &str, bounds: Bounds) -> Result<Self, Unread> {
        let Some(operation) = Operation::of_path(parts.path) else {
            return Err(Unread {
                operation: None,
                sender: None,
                error: Box::new(Error::not_served()),
            });
        };
        let of_operation = |error| Unread {
            operation: Some(operation),
            sender: None,
            error: Box::new(error),
        };
        if !operation.takes(parts.method) {
            return Err(of_operation(Error::method()));
        }
        let parameters = Parameters::read(parts, bounds).map_err(of_operation)?;
        let sender = Sender::read(parts, mount, &parameters).map_err(of_operation)?;
        match call::read(operation, &parameters) {
            Ok(call) => Ok(Self {
                operation,
                sender,
                call,
                parameters,
            }),
            Err(error) => Err(Unread {
                sender: Some(Box::new(sender)),
                ..of_operation(error)
            }),
        }
    }
}
