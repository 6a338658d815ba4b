// Requests: what is sent, and what of the answer a script reads.
function check(what, is) { if (!is) throw new Error(what); }
var request = new org.forgerock.http.protocol.Request();
request.setUri("https://api.example/users?q=1");
request.method = "POST";
request.getHeaders().add("Authorization", "Bearer t");
request.getHeaders().put("Content-Type", "application/json");
request.getEntity().setString(JSON.stringify({ name: "demo" }));
check("what is asked", request.getUri().getHost() === "api.example" && request.getHeaders().getFirst("authorization") === "Bearer t" && request.entity.string === '{"name":"demo"}');
var response = httpClient.send(request).get();
check("status", response.getStatus().getCode() === 201 && response.status.code === 201 && response.getStatus().isSuccessful() && response.getStatus() === org.forgerock.http.protocol.Status.CREATED);
var body = JSON.parse(response.getEntity().getString());
check("body", body.id === "42" && response.getEntity().getJson().get("id") === "42" && response.entity.string.length() > 0);
check("headers", response.getHeaders().getFirst("X-Trace") === "abc" && response.getHeaders().get("x-trace").getValues().get(0) === "abc" && response.getHeaders().get("none") === null);
var second = new org.forgerock.http.protocol.Request();
second.setUri("https://api.example/down").setMethod("GET");
var failed = httpClient.send(second).getOrThrow();
check("no answer", failed.getStatus().getCode() === 502 && failed.getCause() !== null);
var form = new org.forgerock.http.protocol.Form();
form.add("a", "1 2"); form.putSingle("b", "&");
check("a form", form.toString() === "a=1+2&b=%26");
sharedState.put("id", body.id);
outcome = "true";
