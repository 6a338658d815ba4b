// The ways to name classes, and what happens where one is not there.
function check(what, is) { if (!is) throw new Error(what); }
var one = JavaImporter(org.forgerock.openam.auth.node.api.Action, java.lang.String, com.example.Unknown, org.forgerock.oauth2.core.Missing);
check("a class by its name", one.Action.goTo("true").build() instanceof org.forgerock.openam.auth.node.api.Action);
function fails(run, words) { try { run(); } catch (e) { return String(e).indexOf(words) >= 0; } return false; }
check("what is imported and not there fails when it is used", fails(function () { new one.Unknown(); }, "com.example.Unknown"));
check("its methods too", fails(function () { one.Missing.of("x"); }, "org.forgerock.oauth2.core.Missing"));
check("what is not imported", fails(function () { return new one.HashMap(); }, "HashMap"));
check("no reflection", fails(function () { java.lang.Class.forName("java.lang.Runtime"); }, "java.lang.Class"));
check("no runtime", fails(function () { java.lang.Runtime.getRuntime(); }, "java.lang.Runtime"));
var pack = JavaImporter(java.util, javax.security.auth.callback);
with (pack) {
  check("a package in a with", new ArrayList().isEmpty() && NameCallback("x").getPrompt() === "x");
}
check("a class without new", one.String("x") === "x" && pack.HashMap({ a: 1 }).get("a") === 1);
importPackage(java.util);
importClass(java.lang.StringBuilder);
check("into all of the script", new LinkedHashMap().isEmpty() && new StringBuilder("x").toString() === "x");
check("which never hides what JavaScript has", new Date().getTime() > 0 && typeof Map.prototype.has === "function");
check("Packages", new Packages.java.util.HashSet(["a"]).size() === 1);
check("Java.type", new (Java.type("java.util.ArrayList"))().size() === 0);
check("Java.type of nothing", fails(function () { Java.type("a.b.C"); }, "a.b.C"));
check("a package as a text", String(org.forgerock.openam) === "[JavaPackage org.forgerock.openam]");
check("only java is imported", fails(function () { JavaImporter({}); }, "only java classes"));
outcome = "true";
