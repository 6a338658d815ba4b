// Texts: methods of Java on strings, and strings of Java.
function check(what, is) { if (!is) throw new Error(what); }
var name = sharedState.get("username");
check("equals", name.equals("demo") && !name.equals("Demo") && name.equalsIgnoreCase("DEMO") && !name.equals(null));
check("contains", name.contains("em") && !name.isEmpty() && "".isEmpty());
check("length as a method", name.length() === 4 && name.length === 4 && ("a" + "b").length() == 2);
check("matches is whole", "abc1".matches("[a-z]+\\d") && !"abc12".matches("[a-z]+\\d"));
check("replaceAll takes a pattern", "a1b2".replaceAll("\\d", "") == "ab" && "aXbX".replaceFirst("X", "-") == "a-bX");
check("bytes", new java.lang.String("é€𝄞".getBytes("UTF-8"), "UTF-8") == "é€𝄞" && "é".getBytes()[0] === -61);
check("hashCode", "hello".hashCode() === 99162322);
check("compareTo", "a".compareTo("b") < 0);
check("valueOf", java.lang.String.valueOf(12) === "12" && java.lang.String(null) === "null");
check("format", java.lang.String.format("%s is %05d, %.2f%%", "x", 42, 1.5) === "x is 00042, 1.50%");
check("join", java.lang.String.join(",", ["a", "b"]) === "a,b");
check("characters", java.lang.String("abc".toCharArray()) === "abc" && "abc".toCharArray().length === 3);
var object = new java.lang.String("x");
check("an object of a string", object.equals("x") && object == "x" && object + "y" === "xy");
var builder = new java.lang.StringBuilder("a");
check("StringBuilder", builder.append("b").append(1).insert(0, "-").toString() === "-ab1");
check("Integer", java.lang.Integer.parseInt("12") === 12 && java.lang.Integer.valueOf("7") === 7 && java.lang.Long.parseLong("5") === 5);
try { java.lang.Integer.parseInt("x"); check("no number", false); } catch (e) { check("NumberFormatException", String(e).indexOf("NumberFormatException") >= 0); }
check("Math", java.lang.Math.max(1, 2) === 2 && java.lang.Math.floorMod(-1, 3) === 2);
check("Base64", java.util.Base64.getEncoder().encodeToString("hi?".getBytes()) === "aGk/" && java.util.Base64.getUrlEncoder().withoutPadding().encodeToString("h?>".getBytes()) === "aD8-");
var encode = JavaImporter(org.forgerock.util.encode.Base64, org.forgerock.util.encode.Base64url, java.lang.String);
check("the product's Base64", encode.Base64.encode("a".getBytes()) === "YQ==" && new encode.String(encode.Base64.decode("YQ==")) == "a" && encode.Base64url.encode("a".getBytes()) === "YQ");
check("URLEncoder", java.net.URLEncoder.encode("a b&c", "UTF-8") === "a+b%26c" && java.net.URLDecoder.decode("a+b%26c", "UTF-8") === "a b&c");
var uri = new java.net.URI("https://user@host.example:8443/p/a?q=1#f");
check("URI", uri.getHost() === "host.example" && uri.port === 8443 && uri.path === "/p/a" && uri.getQuery() === "q=1" && uri.fragment === "f");
outcome = "true";
