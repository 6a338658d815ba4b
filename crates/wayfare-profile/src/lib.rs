//! What profiles of users may hold.
//!
//! In: a schema as JSON, in the form in which the platforms of the field export the objects they manage.
//! Out: a [`Schema`], which describes attributes and judges values before they are written. Where objects
//! are kept is not known here: whoever keeps them says whether a value is taken already.

mod attribute;
mod nested;
mod object;
mod policy;
mod read;
mod schema;

pub use attribute::{Attribute, Editing};
pub use object::{
    AGENT, CREATED, ChangeError, ID, LINKS, LOGINS, PASSWORD, PASSWORD_DATE, STATUS, TERMS,
    answer_key, answer_place, find, is_active, is_own, is_users, secrets, seen,
};
pub use policy::{Policy, Rule};
pub use read::{ATTRIBUTES_MAX, SchemaError};
pub use schema::{Schema, Store, compared_texts};
