//! Digests, keys and encodings for scripts, by ring. What ring has not is refused by name.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ring::{aead, digest, hmac, pbkdf2, rand::SystemRandom, signature};
use serde_json::{Map, Value as Json, json};

use super::{
    convert::text_of,
    host::{Host, Refused},
};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
/// Base 64 for addresses, without padding.
pub(super) const URL: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

/// Reads base 64 of either alphabet.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    STANDARD.decode(text).or_else(|_| URL.decode(text)).ok()
}

/// The bytes of a list, where negative ones are those of signed bytes.
pub(super) fn bytes(value: &Json) -> Result<Vec<u8>, Refused> {
    let none = || Refused::told("bytes are a list of whole numbers");
    match value {
        Json::String(text) => Ok(text.as_bytes().to_vec()),
        Json::Array(list) => list
            .iter()
            .map(|item| {
                let number = item.as_i64().ok_or_else(none)?;
                let number = if number < 0 { number + 256 } else { number };
                u8::try_from(number).map_err(|_| none())
            })
            .collect(),
        _ => Err(none()),
    }
}

/// The name of a hash without signs: `sha256`.
fn plain(name: &Json) -> String {
    let name = match name {
        Json::String(name) => name.clone(),
        other => text_of(other.as_object().unwrap_or(&Map::new()), "name"),
    };
    name.to_ascii_lowercase().replace(['-', '_'], "")
}

pub(super) fn digest(name: &Json, data: &Json) -> Result<Json, Refused> {
    let of = match &*plain(name) {
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => return Err(Refused::told(format!("there is no digest `{other}` here"))),
    };
    Ok(json!(digest::digest(of, &bytes(data)?).as_ref()))
}

fn mac(name: &str) -> Result<hmac::Algorithm, Refused> {
    match name {
        "sha1" | "hmacsha1" => Ok(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" | "hmacsha256" | "hmac" | "" => Ok(hmac::HMAC_SHA256),
        "sha384" | "hmacsha384" => Ok(hmac::HMAC_SHA384),
        "sha512" | "hmacsha512" => Ok(hmac::HMAC_SHA512),
        other => Err(Refused::told(format!(
            "there is no HMAC with `{other}` here"
        ))),
    }
}

pub(super) fn hmac(name: &Json, key: &Json, data: &Json) -> Result<Json, Refused> {
    let key = hmac::Key::new(mac(&plain(name))?, &bytes(key)?);
    Ok(json!(hmac::sign(&key, &bytes(data)?).as_ref()))
}

/// Base 64 of texts and bytes, of both alphabets.
pub(super) fn base64(asked: &Json) -> Result<Json, Refused> {
    let none = Map::new();
    let asked = asked.as_object().unwrap_or(&none);
    let engine = match asked.get("url") {
        Some(Json::Bool(true)) => URL,
        _ => STANDARD,
    };
    let data = asked.get("data").unwrap_or(&Json::Null);
    if text_of(asked, "op") == "encode" {
        return Ok(json!(engine.encode(bytes(data)?)));
    }
    let found = decoded(data.as_str().unwrap_or_default());
    found
        .map(|bytes| json!(bytes))
        .ok_or_else(|| Refused::told("this is no base 64"))
}

/// `utils.crypto.subtle`.
pub(super) fn subtle(host: &Host, asked: &Json) -> Result<Json, Refused> {
    let none = Map::new();
    let asked = asked.as_object().unwrap_or(&none);
    let part = |key: &str| asked.get(key).unwrap_or(&Json::Null);
    let algorithm = part("algorithm");
    let options = algorithm.as_object().unwrap_or(&none);
    let name = plain(algorithm);
    match &*text_of(asked, "op") {
        "digest" => digest(algorithm, part("data")),
        "generateKey" => generate(host, &name, options),
        "deriveKey" => derive(&name, options, part("key"), part("length")),
        "sign" if name.starts_with("hmac") => {
            let hash = hash_of(&name, options);
            hmac(&hash, part("key"), part("data"))
        }
        "verify" if name.starts_with("hmac") => {
            let key = hmac::Key::new(mac(&plain(&hash_of(&name, options)))?, &bytes(part("key"))?);
            let (data, signed) = (bytes(part("data"))?, bytes(part("signature"))?);
            Ok(json!(hmac::verify(&key, &data, &signed).is_ok()))
        }
        "sign" if name.starts_with("rsa") => {
            let key = bytes(part("key"))?;
            let data = bytes(part("data"))?;
            rsa_sign(&key, &data).map(|signed| json!(signed))
        }
        "encrypt" if name.starts_with("aes") => {
            sealed(host, &bytes(part("key"))?, &bytes(part("data"))?)
        }
        "decrypt" if name.starts_with("aes") => opened(&bytes(part("key"))?, &bytes(part("data"))?),
        other => Err(Refused::told(format!(
            "there is no `{other}` with `{name}` here"
        ))),
    }
}

fn hash_of(name: &str, options: &Map<String, Json>) -> Json {
    let hash = text_of(options, "hash");
    if hash.is_empty() {
        json!(name)
    } else {
        json!(hash)
    }
}

/// A signature by RSA with SHA-256; the key is PKCS #8.
pub(super) fn rsa_sign(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Refused> {
    let refused = || Refused::told("the key is no RSA key that can sign");
    let pair = signature::RsaKeyPair::from_pkcs8(key).map_err(|_| refused())?;
    rsa_signed(&pair, data)
}

/// A signature by RSA with SHA-256.
pub(super) fn rsa_signed(pair: &signature::RsaKeyPair, data: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut signed = vec![0; pair.public().modulus_len()];
    // The padding of this scheme draws nothing; ring blinds the computation, which nobody sees.
    pair.sign(
        &signature::RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        data,
        &mut signed,
    )
    .map_err(|_| Refused::told("the key cannot sign"))?;
    Ok(signed)
}

fn generate(host: &Host, name: &str, options: &Map<String, Json>) -> Result<Json, Refused> {
    let length = options.get("length").and_then(Json::as_u64);
    match name {
        "aes" => match length.unwrap_or(256) {
            128 => Ok(json!(host.draw(16))),
            256 => Ok(json!(host.draw(32))),
            _ => Err(Refused::told("keys of AES have 128 or 256 bits here")),
        },
        "hmac" => {
            let bytes = match &*plain(&hash_of("sha256", options)) {
                "sha1" | "sha256" => 64,
                _ => 128,
            };
            Ok(json!(host.draw(bytes)))
        }
        other => Err(Refused::told(format!(
            "keys of `{other}` are not made here"
        ))),
    }
}

fn derive(
    name: &str,
    options: &Map<String, Json>,
    key: &Json,
    length: &Json,
) -> Result<Json, Refused> {
    if name != "pbkdf2" {
        return Err(Refused::told(format!(
            "keys are not derived by `{name}` here"
        )));
    }
    let rounds = options
        .get("iterations")
        .and_then(Json::as_u64)
        .unwrap_or(10_000);
    // Rounds are work that no step counts.
    let rounds = u32::try_from(rounds)
        .ok()
        .filter(|rounds| *rounds <= 50_000);
    let rounds = rounds.and_then(std::num::NonZeroU32::new);
    let rounds = rounds.ok_or_else(|| Refused::told("a key is derived in at most 50000 rounds"))?;
    let of = match &*plain(&hash_of("sha256", options)) {
        "sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
        "sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => pbkdf2::PBKDF2_HMAC_SHA256,
    };
    let bits = length.as_u64().unwrap_or(256).min(512);
    let mut made = vec![0; usize::try_from(bits / 8).unwrap_or(32)];
    let salt = options
        .get("salt")
        .map(bytes)
        .transpose()?
        .unwrap_or_default();
    pbkdf2::derive(of, rounds, &salt, &bytes(key)?, &mut made);
    Ok(json!(made))
}

fn aes(key: &[u8]) -> Result<aead::LessSafeKey, Refused> {
    let of = match key.len() {
        16 => &aead::AES_128_GCM,
        32 => &aead::AES_256_GCM,
        _ => return Err(Refused::told("keys of AES have 128 or 256 bits here")),
    };
    let key = aead::UnboundKey::new(of, key).map_err(|_| Refused::told("no key of AES"))?;
    Ok(aead::LessSafeKey::new(key))
}

/// AES-GCM, with the nonce before what is sealed.
fn sealed(host: &Host, key: &[u8], data: &[u8]) -> Result<Json, Refused> {
    let key = aes(key)?;
    let nonce: [u8; aead::NONCE_LEN] = host
        .draw(aead::NONCE_LEN)
        .try_into()
        .map_err(|_| Refused::told("no nonce"))?;
    let mut sealed = data.to_vec();
    key.seal_in_place_append_tag(
        aead::Nonce::assume_unique_for_key(nonce),
        aead::Aad::empty(),
        &mut sealed,
    )
    .map_err(|_| Refused::told("this cannot be encrypted"))?;
    let mut all = nonce.to_vec();
    all.append(&mut sealed);
    Ok(json!(all))
}

fn opened(key: &[u8], data: &[u8]) -> Result<Json, Refused> {
    let key = aes(key)?;
    let refused = || Refused::told("this was not encrypted with the key");
    let (nonce, rest) = data.split_first_chunk().ok_or_else(refused)?;
    let mut rest = rest.to_vec();
    let opened = key
        .open_in_place(
            aead::Nonce::assume_unique_for_key(*nonce),
            aead::Aad::empty(),
            &mut rest,
        )
        .map_err(|_| refused())?;
    Ok(json!(&*opened))
}
