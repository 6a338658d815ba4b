//! Schemas and policies of profiles, seen from outside.

mod schema;
