// What the browser says of the device it runs on, in the form that the published clients send.

const IDENTIFIER = "wayfare-device";
/** How long somebody may think about whether the page may know where they are. */
const LOCATION_MS = 10_000;

/** A name for this browser, made once and kept as long as the browser keeps it. */
function identifier() {
  try {
    const known = localStorage.getItem(IDENTIFIER);
    if (known) return known;
    const made = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem(IDENTIFIER, made);
    return made;
  } catch {
    return "";
  }
}

function pick(from, names) {
  return Object.fromEntries(names.map((name) => [name, from?.[name] ?? null]));
}

function metadata() {
  const display = { ...pick(screen, ["width", "height", "pixelDepth"]), angle: screen.orientation?.angle ?? null };
  return {
    hardware: { ...pick(navigator, ["cpuClass", "deviceMemory", "hardwareConcurrency", "maxTouchPoints", "oscpu"]), display },
    browser: pick(navigator, ["appName", "appCodeName", "appVersion", "cookieEnabled", "product", "productSub",
      "userAgent", "vendor", "vendorSub"]),
    platform: {
      ...pick(navigator, ["language", "platform"]),
      timezone: new Date().getTimezoneOffset(),
    },
  };
}

function location_() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve({});
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }),
      () => resolve({}),
      { enableHighAccuracy: false, timeout: LOCATION_MS, maximumAge: 0 },
    );
    return undefined;
  });
}

/** The profile; where somebody does not want to say where they are, the place is empty. */
export async function profile(wants) {
  const found = { identifier: identifier() };
  if (wants.metadata) found.metadata = metadata();
  if (wants.location) found.location = await location_();
  return found;
}
