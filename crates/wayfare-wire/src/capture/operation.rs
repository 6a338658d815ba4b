//! The operations: their paths, their methods, who may call them.

use crate::capture::client::Feature;

macro_rules! operations {
    ($($variant:ident $path:literal $methods:ident $meaning:literal)*) => {
        /// An operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $(#[doc = $meaning] $variant,)*
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its path below the place where Capture is served.
            pub const fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// The operation at this path.
            pub fn of_path(path: &str) -> Option<Self> {
                match path { $($path => Some(Self::$variant),)* _ => None }
            }

            /// Its methods, as `Allow` lists them.
            pub const fn methods(self) -> &'static str {
                match self { $(Self::$variant => $methods,)* }
            }
        }
    };
}

/// Documentation and clients disagree about these, so both are taken.
const BOTH: &str = "GET, POST";
const POST: &str = "POST";

operations! {
    GetAccessToken "/access/getAccessToken" BOTH "An access token for a record."
    GetAuthorizationCode "/access/getAuthorizationCode" BOTH "An authorization code for a record."
    GetVerificationCode "/access/getVerificationCode" BOTH "A code to verify an attribute of a record with."
    UseVerificationCode "/access/useVerificationCode" BOTH "Uses such a code."
    GetCreationToken "/access/getCreationToken" BOTH "A token to make a record with."
    AuthNative "/oauth/auth_native" POST "Login by a social token."
    AuthNativeTraditional "/oauth/auth_native_traditional" POST "Login by password."
    RegisterNative "/oauth/register_native" POST "Registration by a social token."
    RegisterNativeTraditional "/oauth/register_native_traditional" POST "Registration by password."
    LinkAccountNative "/oauth/link_account_native" POST "Links a social identity."
    UnlinkAccountNative "/oauth/unlink_account_native" POST "Takes a social identity away."
    UpdateProfileNative "/oauth/update_profile_native" POST "Changes a profile, or a password."
    ForgotPasswordNative "/oauth/forgot_password_native" POST "Mails a code to set a password with."
    VerifyEmailNative "/oauth/verify_email_native" POST "Mails a code to verify an address with."
    Token "/oauth/token" BOTH "Redeems a code or a refresh token."
    RefreshAccessToken "/oauth/refresh_access_token" POST "Renews the token of an app on a phone."
    Entity "/entity" BOTH "Reads the record that a token stands for."
}

impl Operation {
    /// Whether it takes this method.
    pub fn takes(self, method: &str) -> bool {
        self.methods().split(", ").any(|taken| taken == method)
    }

    /// The last part of its path, which is its name in configurations and logs.
    pub fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// The operation of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name)
    }

    /// Whether it logs in, registers or changes users by a flow, and so takes no secret of a client.
    pub const fn is_native(self) -> bool {
        matches!(
            self,
            Self::AuthNative
                | Self::AuthNativeTraditional
                | Self::RegisterNative
                | Self::RegisterNativeTraditional
                | Self::LinkAccountNative
                | Self::UnlinkAccountNative
                | Self::UpdateProfileNative
                | Self::ForgotPasswordNative
                | Self::VerifyEmailNative
        )
    }

    /// The features of which a client needs one; none where no client is asked for.
    ///
    /// `owner` may do everything and is not listed. Editions of the documentation disagree about
    /// `access_issuer` and verification codes; it is let here, since it may issue tokens for anybody
    /// anyway. The table of the documentation keeps `login_client` from `/oauth/token`, whose text asks for
    /// that very client.
    pub const fn features(self) -> &'static [Feature] {
        use Feature::{AccessIssuer, DirectAccess, DirectReadAccess, LoginClient};
        match self {
            Self::GetAccessToken
            | Self::GetAuthorizationCode
            | Self::GetVerificationCode
            | Self::GetCreationToken => &[AccessIssuer, DirectAccess],
            Self::UseVerificationCode => &[],
            Self::Token => &[AccessIssuer, DirectAccess, LoginClient],
            Self::Entity => &[DirectAccess, DirectReadAccess, LoginClient],
            Self::AuthNative
            | Self::AuthNativeTraditional
            | Self::RegisterNative
            | Self::RegisterNativeTraditional
            | Self::LinkAccountNative
            | Self::UnlinkAccountNative
            | Self::UpdateProfileNative
            | Self::ForgotPasswordNative
            | Self::VerifyEmailNative
            | Self::RefreshAccessToken => &[LoginClient],
        }
    }
}
