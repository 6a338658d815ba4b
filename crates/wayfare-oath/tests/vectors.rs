//! The vectors of RFC 4226, RFC 6238 and RFC 4648, and what a window lets in.

use wayfare::{engine::effect::OathMoving, otpauth::Address};
use wayfare_oath::{Hash, Key, KeyError, Token, WINDOW_MAX, Window};

fn key(bytes: &[u8]) -> Key {
    Key::new(bytes.to_vec()).expect("a key")
}

fn repeated(length: usize) -> Key {
    let bytes: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
    key(&bytes)
}

fn hotp(digits: u8) -> Token {
    Token::new(repeated(20), Hash::Sha1, digits).expect("a token")
}

#[test]
fn rfc_4226_appendix_d() {
    let expected = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    for (counter, code) in (0..).zip(expected) {
        assert_eq!(hotp(6).code(counter), code);
    }
}

#[test]
fn rfc_6238_appendix_b() {
    let rows = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];
    let token = |length, hash| Token::new(repeated(length), hash, 8).expect("a token");
    let tokens = (
        token(20, Hash::Sha1),
        token(32, Hash::Sha256),
        token(64, Hash::Sha512),
    );
    for (second, sha1, sha256, sha512) in rows {
        let step = second / 30;
        assert_eq!(tokens.0.code(step), sha1);
        assert_eq!(tokens.1.code(step), sha256);
        assert_eq!(tokens.2.code(step), sha512);
        let window = Window::by_time(second, 30, 0, None);
        assert_eq!(tokens.2.find(sha512, window), Some(step));
    }
}

#[test]
fn keys_are_written_in_base_32_and_read_again() {
    let written = repeated(20).to_base32();
    assert_eq!(written.reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    for length in 16..=64 {
        let key = repeated(length);
        let text = key.to_base32();
        assert_eq!(Key::from_base32(text.reveal()), Ok(key.clone()));
        let spaced: Vec<String> = text
            .reveal()
            .to_lowercase()
            .as_bytes()
            .chunks(4)
            .map(|four| String::from_utf8_lossy(four).into_owned())
            .collect();
        assert_eq!(
            Key::from_base32(&format!("{}==", spaced.join(" "))),
            Ok(key)
        );
    }
    for (text, wrong) in [
        ("", KeyError::Length),
        ("GEZDGNBVGY3TQOJQ", KeyError::Length),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", KeyError::Spelling),
        ("GEZDGNBVGY3TQOJQGEZDGNBVG=Y3TQOJ", KeyError::Spelling),
        // Bits that belong to no byte.
        ("GEZDGNBVGY3TQOJQGEZDGNBVGZ", KeyError::Spelling),
        ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA", KeyError::Spelling),
    ] {
        assert_eq!(Key::from_base32(text), Err(wrong), "{text}");
    }
    assert_eq!(
        Key::from_base32(&"A".repeat(1_000_000)),
        Err(KeyError::Length)
    );
    assert_eq!(format!("{:?}", repeated(20)), "Key(_)");
}

#[test]
fn a_code_is_good_once() {
    let token = hotp(6);
    // Ten ahead of the next counter, the last of them and not the one beyond.
    for (counter, found) in [(4, None), (5, Some(5)), (15, Some(15)), (16, None)] {
        let window = Window::by_counter(5, 10);
        assert_eq!(token.find(&token.code(counter), window), found, "{counter}");
    }
    // By time: two steps on either side, none that was used and none before that.
    let second = 100 * 30 + 7;
    for used in [None, Some(50)] {
        for (step, found) in [(97, None), (98, Some(98)), (102, Some(102)), (103, None)] {
            let window = Window::by_time(second, 30, 2, used);
            assert_eq!(token.find(&token.code(step), window), found, "{step}");
        }
    }
    let window = Window::by_time(second, 30, 2, Some(100));
    assert_eq!(token.find(&token.code(100), window), None);
    assert_eq!(token.find(&token.code(99), window), None);
    assert_eq!(token.find(&token.code(101), window), Some(101));
    // A clock that was put back lets nothing in that was used.
    let back = Window::by_time(second - 3_000, 30, 2, Some(100));
    for step in 0..=200 {
        assert_eq!(token.find(&token.code(step), back), None);
    }
}

#[test]
fn nothing_but_the_right_number_of_digits_is_a_code() {
    let token = hotp(6);
    let window = Window::by_counter(0, 9);
    assert_eq!(token.find("755 224", window), Some(0));
    for typed in [
        "",
        "75522",
        "7552240",
        "0755224",
        "+55224",
        "٧٥٥٢٢٤",
        "755224\n",
        "-755224",
    ] {
        assert_eq!(token.find(typed, window), None, "{typed:?}");
    }
    for digits in [0, 5, 9, 255] {
        assert_eq!(Token::new(repeated(20), Hash::Sha1, digits), None);
    }
}

#[test]
fn windows_are_bounded_and_never_turn_over() {
    let token = hotp(8);
    let wide = Window::by_counter(0, u64::MAX);
    assert_eq!(
        token.find(&token.code(WINDOW_MAX - 1), wide),
        Some(WINDOW_MAX - 1)
    );
    assert_eq!(token.find(&token.code(WINDOW_MAX), wide), None);
    let last = Window::by_counter(u64::MAX, 9);
    assert_eq!(token.find(&token.code(u64::MAX), last), Some(u64::MAX));
    let none = Window::by_time(u64::MAX, 0, u64::MAX, Some(u64::MAX));
    assert_eq!(token.find(&token.code(u64::MAX), none), None);
}

#[test]
fn an_address_holds_what_an_app_needs() {
    let key = repeated(20).to_base32();
    let address = Address {
        issuer: "Acme & Söhne",
        account: "ada@example.com",
        key: &key,
        moving: OathMoving::Time {
            step: 60,
            hash: Hash::Sha256,
        },
        counter: 0,
        digits: 8,
        more: &[("b", "032b75"), ("image", "https://acme.example/x.png?y")],
    };
    assert_eq!(
        address.write().reveal(),
        "otpauth://totp/Acme%20%26%20S%C3%B6hne:ada%40example.com\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne&digits=8\
         &algorithm=SHA256&period=60&b=032b75&image=https%3A%2F%2Facme.example%2Fx.png%3Fy"
    );
    let address = Address {
        moving: OathMoving::Counter,
        more: &[],
        ..address
    };
    let written = address.write();
    assert!(written.reveal().starts_with("otpauth://hotp/"));
    assert!(written.reveal().ends_with("&counter=0"));
}
