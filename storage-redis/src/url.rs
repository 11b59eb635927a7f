//! The URL of a Redis store.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use crate::config::{Address, ConfigError, RedisConfig, SentinelCredentials, Topology};

/// The parameters that a URL may have.
pub(crate) const PARAMETERS: [&str; 11] = [
    "prefix",
    "buckets",
    "max_session_bytes",
    "expire_idle_days",
    "connect_timeout_ms",
    "response_timeout_ms",
    "connections",
    "set_up_schema",
    "db",
    "sentinel_username",
    "sentinel_password",
];

const REDIS_PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

/// What a URL's scheme says.
enum Kind {
    Server,
    Socket,
    Sentinel,
    Cluster,
}

/// The parts of a URL that still have their escapes.
struct Parts<'a> {
    user_info: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may have a slash or an @ that nobody escaped: the last @ ends it.
        let (user_info, rest) = match rest.rsplit_once('@') {
            Some((user_info, rest)) => (Some(user_info), rest),
            None => (None, rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self {
            user_info,
            hosts,
            path,
            query,
        }
    }
}

/// Reads a URL.
pub(crate) fn parse(url: &str) -> Result<RedisConfig, ConfigError> {
    let (scheme, rest) = url.split_once("://").ok_or(ConfigError::NotRedis)?;
    let (kind, tls) = match scheme.to_ascii_lowercase().as_str() {
        "redis" => (Kind::Server, false),
        "rediss" => (Kind::Server, true),
        "redis+unix" | "unix" => (Kind::Socket, false),
        "redis+sentinel" => (Kind::Sentinel, false),
        "rediss+sentinel" => (Kind::Sentinel, true),
        "redis+cluster" => (Kind::Cluster, false),
        "rediss+cluster" => (Kind::Cluster, true),
        _ => return Err(ConfigError::NotRedis),
    };
    let parts = Parts::of(rest);
    let (topology, database) = match kind {
        Kind::Server => server(&parts, tls)?,
        Kind::Socket => socket(&parts)?,
        Kind::Sentinel => sentinel(&parts, tls)?,
        Kind::Cluster => cluster(&parts, tls)?,
    };
    let mut config = RedisConfig::new(topology);
    if let Some(database) = database {
        config.database = number_of_database(database)?;
    }
    if let Some(user_info) = parts.user_info {
        read_user_info(&mut config, user_info)?;
    }
    read_parameters(&mut config, parts.query)?;
    Ok(config)
}

fn server<'a>(parts: &Parts<'a>, tls: bool) -> Result<(Topology, Option<&'a str>), ConfigError> {
    let mut addresses = addresses(parts.hosts, REDIS_PORT)?;
    let address = addresses.pop().filter(|_| addresses.is_empty());
    let address = address.ok_or(ConfigError::InvalidPart {
        part: "the host of redis://",
        expected: "one server; several are redis+cluster:// or redis+sentinel://",
    })?;
    Ok((Topology::Server { address, tls }, Some(parts.path)))
}

fn socket<'a>(parts: &Parts<'a>) -> Result<(Topology, Option<&'a str>), ConfigError> {
    let path = decoded(parts.path, "the path")?;
    if path.is_empty() || !parts.hosts.is_empty() {
        return Err(ConfigError::InvalidPart {
            part: "what follows redis+unix://",
            expected: "the absolute path of a socket, such as redis+unix:///run/redis/redis.sock",
        });
    }
    let path = PathBuf::from(format!("/{path}"));
    Ok((Topology::Socket { path }, None))
}

fn sentinel<'a>(parts: &Parts<'a>, tls: bool) -> Result<(Topology, Option<&'a str>), ConfigError> {
    let (service, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    let service = decoded(service, "the service")?;
    if service.is_empty() {
        return Err(ConfigError::InvalidPart {
            part: "the path of redis+sentinel://",
            expected: "the name that the sentinels know the master by, such as /mymaster",
        });
    }
    let sentinels = addresses(parts.hosts, SENTINEL_PORT)?;
    let topology = Topology::Sentinel {
        sentinels,
        service,
        tls,
        credentials: None,
    };
    Ok((topology, Some(database)))
}

fn cluster<'a>(parts: &Parts<'a>, tls: bool) -> Result<(Topology, Option<&'a str>), ConfigError> {
    let nodes = addresses(parts.hosts, REDIS_PORT)?;
    Ok((Topology::Cluster { nodes, tls }, Some(parts.path)))
}

fn addresses(hosts: &str, default_port: u16) -> Result<Vec<Address>, ConfigError> {
    hosts.split(',').map(|host| address(host, default_port)).collect()
}

fn address(text: &str, default_port: u16) -> Result<Address, ConfigError> {
    let invalid = ConfigError::InvalidPart {
        part: "a host",
        expected: "a name or an address, with a port if it isn't the usual one, such as localhost:6379 or [::1]:6379",
    };
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| invalid.clone())?;
        (host, rest.strip_prefix(':').or(rest.is_empty().then_some("")))
    } else {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        (host, Some(port))
    };
    let port = match port {
        Some("") => default_port,
        Some(port) => port.parse().map_err(|_| invalid.clone())?,
        None => return Err(invalid),
    };
    let host = decoded(host, "a host")?;
    if host.is_empty() {
        return Err(invalid);
    }
    Ok(Address { host, port })
}

fn number_of_database(text: &str) -> Result<i64, ConfigError> {
    let text = text.trim_end_matches('/');
    if text.is_empty() {
        return Ok(0);
    }
    text.parse()
        .ok()
        .filter(|number: &i64| *number >= 0)
        .ok_or_else(|| invalid_value("the database", "a number", text))
}

fn read_user_info(config: &mut RedisConfig, user_info: &str) -> Result<(), ConfigError> {
    let (username, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let username = decoded(username, "the user")?;
    config.username = Some(username).filter(|username| !username.is_empty());
    let password = decoded(password, "the password")?;
    config.password = (!password.is_empty()).then(|| password.into());
    Ok(())
}

fn read_parameters(config: &mut RedisConfig, query: &str) -> Result<(), ConfigError> {
    let mut seen = Vec::new();
    let (mut sentinel_username, mut sentinel_password) = (None, None);
    for (name, value) in ::url::form_urlencoded::parse(query.as_bytes()) {
        let name = PARAMETERS
            .into_iter()
            .find(|parameter| *parameter == name)
            .ok_or_else(|| ConfigError::UnknownParameter {
                name: name.chars().take(40).collect(),
            })?;
        if seen.contains(&name) {
            return Err(ConfigError::RepeatedParameter { name });
        }
        seen.push(name);
        match name {
            "prefix" => config.prefix = value.into_owned(),
            "buckets" => config.buckets = Some(value_of(name, "a number", &value)?),
            "max_session_bytes" => config.max_session_bytes = value_of(name, "a number of bytes", &value)?,
            "expire_idle_days" => config.expire_idle_days = value_of(name, "a number of days", &value)?,
            "connect_timeout_ms" => {
                config.connect_timeout_ms = value_of(name, "a number of milliseconds", &value)?;
            }
            "response_timeout_ms" => {
                config.response_timeout_ms = value_of(name, "a number of milliseconds", &value)?;
            }
            "connections" => config.connections = value_of(name, "a number", &value)?,
            "set_up_schema" => config.set_up_schema = value_of(name, "true or false", &value)?,
            "db" => config.database = number_of_database(&value)?,
            "sentinel_username" => sentinel_username = Some(value.into_owned()),
            _ => sentinel_password = Some(SecretString::from(value.into_owned())),
        }
    }
    match (&mut config.topology, sentinel_username, sentinel_password) {
        (_, None, None) => Ok(()),
        (Topology::Sentinel { credentials, .. }, username, Some(password)) => {
            *credentials = Some(SentinelCredentials { username, password });
            Ok(())
        }
        _ => Err(ConfigError::InvalidPart {
            part: "sentinel_username",
            expected: "for redis+sentinel:// only, and together with sentinel_password",
        }),
    }
}

fn decoded(text: &str, part: &'static str) -> Result<String, ConfigError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| ConfigError::InvalidPart {
            part,
            expected: "UTF-8 when its escapes are decoded",
        })
}

fn value_of<T: FromStr>(name: &'static str, expected: &str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|_| invalid_value(name, expected, value))
}

fn invalid_value(name: &'static str, expected: &str, value: &str) -> ConfigError {
    ConfigError::InvalidValue {
        name,
        expected: expected.to_owned(),
        value: value.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn topology(url: &str) -> Topology {
        RedisConfig::from_url(url).unwrap().topology
    }

    #[test]
    fn a_url_names_a_server_a_socket_sentinels_or_a_cluster() {
        let server = |host: &str, port, tls| Topology::Server {
            address: Address::new(host, port),
            tls,
        };
        assert_eq!(topology("redis://localhost"), server("localhost", 6_379, false));
        assert_eq!(
            topology("REDISS://db.example:6380/2"),
            server("db.example", 6_380, true)
        );
        assert_eq!(topology("redis://[::1]:7000"), server("::1", 7_000, false));
        let socket = Topology::Socket {
            path: "/run/my redis.sock".into(),
        };
        assert_eq!(topology("redis+unix:///run/my%20redis.sock?db=3"), socket);
        let sentinel = Topology::Sentinel {
            sentinels: vec![Address::new("one", 26_379), Address::new("two", 5)],
            service: "mymaster".to_owned(),
            tls: false,
            credentials: Some(SentinelCredentials {
                username: None,
                password: "x".into(),
            }),
        };
        assert_eq!(
            topology("redis+sentinel://one,two:5/mymaster/1?sentinel_password=x"),
            sentinel
        );
        let cluster = Topology::Cluster {
            nodes: vec![Address::new("one", 7_000), Address::new("two", 6_379)],
            tls: true,
        };
        assert_eq!(topology("rediss+cluster://u:p@one:7000,two"), cluster);
    }

    #[test]
    fn every_part_and_parameter_sets_its_setting() {
        let url = "redis://bot:p%40ss/w@rd@db:6380/2?prefix=a.b&buckets=8&max_session_bytes=9000&expire_idle_days=30\
                   &connect_timeout_ms=70&response_timeout_ms=80&connections=2&set_up_schema=false";
        let config = RedisConfig::from_url(url).unwrap();
        assert_eq!(config.username.as_deref(), Some("bot"));
        assert_eq!(config.password.as_ref().unwrap().expose_secret(), "p@ss/w@rd");
        assert_eq!((config.database, config.prefix.as_str()), (2, "a.b"));
        assert_eq!((config.buckets, config.max_session_bytes), (Some(8), 9_000));
        assert_eq!((config.connect_timeout_ms, config.response_timeout_ms), (70, 80));
        assert_eq!(config.expire_idle_millis(), 30 * 86_400_000);
        assert_eq!(config.connections, 2);
        assert!(!config.set_up_schema);
        assert!(!format!("{config:?}").contains("w@rd"), "{config:?}");
        let config = RedisConfig::from_url("redis://:only@db").unwrap();
        assert_eq!(config.username, None);
        assert_eq!(config.password.unwrap().expose_secret(), "only");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_its_password() {
        let message = |url| RedisConfig::from_url(url).unwrap_err().to_string();
        insta::assert_snapshot!(message("localhost:6379"), @"the URL of a Redis store begins with redis://, rediss://, redis+unix://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://, such as redis://localhost");
        insta::assert_snapshot!(message("redis://one,two"), @"the host of redis:// is one server; several are redis+cluster:// or redis+sentinel://");
        insta::assert_snapshot!(message("redis://:hunter2@"), @"a host is a name or an address, with a port if it isn't the usual one, such as localhost:6379 or [::1]:6379");
        insta::assert_snapshot!(message("redis://x:port"), @"a host is a name or an address, with a port if it isn't the usual one, such as localhost:6379 or [::1]:6379");
        insta::assert_snapshot!(message("redis://x/one"), @r#"the database is a number, not "one""#);
        insta::assert_snapshot!(message("redis+cluster://x/1"), @r#"database is 0 on a cluster, not "1""#);
        insta::assert_snapshot!(message("redis+sentinel://x"), @"the path of redis+sentinel:// is the name that the sentinels know the master by, such as /mymaster");
        insta::assert_snapshot!(message("redis+unix://run.sock"), @"what follows redis+unix:// is the absolute path of a socket, such as redis+unix:///run/redis/redis.sock");
        insta::assert_snapshot!(message("redis://x?ttl=5"), @r#"there is no parameter "ttl"; there are prefix, buckets, max_session_bytes, expire_idle_days, connect_timeout_ms, response_timeout_ms, connections, set_up_schema, db, sentinel_username, sentinel_password"#);
        insta::assert_snapshot!(message("redis://x?buckets=1&buckets=2"), @r#"the parameter "buckets" is there twice"#);
        insta::assert_snapshot!(message("redis://x?buckets=0"), @r#"buckets is from 1 to 4096, not "0""#);
        insta::assert_snapshot!(message("redis://x?connections=0"), @r#"connections is from 1 to 256, not "0""#);
        insta::assert_snapshot!(message("redis://x?prefix={a}"), @r#"prefix is 1 to 64 letters, digits, and _ . : -, not "{a}""#);
        insta::assert_snapshot!(message("redis://x?sentinel_password=hunter2"), @"sentinel_username is for redis+sentinel:// only, and together with sentinel_password");
    }

    #[test]
    fn a_settings_file_knows_its_settings() {
        let json = r#"{"topology":{"server":{"address":{"host":"db","port":6379}}},"password":"hunter2"}"#;
        let config: RedisConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config.topology, topology("redis://db"));
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(
            serde_json::from_str::<RedisConfig>(r#"{"topology":{"socket":{"path":"/x"}},"bucket":1}"#)
                .is_err()
        );
    }
}
