//! The clock and the numbers.

use std::time::Duration;

use wayfare::{Host as _, Timestamp};
use wayfare_sim::SimHost;

fn draw(host: &SimHost, count: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count];
    host.random(&mut bytes).ok().map(|()| bytes)
}

#[test]
fn the_clock_stands_still_until_it_is_moved() {
    let host = SimHost::new(1);
    assert_eq!(host.now(), Timestamp(1_767_225_600_000));
    draw(&host, 64).unwrap();
    assert_eq!(host.now(), SimHost::EPOCH);
    host.advance(Duration::from_millis(1_500));
    assert_eq!(host.now(), Timestamp(1_767_225_601_500));
    host.set(Timestamp(3));
    assert_eq!(host.now(), Timestamp(3));
}

#[test]
fn numbers_follow_from_the_seed() {
    let (one, same, other) = (SimHost::new(1), SimHost::new(1), SimHost::new(2));
    assert_eq!(draw(&one, 37), draw(&same, 37));
    assert_ne!(draw(&one, 37), draw(&other, 37));
    let copy = one.clone();
    assert_eq!(draw(&one, 9), draw(&copy, 9));
}

#[test]
fn draws_fail_when_they_are_told_to() {
    let host = SimHost::new(1);
    host.fail_random(true);
    assert_eq!(draw(&host, 1), None);
    host.fail_random(false);
    assert!(draw(&host, 1).is_some());
    host.fail_random_at(3);
    assert!(draw(&host, 1).is_some());
    assert_eq!(draw(&host, 1), None);
    assert!(draw(&host, 1).is_some());
    assert_eq!(host.draws(), 5);
}

#[test]
fn a_clock_may_jump_whenever_it_is_read() {
    let host = SimHost::new(1).jumping([1_000, -3_000]);
    let read: Vec<i64> = (0..3)
        .map(|_| host.now().0.cast_signed() - SimHost::EPOCH.0.cast_signed())
        .collect();
    assert_eq!(read, [1_000, -2_000, -2_000]);
}
