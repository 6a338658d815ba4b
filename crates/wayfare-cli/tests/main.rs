//! The command line as a person or a script uses it: arguments and files in, streams and exit codes out.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod between;
#[cfg(test)]
mod check;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod exceptions;
#[cfg(test)]
mod explore;
#[cfg(test)]
mod export;
#[cfg(test)]
mod import;
#[cfg(test)]
mod import_hostile;
#[cfg(test)]
mod import_whole;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod levels;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod mutant;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod play;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod realm_guards;
#[cfg(test)]
mod report;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod show;
#[cfg(test)]
mod suggested;
#[cfg(test)]
mod supply;
#[cfg(test)]
mod support;
#[cfg(test)]
mod test;
#[cfg(test)]
mod trace;
