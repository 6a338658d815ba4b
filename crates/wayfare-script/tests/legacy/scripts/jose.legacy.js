// Digests, randomness and signed tokens.
function check(what, is) { if (!is) throw new Error(what); }
var fr = JavaImporter(
  java.lang.String, java.time.Clock, java.time.temporal.ChronoUnit, javax.crypto.spec.SecretKeySpec,
  org.forgerock.json.jose.builders.JwtBuilderFactory, org.forgerock.json.jose.jws.JwsAlgorithm,
  org.forgerock.json.jose.jws.handlers.SecretHmacSigningHandler, org.forgerock.json.jose.jwt.JwtClaimsSet,
  org.forgerock.secrets.SecretBuilder, org.forgerock.secrets.keys.SigningKey, org.forgerock.json.jose.jws.SignedJwt);
function hex(bytes) { return Array.from(bytes, function (b) { return ((b & 255) + 256).toString(16).slice(1); }).join(""); }
var md = java.security.MessageDigest.getInstance("SHA-256");
md.update("a".getBytes());
check("SHA-256", hex(md.digest("bc".getBytes())) === "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
check("SHA-1", hex(java.security.MessageDigest.getInstance("SHA-1").digest("abc".getBytes())) === "a9993e364706816aba3e25717850c26c9cd0d89d");
var mac = javax.crypto.Mac.getInstance("HmacSHA256");
mac.init(new fr.SecretKeySpec("key".getBytes(), "HmacSHA256"));
check("HMAC", hex(mac.doFinal("abc".getBytes())) === "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab");
var random = new java.security.SecureRandom();
var bytes = org.forgerock.openam.shared.security.ThreadLocalSecureRandom.nextBytes(16);
check("randomness", bytes.length === 16 && random.nextInt(10) < 10 && java.util.UUID.randomUUID().toString().matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
var builder = new fr.SecretBuilder();
builder.secretKey(new fr.SecretKeySpec("0123456789abcdef0123456789abcdef".getBytes(), "Hmac"));
builder.stableId("me").expiresIn(5, fr.ChronoUnit.MINUTES, fr.Clock.systemUTC());
var handler = new fr.SecretHmacSigningHandler(new fr.SigningKey(builder));
var claims = new fr.JwtClaimsSet();
claims.setIssuer("me"); claims.addAudience("you"); claims.setSubject("demo"); claims.setClaims({ n: 1 });
claims.setExpirationTime(new java.util.Date(1700000000000));
var jwt = new fr.JwtBuilderFactory().jws(handler).headers().alg(fr.JwsAlgorithm.HS256).done().claims(claims).build();
var read = new fr.JwtBuilderFactory().reconstruct(jwt, fr.SignedJwt);
check("a token", jwt.split(".").length === 3 && read.verify(handler) && read.getClaimsSet().getClaim("n") === 1);
check("its claims", read.getClaimsSet().getIssuer() === "me" && read.getClaimsSet().getExpirationTime().getTime() === 1700000000000);
check("a forged one", !new fr.JwtBuilderFactory().reconstruct(jwt.slice(0, -2) + "AA", fr.SignedJwt).verify(handler));
try { new org.forgerock.json.jose.jws.handlers.SecretRSASigningHandler(); check("RSA", false); } catch (e) { check("is named", String(e).indexOf("SecretRSASigningHandler") >= 0); }
outcome = "true";
