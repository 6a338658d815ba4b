//! Journeys that are valid by construction.
//!
//! In: numbers. Out: text that compiles, whatever the numbers are, so that a list of numbers that is made
//! shorter is still a journey. A journey is a login and stages behind it, in order; every arrow leads to
//! the next stage, to a loop with a limit, or to an end. What is stated by `ensure` follows from how the
//! journey was made.

use std::fmt::Write as _;

use super::{construct::Construct, stage::Stages};

/// Numbers to decide by; at their end every decision is the first.
#[derive(Debug, Clone)]
pub(super) struct Choices<'n> {
    numbers: std::slice::Iter<'n, u16>,
}

impl<'n> Choices<'n> {
    pub(super) fn new(numbers: &'n [u16]) -> Self {
        Self {
            numbers: numbers.iter(),
        }
    }

    /// A number below `bound`; 0 once there are no more numbers.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers.next().copied().unwrap_or(0);
        usize::from(number) % bound.max(1)
    }

    /// Whether something rare happens; not once there are no more numbers.
    pub(super) fn once_in(&mut self, bound: usize) -> bool {
        bound > 0 && self.below(bound) == bound - 1
    }

    pub(super) fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}

/// Texts under way, with what stands in them.
pub(super) struct Grower<'n> {
    pub(super) choices: Choices<'n>,
    pub(super) files: Vec<(String, String)>,
    pub(super) constructs: Vec<Construct>,
    /// The fragments that may be used, each with the outcomes `good` and `bad`, and a parameter `tries`.
    pub(super) fragments: Vec<String>,
    /// The inner journeys that may be called.
    pub(super) inner: Vec<String>,
    pub(super) has_extern: bool,
    /// Whether the first journey makes sessions whose subject is proved.
    pub(super) makes_sessions: bool,
    /// Whether the file at hand has the parameter `digits`.
    pub(super) has_digits: bool,
}

/// Which journey is grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It stands alone.
    Outer,
    /// It is called after a login.
    After,
}

impl<'n> Grower<'n> {
    pub(super) fn new(numbers: &'n [u16]) -> Self {
        Self {
            choices: Choices::new(numbers),
            files: Vec::new(),
            constructs: Vec::new(),
            fragments: Vec::new(),
            inner: Vec::new(),
            has_extern: false,
            has_digits: false,
            makes_sessions: true,
        }
    }

    pub(super) fn mark(&mut self, construct: Construct) {
        self.constructs.push(construct);
    }

    /// One journey, with the fragments and inner journeys that it uses, in one file.
    pub(super) fn journey(&mut self) {
        let mut text = self.head();
        text += &self.parts();
        text += &self.main("login", "Login");
        self.files.push(("login.journey".to_owned(), text));
    }

    /// Several journeys in several files, with policies.
    pub(super) fn program(&mut self) {
        let import = self.choices.below(4) > 0;
        let mut text = String::new();
        if import {
            self.mark(Construct::Import);
            let part = self.fragment("mailed");
            self.files.push(("lib/mailed.journey".to_owned(), part));
            text += "import \"lib/mailed.journey\"\n\n";
            self.fragments.push("mailed".to_owned());
        }
        text += &self.head();
        text += &self.parts();
        text += &self.main("login", "Login");
        self.files.push(("login.journey".to_owned(), text));
        // Fragments of the first file are not those of the second.
        self.fragments.clear();
        self.has_digits = false;
        let count = self.choices.below(3);
        for at in 0..count {
            let main = self.main(&format!("more_{at}"), &format!("More {at}"));
            self.files.push((format!("more_{at}.journey"), main));
        }
        if self.choices.below(3) > 0 {
            let policies = self.policies();
            self.files.push(("policies.journey".to_owned(), policies));
        }
    }

    fn head(&mut self) -> String {
        let mut text = String::new();
        if self.choices.once_in(2) {
            self.mark(Construct::Constant);
            text += "/// Where people work.\nlet office = [\"10.0.0.0/8\", \"192.168.0.0/16\"]\n\n";
        } else {
            text += "let office = [\"10.0.0.0/8\"]\n\n";
        }
        self.mark(Construct::Parameter);
        self.has_digits = true;
        let _ = writeln!(text, "param digits: Int = {}\n", 6 + self.choices.below(3));
        if self.choices.once_in(3) {
            self.mark(Construct::Extern);
            self.has_extern = true;
            text += "extern Gadget \"GadgetNode\" (size: Int = 1, label: Text = \"\") -> true | false {\n  \
                reads shared.username\n  writes shared.gadget: Text\n  proves nothing\n}\n\n";
        }
        text
    }

    /// Fragments and inner journeys.
    fn parts(&mut self) -> String {
        let mut text = String::new();
        let count = self.choices.below(3);
        for at in 0..count {
            let name = format!("code_{at}");
            text += &self.fragment(&name);
            self.fragments.push(name);
        }
        let count = self.choices.below(3);
        for at in 0..count {
            let name = format!("inner_{at}");
            self.mark(Construct::InnerOnly);
            text += &self.inner_journey(&name);
            self.inner.push(name);
        }
        text
    }

    /// A fragment that sends a code, or one that uses another.
    fn fragment(&mut self, name: &str) -> String {
        self.mark(Construct::Fragment);
        self.mark(Construct::FragmentParameter);
        let head = format!(
            "/// Asks for a code.\nfragment {name}(tries: Int = 2, ttl: Duration = 5m) -> good | bad {{\n  start begin\n\n"
        );
        let known = self.fragments.last().cloned();
        if let Some(inner) = known.filter(|_| self.choices.once_in(2)) {
            self.mark(Construct::FragmentInFragment);
            return format!(
                "{head}  node begin: {inner}(tries = tries, ttl = ttl) {{\n    good -> good\n    bad -> bad\n  }}\n\n  \
                 ensure every path to good passes begin.good\n}}\n\n"
            );
        }
        self.mark(Construct::CodeByMail);
        self.mark(Construct::RetryLimit);
        self.mark(Construct::OneLineNode);
        let subject = if self.choices.once_in(2) {
            self.mark(Construct::Interpolation);
            "\"A code for ${shared.username}\""
        } else {
            self.mark(Construct::LocalizedText);
            "{ en = \"A code\", fr = \"Un code\" }"
        };
        format!(
            "{head}  node begin: OneTimePasswordGenerator(length = 6) -> send\n\n  \
             node send: OneTimePasswordSmtpSender {{\n    emailSubject = {subject}\n    -> enter\n  }}\n\n  \
             node enter: OneTimePasswordCollectorDecision {{\n    passwordExpiryTime = ttl\n    true -> good\n    false -> again\n  }}\n\n  \
             node again: RetryLimitDecision {{\n    retryLimit = tries\n    Retry -> enter\n    Reject -> bad\n  }}\n\n  \
             ensure every path to good passes enter.true\n}}\n\n"
        )
    }

    fn inner_journey(&mut self, name: &str) -> String {
        let count = 1 + self.choices.below(2);
        let mut stages = Stages::new(self, Role::After);
        let body = stages.grow("begin", count);
        let least = stages.least();
        let mut text =
            format!("journey {name} {{\n  innerTreeOnly = true\n  start begin\n\n{body}");
        if least > 0 && self.choices.once_in(2) {
            self.mark(Construct::Never);
            text += "  ensure never failure after success\n";
        }
        text + "}\n\n"
    }

    /// A journey that can be started.
    fn main(&mut self, name: &str, wire: &str) -> String {
        let mut text = String::new();
        if self.choices.once_in(2) {
            self.mark(Construct::DocComment);
            text += "/// Signs a person in.\n";
        }
        self.mark(Construct::WireName);
        let _ = writeln!(text, "journey {name} \"{wire}\" {{");
        if self.choices.once_in(12) {
            self.makes_sessions &= name != "login";
            self.unproved(&mut text);
            return text;
        }
        let settings = self.settings();
        self.makes_sessions &= name != "login" || !settings.contains("noSession");
        text += &settings;
        let login = self.choices.below(4);
        let tries = self.choices.below(4);
        let stages = self.choices.below(6);
        let mut body = self.login(login, tries, stages > 0);
        let mut grown = Stages::new(self, Role::Outer);
        body += &grown.grow("after", stages);
        let (least, loose) = (grown.least(), grown.is_loose());
        if least > 0 && self.choices.once_in(2) {
            self.mark(Construct::LevelClaim);
            let _ = writeln!(text, "  level = {least}");
        }
        text += "  start credentials\n";
        if self.choices.once_in(3) {
            self.mark(Construct::OnErrorJourney);
            text += "  on error -> failure\n";
        }
        if loose {
            self.mark(Construct::Allow);
            text += "  allow loose_end because \"it is not built yet\"\n";
        }
        text.push('\n');
        text += &body;
        text += &self.ensures(login, tries, least);
        text + "}\n\n"
    }

    fn settings(&mut self) -> String {
        match self.choices.below(10) {
            7 => {
                self.mark(Construct::NoSession);
                "  noSession = true\n".to_owned()
            }
            8 => {
                self.mark(Construct::JourneyTimes);
                "  treeTimeout = 10m\n  maximumSessionTime = 60m\n".to_owned()
            }
            9 => {
                self.mark(Construct::Offered);
                "  offered = false\n".to_owned()
            }
            _ => String::new(),
        }
    }

    /// Somebody who need not be proved.
    fn unproved(&mut self, text: &mut String) {
        self.mark(Construct::Unproved);
        self.mark(Construct::Allow);
        *text += "  start name\n\n  node name: Page {\n    node username: UsernameCollector\n    \
            allow unproved_success because \"a newsletter\"\n    -> success\n  }\n}\n\n";
    }

    /// The way to a proved password: `credentials`, `check`, and what follows a wrong one.
    fn login(&mut self, login: usize, tries: usize, more: bool) -> String {
        let next = if more { "after" } else { "success" };
        let mut text = String::new();
        if login == 3 {
            text += "  node credentials: UsernameCollector -> password\n\n  \
                node password: PasswordCollector -> check\n\n";
        } else {
            self.mark(Construct::Page);
            text += "  node credentials: Page {\n    stage = \"UsernamePassword\"\n";
            if login == 2 {
                self.mark(Construct::LocalizedText);
                text += "    pageHeader = { en = \"Sign in\", fr = \"Connexion\" }\n";
            }
            text += "    node username: UsernameCollector\n    node password: PasswordCollector\n    \
                -> check\n  }\n\n";
        }
        text += "  node check: DataStoreDecision {\n    true -> ";
        let wrong = if tries == 0 { "failure" } else { "attempts" };
        let _ = writeln!(text, "{next}\n    false -> {wrong}");
        if self.choices.once_in(3) {
            self.mark(Construct::OnErrorNode);
            text += "    on error -> failure\n";
        }
        text += "  }\n\n";
        if tries > 0 {
            self.mark(Construct::RetryLimit);
            let lock = self.choices.once_in(2);
            let reject = if lock { "lock" } else { "failure" };
            let _ = writeln!(
                text,
                "  node attempts: RetryLimitDecision {{\n    retryLimit = {tries}\n    Retry -> credentials\n    Reject -> {reject}\n  }}\n"
            );
            if lock {
                self.mark(Construct::Lockout);
                text += "  node lock: AccountLockout(lockAction = \"LOCK\") -> failure\n  \
                    ensure never success after lock\n\n";
                self.mark(Construct::Never);
            }
        }
        text
    }

    /// What is true of the journey as it was made.
    fn ensures(&mut self, login: usize, tries: usize, least: i64) -> String {
        let mut text = String::new();
        for which in 0..6 {
            if !self.choices.once_in(2) {
                continue;
            }
            match which {
                0 => {
                    self.mark(Construct::EnsureProof);
                    self.mark(Construct::EveryPath);
                    text += "  ensure \"a password was checked\" every path to success passes proof of password\n";
                }
                1 => {
                    self.mark(Construct::EnsureAny);
                    self.mark(Construct::EveryPath);
                    text += "  ensure every path to success passes any DataStoreDecision.true\n";
                }
                2 => {
                    self.mark(Construct::AtMost);
                    let _ = writeln!(text, "  ensure at most {} visits of credentials", tries + 1);
                }
                3 => {
                    self.mark(Construct::EnsureLevel);
                    let _ = writeln!(text, "  ensure auth_level >= {least} at success");
                }
                4 => {
                    self.mark(Construct::EnsureHas);
                    text += "  ensure has shared.username at check\n";
                }
                _ if login != 3 => {
                    self.mark(Construct::PathWritten);
                    text += "  ensure every path to success passes credentials.password\n";
                }
                _ => {}
            }
        }
        text
    }

    fn policies(&mut self) -> String {
        self.mark(Construct::Policy);
        let mut text = String::from(
            "/// Whoever is logged in may look.\npolicy look \"https://app.example.com:443/*\" {\n  actions = [GET]\n}\n\n",
        );
        if self.makes_sessions && self.choices.once_in(2) {
            self.mark(Construct::PolicyRequire);
            text += "policy change \"https://app.example.com:443/change/*\" {\n  actions = [GET, POST]\n  \
                when request.ip in [\"10.0.0.0/8\"]\n  require journey login\n  ttl = 5m\n}\n";
        }
        text
    }
}
