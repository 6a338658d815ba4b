//! Numbers, texts, lists and maps as bytes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use zeroize::Zeroize;

use crate::{
    engine::{
        pin::{Place, Reached},
        plan::{NOWHERE, Plan},
        run::Run,
    },
    model::expr::KeyId,
    secret::Secret,
};

/// Where bytes go: into a list, or only into a count.
pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]);

    /// Seven bits a byte, the lowest first; the last byte has its top bit clear.
    fn number(&mut self, number: u64);

    /// A state key.
    fn key(&mut self, key: KeyId) {
        self.number(u64::from(key.0));
    }

    /// A node, or no node.
    fn node(&mut self, node: u32) {
        self.number(u64::from(node));
    }

    /// A unit.
    fn unit(&mut self, unit: u32) {
        self.number(u64::from(unit));
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn number(&mut self, mut number: u64) {
        // BOUND: seven bits a turn.
        while number >= 0x80 {
            let [low, ..] = number.to_le_bytes();
            self.push(low | 0x80);
            number >>= 7;
        }
        let [low, ..] = number.to_le_bytes();
        self.push(low);
    }
}

/// A sink that counts.
pub(super) struct Count(pub(super) usize);

impl Sink for Count {
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn number(&mut self, number: u64) {
        let bits = 64 - (number | 1).leading_zeros();
        self.0 += bits.div_ceil(7) as usize;
    }
}

/// A sink that counts no less than a [`Measure`] does: a number of two bytes counts as the longest, and a key
/// with its name each time it is met.
pub(super) struct Bound<'r> {
    bytes: usize,
    run: &'r Run,
    plan: &'r Plan,
}

impl<'r> Bound<'r> {
    /// The longest number.
    const NUMBER: usize = 10;
    /// What stands before the run: the version, the hash and the number of keys.
    const HEAD: usize = 1 + 32 + Self::NUMBER;

    pub(super) fn new(run: &'r Run, plan: &'r Plan) -> Self {
        let bytes = Self::HEAD;
        Self { bytes, run, plan }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn more(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Sink for Bound<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.more(bytes.len());
    }

    fn number(&mut self, number: u64) {
        self.more(if number < 0x80 { 1 } else { Self::NUMBER });
    }

    fn key(&mut self, key: KeyId) {
        let name = self.run.key_text(self.plan, key).map_or(0, str::len);
        self.more(2 * Self::NUMBER + name);
    }

    fn node(&mut self, _: u32) {
        self.more(2 * Self::NUMBER);
    }

    fn unit(&mut self, _: u32) {
        self.more(2 * Self::NUMBER);
    }
}

/// A sink that counts what a [`Pinned`] one would write but for keys, which it notes: how long their places
/// are is known once all have been met.
pub(super) struct Measure<'p> {
    pub(super) count: Count,
    pub(super) plan: &'p Plan,
    pub(super) reached: &'p Reached,
    /// The keys met, in no order, some of them twice.
    pub(super) keys: Vec<KeyId>,
}

impl Measure<'_> {
    fn place(&mut self, place: Option<Place>) {
        match place {
            Some((journey, at)) => {
                self.count.number(u64::from(journey) + 1);
                self.count.number(u64::from(at));
            }
            None => self.count.number(0),
        }
    }
}

impl Sink for Measure<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.count.put(bytes);
    }

    fn number(&mut self, number: u64) {
        self.count.number(number);
    }

    fn key(&mut self, key: KeyId) {
        self.keys.push(key);
    }

    fn node(&mut self, node: u32) {
        self.place(self.plan.place_of_node(self.reached, node));
    }

    fn unit(&mut self, unit: u32) {
        self.place(self.plan.place_of_unit(self.reached, unit));
    }
}

/// Bytes that mean the same beside every program in which the pin holds.
pub(super) struct Pinned<'p, S> {
    pub(super) out: S,
    pub(super) plan: &'p Plan,
    pub(super) reached: &'p Reached,
    /// The keys of the run: what is written is the place here.
    pub(super) keys: Vec<KeyId>,
}

impl<S: Sink> Pinned<'_, S> {
    /// Nothing is zero; what is not to be found reads as nothing too.
    fn place(&mut self, place: Option<Place>) {
        match place {
            Some((journey, at)) => {
                self.out.number(u64::from(journey) + 1);
                self.out.number(u64::from(at));
            }
            None => self.out.number(0),
        }
    }
}

impl<S: Sink> Sink for Pinned<'_, S> {
    fn put(&mut self, bytes: &[u8]) {
        self.out.put(bytes);
    }

    fn number(&mut self, number: u64) {
        self.out.number(number);
    }

    fn key(&mut self, key: KeyId) {
        let at = self.keys.binary_search(&key).unwrap_or(usize::MAX);
        self.out.number(u64::try_from(at).unwrap_or(u64::MAX));
    }

    fn node(&mut self, node: u32) {
        self.place(self.plan.place_of_node(self.reached, node));
    }

    fn unit(&mut self, unit: u32) {
        self.place(self.plan.place_of_unit(self.reached, unit));
    }
}

/// The bytes that are left to read.
pub(super) struct Reader<'b> {
    plan: &'b Plan,
    reached: &'b Reached,
    /// The numbers that the keys of the run have beside this plan.
    keys: Vec<KeyId>,
    rest: &'b [u8],
    /// How many values stand around the one being read.
    depth: u32,
}

impl<'b> Reader<'b> {
    /// The deepest value that is read.
    const DEPTH_MAX: u32 = 64;

    pub(super) fn new(plan: &'b Plan, reached: &'b Reached, rest: &'b [u8]) -> Self {
        Self {
            plan,
            reached,
            keys: Vec::new(),
            rest,
            depth: 0,
        }
    }

    /// Reads the names of the keys; those that the plan has no number for come back.
    pub(super) fn names(&mut self) -> Option<Vec<Arc<str>>> {
        let mut own = Vec::new();
        for _ in 0..self.count()? {
            let name = self.text()?;
            let key = if let Some(key) = self.plan.keys.find(name) {
                key
            } else {
                own.push(Arc::from(name));
                let at = self.plan.keys.len() + own.len() - 1;
                KeyId(u32::try_from(at).ok()?)
            };
            self.keys.push(key);
        }
        Some(own)
    }

    pub(super) fn key(&mut self) -> Option<KeyId> {
        let at = usize::try_from(u64::take(self)?).ok()?;
        self.keys.get(at).copied()
    }

    /// A number that is no place, zero, is no node.
    pub(super) fn node(&mut self) -> Option<u32> {
        match u32::take(self)?.checked_sub(1) {
            None => Some(NOWHERE),
            Some(journey) => {
                let at = u32::take(self)?;
                self.plan.node_at(self.reached, (journey, at))
            }
        }
    }

    pub(super) fn unit(&mut self) -> Option<u32> {
        let journey = u32::take(self)?.checked_sub(1)?;
        let at = u32::take(self)?;
        self.plan.unit_at(self.reached, (journey, at))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (head, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*head)
    }

    /// A count of things of at least one byte each.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(u64::take(self)?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }

    fn text(&mut self) -> Option<&'b str> {
        let count = self.count()?;
        std::str::from_utf8(self.bytes(count)?).ok()
    }

    /// Reads something that may hold more of itself.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= Self::DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}

/// Something that can be written as bytes and read back.
pub(super) trait Codec: Sized {
    fn put<S: Sink>(&self, to: &mut S);
    fn take(from: &mut Reader<'_>) -> Option<Self>;
}

impl Codec for u64 {
    fn put<S: Sink>(&self, to: &mut S) {
        to.number(*self);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let mut number: u64 = 0;
        for at in 0..10 {
            let byte = from.byte()?;
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                return None;
            }
            number |= bits << (7 * at);
            if byte & 0x80 == 0 {
                // One form for each number: no zero at the end.
                return (byte != 0 || at == 0).then_some(number);
            }
        }
        None
    }
}

macro_rules! number {
    ($($ty:ty),*) => {
        $(impl Codec for $ty {
            fn put<S: Sink>(&self, to: &mut S) {
                u64::from(*self).put(to);
            }
            fn take(from: &mut Reader<'_>) -> Option<Self> {
                Self::try_from(u64::take(from)?).ok()
            }
        })*
    };
}
number!(u8, u16, u32);

impl Codec for i64 {
    fn put<S: Sink>(&self, to: &mut S) {
        let zigzag = (self << 1) ^ (self >> 63);
        u64::from_ne_bytes(zigzag.to_ne_bytes()).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let number = u64::take(from)?;
        let half = i64::try_from(number >> 1).ok()?;
        Some(if number & 1 == 1 { !half } else { half })
    }
}

impl Codec for u128 {
    fn put<S: Sink>(&self, to: &mut S) {
        to.put(&self.to_be_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self::from_be_bytes(<[u8; 16]>::take(from)?))
    }
}

impl<const N: usize> Codec for [u8; N] {
    fn put<S: Sink>(&self, to: &mut S) {
        to.put(self);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.bytes(N)?.try_into().ok()
    }
}

impl Codec for bool {
    fn put<S: Sink>(&self, to: &mut S) {
        to.put(&[u8::from(*self)]);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

pub(super) fn put_text<S: Sink>(text: &str, to: &mut S) {
    put_count(text.len(), to);
    to.put(text.as_bytes());
}

fn put_count<S: Sink>(count: usize, to: &mut S) {
    u64::try_from(count).unwrap_or(u64::MAX).put(to);
}

impl Codec for String {
    fn put<S: Sink>(&self, to: &mut S) {
        put_text(self, to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.text().map(str::to_owned)
    }
}

impl Codec for Arc<str> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_text(self, to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        from.text().map(Self::from)
    }
}

impl<T: Codec + Zeroize> Codec for Secret<T> {
    fn put<S: Sink>(&self, to: &mut S) {
        self.reveal().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

impl Codec for Duration {
    fn put<S: Sink>(&self, to: &mut S) {
        self.as_secs().put(to);
        self.subsec_nanos().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let (secs, nanos) = (u64::take(from)?, u32::take(from)?);
        (nanos < 1_000_000_000).then(|| Self::new(secs, nanos))
    }
}

impl<T: Codec> Codec for Option<T> {
    fn put<S: Sink>(&self, to: &mut S) {
        match self {
            None => to.put(&[0]),
            Some(value) => {
                to.put(&[1]);
                value.put(to);
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(None),
            1 => T::take(from).map(Some),
            _ => None,
        }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_count(self.len(), to);
        for item in self {
            item.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let count = from.count()?;
        let mut list = Self::new();
        for _ in 0..count {
            list.push(T::take(from)?);
        }
        Some(list)
    }
}

impl<T: Codec> Codec for Arc<[T]> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_count(self.len(), to);
        for item in self.iter() {
            item.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Vec::take(from).map(Self::from)
    }
}

impl<T: Codec> Codec for Box<T> {
    fn put<S: Sink>(&self, to: &mut S) {
        (**self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

impl<K: Codec + Ord, V: Codec> Codec for BTreeMap<K, V> {
    fn put<S: Sink>(&self, to: &mut S) {
        put_count(self.len(), to);
        for (key, value) in self {
            key.put(to);
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        let count = from.count()?;
        let mut map = Self::new();
        for _ in 0..count {
            let (key, value) = (K::take(from)?, V::take(from)?);
            // One form for each map: its keys in order.
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            map.insert(key, value);
        }
        Some(map)
    }
}

impl Codec for serde_json::Value {
    fn put<S: Sink>(&self, to: &mut S) {
        put_text(&self.to_string(), to);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        serde_json::from_str(from.text()?).ok()
    }
}

/// The codec of a struct: its fields in order.
macro_rules! record {
    ($($ty:ty { $($field:ident),* $(,)? })*) => {
        $(impl Codec for $ty {
            fn put<S: Sink>(&self, to: &mut S) {
                $(self.$field.put(to);)*
            }
            fn take(from: &mut Reader<'_>) -> Option<Self> {
                Some(Self { $($field: Codec::take(from)?),* })
            }
        })*
    };
}

/// The codec of an enum: a number for the variant, then its fields.
macro_rules! choice {
    ($ty:ty { $($tag:literal $variant:ident $(( $($item:ident),* ))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl Codec for $ty {
            fn put<S: Sink>(&self, to: &mut S) {
                match self {
                    $(Self::$variant $(( $($item),* ))? $({ $($field),* })? => {
                        to.put(&[$tag]);
                        $($($item.put(to);)*)?
                        $($($field.put(to);)*)?
                    })*
                }
            }
            fn take(from: &mut Reader<'_>) -> Option<Self> {
                from.deeper(|from| match from.byte()? {
                    $($tag => Some(Self::$variant
                        $(( $({ let $item = Codec::take(from)?; $item }),* ))?
                        $({ $($field: Codec::take(from)?),* })?
                    ),)*
                    _ => None,
                })
            }
        }
    };
}

pub(super) use {choice, record};
