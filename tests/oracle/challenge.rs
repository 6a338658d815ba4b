//! What a run knows of a code that is out, told a second time.

use super::kinds::{Kind, renames};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Code {
    /// None, or one that is worth nothing.
    #[default]
    None,
    /// One that went to nobody yet.
    Made,
    /// The same, but for somebody who may have looked on.
    Seen,
    /// One that went to the one named last.
    Out,
    /// One that went to somebody named before.
    OfAnother,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Mail {
    #[default]
    Nowhere,
    OfTheLast,
    OfAnybody,
}

/// The code, and the address that the state states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Codes {
    code: Code,
    mail: Mail,
}

impl Codes {
    pub(super) const NONE: Self = Self {
        code: Code::None,
        mail: Mail::Nowhere,
    };

    /// What another name makes of it, if the outcome may write one.
    pub(super) fn named(&mut self, kind: Kind, outcome: &str) {
        if !renames(kind, outcome) {
            return;
        }
        self.code = match self.code {
            Code::None | Code::Made | Code::Seen => Code::None,
            Code::Out | Code::OfAnother => Code::OfAnother,
        };
        if self.mail == Mail::OfTheLast {
            self.mail = Mail::OfAnybody;
        }
    }

    /// Whether an answer proves whoever is named last.
    pub(super) fn is_out(self) -> bool {
        self.code == Code::Out
    }

    /// Whether an answer proves whoever was named before.
    pub(super) fn is_of_another(self) -> bool {
        self.code == Code::OfAnother
    }

    /// Whether nobody can leave by this outcome: it is for those who know a code that nobody knows.
    pub(super) fn is_beyond(self, kind: Kind, outcome: &str) -> bool {
        (kind, outcome, self.code) == (Kind::Code, "true", Code::Made)
    }

    /// What the outcome itself makes of it.
    pub(super) fn done(&mut self, kind: Kind, outcome: &str) {
        match kind {
            Kind::Issues => self.code = Code::Out,
            Kind::Drafts => self.code = Code::Made,
            Kind::Code if outcome == "true" => self.code = Code::None,
            Kind::Shows => self.look(),
            Kind::States => self.mail = Mail::OfAnybody,
            Kind::Sends => {
                if self.mail == Mail::OfAnybody {
                    self.lose();
                } else {
                    self.mail = Mail::OfTheLast;
                    if matches!(self.code, Code::Made | Code::Seen) {
                        self.code = Code::Out;
                    }
                }
            }
            _ => {}
        }
    }

    /// A node, or a page of these, has failed: what was sent was sent, and what was seen was seen.
    pub(super) fn failed(&mut self, kinds: &[Kind]) {
        if kinds.contains(&Kind::Shows) {
            self.look();
        }
        let states = kinds.contains(&Kind::States) || self.mail == Mail::OfAnybody;
        if kinds.contains(&Kind::Sends) && states {
            self.lose();
        }
    }

    fn look(&mut self) {
        if self.code == Code::Made {
            self.code = Code::Seen;
        }
    }

    fn lose(&mut self) {
        if matches!(self.code, Code::Made | Code::Seen | Code::Out) {
            self.code = Code::None;
        }
    }
}
