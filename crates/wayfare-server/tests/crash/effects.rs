//! `kill -9` while what a script has done outside is under way, and a store that was put back.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};

use super::{
    child::{PASSWORD, Process},
    compare,
    load::scripted,
    service::Service,
    wire::Connection,
};

/// How long the server may take to ask the service.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was not as it must be.
pub(crate) fn run() -> Vec<String> {
    let begun = Instant::now();
    let mut violations = under_way();
    violations.extend(put_back());
    println!(
        "kill -9 while a script writes, and a store put back: {} violations, {:.1} s",
        violations.len(),
        begun.elapsed().as_secs_f64()
    );
    violations
}

/// The step at which the script waits for what it is to write.
fn asked(connection: &mut Connection, user: &str) -> Json {
    let step = connection.begin_journey("Script").expect("a step").json();
    let sent = connection.fill(&step, [user, PASSWORD]);
    sent.expect("a step").json()
}

fn over(connection: &mut Connection, step: &Json) -> bool {
    let again = connection.give(step, &[json!("one")]).expect("an answer");
    again.status == 401 && again.json()["detail"]["errorCode"] == "110"
}

/// The service has the request and has not answered when the server is killed.
fn under_way() -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start();
    service.tell(folder.path());
    let process = Process::start(folder.path());
    let user = scripted(0);
    let mut connection = Connection::open(process.address).expect("a connection");
    let step = asked(&mut connection, &user);
    service.hold(true);
    let (answer, reached) = std::thread::scope(|scope| {
        let sent = scope.spawn(|| connection.give(&step, &[json!("one")]));
        let until = Instant::now() + PATIENCE;
        // BOUND: until the service was asked, or the time is over.
        while service.asked().is_empty() && !sent.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let reached = !service.asked().is_empty();
        process.kill();
        (sent.join().expect("it sends"), reached)
    });
    service.hold(false);
    let process = Process::start(folder.path());
    let mut connection = Connection::open(process.address).expect("a connection");
    let mut violations = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            violations.push(format!("a script under way: {what}: {:?}", service.asked()));
        }
    };
    expect(
        answer.is_err(),
        &format!("it was answered before it was killed: {answer:?}"),
    );
    expect(reached, "the service was not asked");
    expect(over(&mut connection, &step), "the step can be taken again");
    expect(
        service.asked().values().map(Vec::len).eq([1]),
        "the service was not asked once",
    );
    expect(
        compare::written(folder.path(), &user) == 1,
        "the user was not written once",
    );
    // Whoever begins anew has it done anew, with another key.
    let step = asked(&mut connection, &user);
    let done = connection.give(&step, &[json!("two")]).expect("an answer");
    expect(
        done.json()["tokenId"].is_string(),
        &format!("the next run does not end well: {done:?}"),
    );
    let keys: Vec<String> = service.asked().into_values().flatten().collect();
    expect(
        keys.len() == 2 && keys[0] != keys[1] && !keys[0].is_empty(),
        "two runs have two keys",
    );
    expect(
        compare::written(folder.path(), &user) == 2,
        "the user was not written twice by two runs",
    );
    violations
}

/// A database that was put back alone is noticed, and its steps are over; where the whole folder was, the same
/// step is taken again, and whom it asks is asked with the same key.
fn put_back() -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start();
    service.tell(folder.path());
    let process = Process::start(folder.path());
    let user = scripted(0);
    let mut connection = Connection::open(process.address).expect("a connection");
    let step = asked(&mut connection, &user);
    process.kill();
    let kept = tempfile::tempdir().expect("a folder");
    copy(folder.path(), kept.path(), "");
    let mut violations = Vec::new();
    let mut turn = |put_back: &str, taken: bool| {
        let process = Process::start(folder.path());
        let mut connection = Connection::open(process.address).expect("a connection");
        let done = connection.give(&step, &[json!("one")]).expect("an answer");
        if done.json()["tokenId"].is_string() != taken {
            violations.push(format!("{put_back} put back: {done:?}"));
        }
        if !over(&mut connection, &step) {
            violations.push(format!("{put_back} put back: the step can be taken again"));
        }
        process.kill();
    };
    turn("nothing", true);
    copy(kept.path(), folder.path(), "wayfare.db");
    turn("the database", false);
    copy(kept.path(), folder.path(), "");
    turn("the folder", true);
    let keys: Vec<String> = service.asked().into_values().flatten().collect();
    if keys.len() != 2 || keys[0] != keys[1] || keys[0].is_empty() {
        violations.push(format!("the same step has other keys: {keys:?}"));
    }
    violations
}

/// Puts the files of a folder whose names begin so in the place of those of another.
fn copy(from: &Path, to: &Path, begins: &str) {
    let of = |folder: &Path| {
        let files = fs::read_dir(folder).expect("a folder").flatten();
        let files = files.filter(|file| file.file_type().is_ok_and(|ty| ty.is_file()));
        files
            .filter(|file| file.file_name().to_string_lossy().starts_with(begins))
            .collect::<Vec<_>>()
    };
    for file in of(to) {
        fs::remove_file(file.path()).expect("it goes");
    }
    for file in of(from) {
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}
