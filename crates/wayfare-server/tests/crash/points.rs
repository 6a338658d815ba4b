//! `kill -9` at the points between the compare of a code and the end of its run.
//!
//! What writes at such a point is made to take for ever, by a trigger that this test puts into the database;
//! the server is killed there, started again without the trigger, and asked for the code once more.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection as Database;

use super::{child::Process, code::Code, load::owner, wire::Connection};

/// How long the server may take to come to a point.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The code was found right; that it is used up is being written.
    Using,
    /// It is used up; that the try was none of the failures is being written.
    Refunding,
    /// The session is being written.
    Ending,
}

impl Point {
    const ALL: [Self; 3] = [Self::Using, Self::Refunding, Self::Ending];

    /// The write that is to take for ever.
    fn write(self, code: Code) -> &'static str {
        match (self, code) {
            (Self::Using, Code::App(_)) => "UPDATE OF used ON device",
            (Self::Using, Code::Recovery(_)) => "DELETE ON recovery",
            (Self::Refunding, _) => "DELETE ON counter WHEN OLD.kind <> 'password'",
            (Self::Ending, _) => "INSERT ON session",
        }
    }
}

/// What the database says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    used: bool,
    counted: u32,
    sessions: u32,
}

struct Store(Database);

impl Store {
    fn open(folder: &Path) -> Self {
        let database = Database::open(folder.join("wayfare.db")).expect("the database");
        database.busy_timeout(PATIENCE).expect("a time");
        Self(database)
    }

    fn stall(&self, write: &str) {
        // A trigger takes no `WITH`, but a view that has one.
        let sql = format!(
            "CREATE VIEW endless AS
                 WITH RECURSIVE more(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM more WHERE n > 0)
                 SELECT count(*) AS n FROM more;
             CREATE TRIGGER stall BEFORE {write} BEGIN SELECT n FROM endless; END;"
        );
        self.0.execute_batch(&sql).expect("a trigger");
    }

    fn go_on(&self) {
        let sql = "DROP TRIGGER stall; DROP VIEW endless;";
        self.0.execute_batch(sql).expect("no trigger");
    }

    fn number(&self, sql: &str, user: &str) -> i64 {
        let read = self.0.query_row(sql, [user], |row| row.get(0));
        read.expect("a number")
    }

    fn standing(&self, user: &str, code: Code, before: i64) -> Standing {
        let gone = match code {
            Code::App(counter) => {
                let sql = "SELECT coalesce(max(used), -1) FROM device WHERE subject = ?1";
                self.number(sql, user) == i64::try_from(counter).expect("small")
            }
            Code::Recovery(_) => self.recovery(user) < before,
        };
        let counted = self.number(
            "SELECT coalesce(sum(failures), 0) FROM counter
             WHERE subject = ?1 AND kind <> 'password'",
            user,
        );
        let sessions = self.number("SELECT count(*) FROM session WHERE subject = ?1", user);
        Standing {
            used: gone,
            counted: u32::try_from(counted).expect("few"),
            sessions: u32::try_from(sessions).expect("few"),
        }
    }

    fn recovery(&self, user: &str) -> i64 {
        self.number("SELECT count(*) FROM recovery WHERE subject = ?1", user)
    }
}

/// Kills at each point, for each kind of code; what was not as it must be.
pub(crate) fn run() -> Vec<String> {
    let begun = Instant::now();
    let mut violations = Vec::new();
    for code in [Code::App(3), Code::Recovery(3)] {
        for point in Point::ALL {
            violations.extend(kill_at(point, code));
        }
    }
    println!(
        "kill -9 between the compare of a code and the end of its run: {} points, {} violations, {:.1} s",
        2 * Point::ALL.len(),
        violations.len(),
        begun.elapsed().as_secs_f64()
    );
    violations
}

fn kill_at(point: Point, code: Code) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path());
    let user = owner(0);
    let mut connection = Connection::open(process.address).expect("a connection");
    let step = code.asked(&mut connection, &user).expect("a step");
    let store = Store::open(folder.path());
    let before = store.recovery(&user);
    store.stall(point.write(code));
    let there = |found: Standing| match point {
        Point::Using => found.counted == 1,
        Point::Refunding | Point::Ending => found.used,
    };
    let (answer, reached) = std::thread::scope(|scope| {
        let sent = scope.spawn(|| code.given(&mut connection, &step, &user));
        let until = Instant::now() + PATIENCE;
        let mut reached = false;
        // BOUND: until the server is there, or the time is over.
        while !reached && !sent.is_finished() && Instant::now() < until {
            reached = there(store.standing(&user, code, before));
            std::thread::sleep(Duration::from_millis(2));
        }
        // The last writes go together, so nothing shows that the first of them is done.
        if point == Point::Ending {
            std::thread::sleep(Duration::from_millis(100));
        }
        process.kill();
        (sent.join().expect("it sends"), reached)
    });
    store.go_on();
    let found = store.standing(&user, code, before);
    let mut violations = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            violations.push(format!("{point:?} {code:?}: {what}: {found:?}"));
        }
    };
    expect(answer.is_err(), "it was answered before it was killed");
    expect(reached, "it did not come to the point");
    expect(
        found.sessions == 0,
        "there is a session of a run that did not end",
    );
    expect(found.used == (point != Point::Using), "what is used up");
    // At the end the tries may be given back already; before it the try is counted.
    let counts = if point == Point::Ending { 0..=1 } else { 1..=1 };
    expect(counts.contains(&found.counted), "what is counted");
    let process = Process::start(folder.path());
    let mut connection = Connection::open(process.address).expect("a connection");
    // The step that was taken is over, whatever came of it.
    let again = code
        .given(&mut connection, &step, &user)
        .expect("an answer");
    let over = again.json()["detail"]["errorCode"] == "110";
    expect(again.status == 401 && over, "the step can be taken again");
    // A code that was not used up gets in once; then, or if it was, it never does.
    let first = code.gets_in(&mut connection, &user);
    expect(first == (point == Point::Using), "whether the code gets in");
    expect(
        !code.gets_in(&mut connection, &user),
        "the code gets in twice",
    );
    let failed = store.standing(&user, code, before).counted;
    let counted = if first { 1 } else { found.counted + 2 };
    expect(
        failed == counted,
        &format!("{failed} tries are counted then"),
    );
    let next = code.next().expect("one more");
    expect(
        next.gets_in(&mut connection, &user),
        "the next code gets in",
    );
    violations
}
