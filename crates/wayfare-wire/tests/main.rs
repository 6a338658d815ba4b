//! The wire, seen from outside.

#[cfg(test)]
mod advice;
#[cfg(test)]
mod autoid;
#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod capture;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod external;
#[cfg(test)]
mod jose;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod start;
#[cfg(test)]
mod transcript;
#[cfg(test)]
mod world;
