// JsonValue and nodeState, whose values are wrapped in one.
function check(what, is) { if (!is) throw new Error(what); }
var fr = JavaImporter(org.forgerock.json.JsonValue);
check("nothing there", nodeState.get("nothing") === null && !nodeState.isDefined("nothing"));
var name = nodeState.get("username");
check("wrapped", name.isString() && name.asString() === "demo" && String(name) === '"demo"' && name.getObject() === "demo");
var profile = nodeState.get("profile");
check("a map", profile.isMap() && profile.get("city").asString() === "Oslo" && profile.get("none").isNull() && profile.get("tags").get(1).asString() === "b");
check("a path", profile.get("/tags/0").asString() === "a" && profile.isDefined("city") && profile.keys().size() === 2);
check("its text", String(profile.get("tags")) === '[ "a", "b" ]');
try { profile.asString(); check("no text", false); } catch (e) { check("a JsonValueException", String(e).indexOf("JsonValueException") >= 0); }
var made = fr.JsonValue.json(fr.JsonValue.object(fr.JsonValue.field("a", 1), fr.JsonValue.field("b", fr.JsonValue.array("x"))));
made.put("c", true);
check("made", made.get("a").asInteger() === 1 && made.get("b").get(0).asString() === "x" && made.get("c").asBoolean() && made.size() === 3);
check("what is missing", made.get("z").defaultTo("d").asString() === "d" && made.asMap().get("a") === 1);
nodeState.putShared("json", made).putTransient("hidden", "h");
nodeState.mergeShared({ merged: 1 });
check("written", nodeState.get("json").get("a").asInteger() === 1 && sharedState.get("merged") === 1 && transientState.get("hidden") === "h");
check("both at once", nodeState.getObject("profile").get("city").asString() === "Oslo" && nodeState.keys().contains("hidden"));
nodeState.remove("merged");
check("removed", !nodeState.isDefined("merged"));
outcome = "true";
