//! Whom the server runs as. PostgreSQL refuses to run as root; as root we hand it to another user.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use super::error::{Error, Result, on_path};

/// The user the server runs as.
#[derive(Clone, Debug)]
pub(super) enum Account {
    /// Ourselves.
    Us,
    /// Somebody with fewer rights, since we are root.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Ourselves, or as root the user `postgres`, or else `nobody`.
    pub(super) fn choose() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Us);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(on_path("read", "/etc/passwd"))?;
        ["postgres", "nobody"].iter().find_map(|name| lookup(&users, name)).ok_or(Error::NoUser)
    }

    /// Makes `command` run as this user, in a process group of its own, so that a Ctrl-C meant for us
    /// does not reach it before we have finished.
    pub(super) fn dress<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.process_group(0);
        match self {
            Self::Us => command,
            Self::Other { uid, gid, .. } => command.uid(*uid).gid(*gid),
        }
    }

    /// Gives `path` to this user.
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        match self {
            Self::Us => Ok(()),
            Self::Other { uid, gid, .. } => {
                std::os::unix::fs::chown(path, Some(*uid), Some(*gid)).map_err(on_path("give away", path))
            }
        }
    }

    /// Checks that this user may enter `folder` and every folder above it.
    pub(super) fn reaches(&self, folder: &Path) -> Result<()> {
        let Self::Other { name, uid, gid } = self else {
            return Ok(());
        };
        let above: Vec<&Path> = folder.ancestors().collect();
        for step in above.into_iter().rev().filter(|step| !step.as_os_str().is_empty()) {
            let meta = fs::metadata(step).map_err(on_path("look at", step))?;
            let bit = if meta.uid() == *uid {
                0o100
            } else if meta.gid() == *gid {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Err(Error::OutOfReach { user: name.clone(), blocked: PathBuf::from(step) });
            }
        }
        Ok(())
    }
}

fn lookup(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account::Other { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgresql:x:7:7::/:/bin/sh\npostgres:x:101:104:,,,:/var/lib:/bin/sh\n";
        let Some(Account::Other { uid, gid, .. }) = lookup(users, "postgres") else { panic!("not found") };
        assert_eq!((uid, gid), (101, 104));
        assert!(lookup(users, "nobody").is_none());
    }
}
