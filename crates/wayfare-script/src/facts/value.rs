//! What may be where: values as far as a text tells them.
//!
//! In: nothing. Out: sets of what a value may be, which only grow where ways come together.

use std::{collections::BTreeSet, rc::Rc};

/// How many constants of a place are told apart.
const CONSTANTS_MAX: usize = 32;

/// A part of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Shared,
    Transient,
    Any,
}

/// A thing that does more than plain data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    NodeState,
    /// `sharedState`, `transientState`
    Map(Part),
    /// What stood under a key, which may be written into.
    Kept(Part, Rc<str>),
    /// The answers.
    Callbacks,
    /// How many answers there are.
    Count,
    /// One answer.
    Callback,
    /// `action` of the later generation.
    Action,
    /// `callbacksBuilder`
    Builder,
    /// What reaches the outside: its name.
    Outside(&'static str),
    /// What came from there, and may reach it again.
    Found,
    Logger,
    /// A binding that only tells.
    Plain,
    /// A package or a class.
    Java(Rc<str>),
    /// What `JavaImporter` gave.
    Importer,
    /// An action of the older generation that leaves by this outcome, or by one nobody knows.
    GoTo(Option<Rc<str>>),
    /// One that asks.
    Send,
    /// One that suspends.
    Suspend,
    /// A thing of the language itself.
    Builtin(Rc<str>),
    /// The global object.
    This,
}

/// Where a secret comes from, as people read it.
pub(super) type Origin = &'static str;

/// What a value may be.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent things that it may be, each named"
)]
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Value {
    /// These texts, which stand in the script.
    pub(super) texts: BTreeSet<Rc<str>>,
    /// These numbers.
    pub(super) numbers: BTreeSet<i64>,
    /// Any data: a text, a number, a list.
    pub(super) data: bool,
    /// `undefined` or `null`.
    pub(super) nothing: bool,
    pub(super) is_true: bool,
    pub(super) is_false: bool,
    /// Objects, by where they are made.
    pub(super) objects: BTreeSet<usize>,
    /// Functions of the script.
    pub(super) functions: BTreeSet<usize>,
    pub(super) hosts: BTreeSet<Host>,
    /// Where a secret in it comes from.
    pub(super) secret: Option<Origin>,
}

impl Value {
    pub(super) fn data() -> Self {
        Self {
            data: true,
            ..Self::default()
        }
    }

    pub(super) fn nothing() -> Self {
        Self {
            nothing: true,
            ..Self::default()
        }
    }

    pub(super) fn text(text: Rc<str>) -> Self {
        Self {
            texts: BTreeSet::from([text]),
            ..Self::default()
        }
    }

    pub(super) fn number(number: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "compared right behind")]
        let whole = number as i64;
        #[expect(
            clippy::cast_precision_loss,
            reason = "what is not the same is no constant"
        )]
        let same = (whole as f64).to_bits() == number.to_bits();
        if !same {
            return Self::data();
        }
        Self {
            numbers: BTreeSet::from([whole]),
            ..Self::default()
        }
    }

    pub(super) fn truth(is_true: bool, is_false: bool) -> Self {
        Self {
            is_true,
            is_false,
            ..Self::default()
        }
    }

    pub(super) fn host(host: Host) -> Self {
        Self {
            hosts: BTreeSet::from([host]),
            ..Self::default()
        }
    }

    pub(super) fn function(function: usize) -> Self {
        Self {
            functions: BTreeSet::from([function]),
            ..Self::default()
        }
    }

    pub(super) fn object(site: usize) -> Self {
        Self {
            objects: BTreeSet::from([site]),
            ..Self::default()
        }
    }

    pub(super) fn secret(origin: Origin) -> Self {
        Self {
            secret: Some(origin),
            ..Self::data()
        }
    }

    /// How many things that do more than plain data it may be, and one for itself.
    pub(super) fn things(&self) -> usize {
        1 + self.objects.len() + self.functions.len() + self.hosts.len()
    }

    /// Either.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.texts.extend(other.texts.iter().map(Rc::clone));
        self.numbers.extend(&other.numbers);
        self.data |= other.data;
        self.nothing |= other.nothing;
        self.is_true |= other.is_true;
        self.is_false |= other.is_false;
        self.objects.extend(&other.objects);
        self.functions.extend(&other.functions);
        self.hosts.extend(other.hosts.iter().cloned());
        self.secret = self.secret.or(other.secret);
        if self.texts.len() > CONSTANTS_MAX {
            self.texts.clear();
            self.data = true;
        }
        if self.numbers.len() > CONSTANTS_MAX {
            self.numbers.clear();
            self.data = true;
        }
    }

    /// The same without what stands in the script: some data, and whatever does more.
    pub(super) fn blurred(&self) -> Self {
        Self {
            data: true,
            objects: self.objects.clone(),
            functions: self.functions.clone(),
            hosts: self.hosts.clone(),
            secret: self.secret,
            ..Self::default()
        }
    }

    /// Whether it may be taken for true, and for false.
    pub(super) fn truths(&self) -> (bool, bool) {
        let things =
            !self.objects.is_empty() || !self.functions.is_empty() || !self.hosts.is_empty();
        let may_be_empty = self.hosts.iter().any(|host| {
            matches!(
                host,
                Host::Kept(..) | Host::Count | Host::Plain | Host::Found | Host::Outside(_)
            )
        });
        let full = self.texts.iter().any(|text| !text.is_empty());
        let empty = self.texts.iter().any(|text| text.is_empty());
        let number = self.numbers.iter().any(|number| *number != 0);
        let zero = self.numbers.contains(&0);
        (
            self.data || self.is_true || things || full || number,
            self.data || self.is_false || self.nothing || may_be_empty || empty || zero,
        )
    }

    /// The one constant that it is: a text, a number, nothing, true or false.
    fn constant(&self) -> Option<Constant<'_>> {
        let plain = !self.data
            && self.objects.is_empty()
            && self.functions.is_empty()
            && self.hosts.is_empty();
        let count = self.texts.len()
            + self.numbers.len()
            + usize::from(self.nothing)
            + usize::from(self.is_true)
            + usize::from(self.is_false);
        if !plain || count != 1 {
            return None;
        }
        if let Some(text) = self.texts.first() {
            return Some(Constant::Text(text));
        }
        if let Some(number) = self.numbers.first() {
            return Some(Constant::Number(*number));
        }
        Some(if self.nothing {
            Constant::Nothing
        } else {
            Constant::Truth(self.is_true)
        })
    }

    /// Whether a comparison holds, where both sides are constants of a kind.
    pub(super) fn compare(&self, sign: &str, other: &Self) -> Self {
        let unknown = Self::truth(true, true);
        let (Some(one), Some(other)) = (self.constant(), other.constant()) else {
            return unknown;
        };
        let order = match (&one, &other) {
            (Constant::Number(a), Constant::Number(b)) => a.cmp(b),
            (Constant::Text(a), Constant::Text(b)) if is_equality(sign) => a.cmp(b),
            (Constant::Truth(a), Constant::Truth(b)) if is_equality(sign) => a.cmp(b),
            _ => return unknown,
        };
        let holds = match sign {
            "==" | "===" => order.is_eq(),
            "!=" | "!==" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            _ => return unknown,
        };
        Self::truth(holds, !holds)
    }

    /// The keys that it names, where it can be nothing else.
    pub(super) fn keys(&self) -> Option<&BTreeSet<Rc<str>>> {
        let other = self.data
            || !self.numbers.is_empty()
            || !self.objects.is_empty()
            || !self.functions.is_empty()
            || !self.hosts.is_empty();
        (!other && !self.texts.is_empty()).then_some(&self.texts)
    }
}

enum Constant<'v> {
    Text(&'v str),
    Number(i64),
    Nothing,
    Truth(bool),
}

fn is_equality(sign: &str) -> bool {
    matches!(sign, "==" | "===" | "!=" | "!==")
}
