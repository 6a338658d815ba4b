//! Random journeys and random people.

use std::fmt::Write as _;

use wayfare::{Answer, Callback, Secret};

/// Numbers from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// The password that must be seen nowhere.
pub(crate) const MARK: &str = "S3CR3T-";

const WORDS: &[&str] = &[
    "shared x 1",
    "shared x 2",
    "shared username eve",
    "transient t 1",
    "transient password S3CR3T-x",
    "object o 1",
    "remove x",
    "remove t",
    "draw x",
    "now x",
    "count",
    "send",
    "lookup",
    "custom once",
    "custom fresh",
    "lock",
    "ask",
    "name",
    "secret",
    "verify",
    "expect any t 1",
    "expect shared x 1",
    "fail",
    "property p",
    "open",
    "metadata; ask",
    "lookup; identify",
    "verify; prove password",
];

fn told(dice: &mut Dice, most: u64) -> String {
    let count = dice.below(most) + 1;
    let words: Vec<&str> = (0..count).map(|_| dice.pick(WORDS)).collect();
    words.join("; ")
}

struct Writer<'d> {
    dice: &'d mut Dice,
    /// How many nodes the journey has, and which of them is being written.
    count: u64,
    at: u64,
    outer: bool,
}

impl Writer<'_> {
    fn onward(&mut self) -> String {
        let left = self.count - self.at - 1;
        match self.dice.below(left + 2) {
            0 if self.dice.below(4) == 0 => "nowhere".to_owned(),
            0 => "failure".to_owned(),
            1 => "gate".to_owned(),
            ahead => format!("n{}", self.at + ahead - 1),
        }
    }

    fn back(&mut self) -> String {
        format!("n{}", self.dice.below(self.at + 1))
    }

    fn arms(&mut self, outcomes: &[&str]) -> String {
        let mut arms = String::new();
        for outcome in outcomes {
            // Writing into a string cannot fail.
            let _ = writeln!(arms, "{outcome} -> {}", self.onward());
        }
        if self.dice.below(3) == 0 {
            let _ = writeln!(arms, "on error -> {}", self.onward());
        }
        arms
    }

    fn node(&mut self) -> String {
        let (name, body) = (format!("n{}", self.at), self.dice.below(12));
        let rest = match body {
            0 => format!(
                "Page {{\nnode u: UsernameCollector\nnode p: PasswordCollector\n-> {}\n}}",
                self.onward()
            ),
            1 => format!(
                "Page {{\nstage = \"s\"\nnode a: Single(do = \"{}\", reads = [\"t\"])\nnode b: Single(do = \"{}\")\nnode c: Probe(do = \"{}\")\n{}}}",
                told(self.dice, 3),
                told(self.dice, 3),
                told(self.dice, 3),
                self.arms(&["ok", "no"])
            ),
            2 => format!(
                "RetryLimitDecision {{\nretryLimit = {}\nRetry -> {}\nReject -> {}\n}}",
                self.dice.below(3),
                self.back(),
                self.onward()
            ),
            3 => format!(
                "Decision {{\nwhen has shared.x && shared.x == \"1\" as one -> {}\nwhen auth_level >= 5 -> {}\nelse -> {}\n}}",
                self.onward(),
                self.onward(),
                self.onward()
            ),
            4 => format!(
                "ModifyAuthLevel(authLevelIncrement = 5) -> {}",
                self.onward()
            ),
            5 if self.outer => format!(
                "journey inside {{\n{}{}}}",
                self.arms(&["true", "false"]),
                if self.dice.below(2) == 0 {
                    format!("error -> {}\n", self.onward())
                } else {
                    String::new()
                }
            ),
            6 => format!(
                "Decision {{\nwhen has user.mail -> {}\nelse -> {}\n}}",
                self.onward(),
                self.onward()
            ),
            7 | 8 => format!(
                "Probe(do = \"name; secret; verify; prove password\", reads = [\"password\"]) {{\n{}}}",
                self.arms(&["ok", "no"])
            ),
            9 => format!(
                "Probe(do = \"count\") {{\nok -> {}\nno -> failure\n}}",
                self.back()
            ),
            _ => format!(
                "Probe(do = \"{}\", reads = [\"t\", \"password\"]) {{\n{}}}",
                told(self.dice, 5),
                self.arms(&["ok", "no"])
            ),
        };
        format!("node {name}: {rest}\n")
    }

    fn journey(&mut self, head: &str) -> String {
        let mut text = format!("journey {head} {{\nstart n0\n");
        while self.at < self.count {
            text += &self.node();
            self.at += 1;
        }
        text + "node gate: Probe(do = \"verify; prove password\", reads = [\"password\"]) {\nok -> success\nno -> failure\n}\n}\n"
    }
}

/// A journey with an inner one; whatever a check says of its shape is allowed.
pub(crate) fn journeys(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut write = |head, outer| {
        let count = dice.below(6) + 1;
        let mut writer = Writer {
            dice: &mut dice,
            count,
            at: 0,
            outer,
        };
        writer.journey(head)
    };
    write("j", true) + &write("inside", false)
}

/// An answer that fits.
pub(crate) fn answer(dice: &mut Dice, callback: &Callback) -> Answer {
    match callback {
        Callback::Name { .. } => Answer::Text(dice.pick(&["demo", "eve", "nobody"]).to_owned()),
        Callback::Password { .. } => {
            let password = dice.pick(&["S3CR3T-demo", "S3CR3T-demo", "S3CR3T-eve", "S3CR3T-no"]);
            Answer::Secret(Secret::from(password))
        }
        Callback::TextInput { .. } | Callback::HiddenValue { .. } => {
            Answer::Text(dice.pick(&["x", "y", "z", "again"]).to_owned())
        }
        Callback::Choice { choices, .. } => {
            Answer::Index(u32::try_from(dice.below(choices.len() as u64)).unwrap())
        }
        Callback::Confirmation { options, .. } => {
            Answer::Index(u32::try_from(dice.below(options.len() as u64)).unwrap())
        }
        _ => Answer::None,
    }
}
