//! The example, driven over HTTP on a port of the loopback; and what docs/embedding.md quotes of it.

#[cfg(test)]
mod login;
#[cfg(test)]
mod quotes;
