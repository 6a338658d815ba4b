// Identities, secrets, properties, the request and the session.
function check(what, is) { if (!is) throw new Error(what); }
var name = sharedState.get("username");
var mail = idRepository.getAttribute(name, "mail");
check("an attribute", mail.iterator().hasNext() && mail.iterator().next() === "demo@example.com" && mail.toArray()[0] === "demo@example.com" && mail.size() === 1);
check("an attribute that is not there", idRepository.getAttribute(name, "description").isEmpty());
var identity = idRepository.getIdentity(name);
check("an identity", identity.getAttributeValues("mail").get(0) === "demo@example.com" && identity.name === name);
check("nobody", idRepository.getIdentity("nobody-here") === null);
var older = JavaImporter(com.sun.identity.idm.IdUtils, org.forgerock.openam.core.CoreWrapper);
check("by older names", older.IdUtils.getIdentity(name, realm).getAttribute("mail").contains("demo@example.com") && new older.CoreWrapper().getIdentity(name, realm).getName() === name);
idRepository.setAttribute(name, "description", ["seen"]);
check("a secret", secrets.getGenericSecret("scripted.node.key").getAsUtf8() === "s3cr3t");
try { secrets.getGenericSecret("other.key"); check("another's secret", false); } catch (e) { check("is none", String(e).indexOf("NoSuchSecret") >= 0); }
check("a property", systemEnv.getProperty("esv.host") === "api.example" && systemEnv.getProperty("esv.none", "d") === "d" && systemEnv.getProperty("esv.port", 1, java.lang.Integer) === 8443);
check("headers", requestHeaders.get("User-Agent").get(0) === "tests" && requestHeaders.get("user-agent")[0] === "tests" && requestHeaders.get("x-none") === null);
check("parameters", requestParameters.get("goto").get(0) === "https://app.example/");
check("no session", typeof existingSession === "undefined" && resumedFromSuspend === false);
check("the realm", realm === "/" && sharedState.get("realm") === "/" && sharedState.get("authLevel") === 0);
check("what only newer scripts have", typeof callbacksBuilder === "undefined" && typeof openidm === "undefined" && typeof utils === "undefined");
logger.message("{} is {}", "a", 1);
logger.error("done");
if (logger.messageEnabled()) logger.warning("done");
outcome = "true";
