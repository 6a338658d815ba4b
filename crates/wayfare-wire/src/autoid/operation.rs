//! The operations: their paths and the methods that they take.

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Name and password for a token.
    Login,
    /// Whom a token stands for.
    Verify,
    /// A token for another that lasts longer.
    RenewToken,
    /// What the user of a token may do.
    Actions,
    /// The end of a token.
    Logout,
    /// The public keys of tokens.
    Keys,
    /// Whether the server is there.
    HealthCheck,
    /// The version of the interface.
    Version,
    /// How users may log in.
    Config,
    /// Makes a user.
    CreateUser,
    /// Changes a user.
    UpdateUser,
    /// Changes the user of the token.
    UpdateSelf,
    /// Takes a user's access away.
    DisableUser,
    /// Gives it back.
    EnableUser,
    /// The users.
    GetUsers,
    /// Makes a token for programs.
    CreateApiToken,
    /// Ends one.
    RevokeApiToken,
    /// Whether one is good; it stands in the path.
    VerifyApiToken,
    /// The tokens for programs, without what makes them tokens.
    GetTokens,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Login,
        Self::Verify,
        Self::RenewToken,
        Self::Actions,
        Self::Logout,
        Self::Keys,
        Self::HealthCheck,
        Self::Version,
        Self::Config,
        Self::CreateUser,
        Self::UpdateUser,
        Self::UpdateSelf,
        Self::DisableUser,
        Self::EnableUser,
        Self::GetUsers,
        Self::CreateApiToken,
        Self::RevokeApiToken,
        Self::VerifyApiToken,
        Self::GetTokens,
    ];

    /// Where it is served; what it takes in its path stands behind.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Login => "/api/authentication/login",
            Self::Verify => "/api/authentication/verify",
            Self::RenewToken => "/api/authentication/renewToken",
            Self::Actions => "/api/authentication/actions",
            Self::Logout => "/api/slo/logout",
            Self::Keys => "/api/authentication/jwks",
            Self::HealthCheck => "/health-check",
            Self::Version => "/version",
            Self::Config => "/api/config",
            Self::CreateUser => "/api/admin/createUser",
            Self::UpdateUser => "/api/admin/updateUser",
            Self::UpdateSelf => "/api/admin/updateSelf",
            Self::DisableUser => "/api/admin/disableUser",
            Self::EnableUser => "/api/admin/enableUser",
            Self::GetUsers => "/api/admin/getUsers",
            Self::CreateApiToken => "/api/admin/createApiToken",
            Self::RevokeApiToken => "/api/admin/revokeApiToken",
            Self::VerifyApiToken => "/api/admin/verifyApiToken/",
            Self::GetTokens => "/api/admin/getTokens",
        }
    }

    /// The operation at this path, and what stands behind its own part of it.
    pub fn at(path: &str) -> Option<(Self, &str)> {
        // The vendor writes it both ways.
        if path == "/api/authentication/action" {
            return Some((Self::Actions, ""));
        }
        Self::ALL.into_iter().find_map(|operation| {
            let rest = path.strip_prefix(operation.path())?;
            let fits = rest.is_empty() != operation.path().ends_with('/') && !rest.contains('/');
            fits.then_some((operation, rest))
        })
    }

    /// The methods that it takes, as `allow` names them.
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Login
            | Self::RenewToken
            | Self::CreateUser
            | Self::UpdateUser
            | Self::UpdateSelf
            | Self::DisableUser
            | Self::EnableUser
            | Self::CreateApiToken
            | Self::RevokeApiToken => "POST",
            Self::Logout => "GET, HEAD, POST",
            Self::Verify
            | Self::Actions
            | Self::Keys
            | Self::HealthCheck
            | Self::Version
            | Self::Config
            | Self::GetUsers
            | Self::VerifyApiToken
            | Self::GetTokens => "GET, HEAD",
        }
    }

    /// Whether it takes this method.
    pub fn takes(self, method: &str) -> bool {
        self.methods().split(", ").any(|one| one == method)
    }

    /// Whether only administrators are let.
    pub const fn is_for_administrators(self) -> bool {
        matches!(
            self,
            Self::CreateUser
                | Self::UpdateUser
                | Self::DisableUser
                | Self::EnableUser
                | Self::GetUsers
                | Self::CreateApiToken
                | Self::RevokeApiToken
                | Self::VerifyApiToken
                | Self::GetTokens
        )
    }

    /// Whether it needs no token.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Login | Self::Keys | Self::HealthCheck | Self::Version | Self::Config
        )
    }
}
