//! The stages of a journey behind its login: each one begins at a node and leads to the next.

use std::fmt::Write as _;

use super::{
    construct::Construct,
    grow::{Grower, Role},
};

/// Stages under way.
pub(super) struct Stages<'g, 'n> {
    grower: &'g mut Grower<'n>,
    role: Role,
    text: String,
    count: usize,
    /// The level that is reached whatever way is taken.
    least: i64,
    loose: bool,
}

/// What may stand behind a login.
const KINDS: usize = 17;

impl<'g, 'n> Stages<'g, 'n> {
    pub(super) fn new(grower: &'g mut Grower<'n>, role: Role) -> Self {
        Self {
            grower,
            role,
            text: String::new(),
            count: 0,
            least: 0,
            loose: false,
        }
    }

    /// The nodes of this many stages, the first of which begins at `first`.
    pub(super) fn grow(&mut self, first: &str, count: usize) -> String {
        for at in 0..count {
            let name = if at == 0 {
                first.to_owned()
            } else {
                format!("stage_{at}")
            };
            let next = if at + 1 == count {
                "success".to_owned()
            } else {
                format!("stage_{}", at + 1)
            };
            self.count = at;
            self.stage(&name, &next);
        }
        std::mem::take(&mut self.text)
    }

    /// The level that is reached whatever way is taken.
    pub(super) fn least(&self) -> i64 {
        self.least
    }

    /// Whether a loose end was declared.
    pub(super) fn is_loose(&self) -> bool {
        self.loose
    }

    fn mark(&mut self, construct: Construct) {
        self.grower.mark(construct);
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An arrow on errors, now and then.
    fn on_error(&mut self) -> &'static str {
        if self.grower.choices.once_in(3) {
            self.mark(Construct::OnErrorNode);
            "    on error -> failure\n"
        } else {
            ""
        }
    }

    fn stage(&mut self, name: &str, next: &str) {
        match self.grower.choices.below(KINDS) {
            0 => self.raise(name, next),
            1 => self.choice(name, next),
            2 | 3 => self.code(name, next),
            4 => self.guards(name, next),
            5 => self.message(name, next),
            6 => self.state(name, next),
            7 | 8 => self.inner(name, next),
            9 => self.level(name, next),
            10 => self.gadget(name, next),
            11 => self.wait(name, next),
            12 => self.session(name, next),
            13 => self.menu_page(name, next),
            14 => self.active(name, next),
            15 => self.unfinished(name, next),
            _ => self.draw(name, next),
        }
    }

    fn raise(&mut self, name: &str, next: &str) {
        self.mark(Construct::LevelRaise);
        self.mark(Construct::OneLineNode);
        let by = match self.grower.choices.below(3) {
            0 => 5,
            1 => 10,
            _ => 1,
        };
        self.least += by;
        let _ = writeln!(
            self.text,
            "  node {name}: ModifyAuthLevel(authLevelIncrement = {by}) -> {next}\n"
        );
    }

    fn choice(&mut self, name: &str, next: &str) {
        self.mark(Construct::Choice);
        self.mark(Construct::AuthoredOutcomes);
        self.mark(Construct::QuotedOutcome);
        let _ = writeln!(
            self.text,
            "  node {name}: ChoiceCollector {{\n    prompt = \"What now?\"\n    \"Go on\" -> {next}"
        );
        if self.grower.choices.once_in(2) {
            self.mark(Construct::SeveralOutcomes);
            self.put("    Leave | Help -> failure\n  }\n\n");
        } else {
            let _ = writeln!(
                self.text,
                "    Note -> {name}_note\n    Leave -> failure\n  }}\n"
            );
            let _ = writeln!(
                self.text,
                "  node {name}_note: SetState(attributes = {{ note_{} = \"asked\" }}) -> {next}\n",
                self.count
            );
        }
    }

    fn code(&mut self, name: &str, next: &str) {
        let fragments = self.grower.fragments.clone();
        let names: Vec<&str> = fragments.iter().map(String::as_str).collect();
        if names.is_empty() {
            return self.inline_code(name, next);
        }
        let fragment = self.grower.choices.pick(&names);
        let tries = self.grower.choices.below(3);
        let _ = writeln!(
            self.text,
            "  node {name}: {fragment}(tries = {tries}) {{\n    good -> {next}\n    bad -> failure\n  }}\n"
        );
    }

    fn inline_code(&mut self, name: &str, next: &str) {
        self.mark(Construct::CodeByMail);
        self.mark(Construct::BlockText);
        let error = self.on_error();
        let digits = if self.grower.has_digits {
            "digits"
        } else {
            "6"
        };
        let _ = writeln!(
            self.text,
            "  // The code is made, sent and asked for.\n  \
             node {name}: OneTimePasswordGenerator(length = {digits}) -> {name}_send\n\n  \
             node {name}_send: OneTimePasswordSmtpSender {{\n    emailSubject = \"Your code\"\n    emailContent = \"\"\"\n      \
             It is {{{{OTP}}}}.\n      \"\"\"\n    -> {name}_enter\n{error}  }}\n\n  \
             node {name}_enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 5m) {{\n    true -> {next}\n    false -> failure\n  }}\n"
        );
        self.mark(Construct::Comment);
    }

    fn guards(&mut self, name: &str, next: &str) {
        self.mark(Construct::Decision);
        self.mark(Construct::NamedGuard);
        let guard = self.grower.choices.pick(&[
            "has request.parameters[\"p\"] && request.parameters[\"p\"] == \"yes\"",
            "has request.ip && request.ip in [\"10.0.0.0/8\"]",
            "auth_level >= 5",
            "has shared.username && lower(shared.username) == \"demo\"",
            "has user.mail && ends_with(user.mail, \"@example.com\")",
            "has request.headers[\"x\"] && starts_with(request.headers[\"x\"], \"a\")",
            "has request.locale && request.locale == \"fr\"",
            "!has request.cookies[\"seen\"]",
            "has session.auth_level && session.auth_level >= 10",
        ]);
        let error = self.on_error();
        let _ = writeln!(
            self.text,
            "  node {name}: Decision {{\n    when {guard} as right -> {next}"
        );
        if self.grower.choices.once_in(2) {
            let _ = writeln!(
                self.text,
                "    when has request.parameters[\"q\"] -> failure\n    else -> {next}\n{error}  }}\n"
            );
        } else {
            let _ = writeln!(self.text, "    else -> failure\n{error}  }}\n");
        }
    }

    fn message(&mut self, name: &str, next: &str) {
        self.mark(Construct::LocalizedText);
        let _ = writeln!(
            self.text,
            "  node {name}: Message {{\n    message = {{ en = \"Shall we go on?\", de = \"Weiter?\" }}\n    true -> {next}\n    false -> failure\n  }}\n"
        );
    }

    fn state(&mut self, name: &str, next: &str) {
        self.mark(Construct::State);
        self.mark(Construct::Decision);
        let key = format!("mark_{}", self.count);
        let value = self.grower.choices.pick(&["\"a\"", "\"b\""]);
        let _ = writeln!(
            self.text,
            "  node {name}: SetState {{\n    attributes = {{ {key} = {value} }}\n    -> {name}_read\n  }}\n\n  \
             node {name}_read: Decision {{\n    when has shared.{key} && shared.{key} == \"a\" -> {next}\n    else -> {next}\n  }}\n"
        );
    }

    fn inner(&mut self, name: &str, next: &str) {
        let inner = self.grower.inner.clone();
        let names: Vec<&str> = inner.iter().map(String::as_str).collect();
        if names.is_empty() || self.role == Role::After && names.len() < 2 {
            return self.message(name, next);
        }
        self.mark(Construct::Inner);
        let called = self.grower.choices.pick(&names);
        let _ = writeln!(
            self.text,
            "  node {name}: journey {called} {{\n    true -> {next}"
        );
        if self.grower.choices.once_in(2) {
            self.mark(Construct::InnerError);
            self.mark(Construct::SeveralOutcomes);
            self.put("    false | error -> failure\n  }\n\n");
        } else {
            self.put("    false -> failure\n  }\n\n");
        }
    }

    fn level(&mut self, name: &str, next: &str) {
        self.mark(Construct::LevelDecision);
        self.mark(Construct::LevelRaise);
        let _ = writeln!(
            self.text,
            "  node {name}: AuthLevelDecision(authLevelRequirement = 7) {{\n    true -> {next}\n    false -> {name}_more\n  }}\n\n  \
             node {name}_more: ModifyAuthLevel(authLevelIncrement = 7) -> {next}\n"
        );
        // Whoever has it keeps it, and whoever has less is given it.
        self.least = self.least.max(7);
    }

    fn gadget(&mut self, name: &str, next: &str) {
        if !self.grower.has_extern {
            return self.message(name, next);
        }
        let size = self.grower.choices.below(5);
        let _ = writeln!(
            self.text,
            "  node {name}: Gadget(size = {size}) {{\n    true -> {next}\n    false -> failure\n    on error -> failure\n  }}\n"
        );
        self.mark(Construct::OnErrorNode);
    }

    fn wait(&mut self, name: &str, next: &str) {
        self.mark(Construct::Wait);
        let _ = writeln!(
            self.text,
            "  node {name}: PollingWait {{\n    secondsToWait = 2s\n    exitable = true\n    DONE -> {next}\n    EXITED -> failure\n  }}\n"
        );
    }

    fn session(&mut self, name: &str, next: &str) {
        self.mark(Construct::SessionProperties);
        let _ = writeln!(
            self.text,
            "  node {name}: SetSessionProperties(properties = {{ color_{} = \"blue\" }}) -> {next}\n",
            self.count
        );
    }

    /// A page whose last child has the outcomes, and carries the arms.
    fn menu_page(&mut self, name: &str, next: &str) {
        self.mark(Construct::Page);
        self.mark(Construct::AuthoredOutcomes);
        let two = self.grower.choices.once_in(2);
        let (page, on, leave) = if two {
            self.mark(Construct::PageTwo);
            ("Page@2", "\"menu-On\"", "\"menu-Leave\"")
        } else {
            ("Page", "On", "Leave")
        };
        let _ = writeln!(
            self.text,
            "  node {name}: {page} {{\n    pageDescription = \"Choose.\"\n    node menu: ChoiceCollector(prompt = \"On?\")\n    {on} -> {next}\n    {leave} -> failure\n  }}\n"
        );
    }

    fn active(&mut self, name: &str, next: &str) {
        let error = self.on_error();
        let _ = writeln!(
            self.text,
            "  node {name}: AccountActiveDecision {{\n    true -> {next}\n    false -> failure\n{error}  }}\n"
        );
    }

    fn unfinished(&mut self, name: &str, next: &str) {
        if self.role == Role::After {
            return self.message(name, next);
        }
        self.mark(Construct::LooseEnd);
        self.loose = true;
        let _ = writeln!(
            self.text,
            "  node {name}: Decision {{\n    when has request.parameters[\"new\"] -> nowhere\n    else -> {next}\n  }}\n"
        );
    }

    fn draw(&mut self, name: &str, next: &str) {
        let _ = writeln!(
            self.text,
            "  node {name}: FlowControl(percentageA = 50) {{\n    A -> {next}\n    B -> {name}_b\n  }}\n\n  \
             node {name}_b: SetSuccessDetails(successDetails = {{ way = \"b\" }}) -> {next}\n"
        );
    }
}
