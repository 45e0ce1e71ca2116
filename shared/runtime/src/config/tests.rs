//! What the environment may say, and what is said about it when it is wrong.

use proptest::prelude::*;

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

/// Every variable there is, out of the source that reads them; what names files is left out, since any text names one.
fn names() -> Vec<String> {
    let quoted = include_str!("../config.rs").split('"').skip(1).step_by(2);
    let ours = |name: &&str| {
        name.starts_with("SKYTWIN_")
            && !name.ends_with("_FILE")
            && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
    };
    let mut names: Vec<_> = quoted.filter(ours).map(str::to_owned).collect();
    names.extend(["PORT", "DATABASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"].map(str::to_owned));
    assert!(names.len() > 20, "{names:?}");
    names
}

const SECRETS: [&str; 8] = [
    "DATABASE_URL",
    "SKYTWIN_LISTEN_DATABASE_URL",
    "SKYTWIN_ENGINE_TOKEN",
    "SKYTWIN_BOOTSTRAP_TOKEN",
    "SKYTWIN_PROVIDERS",
    "SKYTWIN_VAULT_KEY",
    "SKYTWIN_SMTP_URL",
    "SKYTWIN_TOKEN",
];

proptest! {
    #![proptest_config(fuzz::cases(1))]

    #[test]
    fn any_environment_is_read_or_refused_by_name_and_no_secret_is_told(
        given in prop::collection::btree_map(
            prop::sample::select(names()),
            fuzz::text_of(&[
                "postgres://", "https://", "smtp://", "user:", "@", "host", ":", "8080", "/", "{", "\"google\"", "127.0.0.1", "60/120",
                "payloads=", "info", ",", "off", "true", "k1:", "client_secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            ]),
            0..8,
        ),
    ) {
        let given = given.into_iter().map(|(name, value)| {
            let value = if SECRETS.contains(&name.as_str()) { format!("{value}hunter2") } else { value };
            (name, value)
        });
        let given: BTreeMap<_, _> = given.collect();
        match Config::read(given.clone()) {
            Ok(config) => {
                let logged = format!("{config:?}");
                prop_assert!(!logged.contains("hunter2"), "{}", logged);
                let safe = |url: &Url| providers::is_safe(url);
                prop_assert!(config.providers.iter().all(|one| safe(&one.authorize_url) && safe(&one.token_url)));
                prop_assert!((2..=1000).contains(&config.db_connections) && config.requests_per_minute >= 1);
                prop_assert!(config.bootstrap_token.is_none_or(|token| token.reveal().len() >= 16));
            }
            Err(problems) => {
                let told = problems.to_string();
                prop_assert!(!told.contains("hunter2"), "{told}");
                prop_assert!(problems.0.iter().all(|problem| given.keys().any(|name| problem.contains(name.as_str()))), "{told}");
            }
        }
    }

    #[test]
    fn any_description_of_providers_gives_safe_ones_or_says_what_is_wrong(
        given in fuzz::json_of(&[
            "google", "acme", "client_id", "client_secret", "hunter2", "auth", "basic", "authorize_url", "token_url", "revoke_url",
            "https://acme.example/token", "http://acme.example/token", "http://127.0.0.1/token", "scopes", "authorize_with",
        ]),
    ) {
        match providers::read(&given.to_string()) {
            Ok(read) => {
                for one in read {
                    let urls = [Some(one.authorize_url), Some(one.token_url), one.revoke_url, one.userinfo_url];
                    prop_assert!(urls.iter().flatten().all(providers::is_safe) && !one.client_id.is_empty());
                }
            }
            Err(wrong) => prop_assert!(!wrong.is_empty()),
        }
    }
}
