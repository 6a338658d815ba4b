//! Random journeys, as text.

use std::fmt::Write;

use super::dice::Dice;

/// A one-time code by mail, which proves something only where it went to the subject's own address.
const MAILED: &str = "fragment mailed(tries: Int = 1) -> good | bad {
  start make
  node make: OneTimePasswordGenerator(length = 6) -> send
  node send: OneTimePasswordSmtpSender(emailAttribute = \"mail\") -> enter
  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 5m) {
    true -> good
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = tries
    Retry -> enter
    Reject -> bad
  }
}

";

const ALLOW: &str = "allow no_success, unreachable, spinning_loop, unbounded_password_loop, count_reset, no_way_out, \
    identity_swapped, enumeration, unproved_write, unwritten_key, lost_value, \
    level_without_proof, level_not_reached, loose_end because \"random\"\n\n";

/// What a probe may be told, and whether only in a world that need not be honest.
const WORDS: &[&str] = &[
    "shared x 1",
    "shared x 2",
    "shared y 2",
    "shared username eve",
    "shared username demo",
    "transient t 1",
    "transient password right",
    "object o 1",
    "remove x",
    "remove t",
    "remove username",
    "draw x",
    "now x",
    "count",
    "send",
    "lookup",
    "custom once",
    "custom fresh",
    "lock",
    "ask",
    "ask 2",
    "name",
    "secret",
    "verify",
    "expect any t 1",
    "expect secure t 1",
    "transient u 1",
    "expect shared x 1",
    "fail",
    "property p",
    "property AuthLevel",
    "open",
    "metadata; ask",
    "lookup; identify",
    "verify; prove password",
    "ask nothing",
    "ask 40",
    "transient username eve",
];

/// Words that mean something together.
const CHAINS: &[&str] = &[
    "transient t 2; ask; fail",
    "shared x 2; remove t; ask; fail",
    "object o 2; ask; expect shared x 1",
    "count; ask",
    "count; ask; fail",
    "raise 5; ask; fail",
    "lookup; shared username nobody; ask; fail",
    "shared emailAddress other@example.org",
    "draw x; custom once; ask",
    "send; now x; draw y",
];

const WILD_WORDS: &[&str] = &[
    "lookup; prove password",
    "lookup; prove otp",
    "prove forged",
    "custom once; prove forged",
    "raise 3",
    "raise 5",
];

/// What a probe declares to read.
const READS: &[&str] = &[
    "\"t\", \"password\"",
    "\"t\"",
    "\"password\"",
    "",
    "\"u\", \"username\"",
];

const GUARDS: &[&str] = &[
    "has shared.x && shared.x == \"1\"",
    "auth_level >= 5",
    "has user.mail",
    "has user.role && user.role == \"admin\"",
    "has session.color && session.color == \"red\"",
    "has session.auth_level && session.auth_level >= 10",
    "has request.parameters[\"p\"]",
    "has request.headers[\"h\"] && starts_with(request.headers[\"h\"], \"a\")",
    "has transient.t",
    "has secure.t",
    "!has shared.y || shared.y != \"2\"",
    "has shared.x && shared.x in [\"1\", \"2\"]",
    "has shared.username && lower(shared.username) == \"demo\"",
    "has user.mail && has session.color",
    "has shared.objectAttributes.o",
];

/// Writes one journey or fragment.
struct Writer<'d> {
    dice: &'d mut Dice,
    honest: bool,
    /// How many nodes there are, and which is being written.
    count: u32,
    at: u32,
    /// The inner journeys and fragments that may be called.
    inner: Vec<String>,
    fragments: Vec<String>,
    /// Where the ways lead that leave.
    exits: Vec<&'static str>,
}

impl Writer<'_> {
    /// A probe of this type with random words, and more settings.
    fn probe(&mut self, ty: &str, words: u32) -> String {
        let first = self.dice.pick(&[
            "",
            "ask; ",
            "name; ",
            "secret; verify; ",
            "ask; custom fresh; ",
        ]);
        let told = format!("{first}{}", self.told(words));
        let reads = self.dice.pick(READS);
        format!("{ty}(do = \"{told}\", reads = [{reads}])")
    }

    fn told(&mut self, most: u32) -> String {
        let count = self.dice.below(most) + 1;
        let words: Vec<&str> = (0..count)
            .map(|_| {
                if self.dice.once_in(5) {
                    self.dice.pick(CHAINS)
                } else if !self.honest && self.dice.once_in(6) {
                    self.dice.pick(WILD_WORDS)
                } else {
                    self.dice.pick(WORDS)
                }
            })
            .collect();
        words.join("; ")
    }

    /// A target: an exit, or mostly a node further on.
    fn target(&mut self) -> String {
        let left = self.count - self.at - 1;
        if self.dice.once_in(8) {
            return format!("n{}", self.dice.below(self.count));
        }
        if self.dice.once_in(20) && !self.exits.contains(&"good") {
            return "nowhere".to_owned();
        }
        let exits = u32::try_from(self.exits.len()).unwrap();
        let choice = self.dice.below(left * 2 + exits);
        match self.exits.get(choice as usize) {
            Some(exit) => (*exit).to_owned(),
            None => format!("n{}", self.at + 1 + (choice - exits) / 2),
        }
    }

    fn arms(&mut self, outcomes: &[&str]) -> String {
        let mut arms = String::new();
        for outcome in outcomes {
            let target = self.target();
            writeln!(arms, "    {outcome} -> {target}").unwrap();
        }
        arms + &self.on_error()
    }

    fn on_error(&mut self) -> String {
        if self.dice.once_in(3) {
            format!("    on error -> {}\n", self.target())
        } else {
            String::new()
        }
    }

    fn block(&mut self, head: &str, settings: &str, outcomes: &[&str]) -> String {
        format!("{head} {{\n{settings}{}  }}", self.arms(outcomes))
    }

    fn page(&mut self) -> String {
        let mut text = "Page {\n".to_owned();
        if self.dice.once_in(2) {
            text += "    stage = \"s\"\n    pageHeader = { en = \"A\", fr = \"B\" }\n";
        }
        let mut first = true;
        for at in 0..self.dice.below(3) {
            let child = match self.dice.below(8) {
                8 => "DeviceProfileCollector(deviceLocation = true)".to_owned(),
                0 => "UsernameCollector".to_owned(),
                1 => "PasswordCollector".to_owned(),
                2 => "SetState(attributes = { x = \"1\" })".to_owned(),
                3 => "OneTimePasswordGenerator(length = 6)".to_owned(),
                4 => "AccountLockout(lockAction = \"LOCK\")".to_owned(),
                _ => self.probe("Single", 3),
            };
            writeln!(text, "    node c{at}: {child}").unwrap();
            first = false;
        }
        let (last, outcomes): (String, &[&str]) = match self.dice.below(9) {
            0 => ("PasswordCollector".to_owned(), &[""]),
            1 if !first => ("DataStoreDecision".to_owned(), &["true", "false"]),
            2 => ("Message(message = \"m\")".to_owned(), &["true", "false"]),
            3 => (
                "OneTimePasswordCollectorDecision(passwordExpiryTime = 5m)".to_owned(),
                &["true", "false"],
            ),
            4 | 6 => (
                "ChoiceCollector(prompt = \"p\")".to_owned(),
                &["a", "b", "c"],
            ),
            5 => (
                "RetryLimitDecision(retryLimit = 1)".to_owned(),
                &["Retry", "Reject"],
            ),
            7 => {
                let leading = match self.dice.below(3) {
                    0 => self.probe("Leading", 3),
                    1 => "Leading(do = \"ask; go no\")".to_owned(),
                    _ => self.probe("Probe", 3),
                };
                (leading, &["ok", "no"])
            }
            _ => (self.probe("Probe", 3), &["ok", "no"]),
        };
        let arms = self.arms(outcomes);
        text + &format!("    node last: {last}\n{arms}  }}")
    }

    fn guarded(&mut self) -> String {
        let mut text = "Decision {\n".to_owned();
        for at in 0..=self.dice.below(2) {
            let guard = self.dice.pick(GUARDS);
            let name = if self.dice.once_in(2) {
                format!(" as g{at}")
            } else {
                String::new()
            };
            let target = self.target();
            writeln!(text, "    when {guard}{name} -> {target}").unwrap();
        }
        let target = self.target();
        let error = self.on_error();
        text + &format!("    else -> {target}\n{error}  }}")
    }

    /// A node that asks for name and password and compares them: its `ok` is a proof.
    fn login(&mut self) -> String {
        let told = self.dice.pick(&[
            "name; secret; verify; prove password",
            "transient t 1; name; secret; verify; prove password",
            "shared emailAddress other@example.org; name; secret; verify; prove password",
        ]);
        let head = format!("Probe(do = \"{told}\", reads = [\"password\"])");
        let error = self.on_error();
        let (ok, no) = (self.target(), self.target());
        let no = if self.dice.once_in(2) {
            format!("n{}", self.at)
        } else {
            no
        };
        format!("{head} {{\n    ok -> {ok}\n    no -> {no}\n{error}  }}")
    }

    /// What stands at its place more often than all else does, if it stands there.
    fn wanted(&mut self) -> Option<String> {
        if self.at == 0 && self.exits.contains(&"gate") && !self.dice.once_in(3) {
            return Some(self.login());
        }
        // Where somebody has just logged in, there is somebody whose devices are asked for.
        if self.at == 1 && self.exits.contains(&"gate") && self.dice.once_in(4) {
            return Some(self.device());
        }
        // A choice in an inner journey is left out for what its callers do, and few journeys are in another:
        // both are rare enough.
        if self.exits.contains(&"nowhere") && self.dice.once_in(6) {
            return Some(if self.inner.is_empty() || self.dice.once_in(2) {
                self.choice()
            } else {
                self.call()
            });
        }
        None
    }

    fn node(&mut self) -> String {
        if let Some(node) = self.wanted() {
            return node;
        }
        match self.dice.below(44) {
            0..=3 => self.page(),
            4 | 5 => {
                let limit = self.dice.below(3);
                let back = self.dice.below(self.at + 1);
                let target = self.target();
                format!(
                    "RetryLimitDecision {{\n    retryLimit = {limit}\n    Retry -> n{back}\n    Reject -> {target}\n  }}"
                )
            }
            6..=8 => self.guarded(),
            9 | 30..=34 => {
                let by = self.dice.pick(&["5", "-5", "10", "20"]);
                self.block(&format!("ModifyAuthLevel(authLevelIncrement = {by})"), "", &[""])
            }
            10 => self.block("AuthLevelDecision(authLevelRequirement = 5)", "", &["true", "false"]),
            11..=13 if !self.inner.is_empty() => self.call(),
            14 => self.block("mailed(tries = 1)", "", &["good", "bad"]),
            15 if !self.fragments.is_empty() => {
                let which = self.dice.below(u32::try_from(self.fragments.len()).unwrap());
                let head = format!("{}(tries = {})", self.fragments[which as usize], self.dice.below(3));
                self.block(&head, "", &["good", "bad"])
            }
            16 => self.login(),
            17 => self.block("DataStoreDecision", "", &["true", "false"]),
            18 | 35..=39 => self.choice(),
            19 => self.block("Message(message = \"m\", stateField = \"y\")", "", &["true", "false"]),
            20 => {
                let attributes = self.dice.pick(&[
                    "{ x = \"1\", t = \"shown\" }",
                    "{ username = \"eve\" }",
                    "{ y = \"level ${auth_level}\" }",
                    "{ targetAuthLevel = 10 }",
                ]);
                self.block("SetState", &format!("    attributes = {attributes}\n"), &[""])
            }
            21 => self.block("OneTimePasswordGenerator(length = 6)", "", &[""]),
            22 => self.block("OneTimePasswordSmtpSender(emailAttribute = \"mail\")", "", &[""]),
            23 => self.block(
                "OneTimePasswordCollectorDecision(passwordExpiryTime = 5m)",
                "",
                &["true", "false"],
            ),
            24 => self.block(
                "PollingWait(secondsToWait = 1s, exitable = true, spamDetectionEnabled = true, spamDetectionTolerance = 1)",
                "",
                &["DONE", "EXITED", "SPAM"],
            ),
            25 => match self.dice.below(4) {
                0 => self.block("AccountLockout(lockAction = \"LOCK\")", "", &[""]),
                1 => self.block("AccountActiveDecision", "", &["true", "false"]),
                2 => self.block("FlowControl(percentageA = 50)", "", &["A", "B"]),
                _ => self.block(
                    "SetFailureDetails(failureMessage = \"m\", failureDetails = { a = \"b\" })",
                    "",
                    &[""],
                ),
            },
            26 => {
                let into = self.dice.pick(&["username", "x"]);
                let settings = format!("(sessionDataKey = \"UserToken\", sharedStateKey = \"{into}\")");
                self.block(&format!("SessionData{settings}"), "", &[""])
            }
            27 => {
                let told = self.told(2);
                let reads = self.dice.pick(READS);
                let told = format!("shared username demo; {told}; suspend; {told}");
                let head = format!("Waiting(do = \"{told}\", reads = [{reads}])");
                self.block(&head, "", &["ok", "no"])
            }
            40..=43 => self.device(),
            28 => self.block(
                "SetSessionProperties(properties = { color = \"blue\" })",
                "",
                &[""],
            ),
            _ => {
                let told = self.told(5);
                let (told, raises) = match self.dice.below(6) {
                    4 => (format!("raise 5; {told}"), ", raises = 5"),
                    5 if !self.honest => (format!("raise 4; {told}"), ", raises = 5"),
                    _ => (told, ""),
                };
                let reads = self.dice.pick(READS);
                let head = format!("Probe(do = \"{told}\", reads = [{reads}]{raises})");
                self.block(&head, "", &["ok", "no"])
            }
        }
    }

    /// An inner journey.
    fn call(&mut self) -> String {
        let which = self.dice.below(u32::try_from(self.inner.len()).unwrap());
        let head = format!("journey {}", self.inner[which as usize]);
        let outcomes: &[&str] = if self.dice.once_in(3) {
            &["true", "false", "error"]
        } else {
            &["true", "false"]
        };
        self.block(&head, "", outcomes)
    }

    fn choice(&mut self) -> String {
        let prompt = "    prompt = \"p\"\n";
        self.block("ChoiceCollector", prompt, &["a", "b", "c"])
    }

    /// A node about a device of the user.
    fn device(&mut self) -> String {
        match self.dice.below(8) {
            0 => self.block(
                "OathTokenVerifier",
                "    isRecoveryCodeAllowed = true\n",
                &[
                    "successOutcome",
                    "failureOutcome",
                    "notRegisteredOutcome",
                    "recoveryCodeOutcome",
                ],
            ),
            1 => self.block("RecoveryCodeCollectorDecision", "", &["true", "false"]),
            2 => {
                let later = self.dice.pick(&["true", "false"]);
                self.block(
                    "OathRegistration",
                    &format!("    postponeDeviceProfileStorage = {later}\n"),
                    &["successOutcome", "failureOutcome"],
                )
            }
            3 => self.block(
                "OathDeviceStorage",
                "",
                &["successOutcome", "failureOutcome"],
            ),
            4 => self.block(
                "DeviceProfileCollector",
                "    deviceLocation = true\n",
                &[""],
            ),
            5 => {
                let variance = self.dice.below(2);
                self.block(
                    "DeviceMatch",
                    &format!("    acceptableVariance = {variance}\n"),
                    &["true", "false", "unknownDevice"],
                )
            }
            6 => self.block(
                "DeviceLocationMatch",
                "",
                &["true", "false", "unknownDevice"],
            ),
            _ => self.block("DeviceSave", "    maxSavedProfiles = 2\n", &[""]),
        }
    }

    fn nodes(&mut self) -> String {
        let mut text = String::new();
        while self.at < self.count {
            let node = self.node();
            writeln!(text, "\n  node n{}: {node}", self.at).unwrap();
            self.at += 1;
        }
        text
    }

    /// Nodes behind which success may stand.
    fn gates(&mut self) -> String {
        let mut text = "\n  node gate: ".to_owned();
        let told = match self.dice.below(4) {
            3 if !self.honest => "lookup; identify",
            2 if !self.honest => "lookup; prove password",
            1 => "name; secret; verify; prove password",
            _ => "transient password right; verify; prove password",
        };
        let head = format!("Probe(do = \"{told}\", reads = [\"password\"])");
        text += &head;
        text += " {\n    ok -> success\n    no -> failure\n  }\n";
        text += "\n  node open: SetState {\n    allow unproved_success because \"random\"\n    \
            attributes = { z = \"1\" }\n    -> success\n  }\n";
        text
    }
}

/// A program: the journey `j`, inner journeys that call each other, and fragments.
pub(super) fn program(dice: &mut Dice, honest: bool) -> String {
    let mut text = format!("{ALLOW}{MAILED}");
    let mut fragments = Vec::new();
    for at in 0..dice.below(3) {
        let name = format!("f{at}");
        let count = dice.below(3) + 1;
        let mut writer = Writer {
            dice,
            honest,
            count,
            at: 0,
            inner: Vec::new(),
            fragments: fragments.clone(),
            exits: vec!["good", "bad"],
        };
        writeln!(
            text,
            "fragment {name}(tries: Int = 1) -> good | bad {{\n  start n0"
        )
        .unwrap();
        text += &writer.nodes();
        text += "\n  node limit: RetryLimitDecision {\n    retryLimit = tries\n    Retry -> good\n    Reject -> bad\n  }\n}\n\n";
        fragments.push(name);
    }
    let mut inner = Vec::new();
    for at in 0..dice.below(4) {
        let name = format!("i{at}");
        let count = dice.below(4) + 1;
        let mut writer = Writer {
            dice,
            honest,
            count,
            at: 0,
            inner: inner.clone(),
            fragments: fragments.clone(),
            exits: vec!["success", "failure", "nowhere"],
        };
        let head = writer.head(&name, "  innerTreeOnly = true\n");
        text += &head;
        text += &writer.nodes();
        text += "}\n\n";
        inner.push(name);
    }
    let count = dice.below(7) + 1;
    let mut writer = Writer {
        dice,
        honest,
        count,
        at: 0,
        inner,
        fragments,
        exits: vec!["gate", "failure", "gate", "open"],
    };
    let settings = writer.dice.pick(&[
        "",
        "",
        "",
        "  level = 5\n",
        "  noSession = true\n",
        "  treeTimeout = 1m\n",
    ]);
    text += &writer.head("j", settings);
    text += &writer.nodes();
    text += &writer.gates();
    text + "}\n"
}

impl Writer<'_> {
    fn head(&mut self, name: &str, settings: &str) -> String {
        let error = if self.dice.once_in(4) {
            format!("  on error -> {}\n", self.target())
        } else {
            String::new()
        };
        format!("journey {name} {{\n{settings}  start n0\n{error}")
    }
}
