//! The engine's form of a container's log.

/// The lines of a log. Without a terminal the two streams come in frames: the stream (0 to 2),
/// three zeros and the length in four bytes, then as many bytes (Docker Engine API, "Attach").
/// With a terminal the bytes come as they were written.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    let plain = unframed(bytes).unwrap_or_else(|| bytes.to_vec());
    let text = String::from_utf8_lossy(&plain);
    let lines = text.lines().map(|line| line.trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// `None` where the bytes are not frames.
fn unframed(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [0..=2, 0, 0, 0, length @ ..] = *head else {
            return None;
        };
        let length = u32::from_be_bytes(length) as usize;
        out.extend_from_slice(rest.get(..length)?);
        bytes = &rest[length..];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_come_in_their_order_and_a_terminal_s_bytes_as_they_are() {
        let framed = b"\x01\0\0\0\0\0\0\x04one\n\x02\0\0\0\0\0\0\x06two\r\n\n";
        assert_eq!(lines(framed), ["one", "two"]);
        assert_eq!(lines(b"plain\r\n\nlog"), ["plain", "log"]);
        assert_eq!(lines(b""), [""; 0]);
        // Cut off in the middle of a frame.
        assert_eq!(lines(b"\x01\0\0\0\0\0\0\xffone").len(), 1);
    }
}
