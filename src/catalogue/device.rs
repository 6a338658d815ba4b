//! Types that look at a device, or use a key bound to one.

use super::{
    entry::{
        Entry,
        Kind::{Any, Text},
        When, any, flag, int_or, localized, map, named, node, on, shared, size_or, text_or, texts,
        texts_or, time_or, transient, word,
    },
    keys::{DEVICE_PROFILE, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::{self, Shared},
    Unit::{Days, Kibibytes, Seconds},
};

pub(super) const TYPES: &[Entry] = &[
    node(
        "DeviceBindingNode",
        "Binds a key of a mobile device to the user",
    )
    .settings(&[
        word(
            "authenticationType",
            "BIOMETRIC_ALLOW_FALLBACK",
            &[
                "BIOMETRIC_ONLY",
                "BIOMETRIC_ALLOW_FALLBACK",
                "APPLICATION_PIN",
                "NONE",
            ],
        ),
        texts("applicationIds"),
        localized("title"),
        localized("subtitle"),
        localized("description"),
        int_or("maxSavedDevices", 0),
        time_or("timeout", Seconds, 60),
        flag("attestation", false),
        flag("postponeDeviceProfileStorage", false),
        texts_or("clientErrorOutcomes", &["Unsupported", "Abort", "Timeout"]),
        time_or("skewAllowance", Seconds, 60),
    ])
    .bounded(&[
        ("success", When::Always),
        ("failure", When::Always),
        ("exceedDeviceLimit", When::Positive("maxSavedDevices")),
        ("", When::EachOf("clientErrorOutcomes")),
    ])
    .asks(&["DeviceBindingCallback"])
    .reads(&[
        USERNAME.always(),
        shared("DeviceBindingNode.CHALLENGE", Text),
    ])
    .writes(&[
        shared("DeviceBindingNode.CHALLENGE", Text),
        transient("DeviceBinding.DEVICE", Any),
        transient("DeviceBindingNode.ATTESTATION", Any),
    ])
    .facts(&[on("success").changes_account_where(
        When::IsFalse("postponeDeviceProfileStorage"),
        &[Factor::Device],
    )])
    .calls_out(),
    node(
        "DeviceBindingStorageNode",
        "Stores the bound device that a binding kept in the state",
    )
    .outcomes(&["true", "false"])
    .reads(&[USERNAME.always(), any("DeviceBinding.DEVICE", Any).always()])
    .facts(&[on("true").changes_account(&[Factor::Device])])
    .calls_out(),
    node(
        "DeviceSigningVerifierNode",
        "Verifies a signature made with a key bound to a device",
    )
    .settings(&[
        flag("challenge", true),
        text_or("sharedStateAttribute", ""),
        texts("applicationIds"),
        localized("title"),
        localized("subtitle"),
        localized("description"),
        time_or("timeout", Seconds, 60),
        flag("captureFailure", false),
        texts_or(
            "clientErrorOutcomes",
            &["Unsupported", "Abort", "Timeout", "ClientNotRegistered"],
        ),
        time_or("skewAllowance", Seconds, 60),
    ])
    .bounded(&[
        ("success", When::Always),
        ("failure", When::Always),
        ("noDeviceRegistered", When::Always),
        ("keyNotFound", When::Always),
        ("", When::EachOf("clientErrorOutcomes")),
    ])
    .asks(&["DeviceSigningVerifierCallback"])
    .reads(&[
        USERNAME,
        any("DeviceSigningVerifierNode.CHALLENGE", Text),
        named(Scope::Any, "sharedStateAttribute", Any),
    ])
    .writes(&[
        USERNAME,
        shared("DeviceSigningVerifierNode.CHALLENGE", Text),
        shared("DeviceSigningVerifierNode.FAILURE", Text),
        transient("DeviceSigningVerifierNode.JWT", Text).personal(),
    ])
    .facts(&[on("success").proves(Factor::Device).identity()])
    .calls_out(),
    node(
        "DeviceProfileCollectorNode",
        "Collects what the client tells about its device",
    )
    .settings(&[
        size_or("maximumSize", Kibibytes, 3),
        flag("deviceMetadata", true),
        flag("deviceLocation", false),
        localized("message"),
    ])
    .asks(&["DeviceProfileCallback"])
    .writes(&[DEVICE_PROFILE.always()]),
    node(
        "DeviceMatchNode",
        "Compares the device with those stored for the user",
    )
    .settings(&[
        int_or("acceptableVariance", 0),
        time_or("expiration", Days, 30),
        flag("useScript", false),
        text_or("script", "01e1a3c0-038b-4c16-956a-6c9d89328cff"),
    ])
    .outcomes(&["true", "false", "unknownDevice"])
    .reads(&[USERNAME.always(), DEVICE_PROFILE])
    .calls_out(),
    // The distance counts kilometres.
    node(
        "DeviceLocationMatchNode",
        "Compares where the device is with where it was",
    )
    .settings(&[text_or("distance", "10")])
    .outcomes(&["true", "false", "unknownDevice"])
    .reads(&[USERNAME.always(), DEVICE_PROFILE])
    .calls_out(),
    // The distance counts kilometres, a place is `latitude,longitude`.
    node(
        "DeviceGeoFencingNode",
        "Asks whether the device is near a trusted place",
    )
    .settings(&[texts("locations"), text_or("distance", "10")])
    .outcomes(&["true", "false"])
    .reads(&[DEVICE_PROFILE]),
    node(
        "DeviceTamperingVerificationNode",
        "Asks whether the device was tampered with",
    )
    .settings(&[text_or("score", "0")])
    .outcomes(&["true", "false"])
    .reads(&[DEVICE_PROFILE]),
    node(
        "DeviceSaveNode",
        "Stores what is known of the device for the user",
    )
    .settings(&[
        text_or("variableName", ""),
        int_or("maxSavedProfiles", 5),
        flag("saveDeviceMetadata", true),
        flag("saveDeviceLocation", true),
    ])
    .reads(&[
        USERNAME.always(),
        DEVICE_PROFILE,
        named(Shared, "variableName", Text),
    ])
    .facts(&[on("outcome").changes_account(&[])])
    .calls_out(),
    node(
        "IotAuthenticationNode",
        "Verifies a thing by a JWT signed with its key",
    )
    .settings(&[
        word(
            "jwtAuthenticationMethod",
            "PROOF_OF_POSSESSION",
            &["PROOF_OF_POSSESSION", "CLIENT_ASSERTION"],
        ),
        flag("issueRestrictedToken", true),
        texts("additionalAudienceValues"),
    ])
    .outcomes(&["success", "failure", "register"])
    .asks(&["HiddenValueCallback"])
    .writes(&[USERNAME, shared("tokenRestriction", Any)])
    .facts(&[on("success").proves(Factor::Device).identity()])
    .calls_out(),
    // No source says whether the thing registered becomes the user of the run.
    // It makes the identity of the thing; who it is says the type that authenticates it afterwards.
    node("IotRegistrationNode", "Registers a thing by a JWT")
        .settings(&[
            word(
                "jwtRegistrationMethod",
                "POP_WITH_CERTIFICATE",
                &[
                    "POP_WITH_CERTIFICATE",
                    "POP_WITH_SOFTWARE_STATEMENT",
                    "POP_WITHOUT_TRUST",
                    "SOFTWARE_STATEMENT_WITHOUT_POP",
                ],
            ),
            flag("verifySubject", true),
            flag("createIdentity", false),
            flag("allowKeyRotation", false),
            map("defaultAttributeValues"),
            map("claimToAttributeMapping"),
            flag("allowAttributeOverwrite", false),
        ])
        .outcomes(&["success", "failure"])
        .asks(&["HiddenValueCallback"])
        .calls_out(),
];
