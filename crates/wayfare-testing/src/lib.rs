//! Property testing for journeys: random journeys, fitting and ill-fitting answers, hosts that fail.
//!
//! In: a journey and what should hold of each of its runs. Out: the shortest list of answers for which it
//! does not. Deliberately not here: the world that runs take place in, which is `wayfare-sim`.
