//! The server's tests: one binary.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
mod advice;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod autoid;
#[cfg(test)]
mod bindings;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod capture;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod config;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod curl;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod external;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod hash;
#[cfg(test)]
mod http;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod ldap;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod login;
#[cfg(test)]
mod mail_link;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod oath;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod overlap;
#[cfg(test)]
mod page;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod post;
#[cfg(test)]
mod realms;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod smtp;
#[cfg(test)]
mod social;
#[cfg(test)]
mod start;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod transactions;
#[cfg(test)]
mod vectors;
