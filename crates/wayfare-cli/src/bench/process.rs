//! What a process uses, as Linux tells it in `/proc`; nothing where that is not there.

use std::{fs, time::Duration};

/// What the system counts times of processes in: a hundredth of a second, on every machine it runs on.
const TICK: Duration = Duration::from_millis(10);

/// What a process uses at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time since it began.
    pub(crate) cpu: Duration,
    /// Memory that is resident, in KiB.
    pub(crate) resident_kib: u64,
    /// The most that was.
    pub(crate) peak_kib: u64,
    /// Files and sockets that are open.
    pub(crate) files: u64,
}

impl Usage {
    /// That of a process, by its id.
    pub(crate) fn of(process: u32) -> Option<Self> {
        let folder = format!("/proc/{process}");
        let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        let files = fs::read_dir(format!("{folder}/fd")).ok()?.count();
        Some(Self {
            cpu: cpu(&stat)?,
            resident_kib: kib(&status, "VmRSS:")?,
            peak_kib: kib(&status, "VmHWM:")?,
            files: u64::try_from(files).ok()?,
        })
    }
}

/// User and system time: the twelfth and thirteenth field behind the name, which may hold blanks and brackets.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let stat = "17 (a) b) R 1 17 17 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 5 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu("17 (a"), None);
        assert_eq!(kib("Name:\tx\nVmRSS:\t  1234 kB\n", "VmRSS:"), Some(1_234));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
    }
}
