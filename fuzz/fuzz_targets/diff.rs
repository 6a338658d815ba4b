//! Two texts, parted by a line of `====`, are compared without a panic; what is weaker one way is stronger
//! the other way, and nothing differs from itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::{
    Compiler, Program, Registry, Source, Valid,
    diff::{Direction, compare},
};

fn program(text: &str) -> Option<Program> {
    let compiled = Compiler::new(Registry::standard().catalog())
        .compile([Source::new("fuzz.journey", text)]);
    compiled.program.map(Valid::into_inner).or(compiled.refused)
}

fuzz_target!(|text: &str| {
    let (before, after) = text.split_once("\n====\n").unwrap_or((text, text));
    let Some(before) = program(before) else { return };
    assert!(compare(&before, &before).is_empty());
    let Some(after) = program(after) else { return };
    let (there, back) = (compare(&before, &after), compare(&after, &before));
    assert_eq!(there.has(Direction::Weaker), back.has(Direction::Stronger));
    assert_eq!(there.has(Direction::Stronger), back.has(Direction::Weaker));
    assert_eq!(there.same_paths, back.same_paths);
});
