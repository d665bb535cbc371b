//! One file of the conformance set, and which of its lines hold a credential.

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// Without a byte order mark.
    Utf16LeUnmarked,
}

/// A file, and the line that must be reported.
pub(super) struct Sample {
    /// Below a folder of its own.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// 1-based; none where nothing may be reported.
    pub(super) line: Option<usize>,
    /// The credential; empty where there is none.
    pub(super) value: String,
}

impl Sample {
    pub(super) fn silent(path: &str, text: String) -> Self {
        Sample { path: path.to_owned(), bytes: text.into_bytes(), line: None, value: String::new() }
    }

    pub(super) fn leaking(path: &str, text: &str, value: &str, encoding: Encoding) -> Self {
        let before = text.find(value).map(|at| &text[..at]).expect("a context holds its value");
        let line = before.matches('\n').count() + 1;
        Sample { path: path.to_owned(), bytes: encoded(text, encoding), line: Some(line), value: value.to_owned() }
    }
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    let little = |units: std::str::EncodeUtf16<'_>| units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16Le => [vec![0xFF, 0xFE], little(text.encode_utf16())].concat(),
        Encoding::Utf16Be => [vec![0xFE, 0xFF], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
        Encoding::Utf16LeUnmarked => little(text.encode_utf16()),
    }
}
