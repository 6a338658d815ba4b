//! What a run may take: case E04 of the attacks, and its relatives.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use wayfare_script::{Meter, Settings};

use super::stage::Stage;

const TIME: &str = "main.js: the script runs longer than its budget";
const MEMORY: &str = "main.js: the script takes more memory than its budget";
const STACK: &str = "main.js: the script recurses deeper than its budget";
const OUTPUT: &str = "main.js: the script says more than its budget";

fn stopped(script: &str, by: &[&str]) {
    let mut stage = Stage::new(script);
    let said = stage.failed();
    assert!(by.contains(&&*said), "{script}: {said}");
    // The one behind it runs as ever.
    assert_eq!(Stage::new("outcome = 'one';").left(), "one");
}

#[test]
fn loops_end() {
    for script in [
        "for (;;) {}",
        "while (true) { try { for (;;) {} } catch (e) {} finally { continue; } }",
        "do { outcome = 'one'; } while (outcome)",
        "function* g() { for (;;) yield 1; } for (const it of g()) {}",
        "[1].forEach(function again() { [1].forEach(again); }); for (;;) {}",
        "label: for (;;) { continue label; }",
        "new Proxy({}, { get() { for (;;) {} } }).a",
        "({ get a() { for (;;) {} } }).a",
        "({ toString() { for (;;) {} } }) + ''",
        "outcome = { toJSON() { for (;;) {} } }; nodeState.putShared('a', outcome)",
        "nodeState.putShared('a', new Proxy({}, { ownKeys() { for (;;) {} } }))",
        "Object.defineProperty(globalThis, 'outcome', { get() { for (;;) {} } })",
    ] {
        stopped(script, &[TIME, STACK]);
    }
}

#[test]
fn jobs_of_promises_end() {
    stopped(
        "(function again() { Promise.resolve().then(() => { for (;;) {} }); }()); ",
        &[TIME],
    );
    // Without an outcome it has said nothing, whatever else it would do.
    let mut stage = Stage::new("(function again() { Promise.resolve().then(again); }());");
    assert!(
        stage.failed().contains("outcome"),
        "{}",
        stage.failed_with()
    );
}

#[test]
fn patterns_end() {
    for script in [
        "/^(a+)+$/.test('a'.repeat(40) + '!')",
        "/(x+x+)+y/.exec('x'.repeat(50))",
        "'a'.repeat(30).replace(/(a|aa)+$/, '').match(/^(([a-z])+.)+[A-Z]([a-z])+$/); /^(a|a)*$/.test('a'.repeat(60) + 'b')",
        "('a'.repeat(60) + '!').match(/^(a+)+$/)",
    ] {
        stopped(script, &[TIME]);
    }
}

#[test]
fn work_in_the_engines_own_code_ends() {
    for script in [
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "new Array(4294967295).join('')",
        "new Array(4294967295).forEach(() => {})",
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "Array.prototype.fill.call({ length: 2 ** 53 - 1, set 1(v) {} }, 0)",
        "for (;;) { try { new Array(4294967295).includes(1); } catch (e) {} }",
        "var s = 'a'.repeat(1 << 20); for (;;) s.indexOf(s.slice(0, 1 << 19) + 'b')",
        "var s = 'a'.repeat(1 << 20); for (;;) s.split('b')",
        "var a = []; for (var i = 0; i < 40; i++) a = [a, a]; a.flat(Infinity)",
        "var s = 'x'.repeat(1 << 20); new Array(4096).fill(s).map(it => it + 'a').sort()",
        "for (;;) { try { JSON.stringify(new Array(1e9)); } catch (e) {} }",
        "for (;;) { try { 'x'.repeat(2 ** 29); } catch (e) {} }",
        "for (;;) 'x'.repeat(1 << 22)",
        // What says one length first and another one then.
        "Array.prototype.join.call({ get length() { return 2 ** 52; } }, '')",
        "Array.prototype.slice.call(new Proxy([], { get: () => 2 ** 52 }))",
        "var i = 0, a = { get [Symbol.isConcatSpreadable]() { return (a.length = 2 ** 52); }, length: 0 }; [].concat(a)",
        "[].concat(1, new Array(4294967295))",
        "var t = 'a'.repeat(1 << 21) + 'b'; 'a'.repeat(1 << 22).indexOf({ toString: () => t })",
        "var s = 'a'.repeat(1 << 21), i = 0; String.prototype.split.call({ toString: () => s + s }, { toString: () => s + 'b', get [Symbol.split]() {} })",
        "var a = new Uint8Array(1 << 20); for (;;) a.sort()",
        "Array.prototype.values.call({ length: 2 ** 53 - 1 }).drop(2 ** 52).next()",
        "Array.prototype.values.call({ length: 2 ** 53 - 1 }).join('')",
        "String.raw({ raw: { length: 2 ** 52 } })",
        "new Set(Array.prototype.values.call({ length: 2 ** 53 - 1 }))",
    ] {
        stopped(script, &[TIME, MEMORY]);
    }
}

#[test]
fn a_length_is_believed_once() {
    for script in [
        "var i = 0; Array.prototype.join.call({ get length() { return i++ ? 2 ** 52 : 0; } }, '')",
        "var i = 0; Array.prototype.slice.call(new Proxy([], { get: () => (i++ ? 2 ** 52 : 0) }))",
        "var i = 0; Array.prototype.toSorted.call({ length: { valueOf: () => (i++ ? 2 ** 52 : 0) } })",
    ] {
        let script = format!("{script}; outcome = 'one';");
        assert_eq!(Stage::new(&script).left(), "one", "{script}");
    }
}

#[test]
fn what_cannot_be_counted_is_not_changed_in_place() {
    for script in [
        "Array.prototype.reverse.call({ get length() { return 2; } })",
        "Array.prototype.fill.call(new Proxy([], {}), 1)",
        "Array.prototype.sort.call(Object.create([]))",
    ] {
        let said = Stage::new(script).failed();
        assert!(said.contains("changed in place"), "{script}: {said}");
    }
}

#[test]
fn memory_ends() {
    for script in [
        "var s = 'x'; for (;;) s += s + Math.random();",
        "'x'.repeat(2 ** 30 - 1)",
        "'x'.padEnd(2 ** 29)",
        "var a = []; for (;;) a.push('x'.repeat(1000) + a.length);",
        "new ArrayBuffer(1 << 30)",
        "new Uint8Array(1 << 29)",
        "new Array(1e8).fill({})",
        "JSON.parse('[' + '1,'.repeat(4e6) + '1]')",
        "var m = new Map(); for (var i = 0; ; i++) m.set(i, {});",
        "var a = [1]; for (;;) a = a.concat(a);",
    ] {
        stopped(
            script,
            &[
                MEMORY,
                TIME,
                "main.js:1:1: RangeError: invalid array buffer length",
                "main.js:1:1: RangeError: invalid string length",
                "main.js:1:5: RangeError: invalid string length",
                "main.js:1:36: InternalError: string too long",
            ],
        );
    }
}

#[test]
fn the_stack_ends() {
    for script in [
        "(function f() { f(); }())",
        "(function f() { return [1].map(f); }())",
        "var a = []; for (var i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)",
        "JSON.parse('['.repeat(1e5))",
        "var o = {}; o.toString = () => `${o}`; o + ''",
        "new RegExp('('.repeat(1e5))",
    ] {
        let said = Stage::new(script).failed();
        assert!(
            said == STACK
                || said.contains("RangeError")
                || said.contains("SyntaxError")
                || said == TIME
                || said == MEMORY,
            "{script}: {said}"
        );
    }
}

#[test]
fn what_is_said_ends() {
    for script in [
        "for (;;) logger.info('x'.repeat(1000))",
        "for (var i = 0; i < 100; i++) { try { logger.info('x'.repeat(1000)) } catch (e) {} } outcome = 'one'",
        "nodeState.putShared('a', 'x'.repeat(70000)); outcome = 'one'",
        "callbacksBuilder.textOutputCallback(0, 'x'.repeat(70000))",
    ] {
        stopped(script, &[OUTPUT]);
    }
}

/// A clock that goes on by ten milliseconds whenever it is looked at.
#[derive(Debug, Default)]
struct Hasty(AtomicU64);

impl Meter for Hasty {
    fn read(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(10, Ordering::Relaxed))
    }
}

#[test]
fn a_clock_bounds_a_run_before_its_steps_do() {
    let mut settings = Settings::default();
    settings.budget.steps = u32::MAX;
    let mut stage = Stage::metered("for (;;) {}", settings.clone(), Some(Hasty::default()));
    assert_eq!(stage.failed(), TIME);
    // What makes each step dear is a matter for the clock.
    let script = "function f() { try { f(); } catch (e) { f(); } } for (;;) f();";
    let mut stage = Stage::metered(script, settings.clone(), Some(Hasty::default()));
    assert_eq!(stage.failed(), TIME);
    // Five looks are within the budget.
    let script = "for (var i = 0; i < 20000; i++) {} outcome = 'one';";
    let mut stage = Stage::metered(script, settings, Some(Hasty::default()));
    assert_eq!(stage.left(), "one");
}

#[test]
fn the_same_run_is_stopped_at_the_same_step() {
    let script = "var n = 0; try { for (;;) { n++; if (n % 100000 === 0) logger.info(n); } } finally { logger.info(n); }";
    let run = || {
        let mut stage = Stage::new(script);
        stage.failed();
        stage.lines()
    };
    let first = run();
    assert!(first.len() > 10, "{first:?}");
    assert_eq!(first, run());
}
