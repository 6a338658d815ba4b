// What applications do with the device client of the published JavaScript SDK.

import { CallbackType, Config, FRAuth, FRDevice, SessionManager, StepType } from "@forgerock/javascript-sdk";
import { deviceClient } from "@forgerock/javascript-sdk/device-client";
import { equal, holds } from "./check.js";
import { configure } from "./scenarios.js";

const METADATA = { platform: { language: "en", deviceName: "Laptop" } };

/** Whoever is in is not asked again. */
async function logOut() {
  equal((await SessionManager.logout()).status, 200, "logged out");
}

/** Logs in from a device; a browser tells what the SDK collects, Node what such a client would. */
async function logInFrom(identifier) {
  const first = await FRAuth.start();
  first.getCallbackOfType(CallbackType.NameCallback).setName("demo");
  first.getCallbackOfType(CallbackType.PasswordCallback).setPassword("Ch4ng31t");
  const step = await FRAuth.next(first);
  equal(step.type, StepType.Step, JSON.stringify(step.payload));
  const asked = step.getCallbackOfType(CallbackType.DeviceProfileCallback);
  equal([asked.isMetadataRequired(), asked.isLocationRequired()], [true, false], "what is asked");
  const collected = typeof document === "undefined"
    ? { metadata: METADATA }
    : await new FRDevice().getProfile({ location: false, metadata: true });
  asked.setProfile({ ...collected, identifier });
  const done = await FRAuth.next(step);
  equal(done.type, StepType.LoginSuccess, `success, not ${JSON.stringify(done.payload)}`);
}

export async function managesProfiles(env) {
  configure(env, { tree: "Devices" });
  // A client of its own each time, for it remembers what it was told.
  const profiles = () => deviceClient(Config.get()).profile;
  const query = { realm: "alpha", userId: "demo" };
  holds((await profiles().get(query)).error, "nothing without a session");
  await logInFrom("first");
  await logOut();
  await logInFrom("second one/2");
  const devices = await profiles().get(query);
  equal(devices.map((device) => device.identifier).sort(), ["first", "second one/2"], "both");
  const device = devices.find((known) => known.identifier === "first");
  equal([device._id, device.recoveryCodes, typeof device.lastSelectedDate], ["first", [], "number"], "members");
  holds(device.metadata.platform, "metadata");
  const renamed = await profiles().update({ ...query, device: { ...device, alias: "My laptop" } });
  equal([renamed.alias, renamed.identifier], ["My laptop", "first"], "renamed");
  equal((await profiles().get(query)).find((known) => known._id === "first").alias, "My laptop", "still");
  equal((await profiles().delete({ ...query, device })).alias, "My laptop", "as it was");
  equal((await profiles().get(query)).length, 1, "one left");
  holds((await profiles().delete({ ...query, device })).error, "gone already");
  holds((await profiles().get({ ...query, userId: "amadmin" })).error, "not somebody else's");
}

export async function managesSecondFactors(env) {
  configure(env, { tree: "Devices" });
  const client = () => deviceClient(Config.get());
  const query = { realm: "alpha", userId: "demo" };
  await logInFrom("first");
  const [key] = await client().webAuthn.get(query);
  equal([key.deviceName, key.credentialId, key.deviceManagementStatus], ["Key", "c1", true], "a key");
  const named = await client().webAuthn.update({ ...query, device: { ...key, deviceName: "Red key" } });
  equal(named.deviceName, "Red key", "renamed");
  equal((await client().webAuthn.delete({ ...query, device: named })).uuid, key.uuid, "removed");
  equal([await client().webAuthn.get(query), await client().push.get(query), await client().oath.get(query)], [[], [], []], "none");
}
