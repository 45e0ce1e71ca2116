//! What the environment may say, and what is said about it when it is wrong.

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn an_empty_environment_gives_the_defaults_and_no_token() {
    let config = read(&[("SKYTWIN_LISTEN", "")]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7878");
    assert_eq!(config.shutdown_grace, Duration::from_secs(25));
    assert_eq!(config.log_format, LogFormat::Pretty);
    assert!(config.bootstrap_token.is_none() && config.database_url.is_none());
}

#[test]
fn the_platforms_port_opens_all_interfaces_unless_an_address_is_given() {
    assert_eq!(read(&[("PORT", "8080")]).unwrap().listen.to_string(), "0.0.0.0:8080");
    let both = read(&[("PORT", "8080"), ("SKYTWIN_LISTEN", "localhost:9000")]).unwrap();
    assert_eq!(both.listen.to_string(), "127.0.0.1:9000");
}

#[test]
fn every_problem_is_reported_at_once_and_no_secret_is_repeated() {
    let problems = read(&[
        ("DATABASE_URL", "mysql://me:hunter2@db/x"),
        ("SKYTWIN_BOOTSTRAP_TOKEN", "hunter2"),
        ("SKYTWIN_LISTEN", "nowhere"),
        ("SKYTWIN_DB_CONNECTIONS", "0"),
        ("SKYTWIN_LOG_FORMAT", "xml"),
        ("SKYTWIN_ENGINE_KIND", "ironclaw"),
    ])
    .unwrap_err()
    .to_string();
    for name in [
        "6 settings",
        "`ironclaw` is not ironclaw-responses",
        "DATABASE_URL",
        "BOOTSTRAP_TOKEN",
        "`nowhere`",
        "from 2 to 1000",
        "pretty or json",
    ] {
        assert!(problems.contains(name), "{name} is not in: {problems}");
    }
    assert!(!problems.contains("hunter2"), "{problems}");
}

#[test]
fn the_vaults_keys_come_from_one_place_and_their_problems_are_told_without_them() {
    let key = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let config = read(&[("SKYTWIN_VAULT_KEY", key)]).unwrap();
    assert_eq!(format!("{:?}", config.vault), r#"Some(["k1"])"#);
    for (wrong, said) in [
        (&[("SKYTWIN_VAULT_KEY", "k1:hunter2")][..], "SKYTWIN_VAULT_KEY: the key of entry 1"),
        (&[("SKYTWIN_VAULT_KEY_FILE", "/nowhere/at/all")], "SKYTWIN_VAULT_KEY_FILE: /nowhere/at/all"),
        (&[("SKYTWIN_VAULT_KEY", key), ("SKYTWIN_VAULT_KEY_FILE", "/etc/passwd")], "give one of them"),
    ] {
        let problems = read(wrong).unwrap_err().to_string();
        assert!(problems.contains(said) && !problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_configuration_can_be_logged_without_telling_its_secrets() {
    let config = read(&[
        ("DATABASE_URL", "postgres://me:hunter2@db/x"),
        ("SKYTWIN_ENGINE_TOKEN", "hunter2"),
        ("SKYTWIN_BOOTSTRAP_TOKEN", "hunter2-hunter2-hunter2"),
    ]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
}
