//! A world in memory for journeys: a virtual clock, randomness from a seed, and every collaborator of a run.
//!
//! In: a linked program, and who exists, who answers what, what the outside says. Out: the same run every
//! time. Tests of the language, coverage, records of runs and the exploration of all states stand on it.
//! Deliberately not here: real clocks, files and sockets; generators of random journeys, which stand in
//! `wayfare-testing`.
