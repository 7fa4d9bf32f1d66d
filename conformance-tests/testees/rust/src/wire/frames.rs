//! The header, the types of frames, the codes of errors.

pub const PREAMBLE: &[u8; 9] = b"\x89XNET\r\n\x1a\n";
pub const HEADER: usize = 9;

/// A frame type that this worker knows, with its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Type {
    Status = 0,
    GatewayTerminate = 2,
    ChannelExec,
    ChannelData,
    ChannelClose,
    ChannelCloseError,
    ChannelLastMessage,
    Hello,
    ChannelCredit,
    ChannelPart,
    Ping,
    Pong,
    Info,
    Goaway,
    ChannelBatch,
    ChannelOpen,
    ChannelCancel,
}

use Type::*;

const TYPES: [(Type, &str); 17] = [
    (Status, "STATUS"),
    (GatewayTerminate, "GATEWAY_TERMINATE"),
    (ChannelExec, "CHANNEL_EXEC"),
    (ChannelData, "CHANNEL_DATA"),
    (ChannelClose, "CHANNEL_CLOSE"),
    (ChannelCloseError, "CHANNEL_CLOSE_ERROR"),
    (ChannelLastMessage, "CHANNEL_LAST_MESSAGE"),
    (Hello, "HELLO"),
    (ChannelCredit, "CHANNEL_CREDIT"),
    (ChannelPart, "CHANNEL_PART"),
    (Ping, "PING"),
    (Pong, "PONG"),
    (Info, "INFO"),
    (Goaway, "GOAWAY"),
    (ChannelBatch, "CHANNEL_BATCH"),
    (ChannelOpen, "CHANNEL_OPEN"),
    (ChannelCancel, "CHANNEL_CANCEL"),
];

impl Type {
    pub fn from_code(code: u8) -> Option<Self> {
        TYPES.iter().map(|&(kind, _)| kind).find(|&kind| kind as u8 == code)
    }

    /// Whether the channel id of a header fits the type (FR-014).
    pub fn fits(self, channel: u32) -> bool {
        match self {
            GatewayTerminate | Hello | Ping | Pong | Goaway => channel == 0,
            _ => channel != 0,
        }
    }
}

/// The name of a type for traces and messages; 128 has one, though this version does not send it.
pub fn name(code: u8) -> String {
    match (TYPES.iter().find(|&&(kind, _)| kind as u8 == code), code) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, 128) => "OUTPUT".to_owned(),
        (None, _) => format!("TYPE_{code}"),
    }
}

/// Types that a receiver skips when it does not know them (FR-011).
pub fn is_ignorable(code: u8) -> bool {
    (128..=191).contains(&code)
}

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub code: u8,
    pub channel: u32,
    pub length: u32,
}

impl Header {
    pub fn parse(bytes: &[u8; HEADER]) -> Self {
        let [code, a, b, c, d, e, f, g, h] = *bytes;
        Self { code, channel: u32::from_be_bytes([a, b, c, d]), length: u32::from_be_bytes([e, f, g, h]) }
    }

    pub fn format(self) -> [u8; HEADER] {
        let mut bytes = [self.code; HEADER];
        bytes[1..5].copy_from_slice(&self.channel.to_be_bytes());
        bytes[5..].copy_from_slice(&self.length.to_be_bytes());
        bytes
    }
}

/// Why a connection ends; all codes of the registry.
#[allow(dead_code)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    NoError,
    VersionUnsupported,
    FrameUnknownType,
    FrameTooLarge,
    ValueMalformed,
    CreditOverdrawn,
    CreditOverflow,
    StateViolation,
    LimitExceeded,
    HelloMalformed,
    ConfigRefused,
    PreambleMissing,
    InternalError,
    RoleViolation,
    PayloadMalformed,
}

/// A broken rule: what GOAWAY says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub code: Code,
    pub text: String,
}

/// Makes a broken rule out of a code and words.
pub fn broken<T>(code: Code, text: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { code, text: text.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_stand_in_the_order_of_their_codes() {
        let codes: Vec<u8> = TYPES.iter().map(|&(kind, _)| kind as u8).collect();
        assert_eq!(codes, [&[0][..], &(2..=17).collect::<Vec<u8>>()].concat());
        assert_eq!(name(16), "CHANNEL_OPEN");
        assert_eq!(name(200), "TYPE_200");
    }

    #[test]
    fn a_header_survives() {
        let header = Header { code: 4, channel: 0x0102_0304, length: 5 };
        assert_eq!(Header::parse(&header.format()), header);
    }
}
