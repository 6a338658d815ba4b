// Says whether the user is known.
if (nodeState.get("username") === "alice") {
    outcome = "known";
} else {
    outcome = "unknown";
}
