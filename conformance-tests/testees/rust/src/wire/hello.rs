//! HELLO: what the peers announce.

use std::sync::OnceLock;

use super::cursor;
use super::frames::{broken, Broken, Code};
use super::values::{self, CONTROL};
use super::write::Writer;

/// What a peer takes, in bytes, levels and channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub frame: u64,
    pub item: u64,
    pub depth: u64,
    pub channels: u64,
    pub memory: u64,
    pub credit: u64,
}

/// What a key that is missing means.
pub const DEFAULTS: Limits =
    Limits { frame: 1_048_576, item: 2_147_483_647, depth: 512, channels: 65_536, memory: u64::MAX, credit: 1_048_576 };

/// What this worker announces, if nobody has asked for other limits. An item costs no more than what may be kept.
const USUAL: Limits = Limits { item: 268_435_392, memory: 268_435_456, ..DEFAULTS };
/// Where others are named, so that the conformance suite can reach them: `frame:65536,memory:400000`.
const VARIABLE: &str = "XNET_CONFORMANCE_LIMITS";

/// What this worker announces.
pub fn ours() -> &'static Limits {
    static OURS: OnceLock<Limits> = OnceLock::new();
    OURS.get_or_init(|| chosen(&std::env::var(VARIABLE).unwrap_or_default()))
}

/// The usual limits, but for those that a text names.
fn chosen(text: &str) -> Limits {
    let mut limits = USUAL;
    for (key, value) in text.split(',').filter_map(|entry| entry.split_once(':')) {
        let Ok(value) = value.parse() else { continue };
        match key {
            "frame" => limits.frame = value,
            "item" => limits.item = value,
            "depth" => limits.depth = value,
            "channels" => limits.channels = value,
            "memory" => limits.memory = value,
            "credit" => limits.credit = value,
            _ => {}
        }
    }
    limits
}

pub const MAX_CREDIT: u64 = 2_147_483_647;
/// What an item costs besides its bytes (FC-002).
pub const ITEM_OVERHEAD: u64 = 64;
pub const IMPLEMENTATION: &str = "xnet-rust-worker";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the initiator asks the worker to apply, in its types.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Config {
    pub id: Option<String>,
    pub execmodel: Option<String>,
    pub env: Vec<(String, Option<String>)>,
    pub chdir: Option<String>,
    pub nice: Option<i32>,
    pub stdout: Option<String>,
    pub keepalive: Option<i128>,
}

/// What a HELLO says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub limits: Limits,
    pub surrogates: bool,
    pub config: Config,
}

/// The worker's own.
pub fn encode(features: &[&str]) -> Vec<u8> {
    let mut writer = Writer::new().dict(5).text("version").list(2).uint(1).uint(0);
    writer = writer.text("implementation").text(IMPLEMENTATION);
    writer = writer.text("features").list(features.len());
    for feature in features {
        writer = writer.text(feature);
    }
    writer = writer.text("limits").dict(5);
    let ours = ours();
    for (key, value) in [
        ("frame", ours.frame),
        ("item", ours.item),
        ("depth", ours.depth),
        ("channels", ours.channels),
        ("memory", ours.memory),
    ] {
        writer = writer.text(key).uint(value);
    }
    writer.text("credit").uint(ours.credit).bytes
}

/// The initiator's.
pub fn decode(payload: &[u8]) -> Result<Hello, Broken> {
    let malformed = |text: String| Broken { code: Code::HelloMalformed, text };
    let checked = values::check(payload, CONTROL).map_err(|why| malformed(format!("HELLO: {}", why.0)))?;
    let Some(entries) = cursor::dict(&checked.bytes) else {
        return broken(Code::HelloMalformed, "HELLO is no map");
    };
    version(&entries)?;
    let mut hello = Hello { limits: DEFAULTS, surrogates: false, config: Config::default() };
    for (key, value) in entries {
        let Some(key) = cursor::text(key) else {
            return broken(Code::HelloMalformed, "HELLO has a key that is no text");
        };
        let fits = match key {
            "implementation" => cursor::text(value).is_some(),
            "features" => features(value).map(|surrogates| hello.surrogates = surrogates).is_some(),
            "limits" => limits(value, &mut hello.limits).is_some(),
            "credit" => bounded(value, 65_536, MAX_CREDIT).map(|credit| hello.limits.credit = credit).is_some(),
            "config" => {
                hello.config = config(value).map_err(malformed)?;
                true
            }
            _ => true,
        };
        if !fits {
            return broken(Code::HelloMalformed, format!("HELLO has a {key:?} of a wrong type or out of its range"));
        }
    }
    // Its cost has to fit, too (LI-011).
    hello.limits.item = hello.limits.item.min(hello.limits.memory - ITEM_OVERHEAD);
    Ok(hello)
}

/// Judged before everything else (HS-014).
fn version(entries: &[(&[u8], &[u8])]) -> Result<(), Broken> {
    let value = entries.iter().find(|(key, _)| cursor::text(key) == Some("version")).map(|(_, value)| *value);
    let Some(value) = value else {
        return broken(Code::HelloMalformed, "HELLO has no version");
    };
    let numbers: Option<Vec<u64>> = cursor::list(value).and_then(|parts| parts.into_iter().map(cursor::uint).collect());
    match numbers.as_deref() {
        Some([1, _]) => Ok(()),
        Some([major, minor]) => broken(
            Code::VersionUnsupported,
            format!("the initiator speaks version {major}.{minor}, this worker 1.0; the major versions must be equal"),
        ),
        _ => broken(Code::HelloMalformed, "the version is no array of two unsigned integers"),
    }
}

/// Whether surrogates are among the features.
fn features(value: &[u8]) -> Option<bool> {
    let names: Option<Vec<&str>> = cursor::list(value)?.into_iter().map(cursor::text).collect();
    Some(names?.contains(&"surrogates"))
}

fn bounded(value: &[u8], least: u64, most: u64) -> Option<u64> {
    cursor::uint(value).filter(|number| (least..=most).contains(number))
}

fn limits(value: &[u8], limits: &mut Limits) -> Option<()> {
    for (key, value) in cursor::text_dict(value)? {
        match key {
            "frame" => limits.frame = bounded(value, 65_536, u64::MAX)?,
            "item" => limits.item = bounded(value, 1, u64::MAX)?,
            "depth" => limits.depth = bounded(value, 64, u64::MAX)?,
            "channels" => limits.channels = bounded(value, 1, u64::MAX)?,
            "memory" => limits.memory = bounded(value, 65_536, u64::MAX)?,
            _ => {}
        }
    }
    Some(())
}

fn config(value: &[u8]) -> Result<Config, String> {
    let entries = cursor::text_dict(value).ok_or("config is no map with keys of text")?;
    let mut config = Config::default();
    for (key, value) in entries {
        let text = || cursor::text(value).map(str::to_owned);
        let fits = match key {
            "id" => text().map(|id| config.id = Some(id)).is_some(),
            "execmodel" => text().map(|model| config.execmodel = Some(model)).is_some(),
            "chdir" => text().map(|path| config.chdir = Some(path)).is_some(),
            "stdout" => text().map(|path| config.stdout = Some(path)).is_some(),
            "env" => variables(value).map(|env| config.env = env).is_some(),
            "nice" => nice(value).map(|nice| config.nice = Some(nice)).is_some(),
            "keepalive" => cursor::sign(value)
                .map(|_| config.keepalive = Some(cursor::integer(value).unwrap_or(i128::MAX)))
                .is_some(),
            _ => true,
        };
        if !fits {
            return Err(format!("config has a {key:?} of a wrong type"));
        }
    }
    Ok(config)
}

/// Any integer; one that no system has is the end of the range.
fn nice(value: &[u8]) -> Option<i32> {
    let end = if cursor::sign(value)? { i128::from(i32::MIN) } else { i128::from(i32::MAX) };
    let number = cursor::integer(value).unwrap_or(end);
    Some(number.clamp(-1000, 1000) as i32)
}

fn variables(value: &[u8]) -> Option<Vec<(String, Option<String>)>> {
    let mut variables = Vec::new();
    for (name, value) in cursor::text_dict(value)? {
        let value = if cursor::is_null(value) { None } else { Some(cursor::text(value)?.to_owned()) };
        variables.push((name.to_owned(), value));
    }
    Some(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(rest: Writer, count: usize) -> Result<Hello, Broken> {
        let start = Writer::new().dict(count + 1).text("version").list(2).uint(1).uint(7);
        decode(&start.raw(&rest.bytes).bytes)
    }

    #[test]
    fn what_is_missing_has_its_default() {
        let hello = hello(Writer::new(), 0).unwrap();
        assert_eq!(hello.limits, DEFAULTS);
        assert_eq!(hello.config, Config::default());
    }

    #[test]
    fn other_limits_can_be_asked_for() {
        assert_eq!(chosen(""), USUAL);
        assert_eq!(chosen("item:7,credit:65536"), Limits { item: 7, credit: 65_536, ..USUAL });
    }

    #[test]
    fn limits_have_bounds() {
        let limit = |key: &str, value| hello(Writer::new().text("limits").dict(1).text(key).uint(value), 1);
        assert_eq!(limit("frame", 65_536).unwrap().limits.frame, 65_536);
        assert_eq!(limit("frame", 65_535).unwrap_err().code, Code::HelloMalformed);
        assert_eq!(limit("memory", 70_000).unwrap().limits.item, 69_936);
        assert!(hello(Writer::new().text("credit").uint(MAX_CREDIT + 1), 1).is_err());
    }

    #[test]
    fn the_version_comes_before_all_other_keys() {
        let payload = Writer::new().dict(2).uint(1).uint(1).text("version").list(2).uint(2).uint(0);
        assert_eq!(decode(&payload.bytes).unwrap_err().code, Code::VersionUnsupported);
    }

    #[test]
    fn our_own_can_be_read() {
        assert_eq!(decode(&encode(&["surrogates"])).unwrap().limits, *ours());
    }
}
