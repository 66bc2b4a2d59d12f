//! Bodies that come encoded (`Content-Encoding`, RFC 9110, 8.4), decoded within a bound.

use std::io::Read;

/// A body that is larger than this once it is decoded is not read: a few bytes can stand for
/// gigabytes.
const MOST: u64 = 16 * 1024 * 1024;

/// A decoded body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The first bytes, at most the caller's limit.
    pub(super) bytes: Vec<u8>,
    /// How many there are in all.
    pub(super) total: u64,
}

/// The codings of a body, in the order in which they were applied; none for `identity`.
pub(super) fn codings(headers: &[(String, String)]) -> Vec<String> {
    let named = headers
        .iter()
        .filter(|(name, _)| name == "content-encoding");
    named
        .flat_map(|(_, value)| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect()
}

/// Decodes a whole body, and keeps `limit` bytes of it.
///
/// # Errors
/// In words, why it cannot be read: a coding that is not known, bytes that are not in it, or more
/// than 16 MiB.
pub(super) fn decode(body: &[u8], codings: &[String], limit: usize) -> Result<Decoded, String> {
    let mut reader: Box<dyn Read + '_> = Box::new(body);
    for coding in codings.iter().rev() {
        reader = match coding.as_str() {
            "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(reader)),
            "deflate" => deflate(reader)?,
            "br" => Box::new(brotli_decompressor::Decompressor::new(reader, 4096)),
            "zstd" => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(reader);
                Box::new(decoder.map_err(|error| broken(coding, &error))?)
            }
            other => return Err(format!("its encoding `{other}` cannot be read here")),
        };
    }
    let mut bytes = Vec::new();
    let read = reader.take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(&codings.join(", "), &error))?;
    let total = bytes.len() as u64;
    if total > MOST {
        return Err("decoded it is larger than 16 MiB".to_owned());
    }
    bytes.truncate(limit);
    Ok(Decoded { bytes, total })
}

/// `deflate` is the zlib format by the RFC; some servers send the bare one.
fn deflate<'b>(mut reader: Box<dyn Read + 'b>) -> Result<Box<dyn Read + 'b>, String> {
    let mut first = [0; 2];
    let read = reader.read_exact(&mut first);
    read.map_err(|error| broken("deflate", &error))?;
    let whole = std::io::Cursor::new(first).chain(reader);
    let zlib = first[0] & 0x0f == 8 && u16::from_be_bytes(first) % 31 == 0;
    Ok(if zlib {
        Box::new(flate2::read::ZlibDecoder::new(whole))
    } else {
        Box::new(flate2::read::DeflateDecoder::new(whole))
    })
}

fn broken(coding: &str, error: &dyn std::fmt::Display) -> String {
    format!("its encoding is said to be `{coding}`, and it cannot be decoded: {error}")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;

    use super::*;

    const TEXT: &[u8] = b"fatal error";

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(body: &[u8], codings: &[&str]) -> Result<Vec<u8>, String> {
        decode(body, &names(codings), 1024).map(|decoded| decoded.bytes)
    }

    #[test]
    fn every_coding_of_the_web_is_decoded() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(TEXT).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(TEXT).unwrap();
        // `printf 'fatal error' | brotli -c` and `| zstd -c`.
        let brotli = [&[0x0b, 0x05, 0x80][..], TEXT, &[0x03]].concat();
        let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x0b, 0x59, 0, 0][..], TEXT].concat();
        for (body, coding) in [
            (gzip(TEXT), "gzip"),
            (zlib.finish().unwrap(), "deflate"),
            (bare.finish().unwrap(), "deflate"),
            (brotli, "br"),
            (zstd, "zstd"),
        ] {
            assert_eq!(decoded(&body, &[coding]).as_deref(), Ok(TEXT), "{coding}");
        }
        assert_eq!(
            decoded(&gzip(&gzip(TEXT)), &["gzip", "gzip"]).as_deref(),
            Ok(TEXT)
        );
    }

    #[test]
    fn what_cannot_be_decoded_is_said() {
        for (body, coding, said) in [
            (b"not gzip".to_vec(), "gzip", "cannot be decoded"),
            (gzip(TEXT)[..15].to_vec(), "gzip", "cannot be decoded"),
            (b"\xff".to_vec(), "zstd", "cannot be decoded"),
            (TEXT.to_vec(), "compress", "`compress` cannot be read"),
            (gzip(&vec![0; 17 << 20]), "gzip", "larger than 16 MiB"),
        ] {
            let why = decoded(&body, &[coding]).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn the_rest_is_counted() {
        let seen = decode(&gzip(TEXT), &names(&["gzip"]), 5).unwrap();
        assert_eq!((seen.bytes.as_slice(), seen.total), (&b"fatal"[..], 11));
    }

    #[test]
    fn codings_are_named_in_one_header_or_in_several() {
        let header = |value: &str| ("content-encoding".to_owned(), value.to_owned());
        let all = [header("GZIP, identity"), header("br")];
        assert_eq!(codings(&all), ["gzip", "br"]);
        assert_eq!(codings(&[]), [""; 0]);
    }
}
