//! Several runs on one store.
