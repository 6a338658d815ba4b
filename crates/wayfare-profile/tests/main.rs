//! Schemas and policies of profiles, seen from outside.

mod nested;
mod schema;
