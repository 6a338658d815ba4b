//! An oracle that is not ours: `oathtool` of the OATH Toolkit.
//!
//! Where it is missing the test says that it is skipped; with `WAYFARE_OATHTOOL=required` that is a failure.

use std::process::Command;

use wayfare_oath::{Hash, Key, Token};

fn oathtool(arguments: &[&str]) -> Option<String> {
    let output = Command::new("oathtool").args(arguments).output().ok()?;
    assert!(output.status.success(), "oathtool {arguments:?}");
    Some(
        String::from_utf8(output.stdout)
            .expect("a text")
            .trim()
            .to_owned(),
    )
}

/// Numbers that look like any others, from a seed.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn codes_are_those_of_oathtool() {
    if oathtool(&["--version"]).is_none() {
        let required = std::env::var("WAYFARE_OATHTOOL").is_ok_and(|value| value == "required");
        assert!(!required, "there is no oathtool");
        eprintln!("skipped: there is no oathtool");
        return;
    }
    let mut state = 0x5eed_0a7f;
    println!("seed {state:#x}");
    for round in 0..60 {
        let length = 16 + usize::try_from(next(&mut state) % 49).expect("small");
        let bytes: Vec<u8> = (0..length)
            .map(|_| next(&mut state).to_be_bytes()[3])
            .collect();
        let key = Key::new(bytes).expect("a key");
        let base32 = key.to_base32();
        let digits = 6 + u8::try_from(next(&mut state) % 3).expect("small");
        let width = format!("--digits={digits}");
        if round % 2 == 0 {
            let counter = next(&mut state) >> 1;
            let token = Token::new(key, Hash::Sha1, digits).expect("a token");
            let moving = format!("--counter={counter}");
            let arguments = ["--hotp", "--base32", &width, &moving, base32.reveal()];
            assert_eq!(Some(token.code(counter)), oathtool(&arguments), "{counter}");
            continue;
        }
        let (hash, name) = [
            (Hash::Sha1, "--totp=sha1"),
            (Hash::Sha256, "--totp=sha256"),
            (Hash::Sha512, "--totp=sha512"),
        ][usize::try_from(next(&mut state) % 3).expect("small")];
        let (second, step) = (next(&mut state) % 4_000_000_000, 15 + next(&mut state) % 90);
        let token = Token::new(key, hash, digits).expect("a token");
        let (now, size) = (
            format!("--now=@{second}"),
            format!("--time-step-size={step}"),
        );
        let arguments = [name, "--base32", &width, &now, &size, base32.reveal()];
        assert_eq!(
            Some(token.code(second / step)),
            oathtool(&arguments),
            "{second} {step}"
        );
    }
}
