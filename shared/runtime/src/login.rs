//! Who started this process, as the machine knows them: the audit of what is done at a terminal names them.
//!
//! By the real user id, which the environment can't pretend.

use std::fs;

/// The name of the system's user who started this process; their number where it has none.
pub fn login_name() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, uid).map_or_else(|| uid.to_string(), ToOwned::to_owned)
}

/// The first name with this number; a file in the format of `passwd`.
fn named(users: &str, uid: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_first_name_that_the_system_gives_it() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\n\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\ntwin:x:1000:1000:::\n";
        assert_eq!((named(users, 0), named(users, 1000), named(users, 7)), (Some("root"), Some("ada"), None));
        assert!(!login_name().is_empty());
    }
}
