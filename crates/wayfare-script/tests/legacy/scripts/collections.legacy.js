// Collections: lists, sets and maps, made here and left by earlier nodes.
function check(what, is) { if (!is) throw new Error(what); }
var list = new java.util.ArrayList();
list.add("a"); list.add("c"); list.add(1, "b");
check("a list", list.size() === 3 && list.get(1) === "b" && list[2] === "c" && list.length === 3 && list.indexOf("c") === 2);
check("its text", list.toString() === "[a, b, c]" && list.contains("a") && !list.contains("z"));
check("taking away", list.remove(0) === "a" && list.remove("c") === true && list.size() === 1);
try { list.get(7); check("beyond the end", false); } catch (e) { check("IndexOutOfBounds", e.javaException.getMessage().indexOf("7") >= 0); }
var set = new java.util.HashSet(["x", "x", "y"]);
check("a set", set.size() === 2 && set.contains("x") && set.add("x") === false && set.toArray().length === 2);
var seen = [];
var it = set.iterator();
while (it.hasNext()) seen.push(it.next());
for each (var item in set) seen.push(item);
for each (var item in { one: 1, two: 2 }) seen.push(item);
check("going through", seen.join() === "x,y,x,y,1,2");
try { it.next(); check("past the end", false); } catch (e) { check("NoSuchElement", String(e).indexOf("NoSuchElement") >= 0); }
var map = new java.util.HashMap();
map.put("size", 1); map.put("k", null); map.put("__proto__", "p"); map.put("constructor", "c");
check("a map", map.get("size") === 1 && map.size() === 4 && map.containsKey("k") && map.get("none") === null);
check("names that JavaScript has too", map.get("__proto__") === "p" && map.get("constructor") === "c" && map.get("toString") === null && map.get("hasOwnProperty") === null);
check("its views", map.keySet().contains("size") && map.values().contains("c") && map.entrySet().iterator().next().getKey() !== undefined);
check("taking away from a map", map.remove("k") === null && map.remove("size") === 1 && map.size() === 2);
check("a sorted map", new java.util.TreeMap({ b: 1, a: 2 }).keySet().toArray().join() === "a,b");
check("helpers", java.util.Arrays.asList("a", "b").size() === 2 && java.util.Collections.emptyList().isEmpty() && java.util.Collections.singletonList("q").get(0) === "q");
check("arrays", java.lang.reflect.Array.newInstance(java.lang.String, 2).length === 2 && java.lang.reflect.Array.newInstance(java.lang.Integer, 1)[0] === 0);
check("sent as a list", org.forgerock.openam.auth.node.api.Action.send(java.util.Arrays.asList(new javax.security.auth.callback.NameCallback("x"))).build().sendingCallbacks());
var object = sharedState.get("profile");
check("what was left as a map", object.get("city") === "Oslo" && object.city === "Oslo" && object.get("tags").get(0) === "a" && object.get("tags")[1] === "b");
check("as JSON", JSON.stringify(object) === '{"city":"Oslo","tags":["a","b"]}');
object.put("seen", true);
object.get("tags").add("c");
sharedState.put("made", { plain: [1, 2], list: new java.util.ArrayList(["z"]), text: new java.lang.String("t") });
check("equal", new java.util.ArrayList([1, 2]).equals(new java.util.ArrayList([1, 2])));
outcome = "true";
