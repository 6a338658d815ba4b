//! Passwords for gateways to replay: JWE in its compact form, `dir` with `A128CBC-HS256`.
//!
//! The key is shared with the gateway: 32 bytes, of which the first half authenticates and the second
//! encrypts (RFC 7518, section 5.2.3).

use aes::Aes128;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _, block_padding::Pkcs7};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use wayfare::Secret;
use zeroize::Zeroizing;

use super::KeyedError;

const HEADER: &str = r#"{"typ":"JWT","enc":"A128CBC-HS256","alg":"dir"}"#;

/// A key from its text: base 64, alone or between the lines of a PEM file.
pub(super) fn key(text: &Secret<String>) -> Option<Zeroizing<[u8; 32]>> {
    let lines = text.reveal().lines().map(str::trim);
    let body: Vec<&str> = lines.filter(|line| !line.starts_with("-----")).collect();
    let body = Zeroizing::new(body.concat());
    let bytes = Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?);
    Some(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?))
}

/// A token that holds the password as its claim `password`.
pub(super) fn seal(
    key: &[u8; 32],
    password: &Secret<String>,
) -> Result<Secret<String>, KeyedError> {
    let mut iv = [0; 16];
    SystemRandom::new()
        .fill(&mut iv)
        .map_err(|_| KeyedError::NoRandomness)?;
    let claims = serde_json::json!({ "password": password.reveal() });
    let claims = Zeroizing::new(claims.to_string());
    let header = URL_SAFE_NO_PAD.encode(HEADER);
    let (text, tag) = encrypt(key, &iv, header.as_bytes(), claims.as_bytes());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(Secret::new(format!(
        "{header}..{}.{}.{}",
        encode(&iv),
        encode(&text),
        encode(&tag)
    )))
}

fn encrypt(key: &[u8; 32], iv: &[u8; 16], header: &[u8], plain: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (authenticates, encrypts) = key.split_at(16);
    let text = cbc::Encryptor::<Aes128>::new(encrypts.into(), iv.into())
        .encrypt_padded_vec_mut::<Pkcs7>(plain);
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, authenticates));
    context.update(header);
    context.update(iv);
    context.update(&text);
    let bits = u64::try_from(header.len())
        .unwrap_or(u64::MAX)
        .saturating_mul(8);
    context.update(&bits.to_be_bytes());
    let tag = context.sign().as_ref().iter().copied().take(16).collect();
    (text, tag)
}

#[cfg(test)]
mod tests {
    use cbc::cipher::BlockDecryptMut as _;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    #[test]
    fn it_encrypts_as_the_rfc_shows() {
        // RFC 7518, appendix B.1.
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let iv = hex("1a f3 8c 2d c2 b9 6f fd d8 66 94 09 23 41 bc 04");
        let plain = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience";
        let header = b"The second principle of Auguste Kerckhoffs";
        let (text, tag) = encrypt(&key, iv.as_slice().try_into().unwrap(), header, plain);
        assert_eq!(
            text.get(..16).unwrap(),
            hex("c8 0e df a3 2d df 39 d5 ef 00 c0 b4 68 83 42 79")
        );
        assert_eq!(tag, hex("65 2c 3f a3 6b 0a 7c 5b 32 19 fa b3 a3 0b c1 c4"));
    }

    #[test]
    fn what_is_sealed_opens_with_the_key_and_is_never_the_same_twice() {
        let text = "-----BEGIN AES SECRET KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n-----END AES SECRET KEY-----";
        let key = key(&Secret::new(text.to_owned())).unwrap();
        let password = Secret::new("Ch4ng31t \"ü\"".to_owned());
        let sealed = seal(&key, &password).unwrap();
        assert_ne!(sealed.reveal(), seal(&key, &password).unwrap().reveal());
        let parts: Vec<Vec<u8>> = sealed
            .reveal()
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let [header, none, iv, text, tag] = parts.as_slice() else {
            panic!("five parts");
        };
        assert_eq!(header, HEADER.as_bytes());
        assert!(none.is_empty());
        assert_eq!(tag.len(), 16);
        let decryptor = cbc::Decryptor::<Aes128>::new_from_slices(&key[16..], iv).unwrap();
        let plain = decryptor.decrypt_padded_vec_mut::<Pkcs7>(text).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(claims["password"], password.reveal().as_str());
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        for text in ["", "AAEC", "not base 64!", "AAECAwQFBgcICQoLDA0ODw=="] {
            assert!(key(&Secret::new(text.to_owned())).is_none(), "{text}");
        }
    }
}
