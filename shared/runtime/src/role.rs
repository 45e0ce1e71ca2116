//! What each process needs of the environment: checked in one go with everything else, before anything is started.

use crate::{Config, config::Problems};

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `skytwin up`: brings what it is not given.
    Everything,
    /// The API.
    Api,
    /// The workers.
    Worker,
    /// A command of the operator's.
    Command,
}

impl Role {
    /// Every one, by name.
    pub const ALL: [(&'static str, Self); 4] =
        [("up", Self::Everything), ("api", Self::Api), ("worker", Self::Worker), ("command", Self::Command)];

    /// What a process of this role misses.
    pub(crate) fn misses(self, config: &Config) -> Vec<String> {
        let mut missing = Vec::new();
        let mut want = |there: bool, says: &str| {
            if !there {
                missing.push(says.to_owned());
            }
        };
        let alone = matches!(self, Self::Api | Self::Worker);
        want(
            !alone || config.database_url.is_some(),
            "DATABASE_URL is missing: postgres://user:password@host:port/database",
        );
        if self == Self::Worker || config.engine_url.is_some() && self == Self::Everything {
            want(config.engine_url.is_some(), "SKYTWIN_ENGINE_URL is missing: the engine that carries actions out");
            want(config.engine_token.is_some(), "SKYTWIN_ENGINE_TOKEN is missing: the token of that engine");
        }
        missing
    }
}

impl Config {
    /// Reads this process's environment, and reports everything that is wrong or missing for its role at once.
    pub fn for_role(role: Role) -> Result<Self, Problems> {
        let (config, mut problems) = Self::read_all(crate::config::environment());
        problems.extend(role.misses(&config));
        Problems::none_of(problems).map(|()| config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_says_all_that_it_misses() {
        let nothing = Config::read([]).unwrap();
        assert_eq!(Role::Worker.misses(&nothing).len(), 3);
        assert_eq!(Role::Api.misses(&nothing).len(), 1);
        assert!(Role::Everything.misses(&nothing).is_empty() && Role::Command.misses(&nothing).is_empty());
    }
}
