// Callbacks: all that can be sent, and their answers.
function check(what, is) { if (!is) throw new Error(what); }
var fr = JavaImporter(
  org.forgerock.openam.auth.node.api.Action, javax.security.auth.callback.NameCallback, javax.security.auth.callback.PasswordCallback,
  javax.security.auth.callback.ChoiceCallback, javax.security.auth.callback.ConfirmationCallback, javax.security.auth.callback.TextInputCallback,
  javax.security.auth.callback.TextOutputCallback, com.sun.identity.authentication.callbacks.HiddenValueCallback,
  com.sun.identity.authentication.callbacks.ScriptTextOutputCallback, org.forgerock.openam.authentication.callbacks.StringAttributeInputCallback,
  org.forgerock.openam.authentication.callbacks.NumberAttributeInputCallback, org.forgerock.openam.authentication.callbacks.BooleanAttributeInputCallback);
if (callbacks.isEmpty()) {
  action = fr.Action.send(
    new fr.NameCallback("Name", "someone"), new fr.PasswordCallback("Password", false), new fr.TextInputCallback("Text", "default"),
    new fr.ChoiceCallback("Choice", ["a", "b", "c"], 1, false),
    new fr.ConfirmationCallback("Sure?", fr.ConfirmationCallback.INFORMATION, ["Yes", "No"], 1),
    new fr.ConfirmationCallback(fr.ConfirmationCallback.WARNING, fr.ConfirmationCallback.OK_CANCEL_OPTION, fr.ConfirmationCallback.OK),
    new fr.HiddenValueCallback("id", "value"), new fr.TextOutputCallback(fr.TextOutputCallback.WARNING, "Careful"),
    new fr.ScriptTextOutputCallback("document.title = 'x'"),
    fr.StringAttributeInputCallback("mail", "Mail", "a@b.example", true), new fr.NumberAttributeInputCallback("age", "Age", 7, false),
    new fr.BooleanAttributeInputCallback("news", "News?", true, false)
  ).withStage("asking").build();
} else {
  check("as many", callbacks.size() === 12 && callbacks.length === 12);
  check("class", callbacks.get(0).getClass().getName() === "javax.security.auth.callback.NameCallback" && callbacks.get(6).getClass().getSimpleName() === "HiddenValueCallback");
  check("name", callbacks.get(0).getName() === "alice" && callbacks[0].name === "alice" && callbacks.get(0).getPrompt() === "Name");
  check("password", java.lang.String(callbacks.get(1).getPassword()) === "s3cret" && String(callbacks.get(1).getPassword()) === "s3cret");
  check("text", callbacks.get(2).getText().equals("typed"));
  check("choice", callbacks.get(3).getSelectedIndexes()[0] === 2 && callbacks.get(3).getChoices()[2] === "c");
  check("confirmation", callbacks.get(4).getSelectedIndex() === 0 && callbacks.get(4).getOptions()[0] === "Yes");
  check("confirmation with numbers", callbacks.get(5).getSelectedIndex() === fr.ConfirmationCallback.CANCEL);
  check("hidden value", callbacks.get(6).getValue() === "filled" && callbacks.get(6).getId() === "id");
  check("shown", callbacks.get(7) instanceof fr.TextOutputCallback && callbacks.get(7).getMessage() === "Careful" && callbacks.get(7).messageType === 1);
  check("attributes", callbacks.get(9).getValue() === "c@d.example" && callbacks.get(10).getValue() === 42 && callbacks.get(11).getValue() === false);
  sharedState.put("asked", callbacks.get(0).getName());
  action = fr.Action.goTo("true").putSessionProperty("asked", "yes").build();
}
