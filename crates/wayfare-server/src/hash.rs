//! Password hashes: argon2id on threads of their own.
//!
//! The pool is bounded three times: so many threads hash, each in one block of memory that it keeps, so many
//! logins may wait, and none that would wait too long by what hashes took of late: what waits when an overload
//! ends is how long the server takes to recover. Who wants to hash takes a [`Permit`] first, before anything is
//! consumed; where there is none the request is refused at once. Passwords are normalised to NFC and never cut.
//! A user who is not there, is locked or has no password costs one hash too.

use std::{
    collections::VecDeque,
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString},
};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use unicode_normalization::UnicodeNormalization as _;
use wayfare::Secret;

use crate::config::HashSettings;

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The settings are out of argon2's bounds.
    #[error("[hash] {0}")]
    Settings(String),
    /// The stored hash cannot be read.
    #[error("a stored hash cannot be read: {0}")]
    Stored(String),
    /// Randomness failed.
    #[error("the source of randomness failed")]
    NoRandomness,
    /// The pool has been closed.
    #[error("the hashing threads are gone")]
    Closed,
}

/// The right to hash: held from before anything is consumed until the step is done.
///
/// Work that still waits holds it too, so that whoever hangs up does not make room for more work.
#[derive(Debug, Clone)]
pub struct Permit {
    permit: Arc<OwnedSemaphorePermit>,
}

/// What a comparison is against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// A stored hash.
    Stored(String),
    /// Nothing: the work is done and the answer is no.
    Nothing,
}

type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// What waits for a thread.
struct Jobs {
    /// Nothing where no more is taken.
    waiting: Mutex<Option<VecDeque<Job>>>,
    came: Condvar,
    /// Nanoseconds that one of them takes, the last ones counting most; 0 before the first.
    each: AtomicU64,
}

impl Jobs {
    fn waiting(&self) -> MutexGuard<'_, Option<VecDeque<Job>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes nothing more; whoever waits is told that the threads are gone, and they end.
    fn close(&self) {
        drop(self.waiting().take());
        self.came.notify_all();
    }

    /// Notes what one took. Where two threads note at once, one of them may not count.
    fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let each = self.each.load(Ordering::Relaxed);
        let each = if each == 0 {
            time
        } else {
            each - each / 8 + time / 8
        };
        self.each.store(each, Ordering::Relaxed);
    }

    /// The next one; nothing once no more is taken.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting();
        loop {
            if let Some(job) = waiting.as_mut()?.pop_front() {
                return Some(job);
            }
            waiting = self
                .came
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The threads that hash.
pub struct HashPool {
    jobs: Arc<Jobs>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    admission: Arc<Semaphore>,
    /// How many permits there are, and for how many of them a thread is there.
    permits: usize,
    count: usize,
    /// No one is admitted who would wait longer.
    queue_time: Duration,
    params: Params,
    compared: AtomicU64,
    dummies: AtomicU64,
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool")
            .field("free", &self.admission.available_permits())
            .field("compared", &self.compared)
            .field("dummies", &self.dummies)
            .finish_non_exhaustive()
    }
}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The settings are out of bounds, or no thread can be started.
    pub fn start(settings: &HashSettings) -> Result<Self, HashError> {
        let params = Params::new(settings.memory_kib, settings.time, settings.lanes, None)
            .map_err(|error| HashError::Settings(error.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if settings.threads == 0 {
            cores
        } else {
            settings.threads
        };
        let jobs = Arc::new(Jobs {
            waiting: Mutex::new(Some(VecDeque::new())),
            came: Condvar::new(),
            each: AtomicU64::new(0),
        });
        let mut threads = Vec::with_capacity(count);
        for at in 0..count {
            let taken = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name(format!("wayfare-hash-{at}"))
                .spawn(move || work(&taken))
                .map_err(|error| {
                    jobs.close();
                    HashError::Settings(error.to_string())
                })?;
            threads.push(thread);
        }
        let permits = count
            .saturating_add(settings.queue)
            .min(Semaphore::MAX_PERMITS);
        Ok(Self {
            jobs,
            threads: Mutex::new(threads),
            admission: Arc::new(Semaphore::new(permits)),
            permits,
            count,
            queue_time: settings.queue_time,
            params,
            compared: AtomicU64::new(0),
            dummies: AtomicU64::new(0),
        })
    }

    /// The right to hash, if there is one to be had now.
    pub fn admit(&self) -> Option<Permit> {
        if self.expected_wait() > self.queue_time {
            return None;
        }
        Arc::clone(&self.admission)
            .try_acquire_owned()
            .ok()
            .map(|permit| Permit {
                permit: Arc::new(permit),
            })
    }

    /// How long the next one would wait for a thread; nothing where one is free or nothing is known yet.
    fn expected_wait(&self) -> Duration {
        let held = self
            .permits
            .saturating_sub(self.admission.available_permits());
        let waiting = held.saturating_sub(self.count) as u64;
        let each = self.jobs.each.load(Ordering::Relaxed);
        Duration::from_nanos(each.saturating_mul(waiting) / self.count.max(1) as u64)
    }

    /// How many passwords were compared with a stored hash.
    pub fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }

    /// How many comparisons were against nothing.
    pub fn dummies(&self) -> u64 {
        self.dummies.load(Ordering::Relaxed)
    }

    /// Compares a password.
    ///
    /// # Errors
    /// The stored hash cannot be read; the work is done all the same.
    pub async fn verify(
        &self,
        permit: &Permit,
        password: &Secret<String>,
        against: Against,
    ) -> Result<bool, HashError> {
        let (counter, stored) = match &against {
            Against::Stored(stored) => (&self.compared, Some(Stored::parse(stored))),
            Against::Nothing => (&self.dummies, None),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let (stored, broken) = match stored {
            Some(Ok(stored)) => (stored, None),
            Some(Err(error)) => (Stored::dummy(&self.params), Some(error)),
            None => (Stored::dummy(&self.params), None),
        };
        let real = broken.is_none() && matches!(against, Against::Stored(_));
        let password = normal(password);
        let held = Arc::clone(&permit.permit);
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move |blocks| {
            let matched = stored.matches(&password, blocks);
            // Before the answer: whoever has it finds the place free.
            drop(held);
            let _ = answer.send(matched && real);
        }))?;
        let matched = answered.await.map_err(|_| HashError::Closed)?;
        broken.map_or(Ok(matched), Err)
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// There is no randomness, or the threads are gone.
    pub async fn hash(
        &self,
        permit: &Permit,
        password: &Secret<String>,
    ) -> Result<String, HashError> {
        let params = self.params.clone();
        let password = normal(password);
        let held = Arc::clone(&permit.permit);
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move |blocks| {
            let hashed = hash_with(&params, &password, blocks);
            drop(held);
            let _ = answer.send(hashed);
        }))?;
        answered.await.map_err(|_| HashError::Closed)?
    }

    /// The hashes of secrets that stand for one another, with one salt, as PHC strings.
    ///
    /// So that one computation tells which of them was typed.
    ///
    /// # Errors
    /// There is no randomness, or the threads are gone.
    pub async fn hash_alike(
        &self,
        permit: &Permit,
        secrets: &[Secret<String>],
    ) -> Result<Vec<String>, HashError> {
        let params = self.params.clone();
        let secrets: Vec<Secret<String>> = secrets.iter().map(normal).collect();
        let held = Arc::clone(&permit.permit);
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move |blocks| {
            let hashed = salt().and_then(|salt| {
                let hash = |secret| hash_salted(&params, secret, &salt, blocks);
                secrets.iter().map(hash).collect()
            });
            drop(held);
            let _ = answer.send(hashed);
        }))?;
        answered.await.map_err(|_| HashError::Closed)?
    }

    /// Which of these hashes is that of a secret.
    ///
    /// It takes as long wherever it stands, and where there is none. Hashes of one salt and cost are one
    /// computation.
    ///
    /// # Errors
    /// A stored hash cannot be read; the work is done all the same.
    pub async fn find(
        &self,
        permit: &Permit,
        typed: &Secret<String>,
        stored: &[String],
    ) -> Result<Option<usize>, HashError> {
        let counter = if stored.is_empty() {
            &self.dummies
        } else {
            &self.compared
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let parsed: Result<Vec<Stored>, HashError> =
            stored.iter().map(|stored| Stored::parse(stored)).collect();
        let (stored, broken) = match parsed {
            Ok(stored) => (stored, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let dummy = Stored::dummy(&self.params);
        let typed = normal(typed);
        let held = Arc::clone(&permit.permit);
        let (answer, answered) = oneshot::channel();
        self.send(Box::new(move |blocks| {
            let found = find(&stored, &dummy, &typed, blocks);
            drop(held);
            let _ = answer.send(found);
        }))?;
        let found = answered.await.map_err(|_| HashError::Closed)?;
        broken.map_or(Ok(found), Err)
    }

    /// What hashes at this cost on the thread that asks, which may block.
    pub fn here(&self) -> HashHere {
        HashHere {
            params: self.params.clone(),
            blocks: Vec::new(),
        }
    }

    /// The hashes of passwords at this cost, in the same order, on as many threads as hash later; for starts,
    /// which may block.
    ///
    /// # Errors
    /// There is no randomness, or no thread can be started.
    pub fn all_here(&self, passwords: &[&Secret<String>]) -> Result<Vec<String>, HashError> {
        let hashed = |passwords: &[&Secret<String>]| {
            let mut here = self.here();
            let hashes = passwords.iter().map(|password| here.hash(password));
            hashes.collect::<Result<Vec<String>, HashError>>()
        };
        let each = passwords.len().div_ceil(self.count.max(1)).max(1);
        let all: Result<Vec<Vec<String>>, HashError> = std::thread::scope(|scope| {
            let mut threads = Vec::with_capacity(self.count);
            for part in passwords.chunks(each) {
                let thread = std::thread::Builder::new().spawn_scoped(scope, move || hashed(part));
                threads.push(thread.map_err(|error| HashError::Settings(error.to_string()))?);
            }
            let parts = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            parts
                .map(|part| part.map_err(|_| HashError::Closed)?)
                .collect()
        });
        Ok(all?.concat())
    }

    fn send(&self, job: Job) -> Result<(), HashError> {
        let mut waiting = self.jobs.waiting();
        waiting.as_mut().ok_or(HashError::Closed)?.push_back(job);
        drop(waiting);
        self.jobs.came.notify_one();
        Ok(())
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.jobs.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// Hashes one password after the other on the thread that asks, all in one block of memory: of two blocks that
/// are given back, allocators keep the second for the process.
pub struct HashHere {
    params: Params,
    blocks: Vec<Block>,
}

impl fmt::Debug for HashHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashHere").finish_non_exhaustive()
    }
}

impl HashHere {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn hash(&mut self, password: &Secret<String>) -> Result<String, HashError> {
        hash_with(&self.params, &normal(password), &mut self.blocks)
    }
}

/// Hashes in one block of memory until no more is taken.
fn work(jobs: &Jobs) {
    let mut blocks = Vec::new();
    while let Some(job) = jobs.next() {
        // One that panics answers nobody, and the next is as good as any; what it left is written over.
        let began = Instant::now();
        let _ = panic::catch_unwind(AssertUnwindSafe(|| job(&mut blocks)));
        jobs.took(began.elapsed());
    }
}

/// A stored hash, taken apart.
struct Stored {
    params: Params,
    salt: Vec<u8>,
    /// Nothing matches where there is none.
    output: Option<Output>,
}

impl Stored {
    fn parse(text: &str) -> Result<Self, HashError> {
        let wrong = |error: argon2::password_hash::Error| HashError::Stored(error.to_string());
        let hash = PasswordHash::new(text).map_err(wrong)?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err(HashError::Stored(format!(
                "`{}` is not argon2id",
                hash.algorithm
            )));
        }
        let params = Params::try_from(&hash).map_err(wrong)?;
        let mut salt = [0; Salt::MAX_LENGTH];
        let salt = hash
            .salt
            .ok_or_else(|| HashError::Stored("it has no salt".to_owned()))?
            .decode_b64(&mut salt)
            .map_err(wrong)?
            .to_vec();
        let output = hash
            .hash
            .ok_or_else(|| HashError::Stored("it has no hash".to_owned()))?;
        Ok(Self {
            params,
            salt,
            output: Some(output),
        })
    }

    /// Something to hash against where there is nothing, at the present cost.
    fn dummy(params: &Params) -> Self {
        Self {
            params: params.clone(),
            salt: vec![0x5a; 16],
            output: None,
        }
    }

    fn matches(&self, password: &Secret<String>, blocks: &mut Vec<Block>) -> bool {
        // `Output` compares in constant time.
        let hashed = self.computed(password, blocks);
        hashed.is_some() && hashed == self.output
    }

    /// What a secret comes to with the salt and the cost of this one.
    fn computed(&self, password: &Secret<String>, blocks: &mut Vec<Block>) -> Option<Output> {
        let count = self.params.block_count();
        if blocks.len() < count {
            blocks.resize(count, Block::new());
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut out = [0; Output::MAX_LENGTH];
        let out = out.get_mut(..self.output.map_or(32, |output| output.len()))?;
        let hashed = argon2.hash_password_into_with_memory(
            password.reveal().as_bytes(),
            &self.salt,
            out,
            blocks,
        );
        hashed.ok()?;
        Output::new(out).ok()
    }

    fn is_alike(&self, other: &Self) -> bool {
        let length = |stored: &Self| stored.output.map_or(32, |output| output.len());
        self.salt == other.salt && self.params == other.params && length(self) == length(other)
    }
}

/// A password as it is hashed: NFC, whole.
fn normal(password: &Secret<String>) -> Secret<String> {
    Secret::new(password.reveal().nfc().collect())
}

/// Which of these a secret is the one of; all of them are looked at.
fn find(
    stored: &[Stored],
    dummy: &Stored,
    typed: &Secret<String>,
    blocks: &mut Vec<Block>,
) -> Option<usize> {
    let mut found = None;
    let mut last: Option<(&Stored, Option<Output>)> = None;
    if stored.is_empty() {
        dummy.matches(typed, blocks);
    }
    for (at, one) in stored.iter().enumerate() {
        let known = last.filter(|(other, _)| other.is_alike(one));
        let (_, computed) = known.unwrap_or_else(|| (one, one.computed(typed, blocks)));
        last = Some((one, computed));
        // `Output` compares in constant time.
        let same = computed.is_some() && computed == one.output;
        found = if same { Some(at) } else { found };
    }
    found
}

fn salt() -> Result<[u8; 16], HashError> {
    let mut salt = [0; 16];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| HashError::NoRandomness)?;
    Ok(salt)
}

/// The hash of a password that is normal already, as a PHC string.
fn hash_with(
    params: &Params,
    password: &Secret<String>,
    blocks: &mut Vec<Block>,
) -> Result<String, HashError> {
    hash_salted(params, password, &salt()?, blocks)
}

fn hash_salted(
    params: &Params,
    password: &Secret<String>,
    salt: &[u8; 16],
    blocks: &mut Vec<Block>,
) -> Result<String, HashError> {
    let count = params.block_count();
    if blocks.len() < count {
        blocks.resize(count, Block::new());
    }
    let wrong = |error: argon2::password_hash::Error| HashError::Settings(error.to_string());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut out = [0; 32];
    argon2
        .hash_password_into_with_memory(password.reveal().as_bytes(), salt, &mut out, blocks)
        .map_err(|error| HashError::Settings(error.to_string()))?;
    let salt = SaltString::encode_b64(salt).map_err(wrong)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(wrong)?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&out).map_err(wrong)?),
    };
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_outlives_what_panics_on_it() {
        let settings = HashSettings {
            memory_kib: 8,
            time: 1,
            threads: 1,
            ..HashSettings::default()
        };
        let pool = HashPool::start(&settings).unwrap();
        pool.send(Box::new(|_| panic!("meant"))).unwrap();
        let permit = pool.admit().unwrap();
        let password = Secret::new("Ch4ng31t".to_owned());
        let stored = pool.hash(&permit, &password).await.unwrap();
        let same = pool.verify(&permit, &password, Against::Stored(stored));
        assert_eq!(same.await, Ok(true));
    }

    #[test]
    fn nobody_is_admitted_who_would_wait_too_long() {
        let settings = HashSettings {
            memory_kib: 8,
            time: 1,
            threads: 2,
            queue: 100,
            queue_time: Duration::from_secs(3),
            ..HashSettings::default()
        };
        let pool = HashPool::start(&settings).unwrap();
        let all = |pool: &HashPool| {
            std::iter::from_fn(|| pool.admit())
                .collect::<Vec<_>>()
                .len()
        };
        assert_eq!(all(&pool), 102);
        pool.jobs.took(Duration::from_millis(100));
        assert_eq!(pool.expected_wait(), Duration::ZERO);
        // Two that hash, and sixty-one before whom there are at most three seconds of work.
        assert_eq!(all(&pool), 63);
        pool.jobs.each.store(0, Ordering::Relaxed);
        pool.jobs.took(Duration::from_secs(30));
        // Whoever would be the first to wait is let in, however long a hash takes.
        assert_eq!(all(&pool), 3);
    }
}
